//! What an adapter counts and remembers: numbers, times and hashes of this run; no addresses, no payload.
//! What is remembered one by one has a limit each: the oldest goes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use klinke_diagnosis::Speech;
use klinke_diagnosis::facts::{Arrived, Ended, Lives};
use klinke_model::Timestamp;

use super::Stream;

/// How many ended connections are remembered.
const ENDED_MAX: usize = 32;
/// How many uses of a connection after a silence are remembered.
const REUSED_MAX: usize = 32;
/// How many arrivals are remembered.
const ARRIVALS_MAX: usize = 128;
/// A shorter silence says nothing of firewalls.
const SILENCE_MIN: Duration = Duration::from_millis(150);
/// Among arrivals of one moment one is looked at: what they say of clocks and characters is the same.
const LOOK_EVERY: Duration = Duration::from_micros(500);

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
    last_frame: AtomicI64,
    record: Mutex<Record>,
}

/// What is remembered one by one.
#[derive(Debug, Default)]
struct Record {
    violations: BTreeMap<&'static str, (u64, Timestamp)>,
    turned_away: BTreeMap<&'static str, (u64, Timestamp)>,
    ended: VecDeque<Ended>,
    reused: VecDeque<(Duration, bool)>,
    spoke: Option<(Timestamp, Speech)>,
    arrivals: VecDeque<Arrived>,
    looked: Option<Instant>,
    secured: Option<Secured>,
}

/// What the latest TLS handshake with a partner showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secured {
    /// `TLSv1_3`.
    pub version: String,
    /// The cipher suite.
    pub cipher: String,
    /// How many certificates came.
    pub chain: usize,
    /// Until when the partner's certificate is valid.
    pub until: Option<Timestamp>,
}

/// What is remembered, at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// When the last frame came.
    pub last_frame: Option<Timestamp>,
    /// What partners did against the framing's rules: what, how often, when last.
    pub violations: Vec<(&'static str, u64, Timestamp)>,
    /// Connections turned away: why, how often, when last.
    pub turned_away: Vec<(&'static str, u64, Timestamp)>,
    /// How connections lived.
    pub lives: Lives,
    /// The latest arrivals.
    pub arrivals: Vec<Arrived>,
    /// What the latest TLS handshake with a partner showed.
    pub secured: Option<Secured>,
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
            violations: self.record().violations.iter().map(|(kind, (count, _))| (*kind, *count)).collect(),
        }
    }

    /// What is remembered now.
    pub fn memory(&self) -> Memory {
        let last = self.last_frame.load(Ordering::Relaxed);
        let record = self.record();
        let listed = |map: &BTreeMap<&'static str, (u64, Timestamp)>| {
            map.iter().map(|(kind, (count, at))| (*kind, *count, *at)).collect()
        };
        Memory {
            last_frame: (last != 0).then_some(Timestamp(last)),
            violations: listed(&record.violations),
            turned_away: listed(&record.turned_away),
            lives: Lives {
                ended: record.ended.iter().cloned().collect(),
                reused: record.reused.iter().copied().collect(),
                spoke: record.spoke,
            },
            arrivals: record.arrivals.iter().copied().collect(),
            secured: record.secured.clone(),
        }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection began; it counts as open until the guard goes.
    pub(crate) fn connected(&self) -> Open<'_> {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
        Open(self)
    }

    /// As [`Statistics::connected`], for a guard that lives as long as its connection.
    pub(crate) fn opened(self: &Arc<Self>) -> OpenShared {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
        OpenShared(Arc::clone(self))
    }

    /// A connection was turned away; `why` is a stable word.
    pub(crate) fn turned_away(&self, why: &'static str) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
        note(&mut self.record().turned_away, why, 1);
    }

    pub(crate) fn frame(&self) {
        self.frames.fetch_add(1, Ordering::Relaxed);
        self.last_frame.store(Timestamp::now().0, Ordering::Relaxed);
    }

    /// Notes what a new connection's handshake showed.
    pub(crate) fn secured(&self, stream: &Stream) {
        if let Some(secured) = stream.secured() {
            self.record().secured = Some(secured);
        }
    }

    /// A connection ended, and not because we wished it.
    pub(crate) fn ended(&self, ended: Ended) {
        push(&mut self.record().ended, ended, ENDED_MAX);
    }

    /// A kept connection was used after a silence, and carried or did not.
    pub(crate) fn reused(&self, idle: Duration, good: bool) {
        if idle >= SILENCE_MIN {
            push(&mut self.record().reused, (idle, good), REUSED_MAX);
        }
    }

    /// What a partner said that was no frame of ours.
    pub(crate) fn spoke(&self, speech: Speech) {
        self.record().spoke = Some((Timestamp::now(), speech));
    }

    /// True when the next arrival is to be looked at.
    pub(crate) fn wants_arrival(&self) -> bool {
        let mut record = self.record();
        let wants = record.looked.is_none_or(|looked| looked.elapsed() >= LOOK_EVERY);
        if wants {
            record.looked = Some(Instant::now());
        }
        wants
    }

    /// Remembers an arrival.
    pub(crate) fn arrived(&self, arrived: Arrived) {
        push(&mut self.record().arrivals, arrived, ARRIVALS_MAX);
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
        note(&mut self.record().violations, kind, count);
    }
}

fn note(map: &mut BTreeMap<&'static str, (u64, Timestamp)>, kind: &'static str, count: u64) {
    let known = map.entry(kind).or_default();
    *known = (known.0 + count, Timestamp::now());
}

fn push<T>(list: &mut VecDeque<T>, one: T, most: usize) {
    if list.len() >= most {
        list.pop_front();
    }
    list.push_back(one);
}

/// An open connection, for [`Snapshot::open`].
pub(crate) struct Open<'a>(&'a Statistics);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// As [`Open`], sharing what it counts in.
#[derive(Debug)]
pub(crate) struct OpenShared(Arc<Statistics>);

impl Drop for OpenShared {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
