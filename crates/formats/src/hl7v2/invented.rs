//! Test messages without a patient: what `klinke_diagnosis::dialect` invents, written as HL7 v2.
//!
//! The dialect knows how often what comes, and nothing of HL7. What hangs together (MSH-9 and EVN-1, OBX-2
//! and OBX-5) is put right here. A message that is not of the dialect after all loses the fields that are
//! the reason, or is invented anew.

use klinke_diagnosis::dialect::{
    Content, Dialect, FieldOutline, Kind, Leaf, Novelty, Outline, Place, SegmentOutline, compare, synthesise,
};
use klinke_hl7v2::Charset;
use klinke_hl7v2::definitions::{Local, nearest};

use super::outline::outlines;

/// How often one message is tried.
const TRIES_MAX: u64 = 200;
/// How often fields are taken out of one try.
const REPAIRS_MAX: usize = 12;

/// `count` messages of a dialect, the same for the same seed. Fewer when the dialect is such that none can
/// be made: one that holds what contradicts itself.
pub fn invent(dialect: &Dialect, count: u64, seed: u64, local: Option<&Local>) -> Vec<Vec<u8>> {
    (0..count).filter_map(|number| one(dialect, number, seed, local)).collect()
}

fn one(dialect: &Dialect, number: u64, seed: u64, local: Option<&Local>) -> Option<Vec<u8>> {
    (0..TRIES_MAX).find_map(|attempt| {
        let seed =
            seed.wrapping_mul(1_000_003).wrapping_add(number.wrapping_mul(TRIES_MAX)).wrapping_add(attempt);
        let mut outline = synthesise(dialect, seed)?;
        put_right(&mut outline, dialect, number);
        for _ in 0..REPAIRS_MAX {
            let bytes = write(&outline);
            let found = outlines(&bytes, local, None).ok()?;
            let news = compare(found.first()?, dialect);
            if news.is_empty() {
                return Some(bytes);
            }
            if !news.iter().all(|new| take_out(&mut outline, new)) {
                return None;
            }
        }
        None
    })
}

/// Takes out what is new; false when that can't be done.
fn take_out(outline: &mut Outline, new: &Novelty) -> bool {
    let is_of_a_field = matches!(
        new.kind,
        Kind::Field
            | Kind::Part
            | Kind::Code
            | Kind::IdentifierType
            | Kind::Authority
            | Kind::Date
            | Kind::Shape
            | Kind::Length
            | Kind::Repetition
    );
    let place = Place::new(new.place.clone());
    let [number, ..] = place.numbers()[..] else { return false };
    let mut removed = false;
    for segment in outline.segments.iter_mut().filter(|segment| segment.name == place.segment()) {
        let before = segment.fields.len();
        segment.fields.retain(|field| field.number != number);
        removed |= segment.fields.len() < before;
    }
    is_of_a_field && removed
}

/// Puts right what hangs together.
fn put_right(outline: &mut Outline, dialect: &Dialect, number: u64) {
    let event = outline.event.clone();
    let (kind, trigger) = event.split_once('^').unwrap_or((&event, ""));
    let version = outline.version.clone();
    let structure = nearest(&version).structure_for(kind, trigger);
    let uses = |place: &str, value: &str| {
        dialect
            .part
            .get(&Place::new(place))
            .is_some_and(|part| part.code.contains_key(value) || part.withheld > 0)
    };
    let structure = structure.filter(|structure| uses("MSH-9.3", structure));
    if !outline.segments.iter().any(|segment| segment.name == "MSH") {
        outline.segments.insert(0, SegmentOutline { name: "MSH".to_owned(), fields: Vec::new() });
    }
    let longest = dialect.part.get(&Place::new("MSH-10")).map_or(10, |part| part.length.1) as usize;
    let control = format!("{:01$}", number + 1, longest.min(8));
    let (accept, application) = outline.acknowledgment.split_once('/').unwrap_or_default();
    let (accept, application) = (accept.to_owned(), application.to_owned());
    let declared = outline.declared.clone();
    for segment in &mut outline.segments {
        match segment.name.as_str() {
            "MSH" => {
                let parts = [(1, kind), (2, trigger), (3, structure.unwrap_or_default())];
                set(segment, 9, &parts);
                set(segment, 10, &[(1, &control)]);
                set(segment, 12, &[(1, &version)]);
                set(segment, 15, &[(1, word_of(dialect, "MSH-15", &accept))]);
                set(segment, 16, &[(1, word_of(dialect, "MSH-16", &application))]);
                set(segment, 18, &[(1, &declared)]);
            }
            "EVN" => {
                let is_used = segment.fields.iter().any(|field| field.number == 1);
                set(segment, 1, &[(1, if is_used { trigger } else { "" })]);
            }
            "OBX" => result(segment, dialect),
            _ => {}
        }
    }
}

