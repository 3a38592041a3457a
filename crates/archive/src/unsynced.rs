//! Small files that are acknowledged before they are on stable storage themselves: their bytes stand in the commit
//! of the index.
//!
//! A small instance would wait three times for the disk: for its file, for the folder, for the index. So its bytes
//! go into the commit that says that it is there, and the file is written without waiting. A thread syncs what was
//! written, all at once, and forgets the bytes. At the next start what was not synced is held against its bytes and
//! written again where a power cut took it.
//!
//! | | what | durable |
//! |---|---|---|
//! | 1 | the file is written at its place, with the folders above it | no |
//! | 2 | the index commits the entry and the bytes | yes, by the bytes |
//! | 3 | the caller may acknowledge | |
//! | 4 | files and folders are synced | yes, by the file |
//! | 5 | the index forgets the bytes | |
//!
//! Whoever removes a file has all synced before, so that no bytes are left that would bring it back.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use klinke_model::Timestamp;

use crate::error::{At, Error, Result};
use crate::index::sqlite::SqliteIndex;
use crate::index::sqlite::unsynced::Unsynced;
use crate::place;

/// Up to this size the bytes of a file stand in the index; larger ones are synced themselves.
pub(crate) const SIZE_BYTES_MAX: usize = 64 << 10;
/// How long files may stay unsynced.
const WAIT: Duration = Duration::from_millis(500);
/// After so many files nobody waits any longer.
const FILES_MAX: usize = 1024;
/// So many may wait for a disk that is slow; those behind them are synced by whoever brings them.
const WAITING_MAX: usize = 8 * FILES_MAX;
/// How many are forgotten in one commit.
const BITE: usize = 256;

/// Syncs what was written without waiting.
#[derive(Debug)]
pub(crate) struct Syncer {
    inside: Arc<Inside>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Inside {
    folder: PathBuf,
    /// The folder of instances, open from the beginning: through it all that fails on its way to the disk is told.
    studies: File,
    /// The disk that it is on. Days and studies may be on others.
    disk: u64,
    index: Arc<SqliteIndex>,
    state: Mutex<State>,
    wake: Condvar,
    /// Held while files are synced.
    turn: Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    /// Files written since the last time.
    files: usize,
    /// Folders whose entries above them are not synced.
    folders: BTreeSet<PathBuf>,
    /// Whether it failed the last time.
    has_failed: bool,
    is_closed: bool,
}

impl Syncer {
    /// Makes good what a power cut took, and begins.
    pub(crate) fn begin(folder: &Path, index: Arc<SqliteIndex>) -> Result<Self> {
        recover(folder, &index)?;
        let studies = folder.join(place::STUDIES);
        place::make_folder(folder, &studies).at("can't make", &studies)?;
        let studies = File::open(&studies).at("can't open", &studies)?;
        let disk = studies.metadata().at("can't read", folder)?.dev();
        let inside = Arc::new(Inside {
            folder: folder.to_path_buf(),
            studies,
            disk,
            index,
            state: Mutex::default(),
            wake: Condvar::new(),
            turn: Mutex::default(),
        });
        let mine = inside.clone();
        let thread = std::thread::Builder::new()
            .name("archive-sync".to_owned())
            .spawn(move || mine.run())
            .map_err(|error| Error::Backend(error.to_string()))?;
        Ok(Syncer { inside, thread: Some(thread) })
    }

    /// Writes a small file at its place, without waiting for the disk; `false` where it is to be waited for:
    /// something is there already, or it could not be synced with the others.
    pub(crate) fn write(&self, path: &Path, bytes: &[u8]) -> Result<bool> {
        let is_behind = |state: &State| state.has_failed || state.files >= WAITING_MAX;
        if is_behind(&self.inside.state()) {
            return Ok(false);
        }
        let parent = path.parent().unwrap_or(&self.inside.folder);
        let made = match create(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.make_folder(parent).at("can't make", parent)?;
                create(path)
            }
            made => made,
        };
        let mut file = match made {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
            made => made.at("can't make", path)?,
        };
        let is_here = file.metadata().is_ok_and(|data| data.dev() == self.inside.disk);
        let written = if is_here { file.write_all(bytes) } else { Ok(()) };
        if !is_here || written.is_err() {
            // Half of it is of no use to anybody.
            let _ = fs::remove_file(path);
        }
        written.at("can't write", path)?;
        Ok(is_here)
    }

