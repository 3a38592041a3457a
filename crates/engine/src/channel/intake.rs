//! A channel's way in: limits, de-duplication, then the store; the answer waits for it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use klinke_model::{ChannelId, Envelope, EnvelopeId, Origin, Payload, Timestamp, VersionId};
use klinke_store::{Error, NewEnvelope, Query, Store};
use tokio::sync::oneshot;

use super::early::{self, Early, Items};
use super::fragments::{Fragments, Place, UNFINISHED};
use super::inbox::{Arrived, Inbox};
use super::memory::{Announce, First, Memory};
use super::spec::Limits;
use super::waiters::Waiters;
use super::work::Made;
use crate::BoxFuture;
use crate::clock::Clock;
use crate::document::Format;
use crate::lane::desk::Desk;
use crate::reads::Reader;
use crate::source::{Arrival, DAMAGED, End, Intake, Receipt, Refusal};

pub(crate) struct ChannelIntake {
    pub id: ChannelId,
    pub name: String,
    pub reader: Reader,
    pub clock: Clock,
    pub format: Arc<dyn Format>,
    pub format_name: Arc<str>,
    pub from: Arc<str>,
    pub limits: Limits,
    pub ack_limit: Duration,
    pub inbox: Arc<Inbox>,
    pub waiters: Arc<Waiters>,
    pub memory: Option<Memory>,
    /// Joins what is sent in fragments, where the site wants that.
    pub fragments: Option<Arc<Fragments>>,
    /// The version that handles arrivals now; a reload changes it.
    pub version: RwLock<VersionId>,
    pub desks: Arc<[Arc<Desk>]>,
    /// Runs the steps of what arrives, where they are quick.
    pub early: Early,
    pub stopping: AtomicBool,
    /// Arrivals given to the store and not yet answered by it.
    pub under_way: Arc<AtomicUsize>,
}

