//! Pixel data of a data set, frame by frame.

use std::borrow::Cow;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::codec::{Coded, Samples};
use super::frames::{ExtendedOffsets, Frames};
use super::layout::{Layout, Limits};
use super::syntax::Coding;
use super::{Error, Fault, htj2k, jpeg, jpeg2000, jpegls, native, rle};
use crate::data::{DataSet, Fragments, Value};

/// One decoded frame.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// How its samples lie: one frame, colour by pixel, a byte for a pixel of one bit. Its Photometric Interpretation is
    /// that of the samples here: JPEG of three components is given as RGB, whatever the data set says of the stream, as
    /// is JPEG 2000 whose stream uses a colour transformation; chrominances that were left out have been filled in.
    pub layout: Layout,
    /// The samples, little endian.
    pub samples: Vec<u8>,
    /// Whether the coding lost something: DCT, near-lossless, irreversible wavelets.
    pub is_lossy: bool,
}

/// Pixels are of patients: only their layout is shown.
impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frame").field("layout", &self.layout).field("bytes", &self.samples.len()).finish()
    }
}

/// Pixel data, ready to be decoded frame by frame. Nothing is copied or decoded before a frame is asked for.
#[derive(Clone)]
pub struct PixelData<'a> {
    layout: Layout,
    coding: Coding,
    source: Source<'a>,
}

