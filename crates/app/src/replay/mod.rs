//! Runs kept envelopes through two versions of a channel and says what differs. Nothing is sent, and
//! nothing is written.
//!
//! Steps are pure: tables, templates and scripts are part of a version, and a look-up reaches nowhere
//! else. So what was looked up then is looked up again by the version that has it, and the same envelope
//! gives the same result.
//!
//! One thread reads the store, others run the steps; they give way to whatever else this machine does.

pub mod difference;
mod tally;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use klinke_console::house::replay::Replayed;
use klinke_console::house::request::Replay;
use klinke_engine::Trial;
use klinke_model::{ChannelId, Envelope, EnvelopeId, Timestamp};
use klinke_store::{Query, Store};

use crate::control::answer::Files;
use crate::deploy::tree;
use crate::site::{fault, load};
use crate::wire::World;
use crate::wire::version::Version;

pub use difference::note;
pub use tally::Tally;

/// Envelopes that are handed on at once, and their bytes.
const BATCH: usize = 256;
const BATCH_BYTES_MAX: usize = 8 << 20;
/// Batches that wait for a worker.
const BATCHES_MAX: usize = 4;
/// Threads that run steps.
const WORKERS_MAX: usize = 4;
/// How much less urgent than the rest a replay or a shadow is, as `nice` counts.
pub const NICENESS: i32 = 10;

/// Runs what is asked for.
pub fn replay(
    store: &dyn Store,
    world: &World,
    files: &Files,
    order: &Replay,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Replayed> {
    let began = Instant::now();
    let channels = store.channels()?;
    let known = channels.iter().find(|channel| channel.name == order.channel);
    let channel = known.with_context(|| format!("there is no channel `{}` in the store", order.channel))?;
    let base = match &order.base {
        Some(text) => text.clone(),
        None => running(store, channel.id)?,
    };
    let (folder, environment) = (files.home.as_deref(), files.environment.as_deref());
    let folder = || folder.context("the site's folder is not known");
    let changed = match (&order.changed, &order.revision) {
        (Some(text), _) => text.clone(),
        (None, Some(revision)) => in_revision(folder()?, revision, environment, &order.channel)?,
        (None, None) => in_folder(folder()?, environment, &order.channel)?,
    };
    let after = first(store, channel.id, order.from.map(Timestamp))?;
    let run = Run { store, channel: channel.id, after, order, of: channel.tally.received };
    let tally = run.all(world, &base, &changed, progress)?;
    Ok(tally.into_replayed(&order.channel, began.elapsed().as_secs_f64()))
}

/// The version of a channel as the files in a folder have it.
pub fn in_folder(folder: &Path, environment: Option<&str>, channel: &str) -> Result<String> {
    beside(folder, folder, environment, channel)
}

/// The version of a channel as a revision of the site's repository has it.
pub fn in_revision(site: &Path, revision: &str, environment: Option<&str>, channel: &str) -> Result<String> {
    let commit = tree::resolve(site, revision)
        .with_context(|| format!("`{revision}` is neither a folder nor a revision of {}", site.display()))?;
    let scratch = tempfile::tempdir().context("a folder for the other revision")?;
    let folder = scratch.path().join("site");
    tree::lay(site, &commit.hash, &folder)?;
    beside(&folder, site, environment, channel).with_context(|| revision.to_owned())
}

fn beside(folder: &Path, home: &Path, environment: Option<&str>, channel: &str) -> Result<String> {
    let site = load::load_beside(folder, home, environment).map_err(|faults| fault::as_error(&faults))?;
    let file = site.channels.get(channel);
    let file = file.with_context(|| format!("there is no channel `{channel}` in {}", folder.display()))?;
    Ok(Version::of(&site, file).text())
}

/// The newest version that handled anything.
fn running(store: &dyn Store, channel: ChannelId) -> Result<String> {
    let versions = store.versions(channel)?;
    Ok(versions.into_iter().next().context("no version of this channel has run yet")?.text)
}

/// The envelope before the first one that was received at or after a time.
fn first(store: &dyn Store, channel: ChannelId, from: Option<Timestamp>) -> Result<EnvelopeId> {
    let Some(from) = from else { return Ok(EnvelopeId(0)) };
    let query =
        Query { channel: Some(channel), from: Some(from), oldest_first: true, limit: 1, ..Query::default() };
    let found = store.search(&query)?;
    Ok(found.first().map_or(EnvelopeId(u64::MAX), |one| EnvelopeId(one.envelope.id.0 - 1)))
}

/// One replay under way.
struct Run<'a> {
    store: &'a dyn Store,
    channel: ChannelId,
    after: EnvelopeId,
    order: &'a Replay,
    /// How many there may be, for the progress.
    of: u64,
}

