//! Values of a field in words, by data type (HL7 v2.5.1 chapter 2A).

use klinke_hl7v2::Value;
use klinke_hl7v2::message::Part;

use super::date;
use super::person::person_name;
use super::place::Ward;
use super::reader::{Reader, component_of, filled, subcomponent_of, tidy};

/// Longest text shown of one value, in characters; what is longer is cut and its size said.
const SHOWN_MAX: usize = 400;
/// Longest text of a code, in bytes; some tables have paragraphs.
const MEANING_MAX: usize = 100;
/// From this size in bytes on, a value without white space is taken for encoded data and not shown.
const DATA_BYTES_MIN: usize = 200;

/// One repetition of a field, or a component, in words.
pub(super) fn value(reader: &Reader<'_>, part: &Part<'_>, data_type: &str, table: &str) -> String {
    match part.value() {
        Value::Absent | Value::Empty => return String::new(),
        Value::Null => return reader.say("gelöscht", "deleted").to_owned(),
        Value::Present(_) => {}
    }
    if let Some(size) = data_size(part) {
        return size_words(reader, size);
    }
    let words = match data_type {
        "TS" | "DTM" | "DT" | "TM" => moment(reader, part, data_type),
        "CE" | "CWE" | "CNE" | "CF" => coded(reader, part, table),
        "ID" | "IS" | "SI" => code(reader, part, table),
        "XPN" | "PN" => person_name(part, 1),
        "XCN" | "CN" | "PPN" | "CNN" => numbered(person_name(part, 2), component_of(part, 1)),
        "NDL" => numbered(subname(part), subcomponent_of(part, 1, 1)),
        "PL" => Ward::read(reader, part, true).map(|ward| ward.plain()).unwrap_or_default(),
        "XAD" | "AD" | "SAD" => address(part),
        "XTN" | "TN" => telephone(part),
        "CX" | "CK" | "EI" | "XON" => identifier(reader, part, data_type),
        "CQ" | "MO" | "CP" => quantity(reader, part),
        "HD" => named_id(part),
        "SN" => ["1", "2", "3", "4"].map(|n| component_of(part, n.parse().unwrap_or(1))).join(""),
        "ED" => encoded(reader, part),
        "DR" => range(reader, part),
        "PT" => code(reader, part, "0103"),
        "MSG" | "CM_MSG" | "VID" => joined(part, "^"),
        _ => String::new(),
    };
    let words = if words.is_empty() { joined(part, " · ") } else { words };
    shorten(reader, words)
}

/// The size in bytes of a part that is encoded data rather than text.
pub(super) fn data_size(part: &Part<'_>) -> Option<usize> {
    let raw = part.raw();
    let longest = raw.rsplit(|byte| b"^&~".contains(byte)).map(<[u8]>::len).max().unwrap_or(0);
    let is_text = raw.iter().take(4096).filter(|byte| **byte == b' ').count() * 50 > raw.len().min(4096);
    (longest >= DATA_BYTES_MIN && !is_text).then_some(raw.len())
}

/// `12,3 KB Daten`
pub(super) fn size_words(reader: &Reader<'_>, bytes: usize) -> String {
    format!("{} {}", size(reader, bytes), reader.say("Daten", "of data"))
}

/// `312 Bytes`, `12,3 KB`, `4 MB`
pub(super) fn size(reader: &Reader<'_>, bytes: usize) -> String {
    let tenths = |unit: usize| bytes.saturating_mul(10) / unit;
    let number = |tenths: usize| {
        let point = reader.say(",", ".");
        if tenths >= 100 || tenths.is_multiple_of(10) {
            format!("{}", tenths / 10)
        } else {
            format!("{}{point}{}", tenths / 10, tenths % 10)
        }
    };
    match bytes {
        0..1024 => format!("{bytes} {}", reader.say("Byte", "bytes")),
        1024..1_048_576 => format!("{} KB", number(tenths(1024))),
        _ => format!("{} MB", number(tenths(1_048_576))),
    }
}

/// Cut to what can be read, line ends as ` / `.
fn shorten(reader: &Reader<'_>, words: String) -> String {
    let words = if words.contains('\n') { lines(&words) } else { words };
    if words.len() <= SHOWN_MAX {
        return words;
    }
    let count = words.chars().count();
    if count <= SHOWN_MAX {
        return words;
    }
    let shown: String = words.chars().take(SHOWN_MAX).collect();
    format!("{shown}… ({count} {})", reader.say("Zeichen", "characters"))
}

fn lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join(" / ")
}

fn moment(reader: &Reader<'_>, part: &Part<'_>, data_type: &str) -> String {
    let text = component_of(part, 1);
    if data_type == "TM" {
        let is_digits = text.len() >= 4 && text.bytes().take(4).all(|byte| byte.is_ascii_digit());
        return if is_digits { format!("{}:{}", &text[..2], &text[2..4]) } else { text };
    }
    date::read(&text).map_or(text, |at| date::exact(&at, reader.language))
}

