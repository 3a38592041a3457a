//! What is remembered between looks, and the running site's own look every few seconds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use klinke_console::house::view::Brief;
use klinke_diagnosis::clock::{Clock, by_clock};
use klinke_diagnosis::rhythm::{Land, Told};
use klinke_diagnosis::{Judgement, Lang, Step};
use klinke_engine::Applied;
use klinke_engine::source::Stop;
use klinke_model::Timestamp;

use crate::control::answer::Counter;
use crate::serve::rhythm::Pulse;
use crate::site::node::Diagnosis as Settings;
use crate::site::{Fault, Site};
use crate::wire::{self, End, World};

/// How long what a probe saw is taken for now, when a person asks: nobody can hammer a partner by asking.
const FRESH: Duration = Duration::from_secs(1);
/// How far the machine's clock may drift from its own counter between two looks.
const JUMP: Duration = Duration::from_secs(5);
/// How long a jump is told.
const JUMP_TOLD: Duration = Duration::from_secs(3_600);

/// What is remembered between looks.
#[derive(Default)]
pub struct Watch(Mutex<State>);

#[derive(Default)]
struct State {
    ends: BTreeMap<String, Vec<End>>,
    settings: Settings,
    reserve: u64,
    faults: Vec<String>,
    /// What probes saw last, by the end's name.
    steps: BTreeMap<String, (Instant, Vec<Step>)>,
    /// The latest judgements.
    current: Vec<Judgement>,
    clock: Option<(Instant, Timestamp)>,
    jumped: Option<(Instant, Duration)>,
    /// What the rhythm of each source says.
    pulse: Pulse,
    /// All that the latest look has found.
    latest: Option<Arc<super::Looked>>,
}

impl Watch {
    /// For a site that is not served: its files say what there is.
    pub fn of_files(site: &Result<Site, Vec<Fault>>, world: &World) -> Watch {
        let watch = Watch::default();
        let mut state = watch.lock();
        match site {
            Ok(site) => {
                state.settings = site.node.diagnosis;
                state.reserve = site.node.store.reserve.0 as u64;
                match wire::channels(site, world, &crate::serve::no_relay) {
                    Ok(all) => {
                        state.ends = all.into_iter().map(|one| (one.spec.name.clone(), one.ends)).collect();
                    }
                    Err(faults) => state.faults = faults.iter().map(ToString::to_string).collect(),
                }
            }
            Err(faults) => state.faults = faults.iter().map(ToString::to_string).collect(),
        }
        drop(state);
        watch
    }

    /// Takes over what the site's files say. A channel that was left alone keeps its ends: they count with
    /// its old source.
    pub fn take_over(&self, site: &Site, ends: BTreeMap<String, Vec<End>>, applied: &Applied) {
        let mut state = self.lock();
        state.settings = site.node.diagnosis;
        state.reserve = site.node.store.reserve.0 as u64;
        let is_old = |name: &String| applied.kept.contains(name) || applied.changed.contains(name);
        // What a person has stopped is not among them: it is not judged.
        state.ends.retain(|name, _| is_old(name));
        for (name, ends) in ends {
            state.ends.entry(name).or_insert(ends);
        }
        state.steps.clear();
    }

    /// What the running site has found to be wrong, in short.
    pub fn briefs(&self, clock: Clock<'_>) -> Vec<Brief> {
        let brief = |one: &Judgement| {
            let first = one.suspicions.first()?;
            Some(Brief {
                system: one.system.clone(),
                verdict: first.cause.verdict,
                layer: first.cause.layer,
                cause: first.cause.code.to_owned(),
                since: first.since.map(|since| since.to_string()),
                minor: first.minor,
                summary: by_clock(&first.summary(Lang::En), clock),
                summary_de: by_clock(&first.summary(Lang::De), clock),
            })
        };
        self.lock().current.iter().filter_map(brief).collect()
    }

    /// All that the latest look of the running site has found.
    pub fn latest(&self) -> Option<Arc<super::Looked>> {
        self.lock().latest.clone()
    }

    /// As if a look had found this.
    #[cfg(test)]
    pub fn found(&self, looked: super::Looked) {
        self.lock().latest = Some(Arc::new(looked));
    }