impl Run<'_> {
    fn all(
        &self,
        world: &World,
        base: &str,
        changed: &str,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<Tally> {
        let workers = std::thread::available_parallelism().map_or(1, |count| count.get().min(WORKERS_MAX));
        let pairs: Vec<Pair> = (0..workers)
            .map(|_| Pair::new(world, &self.order.channel, base, changed))
            .collect::<Result<_>>()?;
        let done = AtomicU64::new(0);
        let (sender, receiver) = sync_channel::<Vec<Envelope>>(BATCHES_MAX);
        let receiver = Mutex::new(receiver);
        std::thread::scope(|scope| {
            let work = |pair: Pair| {
                let (receiver, done) = (&receiver, &done);
                scope.spawn(move || pair.work(receiver, done))
            };
            let threads: Vec<_> = pairs.into_iter().map(work).collect();
            let read = self.read(|batch| {
                progress(done.load(Ordering::Relaxed), self.of);
                sender.send(batch).is_ok()
            });
            drop(sender);
            let mut tally = Tally::default();
            for thread in threads {
                let own = thread.join().map_err(|_| anyhow!("a replay broke off: please report it"))?;
                tally.add(own);
            }
            progress(tally.envelopes(), tally.envelopes());
            read.map(|()| tally)
        })
    }

    /// Reads what is asked for in batches, as long as they are taken.
    fn read(&self, mut take: impl FnMut(Vec<Envelope>) -> bool) -> Result<()> {
        let mut after = self.after;
        let mut left = if self.order.limit == 0 { usize::MAX } else { self.order.limit };
        while left > 0 {
            let mut batch = self.store.arrivals(self.channel, after, BATCH.min(left), BATCH_BYTES_MAX)?;
            let Some(last) = batch.last() else { return Ok(()) };
            after = last.id;
            let until = self.order.until.map_or(Timestamp(i64::MAX), Timestamp);
            let before = batch.len();
            batch.retain(|envelope| envelope.received < until);
            left = left.saturating_sub(batch.len());
            let is_over = batch.len() < before;
            if !take(batch) || is_over {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// The two versions, on one thread.
struct Pair {
    base: Trial,
    changed: Trial,
}

impl Pair {
    fn new(world: &World, channel: &str, base: &str, changed: &str) -> Result<Pair> {
        Ok(Pair {
            base: world.rehearsal(channel, base).context("the version that runs")?,
            changed: world.rehearsal(channel, changed).context("the changed version")?,
        })
    }

    fn work(self, batches: &Mutex<Receiver<Vec<Envelope>>>, done: &AtomicU64) -> Tally {
        // Where that is not allowed, it runs as the rest does.
        let _ = rustix::process::nice(NICENESS);
        let mut tally = Tally::default();
        loop {
            let batch = batches.lock().unwrap_or_else(std::sync::PoisonError::into_inner).recv();
            let Ok(batch) = batch else { return tally };
            for envelope in &batch {
                let (before, after) = (self.base.run(envelope, None), self.changed.run(envelope, None));
                difference::note(&mut tally, envelope, (&self.base, &before), (&self.changed, &after));
            }
            done.fetch_add(batch.len() as u64, Ordering::Relaxed);
        }
    }
}
