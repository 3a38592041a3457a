//! Grey values: modality, then what is of interest, then the bytes of the screen.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::Options;
use super::lut::{Bits, Lut, decimal, each_value};
use crate::data::DataSet;
use crate::pixel::layout::{Layout, Numbers, Photometric};
use crate::pixel::{Error, Frame};

/// How a window turns values into grey (VOI LUT Function, PS3.3, section C.11.2.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// Linear, with the half steps of C.11.2.1.2.1.
    #[default]
    Linear,
    /// Linear between centre ± half a width.
    LinearExact,
    /// A sigmoid.
    Sigmoid,
}

/// A window over the values that the modality LUT gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Its centre.
    pub center: f64,
    /// Its width: at least 1 if linear, above 0 else.
    pub width: f64,
    /// Its shape.
    pub shape: Shape,
}

impl Window {
    /// The grey of a value, from 0 to 255.
    pub fn grey(&self, value: f64) -> u8 {
        let Window { center, width, .. } = *self;
        let part = match self.shape {
            Shape::Linear if width <= 1.0 => return if value <= center - 0.5 { 0 } else { 255 },
            Shape::Linear => (value - (center - 0.5)) / (width - 1.0) + 0.5,
            Shape::LinearExact => (value - center) / width + 0.5,
            Shape::Sigmoid => 1.0 / (1.0 + (-4.0 * (value - center) / width).exp()),
        };
        (part.clamp(0.0, 1.0) * 255.0).round() as u8
    }

    pub(super) fn is_valid(&self) -> bool {
        let least = if self.shape == Shape::Linear { 1.0 } else { f64::MIN_POSITIVE };
        self.center.is_finite() && self.width.is_finite() && self.width >= least
    }
}

/// The modality LUT.
pub(super) enum Modality {
    Linear { slope: f64, intercept: f64 },
    Table(Lut),
}

impl Modality {
    pub fn of(set: &DataSet, layout: &Layout) -> Result<Modality, Error> {
        if let Some(item) = set.items(tags::MODALITY_LUT_SEQUENCE).first() {
            return Lut::of(item, layout.is_signed()).map(Modality::Table);
        }
        Ok(Modality::Linear {
            slope: decimal(set, tags::RESCALE_SLOPE, 0).filter(|&slope| slope != 0.0).unwrap_or(1.0),
            intercept: decimal(set, tags::RESCALE_INTERCEPT, 0).unwrap_or(0.0),
        })
    }

    pub fn value(&self, stored: f64) -> f64 {
        match self {
            Modality::Linear { slope, intercept } => stored * slope + intercept,
            Modality::Table(lut) => f64::from(lut.get(stored as i64)),
        }
    }
}

/// What is of interest.
enum Voi {
    Window(Window),
    Table(Lut),
}

impl Voi {
    fn of(set: &DataSet, options: &Options, is_signed: bool) -> Result<Option<Voi>, Error> {
        if let Some(window) = options.window {
            return match window.is_valid() {
                true => Ok(Some(Voi::Window(window))),
                false => Err(Error::Rendering("a window of no width")),
            };
        }
        let shape = shape(set);
        let number = |tag: Tag| decimal(set, tag, options.voi).or_else(|| decimal(set, tag, 0));
        if let (Some(center), Some(width)) = (number(tags::WINDOW_CENTER), number(tags::WINDOW_WIDTH)) {
            let window = Window { center, width, shape };
            if window.is_valid() {
                return Ok(Some(Voi::Window(window)));
            }
        }
        let items = set.items(tags::VOILUT_SEQUENCE);
        match items.get(options.voi).or(items.first()) {
            Some(item) => Lut::of(item, is_signed).map(|lut| Some(Voi::Table(lut))),
            None => Ok(None),
        }
    }

    fn grey(&self, value: f64) -> u8 {
        match self {
            Voi::Window(window) => window.grey(value),
            Voi::Table(lut) => lut.grey(lut.get(value.round() as i64)),
        }
    }
}

/// VOI LUT Function (0028,1056).
pub(super) fn shape(set: &DataSet) -> Shape {
    match set.ascii(tags::VOILUT_FUNCTION) {
        Some("SIGMOID") => Shape::Sigmoid,
        Some("LINEAR_EXACT") => Shape::LinearExact,
        _ => Shape::Linear,
    }
}

