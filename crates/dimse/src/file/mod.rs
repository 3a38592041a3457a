//! Files and streams: Part 10 (PS3.10, section 7), and data sets as they arrive.
//!
//! | function | for |
//! |---|---|
//! | [`open`] | a file, whatever of its head is missing or wrong |
//! | [`HeaderReader`] | a data set that arrives in pieces, up to its pixel data |
//! | [`Meta::to_bytes`] | the head of a file that is to be written |

mod arriving;
mod guess;
mod meta;

use bytes::Bytes;

use crate::data::{DataSet, End, Limits, PixelDataPlace, PixelDataUse, Skipped, read_with};
use crate::deviation::{Deviation, Kind};
use crate::syntax::TransferSyntax;
use crate::tags;

pub use arriving::{HeaderReader, Progress};
pub use guess::guess_syntax;
pub use meta::Meta;

/// A file that was opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The file meta information, group 0002.
    pub meta: DataSet,
    /// The data set.
    pub set: DataSet,
    /// The transfer syntax: that of the meta information, or what the bytes are where that is missing or wrong.
    pub syntax: TransferSyntax,
    /// Where the data set begins.
    pub data_set_offset: u64,
    /// Where the pixel data are; the offsets are those of the file. In a deflated file they are those of the
    /// inflated data set.
    pub pixel_data: Option<PixelDataPlace>,
    /// What is against the standard; offsets are those of the file, or of the inflated data set.
    pub deviations: Vec<Deviation>,
    /// Elements that are longer than the limit.
    pub skipped: Vec<Skipped>,
    /// How reading ended.
    pub end: End,
}

/// Why bytes are no file that can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There are fewer bytes than one element has.
    #[error("the file has only {length} bytes")]
    TooShort {
        /// How many there are.
        length: usize,
    },
    /// There is no prefix, and what stands at the beginning is no element.
    #[error("not a DICOM file: no DICM prefix, and no element at byte {offset}")]
    NotDicom {
        /// Where an element was expected.
        offset: usize,
    },
}

/// Opens a file of Part 10, or a data set without its head.
///
/// # Errors
///
/// Only where nothing in the bytes is DICOM.
pub fn open(bytes: impl Into<Bytes>, limits: &Limits, pixel_data: PixelDataUse) -> Result<Opened, Error> {
    let bytes = bytes.into();
    if bytes.len() < 8 {
        return Err(Error::TooShort { length: bytes.len() });
    }
    let mut deviations = Vec::new();
    let (start, has_prefix) = beginning(&bytes, &mut deviations);
    let mut meta = meta::read(&bytes, start, &mut deviations);
    if !has_prefix && meta.set.is_empty() {
        let junk = guess::junk_before(&bytes[start..]).ok_or(Error::NotDicom { offset: start })?;
        if junk > 0 {
            deviations.push(Deviation::at(Kind::JunkBefore, None, start as u64));
        }
        meta.end = start + junk;
    }
    let rest = bytes.slice(meta.end..);
    let syntax = syntax_of(&meta.set, &rest, &mut deviations);
    let reading = read_with(rest.clone(), &syntax, limits, pixel_data);
    let syntax = guess::refined(syntax, &reading, &rest, &mut deviations);
    let shift = if syntax.is_deflated() { 0 } else { meta.end as u64 };
    deviations.extend(reading.deviations.iter().map(|&deviation| shifted(deviation, shift)));
    Ok(Opened {
        meta: meta.set,
        set: reading.set,
        syntax,
        data_set_offset: meta.end as u64,
        pixel_data: reading.pixel_data.map(|place| PixelDataPlace {
            offset: place.offset + shift,
            value_offset: place.value_offset + shift,
            ..place
        }),
        deviations,
        skipped: reading.skipped,
        end: reading.end,
    })
}

/// Where the meta information begins, and whether the prefix is there.
fn beginning(bytes: &[u8], deviations: &mut Vec<Deviation>) -> (usize, bool) {
    if bytes.get(128..132) == Some(b"DICM") {
        return (132, true);
    }
    if bytes.starts_with(b"DICM") {
        deviations.push(Deviation::new(Kind::PreambleMissing));
        return (4, true);
    }
    deviations.push(Deviation::new(Kind::PrefixMissing));
    let blank = bytes.len() > 136 && bytes[..128].iter().all(|&byte| byte == 0);
    if blank {
        return (128, false);
    }
    deviations.push(Deviation::new(Kind::PreambleMissing));
    (0, false)
}

fn syntax_of(meta: &DataSet, rest: &[u8], deviations: &mut Vec<Deviation>) -> TransferSyntax {
    if let Some(uid) = meta.ascii(tags::TRANSFER_SYNTAX_UID) {
        return TransferSyntax::by_uid(uid);
    }
    if !meta.is_empty() {
        deviations.push(Deviation::of(Kind::TransferSyntaxMissing, tags::TRANSFER_SYNTAX_UID));
    }
    guess_syntax(rest).unwrap_or(TransferSyntax::IMPLICIT)
}

fn shifted(deviation: Deviation, by: u64) -> Deviation {
    Deviation { offset: deviation.offset.map(|offset| offset + by), ..deviation }
}
