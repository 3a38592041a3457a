//! Looks at the worklist, asks the other archive for the patients' studies when it is time, and takes those that are wanted.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use klinke_archive::Archive;
use klinke_archive::event::Ring;
use klinke_archive::migrate::Trouble;
use klinke_archive::migrate::ledger::{ExpectedRow, Order, Question, Unanswered};
use klinke_archive::migrate::state::wait_after;
use klinke_archive::priors::{Candidate, Expected};
use klinke_archive::worklist::{Step, StepState, WorklistQuery};
use klinke_engine::source::Stop;
use klinke_model::Timestamp;
use tokio::sync::Notify;

use super::job::Job;
use crate::migrate::blocking;
use crate::migrate::hands::Hands;

/// How long it sleeps at most: then it is looked at what has become due.
const SLEEP: Duration = Duration::from_secs(1);
/// How often the worklist is looked at, and how soon again when something has changed in the archive.
const LOOK_EVERY: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(2));
/// A step that was to begin so long ago is not waited for any more.
const LATE: Duration = Duration::from_secs(24 * 3600);
/// How long it is remembered what was asked and what came.
const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);
/// How long nothing is done after the archive or the ledger failed.
const REST: Duration = Duration::from_secs(30);

/// Goes on until `stop` is said.
pub async fn run(job: Arc<Job>, archive: Archive, mut stop: Stop) {
    let ledger = job.hand.ledger.clone();
    // Given back at the end; also makes planned again what a process that died left running.
    let _work = match blocking(move || ledger.work()).await {
        Ok(work) => work,
        Err(error) => {
            tracing::error!(priors = job.name, "earlier studies are not fetched: {error:#}");
            return;
        }
    };
    let rung = Arc::new(Notify::new());
    let bell = rung.clone();
    let ring: Ring = Arc::new(move || bell.notify_one());
    archive.when_changed(&ring);
    let hands = Hands::new(&job.name, job.hand.clone(), archive.clone(), job.pressure);
    let mut running = Running { job, archive, hands, looked: None };
    let mut is_rung = true;
    while !stop.is_said() {
        if let Err(error) = running.round(&mut is_rung, &mut stop).await {
            tracing::error!(priors = running.job.name, "earlier studies wait: {error:#}");
            tokio::select! {
                () = stop.said() => break,
                () = tokio::time::sleep(REST) => {}
            }
        }
        let noted = tokio::select! {
            biased;
            () = stop.said() => break,
            Some(joined) = running.hands.next() => running.hands.ended(joined),
            () = rung.notified(), if !is_rung => {
                is_rung = true;
                Ok(())
            }
            () = tokio::time::sleep(SLEEP) => Ok(()),
        };
        if let Err(error) = noted {
            tracing::error!(priors = running.job.name, "what came of an earlier study: {error:#}");
        }
    }
    running.hands.give_up();
}

struct Running {
    job: Arc<Job>,
    archive: Archive,
    hands: Hands,
    /// When the worklist was looked at last.
    looked: Option<Instant>,
}

impl Running {
    /// Does what is due.
    async fn round(&mut self, is_rung: &mut bool, stop: &mut Stop) -> Result<()> {
        let pause = if *is_rung { LOOK_EVERY.1 } else { LOOK_EVERY.0 };
        if self.looked.is_none_or(|looked| looked.elapsed() >= pause) {
            self.looked = Some(Instant::now());
            *is_rung = false;
            self.look().await?;
        }
        let now = Timestamp::now();
        if self.job.schedule.as_ref().is_some_and(|schedule| !schedule.is_open(now)) {
            return Ok(());
        }
        self.ask(now, stop).await?;
        self.hands.begin_more(Order::Newest, now).await
    }

