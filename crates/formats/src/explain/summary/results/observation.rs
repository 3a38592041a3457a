//! One OBX: its value in words and how it is flagged (HL7 v2.5.1 chapter 7, 7.4.2).

use klinke_hl7v2::message::Segment;

use super::super::super::reader::{Reader, component_of, filled, first_repetition, text, whole};
use super::super::super::values::{german_number, size, value};

/// What an observation's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number or a few words.
    Value,
    /// A code: a germ, a finding.
    Code,
    /// Sentences.
    Text,
    /// A document in the message or a reference to one.
    Document,
    Nothing,
}

/// What OBX-8 (table 0078) says, as far as a reader cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
    None,
    Normal,
    Abnormal,
    Susceptible,
    Intermediate,
    Resistant,
}

/// An observation.
pub(super) struct Observation {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) value: String,
    unit: String,
    range: String,
    pub(super) flag: Flag,
    flag_code: String,
    /// OBX-11.
    pub(super) status: String,
}

/// Longest value that counts as a few words, in characters.
const SHORT_MAX: usize = 60;

impl Observation {
    pub(super) fn of(reader: &Reader<'_>, obx: &Segment<'_>) -> Self {
        let data_type = text(obx, 2, 1).to_ascii_uppercase();
        let flag_code = flag_code(obx);
        let (kind, value) = read(reader, obx, &data_type);
        let is_number = matches!(data_type.as_str(), "NM" | "SN");
        let number = |text: String| if reader.is_german() && is_number { german_range(&text) } else { text };
        Self {
            name: reader.coded_field(obx, 3, ""),
            kind,
            value,
            unit: unit(obx),
            range: number(whole(obx, 7)),
            flag: Flag::of(&flag_code),
            flag_code,
            status: text(obx, 11, 1),
        }
    }

    /// `Leukozyten 15,2 10*9/l (zu hoch; Referenz 4,0-10,0)`
    pub(super) fn words(&self, reader: &Reader<'_>) -> String {
        let flag =
            if self.flag == Flag::Abnormal { flag_words(reader, &self.flag_code) } else { String::new() };
        let range = if self.range.is_empty() {
            String::new()
        } else {
            format!("{} {}", reader.say("Referenz", "reference"), self.range)
        };
        let details = filled([flag, range]).join("; ");
        let colon = if self.kind == Kind::Code && !self.name.is_empty() { ":" } else { "" };
        let main = filled([format!("{}{colon}", self.name), self.value.clone(), self.unit.clone()]).join(" ");
        if details.is_empty() || main.is_empty() { main } else { format!("{main} ({details})") }
    }
}

impl Flag {
    fn of(code: &str) -> Self {
        match code {
            "N" | "NEG" | "ND" => Self::Normal,
            "S" | "MS" | "VS" => Self::Susceptible,
            "I" | "SDD" => Self::Intermediate,
            "R" | "NS" => Self::Resistant,
            // How a value changed or was reckoned does not say that it is out of range.
            "" | "B" | "W" | "U" | "D" | "IE" | "IND" | "EX" | "NULL" | "AC" | "TOX" | "QCF" | "OBX" => {
                Self::None
            }
            // A sender's own mark (`ABN`, `*`, `++`) is shown rather than passed over.
            _ => Self::Abnormal,
        }
    }
}

/// The code of OBX-8 that matters most: the first that is abnormal, else the first.
fn flag_code(obx: &Segment<'_>) -> String {
    let codes = obx.field(8).into_iter().flat_map(|field| field.repetitions()).take(20);
    let codes: Vec<String> = codes.map(|code| component_of(&code, 1).to_ascii_uppercase()).collect();
    let abnormal = codes.iter().find(|code| Flag::of(code) == Flag::Abnormal);
    abnormal.or(codes.first()).cloned().unwrap_or_default()
}

fn flag_words(reader: &Reader<'_>, code: &str) -> String {
    let words = match code {
        "H" => reader.say("zu hoch", "high"),
        "L" => reader.say("zu niedrig", "low"),
        "HH" => reader.say("kritisch hoch", "critically high"),
        "LL" => reader.say("kritisch niedrig", "critically low"),
        "A" => reader.say("auffällig", "abnormal"),
        "AA" => reader.say("stark auffällig", "critically abnormal"),
        "POS" => reader.say("positiv", "positive"),
        _ if reader.dictionary.knows_value("0078", code) == Some(true) => {
            return reader.meaning("0078", code);
        }
        _ => return format!("{} {code}", reader.say("gekennzeichnet mit", "marked")),
    };
    words.to_owned()
}

