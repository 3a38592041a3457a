//! A destination's desk: its lanes, between the store, the channel's worker and the links.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use klinke_model::{
    Attempt, AttemptResult, DeliveryKey, DestinationId, Disposition, EnvelopeId, Hold, Timestamp,
};
use klinke_store::Tried;
use tokio::sync::Notify;

use super::queue::{Front, Item, Next, Place, Queue};
use super::trail::{Recent, Trail};
use crate::answers::AnswerTable;
use crate::channel::spec::Budget;
use crate::circuit::Circuit;
use crate::clock::Clock;
use crate::link::{Reply, ReplyKind};
use crate::reads::Reader;
use crate::retry::{Retry, scatter};
use crate::schedule::Schedule;
use crate::throttle::{Rate, Throttle};

/// How long to wait before giving the store an attempt again that it refused.
const SAVE_AGAIN: Duration = Duration::from_millis(500);

/// Most attempts that the store may have yet to confirm. After a crash so many deliveries at most are
/// sent again although the partner had answered.
const UNRECORDED_MAX: usize = 256;

/// What the desk does by.
pub(crate) struct Terms {
    /// The channel's format, as parcels carry it.
    pub format: Arc<str>,
    pub retry: Retry,
    pub answers: AnswerTable,
    pub rate: Option<Rate>,
    pub schedule: Option<Schedule>,
    pub answer_limit: Duration,
    pub budget: Budget,
}

/// Lanes with their first places, and whether these are all.
pub(crate) type Found = (Vec<(Arc<str>, Place)>, bool);

/// Told when an envelope's delivery has come to an end: the envelope, the reply that ended it, and
/// whether it counts as delivered.
pub(crate) type OnEnd = Box<dyn Fn(EnvelopeId, &Reply, bool) + Send + Sync>;

pub(crate) struct Desk {
    pub id: DestinationId,
    /// `channel/destination`, for logs.
    pub name: String,
    pub terms: Terms,
    pub reader: Reader,
    pub clock: Clock,
    on_end: OnEnd,
    /// Below zero for moments, when a delivery ends before the lanes know that it waits.
    waiting: AtomicI64,
    state: Mutex<State>,
    notify: Notify,
}

struct State {
    queue: Queue,
    circuit: Circuit,
    throttle: Option<Throttle>,
    held: bool,
    /// Attempts given to the store and not yet confirmed.
    unrecorded: usize,
    /// Deliveries that have ended, in the order in which the store is to confirm it.
    ended: VecDeque<Place>,
    /// Attempts that the store refused, and when to give them again.
    unsaved: Vec<Tried>,
    save_at: Timestamp,
    /// Deliveries up to here may have been sent by an earlier run that did not end in good order.
    repeat_to: Place,
    report: DeskReport,
    trail: Trail,
}

/// What a desk says of itself.
#[derive(Clone, Debug, Default)]
pub struct DeskReport {
    /// Deliveries in its lanes.
    pub waiting: u64,
    /// Lanes in memory.
    pub lanes: usize,
    /// True while the partner counts as down.
    pub down: bool,
    /// True while a person holds all of it.
    pub held: bool,
    /// Attempts since the start.
    pub attempts: u64,
    /// Deliveries accepted since the start.
    pub delivered: u64,
    /// The latest answer: when, its code, a sentence.
    pub latest: Option<(Timestamp, String, String)>,
    /// The latest answer that was no acceptance.
    pub trouble: Option<(Timestamp, String, String)>,
    /// Time of all answers since the start, for the mean.
    pub answer_time: Duration,
}

