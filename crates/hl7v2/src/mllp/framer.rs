//! Cuts a stream of bytes into frames.

use bytes::{Buf, Bytes, BytesMut};

use super::{CR, Commit, Config, END, Error, START, Statistics, Violation};

/// One frame.
#[derive(Clone)]
pub struct Frame {
    /// All bytes as they came, start and end block included.
    pub raw: Bytes,
    /// What lies between the blocks; shares memory with `raw`.
    pub payload: Bytes,
    /// How it ended.
    pub ending: Ending,
    /// What was wrong with it, or before it.
    pub violations: Vec<Violation>,
}

/// How a frame ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With an end block, or as [`Config::bare`] allows.
    Complete,
    /// In the middle: to be kept and shown, never to be acknowledged.
    Truncated,
}

impl Frame {
    /// The Release 2 commit acknowledgment that the frame is, if it is one.
    pub fn commit(&self) -> Option<Commit> {
        Commit::of_payload(&self.payload)
    }
}

/// Shows sizes only: a frame holds patient data.
impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frame")
            .field("payload", &self.payload.len())
            .field("ending", &self.ending)
            .field("violations", &self.violations)
            .finish_non_exhaustive()
    }
}

/// Cuts the bytes of one connection into frames. Give it bytes with [`push`](Self::push), then call
/// [`next_frame`](Self::next_frame) until it gives `None`.
pub struct Framer {
    config: Config,
    buffer: BytesMut,
    state: State,
    /// Bytes of the buffer that need not be looked at again.
    scanned: usize,
    /// Nothing has come for a while.
    idle: bool,
    finished: bool,
    pending: Vec<Violation>,
    statistics: Statistics,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Between,
    /// In a frame with start block.
    Framed,
    /// In a message without start block.
    Bare,
    /// In a frame that was too large.
    Skipping,
}

/// Where the current frame ends, counted in the buffer.
struct Cut {
    /// Behind the last byte of the payload.
    payload: usize,
    /// Behind the last byte of the frame.
    raw: usize,
    ending: Ending,
    violation: Option<Violation>,
}

