//! A store in memory, for tests and for sites that want no memory of the past.
//!
//! It keeps the whole contract except durability over the end of the process. [`MemoryStore::reopen`]
//! gives a fresh store over the same content, as a restart would.

mod act;
mod audit;
mod dones;
mod prune;
mod search;
mod state;
mod write;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use klinke_model::{
    ChannelId, ChannelTally, Delivery, DeliveryKey, DestinationId, DestinationTally, Envelope, EnvelopeId,
    Hold, Payload, Timestamp, VersionId,
};

use crate::{
    Accepted, Action, AuditEnds, AuditQuery, AuditRecord, ChannelInfo, DestinationInfo, Done, Early,
    EnvelopeRecord, Error, Health, Keys, LaneSummary, NewEnvelope, PruneReport, PruneRule, Query, Result,
    Routed, Store, Summary, Tried, VerifyReport, VersionInfo,
};
use dones::Dones;
use state::State;

/// A store in memory.
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    keys: Arc<dyn Keys>,
    dones: Dones,
}

/// Finds no keys in anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoKeys;

impl Keys for NoKeys {
    fn keys(&self, _format: &str, _payload: &[u8]) -> Vec<(crate::KeyName, String)> {
        Vec::new()
    }

    fn text(&self, _format: &str, _payload: &[u8]) -> Option<String> {
        None
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        MemoryStore::new(Arc::new(NoKeys))
    }
}

impl MemoryStore {
    /// An empty store that calls its `done`s on a thread of its own, as the contract says.
    pub fn new(keys: Arc<dyn Keys>) -> Self {
        MemoryStore { state: Arc::default(), keys, dones: Dones::threaded() }
    }

    /// An empty store that calls each `done` within the call itself, on the caller's thread: for
    /// simulations that must run the same way every time. A `done` must then not take a lock that its
    /// caller holds.
    pub fn inline(keys: Arc<dyn Keys>) -> Self {
        MemoryStore { state: Arc::default(), keys, dones: Dones::inline() }
    }

    /// A store over the same content, as after a restart.
    pub fn reopen(&self) -> Self {
        MemoryStore { state: self.state.clone(), keys: self.keys.clone(), dones: self.dones.another() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies an entry and queues its `done` before another entry can come between.
    fn write<T: Send + 'static>(&self, done: Done<T>, apply: impl FnOnce(&mut State) -> Result<T>) {
        let mut state = self.state();
        let result = apply(&mut state);
        self.dones.push(Box::new(move || done(result)));
        drop(state);
        self.dones.run();
    }
}

impl Store for MemoryStore {
    fn channel(&self, name: &str) -> Result<ChannelId> {
        Ok(self.state().channel_named(name))
    }

    fn destination(&self, channel: ChannelId, name: &str) -> Result<DestinationId> {
        self.state().destination_named(channel, name)
    }

    fn version(&self, channel: ChannelId, text: &str, now: Timestamp) -> Result<VersionId> {
        self.state().version_of(channel, text, now)
    }

    fn accept(&self, envelope: NewEnvelope, done: Done<EnvelopeId>) {
        self.write(done, |state| state.accept(envelope));
    }

    fn accept_routed(&self, envelope: NewEnvelope, early: Early, done: Done<Accepted>) {
        self.write(done, |state| state.accept_routed(envelope, early));
    }

    fn route(&self, routed: Routed, done: Done<()>) {
        self.write(done, |state| state.route(routed));
    }

    fn record(&self, tried: Tried, done: Done<()>) {
        self.write(done, |state| state.record(tried));
    }

    fn act(&self, action: Action, done: Done<u64>) {
        self.write(done, |state| state.act(action));
    }

