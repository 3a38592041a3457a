//! A store with a million delivered messages: its size, how fast it opens, how fast people find things,
//! and how long an envelope waits while old ones are pruned.
//!
//! Run with `cargo bench -p klinke-store-sqlite --bench million -- [messages]`; `BENCH_DIR` names the disk.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench")]
#![allow(missing_docs, reason = "a bench")]

mod common;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use klinke_model::{Attempt, AttemptResult, DeliveryKey, EnvelopeId, Origin, Payload, Timestamp};
use klinke_store::faulty::wait;
use klinke_store::{
    Field, KeyName, NewDelivery, NewEnvelope, Outcome, Part, PruneRule, Query, Routed, StateFilter, Store,
    Tried,
};
use klinke_store_sqlite::{Options, SqliteStore};

/// Messages on their way at a time while the store is filled.
const CHUNK: u64 = 500;

fn options() -> Options {
    Options { keys: Arc::new(common::AdtKeys), ..Options::default() }
}

fn main() {
    let messages = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir_in(std::env::var("BENCH_DIR").unwrap_or_else(|_| ".".to_owned())).unwrap();
    let folder = folder.path();
    let begun = Instant::now();
    let store = SqliteStore::open(folder, options()).unwrap();
    fill(&store, messages);
    println!("filled with {messages} lives in {:.0} s", begun.elapsed().as_secs_f64());
    while store.health().unwrap().index_lag > 0 {
        std::thread::sleep(Duration::from_millis(100));
    }
    println!("index caught up after {:.0} s", begun.elapsed().as_secs_f64());
    drop(store);
    for name in ["journal.db", "index.db"] {
        let size = std::fs::metadata(folder.join(name)).unwrap().len();
        println!("{name}: {} MiB, {:.0} bytes per message", size >> 20, size as f64 / messages as f64);
    }
    open(folder, messages);
    let store = SqliteStore::open(folder, options()).unwrap();
    find(&store, messages);
    prune(&store);
}

fn new_envelope(store: &SqliteStore, n: u64) -> NewEnvelope {
    let channel = store.channel("adt-to-ris").unwrap();
    NewEnvelope {
        channel,
        version: store.version(channel, "v", Timestamp(0)).unwrap(),
        received: Timestamp(1_772_352_900_000_000 + n as i64 * 1_000_000),
        system: if n.is_multiple_of(100_003) { "rare".into() } else { "kis".into() },
        peer: "10.1.2.3:40112".into(),
        format: "hl7v2".into(),
        origin: Origin::Received,
        fingerprint: None,
        payload: Payload::new(common::adt(n).into_bytes()),
    }
}

fn fill(store: &SqliteStore, messages: u64) {
    let template = new_envelope(store, 0);
    let destination = store.destination(template.channel, "ris").unwrap();
    let received = |n: u64| Timestamp(template.received.0 + n as i64 * 1_000_000);
    for first in (0..messages).step_by(CHUNK as usize) {
        let chunk = first..(first + CHUNK).min(messages);
        let (sender, receiver) = channel();
        for n in chunk.clone() {
            let mut new = template.clone();
            new.received = received(n);
            new.system = if n % 100_003 == 7 { "rare".into() } else { "kis".into() };
            new.payload = Payload::new(common::adt(n).into_bytes());
            let sender = sender.clone();
            store.accept(new, Box::new(move |id| sender.send(id.map(|_| ())).unwrap()));
        }
        chunk.clone().for_each(|_| receiver.recv().unwrap().unwrap());
        for n in chunk.clone() {
            let part = Part::Changed(Payload::new(common::mapped(&common::adt(n)).into_bytes()));
            let deliveries = vec![NewDelivery { destination, lane: "".into(), part: 0 }];
            let outcome = Outcome::Deliveries { parts: vec![part], deliveries };
            let (envelope, at) = (EnvelopeId(n + 1), received(n).after(Duration::from_micros(800)));
            let routed = Routed {
                envelope,
                channel: template.channel,
                version: None,
                after: None,
                at,
                outcome,
                trace: vec![],
            };
            let sender = sender.clone();
            store.route(routed, Box::new(move |result| sender.send(result).unwrap()));
        }
        for n in chunk.clone() {
            let key = DeliveryKey { destination, lane: "".into(), envelope: EnvelopeId(n + 1), part: 0 };
            let attempt = Attempt {
                number: 1,
                started: received(n).after(Duration::from_micros(1700)),
                ended: received(n).after(Duration::from_micros(3900)),
                repeat: false,
                answer: Some(Payload::new(common::ack(n).into_bytes())),
                code: "AA".to_owned(),
                text: "the partner accepted it".to_owned(),
                result: AttemptResult::Delivered,
            };
            let sender = sender.clone();
            store.record(Tried { key, attempt }, Box::new(move |result| sender.send(result).unwrap()));
        }
        drop(sender);
        receiver.into_iter().for_each(|result| result.unwrap());
    }
}