    /// The Land whose holidays count.
    pub fn land(&self) -> Option<Land> {
        self.lock().settings.holidays
    }

    /// Takes over what the rhythm of the sources says.
    pub fn feel(&self, pulse: Pulse) {
        self.lock().pulse = pulse;
    }

    /// What is unusual in the rhythm of a source, and how many are usual in an hour.
    pub(super) fn pulse(&self, source: &str) -> (Vec<Told>, Option<f64>) {
        self.lock().pulse.get(source).cloned().unwrap_or_default()
    }

    pub(super) fn ends(&self) -> Vec<End> {
        self.lock().ends.values().flatten().cloned().collect()
    }

    /// How the site watches its partners.
    pub fn settings(&self) -> Settings {
        self.lock().settings
    }

    pub(super) fn reserve(&self) -> u64 {
        self.lock().reserve
    }

    pub(super) fn faults(&self) -> Vec<String> {
        self.lock().faults.clone()
    }

    pub(super) fn clock_jump(&self) -> Option<Duration> {
        let jumped = self.lock().jumped;
        jumped.filter(|(at, _)| at.elapsed() < JUMP_TOLD).map(|(_, by)| by)
    }

    /// What a probe saw so lately that no other one is to be made.
    pub(super) fn kept(&self, end: &str, asked: bool) -> Option<Vec<Step>> {
        let state = self.lock();
        let (at, steps) = state.steps.get(end)?;
        let limit = if asked { FRESH } else { state.settings.probe_every.0 };
        (at.elapsed() < limit).then(|| steps.clone())
    }

    pub(super) fn keep(&self, end: &str, steps: &[Step]) {
        self.lock().steps.insert(end.to_owned(), (Instant::now(), steps.to_vec()));
    }

    /// Looks whether the clock went on as the machine's own counter did.
    fn look_at_clock(&self) {
        let mut state = self.lock();
        let now = (Instant::now(), Timestamp::now());
        if let Some((then, time)) = state.clock {
            let real = now.0.duration_since(then);
            let shown = Duration::from_micros(u64::try_from((now.1.0 - time.0).max(0)).unwrap_or(0));
            let by = real.abs_diff(shown);
            if by > JUMP {
                state.jumped = Some((now.0, by));
            }
        }
        state.clock = Some(now);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks every few seconds until `stop` is said.
pub async fn run(counter: Arc<Counter>, mut stop: Stop) {
    loop {
        let every = counter.watch.settings().every.0;
        tokio::select! {
            () = stop.said() => return,
            () = tokio::time::sleep(every) => {}
        }
        counter.watch.look_at_clock();
        let (house, runtime) = (counter.clone(), tokio::runtime::Handle::current());
        let looked = tokio::task::spawn_blocking(move || {
            let ends = house.watch.ends();
            super::look(&house, &runtime, &ends, None, false)
        });
        match looked.await {
            Ok(Ok(found)) => take(&counter.watch, found),
            Ok(Err(error)) => tracing::warn!(%error, "the partners could not be judged"),
            Err(error) => tracing::error!(%error, "judging the partners broke off"),
        }
    }
}

/// Keeps what was found, and says what is new. The words of a cause hold no patient data.
fn take(watch: &Watch, looked: super::Looked) {
    let mut state = watch.lock();
    let found = looked.judgements.clone();
    let code = |all: &[Judgement], system: &str| {
        let one = all.iter().find(|one| one.system == system)?;
        one.suspicions.first().map(|first| first.cause.code)
    };
    for one in &found {
        let (before, now) = (code(&state.current, &one.system), code(&found, &one.system));
        if before == now {
            continue;
        }
        match one.suspicions.first() {
            Some(first) => tracing::warn!(
                system = one.system,
                cause = first.cause.code,
                verdict = first.cause.verdict.word(),
                layer = first.cause.layer.word(),
                "{}",
                first.summary(Lang::En)
            ),
            None => tracing::info!(system = one.system, "all is well again"),
        }
    }
    state.current = found;
    state.latest = Some(Arc::new(looked));
}
