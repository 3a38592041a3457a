//! Bits of entropy coded segments (ISO/IEC 10918-1, section B.1.1.5 and Annex F.2.2.5): a zero byte follows every FF of
//! the data, and a marker ends them.

/// Reads bits, the most significant first. Behind the end come zeros, and [`Bits::is_exhausted`] says so.
#[derive(Debug)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
    padding: u32,
}

impl<'a> Bits<'a> {
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Bits { bytes, at, held: 0, count: 0, padding: 0 }
    }

    /// Where the next byte would be taken from.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Whether more bits were taken than there were.
    pub fn is_exhausted(&self) -> bool {
        self.padding > self.count
    }

    /// Sees to it that at least 32 bits are held, enough for a code of 16 and as many bits after it.
    #[inline]
    pub fn fill(&mut self) {
        if self.count >= 32 {
            return;
        }
        if let Some(four) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<4>()) {
            let word = u32::from_be_bytes(*four);
            // No byte of the word is FF if no byte of its complement is zero.
            let other = !word;
            if other.wrapping_sub(0x0101_0101) & !other & 0x8080_8080 == 0 && self.padding == 0 {
                self.held = self.held << 32 | u64::from(word);
                self.count += 32;
                self.at += 4;
                return;
            }
        }
        self.fill_slowly();
    }

    #[cold]
    fn fill_slowly(&mut self) {
        while self.count <= 48 {
            let byte = match (self.bytes.get(self.at), self.bytes.get(self.at + 1)) {
                _ if self.padding > 0 => None,
                (Some(0xFF), Some(0)) => {
                    self.at += 2;
                    Some(0xFF)
                }
                (Some(0xFF), _) | (None, _) => None,
                (Some(&byte), _) => {
                    self.at += 1;
                    Some(byte)
                }
            };
            self.held = self.held << 8 | u64::from(byte.unwrap_or(0));
            self.count += 8;
            self.padding = (self.padding + if byte.is_none() { 8 } else { 0 }).min(1 << 16);
        }
    }

    /// The next `count` bits, at most 16 and no more than are held, without taking them.
    #[inline]
    pub fn peek(&self, count: u32) -> u32 {
        ((self.held >> (self.count - count)) & ((1 << count) - 1)) as u32
    }

    /// Takes bits that were seen.
    #[inline]
    pub fn skip(&mut self, count: u32) {
        self.count -= count;
    }

    /// Takes up to 16 bits of those that are held.
    #[inline]
    pub fn take(&mut self, count: u32) -> u32 {
        let bits = self.peek(count);
        self.count -= count;
        bits
    }

    /// Takes up to 16 bits, filling before.
    #[inline]
    pub fn read(&mut self, count: u32) -> u32 {
        self.fill();
        self.take(count)
    }

    /// A difference of a category (Annex F.2.2.1, EXTEND).
    #[inline]
    pub fn extended(&mut self, category: u32) -> i32 {
        if category == 0 {
            return 0;
        }
        let bits = self.take(category) as i32;
        if bits < 1 << (category - 1) { bits - (1 << category) + 1 } else { bits }
    }

    /// Goes behind the restart marker that must come next; no if there is none.
    pub fn restart(&mut self) -> bool {
        if self.is_exhausted() {
            return false;
        }
        // No marker is ever behind the place: filling stops before one.
        let Some(at) = next_marker(self.bytes, self.at) else { return false };
        if !matches!(self.bytes[at + 1], 0xD0..=0xD7) {
            return false;
        }
        *self = Bits::new(self.bytes, at + 2);
        true
    }

    /// Where the marker lies that ends the segment; the end of the bytes if there is none.
    pub fn end(&self) -> usize {
        let mut at = self.at;
        while let Some(found) = next_marker(self.bytes, at) {
            if !matches!(self.bytes[found + 1], 0xD0..=0xD7) {
                return found;
            }
            at = found + 2;
        }
        self.bytes.len()
    }
}

/// The next FF that is followed by the code of a marker.
fn next_marker(bytes: &[u8], from: usize) -> Option<usize> {
    let pairs = bytes.get(from..)?.windows(2);
    pairs
        .enumerate()
        .find(|(_, pair)| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xFF))
        .map(|(at, _)| from + at)
}
