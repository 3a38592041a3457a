//! What a person decided, and deliveries that no longer wait.

use klinke_model::{DeliveryKey, DestinationId};
use klinke_store::{Action, Error, Result};
use rusqlite::{OptionalExtension, params};

use crate::apply::{DEAD, DROPPED, Step, Work, check, missing};
use crate::ledger::{signed, unsigned};
use crate::{attempts, routes};

/// A row of "delivery", and when it was queued.
pub(crate) struct EndedDelivery {
    pub(crate) state: i64,
    pub(crate) attempts: i64,
    pub(crate) reason: Option<String>,
    pub(crate) last: Option<Vec<u8>>,
    pub(crate) queued: i64,
}

impl Work<'_> {
    pub(crate) fn act(&mut self, action: &Action) -> Step<u64> {
        match action {
            Action::Hold { destination, lane, reason, at } => {
                check!(self.ledger.destination(*destination));
                if !self.hold(*destination, lane.as_deref(), reason, at.0)? {
                    return Ok(Ok(0));
                }
                self.count_waiting(*destination, lane.as_deref())
            }
            Action::Release { destination, lane } => {
                check!(self.ledger.destination(*destination));
                let mut statement = self
                    .connection
                    .prepare_cached("DELETE FROM hold WHERE destination = ?1 AND whole = ?2 AND lane = ?3")?;
                let place = params![destination.0, lane.is_none(), lane.as_deref().unwrap_or_default()];
                if statement.execute(place)? == 0 {
                    return Ok(Ok(0));
                }
                self.count_waiting(*destination, lane.as_deref())
            }
            Action::Kill { key, reason, .. } => self.give_up(key, reason, DEAD),
            Action::Skip { key, reason, .. } => self.give_up(key, reason, DROPPED),
            Action::Drop { key, reason, .. } => self.drop_dead(key, reason),
            Action::Revive { key, at } => self.revive(key, at.0),
        }
    }

    fn give_up(&mut self, key: &DeliveryKey, reason: &str, state: i64) -> Step<u64> {
        if let Some((_, attempts, _)) = self.waiting(key)? {
            self.end(key, state, attempts, Some(reason), None)?;
            return Ok(Ok(1));
        }
        match check!(self.ended_delivery(key)?) {
            Some(_) => Ok(Ok(0)),
            None => Ok(Err(missing(key))),
        }
    }

    fn drop_dead(&mut self, key: &DeliveryKey, reason: &str) -> Step<u64> {
        if self.waiting(key)?.is_some() {
            return Ok(Ok(0));
        }
        let Some(one) = check!(self.ended_delivery(key)?) else { return Ok(Err(missing(key))) };
        if one.state != DEAD {
            return Ok(Ok(0));
        }
        let (destination, envelope, part) = (key.destination.0, signed(key.envelope.0), key.part);
        let sql = "UPDATE delivery SET state = ?4, reason = ?5
                   WHERE envelope = ?1 AND destination = ?2 AND part = ?3";
        self.connection.prepare_cached(sql)?.execute(params![
            envelope,
            destination,
            part,
            DROPPED,
            reason
        ])?;
        let sql = "DELETE FROM dead WHERE envelope = ?1 AND destination = ?2 AND part = ?3";
        self.connection.prepare_cached(sql)?.execute(params![envelope, destination, part])?;
        let destination = check!(self.ledger.destination(key.destination));
        destination.dead = destination.dead.saturating_sub(1);
        destination.dropped += 1;
        destination.is_dirty = true;
        Ok(Ok(1))
    }

    fn revive(&mut self, key: &DeliveryKey, at: i64) -> Step<u64> {
        if self.waiting(key)?.is_some() {
            return Ok(Ok(0));
        }
        let Some(one) = check!(self.ended_delivery(key)?) else { return Ok(Err(missing(key))) };
        if one.state != DEAD {
            return Ok(Ok(0));
        }
        let reason = check!(self.free_last(key, &one)?);
        let (destination, envelope, part) = (key.destination.0, signed(key.envelope.0), key.part);
        let name = params![envelope, destination, part];
        let sql = "DELETE FROM delivery WHERE envelope = ?1 AND destination = ?2 AND part = ?3";
        self.connection.prepare_cached(sql)?.execute(name)?;
        let sql = "DELETE FROM dead WHERE envelope = ?1 AND destination = ?2 AND part = ?3";
        self.connection.prepare_cached(sql)?.execute(name)?;
        let row = params![destination, &*key.lane, envelope, part, one.queued, at, one.attempts, reason];
        self.statements.wait.execute(row)?;
        let destination = check!(self.ledger.destination(key.destination));
        destination.dead = destination.dead.saturating_sub(1);
        destination.is_dirty = true;
        Ok(Ok(1))
    }

    /// A delivery that no longer waits, if its lane is the one asked for.
    pub(crate) fn ended_delivery(&mut self, key: &DeliveryKey) -> Step<Option<EndedDelivery>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT state, attempts, reason, last, at, deliveries
             FROM delivery JOIN route USING (envelope)
             WHERE envelope = ?1 AND destination = ?2 AND part = ?3",
        )?;
        let row = |row: &rusqlite::Row<'_>| {
            let one = EndedDelivery {
                state: row.get(0)?,
                attempts: row.get(1)?,
                reason: row.get(2)?,
                last: row.get(3)?,
                queued: row.get(4)?,
            };
            Ok((one, row.get::<_, Option<Vec<u8>>>(5)?))
        };
        let name = params![signed(key.envelope.0), key.destination.0, key.part];
        let Some((one, deliveries)) = statement.query_row(name, row).optional()? else {
            return Ok(Ok(None));
        };
        let deliveries = check!(routes::unpack_deliveries(deliveries.as_deref()));
        let is_same = deliveries.iter().any(|other| {
            other.destination == key.destination && other.part == key.part && other.lane == key.lane
        });
        Ok(Ok(is_same.then_some(one)))
    }

    /// Moves the attempt that is kept with an ended delivery to the others, and gives the reason that
    /// then no longer stands in it.
    pub(crate) fn free_last(&mut self, key: &DeliveryKey, one: &EndedDelivery) -> Step<Option<String>> {
        let Some(last) = &one.last else { return Ok(Ok(one.reason.clone())) };
        self.add_attempt(key, one.attempts, last)?;
        let reason: Result<String, Error> = match &one.reason {
            Some(reason) => Ok(reason.clone()),
            None => attempts::text(&self.ledger.texts.shared, last),
        };
        Ok(reason.map(Some))
    }

    /// How many wait in a lane, or, by the books, in all lanes of a destination.
    fn count_waiting(&mut self, destination: DestinationId, lane: Option<&str>) -> Step<u64> {
        let Some(lane) = lane else {
            return Ok(self.ledger.destination(destination).map(|one| one.waiting()));
        };
        let sql = "SELECT count(*) FROM waiting WHERE destination = ?1 AND lane = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let count: i64 = statement.query_row(params![destination.0, lane], |row| row.get(0))?;
        Ok(Ok(unsigned(count)))
    }
}
