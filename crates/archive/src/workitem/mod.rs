//! Workitems: unified procedure steps (PS3.4, Annex CC), as UPS-RS serves them (PS3.18, chapter 11).
//!
//! | module | what |
//! |---|---|
//! | `state` | which state may follow on which (Table CC.1.1-2) |
//! | `rules`, `check` | what a workitem has to say of itself (Table CC.2.5-3) |
//! | `change` | what a request makes of a workitem |
//! | `report` | what watchers are told (Table CC.2.4-1) |
//! | `watch` | who watches what (section CC.2.3) |
//! | `query` | searches (section CC.2.8) |
//!
//! A workitem is a data set with its texts in UTF-8, kept with its Transaction UID beside it, which nobody is ever told. What an
//! answer tells is durable before; so are the event reports that follow from it, which wait until a watcher has them.

mod change;
mod check;
mod query;
mod refusal;
mod report;
mod rules;
mod state;
mod watch;

pub use query::WorkitemQuery;
pub use refusal::Refusal;
pub use report::{Event, Report};
pub use rules::{End, Form, Need, RULES, Rule};
pub use state::State;
pub use watch::{FILTERED_WORKLIST, Filter, GLOBAL_WORKLIST, Target, Watcher};

pub(crate) use change::{canceled_here, changed, created, final_of, report_of_change, report_of_new};
pub(crate) use report::{Owed, canceling, restarted, state_report};
pub(crate) use state::Step;
pub(crate) use watch::Kind;

use klinke_dimse::data::DataSet;
use klinke_model::Timestamp;

use crate::archive::Archive;
use crate::error::Result;

/// SOP Class UID of every workitem: Unified Procedure Step - Push (PS3.4, section CC.3.1).
pub const SOP_CLASS: &str = "1.2.840.10008.5.1.4.34.6.1";

/// A unified procedure step.
#[derive(Clone, Debug)]
pub struct Workitem {
    /// Its number; numbers rise in the order of creation.
    pub number: u64,
    /// SOP Instance UID.
    pub uid: String,
    /// How far it has come.
    pub state: State,
    /// When it was changed last.
    pub changed: Timestamp,
    /// What is known of it, texts in UTF-8.
    pub attributes: DataSet,
    /// The Transaction UID of whoever has claimed it; empty while nobody has.
    pub(crate) claim: String,
    /// What was told, before anything was decided about its patient.
    pub(crate) came: DataSet,
}

/// What came of a request that was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Something was added to what was told.
    pub is_modified: bool,
    /// It was so already.
    pub was_so: bool,
}

impl Archive {
    /// Creates a workitem (N-CREATE, PS3.4, section CC.2.5). Durable when it returns.
    pub fn create_workitem(&self, uid: &str, set: &DataSet, now: Timestamp) -> Result<Done, Refusal> {
        let (came, is_modified) = created(uid, set, now)?;
        self.watched(|index| index.create_workitem(uid.to_owned(), came, now))?;
        Ok(Done { is_modified, was_so: false })
    }

    /// Changes attributes of a workitem (N-SET, PS3.4, section CC.2.6); `claim` is the Transaction UID, where one was told.
    /// Durable when it returns, all of it or nothing.
    pub fn update_workitem(
        &self,
        uid: &str,
        claim: Option<&str>,
        set: &DataSet,
        now: Timestamp,
    ) -> Result<Done, Refusal> {
        let (uid, claim, set) = (uid.to_owned(), claim.map(str::to_owned), set.clone());
        self.watched(|index| index.update_workitem(uid, claim, set, now))
    }

    /// Changes the state of a workitem (N-ACTION, PS3.4, section CC.2.1). Durable when it returns.
    pub fn change_workitem_state(
        &self,
        uid: &str,
        wanted: State,
        claim: &str,
        now: Timestamp,
    ) -> Result<Done, Refusal> {
        let (uid, claim) = (uid.to_owned(), claim.to_owned());
        self.watched(|index| index.change_workitem_state(uid, wanted, claim, now))
    }

    /// Asks that a workitem be cancelled (N-ACTION, PS3.4, section CC.2.2): one that nobody has claimed is, whoever performs one is
    /// told. Durable when it returns.
    ///
    /// Of the request counts what Table CC.2.2-1 has: Reason For Cancellation, Procedure Step Discontinuation Reason Code Sequence,
    /// Contact URI, Contact Display Name; and Requesting AE, which watchers are told.
    pub fn request_cancellation(&self, uid: &str, asked: &DataSet, now: Timestamp) -> Result<Done, Refusal> {
        let (uid, asked) = (uid.to_owned(), change::utf8(asked));
        self.watched(|index| index.cancel_workitem(uid, asked, now))
    }

    /// The workitem of a UID.
    pub fn workitem(&self, uid: &str) -> Result<Option<Workitem>> {
        self.shared.index.workitem(uid)
    }

    /// The workitems that a query asks for, those that begin first before the others.
    pub fn workitems(&self, query: &WorkitemQuery) -> Result<Vec<Workitem>> {
        self.shared.index.workitems(query)
    }

    /// Removes workitems that are over, were changed last before `over` and that nobody has locked, and those that nobody has
    /// touched since `idle`; gives how many.
    pub fn expire_workitems(&self, over: Timestamp, idle: Timestamp) -> Result<u64> {
        self.shared.index.expire_workitems(over, idle)
    }
}
