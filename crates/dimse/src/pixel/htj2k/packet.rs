//! Packets (ITU-T T.800 | ISO/IEC 15444-1, Annex B.10; ITU-T T.814, Annex B): which code-blocks contribute, how many
//! passes, and how many bytes.
//!
//! A set of passes is cleanup, SigProp and MagRef; cleanup is a segment, the two others share one. Before the first
//! cleanup there may be passes that only hold the place of bit-planes, without bytes. Of several sets the last counts.

use std::ops::Range;

use super::geometry::{Block, Precinct, Resolution};
use crate::pixel::jpeg::Flaw;

/// Segments of cleanup have less than 65,535 bytes, those that refine less than 2,047 (T.814, Annex B).
const CLEANUP_BYTES_MAX: usize = 65_534;
const REFINEMENT_BYTES_MAX: usize = 2_046;
/// More than any number of bit-planes has.
const PASSES_MAX: u32 = 164;

/// A value that is not known yet.
const UNKNOWN: u16 = u16::MAX;

#[derive(Debug, Clone, Copy)]
struct Node {
    low: u16,
    value: u16,
}

/// A tag tree (B.10.2).
#[derive(Debug)]
pub(super) struct Tree {
    across: u32,
    down: u32,
    nodes: Box<[Node]>,
}

impl Tree {
    pub fn new(across: usize, down: usize) -> Self {
        let (mut count, mut width, mut height) = (across * down, across, down);
        while width > 1 || height > 1 {
            (width, height) = (width.div_ceil(2), height.div_ceil(2));
            count += width * height;
        }
        let nodes = vec![Node { low: 0, value: UNKNOWN }; count].into();
        Tree { across: across as u32, down: down as u32, nodes }
    }

    /// Reads on until it is known whether a leaf's value is below this one.
    fn is_below(&mut self, leaf: usize, threshold: u32, bits: &mut HeaderBits<'_>) -> Option<bool> {
        let (mut width, mut height) = (self.across as usize, self.down as usize);
        let (mut x, mut y, mut begin) = (leaf % width, leaf / width, 0);
        let mut path = [0; 32];
        let mut depth = 0;
        loop {
            path[depth] = begin + y * width + x;
            depth += 1;
            if width <= 1 && height <= 1 {
                break;
            }
            begin += width * height;
            (width, height, x, y) = (width.div_ceil(2), height.div_ceil(2), x / 2, y / 2);
        }
        let (mut low, mut value) = (0, UNKNOWN);
        for &index in path[..depth].iter().rev() {
            let node = &mut self.nodes[index];
            low = node.low.max(low);
            while u32::from(low) < threshold && low < node.value {
                match bits.bit()? {
                    1 => node.value = low,
                    _ => low += 1,
                }
            }
            node.low = low;
            value = node.value;
        }
        Some(u32::from(value) < threshold)
    }
}

/// Bits of a packet header, highest first; the highest bit behind a byte of ones is stuffed.
struct HeaderBits<'a> {
    bytes: &'a [u8],
    at: usize,
    byte: u8,
    left: u32,
}

impl HeaderBits<'_> {
    fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            self.left = if self.byte == 0xFF { 7 } else { 8 };
            self.byte = *self.bytes.get(self.at)?;
            self.at += 1;
        }
        self.left -= 1;
        Some(u32::from(self.byte >> self.left & 1))
    }

    fn bits(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |sum, _| Some(sum << 1 | self.bit()?))
    }

    /// The place of the byte behind the header.
    fn end(&self) -> usize {
        self.at + usize::from(self.byte == 0xFF)
    }

    /// The number of passes (Table B.4).
    fn passes(&mut self) -> Option<u32> {
        for (bits, least) in [(1, 1), (1, 2), (2, 3), (5, 6)] {
            let value = self.bits(bits)?;
            if value != (1 << bits) - 1 {
                return Some(least + value);
            }
        }
        Some(37 + self.bits(7)?)
    }
}

/// Bytes of the packet for a code-block.
struct Contribution {
    grid: usize,
    block: usize,
    /// Of a cleanup, which pass it is.
    cleanup: Option<u16>,
    /// Of what refines, how many passes it has.
    passes: u8,
    length: usize,
}

const WRONG: &str = "a packet header that is wrong";
const SHORT: &str = "ends within a packet";

