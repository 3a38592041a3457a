//! A changed channel runs along with the one that is live, and delivers nothing.
//!
//! It follows the store behind the writer: what came goes once more through the steps under which it was
//! accepted and through the changed ones, and what differs is counted as a replay counts it. Steps are pure,
//! so nothing can be delivered, and intake and lanes know nothing of it. How far it has come and what it has
//! found outlives a restart.

mod ask;
mod runner;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use klinke_console::house::replay::Replayed;
use klinke_model::{EnvelopeId, Timestamp};
use klinke_store::Store;
use serde::{Deserialize, Serialize};

use crate::replay::Tally;
use crate::site::Site;

pub use ask::{answer, look, states};
pub use runner::run;

/// Shadows at a time.
pub const SHADOWS_MAX: usize = 20;

const PREFIX: &str = "shadow/";

/// What a restart must know of a shadow. The examples in it are patient data, as all of the store is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The folder of its files, below that of the revisions.
    pub folder: String,
    /// The revision that they are.
    pub revision: String,
    /// The changed channel's version.
    pub text: String,
    /// True when taking it starts the channel anew.
    pub restarts: bool,
    /// Since when it runs along, microseconds since 1970.
    pub since: i64,
    /// Envelopes that the channel had received by then.
    pub received: u64,
    /// The last envelope that went through both.
    pub after: u64,
    /// What differs so far.
    pub differences: Replayed,
}

/// How often what was found is written.
const WRITE_EVERY: Duration = Duration::from_secs(5);

/// A shadow at work.
struct Shadow {
    kept: Kept,
    tally: Tally,
    trouble: Option<String>,
    /// When it was last written.
    written: Option<Instant>,
    /// Tells it from a later one of the same channel.
    number: u64,
}

/// All shadows of a site.
pub struct Shadows {
    store: Arc<dyn Store>,
    all: Mutex<BTreeMap<String, Shadow>>,
    /// Held from when changed files are laid down until it is written who needs them: whoever sweeps in between
    /// would take them away.
    pub laying: tokio::sync::Mutex<()>,
    /// The site that runs, to hold changed files against: its folder may say something else already.
    live: Mutex<Option<Arc<Site>>>,
}

impl Shadows {
    /// Those that an earlier run has left.
    pub fn open(store: Arc<dyn Store>) -> Result<Shadows> {
        let mut all = BTreeMap::new();
        for (number, (name, value)) in (0..).zip(store.values(PREFIX, None, SHADOWS_MAX)?) {
            let channel = name.strip_prefix(PREFIX).unwrap_or(&name).to_owned();
            let kept: Kept = serde_json::from_slice(&value).with_context(|| name.clone())?;
            let tally = Tally::of(kept.differences.clone());
            all.insert(channel, Shadow { kept, tally, trouble: None, written: None, number });
        }
        Ok(Shadows {
            store,
            all: Mutex::new(all),
            laying: tokio::sync::Mutex::default(),
            live: Mutex::default(),
        })
    }

    /// This site runs now.
    pub fn beside(&self, live: Arc<Site>) {
        *self.live.lock().unwrap_or_else(PoisonError::into_inner) = Some(live);
    }

    /// The site that runs; nothing while nothing serves.
    fn live(&self) -> Option<Arc<Site>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is known of a channel's shadow.
    pub fn kept(&self, channel: &str) -> Option<Kept> {
        self.lock().get(channel).map(|shadow| shadow.kept.clone())
    }

    /// The folders of those that run along.
    pub fn folders(&self) -> BTreeSet<String> {
        self.lock().values().map(|shadow| shadow.kept.folder.clone()).collect()
    }

    /// Begins a shadow, in the place of one that the channel had.
    pub fn begin(&self, channel: &str, kept: Kept) -> Result<()> {
        let mut all = self.lock();
        let is_new = !all.contains_key(channel);
        anyhow::ensure!(!is_new || all.len() < SHADOWS_MAX, "{SHADOWS_MAX} channels run along already");
        let number = all.values().map(|shadow| shadow.number + 1).max().unwrap_or(0);
        let shadow = Shadow { kept, tally: Tally::default(), trouble: None, written: None, number };
        self.write(channel, &shadow)?;
        all.insert(channel.to_owned(), shadow);
        Ok(())
    }

    /// Ends a shadow; false when there was none.
    pub fn end(&self, channel: &str) -> Result<bool> {
        // Under the lock: the runner writes under it, too, and must not bring it back.
        let mut all = self.lock();
        self.store.set_value(&format!("{PREFIX}{channel}"), None)?;
        Ok(all.remove(channel).is_some())
    }

    /// Takes in what went through both, unless the shadow has ended meanwhile.
    fn add(&self, channel: &str, number: u64, last: EnvelopeId, tally: Tally, trouble: Option<String>) {
        let mut all = self.lock();
        let Some(shadow) = all.get_mut(channel).filter(|shadow| shadow.number == number) else { return };
        shadow.kept.after = last.0;
        shadow.tally.add(tally);
        shadow.trouble = trouble;
        shadow.kept.differences = shadow.tally.clone().into_replayed(channel, 0.0);
        // How far it came and what was found lie in one value: after a crash a little is run again.
        if shadow.written.is_some_and(|at| at.elapsed() < WRITE_EVERY) {
            return;
        }
        if let Err(error) = self.write(channel, shadow) {
            shadow.trouble = Some(format!("what differs can't be kept: {error:#}"));
        }
        shadow.written = Some(Instant::now());
    }

    fn write(&self, channel: &str, shadow: &Shadow) -> Result<()> {
        let value = serde_json::to_vec(&shadow.kept)?;
        Ok(self.store.set_value(&format!("{PREFIX}{channel}"), Some(&value))?)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Shadow>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Since when it runs along.
    pub fn since(&self) -> Timestamp {
        Timestamp(self.since)
    }
}
