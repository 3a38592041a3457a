//! A message's whole life (accepted, routed with one changed part, delivered) at several depths, against
//! the floor of the same disk in the same run: one `fdatasync` after another of a page each.
//!
//! Run with `cargo bench -p klinke-store-sqlite --bench life -- [messages]`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench")]
#![allow(missing_docs, reason = "a bench")]

mod common;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use klinke_model::{
    Attempt, AttemptResult, ChannelId, DeliveryKey, DestinationId, EnvelopeId, Origin, Payload, Timestamp,
    VersionId,
};
use klinke_store::{NewDelivery, NewEnvelope, Outcome, Part, Routed, Store, Tried};
use klinke_store_sqlite::{Options, SqliteStore};

enum Event {
    Accepted(EnvelopeId, u64),
    Routed(EnvelopeId, u64),
    Delivered(u64),
}

struct Bench {
    store: SqliteStore,
    channel: ChannelId,
    version: VersionId,
    destination: DestinationId,
    events: Sender<Event>,
}

impl Bench {
    fn accept(&self, n: u64) {
        let new = NewEnvelope {
            channel: self.channel,
            version: self.version,
            received: Timestamp::now(),
            system: "kis".into(),
            peer: "10.1.2.3:40112".into(),
            format: "hl7v2".into(),
            origin: Origin::Received,
            fingerprint: None,
            payload: Payload::new(common::adt(n).into_bytes()),
        };
        let events = self.events.clone();
        self.store.accept(new, Box::new(move |id| events.send(Event::Accepted(id.unwrap(), n)).unwrap()));
    }

    fn route(&self, envelope: EnvelopeId, n: u64) {
        let part = Part::Changed(Payload::new(common::mapped(&common::adt(n)).into_bytes()));
        let deliveries = vec![NewDelivery { destination: self.destination, lane: "".into(), part: 0 }];
        let outcome = Outcome::Deliveries { parts: vec![part], deliveries };
        let routed = Routed {
            envelope,
            channel: self.channel,
            version: None,
            after: None,
            at: Timestamp::now(),
            outcome,
            trace: vec![],
        };
        let events = self.events.clone();
        let done = move |result: klinke_store::Result<()>| {
            result.unwrap();
            events.send(Event::Routed(envelope, n)).unwrap();
        };
        self.store.route(routed, Box::new(done));
    }

    fn record(&self, envelope: EnvelopeId, n: u64) {
        let key = DeliveryKey { destination: self.destination, lane: "".into(), envelope, part: 0 };
        let started = Timestamp::now();
        let attempt = Attempt {
            number: 1,
            started,
            ended: started.after(Duration::from_millis(2)),
            repeat: false,
            answer: Some(Payload::new(common::ack(n).into_bytes())),
            code: "AA".to_owned(),
            text: "the partner accepted it".to_owned(),
            result: AttemptResult::Delivered,
        };
        let events = self.events.clone();
        let done = move |result: klinke_store::Result<()>| {
            result.unwrap();
            events.send(Event::Delivered(n)).unwrap();
        };
        self.store.record(Tried { key, attempt }, Box::new(done));
    }
}

fn main() {
    let given = std::env::args().skip(1).find_map(|word| word.parse::<u64>().ok());
    let folder = tempfile::tempdir_in(std::env::var("BENCH_DIR").unwrap_or_else(|_| ".".to_owned())).unwrap();
    let floor = fdatasync_floor(folder.path());
    println!("fdatasync of 8 KiB: p50 {:.0} us", floor);
    println!("depth    lives/s  entries/fsync-floor  life p50 us  writer us/life  all us/life  B/life");
    for depth in [1u64, 16, 64, 256, 1024] {
        let messages = given.unwrap_or(if depth == 1 { 2_000 } else { 30_000 });
        run(&folder.path().join(format!("{depth}")), depth, messages, floor);
    }
}

