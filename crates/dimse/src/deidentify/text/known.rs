//! What is known of persons: collected from a data set before anything in it is changed.

use std::collections::BTreeSet;
use std::ops::Range;

use dicom_core::{Tag, VR};

use super::fold::{Letter, folded, letters};
use crate::charset::{Charset, Rules};
use crate::data::{DataSet, Element, Value};
use crate::tags;

/// Names and identifiers of a data set, as they are compared.
#[derive(Clone, Default)]
pub(in crate::deidentify) struct Known {
    /// Words of names.
    words: BTreeSet<String>,
    /// Identifiers and longer texts, letters and digits alone.
    phrases: BTreeSet<String>,
    is_over_full: bool,
}

/// Elements whose values are taken out of texts as a whole, but for what an option keeps.
const IDENTIFIERS: &[Tag] = &[
    tags::PATIENT_ID,
    // Other Patient IDs and Medical Record Locator, both retired.
    Tag(0x0010, 0x1000),
    Tag(0x0010, 0x1090),
    tags::ACCESSION_NUMBER,
    tags::STUDY_ID,
    tags::ADMISSION_ID,
    tags::SERVICE_EPISODE_ID,
    tags::PATIENT_ADDRESS,
    tags::PATIENT_TELEPHONE_NUMBERS,
    tags::PATIENT_BIRTH_DATE,
    tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
    tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
    tags::REQUESTED_PROCEDURE_ID,
    tags::ISSUER_OF_PATIENT_ID,
    tags::REFERRING_PHYSICIAN_ADDRESS,
    tags::REFERRING_PHYSICIAN_TELEPHONE_NUMBERS,
    tags::CLINICAL_TRIAL_SUBJECT_ID,
    tags::SPECIMEN_IDENTIFIER,
];

/// Elements that tell of an institution.
const INSTITUTION: &[Tag] =
    &[tags::INSTITUTION_NAME, tags::INSTITUTION_ADDRESS, tags::INSTITUTIONAL_DEPARTMENT_NAME];

/// From so many letters on, a word of a name is looked for inside of other words.
const INSIDE_LETTERS: usize = 5;
/// So many names, and so many identifiers, are looked for. No instance has as many.
const COUNT_MAX: usize = 1_000;
/// Deeper sequences are removed and not read.
const DEPTH_MAX: usize = 64;
/// Words that stand in the element of a name and name nobody.
const NO_NAMES: &[&str] =
    &["dr", "prof", "med", "von", "van", "de", "der", "und", "jr", "sr", "md", "phd", "unknown", "anonymous"];

impl Known {
    /// What a data set tells.
    pub(in crate::deidentify) fn of(set: &DataSet, rules: &Rules, with_institution: bool) -> Known {
        let mut known = Known::default();
        known.collect(set, Charset::of(set, rules).0, rules, with_institution, 0);
        known
    }

    fn collect(&mut self, set: &DataSet, charset: Charset, rules: &Rules, institution: bool, depth: usize) {
        for element in set {
            match &element.value {
                Value::Sequence(items) if depth < DEPTH_MAX => {
                    for item in items {
                        let charset = Charset::of_item(item, charset, rules);
                        self.collect(item, charset, rules, institution, depth + 1);
                    }
                }
                Value::Bytes(_) => self.collect_value(element, &charset, institution),
                _ => {}
            }
        }
    }

    fn collect_value(&mut self, element: &Element, charset: &Charset, institution: bool) {
        if element.meaning() == VR::PN {
            element.texts(charset).iter().for_each(|name| self.add_name(name));
        } else if IDENTIFIERS.contains(&element.tag) || (institution && INSTITUTION.contains(&element.tag)) {
            for text in element.texts(charset) {
                self.add_identifier(&text);
                text.split([',', ';', '\n', '\r', '^']).for_each(|part| self.add_identifier(part));
            }
        }
    }

    /// Adds a name, all of its groups and components.
    pub(in crate::deidentify) fn add_name(&mut self, name: &str) {
        for word in name.split(|c: char| !c.is_alphanumeric()) {
            for wide in [false, true] {
                let word = folded(word, wide);
                if !NO_NAMES.contains(&word.as_str()) {
                    self.insert(word, 2, true);
                }
            }
        }
    }

    /// Adds an identifier or another text that is to go as a whole.
    pub(in crate::deidentify) fn add_identifier(&mut self, text: &str) {
        for wide in [false, true] {
            self.insert(folded(text, wide), 3, false);
        }
    }

    /// Whether there was more than is looked for.
    pub(in crate::deidentify) fn is_over_full(&self) -> bool {
        self.is_over_full
    }

    fn insert(&mut self, text: String, length_min: usize, is_word: bool) {
        let all = if is_word { &mut self.words } else { &mut self.phrases };
        if text.chars().count() < length_min || all.contains(&text) {
            return;
        }
        match all.len() < COUNT_MAX {
            true => drop(all.insert(text)),
            false => self.is_over_full = true,
        }
    }

    /// Where something known stands in a text.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        if self.words.is_empty() && self.phrases.is_empty() {
            return found;
        }
        for wide in [false, true] {
            let letters = letters(text, wide);
            for word in runs(&letters) {
                self.find_in_word(word, &mut found);
            }
            for phrase in &self.phrases {
                find_phrase(&letters, phrase, &mut found);
            }
            if text.is_ascii() {
                break;
            }
        }
        found
    }

    fn find_in_word(&self, word: &[Letter], found: &mut Vec<Range<usize>>) {
        let (Some(first), Some(last)) = (word.first(), word.last()) else { return };
        let text: String = word.iter().map(|letter| letter.folded).collect();
        let has_inside = |name: &String| {
            let is_long = name.chars().count() >= INSIDE_LETTERS || !name.is_ascii();
            is_long && text.contains(name.as_str())
        };
        if self.words.contains(&text) || self.words.iter().any(has_inside) {
            found.push(first.begin..last.end);
        }
    }
}

/// Words: letters that follow each other without another sign.
fn runs(letters: &[Letter]) -> impl Iterator<Item = &[Letter]> {
    letters.chunk_by(|one, next| one.end == next.begin || one.begin == next.begin)
}

/// A phrase counts where no letter or digit touches it; from eight letters on, anywhere.
fn find_phrase(letters: &[Letter], phrase: &str, found: &mut Vec<Range<usize>>) {
    let wanted: Vec<char> = phrase.chars().collect();
    for (place, window) in letters.windows(wanted.len()).enumerate() {
        if window.iter().zip(&wanted).any(|(letter, wanted)| letter.folded != *wanted) {
            continue;
        }
        let (Some(first), Some(last)) = (window.first(), window.last()) else { continue };
        let is_begin = place == 0 || letters[place - 1].end != first.begin;
        let is_end = letters.get(place + wanted.len()).is_none_or(|next| next.begin != last.end);
        if (is_begin && is_end) || wanted.len() >= 8 {
            found.push(first.begin..last.end);
        }
    }
}

/// Names are of persons: only their number is shown.
impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Known({} words, {} phrases)", self.words.len(), self.phrases.len())
    }
}
