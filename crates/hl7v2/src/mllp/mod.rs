//! MLLP, the "minimal lower layer protocol" (HL7 v2.5.1 appendix C, C.4; Release 2: HL7 "Transport
//! Specification: MLLP, Release 2"), without sockets.
//!
//! ```text
//! 0B  <payload>  1C 0D        a message
//! 0B  06 | 15    1C 0D        Release 2 commit acknowledgment: kept, not kept
//! ```
//!
//! The protocol has no length, no checksum and no way to find the next frame again, so [`Framer`]
//! follows fixed policies for what real senders do:
//!
//! | on the line | what the framer does | counted as |
//! |---|---|---|
//! | junk before VT | skips it | [`Violation::JunkBeforeStart`] |
//! | line ends between frames | skips them | [`Violation::LineEndsBetween`] |
//! | VT and a header segment inside a frame | gives the first part as truncated, begins anew | [`Violation::CutByStart`] |
//! | VT inside otherwise | keeps it as content | [`Violation::StartInside`] |
//! | FS, then VT, end of stream or silence | accepts the frame | [`Violation::MissingCr`] |
//! | FS LF | accepts the frame | [`Violation::LfAfterEnd`] |
//! | FS inside otherwise | keeps it as content | [`Violation::EndInside`] |
//! | a header segment without VT | with [`Config::bare`]: a message until FS, VT, the next header, silence or end of stream | [`Violation::MissingStart`] |
//! | end of stream inside a frame | gives the part as truncated | [`Violation::CutByEndOfStream`] |
//! | more than [`Config::size_bytes_max`] | an error; skips to the frame's end | [`Violation::TooLarge`] |
//!
//! A truncated frame is to be kept and shown, and never to be acknowledged.

mod framer;
mod statistics;

pub use framer::{Ending, Frame, Framer};
pub use statistics::{Statistics, Violation};

/// Start block, VT.
pub const START: u8 = 0x0B;
/// End block, FS.
pub const END: u8 = 0x1C;
/// What follows the end block.
pub const CR: u8 = 0x0D;

/// How a framer behaves.
#[derive(Debug, Clone)]
pub struct Config {
    /// Longest payload, in bytes.
    pub size_bytes_max: usize,
    /// Accept messages without start block.
    pub bare: bool,
}

/// 128 MiB, start block required.
impl Default for Config {
    fn default() -> Self {
        Self { size_bytes_max: 128 << 20, bare: false }
    }
}

/// Why bytes can't be framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A frame is longer than allowed. The framer skips the rest of it.
    #[error("the frame is longer than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A payload that is to be sent holds the end of a frame, which MLLP can't escape.
    #[error("byte {offset} of the payload would end the frame or begin another")]
    PayloadBreaksFrame {
        /// Offset in the payload, in bytes.
        offset: usize,
    },
}

/// Append the frame of a payload to `out`. Refused for a payload that a receiver would read as two.
pub fn encode(payload: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    if let Some(offset) = memchr::memchr2_iter(START, END, payload).find(|at| breaks(payload, *at)) {
        return Err(Error::PayloadBreaksFrame { offset });
    }
    out.reserve(payload.len() + 3);
    out.push(START);
    out.extend_from_slice(payload);
    out.extend_from_slice(&[END, CR]);
    Ok(())
}

fn breaks(payload: &[u8], at: usize) -> bool {
    let next = payload.get(at + 1);
    match payload[at] {
        END => next.is_none_or(|b| matches!(*b, CR | b'\n' | START)),
        _ => framer::is_header(&payload[at + 1..]) == Some(true),
    }
}

/// Release 2 commit acknowledgment: whether the receiver has the message in safe storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// ACK, 06.
    Ack,
    /// NAK, 15 hexadecimal.
    Nak,
}

impl Commit {
    /// The frame to send.
    pub fn frame(self) -> [u8; 4] {
        let byte = match self {
            Self::Ack => 0x06,
            Self::Nak => 0x15,
        };
        [START, byte, END, CR]
    }

    /// Read the payload of a frame; `None` when it is something else.
    pub fn of_payload(payload: &[u8]) -> Option<Self> {
        match payload {
            [0x06] => Some(Self::Ack),
            [0x15] => Some(Self::Nak),
            _ => None,
        }
    }
}
