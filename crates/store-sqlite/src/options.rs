//! How a store is opened.

use std::fmt;
use std::sync::Arc;

use klinke_store::Keys;
use klinke_store::memory::NoKeys;

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// Finds the search keys of payloads.
    pub keys: Arc<dyn Keys>,
    /// True to find envelopes by any word of their text, too. The index is then larger.
    pub free_text: bool,
    /// While the disk has less free space than so many bytes, new envelopes are refused, and what is
    /// there can still be delivered.
    pub reserve_bytes: u64,
    /// The most bytes that the journal's file may have, or `None` for as many as the disk has.
    pub journal_size_bytes_max: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            keys: Arc::new(NoKeys),
            free_text: false,
            reserve_bytes: 64 << 20,
            journal_size_bytes_max: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("free_text", &self.free_text)
            .field("reserve_bytes", &self.reserve_bytes)
            .field("journal_size_bytes_max", &self.journal_size_bytes_max)
            .finish_non_exhaustive()
    }
}
