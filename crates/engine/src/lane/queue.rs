//! The lanes of one destination, as a data structure without time, tasks or store.
//!
//! All is on disk; what is here is the front of each lane, within a budget. A lane whose deliveries did
//! not all fit is *long*: it is filled from the store once what is here has been sent and recorded. When
//! even the lanes themselves are too many, the queue is *crowded*: lanes left out are found in the store
//! when there is room. Each operation costs the same however long any lane is: a lane that stands is
//! not looked at again until it may go.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use klinke_model::{EnvelopeId, Payload, Timestamp};

/// The place of a delivery within its lane.
pub(crate) type Place = (EnvelopeId, u16);

/// One delivery that waits.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub envelope: EnvelopeId,
    pub part: u16,
    pub attempts: u32,
    pub repeat: bool,
    /// Where the circuit stood when the delivery began.
    pub ticket: u32,
    pub queued: Timestamp,
    /// The bytes, where there was room to keep them.
    pub payload: Option<Payload>,
}

/// How many deliveries of a long lane are read at once, while there is room.
const REFILL_ITEMS: usize = 256;

/// Before every place.
const NOWHERE: Place = (EnvelopeId(0), 0);

impl Item {
    pub fn place(&self) -> Place {
        (self.envelope, self.part)
    }

    fn bytes(&self) -> usize {
        self.payload.as_ref().map_or(0, |payload| payload.len())
    }
}

/// How much a queue may keep in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Lanes at most.
    pub lanes_max: usize,
    /// Deliveries at most, over all lanes.
    pub items_max: usize,
    /// Bytes of payloads at most; what does not fit is read again when it is sent.
    pub bytes_max: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { lanes_max: 50_000, items_max: 8_192, bytes_max: 8 << 20 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing to send, or waiting for a refill.
    Idle,
    /// In the list of lanes that may go.
    Ready,
    /// One delivery is under way, or a refill.
    Busy,
    /// Waits for its time.
    Sleeping(Timestamp),
    /// Stands until a person decides.
    Held,
}

#[derive(Debug)]
struct Lane {
    items: VecDeque<Item>,
    state: State,
    /// More waits in the store beyond what is here.
    long: bool,
    /// A read of the store is under way.
    refilling: bool,
    /// The lane changed in the store since that read began: its result counts for nothing.
    stale: bool,
    /// Attempts of this lane that the store has not confirmed yet.
    unrecorded: u32,
    /// Failed attempts in a row at the front.
    failures: u32,
    /// The furthest place that was ever here.
    last: Place,
    /// The furthest place pushed since the latest refill began: that read may not have seen it.
    missed: Place,
}

impl Lane {
    fn new() -> Self {
        Lane {
            items: VecDeque::new(),
            state: State::Idle,
            long: false,
            refilling: false,
            stale: false,
            unrecorded: 0,
            failures: 0,
            last: NOWHERE,
            missed: NOWHERE,
        }
    }
}

/// What a link is to do next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Deliver the front of a lane.
    Deliver(Arc<str>, Item),
    /// Read so many of a lane at most from the store, from its beginning.
    Refill(Arc<str>, usize),
    /// Look in the store for lanes that were left out.
    Discover,
    /// Nothing now; a lane may go at the time given.
    Wait(Option<Timestamp>),
}

/// What became of the delivery at the front of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Front {
    /// It left the lane.
    Gone,
    /// It is tried again, not before the time.
    Again(Timestamp),
    /// It is tried again as soon as the destination allows.
    Soon,
    /// The lane stands.
    Held,
}

/// The lanes of one destination.
#[derive(Debug)]
pub(crate) struct Queue {
    budget: Budget,
    lanes: HashMap<Arc<str>, Lane>,
    ready: VecDeque<Arc<str>>,
    sleeping: BinaryHeap<Reverse<(Timestamp, Arc<str>)>>,
    held: HashSet<Arc<str>>,
    /// Lanes of which a person is giving deliveries up just now, and how many: they pause until the store
    /// has answered, for should it refuse, the delivery is still the next in its lane.
    paused: HashMap<Arc<str>, u32>,
    items: usize,
    bytes: usize,
    crowded: bool,
    discovering: bool,
    /// The furthest place that a read of the store has shown.
    read_to: Place,
}

