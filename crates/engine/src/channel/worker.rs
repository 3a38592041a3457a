//! The task that runs a channel's steps, one envelope after the other in the order of arrival.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use klinke_model::{Envelope, EnvelopeId, VersionId};
use klinke_store::{Error, Outcome, Routed};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::early::{self, Items, Pace};
use super::inbox::{Arrived, Found, Inbox};
use super::waiters::Waiters;
use super::work::{Made, Works};
use crate::clock::Clock;
use crate::fault::StartError;
use crate::lane::desk::Desk;
use crate::reads::Reader;
use crate::source::Stop;

/// How many envelopes are taken at once.
const BATCH: usize = 64;

/// Results that the store may have yet to confirm; a large one counts for several.
const UNCONFIRMED_MAX: u32 = 1_024;

/// So many bytes count as one result.
const UNCONFIRMED_BYTES: usize = 64 << 10;

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

impl Position {
    /// This envelope is routed next; gives the one that was routed before it, by the worker or on its arrival.
    fn chain(&mut self, envelope: EnvelopeId, inbox: &Inbox) -> Option<EnvelopeId> {
        self.chained.replace(envelope).map(|before| before.max(inbox.routed_early()))
    }
}

pub(crate) struct Worker {
    pub channel: klinke_model::ChannelId,
    pub name: String,
    pub reader: Reader,
    pub clock: Clock,
    pub inbox: Arc<Inbox>,
    pub waiters: Arc<Waiters>,
    pub works: Arc<RwLock<Works>>,
    pub desks: Arc<[Arc<Desk>]>,
    pub pace: Arc<Pace>,
    pub unconfirmed: Arc<Semaphore>,
    /// The first envelope whose results the store refused.
    pub refused: Arc<Mutex<Option<EnvelopeId>>>,
}

/// How many results may be unconfirmed.
pub(crate) fn unconfirmed() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(UNCONFIRMED_MAX as usize))
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
                Found::Envelopes(arrived) => self.process(arrived, &mut position).await,
                Found::InStore => self.read_on(&mut position).await,
                Found::Nothing => {
                    self.retire();
                    tokio::select! {
                        biased;
                        () = stop.said() => {}
                        () = self.inbox.changed() => {}
                    }
                }
            }
        }
        self.drain().await;
    }

    fn take_refused(&self) -> Option<EnvelopeId> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits until the store has confirmed or refused everything.
    async fn drain(&self) {
        let _ = self.unconfirmed.acquire_many(UNCONFIRMED_MAX).await;
    }

    /// All that came before a reload is done: the steps from before it are let go.
    fn retire(&self) {
        if self.works.read().unwrap_or_else(PoisonError::into_inner).has_old() {
            self.works.write().unwrap_or_else(PoisonError::into_inner).retire();
        }
    }

    async fn read_on(&self, position: &mut Position) {
        let (channel, last) = (self.channel, position.last);
        let found = self.reader.read(move |store| store.unrouted(channel, last, BATCH, READ_BYTES_MAX)).await;
        match found {
            // Only an empty read shows the end: what an earlier run left was never pushed here.
            Ok(envelopes) if envelopes.is_empty() => {
                self.inbox.caught_up(last);
            }
            Ok(envelopes) => {
                self.process(envelopes.into_iter().map(Arrived::from).collect(), position).await;
            }
            Err(StartError::Store(Error::Unreadable { envelope, why })) => {
                self.pass_over(envelope, &why, position).await
            }
            Err(error) => {
                tracing::error!(channel = %self.name, %error, "the store could not be read");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }

    /// What lies in the store and can't be read any more holds up nobody: it failed, and says why.
    async fn pass_over(&self, envelope: EnvelopeId, why: &str, position: &mut Position) {
        tracing::error!(channel = %self.name, %envelope, why, "an envelope is damaged: it is passed over");
        let Ok(permit) = self.unconfirmed.clone().acquire_owned().await else { return };
        position.last = envelope;
        let outcome = Outcome::Failed {
            step: "store".to_owned(),
            reason: format!("its kept bytes can't be read: {why}"),
        };
        let (channel, at) = (self.channel, self.clock.now());
        let after = position.chain(envelope, &self.inbox);
        let routed = Routed { envelope, channel, version: None, after, at, outcome, trace: Vec::new() };
        self.hand_over(routed, Vec::new(), permit);
    }

    /// Runs the steps on a batch and gives the results to the store.
    async fn process(&self, arrived: Vec<Arrived>, position: &mut Position) {
        let works = self.works.read().unwrap_or_else(PoisonError::into_inner).clone();
        let bytes: usize = arrived.iter().map(|one| one.envelope.payload.len()).sum();
        let made = if bytes > INLINE_BYTES_MAX {
            let clock = self.clock.clone();
            let pace = self.pace.clone();
            match tokio::task::spawn_blocking(move || run_all(&works, arrived, &pace, &clock)).await {
                Ok(made) => made,
                Err(error) => {
                    tracing::error!(channel = %self.name, %error, "the steps broke off");
                    self.inbox.fall_behind();
                    return tokio::time::sleep(AGAIN).await;
                }
            }
        } else {
            run_all(&works, arrived, &self.pace, &self.clock)
        };
        for (envelope, version, made) in made {
            let weight = weight(&envelope, &made);
            let Ok(permit) = self.unconfirmed.clone().acquire_many_owned(weight).await else { return };
            if self.refused.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
                return;
            }
            position.last = envelope.id;
            let (after, at) = (position.chain(envelope.id, &self.inbox), self.clock.now());
            let items = early::items(&self.desks, envelope.id, &made, at);
            self.hand_over(made.into_routed(&envelope, version, after, at), items, permit);
        }
    }

    /// Gives one result to the store. Once it is durable its deliveries lie in their lanes, in order.
    fn hand_over(&self, routed: Routed, items: Items, permit: OwnedSemaphorePermit) {
        let (id, end) = (routed.envelope, super::work::end(&routed.outcome));
        let desks = self.desks.clone();
        let (waiters, refused) = (self.waiters.clone(), self.refused.clone());
        let (inbox, name) = (self.inbox.clone(), self.name.clone());
        self.reader.store.route(
            routed,
            Box::new(move |done| {
                match done {
                    Ok(()) => {
                        early::push(&desks, items);
                        inbox.routed();
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
}

/// Each with the version that ran, and what that made of it.
fn run_all(
    works: &Works,
    arrived: Vec<Arrived>,
    pace: &Pace,
    clock: &Clock,
) -> Vec<(Envelope, VersionId, Made)> {
    let run = |Arrived { envelope, made }: Arrived| {
        if let Some((version, made)) = made {
            return (envelope, version, made);
        }
        let (version, work) = works.of(&envelope);
        let begun = clock.now();
        let made = work.run(&envelope, None);
        pace.note(clock.now().since(begun));
        (envelope, version, made)
    };
    arrived.into_iter().map(run).collect()
}

/// How many unconfirmed results this one counts for: its bytes stay in memory until it is confirmed.
fn weight(envelope: &Envelope, made: &Made) -> u32 {
    let changed = made.parts.iter().filter(|part| !part.is_same(&envelope.payload));
    let bytes = envelope.payload.len() + changed.map(|part| part.len()).sum::<usize>();
    u32::try_from(1 + bytes / UNCONFIRMED_BYTES).unwrap_or(UNCONFIRMED_MAX).min(UNCONFIRMED_MAX)
}
