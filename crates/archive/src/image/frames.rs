//! Single frames out of files: no more is read than a frame needs, where that can be known.

use bytes::Bytes;
use klinke_dimse::data::{DataSet, Element, Fragments, Value};
use klinke_dimse::pixel::{self, Layout, PixelData};
use klinke_dimse::{VR, tags};

use super::source::{Pixels, Place, Source};
use super::{Error, Result};

/// A frame that was found: a data set that holds it, and its index there.
pub struct One {
    /// The data set with its pixel data.
    pub set: DataSet,
    /// Counted from 0.
    pub index: u32,
}

/// How many frames there are; none where there are no pixels.
pub fn count(source: &Source) -> u32 {
    match &source.pixels {
        None => 0,
        // Limits of the standard: 2^31.
        Some(_) => {
            let count = source.set.int(tags::NUMBER_OF_FRAMES).unwrap_or(1).max(1);
            u32::try_from(count).unwrap_or(u32::MAX)
        }
    }
}

/// The frame of this number, counted from 1.
pub fn one(source: &Source, number: u32, limits: &pixel::Limits) -> Result<One> {
    let Some(pixels) = &source.pixels else {
        return Err(Error::Absent("the instance has no pixel data".to_owned()));
    };
    if number == 0 || number > count(source) {
        return Err(Error::Absent(format!("the instance has {} frames", count(source))));
    }
    let index = number - 1;
    match &pixels.place {
        Place::Held => Ok(One { set: source.set.clone(), index }),
        Place::Native { offset, length } => native(source, pixels, (*offset, *length), index, limits),
        Place::Fragments(fragments) => fragmented(source, pixels, fragments, index, limits),
    }
}

fn native(
    source: &Source,
    pixels: &Pixels,
    (offset, length): (u64, u64),
    index: u32,
    limits: &pixel::Limits,
) -> Result<One> {
    let with = |bytes: Bytes, is_single: bool| {
        let mut set = source.set.clone();
        set.put(Element::bytes(pixels.tag, pixels.vr, bytes));
        if is_single {
            set.put_ascii(tags::NUMBER_OF_FRAMES, VR::IS, "1");
        }
        set
    };
    let frames = u64::from(count(source));
    if frames == 1 {
        check(length, limits)?;
        return Ok(One { set: with(source.bytes(offset, length)?, true), index: 0 });
    }
    // The layout asks which of the pixel data there are.
    let layout = Layout::of(&with(Bytes::new(), false), limits).map_err(Error::Pixels)?;
    let bits = u64::from(layout.bits_allocated) * layout.samples_per_frame() as u64;
    let is_whole = layout.samples == 1 && bits.is_multiple_of(8);
    let each = match is_whole {
        true => bits / 8,
        // Chrominances may be left out: what there is tells how long a frame is.
        false if layout.bits_allocated >= 8 && layout.samples > 1 => length / frames,
        false => 0,
    };
    if each == 0 {
        check(length, limits)?;
        return Ok(One { set: with(source.bytes(offset, length)?, false), index });
    }
    check(each, limits)?;
    let from = each * u64::from(index);
    if from + each > length {
        return Err(Error::Absent("the pixel data end before this frame".to_owned()));
    }
    Ok(One { set: with(source.bytes(offset + from, each)?, true), index: 0 })
}

fn fragmented(
    source: &Source,
    pixels: &Pixels,
    fragments: &[(u64, u32)],
    index: u32,
    limits: &pixel::Limits,
) -> Result<One> {
    let bytes = |&(offset, length): &(u64, u32)| Ok::<_, Error>(source.bytes(offset, u64::from(length))?);
    let (table, rest) = match fragments.split_first() {
        Some((table, rest)) => (bytes(table)?, rest),
        None => return Err(Error::Absent("the pixel data are empty".to_owned())),
    };
    let mut set = source.set.clone();
    let frames = count(source);
    // One fragment for each frame, as nearly always: the others are not read.
    if rest.len() as u64 == u64::from(frames) && frames > 1 {
        let one =
            rest.get(index as usize).ok_or_else(|| Error::Absent("this frame is not here".to_owned()))?;
        check(u64::from(one.1), limits)?;
        let value = Value::Fragments(Fragments { offsets: Bytes::new(), fragments: vec![bytes(one)?] });
        set.put(Element { tag: pixels.tag, vr: pixels.vr, value });
        set.put_ascii(tags::NUMBER_OF_FRAMES, VR::IS, "1");
        // A table about all frames would cut this one.
        set.remove(tags::EXTENDED_OFFSET_TABLE);
        set.remove(tags::EXTENDED_OFFSET_TABLE_LENGTHS);
        return Ok(One { set, index: 0 });
    }
    check(rest.iter().map(|(_, length)| u64::from(*length)).sum(), limits)?;
    let fragments = rest.iter().map(bytes).collect::<Result<Vec<_>>>()?;
    let value = Value::Fragments(Fragments { offsets: table, fragments });
    set.put(Element { tag: pixels.tag, vr: pixels.vr, value });
    Ok(One { set, index })
}

/// What is read at once has a limit.
fn check(length: u64, limits: &pixel::Limits) -> Result<()> {
    match length <= limits.bytes_max {
        true => Ok(()),
        false => Err(Error::TooLarge),
    }
}

impl One {
    /// The pixel data in which the frame is.
    pub fn data<'a>(&'a self, syntax: &str, limits: &pixel::Limits) -> Result<PixelData<'a>> {
        PixelData::of(&self.set, syntax, limits).map_err(Error::Pixels)
    }
}

/// Limits of pixel data by those of the service.
pub fn limits(decoded: usize) -> pixel::Limits {
    pixel::Limits { frame_bytes_max: decoded, bytes_max: decoded as u64, ..pixel::Limits::default() }
}
