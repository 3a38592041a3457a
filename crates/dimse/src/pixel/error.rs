//! What can be wrong with pixel data, and where. No error carries a value of the data set or a sample.

use dicom_core::Tag;

/// Why pixel data could not be read, decoded, encoded or shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An attribute is absent or contradicts another, the limits or the bytes present.
    #[error("{name} {tag}: {what}")]
    Attribute {
        /// Its tag.
        tag: Tag,
        /// Its name in PS3.6.
        name: &'static str,
        /// What is wrong.
        what: &'static str,
    },
    /// More bytes than the limits allow.
    #[error("{what} would take {needed} bytes, {limit} are allowed")]
    TooLarge {
        /// What it is about.
        what: &'static str,
        /// The bytes that it would take.
        needed: u64,
        /// The bytes allowed.
        limit: u64,
    },
    /// There is no such frame.
    #[error("frame {number} is not there: the pixel data has {frames}")]
    NoFrame {
        /// The number asked for, counted from 1.
        number: u32,
        /// The number of frames.
        frames: u32,
    },
    /// A frame can't be decoded.
    #[error("frame {number}: {fault}")]
    Frame {
        /// Its number, counted from 1.
        number: u32,
        /// What is wrong with it and where.
        fault: Fault,
    },
    /// A frame can't be encoded in this way.
    #[error("encoding: {0}")]
    Encoding(&'static str),
    /// The transfer syntax is not one that this module decodes or encodes.
    #[error("pixel data of transfer syntax {0} is kept and passed on, but not decoded or encoded")]
    Syntax(String),
    /// The pixel data can't be shown.
    #[error("rendering: {0}")]
    Rendering(&'static str),
}

/// What is wrong with the bytes of one frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{codec}: {what}, at byte {at} of {of}")]
pub struct Fault {
    /// The coding process.
    pub codec: &'static str,
    /// What is wrong.
    pub what: &'static str,
    /// Where, counted from the frame's first byte.
    pub at: usize,
    /// How many bytes the frame has.
    pub of: usize,
}

impl Error {
    pub(super) fn frame(index: u32, fault: Fault) -> Self {
        Error::Frame { number: index.saturating_add(1), fault }
    }
}
