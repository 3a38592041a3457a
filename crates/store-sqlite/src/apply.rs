//! Applies entries to the journal within one transaction. An entry is checked before anything of it is
//! written, so one that is refused leaves nothing behind while the others of its commit go on.

use std::sync::Arc;

use klinke_model::{AttemptResult, ChannelId, DeliveryKey, DestinationId, EnvelopeId, Origin};
use klinke_store::{Error, Result};
use rusqlite::{Connection, OptionalExtension, params};

use crate::attempts;
use crate::blobs::Hash;
use crate::bodies::Body;
use crate::entry::{Accept, AcceptRouted, Entry, Record, Route};
use crate::ledger::{Ledger, signed, unsigned};
use crate::prune;
use crate::recent::{Recent, Remembered};
use crate::routes;
use crate::statements::Statements;

/// A step that either writes, or refuses in the store's words, or fails with SQLite.
pub(crate) type Step<T> = rusqlite::Result<Result<T>>;

/// States in the column "state" of "delivery".
pub(crate) const DELIVERED: i64 = 1;
pub(crate) const DEAD: i64 = 2;
pub(crate) const DROPPED: i64 = 3;

/// What the writer works with.
pub(crate) struct Work<'c> {
    pub(crate) connection: &'c Connection,
    pub(crate) statements: Statements<'c>,
    pub(crate) ledger: Ledger,
    pub(crate) recent: Arc<Recent>,
    /// Blobs that lost their last name in this transaction.
    pub(crate) unnamed: Vec<Hash>,
}

/// Gives a refusal on from a step.
macro_rules! check {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(refusal) => return Ok(Err(refusal)),
        }
    };
}
pub(crate) use check;

