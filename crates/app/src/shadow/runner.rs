//! The thread that follows the store. It gives way to whatever else this machine does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use klinke_engine::Trial;
use klinke_engine::source::Stop;
use klinke_model::{ChannelId, Envelope, EnvelopeId, VersionId};
use klinke_store::Store;

use super::Shadows;
use crate::replay::{NICENESS, Tally, note};
use crate::wire::World;

/// Envelopes that go through both at once, and their bytes.
const BATCH: usize = 256;
const BATCH_BYTES_MAX: usize = 4 << 20;
/// How long to wait when there is nothing more.
const PAUSE: Duration = Duration::from_millis(250);
/// Versions of a channel whose steps are kept ready.
const VERSIONS_MAX: usize = 8;

/// Follows until `stop` is said.
pub async fn run(shadows: Arc<Shadows>, world: World, mut stop: Stop) {
    let is_over = Arc::new(AtomicBool::new(false));
    let seen = is_over.clone();
    let thread = std::thread::Builder::new().name("shadow".to_owned());
    let thread = thread.spawn(move || {
        // Where that is not allowed, it runs as the rest does.
        let _ = rustix::process::nice(NICENESS);
        Runner { shadows, world, at_work: BTreeMap::new() }.follow(&seen);
    });
    let Ok(thread) = thread.inspect_err(|error| tracing::error!(%error, "no shadow runs along")) else {
        return;
    };
    stop.said().await;
    is_over.store(true, Ordering::Relaxed);
    let _ = tokio::task::spawn_blocking(move || thread.join()).await;
}

struct Runner {
    shadows: Arc<Shadows>,
    world: World,
    at_work: BTreeMap<String, Work>,
}

/// The steps of one shadow.
struct Work {
    number: u64,
    channel: ChannelId,
    changed: Trial,
    before: BTreeMap<VersionId, Trial>,
}

impl Work {
    /// Makes the steps of a version ready.
    fn prepare(&mut self, store: &dyn Store, world: &World, channel: &str, version: VersionId) -> Result<()> {
        if !self.before.contains_key(&version) {
            let versions = store.versions(self.channel)?;
            let known =
                versions.into_iter().find(|one| one.id == version).context("its version is not kept")?;
            let trial = world.rehearsal(channel, &known.text)?;
            if self.before.len() >= VERSIONS_MAX {
                self.before.clear();
            }
            self.before.insert(version, trial);
        }
        Ok(())
    }

    /// Runs an envelope through both, and notes what differs.
    fn run(&self, envelope: &Envelope, tally: &mut Tally) {
        let Some(before) = self.before.get(&envelope.version) else { return };
        let (old, new) = (before.run(envelope, None), self.changed.run(envelope, None));
        note(tally, envelope, (before, &old), (&self.changed, &new));
    }
}

impl Runner {
    fn follow(&mut self, is_over: &AtomicBool) {
        while !is_over.load(Ordering::Relaxed) {
            let all: Vec<_> =
                self.shadows.lock().iter().map(|(name, one)| (name.clone(), one.number)).collect();
            self.at_work
                .retain(|name, work| all.iter().any(|(one, number)| one == name && *number == work.number));
            let mut is_idle = true;
            for (channel, number) in all {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                match self.step(&channel, number) {
                    Ok(count) => is_idle &= count < BATCH,
                    Err(error) => self.trouble(&channel, number, format!("{error:#}")),
                }
            }
            if is_idle {
                std::thread::sleep(PAUSE);
            }
        }
    }

    /// Runs the next envelopes of a channel; gives how many there were.
    fn step(&mut self, channel: &str, number: u64) -> Result<usize> {
        let Some((after, text)) = self.next(channel, number) else { return Ok(0) };
        if !self.at_work.contains_key(channel) {
            let work = self.work(channel, number, &text)?;
            self.at_work.insert(channel.to_owned(), work);
        }
        let store = self.shadows.store.clone();
        let work = self.at_work.get_mut(channel).context("the shadow has ended")?;
        let envelopes = store.arrivals(work.channel, after, BATCH, BATCH_BYTES_MAX)?;
        let Some(last) = envelopes.last().map(|envelope| envelope.id) else { return Ok(0) };
        let (mut tally, mut trouble) = (Tally::default(), None);
        for envelope in &envelopes {
            match work.prepare(store.as_ref(), &self.world, channel, envelope.version) {
                Ok(()) => work.run(envelope, &mut tally),
                Err(error) => trouble = Some(format!("envelope {}: {error:#}", envelope.id)),
            }
        }
        self.shadows.add(channel, number, last, tally, trouble);
        Ok(envelopes.len())
    }

    fn next(&self, channel: &str, number: u64) -> Option<(EnvelopeId, String)> {
        let all = self.shadows.lock();
        let shadow = all.get(channel).filter(|shadow| shadow.number == number)?;
        Some((EnvelopeId(shadow.kept.after), shadow.kept.text.clone()))
    }

    fn work(&self, channel: &str, number: u64, text: &str) -> Result<Work> {
        let channels = self.shadows.store.channels()?;
        let known = channels.iter().find(|one| one.name == channel);
        let known = known.with_context(|| format!("there is no channel `{channel}` in the store"))?;
        let changed = self.world.rehearsal(channel, text)?;
        Ok(Work { number, channel: known.id, changed, before: BTreeMap::new() })
    }

    fn trouble(&self, channel: &str, number: u64, text: String) {
        let mut all = self.shadows.lock();
        if let Some(shadow) = all.get_mut(channel).filter(|shadow| shadow.number == number) {
            if shadow.trouble.as_ref() != Some(&text) {
                tracing::error!(channel, error = %text, "a shadow stands");
            }
            shadow.trouble = Some(text);
        }
    }
}
