//! Random identifiers and what is kept of them.
//!
//! Sessions, tokens, devices and one-time codes are 256 random bits (codes fewer, for hands to type). Only
//! their SHA-256 hash is kept: whoever reads the store can't come in with what stands there. A slow hash
//! would add nothing, as nobody can try out 2^256 of them.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use ring::rand::{SecureRandom, SystemRandom};

/// The machine gave no random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the machine gives no random numbers")]
pub struct NoRandom;

/// Random bytes.
pub fn random<const N: usize>() -> Result<[u8; N], NoRandom> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandom)?;
    Ok(bytes)
}

/// 256 random bits as 43 letters that fit into cookies, addresses and heads.
pub fn identifier() -> Result<String, NoRandom> {
    Ok(BASE64URL_NOPAD.encode(&random::<32>()?))
}

/// What is kept of a secret.
pub fn hash(secret: &str) -> String {
    HEXLOWER.encode(ring::digest::digest(&ring::digest::SHA256, secret.as_bytes()).as_ref())
}

/// True when two texts are the same, in a time that depends on their lengths alone.
pub fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    one.len() == other.len() && one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

/// Letters of codes that people read and type: none looks like another one.
const LETTERS: &[u8; 32] = b"23456789abcdefghjkmnpqrstuvwxyz#";
/// How many letters a code has: 31^12 is about 2^59, and a code may be tried a few times a minute.
const CODE_LETTERS: usize = 12;

/// A one-time code: `k7pm-2hqx-93vd`.
pub fn code() -> Result<String, NoRandom> {
    let mut code = String::new();
    while code.len() < CODE_LETTERS + 2 {
        for byte in random::<32>()? {
            // The 32nd letter is none: throwing it away keeps the others equally likely.
            let letter = LETTERS[usize::from(byte & 31)];
            if letter != b'#' && code.len() < CODE_LETTERS + 2 {
                code.push(char::from(letter));
                if matches!(code.len(), 4 | 9) {
                    code.push('-');
                }
            }
        }
    }
    Ok(code)
}

/// A code as it was typed: without blanks and strokes, in small letters.
pub fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_well_and_are_not_the_same() {
        let codes: std::collections::BTreeSet<_> = (0..200).map(|_| code().unwrap()).collect();
        assert_eq!(codes.len(), 200);
        for code in &codes {
            assert_eq!((code.len(), code.matches('-').count()), (14, 2), "{code}");
            assert!(!code.contains(['0', '1', 'i', 'l', 'o', '#']), "{code}");
            assert_eq!(plain(&format!(" {} ", code.to_uppercase().replace('-', " - "))), plain(code));
        }
    }

    #[test]
    fn what_is_kept_is_a_hash() {
        assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(identifier().unwrap().len() == 43 && identifier() != identifier());
        assert!(is_same("abc", "abc") && !is_same("abc", "abd") && !is_same("abc", "ab") && is_same("", ""));
    }
}