/// OBX-5 by its type.
fn read(reader: &Reader<'_>, obx: &Segment<'_>, data_type: &str) -> (Kind, String) {
    let Some(field) = obx.field(5) else { return (Kind::Nothing, String::new()) };
    let parts: Vec<_> = field.repetitions().take(100).filter(|part| !part.raw().is_empty()).collect();
    let Some(first) = parts.first() else { return (Kind::Nothing, String::new()) };
    let joined =
        |data_type: &str| filled(parts.iter().map(|part| value_words(reader, part, data_type))).join(", ");
    match data_type {
        "NM" | "SN" => (
            Kind::Value,
            if reader.is_german() { german_range(&joined(data_type)) } else { joined(data_type) },
        ),
        "CE" | "CWE" | "CNE" | "CF" => (Kind::Code, joined(data_type)),
        "ED" | "RP" => (Kind::Document, document(reader, first, data_type)),
        "TX" | "FT" | "ST" | "" => {
            if super::super::super::values::data_size(first).is_some() {
                return (Kind::Document, size(reader, first.raw().len()));
            }
            let text = filled(parts.iter().map(|part| super::super::super::reader::tidy(&part.plain_text())))
                .join("\n");
            let is_short = text.chars().count() <= SHORT_MAX && !text.contains('\n') && data_type != "FT";
            let has_range = !whole(obx, 7).is_empty() || !unit(obx).is_empty();
            let is_value = is_short && (data_type == "ST" || data_type.is_empty() || has_range);
            (if is_value { Kind::Value } else { Kind::Text }, text)
        }
        _ => (Kind::Value, joined(data_type)),
    }
}

fn value_words(reader: &Reader<'_>, part: &klinke_hl7v2::message::Part<'_>, data_type: &str) -> String {
    match data_type {
        "CE" | "CWE" | "CNE" | "CF" => reader.coded(Some(*part), ""),
        _ => value(reader, part, data_type, ""),
    }
}

/// `PDF-Dokument (34 KB)`
fn document(reader: &Reader<'_>, part: &klinke_hl7v2::message::Part<'_>, data_type: &str) -> String {
    if data_type == "RP" {
        let kind = filled([component_of(part, 3), component_of(part, 4)]).join("/");
        let reference = reader.say("ein Verweis auf ein Dokument", "a reference to a document");
        return if kind.is_empty() { reference.to_owned() } else { format!("{reference} ({kind})") };
    }
    let kinds = [component_of(part, 3), component_of(part, 2)];
    let kind = kinds
        .into_iter()
        .find(|kind| !kind.is_empty() && !kind.eq_ignore_ascii_case("octet-stream"))
        .unwrap_or_default();
    // `pdf` is read better as `PDF`; longer names are left alone.
    let kind = if kind.len() <= 4 { kind.to_uppercase() } else { kind };
    let data = part.component(5).map_or(0, |data| data.raw().len());
    let bytes = if component_of(part, 4).eq_ignore_ascii_case("base64") { data / 4 * 3 } else { data };
    let size = if bytes == 0 { reader.say("ohne Inhalt", "empty").to_owned() } else { size(reader, bytes) };
    match (kind.is_empty(), reader.is_german()) {
        (true, true) => format!("ein Dokument ({size})"),
        (true, false) => format!("a document ({size})"),
        (false, true) => format!("ein {kind}-Dokument ({size})"),
        (false, false) => format!("{kind} document ({size})"),
    }
}

fn unit(obx: &Segment<'_>) -> String {
    let Some(part) = first_repetition(obx, 6) else { return String::new() };
    let code = component_of(&part, 1);
    if code.is_empty() { component_of(&part, 2) } else { code }
}

/// Numbers in a text such as `4.0-10.0` with commas.
fn german_range(text: &str) -> String {
    let words = text.split_inclusive([' ', '-', '<', '>', '=', '–']).map(|word| {
        let number = word.trim_end_matches([' ', '-', '<', '>', '=', '–']);
        german_number(number) + &word[number.len()..]
    });
    words.collect()
}
