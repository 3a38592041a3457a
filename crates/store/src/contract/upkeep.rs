//! Pruning, copies and checks.

use std::time::Duration;

use klinke_model::{AttemptResult, EnvelopeId, Payload};

use super::Subject;
use super::bed::{Bed, NOON};
use crate::faulty::wait;
use crate::{AuditQuery, Field, KeyName, PruneReport, PruneRule, Query};

fn prune_all(bed: &Bed, rule: PruneRule, seconds: u64) -> PruneReport {
    let mut total = PruneReport::default();
    for _ in 0..1000 {
        let now = NOON.after(Duration::from_secs(seconds));
        let report = bed.store.prune(std::slice::from_ref(&rule), now).unwrap();
        total.envelopes += report.envelopes;
        total.bytes += report.bytes;
        if !report.more {
            return total;
        }
    }
    total.more = true;
    total
}

fn is_there(bed: &Bed, id: u64) -> bool {
    bed.store.envelope(EnvelopeId(id)).unwrap().is_some()
}

/// Old ones go, with all that came of them; what is unrouted, waits or is dead stays.
pub fn prunes_by_age_and_keeps_what_is_not_delivered(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let mut keys = Vec::new();
    for number in 0..20 {
        let mut new = bed.new_envelope(&format!("patient=P{number}"), number);
        new.fingerprint = Some(number);
        let id = bed.accept(new).unwrap();
        keys.push(bed.route_to(id, "l"));
    }
    for (number, key) in keys.iter().enumerate() {
        match number {
            3 => bed.tried(key, 1, AttemptResult::Retry(NOON)),
            4 => bed.tried(key, 1, AttemptResult::Dead),
            5 => bed.tried(key, 1, AttemptResult::Dropped),
            _ => bed.tried(key, 1, AttemptResult::Delivered),
        }
    }
    bed.accept(bed.new_envelope("patient=unrouted", 0)).unwrap();
    let books = bed.store.books().unwrap();
    let rule = PruneRule { channel: bed.channel, age_max: Some(Duration::from_secs(10)), bytes_max: None };
    let report = prune_all(&bed, rule.clone(), 20);
    assert_eq!((report.envelopes, report.more), (8, false));
    assert!(report.bytes > 0);
    let bed = bed.reopen(subject);
    let kept: Vec<u64> = (1..=21).filter(|id| is_there(&bed, *id)).collect();
    assert_eq!(kept, [4, 5, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]);
    assert!(bed.store.delivery(&keys[0]).unwrap().is_none());
    assert_eq!(bed.store.books().unwrap(), books, "books count what ever was");
    let by = |value: &str| {
        let fields = vec![Field { name: KeyName::Patient, value: value.to_owned(), prefix: false }];
        bed.store.search(&Query { fields, ..Query::default() }).unwrap().len()
    };
    assert_eq!((by("P0"), by("P3"), by("P15")), (0, 1, 1));
    assert_eq!(bed.store.fingerprints(bed.channel, NOON, 99).unwrap().len(), 12);
    assert_eq!(bed.store.unrouted(bed.channel, EnvelopeId(0), 9, 999).unwrap().len(), 1);
    assert_eq!(bed.store.waiting(bed.ris, "l", None, 9).unwrap().len(), 1);
    assert_eq!(prune_all(&bed, rule, 20).envelopes, 0);
    assert_eq!(bed.store.verify(&mut |_, _| ()).unwrap().faults, Vec::<String>::new());
    assert_eq!(bed.accept_text("next"), EnvelopeId(22), "numbers are not used again");
    bed.check();
}

/// The oldest go until the rest fits, files of large payloads with them.
pub fn prunes_by_size_oldest_first(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    for number in 0..10u32 {
        let mut new = bed.new_envelope("", 0);
        new.format = "noise".into();
        let mut random = number;
        let noise = |_| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 24) as u8
        };
        new.payload = Payload::new((0..400_000).map(noise).collect());
        let id = bed.accept(new).unwrap();
        let key = bed.route_to(id, "");
        bed.tried(&key, 1, AttemptResult::Delivered);
    }
    let before = bed.store.health().unwrap().bytes;
    let rule = |bytes| PruneRule { channel: bed.channel, age_max: None, bytes_max: Some(bytes) };
    assert_eq!(prune_all(&bed, rule(8_000_000), 0).envelopes, 0);
    let report = prune_all(&bed, rule(1_800_000), 0);
    assert_eq!(report.envelopes, 6);
    assert!(report.bytes >= 2_400_000);
    assert!(!is_there(&bed, 6) && is_there(&bed, 7));
    assert!(bed.store.part(EnvelopeId(7), 0).unwrap().len() == 400_000);
    assert!(bed.store.health().unwrap().bytes < before - 2_000_000);
    assert_eq!(bed.store.health().unwrap().envelopes, 4);
    assert_eq!(bed.store.verify(&mut |_, _| ()).unwrap().faults, Vec::<String>::new());
}

