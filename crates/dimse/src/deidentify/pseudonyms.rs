//! Pseudonyms: what stands in the place of identifiers and names.
//!
//! They come from a keyed hash ([`Keyed`]), or from whatever else answers [`Pseudonyms`]: a trust centre's table,
//! [`Table`] for one that is kept here and leads back. The same value of the same kind has the same pseudonym in an
//! image and in a message, so HL7 v2 steps use the same ones.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::keyed::Key;

/// What a value identifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A patient: Patient ID, PID-3.1.
    PatientId,
    /// A patient's name. Asked with the Patient ID where there is one, so that a patient whose name is written in two
    /// ways has one pseudonym.
    PatientName,
    /// Another person.
    Person,
    /// Accession number.
    AccessionNumber,
    /// Study ID.
    StudyId,
    /// Order numbers of placer and filler.
    OrderNumber,
    /// An admission or visit.
    Visit,
    /// A specimen or its container.
    Specimen,
    /// A device.
    Device,
    /// A subject, site or protocol of a trial.
    Trial,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 10] = [
        Kind::PatientId,
        Kind::PatientName,
        Kind::Person,
        Kind::AccessionNumber,
        Kind::StudyId,
        Kind::OrderNumber,
        Kind::Visit,
        Kind::Specimen,
        Kind::Device,
        Kind::Trial,
    ];

    /// Its word in a site's files; also what is hashed with a value.
    pub fn name(self) -> &'static str {
        match self {
            Kind::PatientId => "patient-id",
            Kind::PatientName => "patient-name",
            Kind::Person => "person",
            Kind::AccessionNumber => "accession-number",
            Kind::StudyId => "study-id",
            Kind::OrderNumber => "order-number",
            Kind::Visit => "visit",
            Kind::Specimen => "specimen",
            Kind::Device => "device",
            Kind::Trial => "trial",
        }
    }

    /// The kind of a word.
    pub fn by_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Who gives pseudonyms.
pub trait Pseudonyms {
    /// The pseudonym of a value. It has to fit the element: at most 16 characters for Accession Number and Study ID,
    /// 64 for the others.
    fn pseudonym(&self, kind: Kind, value: &str) -> String;

    /// The value of a pseudonym, where that can be known.
    fn original(&self, kind: Kind, pseudonym: &str) -> Option<String> {
        let _ = (kind, pseudonym);
        None
    }
}

/// How a pseudonym of a kind is written: a prefix and so many letters and digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// What stands before.
    pub prefix: String,
    /// How many of the 32 letters and digits of Crockford's base 32 follow, at most 48. Each stands for 5 bits.
    pub letters: usize,
}

/// Pseudonyms by keyed hash. Nothing leads back but trying with the key.
#[derive(Debug, Clone)]
pub struct Keyed {
    key: Key,
    formats: BTreeMap<Kind, Format>,
}

impl Keyed {
    /// With this key and the usual formats: a letter and 13 others, 65 bits, so that they fit 16 characters.
    pub fn new(key: Key) -> Self {
        Keyed { key, formats: BTreeMap::new() }
    }

    /// With another format for a kind.
    #[must_use]
    pub fn with_format(mut self, kind: Kind, format: Format) -> Self {
        self.formats.insert(kind, format);
        self
    }
}

impl Pseudonyms for Keyed {
    fn pseudonym(&self, kind: Kind, value: &str) -> String {
        let (prefix, letters) = match (self.formats.get(&kind), kind) {
            (Some(format), _) => (format.prefix.as_str(), format.letters),
            (None, Kind::PatientId) => ("P", 13),
            (None, Kind::PatientName) => ("Patient^", 13),
            (None, Kind::Person) => ("Person^", 13),
            (None, Kind::AccessionNumber) => ("A", 13),
            (None, Kind::StudyId) => ("S", 13),
            (None, Kind::OrderNumber) => ("O", 13),
            (None, Kind::Visit) => ("V", 13),
            (None, Kind::Specimen) => ("M", 13),
            (None, Kind::Device) => ("D", 13),
            (None, Kind::Trial) => ("T", 13),
        };
        prefix.to_owned() + &self.key.letters(kind.name(), value, letters)
    }
}

/// A table of pseudonyms, both ways. What it lacks is asked of another source and kept, so that the caller can store
/// the table apart from the instances.
pub struct Table<P> {
    source: P,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    pseudonyms: BTreeMap<(Kind, String), String>,
    originals: BTreeMap<(Kind, String), String>,
}

impl<P: Pseudonyms> Table<P> {
    /// An empty table over a source.
    pub fn new(source: P) -> Self {
        Table { source, entries: Mutex::default() }
    }

    /// Adds an entry, in the place of one of the same value.
    pub fn insert(&self, kind: Kind, value: &str, pseudonym: &str) {
        self.locked(|entries| entries.insert(kind, value, pseudonym));
    }

    /// All entries: kind, value, pseudonym.
    pub fn entries(&self) -> Vec<(Kind, String, String)> {
        let entry = |((kind, value), pseudonym): (&(Kind, String), &String)| {
            (*kind, value.clone(), pseudonym.clone())
        };
        self.locked(|entries| entries.pseudonyms.iter().map(entry).collect())
    }

    fn locked<T>(&self, work: impl FnOnce(&mut Entries) -> T) -> T {
        work(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Entries {
    fn insert(&mut self, kind: Kind, value: &str, pseudonym: &str) {
        if let Some(before) = self.pseudonyms.insert((kind, value.to_owned()), pseudonym.to_owned()) {
            self.originals.remove(&(kind, before));
        }
        self.originals.insert((kind, pseudonym.to_owned()), value.to_owned());
    }
}

impl<P: Pseudonyms> Pseudonyms for Table<P> {
    fn pseudonym(&self, kind: Kind, value: &str) -> String {
        let known = self.locked(|entries| entries.pseudonyms.get(&(kind, value.to_owned())).cloned());
        known.unwrap_or_else(|| {
            let pseudonym = self.source.pseudonym(kind, value);
            self.insert(kind, value, &pseudonym);
            pseudonym
        })
    }

    fn original(&self, kind: Kind, pseudonym: &str) -> Option<String> {
        let known = self.locked(|entries| entries.originals.get(&(kind, pseudonym.to_owned())).cloned());
        known.or_else(|| self.source.original(kind, pseudonym))
    }
}

/// Values are of patients: only their number is shown.
impl<P> std::fmt::Debug for Table<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        write!(f, "Table({} entries)", entries.pseudonyms.len())
    }
}
