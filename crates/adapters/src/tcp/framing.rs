//! The framings that a site can describe.

use std::time::Duration;

use klinke_engine::source::SourceError;

use super::config::{FramingConfig, LineEnd, Order};
use crate::net::{Frame, FrameKind, Framing, FramingError};

/// A framing as the site describes it.
#[derive(Clone, Debug)]
pub struct RawFraming {
    rule: Rule,
    bytes_max: usize,
    buffer: Vec<u8>,
    /// Where the unread part of the buffer begins.
    from: usize,
    /// How much of the unread part holds no end.
    looked: usize,
    junk: u64,
    /// Nothing more belongs to what is there.
    ended: bool,
}

#[derive(Clone, Debug)]
enum Rule {
    Marks { start: Vec<u8>, end: Vec<u8> },
    Length { bytes: usize, order: Order },
    Line(LineEnd),
    Gap(Duration),
}

impl RawFraming {
    /// A framing by these settings, for payloads of at most `bytes_max` bytes.
    pub fn new(config: &FramingConfig, bytes_max: usize) -> Result<Self, SourceError> {
        let given =
            [config.end.is_some(), config.length.is_some(), config.line.is_some(), config.gap.is_some()];
        if given.iter().filter(|&&given| given).count() != 1 {
            return Err(SourceError::new("framing: give exactly one of end, length, line and gap"));
        }
        if config.start.is_some() && config.end.is_none() {
            return Err(SourceError::new("framing: start needs an end"));
        }
        let rule = match config {
            FramingConfig { end: Some(end), start, .. } => Rule::Marks {
                start: start.as_ref().map(|mark| mark.0.clone()).unwrap_or_default(),
                end: end.0.clone(),
            },
            FramingConfig { length: Some(bytes @ (1 | 2 | 4)), order, .. } => {
                Rule::Length { bytes: usize::from(*bytes), order: *order }
            }
            FramingConfig { line: Some(end), .. } => Rule::Line(*end),
            FramingConfig { gap: Some(gap), .. } => Rule::Gap(gap.0),
            _ => return Err(SourceError::new("framing: length is 1, 2 or 4")),
        };
        Ok(RawFraming { rule, bytes_max, buffer: Vec::new(), from: 0, looked: 0, junk: 0, ended: false })
    }

    fn unread(&self) -> &[u8] {
        &self.buffer[self.from..]
    }

    /// Gives up this many unread bytes.
    fn skip(&mut self, bytes: usize) {
        self.from += bytes;
        self.looked = 0;
        if self.from == self.buffer.len() {
            self.buffer.clear();
            self.from = 0;
        }
    }

    /// Takes `payload` bytes after `before` and gives up `after`.
    fn cut(&mut self, before: usize, payload: usize, after: usize) -> Frame {
        let payload_bytes = self.unread()[before..before + payload].to_vec();
        self.skip(before + payload + after);
        Frame::data(payload_bytes)
    }

    /// What is left when no more comes.
    fn rest(&mut self) -> Option<Frame> {
        let payload = self.unread().to_vec();
        self.skip(payload.len());
        let kind = match self.rule {
            // A last line may lack its end, and silence is what ends a payload by gap.
            Rule::Line(_) | Rule::Gap(_) => FrameKind::Data,
            Rule::Marks { .. } | Rule::Length { .. } => FrameKind::Truncated,
        };
        (!payload.is_empty()).then_some(Frame { kind, payload })
    }

    fn within(&self, bytes: usize) -> Result<(), FramingError> {
        if bytes > self.bytes_max { Err(FramingError::too_large(self.bytes_max)) } else { Ok(()) }
    }

    fn next_marked(&mut self, start: &[u8], end: &[u8]) -> Result<Option<Frame>, FramingError> {
        if !start.is_empty() && self.looked == 0 {
            match find(self.unread(), start) {
                Some(at) => {
                    self.junk += at as u64;
                    self.from += at;
                    self.looked = start.len();
                }
                None => {
                    // The last bytes may be the first ones of a start.
                    let junk = self.unread().len().saturating_sub(start.len() - 1);
                    self.junk += junk as u64;
                    self.skip(junk);
                    return Ok(None);
                }
            }
        }
        let again = self.looked.saturating_sub(end.len() - 1).max(start.len());
        match find(&self.unread()[again.min(self.unread().len())..], end) {
            Some(at) => {
                let payload = again + at - start.len();
                self.within(payload)?;
                Ok(Some(self.cut(start.len(), payload, end.len())))
            }
            None => {
                self.looked = self.unread().len().max(start.len());
                self.within(self.unread().len().saturating_sub(start.len() + end.len()))?;
                Ok(None)
            }
        }
    }

