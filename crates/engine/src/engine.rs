//! All channels of a site over one store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use klinke_model::{ChannelId, DestinationId, EnvelopeId, Origin, Payload, Timestamp, VersionId};
use klinke_store::{Action, Store};
use tokio::sync::{Mutex, RwLock};

use crate::channel::fragments::FragmentReport;
use crate::channel::running::{Ground, Running, introduction};
use crate::channel::spec::ChannelSpec;
use crate::clock::Clock;
use crate::fault::StartError;
use crate::lane::desk::DeskReport;
use crate::lane::trail::Trail;
use crate::link::Destination;
use crate::reads::{Reader, Reads};
use crate::relay::{Counts, Relay};
use crate::source::{Arrival, Receipt, Refusal};

/// The name under which the store remembers how the last run ended: nothing when nothing that waits may
/// have been sent before, `stopped N` when it may have been up to envelope N, all else when the run broke
/// off.
const MARK: &str = "engine/running";

/// The running channels by name, shared with the relays that feed them.
pub(crate) type Channels = RwLock<BTreeMap<String, Arc<Running>>>;

/// The channels that were broken off in this run: what they were sending then may be sent again.
#[derive(Default)]
pub(crate) struct Broken {
    names: BTreeSet<String>,
    /// Of these, the ones that may have given the store something that it has yet to write.
    unwritten: BTreeSet<String>,
}

/// The engine: start it, apply channels, stop it.
pub struct Engine {
    pub(crate) ground: Ground,
    pub(crate) channels: Arc<Channels>,
    /// One change at a time.
    pub(crate) changing: Mutex<Broken>,
    /// Envelopes up to this one may have been sent by a run that did not end in good order.
    repeat_to: EnvelopeId,
    hops: Counts,
}

/// A read that makes one channel's names known to the store.
type Introduction = Box<dyn FnOnce(&dyn Store) -> klinke_store::Result<()> + Send>;

/// How many channels are introduced to the store at once.
const INTRODUCED_AT_ONCE: usize = 32;

fn introductions(specs: &[ChannelSpec], now: Timestamp) -> Vec<Introduction> {
    specs.iter().map(|spec| Box::new(introduction(spec, now)) as Introduction).collect()
}

/// What a reload did.
#[derive(Debug, Default)]
pub struct Applied {
    /// Channels started or started anew.
    pub started: Vec<String>,
    /// Channels that took new steps without being stopped.
    pub changed: Vec<String>,
    /// Channels left alone.
    pub kept: Vec<String>,
    /// Channels stopped because they are no longer there.
    pub stopped: Vec<String>,
    /// Channels that did not start, and why.
    pub failed: Vec<(String, StartError)>,
}

/// What a channel says of itself.
#[derive(Clone, Debug)]
pub struct ChannelReport {
    /// Its number.
    pub id: ChannelId,
    /// Its name.
    pub name: String,
    /// Where it listens.
    pub address: Option<String>,
    /// Since when it runs.
    pub since: Timestamp,
    /// The version that handles what arrives now.
    pub version: VersionId,
    /// The version that handles some of it.
    pub canary: Option<VersionId>,
    /// Why it refuses arrivals now, if it does.
    pub refuses: Option<String>,
    /// What waits for its last fragment.
    pub fragments: FragmentReport,
    /// Its destinations: number, name, address, report.
    pub destinations: Vec<(DestinationId, String, String, DeskReport)>,
}

impl Engine {
    /// An engine over a store. Notes there that it runs, and learns whether an earlier run ended
    /// without saying what it had sent.
    pub async fn start(store: Arc<dyn Store>, clock: Clock) -> Result<Engine, StartError> {
        Engine::start_with(store, clock, Reads::Blocking).await
    }

