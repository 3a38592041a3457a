//! JPEG baseline (ISO/IEC 10918-1, Annex F.1) of pictures for the screen: grey, or YCbCr with all chrominances, in the
//! wrapper of JFIF. The Huffman tables are the best for the picture.

use super::dct::ZIGZAG;
use super::huffman::{Codes, best};
use super::lossless_encode::{BitWriter, category};

/// Quantization of luminance and chrominance at quality 50 (Annex K, tables K.1 and K.2).
const QUANTIZATION: [[u16; 64]; 2] = [
    [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14,
        17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49,
        64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
    ],
    [
        17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47,
        66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    ],
];

/// Coefficients of a block in the order of the scan.
type Block = [i16; 64];

/// Encodes samples of 8 bits, one or three a pixel (RGB). The quality goes from 1 to 100.
pub(in crate::pixel) fn encode(
    samples: &[u8],
    columns: u16,
    rows: u16,
    channels: usize,
    quality: u8,
) -> Vec<u8> {
    let tables = QUANTIZATION.map(|table| scaled(&table, quality));
    let blocks = blocks(samples, (usize::from(columns), usize::from(rows)), channels, &tables);
    let mut counts = [[[0_u64; 256]; 2]; 2];
    each_symbol(&blocks, channels, |kind, is_ac, symbol, _, _| counts[kind][usize::from(is_ac)][symbol] += 1);
    let kinds = if channels == 1 { 1 } else { 2 };
    let codes: Vec<[Codes; 2]> = counts[..kinds].iter().map(|[dc, ac]| [best(dc), best(ac)]).collect();
    let mut out = header(columns, rows, channels, &tables, &codes);
    let mut bits = BitWriter::new(&mut out);
    each_symbol(&blocks, channels, |kind, is_ac, symbol, value, size| {
        let (code, length) = codes[kind][usize::from(is_ac)].codes[symbol];
        bits.put(code, length);
        let low = if value < 0 { value - 1 } else { value };
        bits.put(low as u32 & ((1 << size) - 1), size);
    });
    bits.finish();
    out.extend([0xFF, super::EOI]);
    out
}

/// A table for a quality, by the rule that the IJG's software made common.
fn scaled(table: &[u16; 64], quality: u8) -> [u16; 64] {
    let quality = u32::from(quality.clamp(1, 100));
    let percent = if quality < 50 { 5000 / quality } else { 200 - quality * 2 };
    table.map(|step| ((u32::from(step) * percent + 50) / 100).clamp(1, 255) as u16)
}

/// All blocks, those of one unit side by side; the last samples are repeated at the margins.
fn blocks(
    samples: &[u8],
    (columns, rows): (usize, usize),
    channels: usize,
    tables: &[[u16; 64]; 2],
) -> Vec<Block> {
    let cosines = cosines();
    let mut blocks = Vec::with_capacity(columns.div_ceil(8) * rows.div_ceil(8) * channels);
    for top in (0..rows).step_by(8) {
        for left in (0..columns).step_by(8) {
            let pixel = |place: usize| {
                let (row, column) = ((top + place / 8).min(rows - 1), (left + place % 8).min(columns - 1));
                &samples[(row * columns + column) * channels..][..channels]
            };
            for channel in 0..channels {
                let samples = std::array::from_fn(|place| component(pixel(place), channel));
                blocks.push(transform(&samples, &cosines, &tables[channel.min(1)]));
            }
        }
    }
    blocks
}

/// Grey, or luminance and chrominances of RGB, around zero.
fn component(pixel: &[u8], channel: usize) -> f32 {
    let &[r, g, b] = pixel else { return f32::from(pixel[0]) - 128.0 };
    let [r, g, b] = [r, g, b].map(f32::from);
    match channel {
        0 => 0.299 * r + 0.587 * g + 0.114 * b - 128.0,
        1 => -0.168_735_9 * r - 0.331_264_1 * g + 0.5 * b,
        _ => 0.5 * r - 0.418_687_6 * g - 0.081_312_4 * b,
    }
}