/// Reads the packet of a precinct's next layer; the place behind it. Bytes end where the tile-part does.
pub(super) fn read(
    bytes: &[u8],
    begin: usize,
    resolution: &mut Resolution,
    index: usize,
) -> Result<usize, Flaw> {
    let has = |at: usize, marker: [u8; 2]| bytes.get(at..at + 2) == Some(&marker[..]);
    // Start of packet, with its number.
    let begin = if has(begin, [0xFF, 0x91]) { begin + 6 } else { begin };
    let mut bits = HeaderBits { bytes, at: begin, byte: 0, left: 0 };
    let Resolution { bands, precincts, .. } = resolution;
    let precinct = &mut precincts[index];
    let mut contributions = Vec::new();
    if bits.bit().ok_or((SHORT, bytes.len()))? == 1 {
        for (grid, band) in bands.iter().enumerate() {
            for block in 0..precinct.grids[grid].blocks.len() {
                match code_block(&mut bits, precinct, (grid, block), band.planes, &mut contributions) {
                    Some(true) => {}
                    Some(false) => return Err((WRONG, bits.at)),
                    None => return Err((SHORT, bytes.len())),
                }
            }
        }
    }
    let mut at = bits.end();
    if has(at, [0xFF, 0x92]) {
        at += 2;
    }
    for contribution in contributions {
        let end = at + contribution.length;
        if end > bytes.len() {
            return Err((SHORT, bytes.len()));
        }
        let block = &mut precinct.grids[contribution.grid].blocks[contribution.block];
        block.take(&contribution, at..end).ok_or((WRONG, at))?;
        at = end;
    }
    precinct.layers += 1;
    if at > bytes.len() { Err((SHORT, bytes.len())) } else { Ok(at) }
}

/// Reads what the header says of a code-block: false where that can't be, none where it ends.
fn code_block(
    bits: &mut HeaderBits<'_>,
    precinct: &mut Precinct,
    (grid_index, block_index): (usize, usize),
    planes: u32,
    contributions: &mut Vec<Contribution>,
) -> Option<bool> {
    let layer = precinct.layers;
    let grid = &mut precinct.grids[grid_index];
    let block = &mut grid.blocks[block_index];
    let is_new = block.passes == 0;
    let is_included = match is_new {
        true => grid.inclusion.is_below(block_index, layer + 1, bits)?,
        false => bits.bit()? == 1,
    };
    if !is_included {
        return Some(true);
    }
    if is_new {
        let mut empty = 0;
        while !grid.empty_planes.is_below(block_index, empty + 1, bits)? {
            empty += 1;
            if empty > planes {
                return Some(false);
            }
        }
        block.empty_planes = empty as u16;
    }
    let passes = bits.passes()?;
    while bits.bit()? == 1 {
        block.length_bits += 1;
        if block.length_bits > 31 {
            return Some(false);
        }
    }
    if u32::from(block.passes) + passes > PASSES_MAX {
        return Some(false);
    }
    let mut add = |cleanup, passes, length| {
        let length = length as usize;
        contributions.push(Contribution { grid: grid_index, block: block_index, cleanup, passes, length });
    };
    segments(bits, block, passes, &mut add)
}

/// Reads the lengths of the segments that so many passes are in.
fn segments(
    bits: &mut HeaderBits<'_>,
    block: &mut Block,
    passes: u32,
    add: &mut impl FnMut(Option<u16>, u8, u32),
) -> Option<bool> {
    let mut left = passes;
    if !block.is_begun {
        // All passes up to the last that can be a cleanup have one length; if that is zero, so have all.
        let behind = (u32::from(block.passes) + passes - 1) % 3;
        let mut counted = passes.saturating_sub(behind);
        if counted == 0 {
            counted = passes;
        }
        let mut length_bits = u32::from(block.length_bits) + counted.ilog2();
        if length_bits > 31 {
            return Some(false);
        }
        let length = bits.bits(length_bits)?;
        if length == 0 {
            while length_bits < u32::from(block.length_bits) + passes.ilog2() {
                if bits.bit()? == 1 {
                    return Some(false);
                }
                length_bits += 1;
            }
            block.passes += passes as u16;
            return Some(true);
        }
        block.passes += counted as u16;
        if block.passes % 3 != 1 || !(2..=CLEANUP_BYTES_MAX).contains(&(length as usize)) {
            return Some(false);
        }
        block.is_begun = true;
        add(Some(block.passes - 1), 1, length);
        left -= counted;
    }
    while left > 0 {
        let (count, most) = match block.passes % 3 {
            0 => (1, CLEANUP_BYTES_MAX),
            1 => (left.min(2), REFINEMENT_BYTES_MAX),
            _ => (1, REFINEMENT_BYTES_MAX),
        };
        let length = bits.bits(u32::from(block.length_bits) + count - 1)?;
        if length as usize > most {
            return Some(false);
        }
        let cleanup = (block.passes.is_multiple_of(3)).then_some(block.passes);
        add(cleanup, count as u8, length);
        block.passes += count as u16;
        left -= count;
    }
    Some(true)
}

impl Block {
    /// Keeps where the bytes of a contribution are. None where a segment has too many.
    fn take(&mut self, contribution: &Contribution, range: Range<usize>) -> Option<()> {
        match contribution.cleanup {
            Some(_) if range.is_empty() => self.is_set_empty = true,
            Some(pass) => {
                self.is_set_empty = false;
                self.cleanup = range;
                self.cleanup_pass = pass;
                self.refinement = [0..0, 0..0];
                self.refinement_passes = 0;
            }
            None if self.is_set_empty => {}
            None if self.refinement_passes == 0 => {
                self.refinement[0] = range;
                self.refinement_passes = contribution.passes;
            }
            None => {
                self.refinement[1] = range;
                self.refinement_passes += contribution.passes;
            }
        }
        let length = self.refinement[0].len() + self.refinement[1].len();
        (length <= REFINEMENT_BYTES_MAX).then_some(())
    }
}
