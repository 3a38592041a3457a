//! Names, envelopes and what the steps made of them.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use klinke_model::{DeliveryState, EnvelopeId, Origin, Payload, Timestamp};

use super::Subject;
use super::bed::{Bed, NOON, attempt};
use crate::{Accepted, Done, Error, NewDelivery, Outcome, Part, Routed};

/// Names keep their numbers, also over a restart; versions are known by their text.
pub fn gives_names_numbers_that_stay(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let other = bed.store.channel("orm").unwrap();
    let ris = bed.store.destination(other, "ris").unwrap();
    assert_ne!(other, bed.channel);
    assert_ne!(ris, bed.ris);
    let version = bed.store.version(bed.channel, "second", Timestamp(7)).unwrap();
    assert_eq!(bed.store.version(bed.channel, "second", Timestamp(9)).unwrap(), version);
    assert!(matches!(bed.store.destination(klinke_model::ChannelId(99), "x"), Err(Error::Missing(_))));
    let bed = bed.reopen(subject);
    assert_eq!(bed.store.channel("orm").unwrap(), other);
    assert_eq!(bed.store.destination(other, "ris").unwrap(), ris);
    let versions = bed.store.versions(bed.channel).unwrap();
    assert_eq!(
        versions.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(),
        ["second", "title = \"ADT\""]
    );
    assert_eq!(versions[0].since, Timestamp(7));
    assert_eq!(bed.store.channels().unwrap().len(), 2);
    assert_eq!(bed.store.destinations().unwrap()[1].channel, other);
}

/// The first envelope is 1, and numbers go on after a restart.
pub fn numbers_envelopes_in_order(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    for number in 1..=20 {
        assert_eq!(bed.accept_text("a"), EnvelopeId(number));
    }
    let bed = bed.reopen(subject);
    assert_eq!(bed.accept_text("b"), EnvelopeId(21));
    let info = &bed.store.channels().unwrap()[0];
    assert_eq!((info.last, info.last_at), (Some(EnvelopeId(21)), Some(NOON)));
}

/// Eight threads accept; `done`s come in the order of numbers, and each thread's envelopes rise.
pub fn calls_dones_in_order_over_threads(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let heard = Arc::new(Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (bed, heard) = (&bed, heard.clone());
            scope.spawn(move || {
                for number in 0..100 {
                    let heard = heard.clone();
                    let done: Done<EnvelopeId> =
                        Box::new(move |id| heard.lock().unwrap().push((id.unwrap(), thread, number)));
                    bed.store.accept(bed.new_envelope(&format!("{thread}"), number), done);
                }
            });
        }
    });
    bed.accept_text("after all others");
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 800);
    assert!(heard.is_sorted_by(|a, b| a.0 < b.0), "dones are in the order of numbers");
    for thread in 0..8 {
        assert!(heard.iter().filter(|one| one.1 == thread).is_sorted_by(|a, b| a.2 < b.2));
    }
}

/// A `done` may itself write.
pub fn answers_calls_made_in_a_done(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let (sender, receiver) = mpsc::channel();
    let (store, next) = (bed.store.clone(), bed.new_envelope("second", 1));
    let weak = Arc::downgrade(&store);
    drop(store);
    let done: Done<EnvelopeId> = Box::new(move |_| {
        weak.upgrade().unwrap().accept(next, Box::new(move |id| sender.send(id).unwrap()));
    });
    bed.store.accept(bed.new_envelope("first", 0), done);
    assert_eq!(receiver.recv_timeout(Duration::from_secs(120)).unwrap(), Ok(EnvelopeId(2)));
}

