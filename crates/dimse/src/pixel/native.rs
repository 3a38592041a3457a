//! Native frames (PS3.5, section 8.1): cut, put in one order, chrominances filled in; and deflated ones
//! (PS3.5, section A.4.13).

use std::borrow::Cow;
use std::io::Read;

use flate2::read::DeflateDecoder;

use super::Fault;
use super::layout::{Layout, Photometric};

const CODEC: &str = "native";

/// One frame out of all bytes. Frames of one bit a pixel follow each other bit by bit.
pub(super) fn cut<'a>(bytes: &'a [u8], layout: &Layout, index: u32) -> Option<Cow<'a, [u8]>> {
    let bits = layout.native_frame_bits();
    let begin = bits.checked_mul(u64::from(index))?;
    let (first, last) = (usize::try_from(begin / 8).ok()?, usize::try_from((begin + bits).div_ceil(8)).ok()?);
    let bytes = bytes.get(first..last)?;
    let shift = (begin % 8) as u32;
    if shift == 0 {
        return Some(Cow::Borrowed(bytes));
    }
    let length = bits.div_ceil(8) as usize;
    let next = bytes.iter().skip(1).chain([&0]);
    Some(bytes.iter().zip(next).take(length).map(|(low, high)| low >> shift | high << (8 - shift)).collect())
}

/// What the samples of a frame are once none are left out.
pub(super) fn whole(photometric: Photometric) -> Photometric {
    match photometric {
        Photometric::YbrFull422 => Photometric::YbrFull,
        other => other,
    }
}

/// A native frame as samples by pixel, little endian.
pub(super) fn decode(bytes: &[u8], layout: &Layout, big: bool) -> Result<Vec<u8>, Fault> {
    let fault = |what, at| Fault { codec: CODEC, what, at, of: bytes.len() };
    let needed = layout.native_frame_bits().div_ceil(8);
    if (bytes.len() as u64) < needed {
        return Err(fault(
            "fewer bytes than Rows, Columns, Samples per Pixel and Bits Allocated take",
            bytes.len(),
        ));
    }
    let bytes = &bytes[..needed as usize];
    let is_sampled = needed * 8 < layout.samples_per_frame() as u64 * u64::from(layout.bits_allocated);
    let samples = match layout.bits_allocated {
        1 => (0..layout.pixels()).map(|pixel| bytes[pixel / 8] >> (pixel % 8) & 1).collect(),
        8 if is_sampled && layout.photometric == Photometric::YbrPartial420 => {
            return Err(fault("native pixels with chrominances at half the rows are not supported", 0));
        }
        8 if is_sampled => fill_in(bytes, layout),
        _ if is_sampled => {
            return Err(fault("chrominances left out with more than 8 bits are not supported", 0));
        }
        _ if layout.planar && layout.samples > 1 => by_pixel(bytes, layout),
        _ => bytes.to_vec(),
    };
    let has_words = big && layout.bits_allocated == 32 && layout.numbers != super::Numbers::Float;
    Ok(if has_words { words_swapped(samples) } else { samples })
}

/// Pixels of two luminances and two chrominances to two whole pixels (PS3.3, section C.7.6.3.1.2).
fn fill_in(bytes: &[u8], layout: &Layout) -> Vec<u8> {
    let mut out = Vec::with_capacity(layout.frame_bytes());
    for &[first, second, cb, cr] in bytes.as_chunks::<4>().0 {
        out.extend([first, cb, cr, second, cb, cr]);
    }
    out.resize(layout.frame_bytes(), 128);
    out
}

/// One colour after the other to colour by pixel.
fn by_pixel(bytes: &[u8], layout: &Layout) -> Vec<u8> {
    let (width, count) = (layout.sample_bytes(), usize::from(layout.samples));
    let mut out = vec![0; bytes.len()];
    for (colour, plane) in bytes.chunks_exact(layout.pixels() * width).enumerate() {
        for (pixel, sample) in out.chunks_exact_mut(width * count).zip(plane.chunks_exact(width)) {
            pixel[colour * width..(colour + 1) * width].copy_from_slice(sample);
        }
    }
    out
}

/// Pixels of 32 bits in big endian words of 16: the words were put in order by the reader, their order was not.
fn words_swapped(mut samples: Vec<u8>) -> Vec<u8> {
    for sample in samples.as_chunks_mut::<4>().0 {
        sample.rotate_left(2);
    }
    samples
}

/// A frame that is deflated (RFC 1951), or in the wrapper of RFC 1950 that some writers add. No more is taken out of it
/// than the frame needs.
pub(super) fn inflate(bytes: &[u8], layout: &Layout) -> Result<Vec<u8>, Fault> {
    let fault = |what| Fault { codec: "Deflate", what, at: bytes.len(), of: bytes.len() };
    let needed = layout.native_frame_bits().div_ceil(8);
    if needed / 1032 > bytes.len() as u64 {
        return Err(fault("too few bytes for Rows and Columns"));
    }
    let take = |bytes: &[u8]| {
        let mut out = Vec::new();
        DeflateDecoder::new(bytes).take(needed).read_to_end(&mut out).is_ok().then_some(out)
    };
    let whole = |out: &Vec<u8>| out.len() as u64 == needed;
    let is_wrapped = matches!(bytes, [first, second, ..] if first & 15 == 8 && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31));
    let wrapped = || if is_wrapped { take(&bytes[2..]).filter(whole) } else { None };
    take(bytes)
        .filter(whole)
        .or_else(wrapped)
        .ok_or_else(|| fault("its data end before the frame, or are wrong"))
}
