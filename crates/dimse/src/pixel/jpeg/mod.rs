//! JPEG (ISO/IEC 10918-1), Huffman coded: baseline, extended and progressive DCT of 8 and 12 bits, lossless of 2 to 16
//! bits.
//!
//! One walk over the markers; the frame header is held against the data set before anything is allocated. Not
//! supported: arithmetic coding, hierarchical frames, and a number of lines that comes only behind the scan (DNL).

mod baseline_encode;
mod bits;
mod dct;
mod huffman;
mod idct;
mod lossless;
mod lossless_encode;
pub(super) mod markers;
mod upsample;

pub(super) use baseline_encode::encode as encode_baseline;
pub(super) use lossless_encode::encode as encode_lossless;
use markers::{EOI, FrameHeader, SOI, SOS, ScanHeader, Tables};

use super::codec::{Coded, Decoded};
use super::layout::Layout;

pub(super) use markers::Flaw;

/// More scans than any image has use for.
const SCANS_MAX: usize = 256;

/// One of the two ways in which samples are coded.
enum Process {
    Dct(dct::Image),
    Lossless(lossless::Image),
}

/// Decodes one frame.
pub(super) fn decode(bytes: &[u8], layout: &Layout) -> Result<Decoded, Flaw> {
    let mut at = 0;
    let mut scans = 0;
    let mut tables = Tables::default();
    let mut process: Option<(FrameHeader, Process)> = None;
    while let Some(segment) = markers::next(bytes, at)? {
        at = segment.at + segment.payload.len();
        match segment.code {
            EOI => break,
            SOI => {}
            0xC0..=0xC3 => {
                if process.is_some() {
                    return Err(("a second frame header", segment.at));
                }
                let header = FrameHeader::read(&segment, layout)?;
                let way = begin(&header, bytes.len()).map_err(|what| (what, segment.at))?;
                process = Some((header, way));
            }
            0xC5..=0xC7 | 0xC8..=0xCB | 0xCD..=0xCF | 0xF7 => {
                return Err(("a coding process that is not supported", segment.at));
            }
            SOS => {
                let (header, way) = process.as_mut().ok_or(("a scan before the frame header", segment.at))?;
                let scan = ScanHeader::read(&segment, header)?;
                scans += 1;
                if scans > SCANS_MAX {
                    return Err(("too many scans", segment.at));
                }
                at = match way {
                    Process::Dct(image) => image.scan(header, &scan, &tables, bytes, at)?,
                    Process::Lossless(image) => image.scan(header, &scan, &tables, bytes, at)?,
                };
            }
            _ => tables.read(&segment)?,
        }
    }
    match process {
        None => Err(("no frame header", bytes.len())),
        Some((header, Process::Dct(image))) => image.finish(&header, &tables, layout),
        Some((header, Process::Lossless(image))) => image.finish(&header, layout),
    }
    .map_err(|(what, at)| (what, at.min(bytes.len())))
}

/// Prepares for a frame, if its samples can be in that many bytes at all.
fn begin(header: &FrameHeader, length: usize) -> Result<Process, &'static str> {
    let samples = header.rows * header.columns * header.components.len();
    let is_lossless = header.code == 0xC3;
    // A sample takes a bit at least; a block of 64 one of its first coefficient, for all scales of colour.
    let samples_max = length.saturating_mul(if is_lossless { 8 } else { 8 * 64 * 4 });
    if samples > samples_max {
        return Err("too few bytes for Rows and Columns");
    }
    match is_lossless {
        true => lossless::Image::new(header).map(Process::Lossless),
        false => dct::Image::new(header).map(Process::Dct),
    }
}

/// Decodes what the transfer syntax or the first bytes say is JPEG.
pub(super) fn coded() -> Coded {
    Coded { name: "JPEG", decode }
}