/// Counts an arrival as long as it is under way.
struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn begin(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        UnderWay(count.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What de-duplication knows of an arrival.
struct Mark {
    fingerprint: Option<u64>,
    announce: Option<Announce>,
}

/// What became of an arrival that says it is a fragment.
enum Placed {
    /// It is dealt with.
    Elsewhere(BoxFuture<'static, Result<Receipt, Refusal>>),
    /// It is to be taken as it came.
    AsItCame(Arrival, Mark, Option<oneshot::Sender<EnvelopeId>>, UnderWay),
}

/// What became of an envelope whose steps have run early.
enum EarlyEnd {
    /// It is kept with its route; these are its deliveries.
    Routed(Items, End),
    /// It is kept, and its route is to be written after those of others.
    Waits(VersionId, Made),
}

/// Told the number that the store gave, and how to wait for more than that.
type Kept = Result<(EnvelopeId, Option<oneshot::Receiver<End>>), Error>;

impl Intake for ChannelIntake {
    fn submit(&self, arrival: Arrival) -> BoxFuture<'static, Result<Receipt, Refusal>> {
        self.submit_from(arrival, Origin::Received)
    }

    fn submit_and_tell(
        &self,
        arrival: Arrival,
        kept: oneshot::Sender<EnvelopeId>,
    ) -> BoxFuture<'static, Result<Receipt, Refusal>> {
        self.submit_telling(arrival, Origin::Received, Some(kept))
    }

    fn keep_damaged(
        &self,
        arrival: Arrival,
        why: &'static str,
    ) -> BoxFuture<'static, Result<Receipt, Refusal>> {
        let under_way = UnderWay::begin(&self.under_way);
        if let Err(refusal) = self.admit(&arrival) {
            return Box::pin(async { Err(refusal) });
        }
        let kept = self.keep(arrival, Origin::Received, damaged(why), None, None, under_way);
        Box::pin(async move {
            let (id, _) = settled(kept).await?;
            Ok(Receipt { id, duplicate: false, end: End::Stored })
        })
    }

    fn newest(&self) -> BoxFuture<'static, Option<(EnvelopeId, Payload)>> {
        let (reader, channel) = (self.reader.clone(), self.id);
        Box::pin(async move { reader.read(move |store| newest(store, channel)).await.ok().flatten() })
    }

    fn noted(&self, name: &'static str) -> BoxFuture<'static, Option<Vec<u8>>> {
        let (reader, name) = (self.reader.clone(), format!("source/{}/{name}", self.name));
        Box::pin(async move { reader.read(move |store| store.value(&name)).await.ok().flatten() })
    }

    fn note(&self, name: &'static str, value: Option<Vec<u8>>) -> BoxFuture<'static, Result<(), Refusal>> {
        let (reader, name) = (self.reader.clone(), format!("source/{}/{name}", self.name));
        Box::pin(async move {
            let noted = reader.read(move |store| store.set_value(&name, value.as_deref())).await;
            noted.map_err(|error| Refusal::Down(error.to_string()))
        })
    }

    fn pressure(&self) -> Option<Refusal> {
        if self.stopping.load(Ordering::SeqCst) {
            return Some(Refusal::Stopping);
        }
        let most = self.limits.waiting_max;
        if self.inbox.unrouted() >= most {
            return Some(Refusal::Full(format!("{most} envelopes wait for the steps of {}", self.name)));
        }
        let full = self.desks.iter().find(|desk| desk.waiting() >= most)?;
        Some(Refusal::Full(format!("{most} deliveries wait for {}", full.name)))
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn channel(&self) -> &str {
        &self.name
    }
}

impl ChannelIntake {
    /// As [`Intake::submit`], with where it came from.
    pub fn submit_from(
        &self,
        arrival: Arrival,
        origin: Origin,
    ) -> BoxFuture<'static, Result<Receipt, Refusal>> {
        self.submit_telling(arrival, origin, None)
    }

    /// `told` hears the number as soon as the envelope is kept, before its end is waited for.
    fn submit_telling(
        &self,
        arrival: Arrival,
        origin: Origin,
        told: Option<oneshot::Sender<EnvelopeId>>,
    ) -> BoxFuture<'static, Result<Receipt, Refusal>> {
        // Counted before the look at `stopping`, so that a stop sees it or it sees the stop.
        let under_way = UnderWay::begin(&self.under_way);
        if let Err(refusal) = self.admit(&arrival) {
            return Box::pin(async { Err(refusal) });
        }
        let mut announce = None;
        let fingerprint = self.fingerprint(&arrival, &origin);
        if let (Some(memory), Some(fingerprint)) = (&self.memory, fingerprint) {
            match memory.meet(fingerprint, arrival.received) {
                Ok(first) => return Box::pin(duplicate(first, told)),
                Err(new) => announce = Some(new),
            }
        }
        if origin == Origin::Received
            && let Some(fragments) = &self.fragments
            && let Some(fragment) = self.format.fragment(&arrival.payload)
        {
            let (most, now) = (self.limits.payload_bytes_max, self.clock.now());
            let place = fragments.place(&fragment, &arrival.payload, most, now);
            let mark = Mark { fingerprint, announce };
            match self.submit_fragment(arrival, place, mark, told, under_way) {
                Placed::Elsewhere(receipt) => return receipt,
                Placed::AsItCame(arrival, mark, told, under_way) => {
                    return self.submit_whole(arrival, origin, mark, told, under_way);
                }
            }
        }
        self.submit_whole(arrival, origin, Mark { fingerprint, announce }, told, under_way)
    }

    fn submit_whole(
        &self,
        arrival: Arrival,
        origin: Origin,
        mark: Mark,
        told: Option<oneshot::Sender<EnvelopeId>>,
        under_way: UnderWay,
    ) -> BoxFuture<'static, Result<Receipt, Refusal>> {
        let Mark { fingerprint, announce } = mark;
        let kept = self.keep(arrival, origin, self.format_name.clone(), fingerprint, announce, under_way);
        let ack_limit = self.ack_limit;
        Box::pin(async move {
            let (id, end) = settled(kept).await?;
            tell(told, id);
            Ok(Receipt { id, duplicate: false, end: ended(end, ack_limit).await })
        })
    }

    /// Takes a fragment, and with the last one the whole. Both are given to the store here and now, so
    /// that what the sender sends next comes after them; what is left to do is done by a task, because a
    /// sender that goes away must not leave half of it undone.
    fn submit_fragment(
        &self,
        arrival: Arrival,
        place: Place,
        mark: Mark,
        told: Option<oneshot::Sender<EnvelopeId>>,
        under_way: UnderWay,
    ) -> Placed {
        let Some(fragments) = self.fragments.clone() else {
            return Placed::AsItCame(arrival, mark, told, under_way);
        };
        let (reader, format, ack_limit) = (self.reader.clone(), self.format_name.clone(), self.ack_limit);
        let Mark { fingerprint, announce } = mark;
        match place {
            Place::Stray => {
                tracing::warn!(channel = %self.name, "a fragment continues nothing that is here: it passes as it came");
                Placed::AsItCame(arrival, Mark { fingerprint, announce }, told, under_way)
            }
            Place::Refused(refusal) => Placed::Elsewhere(Box::pin(async { Err(refusal) })),
            Place::Again(id) => Placed::Elsewhere(Box::pin(async move {
                tell(told, id);
                Ok(Receipt { id, duplicate: true, end: End::Stored })
            })),
            Place::Kept { first, id } => {
                let origin = Origin::Fragment(first);
                let kept = self.keep(arrival, origin, format, fingerprint, announce, under_way);
                in_a_task(async move {
                    let number = settled(kept).await.inspect_err(|_| fragments.forget(&id))?.0;
                    let _ = id.set(number);
                    fragments.save(&reader).await?;
                    tell(told, number);
                    Ok(Receipt { id: number, duplicate: false, end: End::Stored })
                })
            }
            Place::Last { open, joined, whole } => {
                let last = UnderWay::begin(&self.under_way);
                let whole_arrival = Arrival { payload: joined, ..arrival.clone() };
                let (fragment, first) = (Origin::Fragment(open.first()), Origin::Joined(open.first()));
                // No one waits for its steps, and it needs no answer of its own: the whole is what counts.
                drop(self.keep(arrival, fragment, format.clone(), fingerprint, announce, last));
                let kept = self.keep(whole_arrival, first, format, None, None, under_way);
                in_a_task(async move {
                    let kept = settled(kept).await.inspect_err(|_| fragments.put_back(open, &whole));
                    let (id, end) = kept?;
                    let _ = whole.set(id);
                    fragments.save(&reader).await?;
                    tell(told, id);
                    Ok(Receipt { id, duplicate: false, end: ended(end, ack_limit).await })
                })
            }
        }
    }

    /// Keeps what was not finished in time, joined as far as it came, as damaged.
    pub async fn keep_unfinished(&self, fragments: &Fragments) {
        for open in fragments.take_overdue(self.clock.now()) {
            let arrival = Arrival {
                payload: fragments.as_far_as_it_came(&open),
                received: self.clock.now(),
                peer: self.name.as_str().into(),
                system: None,
            };
            let under_way = UnderWay::begin(&self.under_way);
            let origin = Origin::Joined(open.first());
            match settled(self.keep(arrival, origin, damaged(UNFINISHED), None, None, under_way)).await {
                Ok((id, _)) => tracing::warn!(channel = %self.name, envelope = %id, "{UNFINISHED}"),
                Err(_) => fragments.put_back_overdue(open),
            }
        }
        // What fails is tried again: the state says so.
        let _ = fragments.save(&self.reader).await;
    }

    /// Takes what another channel hands on; `mark` tells it from all else that was handed on. Resolves as
    /// soon as it is on stable storage, whatever the channel's `ack` says.
    pub async fn take_over(
        &self,
        arrival: Arrival,
        origin: Origin,
        mark: u64,
    ) -> Result<EnvelopeId, Refusal> {
        let under_way = UnderWay::begin(&self.under_way);
        self.admit(&arrival)?;
        let kept = self.keep(arrival, origin, self.format_name.clone(), Some(mark), None, under_way);
        Ok(settled(kept).await?.0)
    }

    /// True when the store has answered every arrival.
    pub fn is_settled(&self) -> bool {
        self.under_way.load(Ordering::SeqCst) == 0
    }

    fn admit(&self, arrival: &Arrival) -> Result<(), Refusal> {
        if let Some(refusal) = self.pressure() {
            return Err(refusal);
        }
        let (len, most) = (arrival.payload.len(), self.limits.payload_bytes_max);
        if len > most {
            return Err(Refusal::Forbidden(format!("{len} bytes, at most {most} are taken")));
        }
        Ok(())
    }

    fn fingerprint(&self, arrival: &Arrival, origin: &Origin) -> Option<u64> {
        let memory = self.memory.as_ref().filter(|_| *origin == Origin::Received)?;
        if memory.dedup().by_content {
            return Some(digest(&arrival.payload));
        }
        self.format.identity(&arrival.payload)
    }

    /// Gives an arrival to the store. What happens once it is durable happens on the store's thread, so
    /// that the inbox sees envelopes in the order of their numbers.
    fn keep(
        &self,
        arrival: Arrival,
        origin: Origin,
        format: Arc<str>,
        fingerprint: Option<u64>,
        announce: Option<Announce>,
        under_way: UnderWay,
    ) -> oneshot::Receiver<Kept> {
        let version = *self.version.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut envelope = Envelope {
            id: EnvelopeId(0),
            channel: self.id,
            version,
            received: arrival.received,
            system: arrival.system.unwrap_or_else(|| self.from.clone()),
            peer: arrival.peer,
            format,
            origin,
            fingerprint,
            payload: arrival.payload,
        };
        let early = self.early.run(&envelope, self.inbox.unrouted());
        let new = new_envelope(&envelope);
        let (inbox, waiters, desks) = (self.inbox.clone(), self.waiters.clone(), self.desks.clone());
        let (sender, receiver) = oneshot::channel();
        let kept = move |done: Result<EnvelopeId, Error>, early: Option<EarlyEnd>| {
            if let Some(announce) = announce {
                announce.send_replace(Some(done.as_ref().map(|id| *id).map_err(|_| ())));
            }
            let _ = sender.send(done.map(|id| {
                let waiter = waiters.register(id);
                envelope.id = id;
                match early {
                    Some(EarlyEnd::Routed(items, end)) => {
                        inbox.passed(id);
                        early::push(&desks, early::numbered(items, id));
                        waiters.routed(id, end);
                    }
                    Some(EarlyEnd::Waits(version, made)) => {
                        inbox.push(Arrived { envelope, made: Some((version, made)) });
                    }
                    None => inbox.push(envelope.into()),
                }
                (id, waiter)
            }));
            drop(under_way);
        };
        match early {
            None => self.reader.store.accept(new, Box::new(move |done| kept(done, None))),
            Some(made) => self.keep_routed(new, made, kept),
        }
        receiver
    }

    /// Gives an arrival to the store together with what the steps made of it.
    fn keep_routed(
        &self,
        new: NewEnvelope,
        (version, made): (VersionId, Made),
        kept: impl FnOnce(Result<EnvelopeId, Error>, Option<EarlyEnd>) + Send + 'static,
    ) {
        let at = self.clock.now();
        let (items, end) = (early::items(&self.desks, EnvelopeId(0), &made, at), made.end());
        let entry = made.early(new.version, version, at);
        self.reader.store.accept_routed(
            new,
            entry,
            Box::new(move |done| match done {
                Ok(accepted) if accepted.is_routed => {
                    kept(Ok(accepted.id), Some(EarlyEnd::Routed(items, end)));
                }
                Ok(accepted) => kept(Ok(accepted.id), Some(EarlyEnd::Waits(version, made))),
                Err(error) => kept(Err(error), None),
            }),
        );
    }
}

