//! What a message is, by its header alone: cheap enough to be asked of everything that comes.

/// Longest header that is looked into.
const HEADER_BYTES_MAX: usize = 4 << 10;

/// MSH-9 as `ADT^A08`, or its first component alone. Only what looks like a code of HL7: whatever else stands
/// there is nothing to be counted or told by.
pub fn event(payload: &[u8]) -> Option<String> {
    let payload = payload.trim_ascii_start();
    let rest = payload.strip_prefix(b"MSH")?;
    let (separator, component) = (*rest.first()?, *rest.get(1)?);
    let line = &payload[..payload.len().min(HEADER_BYTES_MAX)];
    let end = line.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(line.len());
    let field = line[..end].split(|byte| *byte == separator).nth(8)?;
    let mut parts = field.split(|byte| *byte == component).map(<[u8]>::trim_ascii);
    let (kind, trigger) = (code(parts.next()?)?, parts.next().unwrap_or_default());
    if trigger.is_empty() {
        return Some(kind.to_owned());
    }
    Some(format!("{kind}^{}", code(trigger)?))
}

/// Three capital letters or digits.
fn code(text: &[u8]) -> Option<&str> {
    let is_code =
        text.len() == 3 && text.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    std::str::from_utf8(text).ok().filter(|_| is_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_code_is_told() {
        let of = |field: &str| event(format!("MSH|^~\\&|A|B|C|D|2026||{field}|1|P|2.5\rPID|1").as_bytes());
        assert_eq!(of("ADT^A08^ADT_A01").as_deref(), Some("ADT^A08"));
        assert_eq!(of("ACK").as_deref(), Some("ACK"));
        for odd in ["Beispiel^Berta", "ADT^Berta", "", "adt^a08", "ADT^A0\u{e9}"] {
            assert_eq!(of(odd), None, "{odd}");
        }
        assert_eq!(event(b"MSH#*~\\&#A#B#C#D#2026##ORU*R01#1").as_deref(), Some("ORU^R01"));
        assert_eq!((event(b"FHS|x"), event(b"MSH"), event(b"MSH|")), (None, None, None));
    }
}
