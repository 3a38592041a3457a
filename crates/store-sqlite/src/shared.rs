//! What the store's threads share.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use klinke_store::{Error, Result};

use crate::bodies::Bodies;
use crate::entry::Entry;
use crate::index::Index;
use crate::open::JOURNAL;
use crate::options::Options;
use crate::prune::Cursors;
use crate::queue::Queue;
use crate::readers::Readers;
use crate::recent::Recent;
use crate::texts::Texts;

pub(crate) struct Shared {
    pub(crate) folder: PathBuf,
    pub(crate) options: Options,
    pub(crate) texts: Arc<Texts>,
    pub(crate) bodies: Bodies,
    pub(crate) recent: Arc<Recent>,
    pub(crate) readers: Readers,
    pub(crate) queue: Queue,
    pub(crate) index: Index,
    pub(crate) cursors: Cursors,
    /// The highest envelope committed.
    pub(crate) committed: AtomicU64,
    /// Set when the write-ahead log is so long that the writer itself should move it into the journal.
    pub(crate) is_log_long: AtomicBool,
    /// The journal's file as it was opened: its device and number there.
    place: Option<(u64, u64)>,
    /// Why writes are refused.
    refuses: Mutex<Option<String>>,
}

/// What [`Shared`] is made of.
pub(crate) struct Pieces {
    pub(crate) folder: PathBuf,
    pub(crate) options: Options,
    pub(crate) texts: Arc<Texts>,
    pub(crate) bodies: Bodies,
    pub(crate) readers: Readers,
    pub(crate) index: Index,
    pub(crate) committed: u64,
}

impl Shared {
    pub(crate) fn new(pieces: Pieces) -> Self {
        Shared {
            place: place_of(&pieces.folder.join(JOURNAL)),
            folder: pieces.folder,
            options: pieces.options,
            texts: pieces.texts,
            bodies: pieces.bodies,
            recent: Arc::default(),
            readers: pieces.readers,
            queue: Queue::default(),
            index: pieces.index,
            cursors: Cursors::default(),
            committed: AtomicU64::new(pieces.committed),
            is_log_long: AtomicBool::new(false),
            refuses: Mutex::default(),
        }
    }

    /// Queues an entry; when the store is closed its `done` gets to know at once.
    pub(crate) fn push(&self, entry: Entry) {
        if let Err(entry) = self.queue.push(entry) {
            entry.finish(Err(Error::Closed));
        }
    }

    /// Queues something rare and waits for it.
    pub(crate) fn special(
        &self,
        run: impl FnMut(&mut crate::apply::Work<'_>) -> crate::apply::Step<u64> + Send + 'static,
    ) -> Result<u64> {
        klinke_store::faulty::wait(|done| self.push(Entry::Special(Box::new(run), done)))
    }

    /// An error when there is too little space for new envelopes, `more` bytes among them.
    pub(crate) fn check_reserve(&self, more: u64) -> Result<()> {
        let reserve = self.options.reserve_bytes;
        match crate::disk::free(&self.folder) {
            Some(free) if free < reserve.saturating_add(more) => Err(Error::Full(format!(
                "the disk has {} MiB free, and {} MiB are kept for what must still be delivered",
                free >> 20,
                reserve >> 20
            ))),
            _ => Ok(()),
        }
    }

    /// An error when the journal is no longer where it was opened. A folder that was moved or removed goes
    /// on taking what is written, and it is lost, or found by nobody, when the program ends.
    pub(crate) fn check_place(&self) -> Result<()> {
        if place_of(&self.folder.join(JOURNAL)) == self.place {
            return Ok(());
        }
        let folder = self.folder.display();
        Err(Error::Unwritable(format!(
            "{folder} is not the folder that was opened: was it moved or removed?"
        )))
    }

    /// How many envelopes the index is behind.
    pub(crate) fn index_lag(&self) -> u64 {
        self.committed.load(Ordering::Acquire).saturating_sub(self.index.indexed())
    }

    pub(crate) fn refuses(&self) -> Option<String> {
        self.refuses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_refuses(&self, why: Option<String>) {
        *self.refuses.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }
}

fn place_of(journal: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(journal).ok().map(|data| (data.dev(), data.ino()))
}
