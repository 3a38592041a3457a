//! Migrations of a running site: begun, stopped and checked on request, gone on with after a restart.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use klinke_archive::Archive;
use klinke_archive::migrate::Ledger;
use klinke_console::house::migrate::{Ask, Began, Form, Line, Moved, Progress, Stopped, Written};
use klinke_engine::source::{Stop, Stopper};
use klinke_model::Timestamp;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::identity::{Waiting, are_told};
use super::job::{Job, PROGRAM, Pulse, ledger_path};
use super::report::Report;
use super::run::{Ended, run};
use super::verify::verify;
use super::view;
use crate::lang::Language;
use crate::site::Site;

/// The value of the ledger that says whether a running site takes over.
const SERVING: &str = "serving";
/// What was read of a ledger is told again for so long, and for so many times as long as the reading took.
const FRESH: Duration = Duration::from_millis(500);
const FRESH_TIMES: u32 = 20;
/// A report of more studies is written as JSON by the command line alone, which writes it piece by piece.
const JSON_STUDIES_MAX: u64 = 50_000;

/// The migrations of a site with an open archive.
#[derive(Default)]
pub struct Desk {
    archive: Option<Archive>,
    /// The site's files, as they are now.
    site: Mutex<Option<Arc<Site>>>,
    running: Mutex<BTreeMap<String, Going>>,
    checking: Mutex<BTreeMap<String, Checking>>,
    /// Whose patients may still come.
    waiting: Arc<Waiting>,
    /// All in short, as it was read last, when, and how long that took.
    lines: Mutex<Option<(Instant, Duration, Vec<Line>)>>,
}

/// One that takes over.
struct Going {
    stopper: Stopper,
    task: JoinHandle<()>,
    pulse: Arc<Mutex<Pulse>>,
}

/// A check in the background.
struct Checking {
    stopper: Stopper,
    task: JoinHandle<()>,
    /// Studies done, of how many.
    so_far: Arc<(AtomicU64, AtomicU64)>,
}

impl Desk {
    /// For an archive.
    pub fn new(archive: Option<Archive>) -> Self {
        let desk = Desk { archive, ..Desk::default() };
        if let Some(archive) = &desk.archive {
            archive.expect_patients(desk.waiting.clone());
        }
        desk
    }

    /// Takes over what the site's files say: what begins from now on is by them.
    pub fn take_over(&self, site: &Arc<Site>) {
        *self.site.lock().unwrap_or_else(PoisonError::into_inner) = Some(site.clone());
        *self.lines.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if self.archive.is_none() {
            return;
        }
        let mut waiting = Vec::new();
        for (name, migration) in &site.migrations {
            let open = || Ok::<_, anyhow::Error>(Ledger::open(&ledger_path(site, name)?, PROGRAM)?);
            match open() {
                Ok(ledger) => waiting.push((migration.issuer.clone().unwrap_or_default(), Arc::new(ledger))),
                Err(error) => tracing::error!(migration = name, "its ledger can't be opened: {error:#}"),
            }
        }
        self.waiting.set(waiting);
    }

    /// Whether the site has migrations.
    pub fn is_used(&self) -> bool {
        self.archive.is_some() && self.site().is_ok_and(|site| !site.migrations.is_empty())
    }

    /// Goes on with what ran when the program ended.
    pub fn resume(self: &Arc<Self>, runtime: &Handle) {
        let Ok(site) = self.site() else { return };
        for name in site.migrations.keys() {
            let job = match self.job(name) {
                Ok(job) => job,
                Err(error) => {
                    tracing::error!(migration = name, "it can't be gone on with: {error:#}");
                    continue;
                }
            };
            if matches!(job.ledger.value(SERVING), Ok(Some(value)) if value == "1") {
                self.begin(job, runtime);
            }
        }
    }