/// Everything that was said of an envelope is there after a restart.
pub fn keeps_everything_over_a_restart(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let mut new = bed.new_envelope("patient=4711\nname=Muster", 3);
    new.fingerprint = Some(u64::MAX - 5);
    new.received = Timestamp(-17);
    let id = bed.accept(new.clone()).unwrap();
    let changed = Payload::from(&b"patient=4711\nname=MUSTER"[..]);
    let deliveries = vec![
        NewDelivery { destination: bed.ris, lane: "4711".into(), part: 1 },
        NewDelivery { destination: bed.ris, lane: "".into(), part: 0 },
    ];
    let parts = vec![Part::Unchanged, Part::Changed(changed.clone())];
    bed.route(id, Outcome::Deliveries { parts, deliveries }).unwrap();
    let mut key = bed.key(id, "4711");
    key.part = 1;
    let mut tried = attempt(1, klinke_model::AttemptResult::Retry(Timestamp(5)));
    tried.answer = None;
    bed.record(&key, tried.clone()).unwrap();
    let second = attempt(2, klinke_model::AttemptResult::Delivered);
    bed.record(&key, second.clone()).unwrap();
    let bed = bed.reopen(subject);
    let record = bed.store.envelope(id).unwrap().unwrap();
    let kept = &record.envelope;
    assert_eq!((kept.id, kept.channel, kept.version), (id, bed.channel, bed.version));
    assert_eq!((kept.received, kept.fingerprint), (new.received, new.fingerprint));
    assert_eq!((&*kept.system, &*kept.peer, &*kept.format), ("kis", "127.0.0.1:40000", "lines"));
    assert_eq!((&kept.payload, &kept.origin), (&new.payload, &Origin::Received));
    assert_eq!(record.parts, [new.payload, changed.clone()]);
    let route = record.route.unwrap();
    assert_eq!((route.at, route.ended, route.trace), (NOON, None, vec!["step 1: set".to_owned()]));
    assert_eq!(record.deliveries.len(), 2);
    let (waiting, delivered) = (&record.deliveries[0], &record.deliveries[1]);
    assert_eq!((waiting.0.state, waiting.0.attempts, &*waiting.0.key.lane), (DeliveryState::Waiting, 0, ""));
    assert_eq!(delivered.0.key, key);
    assert_eq!((delivered.0.state, delivered.0.attempts), (DeliveryState::Delivered, 2));
    assert_eq!(delivered.1, [tried, second]);
    assert_eq!(bed.store.part(id, 1).unwrap(), changed);
    assert!(bed.store.envelope(EnvelopeId(77)).unwrap().is_none());
}

/// What no route has covered comes in order, limited by count and bytes, one at least.
pub fn gives_what_is_not_routed(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let other = bed.store.channel("orm").unwrap();
    let other_version = bed.store.version(other, "x", NOON).unwrap();
    let mut ids = Vec::new();
    for number in 0..30 {
        ids.push(bed.accept_text(&format!("{number:0>100}")));
        let mut new = bed.new_envelope("other", 0);
        (new.channel, new.version) = (other, other_version);
        bed.accept(new).unwrap();
    }
    let numbers = |bed: &Bed, after: u64, limit, bytes| {
        let found = bed.store.unrouted(bed.channel, EnvelopeId(after), limit, bytes).unwrap();
        found.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&bed, 0, 100, usize::MAX), ids);
    assert_eq!(numbers(&bed, 0, 5, usize::MAX), ids[..5]);
    assert_eq!(numbers(&bed, ids[9].0, 5, usize::MAX), ids[10..15]);
    assert_eq!(numbers(&bed, 0, 100, 0), ids[..1]);
    assert!(numbers(&bed, 0, 100, 450).len() < 7);
    assert!(numbers(&bed, u64::MAX, 100, 450).is_empty());
    bed.route_to(ids[0], "");
    bed.route_to(ids[1], "");
    let bed = bed.reopen(subject);
    assert_eq!(numbers(&bed, 0, 100, usize::MAX), ids[2..]);
    let first = &bed.store.unrouted(bed.channel, EnvelopeId(0), 1, 1).unwrap()[0];
    assert_eq!(&*first.payload, format!("{:0>100}", 2).as_bytes());
    assert_eq!(bed.store.unrouted(other, EnvelopeId(0), 100, usize::MAX).unwrap().len(), 30);
    let kept = |after: u64, limit, bytes| {
        let found = bed.store.arrivals(bed.channel, EnvelopeId(after), limit, bytes).unwrap();
        found.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(kept(0, 100, usize::MAX), ids, "those that are routed are there, too");
    assert_eq!(kept(ids[1].0, 3, usize::MAX), ids[2..5]);
    assert_eq!(kept(0, 100, 0), ids[..1]);
    assert!(bed.store.arrivals(klinke_model::ChannelId(88), EnvelopeId(0), 1, 1).is_err());
    bed.check();
}

