//! Content items of structured documents, and of acquisition contexts and specimen preparations (PS3.15, section E.3.4;
//! PS3.3, sections C.17.3 and C.18): what an item says depends on its concept name.

mod rows;

use dicom_core::{Tag, VR};

use super::options::ProfileOption;
use super::report::Outcome;
use super::table::{Action, Row};
use super::walk::{Mode, Walk};
use crate::charset::Charset;
use crate::data::{DataSet, Element};
use crate::tags;

/// A content item as it is to be, or nothing where it is removed with all below it.
pub(super) fn item(walk: &mut Walk<'_>, set: &DataSet, charset: Charset, depth: usize) -> Option<DataSet> {
    let action = row_of(set).map(|row| row.action(walk.profile.options));
    if action == Some(Action::Remove) {
        walk.report.note(tags::CONTENT_SEQUENCE, Outcome::Removed);
        return None;
    }
    let mut out = DataSet::new();
    for element in set {
        let done = match is_value(element.tag) {
            true => value(walk, set, element, action, &charset, depth),
            false => {
                let mode = Mode::Clean(ProfileOption::CleanStructuredContent);
                walk.element(set, element, &charset, mode, depth)
            }
        };
        done.into_iter().for_each(|element| out.put(element));
    }
    Some(out)
}

/// The value of an item, which by the table of attributes would go.
fn value(
    walk: &mut Walk<'_>,
    set: &DataSet,
    element: &Element,
    action: Option<Action>,
    charset: &Charset,
    depth: usize,
) -> Option<Element> {
    match (action, element.meaning()) {
        (Some(Action::Keep(option)), _) => {
            walk.report.note(element.tag, Outcome::Retained(option));
            Some(element.clone())
        }
        // A clean text, even where the profile alone would have a dummy: what nobody listed is a finding, not a name.
        (Some(Action::Clean(ProfileOption::CleanDescriptors)) | None, VR::UT | VR::LT | VR::ST | VR::LO) => {
            walk.clean_text(element, charset, true, true)
        }
        (Some(Action::Clean(_)), VR::DA | VR::DT | VR::TM) => walk.shifted(element, charset, true),
        (Some(Action::Dummy), VR::UT | VR::LT | VR::ST | VR::LO) => walk.dummy(element, charset, depth),
        _ => {
            let mode = Mode::Clean(ProfileOption::CleanStructuredContent);
            walk.element(set, element, charset, mode, depth)
        }
    }
}

/// What Table E.3.4-1 says of an item.
fn row_of(set: &DataSet) -> Option<&'static Row> {
    let value_type = set.ascii(tags::VALUE_TYPE)?;
    let concept = set.items(tags::CONCEPT_NAME_CODE_SEQUENCE).first()?;
    let code = concept.ascii(tags::CODE_VALUE).or_else(|| concept.ascii(tags::LONG_CODE_VALUE))?;
    let key = (concept.ascii(tags::CODING_SCHEME_DESIGNATOR)?, code, value_type);
    let place = rows::ROWS.binary_search_by_key(&key, |row| (row.0, row.1, row.2)).ok()?;
    Some(&rows::ROWS[place].3)
}

/// Elements that hold the value of an item.
fn is_value(tag: Tag) -> bool {
    matches!(
        tag,
        tags::TEXT_VALUE | tags::PERSON_NAME | tags::DATE | tags::TIME | tags::DATE_TIME | tags::UID
    )
}

/// Elements of a code (PS3.3, section 8.8).
pub(super) fn is_code_element(tag: Tag) -> bool {
    matches!(
        tag,
        tags::CODE_VALUE
            | tags::CODING_SCHEME_DESIGNATOR
            | tags::CODING_SCHEME_VERSION
            | tags::CODE_MEANING
            | tags::LONG_CODE_VALUE
            | tags::URN_CODE_VALUE
            | tags::MAPPING_RESOURCE
            | tags::CONTEXT_IDENTIFIER
    )
}

/// Whether an item is a code of a coding scheme that the standard names (PS3.16, section 8): its words are public.
pub(super) fn is_public_code(set: &DataSet) -> bool {
    const SCHEMES: &[&str] = &[
        "DCM",
        "SCT",
        "SRT",
        "SNM3",
        "SNM",
        "LN",
        "UCUM",
        "FMA",
        "RADLEX",
        "NCIt",
        "UMLS",
        "ICD10",
        "I10",
        "I9C",
        "ACR",
        "BI",
        "C4",
        "MDC",
        "UNS",
        "NDC",
        "RXNORM",
        "NEU",
        "UBERON",
        "ISO3166_1",
        "RFC5646",
    ];
    set.ascii(tags::CODING_SCHEME_DESIGNATOR).is_some_and(|scheme| SCHEMES.contains(&scheme))
}
