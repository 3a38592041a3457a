//! Classifies blocks of 64 bytes: which bytes are field separators or line ends, which are
//! delimiters inside fields, which are not ASCII. SSE2 is part of every x86-64, AVX2 is asked for
//! at run time; everything else takes the table. The property tests here and in
//! `tests/properties.rs` prove that all give the same.

/// One bit per byte of a block, lowest bit first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Masks {
    /// Field separators.
    pub(super) field: u64,
    /// Carriage returns and line feeds.
    pub(super) line: u64,
    /// Component, repetition and subcomponent separators.
    pub(super) inner: u64,
    /// Bytes above 0x7F.
    pub(super) high: u64,
}

/// The bytes to look for. Levels that a message does not have repeat the component separator.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needles {
    pub(super) field: u8,
    pub(super) inner: [u8; 3],
}

/// How to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(hidden)]
pub enum Method {
    /// A table, byte by byte; works everywhere.
    Table,
    /// 16 bytes at a time.
    Sse2,
    /// 32 bytes at a time.
    Avx2,
}

impl Method {
    /// The fastest method of this machine.
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx2") { Self::Avx2 } else { Self::Sse2 }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            Self::Table
        }
    }
}

/// Run `pass`, compiled for the machine's bit instructions where the method allows.
#[inline]
pub(super) fn boosted<R>(method: Method, pass: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code, reason = "calling code compiled for AVX2 and BMI")]
    if method == Method::Avx2
        && std::arch::is_x86_feature_detected!("avx2")
        && std::arch::is_x86_feature_detected!("bmi1")
        && std::arch::is_x86_feature_detected!("bmi2")
    {
        // SAFETY: the processor has just been asked for all three, the only requirement.
        return unsafe { x86::boosted(pass) };
    }
    let _ = method;
    pass()
}

/// Bytes in a block.
pub(super) const BLOCK: usize = 64;

/// Classify whole blocks: `out[i]` describes `bytes[i * 64..][..64]`. A method that the machine
/// does not have falls back to the table.
pub(super) fn classify(method: Method, needles: &Needles, bytes: &[u8], out: &mut [Masks]) {
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code, reason = "calling code compiled for SSE2 or AVX2")]
    match method {
        Method::Avx2 if std::arch::is_x86_feature_detected!("avx2") => {
            // SAFETY: the processor has just been asked for AVX2, the only requirement.
            return unsafe { x86::avx2(needles, bytes, out) };
        }
        Method::Sse2 => {
            // SAFETY: every x86-64 has SSE2, the only requirement.
            return unsafe { x86::sse2(needles, bytes, out) };
        }
        _ => {}
    }
    let _ = method;
    table(needles, bytes, out);
}

fn table(needles: &Needles, bytes: &[u8], out: &mut [Masks]) {
    let mut class = [0u8; 256];
    for byte in needles.inner {
        class[byte as usize] = 2;
    }
    class[needles.field as usize] |= 1;
    for byte in [b'\r', b'\n'] {
        class[byte as usize] |= 4;
    }
    for (block, masks) in bytes.chunks_exact(BLOCK).zip(out) {
        *masks = Masks::default();
        for (i, byte) in block.iter().enumerate() {
            let class = u64::from(class[*byte as usize]);
            masks.field |= (class & 1) << i;
            masks.inner |= (class >> 1 & 1) << i;
            masks.line |= (class >> 2) << i;
            masks.high |= u64::from(*byte >> 7) << i;
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{BLOCK, Masks, Needles};

    fn word(bytes: &[u8], at: usize) -> i64 {
        let mut word = [0u8; 8];
        word.copy_from_slice(&bytes[at..at + 8]);
        i64::from_le_bytes(word)
    }

    #[target_feature(enable = "avx2,bmi1,bmi2")]
    pub(super) fn boosted<R>(pass: impl FnOnce() -> R) -> R {
        pass()
    }

    #[target_feature(enable = "sse2")]
    pub(super) fn sse2(needles: &Needles, bytes: &[u8], out: &mut [Masks]) {
        let splat = |b: u8| _mm_set1_epi8(b as i8);
        let [a, b, c] = needles.inner.map(splat);
        let (field, cr, lf) = (splat(needles.field), splat(b'\r'), splat(b'\n'));
        for (block, masks) in bytes.chunks_exact(BLOCK).zip(out) {
            *masks = Masks::default();
            for lane in 0..4 {
                let v = _mm_set_epi64x(word(block, lane * 16 + 8), word(block, lane * 16));
                let eq = |needle| _mm_cmpeq_epi8(v, needle);
                let line = _mm_or_si128(eq(cr), eq(lf));
                let inner = _mm_or_si128(_mm_or_si128(eq(a), eq(b)), eq(c));
                let mask = |v| u64::from(_mm_movemask_epi8(v) as u32) << (lane * 16);
                masks.field |= mask(eq(field));
                masks.line |= mask(line);
                masks.inner |= mask(inner);
                masks.high |= mask(v);
            }
        }
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn avx2(needles: &Needles, bytes: &[u8], out: &mut [Masks]) {
        let splat = |b: u8| _mm256_set1_epi8(b as i8);
        let [a, b, c] = needles.inner.map(splat);
        let (field, cr, lf) = (splat(needles.field), splat(b'\r'), splat(b'\n'));
        for (block, masks) in bytes.chunks_exact(BLOCK).zip(out) {
            *masks = Masks::default();
            for lane in 0..2 {
                let at = lane * 32;
                let w = |i: usize| word(block, at + i * 8);
                let v = _mm256_set_epi64x(w(3), w(2), w(1), w(0));
                let eq = |needle| _mm256_cmpeq_epi8(v, needle);
                let line = _mm256_or_si256(eq(cr), eq(lf));
                let inner = _mm256_or_si256(_mm256_or_si256(eq(a), eq(b)), eq(c));
                let mask = |v| u64::from(_mm256_movemask_epi8(v) as u32) << at;
                masks.field |= mask(eq(field));
                masks.line |= mask(line);
                masks.inner |= mask(inner);
                masks.high |= mask(v);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn often_a_delimiter(byte: u8) -> u8 {
        if byte < 100 { b"|^~&\r\n"[byte as usize % 6] } else { byte }
    }

    proptest! {
        #[test]
        fn every_method_gives_the_same_masks(
            bytes in proptest::collection::vec(any::<u8>(), 0..400)
                .prop_map(|bytes| bytes.into_iter().map(often_a_delimiter).collect::<Vec<u8>>()),
        ) {
            let needles = Needles { field: b'|', inner: *b"^~&" };
            let run = |method| {
                let mut out = vec![Masks::default(); bytes.len() / BLOCK];
                classify(method, &needles, &bytes, &mut out);
                out
            };
            let table = run(Method::Table);
            prop_assert_eq!(&run(Method::Sse2), &table);
            prop_assert_eq!(&run(Method::Avx2), &table);
        }
    }
}
