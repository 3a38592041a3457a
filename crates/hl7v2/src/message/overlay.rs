//! Edits lie over the bytes: a segment is either one of the index, or a list of slots of which only
//! those written to are new. Everything else is copied from the bytes as they came.

use bytes::Bytes;

use super::part::marks_of;
use crate::delimiters::Delimiters;
use crate::index::Index;

/// The segments of an edited message in their order.
#[derive(Debug, Clone)]
pub(super) struct Overlay {
    pub(super) order: Vec<Entry>,
}

#[derive(Clone)]
pub(super) enum Entry {
    /// Segment of the index, untouched.
    Raw(u32),
    /// Written to, or new.
    Own(Box<Own>),
}

#[derive(Clone)]
pub(super) struct Own {
    pub(super) name: [u8; 3],
    /// Slot 0 is the name, as in the index.
    pub(super) slots: Vec<OwnSlot>,
    /// The segment of the index whose terminator follows; a new segment gets the usual one.
    pub(super) terminator: Option<u32>,
}

#[derive(Clone)]
pub(super) enum OwnSlot {
    /// A slot of the index.
    Raw { segment: u32, slot: u32 },
    /// New bytes with their inner delimiters.
    New { bytes: Box<[u8]>, marks: Box<[u32]> },
}

impl OwnSlot {
    pub(super) fn new(bytes: Vec<u8>, delimiters: &Delimiters) -> Self {
        let marks = marks_of(&bytes, delimiters).into();
        Self::New { bytes: bytes.into(), marks }
    }

    pub(super) fn bytes<'a>(&'a self, raw: &'a Bytes, index: &Index) -> &'a [u8] {
        match self {
            Self::New { bytes, .. } => bytes,
            Self::Raw { segment, slot } => {
                index.slot(*segment as usize, *slot as usize).map_or(&[], |stretch| &raw[stretch.range])
            }
        }
    }
}

/// Shows no content: slots may hold patient data.
impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Raw(segment) => f.debug_tuple("Raw").field(segment).finish(),
            Self::Own(own) => f.debug_tuple("Own").field(&own.slots.len()).finish(),
        }
    }
}

impl Overlay {
    pub(super) fn new(segments: usize) -> Self {
        Self { order: (0..segments as u32).map(Entry::Raw).collect() }
    }

    /// The segment at `position`, made writable.
    pub(super) fn own(&mut self, position: usize, index: &Index) -> Option<&mut Own> {
        let entry = self.order.get_mut(position)?;
        if let Entry::Raw(segment) = *entry {
            let name = index.segments().get(segment as usize)?.name;
            let slots =
                (0..index.slot_count(segment as usize) as u32).map(|slot| OwnSlot::Raw { segment, slot });
            let own = Own { name, slots: slots.collect(), terminator: Some(segment) };
            *entry = Entry::Own(Box::new(own));
        }
        match entry {
            Entry::Own(own) => Some(own),
            Entry::Raw(_) => None,
        }
    }

    /// Write all segments behind the bytes that came before the first one.
    pub(super) fn write(&self, raw: &Bytes, index: &Index, out: &mut Vec<u8>) {
        let prefix = index.segments().first().map_or(0, |s| s.start as usize);
        out.extend_from_slice(&raw[..prefix]);
        for (position, entry) in self.order.iter().enumerate() {
            match entry {
                Entry::Raw(segment) => {
                    let place = &index.segments()[*segment as usize];
                    out.extend_from_slice(&raw[place.start as usize..place.end as usize]);
                }
                Entry::Own(own) => own.write(raw, index, out),
            }
            self.write_terminator(position, raw, index, out);
        }
    }

    /// Write what followed a segment when it came. If that was nothing (the last segment without CR)
    /// and another segment follows now, the message's usual line end is put there.
    pub(super) fn write_terminator(&self, position: usize, raw: &Bytes, index: &Index, out: &mut Vec<u8>) {
        let usual = index.lines().terminator();
        let origin = match self.order.get(position) {
            Some(Entry::Raw(segment)) => Some(*segment),
            Some(Entry::Own(own)) => own.terminator,
            None => None,
        };
        let Some(origin) = origin else { return out.extend_from_slice(usual) };
        let place = &index.segments()[origin as usize];
        let gap = &raw[place.end as usize..place.next as usize];
        let last = position + 1 == self.order.len();
        out.extend_from_slice(if gap.is_empty() && !last { usual } else { gap });
    }
}

impl Own {
    pub(super) fn write(&self, raw: &Bytes, index: &Index, out: &mut Vec<u8>) {
        for (i, slot) in self.slots.iter().enumerate() {
            if i > 0 {
                out.push(index.delimiters().field);
            }
            out.extend_from_slice(slot.bytes(raw, index));
        }
    }
}
