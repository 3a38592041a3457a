//! Luminance and chrominances to red, green and blue (PS3.3, section C.7.6.3.1.2).

use super::layout::Photometric;

const BITS: u32 = 16;

const fn scaled(value: f64) -> i64 {
    (value * (1 << BITS) as f64 + 0.5) as i64
}

/// YBR_FULL of any precision, in place.
pub(super) fn ybr_to_rgb(samples: &mut [u16], precision: u32) {
    let (middle, max) = (1_i64 << (precision - 1), (1_i64 << precision) - 1);
    for pixel in samples.as_chunks_mut::<3>().0 {
        let rgb = full([i64::from(pixel[0]), i64::from(pixel[1]), i64::from(pixel[2])], middle);
        *pixel = rgb.map(|sample| sample.clamp(0, max) as u16);
    }
}

#[inline]
fn full([y, cb, cr]: [i64; 3], middle: i64) -> [i64; 3] {
    let (cb, cr, half) = (cb - middle, cr - middle, 1 << (BITS - 1));
    [
        y + ((scaled(1.402) * cr + half) >> BITS),
        y - ((scaled(0.344_136_286) * cb + scaled(0.714_136_286) * cr + half) >> BITS),
        y + ((scaled(1.772) * cb + half) >> BITS),
    ]
}

/// Pixels of 8 bits of this kind to RGB, in place; nothing is done for kinds that are RGB already, or no colour.
pub(super) fn to_rgb(pixels: &mut [u8], photometric: Photometric) {
    let convert: fn([i64; 3]) -> [i64; 3] = match photometric {
        Photometric::YbrFull | Photometric::YbrFull422 => |pixel| full(pixel, 128),
        Photometric::YbrPartial422 | Photometric::YbrPartial420 => partial,
        _ => return,
    };
    for pixel in pixels.as_chunks_mut::<3>().0 {
        *pixel = convert(pixel.map(i64::from)).map(|sample| sample.clamp(0, 255) as u8);
    }
}

/// Studio range: 16 to 235 and 16 to 240.
fn partial([y, cb, cr]: [i64; 3]) -> [i64; 3] {
    let half = 1 << (BITS - 1);
    let (y, cb, cr) = (scaled(255.0 / 219.0) * (y - 16) + half, cb - 128, cr - 128);
    [
        (y + scaled(1.596_026_786) * cr) >> BITS,
        (y - scaled(0.391_762_290) * cb - scaled(0.812_967_647) * cr) >> BITS,
        (y + scaled(2.017_232_143) * cb) >> BITS,
    ]
}