impl Framer {
    /// A framer at the start of a connection.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            buffer: BytesMut::new(),
            state: State::Between,
            scanned: 0,
            idle: false,
            finished: false,
            pending: Vec::new(),
            statistics: Statistics::default(),
        }
    }

    /// Bytes have come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        self.idle = false;
    }

    /// The buffer, to read into without a copy. Only append to it.
    pub fn buffer_mut(&mut self) -> &mut BytesMut {
        self.idle = false;
        &mut self.buffer
    }

    /// Nothing has come for a while (half a second is usual): what can be taken as complete is.
    /// Call [`next_frame`](Self::next_frame) afterwards.
    pub fn on_idle(&mut self) {
        self.idle = true;
    }

    /// The stream has ended. Call [`next_frame`](Self::next_frame) afterwards until `None`.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// True inside a frame: a close now would cut it.
    pub fn is_inside(&self) -> bool {
        self.state != State::Between
    }

    /// Bytes waiting for the rest of their frame.
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// What happened on this connection so far.
    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// The next frame, or `None` when more bytes are needed. After an error the framer goes on
    /// behind the faulty frame.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Error> {
        loop {
            match self.state {
                State::Between => {
                    if !self.find_start() {
                        return Ok(None);
                    }
                }
                State::Skipping => {
                    if !self.skip() {
                        return Ok(None);
                    }
                }
                State::Framed | State::Bare => {
                    let cut = self.find_end();
                    let start = usize::from(self.state == State::Framed);
                    let length = cut.as_ref().map_or(self.scanned, |cut| cut.payload) - start;
                    if length > self.config.size_bytes_max {
                        return Err(self.too_large());
                    }
                    return Ok(cut.map(|cut| self.take(cut, start)));
                }
            }
        }
    }

    fn note(&mut self, violation: Violation) {
        self.statistics.note(violation);
        if self.pending.last() != Some(&violation) {
            self.pending.push(violation);
        }
    }

    fn too_large(&mut self) -> Error {
        self.statistics.note(Violation::TooLarge);
        self.pending.clear();
        self.state = State::Skipping;
        self.scanned = 0;
        if self.buffer.first() == Some(&START) {
            self.skip_bytes(1);
        }
        Error::TooLarge { limit: self.config.size_bytes_max }
    }

    fn skip_bytes(&mut self, count: usize) {
        self.buffer.advance(count);
        self.statistics.skipped_bytes += count as u64;
    }

    /// Look for the start of a frame; true when there is one at the start of the buffer.
    fn find_start(&mut self) -> bool {
        let start = memchr::memchr(START, &self.buffer);
        let before = &self.buffer[..start.unwrap_or(self.buffer.len())];
        let (junk, bare) = match self.config.bare.then(|| find_bare(before)).flatten() {
            Some((at, true)) => (at, true),
            // The first letters of a header may be here, and the rest still to come.
            Some((at, false)) if start.is_none() && !self.finished => (at, false),
            _ => (before.len(), false),
        };
        self.skip_junk(junk);
        if bare {
            self.state = State::Bare;
            self.scanned = 0;
            self.note(Violation::MissingStart);
            return true;
        }
        if self.buffer.first() != Some(&START) {
            return false;
        }
        self.state = State::Framed;
        self.scanned = 1;
        true
    }

    fn skip_junk(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        let junk = &self.buffer[..count];
        if junk.iter().all(|b| matches!(b, b'\r' | b'\n')) {
            self.note(Violation::LineEndsBetween);
        } else {
            self.statistics.sample(junk);
            self.note(Violation::JunkBeforeStart);
        }
        self.skip_bytes(count);
    }

    /// Skip the rest of a frame that was too large; true when its end was found.
    fn skip(&mut self) -> bool {
        while let Some(at) = memchr::memchr2(START, END, &self.buffer) {
            if self.buffer[at] == END {
                let cr = usize::from(self.buffer.get(at + 1) == Some(&CR));
                self.skip_bytes(at + 1 + cr);
                self.state = State::Between;
                return true;
            }
            match is_header(&self.buffer[at + 1..]) {
                Some(true) => {
                    self.skip_bytes(at);
                    self.state = State::Between;
                    return true;
                }
                None if self.finished => self.skip_bytes(at + 1),
                Some(false) => self.skip_bytes(at + 1),
                None => {
                    self.skip_bytes(at);
                    return false;
                }
            }
        }
        self.skip_bytes(self.buffer.len());
        false
    }

    /// Look for the end of the current frame; notes how far it looked.
    fn find_end(&mut self) -> Option<Cut> {
        loop {
            let next_header = self.next_bare_header();
            let window = &self.buffer[self.scanned..next_header.unwrap_or(self.buffer.len())];
            let Some(at) = memchr::memchr2(START, END, window).map(|at| at + self.scanned) else {
                if let Some(at) = next_header {
                    return Some(cut_bare(at));
                }
                return self.end_of_bytes();
            };
            let decided = if self.buffer[at] == END { self.at_end(at) } else { self.at_start(at) };
            match decided {
                Decided::Cut(cut) => return Some(cut),
                Decided::Wait => {
                    self.scanned = at;
                    return None;
                }
                Decided::Content(violation) => {
                    self.note(violation);
                    self.scanned = at + 1;
                }
            }
        }
    }

    /// All bytes have been looked at.
    fn end_of_bytes(&mut self) -> Option<Cut> {
        let length = self.buffer.len();
        self.scanned = length;
        match self.state {
            State::Bare if self.finished || self.idle => Some(cut_bare(length)),
            State::Framed if self.finished => Some(Cut {
                payload: length,
                raw: length,
                ending: Ending::Truncated,
                violation: Some(Violation::CutByEndOfStream),
            }),
            // A line end at the very end may belong to a header that has not come yet.
            State::Bare => {
                self.scanned = length.saturating_sub(4);
                None
            }
            _ => None,
        }
    }

    /// An end block at `at`.
    fn at_end(&self, at: usize) -> Decided {
        let cut = |length: usize, violation| {
            Decided::Cut(Cut { payload: at, raw: at + length, ending: Ending::Complete, violation })
        };
        match self.buffer.get(at + 1) {
            Some(&CR) => cut(2, None),
            Some(b'\n') => cut(2, Some(Violation::LfAfterEnd)),
            Some(&START) => cut(1, Some(Violation::MissingCr)),
            None if self.finished || self.idle => cut(1, Some(Violation::MissingCr)),
            None => Decided::Wait,
            Some(_) if self.config.bare && is_header(&self.buffer[at + 1..]) == Some(true) => {
                cut(1, Some(Violation::MissingCr))
            }
            Some(_) => Decided::Content(Violation::EndInside),
        }
    }

    /// A start block at `at`, inside a frame.
    fn at_start(&self, at: usize) -> Decided {
        let new_message = match is_header(&self.buffer[at + 1..]) {
            Some(true) => true,
            None if !self.finished => return Decided::Wait,
            _ => self.state == State::Bare,
        };
        if !new_message {
            return Decided::Content(Violation::StartInside);
        }
        // An end block with only control characters behind it was meant as the end.
        let body = &self.buffer[..at];
        if let Some(end) = memchr::memrchr(END, body).filter(|end| body[*end..].iter().all(|b| *b < b' ')) {
            let violation = Some(Violation::MissingCr);
            return Decided::Cut(Cut { payload: end, raw: at, ending: Ending::Complete, violation });
        }
        if self.state == State::Bare {
            return Decided::Cut(cut_bare(at));
        }
        Decided::Cut(Cut {
            payload: at,
            raw: at,
            ending: Ending::Truncated,
            violation: Some(Violation::CutByStart),
        })
    }

    /// In a message without start block: where the next header begins a line.
    fn next_bare_header(&self) -> Option<usize> {
        if self.state != State::Bare {
            return None;
        }
        let from = self.scanned.max(4);
        memchr::memmem::find_iter(self.buffer.get(from..)?, b"MSH").map(|at| at + from).find(|at| {
            matches!(self.buffer[at - 1], b'\r' | b'\n') && is_header(&self.buffer[*at..]) == Some(true)
        })
    }

    fn take(&mut self, cut: Cut, start: usize) -> Frame {
        if let Some(violation) = cut.violation {
            self.note(violation);
        }
        match cut.ending {
            Ending::Complete => self.statistics.frames += 1,
            Ending::Truncated => self.statistics.truncated += 1,
        }
        self.state = State::Between;
        self.scanned = 0;
        let raw = self.buffer.split_to(cut.raw).freeze();
        let payload = raw.slice(start..cut.payload);
        Frame { raw, payload, ending: cut.ending, violations: std::mem::take(&mut self.pending) }
    }
}

