//! Lossless JPEG, process 14 with selection value 1 (1.2.840.10008.1.2.4.70): every sample is predicted from the one to
//! its left, and the code is the best for the frame.

use super::huffman::{Codes, best};
use crate::pixel::layout::Layout;

/// Encodes samples by pixel.
pub(in crate::pixel) fn encode(samples: &[u16], precision: u32, layout: &Layout) -> Vec<u8> {
    let mut frequencies = [0; 256];
    each_difference(samples, precision, layout, |difference| frequencies[category(difference)] += 1);
    let codes = best(&frequencies);
    let mut out = header(&codes, precision, layout);
    let mut bits = BitWriter::new(&mut out);
    each_difference(samples, precision, layout, |difference| {
        let category = category(difference);
        let (code, length) = codes.codes[category];
        bits.put(code, length);
        if category < 16 {
            let low = if difference < 0 { difference - 1 } else { difference };
            bits.put(low as u32 & ((1 << category) - 1), category as u32);
        }
    });
    bits.finish();
    out.extend([0xFF, super::EOI]);
    out
}

/// The differences of all samples, in the order in which they are coded (modulo 65536, Annex H.1.2.1).
fn each_difference(samples: &[u16], precision: u32, layout: &Layout, mut f: impl FnMut(i32)) {
    let count = usize::from(layout.samples);
    let width = usize::from(layout.columns) * count;
    let middle = 1_u16 << (precision - 1);
    for (row, line) in samples.chunks_exact(width).enumerate() {
        for place in 0..width {
            let prediction = match place >= count {
                true => line[place - count],
                false if row > 0 => samples[(row - 1) * width + place],
                false => middle,
            };
            let difference = line[place].wrapping_sub(prediction) as i16;
            f(i32::from(difference));
        }
    }
}

/// The number of bits of a difference: 16 for -32768, which stands for 32768 and has none of its own.
pub(super) fn category(difference: i32) -> usize {
    (32 - difference.unsigned_abs().leading_zeros()) as usize
}

fn header(codes: &Codes, precision: u32, layout: &Layout) -> Vec<u8> {
    let count = layout.samples as u8;
    let mut out = vec![0xFF, super::SOI, 0xFF, 0xC3, 0, 8 + 3 * count, precision as u8];
    out.extend(layout.rows.to_be_bytes());
    out.extend(layout.columns.to_be_bytes());
    out.push(count);
    for component in 1..=count {
        out.extend([component, 0x11, 0]);
    }
    out.extend([0xFF, 0xC4, 0, (19 + codes.symbols.len()) as u8, 0]);
    out.extend(codes.counts);
    out.extend(&codes.symbols);
    out.extend([0xFF, super::SOS, 0, 6 + 2 * count, count]);
    for component in 1..=count {
        out.extend([component, 0]);
    }
    out.extend([1, 0, 0]);
    out
}

/// Writes bits, a zero byte after every FF.
pub(super) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    held: u64,
    count: u32,
}

impl<'a> BitWriter<'a> {
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        BitWriter { out, held: 0, count: 0 }
    }

    /// Writes up to 32 bits.
    #[inline]
    pub fn put(&mut self, bits: u32, count: u32) {
        self.held = self.held << count | u64::from(bits);
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.held >> self.count) as u8;
            self.out.push(byte);
            if byte == 0xFF {
                self.out.push(0);
            }
        }
    }

    /// Fills the last byte with ones.
    pub fn finish(&mut self) {
        let free = (8 - self.count % 8) % 8;
        self.put((1 << free) - 1, free);
    }
}