    fn unrouted(
        &self,
        channel: ChannelId,
        after: EnvelopeId,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Vec<Envelope>> {
        let state = self.state();
        let from = state.channel(channel)?.mark.max(after);
        Ok(state.above(channel, from, limit, bytes_max))
    }

    fn arrivals(
        &self,
        channel: ChannelId,
        after: EnvelopeId,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Vec<Envelope>> {
        let state = self.state();
        state.channel(channel)?;
        Ok(state.above(channel, after, limit, bytes_max))
    }

    fn lanes(
        &self,
        destination: DestinationId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LaneSummary>> {
        self.state().lanes(destination, after, limit)
    }

    fn oldest(&self, destination: DestinationId) -> Result<Option<Timestamp>> {
        let lanes = self.state().lanes(destination, None, usize::MAX)?;
        Ok(lanes.iter().map(|lane| lane.first.queued).min())
    }

    fn waiting(
        &self,
        destination: DestinationId,
        lane: &str,
        after: Option<(EnvelopeId, u16)>,
        limit: usize,
    ) -> Result<Vec<Delivery>> {
        self.state().waiting(destination, lane, after, limit)
    }

    fn part(&self, envelope: EnvelopeId, part: u16) -> Result<Payload> {
        let state = self.state();
        let kept = state.kept(envelope)?;
        let bytes = kept.parts.get(usize::from(part)).cloned();
        bytes.ok_or_else(|| Error::Missing(format!("part {part} of envelope {envelope}")))
    }

    fn fingerprints(
        &self,
        channel: ChannelId,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<(u64, EnvelopeId)>> {
        let state = self.state();
        let latest = state.envelopes.values().rev().map(|kept| &kept.envelope);
        let of_channel = latest.filter(|one| one.channel == channel && one.received >= since);
        Ok(of_channel.filter_map(|one| Some((one.fingerprint?, one.id))).take(limit).collect())
    }

    fn holds(&self) -> Result<Vec<Hold>> {
        Ok(self.state().holds.values().cloned().collect())
    }

    fn value(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.state().values.get(name).cloned())
    }

    fn set_value(&self, name: &str, value: Option<&[u8]>) -> Result<()> {
        let values = &mut self.state().values;
        match value {
            Some(value) => values.insert(name.to_owned(), value.to_vec()),
            None => values.remove(name),
        };
        Ok(())
    }

    fn values(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<(String, Vec<u8>)>> {
        let state = self.state();
        let names = state.values.iter().filter(|(name, _)| name.starts_with(prefix));
        let above = names.filter(|(name, _)| after.is_none_or(|after| name.as_str() > after));
        Ok(above.take(limit).map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    fn append_audit(&self, at: Timestamp, entry: Vec<u8>, done: Done<u64>) {
        self.write(done, |state| Ok(state.append_audit(at, entry)));
    }

    fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>> {
        Ok(self.state().audit(query))
    }

    fn audit_ends(&self) -> Result<AuditEnds> {
        Ok(self.state().audit_ends)
    }

    fn prune_audit(&self, before: Timestamp, limit: usize) -> Result<u64> {
        Ok(self.state().prune_audit(before, limit))
    }

    fn envelope(&self, id: EnvelopeId) -> Result<Option<EnvelopeRecord>> {
        Ok(self.state().record_of(id))
    }

    fn search(&self, query: &Query) -> Result<Vec<Summary>> {
        search::search(&self.state(), self.keys.as_ref(), query)
    }

    fn dead(
        &self,
        destination: DestinationId,
        before: Option<EnvelopeId>,
        limit: usize,
    ) -> Result<Vec<Delivery>> {
        Ok(self.state().dead(destination, before, limit))
    }

    fn delivery(&self, key: &DeliveryKey) -> Result<Option<Delivery>> {
        Ok(self.state().delivery(key).cloned())
    }

    fn channels(&self) -> Result<Vec<ChannelInfo>> {
        Ok(self.state().channel_infos())
    }

    fn destinations(&self) -> Result<Vec<DestinationInfo>> {
        Ok(self.state().destination_infos())
    }

    fn versions(&self, channel: ChannelId) -> Result<Vec<VersionInfo>> {
        let state = self.state();
        let newest = state.versions.iter().rev();
        Ok(newest.filter(|one| one.0 == channel).map(|one| one.1.clone()).collect())
    }

    fn books(&self) -> Result<(Vec<ChannelTally>, Vec<DestinationTally>)> {
        let state = self.state();
        let channels = state.channels.iter().map(|one| one.tally).collect();
        Ok((channels, state.destinations.iter().map(|one| one.tally).collect()))
    }

    fn prune(&self, rules: &[PruneRule], now: Timestamp) -> Result<PruneReport> {
        Ok(prune::prune(&mut self.state(), rules, now))
    }

    fn backup(&self, _folder: &Path, _progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        Err(Error::Backend("a store in memory has no files to copy".to_owned()))
    }

    fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<VerifyReport> {
        let state = self.state();
        let envelopes = state.envelopes.len() as u64;
        progress(envelopes, envelopes);
        let bytes = state.envelopes.values().map(|kept| kept.bytes()).sum();
        Ok(VerifyReport { envelopes, bytes, faults: state.faults() })
    }

    fn health(&self) -> Result<Health> {
        let state = self.state();
        let bytes = state.envelopes.values().map(|kept| kept.bytes()).sum();
        Ok(Health { bytes, envelopes: state.envelopes.len() as u64, ..Health::default() })
    }
}
