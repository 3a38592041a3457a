//! Bits of the segments of a code-block (ITU-T T.814, section 7.1). Each segment keeps certain pairs of bytes from
//! occurring by a stuffed bit, which the readers leave out. What is read behind a segment's end is all ones or zeros.

/// Bits from the first byte on, lowest first: MagSgn and SigProp. The highest bit behind a byte of ones is stuffed.
pub(super) struct Forward<'a> {
    bytes: &'a [u8],
    buffer: u64,
    count: u32,
    after_ones: bool,
    fill: u8,
}

impl<'a> Forward<'a> {
    /// Behind the end follows this byte, again and again.
    pub fn new(bytes: &'a [u8], fill: u8) -> Self {
        Forward { bytes, buffer: 0, count: 0, after_ones: false, fill }
    }

    /// The next bits, 32 at least.
    #[inline]
    pub fn peek(&mut self) -> u64 {
        if self.count < 32 {
            self.refill();
        }
        self.buffer
    }

    #[inline]
    pub fn skip(&mut self, bits: u32) {
        self.buffer >>= bits;
        self.count -= bits;
    }

    fn refill(&mut self) {
        if let Some((&four, rest)) = self.bytes.split_first_chunk::<4>() {
            let word = u32::from_le_bytes(four);
            let has_ones = (!word).wrapping_sub(0x0101_0101) & word & 0x8080_8080 != 0;
            if !has_ones && !self.after_ones {
                self.buffer |= u64::from(word) << self.count;
                self.count += 32;
                self.bytes = rest;
                return;
            }
        }
        while self.count <= 48 {
            let byte = match self.bytes.split_first() {
                Some((&byte, rest)) => {
                    self.bytes = rest;
                    byte
                }
                None => self.fill,
            };
            let bits = 8 - u32::from(self.after_ones);
            self.buffer |= u64::from(byte) << self.count & (u64::MAX >> (64 - self.count - bits));
            self.count += bits;
            self.after_ones = byte == 0xFF;
        }
    }
}

/// Bits from the last byte on, lowest first: VLC and MagRef. The highest bit of a byte that is 7F or FF behind one above
/// 8F is stuffed. Zeros follow behind the end.
pub(super) struct Backward<'a> {
    bytes: &'a [u8],
    buffer: u64,
    count: u32,
    after_high: bool,
}

impl<'a> Backward<'a> {
    /// A segment of MagRef.
    pub fn new(bytes: &'a [u8]) -> Self {
        Backward { bytes, buffer: 0, count: 0, after_high: true }
    }

    /// The bytes of MEL and VLC, without the last: the first half byte is what its length left.
    pub fn after_length(bytes: &'a [u8]) -> Self {
        let Some((&last, rest)) = bytes.split_last() else { return Self::new(bytes) };
        let bits = last >> 4;
        let count = if bits & 7 == 7 { 3 } else { 4 };
        Backward {
            bytes: rest,
            buffer: u64::from(bits) & ((1 << count) - 1),
            count,
            after_high: last | 0x0F > 0x8F,
        }
    }

    /// The next bits, 32 at least.
    #[inline]
    pub fn peek(&mut self) -> u64 {
        if self.count < 32 {
            self.refill();
        }
        self.buffer
    }

    #[inline]
    pub fn skip(&mut self, bits: u32) {
        self.buffer >>= bits;
        self.count -= bits;
    }

    fn refill(&mut self) {
        if let Some((rest, &four)) = self.bytes.split_last_chunk::<4>() {
            let word = u32::from_be_bytes(four);
            let low = !word & 0x7F7F_7F7F;
            let has_sevens = low.wrapping_sub(0x0101_0101) & !low & 0x8080_8080 != 0;
            if !has_sevens {
                self.buffer |= u64::from(word) << self.count;
                self.count += 32;
                self.bytes = rest;
                self.after_high = four[0] > 0x8F;
                return;
            }
        }
        while self.count <= 48 {
            let byte = match self.bytes.split_last() {
                Some((&byte, rest)) => {
                    self.bytes = rest;
                    byte
                }
                None => 0,
            };
            let bits = if self.after_high && byte & 0x7F == 0x7F { 7 } else { 8 };
            self.buffer |= u64::from(byte) << self.count & (u64::MAX >> (64 - self.count - bits));
            self.count += bits;
            self.after_high = byte > 0x8F;
        }
    }
}

/// Exponents of the lengths of runs, by state (T.814, Table 2).
const RUN_BITS: [u32; 13] = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5];

/// Events of the MEL segment (T.814, section 7.3.3): runs of zeros, with or without a one behind them.
pub(super) struct Events<'a> {
    bytes: &'a [u8],
    byte: u8,
    bits: u32,
    state: usize,
    zeros: u32,
    ends_with_one: bool,
}

impl<'a> Events<'a> {
    /// The bytes of MEL and VLC, without the last; the lower half of the last but one is of VLC.
    pub fn new(bytes: &'a [u8]) -> Self {
        Events { bytes, byte: 0, bits: 0, state: 0, zeros: 0, ends_with_one: false }
    }

    #[inline]
    pub fn next(&mut self) -> bool {
        if self.zeros == 0 && !self.ends_with_one {
            self.run();
        }
        match self.zeros {
            0 => std::mem::take(&mut self.ends_with_one),
            _ => {
                self.zeros -= 1;
                false
            }
        }
    }

    fn run(&mut self) {
        let exponent = RUN_BITS[self.state];
        if self.bit() == 1 {
            self.zeros = 1 << exponent;
            self.state = (self.state + 1).min(12);
        } else {
            self.zeros = (0..exponent).fold(0, |run, _| run << 1 | self.bit());
            self.ends_with_one = true;
            self.state = self.state.saturating_sub(1);
        }
    }

    fn bit(&mut self) -> u32 {
        if self.bits == 0 {
            self.bits = if self.byte == 0xFF { 7 } else { 8 };
            self.byte = match self.bytes.split_first() {
                Some((&byte, rest)) => {
                    self.bytes = rest;
                    if rest.is_empty() { byte | 0x0F } else { byte }
                }
                None => 0xFF,
            };
        }
        self.bits -= 1;
        u32::from(self.byte >> self.bits & 1)
    }
}
