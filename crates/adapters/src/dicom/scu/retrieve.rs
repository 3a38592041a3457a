//! C-MOVE at a partner.

use klinke_dimse::data::DataSet;
use klinke_dimse::message::{Command, Kind, Priority, Status, SubOperations};
use klinke_dimse::session::Event;

use super::super::line::{Broken, Line};
use super::super::peer::Peer;
use super::find::Root;
use super::{CallError, no_context, speak};

/// A retrieval that runs at a partner.
#[derive(Debug)]
pub struct Moving {
    line: Line,
    context: u8,
    message: u16,
    is_over: bool,
}

/// How far a retrieval is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The status of the response.
    pub status: Status,
    /// What the partner counts.
    pub counts: SubOperations,
    /// Its comment.
    pub comment: Option<String>,
}

/// The longest list of instances that failed.
const FAILED_SIZE_BYTES_MAX: u64 = 64 << 20;

impl Moved {
    /// What a response to C-MOVE or C-GET says. The list of those that failed is read and not kept.
    pub(super) async fn of(line: &mut Line, response: Command) -> Result<Self, Broken> {
        if response.has_data {
            line.data(FAILED_SIZE_BYTES_MAX).await?;
        }
        let status = response.status.unwrap_or(Status::SUCCESS);
        Ok(Moved { status, counts: response.sub_operations, comment: response.error_comment })
    }
}

impl Moving {
    /// Asks a partner to send what the identifier says to an AE title.
    pub async fn begin(
        peer: &Peer,
        calling: &str,
        root: Root,
        identifier: &DataSet,
        destination: &str,
    ) -> Result<Self, CallError> {
        const WHAT: &str = "C-MOVE";
        let class = root.retrieve_by_move().ok_or_else(|| no_context(peer, WHAT))?;
        let (mut line, context) = speak(peer, calling, class, WHAT).await?;
        let message = line.session().next_message_id();
        let request = Command::move_request(message, class, Priority::Medium, destination);
        line.send_set(context, &request, identifier).await?;
        Ok(Moving { line, context, message, is_over: false })
    }

    /// The next response; nothing after the last one.
    pub async fn next(&mut self) -> Result<Option<Moved>, Broken> {
        while !self.is_over {
            match self.line.next().await {
                Event::Command { command, .. } if command.kind == Kind::CMoveResponse => {
                    let moved = Moved::of(&mut self.line, *command).await?;
                    self.is_over = !moved.status.is_pending();
                    return Ok(Some(moved));
                }
                Event::Ended(ending) => return Err(self.line.ended(ending)),
                _ => {}
            }
        }
        Ok(None)
    }

    /// Asks the partner to stop.
    pub async fn cancel(&mut self) -> Result<(), Broken> {
        self.line.send(self.context, &Command::cancel_request(self.message)).await
    }

    /// Ends the association.
    pub async fn end(self) {
        self.line.end(self.is_over).await;
    }
}
