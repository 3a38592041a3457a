//! Kills the process at a random moment, again and again: what was acknowledged is there.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use klinke_model::{AttemptResult, DeliveryState, EnvelopeId, Payload};
use klinke_store::contract::bed::{Bed, NOON, attempt};
use klinke_store::{NewDelivery, Outcome, Part, Routed, Tried};

const PLACE: &str = "KLINKE_KILL_PLACE";
const KILLS: u64 = 10;

/// The payload of the child's n-th envelope; some are files.
fn text(n: u64) -> String {
    let size = if n % 40 == 7 { 90_000 } else { (n % 17 * 60) as usize };
    format!("patient=P{n}\n{}", format!("{:x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).repeat(size / 16))
}

/// A line that the parent reads only whole.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).unwrap();
    out.flush().unwrap();
}

/// The process that is killed. As a test of its own it has nothing to do.
#[test]
fn child() {
    let Ok(place) = std::env::var(PLACE) else { return };
    let bed = Arc::new(common::bed(Path::new(&place)));
    let next = Arc::new(AtomicU64::new(bed.store.books().unwrap().0[0].received * 1000));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (bed, next) = (bed.clone(), next.clone());
            std::thread::spawn(move || {
                loop {
                    live(&bed, next.fetch_add(1, Ordering::SeqCst));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// One envelope's life. Routing must be in order, so it is done under a lock over accepting.
fn live(bed: &Arc<Bed>, n: u64) {
    static ORDER: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let lock = ORDER.lock().unwrap();
    let new = bed.new_envelope(&text(n), n);
    let (sender, receiver) = std::sync::mpsc::channel();
    bed.store.accept(
        new,
        Box::new(move |id| {
            let id = id.unwrap();
            say(&format!("A {id} {n}\n"));
            sender.send(id).unwrap();
        }),
    );
    let id = receiver.recv().unwrap();
    let parts = vec![Part::Changed(Payload::new(text(n).replace('P', "Q").into_bytes()))];
    let lane = format!("{}", n % 5);
    let deliveries = vec![NewDelivery { destination: bed.ris, lane: lane.as_str().into(), part: 0 }];
    let outcome = Outcome::Deliveries { parts, deliveries };
    let routed = Routed {
        envelope: id,
        channel: bed.channel,
        version: None,
        after: None,
        at: NOON,
        outcome,
        trace: vec![],
    };
    bed.store.route(
        routed,
        Box::new(move |result| {
            result.unwrap();
            say(&format!("R {id} {n}\n"));
        }),
    );
    drop(lock);
    let (sender, receiver) = std::sync::mpsc::channel();
    let tried = Tried { key: bed.key(id, &lane), attempt: attempt(1, AttemptResult::Delivered) };
    bed.store.record(
        tried,
        Box::new(move |result| {
            result.unwrap();
            say(&format!("D {id} {n}\n"));
            sender.send(()).unwrap();
        }),
    );
    receiver.recv().unwrap();
}

/// What the child said of each envelope: its text's number and the last step acknowledged.
type Said = BTreeMap<u64, (u64, char)>;

fn run_and_kill(place: &Path, said: &mut Said, after: Duration) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(PLACE, place)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || out.lines().map_while(Result::ok).collect::<Vec<_>>());
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    for line in reader.join().unwrap() {
        let words: Vec<&str> = line.split(' ').collect();
        let [step, id, n] = words[..] else { continue };
        let step = step.chars().next_back().unwrap();
        if !"ARD".contains(step) {
            continue;
        }
        // A line cut by the kill could name a smaller number; only lines with both numbers whole count,
        // and the reader's last line may lack its end.
        let (Ok(id), Ok(n)) = (id.parse(), n.parse()) else { continue };
        said.insert(id, (n, step));
    }
}

#[test]
fn nothing_acknowledged_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("store");
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos();
    println!("seed {seed}");
    let mut said = Said::new();
    for kill in 0..KILLS {
        let after = 150 + (u64::from(seed).wrapping_mul(kill * 2 + 1) >> 7) % 400;
        run_and_kill(&place, &mut said, Duration::from_millis(after));
        let bed = common::bed(&place);
        bed.check();
        for (id, (n, step)) in &said {
            let record = bed.store.envelope(EnvelopeId(*id)).unwrap();
            let record = record.unwrap_or_else(|| panic!("envelope {id} is lost after kill {kill}"));
            assert!(*record.envelope.payload == *text(*n).as_bytes(), "envelope {id}");
            if *step != 'A' {
                assert_eq!(*record.parts[0], *text(*n).replace('P', "Q").as_bytes());
            }
            if *step == 'D' {
                let (delivery, attempts) = &record.deliveries[0];
                assert_eq!((delivery.state, attempts.len()), (DeliveryState::Delivered, 1));
            }
        }
        assert_eq!(common::faults(bed.store.as_ref()), Vec::<String>::new());
        // What was not acknowledged may be there or not, but what is unrouted must be offered.
        let tally = bed.store.books().unwrap().0[0];
        let unrouted = bed.store.unrouted(bed.channel, EnvelopeId(0), 9999, usize::MAX).unwrap();
        assert_eq!(unrouted.len() as u64, tally.unrouted);
        for one in unrouted {
            bed.route_to(one.id, "left");
        }
    }
    assert!(said.len() as u64 > KILLS, "the child did some work: {} envelopes", said.len());
    println!("{} envelopes acknowledged over {KILLS} kills", said.len());
}
