//! The store's calls: bodies are made ready here, on the caller's thread.

use std::path::Path;

use klinke_model::{
    ChannelId, ChannelTally, Delivery, DeliveryKey, DestinationId, DestinationTally, Envelope, EnvelopeId,
    Hold, Payload, Timestamp, VersionId,
};
use klinke_store::{
    Accepted, Action, AuditEnds, AuditQuery, AuditRecord, ChannelInfo, DestinationInfo, Done, Early, Ended,
    EnvelopeRecord, Error, Health, LaneSummary, NewEnvelope, Outcome, Part, PruneReport, PruneRule, Query,
    Result, Routed, Store, Summary, Tried, VerifyReport, VersionInfo,
};

use crate::bodies::{Body, INLINE_SIZE_BYTES_MAX};
use crate::dictionary::{ANSWERS, PARTS, TRACES};
use crate::entry::{Accept, AcceptRouted, Entry, Record, Route};
use crate::failure::from_sqlite;
use crate::ledger::unsigned;
use crate::open::SqliteStore;
use crate::{audit, backup, check, names, prune, read, routes, search};

impl SqliteStore {
    fn make_accept(&self, mut new: NewEnvelope) -> Result<Accept> {
        if new.payload.len() > INLINE_SIZE_BYTES_MAX {
            self.shared.check_reserve(new.payload.len() as u64)?;
        }
        let body = self.shared.bodies.encode(&new.format, &new.payload)?;
        if body.pinned.is_some() {
            // It is in its file; nothing may keep a second copy in memory.
            new.payload = Payload::default();
        }
        Ok(Accept { new, body })
    }

    fn make_accept_routed(&self, new: NewEnvelope, early: Early) -> Result<AcceptRouted> {
        let small = new.payload.len() <= INLINE_SIZE_BYTES_MAX;
        let received = small.then(|| new.payload.clone());
        let unnumbered = early.into_routed(EnvelopeId(0), new.channel, None);
        let route = self.make_route(unnumbered, || received)?;
        Ok(AcceptRouted { accept: self.make_accept(new)?, route, is_routed: false })
    }

    /// `received` gives the envelope's own bytes, unless they are too many.
    fn make_route(&self, routed: Routed, received: impl FnOnce() -> Option<Payload>) -> Result<Route> {
        let Routed { envelope, channel, version, after, at, outcome, trace } = routed;
        let (ended, parts, deliveries) = match outcome {
            Outcome::Deliveries { parts, deliveries } => {
                (None, self.make_parts(&parts, received)?, deliveries)
            }
            Outcome::Filtered { step, reason } => {
                (Some(Ended { failed: false, step, reason }), Vec::new(), Vec::new())
            }
            Outcome::Failed { step, reason } => {
                (Some(Ended { failed: true, step, reason }), Vec::new(), Vec::new())
            }
        };
        let compress = |bytes| self.shared.bodies.encode(TRACES, &Payload::new(bytes));
        let trace = routes::pack_trace(&trace, compress)?;
        Ok(Route { envelope, channel, version, after, at, ended, trace, parts, deliveries })
    }

    fn make_parts(&self, parts: &[Part], received: impl FnOnce() -> Option<Payload>) -> Result<Vec<Body>> {
        let has_changed = parts.iter().any(|part| matches!(part, Part::Changed(_)));
        let received = if has_changed { received() } else { None };
        let make = |part: &Part| match part {
            Part::Unchanged => Ok(Body::unchanged()),
            Part::Changed(bytes) => self.shared.bodies.encode_change(received.as_ref(), PARTS, bytes),
        };
        parts.iter().map(make).collect()
    }

