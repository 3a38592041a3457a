//! Learns dialects from what is kept, and says what is new against them. No payload leaves: the answers
//! hold no patient data.

use anyhow::{Context, Result, bail};
use klinke_diagnosis::dialect::{Dialect, Learner};
use klinke_formats::hl7v2::{self, outline::outlines};
use klinke_model::{EnvelopeId, Timestamp};
use klinke_store::Query;

use super::answer::{Counter, Progress};
use crate::serve::drift::Watched;
use klinke_console::house::request::Learn;
use klinke_console::house::view::{DriftView, Learned};

/// Envelopes that are listed at once.
const BITE: usize = 500;
/// Larger payloads are documents more than messages.
pub const PAYLOAD_BYTES_MAX: u64 = 16 << 20;

/// Learns a system's dialect.
pub fn learn(counter: &Counter, ask: &Learn, progress: Progress<'_>) -> Result<Learned> {
    let channel = match &ask.channel {
        None => None,
        Some(name) => {
            let channels = counter.store.channels()?;
            let found = channels.into_iter().find(|channel| channel.name == *name);
            Some(found.with_context(|| format!("there is no channel `{name}`; `klinke status` lists them"))?)
        }
    };
    let before: Option<Dialect> = ask.before.clone().map(serde_json::from_value).transpose()?;
    let mut learner = before.map(Learner::resume);
    let files = counter.files();
    let total = channel.as_ref().map_or(0, |channel| channel.tally.received);
    let mut query = Query {
        channel: channel.map(|channel| channel.id),
        system: ask.system.clone().filter(|_| ask.channel.is_none()),
        from: ask.from.map(Timestamp),
        oldest_first: true,
        limit: BITE,
        ..Query::default()
    };
    let (mut done, mut unread) = (0u64, 0u64);
    loop {
        let found = counter.store.search(&query)?;
        let Some(last) = found.last().map(|summary| summary.envelope.id) else { break };
        for summary in &found {
            done += 1;
            let envelope = &summary.envelope;
            if &*envelope.format != hl7v2::NAME || summary.size > PAYLOAD_BYTES_MAX {
                unread += 1;
                continue;
            }
            let system = ask.system.as_deref().unwrap_or(&envelope.system);
            let learner = learner.get_or_insert_with(|| Learner::new(system));
            match read(counter, envelope.id, files.charset(&envelope.system), &files.local)? {
                Some(outlines) => outlines.iter().for_each(|one| learner.learn(one)),
                None => unread += 1,
            }
        }
        progress(done, total);
        query.beyond = Some(last);
        if found.len() < BITE {
            break;
        }
    }
    let Some(learner) = learner.filter(|learner| learner.messages() > 0) else {
        bail!("there is nothing to learn from: no HL7 v2 message was found");
    };
    Ok(Learned { dialect: serde_json::to_value(learner.finish())?, unread })
}

/// The outlines of a kept envelope; none when it holds no message.
pub fn read(
    counter: &Counter,
    id: EnvelopeId,
    charset: Option<&str>,
    local: &klinke_hl7v2::definitions::Local,
) -> Result<Option<Vec<klinke_diagnosis::dialect::Outline>>> {
    // Pruned meanwhile is as good as not there.
    let Some(record) = counter.store.envelope(id)? else { return Ok(None) };
    Ok(outlines(&record.envelope.payload, Some(local), charset).ok())
}

/// What is new, system by system.
pub fn drift(counter: &Counter, system: Option<&str>) -> Result<Vec<DriftView>> {
    let files = counter.files();
    if let Some(name) = system.filter(|name| !files.dialects.contains_key(*name)) {
        bail!("there is no dialects/{name}.toml; `klinke learn --system {name} --write` makes one");
    }
    let wanted =
        files.dialects.iter().filter(|(name, _)| system.is_none_or(|wanted| wanted == name.as_str()));
    wanted.map(|(name, gauge)| Ok(Watched::load(counter.store.as_ref(), name, gauge)?.view())).collect()
}
