//! How pixels lie in memory: the Image Pixel module (PS3.3, section C.7.6.3), read and checked before any decoder runs.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::Error;
use crate::data::{DataSet, Value};

/// What pixel data may take. Nothing is allocated before a check against these and against the bytes present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of one decoded frame.
    pub frame_bytes_max: usize,
    /// The most bytes of all decoded frames together, where all are decoded at once.
    pub bytes_max: u64,
    /// The most frames.
    pub frames_max: u32,
}

impl Default for Limits {
    /// Half a GiB a frame (a plate of 16,000 by 16,000 pixels of 16 bits), 8 GiB and a million frames.
    fn default() -> Self {
        Limits { frame_bytes_max: 512 << 20, bytes_max: 8 << 30, frames_max: 1_000_000 }
    }
}

/// What the samples mean (Photometric Interpretation, PS3.3, section C.7.6.3.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Photometric {
    /// Grey, the least value is white.
    Monochrome1,
    /// Grey, the least value is black.
    Monochrome2,
    /// Indices into tables of colours.
    PaletteColor,
    /// Red, green, blue.
    Rgb,
    /// Luminance and two chrominances of full range (ITU-R BT.601 as in JFIF).
    YbrFull,
    /// The same, chrominances at half the columns.
    YbrFull422,
    /// Luminance and chrominances of studio range, chrominances at half the columns.
    YbrPartial422,
    /// Luminance and chrominances of studio range, chrominances at half the columns and rows.
    YbrPartial420,
    /// Irreversible colour transformation of JPEG 2000.
    YbrIct,
    /// Reversible colour transformation of JPEG 2000.
    YbrRct,
    /// Another, or a word that is none.
    Other,
}

impl Photometric {
    /// What a value of Photometric Interpretation means.
    pub fn of(name: &str) -> Self {
        NAMES.iter().find(|(known, _)| *known == name).map_or(Photometric::Other, |(_, meaning)| *meaning)
    }

    /// The value of Photometric Interpretation; empty for another.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, meaning)| *meaning == self).map_or("", |(name, _)| *name)
    }

    /// Whether samples are grey values.
    pub fn is_grey(self) -> bool {
        matches!(self, Photometric::Monochrome1 | Photometric::Monochrome2)
    }
}

const NAMES: [(&str, Photometric); 10] = [
    ("MONOCHROME1", Photometric::Monochrome1),
    ("MONOCHROME2", Photometric::Monochrome2),
    ("PALETTE COLOR", Photometric::PaletteColor),
    ("RGB", Photometric::Rgb),
    ("YBR_FULL", Photometric::YbrFull),
    ("YBR_FULL_422", Photometric::YbrFull422),
    ("YBR_PARTIAL_422", Photometric::YbrPartial422),
    ("YBR_PARTIAL_420", Photometric::YbrPartial420),
    ("YBR_ICT", Photometric::YbrIct),
    ("YBR_RCT", Photometric::YbrRct),
];

/// What kind of numbers the samples are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// Whole numbers from 0.
    Unsigned,
    /// Whole numbers in two's complement.
    Signed,
    /// Floating point, of 32 bits (7FE0,0008) or 64 (7FE0,0009).
    Float,
}

/// The layout of pixel data. Build one with [`Layout::of`], or by hand and [`Layout::check`] it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Rows.
    pub rows: u16,
    /// Columns.
    pub columns: u16,
    /// Samples per Pixel: 1, 3 or 4.
    pub samples: u16,
    /// Bits Allocated: 1, 8, 16, 32 or 64.
    pub bits_allocated: u16,
    /// Bits Stored.
    pub bits_stored: u16,
    /// High Bit.
    pub high_bit: u16,
    /// Pixel Representation, or floating point.
    pub numbers: Numbers,
    /// Planar Configuration: whether native frames hold one colour after the other.
    pub planar: bool,
    /// Number of Frames.
    pub frames: u32,
    /// Photometric Interpretation.
    pub photometric: Photometric,
}

impl Layout {
    /// The layout that a data set describes, checked in itself and against the limits.
    pub fn of(set: &DataSet, limits: &Limits) -> Result<Layout, Error> {
        let samples = number(set, tags::SAMPLES_PER_PIXEL, "Samples per Pixel", Some(1))?;
        let (float, bits_allocated) = match (set.get(tags::PIXEL_DATA), number_bits(set)?) {
            (Some(_), bits) => (false, bits.unwrap_or(0)),
            (None, bits) if set.get(tags::FLOAT_PIXEL_DATA).is_some() => (true, bits.unwrap_or(32)),
            (None, bits) if set.get(tags::DOUBLE_FLOAT_PIXEL_DATA).is_some() => (true, bits.unwrap_or(64)),
            (None, bits) => (false, bits.unwrap_or(0)),
        };
        let bits_stored = number(set, tags::BITS_STORED, "Bits Stored", Some(bits_allocated))?;
        let high_bit = number(set, tags::HIGH_BIT, "High Bit", Some(bits_stored.saturating_sub(1)))?;
        let signed = number(set, tags::PIXEL_REPRESENTATION, "Pixel Representation", Some(0))?;
        let grey = if samples == 1 { Photometric::Monochrome2 } else { Photometric::Rgb };
        let photometric = set.ascii(tags::PHOTOMETRIC_INTERPRETATION);
        let layout = Layout {
            rows: number(set, tags::ROWS, "Rows", None)?,
            columns: number(set, tags::COLUMNS, "Columns", None)?,
            samples,
            bits_allocated,
            bits_stored,
            high_bit,
            numbers: match (float, signed) {
                (true, _) => Numbers::Float,
                (false, 1) => Numbers::Signed,
                _ => Numbers::Unsigned,
            },
            planar: number(set, tags::PLANAR_CONFIGURATION, "Planar Configuration", Some(0))? == 1,
            frames: frames(set)?,
            photometric: photometric.map_or(grey, Photometric::of),
        };
        layout.check(limits)?;
        Ok(layout)
    }

