//! Who the patients of an old archive are: what the site says of it, and what messages tell while it is taken over.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, bail};
use klinke_archive::change::Decision;
use klinke_archive::migrate::ledger::{By, Unsettled};
use klinke_archive::migrate::{Known, Ledger};
use klinke_archive::{Archive, Error, Expecting, PatientKey};
use klinke_engine::source::Stop;
use klinke_model::Timestamp;

use super::blocking;
use super::job::Job;
use super::patients::PatientList;
use crate::site::Site;

/// So many studies are settled before it is looked whether to stop.
const PAGE_LENGTH: usize = 100;

/// What the site says of the patients of an old archive.
pub struct Identities {
    name: String,
    issuer: String,
    file: String,
    list: PatientList,
    /// Changes with what the site says.
    by: String,
}

impl Identities {
    /// Of a migration; reads its list.
    pub fn of(job: &Job) -> Result<Identities> {
        let issuer = job.config.issuer.clone().unwrap_or_default();
        let (mut list, mut file) = (PatientList::default(), String::new());
        if let Some(of) = &job.config.patients {
            file = of.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            list = match PatientList::read(of) {
                Ok(list) => list,
                Err(wrong) => match wrong.first() {
                    Some(first) => bail!("{}: {first}", of.file.display()),
                    None => bail!("{}: can't be read", of.file.display()),
                },
            };
        }
        let by = format!("{issuer}\n{}", list.hash);
        Ok(Identities { name: job.name.clone(), issuer, file, list, by })
    }

    fn decision(&self, why: String) -> Decision {
        let who = format!("migration {}", self.name);
        Decision { who, why, origin: String::new(), at: Timestamp::now() }
    }

    /// As it is named before anything of it is here; none where nothing is said of the issuer.
    fn placed(&self, patient: &str) -> Option<PatientKey> {
        let is_said = !self.issuer.is_empty() && !patient.is_empty();
        is_said.then(|| PatientKey { issuer: self.issuer.clone(), ..PatientKey::named(patient) })
    }

    fn because_of_issuer(&self) -> Decision {
        self.decision(format!("its Patient IDs are those of {}", self.issuer))
    }

    /// Before the first instance of a study comes. Blocking.
    pub fn place(&self, archive: &Archive, study: &str, patient: &str) -> klinke_archive::Result<()> {
        match self.placed(patient) {
            Some(patient) => archive.place_study(study, &patient, &self.because_of_issuer()),
            None => Ok(()),
        }
    }

    /// After something of a study has come. Blocking.
    pub fn settle(
        &self,
        archive: &Archive,
        ledger: &Ledger,
        study: &Unsettled,
    ) -> klinke_archive::Result<()> {
        let listed = |key: &PatientKey| {
            let (told, line) = self.list.find(key)?;
            Some((told, format!("{}, line {line}", self.file)))
        };
        let known = Known { issuer: &self.issuer, listed: &listed };
        let placed = self.placed(&study.patient);
        let decision = self.because_of_issuer();
        let settled = match archive.settle_study(&study.uid, placed.as_ref(), &known, &decision) {
            Ok(Some(settled)) => settled,
            Ok(None) => return Ok(()),
            // A file that can't be read is told of by the archive's own check; the others go on.
            Err(Error::Damaged(what)) => {
                tracing::warn!(
                    migration = self.name,
                    study = study.uid,
                    "whose it is can't be settled: {what}"
                );
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let told = match (settled.is_listed, settled.was_decided) {
            (true, _) => By::List,
            (false, true) => By::Archive,
            (false, false) => By::Nobody,
        };
        ledger.settled(study, &self.by, told)
    }

    /// Settles the studies that came before the site said what it says now. Gives whether it came to the end.
    pub async fn settle_all(
        self: Arc<Self>,
        job: Arc<Job>,
        archive: Archive,
        mut stop: Stop,
    ) -> Result<bool> {
        let mut after = 0;
        loop {
            let (identities, ledger, archive) = (self.clone(), job.ledger.clone(), archive.clone());
            let page = blocking(move || {
                let page = ledger.unsettled(&identities.by, after, PAGE_LENGTH)?;
                page.iter().try_for_each(|study| identities.settle(&archive, &ledger, study))?;
                Ok(page.last().map(|study| study.number))
            });
            tokio::select! {
                () = stop.said() => return Ok(false),
                last = page => match last? {
                    Some(last) => after = last,
                    None => return Ok(true),
                },
            }
        }
    }
}

/// Whether somebody tells who patients are: the list, or messages that reach the archive's patients.
pub fn are_told(site: &Site, name: &str) -> bool {
    let has_list = site.migrations.get(name).is_some_and(|migration| migration.patients.is_some());
    let tells = |file: &crate::site::ChannelFile| {
        file.channel.destination.iter().any(|to| to.adapters.contains_key("patients"))
    };
    has_list || site.channels.values().any(tells)
}

/// The old archives of which patients may still come, for the archive that hears who they are.
#[derive(Debug, Default)]
pub struct Waiting(Mutex<Vec<(String, Arc<Ledger>)>>);

impl Waiting {
    /// From now on for these: the issuer of each, and its ledger.
    pub fn set(&self, all: Vec<(String, Arc<Ledger>)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = all;
    }
}

impl Expecting for Waiting {
    fn told(&self, patient: &PatientKey) -> Vec<PatientKey> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut under = Vec::new();
        for (issuer, ledger) in all {
            // Another house's patient of this number.
            if !issuer.is_empty() && !patient.issuer.is_empty() && issuer != patient.issuer {
                continue;
            }
            match ledger.told(&patient.identifier) {
                Ok(true) if issuer.is_empty() => {
                    under.extend([patient.clone(), PatientKey::named(&patient.identifier)]);
                }
                Ok(true) => under.push(PatientKey { issuer, ..PatientKey::named(&patient.identifier) }),
                Ok(false) => {}
                Err(error) => tracing::error!("a ledger can't note of whom a message tells: {error}"),
            }
        }
        under.dedup();
        under
    }
}
