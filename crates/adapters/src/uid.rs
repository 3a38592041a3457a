//! New UIDs (PS3.5, Annex B.2): random UUIDs below 2.25.

use ring::rand::{SecureRandom, SystemRandom};

/// A new UID; nothing where the machine has no random numbers.
pub(crate) fn made() -> Option<String> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).ok()?;
    // RFC 9562, version 4.
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    Some(format!("2.25.{}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn new_ones_are_new_and_short_enough() {
        let (one, other) = (super::made().expect("random numbers"), super::made().expect("random numbers"));
        assert!(one != other && one.len() <= 64 && one.starts_with("2.25."));
    }
}