/// How many envelopes are looked at for the newest one that a partner sent.
const NEWEST_LOOKS: usize = 100;

/// The newest envelope of a channel that a partner sent, and not a person or another channel.
fn newest(store: &dyn Store, channel: ChannelId) -> klinke_store::Result<Option<(EnvelopeId, Payload)>> {
    let query = Query { channel: Some(channel), limit: NEWEST_LOOKS, ..Query::default() };
    let sent = |envelope: &Envelope| matches!(envelope.origin, Origin::Received | Origin::Fragment(_));
    let found = store.search(&query)?.into_iter().map(|one| one.envelope);
    let Some(found) = found.filter(sent).find(|one| !one.format.starts_with(DAMAGED)) else {
        return Ok(None);
    };
    Ok(store.envelope(found.id)?.map(|record| (found.id, record.envelope.payload)))
}

/// The store's answer to an envelope, as the sender is to hear it.
async fn settled(
    kept: oneshot::Receiver<Kept>,
) -> Result<(EnvelopeId, Option<oneshot::Receiver<End>>), Refusal> {
    match kept.await {
        Ok(kept) => kept.map_err(refusal),
        Err(_) => Err(Refusal::Down("the store gave no answer".to_owned())),
    }
}

/// How far an envelope came within a limit; that it is kept, when nobody waits for more.
async fn ended(end: Option<oneshot::Receiver<End>>, limit: Duration) -> End {
    match end {
        None => End::Stored,
        Some(end) => match tokio::time::timeout(limit, end).await {
            Ok(Ok(end)) => end,
            _ => End::Pending,
        },
    }
}

