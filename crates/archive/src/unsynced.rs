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
//!
//! It is done so only where the system tells by `syncfs` what it could not write: a local file system that is known to,
//! on Linux from 5.17 on (before, errors of a file system's own journal were lost), with the index on the same disk.
//! After the first error nothing is believed any more: files are written again out of their bytes, and new ones go the
//! long way.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
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
/// File systems whose `syncfs` is known to tell what failed (statfs(2)): ext4, XFS, Btrfs, F2FS, ZFS; and tmpfs, which
/// keeps nothing anyhow.
const SYSTEMS: [u64; 6] = [0xEF53, 0x5846_5342, 0x9123_683E, 0xF2F5_2010, 0x2FC1_2FC1, 0x0102_1994];
/// The first Linux where it tells everything.
const LINUX: (u32, u32) = (5, 17);

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
    /// Whether the last time failed: it is tried again.
    is_owed: bool,
    /// Whether the system's word is not to be taken, as long as the archive is open.
    is_doubted: bool,
    is_closed: bool,
}

impl Syncer {
    /// Makes good what a power cut took, and begins.
    pub(crate) fn begin(folder: &Path, index: Arc<SqliteIndex>) -> Result<Self> {
        recover(folder, &index).map_err(Lost::into_error)?;
        let path = folder.join(place::STUDIES);
        let studies = File::open(&path).at("can't open", &path)?;
        let disk = studies.metadata().at("can't read", &path)?.dev();
        let above = fs::metadata(folder).at("can't read", folder)?.dev();
        let state = State { is_doubted: disk != above || !tells_all(&studies), ..State::default() };
        let inside = Arc::new(Inside {
            folder: folder.to_path_buf(),
            studies,
            disk,
            index,
            state: Mutex::new(state),
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
        let is_to_wait = |state: &State| state.is_doubted || state.is_owed || state.files >= WAITING_MAX;
        if is_to_wait(&self.inside.state()) {
            return Ok(false);
        }
        let parent = path.parent().unwrap_or(&self.inside.folder);
        let made = match place::create(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.make_folder(parent).at("can't make", parent)?;
                place::create(path)
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
        state.folders.extend(place::make_missing(&self.inside.folder, folder)?);
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
            let _ = self.sync();
            if is_over {
                return;
            }
        }
    }

    /// Waits until there is something to do; gives whether it is the last time.
    fn await_files(&self) -> bool {
        let idle = |state: &mut State| state.files == 0 && !state.is_owed && !state.is_closed;
        let state = self.wake.wait_while(self.state(), idle).unwrap_or_else(PoisonError::into_inner);
        let few = |state: &mut State| state.files < FILES_MAX && !state.is_closed;
        let waited = self.wake.wait_timeout_while(state, WAIT, few);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_closed
    }

    fn sync(&self) -> Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.state().files = 0;
        let synced = self.sync_all();
        self.state().is_owed = synced.is_err();
        if synced.is_err() {
            self.wake.notify_all();
        }
        synced
    }

    fn sync_all(&self) -> Result<()> {
        loop {
            // Always from the beginning: what was done is forgotten, and numbers are used again.
            let due = self.index.unsynced(FILES_MAX)?;
            // Looked at behind them: all that is above one of them is in it.
            let folders = self.state().folders.clone();
            let is_synced = due.is_empty() || self.all_at_once();
            if !is_synced {
                // It forgets them itself, and numbers may have been used again since.
                recover(&self.folder, &self.index).map_err(Lost::into_error)?;
            }
            folders.iter().try_for_each(|folder| entry_synced(folder)).at("can't sync", &self.folder)?;
            for bite in due.chunks(BITE).filter(|_| is_synced) {
                self.index.forget_unsynced(bite[bite.len() - 1])?;
            }
            self.state().folders.retain(|folder| !folders.contains(folder));
            if due.len() < FILES_MAX {
                // What came meanwhile waits for others.
                return Ok(());
            }
        }
    }

    /// Makes what was written durable, as far as the system's word is to be taken: an error is told once, to whoever
    /// asks first, and the bytes that it was about are taken for written then.
    fn all_at_once(&self) -> bool {
        let is_doubted = self.state().is_doubted || rustix::fs::syncfs(&self.studies).is_err();
        self.state().is_doubted = is_doubted;
        !is_doubted
    }
}

/// Why what was not synced could not be made good.
#[derive(Debug)]
pub(crate) enum Lost {
    /// The index that has the bytes can't be read, or not be written.
    Index(Error),
    /// The files can't be written.
    Files(Error),
}

impl Lost {
    pub(crate) fn into_error(self) -> Error {
        let (Lost::Index(error) | Lost::Files(error)) = self;
        error
    }
}

/// Makes what a process did not come to sync durable, out of the bytes that an index has of it.
pub(crate) fn recover(folder: &Path, index: &SqliteIndex) -> Result<(), Lost> {
    loop {
        let mut writing = Writing::new(folder);
        let mut after = 0;
        for _ in 0..BITE {
            let Some(one) = index.next_unsynced(after).map_err(Lost::Index)? else { break };
            writing.write(&one).map_err(Lost::Files)?;
            after = one.number;
        }
        writing.finish().map_err(Lost::Files)?;
        if after == 0 {
            return Ok(());
        }
        index.forget_unsynced(after).map_err(Lost::Index)?;
    }
}

/// Writes files again, whatever is there: bytes that can be read need not be on the disk.
struct Writing<'a> {
    root: &'a Path,
    /// Folders that have new entries.
    folders: BTreeSet<PathBuf>,
}

