//! Taking over another archive: what is asked of it, how hard it may be pressed, and the ledger of what has become of each of its
//! studies.
//!
//! | module | what |
//! |---|---|
//! | [`slice`](mod@slice) | slices of a query, so that no answer reaches the result cap of the old archive |
//! | [`inventory`] | which slice is asked next; caps are found and slices split |
//! | [`pace`] | how much is asked at a time, and when nothing is |
//! | [`state`] | what becomes of a study |
//! | [`settle`] | whose a study is by what is known of the patients of the old archive |
//! | [`settle`] | whose a study is, by what is known of the old archive's patients |
//! | [`ledger`] | the state of each study, in a database of its own beside the archive |
//!
//! Nothing here has a socket or a clock: who speaks to the old archive is a source of the adapters, and times are arguments.

pub mod inventory;
pub mod ledger;
pub mod pace;
pub mod settle;
pub mod slice;
pub mod state;

pub use inventory::{Answer, Inventory};
pub use ledger::{Ledger, Missing, Seen, StudyRow, Tally};
pub use pace::{Pace, Pressure};
pub use settle::{Known, Settled};
pub use slice::{Day, Slice, When};
pub use state::{Outcome, State};

pub use crate::text::whole as text;

/// An instance as the old archive names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Named {
    /// Series Instance UID.
    pub series: String,
    /// SOP Instance UID.
    pub instance: String,
}

/// Why something that was asked of the old archive came to no end. Names no patient.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Trouble {
    /// What it was.
    pub text: String,
    /// The old archive suffers, or is not there: it is to be left alone for a while.
    pub suffers: bool,
    /// It was not even asked: there is no connection, or no association.
    pub is_absent: bool,
}

impl Trouble {
    /// There is no connection, or no association.
    pub fn absent(text: impl ToString) -> Self {
        Trouble { text: text.to_string(), suffers: true, is_absent: true }
    }

    /// The old archive lacks something, breaks off, or does not answer.
    pub fn suffers(text: impl ToString) -> Self {
        Trouble { text: text.to_string(), suffers: true, is_absent: false }
    }

    /// It answers that it will not.
    pub fn refused(text: impl ToString) -> Self {
        Trouble { text: text.to_string(), suffers: false, is_absent: false }
    }
}