    /// Makes a folder and those above it, without waiting for the disk.
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        // Held while they are made: whoever finds one there knows whether it is synced.
        let mut state = self.inside.state();
        for missing in place::missing(&self.inside.folder, folder).into_iter().rev() {
            match place::private(&missing) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                made => {
                    made?;
                    state.folders.insert(missing);
                }
            }
        }
        Ok(())
    }

    /// Makes a folder and those above it, durably.
    pub(crate) fn make_folder_durably(&self, folder: &Path) -> io::Result<()> {
        place::make_folder(&self.inside.folder, folder)?;
        let above: Vec<PathBuf> = {
            let state = self.inside.state();
            let fresh = folder.ancestors().filter(|one| state.folders.contains(*one));
            fresh.filter_map(Path::parent).map(Path::to_path_buf).collect()
        };
        above.iter().try_for_each(|folder| place::sync_folder(folder))
    }

    /// Tells of a file whose bytes the index has.
    pub(crate) fn written(&self) {
        let mut state = self.inside.state();
        state.files += 1;
        if state.files == 1 || state.files == FILES_MAX {
            self.inside.wake.notify_all();
        }
    }

    /// Syncs all that was written until now.
    pub(crate) fn sync(&self) -> Result<()> {
        self.inside.sync()
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.inside.state().is_closed = true;
        self.inside.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so already.
            let _ = thread.join();
        }
    }
}

impl Inside {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        loop {
            let is_over = self.await_files();
            // What fails is tried again, and at the latest at the next start.
            let has_failed = self.sync().is_err();
            self.state().has_failed = has_failed;
            if is_over {
                return;
            }
        }
    }

    /// Waits until there is something to do; gives whether it is the last time.
    fn await_files(&self) -> bool {
        let idle = |state: &mut State| state.files == 0 && !state.has_failed && !state.is_closed;
        let state = self.wake.wait_while(self.state(), idle).unwrap_or_else(PoisonError::into_inner);
        let few = |state: &mut State| state.files < FILES_MAX && !state.is_closed;
        let waited = self.wake.wait_timeout_while(state, WAIT, few);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_closed
    }

    fn sync(&self) -> Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.state().files = 0;
        let mut after = 0;
        loop {
            let due = self.index.unsynced_paths(after, FILES_MAX)?;
            // Looked at behind them: all that is above one of them is in it.
            let folders = self.state().folders.clone();
            self.sync_files(&due)?;
            folders.iter().try_for_each(|folder| entry_synced(folder)).at("can't sync", &self.folder)?;
            for bite in due.chunks(BITE) {
                self.index.forget_unsynced(bite[bite.len() - 1].0)?;
            }
            self.state().folders.retain(|folder| !folders.contains(folder));
            match due.last() {
                Some((last, _)) if due.len() == FILES_MAX => after = *last,
                // What came meanwhile waits for others.
                _ => return Ok(()),
            }
        }
    }

    /// Makes files durable, with their entries in their folders. Where that fails they are written again: what the
    /// disk did not take, the system may take for written.
    fn sync_files(&self, files: &[(i64, String)]) -> Result<()> {
        let synced = match all_at_once() {
            _ if files.is_empty() => Ok(()),
            true => rustix::fs::syncfs(&self.studies).map_err(io::Error::from),
            false => one_by_one(&self.folder, files),
        };
        if synced.is_ok() {
            return Ok(());
        }
        for (number, _) in files {
            if let Some(one) = self.index.next_unsynced(number - 1)? {
                restore(&self.folder, &one)?;
            }
        }
        Ok(())
    }
}

/// Makes the entry of a folder durable; one that went with the last of its files needs nothing.
fn entry_synced(folder: &Path) -> io::Result<()> {
    match place::sync_above(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        synced => synced,
    }
}

/// Makes what a process did not come to sync durable, out of the bytes that an index has of it.
pub(crate) fn recover(folder: &Path, index: &SqliteIndex) -> Result<()> {
    let mut after = 0;
    while let Some(one) = index.next_unsynced(after)? {
        restore(folder, &one)?;
        after = one.number;
    }
    if after > 0 { index.forget_unsynced(after) } else { Ok(()) }
}

