//! Messages as `klinke_diagnosis::dialect` learns them.
//!
//! Here it is decided what a place may hold (HL7 v2 chapter 2.A): codes are components of the types ID and
//! IS that have a table, and the codes of CE, CWE and CNE; within names, addresses, telephone numbers and
//! identifiers only what says of which kind they are. Everything else is text, and no value of it is kept.
//! Results (OBX-5) are never codes here, whatever their type: they are findings of a patient.

use klinke_diagnosis::dialect::{
    Content, FieldOutline, IdentifierOutline, Leaf, Outline, SegmentOutline, Table, shape,
};
use klinke_hl7v2::ack::{Condition, Mode, expectation};
use klinke_hl7v2::charset::Charset;
use klinke_hl7v2::definitions::{Dictionary, Language, Local, nearest};
use klinke_hl7v2::message::{Options, Part, Segment};
use klinke_hl7v2::{Error, Message, batch};

/// Most parts of one message that are looked at.
const LEAVES_MAX: usize = 50_000;
/// Most repetitions of one field that are looked at.
const REPETITIONS_MAX: usize = 100;
/// Most messages of one payload.
const MESSAGES_MAX: usize = 100_000;
/// The longest value that is looked at; what is longer is a document.
const VALUE_BYTES_MAX: usize = 64 * 1024;

/// The outlines of a payload's messages.
///
/// `local` are a site's own definitions, `charset` that of the connection, for messages without one.
pub fn outlines(bytes: &[u8], local: Option<&Local>, charset: Option<&str>) -> Result<Vec<Outline>, Error> {
    let options = Options { charset: charset.and_then(Charset::by_name), ..Options::default() };
    let whole = Message::parse_with(bytes.to_vec(), &options)?;
    if !batch::is_batch(&whole) {
        return Ok(vec![outline(&whole, local)]);
    }
    let members = batch::split(&whole).messages.into_iter().take(MESSAGES_MAX);
    let parsed = members.filter_map(|member| Message::parse_with(member.bytes, &options).ok());
    Ok(parsed.map(|message| outline(&message, local)).collect())
}

/// The outline of one message.
pub fn outline(message: &Message, local: Option<&Local>) -> Outline {
    let header = message.segments().find(|segment| segment.name() == "MSH");
    let text = |field: usize, component: usize| {
        let part = header.and_then(|header| header.field(field)?.repetition(1)?.component(component));
        part.map(|part| part.text().trim().to_owned()).unwrap_or_default()
    };
    let version = text(12, 1);
    let dictionary = Dictionary::new(nearest(&version), local, Language::En);
    let resolved = message.charset();
    let is_ascii = message.original().is_ascii();
    let declared = header.and_then(|header| Some(header.field(18)?.repetition(1)?.text().into_owned()));
    let mut outline = Outline {
        event: event(&text(9, 1), &text(9, 2)),
        version: version_name(&version),
        declared: charset_name(declared.as_deref().unwrap_or_default()),
        used: if is_ascii { String::new() } else { resolved.charset.name().to_owned() },
        acknowledgment: acknowledgment(message),
        deviations: message.inspect().iter().map(|one| (one.code.to_owned(), one.count)).collect(),
        subject: subject(message),
        ..Outline::default()
    };
    let mut walk = Walk { dictionary, identifiers: Vec::new(), leaves: 0 };
    for segment in message.segments() {
        outline.segments.push(walk.segment(&segment));
    }
    outline.identifiers = walk.identifiers;
    outline
}

/// Type and trigger, when they look like it; else what they look like.
fn event(kind: &str, trigger: &str) -> String {
    let is_fine =
        |text: &str| text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let piece = |text: &str| if is_fine(text) { text.to_owned() } else { shape(text) };
    match trigger.is_empty() {
        true => piece(kind),
        false => format!("{}^{}", piece(kind), piece(trigger)),
    }
}

/// A version as versions are written; of anything else the shape.
fn version_name(text: &str) -> String {
    let is_fine = text.len() <= 6 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if is_fine { text.to_owned() } else { shape(text) }
}

/// The name of a set that is known, spelt as the sender spells it; of any other its shape.
fn charset_name(declared: &str) -> String {
    if declared.is_empty() || Charset::by_name(declared).is_some() {
        return declared.to_owned();
    }
    shape(declared)
}

fn acknowledgment(message: &Message) -> String {
    let expected = expectation(message);
    let word = |condition| match condition {
        Condition::Always => "AL",
        Condition::Never => "NE",
        Condition::OnError => "ER",
        Condition::OnSuccess => "SU",
    };
    match expected.mode {
        Mode::Original => "original".to_owned(),
        Mode::Enhanced => format!("{}/{}", word(expected.accept), word(expected.application)),
    }
}

