//! ICC profiles (PS3.3, section C.11.15) in pictures: in a JPEG in APP2 segments (ICC.1:2022, Annex B.4), in a PNG in an iCCP chunk
//! (ISO/IEC 15948, section 11.3.3.3).

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

use crate::data::DataSet;
use crate::tags;

/// Longer ones are not believed.
const SIZE_BYTES_MAX: usize = 4 << 20;
/// What every profile has at its place 36 (ICC.1:2022, section 7.2).
const SIGNATURE: &[u8] = b"acsp";
/// What begins each segment of a JPEG, before its number and the count of all.
const SEGMENT: &[u8] = b"ICC_PROFILE\0";
/// The most of a profile that one segment of a JPEG holds.
const SEGMENT_LENGTH: usize = 65_533 - SEGMENT.len() - 2;
/// Where the first chunk of a PNG ends: signature and IHDR.
const HEADER_END: usize = 8 + 25;

/// The profile of an image: its own, or that of its first optical path that has one.
pub fn of(set: &DataSet) -> Option<&[u8]> {
    let paths = set.items(tags::OPTICAL_PATH_SEQUENCE).iter();
    let all = std::iter::once(set).chain(paths).filter_map(|one| one.raw(tags::ICC_PROFILE));
    let is_one = |bytes: &&[u8]| bytes.len() <= SIZE_BYTES_MAX && bytes.get(36..40) == Some(SIGNATURE);
    all.map(trimmed).find(is_one)
}

/// As long as it says itself: a data set pads it to an even length.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let length = bytes.first_chunk().map(|size| u32::from_be_bytes(*size) as usize);
    length.and_then(|length| bytes.get(..length)).unwrap_or(bytes)
}

/// A JPEG with a profile, behind its first segment where that is APP0.
pub fn in_jpeg(jpeg: &[u8], profile: &[u8]) -> Vec<u8> {
    let begin = match jpeg {
        [0xFF, 0xD8, 0xFF, 0xE0, high, low, ..] => 4 + usize::from(u16::from_be_bytes([*high, *low])),
        _ => 2,
    };
    let (head, rest) = jpeg.split_at(begin.min(jpeg.len()));
    let mut out = head.to_vec();
    let count = profile.len().div_ceil(SEGMENT_LENGTH);
    for (number, piece) in (1_u8..).zip(profile.chunks(SEGMENT_LENGTH)) {
        let length = 2 + SEGMENT.len() + 2 + piece.len();
        out.extend([0xFF, 0xE2]);
        out.extend((length as u16).to_be_bytes());
        out.extend(SEGMENT);
        out.extend([number, count as u8]);
        out.extend(piece);
    }
    out.extend(rest);
    out
}

/// A PNG with a profile, behind its header.
pub fn in_png(png: &[u8], profile: &[u8]) -> Vec<u8> {
    let (head, rest) = png.split_at(HEADER_END.min(png.len()));
    let mut content = b"ICC profile\0\0".to_vec();
    let mut packed = ZlibEncoder::new(&mut content, Compression::fast());
    // Into memory nothing fails.
    let _ = packed.write_all(profile);
    let _ = packed.finish();
    let mut out = head.to_vec();
    put_chunk(&mut out, *b"iCCP", &content);
    out.extend(rest);
    out
}

/// A chunk of a PNG: its length, its kind, its content, and a sum over the latter two.
pub(super) fn put_chunk(out: &mut Vec<u8>, kind: [u8; 4], content: &[u8]) {
    let mut sum = Crc::new();
    sum.update(&kind);
    sum.update(content);
    out.extend((content.len() as u32).to_be_bytes());
    out.extend(kind);
    out.extend(content);
    out.extend(sum.sum().to_be_bytes());
}
