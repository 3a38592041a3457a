//! Copies of the store: `backup` while it runs, `restore` into a new folder.
//!
//! A copy is a folder with a journal and blobs, complete without its write-ahead log; opening it makes
//! the index anew.

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use klinke_store::{Error, Result};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::blobs::{Blobs, Hash, sync_folder};
use crate::failure::{AtPath, from_sqlite};
use crate::open::{BLOBS, JOURNAL};
use crate::shared::Shared;
use crate::{private, readers};

/// Pages copied before progress is told.
const STEP_PAGES: i32 = 512;

/// Copies the store as it is at one point into a folder, while it goes on.
pub(crate) fn backup(shared: &Shared, folder: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
    if lies_in(&shared.folder, folder) {
        let text = format!("{} lies in the store itself; a copy belongs elsewhere", folder.display());
        return Err(Error::Backend(text));
    }
    make_empty(folder)?;
    // No file is removed until all that the copy names have been copied.
    let _kept = shared.bodies.blobs.keep_all();
    let journal = folder.join(JOURNAL);
    let source = readers::open(&shared.folder.join(JOURNAL)).map_err(from_sqlite)?;
    let result = copy_journal(&source, &journal, progress)
        .and_then(|()| copy_blobs(&shared.bodies.blobs, &journal, &folder.join(BLOBS)));
    result.and_then(|()| sync_folder(folder).at("cannot sync", folder))
}

/// Makes a store in the empty or absent folder `to` from the copy in `from`, which stays as it is.
pub fn restore(from: &Path, to: &Path) -> Result<()> {
    let source = from.join(JOURNAL);
    if !source.is_file() {
        return Err(Error::Missing(format!("a journal in {}", from.display())));
    }
    make_empty(to)?;
    let journal = to.join(JOURNAL);
    if from.join(format!("{JOURNAL}-wal")).exists() {
        // No copy that `backup` made, but a store's own folder: its log belongs to it.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&source, flags).map_err(from_sqlite)?;
        copy_journal(&connection, &journal, &mut |_, _| ())?;
    } else {
        // By its bytes, so that a copy on a medium that only reads will do.
        copy_file(&source, &journal).at("cannot copy", &source)?;
    }
    check(&journal)?;
    copy_blobs(&Blobs::new(from.join(BLOBS)), &journal, &to.join(BLOBS))?;
    sync_folder(to).at("cannot sync", to)
}

fn copy_file(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut copy = private::create(to)?;
    std::io::copy(&mut File::open(from)?, &mut copy)?;
    copy.sync_all()
}

/// Makes the folder of a copy; in one that holds something already nothing is made or changed.
fn make_empty(folder: &Path) -> Result<()> {
    private::make_folders(folder).at("cannot make", folder)?;
    if fs::read_dir(folder).at("cannot read", folder)?.next().is_some() {
        return Err(Error::Backend(format!("{} is not empty", folder.display())));
    }
    private::make_folders(&folder.join(BLOBS)).at("cannot make", folder)
}

/// True when a folder lies in the store's own, wherever links lead.
fn lies_in(store: &Path, folder: &Path) -> bool {
    let Ok(store) = store.canonicalize() else { return false };
    folder.ancestors().any(|one| one.canonicalize().is_ok_and(|one| one == store))
}

fn copy_journal(source: &Connection, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
    // While this transaction is open the copy sees one point of the journal and never begins anew.
    let transaction = source.unchecked_transaction().map_err(from_sqlite)?;
    let one: rusqlite::Result<i64> =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0));
    one.map_err(from_sqlite)?;
    private::create(to).at("cannot make", to)?;
    let mut copy = Connection::open(to).map_err(from_sqlite)?;
    {
        let backup = Backup::new(&transaction, &mut copy).map_err(from_sqlite)?;
        loop {
            let step = backup.step(STEP_PAGES).map_err(from_sqlite)?;
            let all = backup.progress();
            progress((all.pagecount - all.remaining).max(0) as u64, all.pagecount.max(0) as u64);
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
    copy.close().map_err(|(_, error)| from_sqlite(error))?;
    File::open(to).and_then(|file| file.sync_all()).at("cannot sync", to)
}

fn copy_blobs(blobs: &Blobs, journal: &Path, folder: &Path) -> Result<()> {
    let connection = Connection::open(journal).map_err(from_sqlite)?;
    let mut statement = connection.prepare("SELECT hash FROM blob").map_err(from_sqlite)?;
    let mut rows = statement.query([]).map_err(from_sqlite)?;
    while let Some(row) = rows.next().map_err(from_sqlite)? {
        let hash: Hash = row.get(0).map_err(from_sqlite)?;
        blobs.copy_to(&hash, folder)?;
    }
    drop(rows);
    drop(statement);
    connection.close().map_err(|(_, error)| from_sqlite(error))?;
    for entry in fs::read_dir(folder).at("cannot read", folder)?.flatten() {
        sync_folder(&entry.path()).at("cannot sync", &entry.path())?;
    }
    sync_folder(folder).at("cannot sync", folder)
}

fn check(journal: &Path) -> Result<()> {
    let connection = Connection::open(journal).map_err(from_sqlite)?;
    let found: String =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(from_sqlite)?;
    if found == "ok" { Ok(()) } else { Err(Error::Damaged(format!("the copy: {found}"))) }
}