fn range(reader: &Reader<'_>, part: &Part<'_>) -> String {
    let ends = [1, 2].map(|n| date::read(&component_of(part, n)).map(|at| date::exact(&at, reader.language)));
    match ends {
        [Some(from), Some(to)] => format!("{from} – {to}"),
        [Some(from), None] => format!("{} {from}", reader.say("ab", "from")),
        [None, Some(to)] => format!("{} {to}", reader.say("bis", "to")),
        [None, None] => String::new(),
    }
}

/// `text (code)`; the code alone where nobody knows a text.
fn coded(reader: &Reader<'_>, part: &Part<'_>, table: &str) -> String {
    let text = reader.coded(Some(*part), table);
    let code = component_of(part, 1);
    let code = if code.is_empty() { component_of(part, 4) } else { code };
    with_code(text, code)
}

fn code(reader: &Reader<'_>, part: &Part<'_>, table: &str) -> String {
    let code = component_of(part, 1);
    // Message structures and character sets are names already, and what needs a paragraph is no name.
    let has_name = !matches!(table, "" | "0354" | "0211");
    let text = if has_name { reader.meaning(table, &code) } else { code.clone() };
    with_code(if text.len() > MEANING_MAX { code.clone() } else { text }, code)
}

fn with_code(text: String, code: String) -> String {
    match (text.is_empty(), code.is_empty() || code == text) {
        (true, _) => code,
        (false, true) => text,
        (false, false) => format!("{text} ({code})"),
    }
}

fn numbered(name: String, number: String) -> String {
    with_code(name, number)
}

fn subname(part: &Part<'_>) -> String {
    let [family, given, title] = [2, 3, 6].map(|n| subcomponent_of(part, 1, n));
    filled([title, given, family]).join(" ")
}

fn address(part: &Part<'_>) -> String {
    let [street, other, city, state, code, country] =
        std::array::from_fn(|index| component_of(part, index + 1));
    // Some senders parse the street into subcomponents without saying the whole of it.
    let number = subcomponent_of(part, 1, 3);
    let street = if number.is_empty() || street.contains(&number) { street } else { street + " " + &number };
    let city = filled([code, city]).join(" ");
    filled([street, other, city, state, country]).join(", ")
}

fn telephone(part: &Part<'_>) -> String {
    let [whole, mail, country, area, local, extension] = [1, 4, 5, 6, 7, 8].map(|n| component_of(part, n));
    let unformatted = component_of(part, 12);
    let parts = filled([country, area, local]).join(" ");
    let parts = if extension.is_empty() { parts } else { format!("{parts}-{extension}") };
    let number = [whole, unformatted, parts].into_iter().find(|text| !text.is_empty());
    filled([number.unwrap_or_default(), mail]).join(", ")
}

/// A number with its kind and who gave it.
fn identifier(reader: &Reader<'_>, part: &Part<'_>, data_type: &str) -> String {
    let number = component_of(part, if data_type == "XON" { 10 } else { 1 });
    let (authority, kind) = match data_type {
        "EI" => (component_of(part, 2), String::new()),
        "XON" => (component_of(part, 1), String::new()),
        _ => (component_of(part, 4), component_of(part, 5)),
    };
    if data_type == "XON" {
        return with_code(authority, number);
    }
    let kind = if kind.is_empty() { kind } else { reader.meaning("0203", &kind) };
    let details = filled([kind, authority]).join(", ");
    if details.is_empty() || number.is_empty() { number } else { format!("{number} ({details})") }
}

fn quantity(reader: &Reader<'_>, part: &Part<'_>) -> String {
    let unit = part.component(2).map(|unit| {
        let [code, text] = [1, 2].map(|n| unit.subcomponent(n).map(|part| tidy(&part.plain_text())));
        text.filter(|text| !text.is_empty()).or(code).unwrap_or_default()
    });
    let number = component_of(part, 1);
    let number = if reader.is_german() { german_number(&number) } else { number };
    filled([number, unit.unwrap_or_default()]).join(" ")
}

/// A decimal point as a comma; what is no number stays.
pub(super) fn german_number(text: &str) -> String {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let others = text.bytes().filter(|byte| !byte.is_ascii_digit()).count();
    let one_point = text.bytes().filter(|byte| *byte == b'.').count() == 1;
    let sign = usize::from(text.starts_with(['-', '+']));
    if digits > 0 && one_point && others == 1 + sign { text.replace('.', ",") } else { text.to_owned() }
}

fn named_id(part: &Part<'_>) -> String {
    let [name, id] = [1, 2].map(|n| component_of(part, n));
    with_code(if name.is_empty() { id.clone() } else { name }, id)
}

/// Encapsulated data: what kind, how much.
fn encoded(reader: &Reader<'_>, part: &Part<'_>) -> String {
    let kind = filled([component_of(part, 2), component_of(part, 3)]).join("/");
    let data = part.component(5).map_or(0, |data| data.raw().len());
    let data = if component_of(part, 4).eq_ignore_ascii_case("base64") { data / 4 * 3 } else { data };
    filled([kind, size_words(reader, data)]).join(", ")
}

/// The components that are there, one behind the other.
fn joined(part: &Part<'_>, between: &str) -> String {
    let components = part.components().map(|component| {
        let parts = component.subcomponents().map(|sub| tidy(&sub.plain_text()));
        filled(parts).join(" ")
    });
    filled(components).join(between)
}
