//! The header of an element (PS3.5, sections 7.1.2 and 7.1.3), and how it is told whether it has a VR.
//!
//! | form | bytes |
//! |---|---|
//! | explicit, short | group 2, element 2, VR 2, length 2 |
//! | explicit, long | group 2, element 2, VR 2, reserved 2, length 4 |
//! | implicit, item, delimiter | group 2, element 2, length 4 |

use dicom_core::{Tag, VR};

use crate::dictionary;

/// The length that says that a delimiter follows.
pub(crate) const UNDEFINED: u32 = 0xFFFF_FFFF;

/// What was read of a header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) tag: Tag,
    /// The VR that was written; none in implicit form.
    pub(crate) vr: Option<VR>,
    pub(crate) length: u32,
    /// How many bytes the header has.
    pub(crate) size: usize,
    pub(crate) oddity: Option<Oddity>,
}

/// What is odd about a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Oddity {
    /// Two bytes stand at the place of the VR that are none.
    UnknownVr,
    /// A length of 16 bits where 32 bits are due.
    ShortLength,
    /// No VR in a set that has them.
    NoVr,
}

/// The numbers of a byte order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) big_endian: bool,
}

impl Order {
    #[inline]
    fn u16(self, bytes: &[u8], at: usize) -> u16 {
        let two = [bytes[at], bytes[at + 1]];
        if self.big_endian { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) }
    }

    #[inline]
    fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let four = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        if self.big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
    }

    /// The tag that stands here. Four bytes have to be there.
    #[inline]
    pub(crate) fn tag(self, bytes: &[u8]) -> Tag {
        Tag(self.u16(bytes, 0), self.u16(bytes, 2))
    }
}

/// Reads an item or a delimiter, or an element in implicit form. Eight bytes have to be there.
#[inline]
pub(crate) fn implicit(bytes: &[u8], order: Order) -> Header {
    Header { tag: order.tag(bytes), vr: None, length: order.u32(bytes, 4), size: 8, oddity: None }
}

/// Reads an element in explicit form; none where more bytes are needed. `left` is how many are left in all, where
/// that is known. Eight bytes have to be there.
#[inline]
pub(crate) fn explicit(bytes: &[u8], order: Order, left: Option<u64>) -> Option<Header> {
    let tag = order.tag(bytes);
    let code = [bytes[4], bytes[5]];
    let Some(vr) = vr(code) else { return unknown(bytes, order, left) };
    if !has_long_length(vr) {
        let length = u32::from(order.u16(bytes, 6));
        return Some(Header { tag, vr: Some(vr), length, size: 8, oddity: None });
    }
    if bytes.len() < 12 {
        return None;
    }
    let length = order.u32(bytes, 8);
    let long = Header { tag, vr: Some(vr), length, size: 12, oddity: None };
    let short = u32::from(order.u16(bytes, 6));
    // The reserved bytes are zero; a device that put a short length there is betrayed by the tag that follows.
    if short != 0 && follows(bytes, 8 + u64::from(short), order, tag, left) && !fits(&long, left) {
        return Some(Header { length: short, size: 8, oddity: Some(Oddity::ShortLength), ..long });
    }
    Some(long)
}

/// An element whose VR is none: printable letters are taken for a VR of some future or some device, everything else
/// for an element in implicit form (DCMTK and pydicom do the same).
fn unknown(bytes: &[u8], order: Order, left: Option<u64>) -> Option<Header> {
    let plain = implicit(bytes, order);
    let code = [bytes[4], bytes[5]];
    let blank = code == [0, 0] && plain.length != 0 && !is_pixel_data(plain.tag);
    if !blank && !code.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        return Some(Header { oddity: Some(Oddity::NoVr), ..plain });
    }
    let short = Header { length: u32::from(order.u16(bytes, 6)), oddity: Some(Oddity::UnknownVr), ..plain };
    if bytes.len() < 12 {
        // Eleven bytes at the very end can only be a short form.
        return left.is_some_and(|left| left < 12).then_some(short);
    }
    let long = Header { length: order.u32(bytes, 8), size: 12, ..short };
    // PS3.5, section 6.2: VRs to come have a length of 32 bits.
    if code.iter().all(u8::is_ascii_uppercase) && short.length == 0 && fits(&long, left) {
        return Some(long);
    }
    if blank && !follows(bytes, 8 + u64::from(short.length), order, plain.tag, left) {
        return Some(Header { oddity: Some(Oddity::NoVr), ..plain });
    }
    Some(short)
}

fn fits(header: &Header, left: Option<u64>) -> bool {
    let end = header.size as u64 + u64::from(header.length);
    header.length == UNDEFINED || left.map_or(header.length < 0x1000_0000, |left| end <= left)
}

