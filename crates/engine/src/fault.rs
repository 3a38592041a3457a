//! Why the engine could not do what it was asked.

/// Why a channel did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its source could not begin to listen.
    #[error("{0}")]
    Source(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] klinke_store::Error),
    /// A task of the program broke off.
    #[error("a task broke off: {0}")]
    Broken(String),
}
