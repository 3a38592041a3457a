//! One-time passwords by time (RFC 6238) over HMAC-SHA-1 (RFC 4226): six digits, steps of 30 seconds, as all
//! the programs on telephones make them.
//!
//! One step before and after is taken, for clocks that differ. A step that was used, and all before it, are
//! not taken again: a code that somebody has looked at over a shoulder is worth nothing.

use data_encoding::BASE32_NOPAD;
use ring::hmac;

use super::secret::{self, NoRandom};

/// Seconds in a step.
const STEP_SECONDS: i64 = 30;
/// Steps before and after that are taken.
const DRIFT: i64 = 1;
/// Digits of a code.
const DIGITS: usize = 6;

/// A new secret, as people type it: 160 bits in base32.
pub fn secret() -> Result<String, NoRandom> {
    Ok(BASE32_NOPAD.encode(&secret::random::<20>()?))
}

/// The address that the program on a telephone reads.
pub fn address(secret: &str, account: &str, site: &str) -> String {
    let site = encoded(site);
    format!("otpauth://totp/{site}:{}?secret={secret}&issuer={site}", encoded(account))
}

/// The step of the code that was given, if it is right now and above the last one used.
pub fn check(secret: &str, code: &str, seconds: i64, last: Option<i64>) -> Option<i64> {
    let key = BASE32_NOPAD.decode(secret.as_bytes()).ok()?;
    let code: String = code.chars().filter(|c| !c.is_whitespace()).take(16).collect();
    let now = seconds.div_euclid(STEP_SECONDS);
    let mut found = None;
    // All of them are looked at, whichever is right.
    for step in now - DRIFT..=now + DRIFT {
        if secret::is_same(&code_of(&key, step), &code) && last.is_none_or(|last| step > last) {
            found = Some(step);
        }
    }
    found
}

fn code_of(key: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag.last().copied().unwrap_or(0) & 15);
    let four = tag.get(at..at + 4).and_then(|four| <[u8; 4]>::try_from(four).ok()).unwrap_or_default();
    let number = (u32::from_be_bytes(four) & 0x7fff_ffff) % 10u32.pow(DIGITS as u32);
    format!("{number:0DIGITS$}")
}

/// The code of a secret at a time, for tests that play the telephone.
#[cfg(test)]
pub fn code_at(secret: &str, seconds: i64) -> Option<String> {
    let key = BASE32_NOPAD.decode(secret.as_bytes()).ok()?;
    Some(code_of(&key, seconds.div_euclid(STEP_SECONDS)))
}

/// A text within an address.
fn encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"12345678901234567890";

    /// RFC 6238, appendix B, the last six of the eight digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let vectors = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (seconds, code) in vectors {
            assert_eq!(code_of(KEY, seconds / STEP_SECONDS), code);
        }
    }

    #[test]
    fn a_code_is_good_for_a_minute_and_a_half_and_once() {
        let secret = BASE32_NOPAD.encode(KEY);
        let at = |seconds, last| check(&secret, "287 082", seconds, last);
        assert_eq!(at(59, None), Some(1));
        assert_eq!((at(29, None), at(89, None)), (Some(1), Some(1)));
        assert_eq!((at(-1, None), at(90, None)), (None, None));
        assert_eq!((at(59, Some(0)), at(59, Some(1)), at(59, Some(2))), (Some(1), None, None));
        assert_eq!(check(&secret, "287083", 59, None), None);
        assert_eq!(check(&secret, "", 59, None), None);
        assert_eq!(check("not base32!", "287082", 59, None), None);
    }

    #[test]
    fn the_address_names_site_and_account() {
        let address = address("ABC", "anna", "Klinik Süd & Co");
        assert_eq!(
            address,
            "otpauth://totp/Klinik%20S%C3%BCd%20%26%20Co:anna?secret=ABC&issuer=Klinik%20S%C3%BCd%20%26%20Co"
        );
        assert_eq!(BASE32_NOPAD.decode(secret().unwrap().as_bytes()).unwrap().len(), 20);
    }
}
