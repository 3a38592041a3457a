//! The task that runs a channel's steps, one envelope after the other in the order of arrival.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use klinke_model::{Envelope, EnvelopeId};
use klinke_store::{Outcome, Store};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::inbox::{Found, Inbox};
use super::waiters::Waiters;
use super::work::{Made, Work};
use crate::clock::Clock;
use crate::lane::desk::Desk;
use crate::lane::queue::Item;
use crate::source::{End, Stop};

/// How many envelopes are taken at once.
const BATCH: usize = 64;

/// Results that the store may have yet to confirm.
const UNCONFIRMED_MAX: usize = 1_024;

/// Above so many payload bytes a batch's steps run where blocking is allowed.
const INLINE_BYTES_MAX: usize = 256 << 10;

/// How long to wait before trying again what the store refused.
const AGAIN: Duration = Duration::from_millis(500);

/// Bytes of payloads read from the store at once.
const READ_BYTES_MAX: usize = 16 << 20;

/// Where the worker stands: the last envelope done, and whether the store may know of a gap before it.
#[derive(Clone, Copy)]
struct Position {
    last: EnvelopeId,
    /// The one routed just before, `None` after a start or a refusal.
    chained: Option<EnvelopeId>,
}

pub(crate) struct Worker {
    pub channel: klinke_model::ChannelId,
    pub name: String,
    pub store: Arc<dyn Store>,
    pub clock: Clock,
    pub inbox: Arc<Inbox>,
    pub waiters: Arc<Waiters>,
    pub work: Arc<RwLock<Arc<Work>>>,
    pub desks: Vec<Arc<Desk>>,
    pub unconfirmed: Arc<Semaphore>,
    /// The first envelope whose results the store refused.
    pub refused: Arc<Mutex<Option<EnvelopeId>>>,
}

/// How many results may be unconfirmed.
pub(crate) fn unconfirmed() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(UNCONFIRMED_MAX))
}

impl Worker {
    /// Runs until `stop` is said and what was taken is done. What lies in the inbox then is in the
    /// store, and the next start finds it.
    pub async fn run(self, mut stop: Stop) {
        // The store's own mark is where an earlier run ended: all reads go on from there.
        let mut position = Position { last: EnvelopeId(0), chained: None };
        while !stop.is_said() {
            if let Some(from) = self.take_refused() {
                self.drain().await;
                tokio::time::sleep(AGAIN).await;
                position = Position { last: EnvelopeId(from.0 - 1), chained: None };
                self.inbox.fall_behind();
                // What was refused while draining comes after the first one.
                self.take_refused();
            }
            match self.inbox.take(position.last, BATCH) {
                Found::Envelopes(envelopes) => self.process(envelopes, &mut position).await,
                Found::InStore => self.read_on(&mut position).await,
                Found::Nothing => tokio::select! {
                    () = self.inbox.changed() => {}
                    () = stop.said() => {}
                },
            }
        }
        self.drain().await;
    }

    fn take_refused(&self) -> Option<EnvelopeId> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits until the store has confirmed or refused everything.
    async fn drain(&self) {
        let _ = self.unconfirmed.acquire_many(UNCONFIRMED_MAX as u32).await;
    }

    async fn read_on(&self, position: &mut Position) {
        let (store, channel, last) = (self.store.clone(), self.channel, position.last);
        let read = move || store.unrouted(channel, last, BATCH, READ_BYTES_MAX);
        let found = match tokio::task::spawn_blocking(read).await {
            Ok(found) => found.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match found {
            Ok(envelopes) => {
                if !envelopes.is_empty() {
                    self.process(envelopes, position).await;
                }
                self.inbox.caught_up(position.last);
            }
            Err(error) => {
                tracing::error!(channel = %self.name, error, "the store could not be read");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }

    /// Runs the steps on a batch and gives the results to the store.
    async fn process(&self, envelopes: Vec<Envelope>, position: &mut Position) {
        let work = self.work.read().unwrap_or_else(PoisonError::into_inner).clone();
        let bytes: usize = envelopes.iter().map(|envelope| envelope.payload.len()).sum();
        let made = if bytes > INLINE_BYTES_MAX {
            match tokio::task::spawn_blocking(move || run_all(&work, envelopes)).await {
                Ok(made) => made,
                Err(error) => {
                    tracing::error!(channel = %self.name, %error, "the steps broke off");
                    self.inbox.fall_behind();
                    return tokio::time::sleep(AGAIN).await;
                }
            }
        } else {
            run_all(&work, envelopes)
        };
        for (envelope, made) in made {
            let Ok(permit) = self.unconfirmed.clone().acquire_owned().await else { return };
            if self.refused.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
                return;
            }
            position.last = envelope.id;
            let after = position.chained.replace(envelope.id);
            self.hand_over(envelope, after, made, permit);
        }
    }

    /// Gives one result to the store. Once it is durable its deliveries lie in their lanes, in order.
    fn hand_over(
        &self,
        envelope: Envelope,
        after: Option<EnvelopeId>,
        made: Made,
        permit: OwnedSemaphorePermit,
    ) {
        let at = self.clock.now();
        let (id, end) = (envelope.id, end(&made.outcome));
        let items = self.items(&envelope, &made, at);
        let desks = self.desks.clone();
        let (waiters, refused) = (self.waiters.clone(), self.refused.clone());
        let (inbox, name) = (self.inbox.clone(), self.name.clone());
        self.store.route(
            made.into_routed(&envelope, after, at),
            Box::new(move |done| {
                match done {
                    Ok(()) => {
                        for (desk, items) in desks.iter().zip(items) {
                            if !items.is_empty() {
                                desk.push(items);
                            }
                        }
                        waiters.routed(id, end);
                    }
                    Err(error) => {
                        tracing::error!(channel = %name, envelope = %id, %error, "results could not be kept");
                        refused.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(id);
                        inbox.wake();
                    }
                }
                drop(permit);
            }),
        );
    }

    /// The deliveries of a result, by desk.
    fn items(
        &self,
        envelope: &Envelope,
        made: &Made,
        queued: klinke_model::Timestamp,
    ) -> Vec<Vec<(Arc<str>, Item)>> {
        let mut items: Vec<Vec<(Arc<str>, Item)>> = self.desks.iter().map(|_| Vec::new()).collect();
        let Outcome::Deliveries { deliveries, .. } = &made.outcome else { return items };
        for delivery in deliveries {
            let Some(desk) = self.desks.iter().position(|desk| desk.id == delivery.destination) else {
                continue;
            };
            let item = Item {
                envelope: envelope.id,
                part: delivery.part,
                attempts: 0,
                repeat: false,
                queued,
                payload: made.parts.get(usize::from(delivery.part)).cloned(),
            };
            items[desk].push((delivery.lane.clone(), item));
        }
        items
    }
}

fn run_all(work: &Work, envelopes: Vec<Envelope>) -> Vec<(Envelope, Made)> {
    let run = |envelope: Envelope| {
        let made = work.run(&envelope, None);
        (envelope, made)
    };
    envelopes.into_iter().map(run).collect()
}

fn end(outcome: &Outcome) -> End {
    match outcome {
        Outcome::Deliveries { .. } => End::Routed,
        Outcome::Filtered { .. } => End::Filtered,
        Outcome::Failed { reason, .. } => End::Failed(reason.clone()),
    }
}
