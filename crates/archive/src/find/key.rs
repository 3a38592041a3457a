//! One key of a query: an attribute and how it is matched.

use klinke_dimse::data::{DataSet, Element, Value};
use klinke_dimse::{Tag, VR, tags};

use super::{Pattern, Range};
use crate::text;

/// An attribute and what it must be.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// The attribute.
    pub tag: Tag,
    /// Its VR, as the query has it.
    pub vr: VR,
    /// What it must be.
    pub matching: Matching,
}

/// How an attribute is matched (PS3.4, C.2.2.2.1 to C.2.2.2.7).
#[derive(Clone, PartialEq, Eq)]
pub enum Matching {
    /// One of these values.
    List(Vec<String>),
    /// A text with or without wildcards; one of several.
    Text(Vec<Pattern>),
    /// Between two dates, times or both; bounds included.
    Range(Range),
    /// An item of the sequence matches all of these.
    Sequence(Vec<Key>),
    /// Absent or without a value (two quotation marks in the query).
    Empty,
}

/// The keys of an identifier that ask for something. Universal matching (an empty value) asks for nothing.
pub fn keys(identifier: &DataSet) -> Vec<Key> {
    let asks = |element: &&Element| !is_about_the_query(element.tag);
    identifier.iter().filter(asks).filter_map(key).collect()
}

/// Elements of an identifier that are no keys.
fn is_about_the_query(tag: Tag) -> bool {
    tag.1 == 0
        || tag == tags::QUERY_RETRIEVE_LEVEL
        || tag == tags::SPECIFIC_CHARACTER_SET
        || tag == tags::TIMEZONE_OFFSET_FROM_UTC
        || tag == tags::INSTANCE_AVAILABILITY
        || tag == tags::RETRIEVE_AE_TITLE
        || is_counted(tag)
}

fn is_counted(tag: Tag) -> bool {
    [
        tags::NUMBER_OF_PATIENT_RELATED_STUDIES,
        tags::NUMBER_OF_PATIENT_RELATED_SERIES,
        tags::NUMBER_OF_PATIENT_RELATED_INSTANCES,
        tags::NUMBER_OF_STUDY_RELATED_SERIES,
        tags::NUMBER_OF_STUDY_RELATED_INSTANCES,
        tags::NUMBER_OF_SERIES_RELATED_INSTANCES,
    ]
    .contains(&tag)
}

impl Key {
    /// The key that asks for a text, as a parameter of QIDO-RS has it: numbers of any VR are decimal, several values stand
    /// between backslashes. Nothing where it asks for nothing, or is no value of this VR.
    pub fn of_text(tag: Tag, vr: VR, value: &str) -> Option<Key> {
        let value = text::trimmed(value);
        let matching = match vr {
            VR::US | VR::SS | VR::UL | VR::SL if !matches!(value, "" | "*" | "\"\"") => {
                Matching::Text(value.split('\\').map(text::trimmed).map(Pattern::new).collect())
            }
            vr => of_text(vr, value)?,
        };
        Some(Key { tag, vr, matching })
    }

    /// The key that asks for an item of a sequence in which all of these match.
    pub fn of_items(tag: Tag, keys: Vec<Key>) -> Key {
        Key { tag, vr: VR::SQ, matching: Matching::Sequence(keys) }
    }
}

/// The key of a path of sequences and an attribute, as a parameter of a URL asks for it (PS3.18, section 8.3.4.1); the inner nothing
/// where it asks for nothing. Nothing where the value can't be one.
pub fn of_path(path: &[Tag], value: &str) -> Option<Option<Key>> {
    let (first, rest) = path.split_first()?;
    if !rest.is_empty() {
        let inner = of_path(rest, value)?;
        return Some(inner.map(|inner| Key::of_items(*first, vec![inner])));
    }
    let vr = klinke_dimse::dictionary::vr(*first).unwrap_or(VR::LO);
    if vr == VR::SQ && !value.trim().is_empty() {
        return None;
    }
    let value = match vr {
        // Lists have commas in a URL; neither has one in a value.
        VR::UI | VR::CS => value.replace(',', "\\"),
        _ => value.to_owned(),
    };
    let key = Key::of_text(*first, vr, &value);
    let asks_nothing = matches!(value.trim(), "" | "*");
    (key.is_some() || asks_nothing).then_some(key)
}

/// Adds a key; what is asked of one sequence must match in one item.
pub fn merge(keys: &mut Vec<Key>, key: Key) {
    let same = keys.iter_mut().find(|one| one.tag == key.tag);
    if let (Some(Key { matching: Matching::Sequence(there), .. }), Matching::Sequence(more)) =
        (same, &key.matching)
    {
        more.iter().for_each(|one| merge(there, one.clone()));
        return;
    }
    keys.push(key);
}

fn key(element: &Element) -> Option<Key> {
    let vr = text::known_vr(element);
    let matching = match &element.value {
        Value::Sequence(items) => {
            let keys = keys(items.first()?);
            (!keys.is_empty()).then_some(Matching::Sequence(keys))?
        }
        Value::Bytes(bytes) => of_text(vr, text::trimmed(std::str::from_utf8(bytes).ok()?))?,
        Value::Fragments(_) => return None,
    };
    Some(Key { tag: element.tag, vr, matching })
}

fn of_text(vr: VR, value: &str) -> Option<Matching> {
    if value.is_empty() || value == "*" {
        return None;
    }
    if value == "\"\"" {
        return Some(Matching::Empty);
    }
    let values = || value.split('\\').map(text::trimmed).filter(|value| !value.is_empty());
    let is_plain = matches!(vr, VR::LT | VR::ST | VR::UT | VR::UR);
    // Separators alone ask for nothing.
    if !is_plain && values().next().is_none() {
        return None;
    }
    match vr {
        VR::UI => Some(Matching::List(values().map(str::to_owned).collect())),
        VR::DA | VR::TM | VR::DT => Range::parse(vr, value).map(Matching::Range),
        _ if is_plain => Some(Matching::Text(vec![Pattern::new(value)])),
        VR::US | VR::SS | VR::UL | VR::SL | VR::FD | VR::FL | VR::OB | VR::OW => None,
        _ => Some(Matching::Text(values().map(Pattern::new).collect())),
    }
}

impl std::fmt::Debug for Key {
    /// What is asked for may name a patient.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Tag(group, element) = self.tag;
        write!(f, "({group:04X},{element:04X}) {}", self.vr)
    }
}

impl std::fmt::Debug for Matching {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Matching::List(_) => "List",
            Matching::Text(_) => "Text",
            Matching::Range(_) => "Range",
            Matching::Sequence(_) => "Sequence",
            Matching::Empty => "Empty",
        })
    }
}
