//! What stands in fields: escapes, separators, control characters, quotation marks.

use super::collector::Collector;
use super::kind;
use crate::escape;
use crate::message::{Message, Part, Segment};
use crate::place::Place;

/// Most fields that any version has, for the segments whose texts break them.
const FIELDS_MAX: [(&str, usize); 3] = [("OBX", 30), ("NTE", 10), ("PID", 40)];

pub(super) fn segment(message: &Message, segment: &Segment<'_>, place: Place, found: &mut Collector) {
    let limit = FIELDS_MAX.iter().find(|(name, _)| *name == segment.name()).map(|(_, limit)| *limit);
    if limit.is_some_and(|limit| segment.field_count() > limit) {
        found.add(&kind::FIELDS_SUSPECT, place);
    }
    let (mut nulls, mut fields) = (0, 0);
    let first = if segment.is_header() { 3 } else { 1 };
    for (number, field) in segment.fields().filter(|(number, _)| *number >= first) {
        let mut place = place.field(number);
        place.offset = field.offset();
        fields += 1;
        nulls += usize::from(field.raw() == b"\"\"");
        bytes(&field, place, found);
        if is_text(segment, number) {
            separators(&field, place, found);
        } else {
            addresses(message, &field, place, found);
        }
        if message.delimiters().escape.is_some() {
            escapes(message, &field, place, found);
        }
    }
    if fields >= 8 && nulls * 2 > fields {
        found.with(&kind::NULL_OVERUSED, place, format_args!("{nulls} of {fields} fields"));
    }
}

fn bytes(field: &Part<'_>, place: Place, found: &mut Collector) {
    let raw = field.raw();
    if raw == b"\"\"\"\"" {
        found.add(&kind::QUADRUPLE_QUOTES, place);
    }
    if raw.contains(&0) {
        found.add(&kind::NUL_BYTES, place);
    }
    if raw.iter().any(|b| *b < b' ' && !matches!(b, 0 | b'\t' | b'\r' | b'\n')) {
        found.add(&kind::CONTROL_CHARACTERS, place);
    }
}

/// Fields that hold one text, so that an inner separator is suspicious.
fn is_text(segment: &Segment<'_>, number: usize) -> bool {
    match (segment.name(), number) {
        ("NTE", 3) => true,
        ("OBX", 5) => {
            let kind = segment.field(2).map(|f| f.text()).unwrap_or_default();
            matches!(kind.trim().to_ascii_uppercase().as_str(), "TX" | "FT" | "ST")
        }
        _ => false,
    }
}

fn separators(field: &Part<'_>, place: Place, found: &mut Collector) {
    let inner = field.repetitions().any(|r| r.components().count() > 1 || r.subcomponents().count() > 1);
    if inner {
        found.add(&kind::SEPARATOR_SUSPECT, place);
    }
}

/// `http://host/?a=1&b=2`: the subcomponent separator of an address.
fn addresses(message: &Message, field: &Part<'_>, place: Place, found: &mut Collector) {
    let Some(separator) = message.delimiters().subcomponent else { return };
    let Some(start) = memchr::memmem::find(field.raw(), b"://") else { return };
    let rest = &field.raw()[start..];
    let end =
        rest.iter().position(|b| *b <= b' ' || *b == message.delimiters().component).unwrap_or(rest.len());
    if rest[..end].contains(&b'?') && rest[..end].contains(&separator) {
        found.add(&kind::SEPARATOR_SUSPECT, place);
    }
}

fn escapes(message: &Message, field: &Part<'_>, place: Place, found: &mut Collector) {
    let delimiters = message.delimiters();
    let Some(byte) = delimiters.escape else { return };
    if memchr::memchr(byte, field.raw()).is_none() {
        return;
    }
    let escape = char::from(byte);
    let text = message.inner_charset().decode(field.raw());
    let mut rest: &str = &text;
    let mut before = "";
    while let Some(at) = rest.find(escape) {
        rest = &rest[at..];
        let Some(sequence) = escape::sequence_at(rest, escape) else {
            found.add(&kind::ESCAPE_OPEN, place);
            rest = &rest[1..];
            continue;
        };
        if !is_known(sequence, delimiters.truncation.is_some()) {
            found.add(&kind::ESCAPE_UNKNOWN, place);
        }
        rest = &rest[sequence.len() + 2..];
        // `\E\X09\E\` and `\E\T\E\`: the escape characters of a sequence were escaped.
        let inner = rest.split(escape).next().unwrap_or("");
        let twice = sequence == "E"
            && rest[inner.len()..].strip_prefix(escape).is_some_and(|r| r.starts_with('E'))
            && before != "E"
            && is_known(inner, true)
            && !inner.is_empty();
        if twice {
            found.add(&kind::ESCAPE_DOUBLE, place);
        }
        before = if twice { "E" } else { "" };
    }
}

/// Sequences of the standard; local ones (`\Zxx\`) are agreed between partners.
fn is_known(sequence: &str, truncation: bool) -> bool {
    matches!(sequence, "F" | "S" | "R" | "E" | "T" | ".br")
        || sequence == "P" && truncation
        || escape::is_layout(sequence)
        || sequence.strip_prefix('X').is_some_and(|digits| escape::hex(digits).is_some())
        || sequence.starts_with('Z')
            && sequence.len() > 1
            && sequence.bytes().all(|b| b.is_ascii_alphanumeric())
}
