//! The worklist: scheduled procedure steps (PS3.4, Annex K), one entry a step.
//!
//! A step is a data set as a modality is answered it, with one item in its Scheduled Procedure Step Sequence (0040,0100), texts
//! in UTF-8. Its key is the Accession Number (0008,0050) with the Scheduled Procedure Step ID (0040,0009). What is completed,
//! discontinued or cancelled stays until it is old, and is shown only to those who ask for it.

mod query;
mod state;

pub use query::{KEYS, Period, STEP_KEYS, WorklistQuery};
pub use state::StepState;

use std::ops::ControlFlow;

use klinke_dimse::charset::{Charset, Rules};
use klinke_dimse::data::DataSet;
use klinke_dimse::{VR, tags};
use klinke_model::Timestamp;

use crate::archive::Archive;
use crate::error::{Error, Result};
use crate::text;

/// The most steps in one item.
const STEPS_MAX: usize = 100;

/// What names a step.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct StepKey {
    /// Accession Number (0008,0050); may be empty.
    pub accession: String,
    /// Scheduled Procedure Step ID (0040,0009).
    pub step: String,
}

/// A scheduled procedure step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its number; numbers rise in the order of arrival.
    pub number: u64,
    /// What is known of it, texts in UTF-8; the item of its sequence says its state (0040,0020).
    pub attributes: DataSet,
    /// How far it has come.
    pub state: StepState,
    /// When it was changed last.
    pub changed: Timestamp,
}

/// What came of scheduling a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheduled {
    /// It is new.
    New,
    /// It was there and is as told now.
    Changed,
    /// It is cancelled now.
    Cancelled,
    /// Nothing is different.
    Same,
    /// It was to be cancelled, and has begun or is over: it stays as it is.
    Kept(StepState),
    /// It was to be cancelled and is not there.
    Absent,
}

impl Archive {
    /// Puts the steps of a worklist item into the worklist, or changes or cancels them; tells for each in their order. Durable
    /// when it returns, all of them or none.
    ///
    /// A state that the item says (0040,0020) counts, but no step goes back: one that has begun stays so, one that is over is
    /// over. `CANCELED` cancels and changes nothing else. Without a Study Instance UID the one of the other steps of its
    /// requested procedure is taken, else one is made from accession number and patient, always the same.
    pub fn schedule(&self, item: &DataSet, now: Timestamp) -> Result<Vec<Scheduled>> {
        let steps = split(item)?;
        self.shared.index.schedule(steps, now)
    }

    /// Cancels a step.
    pub fn cancel_step(&self, key: &StepKey, now: Timestamp) -> Result<Scheduled> {
        self.shared.index.cancel_step(key.clone(), now)
    }

    /// The step of a key.
    pub fn step(&self, key: &StepKey) -> Result<Option<Step>> {
        self.shared.index.step(key)
    }

    /// The steps that a query asks for, those that begin first before the others, until it is told to stop.
    pub fn worklist(
        &self,
        query: &WorklistQuery,
        each: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<()> {
        self.shared.index.worklist(query, each)
    }

    /// Removes the steps that were to begin before a time, or were changed last before it where they say no date; gives how
    /// many.
    pub fn expire_steps(&self, before: Timestamp) -> Result<u64> {
        self.shared.index.expire_steps(before)
    }
}

/// A step on its way into the worklist.
#[derive(Clone)]
pub(crate) struct Coming {
    pub key: StepKey,
    pub state: Option<StepState>,
    pub attributes: DataSet,
}

impl Coming {
    /// The item of its sequence.
    pub(crate) fn item(&self) -> &DataSet {
        // `split` has put one there.
        &self.attributes.items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE)[0]
    }
}

/// One data set for each step, texts in UTF-8.
fn split(item: &DataSet) -> Result<Vec<Coming>> {
    let mut whole = item.recoded(&Rules::default(), &Charset::UTF_8).set;
    whole.remove(tags::SPECIFIC_CHARACTER_SET);
    let steps = whole.items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE).to_vec();
    if steps.is_empty() || steps.len() > STEPS_MAX {
        let text = "a worklist item needs between one and a hundred items in its Scheduled Procedure Step Sequence (0040,0100)";
        return Err(Error::Refused(text.to_owned()));
    }
    let accession = text::first(&whole, tags::ACCESSION_NUMBER).unwrap_or_default().to_owned();
    steps.into_iter().map(|step| coming(&whole, &accession, step)).collect()
}

fn coming(whole: &DataSet, accession: &str, mut step: DataSet) -> Result<Coming> {
    let Some(id) = text::first(&step, tags::SCHEDULED_PROCEDURE_STEP_ID).map(str::to_owned) else {
        let text = "a worklist item without a Scheduled Procedure Step ID (0040,0009)";
        return Err(Error::Refused(text.to_owned()));
    };
    let state =
        step.remove(tags::SCHEDULED_PROCEDURE_STEP_STATUS).and_then(|element| StepState::of(&element));
    let mut attributes = whole.clone();
    attributes.put_items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE, vec![step]);
    Ok(Coming { key: StepKey { accession: accession.to_owned(), step: id }, state, attributes })
}

/// A Study Instance UID for steps that come without one, of what the order is.
pub(crate) fn made_study_uid(coming: &Coming) -> String {
    let key = &coming.key;
    let of_patient = [tags::PATIENT_ID, tags::ISSUER_OF_PATIENT_ID, tags::REQUESTED_PROCEDURE_ID];
    let mut parts = of_patient.map(|tag| text::first(&coming.attributes, tag).unwrap_or_default()).to_vec();
    parts.push(&key.accession);
    if key.accession.is_empty() {
        parts.push(&key.step);
    }
    made_uid(&parts)
}

/// A UID of what identifies a thing, always the same: a UUID (PS3.5, Annex B.2; RFC 9562, version 8).
pub(crate) fn made_uid(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    text::uid_of(&hasher)
}

/// The data set of a step as it is shown: with its state.
pub(crate) fn shown(mut attributes: DataSet, state: StepState) -> DataSet {
    if let Some(mut sequence) = attributes.remove(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE) {
        if let klinke_dimse::data::Value::Sequence(items) = &mut sequence.value
            && let Some(item) = items.first_mut()
        {
            item.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_STATUS, VR::CS, state.name());
        }
        attributes.put(sequence);
    }
    attributes
}

impl std::fmt::Debug for StepKey {
    /// An accession number leads to a patient.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StepKey(…)")
    }
}
