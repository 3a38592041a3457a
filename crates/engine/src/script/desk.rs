//! What the host lays out for a script while one message is handled, and takes back afterwards.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use klinke_model::{EnvelopeId, Timestamp};
use sha2::{Digest, Sha256};

use super::Lookup;
use crate::document::{Document, DocumentError, Path};
use crate::step::Context;

/// Most compiled paths that a host keeps; beyond it starts anew.
const PATHS_MAX: usize = 1024;
/// Most values that scripts leave for later steps, and most bytes of all of them.
const VALUES_MAX: usize = 1000;
const VALUE_BYTES_MAX: usize = 1 << 20;
/// Most copies of a message in one call.
const COPIES_MAX: usize = 10_000;

/// Shared by the host and the functions that scripts call. One message at a time lies on it.
#[derive(Clone)]
pub(super) struct Desk(Arc<Mutex<Papers>>);

/// What lies on the desk.
pub(super) struct Papers {
    envelope: EnvelopeId,
    /// True when the script asked for something that follows from the envelope's number.
    asked: bool,
    pub(super) received: Timestamp,
    part: u16,
    pub(super) channel: Arc<str>,
    pub(super) system: Arc<str>,
    pub(super) peer: Arc<str>,
    pub(super) format: Arc<str>,
    pub(super) values: BTreeMap<String, String>,
    pub(super) notes: Vec<String>,
    /// The last error that a function of ours threw: its text, and what the script gave that is in it.
    pub(super) refused: Option<Refused>,
    value_bytes: usize,
    copies: usize,
    /// Where the sequence of random numbers stands, once it has begun.
    random: Option<u64>,
    uuids: u64,
    lookup: Option<Arc<dyn Lookup>>,
    paths: Vec<(&'static str, HashMap<Box<str>, Path>)>,
}

/// An error that a function of ours threw.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    pub(super) text: String,
    /// What the script gave; shown only when it stands in the script's own text.
    pub(super) given: String,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Desk")
    }
}

impl Desk {
    pub(super) fn new(lookup: Option<Arc<dyn Lookup>>) -> Self {
        let empty: Arc<str> = "".into();
        Desk(Arc::new(Mutex::new(Papers {
            envelope: EnvelopeId(0),
            asked: false,
            received: Timestamp(0),
            part: 0,
            channel: empty.clone(),
            system: empty.clone(),
            peer: empty.clone(),
            format: empty,
            values: BTreeMap::new(),
            notes: Vec::new(),
            refused: None,
            value_bytes: 0,
            copies: 0,
            random: None,
            uuids: 0,
            lookup,
            paths: Vec::new(),
        })))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Papers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lays out a message's papers.
    pub(super) fn lay(&self, context: &mut Context<'_>) {
        let mut papers = self.lock();
        papers.envelope = context.unasked_number();
        papers.asked = false;
        papers.received = context.received();
        papers.part = context.part;
        if *papers.channel != *context.channel {
            papers.channel = context.channel.into();
        }
        papers.system = context.system().clone();
        papers.peer = context.peer().clone();
        papers.format = context.format().clone();
        papers.values = std::mem::take(&mut context.values);
        papers.value_bytes = papers.values.iter().map(|(key, value)| key.len() + value.len()).sum();
        papers.refused = None;
        papers.copies = 0;
        papers.uuids = 0;
        papers.random = None;
    }

    /// Gives back what the script left.
    pub(super) fn clear(&self, context: &mut Context<'_>) {
        let mut papers = self.lock();
        if papers.asked {
            context.number();
        }
        context.values = std::mem::take(&mut papers.values);
        for note in papers.notes.drain(..) {
            context.note(note);
        }
    }
}

/// Spreads the bits of a number (the finaliser of SplitMix64).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Papers {
    /// A number from 0 up to 1, the same sequence for the same envelope.
    pub(super) fn random(&mut self) -> f64 {
        let begin = |papers: &mut Papers| {
            let received = papers.received.0 as u64;
            mix(papers.number().0 ^ received.rotate_left(32)) ^ u64::from(papers.part)
        };
        let now = self.random.unwrap_or_else(|| begin(self)).wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.random = Some(now);
        (mix(now) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// The envelope's number.
    pub(super) fn number(&mut self) -> EnvelopeId {
        self.asked = true;
        self.envelope
    }

    /// Adds a line to the trace, within its limits.
    pub(super) fn note(&mut self, line: &str) {
        if self.notes.len() <= Context::TRACE_LINES_MAX {
            // The context cuts the line; here only what is far too long is not kept.
            let most = (Context::TRACE_LINE_BYTES_MAX + 8).min(line.len());
            let cut = (0..=most).rev().find(|&at| line.is_char_boundary(at)).unwrap_or(0);
            self.notes.push(line[..cut].to_owned());
        }
    }

    /// A compiled path of the document's format.
    pub(super) fn path(&mut self, document: &dyn Document, text: &str) -> Result<Path, DocumentError> {
        let format = document.format();
        let at = match self.paths.iter().position(|(name, _)| *name == format) {
            Some(at) => at,
            None => {
                self.paths.push((format, HashMap::new()));
                self.paths.len() - 1
            }
        };
        let paths = &mut self.paths[at].1;
        if let Some(path) = paths.get(text) {
            return Ok(path.clone());
        }
        let path = document.path(text)?;
        if paths.len() >= PATHS_MAX {
            paths.clear();
        }
        paths.insert(text.into(), path.clone());
        Ok(path)
    }

    /// Leaves a value for later steps.
    pub(super) fn set_value(&mut self, key: &str, value: String) -> Result<(), String> {
        let before = self.values.get(key).map_or(0, |old| key.len() + old.len());
        let bytes = self.value_bytes - before.min(self.value_bytes) + key.len() + value.len();
        if bytes > VALUE_BYTES_MAX || (before == 0 && self.values.len() >= VALUES_MAX) {
            return Err(format!(
                "ctx.values holds at most {VALUES_MAX} values of {VALUE_BYTES_MAX} bytes in all"
            ));
        }
        self.value_bytes = bytes;
        self.values.insert(key.to_owned(), value);
        Ok(())
    }

    pub(super) fn delete_value(&mut self, key: &str) -> bool {
        let old = self.values.remove(key);
        self.value_bytes -= old.as_ref().map_or(0, |old| key.len() + old.len()).min(self.value_bytes);
        old.is_some()
    }

    /// Counts a copy of a message.
    pub(super) fn count_copy(&mut self) -> Result<(), String> {
        self.copies += 1;
        if self.copies > COPIES_MAX {
            Err(format!("more than {COPIES_MAX} copies of a message"))
        } else {
            Ok(())
        }
    }

    pub(super) fn lookup(&self, table: &str, key: &str) -> Result<Option<String>, String> {
        match &self.lookup {
            Some(lookup) => lookup.lookup(table, key),
            None => Err("this channel has no tables".to_owned()),
        }
    }

    /// The next UUID of this envelope's part: the same sequence each time it is handled.
    pub(super) fn next_uuid(&mut self) -> String {
        self.uuids += 1;
        let envelope = self.number();
        let Papers { channel, system, received, part, uuids, .. } = self;
        let name = format!("{channel}\n{system}\n{received}\n{envelope}\n{part}\n{uuids}");
        uuid(&name)
    }
}

/// A UUID of version 8 (RFC 9562, section 5.8) made from the SHA-256 of a name.
pub(super) fn uuid(name: &str) -> String {
    let mut bytes: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