/// Unknown channels, versions, envelopes, parts and destinations are refused, and leave no trace.
pub fn refuses_what_makes_no_sense_and_keeps_nothing_of_it(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let other = bed.store.channel("orm").unwrap();
    let mut new = bed.new_envelope("a", 0);
    new.channel = klinke_model::ChannelId(88);
    assert!(matches!(bed.accept(new), Err(Error::Missing(_))));
    let mut new = bed.new_envelope("a", 0);
    new.channel = other;
    assert!(matches!(bed.accept(new), Err(Error::Missing(_))), "the version is another channel's");
    let id = bed.accept_text("a");
    assert_eq!(id, EnvelopeId(1), "what was refused took no number");
    let to = |destination, part| Outcome::Deliveries {
        parts: vec![Part::Unchanged],
        deliveries: vec![
            NewDelivery { destination: bed.ris, lane: "".into(), part: 0 },
            NewDelivery { destination, lane: "".into(), part },
        ],
    };
    assert!(bed.route(EnvelopeId(5), to(bed.ris, 0)).is_err());
    assert!(bed.route(id, to(klinke_model::DestinationId(55), 0)).is_err());
    assert!(bed.route(id, to(bed.ris, 1)).is_err());
    assert!(bed.route(id, to(bed.ris, 0)).is_err(), "twice to one destination");
    assert!(bed.route(id, Outcome::Deliveries { parts: vec![], deliveries: vec![] }).is_err());
    assert!(bed.record(&bed.key(id, ""), attempt(1, klinke_model::AttemptResult::Dead)).is_err());
    assert!(bed.store.lanes(bed.ris, None, 9).unwrap().is_empty());
    assert!(bed.store.envelope(id).unwrap().unwrap().route.is_none());
    let (channels, destinations) = bed.store.books().unwrap();
    assert_eq!((channels[0].received, channels[0].unrouted, destinations[0].queued), (1, 1, 0));
}

/// A refusal is answered in its place between the others.
pub fn answers_refusals_in_order(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let (sender, receiver) = mpsc::channel();
    for number in 0..50 {
        let mut new = bed.new_envelope("a", 0);
        if number % 3 == 1 {
            new.channel = klinke_model::ChannelId(88);
        }
        let sender = sender.clone();
        bed.store.accept(new, Box::new(move |result| sender.send((number, result)).unwrap()));
    }
    drop(sender);
    let heard: Vec<_> = receiver.into_iter().collect();
    assert_eq!(heard.iter().map(|one| one.0).collect::<Vec<_>>(), (0..50).collect::<Vec<_>>());
    assert!(heard.iter().all(|(number, result)| result.is_err() == (number % 3 == 1)));
    let ids = heard.into_iter().filter_map(|(_, result)| result.ok());
    assert!(ids.eq((1..=33).map(EnvelopeId)));
}

/// A second route of one envelope, or one of another channel, is refused.
pub fn routes_each_envelope_once(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let id = bed.accept_text("a");
    bed.route_to(id, "");
    let again = || Outcome::Filtered { step: "step 1: only".to_owned(), reason: "no".to_owned() };
    assert!(bed.route(id, again()).is_err());
    let second = bed.accept_text("b");
    let other = bed.store.channel("orm").unwrap();
    let routed = Routed {
        envelope: second,
        channel: other,
        version: None,
        after: None,
        at: NOON,
        outcome: again(),
        trace: vec![],
    };
    assert!(crate::faulty::wait(|done| bed.store.route(routed, done)).is_err());
    let bed = bed.reopen(subject);
    assert!(bed.route(id, again()).is_err());
    assert_eq!(bed.store.channels().unwrap()[0].tally.routed, 1);
    bed.check();
}

