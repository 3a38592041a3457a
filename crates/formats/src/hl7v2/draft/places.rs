//! Values of messages by place, as the draft compares them.

use klinke_hl7v2::Message;
use klinke_hl7v2::message::{Part, Segment};

/// Says that a value is to be deleted (`""`).
pub const NULL: &str = "\"\"";

/// The text of a component of the first repetition of a field of the first segment of a name.
pub fn value(message: &Message, name: &str, field: usize, component: usize) -> String {
    let segment = message.segments().find(|segment| segment.name() == name);
    let part = segment.and_then(|segment| segment.field(field)?.repetition(1)?.component(component));
    part.map(|part| text(&part)).unwrap_or_default()
}

/// A part's text; null stays to be told from nothing.
pub fn text(part: &Part<'_>) -> String {
    if part.raw() == NULL.as_bytes() { NULL.to_owned() } else { part.text().into_owned() }
}

/// A place within a segment: field, component, subcomponent; 0 for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Within(pub usize, pub usize, pub usize);

impl Within {
    /// As a path behind the segment's own.
    pub fn path(self, segment: &str) -> String {
        match self {
            Within(field, 0, _) => format!("{segment}-{field}"),
            Within(field, component, 0) => format!("{segment}-{field}.{component}"),
            Within(field, component, sub) => format!("{segment}-{field}.{component}.{sub}"),
        }
    }
}

/// What stands there.
pub fn get(segment: &Segment<'_>, within: Within) -> String {
    let Within(field, component, sub) = within;
    let Some(part) = segment.field(field) else { return String::new() };
    if component == 0 {
        return text(&part);
    }
    let part = part.repetition(1).and_then(|part| part.component(component));
    let part = if sub == 0 { part } else { part.and_then(|part| part.subcomponent(sub)) };
    part.map(|part| text(&part)).unwrap_or_default()
}

/// The bytes of a field as they stand, in UTF-8 as far as they are.
pub fn raw(segment: &Segment<'_>, field: usize) -> String {
    segment.field(field).map(|part| String::from_utf8_lossy(part.raw()).into_owned()).unwrap_or_default()
}

/// All places of a segment that hold something, fields and their parts, with their texts.
pub fn all(segment: &Segment<'_>) -> Vec<(Within, String)> {
    let mut found = Vec::new();
    let skip = if segment.is_header() { 2 } else { 0 };
    for (number, field) in segment.fields().filter(|(number, _)| *number > skip) {
        if field.raw().is_empty() {
            continue;
        }
        found.push((Within(number, 0, 0), text(&field)));
        let Some(first) = field.repetition(1) else { continue };
        let components: Vec<_> = first.components().collect();
        let is_divided = components.len() > 1 || field.repetitions().count() > 1;
        for (at, component) in (1..).zip(&components) {
            if component.raw().is_empty() {
                continue;
            }
            if is_divided {
                found.push((Within(number, at, 0), text(component)));
            }
            let subs: Vec<_> = component.subcomponents().collect();
            if subs.len() > 1 {
                let pieces = (1..).zip(&subs).filter(|(_, piece)| !piece.raw().is_empty());
                found.extend(pieces.map(|(sub, piece)| (Within(number, at, sub), text(piece))));
            }
        }
    }
    found
}

/// How many segments of a name there are.
pub fn count(message: &Message, name: &str) -> usize {
    message.segments().filter(|segment| segment.name() == name).count()
}

/// The names of segments in the order in which each is met first.
pub fn names<'a>(messages: impl Iterator<Item = &'a Message>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for message in messages {
        for segment in message.segments() {
            if !names.iter().any(|name| name == segment.name()) {
                names.push(segment.name().to_owned());
            }
        }
    }
    names
}
