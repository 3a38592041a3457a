//! What stands in a place: HL7 tells apart "not there", "empty" and "delete this".

use std::borrow::Cow;

/// The content of a place in a message (HL7 v2.5.1 chapter 2, 2.5.3.7 for null).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// The segment, field, repetition or component does not exist.
    Absent,
    /// It exists and is empty: nothing is known, nothing shall change.
    Empty,
    /// Two quotation marks: the receiver shall delete what it has.
    Null,
    /// Bytes as they stand in the message, escapes included.
    Present(Cow<'a, [u8]>),
}

impl<'a> Value<'a> {
    pub(crate) fn of(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        let bytes = bytes.into();
        match &*bytes {
            b"" => Self::Empty,
            b"\"\"" => Self::Null,
            _ => Self::Present(bytes),
        }
    }

    /// True for a value that says something (neither absent, empty nor null).
    pub fn is_present(&self) -> bool {
        matches!(self, Self::Present(_))
    }

    /// The bytes as they stand; none for an absent one.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Absent | Self::Empty => b"",
            Self::Null => b"\"\"",
            Self::Present(bytes) => bytes,
        }
    }
}
