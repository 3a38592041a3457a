//! Texts out of segments, and texts into data sets.

use klinke_dimse::charset::Charset;
use klinke_dimse::data::DataSet;
use klinke_dimse::{Tag, VR, tags};
use klinke_hl7v2::message::Segment;

/// A component of the first repetition of a field, without what it has below.
pub(crate) fn text(segment: &Segment<'_>, field: usize, component: usize) -> String {
    repetition(segment, field, 1, component)
}

/// A component of a repetition of a field.
pub(crate) fn repetition(segment: &Segment<'_>, field: usize, repetition: usize, component: usize) -> String {
    let part = segment.field(field).and_then(|part| part.repetition(repetition));
    let part = part.and_then(|part| part.component(component)).and_then(|part| part.subcomponent(1));
    part.map(|part| part.plain_text().trim().to_owned()).unwrap_or_default()
}

/// How often a field is repeated.
pub(crate) fn repetitions(segment: &Segment<'_>, field: usize) -> usize {
    segment.field(field).map_or(0, |part| part.repetitions().count())
}

/// The first that is not empty.
pub(crate) fn first(texts: impl IntoIterator<Item = String>) -> String {
    texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}

/// Puts a text of one value, unless it is empty.
pub(crate) fn put(set: &mut DataSet, tag: Tag, vr: VR, text: &str) {
    let text: String = text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
    if !text.trim().is_empty() {
        set.put_texts(tag, vr, &[text.trim()], &Charset::UTF_8);
    }
}

/// Puts several values, unless there are none.
pub(crate) fn put_all(set: &mut DataSet, tag: Tag, vr: VR, texts: &[String]) {
    let texts: Vec<&str> = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).collect();
    if !texts.is_empty() {
        set.put_texts(tag, vr, &texts, &Charset::UTF_8);
    }
}

/// An item of a code sequence (PS3.3, Table 8.8-1); none without a code.
pub(crate) fn code(value: &str, meaning: &str, scheme: &str) -> Option<DataSet> {
    if value.is_empty() {
        return None;
    }
    let mut item = DataSet::new();
    // Beyond 16 characters a code has its own attribute.
    let tag = if value.chars().count() > 16 { tags::LONG_CODE_VALUE } else { tags::CODE_VALUE };
    let vr = if tag == tags::CODE_VALUE { VR::SH } else { VR::UC };
    put(&mut item, tag, vr, value);
    put(&mut item, tags::CODING_SCHEME_DESIGNATOR, VR::SH, if scheme.is_empty() { "L" } else { scheme });
    put(&mut item, tags::CODE_MEANING, VR::LO, if meaning.is_empty() { value } else { meaning });
    Some(item)
}

/// Date and time of a time stamp of HL7 (chapter 2.A.22), as DA and TM; empty where it has none. Its zone is left out: times of a
/// worklist are those of the house.
pub(crate) fn moment(text: &str) -> (String, String) {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    if digits.len() < 8 {
        return Default::default();
    }
    let time = &digits[8..digits.len().min(14)];
    // An odd number of digits, or seconds without minutes, is no time.
    let time = if time.len().is_multiple_of(2) { time } else { "" };
    (digits[..8].to_owned(), time.to_owned())
}
