//! Links by which one person acknowledges one alert. What stands in them is signed with a key of the store, and does
//! nothing but acknowledge: it opens no page of the site, and is worth nothing once somebody has acknowledged.

use anyhow::{Result, anyhow};
use klinke_diagnosis::alert::Alert;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

/// Bytes of the signature that a link carries.
const BYTES: usize = 16;

/// A new key.
pub fn new_key() -> Result<[u8; 32]> {
    let mut key = [0; 32];
    SystemRandom::new().fill(&mut key).map_err(|_| anyhow!("no random numbers are to be had"))?;
    Ok(key)
}

/// The token of a person for an alert as it was opened last.
pub fn of(key: &[u8; 32], alert: &Alert, person: &str) -> String {
    let signed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text(alert, person).as_bytes());
    format!("{}-{}", alert.id, hex(&signed.as_ref()[..BYTES]))
}

/// Whose token it is, of those who were told of the alert.
pub fn whose<'a>(key: &[u8; 32], alert: &'a Alert, token: &str) -> Option<&'a str> {
    let same = |person: &&String| {
        let right = of(key, alert, person);
        // As long for each character, whichever is wrong.
        right.len() == token.len()
            && right.bytes().zip(token.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
    };
    alert.told.iter().find(same).map(String::as_str)
}

/// The number of the alert that a token is about.
pub fn alert(token: &str) -> Option<u64> {
    token.split_once('-')?.0.parse().ok()
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(alert: &Alert, person: &str) -> String {
    format!("acknowledge\n{}\n{}\n{person}", alert.id, alert.begun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_persons_and_one_alerts() {
        let key = new_key().expect("a key");
        let told = ["anna".to_owned(), "bert".to_owned()].into();
        let one = Alert { id: 7, begun: 5, told, ..Alert::default() };
        let token = of(&key, &one, "bert");
        assert_eq!((alert(&token), whose(&key, &one, &token)), (Some(7), Some("bert")));
        let again = Alert { begun: 6, ..one.clone() };
        assert_eq!(whose(&key, &again, &token), None, "opened anew, the old link is worth nothing");
        assert_eq!(whose(&new_key().expect("a key"), &one, &token), None);
        for odd in ["", "7-", "7-00", &token[..token.len() - 1], &token.replace('7', "8")] {
            assert_eq!(whose(&key, &one, odd), None, "{odd}");
        }
    }
}
