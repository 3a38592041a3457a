//! The table of small files that are not on stable storage yet. It is written in the order in which they arrive,
//! so that those up to a number are all that were there at a moment.

use klinke_model::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::Result;
use crate::index::Entry;

/// A file and its bytes.
pub(crate) struct Unsynced {
    /// Its number.
    pub number: i64,
    /// Its path below the archive's folder.
    pub path: String,
    /// When its instance had arrived.
    pub arrived: Timestamp,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// Keeps the bytes of a file.
pub(super) fn note(connection: &Connection, entry: &Entry, bytes: &[u8]) -> Result<()> {
    let sql = "INSERT INTO unsynced(path, arrived, bytes) VALUES (?1, ?2, ?3)";
    connection.prepare_cached(sql)?.execute(params![entry.file.path, entry.file.arrived.0, bytes])?;
    Ok(())
}

/// The first one above a number.
pub(super) fn next(connection: &Connection, after: i64) -> Result<Option<Unsynced>> {
    let sql = "SELECT id, path, arrived, bytes FROM unsynced WHERE id > ?1 ORDER BY id LIMIT 1";
    let row = |row: &rusqlite::Row<'_>| {
        let (number, path, bytes) = (row.get(0)?, row.get(1)?, row.get(3)?);
        Ok(Unsynced { number, path, arrived: Timestamp(row.get(2)?), bytes })
    };
    Ok(connection.prepare_cached(sql)?.query_row([after], row).optional()?)
}

/// The first numbers.
pub(super) fn numbers(connection: &Connection, limit: usize) -> Result<Vec<i64>> {
    let mut found = connection.prepare_cached("SELECT id FROM unsynced ORDER BY id LIMIT ?1")?;
    let rows = found.query_map([limit as i64], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Forgets those up to a number.
pub(super) fn forget(connection: &Connection, up_to: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM unsynced WHERE id <= ?1")?.execute([up_to])?;
    Ok(())
}