/// A grey frame as bytes, the least dark, whichever of both meanings it has.
pub(super) fn render(frame: &Frame, set: &DataSet, options: &Options) -> Result<Vec<u8>, Error> {
    let layout = &frame.layout;
    let modality = Modality::of(set, layout)?;
    // Values behind a modality table are unsigned, those behind a rescale can have a sign whatever the samples have.
    let can_be_negative = match modality {
        Modality::Table(_) => false,
        Modality::Linear { intercept, .. } => layout.is_signed() || intercept < 0.0,
    };
    let voi = match Voi::of(set, options, can_be_negative)? {
        Some(voi) => voi,
        None => Voi::Window(whole_range(frame, set, &modality)),
    };
    let invert = if layout.photometric == Photometric::Monochrome1 { 255 } else { 0 };
    let grey = |stored: f64| voi.grey(modality.value(stored)) ^ invert;
    let mut out = Vec::with_capacity(layout.pixels());
    match (layout.numbers, layout.bits_allocated) {
        (Numbers::Float, _) => each_float(frame, |value| out.push(grey(value))),
        // Every sample there can be is turned into grey once, if frames have more samples than that.
        (_, 8 | 16) if layout.pixels() > 1 << layout.bits_stored => {
            let bits = Bits::of(layout);
            let count = 1_usize << layout.bits_stored;
            let down = layout.high_bit + 1 - layout.bits_stored;
            let table: Vec<u8> =
                (0..count).map(|bare| grey(bits.value((bare as u32) << down) as f64)).collect();
            let place = |sample: u32| (sample >> down) as usize & (count - 1);
            match layout.bits_allocated {
                8 => out.extend(frame.samples.iter().map(|&byte| table[place(u32::from(byte))])),
                _ => out.extend(
                    frame
                        .samples
                        .as_chunks::<2>()
                        .0
                        .iter()
                        .map(|pair| table[place(u16::from_le_bytes(*pair).into())]),
                ),
            }
        }
        _ => each_value(frame, |stored| out.push(grey(stored as f64))),
    }
    Ok(out)
}

/// A window from the least to the greatest value, padding left aside.
fn whole_range(frame: &Frame, set: &DataSet, modality: &Modality) -> Window {
    let (mut least, mut greatest) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut see = |value: f64| {
        if value.is_finite() {
            least = least.min(value);
            greatest = greatest.max(value);
        }
    };
    match frame.layout.numbers {
        Numbers::Float => each_float(frame, &mut see),
        _ => {
            let padding = padding(set, &frame.layout);
            let (mut low, mut high) = (i64::MAX, i64::MIN);
            each_value(frame, |stored| {
                if !padding.as_ref().is_some_and(|padding| padding.contains(&stored)) {
                    low = low.min(stored);
                    high = high.max(stored);
                }
            });
            if low <= high {
                see(low as f64);
                see(high as f64);
            }
        }
    }
    if !least.is_finite() {
        return Window { center: 0.0, width: 1.0, shape: Shape::LinearExact };
    }
    let (first, last) = (modality.value(least), modality.value(greatest));
    let width = (last - first).abs();
    // All values alike are shown in the middle.
    let width = if width > 0.0 && width.is_finite() { width } else { 1.0 };
    Window { center: (first + last) / 2.0, width, shape: Shape::LinearExact }
}

/// The stored values that stand for no pixel (Pixel Padding Value and Range Limit, PS3.3, section C.7.5.1.1.2).
pub(super) fn padding(set: &DataSet, layout: &Layout) -> Option<std::ops::RangeInclusive<i64>> {
    let number = |tag: Tag| {
        let value = set.int(tag)?;
        // The VR follows the samples, but is often taken for the other one.
        Some(if layout.is_signed() { i64::from(value as i16) } else { i64::from(value as u16) })
    };
    let value = number(tags::PIXEL_PADDING_VALUE)?;
    let limit = number(tags::PIXEL_PADDING_RANGE_LIMIT).unwrap_or(value);
    Some(value.min(limit)..=value.max(limit))
}

pub(super) fn each_float(frame: &Frame, mut call: impl FnMut(f64)) {
    match frame.layout.bits_allocated {
        32 => frame
            .samples
            .as_chunks::<4>()
            .0
            .iter()
            .for_each(|four| call(f64::from(f32::from_le_bytes(*four)))),
        _ => frame.samples.as_chunks::<8>().0.iter().for_each(|eight| call(f64::from_le_bytes(*eight))),
    }
}
