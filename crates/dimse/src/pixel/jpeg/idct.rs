//! The inverse cosine transform (ISO/IEC 10918-1, Annex A.3.3), after Loeffler, Ligtenberg and Moschytz: whole numbers,
//! eleven multiplications for eight values. Numbers wrap, so that no input can do harm.

use std::num::Wrapping;

type Number = Wrapping<i32>;

const SCALE_BITS: usize = 13;

const fn scaled(value: f64) -> Number {
    Wrapping((value * (1 << SCALE_BITS) as f64 + 0.5) as i32)
}

const SIN_A: Number = scaled(0.541_196_100);
const A_LESS: Number = scaled(1.847_759_065);
const A_MORE: Number = scaled(0.765_366_865);

/// One pass over eight values: even part and odd part, both scaled by 2^13.
#[inline(always)]
fn pass(x: [Number; 8]) -> ([Number; 4], [Number; 4]) {
    let z = (x[2] + x[6]) * SIN_A;
    let (even2, even3) = (z - x[6] * A_LESS, z + x[2] * A_MORE);
    let (even0, even1) = ((x[0] + x[4]) << SCALE_BITS, (x[0] - x[4]) << SCALE_BITS);
    let even = [even0 + even3, even1 + even2, even1 - even2, even0 - even3];

    let [t0, t1, t2, t3] = [x[7], x[5], x[3], x[1]];
    let z5 = (t0 + t2 + t1 + t3) * scaled(1.175_875_602);
    let z1 = (t0 + t3) * -scaled(0.899_976_223);
    let z2 = (t1 + t2) * -scaled(2.562_915_447);
    let z3 = (t0 + t2) * -scaled(1.961_570_560) + z5;
    let z4 = (t1 + t3) * -scaled(0.390_180_644) + z5;
    let odd = [
        t3 * scaled(1.501_321_110) + z1 + z4,
        t2 * scaled(3.072_711_026) + z2 + z3,
        t1 * scaled(2.053_119_869) + z2 + z4,
        t0 * scaled(0.298_631_336) + z1 + z3,
    ];
    (even, odd)
}

/// Transforms a block of dequantized coefficients into samples of this precision, moved to begin at zero.
pub(super) fn idct(coefficients: &[i32; 64], precision: u32, out: &mut [u16], stride: usize) {
    // One more bit of fraction between the passes where samples are short enough for it.
    let fraction = if precision <= 8 { 2 } else { 1 };
    let mut between = [Wrapping(0_i32); 64];
    for column in 0..8 {
        let x = std::array::from_fn(|row| Wrapping(coefficients[row * 8 + column]));
        let (even, odd) = pass(x);
        let shift = SCALE_BITS - fraction;
        let half = Wrapping(1 << (shift - 1));
        for i in 0..4 {
            between[i * 8 + column] = (even[i] + odd[i] + half) >> shift;
            between[(7 - i) * 8 + column] = (even[i] - odd[i] + half) >> shift;
        }
    }
    let (middle, max) = (1 << (precision - 1), (1 << precision) - 1);
    let shift = SCALE_BITS + fraction + 3;
    let half = Wrapping(1 << (shift - 1));
    for (row, x) in between.as_chunks::<8>().0.iter().enumerate() {
        let (even, odd) = pass(*x);
        let line = &mut out[row * stride..row * stride + 8];
        for i in 0..4 {
            let (first, last) = ((even[i] + odd[i] + half) >> shift, (even[i] - odd[i] + half) >> shift);
            line[i] = (first.0.saturating_add(middle)).clamp(0, max) as u16;
            line[7 - i] = (last.0.saturating_add(middle)).clamp(0, max) as u16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, in floating point.
    fn slow(coefficients: &[i32; 64]) -> Vec<f64> {
        let scale = |k: usize| if k == 0 { std::f64::consts::FRAC_1_SQRT_2 } else { 1.0 };
        let cosine = |x: usize, k: usize| ((2 * x + 1) as f64 * k as f64 * std::f64::consts::PI / 16.0).cos();
        let mut out = Vec::new();
        for place in 0..64 {
            let (y, x) = (place / 8, place % 8);
            let mut sum = 0.0;
            for (index, &coefficient) in coefficients.iter().enumerate() {
                let (v, u) = (index / 8, index % 8);
                sum += scale(u) * scale(v) * f64::from(coefficient) * cosine(x, u) * cosine(y, v);
            }
            out.push(sum / 4.0);
        }
        out
    }

    #[test]
    fn it_is_what_the_definition_says() {
        let mut seed = 1_u32;
        for precision in [8, 12] {
            for _ in 0..50 {
                let coefficients: [i32; 64] = std::array::from_fn(|index| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed >> 16) as i32 % (1 << (precision + 1)) / (1 + index as i32 * 2)
                });
                let mut samples = [0; 64];
                idct(&coefficients, precision, &mut samples, 8);
                let (middle, max) = (f64::from(1 << (precision - 1)), f64::from((1 << precision) - 1));
                for (sample, exact) in samples.iter().zip(slow(&coefficients)) {
                    assert!((f64::from(*sample) - (exact + middle).clamp(0.0, max)).abs() <= 1.0);
                }
            }
        }
    }
}
