//! The cleanup pass of a code-block (ITU-T T.814, section 7): significance of quads of 2 by 2 coefficients from MEL and
//! VLC, their exponents from U-VLC, magnitudes and signs from MagSgn.
//!
//! In a quad, coefficients are counted down the left column, then down the right. Two quads side by side share the code
//! words of their exponents.

use super::bits::{Backward, Events, Forward};
use super::tables::{FIRST_ROW, OTHER_ROWS};

/// The highest bit of a coefficient: it is negative.
pub(super) const SIGN: u32 = 1 << 31;

/// What a code word of CxtVLC says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    /// How many bits it takes.
    pub length: u8,
    /// Which coefficients are significant.
    pub significance: u8,
    /// Whether the exponent is above its predictor.
    pub has_exponent: bool,
    /// Of which the most significant bit is known, and
    pub is_known: u8,
    /// what it is.
    pub known: u8,
}

impl Word {
    /// None of the four is significant.
    pub const NONE: Word = Word { length: 0, significance: 0, has_exponent: false, is_known: 0, known: 0 };
}

/// The prefixes of U-VLC by three bits: the prefix's length, the suffix's, the value (T.814, Table 3).
const PREFIXES: [(u32, u32, u32); 8] =
    [(3, 5, 5), (1, 0, 1), (2, 0, 2), (1, 0, 1), (3, 1, 3), (1, 0, 1), (2, 0, 2), (1, 0, 1)];

#[derive(Clone, Copy)]
struct Quad {
    word: Word,
    /// By how much the exponent is above its predictor.
    above: u32,
}

const EMPTY: Quad = Quad { word: Word::NONE, above: 0 };

/// Two rows of quads, a quad of margin at either side, and the exponents of two lines of coefficients.
#[derive(Default)]
pub(super) struct Scratch {
    quads: [Vec<Quad>; 2],
    exponents: [Vec<u8>; 2],
}

impl Scratch {
    fn begin(&mut self, quads: usize) {
        for row in &mut self.quads {
            row.clear();
            row.resize(quads + 2, EMPTY);
        }
        for line in &mut self.exponents {
            line.clear();
            line.resize(quads * 2 + 2, 0);
        }
    }
}

/// Decodes a cleanup segment into coefficients, in lines of this width. Its magnitudes have so many bits and come in
/// halves, with so many bit-planes below that are left out: each is in the middle of what it may be. None where the
/// segment contradicts itself.
pub(super) fn cleanup(
    segment: &[u8],
    width: usize,
    planes: u32,
    below: u32,
    scratch: &mut Scratch,
    coefficients: &mut [u32],
) -> Option<()> {
    let &[.., before, last] = segment else { return None };
    let suffix = usize::from(last) << 4 | usize::from(before & 15);
    if !(2..=4079).contains(&suffix) || suffix > segment.len() {
        return None;
    }
    let (magnitudes, words) = segment.split_at(segment.len() - suffix);
    let words = &words[..suffix - 1];
    let mut magnitudes = Forward::new(magnitudes, 0xFF);
    let mut events = Events::new(words);
    let mut words = Backward::after_length(words);
    scratch.begin(width.div_ceil(2));
    for (index, lines) in coefficients.chunks_mut(width * 2).enumerate() {
        let Scratch { quads: [above, row], exponents: [exponents_above, exponents] } = scratch;
        if index == 0 {
            first_row(&mut words, &mut events, row);
        } else {
            other_row(&mut words, &mut events, above, row);
        }
        let (upper, lower) = lines.split_at_mut(width);
        let mut samples = Samples { bits: &mut magnitudes, planes, below };
        samples.row(row, (index > 0).then_some(exponents_above), exponents, upper, lower)?;
        scratch.quads.swap(0, 1);
        scratch.exponents.swap(0, 1);
    }
    Some(())
}

/// The code words of a row of quads without one above.
fn first_row(words: &mut Backward<'_>, events: &mut Events<'_>, row: &mut [Quad]) {
    let quads = row.len() - 2;
    for pair in (1..=quads).step_by(2) {
        let mut taken = 0;
        let bits = words.peek();
        for index in pair..=(pair + 1).min(quads) {
            let west = usize::from(row[index - 1].word.significance);
            let context = (west | west >> 1) & 1 | west >> 1 & 6;
            let word = match context == 0 && !events.next() {
                true => Word::NONE,
                false => FIRST_ROW[context << 7 | (bits >> taken) as usize & 127],
            };
            taken += u32::from(word.length);
            row[index] = Quad { word, above: 0 };
        }
        let both = row[pair].word.has_exponent && row[pair + 1].word.has_exponent;
        let (left, right, length) = match both && events.next() {
            true => {
                let (left, right, length) = exponents(bits >> taken, true, true);
                (left + 2, right + 2, length)
            }
            false if both && bits >> taken & 3 == 0 => {
                // A large one leaves the other a single bit.
                let (length, suffix, value) = PREFIXES[(bits >> taken) as usize & 7];
                let rest = bits >> taken >> length;
                (value + low(rest >> 1, suffix), 1 + low(rest, 1), length + 1 + suffix)
            }
            false => exponents(bits >> taken, row[pair].word.has_exponent, row[pair + 1].word.has_exponent),
        };
        words.skip(taken + length);
        row[pair].above = left;
        row[pair + 1].above = right;
    }
    row[quads + 1] = EMPTY;
}

