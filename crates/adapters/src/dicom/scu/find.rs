//! C-FIND at a partner.

use klinke_dimse::data::{self, DataSet, Limits};
use klinke_dimse::message::{Command, Kind, Priority, Status};
use klinke_dimse::session::Event;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::uids;

use super::super::line::{Broken, Line};
use super::super::peer::Peer;
use super::{CallError, speak};

/// The information model that is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// Patient Root.
    Patient,
    /// Study Root.
    Study,
    /// Modality Worklist.
    Worklist,
}

impl Root {
    /// Its SOP class for C-FIND.
    pub fn find(self) -> &'static str {
        match self {
            Root::Patient => uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
            Root::Study => uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
            Root::Worklist => uids::MODALITY_WORKLIST_INFORMATION_MODEL_FIND,
        }
    }

    /// Its SOP class for C-MOVE; the worklist has none.
    pub fn retrieve_by_move(self) -> Option<&'static str> {
        match self {
            Root::Patient => Some(uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE),
            Root::Study => Some(uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE),
            Root::Worklist => None,
        }
    }

    /// Its SOP class for C-GET; the worklist has none.
    pub fn retrieve_by_get(self) -> Option<&'static str> {
        match self {
            Root::Patient => Some(uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET),
            Root::Study => Some(uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET),
            Root::Worklist => None,
        }
    }
}

/// Why a query came to no end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// There is no association.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The partner refused.
    #[error("{:04X}H: {}{}", status.code(), status.text(Some(Kind::CFindResponse)), said(comment))]
    Refused {
        /// Its status.
        status: Status,
        /// Its comment.
        comment: Option<String>,
    },
}

fn said(comment: &Option<String>) -> String {
    comment.as_ref().map(|text| format!(" ({text})")).unwrap_or_default()
}

impl From<Broken> for FindError {
    fn from(broken: Broken) -> Self {
        FindError::Call(CallError::Broken(broken))
    }
}

/// A query that runs.
#[derive(Debug)]
pub struct Finding {
    line: Line,
    context: u8,
    message: u16,
    root: Root,
    is_over: bool,
    /// We asked the partner to stop.
    is_cancelled: bool,
    /// It stopped before its last match by itself.
    is_cut: bool,
}

impl Finding {
    /// Asks a partner. The identifier says its character set itself.
    pub async fn begin(
        peer: &Peer,
        calling: &str,
        root: Root,
        identifier: &DataSet,
    ) -> Result<Self, FindError> {
        let (mut line, context) = speak(peer, calling, root.find(), "C-FIND").await?;
        let message = line.session().next_message_id();
        let request = Command::find_request(message, root.find(), Priority::Medium);
        line.send_set(context, &request, identifier).await?;
        Ok(Finding { line, context, message, root, is_over: false, is_cancelled: false, is_cut: false })
    }

    /// Asks once more over the same association, after all matches of the query before.
    pub async fn again(&mut self, identifier: &DataSet) -> Result<(), FindError> {
        self.message = self.line.session().next_message_id();
        let request = Command::find_request(self.message, self.root.find(), Priority::Medium);
        self.line.send_set(self.context, &request, identifier).await?;
        (self.is_over, self.is_cancelled, self.is_cut) = (false, false, false);
        Ok(())
    }

    /// After the last match: the partner has stopped before it had told all, without being asked to. Archives with a limit of
    /// matches say so (FE00H).
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The next match, as the partner sent it; nothing when there are no more.
    pub async fn next(&mut self) -> Result<Option<DataSet>, FindError> {
        while !self.is_over {
            match self.line.next().await {
                Event::Command { command, .. } if command.kind == Kind::CFindResponse => {
                    let status = command.status.unwrap_or(Status::SUCCESS);
                    self.is_over = !status.is_pending();
                    self.is_cut = status == Status::CANCEL && !self.is_cancelled;
                    if command.has_data {
                        let set = self.data().await?;
                        if !self.is_over {
                            return Ok(Some(set));
                        }
                    }
                    if self.is_over && !status.is_done() && status != Status::CANCEL {
                        return Err(FindError::Refused { status, comment: command.error_comment.clone() });
                    }
                }
                Event::Ended(ending) => return Err(self.line.ended(ending).into()),
                _ => {}
            }
        }
        Ok(None)
    }

    async fn data(&mut self) -> Result<DataSet, FindError> {
        let bytes = self.line.data(LIMITS.total).await?;
        let syntax = TransferSyntax::by_uid(&self.line.syntax(self.context));
        Ok(data::read(bytes, &syntax, &LIMITS).set)
    }

    /// Asks the partner to stop; what it has sent until then still comes.
    pub async fn cancel(&mut self) -> Result<(), FindError> {
        self.is_cancelled = true;
        Ok(self.line.send(self.context, &Command::cancel_request(self.message)).await?)
    }

    /// Ends the association.
    pub async fn end(self) {
        self.line.end(self.is_over).await;
    }
}

/// What a partner's answer may be.
const LIMITS: Limits = Limits {
    depth: 32,
    elements: 100_000,
    value_length: 16 << 20,
    total: 32 << 20,
    inflated: 32 << 20,
    deviations: 20,
};