/// Does it whether or not the sender waits for it.
fn in_a_task(work: impl Future<Output = Result<Receipt, Refusal>> + Send + 'static) -> Placed {
    let task = tokio::spawn(work);
    Placed::Elsewhere(Box::pin(async move {
        task.await.unwrap_or_else(|_| Err(Refusal::Down("a task broke off".to_owned())))
    }))
}

/// The format's name of what is kept as damaged.
fn damaged(why: &str) -> Arc<str> {
    format!("{DAMAGED}{why}").into()
}

fn tell(told: Option<oneshot::Sender<EnvelopeId>>, id: EnvelopeId) {
    if let Some(told) = told {
        // Nobody hears it when the partner has gone meanwhile.
        let _ = told.send(id);
    }
}

fn new_envelope(envelope: &Envelope) -> NewEnvelope {
    NewEnvelope {
        channel: envelope.channel,
        version: envelope.version,
        received: envelope.received,
        system: envelope.system.clone(),
        peer: envelope.peer.clone(),
        format: envelope.format.clone(),
        origin: envelope.origin.clone(),
        fingerprint: envelope.fingerprint,
        payload: envelope.payload.clone(),
    }
}

/// Answers an arrival that came before, once the first one is kept.
async fn duplicate(mut first: First, told: Option<oneshot::Sender<EnvelopeId>>) -> Result<Receipt, Refusal> {
    let end = first.wait_for(Option::is_some).await.map(|kept| *kept);
    match end {
        Ok(Some(Ok(id))) => {
            tell(told, id);
            Ok(Receipt { id, duplicate: true, end: End::Stored })
        }
        _ => Err(Refusal::Down("its first arrival could not be kept".to_owned())),
    }
}

fn refusal(error: Error) -> Refusal {
    match error {
        Error::Full(text) => Refusal::Full(text),
        Error::Closed => Refusal::Stopping,
        other => Refusal::Down(other.to_string()),
    }
}

/// A digest of content (FNV-1a over words, then scattered): collisions within a window are as unlikely
/// as 64 bits allow.
pub(super) fn digest(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ bytes.len() as u64;
    for word in bytes.chunks(8) {
        let mut padded = [0; 8];
        padded[..word.len()].copy_from_slice(word);
        hash = crate::retry::scatter(hash ^ u64::from_le_bytes(padded));
    }
    hash
}
