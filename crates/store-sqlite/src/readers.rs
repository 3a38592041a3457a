//! A small pool of connections that only read.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use klinke_store::Result;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::failure::from_sqlite;

/// The most connections open at a time.
const CONNECTIONS_MAX: usize = 4;

pub(crate) struct Readers {
    path: PathBuf,
    inside: Mutex<Inside>,
    is_free: Condvar,
}

#[derive(Default)]
struct Inside {
    idle: Vec<Connection>,
    open: usize,
}

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Self {
        Readers { path, inside: Mutex::default(), is_free: Condvar::new() }
    }

    /// Runs reads at one point of the journal.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let mut connection = self.take()?;
        let result = (|| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Deferred).map_err(from_sqlite)?;
            read(&transaction)
        })();
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.idle.push(connection);
        drop(inside);
        self.is_free.notify_one();
        result
    }

    fn take(&self) -> Result<Connection> {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(connection) = inside.idle.pop() {
                return Ok(connection);
            }
            if inside.open < CONNECTIONS_MAX {
                break;
            }
            inside = self.is_free.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        inside.open += 1;
        drop(inside);
        open(&self.path).map_err(|error| {
            self.inside.lock().unwrap_or_else(PoisonError::into_inner).open -= 1;
            self.is_free.notify_one();
            from_sqlite(error)
        })
    }
}

/// Opens a connection that only reads. It is opened for writing all the same, because readers of a
/// write-ahead log write into its shared memory.
pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -512)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}