/// The version that ran is told where it is another than the one under which the envelope was accepted.
pub fn tells_the_version_that_ran(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let later = bed.store.version(bed.channel, "later", NOON).unwrap();
    let ids = [bed.accept_text("a"), bed.accept_text("b")];
    for (envelope, version) in ids.into_iter().zip([None, Some(later)]) {
        let outcome = Outcome::Filtered { step: "step 1: only".to_owned(), reason: "no".to_owned() };
        let (channel, trace) = (bed.channel, vec![]);
        let routed = Routed { envelope, channel, version, after: None, at: NOON, outcome, trace };
        crate::faulty::wait(|done| bed.store.route(routed, done)).unwrap();
    }
    let bed = bed.reopen(subject);
    let record = |id| bed.store.envelope(id).unwrap().unwrap();
    assert_eq!(record(ids[0]).version(), record(ids[0]).envelope.version);
    assert_eq!(record(ids[1]).version(), later);
    assert_ne!(record(ids[1]).envelope.version, later);
}

/// An envelope routed after one that was refused is refused too.
pub fn passes_over_nothing_that_was_refused(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let ids: Vec<_> = (0..3).map(|_| bed.accept_text("a")).collect();
    let route = |envelope, after| {
        let outcome = Outcome::Filtered { step: "step 1: only".to_owned(), reason: "no".to_owned() };
        let routed =
            Routed { envelope, channel: bed.channel, version: None, after, at: NOON, outcome, trace: vec![] };
        crate::faulty::wait(|done| bed.store.route(routed, done))
    };
    route(ids[0], None).unwrap();
    assert!(route(ids[2], Some(ids[1])).is_err());
    route(ids[1], Some(ids[0])).unwrap();
    route(ids[2], Some(ids[1])).unwrap();
    assert_eq!(bed.store.channels().unwrap()[0].tally.filtered, 3);
    bed.check();
}

/// An envelope that comes with its route has both at once, and both stay.
pub fn takes_a_route_with_its_envelope(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    bed.route_to(bed.accept_text("before"), "");
    let changed = Payload::from(&b"patient=4712"[..]);
    let parts = vec![Part::Unchanged, Part::Changed(changed.clone())];
    let to = |lane: &str, part| NewDelivery { destination: bed.ris, lane: lane.into(), part };
    let outcome = Outcome::Deliveries { parts, deliveries: vec![to("a", 0), to("b", 1)] };
    let accepted = bed.accept_routed("patient=4711", outcome).unwrap();
    assert_eq!(accepted, Accepted { id: EnvelopeId(2), is_routed: true });
    let ended = Outcome::Filtered { step: "step 1: only".to_owned(), reason: "no".to_owned() };
    assert!(bed.accept_routed("third", ended).unwrap().is_routed);
    assert!(bed.store.unrouted(bed.channel, EnvelopeId(0), 9, 999).unwrap().is_empty());
    let bed = bed.reopen(subject);
    assert!(bed.store.unrouted(bed.channel, EnvelopeId(0), 9, 999).unwrap().is_empty());
    let record = bed.store.envelope(accepted.id).unwrap().unwrap();
    assert_eq!(record.parts, [record.envelope.payload.clone(), changed]);
    assert_eq!(record.route.unwrap().trace, ["step 1: set"]);
    let waiting = bed.store.waiting(bed.ris, "b", None, 9).unwrap();
    assert_eq!(waiting.iter().map(|one| one.key.envelope).collect::<Vec<_>>(), [accepted.id]);
    let tally = bed.store.channels().unwrap()[0].tally;
    assert_eq!((tally.received, tally.routed, tally.filtered, tally.unrouted), (3, 2, 1, 0));
    bed.check();
}

