//! Whose a study of an old archive is: the issuer of its Patient IDs, what a list says of them, and what messages have told before.
//!
//! Nothing of that touches a file: it is decided in the journal ([`crate::change`]), and taken back as all of it.
//!
//! | known | becomes |
//! |---|---|
//! | the issuer of the old archive's Patient IDs | the study is moved to the patient of this issuer, before its first instance comes |
//! | another identifier | a merge, unless this identity was merged already: what a message or a person said stands |
//! | name, birth date, sex | a correction, unless something was decided of this patient: that stands |

use klinke_dimse::charset::Rules;
use klinke_dimse::data::DataSet;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::tags;

use crate::archive::Archive;
use crate::change::{Attributes, Change, Decision};
use crate::error::{Error, Result};
use crate::header;
use crate::identity::PatientKey;
use crate::index::Selection;
use crate::level::Level;
use crate::patients::CORRECTABLE;
use crate::text;

/// What is known of the patients of an old archive.
pub struct Known<'a> {
    /// The issuer of its Patient IDs, for instances that name none; empty where nobody has said.
    pub issuer: &'a str,
    /// What a list says of an identity, and at which line: who they are now, with Patient ID and, where it is known, its issuer;
    /// texts in UTF-8.
    pub listed: &'a Listed<'a>,
}

/// What a list says of an identity, and where it stands.
pub type Listed<'a> = dyn Fn(&PatientKey) -> Option<(DataSet, String)> + 'a;

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The list has the patient.
    pub is_listed: bool,
    /// Something had been decided of the patient before.
    pub was_decided: bool,
}

impl Archive {
    /// Says whose a study is before anything of it is here, so that it is at no time another one's.
    pub fn place_study(&self, study: &str, patient: &PatientKey, decision: &Decision) -> Result<()> {
        let mut journal = self.journal();
        let index = &self.shared.index;
        if index.moved_to(study)?.is_some() || index.came(study)?.is_some() {
            return Ok(());
        }
        let to = patient.clone();
        self.write(&mut journal, &[Change::Move { study: study.to_owned(), to }], decision).map(drop)
    }

    /// Decides whose a study is that has come, by what is known. `placed` is as [`Archive::place_study`] had it: a study that somebody
    /// gave to another patient stays theirs. None where nothing is here of it.
    pub fn settle_study(
        &self,
        study: &str,
        placed: Option<&PatientKey>,
        known: &Known<'_>,
        decision: &Decision,
    ) -> Result<Option<Settled>> {
        let mut journal = self.journal();
        let index = &self.shared.index;
        let Some(came) = index.came(study)? else { return Ok(None) };
        let mut own = came.clone();
        if own.issuer.is_empty() && !own.identifier.is_empty() {
            own.issuer = known.issuer.to_owned();
        }
        let moved = index.moved_to(study)?;
        if moved.as_ref().is_some_and(|to| *to != own && Some(to) != placed) {
            return Ok(Some(Settled { was_decided: true, ..Settled::default() }));
        }
        let was_decided = index.decided(&own)?.is_some();
        let mut changes = Vec::new();
        if moved.as_ref().unwrap_or(&came) != &own {
            changes.push(Change::Move { study: study.to_owned(), to: own.clone() });
        }
        let attributes = match own != came && self.is_nameless(&own)? {
            true => self.came_as(study)?,
            false => DataSet::new(),
        };
        let listed = if own.identifier.is_empty() { None } else { (known.listed)(&own) };
        let is_listed = listed.is_some();
        let (listed, line) = listed.unzip();
        self.identify(study, &own, attributes, listed, &mut changes)?;
        if !changes.is_empty() {
            let why = line.unwrap_or_else(|| decision.why.clone());
            self.write(&mut journal, &changes, &Decision { why, ..decision.clone() })?;
        }
        Ok(Some(Settled { is_listed, was_decided }))
    }

    /// Who an identity is, by what its instances say and by what a list says over it.
    fn identify(
        &self,
        study: &str,
        own: &PatientKey,
        came: DataSet,
        listed: Option<DataSet>,
        changes: &mut Vec<Change>,
    ) -> Result<()> {
        let Some(mut listed) = listed else {
            correct(own, came, changes);
            return Ok(());
        };
        let mut new = PatientKey::of(&listed);
        if new.issuer.is_empty() {
            new.issuer.clone_from(&own.issuer);
        }
        listed = text::kept(&listed, CORRECTABLE, &Rules::default());
        let index = &self.shared.index;
        // Who was merged is who the archive was told they are; else they are who the list says.
        let present = index.survivor(own)?.filter(|present| present != own);
        let target = match present {
            Some(present) => present,
            None if new == *own => own.clone(),
            None => {
                let target = self.listed_as(own, new)?;
                if target != *own && !index.is_same_patient(own, &target)? {
                    correct(own, came.clone(), changes);
                    changes.push(Change::Merge { old: own.clone(), new: target.clone() });
                }
                target
            }
        };
        let mut attributes = if target == *own { came } else { DataSet::new() };
        let is_open = match index.decided(&target)? {
            None => true,
            // Only what its own instances say was laid over it, as its issuer was new.
            Some(decided) => target == *own && decided == self.came_as(study)?,
        };
        if is_open {
            let here = index.attributes_of(&target)?.unwrap_or_default();
            let differing = listed.iter().filter(|one| here.get(one.tag) != Some(one));
            differing.for_each(|one| attributes.put(one.clone()));
        }
        correct(&target, attributes, changes);
        Ok(())
    }

    /// Who is meant by the present identity of a list: one of whom something is here, with the issuer if there is one.
    fn listed_as(&self, own: &PatientKey, new: PatientKey) -> Result<PatientKey> {
        // Numbers of the old archive's own issuer are not those that come here without one.
        let is_foreign = new.issuer == own.issuer && !own.issuer.is_empty();
        let here = self.here(&new)?;
        let meant = here.iter().find(|key| **key == new).or(here.first().filter(|_| !is_foreign));
        Ok(match meant {
            Some(meant) => meant.clone(),
            // Where nobody names issuers this one is found without it as well.
            None if own.issuer.is_empty() => PatientKey::named(&new.identifier),
            None => new,
        })
    }

    /// Whether no name is known of an identity.
    fn is_nameless(&self, key: &PatientKey) -> Result<bool> {
        let known = self.shared.index.attributes_of(key)?;
        Ok(known.is_none_or(|set| text::first(&set, tags::PATIENT_NAME).is_none()))
    }

    /// What the first instance of a study says of its patient.
    fn came_as(&self, study: &str) -> Result<DataSet> {
        let of = Selection { studies: vec![study.to_owned()], ..Selection::default() };
        let Some(instance) = self.instances(&of, 0, 1)?.pop() else { return Ok(DataSet::new()) };
        let syntax = TransferSyntax::by_uid(&instance.file.syntax);
        let mut given = self.received(&instance)?;
        let read = header::read(&mut given, &syntax)
            .map_err(|error| Error::Damaged(format!("{}: {error}", instance.file.path)))?;
        let patient = text::kept(&read.set, Level::Patient.attributes(), self.charset());
        Ok(text::kept(&patient, CORRECTABLE, &Rules::default()))
    }
}

fn correct(patient: &PatientKey, attributes: DataSet, changes: &mut Vec<Change>) {
    if !attributes.is_empty() {
        changes.push(Change::Correct { patient: patient.clone(), attributes: Attributes(attributes) });
    }
}

impl std::fmt::Debug for Known<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Known").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
