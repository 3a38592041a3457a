//! Finds envelopes.

use std::collections::HashMap;

use anyhow::{Result, bail};
use klinke_model::{EnvelopeId, Timestamp};
use klinke_store::{ChannelInfo, Field, KeyName, Query, StateFilter};

use super::answer::Counter;
use klinke_console::house::request::Find;
use klinke_console::house::view::MessageLine;

/// Most lines given at once.
const LINES_MAX: usize = 10_000;

/// The envelopes that a query finds.
pub fn messages(counter: &Counter, find: &Find) -> Result<Vec<MessageLine>> {
    let channels = counter.store.channels()?;
    let names: HashMap<_, _> = channels.iter().map(|one| (one.id, one.name.clone())).collect();
    let query = query(&channels, find)?;
    let found = counter.store.search(&query)?;
    let line = |summary: &klinke_store::Summary| {
        let channel = names.get(&summary.envelope.channel).cloned().unwrap_or_default();
        MessageLine::new(summary, channel)
    };
    Ok(found.iter().map(line).collect())
}

fn query(channels: &[ChannelInfo], find: &Find) -> Result<Query> {
    let channel = match &find.channel {
        None => None,
        Some(name) => {
            let Some(found) = channels.iter().find(|channel| channel.name == *name) else {
                bail!("there is no channel `{name}`; `klinke status` lists them");
            };
            Some(found.id)
        }
    };
    let state = find.state.as_deref().map(state).transpose()?;
    Ok(Query {
        channel,
        system: find.system.clone(),
        from: find.from.map(Timestamp),
        until: find.until.map(Timestamp),
        fields: find.keys.iter().map(|(name, value)| field(name, value)).collect(),
        text: find.text.clone(),
        state,
        beyond: find.beyond.map(EnvelopeId),
        oldest_first: find.oldest_first,
        limit: find.limit.clamp(1, LINES_MAX),
    })
}

fn field(name: &str, value: &str) -> Field {
    let prefix = value.ends_with('*');
    Field { name: key_name(name), value: value.trim_end_matches('*').to_owned(), prefix }
}

/// A key's name; what is none of the known words is a path.
pub fn key_name(name: &str) -> KeyName {
    match name {
        "patient" => KeyName::Patient,
        "case" => KeyName::Case,
        "order" => KeyName::Order,
        "control" => KeyName::Control,
        "event" => KeyName::Event,
        path => KeyName::Path(path.to_owned()),
    }
}

fn state(word: &str) -> Result<StateFilter> {
    Ok(match word {
        "unrouted" => StateFilter::Unrouted,
        "filtered" => StateFilter::Filtered,
        "failed" => StateFilter::Failed,
        "waiting" => StateFilter::Waiting,
        "dead" => StateFilter::Dead,
        "delivered" => StateFilter::Delivered,
        other => bail!("`{other}` is none of unrouted, filtered, failed, waiting, dead, delivered"),
    })
}
