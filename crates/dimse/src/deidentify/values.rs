//! What the actions do to a value.

use bytes::Bytes;
use dicom_core::{Tag, VR};

use super::options::ProfileOption;
use super::profile::TextPolicy;
use super::pseudonyms::Kind;
use super::report::Outcome;
use super::text::{Depth, cleaned};
use super::walk::{Mode, Walk};
use super::{dates, dummy, graphics};
use crate::charset::{Charset, Fallback};
use crate::data::{Element, Value};
use crate::tags;

impl Walk<'_> {
    pub(super) fn removed(&mut self, tag: Tag) -> Option<Element> {
        if tag.0 % 2 == 1 && tag.0 < 0xFFFA {
            self.report.private_removed += 1;
        }
        self.report.note(tag, Outcome::Removed);
        None
    }

    pub(super) fn zero(&mut self, element: &Element, charset: &Charset) -> Element {
        if let Some(element) = self.pseudonym(element, charset) {
            return element;
        }
        self.report.note(element.tag, Outcome::Emptied);
        let value = match &element.value {
            Value::Sequence(_) => Value::Sequence(Vec::new()),
            Value::Bytes(_) | Value::Fragments(_) => Value::Bytes(Bytes::new()),
        };
        Element { tag: element.tag, vr: element.vr, value }
    }

    pub(super) fn dummy(&mut self, element: &Element, charset: &Charset, depth: usize) -> Option<Element> {
        match &element.value {
            Value::Bytes(bytes) if bytes.is_empty() => return Some(element.clone()),
            Value::Bytes(_) if element.vr == VR::SQ => return self.removed(element.tag),
            Value::Bytes(_) => {}
            Value::Fragments(_) => return self.removed(element.tag),
            Value::Sequence(_) if element.tag == tags::GRAPHIC_ANNOTATION_SEQUENCE => {
                return graphics::dummy_annotations(self, element, charset, depth);
            }
            Value::Sequence(_) => {
                self.report.note(element.tag, Outcome::Replaced);
                return Some(self.items(element, charset, Mode::Dummy, depth));
            }
        }
        if element.meaning() == VR::UI {
            return Some(self.uid(element, charset, depth));
        }
        if let Some(element) = self.pseudonym(element, charset) {
            return Some(element);
        }
        self.report.note(element.tag, Outcome::Replaced);
        Some(dummy::element(element))
    }

    /// The element with a pseudonym, where it is an identifier that gets one.
    fn pseudonym(&mut self, element: &Element, charset: &Charset) -> Option<Element> {
        let kind = kind_of(element).filter(|kind| self.profile.pseudonyms.contains(kind))?;
        let text = element.texts(charset).into_iter().next().filter(|text| !text.is_empty())?;
        let value = match kind {
            Kind::PatientName if !self.patient.is_empty() => self.patient.clone(),
            _ => text.into_owned(),
        };
        // A backslash would make two values of it.
        let pseudonym = self.pseudonyms.pseudonym(kind, &value).replace('\\', "/");
        self.report.note(element.tag, Outcome::Pseudonymised);
        Some(with_text(element, &pseudonym, charset))
    }

    /// Other UIDs in the place of those of instances, studies and the like. Those of the standard stay.
    pub(super) fn uid(&mut self, element: &Element, charset: &Charset, depth: usize) -> Element {
        let Value::Bytes(bytes) = &element.value else {
            return self.items(element, charset, Mode::Table, depth);
        };
        let text = String::from_utf8_lossy(bytes);
        let mut changed = 0;
        let replaced: Vec<String> = text
            .split('\\')
            .map(|uid| uid.trim_matches([' ', '\0']))
            .map(|uid| match uid.is_empty() || uid.starts_with("1.2.840.10008.") {
                true => uid.to_owned(),
                false => {
                    changed += 1;
                    self.profile.key.uid(uid)
                }
            })
            .collect();
        if changed == 0 {
            return element.clone();
        }
        self.report.uids_changed += changed;
        self.report.note(element.tag, Outcome::UidChanged);
        let bytes = dummy::padded(&replaced.join("\\"), VR::UI);
        Element { tag: element.tag, vr: element.vr, value: Value::Bytes(bytes.into()) }
    }

    pub(super) fn keep(
        &mut self,
        element: &Element,
        option: ProfileOption,
        charset: &Charset,
        depth: usize,
    ) -> Element {
        self.report.note(element.tag, Outcome::Retained(option));
        match &element.value {
            Value::Sequence(_) => self.items(element, charset, Mode::Table, depth),
            _ => element.clone(),
        }
    }

    /// A date that moves with all others of the patient; what is no date can't, and goes.
    pub(super) fn shifted(
        &mut self,
        element: &Element,
        charset: &Charset,
        needs_value: bool,
    ) -> Option<Element> {
        let vr = element.meaning();
        let Value::Bytes(bytes) = &element.value else { return self.removed(element.tag) };
        if bytes.is_empty() || is_time_of_day(element) {
            self.report.note(element.tag, Outcome::Retained(ProfileOption::RetainModifiedDates));
            return Some(element.clone());
        }
        let shift = match vr {
            VR::DA => dates::shift_date,
            VR::DT => dates::shift_date_time,
            _ if needs_value => {
                self.report.note(element.tag, Outcome::Replaced);
                return Some(dummy::element(element));
            }
            _ => return self.removed(element.tag),
        };
        let texts = element.texts(charset);
        let moved: Option<Vec<String>> = texts
            .iter()
            .map(|text| if text.is_empty() { Some(String::new()) } else { shift(text, self.shift_days) })
            .collect();
        match moved {
            Some(moved) => {
                self.report.note(element.tag, Outcome::DateShifted);
                Some(with_text(element, &moved.join("\\"), charset))
            }
            None => self.unreadable_date(element, needs_value),
        }
    }

    fn unreadable_date(&mut self, element: &Element, needs_value: bool) -> Option<Element> {
        if needs_value {
            self.report.note(element.tag, Outcome::Replaced);
            return Some(dummy::element(element));
        }
        self.report.note(element.tag, Outcome::Emptied);
        Some(Element { tag: element.tag, vr: element.vr, value: Value::Bytes(Bytes::new()) })
    }

    /// A text without what identifies somebody. `whole`: with the patterns and the policy of the profile; else only
    /// what is known is taken out.
    pub(super) fn clean_text(
        &mut self,
        element: &Element,
        charset: &Charset,
        needs_value: bool,
        whole: bool,
    ) -> Option<Element> {
        let Value::Bytes(bytes) = &element.value else { return self.removed(element.tag) };
        if bytes.is_empty() {
            return Some(element.clone());
        }
        let texts = element.texts(charset);
        if texts.is_empty() {
            return match (whole, needs_value) {
                (true, true) => self.dummy(element, charset, 0),
                (true, false) => self.removed(element.tag),
                (false, _) => Some(element.clone()),
            };
        }
        if whole && self.profile.text == TextPolicy::Replace {
            self.report.note(element.tag, Outcome::Replaced);
            return Some(dummy::element(element));
        }
        let ages = !self.profile.options.contains(ProfileOption::RetainPatientCharacteristics);
        let depth = if whole { Depth::Patterns { ages } } else { Depth::Known };
        let clean: Vec<Option<String>> = texts.iter().map(|text| cleaned(text, &self.known, depth)).collect();
        if clean.iter().all(Option::is_none) {
            if whole {
                self.report.note(element.tag, Outcome::TextRetained);
            }
            return Some(element.clone());
        }
        self.report.note(element.tag, Outcome::TextRemoved);
        let joined: Vec<String> =
            clean.into_iter().zip(texts).map(|(clean, text)| clean.unwrap_or(text.into_owned())).collect();
        let mut text = joined.join("\\");
        if needs_value && text.trim_matches([' ', '\\']).is_empty() {
            text = dummy::TEXT.to_owned();
        }
        Some(with_text(element, &text, charset))
    }
}

