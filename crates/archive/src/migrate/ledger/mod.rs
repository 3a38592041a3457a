//! The ledger of a migration: SQLite, WAL, `synchronous = FULL`. Several processes may have it open: who takes over works with
//! it, others look into it or move a study to the front. One of them at a time may take over ([`Ledger::work`]).
//!
//! It holds Patient IDs, to find the studies of a patient: it is patient data like the archive's index.

mod expected;
mod figures;
mod files;
mod inventory;
mod patients;
mod studies;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use klinke_model::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use rustix::fs::FlockOperation;

use super::state::State;
use crate::error::{At, Error, Result};

pub use expected::{Asking, ExpectedRow, Question, Unanswered};
pub use figures::{Event, Speed, Tally};
pub use files::FileRow;
pub use inventory::SliceRow;
pub use patients::{By, Unsettled, Untold};
pub use studies::{Missing, Order, Seen, StudyRow};

/// What makes each version of the tables out of the one before.
const STEPS: [&str; 2] = [include_str!("1.sql"), include_str!("2.sql")];
/// The version of the tables.
const VERSION: u32 = STEPS.len() as u32;
/// How long another process that writes is waited for.
const BUSY: Duration = Duration::from_secs(20);

/// A ledger in a file.
#[derive(Debug)]
pub struct Ledger {
    connection: Mutex<Connection>,
    path: PathBuf,
    /// The version of the program that works with it.
    program: String,
}

/// The right to take over; held by one process at a time.
#[derive(Debug)]
pub struct Work {
    _lock: File,
}

impl Ledger {
    /// Opens the ledger in a file, making it when it is not there. `program` is the version that is noted beside what is done.
    pub fn open(path: &Path, program: &str) -> Result<Self> {
        if let Some(folder) = path.parent() {
            crate::place::make_folder(Path::new("/"), folder).at("can't make", folder)?;
        }
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        if version(&connection)? != VERSION {
            bring_up_to_date(&mut connection)?;
        }
        Ok(Ledger {
            connection: Mutex::new(connection),
            path: path.to_path_buf(),
            program: program.to_owned(),
        })
    }

    /// Takes the right to take over, and makes planned again what a process that died left running. Given back when it is dropped.
    pub fn work(&self) -> Result<Work> {
        let path = self.path.with_extension("lock");
        let lock = File::create(&path).at("can't make", &path)?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| Error::InUse("another process takes over from the same archive".to_owned()))?;
        self.with(|connection| {
            connection.execute(
                "UPDATE study SET state = ?1, due = 0 WHERE state = ?2",
                [State::Planned.name(), State::Running.name()],
            )?;
            Ok(())
        })?;
        Ok(Work { _lock: lock })
    }

    /// A small value that is kept; none where it was never put.
    pub fn value(&self, name: &str) -> Result<Option<String>> {
        self.with(|connection| {
            let sql = "SELECT value FROM meta WHERE name = ?1";
            Ok(connection.query_row(sql, [name], |row| row.get(0)).optional()?)
        })
    }

    /// Keeps a small value.
    pub fn put_value(&self, name: &str, value: &str) -> Result<()> {
        self.with(|connection| {
            connection.execute("INSERT OR REPLACE INTO meta(name, value) VALUES (?1, ?2)", [name, value])?;
            Ok(())
        })
    }

    /// Notes what was done.
    pub fn note(&self, what: &str, note: &str, now: Timestamp) -> Result<()> {
        self.with(|connection| {
            connection.execute(
                "INSERT INTO course(at, what, program, note) VALUES (?1, ?2, ?3, ?4)",
                (now.0, what, &self.program, note),
            )?;
            Ok(())
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        work(&mut self.connection.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn version(connection: &Connection) -> Result<u32> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Makes the tables, or what is new of them. Another process may do the same at this very moment: one waits for the other.
fn bring_up_to_date(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    if found > VERSION {
        return Err(Error::TooNew { found, known: VERSION });
    }
    for step in STEPS.iter().skip(found as usize) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    Ok(transaction.commit()?)
}
