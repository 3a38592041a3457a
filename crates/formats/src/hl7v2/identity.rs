//! What identifies a message to its sender: MSH-3, MSH-4 and MSH-10.

use klinke_hl7v2::{Message, Path};
use sha2::{Digest, Sha256};

/// Longest header segment that is looked into.
const HEADER_BYTES_MAX: usize = 64 * 1024;

/// The first eight bytes of a SHA-256 over the fields as they stand, so that the number stays the same
/// over releases of the program. `None` without a control identifier.
pub(super) fn identity(payload: &[u8]) -> Option<u64> {
    let header = header(payload);
    let message = Message::parse(header.to_vec()).ok()?;
    let field = |number| {
        let path = Path::new(&format!("MSH-{number}")).ok()?;
        message.get(&path).map(|bytes| bytes.into_owned())
    };
    let control = field(10).filter(|bytes| !bytes.is_empty() && bytes != b"\"\"")?;
    let mut hash = Sha256::new();
    for part in [field(3).unwrap_or_default(), field(4).unwrap_or_default(), control] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(&part);
    }
    let digest = hash.finalize();
    let first: [u8; 8] = digest[..8].try_into().ok()?;
    Some(u64::from_be_bytes(first))
}

/// The header segment: up to the first line end behind `MSH`.
fn header(payload: &[u8]) -> &[u8] {
    let window = &payload[..payload.len().min(HEADER_BYTES_MAX)];
    let start = window.windows(3).position(|name| name.eq_ignore_ascii_case(b"MSH")).unwrap_or(0);
    let end = window[start..].iter().position(|byte| matches!(byte, b'\r' | b'\n'));
    end.map_or(window, |end| &window[..start + end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<u64> {
        identity(text.as_bytes())
    }

    #[test]
    fn sender_and_control_identifier_make_it() {
        let one = of("MSH|^~\\&|KIS|HAUS|RIS|X|2026||ADT^A01|4711|P|2.5\rPID|1\r");
        assert!(one.is_some());
        assert_eq!(one, of("MSH|^~\\&|KIS|HAUS|PACS|Y|2027||ADT^A08|4711|P|2.5"), "the rest doesn't count");
        assert_eq!(one, of("\x0bMSH|^~\\&|KIS|HAUS|RIS|X|2026||ADT^A01|4711|P|2.5\r"), "nor what is before");
        for other in [
            "MSH|^~\\&|KIS|HAUS|RIS|X|2026||ADT^A01|4712|P|2.5\r",
            "MSH|^~\\&|KIS2|HAUS|RIS|X|2026||ADT^A01|4711|P|2.5\r",
            "MSH|^~\\&|KISH|AUS|RIS|X|2026||ADT^A01|4711|P|2.5\r",
        ] {
            assert_ne!(one, of(other), "{other}");
        }
        for none in ["MSH|^~\\&|KIS|HAUS|RIS|X|2026||ADT^A01||P|2.5\r", "MSH|^~\\&|KIS\r", "PID|1\r", ""] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn the_number_is_the_same_in_every_release() {
        // SHA-256 over length (eight bytes) and bytes of KIS, of nothing, and of 4711.
        let number = of("MSH|^~\\&|KIS||||2026||ADT^A01|4711").expect("an identity");
        assert_eq!(format!("{number:016x}"), "4af0798bb5233883");
    }
}
