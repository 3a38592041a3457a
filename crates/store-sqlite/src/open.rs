//! Opens and closes the store.

use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use klinke_store::{Error, Result};
use rusqlite::{Connection, OpenFlags};
use rustix::fs::FlockOperation;

use crate::blobs::{Blobs, sync_folder};
use crate::bodies::Bodies;
use crate::dictionary::Dictionaries;
use crate::failure::{AtPath, from_sqlite};
use crate::index::Index;
use crate::keeper::{self, Task};
use crate::ledger::unsigned;
use crate::migrate::migrate;
use crate::options::Options;
use crate::queue::Next;
use crate::readers::Readers;
use crate::shared::{Pieces, Shared};
use crate::{index, private, writer};

/// The journal's name in the store's folder.
pub(crate) const JOURNAL: &str = "journal.db";
/// The name of the folder of blobs.
pub(crate) const BLOBS: &str = "blobs";
const LOCK: &str = "LOCK";

/// Measured with messages of 1 KB: with pages of 4 KiB a commit of one envelope takes a tenth less CPU, from
/// sixteen on all sizes are alike; 8 KiB leave room for longer rows.
const PAGE_SIZE_BYTES: u32 = 8192;
const CACHE_SIZE_KIB: i32 = 2 << 10;
/// The log's file is cut to this size when it begins anew.
const LOG_SIZE_BYTES_MAX: i64 = 64 << 20;

/// The embedded store. Dropping it writes what waits and closes it.
pub struct SqliteStore {
    pub(crate) shared: Arc<Shared>,
    tasks: Mutex<Sender<Task>>,
    writer: Option<JoinHandle<()>>,
    others: Vec<JoinHandle<()>>,
    /// Held as long as the store is open.
    _lock: File,
}

impl SqliteStore {
    /// Opens the store in a folder, making both when they are not there.
    pub fn open(folder: &Path, options: Options) -> Result<Self> {
        private::make_folders(&folder.join(BLOBS)).at("cannot make", folder)?;
        sync_folder(folder).at("cannot sync", folder)?;
        let lock = lock(folder)?;
        narrow(folder)?;
        let path = folder.join(JOURNAL);
        let mut connection = open_journal(&path, &options).map_err(from_sqlite)?;
        migrate(&mut connection)?;
        let sql = "INSERT OR IGNORE INTO meta(name, value) VALUES ('identity', randomblob(16))";
        connection.execute(sql, []).map_err(from_sqlite)?;
        let last: i64 = connection
            .query_row("SELECT coalesce(max(last), 0) FROM channel", [], |row| row.get(0))
            .map_err(from_sqlite)?;
        let dictionaries = Dictionaries::load(&connection).map_err(from_sqlite)?;
        let blobs = Blobs::new(folder.join(BLOBS));
        blobs.remove_temporaries();
        let (tasks, received) = channel();
        let to_keeper = Mutex::new(tasks.clone());
        let train = Box::new(move |training| keeper::send(&to_keeper, Task::Train(training)));
        let shared = Arc::new(Shared::new(Pieces {
            folder: folder.to_owned(),
            texts: Arc::default(),
            bodies: Bodies { dictionaries, blobs, train },
            readers: Readers::new(path.clone()),
            index: Index::new(folder, &options),
            options,
            committed: unsigned(last),
        }));
        let writer = start_writer(&shared, connection)?;
        let mut store = SqliteStore {
            shared: shared.clone(),
            tasks: Mutex::new(tasks),
            writer: Some(writer),
            others: Vec::new(),
            _lock: lock,
        };
        let for_index = shared.clone();
        store.others.push(spawn("store-index", move || index::run(&for_index))?);
        store.others.push(spawn("store-keeper", move || keeper::run(&shared, &path, &received))?);
        Ok(store)
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.shared.queue.close();
        let here = std::thread::current().id();
        let join = |thread: JoinHandle<()>| {
            // A `done` may hold the last handle of the store; a thread can't wait for itself.
            if thread.thread().id() != here {
                let _ = thread.join();
            }
        };
        keeper::send(&self.tasks, Task::Stop);
        self.shared.index.stop();
        self.others.drain(..).for_each(join);
        self.writer.take().map(join);
    }
}

/// A process that is on its end keeps its locks for a moment.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

fn lock(folder: &Path) -> Result<File> {
    let path = folder.join(LOCK);
    let file = private::open(&path).at("cannot open", &path)?;
    let began = Instant::now();
    loop {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) if began.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(Error::InUse(folder.display().to_string())),
            Err(error) => return Err(error.into()).at("cannot lock", &path),
        }
    }
}

/// The rights of what is made here and of what older versions have left, in a folder that may be older
/// than the store.
fn narrow(folder: &Path) -> Result<()> {
    let journal = folder.join(JOURNAL);
    private::open(&journal).at("cannot open", &journal)?;
    for entry in fs::read_dir(folder).at("cannot read", folder)?.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == BLOBS || name.starts_with(JOURNAL) || name.starts_with(index::FILE) {
            private::narrow(&path).at("cannot change the rights of", &path)?;
        }
    }
    Ok(())
}

/// Opens the journal for writing.
fn open_journal(path: &PathBuf, options: &Options) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "page_size", PAGE_SIZE_BYTES)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", LOG_SIZE_BYTES_MAX)?;
    connection.pragma_update(None, "cache_size", -CACHE_SIZE_KIB)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    if let Some(bytes) = options.journal_size_bytes_max {
        let pages = (bytes / u64::from(PAGE_SIZE_BYTES)).clamp(1, 1 << 31);
        connection.pragma_update(None, "max_page_count", pages as i64)?;
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn start_writer(shared: &Arc<Shared>, connection: Connection) -> Result<JoinHandle<()>> {
    let (ready, is_ready) = sync_channel(1);
    let shared = shared.clone();
    let thread = spawn("store-writer", move || {
        // Should the writer ever panic, nobody may wait for it for ever.
        let _ = catch_unwind(AssertUnwindSafe(|| writer::run(&shared, &connection, &ready)));
        shared.queue.close();
        while let Next::Commit(batch) = shared.queue.take(Duration::ZERO) {
            batch.into_iter().for_each(|entry| entry.finish(Err(Error::Closed)));
        }
    })?;
    is_ready.recv().unwrap_or(Err(Error::Closed))?;
    Ok(thread)
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    builder.spawn(run).map_err(|error| Error::Backend(format!("no thread for {name}: {error}")))
}
