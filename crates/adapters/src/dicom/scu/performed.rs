//! Performed procedure steps and what can be had, told to a partner: N-CREATE and N-SET (PS3.4, Annexes F and R).

use klinke_dimse::charset::{Charset, Rules};
use klinke_dimse::data::DataSet;
use klinke_dimse::message::{Command, Kind, Status};
use klinke_dimse::uids;

use super::super::identifier;
use super::super::line::Broken;
use super::super::peer::Peer;
use super::{CallError, answer, speak};

const CLASS: &str = uids::MODALITY_PERFORMED_PROCEDURE_STEP;
const AVAILABILITY: &str = uids::INSTANCE_AVAILABILITY_NOTIFICATION;

/// Why a partner was not told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TellError {
    /// There is no association.
    #[error(transparent)]
    Call(#[from] CallError),
    /// No UID can be made.
    #[error("no UID can be made: the machine has no random numbers")]
    NoUid,
    /// The partner refused. After an answer that was lost, 0111H to a creation says that it has the step.
    #[error("{0}")]
    Refused(Status),
}

impl From<Broken> for TellError {
    fn from(broken: Broken) -> Self {
        TellError::Call(CallError::Broken(broken))
    }
}

/// Tells a partner that a step has begun.
pub async fn begin_step(
    peer: &Peer,
    calling: &str,
    uid: &str,
    attributes: &DataSet,
) -> Result<Status, TellError> {
    let make = |message| Command::create_request(message, CLASS, Some(uid)).with_data(true);
    tell(peer, calling, CLASS, attributes, make, Kind::NCreateResponse).await
}

/// Tells a partner what can be had (PS3.4, Annex R).
pub async fn notify(
    peer: &Peer,
    calling: &str,
    uid: &str,
    attributes: &DataSet,
) -> Result<Status, TellError> {
    let make = |message| Command::create_request(message, AVAILABILITY, Some(uid)).with_data(true);
    tell(peer, calling, AVAILABILITY, attributes, make, Kind::NCreateResponse).await
}

/// Tells a partner more of a step, or that it is over.
pub async fn change_step(
    peer: &Peer,
    calling: &str,
    uid: &str,
    changes: &DataSet,
) -> Result<Status, TellError> {
    let make = |message| Command::attributes_set_request(message, CLASS, uid);
    tell(peer, calling, CLASS, changes, make, Kind::NSetResponse).await
}

async fn tell(
    peer: &Peer,
    calling: &str,
    class: &str,
    attributes: &DataSet,
    make: impl Fn(u16) -> Command,
    kind: Kind,
) -> Result<Status, TellError> {
    let (mut line, context) = speak(peer, calling, class, "what it is told of").await?;
    let set = attributes.recoded(&undeclared_is_utf8(attributes), &identifier::charset_for(peer)).set;
    let message = line.session().next_message_id();
    line.send_set(context, &make(message), &set).await?;
    let status = answer(&mut line, kind).await?.status.unwrap_or(Status::SUCCESS);
    line.release().await;
    if status.is_done() { Ok(status) } else { Err(TellError::Refused(status)) }
}

/// What the archive gives says no character set and is UTF-8.
fn undeclared_is_utf8(set: &DataSet) -> Rules {
    let is_declared = set.ascii(klinke_dimse::tags::SPECIFIC_CHARACTER_SET).is_some();
    Rules { instead: (!is_declared).then_some(Charset::UTF_8), ..Rules::default() }
}