/// The identifiers that can have pseudonyms.
fn kind_of(element: &Element) -> Option<Kind> {
    Some(match element.tag {
        tags::PATIENT_ID => Kind::PatientId,
        tags::PATIENT_NAME => Kind::PatientName,
        tags::ACCESSION_NUMBER => Kind::AccessionNumber,
        tags::STUDY_ID => Kind::StudyId,
        tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST
        | tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST => Kind::OrderNumber,
        tags::SPECIMEN_IDENTIFIER | tags::CONTAINER_IDENTIFIER => Kind::Specimen,
        tags::DEVICE_SERIAL_NUMBER | tags::STATION_NAME | tags::DETECTOR_ID => Kind::Device,
        tags::CLINICAL_TRIAL_SUBJECT_ID
        | tags::CLINICAL_TRIAL_SUBJECT_READING_ID
        | tags::CLINICAL_TRIAL_SITE_ID
        | tags::CLINICAL_TRIAL_PROTOCOL_ID => Kind::Trial,
        _ if element.meaning() == VR::PN => Kind::Person,
        _ => return None,
    })
}

/// Times alone, and offsets of time zones: they stay when dates move by whole days.
fn is_time_of_day(element: &Element) -> bool {
    element.meaning() == VR::TM && element.as_bytes().is_some_and(|bytes| bytes.iter().all(is_of_time))
        || element.tag == tags::TIMEZONE_OFFSET_FROM_UTC
            && element.as_bytes().is_some_and(|bytes| bytes.iter().all(is_of_time))
}

fn is_of_time(byte: &u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'.' | b':' | b' ' | b'\\' | b'+' | b'-' | 0)
}

/// The element with another text.
pub(super) fn with_text(element: &Element, text: &str, charset: &Charset) -> Element {
    let vr = element.meaning();
    let mut bytes = charset.encode(text, vr, Fallback::default()).bytes;
    if bytes.len() % 2 == 1 {
        bytes.push(if vr == VR::UI { 0 } else { b' ' });
    }
    Element { tag: element.tag, vr: element.vr, value: Value::Bytes(bytes.into()) }
}
