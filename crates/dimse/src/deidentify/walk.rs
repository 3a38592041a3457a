//! A data set, element by element and sequence by sequence (PS3.15, section E.1.1).

use dicom_core::{Tag, VR};

use super::options::ProfileOption;
use super::profile::Profile;
use super::pseudonyms::Pseudonyms;
use super::report::{Quarantine, Report};
use super::table::{self, Action};
use super::text::Known;
use super::{content, graphics, private};
use crate::charset::Charset;
use crate::data::{DataSet, Element, Value};
use crate::tags;

/// Deeper sequences are removed, and the instance is held.
const DEPTH_MAX: usize = 64;

/// How the elements of an item are handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// By the table.
    Table,
    /// In a sequence that is replaced by a dummy: by the table, and every other text is a dummy, too.
    Dummy,
    /// In a sequence that is cleaned: by the table, and every other text is cleaned.
    Clean(ProfileOption),
}

/// What is needed on the way through a data set.
pub(super) struct Walk<'a> {
    pub profile: &'a Profile,
    pub report: &'a mut Report,
    pub pseudonyms: &'a dyn Pseudonyms,
    /// Names and identifiers to take out of texts.
    pub known: Known,
    /// Patient ID, or else the name.
    pub patient: String,
    /// By how many days dates move.
    pub shift_days: i64,
}

/// The data set with everything done but the pixels.
pub(super) fn run(
    set: &DataSet,
    profile: &Profile,
    pseudonyms: &dyn Pseudonyms,
    report: &mut Report,
) -> DataSet {
    let charset = Charset::of(set, &profile.charset).0;
    let keeps_institution = profile.options.contains(ProfileOption::RetainInstitutionIdentity);
    let known = Known::of(set, &profile.charset, !keeps_institution);
    if known.is_over_full() {
        report.hold(Quarantine::TooManyNames);
    }
    let patient = patient(set, &charset);
    let shift_days = match profile.options.contains(ProfileOption::RetainModifiedDates) {
        true => shift_days(set, &patient, profile, report),
        false => 0,
    };
    Walk { profile, report, pseudonyms, known, patient, shift_days }.set(set, charset, Mode::Table, 0)
}

/// Whose instance it is: the Patient ID, or else the name.
fn patient(set: &DataSet, charset: &Charset) -> String {
    let id = set.text(tags::PATIENT_ID, charset);
    let name = || set.text(tags::PATIENT_NAME, charset);
    id.or_else(name).map(|text| text.into_owned()).unwrap_or_default()
}

/// Dates of one patient move by the same number of days.
fn shift_days(set: &DataSet, patient: &str, profile: &Profile, report: &mut Report) -> i64 {
    if !patient.is_empty() {
        return profile.key.shift_days(patient, profile.shift_days_max);
    }
    report.hold(Quarantine::NoPatient);
    profile.key.shift_days(set.ascii(tags::STUDY_INSTANCE_UID).unwrap_or_default(), profile.shift_days_max)
}

