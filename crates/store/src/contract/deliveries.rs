//! Lanes, attempts and the books.

use std::collections::BTreeMap;
use std::time::Duration;

use klinke_model::{AttemptResult, DeliveryKey, DeliveryState, EnvelopeId, Payload, Timestamp};

use super::Subject;
use super::bed::{Bed, NOON, attempt};
use crate::{Action, NewDelivery, Outcome, Part};

fn ids(bed: &Bed, lane: &str, after: Option<(EnvelopeId, u16)>, limit: usize) -> Vec<u64> {
    let found = bed.store.waiting(bed.ris, lane, after, limit).unwrap();
    found.into_iter().map(|one| one.key.envelope.0).collect()
}

/// A lane shows its own deliveries, in order, page by page.
pub fn keeps_lanes_apart_and_in_order(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let lis = bed.store.destination(bed.channel, "lis").unwrap();
    for number in 0..30 {
        let lane = ["", "a", "ä ' \u{1F3E5}"][number % 3];
        let id = bed.accept_text("x");
        let to = |destination| NewDelivery { destination, lane: lane.into(), part: 0 };
        let deliveries = vec![to(bed.ris), to(lis)];
        bed.route(id, Outcome::Deliveries { parts: vec![Part::Unchanged], deliveries }).unwrap();
    }
    bed.tried(&bed.key(EnvelopeId(4), ""), 1, AttemptResult::Delivered);
    let bed = bed.reopen(subject);
    assert_eq!(ids(&bed, "", None, 4), [1, 7, 10, 13]);
    assert_eq!(ids(&bed, "", Some((EnvelopeId(7), 0)), 2), [10, 13]);
    assert_eq!(ids(&bed, "a", None, 99), [2, 5, 8, 11, 14, 17, 20, 23, 26, 29]);
    assert!(ids(&bed, "b", None, 99).is_empty());
    let lanes = bed.store.lanes(bed.ris, None, 10).unwrap();
    let seen: Vec<_> = lanes.iter().map(|one| (&*one.lane, one.waiting, one.first.key.envelope.0)).collect();
    assert_eq!(seen, [("", 9, 1), ("a", 10, 2), ("ä ' \u{1F3E5}", 10, 3)]);
    assert_eq!(bed.store.lanes(bed.ris, Some(""), 1).unwrap()[0].lane, "a".into());
    assert_eq!(bed.store.lanes(bed.ris, Some("a"), 9).unwrap().len(), 1);
    assert_eq!(bed.store.lanes(lis, None, 9).unwrap()[0].waiting, 10);
    let first = &bed.store.waiting(bed.ris, "a", None, 1).unwrap()[0];
    assert_eq!((first.state, first.queued, first.attempts), (DeliveryState::Waiting, NOON, 0));
    bed.check();
}

/// The oldest is found in whichever lane it stands, and only among those that wait.
pub fn finds_the_oldest_that_waits(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let lis = bed.store.destination(bed.channel, "lis").unwrap();
    assert_eq!(bed.store.oldest(bed.ris).unwrap(), None);
    let at = |second: u64| NOON.after(Duration::from_secs(second));
    // The order of lanes and of envelopes says nothing of time.
    let queue = |lane: &str, second: u64| {
        let envelope = bed.accept_text("x");
        let deliveries = vec![NewDelivery { destination: bed.ris, lane: lane.into(), part: 0 }];
        let outcome = Outcome::Deliveries { parts: vec![Part::Unchanged], deliveries };
        let (channel, at) = (bed.channel, at(second));
        let routed =
            crate::Routed { envelope, channel, version: None, after: None, at, outcome, trace: vec![] };
        let (sender, receiver) = std::sync::mpsc::channel();
        bed.store.route(routed, Box::new(move |result| sender.send(result).unwrap()));
        receiver.recv().unwrap().unwrap();
    };
    for (lane, second) in [("m", 50), ("", 40), ("z", 10), ("a", 30)] {
        queue(lane, second);
    }
    // Who stands behind in a lane is not looked at.
    queue("m", 1);
    let bed = bed.reopen(subject);
    assert_eq!(bed.store.oldest(bed.ris).unwrap(), Some(at(10)));
    assert_eq!(bed.store.oldest(lis).unwrap(), None, "of this destination alone");
    bed.tried(&bed.key(EnvelopeId(3), "z"), 1, AttemptResult::Delivered);
    assert_eq!(bed.store.oldest(bed.ris).unwrap(), Some(at(30)));
    bed.check();
}

