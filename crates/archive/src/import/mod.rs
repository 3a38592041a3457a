//! Instances out of files: of media with a DICOMDIR (PS3.10), of plain folders, of the storage folder of another archive.
//!
//! | file | what |
//! |---|---|
//! | `directory` | which files a DICOMDIR names |
//! | `open` | one file: what is in it, wherever its data set begins |
//! | `walk` | all files below a folder |

mod directory;
mod open;
mod walk;

use std::io::Read;
use std::path::{Path, PathBuf};

use klinke_dimse::charset::Rules;
use klinke_model::Timestamp;

use crate::archive::Archive;
use crate::error::{Error, Result};
use crate::index::{Added, ClashPolicy};
use crate::receive::{Arrival, Received};

pub use open::{Content, FileIdentity};
pub use walk::{WALK_MAX, walk};

/// How much is read at a time.
const PIECE_SIZE_BYTES: usize = 1 << 20;
/// How many files are named in a report; beyond that they are counted.
const LISTED_MAX: usize = 10_000;

/// What became of the files below a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Instances that are new.
    pub new: u64,
    /// Instances that were there with the same bytes.
    pub known: u64,
    /// Instances that lie beside until somebody decides.
    pub beside: u64,
    /// Bytes of the data sets that are new.
    pub bytes: u64,
    /// Studies of which something is new.
    pub studies: Vec<String>,
    /// Files that hold no DICOM and were passed over.
    pub others: u64,
    /// How many files were refused.
    pub refused: u64,
    /// Directories that were read.
    pub directories: u64,
    /// The files that were refused, below the folder, each with the reason.
    pub faults: Vec<(PathBuf, String)>,
    /// Files that a directory names and that are not there.
    pub absent: Vec<String>,
}

/// How files are taken in.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// What is noted as their sender: 16 characters of an AE title.
    pub from: String,
    /// What becomes of a UID that is there with other bytes.
    pub clash: ClashPolicy,
    /// What is done where a character set is missing or wrong.
    pub charset: Rules,
}

impl Archive {
    /// Takes in all instances below a folder, or in a file. `progress` is told how many files of how many are done.
    pub fn import(
        &self,
        path: &Path,
        terms: &Terms,
        now: &dyn Fn() -> Timestamp,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Imported> {
        let root = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        let files = walk(path)?;
        let total = files.len() as u64;
        let mut imported = Imported::default();
        let mut studies = std::collections::BTreeSet::new();
        for (done, file) in (1..).zip(&files) {
            let shown = file.strip_prefix(root).unwrap_or(file);
            match Content::open(file, &terms.charset) {
                Ok(Content::Other) => imported.others += 1,
                Ok(Content::Directory(set)) => {
                    imported.directories += 1;
                    let folder = file.parent().unwrap_or(root);
                    imported.absent.extend(directory::absent(&set, folder).into_iter().take(LISTED_MAX));
                }
                Ok(Content::Instance(identity)) => {
                    match self.take_file(file, &identity, terms, now()) {
                        Ok(received) => imported.count(&received, &mut studies),
                        // The archive can't go on: that is no fault of this file.
                        Err(error @ (Error::Full(_) | Error::Unwritable(_) | Error::Closed)) => {
                            return Err(error);
                        }
                        Err(error) => imported.refuse(shown, error.to_string()),
                    }
                }
                Err(why) => imported.refuse(shown, why),
            }
            progress(done, total);
        }
        imported.studies = studies.into_iter().collect();
        Ok(imported)
    }

    /// Takes in one file.
    pub fn take_file(
        &self,
        path: &Path,
        identity: &FileIdentity,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<Received> {
        let unreadable = |error: std::io::Error| Error::Unfit(format!("it can't be read: {error}"));
        let arrival = Arrival {
            class: identity.class.clone(),
            instance: identity.instance.clone(),
            syntax: identity.syntax.clone(),
            from: terms.from.clone(),
            to: String::new(),
            clash: terms.clash,
            charset: terms.charset,
            study: None,
            quota: None,
        };
        let mut source = identity.data_set(path).map_err(unreadable)?;
        let mut receiving = self.receive(arrival)?;
        let mut piece = vec![0; PIECE_SIZE_BYTES];
        loop {
            match source.read(&mut piece).map_err(unreadable)? {
                0 => return receiving.finish(now),
                read => receiving.write(&piece[..read])?,
            }
        }
    }
}

impl Imported {
    fn count(&mut self, received: &Received, studies: &mut std::collections::BTreeSet<String>) {
        match received.added {
            Added::Same => self.known += 1,
            Added::Beside(_) => self.beside += 1,
            Added::New(_) | Added::Replaced(_) => {
                self.new += 1;
                self.bytes += received.size;
                studies.insert(received.identity.study.clone());
            }
        }
    }

    fn refuse(&mut self, file: &Path, why: String) {
        self.refused += 1;
        if self.faults.len() < LISTED_MAX {
            self.faults.push((file.to_path_buf(), why));
        }
    }
}
