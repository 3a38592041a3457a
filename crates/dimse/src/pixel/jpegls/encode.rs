//! Encoding JPEG-LS without loss; colours are interleaved by line.

use super::bits::BitWriter;
use super::model::{Model, Preset, RUN_BITS};
use crate::pixel::jpeg::markers::{EOI, SOI, SOS};
use crate::pixel::layout::Layout;

/// Encodes samples by pixel.
pub(in crate::pixel) fn encode(samples: &[u16], precision: u32, layout: &Layout) -> Vec<u8> {
    let (count, columns) = (usize::from(layout.samples), usize::from(layout.columns));
    let mut out = header(precision, layout);
    let mut model = Model::new(&Preset::default_of((1 << precision) - 1, 0), 0);
    let mut bits = BitWriter::new(&mut out);
    let mut lines = vec![[vec![0; columns + 2], vec![0; columns + 2]]; count];
    let mut states = vec![0; count];
    for pixels in samples.chunks_exact(columns * count) {
        for (component, ([above, this], state)) in lines.iter_mut().zip(&mut states).enumerate() {
            std::mem::swap(above, this);
            above[columns + 1] = above[columns];
            this[0] = above[1];
            for (to, pixel) in this[1..].iter_mut().zip(pixels.chunks_exact(count)) {
                *to = i32::from(pixel[component]);
            }
            line(&mut model, &mut bits, state, above, &this[..=columns]);
        }
    }
    bits.finish();
    out.extend([0xFF, EOI]);
    if out.len() % 2 == 1 {
        out.push(0);
    }
    out
}

fn header(precision: u32, layout: &Layout) -> Vec<u8> {
    let count = layout.samples as u8;
    let mut out = vec![0xFF, SOI, 0xFF, 0xF7, 0, 8 + 3 * count, precision as u8];
    out.extend(layout.rows.to_be_bytes());
    out.extend(layout.columns.to_be_bytes());
    out.push(count);
    for component in 1..=count {
        out.extend([component, 0x11, 0]);
    }
    out.extend([0xFF, SOS, 0, 6 + 2 * count, count]);
    for component in 1..=count {
        out.extend([component, 0]);
    }
    out.extend([0, u8::from(count > 1), 0]);
    out
}

/// One line of one component; `this` begins with a sample of margin.
fn line(model: &mut Model, bits: &mut BitWriter<'_>, state: &mut usize, above: &[i32], this: &[i32]) {
    let mut x = 1;
    while x < this.len() {
        let (left, over, corner) = (this[x - 1], above[x], above[x - 1]);
        let neighbourhood = model.neighbourhood(left, over, corner, above[x + 1]);
        if neighbourhood != 0 {
            regular(model, bits, neighbourhood, [left, over, corner], this[x]);
            x += 1;
            continue;
        }
        let length = this[x..].iter().take_while(|&&sample| sample == left).count();
        x += length;
        let is_end = x == this.len();
        run(bits, state, length, is_end);
        if !is_end {
            run_end(model, bits, *state, left, above[x], this[x]);
            *state = state.saturating_sub(1);
            x += 1;
        }
    }
}

fn regular(
    model: &mut Model,
    bits: &mut BitWriter<'_>,
    neighbourhood: i32,
    [left, above, corner]: [i32; 3],
    sample: i32,
) {
    let coding = model.coding(neighbourhood, left, above, corner);
    let difference = sample - coding.prediction;
    let error = model.error(if coding.is_negative { -difference } else { difference });
    let mapped = if coding.is_inverted { -error - 1 } else { error };
    let number = if mapped >= 0 { 2 * mapped } else { -2 * mapped - 1 };
    bits.golomb(number, coding.k, model.limit, model.error_bits);
    model.update(coding.context, error);
}

fn run(bits: &mut BitWriter<'_>, state: &mut usize, mut length: usize, is_end: bool) {
    while length >= 1 << RUN_BITS[*state] {
        bits.put(1, 1);
        length -= 1 << RUN_BITS[*state];
        *state = (*state + 1).min(31);
    }
    match is_end {
        true if length > 0 => bits.put(1, 1),
        true => {}
        false => {
            bits.put(0, 1);
            bits.put(length as u32, RUN_BITS[*state]);
        }
    }
}

fn run_end(model: &mut Model, bits: &mut BitWriter<'_>, state: usize, left: i32, above: i32, sample: i32) {
    let kind = usize::from(left == above);
    let difference = if kind == 0 && left > above { above - sample } else { sample - above };
    let error = model.error(difference);
    let k = model.run_parameter(kind);
    let number = model.run_number(kind, k, error);
    bits.golomb(number, k, model.limit - RUN_BITS[state] - 1, model.error_bits);
    model.run_update(kind, error, number);
}