    /// Does what is asked. Blocks while a check runs that is waited for.
    pub fn answer(
        self: &Arc<Self>,
        ask: Ask,
        runtime: &Handle,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<Value> {
        match ask {
            Ask::List => Ok(serde_json::to_value(self.lines()?)?),
            Ask::Status { name } => Ok(serde_json::to_value(self.progress(&name)?)?),
            Ask::Report { name, lang } => Ok(serde_json::to_value(self.report(&name)?.1.parts(lang.into()))?),
            Ask::Written { name, lang, form } => {
                Ok(serde_json::to_value(self.written(&name, lang.into(), form)?)?)
            }
            Ask::Run { name, again, .. } => {
                let job = self.job(&name)?;
                let again = if again { job.ledger.again()? } else { 0 };
                job.ledger.put_value(SERVING, "1")?;
                let began = self.begin(job, runtime);
                Ok(serde_json::to_value(Began { name, began, again })?)
            }
            Ask::Stop { name, .. } => {
                let job = self.job(&name)?;
                job.ledger.put_value(SERVING, "0")?;
                Ok(serde_json::to_value(Stopped { stopped: self.stop_one(&name, runtime)?, name })?)
            }
            Ask::First { name, of } => {
                let moved = self.job(&name)?.ledger.first(&of)?;
                Ok(serde_json::to_value(Moved { moved })?)
            }
            Ask::Verify { name, compare, background: true, .. } => {
                let began = self.check(self.job(&name)?, compare, runtime)?;
                Ok(serde_json::to_value(Began { name, began, again: 0 })?)
            }
            Ask::Verify { name, compare, .. } => {
                let job = self.job(&name)?;
                if self.checked_so_far(&name).is_some() {
                    bail!("a check of it goes on already");
                }
                let archive = self.archive.as_ref().context("the site has no archive")?;
                let (_stopper, stop) = Stop::new();
                let checked = runtime.block_on(verify(&job, archive, compare, stop, progress))?;
                Ok(serde_json::to_value(checked)?)
            }
        }
    }

    /// All in short.
    fn lines(&self) -> Result<Vec<Line>> {
        let mut last = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, took, lines)) = &*last
            && at.elapsed() < FRESH.max(*took * FRESH_TIMES)
        {
            return Ok(lines.clone());
        }
        let began = Instant::now();
        let site = self.site()?;
        let now = Timestamp::now();
        let line = |name: &String| view::line(&self.job(name)?, self.going(name), now);
        let lines: Vec<Line> = site.migrations.keys().map(line).collect::<Result<_>>()?;
        *last = Some((Instant::now(), began.elapsed(), lines.clone()));
        Ok(lines)
    }

    fn progress(&self, name: &str) -> Result<Progress> {
        let is_told = are_told(&*self.site()?, name);
        view::progress(&self.job(name)?, self.going(name), is_told, Timestamp::now())
    }

    fn report(&self, name: &str) -> Result<(Job, Report)> {
        let job = self.job(name)?;
        let report = Report::of(&*self.site()?, name, &job.ledger, job.schedule.as_ref(), Timestamp::now())?;
        Ok((job, report))
    }

    fn written(&self, name: &str, lang: Language, form: Form) -> Result<Written> {
        let (job, report) = self.report(name)?;
        let text = match form {
            Form::Html => report.html(lang),
            Form::Md => report.markdown(lang),
            Form::Json if report.tally.all() > JSON_STUDIES_MAX => {
                bail!(
                    "it has more than {JSON_STUDIES_MAX} studies: write it with `klinke migrate … report --to report.json`"
                )
            }
            Form::Json => {
                let mut out = Vec::new();
                report.write_json(&job.ledger, &mut out)?;
                String::from_utf8(out)?
            }
        };
        Ok(Written { text })
    }

    /// What goes on of a migration.
    fn going(&self, name: &str) -> view::Going {
        let running = self.lock();
        let going = running.get(name).filter(|going| !going.task.is_finished());
        let pulse = going.map(|going| *going.pulse.lock().unwrap_or_else(PoisonError::into_inner));
        view::Going { pulse, checking: self.checked_so_far(name) }
    }

    fn checked_so_far(&self, name: &str) -> Option<(u64, u64)> {
        let checking = self.checking.lock().unwrap_or_else(PoisonError::into_inner);
        let check = checking.get(name).filter(|check| !check.task.is_finished())?;
        Some((check.so_far.0.load(Ordering::Relaxed), check.so_far.1.load(Ordering::Relaxed)))
    }

    /// Begins to check in the background; gives whether none went on yet.
    fn check(&self, job: Job, compare: Option<u32>, runtime: &Handle) -> Result<bool> {
        let archive = self.archive.clone().context("the site has no archive")?;
        let mut checking = self.checking.lock().unwrap_or_else(PoisonError::into_inner);
        if checking.get(&job.name).is_some_and(|check| !check.task.is_finished()) {
            return Ok(false);
        }
        let (stopper, stop) = Stop::new();
        let so_far = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
        let (name, tell) = (job.name.clone(), so_far.clone());
        let task = runtime.spawn(async move {
            let mut progress = |done, of| {
                tell.0.store(done, Ordering::Relaxed);
                tell.1.store(of, Ordering::Relaxed);
            };
            // What it found stands in the ledger.
            if let Err(error) = verify(&job, &archive, compare, stop, &mut progress).await {
                tracing::error!(migration = job.name, "the check broke off: {error:#}");
                let _ = job.ledger.note("check broke off", &format!("{error:#}"), Timestamp::now());
            }
        });
        checking.insert(name, Checking { stopper, task, so_far });
        Ok(true)
    }

    /// Stops taking over and checking; gives whether anything of that went on. What is under way is given back when it returns.
    fn stop_one(&self, name: &str, runtime: &Handle) -> Result<bool> {
        let going = self.lock().remove(name).map(|going| (going.stopper, going.task));
        let checking = self.checking.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        let checking = checking.map(|check| (check.stopper, check.task));
        let mut was_going = false;
        for (stopper, task) in going.into_iter().chain(checking) {
            was_going |= !task.is_finished();
            stopper.say();
            runtime.block_on(task)?;
        }
        Ok(was_going)
    }

    /// Stops all, in good order; they are gone on with at the next start.
    pub async fn stop(&self) {
        let all = std::mem::take(&mut *self.lock());
        let checks = std::mem::take(&mut *self.checking.lock().unwrap_or_else(PoisonError::into_inner));
        let checks = checks.into_values().map(|check| (check.stopper, check.task));
        for (stopper, task) in all.into_values().map(|going| (going.stopper, going.task)).chain(checks) {
            stopper.say();
            let _ = task.await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Going>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn site(&self) -> Result<Arc<Site>> {
        let site = self.site.lock().unwrap_or_else(PoisonError::into_inner).clone();
        site.context("nothing serves this site")
    }

    fn job(&self, name: &str) -> Result<Job> {
        if self.archive.is_none() {
            bail!("the site has no archive");
        }
        let site = self.site()?;
        if !site.migrations.contains_key(name) {
            bail!("there is no migration {name:?}");
        }
        Job::open(&site, name)
    }

    /// Begins; gives whether it did not run yet.
    fn begin(self: &Arc<Self>, job: Job, runtime: &Handle) -> bool {
        let mut all = self.lock();
        if all.get(&job.name).is_some_and(|going| !going.task.is_finished()) {
            return false;
        }
        let Some(archive) = self.archive.clone() else { return false };
        let (stopper, stop) = Stop::new();
        let (name, pulse) = (job.name.clone(), job.pulse.clone());
        let task = runtime.spawn(async move {
            let job = Arc::new(job);
            tracing::info!(migration = job.name, "taking over begins");
            match run(job.clone(), archive, stop).await {
                Ok(Ended::Done) => {
                    let _ = job.ledger.put_value(SERVING, "0");
                    tracing::info!(migration = job.name, "nothing is left that could be taken over");
                }
                Ok(Ended::Stopped) => tracing::info!(migration = job.name, "taking over was stopped"),
                Err(error) => {
                    tracing::error!(migration = job.name, "taking over ended: {error:#}");
                    let _ = job.ledger.note("broke off", &format!("{error:#}"), Timestamp::now());
                }
            }
        });
        all.insert(name, Going { stopper, task, pulse });
        true
    }
}
