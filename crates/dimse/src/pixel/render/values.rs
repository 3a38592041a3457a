//! Values of a frame for whoever makes grey of them elsewhere: a viewer that changes windows a hundred times and asks
//! for the frame once.
//!
//! Grey values are given in whole numbers of 8 or 16 bits, from 0 on; with slope and intercept they are what the modality
//! LUT gives (PS3.3, section C.11.1). Colours are given as they are shown.

use dicom_dictionary_std::tags;

use super::grey::{Modality, Shape, Window, each_float, padding, shape};
use super::lut::{Lut, decimal, each_value};
use super::{Options, overlay};
use crate::data::DataSet;
use crate::pixel::layout::{Layout, Numbers, Photometric};
use crate::pixel::{Error, Frame};

/// The most windows of a data set that are told.
const WINDOWS_MAX: usize = 16;

/// A frame's values.
#[derive(Clone, PartialEq)]
pub struct Values {
    /// Columns.
    pub columns: u32,
    /// Rows.
    pub rows: u32,
    /// 1 for grey, 3 for RGB.
    pub channels: usize,
    /// Bytes of a sample: 1 or 2, little endian.
    pub sample_bytes: usize,
    /// The samples, by pixel.
    pub samples: Vec<u8>,
    /// A value is a sample times this …
    pub slope: f64,
    /// … plus this.
    pub intercept: f64,
    /// The least and the greatest value, padding left aside.
    pub range: (f64, f64),
    /// Whether low values are bright (MONOCHROME1).
    pub is_inverted: bool,
    /// The data set's windows with their explanations.
    pub windows: Vec<(String, Window)>,
    /// The data set's VOI LUT, where it has one and no window.
    pub curve: Option<Curve>,
    /// One byte a pixel, 255 where an overlay is drawn; nothing where there is none.
    pub overlay: Option<Vec<u8>>,
    /// Height of a pixel by its width (Pixel Aspect Ratio).
    pub ratio: f64,
}

/// A VOI LUT (PS3.3, section C.11.2.1.1) as greys of 8 bits.
#[derive(Clone, PartialEq, Eq)]
pub struct Curve {
    /// The value that the first grey stands for; each further one stands for one more.
    pub first: i64,
    /// The greys.
    pub greys: Vec<u8>,
}

/// Pixels are of patients: only the size is shown.
impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}x{} of {} bytes", self.columns, self.rows, self.channels, self.sample_bytes)
    }
}

impl Values {
    /// The values of a decoded frame; `index` is its place among those of the data set, which overlays go by.
    pub fn of(frame: &Frame, set: &DataSet, index: u32) -> Result<Values, Error> {
        let layout = &frame.layout;
        let is_grey = matches!(layout.photometric, Photometric::Monochrome1 | Photometric::Monochrome2);
        let mut values = match is_grey && layout.samples == 1 {
            true => grey(frame, set)?,
            false => coloured(frame, set)?,
        };
        let mut plane = vec![0; layout.pixels()];
        overlay::draw_embedded(&mut plane, 1, &frame.samples, layout, set);
        overlay::draw(&mut plane, 1, (layout.columns.into(), layout.rows.into()), set, index);
        values.overlay = plane.contains(&255).then_some(plane);
        Ok(values)
    }

    /// The same with every `by` times `by` pixels as one, their mean; columns and rows that are over are left out.
    #[must_use]
    pub fn reduced(self, by: u32) -> Values {
        let (columns, rows) = (self.columns / by.max(1), self.rows / by.max(1));
        if by < 2 || columns == 0 || rows == 0 {
            return self;
        }
        let width = self.columns as usize * self.channels;
        let sample = |row: usize, place: usize| match self.sample_bytes {
            1 => u32::from(self.samples[row * width + place]),
            _ => {
                let at = (row * width + place) * 2;
                u32::from(u16::from_le_bytes([self.samples[at], self.samples[at + 1]]))
            }
        };
        let by = by as usize;
        let mut samples = Vec::with_capacity(columns as usize * rows as usize * self.channels * 2);
        for row in 0..rows as usize {
            for column in 0..columns as usize {
                for channel in 0..self.channels {
                    let across = |down: usize| {
                        let place = |right: usize| (column * by + right) * self.channels + channel;
                        (0..by).map(move |right| sample(row * by + down, place(right))).sum::<u32>()
                    };
                    let mean = (0..by).map(across).sum::<u32>() / (by * by) as u32;
                    samples.extend_from_slice(&mean.to_le_bytes()[..self.sample_bytes]);
                }
            }
        }
        let overlay = self.overlay.as_deref().map(|plane| {
            let is_drawn = |row: usize, column: usize| {
                let line = |down| &plane[(row * by + down) * self.columns as usize + column * by..][..by];
                (0..by).any(|down| line(down).contains(&255))
            };
            let places = (0..rows as usize).flat_map(|row| (0..columns as usize).map(move |one| (row, one)));
            places.map(|(row, column)| if is_drawn(row, column) { 255 } else { 0 }).collect()
        });
        Values { columns, rows, samples, overlay, ..self }
    }
}

