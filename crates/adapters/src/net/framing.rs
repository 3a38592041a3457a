//! Where a message begins and ends in a stream of bytes.

use std::time::Duration;

/// Cuts a stream of bytes into frames, and wraps payloads into frames. Knows no socket and no clock.
pub trait Framing: Send {
    /// Takes bytes as they arrived.
    fn push(&mut self, bytes: &[u8]);
    /// The next whole frame, or `None` until more bytes are pushed. After an error the stream can't be
    /// followed any longer.
    fn next_frame(&mut self) -> Result<Option<Frame>, FramingError>;
    /// How many bytes wait for the rest of their frame.
    fn pending(&self) -> usize;
    /// Nothing came for the [`Framing::gap`]: what may count as whole does so from now on, and
    /// [`Framing::next_frame`] gives it.
    fn quiet(&mut self) {}
    /// No more bytes come: [`Framing::next_frame`] gives what is left, whole or truncated.
    fn finish(&mut self);
    /// A silence inside a frame after which [`Framing::quiet`] is to be called.
    fn gap(&self) -> Option<Duration> {
        None
    }
    /// Appends what goes before a payload of this many bytes.
    fn start(&self, payload_bytes: usize, out: &mut Vec<u8>);
    /// Appends what goes after a payload.
    fn end(&self, out: &mut Vec<u8>);
    /// Whether the payload can be sent in this framing: an error when it holds what would end its frame.
    fn payload_fits(&self, payload: &[u8]) -> Result<(), FramingError> {
        let _ = payload;
        Ok(())
    }
    /// Hands over what was met against the rules since the last call: a stable word and how often.
    fn violations(&mut self, note: &mut dyn FnMut(&'static str, u64)) {
        let _ = note;
    }
}

/// One frame.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: FrameKind,
    /// Its bytes without the frame's own.
    pub payload: Vec<u8>,
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// A whole payload.
    Data,
    /// The beginning of a payload whose end never came. It is never handed on: the sender has no answer
    /// and sends it again.
    Truncated,
    /// The protocol's own sign that the last frame was kept (MLLP release 2: ACK).
    Committed,
    /// The protocol's own sign that the last frame was not kept (MLLP release 2: NAK).
    NotCommitted,
}

impl Frame {
    /// A whole payload.
    pub fn data(payload: Vec<u8>) -> Self {
        Frame { kind: FrameKind::Data, payload }
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}({} bytes)", self.kind, self.payload.len())
    }
}

/// Why a stream can't be followed any longer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct FramingError {
    /// A stable word.
    pub code: &'static str,
    /// A sentence without payload.
    pub text: String,
}

impl FramingError {
    /// A frame is larger than the site allows.
    pub fn too_large(limit: usize) -> Self {
        FramingError { code: "too-large", text: format!("a frame has more than {limit} bytes") }
    }
}
