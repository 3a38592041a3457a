//! What all that is open in an archive shares.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use klinke_dimse::charset::Rules;
use klinke_dimse::data;
use klinke_model::Timestamp;

use crate::change::Journal;
use crate::claims::Claims;
use crate::error::{Error, Result};
use crate::event::{Bell, Completion};
use crate::image::Shelf;
use crate::index::Index;
use crate::index::sqlite::SqliteIndex;
use crate::index::sqlite::watch::Limits;
use crate::patients::Expecting;
use crate::place;
use crate::receive::Arrival;
use crate::tier::Tier;
use crate::unsynced::Syncer;

/// How many folders of studies are remembered.
const FOLDERS_MAX: usize = 1024;

/// How an archive is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Nothing is taken in any more when less room is left on the disk than this.
    pub reserve_bytes: u64,
    /// Limits of headers.
    pub limits: data::Limits,
    /// Folders on other disks, to which files of older studies are moved.
    pub tiers: Vec<Tier>,
    /// Nothing is taken in any more where so many bytes are here; what is in the trash is not counted.
    pub quota_bytes: Option<u64>,
    /// What is done where character sets are missing or wrong, when the sender is not known any more.
    pub charset: Rules,
    /// When a study is complete.
    pub complete: Completion,
    /// The AE title from which instances can be had, as events tell it.
    pub title: String,
    /// How many event reports of workitems one watcher is owed at most; of more the oldest is dropped.
    pub reports_max: u64,
    /// How many application entities watch workitems at most.
    pub watchers_max: u64,
    /// Channels of which is kept what they have taken and not sent.
    pub sent: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            reserve_bytes: 256 << 20,
            limits: data::Limits::header(),
            tiers: Vec::new(),
            quota_bytes: None,
            charset: Rules::default(),
            complete: Completion::default(),
            title: String::new(),
            reports_max: Limits::default().owed,
            watchers_max: Limits::default().watchers,
            sent: Vec::new(),
        }
    }
}

impl Options {
    /// What holds for watchers of workitems.
    pub(crate) fn watch(&self) -> Limits {
        Limits { owed: self.reports_max, watchers: self.watchers_max }
    }

    /// Where a file is, by its path as the index has it, in an archive's folder.
    pub(crate) fn path(&self, folder: &Path, path: &str) -> PathBuf {
        let tier = path.split_once(':').and_then(|(name, below)| {
            let tier = self.tiers.iter().find(|tier| tier.name == name)?;
            Some(tier.path.join(below))
        });
        tier.unwrap_or_else(|| folder.join(path))
    }
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub folder: PathBuf,
    pub options: Options,
    /// Before the index, which it needs to its end.
    pub syncer: Syncer,
    pub index: Arc<SqliteIndex>,
    pub journal: Mutex<Journal>,
    pub claims: Claims,
    pub shelf: Shelf,
    /// Rings when there are event reports of workitems.
    pub reports: Bell,
    pub expecting: OnceLock<Arc<dyn Expecting>>,
    next: AtomicU64,
    /// The folders of studies that were asked for last.
    folders: Mutex<HashMap<String, String>>,
    /// Held as long as anything of the archive is open: the last to go.
    _lock: File,
}

impl Shared {
    pub(crate) fn new(
        folder: PathBuf,
        options: Options,
        index: Arc<SqliteIndex>,
        journal: Journal,
        lock: File,
    ) -> Result<Arc<Self>> {
        let (claims, next, journal) = (Claims::default(), AtomicU64::new(0), Mutex::new(journal));
        let syncer = Syncer::begin(&folder, index.clone())?;
        Ok(Arc::new(Shared {
            folder,
            options,
            syncer,
            index,
            journal,
            claims,
            shelf: Shelf::default(),
            reports: Bell::default(),
            expecting: OnceLock::new(),
            next,
            folders: Mutex::default(),
            _lock: lock,
        }))
    }

    /// The folder of a study's files; of one whose first instance arrives now, where it will be.
    pub(crate) fn study_folder(&self, study: &str, arrived: Timestamp) -> Result<String> {
        let folders = || self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(folder) = folders().get(study) {
            return Ok(folder.clone());
        }
        let found = self.index().study_folder(study)?;
        let folder = found.unwrap_or_else(|| place::study_folder(study, arrived));
        let mut folders = folders();
        if folders.len() >= FOLDERS_MAX {
            folders.clear();
        }
        Ok(folders.entry(study.to_owned()).or_insert(folder).clone())
    }

    /// Forgets folders of studies: some of them are gone.
    pub(crate) fn forget_folders(&self) {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Where a file is, by its path as the index has it.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.options.path(&self.folder, path)
    }

    /// Whether the archive, or its sender, has not more than it may.
    pub(crate) fn check_quota(&self, arrival: &Arrival) -> Result<()> {
        let is_reached = |quota: Option<u64>, sender| match quota {
            Some(quota) => Ok::<_, Error>(self.index.usage(sender)? >= quota),
            None => Ok(false),
        };
        if is_reached(self.options.quota_bytes, None)? {
            return Err(Error::Full("its quota is reached".to_owned()));
        }
        if is_reached(arrival.quota, Some(&arrival.from))? {
            return Err(Error::Full("the quota of the sender is reached".to_owned()));
        }
        Ok(())
    }

    /// The name of the next file on its way in.
    pub(crate) fn next_incoming(&self) -> PathBuf {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.folder.join(place::INCOMING).join(format!("{number}.part"))
    }

    /// Whether there is room for more.
    pub(crate) fn check_room(&self) -> Result<()> {
        let stat = rustix::fs::statvfs(&self.folder).map_err(|error| Error::Unwritable(error.to_string()))?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        if free < self.options.reserve_bytes {
            let (free, reserve) = (free >> 20, self.options.reserve_bytes >> 20);
            return Err(Error::Full(format!("{free} MiB are left on its disk, and {reserve} are kept free")));
        }
        Ok(())
    }

    /// The index as what it must be able to do.
    pub(crate) fn index(&self) -> &dyn Index {
        &*self.index
    }
}
