//! The in-process destination: hands what a channel made to another channel of the same engine.
//!
//! - **Durable.** A relay answers once the other channel's envelope is on stable storage, whatever that
//!   channel's own `ack` says. The new envelope's origin is [`Origin::Channel`] with the envelope it came of.
//! - **Once.** When an earlier attempt may have arrived (a crash, a lost answer), the relay looks among what
//!   came of the envelope first, and hands on only what is not there.
//! - **No circles.** A relay counts how often what it is given has been handed on, by the origins up to
//!   the envelope that a partner or a person sent, and refuses at [`HOPS_MAX`]; the delivery is then dead,
//!   for a person to look at. Sending an envelope again begins a new count.
//! - **Pressure.** A channel that does not run, is stopping or is full is a partner that can't be reached:
//!   deliveries wait in their lane.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use klinke_model::{Disposition, EnvelopeId, Origin};
use klinke_store::Store;

use crate::BoxFuture;
use crate::channel::running::{Ground, Running};
use crate::clock::Clock;
use crate::engine::Channels;
use crate::link::{Destination, Link, Parcel, Reply};
use crate::reads::Reader;
use crate::retry::scatter;
use crate::source::{Arrival, Refusal};

/// How often an envelope may be handed from channel to channel.
pub const HOPS_MAX: u32 = 16;

/// Envelopes whose count is remembered; of others the origins are read.
const COUNTS_MAX: usize = 10_000;

/// How often envelopes had been handed on when they came to their channels; one for all relays.
pub(crate) type Counts = Arc<Mutex<HashMap<EnvelopeId, u32>>>;

/// A destination within the engine.
#[derive(Clone)]
pub(crate) struct Relay {
    channel: Arc<str>,
    channels: Weak<Channels>,
    reader: Reader,
    clock: Clock,
    counts: Counts,
}

impl Relay {
    pub fn new(channel: &str, channels: Weak<Channels>, ground: &Ground, counts: Counts) -> Self {
        let (reader, clock) = (ground.reader.clone(), ground.clock.clone());
        Relay { channel: channel.into(), channels, reader, clock, counts }
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relay({})", self.channel)
    }
}

impl Destination for Relay {
    fn link(&self) -> Box<dyn Link> {
        Box::new(self.clone())
    }

    fn address(&self) -> String {
        format!("channel {}", self.channel)
    }
}

impl Link for Relay {
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel, _limit: Duration) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            match self.hand_on(parcel).await {
                Ok(reply) | Err(reply) => reply,
            }
        })
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

impl Relay {
    async fn hand_on(&self, parcel: &Parcel) -> Result<Reply, Reply> {
        let running = self.running().await?;
        let hops = self.hops(parcel.envelope()).await?;
        if hops >= HOPS_MAX {
            let text = format!("handed on {hops} times: the channels lead in a circle");
            return Err(Reply::refused("circle", text, None, Disposition::Dead));
        }
        let mark = mark(parcel);
        if parcel.repeat && self.has_come(parcel.envelope(), &running, mark).await? {
            return Ok(Reply::accepted("kept", None));
        }
        let arrival = Arrival {
            payload: parcel.payload.clone(),
            received: self.clock.now(),
            peer: format!("envelope {}", parcel.envelope()).into(),
            system: None,
        };
        match running.intake.take_over(arrival, Origin::Channel(parcel.envelope()), mark).await {
            Ok(id) => {
                self.remember(id, hops + 1);
                Ok(Reply::accepted("kept", None))
            }
            Err(refusal) => Err(self.refused(&refusal)),
        }
    }

    async fn running(&self) -> Result<Arc<Running>, Reply> {
        let found = match self.channels.upgrade() {
            Some(channels) => channels.read().await.get(&*self.channel).cloned(),
            None => None,
        };
        found.ok_or_else(|| {
            Reply::unreachable("not-running", format!("the channel `{}` does not run", self.channel))
        })
    }

    fn refused(&self, refusal: &Refusal) -> Reply {
        let text = format!("the channel `{}`: {refusal}", self.channel);
        match refusal {
            Refusal::Full(_) => Reply::unreachable("full", text),
            Refusal::Down(_) => Reply::unreachable("down", text),
            Refusal::Stopping => Reply::unreachable("stopping", text),
            Refusal::Forbidden(_) => Reply::refused("forbidden", text, None, Disposition::Dead),
        }
    }

    fn remember(&self, id: EnvelopeId, hops: u32) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= COUNTS_MAX {
            counts.clear();
        }
        counts.insert(id, hops);
    }

    /// How often an envelope had been handed on when it came to its channel.
    async fn hops(&self, id: EnvelopeId) -> Result<u32, Reply> {
        let known = self.counts.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied();
        if let Some(hops) = known {
            return Ok(hops);
        }
        self.ask(move |store| {
            let (mut hops, mut at) = (0, id);
            while hops < HOPS_MAX {
                match store.envelope(at)?.map(|record| record.envelope.origin) {
                    Some(Origin::Channel(parent)) => (hops, at) = (hops + 1, parent),
                    Some(Origin::Split(parent)) => at = parent,
                    _ => break,
                }
            }
            Ok(hops)
        })
        .await
    }

    /// True when the channel has this parcel from an earlier attempt.
    async fn has_come(&self, parent: EnvelopeId, running: &Running, mark: u64) -> Result<bool, Reply> {
        let channel = running.id;
        self.ask(move |store| {
            let children = store.envelope(parent)?.map(|record| record.children).unwrap_or_default();
            for child in children {
                let child = store.envelope(child)?.map(|record| record.envelope);
                if child.is_some_and(|one| one.channel == channel && one.fingerprint == Some(mark)) {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await
    }

    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&dyn Store) -> klinke_store::Result<T> + Send + 'static,
    ) -> Result<T, Reply> {
        let read = self.reader.read(ask).await;
        read.map_err(|error| Reply::unreachable("down", format!("the store could not be read: {error}")))
    }
}

/// Tells a delivery from every other one that is handed on.
fn mark(parcel: &Parcel) -> u64 {
    let place = scatter(u64::from(parcel.key.destination.0) << 16 | u64::from(parcel.key.part));
    scatter(place ^ parcel.key.envelope.0)
}
