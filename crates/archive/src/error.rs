//! What can go wrong in the archive.

use std::io::ErrorKind;
use std::path::Path;

use rusqlite::ErrorCode;

/// Why the archive refused. No text carries patient data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The disk, or the archive's own limit, is full. Nothing was kept.
    #[error("the archive is full: {0}")]
    Full(String),
    /// The disk is read-only, gone, or refuses to write. Nothing was kept.
    #[error("the archive can't write: {0}")]
    Unwritable(String),
    /// What was read is not what was written.
    #[error("the archive is damaged: {0}")]
    Damaged(String),
    /// Another process holds the archive.
    #[error("the archive is in use: {0}")]
    InUse(String),
    /// The index is of a later version than this program knows.
    #[error("the archive's index has version {found}, this program knows up to {known}")]
    TooNew {
        /// The version found.
        found: u32,
        /// The highest version known.
        known: u32,
    },
    /// An instance that can't be kept, with the place of the fault.
    #[error("not an instance: {0}")]
    Unfit(String),
    /// A file was written where its instance can't stay. Nothing was kept.
    #[error("its place is not free")]
    Taken,
    /// An instance of another study than the one that it was sent to.
    #[error("it is of another study than the one that it was sent to")]
    OtherStudy,
    /// The thing asked for is not there.
    #[error("{0} is not in the archive")]
    Missing(&'static str),
    /// A study that may not be thrown away.
    #[error("{0}")]
    Held(String),
    /// What was asked is not allowed as things are.
    #[error("{0}")]
    Refused(String),
    /// The archive has been closed.
    #[error("the archive is closed")]
    Closed,
    /// Anything else, in the backend's words.
    #[error("the archive failed: {0}")]
    Backend(String),
}

/// The result of whatever the archive does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<rusqlite::Error> for Error {
    /// SQLite's texts name no values, so they carry no patient data.
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Error::Full(text),
            Some(
                ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::FileLockingProtocolFailed,
            ) => Error::Unwritable(text),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Error::Damaged(text),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::InUse(text),
            _ => Error::Backend(text),
        }
    }
}

/// Attaches what was done to a file operation's error. Only the folder below the archive's own and the kind of file are
/// named where the rest of a path would tell of a patient; paths of the archive are made of UIDs and days.
pub(crate) trait At<T> {
    /// Says what was done, and where.
    fn at(self, what: &str, path: &Path) -> Result<T>;
}

impl<T> At<T> for std::io::Result<T> {
    fn at(self, what: &str, path: &Path) -> Result<T> {
        self.map_err(|error| {
            let text = format!("{what} {}: {error}", path.display());
            match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                    Error::Full(text)
                }
                _ => Error::Unwritable(text),
            }
        })
    }
}
