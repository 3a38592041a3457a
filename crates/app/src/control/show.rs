//! One envelope with every stage: as received, after each step, as sent, as answered.

use anyhow::{Context, Result};
use klinke_model::{EnvelopeId, Payload};
use klinke_store::EnvelopeRecord;

use super::answer::Counter;
use super::find;
use crate::serve::lives;
use klinke_console::house::encode;
use klinke_console::house::view::{DeliveryView, Ended, Message, MessageLine, Stage};

/// Everything known of an envelope. What each step made of it is worked out again: steps are pure, and
/// the version that handled it is kept.
pub fn message(counter: &Counter, id: EnvelopeId) -> Result<Message> {
    let record = counter.store.envelope(id)?.with_context(|| format!("there is no envelope {id}"))?;
    let find = klinke_console::house::request::Find {
        beyond: Some(id.0 + 1),
        limit: 1,
        ..klinke_console::house::request::Find::default()
    };
    let line = find::messages(counter, &find)?.into_iter().find(|line| line.id == id.0);
    let line = line.map_or_else(|| line_of(counter, &record), Ok)?;
    let mut stages =
        vec![Stage { name: "received".to_owned(), payloads: vec![encode(&record.envelope.payload)] }];
    stages.extend(steps(counter, &record, &line.channel));
    for (number, part) in record.parts.iter().enumerate() {
        stages.push(Stage { name: format!("part {number}"), payloads: vec![encode(part)] });
    }
    let names = counter.destinations(None)?;
    let name =
        |id| names.iter().find(|(_, one)| one.id == id).map_or_else(String::new, |(name, _)| name.clone());
    let deliveries = record
        .deliveries
        .iter()
        .map(|(delivery, attempts)| DeliveryView::new(delivery, name(delivery.key.destination), attempts));
    let route = record.route.as_ref();
    let handled = route.map_or(record.envelope.received, |route| route.at);
    Ok(Message {
        peer: record.envelope.peer.to_string(),
        origin: record.envelope.origin.name().to_owned(),
        parent: record.envelope.origin.parent().map(|id| id.0),
        children: record.children.iter().map(|id| id.0).collect(),
        version: record.version().0,
        revision: lives::at(counter.store.as_ref(), record.version(), handled)?.map(|life| life.revision),
        stages,
        ended: route.and_then(|route| route.ended.as_ref()).map(|ended| Ended {
            failed: ended.failed,
            step: ended.step.clone(),
            reason: ended.reason.clone(),
        }),
        trace: route.map(|route| route.trace.clone()).unwrap_or_default(),
        deliveries: deliveries.collect(),
        line,
    })
}

fn line_of(counter: &Counter, record: &EnvelopeRecord) -> Result<MessageLine> {
    let envelope = &record.envelope;
    Ok(MessageLine {
        id: envelope.id.0,
        received: envelope.received.to_string(),
        channel: counter.channel_name(envelope.channel)?,
        system: envelope.system.to_string(),
        state: String::new(),
        size: envelope.payload.len() as u64,
        keys: Vec::new(),
    })
}

/// The stages after each step, by running the version's steps again; none when they can't be built.
fn steps(counter: &Counter, record: &EnvelopeRecord, channel: &str) -> Vec<Stage> {
    let versions = counter.store.versions(record.envelope.channel).unwrap_or_default();
    let Some(version) = versions.iter().find(|version| version.id == record.version()) else {
        return Vec::new();
    };
    let Ok(trial) = counter.world.trial(channel, &version.text) else { return Vec::new() };
    let mut stages = Vec::new();
    let mut observer = |name: &str, payloads: &[Payload]| {
        let payloads = payloads.iter().map(|payload| encode(payload)).collect();
        stages.push(Stage { name: name.to_owned(), payloads });
    };
    trial.run(&record.envelope, Some(&mut observer));
    stages
}
