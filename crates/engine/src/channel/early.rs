//! Steps that run before the store has numbered an envelope, so that one commit keeps both.
//!
//! Steps are pure: what they make of an envelope is the same before and after it is kept. Where they are
//! quick they run as soon as it has arrived, and the store gets the envelope and its route in one entry:
//! a message waits for the disk once instead of twice. Nothing else changes. Whatever stands against it
//! (steps that ask for the number, that fail, or that take long; a large payload; others that wait before it)
//! leaves the envelope to the channel's worker, which runs the steps as ever.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use klinke_model::{Envelope, EnvelopeId, Timestamp, VersionId};
use klinke_store::Outcome;

use super::work::{Made, Works};
use crate::clock::Clock;
use crate::lane::desk::Desk;
use crate::lane::queue::Item;

/// Envelopes that wait for the worker, above which nothing runs early: it would come too soon anyway.
const WAITING_MAX: u64 = 64;

/// Steps that take longer than this on average are left to the worker: the sender would wait for them.
const QUICK: Duration = Duration::from_millis(1);

/// What a script may take; one that takes longer is stopped, and runs again as ever.
const SCRIPT_TIME_MAX: Duration = Duration::from_millis(20);

/// How long a channel's steps take.
#[derive(Debug, Default)]
pub(crate) struct Pace(AtomicU64);

impl Pace {
    /// Takes a run into the mean, whose weight halves with about every fifth run.
    pub fn note(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).min(1 << 32);
        let mean = self.0.load(Ordering::Relaxed);
        // Two at once may lose one of the runs: it is a mean.
        self.0.store(mean - mean / 8 + took / 8, Ordering::Relaxed);
    }

    fn is_quick(&self) -> bool {
        self.0.load(Ordering::Relaxed) <= QUICK.as_micros() as u64
    }
}

/// Runs steps early.
pub(crate) struct Early {
    pub works: Arc<RwLock<Works>>,
    pub pace: Arc<Pace>,
    pub clock: Clock,
    /// The largest payload that is handled so.
    pub bytes_max: usize,
}

impl Early {
    /// What the steps make of an envelope without a number, and their version; `None` when it is the worker's.
    /// `waiting` envelopes wait for the worker.
    pub fn run(&self, envelope: &Envelope, waiting: u64) -> Option<(VersionId, Made)> {
        if envelope.payload.len() > self.bytes_max || waiting > WAITING_MAX || !self.pace.is_quick() {
            return None;
        }
        // Held while the steps run: they are quick, and a reload can wait as long.
        let works = self.works.read().unwrap_or_else(PoisonError::into_inner);
        let (version, work) = works.early(envelope)?;
        let begun = self.clock.now();
        let made = work.run_early(envelope, SCRIPT_TIME_MAX);
        self.pace.note(self.clock.now().since(begun));
        Some((version, made?))
    }
}

/// The deliveries of one result, by desk.
pub(crate) type Items = Vec<Vec<(Arc<str>, Item)>>;

/// The deliveries of a result, for those desks that get any.
pub(crate) fn items(desks: &[Arc<Desk>], envelope: EnvelopeId, made: &Made, queued: Timestamp) -> Items {
    let mut items: Items = desks.iter().map(|_| Vec::new()).collect();
    let Outcome::Deliveries { deliveries, .. } = &made.outcome else { return items };
    for delivery in deliveries {
        let Some(desk) = desks.iter().position(|desk| desk.id == delivery.destination) else { continue };
        let payload = made.parts.get(usize::from(delivery.part)).cloned();
        let item =
            Item { envelope, part: delivery.part, attempts: 0, repeat: false, ticket: 0, queued, payload };
        items[desk].push((delivery.lane.clone(), item));
    }
    items
}

/// Puts deliveries into their lanes. Called in the order of their commits.
pub(crate) fn push(desks: &[Arc<Desk>], items: Items) {
    for (desk, items) in desks.iter().zip(items) {
        if !items.is_empty() {
            desk.push(items);
        }
    }
}

/// The same deliveries, now that their envelope has a number.
pub(crate) fn numbered(mut items: Items, envelope: EnvelopeId) -> Items {
    items.iter_mut().flatten().for_each(|(_, item)| item.envelope = envelope);
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_run_changes_nothing_and_many_do_until_they_are_quick_again() {
        let pace = Pace::default();
        pace.note(Duration::from_millis(4));
        assert!(pace.is_quick(), "the first run of a script takes milliseconds");
        (0..5).for_each(|_| pace.note(Duration::from_millis(4)));
        assert!(!pace.is_quick());
        (0..20).for_each(|_| pace.note(Duration::from_micros(30)));
        assert!(pace.is_quick());
        pace.note(Duration::from_secs(60));
        assert!(!pace.is_quick());
    }
}
