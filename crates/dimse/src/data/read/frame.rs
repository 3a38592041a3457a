//! What is open while a data set is read: sets, sequences, fragments.

use bytes::Bytes;
use dicom_core::{Tag, VR};

use super::header::{Order, looks_explicit, looks_swapped};
use crate::data::{DataSet, Element, Fragments};
use crate::deviation::Kind;

/// Something that is open.
pub(crate) enum Frame {
    Set(SetFrame),
    Sequence(SequenceFrame),
    Fragments(FragmentsFrame),
}

impl Frame {
    /// Where it ends, if that was said.
    pub(crate) fn end(&self) -> Option<u64> {
        match self {
            Frame::Set(set) => set.end,
            Frame::Sequence(sequence) => sequence.end,
            Frame::Fragments(_) => None,
        }
    }
}

/// A data set or an item.
pub(crate) struct SetFrame {
    elements: Vec<Element>,
    sorted: bool,
    pub(crate) last: Tag,
    pub(crate) end: Option<u64>,
    pub(crate) explicit: bool,
    pub(crate) big_endian: bool,
    /// Whether the first element was looked at, to see whether it has a VR.
    pub(crate) decided: bool,
}

/// A sequence.
pub(crate) struct SequenceFrame {
    pub(crate) tag: Tag,
    pub(crate) items: Vec<DataSet>,
    pub(crate) start: u64,
    pub(crate) end: Option<u64>,
    pub(crate) explicit: bool,
    pub(crate) big_endian: bool,
}

/// Encapsulated pixel data.
pub(crate) struct FragmentsFrame {
    pub(crate) tag: Tag,
    pub(crate) vr: VR,
    pub(crate) start: u64,
    pub(crate) big_endian: bool,
    /// Whether the fragments are kept or passed over.
    pub(crate) keep: bool,
    /// How many items of undefined length are open.
    pub(crate) nested: usize,
    pub(crate) fragments: Fragments,
    has_offsets: bool,
}

impl SetFrame {
    /// The outermost set. Most have more than a hundred elements.
    pub(crate) fn root(explicit: bool, big_endian: bool) -> Self {
        SetFrame { elements: Vec::with_capacity(128), ..SetFrame::item(explicit, big_endian, None) }
    }

    /// An item.
    pub(crate) fn item(explicit: bool, big_endian: bool, end: Option<u64>) -> Self {
        SetFrame {
            elements: Vec::new(),
            sorted: true,
            last: Tag(0, 0),
            end,
            explicit,
            big_endian,
            decided: false,
        }
    }

    /// Looks at the first element; eight bytes have to be there. Gives what differs from what was assumed.
    pub(crate) fn decide(&mut self, bytes: &[u8], left: Option<u64>, is_root: bool) -> [Option<Kind>; 2] {
        self.decided = true;
        let mut found = [None, None];
        let order = Order { big_endian: self.big_endian };
        if is_root && looks_swapped(bytes, order, left) {
            self.big_endian = !self.big_endian;
            found[0] = Some(Kind::WrongByteOrder);
        }
        let order = Order { big_endian: self.big_endian };
        if order.tag(bytes).0 == 0xFFFE {
            return found;
        }
        let explicit = looks_explicit(bytes, order, self.explicit, left);
        if explicit != self.explicit {
            self.explicit = explicit;
            found[1] = Some(if explicit { Kind::ExplicitInImplicit } else { Kind::ImplicitInExplicit });
        }
        found
    }

    /// The value of an element that was read already.
    pub(crate) fn get(&self, tag: Tag) -> Option<&Bytes> {
        self.elements.iter().rev().find(|element| element.tag == tag)?.as_bytes()
    }

    /// Adds an element, and says whether it follows in order.
    pub(crate) fn push(&mut self, element: Element) -> bool {
        let ascending = self.elements.is_empty() || element.tag > self.last;
        self.sorted &= ascending;
        self.last = self.last.max(element.tag);
        self.elements.push(element);
        ascending
    }

    /// The set, and the tags that were there more than once.
    pub(crate) fn finish(mut self) -> (DataSet, Vec<Tag>) {
        let mut duplicates = Vec::new();
        if !self.sorted {
            self.elements.sort_by_key(|element| element.tag);
            self.elements.dedup_by(|later, first| {
                let same = later.tag == first.tag;
                if same {
                    duplicates.push(later.tag);
                }
                same
            });
        }
        (DataSet::from_ascending(self.elements), duplicates)
    }
}

impl FragmentsFrame {
    pub(crate) fn new(tag: Tag, vr: VR, start: u64, big_endian: bool, keep: bool) -> Self {
        let fragments = Fragments::default();
        FragmentsFrame { tag, vr, start, big_endian, keep, nested: 0, fragments, has_offsets: false }
    }

    /// Adds a fragment; the first one is the table of offsets (PS3.5, Annex A.4).
    pub(crate) fn push(&mut self, bytes: Bytes) {
        if self.has_offsets {
            self.fragments.fragments.push(bytes);
        } else {
            self.fragments.offsets = bytes;
            self.has_offsets = true;
        }
    }
}
