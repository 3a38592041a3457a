//! Blacking out in native pixel data, and clearing unused bits.

use super::{Plan, Rectangle};
use crate::data::{DataSet, Value};
use crate::pixel::{Error, Layout, Numbers, Photometric};
use crate::tags;

/// Changes the pixels of all frames; how many rectangles were black in each, or nothing where no bit changed.
pub(super) fn edit(set: &mut DataSet, layout: &Layout, plan: &Plan) -> Result<Option<usize>, Error> {
    let fault = |what| Error::Attribute { tag: tags::PIXEL_DATA, name: "Pixel Data", what };
    let element = set.get_mut(tags::PIXEL_DATA).ok_or(fault("absent"))?;
    let Value::Bytes(bytes) = &element.value else { return Err(fault("not native")) };
    let mut samples = bytes.to_vec();
    let (form, length) = Form::of(layout, samples.len()).ok_or(fault("longer than can be"))?;
    if samples.len() < length {
        return Err(fault("not as long as Rows, Columns and frames want"));
    }
    let hidden = hidden(layout, plan);
    for frame in 0..layout.frames as usize {
        for rectangle in &hidden {
            form.fill(&mut samples, frame, rectangle);
        }
    }
    if !hidden.is_empty() {
        // What follows the frames that are told of may be more frames.
        samples[length..].fill(0);
    }
    let cleared = plan.unused_bits && clear_unused(&mut samples, layout);
    if hidden.is_empty() && !cleared {
        return Ok(None);
    }
    element.value = Value::Bytes(samples.into());
    Ok(Some(hidden.len()))
}

/// The rectangles that become black, cut at the edges of the image.
fn hidden(layout: &Layout, plan: &Plan) -> Vec<Rectangle> {
    let (columns, rows) = (u32::from(layout.columns), u32::from(layout.rows));
    let mut all: Vec<Rectangle> =
        plan.rectangles.iter().filter_map(|rectangle| cut(rectangle, columns, rows)).collect();
    if let Some(regions) = &plan.regions {
        all.extend(outside(regions, columns, rows));
    }
    all
}

fn cut(rectangle: &Rectangle, columns: u32, rows: u32) -> Option<Rectangle> {
    let right = rectangle.left.saturating_add(rectangle.width).min(columns);
    let bottom = rectangle.top.saturating_add(rectangle.height).min(rows);
    let (width, height) = (right.checked_sub(rectangle.left)?, bottom.checked_sub(rectangle.top)?);
    (width > 0 && height > 0).then_some(Rectangle { width, height, ..*rectangle })
}

/// Everything that is in no region, as runs of rows whose hidden columns are the same.
fn outside(regions: &[Rectangle], columns: u32, rows: u32) -> Vec<Rectangle> {
    let regions: Vec<Rectangle> = regions.iter().filter_map(|region| cut(region, columns, rows)).collect();
    let mut edges: Vec<u32> =
        regions.iter().flat_map(|region| [region.top, region.top + region.height]).collect();
    edges.extend([0, rows]);
    edges.sort_unstable();
    edges.dedup();
    let mut out = Vec::new();
    for band in edges.windows(2) {
        let (top, height) = (band[0], band[1] - band[0]);
        let is_here = |region: &&Rectangle| region.top <= top && top < region.top + region.height;
        let mut spans: Vec<(u32, u32)> =
            regions.iter().filter(is_here).map(|region| (region.left, region.left + region.width)).collect();
        spans.sort_unstable();
        spans.push((columns, columns));
        let mut left = 0;
        for (begin, end) in spans {
            if begin > left {
                out.push(Rectangle { left, top, width: begin - left, height });
            }
            left = left.max(end);
        }
    }
    out
}

/// How native frames lie in their bytes (PS3.5, section 8.1; PS3.3, section C.7.6.3.1).
#[derive(Debug, Clone, Copy)]
enum Form {
    /// Eight pixels in a byte, frame after frame without padding.
    Bits { columns: usize, pixels: usize },
    /// Two pixels in four bytes, their chrominances shared.
    Shared { columns: usize, pixels: usize },
    /// Samples of whole bytes.
    Samples { layout: Layout, black: [u32; 4] },
}

