//! Segments of a message, one after another.

use std::borrow::Cow;

use super::overlay::{Entry, Own, OwnSlot};
use super::{Message, Part};

impl Message {
    /// Number of segments.
    #[inline]
    pub fn segment_count(&self) -> usize {
        match &self.overlay {
            Some(overlay) => overlay.order.len(),
            None => self.index.segments().len(),
        }
    }

    /// The segment at a position, from 0.
    #[inline]
    pub fn segment(&self, position: usize) -> Option<Segment<'_>> {
        let place = match &self.overlay {
            Some(overlay) => match overlay.order.get(position)? {
                Entry::Raw(segment) => PlaceOf::Raw(*segment as usize),
                Entry::Own(own) => PlaceOf::Own(own),
            },
            None if position < self.index.segments().len() => PlaceOf::Raw(position),
            None => return None,
        };
        Some(Segment { message: self, position, place })
    }

    /// The segments in their order.
    pub fn segments(&self) -> Segments<'_> {
        Segments { message: self, next: 0, end: self.segment_count() }
    }

    /// Whether the segment at a position has a name; cheaper than asking the segment.
    #[inline]
    pub(super) fn is_named(&self, position: usize, name: [u8; 3]) -> bool {
        match &self.overlay {
            None => self.index.segments().get(position).is_some_and(|segment| segment.name == name),
            Some(_) => self.segment(position).is_some_and(|segment| segment.name_bytes() == name),
        }
    }
}

/// One segment of a message.
#[derive(Clone, Copy)]
pub struct Segment<'a> {
    message: &'a Message,
    position: usize,
    place: PlaceOf<'a>,
}

#[derive(Clone, Copy)]
enum PlaceOf<'a> {
    /// Segment of the index.
    Raw(usize),
    Own(&'a Own),
}

impl<'a> Segment<'a> {
    /// Name, three bytes in upper case.
    #[inline]
    pub fn name_bytes(&self) -> [u8; 3] {
        match self.place {
            PlaceOf::Raw(segment) => self.message.index.segments()[segment].name,
            PlaceOf::Own(own) => own.name,
        }
    }

    /// Name as text.
    pub fn name(&self) -> &'a str {
        let name: &[u8; 3] = match self.place {
            PlaceOf::Raw(segment) => &self.message.index.segments()[segment].name,
            PlaceOf::Own(own) => &own.name,
        };
        std::str::from_utf8(name).unwrap_or("???")
    }

    /// Position in the message, from 0.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Which segment of its name this is, from 1.
    pub fn occurrence(&self) -> usize {
        let name = self.name_bytes();
        1 + self.message.segments().take(self.position).filter(|s| s.name_bytes() == name).count()
    }

    /// True for MSH, FHS and BHS, which count their field separator as field 1.
    #[inline]
    pub fn is_header(&self) -> bool {
        is_header(self.name_bytes())
    }

    /// The number of the last field.
    pub fn field_count(&self) -> usize {
        let slots = match self.place {
            PlaceOf::Raw(segment) => self.message.index.slot_count(segment),
            PlaceOf::Own(own) => own.slots.len(),
        };
        if self.is_header() { slots } else { slots.saturating_sub(1) }
    }

    /// Field `number`, from 1, with all its repetitions.
    #[inline]
    pub fn field(&self, number: usize) -> Option<Part<'a>> {
        if !self.is_header() {
            return if number == 0 { None } else { self.slot(number) };
        }
        match number {
            0 => None,
            1 => Some(self.part(&self.message.separator, &[], 0)),
            // The delimiters in MSH-2 delimit nothing.
            2 => self.slot(1).map(|part| Part { marks: &[], ..part }),
            _ => self.slot(number - 1),
        }
    }

    /// The fields with their numbers.
    pub fn fields(&self) -> impl Iterator<Item = (usize, Part<'a>)> + use<'a> {
        let segment = *self;
        (1..=segment.field_count()).filter_map(move |number| Some((number, segment.field(number)?)))
    }

    /// The bytes of the segment without its terminator.
    pub fn raw(&self) -> Cow<'a, [u8]> {
        match self.place {
            PlaceOf::Raw(segment) => {
                let place = &self.message.index.segments()[segment];
                Cow::Borrowed(&self.message.raw[place.start as usize..place.end as usize])
            }
            PlaceOf::Own(own) => {
                let mut out = Vec::new();
                own.write(&self.message.raw, &self.message.index, &mut out);
                Cow::Owned(out)
            }
        }
    }

    /// Byte offset of the segment in the message as it came; `None` for one that was edited.
    pub fn offset(&self) -> Option<usize> {
        match self.place {
            PlaceOf::Raw(segment) => Some(self.message.index.segments()[segment].start as usize),
            PlaceOf::Own(_) => None,
        }
    }

    #[inline]
    fn slot(&self, slot: usize) -> Option<Part<'a>> {
        let (segment, slot) = match self.place {
            PlaceOf::Raw(segment) => (segment, slot),
            PlaceOf::Own(own) => match own.slots.get(slot)? {
                OwnSlot::Raw { segment, slot } => (*segment as usize, *slot as usize),
                OwnSlot::New { bytes, marks } => return Some(self.part(bytes, marks, 0)),
            },
        };
        let stretch = self.message.index.slot(segment, slot)?;
        let base = stretch.range.start as u32;
        Some(self.part(&self.message.raw[stretch.range], stretch.marks, base))
    }

    #[inline]
    fn part(&self, bytes: &'a [u8], marks: &'a [u32], base: u32) -> Part<'a> {
        Part { message: self.message, bytes, marks, base }
    }
}

/// Shows name and position only: a segment may hold patient data.
impl std::fmt::Debug for Segment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Segment")
            .field("name", &self.name())
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

/// Iterator over the segments of a message.
#[derive(Debug, Clone)]
pub struct Segments<'a> {
    message: &'a Message,
    next: usize,
    end: usize,
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    #[inline]
    fn next(&mut self) -> Option<Segment<'a>> {
        if self.next >= self.end {
            return None;
        }
        self.next += 1;
        self.message.segment(self.next - 1)
    }
}

/// Segments that hold the delimiters.
#[inline]
pub(crate) fn is_header(name: [u8; 3]) -> bool {
    matches!(&name, b"MSH" | b"FHS" | b"BHS")
}