fn open(folder: &Path, messages: u64) {
    let mut times = Vec::new();
    for n in 0..5 {
        let begun = Instant::now();
        let store = SqliteStore::open(folder, options()).unwrap();
        let opened = begun.elapsed();
        let new = new_envelope(&store, messages + n);
        wait(|done| store.accept(new, done)).unwrap();
        times.push((opened, begun.elapsed()));
    }
    times.sort_unstable();
    println!("open: {:.1} ms, to the first accepted {:.1} ms (median of 5)", ms(times[2].0), ms(times[2].1));
}

fn find(store: &SqliteStore, messages: u64) {
    let mut random = common::Random(5);
    let mut time = |name: &str, mut query: Box<dyn FnMut(u64) -> Query>| {
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..100 {
            let query = query(random.below(30_000));
            let begun = Instant::now();
            found += store.search(&query).unwrap().len();
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        println!(
            "search {name}: p50 {:.2} ms, p99 {:.2} ms, {} found each",
            ms(times[50]),
            ms(times[98]),
            found / 100
        );
    };
    let by = |name: KeyName, value: String, prefix| Query {
        fields: vec![Field { name, value, prefix }],
        ..Query::default()
    };
    time("by patient", Box::new(move |n| by(KeyName::Patient, format!("{n:07}"), false)));
    time("by case", Box::new(move |n| by(KeyName::Case, format!("{}", 26_000_000 + n * 3), false)));
    time("by control", Box::new(move |n| by(KeyName::Control, format!("KIS{n:010}"), false)));
    time("by patient's beginning", Box::new(move |n| by(KeyName::Patient, format!("{:05}", n / 100), true)));
    time(
        "by event and patient",
        Box::new(move |n| {
            let mut query = by(KeyName::Event, "ADT^A08".to_owned(), false);
            query.fields.extend(by(KeyName::Patient, format!("{n:07}"), false).fields);
            query
        }),
    );
    time("the newest", Box::new(|_| Query::default()));
    time(
        "an hour of the past",
        Box::new(move |n| {
            let from = Timestamp(1_772_352_900_000_000 + (n * 30 % messages) as i64 * 1_000_000);
            Query { from: Some(from), until: Some(from.after(Duration::from_secs(3600))), ..Query::default() }
        }),
    );
    time("by a rare system", Box::new(|_| Query { system: Some("rare".to_owned()), ..Query::default() }));
    time("by state dead", Box::new(|_| Query { state: Some(StateFilter::Dead), ..Query::default() }));
    time(
        "by channel, page 1",
        Box::new(|_| Query { channel: Some(klinke_model::ChannelId(1)), ..Query::default() }),
    );
}

/// How long an envelope waits while pruning goes on beside, and while it does not.
fn prune(store: &SqliteStore) {
    let accept = |count: u64| {
        let mut times: Vec<Duration> = (0..count)
            .map(|n| {
                let new = new_envelope(store, n);
                let begun = Instant::now();
                wait(|done| store.accept(new, done)).unwrap();
                begun.elapsed()
            })
            .collect();
        times.sort_unstable();
        (ms(times[times.len() / 2]), ms(times[times.len() * 99 / 100]))
    };
    let (p50, p99) = accept(500);
    println!("accept without pruning: p50 {p50:.2} ms, p99 {p99:.2} ms");
    let channel = store.channel("adt-to-ris").unwrap();
    let rule = PruneRule { channel, age_max: Some(Duration::ZERO), bytes_max: None };
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let pruner = scope.spawn(|| {
            let (begun, mut pruned) = (Instant::now(), 0);
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let now = Timestamp(i64::MAX);
                pruned += store.prune(std::slice::from_ref(&rule), now).unwrap().envelopes;
            }
            pruned as f64 / begun.elapsed().as_secs_f64()
        });
        let (p50, p99) = accept(500);
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        let rate = pruner.join().unwrap();
        println!("accept beside pruning {rate:.0} a second: p50 {p50:.2} ms, p99 {p99:.2} ms");
    });
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