/// The same number for messages about one patient; for one about none, that of the message.
fn subject(message: &Message) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    let place = |segment: &str, field: usize| {
        let segment = message.segments().find(|one| one.name() == segment)?;
        let part = segment.field(field)?.repetition(1)?.component(1)?;
        (!part.raw().is_empty()).then(|| part.raw().to_vec())
    };
    match place("PID", 3).or_else(|| place("PID", 2)).or_else(|| place("MSH", 10)) {
        Some(value) => value.hash(&mut hasher),
        None => message.original().hash(&mut hasher),
    }
    hasher.finish()
}

struct Walk<'a> {
    dictionary: Dictionary<'a>,
    identifiers: Vec<IdentifierOutline>,
    leaves: usize,
}

/// What is known of a place on the way down.
#[derive(Clone, Copy)]
struct Around<'a> {
    data_type: &'a str,
    table: Option<&'a str>,
    /// Nothing below is a code.
    private: bool,
    repetition: usize,
}

impl<'a> Walk<'a> {
    fn segment(&mut self, segment: &Segment<'_>) -> SegmentOutline {
        let name = segment.name();
        let mut outline = SegmentOutline { name: segment_name(name), fields: Vec::new() };
        // In headers 1 and 2 are the delimiters.
        let skip = if segment.is_header() { 2 } else { 0 };
        let observed = observed_type(segment);
        for (number, field) in segment.fields().filter(|(number, _)| *number > skip) {
            if field.raw().is_empty() {
                continue;
            }
            let definition = self.dictionary.field(name, number);
            let data_type = definition.map_or("", |field| field.data_type.as_ref());
            let is_result = name == "OBX" && number == 5;
            let data_type = if is_result { observed.as_str() } else { data_type };
            let around = Around {
                data_type,
                table: definition.and_then(|field| field.table.as_deref()),
                private: is_result || PRIVATE_FIELDS.contains(&(name, number)),
                repetition: 1,
            };
            let identifier = (name, number) == ("MSH", 10);
            let mut leaves = Vec::new();
            let mut repetitions = 0;
            for part in field.repetitions() {
                repetitions += 1;
                if repetitions > REPETITIONS_MAX || self.leaves > LEAVES_MAX {
                    continue;
                }
                let around = Around { repetition: repetitions, ..around };
                self.repetition(&part, around, &mut leaves);
                if matches!(data_type, "CX" | "CK") {
                    self.identifier(&part, format!("{name}-{number}"));
                }
            }
            if identifier {
                leaves.iter_mut().for_each(|leaf| leaf.content = Content::Identifier);
            }
            if !leaves.is_empty() {
                self.leaves += leaves.len();
                outline.fields.push(FieldOutline { number, repetitions, leaves });
            }
        }
        outline
    }

    /// The leaves of one repetition of a field.
    fn repetition(&self, part: &Part<'_>, around: Around<'_>, leaves: &mut Vec<Leaf>) {
        let kind = self.dictionary.data_type(around.data_type);
        // A time stamp is one value, whatever else versions hang on it.
        let is_primitive = around.data_type == "TS" || kind.is_some_and(|kind| kind.is_primitive());
        for (number, component) in (1..).zip(part.components()) {
            if component.raw().is_empty() {
                continue;
            }
            if is_primitive {
                // More than one component where the standard has none: what it may be is not known.
                let place = if number == 1 { (0, 0) } else { (number, 0) };
                let private = around.private || number > 1;
                leaves.extend(self.leaf(&component, place, Around { private, ..around }));
                continue;
            }
            let definition = self.dictionary.component(around.data_type, number);
            let inner = Around {
                data_type: definition.map_or("", |component| component.data_type.as_ref()),
                table: definition.and_then(|component| component.table.as_deref()),
                private: around.private || !may_hold_codes(around.data_type, number),
                ..around
            };
            let inner = coded(around, number).unwrap_or(inner);
            self.component(&component, number, around.data_type, inner, leaves);
        }
    }

    fn component(
        &self,
        part: &Part<'_>,
        number: usize,
        whole: &str,
        around: Around<'_>,
        leaves: &mut Vec<Leaf>,
    ) {
        let kind = self.dictionary.data_type(around.data_type);
        let is_primitive = around.data_type == "TS" || kind.is_none_or(|kind| kind.is_primitive());
        let content = special(whole, number, 0);
        for (sub, piece) in (1..).zip(part.subcomponents()) {
            if piece.raw().is_empty() {
                continue;
            }
            let (place, inner) = match is_primitive {
                true if sub == 1 => ((number, 0), around),
                true => ((number, sub), Around { private: true, ..around }),
                false => {
                    let definition = self.dictionary.component(around.data_type, sub);
                    let inner = Around {
                        data_type: definition.map_or("", |component| component.data_type.as_ref()),
                        table: definition.and_then(|component| component.table.as_deref()),
                        private: around.private || !may_hold_codes(around.data_type, sub),
                        ..around
                    };
                    ((number, sub), coded(around, sub).unwrap_or(inner))
                }
            };
            let mut leaf = self.leaf(&piece, place, inner);
            if let Some(leaf) = &mut leaf {
                let special = content.or_else(|| special(whole, number, sub));
                match special {
                    Some(content) if content.is_code() && leaf.content != Content::Code => {}
                    Some(content) => leaf.content = content,
                    None => {}
                }
            }
            leaves.extend(leaf);
        }
    }

