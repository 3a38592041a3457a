//! Numbers over time: each that is told is told when it should be, and not before.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]

use std::collections::BTreeMap;
use std::time::Duration;

use klinke_diagnosis::alert::measure::{Look, Measure};
use klinke_diagnosis::alert::{Rank, Sign};
use klinke_diagnosis::facts::{End, Facts, Outbound, Own, Tried};
use klinke_diagnosis::{Did, Layer, Seen, Step};
use klinke_model::Timestamp;

const SECOND: i64 = 1_000_000;
const START: i64 = 1_795_431_600 * SECOND;

/// A site with one destination, and a clock.
struct Bed {
    measure: Measure,
    now: Timestamp,
    facts: Vec<Facts>,
    own: Own,
    oldest: BTreeMap<String, Timestamp>,
    commit: Option<Duration>,
    index_lag: u64,
    backup: Option<Timestamp>,
    backup_limit: Option<Duration>,
}

impl Bed {
    fn new() -> Bed {
        let out = Outbound { name: "adt/ris".to_owned(), ..Outbound::default() };
        let facts = Facts { system: "ris".to_owned(), out: vec![out], ..Facts::default() };
        Bed {
            measure: Measure::default(),
            now: Timestamp(START),
            facts: vec![facts],
            own: Own { disk_free: Some(100_000_000_000), ..Own::default() },
            oldest: BTreeMap::new(),
            commit: None,
            index_lag: 0,
            backup: None,
            backup_limit: None,
        }
    }

    fn out(&mut self) -> &mut Outbound {
        &mut self.facts[0].out[0]
    }

    fn look(&mut self) -> Vec<Sign> {
        self.facts[0].now = self.now;
        self.measure.look(&Look {
            now: self.now,
            facts: &self.facts,
            own: &self.own,
            oldest: &self.oldest,
            oldest_limit: Some(Duration::from_secs(900)),
            commit: self.commit,
            index_lag: self.index_lag,
            backup: self.backup,
            backup_limit: self.backup_limit,
        })
    }

    /// After so many seconds: the kinds that are told.
    fn after(&mut self, seconds: i64) -> Vec<&'static str> {
        self.now = Timestamp(self.now.0 + seconds * SECOND);
        self.look().iter().map(|sign| sign.kind.code).collect()
    }

    fn attempts(&mut self, count: u64, end: End, code: &str, took: Duration) {
        let now = self.now;
        self.out().attempts = (0..count)
            .map(|number| Tried {
                envelope: number,
                ended: Timestamp(now.0 - 60 * SECOND),
                took,
                bytes: 900,
                end,
                code: code.to_owned(),
                text: String::new(),
            })
            .collect();
    }
}

#[test]
fn a_queue_that_grows_is_told_and_one_that_is_worked_off_is_not() {
    let mut bed = Bed::new();
    for minute in 0..20 {
        bed.out().waiting = 50 * minute;
        let told = bed.after(60);
        assert_eq!(told.contains(&"queue-grows"), minute >= 10, "{minute}: {told:?}");
    }
    for minute in 0..20 {
        bed.out().waiting = 1_000 - 50 * minute;
        let told = bed.after(60);
        assert!(minute < 6 || !told.contains(&"queue-grows"), "{minute}: {told:?}");
    }
    // Two hours: in the second it grows by less than half in ten minutes, and is no better for that. A restart
    // in between changes nothing.
    let mut long = Bed::new();
    for minute in 0..120 {
        long.out().waiting = 50 * minute;
        if minute == 90 {
            long.measure = serde_json::from_slice(&serde_json::to_vec(&long.measure).unwrap()).unwrap();
        }
        assert_eq!(long.after(60).contains(&"queue-grows"), minute >= 10, "{minute}");
    }
    let mut small = Bed::new();
    for minute in 0..20 {
        small.out().waiting = 4 * minute;
        assert!(small.after(60).is_empty());
    }
}

#[test]
fn what_waits_long_is_told_unless_a_person_holds_it() {
    let mut bed = Bed::new();
    bed.oldest.insert("adt/ris".to_owned(), bed.now);
    bed.out().waiting = 1;
    assert!(bed.after(800).is_empty());
    assert_eq!(bed.after(200), ["oldest-waits"]);
    bed.out().held = Some("update".to_owned());
    assert!(bed.after(10).is_empty());
}

#[test]
fn answers_that_take_longer_than_ever_are_told() {
    let mut bed = Bed::new();
    let mut half_hour = |millis: u64| {
        bed.now = Timestamp(bed.now.0 + 1_800 * SECOND);
        bed.attempts(8, End::Accepted, "AA", Duration::from_millis(millis));
        bed.after(1)
    };
    for _ in 0..20 {
        assert!(half_hour(120).is_empty());
    }
    assert!(half_hour(400).is_empty(), "thrice is not much");
    assert_eq!(half_hour(900), ["answers-slower"]);
}

