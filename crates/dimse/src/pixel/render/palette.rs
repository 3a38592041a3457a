//! Palette colours (PS3.3, section C.7.6.3.1.5), their tables plain or in segments (section C.7.9.2).

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::lut::{Descriptor, each_value};
use crate::data::DataSet;
use crate::pixel::{Error, Frame};

/// Descriptor, data and segmented data of a colour.
const COLOURS: [(Tag, Tag, Tag); 3] = [
    (
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
];

/// A frame of indices as RGB.
pub(super) fn render(frame: &Frame, set: &DataSet) -> Result<Vec<u8>, Error> {
    if frame.layout.bits_allocated > 16 {
        return Err(Error::Rendering("indices of more than 16 bits"));
    }
    let mut first = 0;
    let mut tables = [const { Vec::new() }; 3];
    for (table, (descriptor, data, segmented)) in tables.iter_mut().zip(COLOURS) {
        let descriptor = Descriptor::of(set, descriptor, frame.layout.is_signed())
            .ok_or(Error::Rendering("a Palette Color Lookup Table Descriptor is absent or wrong"))?;
        first = descriptor.first;
        *table = entries(set, &descriptor, data, segmented)
            .ok_or(Error::Rendering("Palette Color Lookup Table Data are absent or wrong"))?;
    }
    let mut out = Vec::with_capacity(frame.layout.pixels() * 3);
    each_value(frame, |index| {
        let place = (index - first).max(0) as usize;
        out.extend(tables.each_ref().map(|table| table[place.min(table.len() - 1)]));
    });
    Ok(out)
}

/// The entries of a colour, as 8 bits; at least one.
fn entries(set: &DataSet, descriptor: &Descriptor, data: Tag, segmented: Tag) -> Option<Vec<u8>> {
    let bytes = |tag| set.get(tag).and_then(|element| element.as_bytes());
    let entries = match (bytes(data), bytes(segmented)) {
        (Some(bytes), _) if !bytes.is_empty() => descriptor.entries(bytes)?,
        (_, Some(bytes)) => expand(bytes, descriptor)?,
        _ => return None,
    };
    // Entries that say 16 bits but use 8 are as frequent as the other way round.
    let has_upper_byte = entries.iter().any(|&entry| entry > 255);
    let shift = if descriptor.bits > 8 && has_upper_byte { descriptor.bits - 8 } else { 0 };
    let shift = if descriptor.bits <= 8 && has_upper_byte { 8 } else { shift };
    (!entries.is_empty()).then(|| entries.iter().map(|&entry| (entry >> shift).min(255) as u8).collect())
}

/// Expands segments: discrete (0), linear (1), and such as repeat others (2).
fn expand(bytes: &[u8], descriptor: &Descriptor) -> Option<Vec<u16>> {
    // Of 8 bits, everything is in bytes.
    let word_bytes = if descriptor.bits <= 8 { 1 } else { 2 };
    let words: Vec<u16> = match word_bytes {
        1 => bytes.iter().map(|&byte| u16::from(byte)).collect(),
        _ => bytes.as_chunks::<2>().0.iter().map(|word| u16::from_le_bytes(*word)).collect(),
    };
    let mut expansion = Expansion { words: &words, entries: Vec::new(), count: descriptor.count, word_bytes };
    let mut at = 0;
    while at < words.len() && expansion.entries.len() < descriptor.count {
        at = expansion.segment(at, true)?;
    }
    (expansion.entries.len() == descriptor.count).then_some(expansion.entries)
}

struct Expansion<'a> {
    words: &'a [u16],
    entries: Vec<u16>,
    count: usize,
    word_bytes: usize,
}

impl Expansion<'_> {
    /// Expands the segment at this word, and says where the next one begins. Repeated segments hold no such that repeat
    /// others, so this goes no deeper than once.
    fn segment(&mut self, at: usize, may_repeat: bool) -> Option<usize> {
        let (&code, &length) = (self.words.get(at)?, self.words.get(at + 1)?);
        let length = usize::from(length);
        let added = if code == 2 { 0 } else { length };
        if length == 0 || self.entries.len() + added > self.count {
            return None;
        }
        match code {
            0 => {
                self.entries.extend(self.words.get(at + 2..at + 2 + length)?);
                Some(at + 2 + length)
            }
            1 => {
                let (from, to) = (i64::from(*self.entries.last()?), i64::from(*self.words.get(at + 2)?));
                let steps = length.max(1) as i64;
                let value =
                    |step: i64| from + ((to - from) * step * 2 + steps * (to - from).signum()) / (steps * 2);
                self.entries.extend((1..=length as i64).map(|step| value(step) as u16));
                Some(at + 3)
            }
            2 if may_repeat => {
                // The offset is in bytes and takes four of them, whatever a word is here.
                let parts = self.words.get(at + 2..at + 2 + 4 / self.word_bytes)?;
                let join = |sum: usize, &part: &u16| sum << (8 * self.word_bytes) | usize::from(part);
                let mut from = parts.iter().rev().fold(0, join) / self.word_bytes;
                for _ in 0..length {
                    from = self.segment(from, false)?;
                }
                Some(at + 2 + 4 / self.word_bytes)
            }
            _ => None,
        }
    }
}
