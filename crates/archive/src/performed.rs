//! Performed procedure steps (PS3.4, Annex F): what a modality tells of what it does.
//!
//! Each is kept as it was told, texts in UTF-8, and moves the scheduled steps that it names along in the same commit.

use klinke_dimse::charset::{Charset, Rules};
use klinke_dimse::data::DataSet;
use klinke_dimse::{Tag, tags};
use klinke_model::Timestamp;

use crate::archive::Archive;
use crate::error::Result;
use crate::text;
use crate::worklist::{StepKey, StepState};

/// A performed procedure step.
#[derive(Clone, Debug)]
pub struct Performed {
    /// Its number; numbers rise in the order of creation.
    pub number: u64,
    /// SOP Instance UID.
    pub uid: String,
    /// How far it has come.
    pub progress: Progress,
    /// AE title of whoever told of it first.
    pub from: String,
    /// When it was created.
    pub begun: Timestamp,
    /// When it was changed last.
    pub changed: Timestamp,
    /// What was told, texts in UTF-8.
    pub attributes: DataSet,
}

/// Performed Procedure Step Status (0040,0252).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Progress {
    /// It goes on.
    InProgress,
    /// It is done; nothing changes any more.
    Completed,
    /// It was broken off; nothing changes any more.
    Discontinued,
}

/// What came of telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is kept.
    Kept,
    /// It is there already.
    Duplicate,
    /// There is none of this UID.
    Missing,
    /// It is over, and is not changed.
    Final,
    /// Its status is missing.
    NoStatus,
    /// Its status is none, or not one that may be told here.
    BadStatus,
}

impl Progress {
    /// Its name in (0040,0252).
    pub fn name(self) -> &'static str {
        match self {
            Progress::InProgress => "IN PROGRESS",
            Progress::Completed => "COMPLETED",
            Progress::Discontinued => "DISCONTINUED",
        }
    }

    /// The one of a name.
    pub fn named(name: &str) -> Option<Self> {
        [Progress::InProgress, Progress::Completed, Progress::Discontinued]
            .into_iter()
            .find(|one| one.name() == name.trim())
    }

    /// How far the scheduled step has come then.
    pub fn of_scheduled(self) -> StepState {
        match self {
            Progress::InProgress => StepState::Started,
            Progress::Completed => StepState::Completed,
            Progress::Discontinued => StepState::Discontinued,
        }
    }
}

impl Archive {
    /// Keeps a new performed procedure step (N-CREATE). Its status has to be `IN PROGRESS` (PS3.4, F.7.2.1.2). Durable when it
    /// returns.
    pub fn begin_performed(
        &self,
        uid: &str,
        attributes: &DataSet,
        from: &str,
        now: Timestamp,
    ) -> Result<Told> {
        match status(attributes) {
            None => return Ok(Told::NoStatus),
            Some(Some(Progress::InProgress)) => {}
            Some(_) => return Ok(Told::BadStatus),
        }
        let performed = Performed {
            number: 0,
            uid: uid.to_owned(),
            progress: Progress::InProgress,
            from: from.to_owned(),
            begun: now,
            changed: now,
            attributes: utf8(attributes),
        };
        self.shared.index.begin_performed(performed)
    }

    /// Changes a performed procedure step (N-SET): attributes that are told take the place of those that are there, but for those
    /// that may not be changed (PS3.4, Table F.7.2-1), which stay. Durable when it returns.
    pub fn change_performed(&self, uid: &str, changes: &DataSet, now: Timestamp) -> Result<Told> {
        let progress = match status(changes) {
            Some(None) => return Ok(Told::BadStatus),
            Some(progress) => progress,
            None => None,
        };
        self.shared.index.change_performed(uid.to_owned(), utf8(changes), progress, now)
    }

    /// The performed procedure step of a UID.
    pub fn performed(&self, uid: &str) -> Result<Option<Performed>> {
        self.shared.index.performed(uid)
    }

    /// Performed procedure steps, the newest first, with numbers below `before`.
    pub fn all_performed(&self, before: Option<u64>, limit: usize) -> Result<Vec<Performed>> {
        self.shared.index.all_performed(before, limit)
    }

