//! Channels that a person has stopped: who, since when, why. Kept in the store, so that a restart starts none of
//! them. What a stopped channel has yet to handle or deliver stays where it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use klinke_console::house::view::Halted;
use klinke_model::Timestamp;
use klinke_store::Store;
use serde_json::{Value, json};

use crate::control::answer::Counter;
use crate::deploy::Order;

const PREFIX: &str = "halt/";
/// Channels that are stopped at a time.
const HALTS_MAX: usize = 10_000;

/// The stopped channels of a site.
pub struct Halts {
    store: Arc<dyn Store>,
    all: Mutex<BTreeMap<String, Halted>>,
}

impl Halts {
    /// As an earlier run has left them.
    pub fn open(store: Arc<dyn Store>) -> Result<Halts> {
        let mut all = BTreeMap::new();
        for (name, value) in store.values(PREFIX, None, HALTS_MAX)? {
            let channel = name.strip_prefix(PREFIX).unwrap_or(&name).to_owned();
            all.insert(channel, serde_json::from_slice(&value).with_context(|| name.clone())?);
        }
        Ok(Halts { store, all: Mutex::new(all) })
    }

    /// All of them.
    pub fn all(&self) -> BTreeMap<String, Halted> {
        self.lock().clone()
    }

    /// Who has stopped a channel, if somebody has.
    pub fn of(&self, channel: &str) -> Option<Halted> {
        self.lock().get(channel).cloned()
    }

    /// A channel is stopped, or runs again; durable when it returns.
    pub fn set(&self, channel: &str, halted: Option<Halted>) -> Result<()> {
        let mut all = self.lock();
        ensure!(halted.is_none() || all.len() < HALTS_MAX, "{HALTS_MAX} channels are stopped already");
        let value = halted.as_ref().map(serde_json::to_vec).transpose()?;
        self.store.set_value(&format!("{PREFIX}{channel}"), value.as_deref())?;
        match halted {
            Some(halted) => all.insert(channel.to_owned(), halted),
            None => all.remove(channel),
        };
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Halted>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stops a channel, or without a reason lets it run again. While nothing serves, that counts from the next start on.
pub fn answer(counter: &Counter, channel: String, reason: Option<String>, who: String) -> Result<Value> {
    let since = Timestamp::now().to_string();
    let halted = reason.map(|reason| Halted { since, who, reason });
    if counter.deploying.is_some() {
        return counter.deploying(Order::Halt { channel, halted });
    }
    let is_known = counter.files().wiring.channels.contains_key(&channel);
    may(&channel, is_known, halted.is_some(), counter.halts.of(&channel).as_ref())?;
    if halted.is_none() && counter.halts.of(&channel).is_none() {
        bail!("`{channel}` is not stopped, and nothing serves this site; start `klinke serve`");
    }
    counter.halts.set(&channel, halted)?;
    Ok(json!({ "channel": channel, "runs": false }))
}

/// Whether a channel may be stopped or started now; `before` says who has stopped it.
pub fn may(channel: &str, is_known: bool, stops: bool, before: Option<&Halted>) -> Result<()> {
    // What was stopped and is gone from the site can be forgotten all the same.
    if !is_known && (stops || before.is_none()) {
        bail!("there is no channel `{channel}`; `klinke channel SITE` lists them");
    }
    if let (true, Some(Halted { since, who, .. })) = (stops, before) {
        bail!("`{channel}` is stopped already, since {since} by {who}");
    }
    Ok(())
}
