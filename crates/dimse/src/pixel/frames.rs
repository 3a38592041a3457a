//! Which bytes are of which frame: native pixel data cut by size, encapsulated pixel data put together from its
//! fragments (PS3.5, Annex A.4; extended offset table: PS3.3, section C.7.6.3.1.8).
//!
//! Tables are believed where they fit the fragments. Where there is none, or one that does not fit, a fragment is a
//! frame if the numbers agree; else frames are found by the markers at which a coded image begins or ends.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;

use crate::data::Fragments;

/// Encapsulated pixel data, cut into frames.
#[derive(Debug, Clone)]
pub(super) struct Frames<'a> {
    fragments: &'a [Bytes],
    frames: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    fragments: Range<usize>,
    /// Its length without padding, where a table says so.
    length: Option<usize>,
}

/// The extended offset table and its lengths, as they came.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ExtendedOffsets<'a> {
    pub offsets: &'a [u8],
    pub lengths: &'a [u8],
}

impl<'a> Frames<'a> {
    /// Cuts fragments into `count` frames, or into as many as can be found where that number is wrong.
    pub fn of(pixel_data: &'a Fragments, extended: ExtendedOffsets<'_>, count: u32) -> Self {
        let fragments = pixel_data.fragments.as_slice();
        let count = count as usize;
        let frames = by_extended(fragments, extended, count)
            .or_else(|| by_basic(fragments, &pixel_data.offsets, count))
            .or_else(|| (count == 1).then(|| joined(&[0], fragments.len())))
            .or_else(|| (fragments.len() == count).then(|| singles(fragments.len())))
            .or_else(|| by_begin(fragments, count))
            .or_else(|| by_end(fragments, count))
            .unwrap_or_else(|| singles(fragments.len()));
        Frames { fragments, frames }
    }

    /// How many were found.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// The bytes of one frame; a copy only where it has several fragments.
    pub fn get(&self, index: usize) -> Option<Cow<'a, [u8]>> {
        let piece = self.frames.get(index)?;
        let bytes: Cow<'a, [u8]> = match &self.fragments[piece.fragments.clone()] {
            [] => return None,
            [only] => Cow::Borrowed(only),
            several => Cow::Owned(several.concat()),
        };
        let length = piece.length.unwrap_or(bytes.len()).min(bytes.len());
        Some(match bytes {
            Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[..length]),
            Cow::Owned(mut bytes) => {
                bytes.truncate(length);
                Cow::Owned(bytes)
            }
        })
    }
}

fn singles(count: usize) -> Vec<Piece> {
    (0..count).map(|index| Piece { fragments: index..index + 1, length: None }).collect()
}

/// Frames that begin at these fragments, each up to the next.
fn joined(begins: &[usize], end: usize) -> Vec<Piece> {
    let ends = begins.iter().skip(1).copied().chain([end]);
    begins.iter().zip(ends).map(|(&begin, end)| Piece { fragments: begin..end, length: None }).collect()
}

/// The fragments at which these offsets lie, if every one is at the item of a fragment, in rising order.
fn places(fragments: &[Bytes], offsets: impl Iterator<Item = u64>) -> Option<Vec<usize>> {
    let mut begins = Vec::new();
    let (mut fragment, mut at) = (0, 0_u64);
    for offset in offsets {
        while at < offset && fragment < fragments.len() {
            at += 8 + fragments[fragment].len() as u64;
            fragment += 1;
        }
        if at != offset || fragment >= fragments.len() || begins.last() == Some(&fragment) {
            return None;
        }
        begins.push(fragment);
    }
    (begins.first() == Some(&0)).then_some(begins)
}

fn by_extended(fragments: &[Bytes], table: ExtendedOffsets<'_>, count: usize) -> Option<Vec<Piece>> {
    let numbers =
        |bytes: &[u8]| bytes.as_chunks::<8>().0.iter().map(|b| u64::from_le_bytes(*b)).collect::<Vec<_>>();
    if table.offsets.len() / 8 != count || count == 0 {
        return None;
    }
    let begins = places(fragments, numbers(table.offsets).into_iter())?;
    let mut frames = joined(&begins, fragments.len());
    for (frame, length) in frames.iter_mut().zip(numbers(table.lengths)) {
        frame.length = usize::try_from(length).ok().filter(|&length| length > 0);
    }
    Some(frames)
}

fn by_basic(fragments: &[Bytes], table: &[u8], count: usize) -> Option<Vec<Piece>> {
    let offsets = table.as_chunks::<4>().0;
    if offsets.len() != count || count == 0 {
        return None;
    }
    let begins = places(fragments, offsets.iter().map(|bytes| u64::from(u32::from_le_bytes(*bytes))))?;
    Some(joined(&begins, fragments.len()))
}

