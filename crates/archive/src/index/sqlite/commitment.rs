//! The table of reports of storage commitment that are owed.

use klinke_model::Timestamp;
use rusqlite::{Connection, Row, params};

use crate::commitment::{Commitment, Reference};
use crate::error::Result;

const COLUMNS: &str =
    "SELECT id, peer, called, transaction_uid, instances, asked, tries, due FROM commitment";

/// Keeps a request; one that is there is due anew.
pub(super) fn ask(connection: &Connection, asked: &Commitment) -> Result<u64> {
    let lines: Vec<String> =
        asked.instances.iter().map(|one| format!("{} {}", one.class, one.instance)).collect();
    let sql = "INSERT INTO commitment(peer, called, transaction_uid, instances, asked, tries, due)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT(peer, transaction_uid) DO UPDATE SET called = ?2, instances = ?4, asked = ?5, tries = ?6, due = ?7
         RETURNING id";
    let values = params![
        asked.peer,
        asked.called,
        asked.transaction,
        lines.join("\n"),
        asked.asked.0,
        asked.tries,
        asked.due.0,
    ];
    let number: i64 = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
    Ok(number.cast_unsigned())
}

/// Those that are due.
pub(super) fn due(connection: &Connection, now: Timestamp, limit: usize) -> Result<Vec<Commitment>> {
    let mut statement =
        connection.prepare_cached(&format!("{COLUMNS} WHERE due <= ?1 ORDER BY due, id LIMIT ?2"))?;
    let rows = statement.query_map(params![now.0, i64::try_from(limit).unwrap_or(i64::MAX)], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Those of a partner.
pub(super) fn of_peer(connection: &Connection, peer: &str, limit: usize) -> Result<Vec<Commitment>> {
    let mut statement =
        connection.prepare_cached(&format!("{COLUMNS} WHERE peer = ?1 ORDER BY due, id LIMIT ?2"))?;
    let rows = statement.query_map(params![peer, i64::try_from(limit).unwrap_or(i64::MAX)], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One more try failed.
pub(super) fn postpone(connection: &Connection, number: u64, due: Timestamp) -> Result<()> {
    let sql = "UPDATE commitment SET tries = tries + 1, due = ?2 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![number.cast_signed(), due.0])?;
    Ok(())
}

/// Nothing is owed any more.
pub(super) fn forget(connection: &Connection, number: u64) -> Result<()> {
    connection.prepare_cached("DELETE FROM commitment WHERE id = ?1")?.execute([number.cast_signed()])?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Commitment> {
    let lines: String = row.get(4)?;
    let pairs = lines.lines().filter_map(|line| line.split_once(' '));
    Ok(Commitment {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        peer: row.get(1)?,
        called: row.get(2)?,
        transaction: row.get(3)?,
        instances: pairs
            .map(|(class, instance)| Reference { class: class.to_owned(), instance: instance.to_owned() })
            .collect(),
        asked: Timestamp(row.get(5)?),
        tries: row.get(6)?,
        due: Timestamp(row.get(7)?),
    })
}