    /// Checks the layout in itself and against the limits.
    pub fn check(&self, limits: &Limits) -> Result<(), Error> {
        let fault = |tag, name, what| Err(Error::Attribute { tag, name, what });
        if self.rows == 0 {
            return fault(tags::ROWS, "Rows", "zero");
        }
        if self.columns == 0 {
            return fault(tags::COLUMNS, "Columns", "zero");
        }
        if !matches!(self.samples, 1 | 3 | 4) {
            return fault(tags::SAMPLES_PER_PIXEL, "Samples per Pixel", "neither 1, 3 nor 4");
        }
        let is_bits = match self.numbers {
            Numbers::Float => matches!(self.bits_allocated, 32 | 64),
            _ => matches!(self.bits_allocated, 1 | 8 | 16 | 32),
        };
        if !is_bits || (self.bits_allocated == 1 && self.samples != 1) {
            return fault(tags::BITS_ALLOCATED, "Bits Allocated", "not a size that pixels may have here");
        }
        if self.bits_stored == 0 || self.bits_stored > self.bits_allocated {
            return fault(tags::BITS_STORED, "Bits Stored", "zero, or more than Bits Allocated");
        }
        if self.high_bit >= self.bits_allocated || self.high_bit + 1 < self.bits_stored {
            return fault(tags::HIGH_BIT, "High Bit", "does not fit Bits Allocated and Bits Stored");
        }
        if self.frames == 0 || self.frames > limits.frames_max {
            return fault(tags::NUMBER_OF_FRAMES, "Number of Frames", "zero, or more than allowed");
        }
        let needed = self.frame_bytes() as u64;
        match needed > limits.frame_bytes_max as u64 {
            true => Err(Error::TooLarge { what: "a frame", needed, limit: limits.frame_bytes_max as u64 }),
            false => Ok(()),
        }
    }

    /// Whether samples are in two's complement.
    pub fn is_signed(&self) -> bool {
        self.numbers == Numbers::Signed
    }

    /// The pixels of one frame.
    pub fn pixels(&self) -> usize {
        usize::from(self.rows) * usize::from(self.columns)
    }

    /// The samples of one frame.
    pub fn samples_per_frame(&self) -> usize {
        self.pixels() * usize::from(self.samples)
    }

    /// The bytes of one sample; 1 where eight share one.
    pub fn sample_bytes(&self) -> usize {
        usize::from(self.bits_allocated).div_ceil(8)
    }

    /// The bytes of one decoded frame (a byte for each pixel of one bit).
    pub fn frame_bytes(&self) -> usize {
        self.samples_per_frame() * self.sample_bytes()
    }

    /// The bits of one native frame; frames of one bit follow each other without padding.
    pub(super) fn native_frame_bits(&self) -> u64 {
        let pixels = self.pixels() as u64;
        let bits = u64::from(self.bits_allocated);
        match self.photometric {
            Photometric::YbrFull422 | Photometric::YbrPartial422 if self.samples == 3 => pixels * 2 * bits,
            Photometric::YbrPartial420 if self.samples == 3 => pixels * bits * 3 / 2,
            _ => pixels * u64::from(self.samples) * bits,
        }
    }

    /// The layout of one frame as [`super::PixelData::decode`] gives it: one frame, colour by pixel.
    pub(super) fn decoded(&self, photometric: Photometric) -> Layout {
        let one_bit = self.bits_allocated == 1;
        Layout {
            bits_allocated: if one_bit { 8 } else { self.bits_allocated },
            planar: false,
            frames: 1,
            photometric,
            ..*self
        }
    }
}

fn number(set: &DataSet, tag: Tag, name: &'static str, default: Option<u16>) -> Result<u16, Error> {
    let fault = |what| Error::Attribute { tag, name, what };
    let empty = |value: &Value| matches!(value, Value::Bytes(bytes) if bytes.is_empty());
    match set.get(tag) {
        None => default.ok_or(fault("absent")),
        Some(element) if empty(&element.value) => default.ok_or(fault("empty")),
        Some(_) => {
            set.int(tag).and_then(|value| u16::try_from(value).ok()).ok_or(fault("not a number that fits"))
        }
    }
}

fn number_bits(set: &DataSet) -> Result<Option<u16>, Error> {
    match set.get(tags::BITS_ALLOCATED) {
        None => Ok(None),
        Some(_) => number(set, tags::BITS_ALLOCATED, "Bits Allocated", None).map(Some),
    }
}

/// Number of Frames. Absent, empty and zero stand for the one frame that every image has.
fn frames(set: &DataSet) -> Result<u32, Error> {
    let fault =
        Error::Attribute { tag: tags::NUMBER_OF_FRAMES, name: "Number of Frames", what: "no such number" };
    match set.ascii(tags::NUMBER_OF_FRAMES) {
        None => Ok(1),
        Some(_) => match set.int(tags::NUMBER_OF_FRAMES) {
            Some(0) => Ok(1),
            Some(frames) => u32::try_from(frames).map_err(|_| fault),
            None => Err(fault),
        },
    }
}
