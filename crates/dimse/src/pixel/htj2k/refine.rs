//! The passes that refine a code-block by one bit-plane (ITU-T T.814, sections 7.4 and 7.5): SigProp finds coefficients
//! beside significant ones, MagRef adds a bit to those that the cleanup pass found.
//!
//! Both go over stripes of four lines, down each column. Their bits share a segment: SigProp's come from its first byte
//! on, MagRef's from its last.

use super::bits::{Backward, Forward};
use super::quads::SIGN;

const STRIPE: usize = 4;
/// Significant after the cleanup pass.
const FOUND: u8 = 1;
/// Found by SigProp.
const ADDED: u8 = 2;

/// The significance of a block's coefficients, with a margin of one.
struct Significance {
    states: Vec<u8>,
    stride: usize,
}

impl Significance {
    fn of(coefficients: &[u32], width: usize) -> Self {
        let stride = width + 2;
        let mut states = vec![0; stride * (coefficients.len() / width + 2)];
        for (line, states) in coefficients.chunks(width).zip(states.chunks_mut(stride).skip(1)) {
            line.iter().zip(&mut states[1..]).for_each(|(&each, state)| *state = u8::from(each != 0));
        }
        Significance { states, stride }
    }

    fn at(&mut self, x: usize, y: usize) -> &mut u8 {
        &mut self.states[(y + 1) * self.stride + x + 1]
    }

    /// Whether one of the eight around is significant; those below count only where they may.
    fn is_beside(&self, x: usize, y: usize, counts_below: bool) -> bool {
        let around = |line: usize| {
            let first = line * self.stride + x;
            self.states[first..first + 3].iter().fold(0, |all, state| all | state)
        };
        around(y) | around(y + 1) | if counts_below { around(y + 2) } else { 0 } != 0
    }
}

/// Refines the coefficients of a cleanup pass with so many bit-planes, one at least, left out below it. Where stripes
/// are causal, none looks at the lines of the next.
pub(super) fn refine(
    segment: &[u8],
    width: usize,
    below: u32,
    has_magnitudes: bool,
    is_causal: bool,
    coefficients: &mut [u32],
) {
    let mut significance = Significance::of(coefficients, width);
    propagate(&mut Forward::new(segment, 0), &mut significance, width, below, is_causal, coefficients);
    if has_magnitudes {
        magnify(&mut Backward::new(segment), &mut significance, width, below, coefficients);
    }
}

/// SigProp: in each four columns of a stripe, the bits of significance come first, then the signs.
fn propagate(
    bits: &mut Forward<'_>,
    significance: &mut Significance,
    width: usize,
    below: u32,
    is_causal: bool,
    coefficients: &mut [u32],
) {
    let height = coefficients.len() / width;
    for top in (0..height).step_by(STRIPE) {
        let bottom = (top + STRIPE).min(height);
        for left in (0..width).step_by(STRIPE) {
            let right = (left + STRIPE).min(width);
            let places = || (left..right).flat_map(|x| (top..bottom).map(move |y| (x, y)));
            for (x, y) in places() {
                let counts_below = !is_causal || y + 1 < top + STRIPE;
                if *significance.at(x, y) == 0 && significance.is_beside(x, y, counts_below) {
                    *significance.at(x, y) = if bits.peek() & 1 == 1 { ADDED } else { 0 };
                    bits.skip(1);
                }
            }
            for (x, y) in places() {
                if *significance.at(x, y) == ADDED {
                    let sign = if bits.peek() & 1 == 1 { SIGN } else { 0 };
                    bits.skip(1);
                    coefficients[y * width + x] = 3 << (below - 1) | sign;
                }
            }
        }
    }
}

/// MagRef.
fn magnify(
    bits: &mut Backward<'_>,
    significance: &mut Significance,
    width: usize,
    below: u32,
    coefficients: &mut [u32],
) {
    let height = coefficients.len() / width;
    for top in (0..height).step_by(STRIPE) {
        for x in 0..width {
            for y in top..(top + STRIPE).min(height) {
                if *significance.at(x, y) == FOUND {
                    let bit = (bits.peek() & 1) as u32;
                    bits.skip(1);
                    // The middle moves to that of the half that the bit says.
                    let coefficient = &mut coefficients[y * width + x];
                    *coefficient = *coefficient & !(1 << below) | bit << below | 1 << (below - 1);
                }
            }
        }
    }
}
