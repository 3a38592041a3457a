//! The journal's versions. A migration is a numbered file; `user_version` says which of them were run.

use klinke_store::{Error, Result};
use rusqlite::{Connection, TransactionBehavior};

use crate::failure::from_sqlite;

/// The migrations in their order; the first makes an empty file version 1.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/v1.sql"),
    include_str!("migrations/v2.sql"),
    include_str!("migrations/v3.sql"),
];

/// The version that this program writes.
pub const VERSION: u32 = MIGRATIONS.len() as u32;

/// Brings a journal to [`VERSION`], each step in a transaction of its own.
pub(crate) fn migrate(connection: &mut Connection) -> Result<()> {
    let found = version(connection).map_err(from_sqlite)?;
    if found > VERSION {
        return Err(Error::TooNew { found, known: VERSION });
    }
    for (at, sql) in MIGRATIONS.iter().enumerate().skip(found as usize) {
        run(connection, sql, at as u32 + 1).map_err(from_sqlite)?;
    }
    Ok(())
}

/// The version of a journal; 0 when it is empty.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn run(connection: &mut Connection, sql: &str, version: u32) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(sql)?;
    transaction.pragma_update(None, "user_version", version)?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrates_an_empty_file_and_refuses_a_later_one() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        assert_eq!(version(&connection).unwrap(), VERSION);
        migrate(&mut connection).unwrap();
        connection.pragma_update(None, "user_version", VERSION + 1).unwrap();
        let refused = migrate(&mut connection);
        assert_eq!(refused, Err(Error::TooNew { found: VERSION + 1, known: VERSION }));
    }
}
