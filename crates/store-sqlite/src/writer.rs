//! The writer: one thread, one transaction for everything that waits.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use klinke_store::{Error, Result};
use rusqlite::Connection;

use crate::apply::Work;
use crate::entry::Entry;
use crate::failure::from_sqlite;
use crate::ledger::Ledger;
use crate::queue::Next;
use crate::shared::Shared;
use crate::statements::Statements;

/// How long the writer waits for entries before it looks whether a disk that refused has room again.
const PATIENCE: Duration = Duration::from_millis(500);

/// Runs until the queue is closed and empty. `ready` learns whether it could begin.
pub(crate) fn run(shared: &Arc<Shared>, connection: &Connection, ready: &SyncSender<Result<()>>) {
    let begun = || -> rusqlite::Result<Work<'_>> {
        Ok(Work {
            statements: Statements::prepare(connection)?,
            ledger: Ledger::load(connection, shared.texts.clone())?,
            connection,
            recent: shared.recent.clone(),
            unnamed: Vec::new(),
        })
    };
    let mut writer = match begun() {
        Ok(work) => Writer { shared, work, must_reload: false },
        Err(error) => {
            // The receiver waits for exactly this.
            let _ = ready.send(Err(from_sqlite(error)));
            return;
        }
    };
    shared.queue.set_writer();
    let _ = ready.send(Ok(()));
    loop {
        match shared.queue.take(PATIENCE) {
            Next::Commit(batch) => writer.commit(batch),
            Next::Idle => writer.idle(),
            Next::Closed => break,
        }
    }
    // What is not moved into the journal now is moved when it is next opened.
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
}

struct Writer<'a, 'c> {
    shared: &'a Arc<Shared>,
    work: Work<'c>,
    /// True when the books could not be read again after a failed commit.
    must_reload: bool,
}

/// The results of a batch's entries, in their order.
type Results = Vec<Result<u64>>;

impl Writer<'_, '_> {
    /// Writes a batch and calls its `done`s.
    fn commit(&mut self, mut batch: Vec<Entry>) {
        let has_accepts = batch.iter().any(Entry::is_accept);
        let reserve = if has_accepts { self.shared.check_reserve(0) } else { Ok(()) };
        let mut result = self.write(&mut batch, reserve.as_ref().err());
        if let (Err(full @ Error::Full(_)), true, true) = (&result, has_accepts, reserve.is_ok()) {
            // What delivers may still fit where what is new does not.
            let full = full.clone();
            result = self.write(&mut batch, Some(&full));
        }
        let results = match result {
            Ok(results) => results,
            Err(error) => refuse_all(&batch, &error),
        };
        self.note(&results);
        for (entry, result) in batch.into_iter().zip(results) {
            // A panic in one `done` must not keep the others from being called.
            let _ = catch_unwind(AssertUnwindSafe(|| entry.finish(result)));
        }
        if self.shared.is_log_long.swap(false, Ordering::Relaxed) {
            self.shorten_log();
        }
    }

    /// Writes a batch in one transaction; with `refusal`, without its new envelopes.
    fn write(&mut self, batch: &mut [Entry], refusal: Option<&Error>) -> Result<Results> {
        self.shared.check_place()?;
        if self.must_reload {
            self.reload()?;
        }
        let written = self.try_write(batch, refusal);
        match written {
            Ok(results) => {
                for hash in self.work.unnamed.drain(..) {
                    self.shared.bodies.blobs.remove(&hash);
                }
                let last = self.work.ledger.last;
                if self.shared.committed.swap(last, Ordering::Release) != last {
                    self.shared.index.wake();
                }
                Ok(results)
            }
            Err(error) => {
                self.undo();
                Err(from_sqlite(error))
            }
        }
    }

    fn try_write(&mut self, batch: &mut [Entry], refusal: Option<&Error>) -> rusqlite::Result<Results> {
        self.work.statements.begin.execute([])?;
        let mut results = Vec::with_capacity(batch.len());
        for entry in batch {
            let result = match refusal {
                Some(refusal) if entry.is_accept() => Err(refusal.clone()),
                _ => self.work.apply(entry)?,
            };
            results.push(result);
        }
        self.work.ledger.write(self.work.connection)?;
        self.work.statements.commit.execute([])?;
        Ok(results)
    }

    /// Takes everything back that the failed transaction did, in the journal and in memory.
    fn undo(&mut self) {
        if !self.work.connection.is_autocommit() {
            // A rollback that fails leaves a transaction that the next "begin" reports.
            let _ = self.work.connection.execute_batch("ROLLBACK");
        }
        self.work.unnamed.clear();
        self.shared.recent.clear();
        self.must_reload = true;
        // When it fails now it is tried again before the next commit.
        let _ = self.reload();
    }

    fn reload(&mut self) -> Result<()> {
        let ledger = Ledger::load(self.work.connection, self.shared.texts.clone()).map_err(from_sqlite)?;
        self.work.ledger = ledger;
        self.must_reload = false;
        Ok(())
    }

    /// Keeps in mind whether the store refuses to write, and why.
    fn note(&self, results: &Results) {
        let refusal = results.iter().rev().find_map(|result| match result {
            Err(error @ (Error::Full(_) | Error::Unwritable(_) | Error::Damaged(_))) => {
                Some(Some(error.to_string()))
            }
            Err(_) => None,
            Ok(_) => Some(None),
        });
        if let Some(refusal) = refusal
            && refusal != self.shared.refuses()
        {
            self.shared.set_refuses(refusal);
        }
    }

    /// Looks whether a disk that refused takes writes again.
    fn idle(&mut self) {
        if self.shared.refuses().is_none() {
            return;
        }
        let probe = self.work.connection.execute(
            "INSERT INTO meta(name, value) VALUES ('probe', 1) ON CONFLICT DO UPDATE SET value = value + 1",
            [],
        );
        let probed = probe.map_err(from_sqlite).and_then(|_| self.shared.check_place());
        let probed = probed.and_then(|()| self.shared.check_reserve(0));
        self.shared.set_refuses(probed.err().map(|error| error.to_string()));
    }

    /// Moves what is left of the log into the journal, so that the log begins anew. The keeper has moved
    /// most of it.
    fn shorten_log(&self) {
        let _ = self.work.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    }
}

/// The results when a commit failed: every entry gets the error, but those that were refused before.
fn refuse_all(batch: &[Entry], error: &Error) -> Results {
    let one = |entry: &Entry| match entry {
        Entry::Refused(own, _) => Err(own.clone()),
        _ => Err(error.clone()),
    };
    batch.iter().map(one).collect()
}
