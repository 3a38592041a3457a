//! Writing a data set (PS3.5, section 7).
//!
//! | what | how it is written |
//! |---|---|
//! | sequences and items | with their lengths; with a delimiter only where they have 4 GiB or more |
//! | private sequences without a VR | of undefined length: nothing else says that they are sequences |
//! | values of odd length | with one byte of padding (PS3.5, section 6.2) |
//! | values too long for a VR with a length of 16 bits | as UN (PS3.5, section 6.2.2) |
//! | group lengths | those of groups 0000 and 0002 are computed anew, all others left out: they are retired |
//! | deflated data sets | as one raw stream (RFC 1951), with one byte of padding |

use std::io::Write;

use dicom_core::{Tag, VR};
use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::read::header::{UNDEFINED, has_long_length};
use super::read::swap;
use super::{DataSet, Element, Fragments, Value};
use crate::syntax::{PixelDataForm, TransferSyntax};

/// Why a data set can't be written in a transfer syntax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A transfer syntax without fragments can't hold them.
    #[error("{tag} has fragments, which the transfer syntax can't hold")]
    Fragments {
        /// The element.
        tag: Tag,
    },
    /// A value is longer than a length of 32 bits can say.
    #[error("{tag} has {length} bytes; no length can say that")]
    TooLong {
        /// The element.
        tag: Tag,
        /// How many bytes it has.
        length: usize,
    },
}

/// Writes a data set.
///
/// # Errors
///
/// Where it has fragments and the transfer syntax has no place for them, or a value is longer than 4 GiB.
pub fn write(set: &DataSet, syntax: &TransferSyntax) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    write_into(&mut out, set, syntax)?;
    Ok(out)
}

/// Writes a data set behind what is there already.
///
/// # Errors
///
/// As [`write()`]; what was written until then stays.
pub fn write_into(out: &mut Vec<u8>, set: &DataSet, syntax: &TransferSyntax) -> Result<(), Error> {
    let form = Form {
        explicit: syntax.is_explicit(),
        big_endian: syntax.is_big_endian(),
        fragments: syntax.pixel_data() != PixelDataForm::Native,
    };
    if !syntax.is_deflated() {
        return form.set(out, set);
    }
    let mut plain = Vec::new();
    form.set(&mut plain, set)?;
    let start = out.len();
    let mut encoder = DeflateEncoder::new(&mut *out, Compression::default());
    // Writing into memory does not fail.
    let _ = encoder.write_all(&plain);
    let _ = encoder.finish();
    if (out.len() - start) % 2 == 1 {
        out.push(0);
    }
    Ok(())
}

/// How elements are written.
#[derive(Clone, Copy)]
struct Form {
    explicit: bool,
    big_endian: bool,
    fragments: bool,
}

const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

impl Form {
    fn set(self, out: &mut Vec<u8>, set: &DataSet) -> Result<(), Error> {
        let mut group_length = None;
        for element in set {
            let Tag(group, number) = element.tag;
            if number == 0 && group > 2 {
                continue;
            }
            if let Some((of, place)) = group_length
                && of != group
            {
                self.finish_group(out, place);
                group_length = None;
            }
            self.element(out, element)?;
            if number == 0 {
                group_length = Some((group, out.len() - 4));
            }
        }
        if let Some((_, place)) = group_length {
            self.finish_group(out, place);
        }
        Ok(())
    }

    fn element(self, out: &mut Vec<u8>, element: &Element) -> Result<(), Error> {
        match &element.value {
            // Its number is written when the group is at its end, whatever it was.
            _ if element.tag.1 == 0 && element.tag.0 <= 2 => {
                self.head(out, element.tag, VR::UL, 4);
                out.extend_from_slice(&[0; 4]);
                Ok(())
            }
            Value::Bytes(bytes) => self.bytes(out, element.tag, element.vr, bytes),
            Value::Sequence(items) => self.sequence(out, element.tag, items),
            Value::Fragments(fragments) => self.encapsulated(out, element, fragments),
        }
    }