/// The matrix of the cosine transform.
fn cosines() -> [[f32; 8]; 8] {
    let scale = |k: usize| if k == 0 { std::f32::consts::FRAC_1_SQRT_2 / 2.0 } else { 0.5 };
    let value =
        |k: usize, x: usize| scale(k) * ((2 * x + 1) as f32 * k as f32 * std::f32::consts::PI / 16.0).cos();
    std::array::from_fn(|k| std::array::from_fn(|x| value(k, x)))
}

fn transform(samples: &[f32; 64], cosines: &[[f32; 8]; 8], table: &[u16; 64]) -> Block {
    let mut between = [[0.0_f32; 8]; 8];
    for (k, between) in between.iter_mut().enumerate() {
        for (cosine, row) in cosines[k].iter().zip(samples.as_chunks::<8>().0) {
            for (sum, sample) in between.iter_mut().zip(row) {
                *sum += cosine * sample;
            }
        }
    }
    let mut coefficients = [0.0_f32; 64];
    for (k, row) in between.iter().enumerate() {
        for (j, cosines) in cosines.iter().enumerate() {
            coefficients[k * 8 + j] = row.iter().zip(cosines).map(|(sample, cosine)| sample * cosine).sum();
        }
    }
    ZIGZAG.map(|place| (coefficients[place] / f32::from(table[place])).round().clamp(-1023.0, 1023.0) as i16)
}

/// Calls for every symbol: kind of table, whether AC, symbol, value and bits of the value.
fn each_symbol(blocks: &[Block], channels: usize, mut call: impl FnMut(usize, bool, usize, i32, u32)) {
    let mut predictions = [0; 3];
    for (index, block) in blocks.iter().enumerate() {
        let channel = index % channels;
        let kind = channel.min(1);
        let difference = i32::from(block[0]) - predictions[channel];
        predictions[channel] = i32::from(block[0]);
        call(kind, false, category(difference), difference, category(difference) as u32);
        let mut zeros = 0;
        for &coefficient in &block[1..] {
            if coefficient == 0 {
                zeros += 1;
                continue;
            }
            (0..zeros / 16).for_each(|_| call(kind, true, 0xF0, 0, 0));
            let size = category(i32::from(coefficient));
            call(kind, true, (zeros % 16) << 4 | size, i32::from(coefficient), size as u32);
            zeros = 0;
        }
        if zeros > 0 {
            call(kind, true, 0, 0, 0);
        }
    }
}

fn header(
    columns: u16,
    rows: u16,
    channels: usize,
    tables: &[[u16; 64]; 2],
    codes: &[[Codes; 2]],
) -> Vec<u8> {
    let count = channels as u8;
    let mut out = vec![0xFF, super::SOI, 0xFF, 0xE0, 0, 16];
    out.extend(b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    for (kind, table) in tables.iter().take(codes.len()).enumerate() {
        out.extend([0xFF, 0xDB, 0, 67, kind as u8]);
        out.extend(ZIGZAG.map(|place| table[place] as u8));
    }
    out.extend([0xFF, 0xC0, 0, 8 + 3 * count, 8]);
    out.extend(rows.to_be_bytes());
    out.extend(columns.to_be_bytes());
    out.push(count);
    for channel in 0..count {
        out.extend([channel + 1, 0x11, channel.min(1)]);
    }
    for (kind, pair) in codes.iter().enumerate() {
        for (class, codes) in pair.iter().enumerate() {
            out.extend([0xFF, 0xC4]);
            out.extend((19 + codes.symbols.len() as u16).to_be_bytes());
            out.push((class << 4 | kind) as u8);
            out.extend(codes.counts);
            out.extend(&codes.symbols);
        }
    }
    out.extend([0xFF, super::SOS, 0, 6 + 2 * count, count]);
    for channel in 0..count {
        out.extend([channel + 1, channel.min(1) * 0x11]);
    }
    out.extend([0, 63, 0]);
    out
}
