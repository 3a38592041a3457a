//! Pixel data from one transfer syntax into another, and what changes in the data set with them.

use bytes::Bytes;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use super::encode::{Target, encapsulate, encode};
use super::layout::{Layout, Limits};
use super::{Coding, Error, PixelData};
use crate::data::{DataSet, Element, Value};

/// What a data set gets in another transfer syntax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcoded {
    /// Elements to set, the pixel data among them.
    pub set: Vec<Element>,
    /// Elements that no longer hold: tables of offsets.
    pub remove: Vec<Tag>,
    /// Whether the pixels had lost something before, which Lossy Image Compression (0028,2110) now says.
    pub is_lossy: bool,
}

impl Transcoded {
    /// Puts all of it into the data set.
    pub fn apply(self, set: &mut DataSet) {
        for tag in self.remove {
            set.remove(tag);
        }
        for element in self.set {
            set.put(element);
        }
    }
}

/// Transcodes the pixel data of a data set, without loss: into implicit, explicit or deflated little endian, RLE
/// lossless, JPEG lossless (first predictor) or JPEG-LS lossless. A data set without pixel data has nothing to
/// transcode and gets nothing. What is native stays as it is among the native transfer syntaxes.
pub fn transcode(set: &DataSet, from: &str, to: &str, limits: &Limits) -> Result<Transcoded, Error> {
    let nothing = Transcoded { set: Vec::new(), remove: Vec::new(), is_lossy: false };
    let target = Target::of(to).ok_or_else(|| Error::Syntax(to.to_owned()))?;
    let Some(element) = set.get(tags::PIXEL_DATA) else {
        // Floating point has no coded form, and native ones are alike in all transfer syntaxes.
        let is_float =
            [tags::FLOAT_PIXEL_DATA, tags::DOUBLE_FLOAT_PIXEL_DATA].iter().any(|tag| set.get(*tag).is_some());
        return match target {
            Target::Native { .. } => Ok(nothing),
            _ if is_float => Err(Error::Encoding("pixels in floating point stay native")),
            _ => Ok(nothing),
        };
    };
    let is_native = matches!(element.value, Value::Bytes(_));
    if from.trim_end_matches('\0') == to.trim_end_matches('\0')
        && is_native == matches!(target, Target::Native { .. })
    {
        return Ok(nothing);
    }
    let pixel_data = PixelData::of(set, from, limits)?;
    match target {
        Target::Native { is_implicit } if is_native => {
            Ok(native_as_it_is(element, &pixel_data, is_implicit, nothing))
        }
        _ => decode_all(&pixel_data, set, to, target, limits),
    }
}

/// Native pixel data among native transfer syntaxes: only the VR changes, and the order of words of big endian ones.
fn native_as_it_is(
    element: &Element,
    pixel_data: &PixelData<'_>,
    is_implicit: bool,
    nothing: Transcoded,
) -> Transcoded {
    let layout = pixel_data.layout();
    let Value::Bytes(bytes) = &element.value else { return nothing };
    let mut bytes = bytes.clone();
    if pixel_data.coding() == (Coding::Native { big: true }) && layout.bits_allocated == 32 {
        let mut swapped = bytes.to_vec();
        swapped.as_chunks_mut::<4>().0.iter_mut().for_each(|sample| sample.rotate_left(2));
        bytes = swapped.into();
    }
    let vr = if is_implicit || layout.bits_allocated > 8 { VR::OW } else { element.vr };
    Transcoded { set: vec![Element::bytes(tags::PIXEL_DATA, vr, bytes)], ..nothing }
}

fn decode_all(
    pixel_data: &PixelData<'_>,
    set: &DataSet,
    to: &str,
    target: Target,
    limits: &Limits,
) -> Result<Transcoded, Error> {
    let layout = pixel_data.layout();
    let (frames, mut is_lossy, mut photometric) = (layout.frames, false, layout.photometric);
    let mut coded: Vec<Bytes> = Vec::new();
    let mut total = 0;
    for index in 0..frames {
        let frame = pixel_data.decode(index)?;
        is_lossy |= frame.is_lossy;
        photometric = frame.layout.photometric;
        let bytes = encode(&frame, to)?;
        total += bytes.len() as u64;
        if total > limits.bytes_max {
            return Err(Error::TooLarge { what: "all frames", needed: total, limit: limits.bytes_max });
        }
        // Padding is for the end of native pixel data, not of each frame.
        let length = if matches!(target, Target::Native { .. }) { frame.samples.len() } else { bytes.len() };
        coded.push(bytes.slice(..length));
    }
    let (vr, value) = match target {
        Target::Native { is_implicit } => {
            let vr = if is_implicit || layout.bits_allocated > 8 { VR::OW } else { VR::OB };
            (vr, Value::Bytes(joined(coded, layout)))
        }
        _ => (VR::OB, Value::Fragments(encapsulate(coded))),
    };
    let mut change = DataSet::new();
    change.put(Element { tag: tags::PIXEL_DATA, vr, value });
    if photometric != layout.photometric || set.ascii(tags::PHOTOMETRIC_INTERPRETATION).is_none() {
        change.put_ascii(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric.name());
    }
    if layout.samples > 1 {
        change.put_us(tags::PLANAR_CONFIGURATION, 0);
    }
    if is_lossy && set.ascii(tags::LOSSY_IMAGE_COMPRESSION) != Some("01") {
        change.put_ascii(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "01");
    }
    Ok(Transcoded {
        set: change.iter().cloned().collect(),
        remove: vec![tags::EXTENDED_OFFSET_TABLE, tags::EXTENDED_OFFSET_TABLE_LENGTHS],
        is_lossy,
    })
}

/// Native frames one after the other; those of one bit a pixel are packed again.
fn joined(frames: Vec<Bytes>, layout: &Layout) -> Bytes {
    let mut out: Vec<u8> = match layout.bits_allocated {
        1 => {
            let bits = frames.iter().flat_map(|frame| frame.iter().copied());
            let mut packed = vec![0; (frames.len() * layout.pixels()).div_ceil(8)];
            bits.enumerate().for_each(|(place, bit)| packed[place / 8] |= (bit & 1) << (place % 8));
            packed
        }
        _ => frames.concat(),
    };
    if out.len() % 2 == 1 {
        out.push(0);
    }
    out.into()
}
