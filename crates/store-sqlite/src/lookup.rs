//! Rows of the journal as the model's values.

use klinke_model::{
    Attempt, ChannelId, Delivery, DeliveryKey, DeliveryState, Envelope, EnvelopeId, Origin, Payload,
    Timestamp, VersionId,
};
use klinke_store::{Error, NewDelivery, Result, RouteRecord};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::apply::{DEAD, DELIVERED};
use crate::bodies::Kept;
use crate::failure::from_sqlite;
use crate::ledger::{signed, unsigned};
use crate::shared::Shared;
use crate::{attempts, routes};

/// The columns that [`head`] and [`payload`] read.
pub(crate) const COLUMNS: &str = "id, channel, version, received, system, peer, format, origin, parent,
    fingerprint, size, coding, checksum, body";

/// What "route" says of an envelope.
pub(crate) struct RouteRow {
    pub(crate) at: i64,
    pub(crate) outcome: i64,
    ended: Option<Vec<u8>>,
    trace: Option<Vec<u8>>,
    pub(crate) parts: Option<Vec<u8>>,
    pub(crate) deliveries: Vec<NewDelivery>,
    version: Option<VersionId>,
}

/// The envelope of a row, without its payload, and the payload's size.
pub(crate) fn head(shared: &Shared, row: &Row<'_>) -> Result<(Envelope, u64)> {
    let parent: Option<i64> = get(row, 8)?;
    let parent = parent.map(|parent| EnvelopeId(unsigned(parent)));
    let fingerprint: Option<i64> = get(row, 9)?;
    let envelope = Envelope {
        id: EnvelopeId(unsigned(get(row, 0)?)),
        channel: ChannelId(get(row, 1)?),
        version: VersionId(get(row, 2)?),
        received: Timestamp(get(row, 3)?),
        system: shared.texts.column(row, 4)?,
        peer: shared.texts.column(row, 5)?,
        format: shared.texts.column(row, 6)?,
        origin: origin(get(row, 7)?, parent),
        fingerprint: fingerprint.map(unsigned),
        payload: Payload::default(),
    };
    Ok((envelope, unsigned(get(row, 10)?)))
}

/// The body of a row.
pub(crate) fn kept<'a>(row: &'a Row<'_>) -> Result<Kept<'a>> {
    let checksum: i32 = get(row, 12)?;
    let bytes = row.get_ref(13).map_err(from_sqlite)?;
    let bytes = bytes.as_blob().map_err(|_| Error::Damaged("a body is no BLOB".to_owned()))?;
    Ok(Kept { coding: get(row, 11)?, size: unsigned(get(row, 10)?), checksum: checksum as u32, bytes })
}

/// The payload of a row.
pub(crate) fn payload(shared: &Shared, row: &Row<'_>) -> Result<Payload> {
    let none = &mut || Err(Error::Damaged("a received body refers to itself".to_owned()));
    let id: i64 = get(row, 0)?;
    shared.bodies.decode(kept(row)?, none).map_err(|error| of_envelope(id, error))
}

/// An envelope with its payload.
pub(crate) fn envelope(shared: &Shared, row: &Row<'_>) -> Result<Envelope> {
    let (mut envelope, _) = head(shared, row)?;
    envelope.payload = payload(shared, row)?;
    Ok(envelope)
}

/// Runs a function on the row of an envelope, if it is there.
pub(crate) fn with_row<T>(
    connection: &Connection,
    id: EnvelopeId,
    run: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let sql = format!("SELECT {COLUMNS} FROM envelope WHERE id = ?1");
    let mut statement = connection.prepare_cached(&sql).map_err(from_sqlite)?;
    let mut rows = statement.query([signed(id.0)]).map_err(from_sqlite)?;
    rows.next().map_err(from_sqlite)?.map(run).transpose()
}

/// What the steps made of an envelope.
pub(crate) fn route_row(connection: &Connection, id: EnvelopeId) -> Result<Option<RouteRow>> {
    let sql = "SELECT at, outcome, ended, trace, parts, deliveries, version FROM route WHERE envelope = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    let mut rows = statement.query([signed(id.0)]).map_err(from_sqlite)?;
    let Some(row) = rows.next().map_err(from_sqlite)? else { return Ok(None) };
    let deliveries: Option<Vec<u8>> = get(row, 5)?;
    Ok(Some(RouteRow {
        at: get(row, 0)?,
        outcome: get(row, 1)?,
        ended: get(row, 2)?,
        trace: get(row, 3)?,
        parts: get(row, 4)?,
        deliveries: routes::unpack_deliveries(deliveries.as_deref())
            .map_err(|error| of_envelope(signed(id.0), error))?,
        version: get::<Option<u32>>(row, 6)?.map(VersionId),
    }))
}