#[derive(Clone)]
enum Source<'a> {
    Native(&'a [u8]),
    Fragments(Frames<'a>),
}

impl<'a> PixelData<'a> {
    /// The pixel data of a data set that came in this transfer syntax: Pixel Data (7FE0,0010), Float Pixel Data or
    /// Double Float Pixel Data.
    pub fn of(set: &'a DataSet, transfer_syntax: &str, limits: &Limits) -> Result<Self, Error> {
        let layout = Layout::of(set, limits)?;
        let (tag, name) = [
            (tags::PIXEL_DATA, "Pixel Data"),
            (tags::FLOAT_PIXEL_DATA, "Float Pixel Data"),
            (tags::DOUBLE_FLOAT_PIXEL_DATA, "Double Float Pixel Data"),
        ]
        .into_iter()
        .find(|(tag, _)| set.get(*tag).is_some())
        .unwrap_or((tags::PIXEL_DATA, "Pixel Data"));
        let absent = |what| Error::Attribute { tag, name, what };
        match &set.get(tag).ok_or(absent("absent"))?.value {
            Value::Bytes(bytes) => Self::native(layout, bytes, transfer_syntax, (tag, name)),
            Value::Fragments(fragments) => {
                let bytes = |tag| set.get(tag).and_then(|element| element.as_bytes()).map_or(&[][..], |b| b);
                let offsets = bytes(tags::EXTENDED_OFFSET_TABLE);
                let lengths = bytes(tags::EXTENDED_OFFSET_TABLE_LENGTHS);
                Self::encapsulated(layout, fragments, ExtendedOffsets { offsets, lengths }, transfer_syntax)
            }
            Value::Sequence(_) => Err(absent("a sequence")),
        }
    }

    /// Encapsulated pixel data of a layout that was checked, without extended offset table.
    pub fn of_fragments(
        layout: Layout,
        fragments: &'a Fragments,
        transfer_syntax: &str,
    ) -> Result<Self, Error> {
        Self::encapsulated(layout, fragments, ExtendedOffsets::default(), transfer_syntax)
    }

    /// Native pixel data of a layout that was checked.
    pub fn of_bytes(layout: Layout, bytes: &'a [u8], transfer_syntax: &str) -> Result<Self, Error> {
        Self::native(layout, bytes, transfer_syntax, (tags::PIXEL_DATA, "Pixel Data"))
    }

    fn native(
        mut layout: Layout,
        bytes: &'a [u8],
        transfer_syntax: &str,
        (tag, name): (Tag, &'static str),
    ) -> Result<Self, Error> {
        // Bytes that are not in fragments are native, whatever the transfer syntax says.
        let coding = match Coding::of(transfer_syntax) {
            Some(native @ Coding::Native { .. }) => native,
            _ => Coding::Native { big: false },
        };
        // Toolkits that decode keep the word for chrominances left out, when none are any more.
        let whole = layout.samples_per_frame() as u64 * u64::from(layout.bits_allocated) / 8;
        if layout.samples == 3 && bytes.len() as u64 >= whole * u64::from(layout.frames) {
            layout.photometric = native::whole(layout.photometric);
        }
        if layout.native_frame_bits().div_ceil(8) > bytes.len() as u64 {
            let what =
                "fewer bytes than one frame of Rows, Columns, Samples per Pixel and Bits Allocated takes";
            return Err(Error::Attribute { tag, name, what });
        }
        Ok(PixelData { layout, coding, source: Source::Native(bytes) })
    }

    fn encapsulated(
        layout: Layout,
        fragments: &'a Fragments,
        extended: ExtendedOffsets<'_>,
        transfer_syntax: &str,
    ) -> Result<Self, Error> {
        let coding = Coding::of(transfer_syntax).ok_or_else(|| Error::Syntax(transfer_syntax.to_owned()))?;
        let source = Source::Fragments(Frames::of(fragments, extended, layout.frames));
        Ok(PixelData { layout, coding, source })
    }

    /// The layout, as the data set has it.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// How many frames there are: Number of Frames, or fewer where the bytes end before.
    pub fn frames(&self) -> u32 {
        let present = match &self.source {
            Source::Native(bytes) => bytes.len() as u64 * 8 / self.layout.native_frame_bits(),
            Source::Fragments(frames) => frames.len() as u64,
        };
        u32::try_from(present).unwrap_or(u32::MAX).min(self.layout.frames)
    }

    /// The bytes of a frame as they were sent, counted from 0: coded, or native (a frame of one bit a pixel that does
    /// not begin at a byte is moved there). Copied only where there is no other way.
    pub fn raw(&self, index: u32) -> Result<Cow<'a, [u8]>, Error> {
        let absent = Error::NoFrame { number: index.saturating_add(1), frames: self.frames() };
        if index >= self.frames() {
            return Err(absent);
        }
        match &self.source {
            Source::Native(bytes) => native::cut(bytes, &self.layout, index).ok_or(absent),
            Source::Fragments(frames) => frames.get(index as usize).ok_or(absent),
        }
    }

    /// Decodes a frame, counted from 0.
    pub fn decode(&self, index: u32) -> Result<Frame, Error> {
        let bytes = self.raw(index)?;
        let samples = self.decode_bytes(bytes).map_err(|fault| Error::frame(index, fault))?;
        Ok(Frame {
            layout: self.layout.decoded(samples.photometric),
            samples: samples.bytes,
            is_lossy: samples.is_lossy,
        })
    }

    fn decode_bytes(&self, bytes: Cow<'_, [u8]>) -> Result<Samples, Fault> {
        let layout = &self.layout;
        let photometric = native::whole(layout.photometric);
        let exact = |bytes| Samples { bytes, photometric, is_lossy: false };
        match self.coding {
            Coding::Native { big } => native::decode(&bytes, layout, big).map(exact),
            Coding::Encapsulated => native::decode(&bytes, layout, false).map(exact),
            Coding::Deflated => native::decode(&native::inflate(&bytes, layout)?, layout, false).map(exact),
            Coding::Rle => rle::decode(&bytes, layout).map(exact),
            Coding::Jpeg => sniff(&bytes).unwrap_or(jpeg::coded()).run(&bytes, layout),
            Coding::JpegLs => sniff(&bytes).unwrap_or(jpegls::coded()).run(&bytes, layout),
            Coding::Jpeg2000 | Coding::Htj2k => {
                sniff(&bytes).unwrap_or(of_codestream(&bytes)).run(&bytes, layout)
            }
        }
    }

    pub(super) fn coding(&self) -> Coding {
        self.coding
    }
}

/// The decoder for what the bytes are, whichever of these the transfer syntax says: senders mix them up.
fn sniff(bytes: &[u8]) -> Option<Coded> {
    if bytes.starts_with(&[0xFF, 0x4F, 0xFF, 0x51]) {
        return Some(of_codestream(bytes));
    }
    if !bytes.starts_with(&[0xFF, 0xD8]) {
        return None;
    }
    let mut at = 0;
    while let Ok(Some(segment)) = jpeg::markers::next(bytes, at) {
        match segment.code {
            0xF7 => return Some(jpegls::coded()),
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xDA => break,
            _ => at = segment.at + segment.payload.len(),
        }
    }
    Some(jpeg::coded())
}

/// The decoder for a codestream of JPEG 2000, of which there are two kinds.
fn of_codestream(bytes: &[u8]) -> Coded {
    if htj2k::is_high_throughput(bytes) { htj2k::coded() } else { jpeg2000::coded() }
}
