//! The search index: a database of its own, built behind the journal by its own thread.
//!
//! | table | key | what |
//! |---|---|---|
//! | `key` | name, value, envelope | search keys |
//! | `zone` | number / 256 | of 256 envelopes: the earliest and latest time they were received |
//! | `zone_system` | system, number / 256 | zones with envelopes of a system |
//! | `text` | FTS5 | free text, where the site asks for it |
//!
//! `meta` holds the number up to which it is built, written in the transaction of the rows. The file may
//! be lost or deleted at any time; it is then built again from the journal.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use klinke_model::EnvelopeId;
use klinke_store::{KeyName, Result};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::failure::from_sqlite;
use crate::ledger::{signed, unsigned};
use crate::lookup::{self, COLUMNS};
use crate::options::Options;
use crate::private;
use crate::readers;
use crate::shared::Shared;

pub(crate) const FILE: &str = "index.db";
/// Raised when the tables change; an index of another form is built anew.
const FORM: i64 = 1;
/// Envelopes in one transaction, and in one zone.
const BATCH: usize = 2_048;
pub(crate) const ZONE: u64 = 256;
/// How long new envelopes gather before they are indexed.
const GATHER: Duration = Duration::from_millis(200);
/// How long the thread waits after a failure.
const PAUSE: Duration = Duration::from_secs(1);
/// Longer values are cut.
const VALUE_SIZE_BYTES_MAX: usize = 256;

/// The index as the other threads see it.
pub(crate) struct Index {
    pub(crate) path: PathBuf,
    inside: Mutex<Inside>,
    is_changed: Condvar,
    /// The highest envelope indexed.
    indexed: AtomicU64,
    is_ready: AtomicBool,
    reader: Mutex<Option<Connection>>,
    pub(crate) has_text: bool,
}

#[derive(Default)]
struct Inside {
    is_awake: bool,
    is_hurried: bool,
    is_stopped: bool,
    removed: Vec<Removed>,
}

/// An envelope that was pruned, with the keys by which it was found.
pub(crate) struct Removed {
    pub(crate) id: u64,
    pub(crate) keys: Vec<(KeyName, String)>,
}

impl Index {
    pub(crate) fn new(folder: &Path, options: &Options) -> Self {
        Index {
            path: folder.join(FILE),
            inside: Mutex::default(),
            is_changed: Condvar::new(),
            indexed: AtomicU64::new(0),
            is_ready: AtomicBool::new(false),
            reader: Mutex::default(),
            has_text: options.free_text,
        }
    }

    /// Says that there are new envelopes.
    pub(crate) fn wake(&self) {
        let mut inside = self.inside();
        if !inside.is_awake {
            inside.is_awake = true;
            drop(inside);
            self.is_changed.notify_all();
        }
    }

    pub(crate) fn stop(&self) {
        self.inside().is_stopped = true;
        self.is_changed.notify_all();
    }

    /// Forgets envelopes that were pruned.
    pub(crate) fn remove(&self, removed: Vec<Removed>) {
        self.inside().removed.extend(removed);
        self.wake();
    }

    /// The highest envelope indexed.
    pub(crate) fn indexed(&self) -> u64 {
        self.indexed.load(Ordering::Acquire)
    }