    fn next_counted(&mut self, bytes: usize, order: Order) -> Result<Option<Frame>, FramingError> {
        let Some(head) = self.unread().get(..bytes) else { return Ok(None) };
        let add = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
        let payload = match order {
            Order::Big => head.iter().fold(0, add),
            Order::Little => head.iter().rev().fold(0, add),
        };
        self.within(payload)?;
        Ok((self.unread().len() >= bytes + payload).then(|| self.cut(bytes, payload, 0)))
    }

    fn next_line(&mut self, end: LineEnd) -> Result<Option<Frame>, FramingError> {
        let byte = if end == LineEnd::Cr { b'\r' } else { b'\n' };
        loop {
            match self.unread()[self.looked..].iter().position(|&b| b == byte) {
                Some(at) => {
                    let length = self.looked + at;
                    let cr = end == LineEnd::Lf && length > 0 && self.unread()[length - 1] == b'\r';
                    let payload = length - usize::from(cr);
                    self.within(payload)?;
                    let frame = self.cut(0, payload, 1 + usize::from(cr));
                    // An empty line carries nothing.
                    if !frame.payload.is_empty() {
                        return Ok(Some(frame));
                    }
                }
                None => {
                    self.looked = self.unread().len();
                    self.within(self.looked)?;
                    return Ok(None);
                }
            }
        }
    }
}

