//! Which record an instance has, and its keys (PS3.3, Table F.4-1 and sections F.5.1 to F.5.44; PS3.11, section D.3.3).

use dicom_core::{Tag, VR};

use crate::data::{DataSet, Element};
use crate::{tags, uids};

/// The kind of the record of an instance (0004,1430).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the standard")]
pub enum Kind {
    Image,
    RtDose,
    RtStructureSet,
    RtPlan,
    RtTreatRecord,
    Presentation,
    Waveform,
    SrDocument,
    KeyObjectDoc,
    Spectroscopy,
    RawData,
    Registration,
    Fiducial,
    EncapDoc,
    ValueMap,
    Surface,
}

/// An attribute of a record, and what stands there where the instance has none.
type Key = (Tag, VR, Else);

/// What stands in a record where the instance has nothing.
#[derive(Clone, Copy)]
enum Else {
    /// The attribute without a value (type 2).
    Empty,
    /// Nothing (type 3, or 1C).
    Nothing,
    /// This text (type 1).
    Text(&'static str),
    /// A date of the instance.
    Date,
    /// A time of the instance.
    Time,
    /// Its number among its neighbours.
    Number,
}

use Else::{Date, Empty, Nothing, Number, Text, Time};

/// Where a date may be had from, the best first.
const DATES: &[Tag] = &[
    tags::STUDY_DATE,
    tags::SERIES_DATE,
    tags::CONTENT_DATE,
    tags::ACQUISITION_DATE,
    tags::INSTANCE_CREATION_DATE,
];
const TIMES: &[Tag] = &[
    tags::STUDY_TIME,
    tags::SERIES_TIME,
    tags::CONTENT_TIME,
    tags::ACQUISITION_TIME,
    tags::INSTANCE_CREATION_TIME,
];
/// The day of those who do not know.
const NO_DATE: &str = "19000101";
const NO_TIME: &str = "000000";

impl Kind {
    /// The kind of an instance, by its SOP class.
    pub fn of(class: &str, set: &DataSet) -> Option<Kind> {
        if let Some((_, kind)) = CLASSES.iter().find(|(uid, _)| *uid == class) {
            return Some(*kind);
        }
        // Presentation states, waveforms and structured reports have roots of their own (PS3.6, Annex A).
        let by_root = [(".11.", Kind::Presentation), (".9.", Kind::Waveform), (".88.", Kind::SrDocument)];
        let below = class.strip_prefix(STORAGE).unwrap_or_default();
        let found = by_root.into_iter().find(|(root, _)| below.starts_with(root)).map(|(_, kind)| kind);
        // What else the standard has below its root are images; what it does not know is one where it has rows.
        let is_image = !below.is_empty() || set.int(tags::ROWS).is_some_and(|rows| rows > 0);
        found.or(is_image.then_some(Kind::Image))
    }

    /// Its name in a record.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Image => "IMAGE",
            Kind::RtDose => "RT DOSE",
            Kind::RtStructureSet => "RT STRUCTURE SET",
            Kind::RtPlan => "RT PLAN",
            Kind::RtTreatRecord => "RT TREAT RECORD",
            Kind::Presentation => "PRESENTATION",
            Kind::Waveform => "WAVEFORM",
            Kind::SrDocument => "SR DOCUMENT",
            Kind::KeyObjectDoc => "KEY OBJECT DOC",
            Kind::Spectroscopy => "SPECTROSCOPY",
            Kind::RawData => "RAW DATA",
            Kind::Registration => "REGISTRATION",
            Kind::Fiducial => "FIDUCIAL",
            Kind::EncapDoc => "ENCAP DOC",
            Kind::ValueMap => "VALUE MAP",
            Kind::Surface => "SURFACE",
        }
    }

    fn keys(self) -> &'static [Key] {
        match self {
            Kind::Image => IMAGE,
            Kind::RtDose => RT_DOSE,
            Kind::RtStructureSet => RT_STRUCTURE_SET,
            Kind::RtPlan => RT_PLAN,
            Kind::RtTreatRecord => RT_TREAT_RECORD,
            Kind::Presentation => PRESENTATION,
            Kind::Waveform | Kind::RawData => CONTENT,
            Kind::SrDocument => SR_DOCUMENT,
            Kind::KeyObjectDoc => KEY_OBJECT_DOC,
            Kind::Spectroscopy => SPECTROSCOPY,
            Kind::Registration | Kind::Fiducial | Kind::ValueMap | Kind::Surface => LABELLED,
            Kind::EncapDoc => ENCAP_DOC,
        }
    }
}

/// The root of the storage classes.
const STORAGE: &str = "1.2.840.10008.5.1.4.1.1";