    /// The bytes received, to keep a part as a change of them; `None` when they are too many or not there.
    fn received(&self, id: EnvelopeId) -> Option<Payload> {
        if let Some(known) = self.shared.recent.get(id.0) {
            return known.payload;
        }
        let read = self.shared.readers.with(|connection| {
            let small = "SELECT 1 FROM envelope WHERE id = ?1 AND size <= ?2";
            let values = rusqlite::params![id.0 as i64, INLINE_SIZE_BYTES_MAX as i64];
            match connection.prepare_cached(small).and_then(|mut sql| sql.exists(values)) {
                Ok(true) => read::received(&self.shared, connection, id).map(Some),
                _ => Ok(None),
            }
        });
        // Without them the part is kept whole.
        read.ok().flatten()
    }

    fn make_record(&self, tried: Tried) -> Result<Record> {
        let Tried { key, mut attempt } = tried;
        let answer = attempt.answer.take();
        let answer = answer.map(|answer| self.shared.bodies.encode(ANSWERS, &answer)).transpose()?;
        Ok(Record { key, attempt, answer })
    }

    /// Queues what was made ready, or the refusal in its place.
    fn push<P, T: 'static>(
        &self,
        prepared: Result<P>,
        done: Done<T>,
        entry: impl FnOnce(Box<P>, Done<T>) -> Entry,
    ) {
        self.shared.push(match prepared {
            Ok(prepared) => entry(Box::new(prepared), done),
            Err(error) => Entry::Refused(error, Box::new(move |error| done(Err(error)))),
        });
    }
}

impl Store for SqliteStore {
    fn channel(&self, name: &str) -> Result<ChannelId> {
        names::channel(&self.shared, name)
    }

    fn destination(&self, channel: ChannelId, name: &str) -> Result<DestinationId> {
        names::destination(&self.shared, channel, name)
    }

    fn version(&self, channel: ChannelId, text: &str, now: Timestamp) -> Result<VersionId> {
        names::version(&self.shared, channel, text, now)
    }

    fn accept(&self, envelope: NewEnvelope, done: Done<EnvelopeId>) {
        self.push(self.make_accept(envelope), done, Entry::Accept);
    }

    fn accept_routed(&self, envelope: NewEnvelope, early: Early, done: Done<Accepted>) {
        self.push(self.make_accept_routed(envelope, early), done, Entry::AcceptRouted);
    }

    fn route(&self, routed: Routed, done: Done<()>) {
        let id = routed.envelope;
        self.push(self.make_route(routed, || self.received(id)), done, Entry::Route);
    }

    fn record(&self, tried: Tried, done: Done<()>) {
        self.push(self.make_record(tried), done, Entry::Record);
    }

    fn act(&self, action: Action, done: Done<u64>) {
        self.push(Ok(action), done, Entry::Act);
    }

