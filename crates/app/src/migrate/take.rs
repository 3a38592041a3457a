//! Taking one study: what is not here yet of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use klinke_archive::Archive;
use klinke_archive::index::Selection;
use klinke_archive::migrate::ledger::Unsettled;
use klinke_archive::migrate::state::after_taking;
use klinke_archive::migrate::{Ledger, Missing, Named, Outcome, State, StudyRow, Trouble};

use super::blocking;
use super::identity::Identities;
use super::old::Old;

/// How often it is looked whether instances that are under way have come.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// So many instances are asked of the index at a time.
const PAGE_LENGTH: usize = 5_000;

/// What studies are taken with.
#[derive(Clone)]
pub struct Hand {
    /// What has become of each study.
    pub ledger: Arc<Ledger>,
    /// Where they are.
    pub old: Arc<Old>,
    /// How long instances that are still under way are waited for.
    pub settle: Duration,
    /// How often a study is tried.
    pub tries: usize,
    /// Who its patients are; without it they are who the other archive says.
    pub identities: Option<Arc<Identities>>,
}

/// What came of a study, and how the old archive fared.
pub struct Taken {
    /// What it is now.
    pub outcome: Outcome,
    /// Instances that are here, and their bytes.
    pub here: Here,
    /// What is missing.
    pub missing: Vec<Missing>,
    /// Instances that came just now.
    pub came: u64,
    /// Bytes that came just now.
    pub bytes: u64,
    /// How long the old archive took to send them.
    pub took: Duration,
    /// It suffers.
    pub suffers: bool,
    /// It was not even asked: the study is as if it had not been tried.
    pub is_absent: bool,
}

/// What is here of a study.
#[derive(Clone, Debug, Default)]
pub struct Here {
    /// SOP Instance UIDs.
    pub uids: BTreeSet<String>,
    /// Bytes of their files.
    pub bytes: u64,
}

/// What the archive has of a study.
pub async fn here(archive: &Archive, study: &str) -> Result<Here> {
    let (archive, study) = (archive.clone(), study.to_owned());
    blocking(move || {
        let of = Selection { studies: vec![study], ..Selection::default() };
        let (mut here, mut after) = (Here::default(), 0);
        loop {
            let page = archive.instances(&of, after, PAGE_LENGTH)?;
            let Some(last) = page.last() else { return Ok(here) };
            after = last.number;
            for instance in page {
                here.bytes += instance.file.size;
                here.uids.insert(instance.uid);
            }
        }
    })
    .await
}

/// Instances that the old archive names and that are not here, with the reason where it is known.
pub async fn missing(
    archive: &Archive,
    named: &[Named],
    here: &Here,
) -> Result<Vec<(Named, Option<String>)>> {
    let absent: Vec<Named> = named.iter().filter(|one| !here.uids.contains(&one.instance)).cloned().collect();
    let archive = archive.clone();
    blocking(move || {
        let reason = |one: &Named| -> klinke_archive::Result<Option<String>> {
            if let Some(beside) = archive.beside_of(&one.instance)?.first() {
                return Ok(Some(format!("it lies beside until somebody decides: {}", beside.reason.name())));
            }
            // The same UID stands in another study here.
            let elsewhere = archive.instance(&one.instance)?.is_some();
            Ok(elsewhere.then(|| "it is here in another study".to_owned()))
        };
        absent.into_iter().map(|one| reason(&one).map(|why| (one, why))).collect()
    })
    .await
}

/// Takes a study, and settles whose it is.
pub async fn take(hand: &Hand, archive: &Archive, study: &StudyRow) -> Result<Taken> {
    let Some(identities) = &hand.identities else { return fetched(hand, archive, study).await };
    let (ledger, number) = (hand.ledger.clone(), study.number);
    let patient = blocking(move || ledger.patient_of(number)).await?;
    let of = Unsettled { number, uid: study.uid.clone(), patient };
    let (to, by, placed) = (archive.clone(), identities.clone(), of.clone());
    blocking(move || by.place(&to, &placed.uid, &placed.patient)).await?;
    let taken = fetched(hand, archive, study).await?;
    let (to, by, ledger) = (archive.clone(), identities.clone(), hand.ledger.clone());
    blocking(move || by.settle(&to, &ledger, &of)).await?;
    Ok(taken)
}

