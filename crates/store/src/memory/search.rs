//! Finds envelopes by looking at every one.

use klinke_model::{DeliveryState, Payload};

use super::state::{Kept, State};
use crate::{KeyName, Keys, Query, Result, StateFilter, Summary};

pub(super) fn search(state: &State, keys: &dyn Keys, query: &Query) -> Result<Vec<Summary>> {
    let limit = if query.limit == 0 { 50 } else { query.limit };
    let mut found = Vec::new();
    let mut ahead = state.envelopes.values();
    let next = || if query.oldest_first { ahead.next() } else { ahead.next_back() };
    for kept in std::iter::from_fn(next) {
        if found.len() >= limit {
            break;
        }
        let envelope = &kept.envelope;
        let mark = state.channel(envelope.channel)?.mark;
        if !plain_fields_match(kept, query) || !query.state.is_none_or(|one| is_in(kept, mark, one)) {
            continue;
        }
        let known = keys.keys(&envelope.format, &envelope.payload);
        let fields_match = query.fields.iter().all(|field| has(&known, field));
        if !fields_match || !text_matches(kept, keys, query) {
            continue;
        }
        let mut bare = envelope.clone();
        bare.payload = Payload::default();
        found.push(Summary {
            envelope: bare,
            size: envelope.payload.len() as u64,
            state: kept.state_name(mark),
            keys: known.into_iter().map(|(name, value)| (name.as_str().to_owned(), value)).collect(),
        });
    }
    Ok(found)
}

fn has(known: &[(KeyName, String)], field: &crate::Field) -> bool {
    let same = |value: &String| match field.prefix {
        true => value.starts_with(&field.value),
        false => *value == field.value,
    };
    known.iter().any(|(name, value)| *name == field.name && same(value))
}

/// Every word of the text looked for occurs, whatever its case.
fn text_matches(kept: &Kept, keys: &dyn Keys, query: &Query) -> bool {
    let Some(wanted) = &query.text else { return true };
    let Some(text) = keys.text(&kept.envelope.format, &kept.envelope.payload) else { return false };
    let text = text.to_lowercase();
    wanted.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

fn plain_fields_match(kept: &Kept, query: &Query) -> bool {
    let one = &kept.envelope;
    query.channel.is_none_or(|channel| one.channel == channel)
        && query.system.as_ref().is_none_or(|system| *one.system == **system)
        && query.from.is_none_or(|from| one.received >= from)
        && query.until.is_none_or(|until| one.received < until)
        && query.beyond.is_none_or(|id| if query.oldest_first { one.id > id } else { one.id < id })
}

fn is_in(kept: &Kept, mark: klinke_model::EnvelopeId, wanted: StateFilter) -> bool {
    let any = |state| kept.deliveries.values().any(|(one, _)| one.state == state);
    match wanted {
        StateFilter::Unrouted => kept.envelope.id > mark,
        StateFilter::Filtered => kept.state_name(mark) == "filtered",
        StateFilter::Failed => kept.state_name(mark) == "failed",
        StateFilter::Waiting => any(DeliveryState::Waiting),
        StateFilter::Dead => any(DeliveryState::Dead),
        StateFilter::Delivered => kept.state_name(mark) == "delivered",
    }
}
