//! A message: its bytes, the index over them, and the edits lying over both.

mod convert;
mod edit;
mod insert;
mod overlay;
mod part;
mod read;
mod resolver;
mod view;
mod wire;

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

pub use convert::LineEnd;
pub use insert::At;
pub use part::{Part, Parts};
pub use read::{All, PlacedPart};
pub use resolver::GroupResolver;
pub use view::{Segment, Segments};

use crate::charset::{Charset, Resolved, resolve};
use crate::delimiters::Delimiters;
use crate::deviation::Deviation;
use crate::index::Index;
use crate::{Error, escape};
use overlay::Overlay;
use wire::Wire;

/// What the bytes alone do not say.
#[derive(Debug, Clone)]
pub struct Options {
    /// Character set of the connection, for messages that declare none.
    pub charset: Option<Charset>,
    /// Longest message accepted, in bytes.
    pub size_bytes_max: usize,
    /// What becomes of characters that the message's character set does not have.
    pub unencodable: Unencodable,
}

/// What to do with a character that the message's character set does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unencodable {
    /// Refuse the edit.
    #[default]
    Refuse,
    /// Write `?` and note a deviation.
    QuestionMark,
}

/// No default character set, 256 MiB, refuse.
impl Default for Options {
    fn default() -> Self {
        Self { charset: None, size_bytes_max: 256 << 20, unencodable: Unencodable::Refuse }
    }
}

/// An HL7 v2 message (or a batch, when it begins with FHS or BHS).
///
/// Reading never fails: what is not there is empty. Fields that no edit touched leave byte for byte
/// as they came.
#[derive(Clone)]
pub struct Message {
    /// The indexed bytes: those that came, or their UTF-8 form when `wire` is there.
    raw: Bytes,
    index: Index,
    wire: Option<Wire>,
    overlay: Option<Overlay>,
    separator: [u8; 1],
    options: Options,
    resolved: OnceLock<Resolved>,
    resolver: Option<Arc<dyn GroupResolver>>,
    /// Deviations that edits caused.
    notes: Vec<Deviation>,
}

impl Message {
    /// Read a message. Fails only when the bytes are no HL7 v2 at all.
    pub fn parse(bytes: impl Into<Bytes>) -> Result<Self, Error> {
        Self::parse_with(bytes, &Options::default())
    }

    /// Read a message, knowing more than its bytes.
    pub fn parse_with(bytes: impl Into<Bytes>, options: &Options) -> Result<Self, Error> {
        Self::parse_reusing(Index::new(), bytes, options)
    }

    /// Read a message, reusing the memory of another one's index ([`Message::into_index`]).
    pub fn parse_reusing(
        mut index: Index,
        bytes: impl Into<Bytes>,
        options: &Options,
    ) -> Result<Self, Error> {
        let bytes = bytes.into();
        if bytes.len() > options.size_bytes_max {
            return Err(Error::TooLarge { length: bytes.len(), limit: options.size_bytes_max });
        }
        let (raw, wire) = match wire::turn(&bytes, options.charset) {
            Some((raw, wire)) => (raw, Some(wire)),
            None => (bytes, None),
        };
        index.build(&raw)?;
        let separator = [index.delimiters().field];
        Ok(Self {
            raw,
            index,
            wire,
            overlay: None,
            separator,
            options: options.clone(),
            resolved: OnceLock::new(),
            resolver: None,
            notes: Vec::new(),
        })
    }

    /// Give the index back for the next message.
    pub fn into_index(self) -> Index {
        self.index
    }

    /// The index over the bytes as they came; edits are not in it.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The message's own delimiters.
    #[inline]
    pub fn delimiters(&self) -> &Delimiters {
        self.index.delimiters()
    }

    /// True when an edit was made.
    pub fn is_edited(&self) -> bool {
        self.overlay.is_some()
    }

    /// The bytes as they came.
    pub fn original(&self) -> &Bytes {
        self.wire.as_ref().map_or(&self.raw, |wire| &wire.original)
    }

    /// The bytes that leave: those that came if nothing was edited (no copy is made), else with the
    /// edits in them.
    pub fn to_bytes(&self) -> Bytes {
        if self.overlay.is_none() {
            return self.original().clone();
        }
        let mut out = Vec::new();
        self.write_to(&mut out);
        out.into()
    }

