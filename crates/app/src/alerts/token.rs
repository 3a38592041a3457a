//! Links by which one person acknowledges one alert. What stands in them is signed with a key of the store, and does
//! nothing but acknowledge: it opens no page of the site, and is worth nothing once somebody has acknowledged, once
//! the alert is told anew as it got worse, and a week after it was told last.

use anyhow::{Result, anyhow};
use klinke_diagnosis::alert::Alert;
use klinke_model::Timestamp;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

/// Bytes of the signature that a link carries.
const BYTES: usize = 16;
/// How long after an alert was told last its links are worth something.
const LASTS: std::time::Duration = std::time::Duration::from_secs(7 * 86_400);

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
pub fn whose<'a>(key: &[u8; 32], alert: &'a Alert, token: &str, now: Timestamp) -> Option<&'a str> {
    if alert.told_at.is_none_or(|told| now.since(Timestamp(told)) > LASTS) {
        return None;
    }
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
    // Told anew as it got worse, it counts from another time: the old links are worth nothing.
    let counted = alert.counted.unwrap_or_default();
    format!("acknowledge\n{}\n{}\n{counted}\n{person}", alert.id, alert.begun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_persons_and_one_alerts() {
        let key = new_key().expect("a key");
        let now = Timestamp(10);
        let told = ["anna".to_owned(), "bert".to_owned()].into();
        let one = Alert { id: 7, begun: 5, told, told_at: Some(9), counted: Some(5), ..Alert::default() };
        let token = of(&key, &one, "bert");
        assert_eq!((alert(&token), whose(&key, &one, &token, now)), (Some(7), Some("bert")));
        let again = Alert { begun: 6, ..one.clone() };
        assert_eq!(whose(&key, &again, &token, now), None, "opened anew, the old link is worth nothing");
        assert_eq!(whose(&new_key().expect("a key"), &one, &token, now), None);
        let worse = Alert { counted: Some(6), ..one.clone() };
        assert_eq!(whose(&key, &worse, &token, now), None, "told anew as it got worse");
        let late = Timestamp(9).after(LASTS);
        assert_eq!(whose(&key, &one, &token, late), Some("bert"));
        let later = late.after(std::time::Duration::from_secs(1));
        assert_eq!(whose(&key, &one, &token, later), None, "a week later");
        for odd in ["", "7-", "7-00", &token[..token.len() - 1], &token.replace('7', "8")] {
            assert_eq!(whose(&key, &one, odd, now), None, "{odd}");
        }
    }
}