/// Makes one file durable, written again where it is not as it was.
fn restore(folder: &Path, one: &Unsynced) -> Result<()> {
    let path = folder.join(&one.path);
    let parent = path.parent().unwrap_or(folder);
    place::make_folder_again(folder, parent).at("can't make", parent)?;
    let is_there = fs::read(&path).is_ok_and(|bytes| bytes == one.bytes);
    let kept = match is_there {
        true => File::open(&path).and_then(|file| file.sync_all()),
        false => write_again(&path, one),
    };
    kept.at("can't write", &path)?;
    place::sync_folder(parent).at("can't sync", parent)
}

/// The file's time is that when its instance arrived, also when it is written later.
fn write_again(path: &Path, one: &Unsynced) -> io::Result<()> {
    let part = path.with_extension("part");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o640).open(&part)?;
    file.write_all(&one.bytes)?;
    file.set_modified(time(one.arrived))?;
    file.sync_all()?;
    fs::rename(&part, path)
}

fn time(at: Timestamp) -> std::time::SystemTime {
    std::time::UNIX_EPOCH + Duration::from_micros(at.0.max(0).cast_unsigned())
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o640).open(path)
}

/// Whether the system tells by `syncfs` what it could not write: Linux does from 5.8 on (syncfs(2)).
fn all_at_once() -> bool {
    let name = rustix::system::uname();
    let release = name.release().to_string_lossy().into_owned();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|text| text.parse().unwrap_or(0));
    let version: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    cfg!(target_os = "linux") && version >= (5, 8)
}

fn one_by_one(root: &Path, files: &[(i64, String)]) -> io::Result<()> {
    let paths: Vec<PathBuf> = files.iter().map(|(_, path)| root.join(path)).collect();
    paths.iter().try_for_each(|path| File::open(path)?.sync_all())?;
    let folders: BTreeSet<&Path> = paths.iter().filter_map(|path| path.parent()).collect();
    folders.into_iter().try_for_each(place::sync_folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Completion;

    fn unsynced(place: &Path, path: &str) -> Arc<SqliteIndex> {
        let index = SqliteIndex::open(&place.join("index.db"), Completion::NEVER).unwrap();
        let path = path.to_owned();
        let note = move |connection: &rusqlite::Connection| {
            let sql = "INSERT INTO unsynced(path, arrived, bytes) VALUES (?1, 1000000, x'4b4b')";
            Ok(connection.execute(sql, [path])?)
        };
        index.change(note).unwrap();
        Arc::new(index)
    }

    #[test]
    fn what_was_not_synced_is_made_good_at_the_start_with_its_time() {
        let place = tempfile::tempdir().unwrap();
        let index = unsynced(place.path(), "studies/1.2/1.3/1.4.dcm");
        let file = place.path().join("studies/1.2/1.3/1.4.dcm");
        for before in [None, Some(&b"K"[..]), Some(&b"\0\0"[..])] {
            if let Some(bytes) = before {
                fs::write(&file, bytes).unwrap();
                unsynced(place.path(), "studies/1.2/1.3/1.4.dcm");
            }
            recover(place.path(), &index).unwrap();
            assert_eq!(fs::read(&file).unwrap(), b"KK");
            assert_eq!(crate::verify::written(&file), Timestamp(1_000_000));
            assert!(index.next_unsynced(0).unwrap().is_none(), "its bytes are forgotten");
        }
        let entries = fs::read_dir(file.parent().unwrap()).unwrap();
        assert_eq!(entries.count(), 1, "nothing else is left");
    }

    #[test]
    fn a_place_that_is_taken_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        let index = SqliteIndex::open(&place.path().join("index.db"), Completion::NEVER).unwrap();
        let syncer = Syncer::begin(place.path(), Arc::new(index)).unwrap();
        let file = place.path().join("studies/1.2/1.3/1.4.dcm");
        assert!(syncer.write(&file, b"one").unwrap());
        assert!(!syncer.write(&file, b"other").unwrap());
        assert_eq!(fs::read(&file).unwrap(), b"one");
        let folders = |syncer: &Syncer| syncer.inside.state().folders.len();
        assert_eq!(folders(&syncer), 2, "all of them are still to be synced");
        syncer.sync().unwrap();
        assert_eq!(folders(&syncer), 0);
    }

    #[test]
    fn one_by_one_is_as_good() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("a")).unwrap();
        fs::write(place.path().join("a/1"), b"1").unwrap();
        one_by_one(place.path(), &[(1, "a/1".to_owned())]).unwrap();
        assert!(one_by_one(place.path(), &[(1, "a/2".to_owned())]).is_err(), "a file that is gone is told");
    }
}
