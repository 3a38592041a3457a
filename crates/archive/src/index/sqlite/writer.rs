//! The writer: one thread, one commit for all that waits.

use std::any::Any;
use std::sync::mpsc::Receiver;

use rusqlite::Connection;

use super::add::Adder;
use crate::error::{Error, Result};
use crate::event::{Bell, Completion};
use crate::index::{Added, Done, Entry};

/// The most entries of one commit.
const BATCH_LENGTH_MAX: usize = 256;

type Work = Box<dyn FnOnce(&Connection) -> Result<Box<dyn Any + Send>> + Send>;

/// Something to write, and whom to tell.
pub(super) enum Order {
    /// An instance.
    Add(Box<Entry>, Done<Added>),
    /// Anything else.
    Change(Work, Done<Box<dyn Any + Send>>),
}

impl Order {
    pub(super) fn refuse(self, error: Error) {
        match self {
            Order::Add(_, done) => done(Err(error)),
            Order::Change(_, done) => done(Err(error)),
        }
    }
}

/// Whom to tell after the commit; each is told whether it succeeded.
type Told = Box<dyn FnOnce(Result<()>)>;

/// Runs until nobody can send any more.
pub(super) fn run(connection: &Connection, orders: &Receiver<Order>, rules: Completion, bell: &Bell) {
    let mut adder = Adder::new(rules);
    while let Ok(first) = orders.recv() {
        let batch = std::iter::once(first).chain(orders.try_iter().take(BATCH_LENGTH_MAX - 1));
        let batch: Vec<Order> = batch.collect();
        let mut told: Vec<Told> = Vec::with_capacity(batch.len());
        let committed = write(connection, &mut adder, batch, &mut told);
        if committed.is_err() {
            // The transaction is gone; where it had ended by itself, there is nothing to roll back.
            let _ = connection.execute_batch("ROLLBACK");
            adder.forget();
        }
        if committed.is_ok() {
            bell.ring();
        }
        for tell in told {
            tell(committed.clone());
        }
    }
    // What is not moved into the file now is moved when it is next opened.
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
}

fn write(connection: &Connection, adder: &mut Adder, batch: Vec<Order>, told: &mut Vec<Told>) -> Result<()> {
    let begun = connection.execute_batch("BEGIN IMMEDIATE").map_err(Error::from);
    let mut failed = begun.err();
    for order in batch {
        let result = match &failed {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        };
        match order {
            Order::Add(entry, done) => {
                let added = result.and_then(|()| within(connection, || adder.add(connection, &entry)));
                if added.is_err() {
                    // What it has learned on the way was rolled back.
                    adder.forget();
                }
                failed = failed.or_else(|| breaking(&added));
                told.push(Box::new(move |committed| done(committed.and(added))));
            }
            Order::Change(work, done) => {
                // What the adder remembers may no longer be so.
                adder.forget();
                let changed = result.and_then(|()| within(connection, || work(connection)));
                failed = failed.or_else(|| breaking(&changed));
                told.push(Box::new(move |committed| done(committed.and(changed))));
            }
        }
    }
    match failed {
        Some(error) => Err(error),
        None => Ok(connection.execute_batch("COMMIT")?),
    }
}

/// One order's changes: all of them, or none.
fn within<T>(connection: &Connection, work: impl FnOnce() -> Result<T>) -> Result<T> {
    connection.prepare_cached("SAVEPOINT one")?.execute([])?;
    let result = work();
    if result.is_err() {
        connection.prepare_cached("ROLLBACK TO one")?.execute([])?;
    }
    connection.prepare_cached("RELEASE one")?.execute([])?;
    result
}

/// The error that ends the whole commit: the disk's. What is wrong with one order is its own.
fn breaking<T>(result: &Result<T>) -> Option<Error> {
    match result {
        Err(error @ (Error::Full(_) | Error::Unwritable(_) | Error::Damaged(_) | Error::InUse(_))) => {
            Some(error.clone())
        }
        _ => None,
    }
}