impl<'a> Writing<'a> {
    fn new(root: &'a Path) -> Self {
        Writing { root, folders: BTreeSet::new() }
    }

    fn write(&mut self, one: &Unsynced) -> Result<()> {
        let path = self.root.join(&one.path);
        // The file's time is that when its instance arrived, also when it is written later.
        let written = place::write_part(&path, &mut one.bytes.as_slice(), time(one.arrived));
        let named = written.and_then(|part| fs::rename(part, &path).at("can't name", &path));
        if named.is_err() {
            let _ = place::remove(&path.with_extension("part"));
        }
        named?;
        let parent = path.parent().unwrap_or(self.root);
        let above = parent.ancestors().take_while(|one| one.starts_with(self.root));
        self.folders.extend(above.map(Path::to_path_buf));
        Ok(())
    }

    fn finish(self) -> Result<()> {
        self.folders.iter().try_for_each(|folder| place::sync_folder(folder).at("can't sync", folder))
    }
}

fn time(at: Timestamp) -> std::time::SystemTime {
    std::time::UNIX_EPOCH + Duration::from_micros(at.0.max(0).cast_unsigned())
}

/// Makes the entry of a folder durable; one that went with the last of its files needs nothing.
fn entry_synced(folder: &Path) -> io::Result<()> {
    match place::sync_above(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        synced => synced,
    }
}

/// Whether `syncfs` of the file system of a folder tells all that could not be written.
fn tells_all(folder: &File) -> bool {
    let is_known =
        rustix::fs::fstatfs(folder).is_ok_and(|told| SYSTEMS.contains(&(told.f_type as u64 & 0xFFFF_FFFF)));
    let name = rustix::system::uname();
    let release = name.release().to_string_lossy().into_owned();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|text| text.parse().unwrap_or(0));
    let version: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    cfg!(target_os = "linux") && is_known && version >= LINUX
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Completion;

    fn unsynced(place: &Path, path: &str) -> Arc<SqliteIndex> {
        let index = SqliteIndex::open(&place.join("index.db"), Completion::NEVER).unwrap();
        let connection = rusqlite::Connection::open(place.join("index.db")).unwrap();
        let sql = "INSERT INTO unsynced(path, arrived, bytes) VALUES (?1, 1000000, x'4b4b')";
        connection.execute(sql, [path]).unwrap();
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
        fs::create_dir(place.path().join(crate::place::STUDIES)).unwrap();
        let syncer = Syncer::begin(place.path(), Arc::new(index)).unwrap();
        // Whatever the file system of the tests is.
        syncer.inside.state().is_doubted = false;
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
    fn once_the_system_was_wrong_its_word_is_not_taken() {
        let place = tempfile::tempdir().unwrap();
        let index = unsynced(place.path(), "studies/1.2/1.3/1.4.dcm");
        let syncer = Syncer::begin(place.path(), index.clone()).unwrap();
        syncer.inside.state().is_doubted = true;
        let file = place.path().join("studies/1.2/1.3/1.4.dcm");
        assert!(!syncer.write(&file.with_file_name("1.5.dcm"), b"one").unwrap(), "it goes the long way");
        unsynced(place.path(), "studies/1.2/1.3/1.4.dcm");
        fs::write(&file, b"not these").unwrap();
        syncer.sync().unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"KK");
        assert!(index.next_unsynced(0).unwrap().is_none());
        assert!(syncer.inside.state().is_doubted, "as long as it is open");
    }
}