impl Queue {
    pub fn new(budget: Budget) -> Self {
        Queue {
            budget,
            lanes: HashMap::new(),
            ready: VecDeque::new(),
            sleeping: BinaryHeap::new(),
            held: HashSet::new(),
            paused: HashMap::new(),
            items: 0,
            bytes: 0,
            // What the store has from before is not known yet.
            crowded: true,
            discovering: false,
            read_to: NOWHERE,
        }
    }

    /// True when a lane may go now.
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// True when a lane may go now or waits for its time: another link is to look.
    pub fn has_more(&self) -> bool {
        !self.ready.is_empty() || !self.sleeping.is_empty()
    }

    /// True when this lane stands until a person decides.
    pub fn is_held(&self, lane: &str) -> bool {
        self.held.contains(lane)
    }

    /// Deliveries that one lane may have in memory: one that is stuck leaves room for the others.
    fn lane_items_max(&self) -> usize {
        (self.budget.items_max / 4).max(REFILL_ITEMS).min(self.budget.items_max)
    }

    /// Lanes known here.
    pub fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// Failed attempts in a row at the front of a lane.
    pub fn failures(&self, lane: &str) -> u32 {
        self.lanes.get(lane).map_or(0, |lane| lane.failures)
    }

    /// Puts a new delivery at the end of its lane.
    pub fn push(&mut self, key: &Arc<str>, mut item: Item) {
        if !self.admit(key) {
            return;
        }
        // Of a lane that is new here the store may have more, or a read may have shown this delivery
        // before its push, and it may be gone already: the store is to be asked.
        let unsure = self.crowded || self.discovering || item.place() <= self.read_to;
        let (items, bytes, lane_items_max) = (self.items, self.bytes, self.lane_items_max());
        let lane = self.lanes.entry(key.clone()).or_insert_with(Lane::new);
        if item.place() <= lane.last {
            return;
        }
        lane.long |= (unsure && lane.last == NOWHERE)
            || items >= self.budget.items_max
            || lane.items.len() >= lane_items_max;
        if lane.long {
            lane.missed = lane.missed.max(item.place());
        } else {
            if bytes + item.bytes() > self.budget.bytes_max {
                item.payload = None;
            }
            self.items += 1;
            self.bytes += item.bytes();
            lane.last = item.place();
            lane.items.push_back(item);
        }
        self.rouse(key);
    }

    /// Makes room for a lane, or notes that one was left out.
    fn admit(&mut self, key: &Arc<str>) -> bool {
        if self.lanes.contains_key(key) || self.lanes.len() < self.budget.lanes_max {
            return true;
        }
        self.crowded = true;
        false
    }

    /// Puts an idle lane that has something to do among the ready ones.
    fn rouse(&mut self, key: &Arc<str>) {
        let Some(lane) = self.lanes.get_mut(key) else { return };
        let fillable = lane.long && lane.unrecorded == 0;
        if lane.state == State::Idle && self.held.contains(key) {
            lane.state = State::Held;
        }
        if lane.state == State::Idle && (!lane.items.is_empty() || fillable) {
            lane.state = State::Ready;
            self.ready.push_back(key.clone());
        }
    }

    /// What to do at this time.
    pub fn next(&mut self, now: Timestamp) -> Next {
        self.wake(now);
        // Before the lanes that are ready, so that those left out are found however busy it is.
        if self.crowded && !self.discovering && self.lanes.len() <= self.budget.lanes_max / 2 {
            self.discovering = true;
            self.crowded = false;
            return Next::Discover;
        }
        while let Some(key) = self.ready.pop_front() {
            let Some(lane) = self.lanes.get_mut(&key) else { continue };
            if lane.state != State::Ready {
                continue;
            }
            if self.paused.contains_key(&key) {
                lane.state = State::Idle;
                continue;
            }
            if let Some(item) = lane.items.front().cloned() {
                lane.state = State::Busy;
                return Next::Deliver(key, item);
            }
            if lane.long && lane.unrecorded == 0 {
                lane.state = State::Busy;
                lane.missed = NOWHERE;
                lane.refilling = true;
                let room = self.budget.items_max.saturating_sub(self.items).clamp(1, REFILL_ITEMS);
                return Next::Refill(key, room);
            }
            lane.state = State::Idle;
            self.settle(&key);
        }
        Next::Wait(self.sleeping.peek().map(|Reverse((until, _))| *until))
    }

