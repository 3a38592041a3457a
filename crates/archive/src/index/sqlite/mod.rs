//! The index in SQLite: WAL, `synchronous = FULL`, one writer thread whose commits are shared.

mod add;
mod commitment;
mod event;
mod find;
mod pack;
mod patients;
mod performed;
mod read;
mod readers;
mod sending;
mod services;
mod take_over;
mod tend;
mod trash;
pub(crate) mod unsynced;
pub(crate) mod watch;
mod workitem;
mod worklist;
mod writer;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rusqlite::{Connection, OptionalExtension};

use self::readers::Readers;
use self::unsynced::Unsynced;
use self::writer::Order;
use super::{Added, Beside, Done, Entry, Found, Hold, Index, Instance, Selection, Thrown, Totals};
use crate::change::{self, Decision};
use crate::error::{Error, Result};
use crate::event::{Bell, Completion};
use crate::find::Query;
use crate::identity::PatientKey;
use crate::present::Present;
use klinke_dimse::data::DataSet;
use klinke_model::Timestamp;

/// The version of the tables.
const VERSION: u32 = 7;
/// What makes each version from the one before.
const MIGRATIONS: [&str; VERSION as usize] = [
    include_str!("1.sql"),
    include_str!("2.sql"),
    include_str!("3.sql"),
    include_str!("4.sql"),
    include_str!("5.sql"),
    include_str!("6.sql"),
    include_str!("7.sql"),
];
/// How many entries may wait for the writer before callers wait.
const QUEUE_LENGTH_MAX: usize = 4096;
const PAGE_SIZE_BYTES: u32 = 8192;
const WRITER_CACHE_KIB: i32 = 16 << 10;
const READER_CACHE_KIB: i32 = 2 << 10;
/// How long the log grows before it is moved into the file: bytes of small files that are forgotten by then are
/// written once.
const LOG_LENGTH_PAGES: u32 = 4096;

/// The index in a file of SQLite.
#[derive(Debug)]
pub struct SqliteIndex {
    readers: Readers,
    orders: Mutex<Option<SyncSender<Order>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    rules: Completion,
    watch: watch::Limits,
    bell: Arc<Bell>,
}

impl SqliteIndex {
    /// Opens the index in a file, making it when it is not there. By `rules` studies are complete.
    pub fn open(path: &Path, rules: Completion) -> Result<Self> {
        Self::open_with(path, rules, watch::Limits::default())
    }

    /// The same, with as many watchers of workitems and reports for them as `watch` allows.
    pub(crate) fn open_with(path: &Path, rules: Completion, watch: watch::Limits) -> Result<Self> {
        let connection = connect(path)?;
        let (orders, received) = sync_channel(QUEUE_LENGTH_MAX);
        let bell = Arc::<Bell>::default();
        let rung = bell.clone();
        let writer = std::thread::Builder::new()
            .name("archive-index".to_owned())
            .spawn(move || writer::run(&connection, &received, rules, &rung))
            .map_err(|error| Error::Backend(error.to_string()))?;
        Ok(SqliteIndex {
            readers: Readers::new(path.to_path_buf()),
            orders: Mutex::new(Some(orders)),
            writer: Mutex::new(Some(writer)),
            rules,
            watch,
            bell,
        })
    }

    /// What is in the trash, newest first.
    pub(crate) fn trash(&self, before: Option<u64>, limit: usize) -> Result<Vec<Thrown>> {
        self.readers.with(|connection| trash::trash(connection, before, limit))
    }

    /// The oldest in the trash that was thrown before a time.
    pub(crate) fn overdue(&self, before: Timestamp, limit: usize) -> Result<Vec<Thrown>> {
        self.readers.with(|connection| trash::overdue(connection, before, limit))
    }

    /// One in the trash.
    pub(crate) fn one_thrown(&self, number: u64) -> Result<Thrown> {
        self.readers.with(|connection| trash::one_thrown(connection, number))
    }

    /// Takes something off the list of the trash.
    pub(crate) fn forget_thrown(&self, number: u64) -> Result<()> {
        self.change(move |connection| trash::forget_thrown(connection, number))
    }

