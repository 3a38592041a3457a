//! The audit log: a chain that only grows, and is taken from at its old end alone.

use std::time::Duration;

use klinke_model::{AttemptResult, Timestamp};

use super::Subject;
use super::bed::{Bed, NOON};
use crate::faulty::wait;
use crate::{AuditEnds, AuditQuery, PruneRule, Seal, audit};

fn second(number: u64) -> Timestamp {
    NOON.after(Duration::from_secs(number))
}

fn append(bed: &Bed, number: u64) -> u64 {
    wait(|done| bed.store.append_audit(second(number), format!("entry {number}").into_bytes(), done)).unwrap()
}

fn ids(bed: &Bed, query: AuditQuery) -> Vec<u64> {
    bed.store.audit(&query).unwrap().iter().map(|one| one.seal.id).collect()
}

/// Numbers rise by one, each seal follows from the one before, and all of it is there after a restart.
pub fn chains_its_entries_and_keeps_them(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    assert_eq!(bed.store.audit_ends().unwrap(), AuditEnds::default());
    assert_eq!(audit::check(bed.store.as_ref(), None).unwrap(), (0, vec![]));
    for number in 1..=5 {
        assert_eq!(append(&bed, number), number);
    }
    let bed = bed.reopen(subject);
    assert_eq!(append(&bed, 6), 6);
    let records = bed.store.audit(&AuditQuery::default()).unwrap();
    assert_eq!(records.len(), 6);
    let mut before = Seal::default();
    for (record, number) in records.iter().zip(1..) {
        assert_eq!(record.entry, format!("entry {number}").into_bytes());
        assert_eq!(record.at, second(number));
        before = before.next(record.at, &record.entry);
        assert_eq!(record.seal, before);
    }
    assert_eq!(bed.store.audit_ends().unwrap(), AuditEnds { start: Seal::default(), head: before });
    assert_eq!(audit::check(bed.store.as_ref(), Some(records[3].seal)).unwrap(), (6, vec![]));
    let forged = Seal { id: 4, hash: [7; 32] };
    let (_, faults) = audit::check(bed.store.as_ref(), Some(forged)).unwrap();
    assert_eq!(faults, ["entry 4 has not the seal that was noted of it"]);
    let (_, faults) = audit::check(bed.store.as_ref(), Some(Seal { id: 9, hash: [7; 32] })).unwrap();
    assert_eq!(faults, ["entry 9, whose seal was noted, is missing"]);
    assert_eq!(bed.store.verify(&mut |_, _| ()).unwrap().faults, Vec::<String>::new());
}

/// Times limit what is found; numbers page through it.
pub fn finds_entries_by_time_and_pages_both_ways(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    for number in 1..=100 {
        append(&bed, number);
    }
    let all = AuditQuery::default();
    assert_eq!(ids(&bed, all), (1..=50).collect::<Vec<_>>());
    let range = AuditQuery { from: Some(second(10)), until: Some(second(13)), ..all };
    assert_eq!(ids(&bed, range), [10, 11, 12]);
    assert_eq!(ids(&bed, AuditQuery { newest_first: true, limit: 2, ..range }), [12, 11]);
    assert_eq!(ids(&bed, AuditQuery { newest_first: true, beyond: Some(11), ..range }), [10]);
    assert_eq!(ids(&bed, AuditQuery { beyond: Some(97), limit: 2, ..all }), [98, 99]);
    assert_eq!(ids(&bed, AuditQuery { newest_first: true, limit: 3, ..all }), [100, 99, 98]);
    assert_eq!(ids(&bed, AuditQuery { from: Some(second(101)), ..all }), Vec::<u64>::new());
}

/// Pruning takes the oldest up to the first that is young enough, in bites; the chain goes on.
pub fn takes_from_the_old_end_alone(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    // The seventh was made by a clock that was behind.
    for number in [1, 2, 3, 4, 5, 6, 2, 8, 9] {
        append(&bed, number);
    }
    assert_eq!(bed.store.prune_audit(second(5), 3).unwrap(), 3);
    assert_eq!(bed.store.prune_audit(second(5), 3).unwrap(), 1);
    assert_eq!(bed.store.prune_audit(second(5), 3).unwrap(), 0);
    let bed = bed.reopen(subject);
    assert_eq!(ids(&bed, AuditQuery::default()), [5, 6, 7, 8, 9], "nothing is taken from the middle");
    assert_eq!(bed.store.audit_ends().unwrap().start.id, 4);
    assert_eq!(audit::check(bed.store.as_ref(), None).unwrap(), (5, vec![]));
    assert_eq!(bed.store.prune_audit(second(99), 99).unwrap(), 5);
    assert_eq!(append(&bed, 10), 10, "numbers are not used again");
    let bed = bed.reopen(subject);
    assert_eq!(audit::check(bed.store.as_ref(), None).unwrap(), (1, vec![]));
    assert_eq!(bed.store.verify(&mut |_, _| ()).unwrap().faults, Vec::<String>::new());
}

/// What removes envelopes does not touch it.
pub fn outlives_the_envelopes(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let key = bed.queue("x", "l");
    bed.tried(&key, 1, AttemptResult::Delivered);
    append(&bed, 1);
    let rule = PruneRule { channel: bed.channel, age_max: Some(Duration::from_secs(1)), bytes_max: None };
    assert_eq!(bed.store.prune(&[rule], second(900)).unwrap().envelopes, 1);
    assert_eq!(audit::check(bed.store.as_ref(), None).unwrap(), (1, vec![]));
}

/// Over threads, and between entries of other kinds, the chain has no gap and no fork.
pub fn seals_in_the_order_of_the_calls(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            let bed = &bed;
            scope.spawn(move || {
                for number in 0..25 {
                    append(bed, thread * 100 + number);
                    bed.accept_text("x");
                }
            });
        }
    });
    let bed = bed.reopen(subject);
    assert_eq!(audit::check(bed.store.as_ref(), None).unwrap(), (100, vec![]));
    assert_eq!(bed.store.audit_ends().unwrap().head.id, 100);
}
