//! What a partner sends in fragments, because it is too long to be sent at once.
//!
//! Each fragment is an envelope of its own: durable before it is acknowledged, found like every other,
//! and ended by the steps as a fragment. With the last one the whole is accepted as one more envelope,
//! right behind it, and goes the way of all envelopes; its origin is the first fragment. Until then this
//! knows which fragments belong together. Their numbers are kept as a small value of the store, so that a
//! restart between two fragments loses nothing.
//!
//! - A fragment that was sent again, because its answer was lost, takes the place of its first copy and of
//!   what came after; a last one that was sent again is a duplicate.
//! - What names a fragment that is not here passes as it came, and is counted.
//! - Too many unfinished wholes at once are refused as if the channel were full. A whole that would be too
//!   large is refused at the fragment that makes it so.
//! - What is not finished in time is joined as far as it came, kept as damaged, and not delivered.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use klinke_model::{EnvelopeId, Payload, Timestamp};
use klinke_store::Store;
use tokio::sync::Notify;

use super::intake::ChannelIntake;
use super::spec::Joining;
use crate::document::{Format, Fragment};
use crate::source::{Refusal, Stop};

/// Why a whole that was not finished is damaged.
pub(crate) const UNFINISHED: &str = "the rest of what was sent in fragments did not come";

/// Wholes that are remembered after they were joined, to tell when their last fragment comes again.
const FINISHED_MAX: usize = 64;

/// The number of an envelope once the store has given it one.
pub(crate) type Slot = Arc<OnceLock<EnvelopeId>>;

pub(crate) struct Fragments {
    joining: Joining,
    format: Arc<dyn Format>,
    charset: Option<String>,
    /// The name of the value that the store keeps for this.
    name: String,
    state: Mutex<State>,
    strays: AtomicU64,
    /// Held while the state is written, so that the newest is what stays.
    saving: tokio::sync::Mutex<()>,
    /// Something is open, or could not be saved.
    changed: Notify,
}

#[derive(Default)]
struct State {
    open: Vec<Open>,
    finished: VecDeque<Finished>,
    unsaved: bool,
}

/// A whole of which fragments are here and the last one is not.
#[derive(Clone)]
pub(crate) struct Open {
    pieces: Vec<Piece>,
    /// When the newest of them came.
    since: Timestamp,
    /// How often it was tried to keep it as damaged.
    overdue: bool,
}

#[derive(Clone)]
struct Piece {
    key: String,
    payload: Payload,
    id: Slot,
}

struct Finished {
    /// Of the last fragment's bytes.
    digest: u64,
    whole: Slot,
    at: Timestamp,
}

/// What is to be done with an arrival that says it is a fragment.
pub(crate) enum Place {
    /// It continues nothing that is here: it goes on as it came.
    Stray,
    /// It is to be kept; more is to come.
    Kept { first: Option<EnvelopeId>, id: Slot },
    /// It is the last one.
    Last { open: Open, joined: Payload, whole: Slot },
    /// It is the last one of a whole that is here already.
    Again(EnvelopeId),
    /// It can't be taken.
    Refused(Refusal),
}

/// What waits for its end, for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FragmentReport {
    /// Wholes of which fragments are here and the last one is not.
    pub open: usize,
    /// Fragments that continued nothing and passed as they came, since the channel's start.
    pub strays: u64,
}

impl Open {
    /// The first fragment's number, once it is known.
    pub fn first(&self) -> Option<EnvelopeId> {
        self.pieces.first().and_then(|piece| piece.id.get().copied())
    }

    /// What is here, in order.
    pub fn payloads(&self) -> Vec<Payload> {
        self.pieces.iter().map(|piece| piece.payload.clone()).collect()
    }

    fn bytes(&self) -> usize {
        self.pieces.iter().map(|piece| piece.payload.len()).sum()
    }
}