    /// What lies beside with this SOP Instance UID.
    pub(crate) fn beside_of(&self, uid: &str) -> Result<Vec<Beside>> {
        self.readers.with(|connection| read::beside_of(connection, uid))
    }

    /// One that lies beside.
    pub(crate) fn one_beside(&self, number: u64) -> Result<Beside> {
        self.readers.with(|connection| trash::one_beside(connection, number))
    }

    /// What is in the trash of a study, the newest first.
    pub(crate) fn thrown_of(&self, study: &str) -> Result<Vec<Thrown>> {
        self.readers.with(|connection| trash::thrown_of(connection, study))
    }

    /// Whether a path is that of a file in the trash, left over or beside: nothing else may have it.
    pub(crate) fn is_going(&self, path: &str) -> Result<bool> {
        self.readers.with(|connection| trash::is_going(connection, path))
    }

    /// Notes a file that is in the trash: SOP Instance, Study and Series Instance UID, path, and its size.
    pub(crate) fn note_thrown(&self, names: [String; 4], size: u64, by: Decision) -> Result<()> {
        self.change(move |connection| {
            trash::note(connection, &by, names.each_ref().map(String::as_str), size)
        })
    }

    /// The studies that may not be thrown away.
    pub(crate) fn holds(&self) -> Result<Vec<Hold>> {
        self.readers.with(trash::holds)
    }

    /// The first file above a number whose bytes stand in the index.
    pub(crate) fn next_unsynced(&self, after: i64) -> Result<Option<Unsynced>> {
        self.readers.with(|connection| unsynced::next(connection, after))
    }

    /// The first numbers of files whose bytes stand in the index.
    pub(crate) fn unsynced(&self, limit: usize) -> Result<Vec<i64>> {
        self.readers.with(|connection| unsynced::numbers(connection, limit))
    }

    /// Forgets the bytes of files up to a number: they are on stable storage.
    pub(crate) fn forget_unsynced(&self, up_to: i64) -> Result<()> {
        self.change(move |connection| unsynced::forget(connection, up_to))
    }

    /// Up to which number of the journal the index is.
    pub(crate) fn applied(&self) -> Result<u64> {
        self.readers.with(applied)
    }

    /// Applies entries of the journal, in one commit. `identities`: all entries about identities that hold, needed where one of
    /// the entries takes another one back.
    pub(crate) fn apply(&self, entries: Vec<change::Entry>, identities: Vec<change::Entry>) -> Result<()> {
        self.change(move |connection| {
            for entry in &entries {
                patients::apply(connection, entry, &identities)?;
            }
            if let Some(last) = entries.last() {
                let sql = "INSERT OR REPLACE INTO meta(name, value) VALUES ('changes', ?1)";
                connection.prepare_cached(sql)?.execute([last.number.cast_signed()])?;
            }
            Ok(())
        })
    }

    /// Who the patient of a study is now, where its instances do not say so themselves.
    pub(crate) fn present(&self, study: &str) -> Result<Option<Present>> {
        self.readers.with(|connection| patients::present(connection, study))
    }

    /// The identities of an identifier, each with whether it has a study now.
    pub(crate) fn identified(&self, identifier: &str) -> Result<Vec<(PatientKey, bool)>> {
        self.readers.with(|connection| patients::identified(connection, identifier))
    }

    /// The attributes of who an identity is now; none where nobody is known.
    pub(crate) fn attributes_of(&self, key: &PatientKey) -> Result<Option<DataSet>> {
        self.readers.with(|connection| patients::attributes_of(connection, key))
    }

    /// The identity that a study came with; none where nothing is here of it.
    pub(crate) fn came(&self, study: &str) -> Result<Option<PatientKey>> {
        self.readers.with(|connection| patients::came(connection, study))
    }

    /// To whom a study was given, whether or not anything is here of it.
    pub(crate) fn moved_to(&self, study: &str) -> Result<Option<PatientKey>> {
        self.readers.with(|connection| patients::moved_to(connection, study))
    }

