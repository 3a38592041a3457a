//! The queue before the writer: bounded, so that callers wait when the disk can't keep up.
//!
//! Nobody waits for the record of an attempt, and whoever delivered a message is likely to be given the next
//! one at once. So records alone don't make a commit as long as they are young: they go with the next entry
//! that somebody waits for.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use crate::entry::Entry;

/// Entries that wait before callers do.
const ENTRIES_MAX: usize = 8_192;
/// Bytes that wait before callers do.
const BYTES_MAX: usize = 32 << 20;
/// How long entries that nobody waits for may lie before they are written for themselves.
const LINGER: Duration = Duration::from_millis(2);
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
    /// Somebody waits for one of the entries.
    is_awaited: bool,
    /// When the oldest came, where nobody waits.
    since: Option<Instant>,
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
        let wakes = inside.entries.is_empty() || (entry.is_awaited() && !inside.is_awaited);
        if inside.entries.is_empty() {
            inside.since = Some(Instant::now());
        }
        inside.is_awaited |= entry.is_awaited();
        inside.entries.push_back(entry);
        drop(inside);
        if wakes {
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
        while let Some(rest) = inside.lingers() {
            inside = self.is_filled.wait_timeout(inside, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH_ENTRIES_MAX && bytes < BATCH_BYTES_MAX {
            let Some(entry) = inside.entries.pop_front() else { break };
            bytes += entry.bytes();
            batch.push(entry);
        }
        inside.bytes -= bytes;
        inside.taken += 1;
        inside.is_awaited = inside.entries.iter().any(Entry::is_awaited);
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

    /// How much longer the entries may lie, when nobody waits for them and they are few.
    fn lingers(&self) -> Option<Duration> {
        let hurried = self.is_awaited || self.is_closed || self.entries.len() >= BATCH_ENTRIES_MAX / 4;
        let lain = self.since.filter(|_| !hurried)?.elapsed();
        LINGER.checked_sub(lain).filter(|rest| !rest.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use klinke_model::{Attempt, AttemptResult, DeliveryKey, DestinationId, EnvelopeId, Timestamp};
    use klinke_store::Error;

    use super::*;
    use crate::entry::Record;

    fn record() -> Entry {
        let key =
            DeliveryKey { destination: DestinationId(1), lane: "".into(), envelope: EnvelopeId(1), part: 0 };
        let attempt = Attempt {
            number: 1,
            started: Timestamp(0),
            ended: Timestamp(0),
            repeat: false,
            answer: None,
            code: String::new(),
            text: String::new(),
            result: AttemptResult::Delivered,
        };
        Entry::Record(Box::new(Record { key, attempt, answer: None }), Box::new(|_| ()))
    }

    fn awaited() -> Entry {
        Entry::Refused(Error::Closed, Box::new(|_| ()))
    }

    /// How many entries the next commit has, and how long it was waited for.
    fn take(queue: &Queue) -> (usize, Duration) {
        let begun = Instant::now();
        let Next::Commit(batch) = queue.take(Duration::from_secs(9)) else { panic!("something waits") };
        (batch.len(), begun.elapsed())
    }

    #[test]
    fn records_alone_wait_a_moment_for_company_and_not_for_ever() {
        let queue = Arc::new(Queue::default());
        (0..3).for_each(|_| drop(queue.push(record())));
        let (taken, waited) = take(&queue);
        assert_eq!(taken, 3);
        assert!(waited >= LINGER / 2 && waited < Duration::from_secs(5), "{waited:?}");
        drop(queue.push(record()));
        let other = queue.clone();
        let later = std::thread::spawn(move || {
            std::thread::sleep(LINGER / 8);
            drop(other.push(awaited()));
        });
        let mut taken = take(&queue).0;
        later.join().expect("it ends");
        if taken == 1 {
            // The machine was too slow to bring the two together.
            taken += take(&queue).0;
        }
        assert_eq!(taken, 2);
    }

    #[test]
    fn nothing_lingers_that_somebody_waits_for_or_at_the_end() {
        let queue = Queue::default();
        drop(queue.push(record()));
        drop(queue.push(awaited()));
        assert!(queue.inside().lingers().is_none());
        assert_eq!(take(&queue).0, 2);
        drop(queue.push(record()));
        assert!(queue.inside().lingers().is_some(), "the next one begins anew");
        queue.close();
        assert!(queue.inside().lingers().is_none());
        assert_eq!(take(&queue).0, 1);
    }
}
