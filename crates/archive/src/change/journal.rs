//! The journal's file.

use std::path::Path;

use klinke_model::Timestamp;
use rusqlite::{Connection, Row, params};

use super::{Change, Decision, Entry};
use crate::error::{Error, Result};

const VERSION: u32 = 1;
const TABLE: &str = "CREATE TABLE change(
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL,
    origin TEXT NOT NULL,
    undoes INTEGER,
    what TEXT NOT NULL
);
CREATE INDEX change_undoes ON change(undoes) WHERE undoes IS NOT NULL;
PRAGMA user_version = 1;";
const COLUMNS: &str = "SELECT number, at, who, why, origin, what,
    EXISTS (SELECT 1 FROM change later WHERE later.undoes = change.number) FROM change";

/// The journal. Its entries are durable when they are given back.
#[derive(Debug)]
pub(crate) struct Journal(Connection);

impl Journal {
    /// Opens the journal in a file, making it when it is not there.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "synchronous", "EXTRA")?;
        match connection.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0))? {
            0 => connection.execute_batch(&format!("BEGIN; {TABLE} COMMIT;"))?,
            VERSION => {}
            found => return Err(Error::TooNew { found, known: VERSION }),
        }
        Ok(Journal(connection))
    }

    /// Writes entries: all or none.
    pub(crate) fn append(&mut self, changes: &[Change], decision: &Decision) -> Result<Vec<u64>> {
        let transaction = self.0.transaction()?;
        let mut numbers = Vec::with_capacity(changes.len());
        for change in changes {
            let what = serde_json::to_string(change).map_err(|error| Error::Backend(error.to_string()))?;
            let undoes = match change {
                Change::Undo { number } => Some(number.cast_signed()),
                _ => None,
            };
            let sql =
                "INSERT INTO change(at, who, why, origin, undoes, what) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            transaction.prepare_cached(sql)?.execute(params![
                decision.at.0,
                decision.who,
                decision.why,
                decision.origin,
                undoes,
                what
            ])?;
            numbers.push(transaction.last_insert_rowid().cast_unsigned());
        }
        transaction.commit()?;
        Ok(numbers)
    }

    /// The number of the newest entry.
    pub(crate) fn newest(&self) -> Result<u64> {
        let sql = "SELECT coalesce(max(number), 0) FROM change";
        Ok(self.0.query_row(sql, [], |row| row.get::<_, i64>(0))?.cast_unsigned())
    }

    /// The entries behind a number, in their order.
    pub(crate) fn since(&self, after: u64, limit: usize) -> Result<Vec<Entry>> {
        self.entries("WHERE number > ?1 ORDER BY number LIMIT ?2", after.cast_signed(), limit)
    }

    /// Entries with numbers below `before`, the newest first.
    pub(crate) fn newest_first(&self, before: Option<u64>, limit: usize) -> Result<Vec<Entry>> {
        let before = before.map_or(i64::MAX, u64::cast_signed);
        self.entries("WHERE number < ?1 ORDER BY number DESC LIMIT ?2", before, limit)
    }

    /// One entry.
    pub(crate) fn one(&self, number: u64) -> Result<Entry> {
        let found = self.entries("WHERE number = ?1 LIMIT ?2", number.cast_signed(), 1)?.pop();
        found.ok_or(Error::Missing("a change of this number"))
    }

    fn entries(&self, which: &str, number: i64, limit: usize) -> Result<Vec<Entry>> {
        let mut statement = self.0.prepare_cached(&format!("{COLUMNS} {which}"))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map([number, limit], |row| Ok((entry(row)?, row.get::<_, String>(5)?)))?;
        rows.map(|row| {
            let (mut entry, what) = row?;
            // The text is not repeated: it names patients.
            let damaged = |_| Error::Damaged(format!("change {} can't be read", entry.number));
            entry.change = serde_json::from_str(&what).map_err(damaged)?;
            Ok(entry)
        })
        .collect()
    }
}

/// All of an entry but the change.
fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        decision: Decision {
            at: Timestamp(row.get(1)?),
            who: row.get(2)?,
            why: row.get(3)?,
            origin: row.get(4)?,
        },
        change: Change::Undo { number: 0 },
        is_undone: row.get(6)?,
    })
}
