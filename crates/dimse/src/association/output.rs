//! What an association says.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use super::{Ending, State};
use crate::association::deviation::Deviation;
use crate::pdu::{AssociateRequest, Data, EncodeError};

/// What the caller has to do next.
#[derive(Clone, PartialEq, Eq)]
pub enum Output {
    /// Send these bytes. Several in a row are best written with one vectored write.
    Transmit(Bytes),
    /// This happened.
    Event(Event),
    /// Close the transport. Nothing comes after it but [`Wait`](Self::Wait).
    Close,
    /// Nothing before bytes come, or the caller wants something, or this time is reached.
    Wait(Option<Duration>),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The peer requests the association: answer with [`accept`](super::Association::accept) or
    /// [`reject`](super::Association::reject).
    Requested(Box<AssociateRequest>),
    /// The peer accepted; what was agreed to is in [`negotiated`](super::Association::negotiated).
    Accepted,
    /// Data came.
    Data(Data),
    /// The peer wants to release: answer with [`release`](super::Association::release). Data may still be sent before.
    ReleaseRequested,
    /// The association ended; this comes once.
    Ended(Ending),
    /// The peer did something against the standard that was tolerated.
    Deviation(Deviation),
}

/// Shows no bytes: they may hold patient data.
impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transmit(bytes) => f.debug_tuple("Transmit").field(&bytes.len()).finish(),
            Self::Event(event) => f.debug_tuple("Event").field(event).finish(),
            Self::Close => f.write_str("Close"),
            Self::Wait(until) => f.debug_tuple("Wait").field(until).finish(),
        }
    }
}

/// The caller asked for something that the state does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not possible while the association is {state}")]
pub struct NotNow {
    /// What was asked for.
    pub what: &'static str,
    /// The state that it was asked in.
    pub state: State,
}

/// Why a request can't be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// There is no request to be accepted.
    #[error(transparent)]
    NotNow(#[from] NotNow),
    /// The answers can't be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}