    /// Readies the sleeping lanes whose time has come.
    fn wake(&mut self, now: Timestamp) {
        while let Some(Reverse((until, _))) = self.sleeping.peek() {
            if *until > now {
                return;
            }
            let Some(Reverse((until, key))) = self.sleeping.pop() else { return };
            let Some(lane) = self.lanes.get_mut(&key) else { continue };
            if lane.state == State::Sleeping(until) {
                lane.state = State::Idle;
                self.rouse(&key);
            }
        }
    }

    /// An attempt at the front of this lane is about to be given to the store, which will confirm it
    /// with [`Queue::recorded`]. To be said before [`Queue::finish`].
    pub fn recording(&mut self, key: &Arc<str>) {
        if let Some(lane) = self.lanes.get_mut(key) {
            lane.unrecorded += 1;
        }
    }

    /// Takes what became of a delivery that [`Queue::next`] gave; `tried` says that an attempt was made.
    pub fn finish(&mut self, key: &Arc<str>, front: Front, tried: bool, repeat: bool) {
        let Some(lane) = self.lanes.get_mut(key) else { return };
        lane.state = State::Idle;
        match front {
            Front::Gone => {
                lane.failures = 0;
                if let Some(item) = lane.items.pop_front() {
                    self.items -= 1;
                    self.bytes -= item.bytes();
                }
            }
            Front::Again(_) | Front::Soon | Front::Held => {
                lane.failures += u32::from(front != Front::Soon);
                if let Some(item) = lane.items.front_mut() {
                    item.attempts += u32::from(tried);
                    item.repeat |= repeat;
                }
            }
        }
        match front {
            Front::Again(until) if !self.held.contains(key) => {
                lane.state = State::Sleeping(until);
                self.sleeping.push(Reverse((until, key.clone())));
            }
            Front::Held => {
                lane.state = State::Held;
                self.held.insert(key.clone());
            }
            _ => {}
        }
        self.settle(key);
    }

    /// The store has confirmed an attempt of this lane.
    pub fn recorded(&mut self, key: &Arc<str>) {
        if let Some(lane) = self.lanes.get_mut(key) {
            lane.unrecorded = lane.unrecorded.saturating_sub(1);
        }
        self.settle(key);
    }

    /// Readies a lane that has more, forgets one that has nothing.
    fn settle(&mut self, key: &Arc<str>) {
        self.rouse(key);
        let spent = self.lanes.get(key).is_some_and(|lane| {
            let nothing = lane.items.is_empty() && !lane.long && lane.unrecorded == 0;
            nothing && matches!(lane.state, State::Idle | State::Held)
        });
        if spent {
            self.lanes.remove(key);
        }
    }

    /// Takes what the store has of a lane, from its beginning; `more` says that there is more.
    pub fn refilled(&mut self, key: &Arc<str>, items: Vec<Item>, more: bool) {
        let Some(lane) = self.lanes.get_mut(key) else { return };
        lane.state = State::Idle;
        lane.refilling = false;
        if std::mem::take(&mut lane.stale) {
            lane.long = true;
            return self.settle(key);
        }
        for mut item in items {
            if self.bytes + item.bytes() > self.budget.bytes_max {
                item.payload = None;
            }
            self.items += 1;
            self.bytes += item.bytes();
            lane.last = lane.last.max(item.place());
            self.read_to = self.read_to.max(item.place());
            lane.items.push_back(item);
        }
        lane.long = more || lane.missed > lane.last;
        self.settle(key);
    }

