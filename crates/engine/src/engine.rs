//! All channels of a site over one store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use klinke_model::{ChannelId, DeliveryKey, DestinationId, EnvelopeId, Origin, Payload, Timestamp};
use klinke_store::{Action, Store};
use tokio::sync::{Mutex, RwLock, oneshot};

use crate::channel::running::{Ground, Running};
use crate::channel::spec::ChannelSpec;
use crate::clock::Clock;
use crate::lane::desk::DeskReport;
use crate::source::{Arrival, Receipt, Refusal};

/// The name under which the store remembers whether the last run ended in good order.
const MARK: &str = "engine/running";

/// The engine: start it, apply channels, stop it.
pub struct Engine {
    ground: Ground,
    channels: RwLock<BTreeMap<String, Arc<Running>>>,
    /// One change at a time.
    changing: Mutex<()>,
}

/// Why a channel did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its source could not begin to listen.
    #[error("{0}")]
    Source(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] klinke_store::Error),
    /// A task of the program broke off.
    #[error("a task broke off: {0}")]
    Broken(String),
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
    /// Why it refuses arrivals now, if it does.
    pub refuses: Option<String>,
    /// Its destinations: number, name, address, report.
    pub destinations: Vec<(DestinationId, String, String, DeskReport)>,
}

impl Engine {
    /// An engine over a store. Notes there that it runs, and learns whether an earlier run ended
    /// without saying what it had sent.
    pub async fn start(store: Arc<dyn Store>, clock: Clock) -> Result<Engine, StartError> {
        let marked = store.clone();
        let look = move || -> klinke_store::Result<EnvelopeId> {
            let broke_off = marked.value(MARK)?.is_some();
            marked.set_value(MARK, Some(b"1"))?;
            let channels = marked.channels()?;
            let last = channels.iter().filter_map(|channel| channel.last).max();
            Ok(last.filter(|_| broke_off).unwrap_or_default())
        };
        let repeat_to = tokio::task::spawn_blocking(look)
            .await
            .map_err(|error| StartError::Broken(error.to_string()))??;
        let ground = Ground { store, clock, repeat_to };
        Ok(Engine { ground, channels: RwLock::default(), changing: Mutex::default() })
    }

    /// The store below.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.ground.store
    }

    /// Makes these the running channels: starts what is new, starts anew what has changed, stops what
    /// is not among them, leaves alone what is as it was.
    pub async fn apply(&self, specs: Vec<ChannelSpec>, stop_limit: Duration) -> Applied {
        let _one = self.changing.lock().await;
        let mut applied = Applied::default();
        let mut before = self.channels.read().await.clone();
        for spec in specs {
            let name = spec.name.clone();
            match before.remove(&name) {
                Some(old) if old.is_as(&spec.text) => {
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
                Some(old) => {
                    old.stop(stop_limit).await;
                    self.channels.write().await.remove(&name);
                }
                None => {}
            }
            match Running::start(spec, &self.ground).await {
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
            old.stop(stop_limit).await;
            self.channels.write().await.remove(&name);
            tracing::info!(channel = %name, "the channel has stopped");
            applied.stopped.push(name);
        }
        applied
    }

    /// Stops all channels within `limit`; true when everything ended in good order.
    pub async fn stop(&self, limit: Duration) -> bool {
        let _one = self.changing.lock().await;
        let channels = std::mem::take(&mut *self.channels.write().await);
        let stops =
            channels.into_values().map(|channel| tokio::spawn(async move { channel.stop(limit).await }));
        let stops: Vec<_> = stops.collect();
        let mut orderly = true;
        for stop in stops {
            orderly &= stop.await.unwrap_or(false);
        }
        if orderly {
            let store = self.ground.store.clone();
            let cleared = tokio::task::spawn_blocking(move || store.set_value(MARK, None)).await;
            orderly = matches!(cleared, Ok(Ok(())));
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
            refuses: crate::source::Intake::pressure(running.intake.as_ref())
                .map(|refusal| refusal.to_string()),
            destinations: running.reports(),
        };
        channels.iter().map(report).collect()
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

    /// Does what a person decided: in the store first, then in the lanes. Gives how many deliveries it
    /// touched; a delivery that is under way just now is not touched.
    pub async fn act(&self, action: Action) -> klinke_store::Result<u64> {
        let destination = match &action {
            Action::Hold { destination, .. } | Action::Release { destination, .. } => *destination,
            Action::Kill { key, .. } | Action::Skip { key, .. } | Action::Revive { key, .. } => {
                key.destination
            }
        };
        let channels = self.channels.read().await.clone();
        let desk =
            channels.values().flat_map(|channel| &channel.desks).find(|desk| desk.id == destination).cloned();
        if let (Some(desk), Action::Kill { key, .. } | Action::Skip { key, .. }) = (&desk, &action)
            && !desk.remove(&key.lane, (key.envelope, key.part))
        {
            return Ok(0);
        }
        let touched = self.write(action.clone()).await;
        let Some(desk) = desk else { return touched };
        match (&action, &touched) {
            (Action::Hold { lane, .. }, Ok(_)) => desk.hold(lane.as_ref()),
            (Action::Release { lane, .. }, Ok(_)) => desk.release(lane.as_ref()),
            (Action::Kill { .. } | Action::Skip { .. }, Ok(1..)) => desk.removed(),
            (Action::Kill { key, .. } | Action::Skip { key, .. }, Err(_)) => self.reread(&desk, key),
            (Action::Revive { key, .. }, Ok(1..)) => desk.revived(&key.lane),
            _ => {}
        }
        touched
    }

    /// The store did not take a decision: the lane is read anew.
    fn reread(&self, desk: &crate::lane::desk::Desk, key: &DeliveryKey) {
        desk.revived(&key.lane);
        desk.removed();
    }

    async fn write(&self, action: Action) -> klinke_store::Result<u64> {
        let (sender, receiver) = oneshot::channel();
        self.ground.store.act(
            action,
            Box::new(move |done| {
                let _ = sender.send(done);
            }),
        );
        receiver.await.unwrap_or(Err(klinke_store::Error::Closed))
    }
}