    /// Waits until the index has come to `wanted`, or for as long as given.
    pub(crate) fn wait_for(&self, wanted: u64, patience: Duration) {
        let end = Instant::now() + patience;
        let mut inside = self.inside();
        while self.indexed() < wanted && !inside.is_stopped {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            (inside.is_hurried, inside.is_awake) = (true, true);
            self.is_changed.notify_all();
            inside = self.is_changed.wait_timeout(inside, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Reads the index at one point; `None` while there is none.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&Connection, u64) -> Result<T>) -> Result<Option<T>> {
        if !self.is_ready.load(Ordering::Acquire) {
            return Ok(None);
        }
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if reader.is_none() {
            *reader = Some(readers::open(&self.path).map_err(from_sqlite)?);
        }
        let Some(connection) = reader.as_ref() else { return Ok(None) };
        let transaction = connection.unchecked_transaction().map_err(from_sqlite)?;
        let indexed = high(&transaction).map_err(from_sqlite)?;
        read(&transaction, indexed).map(Some)
    }

    /// Waits for work; `None` when it is time to stop.
    fn next_work(&self) -> Option<Vec<Removed>> {
        let mut inside = self.inside();
        while !inside.is_awake && !inside.is_stopped {
            inside = self.is_changed.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        if !inside.is_hurried && !inside.is_stopped {
            let end = Instant::now() + GATHER;
            while !inside.is_hurried && !inside.is_stopped {
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                inside = self.is_changed.wait_timeout(inside, left).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        if inside.is_stopped {
            return None;
        }
        (inside.is_awake, inside.is_hurried) = (false, false);
        Some(std::mem::take(&mut inside.removed))
    }

    /// True when the store closes, after a pause.
    fn pause(&self) -> bool {
        let inside = self.inside();
        let waited = self.is_changed.wait_timeout_while(inside, PAUSE, |inside| !inside.is_stopped);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_stopped
    }

    fn set_indexed(&self, id: u64) {
        self.indexed.store(id, Ordering::Release);
        // Under the lock, so that nobody who is about to wait misses it.
        drop(self.inside());
        self.is_changed.notify_all();
    }

    /// Takes the file away from readers.
    fn close(&self) {
        self.is_ready.store(false, Ordering::Release);
        *self.reader.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs until the store closes.
pub(crate) fn run(shared: &Arc<Shared>) {
    let index = &shared.index;
    loop {
        // Whatever goes wrong with the index, the journal is whole: begin again, in the end from nothing.
        let ended = build(shared);
        index.close();
        match ended {
            Ok(()) => return,
            Err(error) => {
                if matches!(error, klinke_store::Error::Damaged(_)) {
                    remove_files(&index.path);
                }
                if index.pause() {
                    return;
                }
            }
        }
    }
}

fn build(shared: &Arc<Shared>) -> Result<()> {
    let index = &shared.index;
    let journal = readers::open(&shared.folder.join(crate::open::JOURNAL)).map_err(from_sqlite)?;
    let mut connection = open(shared, &journal)?;
    let mut names = Names::load(&connection).map_err(from_sqlite)?;
    index.set_indexed(high(&connection).map_err(from_sqlite)?);
    index.is_ready.store(true, Ordering::Release);
    loop {
        // Before waiting, so that what was there at the start is indexed without a call.
        while index.indexed() < shared.committed.load(Ordering::Acquire) {
            if index.inside().is_stopped {
                return Ok(());
            }
            let high = add(shared, &journal, &mut connection, &mut names)?;
            index.set_indexed(high);
        }
        let Some(removed) = index.next_work() else { return Ok(()) };
        remove(&mut connection, &mut names, &removed, index.has_text).map_err(from_sqlite)?;
    }
}

/// Opens the index, making it anew when it belongs to another journal or has another form.
fn open(shared: &Shared, journal: &Connection) -> Result<Connection> {
    let identity: Vec<u8> = journal
        .query_row("SELECT value FROM meta WHERE name = 'identity'", [], |row| row.get(0))
        .map_err(from_sqlite)?;
    let path = &shared.index.path;
    let form = FORM * 2 + i64::from(shared.index.has_text);
    if let Ok(connection) = connect(path)
        && is_fitting(&connection, form, &identity, shared.committed.load(Ordering::Acquire))
    {
        return Ok(connection);
    }
    remove_files(path);
    let connection = connect(path).map_err(from_sqlite)?;
    create(&connection, form, &identity, shared.index.has_text).map_err(from_sqlite)?;
    Ok(connection)
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    // Made here, for the owner alone; what is wrong SQLite tells a moment later.
    let _ = private::open(path);
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "page_size", 8192)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
    connection.pragma_update(None, "cache_size", -2048)?;
    Ok(connection)
}

fn is_fitting(connection: &Connection, form: i64, identity: &[u8], committed: u64) -> bool {
    let found = connection.query_row("SELECT form, identity, high FROM meta", [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, i64>(2)?))
    });
    found.is_ok_and(|found| found.0 == form && found.1 == identity && unsigned(found.2) <= committed)
}

fn create(connection: &Connection, form: i64, identity: &[u8], has_text: bool) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE meta(form INTEGER NOT NULL, identity BLOB NOT NULL, high INTEGER NOT NULL);
         CREATE TABLE name(id INTEGER PRIMARY KEY, name TEXT NOT NULL);
         CREATE TABLE key(
             name INTEGER NOT NULL, value TEXT NOT NULL, envelope INTEGER NOT NULL,
             PRIMARY KEY(name, value, envelope)
         ) WITHOUT ROWID;
         CREATE TABLE zone(number INTEGER PRIMARY KEY, low INTEGER NOT NULL, high INTEGER NOT NULL);
         CREATE TABLE zone_system(
             system TEXT NOT NULL, zone INTEGER NOT NULL, PRIMARY KEY(system, zone)
         ) WITHOUT ROWID;",
    )?;
    if has_text {
        connection.execute_batch(
            "CREATE VIRTUAL TABLE text USING fts5(words, content='', contentless_delete=1);",
        )?;
    }
    connection
        .execute("INSERT INTO meta(form, identity, high) VALUES (?1, ?2, 0)", params![form, identity])?;
    Ok(())
}

fn remove_files(path: &Path) {
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        // What is not there need not be removed; what can't be removed shows when it is opened.
        let _ = std::fs::remove_file(name);
    }
}