impl Walk<'_> {
    /// A data set or an item.
    pub(super) fn set(&mut self, set: &DataSet, charset: Charset, mode: Mode, depth: usize) -> DataSet {
        let mut out = Vec::with_capacity(set.len());
        for element in set {
            if let Some(element) = self.element(set, element, &charset, mode, depth) {
                out.push(element);
            }
        }
        let mut out = DataSet::from_ascending(out);
        private::drop_unused_creators(&mut out, self.report);
        out
    }

    /// The items of a sequence.
    pub(super) fn items(
        &mut self,
        element: &Element,
        charset: &Charset,
        mode: Mode,
        depth: usize,
    ) -> Element {
        let mut items = Vec::new();
        for item in element.items() {
            let charset = Charset::of_item(item, *charset, &self.profile.charset);
            let is_content = mode == Mode::Clean(ProfileOption::CleanStructuredContent)
                && item.get(tags::VALUE_TYPE).is_some();
            match is_content {
                true => items.extend(content::item(self, item, charset, depth + 1)),
                false => items.push(self.set(item, charset, mode, depth + 1)),
            }
        }
        Element { tag: element.tag, vr: element.vr, value: Value::Sequence(items) }
    }

    /// An element as it is to be, or nothing where it is removed.
    pub(super) fn element(
        &mut self,
        set: &DataSet,
        element: &Element,
        charset: &Charset,
        mode: Mode,
        depth: usize,
    ) -> Option<Element> {
        let tag = element.tag;
        if element.meaning() == VR::SQ && element.as_bytes().is_some_and(|bytes| !bytes.is_empty()) {
            // A sequence whose items were not understood: nobody can say what is in it.
            return self.removed(tag);
        }
        if depth >= DEPTH_MAX && matches!(element.value, Value::Sequence(_)) {
            self.report.hold(Quarantine::TooDeep);
            return self.removed(tag);
        }
        if let Some(row) = table::row_of(tag) {
            let action = row.action(self.profile.options);
            let action = match (mode, action) {
                // What an option would keep has no place in a dummy, but for sequences and what depends on their form.
                (Mode::Dummy, Action::Keep(_) | Action::Clean(_)) => row.basic_action(),
                _ => action,
            };
            let needs_value = row.basic_action() == Action::Dummy;
            return self.apply(set, element, action, needs_value, charset, depth);
        }
        if is_group_of_overlay(tag) {
            return graphics::overlay_element(self, element, charset);
        }
        match mode {
            Mode::Dummy => self.beyond_in_dummy(set, element, charset, depth),
            Mode::Table | Mode::Clean(_) => self.beyond(set, element, charset, mode, depth),
        }
    }

    fn apply(
        &mut self,
        set: &DataSet,
        element: &Element,
        action: Action,
        needs_value: bool,
        charset: &Charset,
        depth: usize,
    ) -> Option<Element> {
        match action {
            Action::Remove => self.removed(element.tag),
            Action::Zero => Some(self.zero(element, charset)),
            Action::Dummy => self.dummy(element, charset, depth),
            Action::Uid => Some(self.uid(element, charset, depth)),
            Action::Keep(option) => Some(self.keep(element, option, charset, depth)),
            Action::Clean(option) => self.clean(set, element, option, needs_value, charset, depth),
        }
    }

    fn clean(
        &mut self,
        set: &DataSet,
        element: &Element,
        option: ProfileOption,
        needs_value: bool,
        charset: &Charset,
        depth: usize,
    ) -> Option<Element> {
        match option {
            ProfileOption::RetainModifiedDates => self.shifted(element, charset, needs_value),
            ProfileOption::RetainSafePrivate => self.private(set, element, charset, depth),
            ProfileOption::CleanGraphics => graphics::clean(self, element, charset, depth),
            _ if matches!(element.value, Value::Sequence(_)) => {
                Some(self.items(element, charset, Mode::Clean(option), depth))
            }
            _ => self.clean_text(element, charset, needs_value, true),
        }
    }

    fn private(
        &mut self,
        set: &DataSet,
        element: &Element,
        charset: &Charset,
        depth: usize,
    ) -> Option<Element> {
        let tag = element.tag;
        if private::is_creator(tag) {
            // Those that name the creator of nothing are removed when the rest is.
            return Some(element.clone());
        }
        let creator = private::creator(set, tag);
        if !creator.is_some_and(|creator| private::is_safe(creator, tag, &self.profile.safe_private)) {
            return self.removed(tag);
        }
        self.report.private_retained += 1;
        match &element.value {
            Value::Sequence(_) => Some(self.items(element, charset, Mode::Table, depth)),
            Value::Fragments(_) => self.removed(tag),
            Value::Bytes(_) => match element.meaning() {
                VR::UI if !self.profile.options.contains(ProfileOption::RetainUids) => {
                    Some(self.uid(element, charset, depth))
                }
                VR::PN => self.dummy(element, charset, depth),
                VR::DA | VR::DT => Some(self.by_vr(element, charset, depth)?),
                _ => self.clean_text(element, charset, false, false),
            },
        }
    }

    /// What the table does not list.
    fn beyond(
        &mut self,
        set: &DataSet,
        element: &Element,
        charset: &Charset,
        mode: Mode,
        depth: usize,
    ) -> Option<Element> {
        if matches!(element.value, Value::Sequence(_)) {
            return Some(self.items(element, charset, mode, depth));
        }
        if depth > 0 && is_pixel_data(element.tag) {
            return self.removed(element.tag);
        }
        if content::is_code_element(element.tag) && content::is_public_code(set) {
            return Some(element.clone());
        }
        if let (Mode::Clean(_), true) = (mode, is_free_text(element.meaning())) {
            // Of a code only the meaning is a text; none of its elements may be empty.
            let is_code = content::is_code_element(element.tag);
            return self.clean_text(element, charset, is_code, !is_code || element.tag == tags::CODE_MEANING);
        }
        if !self.profile.beyond_table {
            return Some(element.clone());
        }
        self.by_vr(element, charset, depth)
    }

    /// By the VR alone (PS3.15, section E.1.1, note 4 on the table).
    fn by_vr(&mut self, element: &Element, charset: &Charset, depth: usize) -> Option<Element> {
        let has = |option| self.profile.options.contains(option);
        match element.meaning() {
            VR::SQ => self.removed(element.tag),
            VR::UN if element.as_bytes().is_some_and(|bytes| !bytes.is_empty()) => self.removed(element.tag),
            VR::PN => self.dummy(element, charset, depth),
            VR::UI if is_structural(element.tag) || has(ProfileOption::RetainUids) => Some(element.clone()),
            VR::UI => Some(self.uid(element, charset, depth)),
            VR::DA | VR::DT | VR::TM if has(ProfileOption::RetainModifiedDates) => {
                self.shifted(element, charset, true)
            }
            VR::DA | VR::DT | VR::TM if has(ProfileOption::RetainFullDates) => Some(element.clone()),
            VR::DA | VR::DT | VR::TM => self.dummy(element, charset, depth),
            vr if is_free_text(vr) && has(ProfileOption::CleanDescriptors) => {
                self.clean_text(element, charset, content::is_code_element(element.tag), false)
            }
            _ => Some(element.clone()),
        }
    }

    /// In a dummy: codes of public coding schemes, words of the standard and numbers stay.
    fn beyond_in_dummy(
        &mut self,
        set: &DataSet,
        element: &Element,
        charset: &Charset,
        depth: usize,
    ) -> Option<Element> {
        if matches!(element.value, Value::Sequence(_)) {
            return Some(self.items(element, charset, Mode::Dummy, depth));
        }
        let is_code = content::is_code_element(element.tag) && content::is_public_code(set);
        match element.meaning() {
            _ if is_code => Some(element.clone()),
            VR::UI if is_structural(element.tag) => Some(element.clone()),
            VR::UI => Some(self.uid(element, charset, depth)),
            VR::OB | VR::OW | VR::UN | VR::SQ => self.removed(element.tag),
            VR::PN | VR::DA | VR::DT | VR::TM | VR::AE | VR::AS => self.dummy(element, charset, depth),
            vr if is_free_text(vr) => self.dummy(element, charset, depth),
            _ => Some(element.clone()),
        }
    }
}