impl Desk {
    pub fn new(
        id: DestinationId,
        name: String,
        terms: Terms,
        reader: Reader,
        clock: Clock,
        on_end: OnEnd,
    ) -> Self {
        let state = State {
            queue: Queue::new(terms.budget),
            circuit: Circuit::default(),
            throttle: terms.rate.map(Throttle::new),
            held: false,
            unrecorded: 0,
            ended: VecDeque::new(),
            unsaved: Vec::new(),
            save_at: Timestamp(0),
            repeat_to: (EnvelopeId(0), 0),
            report: DeskReport::default(),
            trail: Trail::default(),
        };
        Desk {
            id,
            name,
            terms,
            reader,
            clock,
            on_end,
            waiting: AtomicI64::new(0),
            state: Mutex::new(state),
            notify: Notify::new(),
        }
    }

    /// Takes over what the store has from before: how many wait, which lanes are held, and whether the
    /// run before ended without saying what it had sent (`repeat_to`).
    pub fn inherit(&self, waiting: u64, holds: &[Hold], repeat_to: EnvelopeId) {
        self.waiting.store(i64::try_from(waiting).unwrap_or(i64::MAX), Ordering::Relaxed);
        let mut state = self.lock();
        state.repeat_to = (repeat_to, u16::MAX);
        for hold in holds.iter().filter(|hold| hold.destination == self.id) {
            match &hold.lane {
                Some(lane) => state.queue.hold(lane),
                None => state.held = true,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Deliveries that wait.
    pub fn waiting(&self) -> u64 {
        u64::try_from(self.waiting.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// Puts new deliveries into their lanes. Called in the order of their commits.
    pub fn push(&self, deliveries: impl IntoIterator<Item = (Arc<str>, Item)>) {
        let mut state = self.lock();
        for (lane, item) in deliveries {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            state.queue.push(&lane, item);
        }
        drop(state);
        self.notify.notify_one();
    }

    /// What a link is to do now.
    pub fn next(&self) -> Next {
        let now = self.clock.now();
        let mut state = self.lock();
        if let Some(wait) = self.obstacle(&mut state, now) {
            return wait;
        }
        match state.queue.next(now) {
            Next::Deliver(lane, mut item) => {
                item.ticket = state.circuit.begin();
                if let Some(throttle) = &mut state.throttle {
                    throttle.begin(now);
                }
                item.repeat |= item.place() <= state.repeat_to;
                if state.queue.has_more() {
                    self.notify.notify_one();
                }
                Next::Deliver(lane, item)
            }
            other => other,
        }
    }

    /// What keeps every lane from going, and until when.
    fn obstacle(&self, state: &mut State, now: Timestamp) -> Option<Next> {
        if !state.unsaved.is_empty() {
            if now < state.save_at {
                return Some(Next::Wait(Some(state.save_at)));
            }
            return Some(Next::Wait(Some(now)));
        }
        if state.held || state.unrecorded >= UNRECORDED_MAX {
            return Some(Next::Wait(None));
        }
        if !state.circuit.allows(now) {
            return Some(Next::Wait(state.circuit.wake()));
        }
        if let Some(schedule) = &self.terms.schedule
            && !schedule.is_open(now)
        {
            return Some(Next::Wait(Some(schedule.next_opening(now))));
        }
        let due = state.throttle.as_ref().map(Throttle::next)?;
        (due > now).then_some(Next::Wait(Some(due)))
    }

    /// Waits until something may have changed.
    pub async fn changed(&self) {
        self.notify.notified().await;
    }

    /// Wakes a link, or the next one that waits.
    pub fn wake(&self) {
        self.notify.notify_one();
    }

    /// Gives the store again what it had refused, when it is time.
    pub fn save_again(self: &Arc<Self>) {
        let unsaved = {
            let mut state = self.lock();
            if state.unsaved.is_empty() || self.clock.now() < state.save_at {
                return;
            }
            std::mem::take(&mut state.unsaved)
        };
        for mut tried in unsaved {
            let released = !self.lock().queue.is_held(&tried.key.lane);
            if tried.attempt.result == AttemptResult::Held && released {
                // A person has released the lane meanwhile: the store is not to hold it after that.
                tried.attempt.result = AttemptResult::Retry(tried.attempt.ended);
            }
            self.record(tried);
        }
    }

    /// Takes the reply to a delivery that [`Desk::next`] gave.
    pub fn finish(
        self: &Arc<Self>,
        lane: &Arc<str>,
        item: &Item,
        bytes: usize,
        reply: Reply,
        started: Timestamp,
    ) {
        let ended = self.clock.now();
        let number = item.attempts + 1;
        let (result, front) = self.judge(lane, item, &reply, number, ended);
        let repeat = reply.kind == ReplyKind::Unclear;
        let key = DeliveryKey {
            destination: self.id,
            lane: lane.clone(),
            envelope: item.envelope,
            part: item.part,
        };
        {
            let mut state = self.lock();
            state.queue.recording(lane);
            state.unrecorded += 1;
            if front == Front::Gone {
                state.ended.push_back(item.place());
            }
            note(&mut state.report, &reply, started, ended);
            state.trail.note(Recent {
                envelope: item.envelope,
                ended,
                took: ended.since(started),
                bytes,
                kind: reply.kind,
                code: reply.code.clone(),
                text: reply.text.clone(),
            });
        }
        if front == Front::Gone {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            (self.on_end)(item.envelope, &reply, result == AttemptResult::Delivered);
        }
        let Reply { code, text, answer, .. } = reply;
        let attempt = Attempt { number, started, ended, repeat: item.repeat, answer, code, text, result };
        self.record(Tried { key, attempt });
        self.lock().queue.finish(lane, front, true, repeat);
        self.notify.notify_one();
    }

    fn record(self: &Arc<Self>, tried: Tried) {
        let desk = self.clone();
        let copy = tried.clone();
        self.reader.store.record(
            tried,
            Box::new(move |done| {
                let mut state = desk.lock();
                match done {
                    Ok(()) => {
                        let was_full = state.unrecorded >= UNRECORDED_MAX;
                        state.unrecorded = state.unrecorded.saturating_sub(1);
                        state.queue.recorded(&copy.key.lane);
                        let place = (copy.key.envelope, copy.key.part);
                        if let Some(at) = state.ended.iter().position(|one| *one == place) {
                            state.ended.remove(at);
                        }
                        if was_full || state.queue.has_ready() {
                            desk.notify.notify_one();
                        }
                    }
                    Err(error) => {
                        tracing::error!(destination = %desk.name, %error, "an attempt could not be kept");
                        state.save_at = desk.clock.now().after(SAVE_AGAIN);
                        state.unsaved.push(copy);
                        desk.notify.notify_one();
                    }
                }
            }),
        );
    }

    /// The one place where an answer becomes what happens next.
    fn judge(
        &self,
        lane: &Arc<str>,
        item: &Item,
        reply: &Reply,
        number: u32,
        now: Timestamp,
    ) -> (AttemptResult, Front) {
        let seed = scatter(item.envelope.0);
        let mut state = self.lock();
        let was_down = state.circuit.is_open();
        match reply.kind {
            ReplyKind::Accepted | ReplyKind::Refused => state.circuit.answered(),
            ReplyKind::Unreachable => state.circuit.unreachable(item.ticket, &self.terms.retry, seed, now),
            ReplyKind::Unclear => state.circuit.unclear(item.ticket, &self.terms.retry, seed, now),
        }
        // No word of the reply: a partner's own may name a patient.
        match (was_down, state.circuit.is_open()) {
            (false, true) => {
                state.trail.down(now, reply);
                tracing::warn!(destination = %self.name, "the partner counts as down");
            }
            (true, false) => {
                state.trail.up(now);
                tracing::info!(destination = %self.name, "the partner answers again");
            }
            _ => {}
        }
        let wanted = match self.terms.answers.disposition(reply) {
            Disposition::Retry if self.terms.retry.is_spent(number) => self.terms.retry.then,
            other => other,
        };
        match wanted {
            Disposition::Accept => (AttemptResult::Delivered, Front::Gone),
            Disposition::Dead => (AttemptResult::Dead, Front::Gone),
            Disposition::Drop => (AttemptResult::Dropped, Front::Gone),
            Disposition::Hold => (AttemptResult::Held, Front::Held),
            // The circuit itself waits for a partner that is down; the lane need not, and goes at once
            // when the partner is back.
            Disposition::Retry if reply.kind == ReplyKind::Unreachable || state.circuit.is_open() => {
                (AttemptResult::Retry(state.circuit.until().unwrap_or(now)), Front::Soon)
            }
            Disposition::Retry => {
                let failures = state.queue.failures(lane) + 1;
                let until = now.after(self.terms.retry.wait(failures, seed));
                (AttemptResult::Retry(until), Front::Again(until))
            }
        }
    }

    /// A delivery that [`Desk::next`] gave could not be read from the store; it is tried again.
    pub fn put_back(&self, lane: &Arc<str>, item: &Item) {
        let until = self.clock.now().after(SAVE_AGAIN);
        let mut state = self.lock();
        state.circuit.abandoned(item.ticket);
        state.queue.finish(lane, Front::Again(until), false, false);
    }

    pub fn refilled(&self, lane: &Arc<str>, items: Option<(Vec<Item>, bool)>) {
        let until = self.clock.now().after(SAVE_AGAIN);
        let mut state = self.lock();
        match items {
            Some((items, more)) => state.queue.refilled(lane, items, more),
            None => state.queue.refill_failed(lane, until),
        }
        drop(state);
        self.notify.notify_one();
    }

    pub fn discovered(&self, lanes: Option<Found>) {
        let mut state = self.lock();
        match lanes {
            Some((lanes, all)) => state.queue.discovered(lanes, all),
            None => state.queue.discover_failed(),
        }
        drop(state);
        self.notify.notify_one();
    }

    pub fn hold(&self, lane: Option<&Arc<str>>) {
        let mut state = self.lock();
        match lane {
            Some(lane) => state.queue.hold(lane),
            None => state.held = true,
        }
    }

    pub fn release(&self, lane: Option<&Arc<str>>) {
        let mut state = self.lock();
        match lane {
            Some(lane) => state.queue.release(lane),
            None => state.held = false,
        }
        drop(state);
        self.notify.notify_one();
    }

    /// A person is giving a delivery up: its lane pauses until the store has answered. False while it is
    /// under way, or has ended and the store has yet to confirm it.
    pub fn giving_up(&self, lane: &Arc<str>, place: Place) -> bool {
        let mut state = self.lock();
        !state.ended.contains(&place) && state.queue.pause(lane, place)
    }

    /// The store has answered; `gone` says that the delivery was waiting and no longer is.
    pub fn given_up(&self, lane: &Arc<str>, place: Place, gone: bool) {
        if gone {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        self.lock().queue.resume(lane, place, gone);
        self.notify.notify_one();
    }

    /// A delivery came back into the middle of its lane.
    pub fn revived(&self, lane: &Arc<str>) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.lock().queue.reread(lane);
        self.notify.notify_one();
    }

    /// True when nothing is under way and the store has confirmed everything.
    pub fn is_settled(&self) -> bool {
        let state = self.lock();
        state.queue.is_settled() && state.unsaved.is_empty()
    }

    /// The latest attempts.
    pub fn trail(&self) -> Trail {
        self.lock().trail.clone()
    }

    pub fn report(&self) -> DeskReport {
        let state = self.lock();
        DeskReport {
            waiting: self.waiting(),
            lanes: state.queue.lanes(),
            down: state.circuit.is_open(),
            held: state.held,
            ..state.report.clone()
        }
    }
}

fn note(report: &mut DeskReport, reply: &Reply, started: Timestamp, ended: Timestamp) {
    let latest = (ended, reply.code.clone(), reply.text.clone());
    report.attempts += 1;
    report.answer_time += ended.since(started);
    if reply.kind == ReplyKind::Accepted {
        report.delivered += 1;
    } else {
        report.trouble = Some(latest.clone());
    }
    report.latest = Some(latest);
}
