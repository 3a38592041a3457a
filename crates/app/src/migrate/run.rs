//! Taking studies, as many at a time as is good for the old archive, in the hours that the site allows, until all are taken.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use klinke_archive::Archive;
use klinke_archive::worklist::WorklistQuery;
use klinke_dimse::tags;
use klinke_engine::source::Stop;
use klinke_model::Timestamp;
use tokio::task::JoinHandle;

use super::blocking;
use super::hands::Hands;
use super::identity::Identities;
use super::job::{Job, Pulse};
use super::plan::plan;
use super::take::Hand;

/// How long it sleeps at most: then the ledger is looked at again, which others may have written to.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often the worklist is looked at for patients who are expected.
const WORKLIST_EVERY: Duration = Duration::from_secs(10);
/// How often it is noted that it works.
const NOTE_EVERY: Duration = Duration::from_secs(20);
/// How long after a failed inventory it is gone on with.
const PLAN_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing is left that could be taken.
    Done,
    /// It was told to stop.
    Stopped,
}

/// Takes over until all is taken or given up, or it is told to stop. Holds the right to do so.
pub async fn run(job: Arc<Job>, archive: Archive, mut stop: Stop) -> Result<Ended> {
    let ledger = job.ledger.clone();
    let _work = blocking(move || ledger.work()).await?;
    let of = job.clone();
    let identities = Arc::new(tokio::task::spawn_blocking(move || Identities::of(&of)).await??);
    job.ledger.note("run", job.config.way.name(), Timestamp::now())?;
    let planning = tokio::spawn(keep_planning(job.clone(), stop.clone()));
    let mut settling =
        tokio::spawn(identities.clone().settle_all(job.clone(), archive.clone(), stop.clone()));
    let hand = Hand { identities: Some(identities), ..job.hand() };
    let mut running = Running {
        hands: Hands::new(&job.name, hand, archive.clone(), job.config.pressure()),
        job,
        archive,
        worklist: None,
        noted: None,
    };
    let mut ended = running.go(&planning, &settling, &mut stop).await;
    running.hands.give_up();
    planning.abort();
    if ended.is_ok() {
        // It ends by itself: with the last study, or as it was told to stop.
        let settled = (&mut settling).await.context("settling who patients are broke off");
        ended = settled.and_then(|settled| settled).and(ended);
    }
    settling.abort();
    let word = match &ended {
        Ok(Ended::Done) => "done",
        Ok(Ended::Stopped) => "stopped",
        Err(_) => "failed",
    };
    running.job.ledger.note(word, "", Timestamp::now())?;
    ended
}

/// The inventory goes on beside, and is gone on with after a failure.
async fn keep_planning(job: Arc<Job>, mut stop: Stop) -> Result<()> {
    loop {
        match plan(&job, false, &mut stop).await {
            Ok(_) => return Ok(()),
            Err(error) => tracing::warn!(migration = job.name, "the inventory broke off: {error:#}"),
        }
        tokio::select! {
            () = stop.said() => return Ok(()),
            () = tokio::time::sleep(PLAN_AGAIN_AFTER) => {}
        }
    }
}

struct Running {
    job: Arc<Job>,
    archive: Archive,
    hands: Hands,
    /// When the worklist was looked at last.
    worklist: Option<Timestamp>,
    /// When it was noted last that it works.
    noted: Option<Timestamp>,
}

impl Running {
    async fn go(
        &mut self,
        planning: &JoinHandle<Result<()>>,
        settling: &JoinHandle<Result<bool>>,
        stop: &mut Stop,
    ) -> Result<Ended> {
        loop {
            let now = Timestamp::now();
            self.beat(now);
            let is_open = self.job.schedule.as_ref().is_none_or(|schedule| schedule.is_open(now));
            if is_open {
                self.expect_patients(now).await?;
                self.hands.begin_more(self.job.config.order.into(), now).await?;
                self.note(now)?;
                let is_planned = planning.is_finished() && settling.is_finished();
                if self.hands.are_empty() && is_planned && self.job.ledger.next_due()?.is_none() {
                    return Ok(Ended::Done);
                }
            }
            tokio::select! {
                biased;
                () = stop.said() => return Ok(Ended::Stopped),
                Some(joined) = self.hands.next() => self.hands.ended(joined)?,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Says how hard the old archive is pressed.
    fn beat(&self, now: Timestamp) {
        let pace = &self.hands.pace;
        let pulse = Pulse {
            running: self.hands.count(),
            allowed: pace.allowed(),
            sufferings: pace.sufferings(),
            until: pace.may_begin(0, now).err().flatten(),
        };
        *self.job.pulse.lock().unwrap_or_else(PoisonError::into_inner) = pulse;
    }

    /// Studies of patients on the worklist go before those that nobody has asked for.
    async fn expect_patients(&mut self, now: Timestamp) -> Result<()> {
        if self.worklist.is_some_and(|last| now.since(last) < WORKLIST_EVERY) {
            return Ok(());
        }
        let since = self.worklist.replace(now);
        let (archive, ledger) = (self.archive.clone(), self.job.ledger.clone());
        let moved = blocking(move || {
            let mut patients = std::collections::BTreeSet::new();
            archive.worklist(&WorklistQuery::default(), &mut |step| {
                if since.is_none_or(|since| step.changed.after(WORKLIST_EVERY) >= since) {
                    let id = step.attributes.raw(tags::PATIENT_ID).map(String::from_utf8_lossy);
                    patients.extend(id.map(|id| id.trim_matches([' ', '\0']).to_owned()));
                }
                std::ops::ControlFlow::Continue(())
            })?;
            let known = patients.iter().filter(|patient| !patient.is_empty());
            known.map(|patient| ledger.expect(patient)).sum::<klinke_archive::Result<u64>>()
        });
        let moved = moved.await?;
        if moved > 0 {
            tracing::info!(
                migration = self.job.name,
                studies = moved,
                "studies of expected patients go first"
            );
        }
        Ok(())
    }

    /// Notes that it works, also where nothing comes: how fast it goes is counted by that.
    fn note(&mut self, now: Timestamp) -> Result<()> {
        let is_idle = self.hands.are_empty() && self.hands.pace.may_begin(0, now).is_ok();
        if is_idle || self.noted.is_some_and(|last| now.since(last) < NOTE_EVERY) {
            return Ok(());
        }
        self.noted = Some(now);
        Ok(self.job.ledger.came(0, 0, now)?)
    }
}
