//! An archive: opening it, taking in, finding, reading.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;

use crate::change::Journal;
use crate::decide::catch_up;
use crate::error::{At, Error, Result};
use crate::find::Query;
use crate::index::sqlite::SqliteIndex;
use crate::index::{Beside, Found, Instance, Selection, Totals};
use crate::place;
use crate::receive::{Arrival, Receiving};
use crate::shared::{Options, Shared};
use crate::worklist::made_uid;

const LOCK: &str = "LOCK";

/// An archive in a folder. Cheap to clone; the last clone closes it.
#[derive(Clone, Debug)]
pub struct Archive {
    pub(crate) shared: Arc<Shared>,
}

impl Archive {
    /// Opens the archive of a folder, making both when they are not there.
    pub fn open(folder: &Path, options: Options) -> Result<Self> {
        for folder in [folder.join(place::STUDIES), folder.join(place::INCOMING)] {
            place::make_folder(Path::new("/"), &folder).at("can't make", &folder)?;
        }
        let lock = lock(folder)?;
        clear(&folder.join(place::INCOMING))?;
        let index = SqliteIndex::open_with(&folder.join(place::INDEX), options.complete, options.watch())?;
        let index = Arc::new(index);
        let journal = Journal::open(&folder.join(place::JOURNAL))?;
        place::sync_folder(folder).at("can't sync", folder)?;
        catch_up(&journal, &index)?;
        for tier in &options.tiers {
            // A disk that is not mounted looks like an empty folder: then nothing may be taken for lost.
            let is_used = index.tiers()?.contains(&tier.name);
            if is_used && !tier.path.join(place::STUDIES).is_dir() {
                return Err(Error::Unwritable(format!(
                    "the tier {} is not at {}",
                    tier.name,
                    tier.path.display()
                )));
            }
            let studies = tier.path.join(place::STUDIES);
            place::make_folder(Path::new("/"), &studies).at("can't make", &studies)?;
        }
        let shared = Shared::new(folder.to_path_buf(), options, index, journal, lock)?;
        Ok(Archive { shared })
    }

    /// Begins to take in an instance.
    pub fn receive(&self, arrival: Arrival) -> Result<Receiving> {
        Receiving::begin(self.shared.clone(), arrival)
    }

    /// What a query finds, one after the other, until it is told to stop.
    pub fn find(&self, query: &Query, each: &mut dyn FnMut(Found) -> ControlFlow<()>) -> Result<()> {
        self.shared.index().find(query, each)
    }

    /// The instance of this SOP Instance UID.
    pub fn instance(&self, uid: &str) -> Result<Option<Instance>> {
        self.shared.index().instance(uid)
    }

    /// The study that an accession number of a patient belongs to: one that is there, else one that is scheduled.
    pub fn study_of(&self, accession: &str, patient: &str) -> Result<Option<String>> {
        self.shared.index.study_of(accession, patient)
    }

    /// A Study Instance UID for what has none, always the same for an accession number of a patient; nothing without the number.
    pub fn made_study(accession: &str, patient: &str) -> Option<String> {
        (!accession.is_empty()).then(|| made_uid(&["study", patient, accession]))
    }

    /// Instances of a selection with numbers above `after`, in the order of their numbers.
    pub fn instances(&self, of: &Selection, after: u64, limit: usize) -> Result<Vec<Instance>> {
        self.shared.index().instances(of, after, limit)
    }

    /// What lies beside, newest first, with numbers below `before`.
    pub fn beside(&self, before: Option<u64>, limit: usize) -> Result<Vec<Beside>> {
        self.shared.index().beside(before, limit)
    }

    /// What lies beside with this SOP Instance UID.
    pub fn beside_of(&self, uid: &str) -> Result<Vec<Beside>> {
        self.shared.index.beside_of(uid)
    }

    /// How much there is.
    pub fn totals(&self) -> Result<Totals> {
        self.shared.index().totals()
    }

    /// Where others may keep what can be made again from the files.
    pub fn cache_folder(&self) -> PathBuf {
        self.shared.folder.join(place::CACHE)
    }

    /// What is done where character sets are missing or wrong.
    pub fn charset(&self) -> &klinke_dimse::charset::Rules {
        &self.shared.options.charset
    }

    /// The file of an instance.
    pub fn path(&self, instance: &Instance) -> PathBuf {
        self.shared.path(&instance.file.path)
    }

    /// Opens the file of an instance.
    pub fn open_file(&self, instance: &Instance) -> Result<File> {
        let path = self.path(instance);
        let opened = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.open_moved(instance)?.unwrap_or(Err(error))
            }
            opened => opened,
        };
        opened.map_err(|error| Error::Damaged(format!("{}: {error}", path.display())))
    }

    /// Opens the file of an instance where it has another one meanwhile, with the same bytes.
    fn open_moved(&self, instance: &Instance) -> Result<Option<std::io::Result<File>>> {
        let now = self.instance(&instance.uid)?;
        let is_moved =
            |now: &Instance| now.file.path != instance.file.path && now.file.hash == instance.file.hash;
        Ok(now.filter(is_moved).map(|now| File::open(self.path(&now))))
    }
}

/// A process that is on its end keeps its locks for a moment.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

pub(crate) fn lock(folder: &Path) -> Result<File> {
    let path = folder.join(LOCK);
    let file = File::create(&path).at("can't make", &path)?;
    let began = Instant::now();
    loop {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) if began.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(Error::InUse(format!("another process has {} open", folder.display())));
            }
            Err(error) => return Err(error.into()).at("can't lock", &path),
        }
    }
}

/// Removes what was on its way in: nobody was told that it is kept.
fn clear(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).at("can't read", folder)? {
        let path = entry.at("can't read", folder)?.path();
        if path.extension().is_some_and(|extension| extension == "part") {
            fs::remove_file(&path).at("can't remove", &path)?;
        }
    }
    Ok(())
}