/// As long as an earlier envelope waits for its steps, a later one is accepted without its route.
pub fn takes_no_route_before_an_earlier_one(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let to = |lane: &str| Outcome::Deliveries {
        parts: vec![Part::Unchanged],
        deliveries: vec![NewDelivery { destination: bed.ris, lane: lane.into(), part: 0 }],
    };
    let first = bed.accept_text("first");
    let second = bed.accept_routed("second", to("")).unwrap();
    assert_eq!(second, Accepted { id: EnvelopeId(2), is_routed: false });
    bed.route_to(first, "");
    assert!(!bed.accept_routed("third", to("")).unwrap().is_routed, "the second waits still");
    let unrouted = bed.store.unrouted(bed.channel, EnvelopeId(0), 9, 999).unwrap();
    assert_eq!(unrouted.iter().map(|one| one.id.0).collect::<Vec<_>>(), [2, 3]);
    bed.route_to(second.id, "");
    bed.route_to(EnvelopeId(3), "");
    assert!(bed.accept_routed("fourth", to("")).unwrap().is_routed);
    let waiting = bed.store.waiting(bed.ris, "", None, 9).unwrap();
    assert_eq!(waiting.iter().map(|one| one.key.envelope.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
    bed.check();
}

/// A route that makes no sense leaves nothing behind, and its envelope is kept.
pub fn takes_no_route_that_makes_no_sense(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let to = |destination, part| Outcome::Deliveries {
        parts: vec![Part::Unchanged],
        deliveries: vec![NewDelivery { destination, lane: "".into(), part }],
    };
    let nowhere = Outcome::Deliveries { parts: vec![], deliveries: vec![] };
    for (number, outcome) in
        [to(klinke_model::DestinationId(55), 0), to(bed.ris, 1), nowhere].into_iter().enumerate()
    {
        let accepted = bed.accept_routed("kept", outcome).unwrap();
        assert_eq!(accepted, Accepted { id: EnvelopeId(number as u64 + 1), is_routed: false });
        assert!(bed.store.lanes(bed.ris, None, 9).unwrap().is_empty());
        bed.route_to(accepted.id, "");
        let waits = bed.store.waiting(bed.ris, "", None, 9).unwrap().pop().unwrap();
        bed.tried(&waits.key, 1, klinke_model::AttemptResult::Delivered);
    }
    let mut new = bed.new_envelope("a", 0);
    new.channel = klinke_model::ChannelId(88);
    let early = crate::Early { version: None, at: NOON, outcome: to(bed.ris, 0), trace: vec![] };
    let refused = crate::faulty::wait(|done| bed.store.accept_routed(new, early, done));
    assert!(matches!(refused, Err(Error::Missing(_))), "an envelope that is refused takes its route with it");
    bed.check();
}

/// The highest one routed is the mark; what lies below counts as routed, and as failed in the books.
pub fn counts_what_a_mark_passes_as_failed(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let ids: Vec<_> = (0..5).map(|_| bed.accept_text("a")).collect();
    bed.route_to(ids[3], "");
    assert_eq!(bed.store.unrouted(bed.channel, EnvelopeId(0), 9, 999).unwrap().len(), 1);
    let tally = bed.store.channels().unwrap()[0].tally;
    assert_eq!((tally.received, tally.failed, tally.routed, tally.unrouted), (5, 3, 1, 1));
    let bed = bed.reopen(subject);
    assert_eq!(bed.store.channels().unwrap()[0].tally, tally);
    bed.route_to(ids[4], "");
    assert!(bed.store.unrouted(bed.channel, EnvelopeId(0), 9, 999).unwrap().is_empty());
    bed.check();
}

/// Filtered and failed envelopes are kept with step and reason.
pub fn keeps_what_was_filtered_or_failed(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let (first, second) = (bed.accept_text("a"), bed.accept_text("b"));
    let (step, reason) = ("step 2: only".to_owned(), "MSH-9.1 is none of ADT".to_owned());
    bed.route(first, Outcome::Filtered { step: step.clone(), reason: reason.clone() }).unwrap();
    bed.route(second, Outcome::Failed { step: step.clone(), reason: reason.clone() }).unwrap();
    let bed = bed.reopen(subject);
    for (id, failed) in [(first, false), (second, true)] {
        let ended = bed.store.envelope(id).unwrap().unwrap().route.unwrap().ended.unwrap();
        assert_eq!((ended.failed, &ended.step, &ended.reason), (failed, &step, &reason));
    }
    let tally = bed.store.channels().unwrap()[0].tally;
    assert_eq!((tally.filtered, tally.failed, tally.unrouted), (1, 1, 0));
    bed.check();
}

/// Payloads of every size and kind come back byte for byte, also as another part.
pub fn keeps_payloads_of_every_size(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let sizes = [0, 1, 7, 4096, 65_535, 65_536, 65_537, 3_000_000];
    let mut kept = Vec::new();
    for (place, size) in sizes.into_iter().enumerate() {
        let mut random = size as u32 + 1;
        let noise = |_| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if place % 2 == 0 { (random >> 24) as u8 } else { b'A' + (random >> 28) as u8 }
        };
        let payload = Payload::new((0..size).map(noise).collect());
        let mut new = bed.new_envelope("", 0);
        new.payload = payload.clone();
        let id = bed.accept(new).unwrap();
        let mut other = payload.to_vec();
        other.reverse();
        let other = Payload::new(other);
        let parts = vec![Part::Changed(other.clone()), Part::Unchanged];
        let deliveries = vec![NewDelivery { destination: bed.ris, lane: "".into(), part: 0 }];
        bed.route(id, Outcome::Deliveries { parts, deliveries }).unwrap();
        kept.push((id, payload, other));
    }
    let bed = bed.reopen(subject);
    for (id, payload, other) in kept {
        assert!(bed.store.part(id, 0).unwrap() == other, "part of {} bytes", payload.len());
        assert!(bed.store.part(id, 1).unwrap() == payload, "unchanged part of {} bytes", payload.len());
        assert!(bed.store.envelope(id).unwrap().unwrap().envelope.payload == payload);
        assert!(matches!(bed.store.part(id, 2), Err(Error::Missing(_))));
    }
    assert!(bed.store.verify(&mut |_, _| ()).unwrap().faults.is_empty());
}

/// One byte changed, much inserted, everything different, hundreds of parts.
pub fn keeps_parts_of_every_kind(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let text: String = (0..60).map(|line| format!("OBX|{line}|NM|code{line}||{}\r", line * 7)).collect();
    let mut kept = Vec::new();
    for round in 0..3 {
        let id = bed.accept_text(&text);
        let mut variants = vec![text.replace("code7", "code8"), text[..40].to_owned(), String::new()];
        variants.push(format!("{}{text}{text}", "Z".repeat(500)));
        variants.push(text[100..].to_owned() + &text[..100]);
        variants.push("nothing of it".to_owned());
        variants.push(text.clone());
        variants.extend((0..300 * round).map(|part| format!("OBX|{part}|NM|code{part}")));
        let parts = variants.iter().map(|one| Part::Changed(Payload::from(one.as_bytes()))).collect();
        let to = |part| NewDelivery { destination: bed.ris, lane: "".into(), part };
        let deliveries = (0..variants.len() as u16).map(to).collect();
        bed.route(id, Outcome::Deliveries { parts, deliveries }).unwrap();
        kept.push((id, variants));
    }
    let bed = bed.reopen(subject);
    for (id, variants) in kept {
        let record = bed.store.envelope(id).unwrap().unwrap();
        assert!(record.parts.iter().map(|one| &**one).eq(variants.iter().map(|one| one.as_bytes())));
        assert_eq!(bed.store.part(id, 3).unwrap(), record.parts[3]);
    }
}

/// Values are set, replaced, cleared and kept.
pub fn keeps_values(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    assert_eq!(bed.store.value("mllp/sequence").unwrap(), None);
    bed.store.set_value("mllp/sequence", Some(b"17")).unwrap();
    bed.store.set_value("mllp/sequence", Some(b"18")).unwrap();
    bed.store.set_value("gone", Some(b"")).unwrap();
    assert_eq!(bed.store.value("gone").unwrap(), Some(vec![]));
    bed.store.set_value("gone", None).unwrap();
    let bed = bed.reopen(subject);
    assert_eq!(bed.store.value("mllp/sequence").unwrap(), Some(b"18".to_vec()));
    assert_eq!(bed.store.value("gone").unwrap(), None);
}

/// Values are listed in the order of their names, page by page; `%` and `_` are letters like others.
pub fn lists_values_by_the_beginning_of_their_names(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    for name in ["people/b", "people/a", "people/ä", "people%", "peopleX/c", "other/a", "People/d"] {
        bed.store.set_value(name, Some(name.as_bytes())).unwrap();
    }
    let bed = bed.reopen(subject);
    let names = |prefix: &str, after: Option<&str>, limit| {
        let found = bed.store.values(prefix, after, limit).unwrap();
        assert!(found.iter().all(|(name, value)| name.as_bytes() == value));
        found.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!(names("people/", None, 9), ["people/a", "people/b", "people/ä"]);
    assert_eq!(names("people/", None, 2), ["people/a", "people/b"]);
    assert_eq!(names("people/", Some("people/b"), 2), ["people/ä"]);
    assert_eq!(names("people%", None, 9), ["people%"]);
    assert_eq!(names("nothing", None, 9), Vec::<String>::new());
    assert_eq!(names("", None, 99).len(), 7);
}

/// Digests come newest first, of one channel, not older than asked.
pub fn knows_fingerprints(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    for number in 0..10 {
        let mut new = bed.new_envelope("a", number);
        new.fingerprint = (number != 4).then_some(number * 1000);
        bed.accept(new).unwrap();
    }
    let other = bed.store.channel("orm").unwrap();
    let mut new = bed.new_envelope("a", 99);
    (new.channel, new.version) = (other, bed.store.version(other, "x", NOON).unwrap());
    new.fingerprint = Some(77);
    bed.accept(new).unwrap();
    let bed = bed.reopen(subject);
    let since = NOON.after(Duration::from_secs(3));
    let found = bed.store.fingerprints(bed.channel, since, 100).unwrap();
    let wanted = [9, 8, 7, 6, 5, 3].map(|number| (number * 1000, EnvelopeId(number + 1)));
    assert_eq!(found, wanted);
    assert_eq!(bed.store.fingerprints(bed.channel, since, 2).unwrap(), wanted[..2]);
    assert_eq!(bed.store.fingerprints(other, since, 2).unwrap(), [(77, EnvelopeId(11))]);
}

/// Origins and children.
pub fn knows_where_envelopes_came_from(subject: &mut dyn Subject) {
    let bed = Bed::new(subject);
    let parent = bed.accept_text("whole");
    let origins = [
        Origin::Channel(parent),
        Origin::Split(parent),
        Origin::Resent(parent),
        Origin::Edited(parent),
        Origin::Split(EnvelopeId(2)),
        Origin::Fragment(Some(EnvelopeId(3))),
        Origin::Joined(Some(EnvelopeId(3))),
        Origin::Fragment(None),
        Origin::Joined(None),
    ];
    for origin in origins.clone() {
        let mut new = bed.new_envelope("piece", 0);
        new.origin = origin;
        bed.accept(new).unwrap();
    }
    let bed = bed.reopen(subject);
    let record = bed.store.envelope(parent).unwrap().unwrap();
    assert_eq!(record.children, [2, 3, 4, 5].map(EnvelopeId));
    let record = bed.store.envelope(EnvelopeId(3)).unwrap().unwrap();
    assert_eq!(record.children, [7, 8].map(EnvelopeId));
    for (number, origin) in origins.into_iter().enumerate() {
        let child = bed.store.envelope(EnvelopeId(number as u64 + 2)).unwrap().unwrap();
        assert_eq!(child.envelope.origin, origin);
    }
}