/// One call removes a bite, and says that there is more.
pub fn prunes_in_bites(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let (sender, receiver) = std::sync::mpsc::channel();
    for number in 1..=1300u64 {
        bed.store.accept(bed.new_envelope("x", 0), Box::new(|_| ()));
        let outcome = crate::Outcome::Filtered { step: "step 1".to_owned(), reason: "no".to_owned() };
        let routed = crate::Routed {
            envelope: EnvelopeId(number),
            channel: bed.channel,
            version: None,
            after: None,
            at: NOON,
            outcome,
            trace: vec![],
        };
        let sender = sender.clone();
        bed.store.route(routed, Box::new(move |result| sender.send(result).unwrap()));
    }
    drop(sender);
    assert!(receiver.into_iter().all(|result| result.is_ok()));
    let rule = PruneRule { channel: bed.channel, age_max: Some(Duration::from_secs(1)), bytes_max: None };
    let first = bed.store.prune(std::slice::from_ref(&rule), NOON.after(Duration::from_secs(9))).unwrap();
    assert!(first.more && first.envelopes > 0 && first.envelopes <= 500, "{first:?}");
    assert_eq!(first.envelopes + prune_all(&bed, rule, 9).envelopes, 1300);
    assert_eq!(bed.store.health().unwrap().envelopes, 0);
    bed.check();
}

/// A copy made while envelopes come in is whole, and is a store.
pub fn copies_itself_while_it_goes_on(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let folder = std::env::temp_dir().join(format!("klinke-copy-{}-{:p}", std::process::id(), &bed));
    for number in 0..50 {
        let key = bed.queue(&format!("patient=P{number}"), "l");
        bed.tried(&key, 1, AttemptResult::Delivered);
    }
    wait(|done| bed.store.append_audit(NOON, b"a person looked".to_vec(), done)).unwrap();
    bed.store.set_value("people/a", Some(b"an account")).unwrap();
    let mut big = bed.new_envelope("", 0);
    big.payload = Payload::new(vec![7; 200_000]);
    let big_id = bed.accept(big).unwrap();
    let result = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for _ in 0..200 {
                bed.accept_text("during");
            }
        });
        let result = bed.store.backup(&folder, &mut |_, _| ());
        writer.join().unwrap();
        result
    });
    let Some(copy) = subject.open_backup(&folder) else {
        assert!(result.is_err(), "a store that can't be opened from a copy must not say it made one");
        return;
    };
    result.unwrap();
    assert!(bed.store.backup(&folder, &mut |_, _| ()).is_err(), "the folder is not empty");
    let (channels, destinations) = copy.books().unwrap();
    assert!(channels[0].received >= 51 && channels[0].received <= 251 && channels[0].balances());
    assert_eq!(destinations[0].delivered, 50);
    assert_eq!(copy.part(EnvelopeId(3), 0).unwrap(), Payload::from(&b"patient=P2"[..]));
    assert_eq!(copy.envelope(big_id).unwrap().unwrap().envelope.payload.len(), 200_000);
    assert_eq!(copy.audit(&AuditQuery::default()).unwrap()[0].entry, b"a person looked");
    assert_eq!(copy.audit_ends().unwrap(), bed.store.audit_ends().unwrap());
    assert_eq!(copy.value("people/a").unwrap().unwrap(), b"an account");
    assert_eq!(copy.verify(&mut |_, _| ()).unwrap().faults, Vec::<String>::new());
    drop(copy);
    std::fs::remove_dir_all(&folder).unwrap();
}

/// `verify` counts what it read and finds nothing.
pub fn finds_nothing_wrong_with_itself(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    for number in 0..100 {
        let key = bed.queue(&"x".repeat(number * 10), "l");
        bed.tried(&key, 1, AttemptResult::Delivered);
    }
    let mut last = (0, 0);
    let report = bed.store.verify(&mut |done, all| last = (done, all)).unwrap();
    assert_eq!((report.envelopes, report.faults), (100, vec![]));
    assert!(report.bytes >= 49_500);
    assert_eq!(last.0, last.1, "progress ends at the end");
    let health = bed.store.health().unwrap();
    assert_eq!((health.envelopes, health.refuses), (100, None));
    assert!(health.bytes > 0);
}
