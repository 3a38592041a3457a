//! The inverse wavelet transforms (ITU-T T.800 | ISO/IEC 15444-1, Annex F): 5-3 reversible on integers, 9-7 irreversible
//! on floating point, by lifting.
//!
//! Coefficients lie as Mallat's: the low halves of lines and columns first. Columns are taken sixteen at a time.

/// Numbers that one of the transforms works on.
pub(super) trait Coefficient: Copy + Default {
    /// From a magnitude in halves and the size of a step.
    fn of(magnitude: u32, is_negative: bool, step: f32) -> Self;
    /// Undoes the lifting of a signal that has been split; `begins_high` where its first place is odd.
    fn lift<E: Lanes<Self>>(low: &mut [E], high: &mut [E], begins_high: bool);
    /// Undoes that of a single coefficient at an odd place.
    fn halve(&mut self);
}

/// One number, or those of neighbouring columns.
pub(super) trait Lanes<T> {
    /// Changes each by the same function of two others.
    fn change(&mut self, left: &Self, right: &Self, by: impl Fn(T, T, T) -> T);
    /// Changes each.
    fn scale(&mut self, by: impl Fn(T) -> T);
}

impl<T: Copy> Lanes<T> for T {
    #[inline(always)]
    fn change(&mut self, left: &Self, right: &Self, by: impl Fn(T, T, T) -> T) {
        *self = by(*self, *left, *right);
    }

    #[inline(always)]
    fn scale(&mut self, by: impl Fn(T) -> T) {
        *self = by(*self);
    }
}

const LANES: usize = 16;

impl<T: Copy> Lanes<T> for [T; LANES] {
    #[inline(always)]
    fn change(&mut self, left: &Self, right: &Self, by: impl Fn(T, T, T) -> T) {
        for ((each, &left), &right) in self.iter_mut().zip(left).zip(right) {
            *each = by(*each, left, right);
        }
    }

    #[inline(always)]
    fn scale(&mut self, by: impl Fn(T) -> T) {
        self.iter_mut().for_each(|each| *each = by(*each));
    }
}

/// Changes every element by its two neighbours of the other half, which at an end is one of them twice. The first one's
/// left neighbour is missing where `is_outside`.
#[inline(always)]
fn step<T, E: Lanes<T>>(
    elements: &mut [E],
    others: &[E],
    is_outside: bool,
    by: impl Fn(T, T, T) -> T + Copy,
) {
    let [first, .., last] = others else {
        if let [only] = others {
            elements.iter_mut().for_each(|each| each.change(only, only, by));
        }
        return;
    };
    let rest = match (is_outside, elements.split_first_mut()) {
        (true, Some((begin, rest))) => {
            begin.change(first, first, by);
            rest
        }
        (_, _) => elements,
    };
    let (inner, end) = rest.split_at_mut(rest.len().min(others.len() - 1));
    for (each, pair) in inner.iter_mut().zip(others.windows(2)) {
        each.change(&pair[0], &pair[1], by);
    }
    end.iter_mut().for_each(|each| each.change(last, last, by));
}

impl Coefficient for i32 {
    fn of(magnitude: u32, is_negative: bool, _: f32) -> Self {
        let whole = (magnitude >> 1) as i32;
        if is_negative { -whole } else { whole }
    }

    #[inline(always)]
    fn lift<E: Lanes<Self>>(low: &mut [E], high: &mut [E], begins_high: bool) {
        step(low, high, !begins_high, |each: i32, left, right| {
            each.wrapping_sub(left.wrapping_add(right).wrapping_add(2) >> 2)
        });
        step(high, low, begins_high, |each: i32, left, right| {
            each.wrapping_add(left.wrapping_add(right) >> 1)
        });
    }

    fn halve(&mut self) {
        *self >>= 1;
    }
}

const ALPHA: f32 = -1.586_134_3;
const BETA: f32 = -0.052_980_12;
const GAMMA: f32 = 0.882_911_1;
const DELTA: f32 = 0.443_506_85;
const K: f32 = 1.230_174_1;

impl Coefficient for f32 {
    fn of(magnitude: u32, is_negative: bool, step: f32) -> Self {
        // Of 31 bits; numbers with a sign take one instruction.
        let value = magnitude as i32 as f32 * (step / 2.0);
        if is_negative { -value } else { value }
    }

    #[inline(always)]
    fn lift<E: Lanes<Self>>(low: &mut [E], high: &mut [E], begins_high: bool) {
        low.iter_mut().for_each(|each| each.scale(|each: f32| each * K));
        high.iter_mut().for_each(|each| each.scale(|each: f32| each * (1.0 / K)));
        step(low, high, !begins_high, |each: f32, left, right| each - DELTA * (left + right));
        step(high, low, begins_high, |each: f32, left, right| each - GAMMA * (left + right));
        step(low, high, !begins_high, |each: f32, left, right| each - BETA * (left + right));
        step(high, low, begins_high, |each: f32, left, right| each - ALPHA * (left + right));
    }

    fn halve(&mut self) {
        *self /= 2.0;
    }
}

/// A resolution within a tile-component: its size, and the parity of its first place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub width: usize,
    pub height: usize,
    pub is_odd_x: bool,
    pub is_odd_y: bool,
}

/// Makes a resolution of the one below it and its three bands, in the first columns and lines of a plane.
pub(super) fn synthesize<T: Coefficient>(plane: &mut [T], stride: usize, extent: Extent) {
    let Extent { width, height, is_odd_x, is_odd_y } = extent;
    if width == 0 || height == 0 {
        return;
    }
    let mut line = vec![T::default(); width];
    for row in plane.chunks_mut(stride).take(height) {
        let row = &mut row[..width];
        let (low, high) = row.split_at_mut((width + usize::from(!is_odd_x)) / 2);
        match (&*low, &mut *high) {
            ([], [only]) => only.halve(),
            (_, []) => {}
            _ => T::lift(low, high, is_odd_x),
        }
        let (first, second) = if is_odd_x { (&*high, &*low) } else { (&*low, &*high) };
        line.iter_mut().step_by(2).zip(first).for_each(|(to, &from)| *to = from);
        line.iter_mut().skip(1).step_by(2).zip(second).for_each(|(to, &from)| *to = from);
        row.copy_from_slice(&line);
    }
    let mut columns = vec![[T::default(); LANES]; height];
    for left in (0..width).step_by(LANES) {
        let count = LANES.min(width - left);
        for (y, lanes) in columns.iter_mut().enumerate() {
            lanes[..count].copy_from_slice(&plane[y * stride + left..][..count]);
        }
        let lows = (height + usize::from(!is_odd_y)) / 2;
        let (low, high) = columns.split_at_mut(lows);
        match (&*low, &mut *high) {
            ([], [only]) => only.iter_mut().for_each(T::halve),
            (_, []) => {}
            _ => T::lift(low, high, is_odd_y),
        }
        for (half, lanes) in [(usize::from(is_odd_y), low), (usize::from(!is_odd_y), high)] {
            for (index, lanes) in lanes.iter().enumerate() {
                plane[(index * 2 + half) * stride + left..][..count].copy_from_slice(&lanes[..count]);
            }
        }
    }
}
