//! What a session says.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::association::deviation::Deviation;
use crate::association::{Ending, NotNow};
use crate::message::Command;
use crate::pdu::AssociateRequest;

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
#[derive(Clone, PartialEq, Eq)]
pub enum Event {
    /// The peer requests the association: answer with [`accept`](super::Session::accept) or
    /// [`reject`](super::Session::reject).
    Requested(Box<AssociateRequest>),
    /// The peer accepted; what was agreed to is in [`negotiated`](super::Session::negotiated).
    Accepted,
    /// A command came. If it has a data set, that follows in [`Data`](Self::Data).
    Command {
        /// Presentation context ID.
        context: u8,
        /// The command.
        command: Box<Command>,
    },
    /// The next bytes of the data set of the command before; perhaps none.
    Data {
        /// Presentation context ID.
        context: u8,
        /// The bytes: a slice of what was received.
        bytes: Bytes,
        /// The data set ends here.
        last: bool,
    },
    /// The peer wants to release: answer with [`release`](super::Session::release). Messages may still be sent
    /// before.
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

/// Shows no data.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested(request) => f.debug_tuple("Requested").field(request).finish(),
            Self::Accepted => f.write_str("Accepted"),
            Self::Command { context, command } => {
                f.debug_struct("Command").field("context", context).field("command", command).finish()
            }
            Self::Data { context, bytes, last } => f
                .debug_struct("Data")
                .field("context", context)
                .field("length", &bytes.len())
                .field("last", last)
                .finish(),
            Self::ReleaseRequested => f.write_str("ReleaseRequested"),
            Self::Ended(ending) => f.debug_tuple("Ended").field(ending).finish(),
            Self::Deviation(deviation) => f.debug_tuple("Deviation").field(deviation).finish(),
        }
    }
}

/// Why something can't be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The association is not in a state for it.
    #[error(transparent)]
    NotNow(#[from] NotNow),
    /// The context was not accepted.
    #[error("presentation context {context} was not accepted")]
    UnknownContext {
        /// Its ID.
        context: u8,
    },
    /// The data set of the command before is not sent completely.
    #[error("the data set of the command before is not sent completely")]
    DataUnfinished,
    /// No data set is being sent.
    #[error("no command with a data set was sent before")]
    NoData,
    /// As many operations are outstanding as the peer agreed to.
    #[error("{window} operations are outstanding, more were not agreed to")]
    WindowFull {
        /// How many may be.
        window: usize,
    },
    /// An outstanding operation has this message ID.
    #[error("message ID {message_id} belongs to an outstanding operation")]
    MessageIdInUse {
        /// The message ID.
        message_id: u16,
    },
    /// A response or C-CANCEL names no outstanding operation.
    #[error("there is no outstanding operation with message ID {message_id}")]
    NoSuchOperation {
        /// The message ID.
        message_id: u16,
    },
}
