//! From facts to a judgement: rungs in order, and the first that breaks gives the verdict.
//!
//! Pure functions. A probe's word counts where it can; where the running site knows better (a message was
//! accepted a moment ago), it does not.
//!
//! | what | where |
//! |---|---|
//! | what probes saw | `wire` |
//! | how connections lived: firewalls, restarts, black holes | `pattern` |
//! | what attempts were answered | `answer` |
//! | lanes and dead deliveries | `queue` |
//! | what comes from a system | `arrivals` |
//! | this machine | `own` |
//! | the rhythm of what comes | `silence` |

mod answer;
mod arrivals;
mod own;
mod pattern;
mod queue;
mod silence;
mod wire;

use std::cmp::Reverse;
use std::time::Duration;

use klinke_model::Timestamp;

use crate::cause::Cause;
use crate::facts::{Facts, Inbound, Outbound};
use crate::lang::{Text, span};
use crate::{Layer, Step};

pub use own::judge_own;

/// How long back attempts are looked at.
pub(crate) const LATELY: Duration = Duration::from_secs(4 * 3_600);
/// How long an accepted message proves that the way is good.
const PROOF: Duration = Duration::from_secs(120);

/// What the facts of one system say.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// The system's name.
    pub system: String,
    /// What people call it.
    pub title: Option<String>,
    /// Whom to call.
    pub contact: Option<String>,
    /// The site's name.
    pub site: String,
    /// When it was judged.
    pub at: Timestamp,
    /// What is wrong, the worst first; empty when all is well.
    pub suspicions: Vec<Suspicion>,
    /// What was looked at, from the wire up.
    pub rungs: Vec<Rung>,
    /// True when there was nothing to judge by: no attempts, no probe.
    pub blind: bool,
}

/// One cause that the facts speak for.
#[derive(Clone, Debug)]
pub struct Suspicion {
    /// The cause.
    pub cause: &'static Cause,
    /// Words for its sentences.
    pub words: Vec<(&'static str, Text)>,
    /// How sure it is, from 0 to 1.
    pub confidence: f64,
    /// What speaks for it.
    pub proof: Vec<Text>,
    /// Since when, where that is known.
    pub since: Option<Timestamp>,
    /// True when things go on in spite of it.
    pub minor: bool,
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub struct Rung {
    /// Which rung.
    pub layer: Layer,
    /// Of which way: a channel, or `channel/destination`.
    pub at: String,
    /// What was done.
    pub did: Text,
    /// What was seen.
    pub saw: Text,
    /// How long it took; nothing for what was known anyway.
    pub took: Option<Duration>,
    /// Whether it holds; `None` when it says nothing by itself.
    pub well: Option<bool>,
}

impl Suspicion {
    /// Of a cause.
    pub(crate) fn new(cause: &'static Cause, confidence: f64) -> Self {
        Suspicion { cause, words: Vec::new(), confidence, proof: Vec::new(), since: None, minor: false }
    }

    pub(crate) fn word(mut self, name: &'static str, word: impl ToString) -> Self {
        self.words.push((name, Text::same(word.to_string())));
        self
    }

    pub(crate) fn text(mut self, name: &'static str, text: Text) -> Self {
        self.words.push((name, text));
        self
    }

    pub(crate) fn time(self, name: &'static str, time: Duration) -> Self {
        self.text(name, span(time))
    }

    pub(crate) fn proof(mut self, proof: Text) -> Self {
        self.proof.push(proof);
        self
    }

    pub(crate) fn since(mut self, since: Option<Timestamp>) -> Self {
        self.since = since;
        self
    }

    pub(crate) fn minor(mut self) -> Self {
        self.minor = true;
        self
    }
}

/// Judges a system by its facts.
pub fn judge(facts: &Facts) -> Judgement {
    let mut suspicions = Vec::new();
    let mut rungs = Vec::new();
    for out in &facts.out {
        suspicions.extend(outbound(facts, out));
        rungs.extend(out.steps.iter().map(|step| rung(&out.name, step)));
        rungs.extend(answer::rung(facts, out));
    }
    for one in &facts.from {
        suspicions.extend(inbound(facts, one));
        rungs.extend(one.steps.iter().map(|step| rung(&one.name, step)));
        rungs.extend(arrivals::rung(facts, one));
    }
    let blind = rungs.is_empty();
    suspicions.extend(silence::judge(facts));
    rungs.extend(silence::rung(facts));
    rungs.sort_by_key(|rung| rung.layer);
    order(&mut suspicions);
    Judgement {
        system: facts.system.clone(),
        title: facts.title.clone(),
        contact: facts.contact.clone(),
        site: facts.site.clone(),
        at: facts.now,
        suspicions,
        rungs,
        blind,
    }
}

/// What keeps messages from going first; among these, the lowest rung.
pub(crate) fn order(suspicions: &mut Vec<Suspicion>) {
    suspicions.sort_by_key(|one| {
        (one.minor, one.cause.layer, Reverse((one.confidence * 100.0) as i64), one.cause.code)
    });
    let mut seen = Vec::new();
    suspicions.retain(|one| {
        let key = (one.cause.code, format!("{:?}", one.words));
        let new = !seen.contains(&key);
        seen.push(key);
        new
    });
}

fn rung(at: &str, step: &Step) -> Rung {
    Rung {
        layer: step.layer,
        at: at.to_owned(),
        did: step.did.text(),
        saw: step.saw.text(),
        took: Some(step.took),
        well: step.saw.is_well(),
    }
}

/// One way to a system: of what keeps it from working the lowest rung alone is told, as all above follows
/// from it.
fn outbound(facts: &Facts, out: &Outbound) -> Vec<Suspicion> {
    let mut grave = pattern::judge(facts, out);
    grave.extend(wire::judge(facts, out));
    grave.extend(answer::judge(facts, out));
    grave.extend(queue::held(out));
    order(&mut grave);
    let first = grave.iter().position(|one| !one.minor);
    let mut found: Vec<Suspicion> = first.map(|at| grave.remove(at)).into_iter().collect();
    found.extend(grave.into_iter().filter(|one| one.minor));
    if found.is_empty() {
        found.extend(queue::dead(out));
    }
    found
}

fn inbound(facts: &Facts, one: &Inbound) -> Vec<Suspicion> {
    let mut found = arrivals::judge(facts, one);
    order(&mut found);
    found
}

/// True when a message was accepted so lately, or over a connection that still stands, that a probe's
/// failure is the probe's own: a partner that allows one connection has ours.
pub(crate) fn is_proven(facts: &Facts, out: &Outbound) -> bool {
    let Some(last) = out.attempts.last() else { return out.connected };
    let accepted = last.end == crate::facts::End::Accepted;
    accepted && (out.connected || facts.now.since(last.ended) < PROOF)
}
