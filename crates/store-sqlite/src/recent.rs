//! The envelopes accepted last, in memory: what their steps make is kept as a change of them, and the
//! index reads them, without going to the disk.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use klinke_model::{ChannelId, Payload};

/// How many bytes of payload are remembered.
const BYTES_MAX: usize = 2 << 20;
/// How many envelopes are remembered.
const ENVELOPES_MAX: usize = 32 << 10;

/// What is remembered of one envelope.
#[derive(Clone)]
pub(crate) struct Remembered {
    pub(crate) channel: ChannelId,
    /// Its place in its channel; the first is 1.
    pub(crate) seq: u64,
    /// Its bytes, unless they are in a file.
    pub(crate) payload: Option<Payload>,
}

#[derive(Default)]
pub(crate) struct Recent(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    envelopes: HashMap<u64, Remembered>,
    order: VecDeque<u64>,
    bytes: usize,
}

impl Recent {
    pub(crate) fn get(&self, id: u64) -> Option<Remembered> {
        self.inside().envelopes.get(&id).cloned()
    }

    pub(crate) fn add(&self, id: u64, one: Remembered) {
        let mut inside = self.inside();
        inside.bytes += one.payload.as_ref().map_or(0, Payload::len);
        inside.envelopes.insert(id, one);
        inside.order.push_back(id);
        while inside.bytes > BYTES_MAX || inside.order.len() > ENVELOPES_MAX {
            let Some(oldest) = inside.order.pop_front() else { break };
            if let Some(gone) = inside.envelopes.remove(&oldest) {
                inside.bytes -= gone.payload.as_ref().map_or(0, Payload::len);
            }
        }
    }

    /// Forgets everything, because a commit failed or envelopes were pruned.
    pub(crate) fn clear(&self) {
        *self.inside() = Inside::default();
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
