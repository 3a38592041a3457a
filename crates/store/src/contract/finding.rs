//! How people find envelopes.

use std::time::Duration;

use klinke_model::{AttemptResult, EnvelopeId};

use super::Subject;
use super::bed::{Bed, NOON};
use crate::{Field, KeyName, Outcome, Query, StateFilter};

fn find(bed: &Bed, query: &Query) -> Vec<u64> {
    bed.store.search(query).unwrap().into_iter().map(|one| one.envelope.id.0).collect()
}

fn by(name: KeyName, value: &str, prefix: bool) -> Query {
    let fields = vec![Field { name, value: value.to_owned(), prefix }];
    Query { fields, ..Query::default() }
}

/// Every kind of key, equal and by its beginning, several at once.
pub fn finds_by_every_key(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    for number in 0..40 {
        let text = format!(
            "patient=P{}\ncase=C{number}\norder=O{}\ncontrol=M{number:04}\nevent=ADT^A{:02}\nPV1-3.1=W{}\nfree Text {number}",
            number % 10,
            number / 2,
            number % 3,
            number % 4
        );
        bed.accept_text(&text);
    }
    let bed = bed.reopen(subject);
    let path = || KeyName::Path("PV1-3.1".to_owned());
    assert_eq!(find(&bed, &by(KeyName::Patient, "P3", false)), [34, 24, 14, 4]);
    assert_eq!(find(&bed, &by(KeyName::Case, "C39", false)), [40]);
    assert_eq!(find(&bed, &by(KeyName::Order, "O5", false)), [12, 11]);
    assert_eq!(find(&bed, &by(KeyName::Control, "M000", true)).len(), 10);
    assert_eq!(find(&bed, &by(KeyName::Control, "M000", false)), Vec::<u64>::new());
    assert_eq!(find(&bed, &by(KeyName::Event, "ADT^A02", false)).len(), 13);
    assert_eq!(find(&bed, &by(path(), "W1", false)).len(), 10);
    assert_eq!(find(&bed, &by(KeyName::Path("PV1-3.2".to_owned()), "W1", false)), Vec::<u64>::new());
    let mut both = by(KeyName::Patient, "P3", false);
    both.fields.push(Field { name: path(), value: "W".to_owned(), prefix: true });
    both.fields.push(Field { name: KeyName::Event, value: "ADT^A00".to_owned(), prefix: false });
    assert_eq!(find(&bed, &both), [34, 4]);
    let summary = &bed.store.search(&both).unwrap()[0];
    assert!(summary.keys.contains(&("patient".to_owned(), "P3".to_owned())));
    assert!(summary.envelope.payload.is_empty() && summary.size > 50);
}

/// Channel, system, time, and nothing at all.
pub fn finds_by_plain_fields(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let other = bed.store.channel("orm").unwrap();
    let version = bed.store.version(other, "x", NOON).unwrap();
    for number in 0..20u64 {
        let mut new = bed.new_envelope("x", number);
        if number % 4 == 1 {
            (new.channel, new.version) = (other, version);
        }
        if number % 5 == 2 {
            new.system = "lis".into();
        }
        bed.accept(new).unwrap();
    }
    let bed = bed.reopen(subject);
    let at = |seconds| Some(NOON.after(Duration::from_secs(seconds)));
    assert_eq!(find(&bed, &Query::default()).len(), 20);
    assert_eq!(find(&bed, &Query { channel: Some(other), ..Query::default() }), [18, 14, 10, 6, 2]);
    let system = |name: &str| Query { system: Some(name.to_owned()), ..Query::default() };
    assert_eq!(find(&bed, &system("lis")), [18, 13, 8, 3]);
    assert_eq!(find(&bed, &system("ris")), Vec::<u64>::new());
    assert_eq!(find(&bed, &Query { from: at(5), until: at(8), ..Query::default() }), [8, 7, 6]);
    let both = Query { channel: Some(other), from: at(6), ..system("lis") };
    assert_eq!(find(&bed, &both), [18]);
}

/// Where envelopes stand.
pub fn finds_by_state(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let keys: Vec<_> = (0..4).map(|_| bed.queue("patient=1", "l")).collect();
    bed.tried(&keys[0], 1, AttemptResult::Delivered);
    bed.tried(&keys[1], 1, AttemptResult::Dead);
    bed.tried(&keys[2], 1, AttemptResult::Dropped);
    let (step, reason) = ("step 1".to_owned(), "no".to_owned());
    let (filtered, failed) = (bed.accept_text("patient=1"), bed.accept_text("patient=2"));
    bed.route(filtered, Outcome::Filtered { step: step.clone(), reason: reason.clone() }).unwrap();
    bed.route(failed, Outcome::Failed { step, reason }).unwrap();
    bed.accept_text("patient=1");
    let bed = bed.reopen(subject);
    let states = [
        (StateFilter::Delivered, 1, "delivered"),
        (StateFilter::Dead, 2, "dead"),
        (StateFilter::Waiting, 4, "waiting"),
        (StateFilter::Filtered, 5, "filtered"),
        (StateFilter::Failed, 6, "failed"),
        (StateFilter::Unrouted, 7, "unrouted"),
    ];
    for (state, id, name) in states {
        let found = bed.store.search(&Query { state: Some(state), ..Query::default() }).unwrap();
        assert_eq!(found.len(), 1, "{name}");
        assert_eq!((found[0].envelope.id, found[0].state), (EnvelopeId(id), name));
        let with_key = Query { state: Some(state), ..by(KeyName::Patient, "1", false) };
        assert_eq!(find(&bed, &with_key).len(), usize::from(id != 6), "{name}");
    }
    assert_eq!(bed.store.search(&Query::default()).unwrap()[4].state, "dropped");
}

/// Pages join without gap or overlap, newest first and oldest first.
pub fn pages_in_both_directions(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    for number in 0..130 {
        bed.accept_text(&format!("patient=P{}", number % 2));
    }
    let bed = bed.reopen(subject);
    assert_eq!(bed.store.search(&Query::default()).unwrap().len(), 50, "50 without a limit");
    for oldest_first in [false, true] {
        for fields in
            [vec![], by(KeyName::Patient, "P1", false).fields, by(KeyName::Patient, "P", true).fields]
        {
            let mut query = Query { oldest_first, limit: 7, fields, ..Query::default() };
            let mut seen = Vec::new();
            loop {
                let page = find(&bed, &query);
                let Some(last) = page.last() else { break };
                query.beyond = Some(EnvelopeId(*last));
                seen.extend(page);
            }
            if oldest_first {
                seen.reverse();
            }
            assert!(seen.is_sorted_by(|a, b| a > b));
            let is_half = query.fields.first().is_some_and(|field| !field.prefix);
            assert_eq!(seen.len(), if is_half { 65 } else { 130 });
        }
    }
}

/// What was just acknowledged is found, though the index may be behind.
pub fn finds_the_newest_at_once(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    for number in 0..200u64 {
        let id = bed.accept_text(&format!("patient=P{number}"));
        assert_eq!(find(&bed, &by(KeyName::Patient, &format!("P{number}"), false)), [id.0]);
    }
}
