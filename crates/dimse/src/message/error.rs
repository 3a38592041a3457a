//! Why fragments are no message. Texts name the state and the place, never what stands there.

use std::fmt;

/// Why fragments are no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A fragment of a data set came where none is due.
    #[error("a fragment of a data set came in context {context} while {expected} was due")]
    UnexpectedData {
        /// The context that it came in.
        context: u8,
        /// What was due.
        expected: Expected,
    },
    /// A fragment of a command set came where none is due.
    #[error("a fragment of a command set came in context {context} while {expected} was due")]
    UnexpectedCommand {
        /// The context that it came in.
        context: u8,
        /// What was due.
        expected: Expected,
    },
    /// A message came in a context that was not accepted.
    #[error("presentation context {context} was not accepted")]
    UnknownContext {
        /// The context that it came in.
        context: u8,
    },
    /// A command set is longer than the limit.
    #[error("command set of more than {limit} bytes")]
    CommandTooLong {
        /// The limit.
        limit: usize,
    },
    /// A command set ends in the middle of an element.
    #[error("the command set ends at byte {offset} in the middle of an element")]
    Short {
        /// Where the element begins.
        offset: usize,
    },
    /// An element says that it is longer than the rest of the command set.
    #[error(
        "element (0000,{element:04X}) at byte {offset} gives a length of {length}, only {remaining} are left"
    )]
    ElementTooLong {
        /// Its element number.
        element: u16,
        /// Where it begins.
        offset: usize,
        /// The length that it gives.
        length: u32,
        /// The bytes that are left.
        remaining: usize,
    },
    /// There is no Command Field, or one that cannot be read.
    #[error("the command set has no Command Field (0000,0100)")]
    NoCommandField,
    /// The Command Field names no command.
    #[error("the Command Field (0000,0100) {code:04X}H names no command")]
    UnknownCommand {
        /// The code.
        code: u16,
    },
    /// More elements than anybody needs.
    #[error("more than {limit} elements in a command set")]
    TooManyElements {
        /// The limit.
        limit: usize,
    },
}

/// What is due in a stream of fragments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Expected {
    /// The first fragment of a command set.
    Command,
    /// The next fragment of a command set, in this context.
    CommandRest(u8),
    /// A fragment of the data set that the command in this context announced.
    Data(u8),
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command => write!(f, "a command set"),
            Self::CommandRest(context) => write!(f, "the rest of a command set in context {context}"),
            Self::Data(context) => write!(f, "a data set in context {context}"),
        }
    }
}
