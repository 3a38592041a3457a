//! What can go wrong in a store.

use klinke_model::EnvelopeId;

/// Why a store refused. No text carries patient data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The disk, or the store's own limit, is full. Nothing was written.
    #[error("the store is full: {0}")]
    Full(String),
    /// The disk is read-only, gone, or refuses to write. Nothing was written.
    #[error("the store cannot write: {0}")]
    Unwritable(String),
    /// What was read is not what was written.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// One envelope can't be read; the others can.
    #[error("envelope {envelope} can't be read: {why}")]
    Unreadable {
        /// Which.
        envelope: EnvelopeId,
        /// What is wrong with its bytes.
        why: String,
    },
    /// Another process holds the store.
    #[error("the store is in use: {0}")]
    InUse(String),
    /// The files are of a later version than this program knows.
    #[error("the store's files have version {found}, this program knows up to {known}")]
    TooNew {
        /// The version found.
        found: u32,
        /// The highest version known.
        known: u32,
    },
    /// The thing asked for is not there.
    #[error("{0} is not in the store")]
    Missing(String),
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
    /// Anything else, in the backend's words.
    #[error("the store failed: {0}")]
    Backend(String),
}