/// Three thousand lanes, each with two.
pub fn holds_thousands_of_lanes(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let (sender, receiver) = std::sync::mpsc::channel();
    for number in 0..6000u64 {
        let sender = sender.clone();
        bed.store.accept(bed.new_envelope("x", 0), Box::new(|_| ()));
        let lane = format!("patient {:05}", number % 3000);
        let deliveries = vec![NewDelivery { destination: bed.ris, lane: lane.as_str().into(), part: 0 }];
        let outcome = Outcome::Deliveries { parts: vec![Part::Unchanged], deliveries };
        let envelope = EnvelopeId(number + 1);
        let routed = crate::Routed {
            envelope,
            channel: bed.channel,
            version: None,
            after: None,
            at: NOON,
            outcome,
            trace: vec![],
        };
        bed.store.route(routed, Box::new(move |result| sender.send(result).unwrap()));
    }
    drop(sender);
    assert!(receiver.into_iter().all(|result| result.is_ok()));
    let mut after: Option<String> = None;
    let mut seen = 0;
    loop {
        let page = bed.store.lanes(bed.ris, after.as_deref(), 700).unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.iter().all(|one| one.waiting == 2));
        seen += page.len();
        after = Some(last.lane.to_string());
    }
    assert_eq!(seen, 3000);
    assert_eq!(ids(&bed, "patient 02999", None, 9), [3000, 6000]);
    bed.check();
}

/// A retry keeps place, counts attempts, moves the due time and says what was met.
pub fn keeps_a_retried_delivery_in_its_place(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let key = bed.queue("a", "");
    bed.queue("b", "");
    let due = NOON.after(Duration::from_secs(60));
    for number in 1..=3 {
        bed.tried(&key, number, AttemptResult::Retry(due));
    }
    let bed = bed.reopen(subject);
    assert_eq!(ids(&bed, "", None, 9), [1, 2]);
    let found = bed.store.delivery(&key).unwrap().unwrap();
    assert_eq!((found.attempts, found.due), (3, due));
    assert_eq!((found.state, found.reason.as_str()), (DeliveryState::Waiting, "attempt 3 answered"));
    let record = bed.store.envelope(key.envelope).unwrap().unwrap();
    let attempts: Vec<_> = (1..=3).map(|number| attempt(number, AttemptResult::Retry(due))).collect();
    assert_eq!(record.deliveries[0].1, attempts);
    bed.check();
}

/// Delivered, dead, dropped: out of the lane, in the books, with the reason.
pub fn ends_a_delivery_as_its_attempt_says(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let cases = [
        (AttemptResult::Delivered, DeliveryState::Delivered),
        (AttemptResult::Dead, DeliveryState::Dead),
        (AttemptResult::Dropped, DeliveryState::Dropped),
    ];
    let keys: Vec<_> = cases.iter().map(|_| bed.queue("a", "lane")).collect();
    for (key, (result, _)) in keys.iter().zip(cases) {
        bed.tried(key, 1, result);
    }
    let bed = bed.reopen(subject);
    for (key, (_, state)) in keys.iter().zip(cases) {
        let found = bed.store.delivery(key).unwrap().unwrap();
        assert_eq!((found.state, found.attempts), (state, 1));
        assert_eq!((found.reason.as_str(), found.queued), ("attempt 1 answered", NOON));
    }
    assert!(ids(&bed, "lane", None, 9).is_empty());
    let tally = bed.store.destinations().unwrap()[0].tally;
    assert_eq!((tally.queued, tally.delivered, tally.dead, tally.dropped), (3, 1, 1, 1));
    bed.check();
}

/// An attempt that comes after a person gave the delivery up is kept and changes nothing else.
pub fn keeps_late_attempts_without_changing_the_state(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let key = bed.queue("a", "");
    bed.act(Action::Kill { key: key.clone(), reason: "wrong patient".to_owned(), at: NOON }).unwrap();
    bed.tried(&key, 1, AttemptResult::Delivered);
    let done = bed.queue("b", "");
    bed.tried(&done, 1, AttemptResult::Delivered);
    bed.tried(&done, 2, AttemptResult::Dead);
    let bed = bed.reopen(subject);
    let found = bed.store.delivery(&key).unwrap().unwrap();
    assert_eq!((found.state, found.attempts), (DeliveryState::Dead, 1));
    assert_eq!(found.reason, "wrong patient");
    assert_eq!(bed.store.delivery(&done).unwrap().unwrap().state, DeliveryState::Delivered);
    let record = bed.store.envelope(done.envelope).unwrap().unwrap();
    let numbers: Vec<_> = record.deliveries[0].1.iter().map(|one| one.number).collect();
    assert_eq!(numbers, [1, 2]);
    assert_eq!(bed.store.envelope(key.envelope).unwrap().unwrap().deliveries[0].1.len(), 1);
    bed.check();
}

/// `Held` keeps the delivery waiting and holds its lane, with the attempt's text.
pub fn holds_the_lane_of_a_held_attempt(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let key = bed.queue("a", "4711");
    bed.tried(&key, 1, AttemptResult::Held);
    bed.tried(&key, 2, AttemptResult::Held);
    let bed = bed.reopen(subject);
    assert_eq!(ids(&bed, "4711", None, 9), [1]);
    let holds = bed.store.holds().unwrap();
    assert_eq!(holds.len(), 1);
    assert_eq!((holds[0].destination, holds[0].lane.as_deref()), (bed.ris, Some("4711")));
    let first = attempt(1, AttemptResult::Held);
    assert_eq!((&holds[0].reason, holds[0].since), (&first.text, first.ended));
    bed.check();
}

