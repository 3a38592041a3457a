//! Who patients are: merging, correcting and moving, by hand and as messages tell it.

use std::sync::Arc;

use klinke_dimse::charset::{Charset, Rules};
use klinke_dimse::data::DataSet;
use klinke_dimse::tags;

use crate::archive::Archive;
use crate::change::{Attributes, Change, Decision};
use crate::error::{Error, Result};
use crate::identity::PatientKey;
use crate::text;

/// A patient as somebody names them: Patient ID, and its issuer where it matters.
#[derive(Clone, PartialEq, Eq)]
pub struct Named {
    /// Patient ID.
    pub identifier: String,
    /// Issuer of Patient ID.
    pub issuer: Option<String>,
}

/// What came of what a message told of a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Patients were merged.
    Merged,
    /// A patient was corrected.
    Corrected,
    /// All of it was known.
    Same,
    /// Nothing is here of this patient.
    Unknown,
}

/// Who waits for instances of patients that are not here yet: another archive that is taken over.
pub trait Expecting: Send + Sync + std::fmt::Debug {
    /// A message tells of this patient. Gives the identities under which something of them may still come: what the message says
    /// is kept of these, too.
    fn told(&self, patient: &PatientKey) -> Vec<PatientKey>;
}

impl Named {
    /// A patient as people write them: `4711`, or `4711^^^KIS` with the issuer, as HL7 has it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('^');
        let identifier = parts.next()?.trim().to_owned();
        let issuer =
            parts.nth(2).map(|issuer| issuer.split('&').next().unwrap_or_default().trim().to_owned());
        (!identifier.is_empty()).then_some(Named { identifier, issuer: issuer.filter(|one| !one.is_empty()) })
    }
}

impl Archive {
    /// Gives all of one patient to another one, also what is yet to come under the old identifier.
    pub fn merge(&self, old: &Named, new: &Named, decision: &Decision) -> Result<u64> {
        let old = self.one(old)?.ok_or(Error::Missing("the patient who is to be merged"))?;
        let new = self.one_or_new(new, &old)?;
        if old == new {
            return Err(Error::Refused("both are the same patient".to_owned()));
        }
        self.decide(Change::Merge { old, new }, decision)
    }

    /// Lays attributes over those that a patient's instances have.
    pub fn correct(&self, patient: &Named, attributes: &DataSet, decision: &Decision) -> Result<u64> {
        let patient = self.one(patient)?.ok_or(Error::Missing("this patient"))?;
        let attributes = Attributes(text::kept(attributes, CORRECTABLE, &Rules::default()));
        if attributes.0.is_empty() {
            return Err(Error::Refused("say what is to be corrected".to_owned()));
        }
        self.decide(Change::Correct { patient, attributes }, decision)
    }

    /// Gives a study to another patient.
    pub fn move_study(&self, study: &str, to: &Named, decision: &Decision) -> Result<u64> {
        if self.shared.index().study_folder(study)?.is_none() {
            return Err(Error::Missing("this study"));
        }
        let to = match self.one(to)? {
            Some(to) => to,
            None => PatientKey {
                issuer: to.issuer.clone().unwrap_or_default(),
                ..PatientKey::named(&to.identifier)
            },
        };
        self.decide(Change::Move { study: study.to_owned(), to }, decision)
    }

    /// Takes a merge, correction or move back; what was decided since stays.
    pub fn undo(&self, number: u64, decision: &Decision) -> Result<u64> {
        let mut journal = self.journal();
        let entry = journal.one(number)?;
        if entry.is_undone {
            return Err(Error::Refused(format!("change {number} was taken back already")));
        }
        if !entry.change.is_of_identity() {
            let text = format!("change {number} is no merge, correction or move: release or restore instead");
            return Err(Error::Refused(text));
        }
        let numbers = self.write(&mut journal, &[Change::Undo { number }], decision)?;
        Ok(numbers.first().copied().unwrap_or_default())
    }