fn high(connection: &Connection) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached("SELECT high FROM meta")?;
    statement.query_row([], |row| row.get(0)).map(unsigned)
}

/// The numbers of key names.
pub(crate) struct Names(HashMap<String, i64>);

impl Names {
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare("SELECT name, id FROM name")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Names(rows.collect::<Result<_, _>>()?))
    }

    fn number(&mut self, transaction: &Transaction<'_>, name: &str) -> rusqlite::Result<i64> {
        if let Some(number) = self.0.get(name) {
            return Ok(*number);
        }
        let number = self.0.len() as i64 + 1;
        transaction.execute("INSERT INTO name(id, name) VALUES (?1, ?2)", params![number, name])?;
        self.0.insert(name.to_owned(), number);
        Ok(number)
    }
}

/// What is gathered of the envelopes of one zone.
struct Zone {
    number: u64,
    low: i64,
    high: i64,
    systems: BTreeSet<Arc<str>>,
}

/// Indexes the next envelopes; gives the number up to which the index is then built.
fn add(shared: &Shared, journal: &Connection, connection: &mut Connection, names: &mut Names) -> Result<u64> {
    let transaction = connection.transaction().map_err(from_sqlite)?;
    let after = high(&transaction).map_err(from_sqlite)?;
    // One point of the journal for all that is read.
    let journal = journal.unchecked_transaction().map_err(from_sqlite)?;
    let sql = format!("SELECT {COLUMNS} FROM envelope WHERE id > ?1 ORDER BY id LIMIT ?2");
    let mut statement = journal.prepare_cached(&sql).map_err(from_sqlite)?;
    let mut rows = statement.query(params![signed(after), BATCH as i64]).map_err(from_sqlite)?;
    let (mut last, mut zone, mut count) = (after, None::<Zone>, 0);
    while let Some(row) = rows.next().map_err(from_sqlite)? {
        let (envelope, _) = lookup::head(shared, row)?;
        count += 1;
        last = envelope.id.0;
        let (at, system) = (envelope.received.0, envelope.system.clone());
        if zone.as_ref().is_some_and(|zone| zone.number != last / ZONE) {
            close_zone(&transaction, zone.take()).map_err(from_sqlite)?;
        }
        let zone = zone.get_or_insert_with(|| Zone {
            number: last / ZONE,
            low: at,
            high: at,
            systems: BTreeSet::new(),
        });
        (zone.low, zone.high) = (zone.low.min(at), zone.high.max(at));
        zone.systems.insert(system);
        let recent = shared.recent.get(last).and_then(|known| known.payload);
        // A damaged body has no keys; `verify` tells of it.
        if let Some(payload) = recent.or_else(|| lookup::payload(shared, row).ok()) {
            add_keys(shared, &transaction, names, envelope.id, &envelope.format, &payload)
                .map_err(from_sqlite)?;
        }
    }
    if count < BATCH {
        // All that is there was read, also where the highest were pruned since.
        last = last.max(newest(&journal)?);
    }
    close_zone(&transaction, zone).map_err(from_sqlite)?;
    transaction.execute("UPDATE meta SET high = ?1", [signed(last)]).map_err(from_sqlite)?;
    transaction.commit().map_err(from_sqlite)?;
    Ok(last)
}

