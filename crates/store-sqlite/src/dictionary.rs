//! Dictionaries by which small bodies become very small.
//!
//! The first bodies of a format are collected; when there are enough, a thread of its own trains a zstd
//! dictionary (RFC 8878, section 5) from them, and the writer keeps it. A dictionary stays for ever: what
//! was compressed with it needs it. It holds fragments of the bodies it was trained from.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use klinke_model::Payload;
use klinke_store::{Error, Result};
use rusqlite::Connection;
use zstd::zstd_safe::{CDict, DDict};

/// The pseudo-formats of answers, of the steps' results, and of traces.
pub(crate) const ANSWERS: &str = "\u{0}answer";
pub(crate) const PARTS: &str = "\u{0}part";
pub(crate) const TRACES: &str = "\u{0}trace";

/// The level at which bodies are compressed.
pub(crate) const LEVEL: i32 = 3;

const SAMPLES_MAX: usize = 1_500;
const SAMPLES_BYTES_MAX: usize = 4 << 20;
const DICTIONARY_SIZE_BYTES_MAX: usize = 64 << 10;

/// A trained dictionary.
pub(crate) struct Dictionary {
    /// Its number in the journal.
    pub(crate) id: u32,
    bytes: Vec<u8>,
    compress: OnceLock<CDict<'static>>,
    decompress: OnceLock<DDict<'static>>,
}

/// All dictionaries, and the samples for those to come.
#[derive(Default)]
pub(crate) struct Dictionaries {
    known: RwLock<Known>,
    samples: Mutex<HashMap<String, Samples>>,
}

#[derive(Default)]
struct Known {
    by_id: HashMap<u32, Arc<Dictionary>>,
    by_format: HashMap<String, Arc<Dictionary>>,
}

#[derive(Default)]
struct Samples {
    bodies: Vec<Payload>,
    bytes: usize,
    /// True once they are on their way to the training.
    is_full: bool,
}

/// Samples to train from.
pub(crate) struct Training {
    pub(crate) format: String,
    bodies: Vec<Payload>,
}

impl Dictionary {
    pub(crate) fn compress(&self) -> &CDict<'static> {
        self.compress.get_or_init(|| CDict::create(&self.bytes, LEVEL))
    }

    pub(crate) fn decompress(&self) -> &DDict<'static> {
        self.decompress.get_or_init(|| DDict::create(&self.bytes))
    }
}

impl Dictionaries {
    /// Reads all of them.
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let dictionaries = Dictionaries::default();
        let mut statement = connection.prepare("SELECT id, format, bytes FROM dictionary ORDER BY id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            dictionaries.add(row.get(0)?, &row.get::<_, String>(1)?, row.get(2)?);
        }
        Ok(dictionaries)
    }

    /// Makes a dictionary known; new bodies of its format use it from now on.
    pub(crate) fn add(&self, id: u32, format: &str, bytes: Vec<u8>) {
        let (compress, decompress) = (OnceLock::new(), OnceLock::new());
        let dictionary = Arc::new(Dictionary { id, bytes, compress, decompress });
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.by_id.insert(id, dictionary.clone());
        known.by_format.insert(format.to_owned(), dictionary);
    }

    /// The dictionary of a number.
    pub(crate) fn get(&self, id: u32) -> Result<Arc<Dictionary>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.by_id.get(&id).cloned();
        found.ok_or_else(|| Error::Damaged(format!("dictionary {id} is not there")))
    }

    /// The newest dictionary of a format.
    pub(crate) fn of_format(&self, format: &str) -> Option<Arc<Dictionary>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.by_format.get(format).cloned()
    }

    /// Collects a body of a format that has no dictionary; gives all of them when there are enough.
    pub(crate) fn collect(&self, format: &str, body: &Payload) -> Option<Training> {
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        if !samples.contains_key(format) {
            samples.insert(format.to_owned(), Samples::default());
        }
        let of_format = samples.get_mut(format)?;
        if of_format.is_full || body.is_empty() {
            return None;
        }
        of_format.bytes += body.len();
        of_format.bodies.push(body.clone());
        if of_format.bodies.len() < SAMPLES_MAX && of_format.bytes < SAMPLES_BYTES_MAX {
            return None;
        }
        of_format.is_full = true;
        Some(Training { format: format.to_owned(), bodies: std::mem::take(&mut of_format.bodies) })
    }
}

impl Training {
    /// Trains. `None` when the samples have nothing in common.
    pub(crate) fn run(self) -> Option<Vec<u8>> {
        let bytes: usize = self.bodies.iter().map(|body| body.len()).sum();
        let size = DICTIONARY_SIZE_BYTES_MAX.min(bytes / 8).max(1024);
        let samples: Vec<&[u8]> = self.bodies.iter().map(|body| &**body).collect();
        zstd::dict::from_samples(&samples, size).ok()
    }
}

/// Gives a trained dictionary its number, where the format has it (RFC 8878, section 5: four bytes after
/// the magic number). A low number takes one byte in each frame instead of four.
pub(crate) fn number(bytes: &mut [u8], id: u32) {
    if let Some(place) = bytes.get_mut(4..8) {
        place.copy_from_slice(&id.to_le_bytes());
    }
}
