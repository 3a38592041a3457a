//! The table of what channels have taken and not all of their partners have acknowledged.

use klinke_model::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::event::put_listener;
use crate::error::Result;
use crate::event::{Kind, Sending};

/// Begins to keep what a channel takes; what it was told before is not known.
pub(super) fn track(connection: &Connection, channel: &str) -> Result<()> {
    let sql = "UPDATE listener SET tracked = position WHERE name = ?1 AND kind = ?2 AND tracked IS NULL";
    connection.prepare_cached(sql)?.execute([channel, Kind::Instance.name()])?;
    Ok(())
}

/// Does not keep any more what a channel takes.
pub(super) fn untrack(connection: &Connection, channel: &str) -> Result<()> {
    let sql = "UPDATE listener SET tracked = NULL WHERE name = ?1 AND kind = ?2 AND tracked IS NOT NULL";
    if connection.prepare_cached(sql)?.execute([channel, Kind::Instance.name()])? > 0 {
        connection.prepare_cached("DELETE FROM sending WHERE listener = ?1")?.execute([channel])?;
    }
    Ok(())
}

/// Notes what a channel has taken, and that it has heard of it.
pub(super) fn handed_on(
    connection: &Connection,
    sending: &Sending,
    position: u64,
    now: Timestamp,
) -> Result<()> {
    let sql = "INSERT OR IGNORE INTO sending(listener, envelope, study) VALUES (?1, ?2, ?3)";
    let values = params![sending.channel, sending.envelope.cast_signed(), sending.study];
    connection.prepare_cached(sql)?.execute(values)?;
    put_listener(connection, &sending.channel, Kind::Instance, position, now)
}

/// What is owed, behind one of it.
pub(super) fn page(connection: &Connection, after: Option<&Sending>, limit: usize) -> Result<Vec<Sending>> {
    let first = Sending { channel: String::new(), envelope: 0, study: String::new() };
    let after = after.unwrap_or(&first);
    let sql = "SELECT listener, envelope, study FROM sending
         WHERE (listener, envelope, study) > (?1, ?2, ?3) ORDER BY listener, envelope, study LIMIT ?4";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = params![after.channel, after.envelope.cast_signed(), after.study, limit];
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(values, |row| {
        let envelope = row.get::<_, i64>(1)?.cast_unsigned();
        Ok(Sending { channel: row.get(0)?, envelope, study: row.get(2)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// These are not owed any more.
pub(super) fn sent(connection: &Connection, all: &[Sending]) -> Result<()> {
    let sql = "DELETE FROM sending WHERE listener = ?1 AND envelope = ?2 AND study = ?3";
    for one in all {
        let values = params![one.channel, one.envelope.cast_signed(), one.study];
        connection.prepare_cached(sql)?.execute(values)?;
    }
    Ok(())
}

/// Whether a channel has still to send something of a study, or nobody knows that it has.
pub(super) fn is_unsent(connection: &Connection, study: &str, channel: &str) -> Result<bool> {
    let sql = "SELECT position, tracked FROM listener WHERE name = ?1 AND kind = ?2 AND tracked IS NOT NULL";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    let known =
        connection.prepare_cached(sql)?.query_row([channel, Kind::Instance.name()], row).optional()?;
    let Some((position, tracked)) = known else { return Ok(true) };
    let sql = "SELECT EXISTS (SELECT 1 FROM sending WHERE listener = ?1 AND study = ?2)
        OR EXISTS (
            SELECT 1 FROM instance JOIN series ON series.id = instance.series JOIN study ON study.id = series.study
            WHERE study.uid = ?2 AND (instance.id <= ?4 OR instance.id > ?3))";
    let values = params![channel, study, position, tracked];
    Ok(connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?)
}
