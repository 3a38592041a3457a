//! A store that fails, waits and crashes on command, the same way for the same seed.
//!
//! Entries queue until [`FaultyStore::step`] writes them to the store beneath and calls their `done`s, on
//! the caller's thread. So a simulation decides when a commit happens, and [`FaultyStore::crash`] may come
//! before it, or between the commit and its `done`.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use klinke_model::{
    ChannelId, ChannelTally, Delivery, DeliveryKey, DestinationId, DestinationTally, Envelope, EnvelopeId,
    Hold, Payload, Timestamp, VersionId,
};

use crate::{
    Accepted, Action, AuditEnds, AuditQuery, AuditRecord, ChannelInfo, DestinationInfo, Done, Early,
    EnvelopeRecord, Error, Health, LaneSummary, NewEnvelope, PruneReport, PruneRule, Query, Result, Routed,
    Store, Summary, Tried, VerifyReport, VersionInfo,
};

/// How often entries fail by chance, each in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Entries answered with [`Error::Full`].
    pub full: u16,
    /// Entries answered with [`Error::Unwritable`].
    pub unwritable: u16,
}

/// A store with faults around another store.
pub struct FaultyStore<S> {
    inner: Arc<S>,
    inside: Mutex<Inside>,
}

struct Inside {
    queue: VecDeque<Pending>,
    random: u64,
    faults: Faults,
    refusal: Option<Error>,
    spoilt: Option<EnvelopeId>,
    is_manual: bool,
    is_stepping: bool,
}

/// What becomes of a queued entry.
enum Fate {
    Commit,
    /// Written, but nobody learns of it.
    CommitUnheard,
    Refuse(Error),
}

type Pending = Box<dyn FnOnce(Fate) + Send>;

impl<S: Store> FaultyStore<S> {
    /// Wraps a store. Without further calls it does what the store does, on the caller's thread.
    pub fn new(inner: Arc<S>, seed: u64) -> Self {
        let inside = Inside {
            queue: VecDeque::new(),
            random: seed ^ 0x9E37_79B9_7F4A_7C15,
            faults: Faults::default(),
            refusal: None,
            spoilt: None,
            is_manual: false,
            is_stepping: false,
        };
        FaultyStore { inner, inside: Mutex::new(inside) }
    }

    /// The store beneath.
    pub fn inner(&self) -> &Arc<S> {
        &self.inner
    }

    /// Sets how often entries fail by chance.
    pub fn set_faults(&self, faults: Faults) {
        self.inside().faults = faults;
    }

    /// Refuses everything that is written with this error, until called with `None`.
    pub fn refuse(&self, with: Option<Error>) {
        self.inside().refusal = with;
    }

    /// The bytes of an envelope are damaged from now on, for whoever reads what is not yet routed.
    pub fn spoil(&self, envelope: EnvelopeId) {
        self.inside().spoilt = Some(envelope);
    }

    /// With `true`, entries wait for [`FaultyStore::step`]; with `false` they are written at once.
    pub fn set_manual(&self, is_manual: bool) {
        self.inside().is_manual = is_manual;
        if !is_manual {
            self.run();
        }
    }

    /// How many entries wait.
    pub fn pending(&self) -> usize {
        self.inside().queue.len()
    }

    /// Writes the first waiting entry and calls its `done`; false when none waits.
    pub fn step(&self) -> bool {
        let mut inside = self.inside();
        if inside.is_stepping {
            return false;
        }
        let Some(pending) = inside.queue.pop_front() else { return false };
        let fate = inside.fate();
        inside.is_stepping = true;
        drop(inside);
        pending(fate);
        self.inside().is_stepping = false;
        true
    }

    /// Writes all waiting entries, and those that their `done`s make.
    pub fn run(&self) {
        while self.step() {}
    }

    /// Crashes: the first `committed` of the waiting entries are written without their `done`s being
    /// called, the others are forgotten. Whoever holds the store must then open it anew.
    pub fn crash(&self, committed: usize) {
        let queue = std::mem::take(&mut self.inside().queue);
        for pending in queue.into_iter().take(committed) {
            pending(Fate::CommitUnheard);
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write<T: Send + 'static>(&self, done: Done<T>, write: impl FnOnce(&S, Done<T>) + Send + 'static) {
        let inner = self.inner.clone();
        let pending: Pending = Box::new(move |fate| {
            let is_heard = !matches!(fate, Fate::CommitUnheard);
            let result = match fate {
                Fate::Refuse(error) => Err(error),
                Fate::Commit | Fate::CommitUnheard => wait(|done| write(&inner, done)),
            };
            if is_heard {
                done(result);
            }
        });
        let mut inside = self.inside();
        inside.queue.push_back(pending);
        let is_manual = inside.is_manual;
        drop(inside);
        if !is_manual {
            self.run();
        }
    }

    fn check_refusal(&self) -> Result<()> {
        self.inside().refusal.clone().map_or(Ok(()), Err)
    }
}

/// Makes one call of a store and waits for its `done`.
pub fn wait<T: Send + 'static>(call: impl FnOnce(Done<T>)) -> Result<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    call(Box::new(move |result| {
        // The receiver waits below as long as the sender lives.
        let _ = sender.send(result);
    }));
    receiver.recv().unwrap_or(Err(Error::Closed))
}

impl Inside {
    fn fate(&mut self) -> Fate {
        if let Some(error) = &self.refusal {
            return Fate::Refuse(error.clone());
        }
        let chance = (self.next() >> 33) % 1000;
        if chance < u64::from(self.faults.full) {
            Fate::Refuse(Error::Full("no space left, as the simulation has it".to_owned()))
        } else if chance < u64::from(self.faults.full) + u64::from(self.faults.unwritable) {
            Fate::Refuse(Error::Unwritable("the disk fails, as the simulation has it".to_owned()))
        } else {
            Fate::Commit
        }
    }

