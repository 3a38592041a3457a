//! What can go wrong with a whole message or with an edit.
//!
//! The texts name places (segment, field, byte offset) and never repeat what stands there, because
//! that may be patient data.

use crate::place::Place;

/// Why bytes are no message, or why an edit was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There are no bytes, or only white space.
    #[error("the payload is empty")]
    Empty,
    /// No header segment was found.
    #[error("not an HL7 v2 message: no MSH, FHS or BHS segment at byte {offset}")]
    NotHl7 {
        /// Where a header was expected, in bytes from the start.
        offset: usize,
    },
    /// The payload is longer than the limit that the caller set, or than an index can hold (4 GiB).
    #[error("the payload has {length} bytes, the limit is {limit}")]
    TooLarge {
        /// Length of the payload in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// MSH-1 and MSH-2 (and those of FHS and BHS) say how the rest is written; changing them alone
    /// would destroy the message.
    #[error("{place} holds the delimiters and can't be edited")]
    DelimitersGuarded {
        /// The field that was to be edited.
        place: Place,
    },
    /// A character has no place in the message's character set.
    #[error("{place}: character U+{:04X} can't be written in {charset}", *.character as u32)]
    Unencodable {
        /// Where the text was to be written.
        place: Place,
        /// The first character that can't be written.
        character: char,
        /// Name of the character set.
        charset: &'static str,
    },
    /// The text holds a delimiter and the message has no escape character to hide it.
    #[error("{place}: the text holds a delimiter and the message has no escape character")]
    Unescapable {
        /// Where the text was to be written.
        place: Place,
    },
    /// A raw value would break the message apart (a segment end, or a delimiter above its level).
    #[error("{place}: byte {offset} of the raw value would end the place it is written to")]
    RawBreaksOut {
        /// Where the value was to be written.
        place: Place,
        /// Offset in the raw value, in bytes.
        offset: usize,
    },
    /// The message has no delimiter for the level that the path asks for (short MSH-2).
    #[error("{place}: the message has no delimiter for this level")]
    NoDelimiter {
        /// Where the value was to be written.
        place: Place,
    },
    /// The path names something that an edit can't be applied to.
    #[error("{place}: {reason}")]
    NotEditable {
        /// What the path stands for.
        place: Place,
        /// Why not.
        reason: &'static str,
    },
    /// A number in the path is beyond what the crate will build (fields, repetitions, components).
    #[error("{place}: more than {limit} are not built")]
    OverLimit {
        /// What the path stands for.
        place: Place,
        /// The limit.
        limit: usize,
    },
    /// A segment position that the message does not have.
    #[error("the message has {count} segments, position {position} does not exist")]
    NoSuchSegment {
        /// The position asked for, counted from 0.
        position: usize,
        /// How many segments there are.
        count: usize,
    },
    /// Bytes that were to become a segment do not begin with a segment name and separator, or hold
    /// a segment end.
    #[error("the bytes are not one segment: byte {offset}")]
    NotASegment {
        /// Offset of the fault in the given bytes.
        offset: usize,
    },
}
