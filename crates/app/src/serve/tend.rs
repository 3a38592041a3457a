//! Looks after the studies of a running archive: what rules let go, what moves to another tier, what is packed. At night, in small
//! bites; quotas at all times.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use klinke_adapters::dicom::Peers;
use klinke_archive::retention::{Due, Facts, Rule};
use klinke_archive::{Archive, Result, Tended};
use klinke_engine::schedule::Schedule;
use klinke_engine::source::Stop;
use klinke_model::Timestamp;

use crate::site::keeping::{Compress, Tier};

/// How often it is looked whether there is something to do.
const EVERY: Duration = Duration::from_secs(60);
/// All that is due is looked for once in this time.
const ONCE_IN: Duration = Duration::from_secs(12 * 3600);
/// Rest after each study: who stores and reads comes first.
const REST: Duration = Duration::from_millis(20);
/// Files that others took the place of are kept for so long: who was about to read them has done so by then.
const LEFT_OVER_KEPT: Duration = Duration::from_secs(3600);
/// Studies that are looked at in one go.
const PAGE_LENGTH: usize = 500;
/// In hundredths of a quota: from here on studies go, and down to here.
const HIGH: u64 = 95;
const LOW: u64 = 90;

/// What is to be done with studies as they grow old.
#[derive(Clone, Debug, Default)]
pub struct Keeping {
    /// How long they are kept.
    pub rules: Vec<Rule>,
    /// Where they are kept.
    pub tiers: Vec<Tier>,
    /// How they are kept.
    pub compress: Vec<Compress>,
    /// How much there may be.
    pub quota: Option<u64>,
}