    /// Append the bytes that leave to `out`; for an unedited message that is one copy.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        let Some(overlay) = &self.overlay else {
            return out.extend_from_slice(self.original());
        };
        if self.wire.is_none() {
            out.reserve(self.raw.len() + 256);
            return overlay.write(&self.raw, &self.index, out);
        }
        let mut inner = Vec::new();
        overlay.write(&self.raw, &self.index, &mut inner);
        out.extend_from_slice(&self.turned_to_wire(inner));
    }

    /// The bytes that the index lies over.
    pub(crate) fn indexed_bytes(&self) -> &[u8] {
        &self.raw
    }

    /// What follows a segment, in the set of the index.
    pub(crate) fn terminator_of(&self, position: usize) -> Vec<u8> {
        let mut out = Vec::new();
        match &self.overlay {
            Some(overlay) => overlay.write_terminator(position, &self.raw, &self.index, &mut out),
            None => {
                let place = self.index.segments().get(position);
                let gap = place.map_or(0..0, |s| s.end as usize..s.next as usize);
                out.extend_from_slice(&self.raw[gap]);
            }
        }
        out
    }

    /// Some of the bytes, as they would be on the wire.
    pub(crate) fn wire_slice(&self, range: std::ops::Range<usize>) -> Bytes {
        match &self.wire {
            Some(_) => self.turned_to_wire(self.raw[range].to_vec()).into(),
            None => self.raw.slice(range),
        }
    }

    /// False for bytes that can't be turned into text and back.
    pub(crate) fn can_be_edited(&self) -> bool {
        self.wire.as_ref().is_none_or(|wire| wire.faithful)
    }

    pub(crate) fn edit_notes(&self) -> &[Deviation] {
        &self.notes
    }

    /// Bytes in the set of the index, turned into the one that the message came in.
    pub(crate) fn turned_to_wire(&self, bytes: Vec<u8>) -> Vec<u8> {
        match &self.wire {
            Some(wire) => wire.charset.encode_with_question_marks(&String::from_utf8_lossy(&bytes)).0,
            None => bytes,
        }
    }

    /// The character set that the message is read and written in, with what is doubtful about it.
    pub fn charset(&self) -> Resolved {
        let resolved = self.resolved.get_or_init(|| {
            let declared = self.raw_declared_charset();
            resolve(declared, self.options.charset, &self.raw)
        });
        match &self.wire {
            Some(wire) => Resolved { charset: wire.charset, declared: resolved.declared, doubt: None },
            None => *resolved,
        }
    }

    /// Where group steps of paths are looked up. Without one, paths with groups find nothing.
    pub fn set_resolver(&mut self, resolver: Arc<dyn GroupResolver>) {
        self.resolver = Some(resolver);
    }

    /// The set that `raw` is written in.
    pub(crate) fn inner_charset(&self) -> Charset {
        if self.wire.is_some() { Charset::UTF_8 } else { self.charset().charset }
    }

    /// MSH-18, first repetition, as it came; in a batch that of its first message.
    fn raw_declared_charset(&self) -> &[u8] {
        let header = self.index.segments().iter().position(|s| &s.name == b"MSH").unwrap_or(0);
        let field = self.index.slot(header, 17).map_or(&[][..], |stretch| &self.raw[stretch.range]);
        field.split(|b| Some(*b) == self.delimiters().repetition).next().unwrap_or_default()
    }

    /// Decode and unescape bytes of this message.
    pub(crate) fn text_of<'a>(&self, bytes: &'a [u8]) -> Cow<'a, str> {
        if bytes == b"\"\"" {
            return Cow::Borrowed("");
        }
        let escape = self.delimiters().escape;
        let plain = |b: &u8| b.is_ascii() && Some(*b) != escape;
        if let (true, Ok(text)) = (bytes.iter().all(plain), std::str::from_utf8(bytes)) {
            return Cow::Borrowed(text);
        }
        let escaped = escape.is_some_and(|b| memchr::memchr(b, bytes).is_some());
        let charset = self.inner_charset();
        match charset.decode(bytes) {
            Cow::Borrowed(text) => escape::unescape(text, self.delimiters(), charset),
            Cow::Owned(text) if !escaped => Cow::Owned(text),
            Cow::Owned(text) => Cow::Owned(escape::unescape(&text, self.delimiters(), charset).into_owned()),
        }
    }
}

/// Shows sizes only: a message holds patient data.
impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("bytes", &self.original().len())
            .field("segments", &self.segment_count())
            .field("edited", &self.is_edited())
            .finish_non_exhaustive()
    }
}
