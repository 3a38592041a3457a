//! How an association ended.

use std::fmt;
use std::time::Duration;

use super::State;
use crate::pdu::{self, Abort, AssociateReject};

/// How an association ended. Every association that began ends once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// As it should.
    Released,
    /// The peer rejected it.
    Rejected(AssociateReject),
    /// We rejected it.
    RejectedHere(AssociateReject),
    /// The peer aborted it.
    Aborted(Abort),
    /// We aborted it.
    AbortedHere(Reason),
    /// The transport was closed in this state, without a word.
    Closed(State),
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Released => write!(f, "released"),
            Self::Rejected(reject) => write!(f, "by the peer: {reject}"),
            Self::RejectedHere(reject) => write!(f, "here: {reject}"),
            Self::Aborted(abort) => write!(f, "by the peer: {abort}"),
            Self::AbortedHere(reason) => write!(f, "aborted here: {reason}"),
            Self::Closed(state) => write!(f, "the transport was closed while {state}"),
        }
    }
}

/// Why we aborted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The caller wanted it.
    #[error("as it was asked for")]
    Asked,
    /// The bytes are no PDU.
    #[error(transparent)]
    Invalid(#[from] pdu::Error),
    /// The PDU is not due in this state.
    #[error("{pdu} came while {state}")]
    Unexpected {
        /// Name of the PDU.
        pdu: &'static str,
        /// The state that it came in.
        state: State,
    },
    /// The fragments are no message.
    #[error(transparent)]
    Message(#[from] crate::message::Error),
    /// Something did not come in time.
    #[error("no {} within {} ms", awaited.text(), after.as_millis())]
    Timeout {
        /// What did not come.
        awaited: Awaited,
        /// The time that it had.
        after: Duration,
    },
}

/// What a peer was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Awaited {
    /// A-ASSOCIATE-RQ.
    Request,
    /// A-ASSOCIATE-AC or -RJ.
    Answer,
    /// A-RELEASE-RP.
    Release,
    /// The rest of a PDU or message.
    Rest,
    /// A response to an operation of ours.
    Response,
    /// The next thing that it wants.
    Anything,
    /// That it takes the bytes that are to be sent.
    Taking,
}

impl Awaited {
    /// What it is, in a few words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Request => "association request",
            Self::Answer => "answer to the association request",
            Self::Release => "answer to the release request",
            Self::Rest => "rest of a message that had begun",
            Self::Response => "response",
            Self::Anything => "sign of life",
            Self::Taking => "progress in sending",
        }
    }
}
