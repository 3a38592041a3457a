//! What a workitem has to say of itself (PS3.4, Table CC.2.5-3), as data.
//!
//! Only what is asked of the user of the service stands here. Attributes of type 3 are taken as they come.

use klinke_dimse::{Tag, tags};

/// What is asked of an attribute.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The attribute.
    pub tag: Tag,
    /// In a request that creates.
    pub create: Need,
    /// In a request that updates.
    pub set: Need,
    /// Before the step is over.
    pub end: End,
    /// What its values are.
    pub form: Form,
}

/// Whether an attribute has to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Type 1: it is there and has a value.
    Value,
    /// Type 2: where it is left out, it is taken to be empty.
    Place,
    /// Type 3, and then with a value: it may be left out, not emptied.
    ValueIfThere,
    /// Type 3.
    Nothing,
    /// It is not told.
    Absent,
}

/// Before which final state an attribute needs a value (PS3.4, Table CC.2.5-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// None.
    Neither,
    /// Both (R).
    Both,
    /// `COMPLETED` (P).
    Completed,
    /// `CANCELED` (X).
    Canceled,
}

/// What values are.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// Whatever the VR allows.
    Any,
    /// One of these terms.
    Term(&'static [&'static str]),
    /// A DT.
    DateTime,
    /// A UID.
    Uid,
    /// Items of a coded entry (PS3.4, Table CC.2.5-2a).
    Codes,
    /// Items of which this is asked.
    Items(&'static [Rule]),
    /// At most one item, of which this is asked.
    Item(&'static [Rule]),
}

const fn rule(tag: Tag, create: Need, set: Need) -> Rule {
    Rule { tag, create, set, end: End::Neither, form: Form::Any }
}

impl Rule {
    const fn with(self, form: Form) -> Rule {
        Rule { form, ..self }
    }

    const fn by(self, end: End) -> Rule {
        Rule { end, ..self }
    }
}

use Need::{Absent, Nothing, Place, Value, ValueIfThere};

/// A coded entry. One of the three forms of its value is asked for apart.
pub(super) const CODE: &[Rule] = &[rule(tags::CODE_MEANING, Value, Value)];

const HUMAN_PERFORMERS: &[Rule] = &[
    rule(tags::HUMAN_PERFORMER_CODE_SEQUENCE, Value, Value).with(Form::Codes),
    rule(tags::HUMAN_PERFORMER_NAME, Value, Value),
    rule(tags::HUMAN_PERFORMER_ORGANIZATION, Value, Value),
];

const REFERENCED_SOP: &[Rule] = &[
    rule(tags::REFERENCED_SOP_CLASS_UID, Value, Value).with(Form::Uid),
    rule(tags::REFERENCED_SOP_INSTANCE_UID, Value, Value).with(Form::Uid),
];

/// Referenced Instances and Access (PS3.3, Table 10-3b), as far as it is asked without a condition.
const INSTANCES: &[Rule] = &[
    rule(tags::TYPE_OF_INSTANCES, Value, Value).with(Form::Term(&["DICOM", "CDA"])),
    rule(tags::REFERENCED_SOP_SEQUENCE, Value, Value).with(Form::Items(REFERENCED_SOP)),
];

const REQUEST: &[Rule] = &[
    rule(tags::STUDY_INSTANCE_UID, Value, Value).with(Form::Uid),
    rule(tags::ACCESSION_NUMBER, Place, Place),
    rule(tags::ISSUER_OF_ACCESSION_NUMBER_SEQUENCE, Place, Place),
    rule(tags::ORDER_PLACER_IDENTIFIER_SEQUENCE, Place, Place),
    rule(tags::ORDER_FILLER_IDENTIFIER_SEQUENCE, Place, Place),
    rule(tags::REQUESTED_PROCEDURE_ID, Place, Place),
    rule(tags::REQUESTED_PROCEDURE_DESCRIPTION, Place, Place),
    rule(tags::REQUESTED_PROCEDURE_CODE_SEQUENCE, Place, Place).with(Form::Codes),
];

const COMMUNICATIONS: &[Rule] = &[rule(tags::CONTACT_URI, Value, Value)];

const PROGRESS: &[Rule] = &[
    rule(tags::PROCEDURE_STEP_PROGRESS, Absent, Nothing),
    rule(tags::PROCEDURE_STEP_COMMUNICATIONS_URI_SEQUENCE, Absent, Nothing).with(Form::Items(COMMUNICATIONS)),
    rule(tags::PROCEDURE_STEP_CANCELLATION_DATE_TIME, Absent, Nothing).with(Form::DateTime).by(End::Canceled),
    rule(tags::PROCEDURE_STEP_DISCONTINUATION_REASON_CODE_SEQUENCE, Absent, Nothing)
        .with(Form::Codes)
        .by(End::Canceled),
];

const PERFORMED: &[Rule] = &[
    rule(tags::PERFORMED_STATION_NAME_CODE_SEQUENCE, Absent, Nothing).with(Form::Codes).by(End::Completed),
    rule(tags::PERFORMED_STATION_CLASS_CODE_SEQUENCE, Absent, Nothing).with(Form::Codes),
    rule(tags::PERFORMED_STATION_GEOGRAPHIC_LOCATION_CODE_SEQUENCE, Absent, Nothing).with(Form::Codes),
    rule(tags::PERFORMED_PROCEDURE_STEP_START_DATE_TIME, Absent, Nothing)
        .with(Form::DateTime)
        .by(End::Completed),
    rule(tags::PERFORMED_WORKITEM_CODE_SEQUENCE, Absent, Nothing).with(Form::Codes).by(End::Completed),
    rule(tags::PERFORMED_PROCEDURE_STEP_END_DATE_TIME, Absent, Nothing)
        .with(Form::DateTime)
        .by(End::Completed),
    // A step without instances of its own is no exception: an empty place says so.
    rule(tags::OUTPUT_INFORMATION_SEQUENCE, Absent, Place).with(Form::Items(INSTANCES)),
];

/// The terms of Procedure Step Priority (PS3.3, Table C.30.2-1).
const PRIORITIES: &[&str] = &["HIGH", "MEDIUM", "LOW"];
/// The terms of Input Readiness State (PS3.3, Table C.30.2-1).
const READINESS: &[&str] = &["INCOMPLETE", "UNAVAILABLE", "READY"];

/// What is asked of a workitem, in the order of the standard's table.
pub const RULES: &[Rule] = &[
    rule(tags::TRANSACTION_UID, Absent, Nothing),
    rule(tags::SOP_CLASS_UID, Nothing, Absent),
    rule(tags::SOP_INSTANCE_UID, Nothing, Absent),
    // UPS Scheduled Procedure Information.
    rule(tags::SCHEDULED_PROCEDURE_STEP_PRIORITY, Value, ValueIfThere)
        .with(Form::Term(PRIORITIES))
        .by(End::Both),
    rule(tags::PROCEDURE_STEP_LABEL, Value, ValueIfThere),
    rule(tags::WORKLIST_LABEL, Place, Nothing),
    rule(tags::SCHEDULED_PROCESSING_PARAMETERS_SEQUENCE, Place, Nothing),
    rule(tags::SCHEDULED_STATION_NAME_CODE_SEQUENCE, Place, Nothing).with(Form::Codes),
    rule(tags::SCHEDULED_STATION_CLASS_CODE_SEQUENCE, Place, Nothing).with(Form::Codes),
    rule(tags::SCHEDULED_STATION_GEOGRAPHIC_LOCATION_CODE_SEQUENCE, Place, Nothing).with(Form::Codes),
    rule(tags::SCHEDULED_HUMAN_PERFORMERS_SEQUENCE, Place, Nothing).with(Form::Items(HUMAN_PERFORMERS)),
    rule(tags::SCHEDULED_PROCEDURE_STEP_START_DATE_TIME, Value, ValueIfThere)
        .with(Form::DateTime)
        .by(End::Both),
    rule(tags::EXPECTED_COMPLETION_DATE_TIME, Nothing, Nothing).with(Form::DateTime),
    rule(tags::SCHEDULED_PROCEDURE_STEP_EXPIRATION_DATE_TIME, Nothing, Nothing).with(Form::DateTime),
    rule(tags::SCHEDULED_WORKITEM_CODE_SEQUENCE, Place, Nothing).with(Form::Codes),
    rule(tags::COMMENTS_ON_THE_SCHEDULED_PROCEDURE_STEP, Place, Nothing),
    rule(tags::INPUT_READINESS_STATE, Value, ValueIfThere).with(Form::Term(READINESS)).by(End::Both),
    rule(tags::INPUT_INFORMATION_SEQUENCE, Place, Nothing).with(Form::Items(INSTANCES)),
    rule(tags::STUDY_INSTANCE_UID, Place, Nothing).with(Form::Uid),
    // UPS Relationship.
    rule(tags::PATIENT_NAME, Place, Absent),
    rule(tags::PATIENT_ID, Place, Absent),
    rule(tags::ISSUER_OF_PATIENT_ID, Place, Absent),
    rule(tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE, Place, Absent),
    rule(tags::OTHER_PATIENT_I_DS_SEQUENCE, Place, Nothing),
    rule(tags::PATIENT_BIRTH_DATE, Place, Absent),
    rule(tags::PATIENT_SEX, Place, Absent),
    rule(tags::ADMISSION_ID, Place, Absent),
    rule(tags::ISSUER_OF_ADMISSION_ID_SEQUENCE, Place, Absent),
    rule(tags::ADMITTING_DIAGNOSES_DESCRIPTION, Place, Absent),
    rule(tags::ADMITTING_DIAGNOSES_CODE_SEQUENCE, Place, Absent).with(Form::Codes),
    rule(tags::REFERENCED_REQUEST_SEQUENCE, Place, Absent).with(Form::Items(REQUEST)),
    rule(tags::REPLACED_PROCEDURE_STEP_SEQUENCE, Nothing, Absent).with(Form::Items(REFERENCED_SOP)),
    // UPS Progress Information; the state is asked for apart.
    rule(tags::PROCEDURE_STEP_STATE, Nothing, Absent).by(End::Both),
    rule(tags::PROCEDURE_STEP_PROGRESS_INFORMATION_SEQUENCE, Place, Nothing)
        .with(Form::Item(PROGRESS))
        .by(End::Canceled),
    // UPS Performed Procedure Information.
    rule(tags::UNIFIED_PROCEDURE_STEP_PERFORMED_PROCEDURE_SEQUENCE, Place, Nothing)
        .with(Form::Item(PERFORMED))
        .by(End::Completed),
];