/// Whether, at this distance, the bytes end or a tag stands that may follow.
fn follows(bytes: &[u8], distance: u64, order: Order, tag: Tag, left: Option<u64>) -> bool {
    if left == Some(distance) {
        return true;
    }
    let Some(next) = usize::try_from(distance).ok().and_then(|at| bytes.get(at..at + 4)) else {
        return false;
    };
    let next = order.tag(next);
    next > tag && (next.0 == 0xFFFE || next.0 - tag.0 < 0x1000 || next.0 == 0x7FE0)
}

/// Whether elements have VRs, seen at the first one of a set. Eight bytes have to be there.
pub(crate) fn looks_explicit(bytes: &[u8], order: Order, assumed: bool, left: Option<u64>) -> bool {
    let plain = implicit(bytes, order);
    let code = [bytes[4], bytes[5]];
    match (vr(code), assumed) {
        (Some(_), true) => true,
        (Some(vr), false) => {
            let of_dictionary = dictionary::vr(plain.tag);
            of_dictionary.is_none_or(|known| known == vr) || !fits(&plain, left)
        }
        (None, false) => false,
        (None, true) => explicit(bytes, order, left).is_none_or(|header| header.oddity != Some(Oddity::NoVr)),
    }
}

/// Whether the first element of a data set only makes sense in the other byte order: its tag is of the dictionary
/// only there, and its length is one that may be. Eight bytes have to be there.
pub(crate) fn looks_swapped(bytes: &[u8], order: Order, left: Option<u64>) -> bool {
    let tag = order.tag(bytes);
    let turned = Tag(tag.0.swap_bytes(), tag.1.swap_bytes());
    if tag.0 & 0x00FF != 0 || tag.0 == 0 {
        return false;
    }
    let by_tag = match tag.1 {
        // A group length says only by its group what it is of.
        0 => !matches!(tag.0, 0x0100 | 0x0400 | 0x2000 | 0x2100 | 0x2200 | 0x4000 | 0x5000 | 0x6000),
        // Private creators are in the dictionary by their range alone, which says nothing.
        _ => turned.0.is_multiple_of(2) && dictionary::vr(tag).is_none() && dictionary::vr(turned).is_some(),
    };
    by_tag && may_be(bytes, Order { big_endian: !order.big_endian }, left)
}

/// Whether the length of an element is one that may be.
fn may_be(bytes: &[u8], order: Order, left: Option<u64>) -> bool {
    match vr([bytes[4], bytes[5]]) {
        Some(_) => explicit(bytes, order, left).is_none_or(|header| fits(&header, left)),
        None => fits(&implicit(bytes, order), left),
    }
}

/// Pixel data, whatever their form.
#[inline]
pub(crate) fn is_pixel_data(tag: Tag) -> bool {
    tag.0 == 0x7FE0 && matches!(tag.1, 0x0008 | 0x0009 | 0x0010)
}

/// The VR of two bytes.
#[rustfmt::skip]
#[inline]
pub(crate) fn vr(code: [u8; 2]) -> Option<VR> {
    Some(match &code {
        b"AE" => VR::AE, b"AS" => VR::AS, b"AT" => VR::AT, b"CS" => VR::CS, b"DA" => VR::DA, b"DS" => VR::DS,
        b"DT" => VR::DT, b"FL" => VR::FL, b"FD" => VR::FD, b"IS" => VR::IS, b"LO" => VR::LO, b"LT" => VR::LT,
        b"OB" => VR::OB, b"OD" => VR::OD, b"OF" => VR::OF, b"OL" => VR::OL, b"OV" => VR::OV, b"OW" => VR::OW,
        b"PN" => VR::PN, b"SH" => VR::SH, b"SL" => VR::SL, b"SQ" => VR::SQ, b"SS" => VR::SS, b"ST" => VR::ST,
        b"SV" => VR::SV, b"TM" => VR::TM, b"UC" => VR::UC, b"UI" => VR::UI, b"UL" => VR::UL, b"UN" => VR::UN,
        b"UR" => VR::UR, b"US" => VR::US, b"UT" => VR::UT, b"UV" => VR::UV,
        _ => return None,
    })
}

/// Whether a VR has a length of 32 bits in explicit form (PS3.5, table 7.1-1).
#[inline]
pub(crate) fn has_long_length(vr: VR) -> bool {
    matches!(
        vr,
        VR::OB
            | VR::OD
            | VR::OF
            | VR::OL
            | VR::OV
            | VR::OW
            | VR::SQ
            | VR::SV
            | VR::UC
            | VR::UN
            | VR::UR
            | VR::UT
            | VR::UV
    )
}
