//! What we ask of others (SCU): echo, store, find, move, get, storage commitment, and what we tell of performed procedure steps.

mod commitment;
mod fetch;
mod find;
pub(super) mod get;
mod holdings;
mod load;
mod performed;
mod retrieve;
mod sender;

use klinke_dimse::message::{Command, Kind, Status};
use klinke_dimse::pdu::AssociateRequest;
use klinke_dimse::session::Event;
use klinke_dimse::uids;

use super::line::{Broken, Line, RequestError};
use super::peer::Peer;
use crate::net::dial::DialError;

pub use commitment::{CommitError, Patience, commit};
pub use fetch::Fetched;
pub use find::{FindError, Finding, Root};
pub use get::{Getting, Keep};
pub use holdings::Holdings;
pub use load::{Load, LoadError};
pub use performed::{TellError, begin_step, change_step, notify};
pub use retrieve::{Moved, Moving};
pub use sender::{Carried, Origin, Sender};

/// Why there is no association with a partner.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// There is no connection.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// There is a connection and no association.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// It ended before its time.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The partner accepts nothing of what is needed.
    #[error("{ae_title} accepts no presentation context for {what}")]
    NoContext {
        /// The partner.
        ae_title: String,
        /// What would have been spoken about.
        what: &'static str,
    },
}

/// Asks a partner for an association with these contexts: abstract syntaxes, each with transfer syntaxes.
pub async fn call(peer: &Peer, calling: &str, contexts: &[(&str, &[&str])]) -> Result<Line, CallError> {
    let mut request = AssociateRequest::new(peer.ae_title.clone(), calling);
    for (abstract_syntax, transfer_syntaxes) in contexts {
        request.propose(abstract_syntax, transfer_syntaxes);
    }
    ask(peer, request).await
}

/// Asks a partner for an association.
pub async fn ask(peer: &Peer, request: AssociateRequest) -> Result<Line, CallError> {
    let stream = peer.connect().await?;
    Ok(Line::request(stream, peer.settings(), request).await?)
}

/// Asks a partner for an association about one class; gives it with the context in which that is spoken.
async fn speak(peer: &Peer, calling: &str, class: &str, what: &'static str) -> Result<(Line, u8), CallError> {
    let line = call(peer, calling, &[(class, &plain())]).await?;
    speak_over(line, peer, class, what).await
}

/// An association with the first accepted context of a class; released where there is none.
async fn speak_over(
    line: Line,
    peer: &Peer,
    class: &str,
    what: &'static str,
) -> Result<(Line, u8), CallError> {
    match line.negotiated().and_then(|all| all.find(class).next()).map(|one| one.id) {
        Some(context) => Ok((line, context)),
        None => {
            line.release().await;
            Err(no_context(peer, what))
        }
    }
}

fn no_context(peer: &Peer, what: &'static str) -> CallError {
    CallError::NoContext { ae_title: peer.ae_title.clone(), what }
}

/// The transfer syntaxes of what is no image.
pub(super) fn plain() -> [&'static str; 2] {
    [uids::EXPLICIT_VR_LITTLE_ENDIAN, uids::IMPLICIT_VR_LITTLE_ENDIAN]
}

/// C-ECHO (PS3.7, section 9.1.5): gives what the partner answered.
pub async fn echo(peer: &Peer, calling: &str) -> Result<Status, CallError> {
    let (mut line, context) = speak(peer, calling, uids::VERIFICATION, "C-ECHO").await?;
    let message = line.session().next_message_id();
    line.send(context, &Command::echo_request(message)).await?;
    let status = answer(&mut line, Kind::CEchoResponse).await?.status.unwrap_or(Status::SUCCESS);
    line.release().await;
    Ok(status)
}

/// The next response of a kind.
pub(super) async fn answer(line: &mut Line, kind: Kind) -> Result<Command, Broken> {
    loop {
        match line.next().await {
            Event::Command { command, .. } if command.kind == kind => return Ok(*command),
            Event::Ended(ending) => return Err(line.ended(ending)),
            _ => {}
        }
    }
}