    fn leaf(&self, part: &Part<'_>, place: (usize, usize), around: Around<'_>) -> Option<Leaf> {
        let raw = part.raw();
        if raw == b"\"\"" || raw.len() > VALUE_BYTES_MAX {
            return None;
        }
        let value = part.text().into_owned();
        let content = match around.data_type {
            "ID" | "IS" if !around.private && around.table.is_some() => Content::Code,
            "code" if !around.private => Content::Code,
            "DT" | "TM" | "DTM" | "TS" => Content::Date,
            "NM" | "SI" => Content::Number,
            _ => Content::Text,
        };
        let table = around
            .table
            .filter(|_| content == Content::Code)
            .map(|id| Table { id: id.to_owned(), knows: self.dictionary.knows_value(id, &value) });
        Some(Leaf { repetition: around.repetition, part: place, value, content, table })
    }

    fn identifier(&mut self, part: &Part<'_>, field: String) {
        let text = |number: usize, sub: usize| {
            let piece = part.component(number).and_then(|part| part.subcomponent(sub));
            piece.map(|piece| piece.text().into_owned()).unwrap_or_default()
        };
        if text(1, 1).is_empty() {
            return;
        }
        let (kind, name) = (text(5, 1), text(4, 1));
        let authority = if name.is_empty() { text(4, 2) } else { name };
        let knows = self.dictionary.knows_value("0203", &kind) == Some(true);
        self.identifiers.push(IdentifierOutline { field, kind, knows, authority });
    }
}

/// The name of a segment; of what is none, its shape.
fn segment_name(name: &str) -> String {
    let is_fine = name.len() == 3
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if is_fine { name.to_owned() } else { shape(name) }
}

/// The type of a result.
fn observed_type(segment: &Segment<'_>) -> String {
    if segment.name() != "OBX" {
        return String::new();
    }
    segment.field(2).map(|field| field.text().trim().to_ascii_uppercase()).unwrap_or_default()
}

/// Fields that say where a patient lives, although their type is one of codes.
const PRIVATE_FIELDS: &[(&str, usize)] = &[("PID", 12), ("PID", 23), ("IN1", 8), ("IN1", 9), ("NK1", 30)];

/// Types whose parts are names, addresses, numbers or identifiers: which of them may be codes all the same.
#[rustfmt::skip]
const PERSONAL: &[(&str, &[usize])] = &[
    ("XPN", &[7, 8, 11]), ("PN", &[]), ("PPN", &[9, 10, 11, 13, 14]), ("FN", &[]),
    ("XCN", &[9, 10, 11, 13, 14]), ("CN", &[8]), ("CNN", &[]), ("NDL", &[]),
    ("XAD", &[7]), ("AD", &[7]), ("SAD", &[]), ("LA1", &[]), ("LA2", &[]),
    ("XTN", &[2, 3]), ("TN", &[]),
    ("CX", &[3, 4, 5, 6]), ("CK", &[3, 4]), ("EI", &[2, 3, 4]), ("EIP", &[]), ("DLN", &[]),
    ("PL", &[1, 4, 5, 6]), ("XON", &[2, 5, 6, 7, 9]), ("CM", &[]), ("ED", &[2, 3, 4]), ("RP", &[3, 4]),
    ("PLN", &[2]), ("SRT", &[]), ("CCD", &[]), ("varies", &[]), ("", &[]),
];

fn may_hold_codes(data_type: &str, number: usize) -> bool {
    PERSONAL.iter().find(|(name, _)| *name == data_type).is_none_or(|(_, fine)| fine.contains(&number))
}

/// The codes within the coded types, whose components the standard calls texts: 1 and 4 are codes, 3 and 6
/// name the coding systems. Components 1 and 2 of HD say who gives something.
fn coded<'a>(around: Around<'a>, number: usize) -> Option<Around<'a>> {
    let of = |table| Some(Around { data_type: "code", table, ..around });
    match (around.data_type, number) {
        ("CE" | "CWE" | "CNE" | "CF", 1) => of(around.table),
        ("CE" | "CWE" | "CNE" | "CF", 3 | 6) => of(Some("0396")),
        ("HD", 1 | 2) => of(None),
        ("EI", 2 | 3) => of(None),
        _ => None,
    }
}

/// What identifiers, their types and who gave them are; `sub` is 0 where the component is not divided.
fn special(data_type: &str, number: usize, sub: usize) -> Option<Content> {
    match (data_type, number, sub) {
        ("CX" | "CK" | "EI", 1, _) => Some(Content::Identifier),
        ("XCN" | "PPN" | "CN", 1, _) => Some(Content::Identifier),
        ("CX", 5, _) | ("XCN", 13, _) => Some(Content::IdentifierType),
        ("CX", 4 | 6, 1 | 2) | ("CK", 4, 1 | 2) | ("XCN", 9, 1 | 2) => Some(Content::Authority),
        _ => None,
    }
}