async fn fetched(hand: &Hand, archive: &Archive, study: &StudyRow) -> Result<Taken> {
    let before = here(archive, &study.uid).await?;
    // Where something is here already, or a try has failed, only what is missing is asked for.
    let only = match before.uids.is_empty() {
        true => None,
        false => match hand.old.instances(&hand.ledger, &study.uid).await {
            Ok(named) => Some(fetchable(archive, &named, &before).await?),
            Err(trouble) if trouble.suffers => return failed(hand, archive, study, before, trouble).await,
            Err(_) => None,
        },
    };
    let began = Instant::now();
    let fetched = match &only {
        Some(only) if only.is_empty() => Ok(super::old::Fetched::default()),
        only => hand.old.fetch(archive, &hand.ledger, &study.uid, only.as_deref()).await,
    };
    let took = began.elapsed();
    let fetched = match fetched {
        Ok(fetched) => fetched,
        Err(trouble) => return failed(hand, archive, study, before, trouble).await,
    };
    let wanted = study.instances;
    let now_here = settled(archive, &study.uid, wanted, hand.settle, before.uids.len()).await?;
    let (suffers, problem) = (fetched.suffers, fetched.problem);
    let taken = judged(hand, archive, study, (before, now_here), problem).await?;
    Ok(Taken { took, suffers, ..taken })
}

/// How often a study is tried.
fn tries_max(hand: &Hand) -> u32 {
    u32::try_from(hand.tries).unwrap_or(u32::MAX)
}

/// What is missing and can be fetched.
async fn fetchable(archive: &Archive, named: &[Named], here: &Here) -> Result<Vec<Named>> {
    let missing = missing(archive, named, here).await?;
    Ok(missing.into_iter().filter(|(_, why)| why.is_none()).map(|(one, _)| one).collect())
}

/// Waits until all is here, or nothing more comes.
async fn settled(
    archive: &Archive,
    study: &str,
    wanted: Option<u64>,
    settle: Duration,
    before: usize,
) -> Result<Here> {
    let mut now_here = here(archive, study).await?;
    let Some(wanted) = wanted else { return Ok(now_here) };
    let mut last_change = Instant::now();
    // Where nothing at all came nothing is under way, as far as anybody can tell: half of the time has to do.
    while (now_here.uids.len() as u64) < wanted {
        let patience = if now_here.uids.len() > before { settle } else { settle / 2 };
        if last_change.elapsed() >= patience {
            break;
        }
        tokio::time::sleep(LOOK_EVERY.min(settle)).await;
        let look = here(archive, study).await?;
        if look.uids.len() != now_here.uids.len() {
            last_change = Instant::now();
        }
        now_here = look;
    }
    Ok(now_here)
}

/// What a study is after a try.
async fn judged(
    hand: &Hand,
    archive: &Archive,
    study: &StudyRow,
    (before, now_here): (Here, Here),
    problem: Option<String>,
) -> Result<Taken> {
    let there = now_here.uids.len() as u64;
    let mut outcome = after_taking(there, study.instances, problem, study.tries, tries_max(hand));
    let mut missing_rows = Vec::new();
    if outcome.state != State::Taken
        && let Ok(named) = hand.old.instances(&hand.ledger, &study.uid).await
    {
        let all = missing(archive, &named, &now_here).await?;
        let is_settled = |(_, why): &(Named, Option<String>)| why.is_some();
        if all.is_empty() && !named.is_empty() {
            // It counts more than it names: what it names is here.
            let text = format!(
                "the old archive counts {} instances and names {}",
                study.instances.unwrap_or(0),
                named.len()
            );
            outcome = Outcome { state: State::Taken, reason: Some(text), again: None };
        } else if !all.is_empty() && all.iter().all(is_settled) {
            let text = format!(
                "{} instances are not in this study here, and asking again would not help",
                all.len()
            );
            outcome = Outcome { state: State::Partly, reason: Some(text), again: None };
        }
        let reason = outcome.reason.clone().unwrap_or_default();
        missing_rows = rows(all, &reason);
    }
    Ok(Taken {
        outcome,
        came: now_here.uids.difference(&before.uids).count() as u64,
        bytes: now_here.bytes.saturating_sub(before.bytes),
        here: now_here,
        missing: missing_rows,
        took: Duration::ZERO,
        suffers: false,
        is_absent: false,
    })
}

/// What the ledger is told of instances that are missing.
pub fn rows(missing: Vec<(Named, Option<String>)>, otherwise: &str) -> Vec<Missing> {
    let row = |(named, why): (Named, Option<String>)| Missing {
        series: named.series,
        instance: named.instance,
        reason: why.unwrap_or_else(|| otherwise.to_owned()),
    };
    missing.into_iter().map(row).collect()
}

/// The old archive did not answer, or broke off; what came until then is here.
async fn failed(
    hand: &Hand,
    archive: &Archive,
    study: &StudyRow,
    before: Here,
    trouble: Trouble,
) -> Result<Taken> {
    let now_here = here(archive, &study.uid).await?;
    let there = now_here.uids.len() as u64;
    let outcome =
        after_taking(there, study.instances, Some(trouble.to_string()), study.tries, tries_max(hand));
    Ok(Taken {
        outcome,
        came: now_here.uids.difference(&before.uids).count() as u64,
        bytes: now_here.bytes.saturating_sub(before.bytes),
        here: now_here,
        missing: Vec::new(),
        took: Duration::ZERO,
        suffers: trouble.suffers,
        is_absent: trouble.is_absent,
    })
}
