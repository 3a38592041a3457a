//! The audit log: rows that are sealed by the writer, one after the other.

use klinke_model::Timestamp;
use klinke_store::audit::Checker;
use klinke_store::{AuditEnds, AuditQuery, AuditRecord, Done, Error, Result, Seal};
use rusqlite::{Connection, OptionalExtension, params};

use crate::apply::{Step, Work};
use crate::entry::Entry;
use crate::failure::from_sqlite;
use crate::ledger::{signed, unsigned};
use crate::shared::Shared;

/// Where both ends stand in "meta".
const ENDS: &str = "audit";
/// The most entries removed in one transaction.
const BITE: usize = 500;

pub(crate) fn append(shared: &Shared, at: Timestamp, entry: Vec<u8>, done: Done<u64>) {
    let write = move |work: &mut Work<'_>| -> Step<u64> {
        // Above the head stands nothing, unless somebody put it there. It stays, and is found; what people
        // do goes on behind it.
        let sql = "SELECT coalesce(max(id), 0) FROM audit";
        let last: i64 = work.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        let head = work.ledger.audit.head;
        let seal = Seal { id: head.id.max(unsigned(last)), ..head }.next(at, &entry);
        let sql = "INSERT INTO audit(id, at, hash, entry) VALUES (?1, ?2, ?3, ?4)";
        let row = params![signed(seal.id), at.0, seal.hash, entry];
        work.connection.prepare_cached(sql)?.execute(row)?;
        work.ledger.audit.head = seal;
        write_ends(work.connection, &work.ledger.audit)?;
        Ok(Ok(seal.id))
    };
    shared.push(Entry::Special(Box::new(write), done));
}

pub(crate) fn read(connection: &Connection, query: &AuditQuery) -> Result<Vec<AuditRecord>> {
    let (above, below) = match (query.beyond, query.newest_first) {
        (None, _) => (0, i64::MAX),
        (Some(beyond), false) => (signed(beyond), i64::MAX),
        (Some(beyond), true) => (0, signed(beyond)),
    };
    let order = if query.newest_first { "DESC" } else { "ASC" };
    let sql = format!(
        "SELECT id, CAST(at AS INTEGER), CAST(hash AS BLOB), CAST(entry AS BLOB) FROM audit
         WHERE id > ?1 AND id < ?2{}{} ORDER BY id {order} LIMIT ?5",
        if query.from.is_some() { " AND at >= ?3" } else { " AND ?3 IS NULL" },
        if query.until.is_some() { " AND at < ?4" } else { " AND ?4 IS NULL" },
    );
    let (from, until) = (query.from.map(|at| at.0), query.until.map(|at| at.0));
    let limit = i64::try_from(query.lines()).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(&sql).map_err(from_sqlite)?;
    let rows = statement.query_map(params![above, below, from, until, limit], record).map_err(from_sqlite)?;
    rows.collect::<Result<_, _>>().map_err(from_sqlite)
}

/// A row as an entry. Reads cast each column: a row of the wrong kind, which only another hand can have
/// written, must be found, and not stand in the way of the others.
fn record(row: &rusqlite::Row<'_>) -> rusqlite::Result<AuditRecord> {
    // A hash of another length was not written by us; zeros are the seal of no entry.
    let hash: Vec<u8> = row.get(2)?;
    let seal = Seal { id: unsigned(row.get(0)?), hash: hash.try_into().unwrap_or_default() };
    Ok(AuditRecord { seal, at: Timestamp(row.get(1)?), entry: row.get(3)? })
}

/// Both ends as they were written; those of an empty log when nothing was.
pub(crate) fn ends(connection: &Connection) -> rusqlite::Result<AuditEnds> {
    let sql = "SELECT value FROM meta WHERE name = ?1";
    let bytes: Option<Vec<u8>> =
        connection.prepare_cached(sql)?.query_row([ENDS], |row| row.get(0)).optional()?;
    Ok(bytes.and_then(|bytes| AuditEnds::from_bytes(&bytes)).unwrap_or_default())
}

fn write_ends(connection: &Connection, ends: &AuditEnds) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO meta(name, value) VALUES (?1, ?2)";
    connection.prepare_cached(sql)?.execute(params![ENDS, ends.to_bytes()]).map(drop)
}

pub(crate) fn prune(shared: &Shared, before: Timestamp, limit: usize) -> Result<u64> {
    let limit = limit.min(BITE);
    shared.special(move |work| {
        let sql = "SELECT id, CAST(at AS INTEGER), CAST(hash AS BLOB) FROM audit ORDER BY id LIMIT ?1";
        let mut statement = work.connection.prepare_cached(sql)?;
        let rows = statement.query_map([limit as i64], |row| {
            let hash: Vec<u8> = row.get(2)?;
            Ok((unsigned(row.get(0)?), row.get::<_, i64>(1)?, hash))
        })?;
        let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
        let old: Vec<_> = rows.into_iter().take_while(|(_, at, _)| *at < before.0).collect();
        let Some((id, _, hash)) = old.last().cloned() else { return Ok(Ok(0)) };
        let Ok(hash) = hash.try_into() else {
            return Ok(Err(Error::Damaged(format!("the audit log: the seal of entry {id} is none"))));
        };
        work.connection.prepare_cached("DELETE FROM audit WHERE id <= ?1")?.execute([signed(id)])?;
        work.ledger.audit.start = Seal { id, hash };
        write_ends(work.connection, &work.ledger.audit)?;
        Ok(Ok(old.len() as u64))
    })
}

/// Checks the whole chain at one point of the journal.
pub(crate) fn check(connection: &Connection, faults: &mut Vec<String>) -> Result<()> {
    let mut checker = Checker::new(ends(connection).map_err(from_sqlite)?, None);
    let sql =
        "SELECT id, CAST(at AS INTEGER), CAST(hash AS BLOB), CAST(entry AS BLOB) FROM audit ORDER BY id";
    let mut statement = connection.prepare(sql).map_err(from_sqlite)?;
    let mut rows = statement.query([]).map_err(from_sqlite)?;
    while let Some(row) = rows.next().map_err(from_sqlite)? {
        checker.next(&record(row).map_err(from_sqlite)?);
    }
    faults.extend(checker.end().1.into_iter().map(|fault| format!("the audit log: {fault}")));
    Ok(())
}
