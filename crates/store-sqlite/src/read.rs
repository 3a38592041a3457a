//! What the engine and people read, search and upkeep aside.

use klinke_model::{
    ChannelId, ChannelTally, Delivery, DeliveryKey, DestinationId, DestinationTally, Envelope, EnvelopeId,
    Hold, Payload, Timestamp, VersionId,
};
use klinke_store::{ChannelInfo, DestinationInfo, EnvelopeRecord, Error, LaneSummary, Result, VersionInfo};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::failure::from_sqlite;
use crate::ledger::{signed, unpack_run, unsigned};
use crate::lookup::{self, get};
use crate::routes;
use crate::shared::Shared;

/// How many envelopes in a row may be older than asked before a search for digests ends: envelopes may
/// be received a little out of order.
const OLDER_IN_A_ROW_MAX: usize = 256;

pub(crate) fn unrouted(
    shared: &Shared,
    connection: &Connection,
    channel: ChannelId,
    after: EnvelopeId,
    limit: usize,
    bytes_max: usize,
) -> Result<Vec<Envelope>> {
    let from = mark(connection, channel)?.max(after.0);
    let (found, failure) = above(shared, connection, channel, from, (limit, bytes_max), &|_| false)?;
    match failure {
        Some(failure) if found.is_empty() => Err(match failure {
            (envelope, Error::Damaged(why)) => {
                let why = why.strip_prefix(&format!("envelope {envelope}: ")).unwrap_or(&why).to_owned();
                Error::Unreadable { envelope, why }
            }
            (_, other) => other,
        }),
        _ => Ok(found),
    }
}

/// A channel's envelopes above one of them, whatever became of them, without those that are damaged.
pub(crate) fn arrivals(
    shared: &Shared,
    connection: &Connection,
    channel: ChannelId,
    after: EnvelopeId,
    limit: usize,
    bytes_max: usize,
) -> Result<Vec<Envelope>> {
    mark(connection, channel)?;
    let passes = |error: &Error| matches!(error, Error::Damaged(_));
    let (found, failure) = above(shared, connection, channel, after.0, (limit, bytes_max), &passes)?;
    failure.map_or(Ok(found), |(_, error)| Err(error))
}

/// Which envelope could not be read, and why.
type Failure = (EnvelopeId, Error);

/// Envelopes of a channel above a number, within limits of count and bytes, up to the first that can't be
/// read and is not passed over.
fn above(
    shared: &Shared,
    connection: &Connection,
    channel: ChannelId,
    from: u64,
    (limit, bytes_max): (usize, usize),
    passes: &dyn Fn(&Error) -> bool,
) -> Result<(Vec<Envelope>, Option<Failure>)> {
    let (mut found, mut bytes) = (Vec::new(), 0usize);
    let mut failure = None;
    each_of_channel(connection, channel, from, &mut |id| {
        if found.len() >= limit || (bytes > bytes_max && !found.is_empty()) {
            return false;
        }
        match lookup::with_row(connection, EnvelopeId(id), |row| lookup::envelope(shared, row)) {
            Ok(Some(envelope)) => {
                bytes = bytes.saturating_add(envelope.payload.len());
                found.push(envelope);
            }
            Ok(None) => {}
            Err(error) if passes(&error) => {}
            Err(error) => failure = Some((EnvelopeId(id), error)),
        }
        failure.is_none()
    })?;
    Ok((found, failure))
}

/// A channel's mark.
pub(crate) fn mark(connection: &Connection, channel: ChannelId) -> Result<u64> {
    let mut statement =
        connection.prepare_cached("SELECT mark FROM channel WHERE id = ?1").map_err(from_sqlite)?;
    let mark = statement.query_row([channel.0], |row| row.get(0)).optional().map_err(from_sqlite)?;
    mark.map(unsigned).ok_or_else(|| Error::Missing(format!("channel {channel}")))
}

