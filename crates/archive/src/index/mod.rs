//! What an index must do.
//!
//! The files are the archive; the index says what is in them and where. It can be made anew from the files, and what it
//! alone knows (merges, decisions, what is held) is in it durably.

mod known;
pub mod sqlite;

use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;

use klinke_dimse::data::DataSet;
use klinke_model::Timestamp;

use crate::error::{Error, Result};
use crate::find::Query;
use crate::identity::Identity;
use crate::level::Level;

/// Called once when an entry is durable, or refused; quick, never blocking.
pub type Done<T> = Box<dyn FnOnce(Result<T>) + Send>;

/// An index of instances.
pub trait Index: Send + Sync + 'static {
    /// Adds an instance whose file is durable, or whose bytes are to be so with the entry. Entries that wait share
    /// a commit.
    fn add(&self, entry: Entry, done: Done<Added>);
    /// The instance of this SOP Instance UID.
    fn instance(&self, uid: &str) -> Result<Option<Instance>>;
    /// The folder of a study's files.
    fn study_folder(&self, uid: &str) -> Result<Option<String>>;
    /// What a query finds, one after the other, until it is told to stop.
    fn find(&self, query: &Query, each: &mut dyn FnMut(Found) -> ControlFlow<()>) -> Result<()>;
    /// Instances of a selection with numbers above `after`, in the order of their numbers.
    fn instances(&self, of: &Selection, after: u64, limit: usize) -> Result<Vec<Instance>>;
    /// What lies beside, newest first, with numbers below `before`.
    fn beside(&self, before: Option<u64>, limit: usize) -> Result<Vec<Beside>>;
    /// How much there is.
    fn totals(&self) -> Result<Totals>;
}

impl dyn Index {
    /// Adds an instance and waits until that is durable.
    pub(crate) fn add_and_wait(&self, entry: Entry) -> Result<Added> {
        let (told, result) = sync_channel(1);
        self.add(entry, Box::new(move |result| drop(told.send(result))));
        result.recv().map_err(|_| Error::Closed)?
    }
}

/// An instance to add.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is.
    pub identity: Identity,
    /// Its file.
    pub file: Stored,
    /// Where its study's files lie, if it is the first.
    pub study_folder: String,
    /// What to do when the UID is taken by other bytes.
    pub clash: ClashPolicy,
    /// How many instances its study has, where it says so: Number of Study Related Instances (0020,1208).
    pub expected: Option<u32>,
    /// The bytes of its file, where that is not on stable storage yet.
    pub bytes: Option<Vec<u8>>,
    /// Where it lay until now, in the archive.
    pub was: Option<Was>,
}

/// Where an instance lies that is added again: with the same commit it does so no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Was {
    /// Beside, under this number.
    Beside(u64),
    /// In the trash, under this number; there it stays where its bytes have come again meanwhile.
    Thrown(u64),
}

/// A file of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its path below the archive's folder.
    pub path: String,
    /// Transfer Syntax UID.
    pub syntax: String,
    /// Bytes of the whole file.
    pub size: u64,
    /// Where the data set begins.
    pub data_offset: u32,
    /// BLAKE3 of the data set as it is in the file.
    pub hash: [u8; 32],
    /// BLAKE3 of the data set as received, where it was compressed since.
    pub origin: Option<[u8; 32]>,
    /// AE title of the sender, or whatever names it.
    pub from: String,
    /// When it had arrived.
    pub arrived: Timestamp,
}

/// What becomes of an instance whose UID the archive has with other bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClashPolicy {
    /// The first stays, the new one lies beside until somebody decides.
    #[default]
    KeepFirst,
    /// The new one takes the place, the old one lies beside; in the same series only, else as [`ClashPolicy::KeepFirst`].
    Replace,
}

/// What came of adding an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is in the index under this number.
    New(u64),
    /// The same bytes are there already.
    Same,
    /// It lies beside, for this reason.
    Beside(Reason),
    /// It took the place of another one.
    Replaced(u64),
}

/// Why an instance lies beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its SOP Instance UID is there with other bytes.
    OtherBytes,
    /// Its series is there in another study.
    OtherStudy,
    /// Its study is there with another patient.
    OtherPatient,
    /// Another one took its place.
    Replaced,
}

