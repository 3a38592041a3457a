//! Housekeeping beside the writer: moves the write-ahead log into the journal, trains dictionaries,
//! removes files that nobody names.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use klinke_store::Result;
use rusqlite::{Connection, OptionalExtension, params};

use crate::dictionary::{self, Training};
use crate::failure::from_sqlite;
use crate::readers;
use crate::shared::Shared;

/// How often the log is moved.
const PERIOD: Duration = Duration::from_millis(500);
/// From so many pages on the writer is asked to help, because only a moment without writes ends the log.
const LOG_PAGES_MAX: i64 = 4096;

/// What the keeper is told.
pub(crate) enum Task {
    Train(Training),
    Stop,
}

/// Sends a task; a keeper that has stopped needs none.
pub(crate) fn send(to: &Mutex<Sender<Task>>, task: Task) {
    let _ = to.lock().unwrap_or_else(PoisonError::into_inner).send(task);
}

pub(crate) fn run(shared: &Arc<Shared>, path: &Path, tasks: &Receiver<Task>) {
    // An orphan that can't be removed now is tried again at the next start.
    let _ = remove_orphans(shared);
    let mut connection = None;
    let mut moved = None;
    loop {
        match tasks.recv_timeout(PERIOD) {
            Ok(Task::Train(training)) => train(shared, training),
            Ok(Task::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
        let length = std::fs::metadata(path.with_extension("db-wal")).map_or(0, |data| data.len());
        let committed = shared.queue.commits();
        if length == 0 || moved == Some(committed) {
            continue;
        }
        if connection.is_none() {
            connection = open(path).ok();
        }
        let pages = connection.as_ref().map_or(Ok(0), move_log);
        match pages {
            Ok(pages) => {
                moved = Some(committed);
                if pages > LOG_PAGES_MAX {
                    shared.is_log_long.store(true, Ordering::Relaxed);
                }
            }
            Err(_) => connection = None,
        }
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = readers::open(path)?;
    connection.pragma_update(None, "query_only", false)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// Moves what it can without waiting for anyone; gives how many pages the log has.
fn move_log(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))
}

/// Trains a dictionary, has the writer keep it, and only then makes it known.
fn train(shared: &Arc<Shared>, training: Training) {
    let format = training.format.clone();
    let Some(bytes) = training.run() else { return };
    let numbered = Arc::new(Mutex::new(bytes));
    let (for_writer, name) = (numbered.clone(), format.clone());
    let id = shared.special(move |work| {
        let highest: Option<u32> =
            work.connection.query_row("SELECT max(id) FROM dictionary", [], |row| row.get(0))?;
        let id = highest.unwrap_or(0) + 1;
        let mut bytes = for_writer.lock().unwrap_or_else(PoisonError::into_inner);
        dictionary::number(&mut bytes, id);
        let sql = "INSERT INTO dictionary(id, format, bytes) VALUES (?1, ?2, ?3)";
        work.connection.execute(sql, params![id, name, &*bytes])?;
        Ok(Ok(u64::from(id)))
    });
    // A disk that takes no dictionary takes larger bodies; the next start collects again.
    if let Ok(id) = id {
        let bytes = std::mem::take(&mut *numbered.lock().unwrap_or_else(PoisonError::into_inner));
        shared.bodies.dictionaries.add(id as u32, &format, bytes);
    }
}

/// Removes files of blobs that no row names.
fn remove_orphans(shared: &Shared) -> Result<u64> {
    shared.bodies.blobs.remove_orphans(&mut |hash| {
        shared.readers.with(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT 1 FROM blob WHERE hash = ?1").map_err(from_sqlite)?;
            let found = statement.query_row([hash], |_| Ok(())).optional().map_err(from_sqlite)?;
            Ok(found.is_some())
        })
    })
}
