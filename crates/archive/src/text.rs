//! Texts of the index: UTF-8, whatever the instance had.

use klinke_dimse::charset::{Charset, Rules};
use klinke_dimse::data::{DataSet, Element};
use klinke_dimse::{Tag, VR, tags};

/// Spaces and NULs at the end, and spaces at the beginning, mean nothing (PS3.5, section 6.2).
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_end_matches(['\0', ' ']).trim_start_matches(' ')
}

/// The first value of a text element.
pub(crate) fn first(set: &DataSet, tag: Tag) -> Option<&str> {
    let text = std::str::from_utf8(set.get(tag)?.as_bytes()?).ok()?;
    text.split('\\').next().map(trimmed).filter(|value| !value.is_empty())
}

/// A text of a data set in UTF-8, all its values, without what pads it; empty where there is none.
pub fn whole(set: &DataSet, tag: Tag) -> String {
    let text = set.raw(tag).map(String::from_utf8_lossy).unwrap_or_default();
    text.trim_matches([' ', '\0']).to_owned()
}

/// The values of an element as texts: those of numbers in decimal.
pub(crate) fn values(element: &Element) -> Vec<String> {
    let Some(bytes) = element.as_bytes() else { return Vec::new() };
    match element.vr {
        VR::US | VR::SS | VR::UL | VR::SL => element.ints().iter().map(i64::to_string).collect(),
        VR::LT | VR::ST | VR::UT | VR::UR => vec![trimmed(&String::from_utf8_lossy(bytes)).to_owned()],
        _ => String::from_utf8_lossy(bytes).split('\\').map(|value| trimmed(value).to_owned()).collect(),
    }
}

/// The VR of the dictionary where the query has none or a wrong one.
pub(crate) fn known_vr(element: &Element) -> VR {
    klinke_dimse::dictionary::vr(element.tag).unwrap_or(element.vr)
}

/// A name as it is compared: small letters, no empty components at the end of a group.
pub(crate) fn name_key(name: &str) -> String {
    let groups = name.split('=').map(|group| group.trim_end_matches(['^', ' ']).trim_start());
    groups.collect::<Vec<_>>().join("=").trim_end_matches('=').to_lowercase()
}

/// The elements of these tags, texts in UTF-8.
pub(crate) fn kept(set: &DataSet, wanted: &[Tag], rules: &Rules) -> DataSet {
    let wanted =
        wanted.iter().chain([&tags::SPECIFIC_CHARACTER_SET]).filter_map(|tag| set.get(*tag).cloned());
    let mut kept = wanted.collect::<DataSet>().recoded(rules, &Charset::UTF_8).set;
    kept.remove(tags::SPECIFIC_CHARACTER_SET);
    kept
}

/// A UID made of what was hashed: a UUID (PS3.5, Annex B.2; RFC 9562, version 8).
pub(crate) fn uid_of(hasher: &blake3::Hasher) -> String {
    let hash = hasher.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_bytes()[..16]);
    bytes[6] = bytes[6] & 0x0F | 0x80;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    format!("2.25.{}", u128::from_be_bytes(bytes))
}
