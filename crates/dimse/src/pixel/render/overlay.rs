//! Overlay planes (PS3.3, section C.9.2), in data of their own (60xx,3000) or in unused bits of the pixels.

use dicom_core::Tag;

use crate::data::DataSet;
use crate::pixel::layout::Layout;

/// Draws all graphics overlays of a frame of so many columns and rows, in white.
pub(super) fn draw(pixels: &mut [u8], channels: usize, size: (u32, u32), set: &DataSet, frame: u32) {
    for group in (0x6000..=0x601E).step_by(2) {
        if let Some(plane) = Plane::of(set, group, frame) {
            plane.draw(pixels, channels, size);
        }
    }
}

struct Plane<'a> {
    rows: i64,
    columns: i64,
    /// Counted from 0; the standard counts from 1.
    top: i64,
    left: i64,
    bits: &'a [u8],
    /// Where the frame's bits begin.
    begin: u64,
}

impl<'a> Plane<'a> {
    fn of(set: &'a DataSet, group: u16, frame: u32) -> Option<Plane<'a>> {
        let int = |element| set.int(Tag(group, element));
        let (rows, columns) = (int(0x0010)?, int(0x0011)?);
        let bits = set.get(Tag(group, 0x3000))?.as_bytes()?;
        let origin = set.get(Tag(group, 0x0050)).and_then(|element| element.as_bytes());
        let origin = |index: usize| {
            let bytes = origin?.get(index * 2..)?.first_chunk::<2>()?;
            Some(i64::from(i16::from_le_bytes(*bytes)) - 1)
        };
        // Image Frame Origin and Number of Frames in Overlay; an overlay without them is on every frame.
        let plane = match int(0x0015) {
            Some(frames) => {
                let index = i64::from(frame) - (int(0x0051).unwrap_or(1) - 1);
                (0..frames).contains(&index).then_some(index)?
            }
            None => 0,
        };
        let size = u64::try_from(rows.checked_mul(columns)?).ok().filter(|&size| size > 0)?;
        let begin = size.checked_mul(plane as u64)?;
        let is_there = begin.checked_add(size)? <= bits.len() as u64 * 8;
        is_there.then_some(Plane {
            rows,
            columns,
            top: origin(0).unwrap_or(0),
            left: origin(1).unwrap_or(0),
            bits,
            begin,
        })
    }

    fn draw(&self, pixels: &mut [u8], channels: usize, (columns, rows): (u32, u32)) {
        let (columns, rows) = (i64::from(columns), i64::from(rows));
        for row in self.top.max(0)..(self.top + self.rows).min(rows) {
            for column in self.left.max(0)..(self.left + self.columns).min(columns) {
                let place = self.begin + ((row - self.top) * self.columns + column - self.left) as u64;
                if self.bits[(place / 8) as usize] >> (place % 8) & 1 == 1 {
                    let pixel = (row * columns + column) as usize * channels;
                    pixels[pixel..pixel + channels].fill(255);
                }
            }
        }
    }
}

/// Draws overlays that are in unused bits of the samples (retired, Overlay Bit Position (60xx,0102)).
pub(super) fn draw_embedded(
    pixels: &mut [u8],
    channels: usize,
    samples: &[u8],
    layout: &Layout,
    set: &DataSet,
) {
    if layout.bits_allocated != 16 || layout.samples != 1 {
        return;
    }
    for group in (0x6000..=0x601E).step_by(2) {
        let position = set.int(Tag(group, 0x0102)).filter(|position| (1..16).contains(position));
        let is_own = set.get(Tag(group, 0x3000)).is_some() || set.get(Tag(group, 0x0010)).is_none();
        let Some(position) = position.filter(|_| !is_own) else { continue };
        let low = i64::from(layout.high_bit + 1 - layout.bits_stored);
        if (low..=i64::from(layout.high_bit)).contains(&position) {
            continue;
        }
        for (pixel, word) in pixels.chunks_exact_mut(channels).zip(samples.as_chunks::<2>().0) {
            if u16::from_le_bytes(*word) >> position & 1 == 1 {
                pixel.fill(255);
            }
        }
    }
}