    /// A refill failed: the lane is tried again at the time.
    pub fn refill_failed(&mut self, key: &Arc<str>, until: Timestamp) {
        if let Some(lane) = self.lanes.get_mut(key) {
            (lane.refilling, lane.stale) = (false, false);
            lane.state = State::Sleeping(until);
            self.sleeping.push(Reverse((until, key.clone())));
        }
    }

    /// Takes lanes that the store knows; `all` says that these were the last.
    pub fn discovered(&mut self, keys: impl IntoIterator<Item = (Arc<str>, Place)>, all: bool) {
        self.discovering = false;
        self.crowded |= !all;
        for (key, first) in keys {
            self.read_to = self.read_to.max(first);
            if self.lanes.contains_key(&key) {
                continue;
            }
            if !self.admit(&key) {
                return;
            }
            self.lanes.insert(key.clone(), Lane { long: true, ..Lane::new() });
            self.rouse(&key);
        }
    }

    /// The search for lanes failed; it is made again.
    pub fn discover_failed(&mut self) {
        self.discovering = false;
        self.crowded = true;
    }

    /// Stops a lane. One that is under way stops after its answer.
    pub fn hold(&mut self, key: &Arc<str>) {
        self.held.insert(key.clone());
        if let Some(lane) = self.lanes.get_mut(key)
            && lane.state != State::Busy
        {
            lane.state = State::Held;
        }
    }

    /// Lets a lane go on, at once.
    pub fn release(&mut self, key: &Arc<str>) {
        self.held.remove(key);
        if let Some(lane) = self.lanes.get_mut(key)
            && matches!(lane.state, State::Held | State::Sleeping(_))
        {
            lane.state = State::Idle;
        }
        self.settle(key);
    }

    /// Pauses a lane while a person gives one of its deliveries up, until [`Queue::resume`]. False while
    /// that delivery is under way.
    pub fn pause(&mut self, key: &Arc<str>, place: Place) -> bool {
        let busy = self.lanes.get(key).filter(|lane| lane.state == State::Busy);
        let under_way = busy.and_then(|lane| lane.items.front()).is_some_and(|item| item.place() == place);
        if !under_way {
            *self.paused.entry(key.clone()).or_default() += 1;
        }
        !under_way
    }

    /// The store has answered what a person decided; `gone` says that the delivery waits no longer.
    pub fn resume(&mut self, key: &Arc<str>, place: Place, gone: bool) {
        if let Some(count) = self.paused.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                self.paused.remove(key);
            }
        }
        if gone {
            self.remove(key, place);
        }
        self.settle(key);
    }

    fn remove(&mut self, key: &Arc<str>, place: Place) {
        let Some(lane) = self.lanes.get_mut(key) else { return };
        // A read that began before may still show it.
        lane.stale |= lane.refilling;
        let Some(at) = lane.items.iter().position(|item| item.place() == place) else { return };
        if let Some(item) = lane.items.remove(at) {
            self.items -= 1;
            self.bytes -= item.bytes();
        }
        if at == 0 {
            lane.failures = 0;
            if matches!(lane.state, State::Sleeping(_)) {
                lane.state = State::Idle;
            }
        }
    }

    /// Reads a lane anew from the store: something was put into its middle. What is under way stays.
    pub fn reread(&mut self, key: &Arc<str>) {
        if !self.admit(key) {
            return;
        }
        let lane = self.lanes.entry(key.clone()).or_insert_with(Lane::new);
        lane.stale |= lane.refilling;
        if matches!(lane.state, State::Sleeping(_)) {
            lane.state = State::Idle;
        }
        let keep = usize::from(lane.state == State::Busy);
        while lane.items.len() > keep {
            if let Some(item) = lane.items.pop_back() {
                self.items -= 1;
                self.bytes -= item.bytes();
            }
        }
        lane.long = true;
        lane.last = NOWHERE;
        self.rouse(key);
    }

    /// True when every attempt is recorded and nothing is under way.
    pub fn is_settled(&self) -> bool {
        !self.discovering && self.lanes.values().all(|lane| lane.unrecorded == 0 && lane.state != State::Busy)
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