impl Work<'_> {
    /// Applies one entry; gives the number that its `done` gets.
    pub(crate) fn apply(&mut self, entry: &mut Entry) -> Step<u64> {
        match entry {
            Entry::Accept(accept, _) => self.accept(accept),
            Entry::AcceptRouted(both, _) => self.accept_routed(both),
            Entry::Route(route, _) => self.route(route),
            Entry::Record(record, _) => self.record(record),
            Entry::Act(action, _) => self.act(action),
            Entry::Special(run, _) => run(self),
            Entry::Refused(error, _) => Ok(Err(error.clone())),
        }
    }

    fn accept(&mut self, accept: &Accept) -> Step<u64> {
        let Accept { new, body } = accept;
        if self.ledger.versions.get(&new.version) != Some(&new.channel) {
            let missing = format!("version {} of channel {}", new.version, new.channel);
            return Ok(Err(Error::Missing(missing)));
        }
        let id = self.ledger.last + 1;
        let channel = check!(self.ledger.channel(new.channel));
        channel.received += 1;
        channel.last = id;
        channel.last_at = new.received.0;
        channel.bytes += body.bytes.len() as i64;
        channel.is_dirty = true;
        channel.run.push(id);
        let seq = channel.received;
        self.ledger.last = id;
        let parent = new.origin.parent();
        let texts = &mut self.ledger.texts;
        self.statements.accept.execute(params![
            signed(id),
            new.channel.0,
            signed(seq),
            new.version.0,
            new.received.0,
            texts.text(&new.system),
            texts.text(&new.peer),
            texts.text(&new.format),
            origin_number(&new.origin),
            parent.map(|parent| signed(parent.0)),
            new.fingerprint.map(signed),
            signed(body.size),
            body.coding,
            body.checksum as i32,
            body.bytes,
        ])?;
        if let Some(parent) = parent {
            self.statements.child.execute([signed(parent.0), signed(id)])?;
        }
        self.name_blob(body, Some(new.channel))?;
        let payload = body.pinned.is_none().then(|| new.payload.clone());
        self.recent.add(id, Remembered { channel: new.channel, seq, payload });
        Ok(Ok(id))
    }

    /// An envelope, and its route where that is the next one of the channel and makes sense.
    fn accept_routed(&mut self, both: &mut AcceptRouted) -> Step<u64> {
        let id = check!(self.accept(&both.accept)?);
        both.route.envelope = EnvelopeId(id);
        let channel = check!(self.ledger.channel(both.route.channel));
        let is_next = channel.covered() + 1 == channel.received;
        // A refused route has written nothing.
        both.is_routed = is_next && self.route(&both.route)?.is_ok();
        Ok(Ok(id))
    }

    fn route(&mut self, route: &Route) -> Step<u64> {
        let id = route.envelope;
        let seq = check!(self.check_route(route)?);
        check!(self.pass_over(route.channel, id.0, seq)?);
        let channel = check!(self.ledger.channel(route.channel));
        channel.mark = id.0;
        channel.is_dirty = true;
        let outcome = match &route.ended {
            None => 0,
            Some(ended) if ended.failed => 2,
            Some(_) => 1,
        };
        match outcome {
            0 => channel.routed += 1,
            1 => channel.filtered += 1,
            _ => channel.failed += 1,
        }
        channel.bytes += route.parts.iter().map(|part| part.bytes.len() as i64).sum::<i64>();
        let ended = route.ended.as_ref().map(|ended| routes::pack_ended(&mut self.ledger.texts, ended));
        let (parts, deliveries) = match outcome {
            0 => (routes::pack_parts(&route.parts), Some(routes::pack_deliveries(&route.deliveries))),
            _ => (None, None),
        };
        let id = signed(id.0);
        let version = route.version.map(|version| version.0);
        let row = params![id, route.at.0, outcome, ended, route.trace, parts, deliveries, version];
        self.statements.route.execute(row)?;
        if outcome != 0 {
            self.statements.ended.execute([i64::from(outcome == 2), id])?;
        }
        for part in &route.parts {
            self.name_blob(part, Some(route.channel))?;
        }
        for one in &route.deliveries {
            let at = route.at.0;
            let none: Option<&str> = None;
            let row = params![one.destination.0, &*one.lane, id, one.part, at, at, 0, none];
            self.statements.wait.execute(row)?;
            let destination = check!(self.ledger.destination(one.destination));
            destination.queued += 1;
            destination.is_dirty = true;
        }
        Ok(Ok(0))
    }

    /// Counts as failed what a mark passes over: it will never be routed.
    fn pass_over(&mut self, channel: ChannelId, to: u64, seq: u64) -> Step<()> {
        let known = check!(self.ledger.channel(channel));
        let count = seq.saturating_sub(known.covered() + 1);
        if count == 0 {
            return Ok(Ok(()));
        }
        known.failed += count;
        let (mark, unwritten) = (known.mark, known.run.clone());
        let mut passed = check!(prune::passed(self.connection, channel, mark, to));
        passed.extend(unwritten.into_iter().filter(|id| *id < to && *id > mark));
        for id in passed {
            self.statements.ended.execute([1, signed(id)])?;
        }
        Ok(Ok(()))
    }

    /// Checks everything about a route; gives the envelope's place in its channel.
    fn check_route(&mut self, route: &Route) -> Step<u64> {
        let id = route.envelope;
        let known = match self.recent.get(id.0) {
            Some(known) => Some((known.channel, known.seq)),
            None => {
                let row = |row: &rusqlite::Row<'_>| Ok((ChannelId(row.get(0)?), unsigned(row.get(1)?)));
                self.statements.seq.query_row([signed(id.0)], row).optional()?
            }
        };
        let (channel, seq) = check!(known.ok_or_else(|| Error::Missing(format!("envelope {id}"))));
        if channel != route.channel {
            return Ok(Err(Error::Backend(format!("envelope {id} is not of channel {}", route.channel))));
        }
        let mark = check!(self.ledger.channel(channel)).mark;
        if id.0 <= mark {
            return Ok(Err(Error::Backend(format!("envelope {id} has been routed already"))));
        }
        if route.after.is_some_and(|after| after.0 != mark) {
            return Ok(Err(Error::Backend(format!("the envelope before {id} has not been routed"))));
        }
        if route.ended.is_none() && route.deliveries.is_empty() {
            return Ok(Err(Error::Backend(format!("envelope {id} is routed to nowhere"))));
        }
        for one in &route.deliveries {
            check!(self.ledger.destination(one.destination));
            if usize::from(one.part) >= route.parts.len() {
                return Ok(Err(Error::Missing(format!("part {} of envelope {id}", one.part))));
            }
        }
        if has_twice(route) {
            return Ok(Err(Error::Backend(format!("envelope {id} goes twice to one destination"))));
        }
        Ok(Ok(seq))
    }

    fn record(&mut self, record: &Record) -> Step<u64> {
        let Record { key, attempt, answer } = record;
        let Some((queued, attempts, _)) = self.waiting(key)? else { return self.record_late(record) };
        let ordinal = attempts + 1;
        let packed = attempts::pack(&mut self.ledger.texts, attempt, answer.as_ref(), queued);
        if let Some(answer) = answer {
            self.name_blob(answer, None)?;
        }
        let state = match attempt.result {
            AttemptResult::Delivered => DELIVERED,
            AttemptResult::Dead => DEAD,
            AttemptResult::Dropped => DROPPED,
            AttemptResult::Retry(_) | AttemptResult::Held => {
                let due = match attempt.result {
                    AttemptResult::Retry(due) => Some(due.0),
                    _ => None,
                };
                let (lane, envelope) = (&*key.lane, signed(key.envelope.0));
                let row = params![key.destination.0, lane, envelope, key.part, ordinal, due, attempt.text];
                self.statements.retry.execute(row)?;
                self.add_attempt(key, ordinal, &packed)?;
                if attempt.result == AttemptResult::Held {
                    self.hold(key.destination, Some(lane), &attempt.text, attempt.ended.0)?;
                }
                return Ok(Ok(0));
            }
        };
        self.end(key, state, ordinal, None, Some(&packed))?;
        Ok(Ok(0))
    }

    /// An attempt of a delivery that no longer waits: kept, without changing the state.
    fn record_late(&mut self, record: &Record) -> Step<u64> {
        let Record { key, attempt, answer } = record;
        let Some(one) = check!(self.ended_delivery(key)?) else { return Ok(Err(missing(key))) };
        let packed = attempts::pack(&mut self.ledger.texts, attempt, answer.as_ref(), one.queued);
        if let Some(answer) = answer {
            self.name_blob(answer, None)?;
        }
        let reason = check!(self.free_last(key, &one)?);
        self.add_attempt(key, one.attempts + 1, &packed)?;
        self.connection
            .prepare_cached(
                "UPDATE delivery SET attempts = attempts + 1, last = NULL, reason = ?4
                 WHERE envelope = ?1 AND destination = ?2 AND part = ?3",
            )?
            .execute(params![signed(key.envelope.0), key.destination.0, key.part, reason])?;
        Ok(Ok(0))
    }

    /// Queued, attempts and reason of a waiting delivery.
    pub(crate) fn waiting(
        &mut self,
        key: &DeliveryKey,
    ) -> rusqlite::Result<Option<(i64, i64, Option<String>)>> {
        let values = params![key.destination.0, &*key.lane, signed(key.envelope.0), key.part];
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        self.statements.waiting.query_row(values, row).optional()
    }

    /// Takes a delivery out of its lane for good.
    pub(crate) fn end(
        &mut self,
        key: &DeliveryKey,
        state: i64,
        attempts: i64,
        reason: Option<&str>,
        last: Option<&[u8]>,
    ) -> rusqlite::Result<()> {
        let (destination, envelope, part) = (key.destination.0, signed(key.envelope.0), key.part);
        self.statements.leave.execute(params![destination, &*key.lane, envelope, part])?;
        let row = params![envelope, destination, part, state, attempts, reason, last];
        self.statements.finish.execute(row)?;
        if state == DEAD {
            self.statements.die.execute(params![destination, envelope, part])?;
        }
        if let Ok(destination) = self.ledger.destination(key.destination) {
            match state {
                DELIVERED => destination.delivered += 1,
                DEAD => destination.dead += 1,
                _ => destination.dropped += 1,
            }
            destination.is_dirty = true;
        }
        Ok(())
    }

    pub(crate) fn add_attempt(
        &mut self,
        key: &DeliveryKey,
        ordinal: i64,
        packed: &[u8],
    ) -> rusqlite::Result<()> {
        let row = params![signed(key.envelope.0), key.destination.0, key.part, ordinal, packed];
        self.statements.attempt.execute(row).map(drop)
    }

    /// Holds a place that is not held yet; true when it was not.
    pub(crate) fn hold(
        &mut self,
        destination: DestinationId,
        lane: Option<&str>,
        reason: &str,
        since: i64,
    ) -> rusqlite::Result<bool> {
        let mut statement = self.connection.prepare_cached(
            "INSERT OR IGNORE INTO hold(destination, whole, lane, since, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let row = params![destination.0, lane.is_none(), lane.unwrap_or_default(), since, reason];
        Ok(statement.execute(row)? == 1)
    }

    /// Counts a body's file once more, and its size for the channel that keeps it.
    fn name_blob(&mut self, body: &Body, channel: Option<ChannelId>) -> rusqlite::Result<()> {
        let Some(pinned) = &body.pinned else { return Ok(()) };
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO blob(hash, refs, size) VALUES (?1, 1, ?2) ON CONFLICT DO UPDATE SET refs = refs + 1",
        )?;
        statement.execute(params![pinned.hash, signed(pinned.size)])?;
        if let Some(channel) = channel.and_then(|id| self.ledger.channel(id).ok()) {
            channel.bytes += pinned.size as i64;
        }
        Ok(())
    }
}

/// True when two deliveries have the same destination and part. Most routes have a few deliveries; many
/// are sorted.
fn has_twice(route: &Route) -> bool {
    let mut pairs: Vec<(DestinationId, u16)> =
        route.deliveries.iter().map(|one| (one.destination, one.part)).collect();
    pairs.sort_unstable();
    pairs.windows(2).any(|pair| pair[0] == pair[1])
}

/// The error for a delivery that is not there.
pub(crate) fn missing(key: &DeliveryKey) -> Error {
    let (envelope, destination): (EnvelopeId, _) = (key.envelope, key.destination);
    Error::Missing(format!("envelope {envelope} for destination {destination}"))
}

/// The number of an origin in its column.
pub(crate) fn origin_number(origin: &Origin) -> u8 {
    match origin {
        Origin::Received => 0,
        Origin::Channel(_) => 1,
        Origin::Split(_) => 2,
        Origin::Resent(_) => 3,
        Origin::Edited(_) => 4,
        Origin::Fragment(_) => 5,
        Origin::Joined(_) => 6,
    }
}
