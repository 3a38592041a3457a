//! Envelopes on their way from the store to the steps: a short queue in memory, all else on disk.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use klinke_model::{Envelope, EnvelopeId, VersionId};
use tokio::sync::Notify;

use super::work::Made;

/// The way from the intake to the worker of one channel.
pub(crate) struct Inbox {
    items_max: usize,
    bytes_max: usize,
    state: Mutex<State>,
    notify: Notify,
    /// Envelopes accepted and not yet routed, here or in the store.
    unrouted: AtomicI64,
    /// The latest envelope that was routed in the moment of its arrival.
    early: AtomicU64,
}

/// An envelope, and what its steps made of it where they have run early.
pub(crate) struct Arrived {
    pub envelope: Envelope,
    pub made: Option<(VersionId, Made)>,
}

impl Arrived {
    fn bytes(&self) -> usize {
        let parts = self.made.iter().flat_map(|(_, made)| &made.parts);
        let changed = parts.filter(|part| !part.is_same(&self.envelope.payload));
        self.envelope.payload.len() + changed.map(|part| part.len()).sum::<usize>()
    }
}

impl From<Envelope> for Arrived {
    fn from(envelope: Envelope) -> Self {
        Arrived { envelope, made: None }
    }
}

struct State {
    queue: VecDeque<Arrived>,
    bytes: usize,
    /// More was accepted than lies here: the worker reads on in the store.
    behind: bool,
    /// The newest envelope accepted.
    newest: EnvelopeId,
}

/// What the worker finds.
pub(crate) enum Found {
    /// These are next.
    Envelopes(Vec<Arrived>),
    /// What is next lies in the store.
    InStore,
    /// Nothing.
    Nothing,
}

impl Inbox {
    /// An inbox that first looks into the store, where `unrouted` envelopes lie from before.
    pub fn new(items_max: usize, bytes_max: usize, unrouted: u64) -> Self {
        let state = State { queue: VecDeque::new(), bytes: 0, behind: true, newest: EnvelopeId(0) };
        let unrouted = AtomicI64::new(i64::try_from(unrouted).unwrap_or(i64::MAX));
        Inbox {
            items_max,
            bytes_max,
            state: Mutex::new(state),
            notify: Notify::new(),
            unrouted,
            early: AtomicU64::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an envelope that the store has just accepted. Called in the order of their numbers.
    pub fn push(&self, arrived: Arrived) {
        self.unrouted.fetch_add(1, Ordering::Relaxed);
        let mut state = self.lock();
        state.newest = arrived.envelope.id;
        let bytes = arrived.bytes();
        let full = state.queue.len() >= self.items_max
            || (!state.queue.is_empty() && state.bytes + bytes > self.bytes_max);
        if state.behind || full {
            state.behind = true;
        } else {
            state.bytes += bytes;
            state.queue.push_back(arrived);
        }
        drop(state);
        self.notify.notify_one();
    }

    /// The store has confirmed what the steps made of an envelope.
    pub fn routed(&self) {
        self.unrouted.fetch_sub(1, Ordering::Relaxed);
    }

    /// The store has taken an envelope with its route: it never lies here.
    pub fn passed(&self, id: EnvelopeId) {
        self.early.store(id.0, Ordering::Release);
    }

    /// The latest that passed so.
    pub fn routed_early(&self) -> EnvelopeId {
        EnvelopeId(self.early.load(Ordering::Acquire))
    }

    /// Envelopes whose steps have not run.
    pub fn unrouted(&self) -> u64 {
        u64::try_from(self.unrouted.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// What comes after `last`; at most `limit`.
    pub fn take(&self, last: EnvelopeId, limit: usize) -> Found {
        let mut state = self.lock();
        let mut taken = Vec::new();
        while taken.len() < limit {
            let Some(arrived) = state.queue.pop_front() else { break };
            state.bytes -= arrived.bytes();
            if arrived.envelope.id > last {
                taken.push(arrived);
            }
        }
        match (taken.is_empty(), state.behind) {
            (false, _) => Found::Envelopes(taken),
            (true, true) => Found::InStore,
            (true, false) => Found::Nothing,
        }
    }

    /// The worker has found nothing more in the store and done all up to `last`. False when more came
    /// meanwhile.
    pub fn caught_up(&self, last: EnvelopeId) -> bool {
        let mut state = self.lock();
        if state.newest <= last {
            state.behind = false;
        }
        !state.behind
    }

    /// Forgets what lies here; the worker reads on in the store.
    pub fn fall_behind(&self) {
        let mut state = self.lock();
        state.queue.clear();
        state.bytes = 0;
        state.behind = true;
    }

    /// Waits until something came.
    pub async fn changed(&self) {
        self.notify.notified().await;
    }

    /// Wakes the worker.
    pub fn wake(&self) {
        self.notify.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use klinke_model::{ChannelId, Origin, Payload, Timestamp, VersionId};

    use super::*;

    fn arrived(id: u64) -> Arrived {
        Arrived::from(Envelope {
            id: EnvelopeId(id),
            channel: ChannelId(1),
            version: VersionId(1),
            received: Timestamp(0),
            system: "".into(),
            peer: "".into(),
            format: "text".into(),
            origin: Origin::Received,
            fingerprint: None,
            payload: Payload::new(vec![0; 10]),
        })
    }

    fn ids(found: Found) -> Vec<u64> {
        match found {
            Found::Envelopes(arrived) => arrived.iter().map(|one| one.envelope.id.0).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn what_does_not_fit_is_read_in_the_store_and_order_holds() {
        let inbox = Inbox::new(2, 1_000, 0);
        assert!(matches!(inbox.take(EnvelopeId(0), 9), Found::InStore), "the store is asked first");
        assert!(inbox.caught_up(EnvelopeId(0)));
        (1..=4).for_each(|id| inbox.push(arrived(id)));
        assert_eq!(ids(inbox.take(EnvelopeId(0), 9)), [1, 2]);
        assert!(matches!(inbox.take(EnvelopeId(2), 9), Found::InStore));
        inbox.push(arrived(5));
        assert!(!inbox.caught_up(EnvelopeId(4)), "5 came meanwhile");
        assert!(inbox.caught_up(EnvelopeId(5)));
        inbox.push(arrived(6));
        assert_eq!(ids(inbox.take(EnvelopeId(5), 9)), [6]);
        assert!(matches!(inbox.take(EnvelopeId(6), 9), Found::Nothing));
    }

    #[test]
    fn what_the_store_has_shown_already_is_not_taken_twice() {
        let inbox = Inbox::new(10, 1_000, 0);
        assert!(inbox.caught_up(EnvelopeId(0)));
        (1..=3).for_each(|id| inbox.push(arrived(id)));
        assert_eq!(ids(inbox.take(EnvelopeId(2), 9)), [3]);
    }
}
