//! A changed channel handles some of the messages, and is stopped when it fares worse than the live one.
//!
//! Which version handles an envelope is the engine's choice ([`klinke_engine::spec::Canary`]). Here its
//! envelopes are followed behind the store: what failed, was given up or refused, on either side.

mod watch;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use klinke_console::house::canary::{Canary, Side};
use klinke_model::EnvelopeId;
use serde_json::Value;

use crate::deploy::CanaryFrom;

pub use watch::run;

/// So many bad envelopes it takes before anything is concluded.
const BAD_MIN: u64 = 3;

/// The canaries of a running site, and what came of their envelopes.
#[derive(Default)]
pub struct Book(Mutex<BTreeMap<String, Watched>>);

/// A canary that is followed.
struct Watched {
    from: CanaryFrom,
    /// The last envelope seen.
    seen: EnvelopeId,
    /// Envelopes that have not come to an end.
    open: Vec<EnvelopeId>,
    /// What has come to an end, and with that what is known of the open ones: live, changed.
    settled: (Side, Side),
    known: (Side, Side),
}

impl Book {
    /// These are the canaries now.
    pub fn follow(&self, canaries: &BTreeMap<String, CanaryFrom>) {
        let mut all = self.lock();
        all.retain(|channel, one| canaries.get(channel).is_some_and(|from| from.began == one.from.began));
        for (channel, from) in canaries {
            let begin = || Watched {
                from: from.clone(),
                seen: EnvelopeId(from.after),
                open: Vec::new(),
                settled: Default::default(),
                known: Default::default(),
            };
            all.entry(channel.clone()).or_insert_with(begin).from = from.clone();
        }
    }

    /// How both sides of each fare.
    pub fn views(&self, channel: Option<&str>) -> Result<Value> {
        let all = self.lock();
        let wanted = all.iter().filter(|(name, _)| channel.is_none_or(|wanted| wanted == *name));
        let view = |(name, one): (&String, &Watched)| Canary {
            channel: name.clone(),
            revision: one.from.revision.clone(),
            terms: one.from.terms.to_string(),
            since: one.from.began.clone(),
            stopped: one.from.stopped.clone(),
            live: one.known.0,
            changed: one.known.1,
        };
        Ok(serde_json::to_value(wanted.map(view).collect::<Vec<_>>())?)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Watched>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a canary is to be stopped, if it is: it has several bad envelopes and at least twice the live side's
/// share of them, or more of them than good ones while the live side's share is lower.
fn verdict(live: &Side, changed: &Side) -> Option<String> {
    let is_worse = changed.bad * (live.handled + 1) > 2 * (live.bad + 1) * changed.handled;
    let is_mostly_bad =
        2 * changed.bad > changed.handled && changed.bad * live.handled.max(1) > live.bad * changed.handled;
    (changed.bad >= BAD_MIN && (is_worse || is_mostly_bad)).then(|| {
        format!(
            "{} of {} went wrong under the changed version ({} failed, {} given up, {} refused), {} of {} under the live one",
            changed.bad, changed.handled, changed.failed, changed.dead, changed.refused, live.bad, live.handled
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_is_stopped_when_it_is_worse_and_not_when_all_is_bad() {
        let side = |handled, bad| Side { handled, bad, ..Side::default() };
        assert_eq!(verdict(&side(100, 0), &side(5, 2)), None, "too few to tell");
        assert!(verdict(&side(100, 0), &side(5, 3)).is_some());
        assert!(verdict(&side(100, 1), &side(60, 10)).is_some());
        assert_eq!(verdict(&side(100, 10), &side(30, 3)), None, "the partner refuses both");
        assert_eq!(verdict(&side(100, 100), &side(30, 30)), None);
        assert!(verdict(&side(0, 0), &side(3, 3)).is_some(), "nothing else to hold against");
    }
}
