//! Which attributes a search returns (PS3.18, Tables 10.6.3-3 to 10.6.3-5).

use bytes::Bytes;
use klinke_archive::Level;
use klinke_dimse::data::Element;
use klinke_dimse::{Tag, VR, dictionary, tags};

const STUDY: &[Tag] = &[
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::ACCESSION_NUMBER,
    tags::MODALITIES_IN_STUDY,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::TIMEZONE_OFFSET_FROM_UTC,
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
    tags::STUDY_INSTANCE_UID,
    tags::STUDY_ID,
    tags::NUMBER_OF_STUDY_RELATED_SERIES,
    tags::NUMBER_OF_STUDY_RELATED_INSTANCES,
];

const SERIES: &[Tag] = &[
    tags::MODALITY,
    tags::TIMEZONE_OFFSET_FROM_UTC,
    tags::SERIES_DESCRIPTION,
    tags::SERIES_INSTANCE_UID,
    tags::SERIES_NUMBER,
    tags::NUMBER_OF_SERIES_RELATED_INSTANCES,
    tags::PERFORMED_PROCEDURE_STEP_START_DATE,
    tags::PERFORMED_PROCEDURE_STEP_START_TIME,
    tags::REQUEST_ATTRIBUTES_SEQUENCE,
];

const INSTANCE: &[Tag] = &[
    tags::SOP_CLASS_UID,
    tags::SOP_INSTANCE_UID,
    tags::TIMEZONE_OFFSET_FROM_UTC,
    tags::INSTANCE_NUMBER,
    tags::ROWS,
    tags::COLUMNS,
    tags::BITS_ALLOCATED,
    tags::NUMBER_OF_FRAMES,
    tags::AVAILABLE_TRANSFER_SYNTAX_UID,
];

/// What is counted or gathered.
const KNOWN: &[Tag] = &[
    tags::MODALITIES_IN_STUDY,
    tags::SOP_CLASSES_IN_STUDY,
    tags::NUMBER_OF_STUDY_RELATED_SERIES,
    tags::NUMBER_OF_STUDY_RELATED_INSTANCES,
    tags::NUMBER_OF_SERIES_RELATED_INSTANCES,
    tags::AVAILABLE_TRANSFER_SYNTAX_UID,
];

/// What is returned without being asked for: of the level, and of those above that the path does not name.
pub(super) fn usual(level: Level, has_study: bool, has_series: bool) -> Vec<Tag> {
    let mut all = vec![tags::STUDY_INSTANCE_UID];
    if level == Level::Study || !has_study {
        all.extend_from_slice(STUDY);
    }
    if level >= Level::Series {
        all.push(tags::SERIES_INSTANCE_UID);
        if level == Level::Series || !has_series {
            all.extend_from_slice(SERIES);
        }
    }
    if level >= Level::Instance {
        all.extend_from_slice(INSTANCE);
    }
    all
}

/// Everything that is known at a level.
pub(super) fn all(level: Level) -> Vec<Tag> {
    let kept = Level::ALL.into_iter().filter(|one| *one <= level).flat_map(Level::attributes);
    kept.chain(KNOWN).copied().collect()
}

/// Whether an attribute that is not known is given without a value: who asks for it learns that it is empty.
pub(super) fn is_given_empty(tag: Tag, level: Level) -> bool {
    let optional = [
        tags::TIMEZONE_OFFSET_FROM_UTC,
        tags::NUMBER_OF_FRAMES,
        tags::ROWS,
        tags::COLUMNS,
        tags::BITS_ALLOCATED,
        tags::REQUEST_ATTRIBUTES_SEQUENCE,
    ];
    let is_kept = Level::ALL.into_iter().any(|one| one <= level && one.attributes().contains(&tag));
    is_kept && !optional.contains(&tag)
}

/// An attribute without a value.
pub(super) fn empty(tag: Tag) -> Element {
    match dictionary::vr(tag).unwrap_or(VR::LO) {
        VR::SQ => Element::sequence(tag, Vec::new()),
        vr => Element::bytes(tag, vr, Bytes::new()),
    }
}