    /// The next number of a linear congruential generator (Knuth's constants).
    fn next(&mut self) -> u64 {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.random
    }
}

impl<S: Store> Store for FaultyStore<S> {
    fn channel(&self, name: &str) -> Result<ChannelId> {
        self.check_refusal().and_then(|()| self.inner.channel(name))
    }

    fn destination(&self, channel: ChannelId, name: &str) -> Result<DestinationId> {
        self.check_refusal().and_then(|()| self.inner.destination(channel, name))
    }

    fn version(&self, channel: ChannelId, text: &str, now: Timestamp) -> Result<VersionId> {
        self.check_refusal().and_then(|()| self.inner.version(channel, text, now))
    }

    fn accept(&self, envelope: NewEnvelope, done: Done<EnvelopeId>) {
        self.write(done, move |inner, done| inner.accept(envelope, done));
    }

    fn accept_routed(&self, envelope: NewEnvelope, early: Early, done: Done<Accepted>) {
        self.write(done, move |inner, done| inner.accept_routed(envelope, early, done));
    }

    fn route(&self, routed: Routed, done: Done<()>) {
        self.write(done, move |inner, done| inner.route(routed, done));
    }

    fn record(&self, tried: Tried, done: Done<()>) {
        self.write(done, move |inner, done| inner.record(tried, done));
    }

    fn act(&self, action: Action, done: Done<u64>) {
        self.write(done, move |inner, done| inner.act(action, done));
    }

    fn arrivals(
        &self,
        channel: ChannelId,
        after: EnvelopeId,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Vec<Envelope>> {
        self.inner.arrivals(channel, after, limit, bytes_max)
    }

    fn unrouted(
        &self,
        channel: ChannelId,
        after: EnvelopeId,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Vec<Envelope>> {
        let mut found = self.inner.unrouted(channel, after, limit, bytes_max)?;
        let spoilt = self.inside().spoilt;
        match found.iter().position(|envelope| Some(envelope.id) == spoilt) {
            Some(0) => Err(Error::Unreadable { envelope: found[0].id, why: "it was spoilt".to_owned() }),
            at => {
                found.truncate(at.unwrap_or(found.len()));
                Ok(found)
            }
        }
    }

    fn lanes(
        &self,
        destination: DestinationId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LaneSummary>> {
        self.inner.lanes(destination, after, limit)
    }

    fn oldest(&self, destination: DestinationId) -> Result<Option<Timestamp>> {
        self.inner.oldest(destination)
    }

    fn waiting(
        &self,
        destination: DestinationId,
        lane: &str,
        after: Option<(EnvelopeId, u16)>,
        limit: usize,
    ) -> Result<Vec<Delivery>> {
        self.inner.waiting(destination, lane, after, limit)
    }

    fn part(&self, envelope: EnvelopeId, part: u16) -> Result<Payload> {
        self.inner.part(envelope, part)
    }

    fn fingerprints(
        &self,
        channel: ChannelId,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<(u64, EnvelopeId)>> {
        self.inner.fingerprints(channel, since, limit)
    }

    fn holds(&self) -> Result<Vec<Hold>> {
        self.inner.holds()
    }

    fn value(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.inner.value(name)
    }

    fn set_value(&self, name: &str, value: Option<&[u8]>) -> Result<()> {
        self.check_refusal().and_then(|()| self.inner.set_value(name, value))
    }

    fn values(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<(String, Vec<u8>)>> {
        self.inner.values(prefix, after, limit)
    }

    fn append_audit(&self, at: Timestamp, entry: Vec<u8>, done: Done<u64>) {
        self.write(done, move |inner, done| inner.append_audit(at, entry, done));
    }

    fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>> {
        self.inner.audit(query)
    }

    fn audit_ends(&self) -> Result<AuditEnds> {
        self.inner.audit_ends()
    }

    fn prune_audit(&self, before: Timestamp, limit: usize) -> Result<u64> {
        self.check_refusal().and_then(|()| self.inner.prune_audit(before, limit))
    }

    fn envelope(&self, id: EnvelopeId) -> Result<Option<EnvelopeRecord>> {
        self.inner.envelope(id)
    }

    fn search(&self, query: &Query) -> Result<Vec<Summary>> {
        self.inner.search(query)
    }

    fn dead(
        &self,
        destination: DestinationId,
        before: Option<EnvelopeId>,
        limit: usize,
    ) -> Result<Vec<Delivery>> {
        self.inner.dead(destination, before, limit)
    }

    fn delivery(&self, key: &DeliveryKey) -> Result<Option<Delivery>> {
        self.inner.delivery(key)
    }

    fn channels(&self) -> Result<Vec<ChannelInfo>> {
        self.inner.channels()
    }

    fn destinations(&self) -> Result<Vec<DestinationInfo>> {
        self.inner.destinations()
    }

    fn versions(&self, channel: ChannelId) -> Result<Vec<VersionInfo>> {
        self.inner.versions(channel)
    }

    fn books(&self) -> Result<(Vec<ChannelTally>, Vec<DestinationTally>)> {
        self.inner.books()
    }

    fn prune(&self, rules: &[PruneRule], now: Timestamp) -> Result<PruneReport> {
        self.check_refusal().and_then(|()| self.inner.prune(rules, now))
    }

    fn backup(&self, folder: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        self.inner.backup(folder, progress)
    }

    fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<VerifyReport> {
        self.inner.verify(progress)
    }

    fn health(&self) -> Result<Health> {
        let refuses = self.inside().refusal.as_ref().map(ToString::to_string);
        Ok(Health { refuses, ..self.inner.health()? })
    }
}
