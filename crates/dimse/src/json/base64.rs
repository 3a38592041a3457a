//! Base64 (RFC 4648, section 4).

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Writes bytes.
pub(crate) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |index: usize| three.get(index).copied().map_or(0, u32::from);
        let number = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let digit = number >> (18 - 6 * place) & 0x3F;
            out.push(if place <= three.len() { ALPHABET[digit as usize] } else { b'=' });
        }
    }
}

/// Reads bytes; white space is passed over. None where it is no Base64.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut number, mut digits, mut padded) = (0_u32, 0, false);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                padded = true;
                continue;
            }
            _ => return None,
        };
        if padded {
            return None;
        }
        number = number << 6 | u32::from(digit);
        digits += 1;
        if digits == 4 {
            out.extend_from_slice(&number.to_be_bytes()[1..]);
            (number, digits) = (0, 0);
        }
    }
    match digits {
        0 => {}
        2 => out.push((number >> 4) as u8),
        3 => out.extend_from_slice(&[(number >> 10) as u8, (number >> 2) as u8]),
        _ => return None,
    }
    Some(out)
}
