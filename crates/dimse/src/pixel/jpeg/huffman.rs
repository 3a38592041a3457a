//! Huffman tables (ISO/IEC 10918-1, Annexes C, F.2.2.3 and K.2).

use super::bits::Bits;

const FAST_BITS: u32 = 9;

/// A table to decode with: short codes are looked up, long ones searched by length.
#[derive(Debug, Clone)]
pub(super) struct Huffman {
    /// Length and symbol of the code that the next bits begin with; zero where it is longer.
    fast: Vec<u16>,
    /// For each length, the first code behind those of that length, moved up to 16 bits.
    bounds: [u32; 17],
    /// For each length, what to add to a code to get the place of its symbol.
    shifts: [i32; 17],
    symbols: Vec<u8>,
}

impl Huffman {
    /// The table of a DHT segment: how many codes there are of each length, and their symbols. None where the codes
    /// do not fit.
    pub fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Huffman> {
        let mut table = Huffman {
            fast: vec![0; 1 << FAST_BITS],
            bounds: [0; 17],
            shifts: [0; 17],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut place) = (0_u32, 0_usize);
        for length in 1..=16_u32 {
            let count = u32::from(counts[length as usize - 1]);
            table.shifts[length as usize] = place as i32 - code as i32;
            for _ in 0..count {
                let symbol = *symbols.get(place)?;
                if code >> length != 0 {
                    return None;
                }
                if length <= FAST_BITS {
                    let free = FAST_BITS - length;
                    let begin = (code << free) as usize;
                    table.fast[begin..begin + (1 << free)].fill((length as u16) << 8 | u16::from(symbol));
                }
                code += 1;
                place += 1;
            }
            if code > 1 << length {
                return None;
            }
            table.bounds[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Some(table)
    }

    /// Whether every symbol is at most this one.
    pub fn is_within(&self, symbol: u8) -> bool {
        self.symbols.iter().all(|&each| each <= symbol)
    }

    /// The next symbol; none where the bits are no code. At least 16 bits must be held.
    #[inline]
    pub fn decode(&self, bits: &mut Bits<'_>) -> Option<u8> {
        let found = self.fast[bits.peek(FAST_BITS) as usize];
        if found != 0 {
            bits.skip(u32::from(found >> 8));
            return Some(found as u8);
        }
        let next = bits.peek(16);
        let length = (FAST_BITS as usize + 1..=16).find(|&length| next < self.bounds[length])?;
        bits.skip(length as u32);
        let code = (next >> (16 - length)) as i32;
        self.symbols.get((code + self.shifts[length]) as usize).copied()
    }
}

/// A table to encode with: code and length of every symbol, and what goes into the DHT segment.
#[derive(Debug)]
pub(super) struct Codes {
    /// Code and length by symbol.
    pub codes: [(u32, u32); 256],
    /// How many codes there are of each length.
    pub counts: [u8; 16],
    /// The symbols in the order of their codes.
    pub symbols: Vec<u8>,
}

/// The best code for symbols of these frequencies, none of more than 16 bits and none of ones alone (Annex K.2).
pub(super) fn best(frequencies: &[u64; 256]) -> Codes {
    let lengths = lengths(frequencies);
    let mut counts = [0_usize; 258];
    for &length in lengths.iter().filter(|&&length| length > 0) {
        counts[length] += 1;
    }
    shorten(&mut counts);
    // The last place of the longest length is the one reserved for the code of ones.
    if let Some(longest) = (1..=16).rev().find(|&length| counts[length] > 0) {
        counts[longest] -= 1;
    }
    let mut symbols: Vec<u8> = (0..=255).filter(|&symbol| frequencies[usize::from(symbol)] > 0).collect();
    symbols.sort_by_key(|&symbol| (lengths[usize::from(symbol)], symbol));
    let mut table = Codes { codes: [(0, 0); 256], counts: [0; 16], symbols };
    let (mut code, mut place) = (0, 0);
    for (length, &count) in counts.iter().enumerate().skip(1).take(16) {
        table.counts[length - 1] = count as u8;
        for _ in 0..count {
            table.codes[usize::from(table.symbols[place])] = (code, length as u32);
            code += 1;
            place += 1;
        }
        code <<= 1;
    }
    table
}

/// Lengths by Huffman's way, of the symbols and of one more that never occurs.
fn lengths(frequencies: &[u64; 256]) -> [usize; 257] {
    let mut lengths = [0; 257];
    let occurring = (0..256).filter(|&symbol| frequencies[symbol] > 0);
    let mut groups: Vec<(u64, Vec<usize>)> =
        occurring.map(|symbol| (frequencies[symbol], vec![symbol])).collect();
    groups.push((0, vec![256]));
    while groups.len() > 1 {
        // Rarest last; the one that never occurs stays the deepest.
        groups.sort_by_key(|(frequency, _)| std::cmp::Reverse(*frequency));
        let (Some(rare), Some(next)) = (groups.pop(), groups.pop()) else { break };
        let members: Vec<usize> = rare.1.into_iter().chain(next.1).collect();
        for &member in &members {
            lengths[member] += 1;
        }
        groups.push((rare.0 + next.0, members));
    }
    lengths
}

/// Takes lengths above 16 back (Annex K, figure K.3).
fn shorten(counts: &mut [usize; 258]) {
    for length in (17..counts.len()).rev() {
        while counts[length] > 0 {
            let Some(donor) = (1..length - 1).rev().find(|&shorter| counts[shorter] > 0) else { return };
            counts[length] -= 2;
            counts[length - 1] += 1;
            counts[donor + 1] += 2;
            counts[donor] -= 1;
        }
    }
}
