//! RLE lossless (PS3.5, Annex G): up to 15 segments of PackBits, one for each byte of each sample, the most
//! significant first.
//!
//! | bytes | what |
//! |---|---|
//! | 0-3 | number of segments |
//! | 4-63 | offsets of the segments, counted from the header's first byte |

use super::layout::Layout;
use super::{Error, Fault};

const CODEC: &str = "RLE";
const HEADER_BYTES: usize = 64;
/// Two bytes give at most 128.
const RATIO_MAX: usize = 64;

/// Decodes one frame into samples by pixel, little endian.
pub(super) fn decode(bytes: &[u8], layout: &Layout) -> Result<Vec<u8>, Fault> {
    let fault = |what, at| Fault { codec: CODEC, what, at, of: bytes.len() };
    let (width, samples) = (layout.sample_bytes(), usize::from(layout.samples));
    let offsets = offsets(bytes)?;
    if offsets.len() != width * samples {
        return Err(fault("its segments are not Samples per Pixel times the bytes of Bits Allocated", 0));
    }
    if layout.frame_bytes() / RATIO_MAX > bytes.len() {
        return Err(fault("too few bytes for Rows and Columns", bytes.len()));
    }
    let pixels = layout.pixels();
    let mut out = vec![0; layout.frame_bytes()];
    let mut plane = Vec::with_capacity(pixels);
    for (index, &begin) in offsets.iter().enumerate() {
        let end = offsets.get(index + 1).copied().unwrap_or(bytes.len());
        plane.clear();
        unpack(&bytes[begin..end], pixels, &mut plane)
            .map_err(|at| fault("a segment ends before its pixels", begin + at))?;
        let place = index / width * width + (width - 1 - index % width);
        let stride = width * samples;
        for (to, from) in out[place..].iter_mut().step_by(stride).zip(&plane) {
            *to = *from;
        }
    }
    Ok(out)
}

/// Encodes one frame of samples by pixel, little endian.
pub(super) fn encode(samples: &[u8], layout: &Layout) -> Result<Vec<u8>, Error> {
    let (width, count) = (layout.sample_bytes(), usize::from(layout.samples));
    let segments = width * count;
    if segments > 15 {
        return Err(Error::Encoding("RLE holds at most 15 bytes a pixel"));
    }
    let mut out = vec![0; HEADER_BYTES];
    out[0] = segments as u8;
    let mut plane = Vec::with_capacity(layout.pixels());
    for index in 0..segments {
        let begin = u32::try_from(out.len()).map_err(|_| Error::Encoding("RLE offsets have 32 bits"))?;
        out[4 + index * 4..8 + index * 4].copy_from_slice(&begin.to_le_bytes());
        let place = index / width * width + (width - 1 - index % width);
        plane.clear();
        plane.extend(samples.iter().skip(place).step_by(segments));
        // Runs end with the row (PS3.5, section G.3.1).
        for row in plane.chunks(usize::from(layout.columns)) {
            pack(row, &mut out);
        }
        if out.len() % 2 == 1 {
            out.push(0);
        }
    }
    Ok(out)
}

fn offsets(bytes: &[u8]) -> Result<Vec<usize>, Fault> {
    let fault = |what, at| Fault { codec: CODEC, what, at, of: bytes.len() };
    let header = bytes.get(..HEADER_BYTES).ok_or(fault("ends within its header", bytes.len()))?;
    let numbers = header.as_chunks::<4>().0;
    let number = |index: usize| u32::from_le_bytes(numbers[index]) as usize;
    if number(0) == 0 || number(0) > 15 {
        return Err(fault("the number of segments is not 1 to 15", 0));
    }
    let offsets: Vec<usize> = (1..=number(0)).map(number).collect();
    let mut last = HEADER_BYTES;
    for (index, &offset) in offsets.iter().enumerate() {
        if offset < last || offset > bytes.len() {
            return Err(fault(
                "the offset of a segment lies outside, or before the one before",
                4 + index * 4,
            ));
        }
        last = offset;
    }
    Ok(offsets)
}

/// Unpacks PackBits until there are `count` bytes, or says at which byte they ended before.
fn unpack(segment: &[u8], count: usize, out: &mut Vec<u8>) -> Result<(), usize> {
    let mut at = 0;
    while out.len() < count {
        let Some(&control) = segment.get(at) else {
            return Err(at);
        };
        at += 1;
        let room = count - out.len();
        match control {
            0..=127 => {
                let length = usize::from(control) + 1;
                let literal = segment.get(at..).unwrap_or_default();
                let length = length.min(literal.len());
                if length == 0 {
                    return Err(at);
                }
                out.extend_from_slice(&literal[..length.min(room)]);
                at += length;
            }
            128 => {}
            129..=255 => {
                let &byte = segment.get(at).ok_or(at)?;
                out.resize(out.len() + (257 - usize::from(control)).min(room), byte);
                at += 1;
            }
        }
    }
    Ok(())
}

/// Packs a row: runs of three and more as such, of two where no literal is open.
fn pack(row: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    let mut literal = 0;
    while at < row.len() {
        let byte = row[at];
        let run = row[at..].iter().take(128).take_while(|&&next| next == byte).count();
        if run >= 3 || (run == 2 && literal == at) {
            put_literal(&row[literal..at], out);
            out.push((257 - run) as u8);
            out.push(byte);
            at += run;
            literal = at;
        } else {
            at += run;
        }
    }
    put_literal(&row[literal..], out);
}

fn put_literal(bytes: &[u8], out: &mut Vec<u8>) {
    for part in bytes.chunks(128) {
        out.push((part.len() - 1) as u8);
        out.extend_from_slice(part);
    }
}
