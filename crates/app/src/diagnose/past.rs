//! Attempts out of the store: what is left of a run that has ended.

use anyhow::Result;
use klinke_diagnosis::facts::{End, Tried};
use klinke_model::{Attempt, AttemptResult, ChannelId, DestinationId};
use klinke_store::Query;

use crate::control::answer::Counter;

/// How many of a channel's latest envelopes are looked at.
const ENVELOPES_MAX: usize = 40;

/// The latest attempts of a destination, oldest first.
pub(super) fn attempts(
    counter: &Counter,
    channel: ChannelId,
    destination: DestinationId,
) -> Result<Vec<Tried>> {
    let query = Query { channel: Some(channel), limit: ENVELOPES_MAX, ..Query::default() };
    let mut all = Vec::new();
    for found in counter.store.search(&query)? {
        let Some(record) = counter.store.envelope(found.envelope.id)? else { continue };
        let own = record.deliveries.iter().filter(|(delivery, _)| delivery.key.destination == destination);
        for (delivery, attempts) in own {
            let part = record.parts.get(usize::from(delivery.key.part));
            let bytes = part.map_or(found.size, |part| part.len() as u64);
            all.extend(attempts.iter().map(|attempt| tried(found.envelope.id.0, bytes, attempt)));
        }
    }
    all.sort_by_key(|one| one.ended);
    Ok(all)
}

fn tried(envelope: u64, bytes: u64, attempt: &Attempt) -> Tried {
    Tried {
        envelope,
        ended: attempt.ended,
        took: attempt.ended.since(attempt.started),
        bytes,
        end: end(attempt),
        code: attempt.code.clone(),
        text: attempt.text.clone(),
    }
}

/// The store keeps what an attempt meant; what kind of end it was, its code says.
fn end(attempt: &Attempt) -> End {
    match attempt.code.as_str() {
        _ if attempt.result == AttemptResult::Delivered => End::Accepted,
        "refused" | "unreachable" | "tls" | "no-folder" | "permission" | "disk-full" | "401" | "403"
        | "404" | "405" | "407" | "502" | "503" | "504" => End::Unreachable,
        "timeout" | "closed" | "reset" | "not-an-ack" | "wrong-control-id" | "no-msa" | "unknown-code"
        | "unknown-answer" | "fault" => End::Unclear,
        _ => End::Refused,
    }
}
