//! What a channel remembers of its arrivals to tell those that came before.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use klinke_model::{EnvelopeId, Timestamp};
use tokio::sync::watch;

use super::spec::Dedup;

/// A fingerprint's first arrival: its number once it is kept.
pub(crate) type First = watch::Receiver<Option<Result<EnvelopeId, ()>>>;
/// The other side.
pub(crate) type Announce = watch::Sender<Option<Result<EnvelopeId, ()>>>;

/// Remembers fingerprints within a window of time and of number.
pub(crate) struct Memory {
    dedup: Dedup,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: HashMap<u64, (Timestamp, First)>,
    order: VecDeque<(Timestamp, u64)>,
}

impl Memory {
    pub fn new(dedup: Dedup) -> Self {
        Memory { dedup, state: Mutex::default() }
    }

    pub fn dedup(&self) -> &Dedup {
        &self.dedup
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what an earlier run received; oldest first.
    pub fn inherit(&self, known: impl IntoIterator<Item = (u64, EnvelopeId)>, at: Timestamp) {
        let mut state = self.lock();
        for (fingerprint, id) in known {
            let first = watch::channel(Some(Ok(id))).1;
            state.known.insert(fingerprint, (at, first));
            state.order.push_back((at, fingerprint));
        }
    }

    /// The first arrival with this fingerprint; or, when this is the first, where to announce it.
    pub fn meet(&self, fingerprint: u64, now: Timestamp) -> Result<First, Announce> {
        let mut state = self.lock();
        let horizon = now.before(self.dedup.window);
        while let Some(&(at, old)) = state.order.front() {
            if at >= horizon && state.order.len() <= self.dedup.remember_max {
                break;
            }
            state.order.pop_front();
            if state.known.get(&old).is_some_and(|(since, _)| *since == at) {
                state.known.remove(&old);
            }
        }
        if let Some((_, first)) = state.known.get(&fingerprint)
            && is_good(first)
        {
            return Ok(first.clone());
        }
        let (announce, first) = watch::channel(None);
        state.known.insert(fingerprint, (now, first));
        state.order.push_back((now, fingerprint));
        Err(announce)
    }
}

/// True when the first arrival was kept, or still may be.
fn is_good(first: &First) -> bool {
    match *first.borrow() {
        Some(kept) => kept.is_ok(),
        None => first.has_changed().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn knows_what_came_within_the_window_and_forgets_the_rest() {
        let dedup = Dedup { by_content: true, window: Duration::from_secs(60), remember_max: 3 };
        let memory = Memory::new(dedup);
        let announce = memory.meet(7, Timestamp(0)).expect_err("new");
        announce.send_replace(Some(Ok(EnvelopeId(1))));
        let first = memory.meet(7, Timestamp(59_000_000)).expect("known");
        assert_eq!(*first.borrow(), Some(Ok(EnvelopeId(1))));
        assert!(memory.meet(7, Timestamp(61_000_000)).is_err(), "the window is over");
        (10..20).for_each(|other| drop(memory.meet(other, Timestamp(62_000_000))));
        assert!(memory.meet(7, Timestamp(62_000_000)).is_err(), "too many came since");
    }

    #[test]
    fn what_could_not_be_kept_is_new_when_it_comes_again() {
        let memory =
            Memory::new(Dedup { by_content: true, window: Duration::from_secs(60), remember_max: 3 });
        memory.meet(7, Timestamp(0)).expect_err("new").send_replace(Some(Err(())));
        assert!(memory.meet(7, Timestamp(1)).is_err());
    }
}