    /// As [`Engine::start`], with a word on where the store is read.
    pub async fn start_with(store: Arc<dyn Store>, clock: Clock, reads: Reads) -> Result<Engine, StartError> {
        let reader = Reader { store, reads };
        let look = |store: &dyn Store| -> klinke_store::Result<EnvelopeId> {
            let mark = store.value(MARK)?;
            store.set_value(MARK, Some(b"running"))?;
            let channels = store.channels()?;
            let last = channels.iter().filter_map(|channel| channel.last).max().unwrap_or_default();
            Ok(mark.map_or(EnvelopeId(0), |mark| stopped(&mark).unwrap_or(last)))
        };
        let repeat_to = reader.read(look).await?;
        let ground = Ground { reader, clock };
        Ok(Engine {
            ground,
            channels: Arc::default(),
            changing: Mutex::default(),
            repeat_to,
            hops: Counts::default(),
        })
    }

    /// The store below.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.ground.reader.store
    }

    /// A destination that hands what it is given to another channel of this engine, in process. The
    /// channel is looked for when something is delivered: while it does not run, the relay is a partner
    /// that can't be reached.
    pub fn relay(&self, channel: &str) -> Arc<dyn Destination> {
        let channels = Arc::downgrade(&self.channels);
        Arc::new(Relay::new(channel, channels, &self.ground, self.hops.clone()))
    }

    /// Makes these the running channels: starts what is new, starts anew what has changed, stops what
    /// is not among them, leaves alone what is as it was.
    pub async fn apply(&self, specs: Vec<ChannelSpec>, stop_limit: Duration) -> Applied {
        let mut broken = self.changing.lock().await;
        self.introduce(introductions(&specs, self.ground.clock.now())).await;
        let mut applied = Applied::default();
        let mut before = self.channels.read().await.clone();
        let mut seen = BTreeSet::new();
        for spec in specs {
            let name = spec.name.clone();
            if !seen.insert(name.clone()) {
                let error = StartError::Source("another channel has the same name".to_owned());
                applied.failed.push((name, error));
                continue;
            }
            match before.remove(&name) {
                Some(old) if old.is_as(&spec.whole_text()) => {
                    applied.kept.push(name);
                    continue;
                }
                Some(old) if old.has_frame(&spec.frame_text) => {
                    match old.change_steps(spec, &self.ground).await {
                        Ok(()) => applied.changed.push(name),
                        Err(error) => applied.failed.push((name, error)),
                    }
                    continue;
                }
                Some(old) => self.stop_one(&name, &old, stop_limit, &mut broken).await,
                None => {}
            }
            match self.start_one(&name, spec, stop_limit, &mut broken).await {
                Ok(running) => {
                    tracing::info!(channel = %name, address = running.address, "the channel runs");
                    self.channels.write().await.insert(name.clone(), Arc::new(running));
                    applied.started.push(name);
                }
                Err(error) => {
                    tracing::error!(channel = %name, %error, "the channel did not start");
                    applied.failed.push((name, error));
                }
            }
        }
        for (name, old) in before {
            self.stop_one(&name, &old, stop_limit, &mut broken).await;
            tracing::info!(channel = %name, "the channel has stopped");
            applied.stopped.push(name);
        }
        applied
    }

    /// Makes the names of all channels known to the store, several at a time: a first start of hundreds
    /// then shares commits instead of waiting for each. What fails here is told by the start itself.
    async fn introduce(&self, introductions: Vec<Introduction>) {
        let mut under_way = tokio::task::JoinSet::new();
        for introduction in introductions {
            if self.ground.reader.reads == Reads::Here {
                return;
            }
            if under_way.len() >= INTRODUCED_AT_ONCE {
                under_way.join_next().await;
            }
            let reader = self.ground.reader.clone();
            under_way.spawn(async move { reader.read(introduction).await.is_ok() });
        }
        while under_way.join_next().await.is_some() {}
    }

    async fn stop_one(&self, name: &str, old: &Arc<Running>, limit: Duration, broken: &mut Broken) {
        let orderly = old.stop(limit).await;
        self.channels.write().await.remove(name);
        if !orderly {
            tracing::warn!(channel = %name, "the channel was broken off: what it was sending may be sent again");
            broken.names.insert(name.to_owned());
            broken.unwritten.insert(name.to_owned());
        }
    }

    async fn start_one(
        &self,
        name: &str,
        spec: ChannelSpec,
        limit: Duration,
        broken: &mut Broken,
    ) -> Result<Running, StartError> {
        if broken.unwritten.contains(name) {
            self.outlast(limit).await?;
            broken.unwritten.remove(name);
        }
        let repeat_to = self.repeat_to(broken.names.contains(name)).await;
        Running::start(spec, &self.ground, repeat_to).await
    }

    /// Waits until the store has written or refused all that it was given. A channel that starts before
    /// would not see what its own earlier run had accepted, and route past it.
    async fn outlast(&self, limit: Duration) -> Result<(), StartError> {
        let destinations = self.ground.reader.read(|store| store.destinations()).await?;
        let Some(any) = destinations.first() else { return Ok(()) };
        // An entry that changes nothing; the store answers in the order of its entries.
        let nothing = Action::Release { destination: any.id, lane: Some("\u{0}".into()) };
        let answered = tokio::time::timeout(limit, self.write(nothing)).await;
        let late = |_| StartError::Broken("the store has yet to write what it was given".to_owned());
        answered.map(drop).map_err(late)
    }

    /// Up to where deliveries may have been sent before.
    async fn repeat_to(&self, broken: bool) -> EnvelopeId {
        if !broken {
            return self.repeat_to;
        }
        let channels = self.ground.reader.read(|store| store.channels()).await;
        let last = channels.ok().and_then(|all| all.iter().filter_map(|channel| channel.last).max());
        last.map_or(self.repeat_to, |last| last.max(self.repeat_to))
    }

    /// Stops all channels within `limit`; true when everything ended in good order.
    pub async fn stop(&self, limit: Duration) -> bool {
        let broken = self.changing.lock().await;
        let channels = std::mem::take(&mut *self.channels.write().await);
        let stops =
            channels.into_values().map(|channel| tokio::spawn(async move { channel.stop(limit).await }));
        let stops: Vec<_> = stops.collect();
        let mut orderly = true;
        for stop in stops {
            orderly &= stop.await.unwrap_or(false);
        }
        if orderly {
            let repeat_to = self.repeat_to(!broken.names.is_empty()).await;
            orderly = self.ground.reader.read(move |store| note_end(store, repeat_to)).await.is_ok();
        }
        orderly
    }

    /// What all channels say of themselves.
    pub async fn report(&self) -> Vec<ChannelReport> {
        let channels = self.channels.read().await;
        let report = |(name, running): (&String, &Arc<Running>)| ChannelReport {
            id: running.id,
            name: name.clone(),
            address: running.address.clone(),
            since: running.since,
            version: running.version(),
            canary: running.canary(),
            refuses: crate::source::Intake::pressure(running.intake.as_ref())
                .map(|refusal| refusal.to_string()),
            fragments: running.fragments(),
            destinations: running.reports(),
        };
        channels.iter().map(report).collect()
    }

    /// The latest attempts of all destinations.
    pub async fn trails(&self) -> BTreeMap<DestinationId, Trail> {
        let channels = self.channels.read().await;
        channels.values().flat_map(|running| running.trails()).collect()
    }

    /// Gives bytes to a channel as if a partner had sent them, with where they came from.
    pub async fn submit(
        &self,
        channel: &str,
        payload: Payload,
        peer: &str,
        origin: Origin,
    ) -> Result<Receipt, Refusal> {
        let running = self.channels.read().await.get(channel).cloned();
        let Some(running) = running else {
            return Err(Refusal::Down(format!("the channel `{channel}` does not run")));
        };
        let received = self.ground.clock.now();
        let arrival = Arrival { payload, received, peer: peer.into(), system: None };
        running.intake.submit_from(arrival, origin).await
    }
}

/// The number in `stopped N`.
fn stopped(mark: &[u8]) -> Option<EnvelopeId> {
    std::str::from_utf8(mark).ok()?.strip_prefix("stopped ")?.parse().ok()
}

/// Notes an end in good order, and what was sent before it by a run that did not end so and still waits.
fn note_end(store: &dyn Store, repeat_to: EnvelopeId) -> klinke_store::Result<()> {
    let (_, destinations) = store.books()?;
    if repeat_to == EnvelopeId(0) || destinations.iter().all(|one| one.waiting == 0) {
        return store.set_value(MARK, None);
    }
    store.set_value(MARK, Some(format!("stopped {repeat_to}").as_bytes()))
}
