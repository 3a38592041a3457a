//! Removes what is old.

use klinke_model::{EnvelopeId, Timestamp};

use super::state::State;
use crate::{PruneReport, PruneRule};

/// Envelopes removed in one bite.
const BITE: usize = 500;

pub(super) fn prune(state: &mut State, rules: &[PruneRule], now: Timestamp) -> PruneReport {
    let mut report = PruneReport::default();
    for rule in rules {
        for id in candidates(state, rule, now) {
            if report.envelopes as usize >= BITE {
                report.more = true;
                return report;
            }
            if let Some(kept) = state.envelopes.remove(&id) {
                report.envelopes += 1;
                report.bytes += kept.bytes();
            }
        }
    }
    report
}

/// What a rule lets go, oldest first.
fn candidates(state: &State, rule: &PruneRule, now: Timestamp) -> Vec<EnvelopeId> {
    let Ok(channel) = state.channel(rule.channel) else { return Vec::new() };
    let of_channel = || state.envelopes.values().filter(|kept| kept.envelope.channel == rule.channel);
    let mut bytes: u64 = of_channel().map(|kept| kept.bytes()).sum();
    let oldest = rule.age_max.map(|age| now.before(age));
    let mut found = Vec::new();
    for kept in of_channel().filter(|kept| kept.is_finished(channel.mark)) {
        let is_old = oldest.is_some_and(|oldest| kept.envelope.received < oldest);
        let is_too_much = rule.bytes_max.is_some_and(|most| bytes > most);
        if is_old || is_too_much {
            bytes -= kept.bytes();
            found.push(kept.envelope.id);
        }
    }
    found
}