    fn bytes(self, out: &mut Vec<u8>, tag: Tag, vr: VR, bytes: &[u8]) -> Result<(), Error> {
        let odd = bytes.len() % 2;
        let length = match u32::try_from(bytes.len() + odd) {
            Ok(length) if length != UNDEFINED => length,
            _ => return Err(Error::TooLong { tag, length: bytes.len() }),
        };
        let vr = match vr {
            // A sequence without items that are known is not one that others can read.
            VR::SQ if length > 0 => VR::UN,
            vr if length > 0xFFFF && !has_long_length(vr) => VR::UN,
            vr => vr,
        };
        self.head(out, tag, vr, length);
        let start = out.len();
        out.extend_from_slice(bytes);
        if odd == 1 {
            out.push(padding(vr));
        }
        if self.big_endian {
            swap::swap_in_place(swap::word(vr), &mut out[start..]);
        }
        Ok(())
    }

    fn sequence(self, out: &mut Vec<u8>, tag: Tag, items: &[DataSet]) -> Result<(), Error> {
        self.head(out, tag, VR::SQ, 0);
        let start = out.len();
        for item in items {
            self.head(out, ITEM, VR::UN, 0);
            let start = out.len();
            self.set(out, item)?;
            self.finish(out, start, ITEM_END);
        }
        if !self.explicit && tag.0 % 2 == 1 {
            self.patch(out, start - 4, UNDEFINED);
            self.head(out, SEQUENCE_END, VR::UN, 0);
        } else {
            self.finish(out, start, SEQUENCE_END);
        }
        Ok(())
    }

    fn encapsulated(self, out: &mut Vec<u8>, element: &Element, value: &Fragments) -> Result<(), Error> {
        let tag = element.tag;
        if !self.fragments {
            return Err(Error::Fragments { tag });
        }
        self.head(out, tag, element.vr, UNDEFINED);
        for fragment in std::iter::once(&value.offsets).chain(&value.fragments) {
            let odd = fragment.len() % 2;
            let length = u32::try_from(fragment.len() + odd).ok().filter(|&length| length != UNDEFINED);
            let length = length.ok_or(Error::TooLong { tag, length: fragment.len() })?;
            self.head(out, ITEM, VR::UN, length);
            out.extend_from_slice(fragment);
            if odd == 1 {
                out.push(0);
            }
        }
        self.head(out, SEQUENCE_END, VR::UN, 0);
        Ok(())
    }

    /// The header of an element, an item or a delimiter.
    fn head(self, out: &mut Vec<u8>, tag: Tag, vr: VR, length: u32) {
        self.u16(out, tag.0);
        self.u16(out, tag.1);
        if self.explicit && tag.0 != 0xFFFE {
            out.extend_from_slice(&vr.to_bytes());
            if !has_long_length(vr) {
                return self.u16(out, length as u16);
            }
            out.extend_from_slice(&[0, 0]);
        }
        self.u32(out, length);
    }

    /// Writes the length of an item or sequence that began here.
    fn finish(self, out: &mut Vec<u8>, start: usize, delimiter: Tag) {
        match u32::try_from(out.len() - start) {
            Ok(length) if length != UNDEFINED => self.patch(out, start - 4, length),
            _ => {
                self.patch(out, start - 4, UNDEFINED);
                self.head(out, delimiter, VR::UN, 0);
            }
        }
    }

    /// Writes the length of a group whose length stands here.
    fn finish_group(self, out: &mut [u8], place: usize) {
        let length = u32::try_from(out.len() - place - 4).unwrap_or(UNDEFINED);
        self.patch(out, place, length);
    }

    fn patch(self, out: &mut [u8], place: usize, number: u32) {
        let bytes = if self.big_endian { number.to_be_bytes() } else { number.to_le_bytes() };
        out[place..place + 4].copy_from_slice(&bytes);
    }

    fn u16(self, out: &mut Vec<u8>, number: u16) {
        out.extend_from_slice(&if self.big_endian { number.to_be_bytes() } else { number.to_le_bytes() });
    }

    fn u32(self, out: &mut Vec<u8>, number: u32) {
        out.extend_from_slice(&if self.big_endian { number.to_be_bytes() } else { number.to_le_bytes() });
    }
}

/// What makes a value even: a space for text, zero for UIDs and for everything else.
pub(crate) fn padding(vr: VR) -> u8 {
    match vr {
        VR::AE
        | VR::AS
        | VR::CS
        | VR::DA
        | VR::DS
        | VR::DT
        | VR::IS
        | VR::LO
        | VR::LT
        | VR::PN
        | VR::SH
        | VR::ST
        | VR::TM
        | VR::UC
        | VR::UR
        | VR::UT => b' ',
        _ => 0,
    }
}
