//! Bits of JPEG-LS scans (T.87, A.1): after a byte FF, the next one carries seven.

/// Reads bits. Behind the end come zeros, and [`Bits::is_exhausted`] says so.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
    padding: u32,
    is_after_ones: bool,
}

impl<'a> Bits<'a> {
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Bits { bytes, at, held: 0, count: 0, padding: 0, is_after_ones: false }
    }

    pub fn at(&self) -> usize {
        self.at
    }

    /// Whether more bits were taken than there were.
    pub fn is_exhausted(&self) -> bool {
        self.padding > self.count
    }

    #[inline]
    fn fill(&mut self) {
        if self.count > 32 {
            return;
        }
        while self.count <= 48 {
            match self.bytes.get(self.at) {
                Some(&byte)
                    if self.padding == 0
                        && !(self.is_after_ones && byte >= 0x80)
                        && !self.is_marker(byte) =>
                {
                    let width = if self.is_after_ones { 7 } else { 8 };
                    self.held = self.held << width | u64::from(byte);
                    self.count += width;
                    self.is_after_ones = byte == 0xFF;
                    self.at += 1;
                }
                _ => {
                    self.held <<= 8;
                    self.count += 8;
                    self.padding = (self.padding + 8).min(1 << 16);
                }
            }
        }
    }

    #[inline]
    fn is_marker(&self, byte: u8) -> bool {
        byte == 0xFF && self.bytes.get(self.at + 1).is_none_or(|&next| next >= 0x80)
    }

    /// The next bits, at most 24.
    #[inline]
    pub fn take(&mut self, count: u32) -> u32 {
        self.fill();
        self.count -= count;
        ((self.held >> self.count) & ((1 << count) - 1)) as u32
    }

    /// A number in a Golomb code of this parameter, no longer than `limit` (A.5.3). None for a code that is too long.
    #[inline]
    pub fn golomb(&mut self, k: u32, limit: u32, error_bits: u32) -> Option<i32> {
        let longest = limit.checked_sub(error_bits + 1)?;
        let mut zeros = 0;
        loop {
            self.fill();
            let ahead = self.held << (64 - self.count);
            let found = ahead.leading_zeros().min(self.count);
            zeros += found;
            if zeros > longest {
                return None;
            }
            if found < self.count {
                self.count -= found + 1;
                break;
            }
            self.count = 0;
        }
        Some(match zeros < longest {
            true => (zeros << k | self.take(k)) as i32,
            false => self.take(error_bits) as i32 + 1,
        })
    }
}

/// Writes bits.
pub(super) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    held: u64,
    count: u32,
    is_after_ones: bool,
}

impl<'a> BitWriter<'a> {
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        BitWriter { out, held: 0, count: 0, is_after_ones: false }
    }

    /// Writes up to 32 bits.
    #[inline]
    pub fn put(&mut self, bits: u32, count: u32) {
        self.held = self.held << count | u64::from(bits);
        self.count += count;
        loop {
            let width = if self.is_after_ones { 7 } else { 8 };
            if self.count < width {
                return;
            }
            self.count -= width;
            let byte = (self.held >> self.count) as u8 & if self.is_after_ones { 0x7F } else { 0xFF };
            self.out.push(byte);
            self.is_after_ones = byte == 0xFF;
        }
    }

    /// Writes a number in a Golomb code of this parameter.
    #[inline]
    pub fn golomb(&mut self, number: i32, k: u32, limit: u32, error_bits: u32) {
        let longest = limit - error_bits - 1;
        let high = number as u32 >> k;
        if high < longest {
            self.zeros(high);
            self.put(1, 1);
            self.put(number as u32 & ((1 << k) - 1), k);
        } else {
            self.zeros(longest);
            self.put(1, 1);
            self.put((number as u32 - 1) & ((1 << error_bits) - 1), error_bits);
        }
    }

    fn zeros(&mut self, count: u32) {
        let (whole, rest) = (count / 16, count % 16);
        (0..whole).for_each(|_| self.put(0, 16));
        self.put(0, rest);
    }

    /// Fills the last byte with zeros; no FF stays without a byte after it.
    pub fn finish(mut self) {
        let width = if self.is_after_ones { 7 } else { 8 };
        if self.count > 0 || self.is_after_ones {
            self.put(0, width - self.count);
        }
    }
}