    /// Who an identity is now; none where nobody is known.
    pub(crate) fn survivor(&self, key: &PatientKey) -> Result<Option<PatientKey>> {
        self.readers.with(|connection| patients::survivor(connection, key))
    }

    /// What was decided about an identity; none where nothing was.
    pub(crate) fn decided(&self, key: &PatientKey) -> Result<Option<DataSet>> {
        self.readers.with(|connection| patients::decided(connection, key))
    }

    /// Whether two identities are known to be one patient.
    pub(crate) fn is_same_patient(&self, one: &PatientKey, other: &PatientKey) -> Result<bool> {
        self.readers.with(|connection| patients::is_same(connection, one, other))
    }

    /// The patients of steps in the worklist and of workitems that are to be done, under an identifier.
    pub(crate) fn scheduled(&self, identifier: &str) -> Result<Vec<PatientKey>> {
        self.readers.with(|connection| worklist::scheduled(connection, identifier))
    }

    /// Runs `work` in the writer's next commit, and waits until that is durable.
    pub(super) fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (told, result) = sync_channel(1);
        let work = Box::new(move |connection: &Connection| {
            work(connection).map(|value| Box::new(value) as Box<dyn std::any::Any + Send>)
        });
        self.order(Order::Change(work, Box::new(move |result| drop(told.send(result)))));
        let value = result.recv().map_err(|_| Error::Closed)??;
        value
            .downcast()
            .map(|value| *value)
            .map_err(|_| Error::Backend("a change gave another value".to_owned()))
    }

    /// The paths of all files of the study of a folder, in tiers whose paths begin so.
    pub(crate) fn paths(
        &self,
        study_folder: &str,
        tiers: &[String],
    ) -> Result<std::collections::HashSet<String>> {
        self.readers.with(|connection| read::paths(connection, study_folder, tiers))
    }

    fn order(&self, order: Order) {
        let orders = self.orders.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let refused = match orders {
            Some(orders) => orders.send(order).err().map(|error| error.0),
            None => Some(order),
        };
        if let Some(order) = refused {
            order.refuse(Error::Closed);
        }
    }
}

impl Drop for SqliteIndex {
    fn drop(&mut self) {
        self.orders.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(writer) = self.writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() {
            // A writer that panicked has said so already.
            let _ = writer.join();
        }
    }
}

impl Index for SqliteIndex {
    fn add(&self, entry: Entry, done: Done<Added>) {
        self.order(Order::Add(Box::new(entry), done));
    }

    fn instance(&self, uid: &str) -> Result<Option<Instance>> {
        self.readers.with(|connection| read::instance(connection, uid))
    }

    fn study_folder(&self, uid: &str) -> Result<Option<String>> {
        self.readers.with(|connection| read::study_folder(connection, uid))
    }

    fn find(&self, query: &Query, each: &mut dyn FnMut(Found) -> ControlFlow<()>) -> Result<()> {
        self.readers.with(|connection| find::find(connection, query, each))
    }

    fn instances(&self, of: &Selection, after: u64, limit: usize) -> Result<Vec<Instance>> {
        self.readers.with(|connection| read::instances(connection, of, after, limit))
    }

    fn beside(&self, before: Option<u64>, limit: usize) -> Result<Vec<Beside>> {
        self.readers.with(|connection| read::beside(connection, before, limit))
    }

    fn totals(&self) -> Result<Totals> {
        self.readers.with(read::totals)
    }
}

fn applied(connection: &Connection) -> Result<u64> {
    let sql = "SELECT value FROM meta WHERE name = 'changes'";
    let found: Option<i64> = connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or(0).cast_unsigned())
}

/// The writer's connection, tables made.
fn connect(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "page_size", PAGE_SIZE_BYTES)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_LENGTH_PAGES)?;
    // What an entry that fails is undone by: without this, a file is made and removed for each.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(64);
    let found: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let Some(due) = MIGRATIONS.get(found as usize..) else {
        return Err(Error::TooNew { found, known: VERSION });
    };
    for (migration, version) in due.iter().zip(found + 1..) {
        connection.execute_batch(&format!("BEGIN; {migration} PRAGMA user_version = {version}; COMMIT;"))?;
    }
    Ok(connection)
}
