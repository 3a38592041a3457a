//! The desk, with the plan and the ways of the site, and what came in between two looks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use klinke_diagnosis::Text;
use klinke_diagnosis::alert::measure::Measure;
use klinke_diagnosis::alert::{Desk, Errand, Plan, Rank, Sign, kind};
use klinke_engine::template::Zone;
use klinke_model::Timestamp;
use klinke_store::Store;
use tokio::sync::mpsc;

use super::way::Ways;
use crate::site::{Alerts, Site};

/// Errands that may wait to be sent; the desk knows of more than these, and hands them out anew after a restart.
pub const QUEUE_MAX: usize = 256;
/// What came in between two looks, at the most.
const INCOMING_MAX: usize = 100;
const DESK: &str = "alerts/desk";
const MEASURE: &str = "alerts/measure";
const DAMAGE: &str = "alerts/damage";
const KEY: &str = "alerts/key";

/// The desk and all around it.
pub struct Bureau {
    state: Mutex<State>,
    store: Arc<dyn Store>,
    /// By which links are signed.
    key: [u8; 32],
}

/// What is behind the lock.
pub struct State {
    /// The desk.
    pub desk: Desk,
    /// Numbers over time.
    pub measure: Measure,
    /// Who is told when.
    pub plan: Arc<Plan>,
    /// What `alerts.toml` says.
    pub file: Arc<Alerts>,
    /// The ways out.
    pub ways: Arc<Ways>,
    /// The site's name.
    pub site: String,
    /// The site's local time.
    pub zone: Zone,
    /// What happened since the last look.
    pub incoming: Vec<Sign>,
    /// Ways that fail: how often in a row, and why.
    pub failing: BTreeMap<String, (u32, String)>,
    /// How often the heartbeat failed in a row.
    pub heart: u32,
    /// Why the site's files did not go live, what verify found.
    pub faulty: Option<String>,
    /// What verify found last.
    pub damage: Option<String>,
    /// Until when the last look counts as one of now: the heartbeat says no longer that all is well.
    pub fresh_until: Timestamp,
    /// Where errands go; nothing while nobody sends.
    pub out: Option<mpsc::Sender<Errand>>,
    saved: u64,
    saved_at: Timestamp,
}

impl Bureau {
    /// As the store has kept it, for a site; without one it can be looked at alone.
    pub fn open(store: Arc<dyn Store>, site: Option<&Site>) -> Result<Bureau> {
        let read = |name: &str| store.value(name);
        let desk: Desk =
            read(DESK)?.and_then(|value| serde_json::from_slice(&value).ok()).unwrap_or_default();
        let measure =
            read(MEASURE)?.and_then(|value| serde_json::from_slice(&value).ok()).unwrap_or_default();
        let key = match read(KEY)?.and_then(|value| <[u8; 32]>::try_from(value).ok()) {
            Some(key) => key,
            None => {
                let key = super::token::new_key()?;
                store.set_value(KEY, Some(&key))?;
                key
            }
        };
        // What verify found lasts until it finds nothing.
        let damage = read(DAMAGE)?.and_then(|value| String::from_utf8(value).ok());
        let state = State {
            desk,
            measure,
            plan: Arc::default(),
            file: Arc::default(),
            ways: Arc::default(),
            site: String::new(),
            zone: Zone::default(),
            incoming: Vec::new(),
            failing: BTreeMap::new(),
            heart: 0,
            faulty: None,
            damage,
            fresh_until: Timestamp::now().after(Duration::from_secs(120)),
            out: None,
            saved: 0,
            saved_at: Timestamp(0),
        };
        let bureau = Bureau { state: Mutex::new(state), store, key };
        if let Some(site) = site {
            bureau.take_over(site);
        }
        Ok(bureau)
    }

    /// Takes over what the site's files say.
    pub fn take_over(&self, site: &Site) {
        let mut state = self.lock();
        state.plan = Arc::new(site.plan.clone());
        state.file = Arc::new(site.alerts.clone());
        state.ways = Arc::new(Ways::of(&site.alerts));
        state.site.clone_from(&site.node.name);
        state.zone = Zone::named(&site.node.zone).unwrap_or_default();
        state.faulty = None;
        let ways = state.ways.clone();
        state.failing.retain(|name, _| ways.has(name));
    }

    /// The state.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// By which links are signed.
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// Something happened once.
    pub fn happened(
        &self,
        code: &str,
        system: &str,
        subject: &str,
        words: &[(&str, Text)],
        rank: Option<Rank>,
    ) {
        let Some(kind) = kind::of(code) else { return };
        let sign = Sign::new(kind, system, subject, words);
        let rank = rank.unwrap_or(sign.rank);
        let mut state = self.lock();
        if state.incoming.len() < INCOMING_MAX {
            state.incoming.push(sign.ranked(rank));
        }
    }

    /// Whether the site's changed files went live.
    pub fn reloaded(&self, error: Option<String>) {
        self.lock().faulty = error;
    }

    /// What verify found.
    pub fn verified(&self, faults: usize) {
        let damage = (faults > 0).then(|| faults.to_string());
        if self.store.set_value(DAMAGE, damage.as_deref().map(str::as_bytes)).is_err() {
            tracing::error!("the store does not keep what verify found");
        }
        self.lock().damage = damage;
    }

    /// How an errand went on one way.
    pub fn settled(&self, errand: u64, way: &str, result: Result<(), String>, last: bool) {
        let mut state = self.lock();
        let arrived = result.is_ok();
        match result {
            Ok(()) => drop(state.failing.remove(way)),
            Err(why) if !way.is_empty() => {
                let entry = state.failing.entry(way.to_owned()).or_default();
                *entry = (entry.0 + 1, why);
            }
            Err(_) => {}
        }
        state.desk.settle(errand, way, arrived, last, Timestamp::now());
    }

    /// Keeps the desk when something of it has changed that must not be lost, and else now and then.
    pub fn save(&self, now: Timestamp, always: bool) -> Result<()> {
        let (desk, measure) = {
            let mut state = self.lock();
            let mark = mark(&state.desk);
            // What is seen of open alerts, and the numbers, may be a little behind after a crash.
            let often = if state.desk.open().is_empty() { 600 } else { 60 };
            let is_due = now.since(state.saved_at) > Duration::from_secs(often);
            if !(always || is_due || mark != state.saved) {
                return Ok(());
            }
            (state.saved, state.saved_at) = (mark, now);
            (serde_json::to_vec(&state.desk)?, serde_json::to_vec(&state.measure)?)
        };
        let kept = self.store.set_value(DESK, Some(&desk));
        let kept = kept.and_then(|()| self.store.set_value(MEASURE, Some(&measure)));
        if kept.is_err() {
            // Tried again at the next look.
            self.lock().saved_at = Timestamp(0);
        }
        Ok(kept?)
    }
}

/// A number that changes with what must not be lost.
fn mark(desk: &Desk) -> u64 {
    let lines: u64 =
        desk.open().iter().map(|one| one.id * 31 + one.lines.len() as u64 * 7 + one.told.len() as u64).sum();
    let closed = desk.closed().next().map_or(0, |one| one.id * 13 + one.lines.len() as u64);
    let mutes: u64 = desk.mutes().iter().map(|mute| mute.id * 17).sum();
    lines + closed + mutes + desk.outstanding().len() as u64 * 1_000_003
}
