//! Reads fields and items of a PDU, and knows where it is.

use bytes::Bytes;

use super::Error;
use crate::association::deviation::{Deviation, Kind};

/// The bytes of one item that are not read yet.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    /// Offset of the rest from the first byte of the PDU.
    offset: usize,
    item: &'static str,
}

/// What is found out besides while one PDU is read.
pub(super) struct Notes<'a> {
    pub deviations: &'a mut Vec<Deviation>,
    pub items: usize,
    pub items_max: usize,
}

impl Notes<'_> {
    pub fn note(&mut self, kind: Kind, offset: usize) {
        note(self.deviations, kind, offset);
    }
}

/// Most deviations that are noted of one PDU: whoever has more is known by then.
const DEVIATIONS_MAX: usize = 64;

pub(super) fn note(deviations: &mut Vec<Deviation>, kind: Kind, offset: usize) {
    if deviations.len() < DEVIATIONS_MAX {
        deviations.push(Deviation::new(kind, offset));
    }
}

/// An item or sub-item.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub kind: u8,
    /// The reserved byte, which one sub-item has a use for.
    pub second: u8,
    pub offset: usize,
    pub value: &'a [u8],
}

impl<'a> Item<'a> {
    pub fn reader(&self, item: &'static str) -> Reader<'a> {
        Reader::new(self.value, self.offset, item)
    }

    pub fn bytes(&self) -> Bytes {
        Bytes::copy_from_slice(self.value)
    }

    /// A UID without its padding.
    pub fn uid(&self, notes: &mut Notes<'_>) -> String {
        text(self.value, self.offset, Kind::UidPadded, notes)
    }

    /// A text without its padding.
    pub fn text(&self, notes: &mut Notes<'_>) -> String {
        text(self.value, self.offset, Kind::TextPadded, notes)
    }
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8], offset: usize, item: &'static str) -> Self {
        Self { rest: bytes, offset, item }
    }

    pub fn offset(&self) -> usize {
        self.offset
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is left.
    pub fn rest(&mut self) -> &'a [u8] {
        self.offset += self.rest.len();
        std::mem::take(&mut self.rest)
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err(Error::Short { item: self.item, offset: self.offset });
        };
        self.rest = rest;
        self.offset += count;
        Ok(taken)
    }

    pub fn u8(&mut self) -> Result<u8, Error> {
        Ok(self.take(1)?[0])
    }

    pub fn u16(&mut self) -> Result<u16, Error> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    pub fn u32(&mut self) -> Result<u32, Error> {
        let bytes = self.take(4)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// A field behind its length of two bytes.
    pub fn field(&mut self) -> Result<&'a [u8], Error> {
        let length = usize::from(self.u16()?);
        if length > self.rest.len() {
            let (item, offset, remaining) = (self.item, self.offset, self.rest.len());
            return Err(Error::ItemTooLong { item, offset, length, remaining });
        }
        self.take(length)
    }

    /// A UID behind its length of two bytes.
    pub fn uid(&mut self, notes: &mut Notes<'_>) -> Result<String, Error> {
        let offset = self.offset;
        Ok(text(self.field()?, offset, Kind::UidPadded, notes))
    }

    /// The next item, or `None` at the end. Fewer bytes than an item has are passed over.
    pub fn next_item(
        &mut self,
        notes: &mut Notes<'_>,
        name: fn(u8) -> &'static str,
    ) -> Result<Option<Item<'a>>, Error> {
        if self.rest.len() < 4 {
            self.end(notes);
            return Ok(None);
        }
        notes.items += 1;
        if notes.items > notes.items_max {
            return Err(Error::TooManyItems { offset: self.offset, limit: notes.items_max });
        }
        let kind = self.u8()?;
        let second = self.u8()?;
        let length = usize::from(self.u16()?);
        let offset = self.offset;
        if length > self.rest.len() {
            let remaining = self.rest.len();
            return Err(Error::ItemTooLong { item: name(kind), offset, length, remaining });
        }
        Ok(Some(Item { kind, second, offset, value: self.take(length)? }))
    }

    /// Nothing more is expected.
    pub fn end(&mut self, notes: &mut Notes<'_>) {
        if !self.rest.is_empty() {
            notes.note(Kind::TrailingBytes, self.offset);
            self.rest();
        }
    }
}

/// Bytes as text without NULs and spaces around it; every byte is one character, so that nothing is lost.
fn text(bytes: &[u8], offset: usize, padded: Kind, notes: &mut Notes<'_>) -> String {
    let trimmed = trim(bytes);
    if trimmed.len() < bytes.len() {
        notes.note(padded, offset);
    }
    latin(trimmed)
}

/// Without NULs and spaces around it.
pub(super) fn trim(bytes: &[u8]) -> &[u8] {
    let padding = |byte: &u8| matches!(byte, 0 | b' ');
    let start = bytes.iter().position(|byte| !padding(byte)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| !padding(byte)).map_or(start, |at| at + 1);
    &bytes[start..end]
}

/// Every byte as the character of that number.
pub(super) fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}
