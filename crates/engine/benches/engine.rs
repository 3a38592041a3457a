//! What the engine itself costs: `cargo bench -p klinke-engine`.
//!
//! Everything runs on one thread over a store in memory and a partner that takes everything at once, so wall
//! time is processor time. The store's own part is measured by making the same entries without an engine,
//! and taken off.

#![allow(clippy::unwrap_used, missing_docs, reason = "a measurement that can't go on breaks off")]
#![allow(clippy::print_stdout, reason = "it prints what it measured")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use klinke_engine::clock::Clock;
use klinke_engine::document::Format;
use klinke_engine::link::{Destination, Link, Parcel, Reply};
use klinke_engine::{BoxFuture, Engine, Reads};
use klinke_model::{Attempt, AttemptResult, DeliveryKey, EnvelopeId, Origin, Payload, Timestamp};
use klinke_store::memory::{MemoryStore, NoKeys};
use klinke_store::{NewDelivery, NewEnvelope, Outcome, Part, Routed, Store, Tried};
use support::{Tap, Toy, channel, destination};

const COUNT: usize = 200_000;

/// Takes everything at once.
#[derive(Clone, Default)]
struct Null(Arc<AtomicUsize>);

impl fmt::Debug for Null {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Null")
    }
}

impl Destination for Null {
    fn link(&self) -> Box<dyn Link> {
        Box::new(self.clone())
    }

    fn address(&self) -> String {
        "nowhere".to_owned()
    }
}

impl Link for Null {
    fn deliver<'a>(&'a mut self, _parcel: &'a Parcel, _limit: Duration) -> BoxFuture<'a, Reply> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Reply::accepted("AA", None) })
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

fn main() {
    println!("{COUNT} messages of 1 KB, one destination, no steps, microseconds per message");
    // Once unmeasured, for the memory to be there.
    store_alone();
    let store = per_message(store_alone());
    println!("  the store alone              {store:6.2}");
    for (name, lanes, window) in [
        ("one at a time", None, 1),
        ("64 at a time", None, 64),
        ("64 at a time, 1,000 lanes", Some(1_000), 64),
    ] {
        let whole = per_message(engine(lanes, window));
        println!("  {name:28} {whole:6.2}   the engine's part {:6.2}", whole - store);
    }
}

fn per_message(all: Duration) -> f64 {
    all.as_secs_f64() * 1e6 / COUNT as f64
}

fn body(lane: usize) -> Payload {
    let mut body = format!("key={lane};x=").into_bytes();
    body.resize(1_024, b'x');
    Payload::new(body)
}

/// The whole engine, with so many messages under way at the source.
fn engine(lanes: Option<usize>, window: usize) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let store = Arc::new(MemoryStore::inline(Arc::new(NoKeys)));
        let engine = Engine::start_with(store, Clock::system(), Reads::Here).await.unwrap();
        let (tap, partner) = (Tap::default(), Null::default());
        let mut spec = channel("a", &tap);
        let mut to = destination("x", partner.clone());
        if lanes.is_some() {
            to.lane = Some(Toy.path("key").unwrap());
            to.links_max = 4;
        }
        spec.destinations.push(to);
        engine.apply(vec![spec], Duration::from_secs(5)).await;
        let intake = tap.intake();
        let bodies: Vec<Payload> = (0..lanes.unwrap_or(1)).map(body).collect();
        let begin = Instant::now();
        for round in 0..COUNT / window {
            let arrival = |n: usize| klinke_engine::source::Arrival {
                payload: bodies[n % bodies.len()].clone(),
                received: intake.now(),
                peer: "bench".into(),
                system: None,
            };
            let kept: Vec<_> = (0..window).map(|n| intake.submit(arrival(round * window + n))).collect();
            for one in kept {
                one.await.unwrap();
            }
            while partner.0.load(Ordering::Relaxed) < (round + 1) * window {
                tokio::task::yield_now().await;
            }
        }
        begin.elapsed()
    })
}

/// The same entries without an engine.
fn store_alone() -> Duration {
    let store = MemoryStore::inline(Arc::new(NoKeys));
    let channel = store.channel("a").unwrap();
    let destination = store.destination(channel, "x").unwrap();
    let version = store.version(channel, "1", Timestamp(0)).unwrap();
    let payload = body(0);
    let begin = Instant::now();
    for n in 1..=COUNT as u64 {
        let new = NewEnvelope {
            channel,
            version,
            received: Timestamp(0),
            system: "".into(),
            peer: "bench".into(),
            format: "toy".into(),
            origin: Origin::Received,
            fingerprint: None,
            payload: payload.clone(),
        };
        store.accept(new, Box::new(|_| {}));
        let envelope = EnvelopeId(n);
        let outcome = Outcome::Deliveries {
            parts: vec![Part::Unchanged],
            deliveries: vec![NewDelivery { destination, lane: "".into(), part: 0 }],
        };
        let (after, at) = (None, Timestamp(0));
        store.route(
            Routed { envelope, channel, version: None, after, at, outcome, trace: Vec::new() },
            Box::new(|_| {}),
        );
        let attempt = Attempt {
            number: 1,
            started: Timestamp(0),
            ended: Timestamp(0),
            repeat: false,
            answer: None,
            code: "AA".to_owned(),
            text: String::new(),
            result: AttemptResult::Delivered,
        };
        let key = DeliveryKey { destination, lane: "".into(), envelope, part: 0 };
        store.record(Tried { key, attempt }, Box::new(|_| {}));
    }
    begin.elapsed()
}