/// By fragments that begin with SOI (JPEG, JPEG-LS) or SOC and SIZ (JPEG 2000).
fn by_begin(fragments: &[Bytes], count: usize) -> Option<Vec<Piece>> {
    let is_begin = |bytes: &Bytes| {
        bytes.starts_with(&[0xFF, 0xD8, 0xFF]) || bytes.starts_with(&[0xFF, 0x4F, 0xFF, 0x51])
    };
    let begins: Vec<usize> = (0..fragments.len()).filter(|&index| is_begin(&fragments[index])).collect();
    let is_fit = begins.first() == Some(&0) && begins.len() <= count && fragments.len() > begins.len();
    is_fit.then(|| joined(&begins, fragments.len()))
}

/// By fragments that end with EOI or EOC, a padding byte or none after it.
fn by_end(fragments: &[Bytes], count: usize) -> Option<Vec<Piece>> {
    let is_end = |bytes: &Bytes| bytes.ends_with(&[0xFF, 0xD9]) || bytes.ends_with(&[0xFF, 0xD9, 0]);
    let mut begins = vec![0];
    begins.extend((1..fragments.len()).filter(|&index| is_end(&fragments[index - 1])));
    (begins.len() == count && !fragments.is_empty()).then(|| joined(&begins, fragments.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(fragments: &[&'static [u8]], offsets: &[u32], count: u32) -> Vec<Vec<u8>> {
        let offsets: Vec<u8> = offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect();
        let fragments = fragments.iter().map(|bytes| Bytes::from_static(bytes)).collect();
        let all = Fragments { offsets: offsets.into(), fragments };
        let frames = Frames::of(&all, ExtendedOffsets::default(), count);
        (0..frames.len()).map(|index| frames.get(index).expect("found").into_owned()).collect()
    }

    #[test]
    fn a_table_of_offsets_joins_fragments() {
        assert_eq!(cut(&[b"ab", b"cd", b"ef"], &[0, 20], 2), [b"abcd".to_vec(), b"ef".to_vec()]);
        assert_eq!(cut(&[b"ab", b"cd", b"ef"], &[0, 10], 2), [b"ab".to_vec(), b"cdef".to_vec()]);
    }

    #[test]
    fn a_table_that_does_not_fit_is_left_aside() {
        assert_eq!(cut(&[b"ab", b"cd"], &[0, 11], 2), [b"ab".to_vec(), b"cd".to_vec()]);
        assert_eq!(cut(&[b"ab", b"cd"], &[0, 0], 2), [b"ab".to_vec(), b"cd".to_vec()]);
        assert_eq!(cut(&[b"ab", b"cd"], &[10, 0], 2), [b"ab".to_vec(), b"cd".to_vec()]);
    }

    #[test]
    fn without_a_table_markers_or_numbers_decide() {
        assert_eq!(cut(&[b"ab", b"cd"], &[], 1), [b"abcd".to_vec()]);
        assert_eq!(cut(&[b"ab", b"cd"], &[], 2), [b"ab".to_vec(), b"cd".to_vec()]);
        let begins: [&'static [u8]; 3] = [b"\xFF\xD8\xFFa", b"b", b"\xFF\xD8\xFFc"];
        assert_eq!(cut(&begins, &[], 2), [b"\xFF\xD8\xFFab".to_vec(), b"\xFF\xD8\xFFc".to_vec()]);
        let ends: [&'static [u8]; 3] = [b"a", b"b\xFF\xD9", b"c\xFF\xD9\0"];
        assert_eq!(cut(&ends, &[], 2), [b"ab\xFF\xD9".to_vec(), b"c\xFF\xD9\0".to_vec()]);
        assert_eq!(cut(&[], &[], 3), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn an_extended_table_cuts_the_padding() {
        let all = Fragments {
            offsets: Bytes::new(),
            fragments: vec![Bytes::from_static(b"abc\0"), Bytes::from_static(b"de")],
        };
        let table =
            |numbers: [u64; 2]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
        let (offsets, lengths) = (table([0, 12]), table([3, 2]));
        let frames = Frames::of(&all, ExtendedOffsets { offsets: &offsets, lengths: &lengths }, 2);
        assert_eq!(frames.get(0).as_deref(), Some(b"abc".as_slice()));
        assert_eq!(frames.get(1).as_deref(), Some(b"de".as_slice()));
        assert_eq!(frames.get(2), None);
    }
}
