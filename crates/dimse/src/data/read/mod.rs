//! Reading a data set (PS3.5, section 7), tolerant of what devices write.
//!
//! Nothing that can be read is refused: what is against the standard is noted as a [`Deviation`], and where the bytes
//! end too early, what was there until then is kept.

mod frame;
pub(crate) mod header;
pub(crate) mod inflate;
pub(crate) mod parser;
pub(crate) mod source;
pub(crate) mod swap;

use bytes::Bytes;
use dicom_core::{Tag, VR};

use super::DataSet;
use crate::deviation::{Deviation, Kind};
use crate::syntax::TransferSyntax;
use inflate::{Inflater, Outcome};
use parser::Parser;
use source::Whole;

/// How much is read at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep sequences are nested.
    pub depth: usize,
    /// How many elements, items and fragments there are.
    pub elements: usize,
    /// How many bytes a value that is kept has. Longer ones are passed over and listed in [`Reading::skipped`].
    pub value_length: u64,
    /// How many bytes all values have that are kept.
    pub total: u64,
    /// How many bytes a deflated data set has when it is inflated.
    pub inflated: u64,
    /// How many deviations are noted.
    pub deviations: usize,
}

impl Default for Limits {
    /// For a whole data set with its pixel data.
    fn default() -> Self {
        Limits {
            depth: 64,
            elements: 4_000_000,
            value_length: u64::MAX,
            total: u64::MAX,
            inflated: 4 << 30,
            deviations: 1_000,
        }
    }
}

impl Limits {
    /// For what stands before the pixel data while an instance is received.
    pub fn header() -> Self {
        Limits { value_length: 1 << 20, total: 64 << 20, inflated: 256 << 20, ..Limits::default() }
    }
}

/// What is to become of pixel data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PixelDataUse {
    /// They are read like any other element.
    #[default]
    Read,
    /// They are passed over; what follows them is read.
    Skip,
    /// Reading ends where they begin.
    Stop,
}

/// What came of reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The data set.
    pub set: DataSet,
    /// What is against the standard, in the order in which it was found.
    pub deviations: Vec<Deviation>,
    /// Elements that were passed over because they are longer than the limit.
    pub skipped: Vec<Skipped>,
    /// Where pixel data are, if there are any at the outermost level and they were reached.
    pub pixel_data: Option<PixelDataPlace>,
    /// How reading ended.
    pub end: End,
    /// How many bytes were read; of a deflated data set, inflated ones.
    pub length: u64,
}

/// How reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With the data set.
    Complete,
    /// At the pixel data, as was wanted.
    PixelData,
    /// The bytes end within the data set.
    Truncated {
        /// Where they end.
        offset: u64,
    },
    /// A limit was reached; what follows was not read.
    Limit {
        /// Which one.
        limit: Limit,
        /// Where.
        offset: u64,
    },
}

/// A limit of [`Limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::depth`].
    Depth,
    /// [`Limits::elements`].
    Elements,
    /// [`Limits::total`].
    Total,
    /// [`Limits::inflated`].
    Inflated,
}

/// An element that was passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skipped {
    /// Its tag; that of an element in an item as well.
    pub tag: Tag,
    /// Its VR.
    pub vr: VR,
    /// Where it begins.
    pub offset: u64,
    /// How many bytes its value has.
    pub length: u64,
}

/// Where pixel data are: (7FE0,0010), or Float (7FE0,0008) or Double Float Pixel Data (7FE0,0009).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelDataPlace {
    /// Their tag.
    pub tag: Tag,
    /// Their VR.
    pub vr: VR,
    /// Where the element begins, in bytes from the beginning of the data set.
    pub offset: u64,
    /// Where the value begins.
    pub value_offset: u64,
    /// How many bytes the value has, of fragments with all items and the delimiter; none where reading stopped
    /// before the end of the fragments was seen.
    pub length: Option<u64>,
    /// Whether they are in fragments.
    pub encapsulated: bool,
}

impl Reading {
    pub(crate) fn empty() -> Self {
        Reading {
            set: DataSet::new(),
            deviations: Vec::new(),
            skipped: Vec::new(),
            pixel_data: None,
            end: End::Complete,
            length: 0,
        }
    }

    /// Whether a deviation of this kind was found.
    pub fn has(&self, kind: Kind) -> bool {
        self.deviations.iter().any(|deviation| deviation.kind == kind)
    }

    /// Whether the data set was read to its end, or to the pixel data where that was wanted.
    pub fn is_whole(&self) -> bool {
        matches!(self.end, End::Complete | End::PixelData)
    }
}

/// Reads a whole data set. Values are slices of the bytes; nothing is copied but what is big endian or deflated.
pub fn read(bytes: impl Into<Bytes>, syntax: &TransferSyntax, limits: &Limits) -> Reading {
    read_with(bytes, syntax, limits, PixelDataUse::Read)
}

/// Reads a data set, and does with pixel data what is wanted.
pub fn read_with(
    bytes: impl Into<Bytes>,
    syntax: &TransferSyntax,
    limits: &Limits,
    pixel_data: PixelDataUse,
) -> Reading {
    let bytes = bytes.into();
    if syntax.is_deflated() {
        return read_deflated(&bytes, syntax, limits, pixel_data);
    }
    let mut parser = Parser::new(syntax, *limits, pixel_data).of_length(bytes.len() as u64);
    parser.run(&mut Whole(bytes));
    parser.into_reading()
}

fn read_deflated(
    bytes: &Bytes,
    syntax: &TransferSyntax,
    limits: &Limits,
    pixel_data: PixelDataUse,
) -> Reading {
    let form = inflate::form(bytes);
    let (inflated, outcome) = match form {
        inflate::Form::Plain => (bytes.clone(), Outcome::Complete),
        form => inflate_all(bytes, limits, form == inflate::Form::Zlib),
    };
    let length = inflated.len() as u64;
    let mut parser = Parser::new(syntax, *limits, pixel_data).of_length(length);
    let damaged = (outcome == Outcome::Damaged).then_some(Kind::DeflateDamaged);
    form.deviation().into_iter().chain(damaged).for_each(|kind| parser.note(kind, None));
    parser.run(&mut Whole(inflated));
    let mut reading = parser.into_reading();
    match (outcome, reading.end) {
        (Outcome::Limit, End::Complete | End::Truncated { .. }) => {
            reading.end = End::Limit { limit: Limit::Inflated, offset: length };
        }
        (Outcome::Hungry | Outcome::Damaged, End::Complete) => {
            reading.end = End::Truncated { offset: length };
        }
        _ => {}
    }
    reading
}

fn inflate_all(bytes: &[u8], limits: &Limits, zlib_header: bool) -> (Bytes, Outcome) {
    let mut out = Vec::new();
    let outcome = Inflater::new(limits.inflated, zlib_header).push(bytes, |piece| {
        out.extend_from_slice(piece);
        true
    });
    (Bytes::from(out), outcome)
}
