//! Elements of the standard.

use std::sync::atomic::{AtomicU64, Ordering};

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, UidDictionary, VirtualVr};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, StandardSopClassDictionary};

/// What the dictionary says about a VR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ambiguous {
    /// One VR.
    Exact(VR),
    /// US or SS, as Pixel Representation says.
    Sign,
    /// Not in the dictionary.
    Unknown,
}

/// The VR of a tag. Where the standard has a choice: US (for US or SS) and OW (for OB or OW, US or OW), as in
/// Implicit VR Little Endian (PS3.5, Annex A.1). None for what the dictionary does not have, as private elements.
pub fn vr(tag: Tag) -> Option<VR> {
    match entry_vr(tag) {
        Ambiguous::Exact(vr) => Some(vr),
        Ambiguous::Sign => Some(VR::US),
        Ambiguous::Unknown => None,
    }
}

/// The keyword of a tag.
pub fn keyword(tag: Tag) -> Option<&'static str> {
    StandardDataDictionary.by_tag(tag).map(|entry| entry.alias)
}

/// The tag of a keyword. For repeating groups the first one.
pub fn tag_of(keyword: &str) -> Option<Tag> {
    StandardDataDictionary.by_name(keyword).map(DataDictionaryEntry::tag)
}

/// The name of a SOP class (PS3.6, Table A-1); retired ones say so.
pub fn class_name(uid: &str) -> Option<&'static str> {
    StandardSopClassDictionary.by_uid(uid).map(|entry| entry.name)
}

/// How many places the cache has.
const PLACES: usize = 4096;

/// What was looked up lately, so that reading a data set in implicit form asks the large table seldom. Each place
/// holds the tag in its upper half and the answer in its lower half; a place that is overwritten only costs time.
static CACHE: [AtomicU64; PLACES] = [const { AtomicU64::new(0) }; PLACES];

/// The VR of a tag as the dictionary has it.
pub(crate) fn entry_vr(tag: Tag) -> Ambiguous {
    let key = u32::from(tag.0) << 16 | u32::from(tag.1);
    let place = &CACHE[(key.wrapping_mul(0x9E37_79B1) >> 20) as usize % PLACES];
    let cached = place.load(Ordering::Relaxed);
    if cached as u32 != 0 && (cached >> 32) as u32 == key {
        return unpack(cached as u32);
    }
    let found = look_up(tag);
    place.store(u64::from(key) << 32 | u64::from(pack(found)), Ordering::Relaxed);
    found
}

fn look_up(tag: Tag) -> Ambiguous {
    match StandardDataDictionary.by_tag(tag).map(|entry| entry.vr) {
        Some(VirtualVr::Exact(vr)) => Ambiguous::Exact(vr),
        Some(VirtualVr::Xs) => Ambiguous::Sign,
        Some(VirtualVr::Ox | VirtualVr::Px | VirtualVr::Lt) => Ambiguous::Exact(VR::OW),
        Some(_) | None => Ambiguous::Unknown,
    }
}

const SIGN: u32 = 1;
const UNKNOWN: u32 = 2;

fn pack(found: Ambiguous) -> u32 {
    match found {
        Ambiguous::Exact(vr) => u32::from(u16::from_be_bytes(vr.to_bytes())),
        Ambiguous::Sign => SIGN,
        Ambiguous::Unknown => UNKNOWN,
    }
}

fn unpack(packed: u32) -> Ambiguous {
    match packed {
        SIGN => Ambiguous::Sign,
        UNKNOWN => Ambiguous::Unknown,
        packed => crate::data::vr_of_code((packed as u16).to_be_bytes())
            .map_or(Ambiguous::Unknown, Ambiguous::Exact),
    }
}

/// The name of a tag: the words of its keyword, or what kind of element it is.
pub fn name(tag: Tag) -> String {
    match keyword(tag) {
        Some(keyword) => words(keyword),
        None if tag.0 % 2 == 1 => "Private Element".to_owned(),
        None => "Unknown Element".to_owned(),
    }
}

/// `SOPInstanceUID` as `SOP Instance UID`.
fn words(keyword: &str) -> String {
    let characters: Vec<char> = keyword.chars().collect();
    let mut words = String::with_capacity(keyword.len() + 8);
    for (at, &character) in characters.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| characters[before]);
        let after = characters.get(at + 1);
        let begins = character.is_ascii_uppercase()
            && before.is_some_and(|before| {
                !before.is_ascii_uppercase() || after.is_some_and(|after| after.is_ascii_lowercase())
            });
        if begins {
            words.push(' ');
        }
        words.push(character);
    }
    words
}
