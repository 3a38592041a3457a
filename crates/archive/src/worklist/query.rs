//! What a modality asks for (PS3.4, K.4.1.2 and K.6.1.2).

use klinke_dimse::data::{DataSet, Element, Value};
use klinke_dimse::{Tag, VR, tags};

use crate::find::{self, Key, Matching, Names, Range};
use crate::text;

/// A query of the worklist.
#[derive(Clone, Debug, Default)]
pub struct WorklistQuery {
    /// What must match; all of it.
    pub keys: Vec<Key>,
    /// When the step begins, where date and time are both asked for as ranges: from the first to the last moment, not in these
    /// hours of each day (PS3.4, Table K.6-1).
    pub period: Option<Period>,
    /// How names are compared.
    pub names: Names,
    /// Only steps for this station AE title.
    pub station: Option<String>,
    /// Also those that are over. A key that asks for their state does the same.
    pub with_finished: bool,
    /// How many are wanted at most.
    pub limit: Option<usize>,
}

/// From one moment to another, both included.
#[derive(Clone, PartialEq, Eq)]
pub struct Period(pub(crate) Range);

impl WorklistQuery {
    /// The query of an identifier with its texts in UTF-8. Keys that are not of the worklist's model are ignored.
    pub fn of(identifier: &DataSet) -> Self {
        let mut query = WorklistQuery { keys: find::keys(identifier), ..WorklistQuery::default() };
        query.keys.retain(|key| KEYS.contains(&key.tag));
        query.period = period(identifier);
        let is_of_period = |tag: Tag| {
            tag == tags::SCHEDULED_PROCEDURE_STEP_START_DATE
                || tag == tags::SCHEDULED_PROCEDURE_STEP_START_TIME
        };
        for key in &mut query.keys {
            if let (tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE, Matching::Sequence(keys)) =
                (key.tag, &mut key.matching)
            {
                keys.retain(|key| {
                    STEP_KEYS.contains(&key.tag) && (query.period.is_none() || !is_of_period(key.tag))
                });
            }
        }
        query
    }

    /// The keys of the step itself.
    pub(crate) fn step_keys(&self) -> &[Key] {
        let sequence = self.keys.iter().find(|key| key.tag == tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE);
        match sequence.map(|key| &key.matching) {
            Some(Matching::Sequence(keys)) => keys,
            _ => &[],
        }
    }

    /// Whether steps that are over are wanted.
    pub(crate) fn wants_finished(&self) -> bool {
        self.with_finished
            || self.step_keys().iter().any(|key| key.tag == tags::SCHEDULED_PROCEDURE_STEP_STATUS)
    }

    /// Whether a step is what is asked for.
    pub(crate) fn matches(&self, step: &DataSet) -> bool {
        let item = step.items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE).first();
        let is_in = |period: &Period| item.is_some_and(|item| period.holds(item));
        self.period.as_ref().is_none_or(is_in) && find::set_matches(&self.keys, self.names, step)
    }
}

impl Period {
    fn holds(&self, item: &DataSet) -> bool {
        let date = text::first(item, tags::SCHEDULED_PROCEDURE_STEP_START_DATE).unwrap_or_default();
        let time = text::first(item, tags::SCHEDULED_PROCEDURE_STEP_START_TIME).unwrap_or_default();
        !date.is_empty() && self.0.holds(VR::DT, &format!("{}{time}", date.replace('.', "")))
    }
}

impl std::fmt::Debug for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Period(…)")
    }
}

/// Both keys as one range, where both are ranges.
fn period(identifier: &DataSet) -> Option<Period> {
    let item = identifier.items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE).first()?;
    let range = |tag, vr| {
        let value = item.get(tag).and_then(value)?;
        value.contains('-').then(|| Range::parse(vr, text::trimmed(value))).flatten()
    };
    let dates = range(tags::SCHEDULED_PROCEDURE_STEP_START_DATE, VR::DA)?;
    let times = range(tags::SCHEDULED_PROCEDURE_STEP_START_TIME, VR::TM)?;
    let joined = |date: Option<String>, time: Option<String>, open: &str| {
        date.map(|date| date + time.as_deref().unwrap_or(open))
    };
    Some(Period(Range {
        from: joined(dates.from, times.from, "000000.000000"),
        to: joined(dates.to, times.to, "235959.999999"),
    }))
}

fn value(element: &Element) -> Option<&str> {
    match &element.value {
        Value::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
        Value::Sequence(_) | Value::Fragments(_) => None,
    }
}

/// Keys of the model besides those of the step (PS3.4, Table K.6-1).
pub const KEYS: &[Tag] = &[
    tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE,
    tags::ACCESSION_NUMBER,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::REQUESTING_PHYSICIAN,
    tags::REQUESTING_SERVICE,
    tags::REQUESTED_PROCEDURE_ID,
    tags::REQUESTED_PROCEDURE_DESCRIPTION,
    tags::REQUESTED_PROCEDURE_CODE_SEQUENCE,
    tags::REQUESTED_PROCEDURE_PRIORITY,
    tags::REQUESTED_PROCEDURE_LOCATION,
    tags::STUDY_INSTANCE_UID,
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
    tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
    tags::ADMISSION_ID,
    tags::CURRENT_PATIENT_LOCATION,
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::ISSUER_OF_PATIENT_ID,
    tags::OTHER_PATIENT_I_DS_SEQUENCE,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
    tags::INSTITUTION_NAME,
];

/// Keys of the step.
pub const STEP_KEYS: &[Tag] = &[
    tags::SCHEDULED_STATION_AE_TITLE,
    tags::SCHEDULED_STATION_NAME,
    tags::SCHEDULED_PROCEDURE_STEP_LOCATION,
    tags::SCHEDULED_PROCEDURE_STEP_START_DATE,
    tags::SCHEDULED_PROCEDURE_STEP_START_TIME,
    tags::SCHEDULED_PERFORMING_PHYSICIAN_NAME,
    tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION,
    tags::SCHEDULED_PROTOCOL_CODE_SEQUENCE,
    tags::SCHEDULED_PROCEDURE_STEP_ID,
    tags::SCHEDULED_PROCEDURE_STEP_STATUS,
    tags::MODALITY,
];
