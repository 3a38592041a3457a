//! Why something is not done to a workitem, with the status that DIMSE has for it (PS3.4, Tables CC.2.1-2, CC.2.2-2, CC.2.3-3,
//! CC.2.5-4 and CC.2.6-1).

use crate::error::Error;

/// Why something is not done. Texts name attributes and no values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none of this UID.
    #[error("there is no workitem of this UID (C307H)")]
    Absent,
    /// There is one of this UID.
    #[error("there is a workitem of this UID already (0111H)")]
    Duplicate,
    /// What was told is not what Table CC.2.5-3 wants, with the place of the fault.
    #[error("{0}")]
    Unfit(String),
    /// Its state is not `SCHEDULED` where it is created.
    #[error("ProcedureStepState (0074,1000) of a new workitem is SCHEDULED (C309H)")]
    NotScheduled,
    /// No Transaction UID was told.
    #[error("TransactionUID (0008,1195) is missing (C301H)")]
    NoTransaction,
    /// Another Transaction UID was told than the one it was claimed with.
    #[error("TransactionUID (0008,1195) is not the one that the workitem was claimed with (C301H)")]
    WrongTransaction,
    /// A Transaction UID was told, and nobody has claimed it.
    #[error(
        "nobody has claimed the workitem: TransactionUID (0008,1195) is not told while it is SCHEDULED (C310H)"
    )]
    Unclaimed,
    /// It is completed or cancelled.
    #[error("the workitem is COMPLETED or CANCELED and is not changed any more (C300H)")]
    Over,
    /// It is in progress already.
    #[error("the workitem is IN PROGRESS already (C302H)")]
    Claimed,
    /// Nothing becomes scheduled again.
    #[error("a workitem becomes SCHEDULED only when it is created (C303H)")]
    ToScheduled,
    /// What a final state needs is not there, with the attribute that is missing.
    #[error("{0} is needed before (C304H)")]
    Unfinished(String),
    /// It has not been begun.
    #[error("the workitem is SCHEDULED: it has to be IN PROGRESS first (C310H)")]
    NotBegun,
    /// It is completed: it can't be cancelled.
    #[error("the workitem is COMPLETED (C311H)")]
    Completed,
    /// Nobody listens who could be the performer.
    #[error("nobody is subscribed to the workitem: its performer can't be told (C312H)")]
    NoPerformer,
    /// There is no such subscription.
    #[error("there is no such subscription")]
    NotSubscribed,
    /// There are as many subscribers as may be.
    #[error("there are as many subscribers as may be")]
    Crowded,
    /// The archive can't.
    #[error(transparent)]
    Archive(#[from] Error),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Refusal::Archive(error.into())
    }
}