impl Reason {
    /// All.
    pub const ALL: [Reason; 4] =
        [Reason::OtherBytes, Reason::OtherStudy, Reason::OtherPatient, Reason::Replaced];

    /// Its name in the index and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Reason::OtherBytes => "other-bytes",
            Reason::OtherStudy => "other-study",
            Reason::OtherPatient => "other-patient",
            Reason::Replaced => "replaced",
        }
    }
}

/// One instance of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its number; numbers rise in the order of arrival.
    pub number: u64,
    /// Study Instance UID.
    pub study: String,
    /// Series Instance UID.
    pub series: String,
    /// SOP Instance UID.
    pub uid: String,
    /// SOP Class UID.
    pub class: String,
    /// Its file.
    pub file: Stored,
    /// When it was last decided that its patient is not who it says, in microseconds since 1970; 0 where they are.
    pub identity_changed: i64,
}

/// A file of an instance that takes the place of another one: elsewhere, or packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    /// The instance's number.
    pub number: u64,
    /// The path that it had.
    pub from: String,
    /// The path that it has.
    pub path: String,
    /// Transfer Syntax UID.
    pub syntax: String,
    /// Bytes of the whole file.
    pub size: u64,
    /// Where the data set begins.
    pub data_offset: u32,
    /// BLAKE3 of the data set as it is in the file.
    pub hash: [u8; 32],
    /// BLAKE3 of the data set as received, where it was packed.
    pub origin: Option<[u8; 32]>,
}

impl Moved {
    /// A file that is as it was, and where it was.
    pub(crate) fn of(instance: &Instance) -> Self {
        let file = &instance.file;
        Moved {
            number: instance.number,
            from: file.path.clone(),
            path: file.path.clone(),
            syntax: file.syntax.clone(),
            size: file.size,
            data_offset: file.data_offset,
            hash: file.hash,
            origin: file.origin,
        }
    }
}

/// An instance that lies beside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// Its number among those beside.
    pub number: u64,
    /// Why.
    pub reason: Reason,
    /// Study Instance UID.
    pub study: String,
    /// Series Instance UID.
    pub series: String,
    /// SOP Instance UID.
    pub uid: String,
    /// Its file.
    pub file: Stored,
}

/// A study that may not be thrown away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Study Instance UID.
    pub study: String,
    /// Since when.
    pub at: Timestamp,
    /// Who holds it.
    pub who: String,
    /// Why.
    pub why: String,
}

/// Something in the trash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thrown {
    /// Its number in the trash.
    pub number: u64,
    /// When it was taken out.
    pub at: Timestamp,
    /// Who took it out.
    pub who: String,
    /// Why.
    pub why: String,
    /// SOP Instance UID.
    pub uid: String,
    /// Study Instance UID.
    pub study: String,
    /// Series Instance UID.
    pub series: String,
    /// Its file, below the archive's folder.
    pub path: String,
    /// Bytes of its file.
    pub size: u64,
}

/// Which instances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Patient ID, and its issuer where it matters.
    pub patient: Option<(String, Option<String>)>,
    /// Study Instance UIDs; none: all.
    pub studies: Vec<String>,
    /// Series Instance UIDs; none: all.
    pub series: Vec<String>,
    /// SOP Instance UIDs; none: all.
    pub instances: Vec<String>,
}

/// What a query found: the attributes of its level and those above.
#[derive(Clone, Debug)]
pub struct Found {
    /// The level.
    pub level: Level,
    /// Attributes by level, from the patient down to the query's level.
    pub attributes: Vec<DataSet>,
    /// What is counted.
    pub counts: Counts,
}

/// What is counted of what a query found (PS3.4, C.3.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Number of Patient Related Studies, at the level of patients.
    pub patient_studies: u64,
    /// Series of the patient or study.
    pub series: u64,
    /// Instances of the patient, study or series.
    pub instances: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// Modalities in Study.
    pub modalities: Vec<String>,
    /// SOP Classes in Study.
    pub classes: Vec<String>,
    /// Available Transfer Syntax UID, of an instance.
    pub syntax: Option<String>,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Patients.
    pub patients: u64,
    /// Studies.
    pub studies: u64,
    /// Series.
    pub series: u64,
    /// Instances.
    pub instances: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// Instances that lie beside.
    pub beside: u64,
    /// Instances in the trash.
    pub thrown: u64,
}
