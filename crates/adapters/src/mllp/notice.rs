//! What a message says of its sender's clock, characters and identity: MSH-3, MSH-4, MSH-7, MSH-10 and
//! MSH-18 (HL7 v2.5.1 chapter 2, section 2.15.9). Numbers and hashes of this run alone are kept.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use klinke_diagnosis::facts::{Arrived, Charset};
use klinke_hl7v2::time;
use klinke_model::Timestamp;

use super::codec::Head;

/// How much of a message is looked at.
const LOOK_BYTES: usize = 8 << 10;

/// Makes hashes that no other run of the program makes.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// What is remembered of an arrival.
pub(super) fn arrived(head: &Head, payload: &[u8], peer: &str, now: Timestamp) -> Arrived {
    let looked_at = &payload[..payload.len().min(LOOK_BYTES)];
    let host = peer.rsplit_once(':').map_or(peer, |(host, _)| host);
    let control = match head.control_id.as_str() {
        "" => 0,
        id => HASHER.hash_one(id),
    };
    Arrived {
        at: now,
        peer: HASHER.hash_one(host),
        identity: HASHER.hash_one((head.field(3), head.field(4))),
        control,
        content: HASHER.hash_one((payload.len(), looked_at)),
        ahead: ahead(&head.field(7), now),
        charset: charset(&head.field(18), looked_at),
    }
}

/// By how many seconds MSH-7 is ahead of now, and whether it names its zone. Without seconds it says
/// nothing.
fn ahead(text: &str, now: Timestamp) -> Option<(i64, bool)> {
    let (time, _) = time::parse(text).ok()?;
    time.second?;
    Some((time.to_unix(0) - now.0.div_euclid(1_000_000), time.zone_minutes.is_some()))
}

fn charset(declared: &str, bytes: &[u8]) -> Charset {
    if bytes.is_ascii() {
        return Charset::Plain;
    }
    let declared = declared.to_ascii_uppercase();
    let is_utf8 = match std::str::from_utf8(bytes) {
        Ok(_) => true,
        // What was looked at may end within a character.
        Err(error) => error.error_len().is_none() && error.valid_up_to() + 4 > LOOK_BYTES,
    };
    match (declared.contains("UTF-8") || declared.contains("UTF8"), is_utf8) {
        (true, false) => Charset::IsNotUtf8,
        (false, true) if declared.trim().is_empty() => Charset::IsUtf8Unsaid,
        // A single special character of ISO 8859 is never UTF-8 by chance; other sets are not looked at.
        (false, true) if declared.contains("8859") || declared == "ASCII" => Charset::IsUtf8,
        _ => Charset::AsDeclared,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_and_characters_are_told() {
        let now = Timestamp::from_parts(2026, 3, 1, 12, 0, 0).unwrap();
        assert_eq!(ahead("20260301120500", now), Some((300, false)));
        assert_eq!(ahead("20260301130000+0100", now), Some((0, true)));
        assert_eq!(ahead("202603011200", now), None);
        assert_eq!(charset("8859/1", "Müller".as_bytes()), Charset::IsUtf8);
        assert_eq!(charset("", "Müller".as_bytes()), Charset::IsUtf8Unsaid);
        assert_eq!(charset("8859/1", b"M\xfcller"), Charset::AsDeclared);
        assert_eq!(charset("UNICODE UTF-8", b"M\xfcller"), Charset::IsNotUtf8);
        assert_eq!(charset("UNICODE UTF-8", "Müller".as_bytes()), Charset::AsDeclared);
        assert_eq!(charset("", b"Muller"), Charset::Plain);
    }
}
