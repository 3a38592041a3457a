//! Keyed hashes: the same value with the same key gives the same replacement, and without the key nobody finds the
//! value by trying.
//!
//! BLAKE3 in its keyed mode; what is hashed is a word for the purpose, a zero byte and the value, so that equal values
//! of different purposes have nothing in common.

/// A secret of 32 bytes. It is never shown.
#[derive(Clone)]
pub struct Key {
    bytes: [u8; 32],
}

impl Key {
    /// A key of random bytes that the caller made and keeps.
    pub fn new(bytes: [u8; 32]) -> Self {
        Key { bytes }
    }

    /// The UID in place of another (PS3.5, Annex B.2: 2.25 and a UUID as a decimal number; version 8, RFC 9562).
    pub fn uid(&self, original: &str) -> String {
        let [high, low, ..] = self.words("uid", original);
        let mut uuid = (u128::from(high) << 64) | u128::from(low);
        uuid &= !(0xF << 76);
        uuid |= 0x8 << 76;
        uuid &= !(0x3 << 62);
        uuid |= 0x2 << 62;
        format!("2.25.{uuid}")
    }

    /// By how many days the dates of a patient move: from -`max` to `max`, and never 0 unless `max` is.
    pub fn shift_days(&self, patient: &str, max: u32) -> i64 {
        if max == 0 {
            return 0;
        }
        let max = i64::from(max);
        let place = (self.words("date shift", patient)[0] % (2 * max as u64)) as i64;
        if place < max { place - max } else { place - max + 1 }
    }

    /// So many characters of the alphabet of Crockford's base 32, at most 48.
    pub fn letters(&self, purpose: &str, value: &str, count: usize) -> String {
        const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let words = self.words(purpose, value);
        let letter = |place: usize| {
            let word = words[place / 12 % 4];
            char::from(ALPHABET[(word >> (place % 12 * 5) & 31) as usize])
        };
        (0..count.min(48)).map(letter).collect()
    }

    fn words(&self, purpose: &str, value: &str) -> [u64; 4] {
        let mut hasher = blake3::Hasher::new_keyed(&self.bytes);
        hasher.update(purpose.as_bytes()).update(&[0]).update(value.as_bytes());
        let hash = *hasher.finalize().as_bytes();
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(hash.as_chunks::<8>().0) {
            *word = u64::from_be_bytes(*bytes);
        }
        words
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_a_uuid_and_depends_on_the_key() {
        let (one, other) = (Key::new([1; 32]), Key::new([2; 32]));
        let uid = one.uid("1.2.3");
        assert_eq!(uid, one.uid("1.2.3"));
        assert_ne!(uid, other.uid("1.2.3"));
        assert_ne!(uid, one.uid("1.2.4"));
        let uuid: u128 = uid.strip_prefix("2.25.").and_then(|number| number.parse().ok()).expect("a number");
        assert_eq!((uuid >> 76 & 0xF, uuid >> 62 & 3), (8, 2));
        assert!(uid.len() <= 64);
    }

    #[test]
    fn shifts_reach_both_ends_and_never_zero() {
        let shifts: std::collections::BTreeSet<i64> =
            (0..500).map(|patient| Key::new([7; 32]).shift_days(&patient.to_string(), 3)).collect();
        assert_eq!(shifts.into_iter().collect::<Vec<_>>(), [-3, -2, -1, 1, 2, 3]);
        assert_eq!(Key::new([7; 32]).shift_days("a", 0), 0);
    }
}