    /// Notes the steps of the worklist for which something is wanted.
    async fn look(&self) -> Result<()> {
        let (job, archive, now) = (self.job.clone(), self.archive.clone(), Timestamp::now());
        let anew = blocking(move || {
            let mut questions: Vec<Question> = Vec::new();
            archive.worklist(&WorklistQuery::default(), &mut |step| {
                let expected = Expected::of(&step, &*job.offset);
                let expected = expected.filter(|one| one.starts >= now.before(LATE) && job.rule.is_for(one));
                questions.extend(expected.map(|one| one.question(job.before)));
                ControlFlow::Continue(())
            })?;
            job.hand.ledger.forget_expected(now.before(KEPT))?;
            job.hand.ledger.expect_steps(&questions)
        });
        let anew = anew.await?;
        if anew > 0 {
            tracing::info!(priors = self.job.name, steps = anew, "patients are expected");
        }
        Ok(())
    }

    /// Asks for the patients of steps that are due, one after the other.
    async fn ask(&mut self, now: Timestamp, stop: &mut Stop) -> Result<()> {
        while self.hands.pace.may_begin(0, now).is_ok() && !stop.is_said() {
            let ledger = self.job.hand.ledger.clone();
            let Some(row) = blocking(move || ledger.next_expected(now)).await? else { return Ok(()) };
            let (archive, key) = (self.archive.clone(), row.key.clone());
            let step = blocking(move || archive.step(&key)).await?;
            let Some(expected) =
                step.filter(is_wanted).and_then(|step| Expected::of(&step, &*self.job.offset))
            else {
                let ledger = self.job.hand.ledger.clone();
                blocking(move || ledger.not_expected(row.number)).await?;
                continue;
            };
            tokio::select! {
                () = stop.said() => return Ok(()),
                asked = ask_for(&self.job, &row, &expected) => if asked? {
                    self.hands.pace.suffered(Timestamp::now());
                },
            }
        }
        Ok(())
    }
}

/// Whether a step is still to be.
fn is_wanted(step: &Step) -> bool {
    !matches!(step.state, StepState::Cancelled | StepState::Discontinued)
}

/// The studies of a patient, with their modalities where the rule depends on them.
async fn candidates(job: &Job, expected: &Expected) -> Result<Vec<Candidate>, Trouble> {
    let patient = &expected.patient.identifier;
    let mut all = job.hand.old.studies_of_patient(patient).await?;
    if job.rule.needs_modalities() {
        for one in all.iter_mut().filter(|one| one.seen.patient == *patient && one.seen.modalities.is_empty())
        {
            one.seen.modalities = job.hand.old.modalities(&one.seen.uid).await?;
        }
    }
    Ok(all)
}

/// Asks for a patient's studies and notes which are wanted; true where the other archive suffers.
async fn ask_for(job: &Job, row: &ExpectedRow, expected: &Expected) -> Result<bool> {
    let answer = candidates(job, expected).await;
    let (ledger, row, now) = (job.hand.ledger.clone(), row.clone(), Timestamp::now());
    match answer {
        Ok(candidates) => {
            let choice = job.rule.choose(expected, candidates, now);
            let reason = (choice.contradicting > 0).then(|| {
                let count = choice.contradicting;
                format!(
                    "{count} of the studies under this Patient ID have another birth date and are not taken"
                )
            });
            blocking(move || ledger.answered(&row, &choice.wanted, reason.as_deref(), now)).await?;
            Ok(false)
        }
        Err(trouble) => {
            let tries = row.tries + 1;
            let again = match trouble.is_absent {
                // Nothing was asked: it goes on when the pause is over, however often.
                true => Some(now),
                false if (tries as usize) < job.hand.tries => Some(now.after(wait_after(tries))),
                false => None,
            };
            tracing::warn!(priors = job.name, "the other archive does not tell: {trouble}");
            let what = Unanswered { reason: trouble.text, again, counts: !trouble.is_absent };
            blocking(move || ledger.unanswered(row.number, &what)).await?;
            Ok(trouble.suffers)
        }
    }
}