/// Shows no content.
impl std::fmt::Debug for Framer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Framer")
            .field("state", &self.state)
            .field("buffered", &self.buffer.len())
            .field("statistics", &self.statistics)
            .finish_non_exhaustive()
    }
}

enum Decided {
    Cut(Cut),
    Content(Violation),
    Wait,
}

fn cut_bare(at: usize) -> Cut {
    Cut { payload: at, raw: at, ending: Ending::Complete, violation: Some(Violation::MissingEnd) }
}

/// Whether a header segment begins here; `None` when too few bytes have come to know.
pub(super) fn is_header(bytes: &[u8]) -> Option<bool> {
    let names = [b"MSH", b"FHS", b"BHS"];
    let Some(name) = bytes.get(..3) else {
        let possible = names.iter().any(|name| name.starts_with(bytes));
        return if possible { None } else { Some(false) };
    };
    if !names.iter().any(|n| n.as_slice() == name) {
        return Some(false);
    }
    bytes.get(3).map(|b| b.is_ascii_punctuation())
}

/// Where a header begins among bytes that should not be there; false with the place of what may
/// become one.
fn find_bare(bytes: &[u8]) -> Option<(usize, bool)> {
    let begins = |at: &usize| *at == 0 || matches!(bytes[at - 1], b'\r' | b'\n' | b' ');
    let candidates =
        bytes.iter().enumerate().filter(|(_, b)| matches!(b, b'M' | b'F' | b'B')).map(|(i, _)| i);
    candidates.filter(begins).find_map(|at| match is_header(&bytes[at..]) {
        Some(true) => Some((at, true)),
        None => Some((at, false)),
        Some(false) => None,
    })
}