fn coloured(frame: &Frame, set: &DataSet) -> Result<Values, Error> {
    let picture = super::render(frame, set, &Options::default())?;
    Ok(Values {
        columns: picture.columns,
        rows: picture.rows,
        channels: picture.channels,
        sample_bytes: 1,
        samples: picture.samples,
        slope: 1.0,
        intercept: 0.0,
        range: (0.0, 255.0),
        is_inverted: false,
        windows: Vec::new(),
        curve: None,
        overlay: None,
        ratio: super::ratio(set),
    })
}

fn grey(frame: &Frame, set: &DataSet) -> Result<Values, Error> {
    let layout = &frame.layout;
    if frame.samples.len() != layout.frame_bytes() {
        return Err(Error::Rendering("the frame is not of its layout"));
    }
    let modality = Modality::of(set, layout)?;
    let Plain { sample_bytes, samples, slope, intercept, range } = plain(frame, set, &modality);
    let windows = windows(set);
    let is_signed = match modality {
        Modality::Table(_) => false,
        Modality::Linear { intercept, .. } => layout.is_signed() || intercept < 0.0,
    };
    let item = set.items(tags::VOILUT_SEQUENCE).first().filter(|_| windows.is_empty());
    let curve = item.map(|item| Lut::of(item, is_signed)).transpose()?.map(|lut| {
        let greys = lut.entries.iter().map(|&entry| lut.grey(entry)).collect();
        Curve { first: lut.first, greys }
    });
    Ok(Values {
        columns: u32::from(layout.columns),
        rows: u32::from(layout.rows),
        channels: 1,
        sample_bytes,
        samples,
        slope,
        intercept,
        range,
        is_inverted: layout.photometric == Photometric::Monochrome1,
        windows,
        curve,
        overlay: None,
        ratio: super::ratio(set),
    })
}

/// Samples from 0 on, and what they stand for.
struct Plain {
    sample_bytes: usize,
    samples: Vec<u8>,
    slope: f64,
    intercept: f64,
    range: (f64, f64),
}

fn plain(frame: &Frame, set: &DataSet, modality: &Modality) -> Plain {
    let layout = &frame.layout;
    let padding = padding(set, layout);
    let (mut least, mut greatest) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut see = |value: f64| {
        if value.is_finite() {
            least = least.min(value);
            greatest = greatest.max(value);
        }
    };
    match layout.numbers {
        Numbers::Float => each_float(frame, &mut see),
        _ => each_value(frame, |stored| {
            if padding.as_ref().is_none_or(|padding| !padding.contains(&stored)) {
                see(stored as f64);
            }
        }),
    }
    if !least.is_finite() {
        (least, greatest) = (0.0, 0.0);
    }
    let ends = (modality.value(least), modality.value(greatest));
    let range = (ends.0.min(ends.1), ends.0.max(ends.1));
    let is_small = layout.numbers != Numbers::Float && layout.bits_stored <= 16;
    let (slope, intercept) = match modality {
        Modality::Linear { slope, intercept } => (*slope, *intercept),
        Modality::Table(_) => (1.0, 0.0),
    };
    if !is_small {
        // More than 16 bits: what there is, in 65,536 steps.
        let step = if greatest > least { (greatest - least) / 65_535.0 } else { 1.0 };
        let place = |value: f64| (((value - least) / step).round().clamp(0.0, 65_535.0) as u16).to_le_bytes();
        let mut samples = Vec::with_capacity(layout.pixels() * 2);
        match layout.numbers {
            Numbers::Float => each_float(frame, |value| samples.extend(place(value))),
            _ => each_value(frame, |stored| samples.extend(place(stored as f64))),
        }
        let intercept = least * slope + intercept;
        return Plain { sample_bytes: 2, samples, slope: slope * step, intercept, range };
    }
    if let Modality::Table(lut) = modality {
        let mut samples = Vec::with_capacity(layout.pixels() * 2);
        each_value(frame, |stored| samples.extend(lut.get(stored).to_le_bytes()));
        return Plain { sample_bytes: 2, samples, slope, intercept, range };
    }
    let (sample_bytes, base) = small(layout);
    let mut samples = Vec::with_capacity(layout.pixels() * sample_bytes);
    match sample_bytes {
        1 => each_value(frame, |stored| samples.push((stored + base) as u8)),
        _ => each_value(frame, |stored| samples.extend(((stored + base) as u16).to_le_bytes())),
    }
    Plain { sample_bytes, samples, slope, intercept: intercept - base as f64 * slope, range }
}

/// In how many bytes a stored value fits, and what is added so that none is below 0.
fn small(layout: &Layout) -> (usize, i64) {
    let base = if layout.is_signed() { 1_i64 << (layout.bits_stored - 1) } else { 0 };
    (if layout.bits_stored <= 8 { 1 } else { 2 }, base)
}