impl RouteRow {
    /// As people read it.
    pub(crate) fn record(&self, shared: &Shared) -> Result<RouteRecord> {
        let none = &mut || Err(Error::Damaged("a trace refers to what was received".to_owned()));
        let trace = routes::unpack_trace(self.trace.as_deref(), |kept| {
            shared.bodies.decode(kept, none).map(|bytes| bytes.to_vec())
        })?;
        let ended = self.ended.as_deref();
        let ended = ended.map(|ended| routes::unpack_ended(&shared.texts, ended, self.outcome == 2));
        Ok(RouteRecord { at: Timestamp(self.at), version: self.version, ended: ended.transpose()?, trace })
    }
}

/// A delivery that is named in a route, wherever it stands.
pub(crate) fn delivery(
    shared: &Shared,
    connection: &Connection,
    key: DeliveryKey,
    queued: i64,
) -> Result<Option<(Delivery, Option<Vec<u8>>)>> {
    if let Some(found) = waiting(connection, &key)? {
        return Ok(Some((found, None)));
    }
    let sql = "SELECT state, attempts, reason, last FROM delivery
        WHERE envelope = ?1 AND destination = ?2 AND part = ?3";
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    let name = params![signed(key.envelope.0), key.destination.0, key.part];
    let mut rows = statement.query(name).map_err(from_sqlite)?;
    let Some(row) = rows.next().map_err(from_sqlite)? else { return Ok(None) };
    let state = match get(row, 0)? {
        DELIVERED => DeliveryState::Delivered,
        DEAD => DeliveryState::Dead,
        _ => DeliveryState::Dropped,
    };
    let (reason, last): (Option<String>, Option<Vec<u8>>) = (get(row, 2)?, get(row, 3)?);
    let reason = match (reason, &last) {
        (Some(reason), _) => reason,
        (None, Some(last)) => attempts::text(&shared.texts, last)?,
        (None, None) => String::new(),
    };
    let queued = Timestamp(queued);
    let delivery = Delivery { key, state, queued, attempts: get(row, 1)?, due: queued, reason };
    Ok(Some((delivery, last)))
}

/// A delivery that waits.
fn waiting(connection: &Connection, key: &DeliveryKey) -> Result<Option<Delivery>> {
    let sql = "SELECT lane, envelope, part, queued, due, attempts, reason FROM waiting
        WHERE destination = ?1 AND lane = ?2 AND envelope = ?3 AND part = ?4";
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    let name = params![key.destination.0, &*key.lane, signed(key.envelope.0), key.part];
    let row = |row: &Row<'_>| waiting_row(key.destination, row);
    statement.query_row(name, row).optional().map_err(from_sqlite)
}

/// A row of lane, envelope, part, queued, due, attempts and reason.
pub(crate) fn waiting_row(
    destination: klinke_model::DestinationId,
    row: &Row<'_>,
) -> rusqlite::Result<Delivery> {
    let lane = row.get_ref(0)?.as_str()?.into();
    let envelope = EnvelopeId(unsigned(row.get(1)?));
    Ok(Delivery {
        key: DeliveryKey { destination, lane, envelope, part: row.get(2)? },
        state: DeliveryState::Waiting,
        queued: Timestamp(row.get(3)?),
        due: Timestamp(row.get(4)?),
        attempts: row.get(5)?,
        reason: row.get::<_, Option<String>>(6)?.unwrap_or_default(),
    })
}

/// All attempts of a delivery, packed, in their order. `last` is the one kept with the delivery.
pub(crate) fn packed_attempts(
    connection: &Connection,
    key: &DeliveryKey,
    last: Option<Vec<u8>>,
) -> Result<Vec<Vec<u8>>> {
    let sql = "SELECT body FROM attempt WHERE envelope = ?1 AND destination = ?2 AND part = ?3
        ORDER BY ordinal";
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    let name = params![signed(key.envelope.0), key.destination.0, key.part];
    let rows = statement.query_map(name, |row| row.get(0)).map_err(from_sqlite)?;
    let mut packed: Vec<Vec<u8>> = rows.collect::<Result<_, _>>().map_err(from_sqlite)?;
    packed.extend(last);
    Ok(packed)
}

/// All attempts of a delivery with their answers.
pub(crate) fn all_attempts(
    shared: &Shared,
    connection: &Connection,
    key: &DeliveryKey,
    last: Option<Vec<u8>>,
    queued: i64,
) -> Result<Vec<Attempt>> {
    let packed = packed_attempts(connection, key, last)?;
    let unpack = |packed: &Vec<u8>| attempts::unpack(&shared.texts, &shared.bodies, packed, queued);
    packed.iter().map(unpack).collect()
}

/// Says of which envelope a body was damaged.
pub(crate) fn of_envelope(id: i64, error: Error) -> Error {
    match error {
        Error::Damaged(text) => Error::Damaged(format!("envelope {id}: {text}")),
        other => other,
    }
}

/// A column.
pub(crate) fn get<T: rusqlite::types::FromSql>(row: &Row<'_>, at: usize) -> Result<T> {
    row.get(at).map_err(from_sqlite)
}

fn origin(number: u8, parent: Option<EnvelopeId>) -> Origin {
    let name = match number {
        1 => "channel",
        2 => "split",
        3 => "resent",
        4 => "edited",
        5 => "fragment",
        6 => "joined",
        _ => "received",
    };
    Origin::from_parts(name, parent)
}