    /// Has somebody asked, from now on, of whom something may still come. Only once; later ones are not heard.
    pub fn expect_patients(&self, expecting: Arc<dyn Expecting>) {
        let _ = self.shared.expecting.set(expecting);
    }

    /// Takes in what a message tells of a patient: a data set of who they are now, texts in any character set, with an
    /// Original Attributes Sequence (0400,0561) that has the identities that are no longer. Merges are kept whoever is here:
    /// instances may be on their way. Corrections are kept of those of whom something is here, or expected.
    pub fn tell_patient(&self, told: &DataSet, decision: &Decision) -> Result<Told> {
        let mut set = told.recoded(&Rules::default(), &Charset::UTF_8).set;
        let retired: Vec<PatientKey> = retired(&set);
        set.remove(tags::ORIGINAL_ATTRIBUTES_SEQUENCE);
        let named = PatientKey::of(&set);
        if named.identifier.is_empty() {
            return Err(Error::Refused("it has no Patient ID (0010,0020)".to_owned()));
        }
        let mut journal = self.journal();
        let (mut changes, mut result) = (Vec::new(), Told::Unknown);
        for retired in &retired {
            let merges = self.merges(retired, &named)?;
            let is_news = !merges.is_empty();
            changes.extend(merges);
            result = if is_news { Told::Merged } else { Told::Same };
        }
        let attributes = text::kept(&set, CORRECTABLE, &Rules::default());
        let mut meant = self.meant(&named)?;
        for change in &changes {
            if let Change::Merge { new, .. } = change
                && !meant.contains(new)
            {
                meant.push(new.clone());
            }
        }
        for patient in self.expected(&named, &retired)? {
            if !meant.contains(&patient) {
                meant.push(patient);
            }
        }
        for patient in meant {
            let present = self.shared.index.attributes_of(&patient)?.unwrap_or_default();
            let differing = attributes.iter().filter(|one| present.get(one.tag) != Some(one)).cloned();
            let differing: DataSet = differing.collect();
            if result == Told::Unknown {
                result = if differing.is_empty() { Told::Same } else { Told::Corrected };
            }
            if !differing.is_empty() {
                changes.push(Change::Correct { patient, attributes: Attributes(differing) });
            }
        }
        if !changes.is_empty() {
            self.write(&mut journal, &changes, decision)?;
        }
        Ok(result)
    }

    /// The merges that make one identity another, those left out that hold already. Modalities name the issuer or leave it out:
    /// both are the same patient.
    fn merges(&self, old: &PatientKey, new: &PatientKey) -> Result<Vec<Change>> {
        let target = self.target(old, new)?;
        let mut olds = vec![old.clone()];
        if !old.issuer.is_empty() {
            olds.push(PatientKey::named(&old.identifier));
        }
        olds.retain(|old| *old != target);
        let mut merges = Vec::new();
        for old in olds {
            if !self.shared.index.is_same_patient(&old, &target)? {
                merges.push(Change::Merge { old, new: target.clone() });
            }
        }
        Ok(merges)
    }

    /// Which of the identities that may be meant survives: one of whom something is here, with the issuer if there is one.
    fn target(&self, old: &PatientKey, new: &PatientKey) -> Result<PatientKey> {
        let here = self.here(new)?;
        if let Some(exact) = here.iter().find(|key| **key == *new).or(here.first()) {
            return Ok(exact.clone());
        }
        // It is named as the other one is, by those who left the issuer out.
        let is_bare = self.here(old)?.iter().any(|key| key.issuer.is_empty());
        Ok(if is_bare { PatientKey::named(&new.identifier) } else { new.clone() })
    }