fn windows(set: &DataSet) -> Vec<(String, Window)> {
    let names = set.ascii(tags::WINDOW_CENTER_WIDTH_EXPLANATION).unwrap_or_default();
    let names: Vec<&str> = names.split('\\').map(str::trim).collect();
    let shape: Shape = shape(set);
    let one = |at: usize| {
        let window = Window {
            center: decimal(set, tags::WINDOW_CENTER, at)?,
            width: decimal(set, tags::WINDOW_WIDTH, at)?,
            shape,
        };
        let name = names.get(at).copied().unwrap_or_default().to_owned();
        window.is_valid().then_some((name, window))
    };
    (0..WINDOWS_MAX).map_while(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VR;
    use crate::data::Element;
    use crate::pixel::{Limits, PixelData};
    use crate::syntax::TransferSyntax;

    /// Two by two pixels of 12 bits in two's complement, with slope and intercept.
    fn set(samples: [i16; 4]) -> DataSet {
        let mut set = DataSet::new();
        set.put_ascii(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
        for (tag, value) in [
            (tags::SAMPLES_PER_PIXEL, 1),
            (tags::ROWS, 2),
            (tags::COLUMNS, 2),
            (tags::BITS_ALLOCATED, 16),
            (tags::BITS_STORED, 12),
            (tags::HIGH_BIT, 11),
            (tags::PIXEL_REPRESENTATION, 1),
        ] {
            set.put_us(tag, value);
        }
        set.put_ascii(tags::RESCALE_SLOPE, VR::DS, "2");
        set.put_ascii(tags::RESCALE_INTERCEPT, VR::DS, "-10");
        set.put_ascii(tags::WINDOW_CENTER, VR::DS, "40\\300");
        set.put_ascii(tags::WINDOW_WIDTH, VR::DS, "400\\1500");
        set.put_ascii(tags::WINDOW_CENTER_WIDTH_EXPLANATION, VR::LO, "SOFT\\BONE");
        let bytes: Vec<u8> = samples.iter().flat_map(|one| (one & 0xFFF).to_le_bytes()).collect();
        set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, bytes));
        set
    }

    fn values(set: &DataSet) -> Values {
        let data = PixelData::of(set, TransferSyntax::EXPLICIT.uid(), &Limits::default()).expect("pixels");
        Values::of(&data.decode(0).expect("a frame"), set, 0).expect("values")
    }

    #[test]
    fn samples_with_slope_and_intercept_are_the_values() {
        let values = values(&set([-2048, -1, 0, 2047]));
        let value = |at: usize| {
            let sample = u16::from_le_bytes([values.samples[at * 2], values.samples[at * 2 + 1]]);
            f64::from(sample) * values.slope + values.intercept
        };
        assert_eq!([0, 1, 2, 3].map(value), [-4106.0, -12.0, -10.0, 4084.0]);
        assert_eq!((values.range, values.sample_bytes), ((-4106.0, 4084.0), 2));
        let names: Vec<_> = values.windows.iter().map(|(name, one)| (name.as_str(), one.center)).collect();
        assert_eq!(names, [("SOFT", 40.0), ("BONE", 300.0)]);
    }

    #[test]
    fn reduced_values_are_means() {
        let small = values(&set([-4, 4, 8, 12])).reduced(2);
        let sample = f64::from(u16::from_le_bytes([small.samples[0], small.samples[1]]));
        assert_eq!((small.columns, small.rows, small.samples.len()), (1, 1, 2));
        assert_eq!(sample * small.slope + small.intercept, 0.0, "5 is the mean of what is stored");
        assert_eq!(values(&set([1, 2, 3, 4])).reduced(4).columns, 2, "nothing would be left");
    }

    #[test]
    fn a_voi_lut_is_given_as_a_curve_where_there_is_no_window() {
        let mut set = set([0, 1, 2, 3]);
        let mut item = DataSet::new();
        let words = |words: &[u16]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        item.put(Element::bytes(tags::LUT_DESCRIPTOR, VR::US, words(&[3, 5, 10])));
        item.put(Element::bytes(tags::LUT_DATA, VR::OW, words(&[0, 1023, 512])));
        set.put_items(tags::VOILUT_SEQUENCE, vec![item]);
        assert!(values(&set).curve.is_none());
        set.remove(tags::WINDOW_CENTER);
        let curve = values(&set).curve.expect("a curve");
        assert_eq!((curve.first, curve.greys), (5, vec![0, 255, 127]));
    }

    #[test]
    fn overlays_are_a_plane_of_their_own() {
        let mut set = set([0, 1, 2, 3]);
        assert!(values(&set).overlay.is_none());
        let tag = |element| dicom_core::Tag(0x6000, element);
        set.put_us(tag(0x0010), 2);
        set.put_us(tag(0x0011), 2);
        set.put(Element::bytes(tag(0x0050), VR::SS, vec![1, 0, 1, 0]));
        set.put(Element::bytes(tag(0x3000), VR::OW, vec![0b0100, 0]));
        assert_eq!(values(&set).overlay, Some(vec![0, 0, 255, 0]));
    }
}
