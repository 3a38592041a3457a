//! What must hold once everything has healed.

use std::collections::{BTreeMap, BTreeSet};

use klinke_model::{DeliveryKey, DeliveryState, Origin};
use klinke_store::{EnvelopeRecord, Store};

use super::partner::Event;
use super::world::World;

pub fn check(world: &World) -> Result<(), String> {
    let last = world.memory.channels().unwrap().iter().filter_map(|one| one.last).max();
    let all = (1..=last.map_or(0, |last| last.0)).map(klinke_model::EnvelopeId);
    let records: Vec<EnvelopeRecord> = all.filter_map(|id| world.memory.envelope(id).unwrap()).collect();
    check_books(world)?;
    check_acknowledged(world, &records)?;
    check_ends(world, &records)?;
    check_relayed(world, &records)?;
    check_order(world)?;
    check_repeats(world)
}

fn check_books(world: &World) -> Result<(), String> {
    let faults = world.memory.verify(&mut |_, _| {}).unwrap().faults;
    if !faults.is_empty() {
        return Err(format!("the books: {faults:?}"));
    }
    match world.waiting_at_end.iter().find(|(_, waiting)| *waiting != 0) {
        Some((name, waiting)) => Err(format!("{name} counts {waiting} that wait, and none does")),
        None => Ok(()),
    }
}

/// Nothing that a sender was told is kept is lost or changed, and nothing came in twice.
fn check_acknowledged(world: &World, records: &[EnvelopeRecord]) -> Result<(), String> {
    let text = |record: &EnvelopeRecord| String::from_utf8_lossy(&record.envelope.payload).into_owned();
    for (sent, id) in &world.known.lock().unwrap().acknowledged {
        match records.iter().find(|record| record.envelope.id == *id) {
            Some(record) if text(record) == *sent => {}
            Some(_) => return Err(format!("envelope {id} is not what was acknowledged as it")),
            None => return Err(format!("envelope {id} was acknowledged and is lost")),
        }
    }
    let mut seen = BTreeSet::new();
    for record in records.iter().filter(|record| record.envelope.origin == Origin::Received) {
        if !seen.insert(text(record)) {
            return Err(format!("envelope {} came before", record.envelope.id));
        }
    }
    Ok(())
}

/// Every envelope ended as its steps say, every delivery as partners and people say.
fn check_ends(world: &World, records: &[EnvelopeRecord]) -> Result<(), String> {
    let events = world.events();
    let taken: BTreeSet<&DeliveryKey> =
        events.iter().filter(|event| event.code == "AA").map(|event| &event.key).collect();
    let refused: BTreeSet<&DeliveryKey> =
        events.iter().filter(|event| event.code == "AR").map(|event| &event.key).collect();
    let names = world.memory.destinations().unwrap();
    let known = world.known.lock().unwrap();
    for record in records {
        let id = record.envelope.id;
        let route = record.route.as_ref().ok_or(format!("envelope {id} was passed over"))?;
        let text = String::from_utf8_lossy(&record.envelope.payload).into_owned();
        let is_inner = matches!(record.envelope.origin, Origin::Channel(_));
        let expected = if is_inner { 1 } else { expected(&text) };
        let found = record.deliveries.len();
        let ended = route.ended.as_ref().map(|ended| ended.failed);
        let wanted = match () {
            () if !is_inner && text.contains("kind=filter") => Some(false),
            () if !is_inner && text.contains("kind=fail") => Some(true),
            () => None,
        };
        if (ended, found) != (wanted, expected) {
            return Err(format!("envelope {id}: ended {ended:?} with {found} deliveries"));
        }
        for (delivery, attempts) in &record.deliveries {
            let key = &delivery.key;
            let is_relay = names.iter().any(|one| one.id == key.destination && one.name == "next");
            let ok = match delivery.state {
                DeliveryState::Waiting => false,
                DeliveryState::Delivered => is_relay || taken.contains(key),
                DeliveryState::Dead => refused.contains(key) || known.killed.contains(key),
                DeliveryState::Dropped => known.skipped.contains(key),
            };
            if !ok {
                let state = delivery.state;
                return Err(format!("{key:?} is {state:?} without a cause, {} attempts", attempts.len()));
            }
            let part = world.memory.part(id, key.part).unwrap();
            let sent = events.iter().filter(|event| event.key == *key);
            if sent.into_iter().any(|event| event.text.as_bytes() != &part[..]) {
                return Err(format!("{key:?} was sent with other bytes than are kept"));
            }
        }
    }
    Ok(())
}

/// How many deliveries the steps of the outer channel make of a text.
fn expected(text: &str) -> usize {
    if text.contains("kind=filter") || text.contains("kind=fail") {
        return 0;
    }
    let documents = if text.contains("kind=split") { 2 } else { 1 };
    documents * if text.contains("to=y") { 3 } else { 2 }
}

/// What was handed on in process was handed on once, unless it was revived for another time.
fn check_relayed(world: &World, records: &[EnvelopeRecord]) -> Result<(), String> {
    let names = world.memory.destinations().unwrap();
    let known = world.known.lock().unwrap();
    for record in records {
        let of_relay = record.deliveries.iter().map(|(delivery, _)| delivery).filter(|delivery| {
            names.iter().any(|one| one.id == delivery.key.destination && one.name == "next")
        });
        let delivered = of_relay.clone().filter(|one| one.state == DeliveryState::Delivered).count();
        let touched =
            of_relay.filter(|one| known.killed.contains(&one.key) || known.skipped.contains(&one.key));
        let touched = touched.count();
        let children =
            records.iter().filter(|other| other.envelope.origin == Origin::Channel(record.envelope.id));
        let children = children.count();
        // One that a person gave up may have been handed on before the engine heard of it.
        if children < delivered || children > delivered + touched {
            return Err(format!(
                "envelope {} was handed on {children} times, {delivered} delivered",
                record.envelope.id
            ));
        }
    }
    Ok(())
}

/// In each lane, all came to the partner for the first time in the order received, whatever it answered.
fn check_order(world: &World) -> Result<(), String> {
    let known = world.known.lock().unwrap();
    let mut lanes: BTreeMap<_, (BTreeSet<DeliveryKey>, Option<DeliveryKey>)> = BTreeMap::new();
    for event in world.events() {
        if known.revived.contains(&event.key) {
            continue;
        }
        let lane = (event.key.destination, event.key.lane.clone());
        let (seen, last) = lanes.entry(lane).or_default();
        if !seen.insert(event.key.clone()) {
            continue;
        }
        if last.as_ref().is_some_and(|last| *last > event.key) {
            return Err(format!("{:?} came after {last:?}", event.key));
        }
        *last = Some(event.key);
    }
    Ok(())
}

/// What a partner took twice had lost its answer, or a crash had swallowed the record of it; and the
/// engine knew that it may be a repeat.
fn check_repeats(world: &World) -> Result<(), String> {
    let mut taken: BTreeMap<DeliveryKey, Event> = BTreeMap::new();
    for event in world.events().into_iter().filter(|event| event.code == "AA") {
        let Some(before) = taken.insert(event.key.clone(), event.clone()) else { continue };
        if !event.repeat {
            return Err(format!("{:?} came again and was not said to: {before:?}, {event:?}", event.key));
        }
        let swallowed = world.clean[before.epoch..event.epoch].iter().any(|is_clean| !is_clean);
        if before.answered && !swallowed {
            return Err(format!("{:?} came again though its answer was known", event.key));
        }
    }
    Ok(())
}
