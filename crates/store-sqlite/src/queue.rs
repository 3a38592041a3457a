//! The queue before the writer: bounded, so that callers wait when the disk can't keep up.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

use crate::entry::Entry;

/// Entries that wait before callers do.
const ENTRIES_MAX: usize = 8_192;
/// Bytes that wait before callers do.
const BYTES_MAX: usize = 32 << 20;
/// The most entries and bytes in one commit.
const BATCH_ENTRIES_MAX: usize = 1_024;
const BATCH_BYTES_MAX: usize = 8 << 20;

#[derive(Default)]
pub(crate) struct Queue {
    inside: Mutex<Inside>,
    is_filled: Condvar,
    has_room: Condvar,
    /// The thread that empties it; it never waits for room.
    writer: OnceLock<ThreadId>,
}

#[derive(Default)]
struct Inside {
    entries: VecDeque<Entry>,
    bytes: usize,
    is_closed: bool,
    /// How many batches were taken.
    taken: u64,
}

/// What the writer is to do next.
pub(crate) enum Next {
    Commit(Vec<Entry>),
    /// Nothing came in the time given.
    Idle,
    /// The queue is closed and empty.
    Closed,
}

impl Queue {
    /// Tells the queue that the calling thread empties it.
    pub(crate) fn set_writer(&self) {
        let _ = self.writer.set(std::thread::current().id());
    }

    /// Adds an entry, waiting for room; gives it back when the queue is closed.
    pub(crate) fn push(&self, entry: Entry) -> Result<(), Entry> {
        let mut inside = self.inside();
        let is_writer = || self.writer.get() == Some(&std::thread::current().id());
        while inside.is_full() && !inside.is_closed && !is_writer() {
            inside = self.has_room.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        if inside.is_closed {
            return Err(entry);
        }
        inside.bytes += entry.bytes();
        inside.entries.push_back(entry);
        let is_first = inside.entries.len() == 1;
        drop(inside);
        if is_first {
            self.is_filled.notify_one();
        }
        Ok(())
    }

    /// Takes what waits, as much as one commit may hold.
    pub(crate) fn take(&self, patience: Duration) -> Next {
        let mut inside = self.inside();
        if inside.entries.is_empty() && !inside.is_closed {
            let waited = self.is_filled.wait_timeout(inside, patience);
            inside = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if inside.entries.is_empty() {
            return if inside.is_closed { Next::Closed } else { Next::Idle };
        }
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH_ENTRIES_MAX && bytes < BATCH_BYTES_MAX {
            let Some(entry) = inside.entries.pop_front() else { break };
            bytes += entry.bytes();
            batch.push(entry);
        }
        inside.bytes -= bytes;
        inside.taken += 1;
        drop(inside);
        self.has_room.notify_all();
        Next::Commit(batch)
    }

    /// Takes no more entries; what waits is still written.
    pub(crate) fn close(&self) {
        self.inside().is_closed = true;
        self.is_filled.notify_all();
        self.has_room.notify_all();
    }

    /// How many batches were taken: unchanged means that nothing was written.
    pub(crate) fn commits(&self) -> u64 {
        self.inside().taken
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn is_full(&self) -> bool {
        self.entries.len() >= ENTRIES_MAX || self.bytes >= BYTES_MAX
    }
}
