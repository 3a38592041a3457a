//! Holding each instance that the old archive names against ours. What is missing is noted, and taken by the next run alone.

use std::time::Duration;

use anyhow::Result;
use klinke_archive::Archive;
use klinke_archive::migrate::{Named, Outcome, State, StudyRow, Trouble};
use klinke_engine::source::Stop;
use klinke_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::blocking;
use super::compare;
use super::job::Job;
use super::take::{Here, here, missing, rows};

/// So many studies are read from the ledger at a time.
const PAGE_LENGTH: usize = 200;
/// The old archive is left alone so long after it has suffered, twice as long each time.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(2), Duration::from_secs(10), Duration::from_secs(60), Duration::from_secs(300)];

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Studies of which each instance is here.
    pub verified: u64,
    /// Studies of which something is missing.
    pub partly: u64,
    /// Studies that the old archive would not tell of.
    pub untold: u64,
    /// Instances that are missing.
    pub missing: u64,
    /// Instances here that the old archive does not name: they came from elsewhere, or it has lost them.
    pub more: u64,
    /// Instances whose pixels were compared, and how many of them are not the same.
    pub compared: u64,
    /// See `compared`.
    pub different: u64,
    /// Instances that could not be fetched again to be compared.
    pub uncompared: u64,
    /// It was told to stop before the last study.
    pub stopped: bool,
}

/// Checks all studies that were taken, wholly or in part. `progress` is told how many of how many are done.
pub async fn verify(
    job: &Job,
    archive: &Archive,
    compare: Option<u32>,
    mut stop: Stop,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Checked> {
    let per_thousand = compare.unwrap_or(job.config.compare);
    job.ledger.note("verify", "", Timestamp::now())?;
    let tally = job.ledger.tally()?;
    let states = [State::Taken, State::Partly, State::Verified];
    let total = states.iter().map(|state| tally.of(*state)).sum();
    let (mut checked, mut done, mut after) = (Checked::default(), 0, 0);
    loop {
        let ledger = job.ledger.clone();
        let page = blocking(move || ledger.studies(None, after, PAGE_LENGTH)).await?;
        let Some(last) = page.last() else { break };
        after = last.number;
        for study in page.iter().filter(|study| states.contains(&study.state)) {
            tokio::select! {
                () = stop.said() => {
                    checked.stopped = true;
                    return Ok(checked);
                }
                one = one(job, archive, study, per_thousand, &mut checked) => one?,
            }
            done += 1;
            progress(done, total);
        }
    }
    let note = format!(
        "{} verified, {} partly, {} instances missing, {} compared, {} different",
        checked.verified, checked.partly, checked.missing, checked.compared, checked.different
    );
    job.ledger.note("verified", &note, Timestamp::now())?;
    Ok(checked)
}

async fn one(
    job: &Job,
    archive: &Archive,
    study: &StudyRow,
    per_thousand: u32,
    checked: &mut Checked,
) -> Result<()> {
    let named = match named(job, &study.uid).await {
        Ok(named) => named,
        Err(trouble) if trouble.suffers => return Err(trouble.into()),
        Err(trouble) => {
            tracing::warn!(migration = job.name, study = study.uid, "could not be checked: {trouble}");
            checked.untold += 1;
            return Ok(());
        }
    };
    let here = here(archive, &study.uid).await?;
    let missing = missing(archive, &named, &here).await?;
    let different = compared(job, archive, study, &named, &here, per_thousand, checked).await?;
    checked.missing += missing.len() as u64;
    let ours = here.uids.len() as u64;
    checked.more += (ours + missing.len() as u64).saturating_sub(named.len() as u64);
    let outcome = judged(study, &named, &missing, different);
    match outcome.state {
        State::Verified => checked.verified += 1,
        _ => checked.partly += 1,
    }
    let missing = rows(missing, "it is not here");
    Ok(job.ledger.ended(study.number, &outcome, (ours, here.bytes), &missing, Timestamp::now())?)
}

/// What the old archive names, asked again while it suffers.
async fn named(job: &Job, study: &str) -> Result<Vec<Named>, Trouble> {
    let mut pauses = PAUSES.iter();
    loop {
        match job.old.instances(&job.ledger, study).await {
            Err(trouble) if trouble.suffers => match pauses.next() {
                Some(pause) => tokio::time::sleep(*pause).await,
                None => return Err(trouble),
            },
            told => return told,
        }
    }
}

fn judged(study: &StudyRow, named: &[Named], missing: &[(Named, Option<String>)], different: u64) -> Outcome {
    let partly = |text: String, again| Outcome { state: State::Partly, reason: Some(text), again };
    if named.is_empty() {
        return partly("the old archive names no instance of it".to_owned(), None);
    }
    if !missing.is_empty() {
        let text = format!("{} of {} instances are missing", missing.len(), named.len());
        // What lies beside, or in another study, does not come by asking again.
        let is_fetchable = missing.iter().any(|(_, why)| why.is_none());
        return partly(text, is_fetchable.then_some(Duration::ZERO));
    }
    if different > 0 {
        return partly(format!("{different} instances have other pixels than in the old archive"), None);
    }
    let counted = study.instances.filter(|counted| *counted != named.len() as u64);
    let reason = counted
        .map(|counted| format!("the old archive counts {counted} instances and names {}", named.len()));
    Outcome { state: State::Verified, reason, again: None }
}

/// Fetches the instances of the sample again; gives how many are not the same.
async fn compared(
    job: &Job,
    archive: &Archive,
    study: &StudyRow,
    named: &[Named],
    here: &Here,
    per_thousand: u32,
    checked: &mut Checked,
) -> Result<u64> {
    let mut different = 0;
    let is_wanted = |one: &&Named| {
        here.uids.contains(&one.instance) && compare::is_in_sample(&one.instance, per_thousand)
    };
    for one in named.iter().filter(is_wanted) {
        let Ok(Some(copy)) = job.old.copy(&job.ledger, &study.uid, one).await else {
            checked.uncompared += 1;
            continue;
        };
        let (of, uid) = (archive.clone(), one.instance.clone());
        let Some(ours) = blocking(move || of.instance(&uid)).await? else { continue };
        checked.compared += 1;
        if !compare::is_same(archive, &ours, copy).await? {
            different += 1;
        }
    }
    checked.different += different;
    Ok(different)
}