    /// Removes those that were changed last before a time; gives how many.
    pub fn expire_performed(&self, before: Timestamp) -> Result<u64> {
        self.shared.index.expire_performed(before)
    }
}

/// The scheduled steps that it is of: accession number and step ID, with the study where there is no accession number.
pub(crate) fn scheduled(attributes: &DataSet) -> Vec<(StepKey, Option<String>)> {
    let of = |item: &DataSet, tag| text::first(item, tag).unwrap_or_default().to_owned();
    let items = attributes.items(tags::SCHEDULED_STEP_ATTRIBUTES_SEQUENCE);
    let named = items.iter().map(|item| {
        let key = StepKey {
            accession: of(item, tags::ACCESSION_NUMBER),
            step: of(item, tags::SCHEDULED_PROCEDURE_STEP_ID),
        };
        (key, item.ascii(tags::STUDY_INSTANCE_UID).map(str::to_owned))
    });
    named.filter(|(key, _)| !key.step.is_empty()).collect()
}

/// Puts what may be changed in its place.
pub(crate) fn merge(kept: &mut DataSet, changes: &DataSet) {
    for element in changes.iter().filter(|element| element.tag.1 != 0 && !FIXED.contains(&element.tag)) {
        kept.put(element.clone());
    }
}

/// What of a performed procedure step an N-SET may tell (PS3.4, Table F.7.2-1).
pub fn changeable(attributes: &DataSet) -> DataSet {
    attributes.iter().filter(|element| !FIXED.contains(&element.tag)).cloned().collect()
}

/// What an N-SET may not change.
const FIXED: &[Tag] = &[
    tags::SOP_CLASS_UID,
    tags::SOP_INSTANCE_UID,
    tags::SPECIFIC_CHARACTER_SET,
    tags::MODALITY,
    tags::SCHEDULED_STEP_ATTRIBUTES_SEQUENCE,
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::ISSUER_OF_PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
    tags::REFERENCED_PATIENT_SEQUENCE,
    tags::STUDY_ID,
    tags::PERFORMED_PROCEDURE_STEP_ID,
    tags::PERFORMED_STATION_AE_TITLE,
    tags::PERFORMED_STATION_NAME,
    tags::PERFORMED_LOCATION,
    tags::PERFORMED_PROCEDURE_STEP_START_DATE,
    tags::PERFORMED_PROCEDURE_STEP_START_TIME,
];

/// Whether there is a status, and which; one that is none is `Some(None)`.
fn status(attributes: &DataSet) -> Option<Option<Progress>> {
    attributes.ascii(tags::PERFORMED_PROCEDURE_STEP_STATUS).map(Progress::named)
}

/// With texts in UTF-8, and no word about that.
pub(crate) fn utf8(set: &DataSet) -> DataSet {
    let mut set = set.recoded(&Rules::default(), &Charset::UTF_8).set;
    set.remove(tags::SPECIFIC_CHARACTER_SET);
    set
}

impl Performed {
    /// Study Instance UID of the first scheduled step that it is of.
    pub fn study(&self) -> Option<&str> {
        let items = self.attributes.items(tags::SCHEDULED_STEP_ATTRIBUTES_SEQUENCE);
        items.iter().find_map(|item| item.ascii(tags::STUDY_INSTANCE_UID))
    }

    /// SOP Instance UIDs of what it made, as far as it has been told.
    pub fn instances(&self) -> impl Iterator<Item = &str> {
        let series = self.attributes.items(tags::PERFORMED_SERIES_SEQUENCE).iter();
        let lists = series.flat_map(|one| {
            [tags::REFERENCED_IMAGE_SEQUENCE, tags::REFERENCED_NON_IMAGE_COMPOSITE_SOP_INSTANCE_SEQUENCE]
                .into_iter()
                .flat_map(|tag| one.items(tag))
        });
        lists.filter_map(|item| item.ascii(tags::REFERENCED_SOP_INSTANCE_UID))
    }
}