    fn arrivals(
        &self,
        channel: ChannelId,
        after: EnvelopeId,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Vec<Envelope>> {
        let shared = &self.shared;
        shared.readers.with(|connection| read::arrivals(shared, connection, channel, after, limit, bytes_max))
    }

    fn unrouted(
        &self,
        channel: ChannelId,
        after: EnvelopeId,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Vec<Envelope>> {
        let shared = &self.shared;
        shared.readers.with(|connection| read::unrouted(shared, connection, channel, after, limit, bytes_max))
    }

    fn lanes(
        &self,
        destination: DestinationId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LaneSummary>> {
        self.shared.readers.with(|connection| read::lanes(connection, destination, after, limit))
    }

    fn oldest(&self, destination: DestinationId) -> Result<Option<Timestamp>> {
        self.shared.readers.with(|connection| read::oldest(connection, destination))
    }

    fn waiting(
        &self,
        destination: DestinationId,
        lane: &str,
        after: Option<(EnvelopeId, u16)>,
        limit: usize,
    ) -> Result<Vec<Delivery>> {
        self.shared.readers.with(|connection| read::waiting(connection, destination, lane, after, limit))
    }

    fn part(&self, envelope: EnvelopeId, part: u16) -> Result<Payload> {
        self.shared.readers.with(|connection| read::part(&self.shared, connection, envelope, part))
    }

    fn fingerprints(
        &self,
        channel: ChannelId,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<(u64, EnvelopeId)>> {
        self.shared.readers.with(|connection| read::fingerprints(connection, channel, since, limit))
    }

    fn holds(&self) -> Result<Vec<Hold>> {
        self.shared.readers.with(read::holds)
    }

    fn value(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.shared.readers.with(|connection| read::value(connection, name))
    }

    fn set_value(&self, name: &str, value: Option<&[u8]>) -> Result<()> {
        names::set_value(&self.shared, name, value)
    }

    fn values(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<(String, Vec<u8>)>> {
        self.shared.readers.with(|connection| read::values(connection, prefix, after, limit))
    }

    fn append_audit(&self, at: Timestamp, entry: Vec<u8>, done: Done<u64>) {
        audit::append(&self.shared, at, entry, done);
    }

    fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>> {
        self.shared.readers.with(|connection| audit::read(connection, query))
    }

    fn audit_ends(&self) -> Result<AuditEnds> {
        self.shared.readers.with(|connection| audit::ends(connection).map_err(from_sqlite))
    }

    fn prune_audit(&self, before: Timestamp, limit: usize) -> Result<u64> {
        audit::prune(&self.shared, before, limit)
    }

    fn envelope(&self, id: EnvelopeId) -> Result<Option<EnvelopeRecord>> {
        self.shared.readers.with(|connection| read::record(&self.shared, connection, id))
    }

    fn search(&self, query: &Query) -> Result<Vec<Summary>> {
        search::search(&self.shared, query)
    }

    fn dead(
        &self,
        destination: DestinationId,
        before: Option<EnvelopeId>,
        limit: usize,
    ) -> Result<Vec<Delivery>> {
        let shared = &self.shared;
        shared.readers.with(|connection| read::dead(shared, connection, destination, before, limit))
    }

    fn delivery(&self, key: &DeliveryKey) -> Result<Option<Delivery>> {
        self.shared.readers.with(|connection| read::delivery(&self.shared, connection, key))
    }

    fn channels(&self) -> Result<Vec<ChannelInfo>> {
        self.shared.readers.with(read::channels)
    }

    fn destinations(&self) -> Result<Vec<DestinationInfo>> {
        self.shared.readers.with(read::destinations)
    }

    fn versions(&self, channel: ChannelId) -> Result<Vec<VersionInfo>> {
        self.shared.readers.with(|connection| read::versions(connection, channel))
    }

    fn books(&self) -> Result<(Vec<ChannelTally>, Vec<DestinationTally>)> {
        self.shared.readers.with(|connection| {
            let channels = read::channels(connection)?.into_iter().map(|one| one.tally).collect();
            let destinations = read::destinations(connection)?.into_iter().map(|one| one.tally).collect();
            Ok((channels, destinations))
        })
    }

    fn prune(&self, rules: &[PruneRule], now: Timestamp) -> Result<PruneReport> {
        prune::prune(&self.shared, rules, now)
    }

    fn backup(&self, folder: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        backup::backup(&self.shared, folder, progress)
    }

    fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<VerifyReport> {
        check::verify(&self.shared, progress)
    }

    fn health(&self) -> Result<Health> {
        let counts = self.shared.readers.with(|connection| {
            let sum = |sql: &str| -> Result<u64> {
                connection.query_row(sql, [], |row| row.get(0)).map(unsigned).map_err(from_sqlite)
            };
            let kept = sum("SELECT coalesce(sum(received - pruned), 0) FROM channel")?;
            Ok((kept, sum("SELECT coalesce(sum(size), 0) FROM blob")?))
        });
        let refuses = match (&counts, self.shared.refuses()) {
            (_, Some(refuses)) => Some(refuses),
            (Err(Error::Damaged(text)), None) => Some(format!("the store is damaged: {text}")),
            _ => self.shared.check_reserve(0).err().map(|error| error.to_string()),
        };
        let (envelopes, blobs) = counts.unwrap_or_default();
        Ok(Health {
            bytes: crate::disk::used(&self.shared.folder) + blobs,
            free: crate::disk::free(&self.shared.folder),
            envelopes,
            index_lag: self.shared.index_lag(),
            refuses,
        })
    }
}
