//! A data set that arrives in pieces, as in a C-STORE (PS3.7, section 9.1.1).

use crate::data::inflate::{self, Inflater, Outcome};
use crate::data::parser::{Parser, State};
use crate::data::source::Arriving;
use crate::data::{End, Limit, Limits, PixelDataUse, Reading};
use crate::deviation::Kind;
use crate::syntax::TransferSyntax;

/// Reads a data set while it arrives, up to its pixel data. It keeps the values and what is left of the last piece,
/// no pixel data and no value beyond the limit.
pub struct HeaderReader {
    parser: Parser,
    source: Arriving,
    deflate: Deflate,
    limits: Limits,
    complete: bool,
    limit: Option<Limit>,
}

/// Whether more bytes are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// What stands before the pixel data is not yet there.
    More,
    /// Everything up to the pixel data is there, or a limit was reached. Further bytes are not looked at.
    Complete,
}

/// What is to be done with deflated bytes.
enum Deflate {
    None,
    /// Too few bytes are there to see whether they are deflated.
    Waiting(Vec<u8>),
    Inflating(Box<Inflater>),
    /// The stream is at its end.
    Over,
}

impl HeaderReader {
    /// A reader for a data set in this transfer syntax.
    pub fn new(syntax: &TransferSyntax, limits: Limits) -> Self {
        HeaderReader {
            parser: Parser::new(syntax, limits, PixelDataUse::Stop),
            source: Arriving::default(),
            deflate: if syntax.is_deflated() { Deflate::Waiting(Vec::new()) } else { Deflate::None },
            limits,
            complete: false,
            limit: None,
        }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Progress {
        if !self.complete {
            self.take(bytes);
        }
        if self.complete { Progress::Complete } else { Progress::More }
    }

    /// Whether everything up to the pixel data is there.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// How many bytes it holds: values, and what can't be read before more arrives.
    pub fn held(&self) -> u64 {
        self.parser.held() + self.source.buffer.len() as u64
    }

    /// What was read. To be called when it is complete, or when nothing more will come.
    pub fn finish(mut self) -> Reading {
        if let Deflate::Waiting(bytes) = &mut self.deflate {
            let bytes = std::mem::take(bytes);
            self.deflate = Deflate::None;
            self.plain(&bytes);
        }
        let cut = matches!(self.deflate, Deflate::Inflating(_)) && !self.complete;
        self.source.ended = true;
        self.parser.run(&mut self.source);
        let mut reading = self.parser.into_reading();
        let offset = reading.length;
        match self.limit {
            Some(limit) if !matches!(reading.end, End::PixelData) => {
                reading.end = End::Limit { limit, offset }
            }
            _ if cut && reading.end == End::Complete => reading.end = End::Truncated { offset },
            _ => {}
        }
        reading
    }

    fn take(&mut self, bytes: &[u8]) {
        match &mut self.deflate {
            Deflate::None => self.plain(bytes),
            Deflate::Over => {}
            Deflate::Inflating(_) => self.inflate(bytes),
            Deflate::Waiting(first) => {
                first.extend_from_slice(bytes);
                if first.len() >= inflate::FORM_BYTES {
                    let first = std::mem::take(first);
                    self.begin(&first);
                }
            }
        }
    }

    fn begin(&mut self, first: &[u8]) {
        let form = inflate::form(first);
        if let Some(kind) = form.deviation() {
            self.parser.note(kind, None);
        }
        if form == inflate::Form::Plain {
            self.deflate = Deflate::None;
            return self.plain(first);
        }
        let inflater = Inflater::new(self.limits.inflated, form == inflate::Form::Zlib);
        self.deflate = Deflate::Inflating(Box::new(inflater));
        self.inflate(first);
    }

    fn plain(&mut self, bytes: &[u8]) {
        self.complete |= feed(&mut self.parser, &mut self.source, bytes);
    }

    fn inflate(&mut self, bytes: &[u8]) {
        let Deflate::Inflating(inflater) = &mut self.deflate else { return };
        let (parser, source, complete) = (&mut self.parser, &mut self.source, &mut self.complete);
        let outcome = inflater.push(bytes, |piece| {
            *complete = feed(parser, source, piece);
            !*complete
        });
        match outcome {
            Outcome::Hungry => return,
            Outcome::Complete => {}
            Outcome::Damaged => self.parser.note(Kind::DeflateDamaged, None),
            Outcome::Limit => {
                self.limit = Some(Limit::Inflated);
                self.complete = true;
            }
        }
        self.deflate = Deflate::Over;
    }
}

impl std::fmt::Debug for HeaderReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeaderReader").field("held", &self.held()).field("complete", &self.complete).finish()
    }
}

/// Gives bytes to the parser, without those that it passes over anyway; says whether it is at its end.
fn feed(parser: &mut Parser, source: &mut Arriving, bytes: &[u8]) -> bool {
    let passed = parser.skipping().min(bytes.len() as u64);
    parser.skipped(passed);
    // No more than the bytes that are there.
    let bytes = &bytes[passed as usize..];
    if bytes.is_empty() {
        return false;
    }
    source.buffer.extend_from_slice(bytes);
    parser.run(source) == State::Ended
}
