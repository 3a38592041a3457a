//! Rows that no file and no journal has, out of an index into the one that takes its place.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};

use super::SqliteIndex;
use crate::error::Result;

/// Tables of workitems and their watchers, those before others that name their rows.
const TABLES: &[&str] = &["watcher", "workitem", "worklist_watch", "workitem_watch", "owed_report"];
/// The version of the tables that has them.
const VERSION: u32 = 5;
/// How many rows are written in one commit.
const BITE: usize = 500;

impl SqliteIndex {
    /// Takes workitems and their watchers over from the index in another file; gives how many workitems. What was taken until a
    /// fault stays.
    pub(crate) fn take_over(&self, old: &Path) -> Result<u64> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let old = Connection::open_with_flags(old, flags)?;
        old.pragma_update(None, "query_only", "ON")?;
        let version: u32 = old.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let mut taken = 0;
        if version < VERSION {
            return Ok(taken);
        }
        for table in TABLES {
            let rows = self.take_table(&old, table)?;
            taken += if *table == "workitem" { rows } else { 0 };
        }
        self.change(super::workitem::present_again)?;
        Ok(taken)
    }

    fn take_table(&self, old: &Connection, table: &'static str) -> Result<u64> {
        let mut statement = old.prepare(&format!("SELECT * FROM {table}"))?;
        let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
        let marks = vec!["?"; columns.len()].join(",");
        let sql = format!("INSERT OR REPLACE INTO {table}({}) VALUES ({marks})", columns.join(","));
        let (mut rows, mut count) = (statement.query([])?, 0);
        loop {
            let mut bite: Vec<Vec<Value>> = Vec::new();
            while bite.len() < BITE
                && let Some(row) = rows.next()?
            {
                bite.push((0..columns.len()).map(|at| row.get(at)).collect::<rusqlite::Result<_>>()?);
            }
            if bite.is_empty() {
                return Ok(count);
            }
            count += bite.len() as u64;
            let sql = sql.clone();
            self.change(move |connection| {
                for row in bite {
                    connection.prepare_cached(&sql)?.execute(params_from_iter(row))?;
                }
                // Reports that come over count themselves; their watchers brought the number along.
                if table == "owed_report" {
                    let sql = "UPDATE watcher SET owed = (SELECT count(*) FROM owed_report r WHERE r.title = watcher.title)";
                    connection.prepare_cached(sql)?.execute([])?;
                }
                Ok(())
            })?;
        }
    }
}