/// Goes through the numbers of a channel's envelopes above `from`, as long as `each` says so.
pub(crate) fn each_of_channel(
    connection: &Connection,
    channel: ChannelId,
    from: u64,
    each: &mut dyn FnMut(u64) -> bool,
) -> Result<()> {
    let sql = "SELECT first, last, ids FROM run WHERE channel = ?1 AND first >= coalesce(
        (SELECT max(first) FROM run WHERE channel = ?1 AND first <= ?2), 0) ORDER BY first";
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    let above = signed(from.min(i64::MAX as u64));
    let mut rows = statement.query(params![channel.0, above]).map_err(from_sqlite)?;
    while let Some(row) = rows.next().map_err(from_sqlite)? {
        for id in run_of(row)? {
            if id > from && !each(id) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Goes through the numbers of a channel's envelopes below `before`, newest first.
pub(crate) fn each_of_channel_back(
    connection: &Connection,
    channel: ChannelId,
    before: u64,
    each: &mut dyn FnMut(u64) -> bool,
) -> Result<()> {
    let sql = "SELECT first, last, ids FROM run WHERE channel = ?1 AND first < ?2 ORDER BY first DESC";
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    let below = signed(before.min(i64::MAX as u64));
    let mut rows = statement.query(params![channel.0, below]).map_err(from_sqlite)?;
    while let Some(row) = rows.next().map_err(from_sqlite)? {
        for id in run_of(row)?.into_iter().rev() {
            if id < before && !each(id) {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn run_of(row: &Row<'_>) -> Result<Vec<u64>> {
    let ids: Option<Vec<u8>> = get(row, 2)?;
    unpack_run(unsigned(get(row, 0)?), unsigned(get(row, 1)?), ids.as_deref())
}

pub(crate) fn lanes(
    connection: &Connection,
    destination: DestinationId,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<LaneSummary>> {
    let mut lanes: Vec<LaneSummary> = Vec::new();
    let mut next = first_waiting(connection, destination, after)?;
    while let Some(first) = next.take().filter(|_| lanes.len() < limit) {
        let lane = first.key.lane.clone();
        next = first_waiting(connection, destination, Some(&lane))?;
        let is_only = lanes.is_empty() && after.is_none() && next.is_none();
        let waiting = if is_only {
            // Counting a lane goes through all of it; the books know the destination's sum.
            let tally = destinations(connection)?.into_iter().find(|one| one.id == destination);
            tally.map_or(0, |one| one.tally.waiting)
        } else {
            let sql = "SELECT count(*) FROM waiting WHERE destination = ?1 AND lane = ?2";
            let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
            let count = statement.query_row(params![destination.0, &*lane], |row| row.get(0));
            unsigned(count.map_err(from_sqlite)?)
        };
        lanes.push(LaneSummary { lane, waiting, first });
    }
    Ok(lanes)
}

/// The first delivery of the first lane above `after`.
fn first_waiting(
    connection: &Connection,
    destination: DestinationId,
    after: Option<&str>,
) -> Result<Option<Delivery>> {
    let sql = match after {
        Some(_) => {
            "SELECT lane, envelope, part, queued, due, attempts, reason FROM waiting
             WHERE destination = ?1 AND lane > ?2 ORDER BY lane, envelope, part LIMIT 1"
        }
        None => {
            "SELECT lane, envelope, part, queued, due, attempts, reason FROM waiting
             WHERE destination = ?1 AND lane >= ?2 ORDER BY lane, envelope, part LIMIT 1"
        }
    };
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    let values = params![destination.0, after.unwrap_or_default()];
    let row = |row: &Row<'_>| lookup::waiting_row(destination, row);
    statement.query_row(values, row).optional().map_err(from_sqlite)
}

/// Goes from lane to lane and looks at the first of each: what waits behind it is not read.
pub(crate) fn oldest(connection: &Connection, destination: DestinationId) -> Result<Option<Timestamp>> {
    let sql = "WITH RECURSIVE lanes(lane) AS (
                   SELECT min(lane) FROM waiting WHERE destination = ?1
                   UNION ALL
                   SELECT (SELECT min(lane) FROM waiting WHERE destination = ?1 AND lane > lanes.lane)
                   FROM lanes WHERE lane IS NOT NULL)
               SELECT min((SELECT queued FROM waiting WHERE destination = ?1 AND waiting.lane = lanes.lane
                           ORDER BY envelope, part LIMIT 1)) FROM lanes WHERE lane IS NOT NULL";
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    let found: Option<i64> =
        statement.query_row(params![destination.0], |row| row.get(0)).map_err(from_sqlite)?;
    Ok(found.map(Timestamp))
}

pub(crate) fn waiting(
    connection: &Connection,
    destination: DestinationId,
    lane: &str,
    after: Option<(EnvelopeId, u16)>,
    limit: usize,
) -> Result<Vec<Delivery>> {
    let sql = "SELECT lane, envelope, part, queued, due, attempts, reason FROM waiting
        WHERE destination = ?1 AND lane = ?2 AND (envelope, part) > (?3, ?4)
        ORDER BY envelope, part LIMIT ?5";
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    let (envelope, part) = after.map_or((0, -1), |(envelope, part)| (signed(envelope.0), i64::from(part)));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = params![destination.0, lane, envelope, part, limit];
    let rows = statement.query_map(values, |row| lookup::waiting_row(destination, row));
    rows.map_err(from_sqlite)?.collect::<Result<_, _>>().map_err(from_sqlite)
}

pub(crate) fn part(
    shared: &Shared,
    connection: &Connection,
    envelope: EnvelopeId,
    part: u16,
) -> Result<Payload> {
    let missing = || Error::Missing(format!("part {part} of envelope {envelope}"));
    let route = lookup::route_row(connection, envelope)?.filter(|route| route.outcome == 0);
    let route = route.ok_or_else(missing)?;
    let parts = routes::unpack_parts(route.parts.as_deref())?;
    let kept = parts.get(usize::from(part)).ok_or_else(missing)?;
    let received = &mut || received(shared, connection, envelope);
    shared.bodies.decode(*kept, received).map_err(|error| lookup::of_envelope(signed(envelope.0), error))
}

/// The bytes of an envelope as they came.
pub(crate) fn received(shared: &Shared, connection: &Connection, id: EnvelopeId) -> Result<Payload> {
    let found = lookup::with_row(connection, id, |row| lookup::payload(shared, row))?;
    found.ok_or_else(|| Error::Missing(format!("envelope {id}")))
}

pub(crate) fn fingerprints(
    connection: &Connection,
    channel: ChannelId,
    since: Timestamp,
    limit: usize,
) -> Result<Vec<(u64, EnvelopeId)>> {
    let mut statement = connection
        .prepare_cached("SELECT received, fingerprint FROM envelope WHERE id = ?1")
        .map_err(from_sqlite)?;
    let (mut found, mut older, mut failure) = (Vec::new(), 0, None);
    each_of_channel_back(connection, channel, u64::MAX, &mut |id| {
        let row = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?));
        match statement.query_row([signed(id)], row).optional() {
            Ok(Some((received, _))) if received < since.0 => older += 1,
            Ok(Some((_, fingerprint))) => {
                older = 0;
                found.extend(fingerprint.map(|fingerprint| (unsigned(fingerprint), EnvelopeId(id))));
            }
            Ok(None) => {}
            Err(error) => failure = Some(from_sqlite(error)),
        }
        failure.is_none() && found.len() < limit && older < OLDER_IN_A_ROW_MAX
    })?;
    found.truncate(limit);
    failure.map_or(Ok(found), Err)
}

pub(crate) fn holds(connection: &Connection) -> Result<Vec<Hold>> {
    let sql = "SELECT destination, whole, lane, since, reason FROM hold
        ORDER BY destination, whole DESC, lane";
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    let rows = statement.query_map([], |row| {
        let (is_whole, lane): (bool, String) = (row.get(1)?, row.get(2)?);
        Ok(Hold {
            destination: DestinationId(row.get(0)?),
            lane: (!is_whole).then(|| lane.into()),
            since: Timestamp(row.get(3)?),
            reason: row.get(4)?,
        })
    });
    rows.map_err(from_sqlite)?.collect::<Result<_, _>>().map_err(from_sqlite)
}

pub(crate) fn value(connection: &Connection, name: &str) -> Result<Option<Vec<u8>>> {
    let mut statement =
        connection.prepare_cached("SELECT value FROM value WHERE name = ?1").map_err(from_sqlite)?;
    statement.query_row([name], |row| row.get(0)).optional().map_err(from_sqlite)
}

/// Values by the beginning of their names. Names are compared by their bytes, as SQLite does without a
/// collation, so those with one beginning follow one another.
pub(crate) fn values(
    connection: &Connection,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(String, Vec<u8>)>> {
    let sql = "SELECT name, value FROM value WHERE name >= ?1 AND (?2 IS NULL OR name > ?2) ORDER BY name";
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get(1)?));
    let rows = statement.query_map(rusqlite::params![prefix, after], row).map_err(from_sqlite)?;
    let has_prefix = |row: &rusqlite::Result<(String, Vec<u8>)>| match row {
        Ok((name, _)) => name.starts_with(prefix),
        Err(_) => true,
    };
    rows.take_while(has_prefix).take(limit).collect::<Result<_, _>>().map_err(from_sqlite)
}

pub(crate) fn record(
    shared: &Shared,
    connection: &Connection,
    id: EnvelopeId,
) -> Result<Option<EnvelopeRecord>> {
    let found = lookup::with_row(connection, id, |row| lookup::envelope(shared, row))?;
    let Some(envelope) = found else { return Ok(None) };
    let route = lookup::route_row(connection, id)?;
    let (mut parts, mut deliveries) = (Vec::new(), Vec::new());
    if let Some(route) = route.as_ref().filter(|route| route.outcome == 0) {
        for kept in routes::unpack_parts(route.parts.as_deref())? {
            let received = &mut || Ok(envelope.payload.clone());
            let part = shared.bodies.decode(kept, received);
            parts.push(part.map_err(|error| lookup::of_envelope(signed(id.0), error))?);
        }
        for one in &route.deliveries {
            let (destination, lane, part) = (one.destination, one.lane.clone(), one.part);
            let key = DeliveryKey { destination, lane, envelope: id, part };
            let found = lookup::delivery(shared, connection, key, route.at)?;
            let (delivery, last) = found.ok_or_else(|| lost(id))?;
            let attempts = lookup::all_attempts(shared, connection, &delivery.key, last, route.at)?;
            deliveries.push((delivery, attempts));
        }
        deliveries.sort_by_key(|(one, _)| (one.key.destination, one.key.part));
    }
    let route = route.map(|route| route.record(shared)).transpose()?;
    let children = children(connection, id)?;
    Ok(Some(EnvelopeRecord { envelope, route, parts, deliveries, children }))
}

fn lost(id: EnvelopeId) -> Error {
    Error::Damaged(format!("envelope {id}: a delivery is nowhere"))
}

fn children(connection: &Connection, id: EnvelopeId) -> Result<Vec<EnvelopeId>> {
    let sql = "SELECT envelope FROM child WHERE parent = ?1 ORDER BY envelope";
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    let rows = statement.query_map([signed(id.0)], |row| Ok(EnvelopeId(unsigned(row.get(0)?))));
    rows.map_err(from_sqlite)?.collect::<Result<_, _>>().map_err(from_sqlite)
}

pub(crate) fn dead(
    shared: &Shared,
    connection: &Connection,
    destination: DestinationId,
    before: Option<EnvelopeId>,
    limit: usize,
) -> Result<Vec<Delivery>> {
    let sql = "SELECT envelope, part FROM dead WHERE destination = ?1 AND envelope < ?2
        ORDER BY envelope DESC, part DESC LIMIT ?3";
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    let before = before.map_or(i64::MAX, |before| signed(before.0));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement
        .query_map(params![destination.0, before, limit], |row| {
            Ok((EnvelopeId(unsigned(row.get(0)?)), row.get::<_, u16>(1)?))
        })
        .map_err(from_sqlite)?;
    let mut dead = Vec::new();
    for row in rows {
        let (envelope, part) = row.map_err(from_sqlite)?;
        let route = lookup::route_row(connection, envelope)?.ok_or_else(|| lost(envelope))?;
        let named = route.deliveries.iter().find(|one| one.destination == destination && one.part == part);
        let lane = named.ok_or_else(|| lost(envelope))?.lane.clone();
        let key = DeliveryKey { destination, lane, envelope, part };
        let found = lookup::delivery(shared, connection, key, route.at)?;
        dead.push(found.ok_or_else(|| lost(envelope))?.0);
    }
    Ok(dead)
}

pub(crate) fn delivery(
    shared: &Shared,
    connection: &Connection,
    key: &DeliveryKey,
) -> Result<Option<Delivery>> {
    let Some(route) = lookup::route_row(connection, key.envelope)? else { return Ok(None) };
    let is_named = route
        .deliveries
        .iter()
        .any(|one| one.destination == key.destination && one.part == key.part && one.lane == key.lane);
    if !is_named {
        return Ok(None);
    }
    Ok(lookup::delivery(shared, connection, key.clone(), route.at)?.map(|found| found.0))
}

pub(crate) fn channels(connection: &Connection) -> Result<Vec<ChannelInfo>> {
    let sql = "SELECT id, name, received, filtered, failed, routed, last, last_at FROM channel ORDER BY id";
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    let rows = statement.query_map([], |row| {
        let id = ChannelId(row.get(0)?);
        let mut counts = [0; 4];
        for (at, count) in counts.iter_mut().enumerate() {
            *count = unsigned(row.get(at + 2)?);
        }
        let [received, filtered, failed, routed] = counts;
        let unrouted = received.saturating_sub(filtered + failed + routed);
        let last = unsigned(row.get(6)?);
        let last_at: i64 = row.get(7)?;
        Ok(ChannelInfo {
            id,
            name: row.get(1)?,
            tally: ChannelTally { channel: id, received, filtered, failed, routed, unrouted },
            last: (last > 0).then_some(EnvelopeId(last)),
            last_at: (last > 0).then_some(Timestamp(last_at)),
        })
    });
    rows.map_err(from_sqlite)?.collect::<Result<_, _>>().map_err(from_sqlite)
}

pub(crate) fn destinations(connection: &Connection) -> Result<Vec<DestinationInfo>> {
    let sql = "SELECT id, channel, name, queued, delivered, dead, dropped FROM destination ORDER BY id";
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    let rows = statement.query_map([], |row| {
        let id = DestinationId(row.get(0)?);
        let mut counts = [0; 4];
        for (at, count) in counts.iter_mut().enumerate() {
            *count = unsigned(row.get(at + 3)?);
        }
        let [queued, delivered, dead, dropped] = counts;
        let waiting = queued.saturating_sub(delivered + dead + dropped);
        Ok(DestinationInfo {
            id,
            channel: ChannelId(row.get(1)?),
            name: row.get(2)?,
            tally: DestinationTally { destination: id, queued, delivered, dead, dropped, waiting },
        })
    });
    rows.map_err(from_sqlite)?.collect::<Result<_, _>>().map_err(from_sqlite)
}

pub(crate) fn versions(connection: &Connection, channel: ChannelId) -> Result<Vec<VersionInfo>> {
    let sql = "SELECT id, since, text FROM version WHERE channel = ?1 ORDER BY id DESC";
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    let rows = statement.query_map([channel.0], |row| {
        let (id, since) = (VersionId(row.get(0)?), Timestamp(row.get(1)?));
        Ok(VersionInfo { id, since, text: row.get(2)? })
    });
    rows.map_err(from_sqlite)?.collect::<Result<_, _>>().map_err(from_sqlite)
}