impl Form {
    /// The form, and how many bytes all frames have in it.
    fn of(layout: &Layout, present: usize) -> Option<(Form, usize)> {
        let (columns, pixels, frames) =
            (usize::from(layout.columns), layout.pixels(), layout.frames as usize);
        if layout.bits_allocated == 1 {
            return Some((Form::Bits { columns, pixels }, pixels.checked_mul(frames)?.div_ceil(8)));
        }
        let whole = layout.frame_bytes().checked_mul(frames)?;
        let half = matches!(layout.photometric, Photometric::YbrFull422 | Photometric::YbrPartial422);
        if half && present < whole && layout.bits_allocated == 8 && columns.is_multiple_of(2) {
            return Some((Form::Shared { columns, pixels }, pixels.checked_mul(2)?.checked_mul(frames)?));
        }
        Some((Form::Samples { layout: *layout, black: black(layout) }, whole))
    }

    fn fill(self, samples: &mut [u8], frame: usize, area: &Rectangle) {
        let (left, width) = (area.left as usize, area.width as usize);
        for row in (area.top as usize)..(area.top + area.height) as usize {
            match self {
                Form::Bits { columns, pixels } => {
                    for bit in
                        frame * pixels + row * columns + left..frame * pixels + row * columns + left + width
                    {
                        samples[bit / 8] &= !(1 << (bit % 8));
                    }
                }
                Form::Shared { columns, pixels } => {
                    let begin = (frame * pixels + row * columns + left) / 2 * 4;
                    let end = (frame * pixels + row * columns + left + width).div_ceil(2) * 4;
                    for quad in samples[begin..end].as_chunks_mut::<4>().0 {
                        *quad = [0, 0, 128, 128];
                    }
                }
                Form::Samples { layout, black } => {
                    fill_row(samples, &layout, black, frame, row, left..left + width)
                }
            }
        }
    }
}

fn fill_row(
    samples: &mut [u8],
    layout: &Layout,
    black: [u32; 4],
    frame: usize,
    row: usize,
    columns: std::ops::Range<usize>,
) {
    let (width, count) = (layout.sample_bytes(), usize::from(layout.samples));
    let frame_begin = frame * layout.frame_bytes();
    for column in columns {
        let pixel = row * usize::from(layout.columns) + column;
        for (sample, black) in black.iter().enumerate().take(count) {
            let place = if layout.planar { sample * layout.pixels() + pixel } else { pixel * count + sample };
            let begin = frame_begin + place * width;
            for (byte, value) in samples[begin..begin + width].iter_mut().zip(black.to_le_bytes()) {
                *byte = value;
            }
        }
    }
}

/// What is black: the lowest value, or the highest where low is white; no colour in luminance and chrominances.
fn black(layout: &Layout) -> [u32; 4] {
    let highest = match layout.is_signed() {
        true => (1u32 << (layout.bits_stored.min(32) - 1)) - 1,
        false => u32::MAX >> (32 - u32::from(layout.bits_stored.min(32))),
    };
    let middle = 1u32 << (layout.bits_stored.min(32) - 1);
    match layout.photometric {
        Photometric::Monochrome1 => [highest << (layout.high_bit + 1 - layout.bits_stored); 4],
        Photometric::YbrFull
        | Photometric::YbrFull422
        | Photometric::YbrPartial422
        | Photometric::YbrPartial420 => [0, middle, middle, 0],
        _ => [0; 4],
    }
}

/// Clears the bits of 16 that hold no sample; above a number in two's complement its sign is carried on.
fn clear_unused(samples: &mut [u8], layout: &Layout) -> bool {
    if layout.bits_allocated != 16 || layout.bits_stored >= 16 || layout.numbers == Numbers::Float {
        return false;
    }
    let low = u32::from(layout.high_bit + 1 - layout.bits_stored);
    let above = 15 - u32::from(layout.high_bit);
    let mut changed = false;
    for pair in samples.as_chunks_mut::<2>().0 {
        let word = u16::from_le_bytes(*pair);
        let number = (word >> low << low) << above;
        let clean = if layout.is_signed() { (number as i16 >> above) as u16 } else { number >> above };
        let is_same = clean == word || (layout.is_signed() && number >> above == word);
        if !is_same {
            changed = true;
            *pair = clean.to_le_bytes();
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(left: u32, top: u32, width: u32, height: u32) -> Rectangle {
        Rectangle { left, top, width, height }
    }

    #[test]
    fn outside_of_regions_is_all_the_rest() {
        let regions = [area(2, 1, 3, 2), area(4, 2, 10, 2)];
        let hidden = outside(&regions, 8, 5);
        for row in 0..5 {
            for column in 0..8 {
                let is_in = |r: &Rectangle| {
                    (r.left..r.left + r.width).contains(&column) && (r.top..r.top + r.height).contains(&row)
                };
                let times = hidden.iter().filter(|r| is_in(r)).count();
                assert_eq!(times, usize::from(!regions.iter().any(is_in)), "{column}, {row}");
            }
        }
    }
}