    /// The identities with studies that may be meant: with this issuer, and without one.
    pub(crate) fn here(&self, named: &PatientKey) -> Result<Vec<PatientKey>> {
        let all = self.shared.index.identified(&named.identifier)?;
        let is_meant =
            |key: &PatientKey| key.issuer == named.issuer || key.issuer.is_empty() || named.issuer.is_empty();
        Ok(all.into_iter().filter(|(key, is_here)| *is_here && is_meant(key)).map(|(key, _)| key).collect())
    }

    /// The identities under which something of a patient may still come, as they are now.
    fn expected(&self, named: &PatientKey, retired: &[PatientKey]) -> Result<Vec<PatientKey>> {
        let Some(expecting) = self.shared.expecting.get() else { return Ok(Vec::new()) };
        // Of those who are no longer somebody has told as well.
        retired.iter().for_each(|retired| drop(expecting.told(retired)));
        let now = |key: PatientKey| Ok(self.shared.index.survivor(&key)?.unwrap_or(key));
        expecting.told(named).into_iter().map(now).collect()
    }

    /// The identities that a correction is about: of whom there are studies, or steps in the worklist.
    fn meant(&self, named: &PatientKey) -> Result<Vec<PatientKey>> {
        let mut meant = self.here(named)?;
        if meant.is_empty() {
            meant.extend(self.shared.index.scheduled(&named.identifier)?);
            meant
                .retain(|key| key.issuer == named.issuer || key.issuer.is_empty() || named.issuer.is_empty());
        }
        Ok(meant)
    }

    /// The one patient whom somebody names; refused where it may be several.
    fn one(&self, named: &Named) -> Result<Option<PatientKey>> {
        let mut all = self.shared.index.identified(&named.identifier)?;
        all.retain(|(key, _)| named.issuer.as_ref().is_none_or(|issuer| key.issuer == *issuer));
        if all.len() > 1 && all.iter().any(|(_, is_here)| *is_here) {
            all.retain(|(_, is_here)| *is_here);
        }
        match all.len() {
            0 | 1 => Ok(all.pop().map(|(key, _)| key)),
            _ => {
                let text = "several patients have this identifier: name the issuer, as in 4711^^^KIS";
                Err(Error::Refused(text.to_owned()))
            }
        }
    }

    /// As [`Archive::one`]; one who is not here yet has the issuer that is named, or that of the other patient.
    fn one_or_new(&self, named: &Named, like: &PatientKey) -> Result<PatientKey> {
        if let Some(key) = self.one(named)? {
            return Ok(key);
        }
        let issuer = named.issuer.clone().unwrap_or_else(|| like.issuer.clone());
        Ok(PatientKey { issuer, ..PatientKey::named(&named.identifier) })
    }
}

/// What can be corrected of a patient; identifiers are changed by merging.
pub(crate) const CORRECTABLE: &[klinke_dimse::Tag] = &[
    tags::PATIENT_NAME,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_BIRTH_TIME,
    tags::PATIENT_SEX,
    tags::OTHER_PATIENT_I_DS_SEQUENCE,
    tags::OTHER_PATIENT_NAMES,
];

/// The identities that are no longer.
fn retired(set: &DataSet) -> Vec<PatientKey> {
    let items = set.items(tags::ORIGINAL_ATTRIBUTES_SEQUENCE).iter();
    let modified = items.flat_map(|item| item.items(tags::MODIFIED_ATTRIBUTES_SEQUENCE));
    modified.map(PatientKey::of).filter(|key| !key.identifier.is_empty()).collect()
}

impl std::fmt::Debug for Named {
    /// An identifier leads to a patient.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Named(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patient_is_named_with_or_without_an_issuer() {
        let named = |text| Named::parse(text).map(|named| (named.identifier, named.issuer));
        assert_eq!(named(" 4711 "), Some(("4711".to_owned(), None)));
        assert_eq!(named("4711^^^KIS&1.2&ISO^PI"), Some(("4711".to_owned(), Some("KIS".to_owned()))));
        assert_eq!(named("^^^KIS"), None);
    }
}
