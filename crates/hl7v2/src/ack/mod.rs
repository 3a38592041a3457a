//! Acknowledgments (HL7 v2.5.1 chapter 2, 2.9 and 2.14.4 to 2.14.8; tables 0008, 0155 and 0357).
//!
//! [`expectation`] says which acknowledgments a message asks for, [`acknowledge`] builds one,
//! [`interpret`] reads what a partner answered.
//!
//! | MSH-15 | MSH-16 | mode | accept ACK | application ACK |
//! |---|---|---|---|---|
//! | blank | blank | original | never | always |
//! | AL, ER, SU | blank, NE | enhanced | by MSH-15 | never |
//! | blank, NE | AL, ER, SU | enhanced | never | by MSH-16 |
//! | NE | NE | enhanced | never | never |
//!
//! An acknowledgment is never acknowledged.

mod build;
mod code;
mod error_code;
mod interpret;

pub use build::{Form, Options, acknowledge, acknowledge_bytes};
pub use code::{Code, Kind};
pub use error_code::{ErrorCode, ErrorDetail, Severity};
pub use interpret::{Acknowledgment, Answer, IdMatch, acknowledgments, interpret};

use crate::message::Message;
use crate::path::Path;

/// When an acknowledgment is wanted (table 0155).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    /// AL.
    Always,
    /// NE.
    Never,
    /// ER: on error or rejection only.
    OnError,
    /// SU: on success only.
    OnSuccess,
}

impl Condition {
    /// Whether an acknowledgment is to be sent.
    pub fn holds(self, success: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::OnError => !success,
            Self::OnSuccess => success,
        }
    }

    /// Read MSH-15 or MSH-16. An unknown value is read as AL: a sender that writes something there
    /// waits for an answer, and one too many is better than none.
    fn read(text: &str) -> Option<Self> {
        match text.trim().to_ascii_uppercase().as_str() {
            "" => None,
            "NE" => Some(Self::Never),
            "ER" => Some(Self::OnError),
            "SU" => Some(Self::OnSuccess),
            _ => Some(Self::Always),
        }
    }
}

/// Original or enhanced mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// One application acknowledgment on the same connection.
    Original,
    /// An accept acknowledgment when the message is in safe storage, an application acknowledgment
    /// later, in a message of its own.
    Enhanced,
}

/// Which acknowledgments a message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Expectation {
    /// The mode.
    pub mode: Mode,
    /// When an accept acknowledgment (CA, CE, CR) is wanted.
    pub accept: Condition,
    /// When an application acknowledgment (AA, AE, AR) is wanted.
    pub application: Condition,
}

impl Expectation {
    /// Nothing is wanted.
    pub const NOTHING: Self =
        Self { mode: Mode::Enhanced, accept: Condition::Never, application: Condition::Never };
}

/// Decide from MSH-15, MSH-16 and whether the message is itself an answer.
pub fn expectation(message: &Message) -> Expectation {
    let accept = Condition::read(&field(message, b"MSH", 15));
    let application = Condition::read(&field(message, b"MSH", 16));
    if is_acknowledgment(message) {
        return Expectation::NOTHING;
    }
    match (accept, application) {
        (None, None) if message.position(&Path::of_segment(*b"MSA")).is_some() => Expectation::NOTHING,
        (None, None) => {
            Expectation { mode: Mode::Original, accept: Condition::Never, application: Condition::Always }
        }
        (accept, application) => Expectation {
            mode: Mode::Enhanced,
            accept: accept.unwrap_or(Condition::Never),
            application: application.unwrap_or(Condition::Never),
        },
    }
}

/// True for a general acknowledgment (MSH-9 `ACK`, or `MCF` of old versions).
pub fn is_acknowledgment(message: &Message) -> bool {
    let kind = component(message, b"MSH", 9, 1);
    kind.eq_ignore_ascii_case("ACK") || kind.eq_ignore_ascii_case("MCF")
}

/// Text of a field of the first segment of a name.
pub(crate) fn field(message: &Message, name: &[u8; 3], number: usize) -> String {
    part(message, name, number).map(|part| part.text().into_owned()).unwrap_or_default()
}

/// Text of a component of the first repetition.
pub(crate) fn component(message: &Message, name: &[u8; 3], number: usize, component: usize) -> String {
    part(message, name, number)
        .and_then(|field| field.repetition(1))
        .and_then(|first| first.component(component))
        .map(|part| part.text().into_owned())
        .unwrap_or_default()
}

pub(crate) fn part<'a>(
    message: &'a Message,
    name: &[u8; 3],
    number: usize,
) -> Option<crate::message::Part<'a>> {
    message.segments().find(|segment| segment.name_bytes() == *name)?.field(number)
}
