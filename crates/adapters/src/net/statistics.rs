//! What an adapter counts: numbers alone, no addresses, no payload.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counters of one source or destination, shared by its connections.
#[derive(Debug, Default)]
pub struct Statistics {
    connections: AtomicU64,
    open: AtomicU64,
    turned_away: AtomicU64,
    frames: AtomicU64,
    answers: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    timeouts: AtomicU64,
    violations: Mutex<BTreeMap<&'static str, u64>>,
}

/// The counters at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Connections since the start.
    pub connections: u64,
    /// Connections now.
    pub open: u64,
    /// Connections closed at once: not on the list, too many, no valid certificate.
    pub turned_away: u64,
    /// Frames received.
    pub frames: u64,
    /// Answers sent, or frames sent by a destination.
    pub answers: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Connections closed because a time ran out.
    pub timeouts: u64,
    /// What partners did against the framing's rules, by kind.
    pub violations: BTreeMap<&'static str, u64>,
}

impl Statistics {
    /// The counters now.
    pub fn snapshot(&self) -> Snapshot {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Snapshot {
            connections: get(&self.connections),
            open: get(&self.open),
            turned_away: get(&self.turned_away),
            frames: get(&self.frames),
            answers: get(&self.answers),
            bytes_in: get(&self.bytes_in),
            bytes_out: get(&self.bytes_out),
            timeouts: get(&self.timeouts),
            violations: self.violations.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// A connection began; it counts as open until the guard goes.
    pub(crate) fn connected(&self) -> Open<'_> {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
        Open(self)
    }

    pub(crate) fn turned_away(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn frame(&self) {
        self.frames.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn answered(&self, count: u64) {
        self.answers.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn received(&self, bytes: usize) {
        self.bytes_in.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.bytes_out.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn timed_out(&self) {
        self.timeouts.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a violation.
    pub(crate) fn violated(&self, kind: &'static str, count: u64) {
        *self.violations.lock().unwrap_or_else(PoisonError::into_inner).entry(kind).or_default() += count;
    }
}

/// An open connection, for [`Snapshot::open`].
pub(crate) struct Open<'a>(&'a Statistics);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
