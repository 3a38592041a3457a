//! Deviations: what a sender does against the standard. They are noted and counted, tolerated where
//! that is safe, and never repaired in the bytes that leave.
//!
//! [`Message::deviations`](crate::Message::deviations) gives what was seen on the way while parsing
//! and costs next to nothing; [`Message::inspect`](crate::Message::inspect) looks at every field.
//! What a frame does wrong is in [`crate::mllp::Violation`].

mod collector;
mod date;
mod header;
mod inspect;
pub(crate) mod kind;
mod observation;
mod structural;
mod text;

use std::borrow::Cow;
use std::fmt;

pub use kind::{ALL, Kind};

use crate::place::Place;

/// One deviation, or several of one kind in one field of one segment type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// Stable name, such as `line-ends-lf`; all are in [`ALL`].
    pub code: &'static str,
    /// Where it is, or where the first of several is.
    pub place: Place,
    /// One sentence without patient data.
    pub text: Cow<'static, str>,
    /// How often it was met.
    pub count: u32,
}

impl Deviation {
    pub(crate) fn new(kind: &Kind, place: Place) -> Self {
        Self { code: kind.code, place, text: Cow::Borrowed(kind.text), count: 1 }
    }

    /// With a detail behind the sentence.
    pub(crate) fn with(kind: &Kind, place: Place, detail: impl fmt::Display) -> Self {
        Self { text: Cow::Owned(format!("{} ({detail})", kind.text)), ..Self::new(kind, place) }
    }

    pub(crate) fn times(self, count: u32) -> Self {
        Self { count, ..self }
    }
}

/// Writes place, sentence and code.
impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)?;
        if self.count > 1 {
            write!(f, ", {} times", self.count)?;
        }
        write!(f, " [{}]", self.code)
    }
}
