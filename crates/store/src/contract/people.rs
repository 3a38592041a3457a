//! What people decide.

use std::sync::Arc;

use klinke_model::{AttemptResult, DeliveryState, EnvelopeId};

use super::Subject;
use super::bed::{Bed, NOON, attempt};
use crate::Action;

/// A hold counts what it stops, once; it stays over a restart; a release ends exactly that hold.
pub fn holds_and_releases_once(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    for lane in ["a", "a", "b"] {
        bed.queue("x", lane);
    }
    let ris = bed.ris;
    let hold = |lane: Option<&str>| {
        let (lane, reason) = (lane.map(Arc::from), "moving house".to_owned());
        Action::Hold { destination: ris, lane, reason, at: NOON }
    };
    let release = |lane: Option<&str>| Action::Release { destination: ris, lane: lane.map(Arc::from) };
    assert_eq!(bed.act(hold(Some("a"))).unwrap(), 2);
    assert_eq!(bed.act(hold(Some("a"))).unwrap(), 0);
    assert_eq!(bed.act(hold(None)).unwrap(), 3);
    assert_eq!(bed.act(hold(Some("empty"))).unwrap(), 0);
    let bed = bed.reopen(subject);
    let holds = bed.store.holds().unwrap();
    let lanes: Vec<_> = holds.iter().map(|one| one.lane.as_deref()).collect();
    assert_eq!(lanes, [None, Some("a"), Some("empty")]);
    assert_eq!((holds[0].since, holds[0].reason.as_str()), (NOON, "moving house"));
    assert_eq!(bed.act(release(None)).unwrap(), 3);
    assert_eq!(bed.act(release(None)).unwrap(), 0);
    assert_eq!(bed.store.holds().unwrap().len(), 2, "lanes held by themselves stay held");
    assert_eq!(bed.act(release(Some("a"))).unwrap(), 2);
    assert_eq!(bed.act(release(Some("empty"))).unwrap(), 0);
    let bed = bed.reopen(subject);
    assert!(bed.store.holds().unwrap().is_empty());
    let nowhere = Action::Release { destination: klinke_model::DestinationId(99), lane: None };
    assert!(bed.act(nowhere).is_err());
}

/// Kill, skip and revive touch a delivery once; a revived one has its old place and attempts.
pub fn kills_skips_and_revives_once(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let keys: Vec<_> = (0..4).map(|_| bed.queue("x", "l")).collect();
    let kill = |at: usize| Action::Kill { key: keys[at].clone(), reason: "bad".to_owned(), at: NOON };
    let skip = |at: usize| Action::Skip { key: keys[at].clone(), reason: "old".to_owned(), at: NOON };
    let revive = |at: usize| Action::Revive { key: keys[at].clone(), at: NOON };
    let state = |bed: &Bed, at: usize| bed.store.delivery(&keys[at]).unwrap().unwrap().state;
    bed.tried(&keys[0], 1, AttemptResult::Retry(NOON));
    assert_eq!(bed.act(kill(0)).unwrap(), 1);
    assert_eq!(bed.act(kill(0)).unwrap(), 0);
    assert_eq!(bed.act(skip(0)).unwrap(), 0);
    assert_eq!(bed.act(skip(1)).unwrap(), 1);
    assert_eq!(bed.act(revive(1)).unwrap(), 0, "what was skipped stays skipped");
    assert_eq!(bed.act(revive(2)).unwrap(), 0);
    bed.tried(&keys[3], 1, AttemptResult::Dead);
    let bed = bed.reopen(subject);
    assert_eq!((state(&bed, 0), state(&bed, 1)), (DeliveryState::Dead, DeliveryState::Dropped));
    assert_eq!(bed.store.delivery(&keys[0]).unwrap().unwrap().reason, "bad");
    assert_eq!(bed.act(revive(0)).unwrap(), 1);
    assert_eq!(bed.act(revive(0)).unwrap(), 0);
    assert_eq!(bed.act(revive(3)).unwrap(), 1);
    let waiting = bed.store.waiting(bed.ris, "l", None, 9).unwrap();
    let seen: Vec<_> = waiting.iter().map(|one| (one.key.envelope.0, one.attempts)).collect();
    assert_eq!(seen, [(1, 1), (3, 0), (4, 1)]);
    bed.tried(&keys[3], 2, AttemptResult::Delivered);
    let bed = bed.reopen(subject);
    let record = bed.store.envelope(keys[3].envelope).unwrap().unwrap();
    assert_eq!(record.deliveries[0].0.attempts, 2);
    let attempts = vec![attempt(1, AttemptResult::Dead), attempt(2, AttemptResult::Delivered)];
    assert_eq!(record.deliveries[0].1, attempts);
    let mut nowhere = keys[0].clone();
    nowhere.envelope = EnvelopeId(999);
    assert!(bed.act(Action::Revive { key: nowhere, at: NOON }).is_err());
    bed.check();
}

/// The dead of one destination, page by page.
pub fn lists_the_dead_newest_first(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    for number in 0..12 {
        let key = bed.queue("x", ["a", "b"][number % 2]);
        let result = if number % 3 == 0 { AttemptResult::Delivered } else { AttemptResult::Dead };
        bed.tried(&key, 1, result);
    }
    let bed = bed.reopen(subject);
    let dead = |before: Option<u64>, limit| {
        let found = bed.store.dead(bed.ris, before.map(EnvelopeId), limit).unwrap();
        found.into_iter().map(|one| one.key.envelope.0).collect::<Vec<_>>()
    };
    assert_eq!(dead(None, 3), [12, 11, 9]);
    assert_eq!(dead(Some(9), 99), [8, 6, 5, 3, 2]);
    let first = &bed.store.dead(bed.ris, None, 1).unwrap()[0];
    assert_eq!((&*first.key.lane, first.state, first.attempts), ("b", DeliveryState::Dead, 1));
    assert_eq!(first.reason, "attempt 1 answered");
    assert!(bed.store.dead(klinke_model::DestinationId(9), None, 3).unwrap().is_empty());
}
