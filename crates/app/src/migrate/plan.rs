//! The inventory: all studies of the old archive go into the ledger.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use klinke_archive::import::{Content, walk};
use klinke_archive::migrate::inventory::Cap;
use klinke_archive::migrate::ledger::FileRow;
use klinke_archive::migrate::{Answer, Day, Inventory, Ledger, Named, Seen, Slice, Trouble, When};
use klinke_dimse::charset::Rules;
use klinke_engine::source::Stop;
use klinke_model::Timestamp;

use super::blocking;
use super::job::Job;
use super::old::Old;

/// So many studies or files are put into the ledger at once.
const BATCH_LENGTH: usize = 1_000;
/// A slice is asked for so many times before it is left.
const TRIES_MAX: u32 = 5;
/// A slice of several days that is refused so often for lack of something may be too much.
const TOO_MUCH_AFTER: u32 = 2;
/// The longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_secs(600);
/// So many slices are named in one remark.
const NAMED_MAX: usize = 5;

/// The value of the ledger that keeps the cap.
const CAP: &str = "cap";
const TRUSTED: &str = "trusted";

/// Goes on with the inventory, or begins it; `anew` asks for all once more. Gives whether it came to its end.
pub async fn plan(job: &Job, anew: bool, stop: &mut Stop) -> Result<bool> {
    if let Old::Files { root, .. } = &*job.old {
        return plan_files(job, root, anew).await.map(|()| true);
    }
    if anew || job.ledger.slices()?.is_empty() {
        let (from, until) =
            job.config.days(Day::of(Timestamp::now())).map_err(|(_, text)| anyhow::Error::msg(text))?;
        job.ledger.begin_inventory(&Slice::cut(from, until, job.config.slice_days()))?;
        job.ledger.note("inventory", &format!("{from} to {until}"), Timestamp::now())?;
    }
    while let Some(slice) = job.ledger.next_slice()? {
        let asked = tokio::select! {
            () = stop.said() => return Ok(false),
            asked = whole(job, &slice) => asked.with_context(|| format!("the inventory of {slice}"))?,
        };
        job.ledger.slice_done(&slice, asked.0, asked.1.as_deref(), Timestamp::now())?;
    }
    Ok(true)
}

/// Asks for a slice, in as many parts as it needs; gives how many studies it named, and what is to be said of it.
async fn whole(job: &Job, slice: &Slice) -> Result<(u64, Option<String>)> {
    let ledger = &job.ledger;
    let cap = cap(job)?;
    let mut inventory = Inventory::of(slice.clone(), cap);
    let (mut named, mut refused) = (0, Vec::new());
    while let Some(part) = inventory.next().cloned() {
        let (answer, studies) = match asked(job, &part).await {
            Ok(answered) => answered,
            // Where a part is refused, smaller parts may be answered; the smallest are told of.
            Err(trouble) if !trouble.is_absent => {
                refused.push(format!("{part}: {trouble}"));
                (Answer { count: 0, is_cut: matches!(part.when, When::Days { from, to } if from < to) }, 0)
            }
            Err(trouble) => return Err(trouble.into()),
        };
        named += studies;
        // An answer to everything that names each study that is known was not cut off.
        let is_everything = part.when == When::Any && part.modality.is_none();
        if is_everything && !answer.is_cut && answer.count >= ledger.tally()?.all() {
            inventory = Inventory::of(Slice::any(), Cap { at: None, trusted: answer.count });
        }
        inventory.answered(answer, &ledger.modalities()?);
    }
    keep(ledger, inventory.cap())?;
    let capped: Vec<String> = inventory.capped().iter().map(Slice::to_string).collect();
    let mut remarks = Vec::new();
    if !capped.is_empty() {
        let at = inventory.cap().at.map(|at| format!(" of {at}")).unwrap_or_default();
        remarks.push(format!(
            "the answer reached the cap{at}, studies may be missing (those without a time or a date): {}",
            listed(&capped)
        ));
    }
    if !refused.is_empty() {
        remarks.push(format!("refused: {}", listed(&refused)));
    }
    Ok((named, (!remarks.is_empty()).then(|| remarks.join("; "))))
}

fn listed(all: &[String]) -> String {
    let more = all.len().saturating_sub(NAMED_MAX);
    let named = all.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join("; ");
    if more > 0 { format!("{named}; and {more} more") } else { named }
}