/// The word of MSH-15 or MSH-16; none where the partner leaves the field empty.
fn word_of<'a>(dialect: &Dialect, place: &str, word: &'a str) -> &'a str {
    let part = dialect.part.get(&Place::new(place));
    if part.is_some_and(|part| part.code.contains_key(word) || part.withheld > 0) { word } else { "" }
}

/// A result whose value is of its type: where the two do not go together, a text, if the partner has such.
fn result(segment: &mut SegmentOutline, dialect: &Dialect) {
    let types = dialect.part.get(&Place::new("OBX-2")).map(|part| &part.code);
    let has = |name: &str| types.is_some_and(|types| types.contains_key(name));
    let value = segment.fields.iter().find(|field| field.number == 5);
    let is_plain = value.is_none_or(|field| field.leaves.iter().all(|leaf| leaf.part.0 < 2));
    let is_number = value
        .is_some_and(|field| field.leaves.iter().all(|leaf| leaf.value.parse::<f64>().is_ok()) && is_plain);
    let text = ["ST", "TX", "FT"].into_iter().find(|name| has(name));
    let fitting = match (is_number, is_plain) {
        (true, _) if has("NM") => Some("NM"),
        (_, true) => text,
        _ => ["CWE", "CE", "CNE"].into_iter().find(|name| has(name)).or(text),
    };
    if let Some(name) = fitting {
        set(segment, 2, &[(1, name)]);
    }
}

/// Sets a field to these components; empty when all of them are.
fn set(segment: &mut SegmentOutline, number: usize, parts: &[(usize, &str)]) {
    let written = parts.iter().filter(|(_, value)| !value.is_empty());
    let leaves: Vec<Leaf> = written
        .map(|(component, value)| Leaf {
            repetition: 1,
            part: (*component, 0),
            value: (*value).to_owned(),
            content: Content::Code,
            table: None,
        })
        .collect();
    segment.fields.retain(|field| field.number != number);
    if !leaves.is_empty() {
        segment.fields.push(FieldOutline { number, repetitions: 1, leaves });
    }
}

/// A message as it is written.
fn write(outline: &Outline) -> Vec<u8> {
    let mut text = String::new();
    for segment in &outline.segments {
        text.push_str(&segment.name);
        let mut fields: Vec<&FieldOutline> = segment.fields.iter().collect();
        fields.sort_by_key(|field| field.number);
        let header = segment.name == "MSH";
        if header {
            text.push_str("|^~\\&");
        }
        let mut at = if header { 2 } else { 0 };
        for field in fields {
            if field.number <= at {
                continue;
            }
            text.extend(std::iter::repeat_n('|', field.number - at));
            at = field.number;
            write_field(field, &mut text);
        }
        text.push('\r');
    }
    let charset = Charset::by_name(&outline.declared).filter(|charset| charset.is_ascii_safe());
    charset.unwrap_or(Charset::UTF_8).encode_with_question_marks(&text).0
}

fn write_field(field: &FieldOutline, out: &mut String) {
    let mut leaves: Vec<&Leaf> = field.leaves.iter().collect();
    leaves.sort_by_key(|leaf| leaf.part);
    let (mut component, mut sub) = (1, 1);
    for leaf in leaves {
        let (at, below) = (leaf.part.0.max(1), leaf.part.1.max(1));
        if at > component {
            out.extend(std::iter::repeat_n('^', at - component));
            (component, sub) = (at, 1);
        }
        out.extend(std::iter::repeat_n('&', below.saturating_sub(sub)));
        sub = sub.max(below);
        out.push_str(&escaped(&leaf.value));
    }
}

fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\E\\"),
            '|' => out.push_str("\\F\\"),
            '^' => out.push_str("\\S\\"),
            '&' => out.push_str("\\T\\"),
            '~' => out.push_str("\\R\\"),
            '\r' | '\n' => out.push_str("\\.br\\"),
            c => out.push(c),
        }
    }
    out
}
