//! What differs between two messages: by field, not by byte.

use klinke_hl7v2::Message;

/// Most differences named for one pair.
const DIFFERENCES_MAX: usize = 20;

/// Adds a line for each field that differs. Payloads that are no HL7 are compared as a whole.
pub fn fields(name: &str, wanted: &[u8], found: &[u8], differences: &mut Vec<String>) {
    if wanted == found {
        return;
    }
    let (Ok(wanted_message), Ok(found_message)) =
        (Message::parse(wanted.to_vec()), Message::parse(found.to_vec()))
    else {
        let (wanted, found) = (wanted.len(), found.len());
        return differences.push(format!("{name}: {wanted} bytes are expected, {found} others came out"));
    };
    let before = differences.len();
    let (wanted, found) = (lines(&wanted_message), lines(&found_message));
    for (place, value) in &wanted {
        match found.iter().find(|(other, _)| other == place) {
            Some((_, other)) if other == value => {}
            Some((_, other)) => {
                differences.push(format!("{name}: {place}: expected {value:?}, came {other:?}"))
            }
            None => differences.push(format!("{name}: {place}: expected {value:?}, nothing came")),
        }
    }
    for (place, value) in &found {
        if !wanted.iter().any(|(other, _)| other == place) {
            differences.push(format!("{name}: {place}: nothing expected, came {value:?}"));
        }
    }
    if differences.len() == before {
        differences.push(format!("{name}: the fields are the same; line ends or delimiters differ"));
    }
    let more = differences.len().saturating_sub(before + DIFFERENCES_MAX);
    if more > 0 {
        differences.truncate(before + DIFFERENCES_MAX);
        differences.push(format!("{name}: and {more} more"));
    }
}

/// Each field that is not empty: `PID-5` or `OBX[2]-5`, and its text as it stands.
fn lines(message: &Message) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for segment in message.segments() {
        let occurrence = match segment.occurrence() {
            0 | 1 => String::new(),
            many => format!("[{many}]"),
        };
        for (number, field) in segment.fields() {
            let raw = String::from_utf8_lossy(field.raw()).into_owned();
            if !raw.is_empty() {
                lines.push((format!("{}{occurrence}-{number}", segment.name()), raw));
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: &[u8] = b"MSH|^~\\&|A|B|||20260101||ADT^A01|1|P|2.5\rPID|1||4711||X^Y\r";

    fn compared(found: &[u8]) -> Vec<String> {
        let mut differences = Vec::new();
        fields("ris", WANTED, found, &mut differences);
        differences
    }

    #[test]
    fn names_the_field_that_differs() {
        assert!(compared(WANTED).is_empty());
        let found = String::from_utf8_lossy(WANTED).replace("4711", "4712");
        assert_eq!(compared(found.as_bytes()), [r#"ris: PID-3: expected "4711", came "4712""#]);
        let found = String::from_utf8_lossy(WANTED).replace("X^Y", "");
        assert_eq!(compared(found.as_bytes()), [r#"ris: PID-5: expected "X^Y", nothing came"#]);
    }

    #[test]
    fn says_when_only_line_ends_differ() {
        let found = String::from_utf8_lossy(WANTED).replace('\r', "\n");
        assert!(compared(found.as_bytes())[0].contains("line ends"));
        assert!(compared(b"something else")[0].contains("bytes"));
    }
}