/// UIDs that tell how something is built, and not what it is: they may be private, and are kept.
fn is_structural(tag: Tag) -> bool {
    matches!(
        tag,
        tags::SOP_CLASS_UID
            | tags::REFERENCED_SOP_CLASS_UID
            | tags::RELATED_GENERAL_SOP_CLASS_UID
            | tags::ORIGINAL_SPECIALIZED_SOP_CLASS_UID
            | tags::SOP_CLASSES_IN_STUDY
            | tags::CODING_SCHEME_UID
            | tags::CONTEXT_UID
            | tags::MAPPING_RESOURCE_UID
            | tags::CONTEXT_GROUP_EXTENSION_CREATOR_UID
            | tags::LONG_CODE_VALUE
            | tags::AVAILABLE_TRANSFER_SYNTAX_UID
    )
}

fn is_group_of_overlay(tag: Tag) -> bool {
    tag.0 & 0xFF00 == 0x6000 && tag.0 & 0xFF <= 0x1E && tag.0.is_multiple_of(2)
}

fn is_pixel_data(tag: Tag) -> bool {
    matches!(tag, tags::PIXEL_DATA | tags::FLOAT_PIXEL_DATA | tags::DOUBLE_FLOAT_PIXEL_DATA)
}

fn is_free_text(vr: VR) -> bool {
    matches!(vr, VR::LO | VR::LT | VR::SH | VR::ST | VR::UC | VR::UT | VR::UR)
}