const CLASSES: &[(&str, Kind)] = &[
    (uids::RT_DOSE_STORAGE, Kind::RtDose),
    (uids::RT_STRUCTURE_SET_STORAGE, Kind::RtStructureSet),
    (uids::RT_PLAN_STORAGE, Kind::RtPlan),
    (uids::RT_ION_PLAN_STORAGE, Kind::RtPlan),
    (uids::RT_BEAMS_TREATMENT_RECORD_STORAGE, Kind::RtTreatRecord),
    (uids::RT_ION_BEAMS_TREATMENT_RECORD_STORAGE, Kind::RtTreatRecord),
    (uids::RT_BRACHY_TREATMENT_RECORD_STORAGE, Kind::RtTreatRecord),
    (uids::RT_TREATMENT_SUMMARY_RECORD_STORAGE, Kind::RtTreatRecord),
    (uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE, Kind::KeyObjectDoc),
    (uids::MR_SPECTROSCOPY_STORAGE, Kind::Spectroscopy),
    (uids::RAW_DATA_STORAGE, Kind::RawData),
    (uids::SPATIAL_REGISTRATION_STORAGE, Kind::Registration),
    (uids::DEFORMABLE_SPATIAL_REGISTRATION_STORAGE, Kind::Registration),
    (uids::SPATIAL_FIDUCIALS_STORAGE, Kind::Fiducial),
    (uids::ENCAPSULATED_PDF_STORAGE, Kind::EncapDoc),
    (uids::ENCAPSULATED_CDA_STORAGE, Kind::EncapDoc),
    (uids::ENCAPSULATED_STL_STORAGE, Kind::EncapDoc),
    (uids::REAL_WORLD_VALUE_MAPPING_STORAGE, Kind::ValueMap),
    (uids::SURFACE_SEGMENTATION_STORAGE, Kind::Surface),
];

const PATIENT: &[Key] = &[(tags::PATIENT_NAME, VR::PN, Empty), (tags::PATIENT_ID, VR::LO, Nothing)];
const STUDY: &[Key] = &[
    (tags::STUDY_DATE, VR::DA, Date),
    (tags::STUDY_TIME, VR::TM, Time),
    (tags::ACCESSION_NUMBER, VR::SH, Empty),
    (tags::STUDY_DESCRIPTION, VR::LO, Empty),
    (tags::STUDY_INSTANCE_UID, VR::UI, Nothing),
    (tags::STUDY_ID, VR::SH, Text("1")),
];
const SERIES: &[Key] = &[
    (tags::MODALITY, VR::CS, Text("OT")),
    (tags::SERIES_DESCRIPTION, VR::LO, Nothing),
    (tags::SERIES_INSTANCE_UID, VR::UI, Nothing),
    (tags::SERIES_NUMBER, VR::IS, Number),
];
const NUMBER: Key = (tags::INSTANCE_NUMBER, VR::IS, Number);
const CONTENT_AT: [Key; 2] = [(tags::CONTENT_DATE, VR::DA, Date), (tags::CONTENT_TIME, VR::TM, Time)];
const IMAGE: &[Key] = &[NUMBER];
const RT_DOSE: &[Key] = &[NUMBER, (tags::DOSE_SUMMATION_TYPE, VR::CS, Text("PLAN"))];
const RT_STRUCTURE_SET: &[Key] = &[
    NUMBER,
    (tags::STRUCTURE_SET_LABEL, VR::SH, Text("UNNAMED")),
    (tags::STRUCTURE_SET_DATE, VR::DA, Empty),
    (tags::STRUCTURE_SET_TIME, VR::TM, Empty),
];
const RT_PLAN: &[Key] = &[
    NUMBER,
    (tags::RT_PLAN_LABEL, VR::SH, Text("UNNAMED")),
    (tags::RT_PLAN_DATE, VR::DA, Empty),
    (tags::RT_PLAN_TIME, VR::TM, Empty),
];
const RT_TREAT_RECORD: &[Key] =
    &[NUMBER, (tags::TREATMENT_DATE, VR::DA, Empty), (tags::TREATMENT_TIME, VR::TM, Empty)];
const PRESENTATION: &[Key] = &[
    NUMBER,
    (tags::PRESENTATION_CREATION_DATE, VR::DA, Date),
    (tags::PRESENTATION_CREATION_TIME, VR::TM, Time),
    (tags::CONTENT_LABEL, VR::CS, Text("UNNAMED")),
    (tags::CONTENT_DESCRIPTION, VR::LO, Empty),
    (tags::CONTENT_CREATOR_NAME, VR::PN, Empty),
    (tags::REFERENCED_SERIES_SEQUENCE, VR::SQ, Nothing),
    (tags::BLENDING_SEQUENCE, VR::SQ, Nothing),
];
const CONTENT: &[Key] = &[NUMBER, CONTENT_AT[0], CONTENT_AT[1]];
const SR_DOCUMENT: &[Key] = &[
    NUMBER,
    CONTENT_AT[0],
    CONTENT_AT[1],
    (tags::COMPLETION_FLAG, VR::CS, Text("PARTIAL")),
    (tags::VERIFICATION_FLAG, VR::CS, Text("UNVERIFIED")),
    (tags::CONCEPT_NAME_CODE_SEQUENCE, VR::SQ, Nothing),
];
const KEY_OBJECT_DOC: &[Key] =
    &[NUMBER, CONTENT_AT[0], CONTENT_AT[1], (tags::CONCEPT_NAME_CODE_SEQUENCE, VR::SQ, Nothing)];