fn run(folder: &Path, depth: u64, messages: u64, floor: f64) {
    let options = Options { keys: Arc::new(common::AdtKeys), ..Options::default() };
    let store = SqliteStore::open(folder, options).unwrap();
    let channel_id = store.channel("adt-to-ris").unwrap();
    let version = store.version(channel_id, "v", Timestamp::now()).unwrap();
    let destination = store.destination(channel_id, "ris").unwrap();
    let (events, received) = channel();
    let bench = Bench { store, channel: channel_id, version, destination, events };
    // Some lives before, so that dictionaries are trained.
    let warm = drive(&bench, &received, 0, 2_000, depth.max(64));
    drop(warm);
    std::thread::sleep(Duration::from_millis(700));
    let size_before = settled_size(&bench, folder);
    let (writer, all) = (common::thread_cpu_micros("store-writer"), common::thread_cpu_micros(""));
    let made = Instant::now();
    for n in 0..messages.min(2_000) {
        std::hint::black_box((
            common::adt(n),
            common::adt(n),
            common::mapped(&common::adt(n)),
            common::ack(n),
        ));
    }
    let making = made.elapsed().as_secs_f64() * 1e6 / messages.min(2_000) as f64;
    let begun = Instant::now();
    let mut lives = drive(&bench, &received, 2_000, messages, depth);
    let seconds = begun.elapsed().as_secs_f64();
    let count = messages as f64;
    let writer = (common::thread_cpu_micros("store-writer") - writer) / count;
    let all = (common::thread_cpu_micros("") - all) / count - making;
    let size = (settled_size(&bench, folder) - size_before) as f64 / count;
    lives.sort_unstable();
    let p50 = lives[lives.len() / 2].as_secs_f64() * 1e6;
    let of_floor = count * 3.0 / seconds / (1e6 / floor);
    println!(
        "{depth:5} {:10.0} {of_floor:20.2} {p50:12.0} {writer:15.1} {all:12.1} {size:7.0}",
        count / seconds
    );
    let report = bench.store.verify(&mut |_, _| ()).unwrap();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
}

/// Lives `count` messages, `depth` of them at a time; gives how long each took.
fn drive(
    bench: &Bench,
    received: &std::sync::mpsc::Receiver<Event>,
    first: u64,
    count: u64,
    depth: u64,
) -> Vec<Duration> {
    let mut begun = std::collections::HashMap::new();
    let mut lives = Vec::new();
    let mut next = first;
    let mut waiting_routes = std::collections::BTreeMap::new();
    let end = first + count;
    let start = |next: &mut u64, begun: &mut std::collections::HashMap<u64, Instant>| {
        if *next < end {
            begun.insert(*next, Instant::now());
            bench.accept(*next);
            *next += 1;
        }
    };
    for _ in 0..depth.min(count) {
        start(&mut next, &mut begun);
    }
    while (lives.len() as u64) < count {
        match received.recv().unwrap() {
            Event::Accepted(id, n) => {
                waiting_routes.insert(id, n);
                // Accepts are answered in order, so whatever is here is next.
                while let Some((id, n)) = waiting_routes.pop_first() {
                    bench.route(id, n);
                }
            }
            Event::Routed(id, n) => bench.record(id, n),
            Event::Delivered(n) => {
                lives.push(begun.remove(&n).unwrap().elapsed());
                start(&mut next, &mut begun);
            }
        }
    }
    lives
}

/// The size of all files once the index has caught up and the log is moved.
fn settled_size(bench: &Bench, folder: &Path) -> u64 {
    while bench.store.health().unwrap().index_lag > 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(1200));
    ["journal.db", "index.db"].iter().map(|name| std::fs::metadata(folder.join(name)).unwrap().len()).sum()
}

fn fdatasync_floor(folder: &Path) -> f64 {
    let mut file = std::fs::File::create(folder.join("floor")).unwrap();
    let page = [7u8; 8192];
    let mut times: Vec<Duration> = (0..500)
        .map(|_| {
            let begun = Instant::now();
            file.write_all(&page).unwrap();
            file.sync_data().unwrap();
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}