/// Asks for one part, again after a pause where the old archive suffers.
async fn asked(job: &Job, part: &Slice) -> Result<(Answer, u64), Trouble> {
    let mut pause = job.config.pause.0;
    let mut tries = 0;
    loop {
        tries += 1;
        let mut studies = Vec::new();
        match job.old.studies(part, &mut |seen| studies.push(seen)).await {
            Ok(answer) => {
                let count = studies.len() as u64;
                let ledger = job.ledger.clone();
                let seen =
                    blocking(move || studies.chunks(BATCH_LENGTH).try_for_each(|some| ledger.see(some)));
                seen.await.map_err(|error| Trouble::absent(format!("{error:#}")))?;
                return Ok((answer, count));
            }
            Err(trouble) => {
                let is_long = matches!(part.when, When::Days { from, to } if from < to);
                let may_be_too_much = is_long && !trouble.is_absent && tries >= TOO_MUCH_AFTER;
                if !trouble.suffers || may_be_too_much || tries >= TRIES_MAX {
                    return Err(trouble);
                }
                tracing::warn!(migration = job.name, slice = %part, "the old archive did not answer: {trouble}");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }
}

fn cap(job: &Job) -> Result<Cap> {
    let number =
        |name| -> Result<Option<u64>> { Ok(job.ledger.value(name)?.and_then(|text| text.parse().ok())) };
    if let Some(at) = job.config.cap {
        return Ok(Cap::known(at));
    }
    let trusted = number(TRUSTED)?.unwrap_or(Cap::default().trusted);
    Ok(Cap { at: number(CAP)?, trusted })
}

fn keep(ledger: &Ledger, cap: Cap) -> Result<()> {
    if let Some(at) = cap.at {
        ledger.put_value(CAP, &at.to_string())?;
    }
    Ok(ledger.put_value(TRUSTED, &cap.trusted.to_string())?)
}

/// Reads what is in the files of an old archive.
async fn plan_files(job: &Job, root: &Path, anew: bool) -> Result<()> {
    const SLICE: Slice = Slice { when: When::Any, modality: None };
    if !anew && job.ledger.slices()?.iter().any(|row| row.asked.is_some()) {
        return Ok(());
    }
    job.ledger.begin_inventory(&[SLICE])?;
    job.ledger.note("inventory", "files", Timestamp::now())?;
    let (ledger, root) = (job.ledger.clone(), root.to_path_buf());
    let (files, remark) = blocking(move || read_files(&ledger, &root)).await?;
    job.ledger.slice_done(&SLICE, files, remark.as_deref(), Timestamp::now())?;
    Ok(())
}

/// Gives how many instances the files hold, and what is to be said of the others.
fn read_files(ledger: &Ledger, root: &Path) -> klinke_archive::Result<(u64, Option<String>)> {
    let mut studies: BTreeMap<String, Seen> = BTreeMap::new();
    let mut batch = Vec::new();
    let (mut instances, mut unread) = (0, 0_u64);
    for path in walk(root)? {
        let identity = match Content::open(&path, &Rules::default()) {
            Ok(Content::Instance(identity))
                if !identity.study.is_empty() && !identity.instance.is_empty() =>
            {
                identity
            }
            Ok(Content::Instance(_)) | Err(_) => {
                unread += 1;
                continue;
            }
            Ok(Content::Directory(_) | Content::Other) => continue,
        };
        instances += 1;
        let seen = studies.entry(identity.study.clone()).or_insert_with(|| Seen {
            uid: identity.study.clone(),
            patient: identity.patient.clone(),
            date: identity.date.clone(),
            ..Seen::default()
        });
        if !identity.modality.is_empty() && !seen.modalities.split('\\').any(|one| one == identity.modality) {
            let joint = if seen.modalities.is_empty() { "" } else { "\\" };
            seen.modalities.push_str(&format!("{joint}{}", identity.modality));
        }
        let size = std::fs::metadata(&path).map_or(0, |data| data.len());
        batch.push(FileRow {
            study: identity.study,
            named: Named { series: identity.series, instance: identity.instance },
            path: path.strip_prefix(root).unwrap_or(&path).to_path_buf(),
            size,
        });
        if batch.len() >= BATCH_LENGTH {
            ledger.see_files(&std::mem::take(&mut batch))?;
        }
    }
    ledger.see_files(&batch)?;
    let studies: Vec<Seen> = studies.into_values().collect();
    studies.chunks(BATCH_LENGTH).try_for_each(|some| ledger.see(some))?;
    ledger.count_files()?;
    Ok((instances, (unread > 0).then(|| format!("{unread} files look like instances and have no UIDs"))))
}