impl Fragments {
    pub fn new(joining: Joining, format: Arc<dyn Format>, charset: Option<String>, channel: &str) -> Self {
        Fragments {
            joining,
            format,
            charset,
            name: format!("fragments/{channel}"),
            state: Mutex::default(),
            strays: AtomicU64::new(0),
            saving: tokio::sync::Mutex::new(()),
            changed: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn report(&self) -> FragmentReport {
        FragmentReport { open: self.lock().open.len(), strays: self.strays.load(Ordering::Relaxed) }
    }

    /// Finds where a fragment belongs. What was taken out for a last one comes back with
    /// [`Fragments::put_back`] when the store refuses it.
    pub fn place(&self, fragment: &Fragment, payload: &Payload, most: usize, now: Timestamp) -> Place {
        let mut state = self.lock();
        let taken = match &fragment.continues {
            None => None,
            Some(before) => match state.take(before) {
                Some(open) => Some(open),
                None => return self.without_one_before(&state, payload),
            },
        };
        let others: usize = state.open.iter().map(Open::bytes).sum();
        let own = taken.as_ref().map_or(0, Open::bytes) + payload.len();
        if own > most || (fragment.key.is_some() && others + own > self.joining.bytes_max) {
            state.open.extend(taken);
            let limit = most.min(self.joining.bytes_max);
            let text = format!("the fragments together have more than {limit} bytes");
            return Place::Refused(Refusal::Forbidden(text));
        }
        let Some(key) = fragment.key.clone() else {
            // A last one without one before it is no fragment: the format does not say so.
            let Some(open) = taken else { return Place::Stray };
            return self.last(&mut state, open, payload, now);
        };
        if taken.is_none() {
            // The first one again, because its answer was lost.
            state.open.retain(|open| open.pieces[0].key != key);
            if state.open.len() >= self.joining.open_max {
                let text = format!("{} wait for their next fragment", self.joining.open_max);
                return Place::Refused(Refusal::Full(text));
            }
        }
        let mut open = taken.unwrap_or(Open { pieces: Vec::new(), since: now, overdue: false });
        let (first, id) = (open.first(), Slot::default());
        open.pieces.push(Piece { key, payload: payload.clone(), id: id.clone() });
        open.since = now;
        state.open.push(open);
        drop(state);
        self.changed.notify_one();
        Place::Kept { first, id }
    }

    fn last(&self, state: &mut State, open: Open, payload: &Payload, now: Timestamp) -> Place {
        let mut all = open.payloads();
        all.push(payload.clone());
        match self.format.join(&all, self.charset.as_deref()) {
            Err(error) => {
                state.open.push(open);
                Place::Refused(Refusal::Forbidden(format!("the fragments can't be joined: {error}")))
            }
            Ok(joined) => {
                let whole = Slot::default();
                let horizon = now.before(self.joining.wait);
                state.finished.retain(|finished| finished.at >= horizon);
                if state.finished.len() >= FINISHED_MAX {
                    state.finished.pop_front();
                }
                let digest = super::intake::digest(payload);
                state.finished.push_back(Finished { digest, whole: whole.clone(), at: now });
                Place::Last { open, joined, whole }
            }
        }
    }

    fn without_one_before(&self, state: &State, payload: &Payload) -> Place {
        let digest = super::intake::digest(payload);
        let known = state.finished.iter().find(|finished| finished.digest == digest);
        match known.and_then(|finished| finished.whole.get()) {
            Some(whole) => Place::Again(*whole),
            None => {
                self.strays.fetch_add(1, Ordering::Relaxed);
                Place::Stray
            }
        }
    }

    /// The store refused a fragment: it was never here.
    pub fn forget(&self, id: &Slot) {
        let mut state = self.lock();
        for open in &mut state.open {
            if let Some(at) = open.pieces.iter().position(|piece| Arc::ptr_eq(&piece.id, id)) {
                open.pieces.truncate(at);
            }
        }
        state.open.retain(|open| !open.pieces.is_empty());
    }

    /// The store refused the whole: its last fragment may come again.
    pub fn put_back(&self, open: Open, whole: &Slot) {
        let mut state = self.lock();
        state.finished.retain(|finished| !Arc::ptr_eq(&finished.whole, whole));
        state.open.push(open);
        drop(state);
        self.changed.notify_one();
    }

    /// Takes out what has waited too long.
    pub fn take_overdue(&self, now: Timestamp) -> Vec<Open> {
        let horizon = now.before(self.joining.wait);
        self.lock().open.extract_if(.., |open| open.since < horizon).collect()
    }

    /// What there is of a whole that was not finished.
    pub fn as_far_as_it_came(&self, open: &Open) -> Payload {
        let all = open.payloads();
        self.format.join(&all, self.charset.as_deref()).unwrap_or_else(|_| all[0].clone())
    }

    /// It could not be kept as damaged: that is tried again.
    pub fn put_back_overdue(&self, mut open: Open) {
        open.overdue = true;
        self.lock().open.push(open);
    }

    /// Waits until something may have to be done; `None` when that has no time yet.
    pub fn next_look(&self, now: Timestamp) -> Option<Duration> {
        const AGAIN: Duration = Duration::from_secs(1);
        let state = self.lock();
        if state.unsaved || state.open.iter().any(|open| open.overdue) {
            return Some(AGAIN);
        }
        let oldest = state.open.iter().map(|open| open.since).min()?;
        Some(oldest.after(self.joining.wait).since(now) + Duration::from_millis(1))
    }

    /// Resolves when something has come.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Writes down what is open and what was finished; blocks until that is durable.
    pub async fn save(&self, reader: &crate::reads::Reader) -> Result<(), Refusal> {
        let _one_after_the_other = self.saving.lock().await;
        let text = self.lock().text();
        let name = self.name.clone();
        let value = (!text.is_empty()).then(|| text.into_bytes());
        let saved = reader.read(move |store| store.set_value(&name, value.as_deref())).await;
        self.lock().unsaved = saved.is_err();
        if saved.is_err() {
            self.changed.notify_one();
        }
        saved.map_err(|error| Refusal::Down(error.to_string()))
    }

    /// What an earlier run left.
    pub fn recall(&self, store: &dyn Store) -> klinke_store::Result<()> {
        let Some(value) = store.value(&self.name)? else { return Ok(()) };
        let mut state = State::default();
        for line in String::from_utf8_lossy(&value).lines() {
            let mut words = line.split(' ');
            let (kind, at) = (words.next(), words.next().and_then(|word| word.parse().ok()).map(Timestamp));
            match (kind, at) {
                (Some("open"), Some(since)) => {
                    let ids = words.filter_map(|word| word.parse().ok());
                    state.open.extend(self.read_open(store, ids, since)?);
                }
                (Some("finished"), Some(at)) => {
                    let digest = words.next().and_then(|word| u64::from_str_radix(word, 16).ok());
                    let id: Option<EnvelopeId> = words.next().and_then(|word| word.parse().ok());
                    if let (Some(digest), Some(id)) = (digest, id) {
                        state.finished.push_back(Finished { digest, whole: Arc::new(id.into()), at });
                    }
                }
                _ => {}
            }
        }
        *self.lock() = state;
        self.changed.notify_one();
        Ok(())
    }

    fn read_open(
        &self,
        store: &dyn Store,
        ids: impl Iterator<Item = EnvelopeId>,
        since: Timestamp,
    ) -> klinke_store::Result<Option<Open>> {
        let mut pieces = Vec::new();
        for id in ids {
            let Some(record) = store.envelope(id)? else { return Ok(None) };
            let payload = record.envelope.payload;
            let Some(key) = self.format.fragment(&payload).and_then(|one| one.key) else { return Ok(None) };
            pieces.push(Piece { key, payload, id: Arc::new(id.into()) });
        }
        Ok((!pieces.is_empty()).then_some(Open { pieces, since, overdue: false }))
    }
}

impl State {
    /// Takes out the whole that has a fragment with this key, up to that fragment: what is behind it was
    /// sent again.
    fn take(&mut self, key: &str) -> Option<Open> {
        let has = |open: &Open| open.pieces.iter().position(|piece| piece.key == key);
        let (at, length) = self.open.iter().enumerate().find_map(|(at, open)| Some((at, has(open)? + 1)))?;
        let mut open = self.open.swap_remove(at);
        open.pieces.truncate(length);
        Some(open)
    }

    /// One line for each whole: `open SINCE ID…`, `finished AT DIGEST ID`.
    fn text(&self) -> String {
        let mut text = String::new();
        for open in &self.open {
            // What the store has not confirmed was not acknowledged and comes again.
            let ids: Vec<String> =
                open.pieces.iter().map_while(|piece| Some(piece.id.get()?.to_string())).collect();
            if !ids.is_empty() {
                text.push_str(&format!("open {} {}\n", open.since.0, ids.join(" ")));
            }
        }
        for finished in &self.finished {
            if let Some(id) = finished.whole.get() {
                text.push_str(&format!("finished {} {:x} {id}\n", finished.at.0, finished.digest));
            }
        }
        text
    }
}

/// Keeps what is not finished in time, as long as the channel is there and `stop` is not said.
pub(crate) async fn watch(intake: Weak<ChannelIntake>, fragments: Arc<Fragments>, mut stop: Stop) {
    while !stop.is_said() {
        let now = match intake.upgrade() {
            Some(intake) => intake.clock.now(),
            None => return,
        };
        let look = fragments.next_look(now);
        tokio::select! {
            biased;
            () = stop.said() => {}
            () = fragments.changed() => {}
            () = tokio::time::sleep(look.unwrap_or_default()), if look.is_some() => {
                if let Some(intake) = intake.upgrade() {
                    intake.keep_unfinished(&fragments).await;
                }
            }
        }
    }
}
