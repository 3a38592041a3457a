//! SQLite's and the system's errors in the store's words.

use std::io::ErrorKind;
use std::path::Path;

use klinke_store::Error;
use rusqlite::ErrorCode;

/// The store's error for one of SQLite's. SQLite's texts name no values, so they carry no patient data.
pub(crate) fn from_sqlite(error: rusqlite::Error) -> Error {
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
        _ => match error {
            rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..) => {
                Error::Damaged("a row has a column of the wrong kind".to_owned())
            }
            _ => Error::Backend(text),
        },
    }
}

/// The store's error for a failed operation on a file.
pub(crate) fn from_io(what: &str, path: &Path, error: &std::io::Error) -> Error {
    let text = format!("{what} {}: {error}", path.display());
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Error::Full(text),
        _ => Error::Unwritable(text),
    }
}

/// Attaches a place to a file operation.
pub(crate) trait AtPath<T> {
    /// Says what was done, and where.
    fn at(self, what: &str, path: &Path) -> Result<T, Error>;
}

impl<T> AtPath<T> for std::io::Result<T> {
    fn at(self, what: &str, path: &Path) -> Result<T, Error> {
        self.map_err(|error| from_io(what, path, &error))
    }
}