/// The highest number that the journal has given.
fn newest(journal: &Connection) -> Result<u64> {
    let sql = "SELECT coalesce(max(last), 0) FROM channel";
    journal.query_row(sql, [], |row| row.get(0)).map(unsigned).map_err(from_sqlite)
}

fn close_zone(transaction: &Transaction<'_>, zone: Option<Zone>) -> rusqlite::Result<()> {
    let Some(zone) = zone else { return Ok(()) };
    transaction
        .prepare_cached(
            "INSERT INTO zone(number, low, high) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET low = min(low, excluded.low), high = max(high, excluded.high)",
        )?
        .execute(params![signed(zone.number), zone.low, zone.high])?;
    for system in zone.systems {
        transaction
            .prepare_cached("INSERT OR IGNORE INTO zone_system(system, zone) VALUES (?1, ?2)")?
            .execute(params![&*system, signed(zone.number)])?;
    }
    Ok(())
}

fn add_keys(
    shared: &Shared,
    transaction: &Transaction<'_>,
    names: &mut Names,
    id: EnvelopeId,
    format: &str,
    payload: &[u8],
) -> rusqlite::Result<()> {
    for (name, value) in shared.options.keys.keys(format, payload) {
        if value.is_empty() {
            continue;
        }
        let name = names.number(transaction, name.as_str())?;
        transaction
            .prepare_cached("INSERT OR IGNORE INTO key(name, value, envelope) VALUES (?1, ?2, ?3)")?
            .execute(params![name, cut(&value), signed(id.0)])?;
    }
    if shared.index.has_text
        && let Some(text) = shared.options.keys.text(format, payload)
    {
        transaction
            .prepare_cached("INSERT INTO text(rowid, words) VALUES (?1, ?2)")?
            .execute(params![signed(id.0), text])?;
    }
    Ok(())
}

fn remove(
    connection: &mut Connection,
    names: &mut Names,
    removed: &[Removed],
    has_text: bool,
) -> rusqlite::Result<()> {
    if removed.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for one in removed {
        for (name, value) in &one.keys {
            let name = names.number(&transaction, name.as_str())?;
            transaction
                .prepare_cached("DELETE FROM key WHERE name = ?1 AND value = ?2 AND envelope = ?3")?
                .execute(params![name, cut(value), signed(one.id)])?;
        }
        if has_text {
            transaction.prepare_cached("DELETE FROM text WHERE rowid = ?1")?.execute([signed(one.id)])?;
        }
    }
    transaction.commit()
}

/// A value as the index keeps it.
pub(crate) fn cut(value: &str) -> &str {
    let mut end = value.len().min(VALUE_SIZE_BYTES_MAX);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    &value[..end]
}

/// The number of a key name, if any envelope has such a key.
pub(crate) fn name_number(connection: &Connection, name: &str) -> Result<Option<i64>> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM name WHERE name = ?1").map_err(from_sqlite)?;
    statement.query_row([name], |row| row.get(0)).optional().map_err(from_sqlite)
}