#[test]
fn a_new_code_is_told_once_after_the_first_day() {
    let mut bed = Bed::new();
    bed.attempts(1, End::Refused, "AE", Duration::from_millis(10));
    assert!(bed.after(60).is_empty(), "in the first day all are new");
    bed.after(86_400);
    bed.attempts(1, End::Refused, "AE", Duration::from_millis(10));
    assert!(bed.after(60).is_empty());
    bed.attempts(1, End::Refused, "AR", Duration::from_millis(10));
    assert_eq!(bed.after(60), ["new-code"]);
    assert!(bed.after(60).is_empty());
    bed.attempts(1, End::Refused, "Beispiel, Berta", Duration::from_millis(10));
    assert!(bed.after(60).is_empty(), "what is no code is not told");
}

#[test]
fn dead_letters_that_nobody_decides_on_are_told_after_a_day() {
    let mut bed = Bed::new();
    bed.out().dead = 3;
    assert!(bed.after(10).is_empty());
    assert!(bed.after(80_000).is_empty());
    // Also over a restart.
    bed.measure = serde_json::from_slice(&serde_json::to_vec(&bed.measure).unwrap()).unwrap();
    assert_eq!(bed.after(7_000), ["dead-letters-old"]);
    bed.out().dead = 0;
    assert!(bed.after(10).is_empty());
}

#[test]
fn certificates_are_told_at_thirty_fourteen_seven_and_one_day() {
    let mut bed = Bed::new();
    for (days, expected) in [
        (31, None),
        (30, Some((Rank::Notice, 1))),
        (14, Some((Rank::Warning, 2))),
        (7, Some((Rank::Warning, 3))),
        (1, Some((Rank::Urgent, 4))),
        (-1, Some((Rank::Urgent, 4))),
    ] {
        let secured = Seen::Secured {
            version: "TLSv1.3".to_owned(),
            cipher: "c".to_owned(),
            chain: 1,
            days: Some(days),
        };
        let step = |did, saw| Step { layer: Layer::Tls, did, saw, took: Duration::ZERO };
        bed.out().steps = vec![step(Did::ShookHands("ris:1".to_owned()), secured)];
        bed.own.steps = vec![step(Did::ReadCertificate("own.pem".to_owned()), Seen::Days(days))];
        let told = bed.look();
        assert_eq!(told.len(), if expected.is_some() { 2 } else { 0 }, "{days}");
        for sign in &told {
            assert_eq!(Some((sign.rank, sign.level)), expected, "{days}");
        }
    }
}

#[test]
fn of_two_certificates_of_a_system_the_one_that_ends_first_is_told() {
    let mut bed = Bed::new();
    let step = |at: &str, days| Step {
        layer: Layer::Tls,
        did: Did::ShookHands(at.to_owned()),
        saw: Seen::Secured {
            version: "TLSv1.3".to_owned(),
            cipher: "c".to_owned(),
            chain: 1,
            days: Some(days),
        },
        took: Duration::ZERO,
    };
    bed.out().steps = vec![step("ris:1", 1), step("ris:2", 29)];
    let told = bed.look();
    assert_eq!(told.iter().map(|sign| sign.rank).collect::<Vec<_>>(), [Rank::Urgent]);
}

#[test]
fn a_disk_that_fills_is_told_by_its_rate() {
    let mut bed = Bed::new();
    // 100 GB, and 20 GB a day: five days.
    let mut first = None;
    for step in 0..144 {
        bed.own.disk_free = Some(100_000_000_000 - step * 138_888_888);
        if bed.after(600).contains(&"disk-fills") && first.is_none() {
            first = Some(step);
        }
    }
    assert!(first.is_some_and(|step| (30..60).contains(&step)), "{first:?}");
    assert!(bed.look().iter().any(|sign| sign.rank == Rank::Warning));
    bed.own.disk_free = Some(10_000_000_000);
    bed.after(600);
    assert!(bed.look().iter().any(|sign| sign.kind.code == "disk-fills" && sign.rank == Rank::Urgent));
    // One large file that comes and goes.
    let mut steady = Bed::new();
    for step in 0..144 {
        steady.own.disk_free = Some(if step % 20 == 3 { 60_000_000_000 } else { 100_000_000_000 });
        assert!(steady.after(600).is_empty(), "{step}");
    }
}

#[test]
fn the_stores_own_troubles_are_told() {
    let mut bed = Bed::new();
    bed.commit = Some(Duration::from_millis(20));
    assert!(bed.after(60).is_empty());
    bed.commit = Some(Duration::from_secs(2));
    assert!(bed.after(60).is_empty() && bed.after(60).is_empty());
    assert_eq!(bed.after(60), ["store-slow"]);
    bed.commit = None;
    let mut lag = Bed::new();
    lag.index_lag = 80_000;
    assert!(lag.after(60).is_empty());
    assert_eq!(lag.after(700), ["index-behind"]);
    let mut backup = Bed::new();
    backup.backup_limit = Some(Duration::from_secs(26 * 3_600));
    assert!(backup.after(60).is_empty());
    assert_eq!(backup.after(27 * 3_600), ["backup-old"]);
    backup.backup = Some(backup.now);
    assert!(backup.after(60).is_empty());
}