/// The code words of a row of quads below another.
fn other_row(words: &mut Backward<'_>, events: &mut Events<'_>, above: &[Quad], row: &mut [Quad]) {
    let quads = row.len() - 2;
    for pair in (1..=quads).step_by(2) {
        let mut taken = 0;
        let bits = words.peek();
        for index in pair..=(pair + 1).min(quads) {
            let of = |quad: &Quad| usize::from(quad.word.significance);
            let (west, north) = (of(&row[index - 1]), of(&above[index]));
            let (north_west, north_east) = (of(&above[index - 1]), of(&above[index + 1]));
            let context = (north_west >> 3 | north >> 1) & 1
                | (west >> 2 | west >> 3) << 1 & 2
                | (north >> 3 | north_east >> 1) << 2 & 4;
            let word = match context == 0 && !events.next() {
                true => Word::NONE,
                false => OTHER_ROWS[context << 7 | (bits >> taken) as usize & 127],
            };
            taken += u32::from(word.length);
            row[index] = Quad { word, above: 0 };
        }
        let (left, right, length) =
            exponents(bits >> taken, row[pair].word.has_exponent, row[pair + 1].word.has_exponent);
        words.skip(taken + length);
        row[pair].above = left;
        row[pair + 1].above = right;
    }
    row[quads + 1] = EMPTY;
}

#[inline]
fn low(bits: u64, count: u32) -> u32 {
    (bits & ((1 << count) - 1)) as u32
}

/// What U-VLC says of two quads, and how many bits that takes: both prefixes come before both suffixes. Extensions, for
/// exponents above 32, are left out: no magnitude here is as long, and such a block is refused.
#[inline]
fn exponents(bits: u64, left: bool, right: bool) -> (u32, u32, u32) {
    let prefix = |is_there, bits: u64| match is_there {
        true => PREFIXES[bits as usize & 7],
        false => (0, 0, 0),
    };
    let (length, suffix, value) = prefix(left, bits);
    let (length_right, suffix_right, value_right) = prefix(right, bits >> length);
    let prefixes = length + length_right;
    let rest = bits >> prefixes;
    let (left, right) = (value + low(rest, suffix), value_right + low(rest >> suffix, suffix_right));
    (left, right, prefixes + suffix + suffix_right)
}

struct Samples<'a, 'b> {
    bits: &'a mut Forward<'b>,
    planes: u32,
    below: u32,
}

impl Samples<'_, '_> {
    /// The coefficients of a row of quads; exponents begin with one of margin.
    fn row(
        &mut self,
        row: &[Quad],
        above: Option<&mut Vec<u8>>,
        exponents: &mut [u8],
        upper: &mut [u32],
        lower: &mut [u32],
    ) -> Option<()> {
        exponents.fill(0);
        for (index, quad) in row[1..row.len() - 1].iter().enumerate() {
            let significance = quad.word.significance;
            if significance == 0 {
                continue;
            }
            let predictor = match &above {
                Some(above) if significance & (significance - 1) != 0 => {
                    let four = &above[index * 2..index * 2 + 4];
                    u32::from(four.iter().fold(0, |most, &each| most.max(each))).saturating_sub(1).max(1)
                }
                _ => 1,
            };
            let exponent = predictor + quad.above;
            // Magnitudes of this many bits have no longer exponents.
            if exponent > self.planes + 1 {
                return None;
            }
            for corner in 0..4 {
                if significance >> corner & 1 == 0 {
                    continue;
                }
                let (coefficient, length) = self.sample(&quad.word, corner, exponent);
                let column = index * 2 + corner / 2;
                let line = if corner & 1 == 0 { &mut *upper } else { &mut *lower };
                if let Some(place) = line.get_mut(column) {
                    *place = coefficient;
                }
                if corner & 1 == 1 {
                    exponents[column + 1] = length;
                }
            }
        }
        Some(())
    }

    /// One significant coefficient, and how many bits its magnitude takes, doubled and less one.
    #[inline]
    fn sample(&mut self, word: &Word, corner: usize, exponent: u32) -> (u32, u8) {
        let length = exponent - u32::from(word.is_known >> corner & 1);
        let bits = self.bits.peek();
        self.bits.skip(length);
        let value = low(bits, length) | u32::from(word.known >> corner & 1) << length;
        let sign = if value & 1 == 1 { SIGN } else { 0 };
        let odd = value | 1;
        (((odd + 2) << self.below) & !SIGN | sign, (32 - odd.leading_zeros()) as u8)
    }
}
