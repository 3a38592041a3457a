//! Lookup tables (PS3.3, sections C.11.1.1.1 and C.7.6.3.1.5) and the numbers of samples.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::data::DataSet;
use crate::pixel::layout::{Layout, Numbers};
use crate::pixel::{Error, Frame};

/// A table: what the first entry stands for, how many bits entries have, and the entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lut {
    pub first: i64,
    pub bits: u32,
    pub entries: Vec<u16>,
}

impl Lut {
    /// The entry of a value; values outside take the nearest.
    #[inline]
    pub fn get(&self, value: i64) -> u16 {
        let last = self.entries.len() as i64 - 1;
        self.entries[value.saturating_sub(self.first).clamp(0, last) as usize]
    }

    /// The grey of an entry, from 0 to 255.
    pub fn grey(&self, entry: u16) -> u8 {
        let max = (1_u32 << self.bits) - 1;
        (u32::from(entry).min(max) * 255 / max) as u8
    }

    /// The table of an item of a Modality or VOI LUT Sequence.
    pub fn of(item: &DataSet, is_signed: bool) -> Result<Lut, Error> {
        let descriptor = Descriptor::of(item, tags::LUT_DESCRIPTOR, is_signed)
            .ok_or(Error::Rendering("LUT Descriptor (0028,3002) is absent or wrong"))?;
        let wrong =
            Error::Rendering("LUT Data (0028,3006) is absent, or of another length than LUT Descriptor says");
        let bytes = item.get(tags::LUT_DATA).and_then(|element| element.as_bytes()).ok_or(wrong.clone())?;
        let entries = descriptor.entries(bytes).ok_or(wrong)?;
        Ok(Lut { first: descriptor.first, bits: descriptor.bits, entries })
    }
}

/// Number of entries, first value and bits of an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Descriptor {
    pub count: usize,
    pub first: i64,
    pub bits: u32,
}

impl Descriptor {
    pub fn of(set: &DataSet, tag: Tag, is_signed: bool) -> Option<Descriptor> {
        let bytes = set.get(tag)?.as_bytes()?;
        let number = |index: usize| Some(u16::from_le_bytes(*bytes.get(index * 2..)?.first_chunk::<2>()?));
        let first = number(1)?;
        // Written as US or SS alike: which one it is follows from the samples.
        let first = if is_signed { i64::from(first as i16) } else { i64::from(first) };
        let bits = u32::from(number(2)?);
        let count = if number(0)? == 0 { 1 << 16 } else { usize::from(number(0)?) };
        (1..=16).contains(&bits).then_some(Descriptor { count, first, bits })
    }

    /// Entries in words, or in bytes where there are as many: some writers pack those of 8 bits.
    pub fn entries(&self, bytes: &[u8]) -> Option<Vec<u16>> {
        if bytes.len() >= self.count * 2 {
            let words = bytes.as_chunks::<2>().0.iter().take(self.count);
            return Some(words.map(|word| u16::from_le_bytes(*word)).collect());
        }
        (self.bits <= 8 && bytes.len() >= self.count)
            .then(|| bytes.iter().take(self.count).map(|&byte| u16::from(byte)).collect())
    }
}

/// A number that is written in decimal; the first of several.
pub(super) fn decimal(set: &DataSet, tag: Tag, index: usize) -> Option<f64> {
    let number: f64 = set.ascii(tag)?.split('\\').nth(index)?.trim().parse().ok()?;
    number.is_finite().then_some(number)
}

/// Calls for the number that each sample stands for: the stored bits, with their sign (PS3.5, section 8.1.1).
pub(super) fn each_value(frame: &Frame, mut call: impl FnMut(i64)) {
    let layout = &frame.layout;
    let bits = Bits::of(layout);
    let samples = &frame.samples;
    match layout.bits_allocated {
        8 => samples.iter().for_each(|&byte| call(bits.value(u32::from(byte)))),
        16 => {
            let words = samples.as_chunks::<2>().0;
            words.iter().for_each(|word| call(bits.value(u32::from(u16::from_le_bytes(*word)))));
        }
        _ => samples.as_chunks::<4>().0.iter().for_each(|word| call(bits.value(u32::from_le_bytes(*word)))),
    }
}

/// Where in a sample the stored bits are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bits {
    up: u32,
    down: u32,
    is_signed: bool,
}

impl Bits {
    pub fn of(layout: &Layout) -> Bits {
        let up = 31 - u32::from(layout.high_bit);
        Bits { up, down: 32 - u32::from(layout.bits_stored), is_signed: layout.numbers == Numbers::Signed }
    }

    #[inline]
    pub fn value(&self, sample: u32) -> i64 {
        let moved = sample << self.up;
        if self.is_signed { i64::from(moved as i32 >> self.down) } else { i64::from(moved >> self.down) }
    }
}