/// Goes on until `stop` is said.
pub async fn run(archive: Archive, keeping: Keeping, peers: Peers, hours: Schedule, mut stop: Stop) {
    let keeping = Arc::new(keeping);
    let (mut done, halt) = (None, Arc::new(AtomicBool::new(false)));
    loop {
        let now = Timestamp::now();
        let is_due = hours.is_open(now) && done.is_none_or(|done| now.since(done) > ONCE_IN);
        let work = {
            let (archive, keeping, peers) = (archive.clone(), keeping.clone(), peers.clone());
            let (hours, halt) = (hours.clone(), halt.clone());
            move || -> Result<()> {
                archive.remove_left_over(Timestamp::now().before(LEFT_OVER_KEPT))?;
                relieve(&archive, &keeping, &peers)?;
                if is_due {
                    let may_go_on = || !halt.load(Ordering::Relaxed) && hours.is_open(Timestamp::now());
                    night(&archive, &keeping, &may_go_on)?;
                }
                Ok(())
            }
        };
        let mut working = tokio::task::spawn_blocking(work);
        let worked = tokio::select! {
            worked = &mut working => worked,
            () = stop.said() => {
                halt.store(true, Ordering::Relaxed);
                // What it is doing comes to its end: nothing is left half done.
                let _ = working.await;
                return;
            }
        };
        match worked {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!("studies could not be looked after: {error}"),
            Err(error) => tracing::error!(%error, "looking after studies broke off"),
        }
        done = if is_due { Some(now) } else { done };
        tokio::select! {
            () = stop.said() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// All that is due in a night.
fn night(archive: &Archive, keeping: &Keeping, may_go_on: &dyn Fn() -> bool) -> Result<()> {
    let (mut studies, mut instances) = (0_u64, 0);
    for due in all_due(archive, &keeping.rules, false)? {
        if !may_go_on() {
            return Ok(());
        }
        instances += archive.let_go_of(&due, Timestamp::now())?;
        studies += 1;
        std::thread::sleep(REST);
    }
    if studies > 0 {
        tracing::info!(studies, instances, "studies were thrown away by rules of retention");
    }
    tend(archive, keeping, may_go_on)
}

/// All studies that rules let go, the oldest first.
pub fn all_due(archive: &Archive, rules: &[Rule], full: bool) -> Result<Vec<Due>> {
    let (mut all, mut after, now) = (Vec::new(), 0, Timestamp::now());
    if rules.is_empty() {
        return Ok(all);
    }
    loop {
        let look = archive.due(rules, after, now, full)?;
        all.extend(look.due);
        match look.next {
            Some(next) => after = next,
            None => break,
        }
    }
    all.sort_by_key(|due| due.since);
    Ok(all)
}

/// Packs studies and moves them to tiers.
fn tend(archive: &Archive, keeping: &Keeping, may_go_on: &dyn Fn() -> bool) -> Result<()> {
    if keeping.tiers.is_empty() && keeping.compress.is_empty() {
        return Ok(());
    }
    let (mut after, mut packed, mut moved) = (0, Tended::default(), Tended::default());
    loop {
        let page = archive.facts(after, PAGE_LENGTH)?;
        let Some(last) = page.last() else { break };
        after = last.number;
        for facts in page {
            if !may_go_on() {
                return Ok(());
            }
            let (one, other) = tend_one(archive, keeping, &facts)?;
            for (sum, one) in [(&mut packed, one), (&mut moved, other)] {
                let Some(one) = one else { continue };
                sum.files += one.files;
                sum.before += one.before;
                sum.bytes += one.bytes;
                sum.left += one.left;
                std::thread::sleep(REST);
            }
        }
    }
    if packed.files > 0 {
        let Tended { files, before, bytes, left } = packed;
        tracing::info!(files, before, bytes, left, "images were packed");
    }
    if moved.files > 0 {
        tracing::info!(files = moved.files, bytes = moved.bytes, "files were moved to a tier");
    }
    Ok(())
}

/// What was done with one study: packed, moved.
fn tend_one(archive: &Archive, keeping: &Keeping, facts: &Facts) -> Result<(Option<Tended>, Option<Tended>)> {
    let now = Timestamp::now();
    // The last that is old enough is the one for the oldest; the first arrival says enough while it is too young.
    let youngest = |after: Duration| facts.arrived <= now.before(after);
    let compress = keeping.compress.iter().find(|one| {
        let is_meant =
            one.modality.is_empty() || one.modality.iter().any(|name| facts.modalities.contains(name));
        is_meant && youngest(one.after.0)
    });
    let compress = compress.filter(|_| !facts.is_packed);
    let tier = keeping.tiers.iter().filter(|tier| youngest(tier.after.0)).max_by_key(|tier| tier.after.0);
    let tier = tier.filter(|tier| tier.name != facts.tier);
    if compress.is_none() && tier.is_none() {
        return Ok((None, None));
    }
    let latest = archive.latest_arrival(facts)?;
    let is_old = |after: Duration| latest <= now.before(after);
    let packed = match compress.filter(|one| is_old(one.after.0)) {
        Some(one) => Some(archive.pack(&facts.study, one.to.uid())?),
        None => None,
    };
    let moved = match tier.filter(|tier| is_old(tier.after.0)) {
        Some(tier) => Some(archive.move_to_tier(&facts.study, &tier.name)?),
        None => None,
    };
    Ok((packed, moved))
}

/// Where a quota is nearly reached, the oldest of what rules allow goes.
fn relieve(archive: &Archive, keeping: &Keeping, peers: &Peers) -> Result<()> {
    if let Some(quota) = keeping.quota {
        relieve_one(archive, keeping, None, quota)?;
    }
    for (sender, quota) in peers.quotas() {
        relieve_one(archive, keeping, Some(&sender), quota)?;
    }
    Ok(())
}

fn relieve_one(archive: &Archive, keeping: &Keeping, sender: Option<&str>, quota: u64) -> Result<()> {
    if archive.usage(sender)? < quota / 100 * HIGH {
        return Ok(());
    }
    let mut studies = 0_u64;
    for due in all_due(archive, &keeping.rules, true)? {
        if archive.usage(sender)? < quota / 100 * LOW {
            break;
        }
        if sender.is_none_or(|sender| archive.is_sent_by(&due.study, sender).unwrap_or(false)) {
            archive.let_go_of(&due, Timestamp::now())?;
            studies += 1;
        }
    }
    if studies > 0 {
        tracing::info!(studies, sender, "studies were thrown away because a quota is reached");
    }
    Ok(())
}