const SPECTROSCOPY: &[Key] = &[
    NUMBER,
    CONTENT_AT[0],
    CONTENT_AT[1],
    (tags::IMAGE_TYPE, VR::CS, Text("ORIGINAL\\PRIMARY\\SPECTROSCOPY\\NONE")),
    (tags::NUMBER_OF_FRAMES, VR::IS, Text("1")),
    (tags::ROWS, VR::US, Nothing),
    (tags::COLUMNS, VR::US, Nothing),
    (tags::DATA_POINT_ROWS, VR::UL, Nothing),
    (tags::DATA_POINT_COLUMNS, VR::UL, Nothing),
];
const LABELLED: &[Key] = &[
    NUMBER,
    CONTENT_AT[0],
    CONTENT_AT[1],
    (tags::CONTENT_LABEL, VR::CS, Text("UNNAMED")),
    (tags::CONTENT_DESCRIPTION, VR::LO, Empty),
    (tags::CONTENT_CREATOR_NAME, VR::PN, Empty),
];
const ENCAP_DOC: &[Key] = &[
    NUMBER,
    (tags::CONTENT_DATE, VR::DA, Empty),
    (tags::CONTENT_TIME, VR::TM, Empty),
    (tags::DOCUMENT_TITLE, VR::ST, Empty),
    (tags::HL7_INSTANCE_IDENTIFIER, VR::ST, Nothing),
    (tags::CONCEPT_NAME_CODE_SEQUENCE, VR::SQ, Empty),
    (tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT, VR::LO, Text("application/octet-stream")),
];

/// The record of a patient. Patient ID is of type 1: where there is none, the study's UID has to do.
pub(super) fn patient(set: &DataSet, study: &str) -> DataSet {
    let mut record = record(set, "PATIENT", PATIENT, 1);
    if !has_value(&record, tags::PATIENT_ID) {
        // An LO has 64 characters, as a UID.
        record.put_ascii(tags::PATIENT_ID, VR::LO, study);
    }
    record
}

pub(super) fn study(set: &DataSet) -> DataSet {
    record(set, "STUDY", STUDY, 1)
}

pub(super) fn series(set: &DataSet, number: usize) -> DataSet {
    record(set, "SERIES", SERIES, number)
}

pub(super) fn instance(set: &DataSet, kind: Kind, number: usize) -> DataSet {
    let mut record = record(set, kind.name(), kind.keys(), number);
    // Of type 1 where the document is verified: the latest verification comes first (PS3.3, section C.17.2).
    let observer = set.items(tags::VERIFYING_OBSERVER_SEQUENCE).first();
    if kind == Kind::SrDocument
        && let Some(verified) = observer.and_then(|observer| observer.get(tags::VERIFICATION_DATE_TIME))
    {
        record.put(verified.clone());
    }
    record
}

fn record(set: &DataSet, name: &str, keys: &[Key], number: usize) -> DataSet {
    let mut record = DataSet::new();
    record.put_ascii(tags::DIRECTORY_RECORD_TYPE, VR::CS, name);
    for (tag, vr, or) in keys {
        let found = set.get(*tag).filter(|_| has_value(set, *tag));
        match (found, or) {
            (Some(element), _) => record.put(Element { vr: *vr, ..plain(element, *vr) }),
            (None, Nothing) => {}
            (None, Empty) if *vr == VR::SQ => record.put_items(*tag, Vec::new()),
            (None, Empty) => record.put_ascii(*tag, *vr, ""),
            (None, Text(text)) => record.put_ascii(*tag, *vr, text),
            (None, Date) => record.put_ascii(*tag, *vr, first(set, DATES).unwrap_or(NO_DATE)),
            (None, Time) => record.put_ascii(*tag, *vr, first(set, TIMES).unwrap_or(NO_TIME)),
            (None, Number) => record.put_ascii(*tag, *vr, &number.to_string()),
        }
    }
    // A record says the character set of its own texts.
    if let Some(charset) = set.get(tags::SPECIFIC_CHARACTER_SET) {
        record.put(charset.clone());
    }
    record
}

/// Dates and times as they are written today: those of ACR-NEMA have points and colons.
fn plain(element: &Element, vr: VR) -> Element {
    let Some(bytes) = element.as_bytes().filter(|_| matches!(vr, VR::DA | VR::TM)) else {
        return element.clone();
    };
    let old = if vr == VR::DA { b'.' } else { b':' };
    let mut value: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != old).collect();
    if value.len() % 2 == 1 {
        value.push(b' ');
    }
    Element::bytes(element.tag, vr, value)
}

fn first<'a>(set: &'a DataSet, all: &[Tag]) -> Option<&'a str> {
    all.iter().find_map(|tag| set.ascii(*tag))
}

fn has_value(set: &DataSet, tag: Tag) -> bool {
    match set.get(tag) {
        Some(element) if element.vr == VR::SQ => !element.items().is_empty(),
        Some(element) => {
            element.as_bytes().is_some_and(|bytes| bytes.iter().any(|byte| !b" \0".contains(byte)))
        }
        None => false,
    }
}
