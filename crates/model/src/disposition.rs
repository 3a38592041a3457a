//! What an answer or an error means for a delivery.

use std::fmt;
use std::str::FromStr;

/// What becomes of a delivery after an attempt that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// Counts as delivered.
    Accept,
    /// Tried again after the back-off.
    Retry,
    /// Given up and kept for a person to look at; the lane goes on.
    Dead,
    /// Given up on purpose; the lane goes on.
    Drop,
    /// The lane stops until a person decides.
    Hold,
}

impl Disposition {
    /// All of them, in the order in which documents list them.
    pub const ALL: [Disposition; 5] =
        [Disposition::Accept, Disposition::Retry, Disposition::Dead, Disposition::Drop, Disposition::Hold];

    /// The word used in site files.
    pub fn name(self) -> &'static str {
        match self {
            Disposition::Accept => "accept",
            Disposition::Retry => "retry",
            Disposition::Dead => "dead",
            Disposition::Drop => "drop",
            Disposition::Hold => "hold",
        }
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The word is none of accept, retry, dead, drop, hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseDispositionError;

impl fmt::Display for ParseDispositionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected one of accept, retry, dead, drop, hold")
    }
}

impl std::error::Error for ParseDispositionError {}

impl FromStr for Disposition {
    type Err = ParseDispositionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Disposition::ALL.into_iter().find(|one| one.name() == text).ok_or(ParseDispositionError)
    }
}