/// Answers from none to a megabyte, of any bytes, and codes of any text.
pub fn keeps_answers_of_every_size(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let mut kept = Vec::new();
    for size in [None, Some(0), Some(1), Some(300), Some(70_000), Some(1_000_000)] {
        let key = bed.queue("a", "");
        let mut tried = attempt(7, AttemptResult::Retry(Timestamp(i64::MAX)));
        tried.answer =
            size.map(|size| Payload::new((0..size).map(|at: u32| (at % 4093 * at / 7) as u8).collect()));
        tried.code = "é".repeat(20);
        bed.record(&key, tried.clone()).unwrap();
        let mut last = tried.clone();
        (last.number, last.result) = (8, AttemptResult::Delivered);
        bed.record(&key, last.clone()).unwrap();
        kept.push((key, vec![tried, last]));
    }
    let bed = bed.reopen(subject);
    for (key, attempts) in kept {
        let record = bed.store.envelope(key.envelope).unwrap().unwrap();
        assert!(record.deliveries[0].1 == attempts);
    }
}

/// A thousand random steps against a simple account kept beside.
pub fn balances_its_books_at_every_step(subject: &mut dyn Subject) {
    let mut bed = Bed::new(subject);
    let mut random = 20_260_301u64;
    let mut states: BTreeMap<DeliveryKey, DeliveryState> = BTreeMap::new();
    let mut unrouted = Vec::new();
    for step in 0..1000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let dice = (random >> 33) as usize;
        let any = states.keys().nth(dice % states.len().max(1)).cloned();
        match (dice % 11, any) {
            (0..3, _) => unrouted.push(bed.accept_text("x")),
            (3..6, _) if !unrouted.is_empty() => {
                let id = unrouted.remove(0);
                let lane = format!("{}", dice % 4);
                if dice.is_multiple_of(5) {
                    let (step, reason) = ("step 1".to_owned(), "no".to_owned());
                    bed.route(id, Outcome::Filtered { step, reason }).unwrap();
                } else {
                    states.insert(bed.route_to(id, &lane), DeliveryState::Waiting);
                }
            }
            (6..9, Some(key)) => {
                let results = [
                    (AttemptResult::Delivered, DeliveryState::Delivered),
                    (AttemptResult::Dead, DeliveryState::Dead),
                    (AttemptResult::Dropped, DeliveryState::Dropped),
                    (AttemptResult::Retry(NOON), DeliveryState::Waiting),
                ];
                let (result, state) = results[dice / 11 % 4];
                bed.tried(&key, 1, result);
                let kept = states.get_mut(&key).unwrap();
                if *kept == DeliveryState::Waiting {
                    *kept = state;
                }
            }
            (9, Some(key)) => {
                let (change, from, to) = match dice / 11 % 4 {
                    0 => (
                        Action::Kill { key: key.clone(), reason: "r".to_owned(), at: NOON },
                        DeliveryState::Waiting,
                        DeliveryState::Dead,
                    ),
                    1 => (
                        Action::Skip { key: key.clone(), reason: "r".to_owned(), at: NOON },
                        DeliveryState::Waiting,
                        DeliveryState::Dropped,
                    ),
                    2 => (
                        Action::Drop { key: key.clone(), reason: "r".to_owned(), at: NOON },
                        DeliveryState::Dead,
                        DeliveryState::Dropped,
                    ),
                    _ => (
                        Action::Revive { key: key.clone(), at: NOON },
                        DeliveryState::Dead,
                        DeliveryState::Waiting,
                    ),
                };
                let kept = states.get_mut(&key).unwrap();
                assert_eq!(bed.act(change).unwrap(), u64::from(*kept == from));
                if *kept == from {
                    *kept = to;
                }
            }
            _ if step % 200 == 50 => bed = bed.reopen(subject),
            _ => {}
        }
        bed.check();
        let count = |state| states.values().filter(|one| **one == state).count() as u64;
        let tally = bed.store.books().unwrap().1[0];
        let seen = (tally.waiting, tally.delivered, tally.dead, tally.dropped);
        let states =
            [DeliveryState::Waiting, DeliveryState::Delivered, DeliveryState::Dead, DeliveryState::Dropped];
        let [waiting, delivered, dead, dropped] = states.map(count);
        assert_eq!(seen, (waiting, delivered, dead, dropped));
    }
    let all: u64 = bed.store.lanes(bed.ris, None, 99).unwrap().iter().map(|one| one.waiting).sum();
    assert_eq!(all, bed.store.books().unwrap().1[0].waiting);
    for (key, state) in &states {
        assert_eq!(bed.store.delivery(key).unwrap().unwrap().state, *state);
    }
    assert_eq!(bed.store.verify(&mut |_, _| ()).unwrap().faults, Vec::<String>::new());
}