impl Framing for RawFraming {
    fn push(&mut self, bytes: &[u8]) {
        if self.from > 0 {
            self.buffer.drain(..self.from);
            self.from = 0;
        }
        self.buffer.extend_from_slice(bytes);
        self.ended = false;
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, FramingError> {
        if self.unread().is_empty() {
            return Ok(None);
        }
        let frame = match self.rule.clone() {
            Rule::Marks { start, end } => self.next_marked(&start, &end),
            Rule::Length { bytes, order } => self.next_counted(bytes, order),
            Rule::Line(end) => self.next_line(end),
            Rule::Gap(_) => self.within(self.unread().len()).map(|()| None),
        }?;
        Ok(if frame.is_none() && self.ended { self.rest() } else { frame })
    }

    fn pending(&self) -> usize {
        self.unread().len()
    }

    fn quiet(&mut self) {
        self.ended |= matches!(self.rule, Rule::Gap(_));
    }

    fn finish(&mut self) {
        self.ended = true;
    }

    fn gap(&self) -> Option<Duration> {
        match self.rule {
            Rule::Gap(gap) => Some(gap),
            _ => None,
        }
    }

    fn start(&self, payload_bytes: usize, out: &mut Vec<u8>) {
        match &self.rule {
            Rule::Marks { start, .. } => out.extend_from_slice(start),
            Rule::Length { bytes, order: Order::Big } => {
                out.extend_from_slice(&(payload_bytes as u64).to_be_bytes()[8 - bytes..]);
            }
            Rule::Length { bytes, order: Order::Little } => {
                out.extend_from_slice(&(payload_bytes as u64).to_le_bytes()[..*bytes]);
            }
            Rule::Line(_) | Rule::Gap(_) => {}
        }
    }

    fn end(&self, out: &mut Vec<u8>) {
        match &self.rule {
            Rule::Marks { end, .. } => out.extend_from_slice(end),
            Rule::Line(LineEnd::Cr) => out.push(b'\r'),
            Rule::Line(LineEnd::Lf) => out.push(b'\n'),
            Rule::Length { .. } | Rule::Gap(_) => {}
        }
    }

    fn payload_fits(&self, payload: &[u8]) -> Result<(), FramingError> {
        let wrong = |text: &str| Err(FramingError { code: "unframable", text: text.to_owned() });
        match &self.rule {
            Rule::Marks { end, .. } if find(payload, end).is_some() => {
                wrong("the payload holds the bytes that end a frame")
            }
            Rule::Length { bytes, .. } if payload.len() as u64 >> (8 * bytes) != 0 => {
                wrong("the payload is longer than the length before it can say")
            }
            Rule::Line(end) => {
                let byte = if *end == LineEnd::Cr { b'\r' } else { b'\n' };
                if payload.contains(&byte) { wrong("the payload has more than one line") } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    fn violations(&mut self, note: &mut dyn FnMut(&'static str, u64)) {
        if self.junk > 0 {
            note("junk-between-frames", std::mem::take(&mut self.junk));
        }
    }
}

/// Where `what` first stands.
fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    let first = *what.first()?;
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|&byte| byte == first) {
        if bytes[from + at..].starts_with(what) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::config::Mark;
    use super::*;
    use crate::units::Period;

    /// What comes out of the framing when the bytes come in pieces of each size.
    fn frames(config: FramingConfig, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut results = Vec::new();
        for size in 1..=bytes.len() {
            let mut framing = RawFraming::new(&config, 100).unwrap();
            let mut frames = Vec::new();
            for piece in bytes.chunks(size) {
                framing.push(piece);
                while let Some(frame) = framing.next_frame().unwrap() {
                    frames.push(frame.payload);
                }
            }
            results.push(frames);
        }
        assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "pieces make no difference");
        results.pop().unwrap()
    }

    fn marks(start: &str, end: &str) -> FramingConfig {
        let mark = |text: &str| (!text.is_empty()).then(|| Mark(text.as_bytes().to_vec()));
        FramingConfig { start: mark(start), end: mark(end), ..FramingConfig::default() }
    }

    #[test]
    fn marks_with_junk_between() {
        assert_eq!(frames(marks("<<", ">>"), b"x<y<<a>b>>junk<<>>"), [&b"a>b"[..], b""]);
        assert_eq!(frames(marks("", "\r\n"), b"a\rb\r\nc\r\n"), [&b"a\rb"[..], b"c"]);
    }

    #[test]
    fn lengths_of_each_size_and_order() {
        for (length, order, bytes) in [
            (1, Order::Big, &b"\x02ab\x01c"[..]),
            (2, Order::Little, b"\x02\x00ab\x01\x00c"),
            (4, Order::Big, b"\x00\x00\x00\x02ab\x00\x00\x00\x01c"),
        ] {
            let config = FramingConfig { length: Some(length), order, ..FramingConfig::default() };
            assert_eq!(frames(config.clone(), bytes), [&b"ab"[..], b"c"]);
            let framing = RawFraming::new(&config, 100).unwrap();
            let mut out = Vec::new();
            for payload in [&b"ab"[..], b"c"] {
                framing.start(payload.len(), &mut out);
                out.extend_from_slice(payload);
                framing.end(&mut out);
            }
            assert_eq!(out, bytes, "what is written is what is read");
        }
    }

    #[test]
    fn lines_and_their_last_one() {
        let config = FramingConfig { line: Some(LineEnd::Lf), ..FramingConfig::default() };
        assert_eq!(frames(config.clone(), b"a\r\n\r\nb\nc\n"), [b"a", b"b", b"c"]);
        let mut framing = RawFraming::new(&config, 100).unwrap();
        framing.push(b"last");
        assert_eq!(framing.next_frame(), Ok(None));
        framing.finish();
        assert_eq!(framing.next_frame(), Ok(Some(Frame::data(b"last".to_vec()))));
        assert_eq!(framing.next_frame(), Ok(None));
    }

    #[test]
    fn what_is_too_large_is_noticed_before_it_has_come() {
        for config in [
            marks("<", ">"),
            FramingConfig { line: Some(LineEnd::Cr), ..FramingConfig::default() },
            FramingConfig { gap: Some(Period::seconds(1)), ..FramingConfig::default() },
        ] {
            let mut framing = RawFraming::new(&config, 10).unwrap();
            framing.push(b"<aaaaaaaaaaaaaaaaaaaaaaaaaaa");
            assert_eq!(framing.next_frame().unwrap_err().code, "too-large");
        }
        let config = FramingConfig { length: Some(4), ..FramingConfig::default() };
        let mut framing = RawFraming::new(&config, 10).unwrap();
        framing.push(b"\xff\xff\xff\xff");
        assert_eq!(framing.next_frame().unwrap_err().code, "too-large");
    }

    #[test]
    fn payloads_that_would_break_the_frame_are_not_sent() {
        let framing = RawFraming::new(&marks("", "\r\n"), 100).unwrap();
        assert!(framing.payload_fits(b"a\r\nb").is_err());
        assert!(framing.payload_fits(b"a\rb").is_ok());
        let config = FramingConfig { length: Some(1), ..FramingConfig::default() };
        let framing = RawFraming::new(&config, 1000).unwrap();
        assert!(framing.payload_fits(&[0; 255]).is_ok());
        assert!(framing.payload_fits(&[0; 256]).is_err());
    }

    #[test]
    fn contradictory_settings_are_refused() {
        for config in [
            FramingConfig::default(),
            FramingConfig { length: Some(3), ..FramingConfig::default() },
            FramingConfig { length: Some(2), ..marks("", "x") },
            marks("x", ""),
        ] {
            assert!(RawFraming::new(&config, 10).is_err(), "{config:?}");
        }
    }
}
