//! What was decided over what was received: the journal of an archive.
//!
//! Files stay as they came. What people, orders and rules decided later (who a patient really is, what is held, what was thrown
//! away) stands in a journal of its own, `changes.db`, one entry after the other; none is ever changed. The index shows
//! what all entries together mean, and an index that is made anew from the files takes them from there.
//!
//! An entry is durable before the index is told. What a crash kept from the index is applied when the archive is next opened.

mod attributes;
mod journal;

use klinke_model::Timestamp;
use serde::{Deserialize, Serialize};

pub use attributes::Attributes;
pub(crate) use journal::Journal;

use crate::identity::PatientKey;

/// One decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Change {
    /// All of one patient belongs to another one from now on, also what is yet to come under the old identifier.
    Merge {
        /// Who is no longer.
        old: PatientKey,
        /// Who it is.
        new: PatientKey,
    },
    /// A patient is called so, whatever instances say.
    Correct {
        /// Whose.
        patient: PatientKey,
        /// The attributes that are different; others stay as they came.
        attributes: Attributes,
    },
    /// A study is of another patient.
    Move {
        /// Study Instance UID.
        study: String,
        /// Whose it is.
        to: PatientKey,
    },
    /// An earlier one of the changes above was a mistake.
    Undo {
        /// Its number.
        number: u64,
    },
    /// A study may not be thrown away.
    Hold {
        /// Study Instance UID.
        study: String,
    },
    /// A study may be thrown away again.
    Release {
        /// Study Instance UID.
        study: String,
    },
    /// Files were thrown away.
    Throw {
        /// Which.
        files: Vec<ThrownFile>,
    },
    /// Files were taken out of the trash.
    Restore {
        /// Their paths.
        paths: Vec<String>,
    },
}

/// A file that was thrown away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThrownFile {
    /// SOP Instance UID.
    pub uid: String,
    /// Its path, as the index has it.
    pub path: String,
}

impl Change {
    /// Whether it is about who a patient is; only such a change can be undone.
    pub fn is_of_identity(&self) -> bool {
        matches!(self, Change::Merge { .. } | Change::Correct { .. } | Change::Move { .. })
    }
}

/// Who decided, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Who: an account, a channel, a rule.
    pub who: String,
    /// Why.
    pub why: String,
    /// The message that it came with, if it came with one.
    pub origin: String,
    /// When.
    pub at: Timestamp,
}

/// An entry of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its number; numbers rise.
    pub number: u64,
    /// Who, when and why.
    pub decision: Decision,
    /// What.
    pub change: Change,
    /// Whether a later entry took it back.
    pub is_undone: bool,
}
