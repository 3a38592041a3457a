//! Diagnosis of a site: facts are gathered from the engine, the store, the adapters and this machine,
//! partners that look broken are probed, and the ladder judges.
//!
//! | what | where |
//! |---|---|
//! | facts of partners | [`gather`] |
//! | facts of this machine and program | [`own`] |
//! | attempts out of the store, when nothing serves | [`past`] |
//! | what is remembered between looks, and when a probe may be made | [`watch`] |

mod gather;
mod own;
mod past;
mod watch;

pub use watch::{Watch, run};

/// What one look has found: facts, and what they say.
pub struct Looked {
    /// The judgements, our own last.
    pub judgements: Vec<Judgement>,
    /// The facts of the systems.
    pub facts: Vec<Facts>,
    /// The facts of ourselves.
    pub own: Own,
}

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use klinke_adapters::probe::How;
use klinke_diagnosis::facts::{End as Ended, Facts, Own};
use klinke_diagnosis::finding::Diagnosis;
use klinke_diagnosis::{Judgement, Lang, Step, judge, judge_own};
use klinke_model::Timestamp;
use tokio::runtime::Handle;

use crate::control::answer::Counter;
use crate::site::system::ProbeMode;
use crate::wire::End;

/// How many probes are made at once.
const PROBES_MAX: usize = 8;
/// The name of this machine and program among the systems.
const OWN: &str = "klinke";

/// Diagnoses all systems, or one. Blocks while the store is read and partners are probed.
pub fn diagnose(counter: &Counter, runtime: &Handle, system: Option<&str>, lang: Lang) -> Result<Diagnosis> {
    let ends = counter.watch.ends();
    let mut judgements = look(counter, runtime, &ends, system, true)?.judgements;
    if let Some(name) = system {
        judgements.retain(|one| one.system == name);
        if judgements.is_empty() {
            let mut known: Vec<String> = ends.iter().map(End::owner).collect();
            known.sort();
            known.dedup();
            bail!("there is no system `{name}`; there are {}, {OWN}", known.join(", "));
        }
    }
    let clock = |at: Timestamp| counter.world.zone.clock(at);
    Ok(Diagnosis {
        site: counter.files().site.clone(),
        at: Timestamp::now().to_string(),
        serving: counter.engine.is_some(),
        findings: judgements.iter().map(|one| one.finding(lang).by_clock(&clock)).collect(),
    })
}

/// Gathers, probes what may and needs to be probed, and judges. `asked` is false for the running site's own
/// look, which probes only what looks broken.
fn look(
    counter: &Counter,
    runtime: &Handle,
    ends: &[End],
    system: Option<&str>,
    asked: bool,
) -> Result<Looked> {
    let wanted: Vec<End> =
        ends.iter().filter(|end| system.is_none_or(|name| end.owner() == name)).cloned().collect();
    let mut all = gather::facts(counter, runtime, &wanted)?;
    let needed = |end: &&End| needs_probe(end, &all, asked);
    let to_probe: Vec<End> = wanted.iter().filter(needed).cloned().collect();
    let seen = probe(counter, runtime, &to_probe, &all, asked);
    lay_in(&mut all, &seen);
    let mut judgements: Vec<Judgement> = all.iter().map(judge).collect();
    let mut own = Own::default();
    if system.is_none_or(|name| name == OWN) {
        own = own::own(counter, ends, runtime)?;
        own.compare_clocks(&all);
        judgements.push(judge_own(&own));
    }
    Ok(Looked { judgements, facts: all, own })
}

/// Whether a probe would tell something: not when messages pass, and for the site's own look only when
/// they do not.
fn needs_probe(end: &End, all: &[Facts], asked: bool) -> bool {
    let Some(out) = out_of(end, all) else { return false };
    let last = out.attempts.last();
    let passes = last.is_none_or(|last| last.end == Ended::Accepted);
    if passes && out.connected {
        return false;
    }
    // A source that connects out has no attempts: it stands, or it does not.
    let stands_not = end.destination.is_none() && !out.connected;
    asked || stands_not || out.down || last.is_some_and(|last| last.end != Ended::Accepted)
}

fn out_of<'a>(end: &End, all: &'a [Facts]) -> Option<&'a klinke_diagnosis::facts::Outbound> {
    let name = end.name();
    all.iter().flat_map(|facts| &facts.out).find(|out| out.name == name)
}

/// Probes several ends at once; what was probed a moment ago is not probed again.
fn probe(
    counter: &Counter,
    runtime: &Handle,
    ends: &[End],
    all: &[Facts],
    asked: bool,
) -> BTreeMap<String, Vec<Step>> {
    let settings = counter.watch.settings();
    let mut seen = BTreeMap::new();
    let mut due = Vec::new();
    for end in ends.iter().filter(|end| end.mode != ProbeMode::Off && settings.probe != ProbeMode::Off) {
        let Some(probe) = &end.probe else { continue };
        match counter.watch.kept(&end.name(), asked) {
            Some(steps) => drop(seen.insert(end.name(), steps)),
            None => {
                let accepts = out_of(end, all).and_then(|out| out.attempts.last());
                let well = accepts.is_some_and(|last| last.end == Ended::Accepted);
                let how =
                    How { limit: settings.limit.0, greet: !well, echo: end.mode == ProbeMode::Echo && !well };
                due.push((end.name(), probe.climb(how)));
            }
        }
    }
    runtime.block_on(async {
        while !due.is_empty() {
            let rest = due.split_off(due.len().min(PROBES_MAX));
            let mut under_way = tokio::task::JoinSet::new();
            for (name, climb) in due {
                under_way.spawn(async move { (name, climb.await) });
            }
            while let Some(done) = under_way.join_next().await {
                let Ok((name, steps)) = done else { continue };
                counter.watch.keep(&name, &steps);
                seen.insert(name, steps);
            }
            due = rest;
        }
    });
    seen
}

/// Puts what probes saw to the ends that they looked at.
fn lay_in(all: &mut [Facts], seen: &BTreeMap<String, Vec<Step>>) {
    for out in all.iter_mut().flat_map(|facts| &mut facts.out) {
        if let Some(steps) = seen.get(&out.name) {
            out.steps = steps.clone();
        }
    }
}
