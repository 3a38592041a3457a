//! A seed's world: the store that outlives the engines, the partners, the senders and the people.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use klinke_engine::answers::AnswerTable;
use klinke_engine::clock::Clock;
use klinke_engine::document::Format;
use klinke_engine::retry::Retry;
use klinke_engine::spec::{Budget, ChannelSpec, Dedup, DestinationSpec};
use klinke_engine::step::{StepError, Yield};
use klinke_engine::{Engine, Reads};
use klinke_model::{DeliveryKey, Disposition, EnvelopeId, Timestamp};
use klinke_store::faulty::{Faults, FaultyStore};
use klinke_store::memory::{MemoryStore, NoKeys};
use klinke_store::{Action, Store};

use super::partner::{Chance, Event, Mood, Partners};
use super::support::partner::START;
use super::support::toy::only;
use super::support::{Tap, Toy, channel, destination, step};

/// What an engine is given to stop.
const STOP: Duration = Duration::from_secs(30);

/// What happened, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub envelopes: u64,
    pub acknowledged: u64,
    pub refused: u64,
    pub deliveries: u64,
    pub taken: u64,
    pub taken_again: u64,
    pub crashes: u64,
    pub stops: u64,
    pub reloads: u64,
    pub decisions: u64,
    /// Of all that partners saw, in its order.
    pub digest: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Tally) {
        self.envelopes += other.envelopes;
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.deliveries += other.deliveries;
        self.taken += other.taken;
        self.taken_again += other.taken_again;
        self.crashes += other.crashes;
        self.stops += other.stops;
        self.reloads += other.reloads;
        self.decisions += other.decisions;
        self.digest ^= other.digest;
    }
}

/// What people and senders know, across lives.
#[derive(Default)]
pub struct Known {
    /// Texts that a sender was told are kept, with the number it was told.
    pub acknowledged: Vec<(String, EnvelopeId)>,
    /// Texts whose sender got no answer, or a refusal: it sends them again.
    pub open: Vec<String>,
    pub killed: BTreeSet<DeliveryKey>,
    pub skipped: BTreeSet<DeliveryKey>,
    pub revived: BTreeSet<DeliveryKey>,
    pub tally: Tally,
}

pub struct World {
    pub chance: Chance,
    pub memory: Arc<MemoryStore>,
    pub partners: Partners,
    pub known: Arc<Mutex<Known>>,
    /// For each epoch that has ended: whether all that was known then was kept.
    pub clean: Vec<bool>,
    now: Timestamp,
    texts: u64,
    steps: u64,
    frame: u64,
    /// Whether the inner channel runs.
    inner: bool,
    /// What the engine itself counted as waiting at the very end.
    pub waiting_at_end: Vec<(String, u64)>,
}

/// One life's engine and what it runs on.
struct Life {
    store: Arc<FaultyStore<MemoryStore>>,
    engine: Arc<Engine>,
    tap: Tap,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let chance = Chance::new(seed);
        World {
            memory: Arc::new(MemoryStore::inline(Arc::new(NoKeys))),
            partners: Partners::new(chance.clone()),
            chance,
            known: Arc::default(),
            clean: Vec::new(),
            now: START,
            texts: 0,
            steps: 1,
            frame: 1,
            inner: true,
            waiting_at_end: Vec::new(),
        }
    }

    /// All lives, the healing one last.
    pub fn live(&mut self) {
        for _ in 0..2 + self.chance.roll(3) {
            self.in_a_runtime(async |world: &mut World| world.life().await);
        }
        self.in_a_runtime(async |world: &mut World| world.heal().await);
    }

    /// Each life has a runtime of its own: at its end every task is simply gone.
    fn in_a_runtime(&mut self, life: impl AsyncFnOnce(&mut World)) {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let begin = tokio::time::Instant::now();
            life(self).await;
            self.now = self.now.after(begin.elapsed() + Duration::from_secs(1));
        });
    }

    async fn begin(&self, is_manual: bool) -> Life {
        let memory = Arc::new(self.memory.reopen());
        let store = Arc::new(FaultyStore::new(memory, self.chance.roll(u64::MAX)));
        store.set_manual(is_manual);
        let clock = Clock::of_runtime(self.now);
        let engine = Arc::new(Engine::start_with(store.clone(), clock, Reads::Here).await.unwrap());
        Life { store, engine, tap: Tap::default() }
    }

    async fn life(&mut self) {
        let life = self.begin(true).await;
        self.reload(&life);
        for _ in 0..40 + self.chance.roll(100) {
            self.happen(&life).await;
        }
        if self.chance.percent(25) {
            self.stop(&life).await;
        } else {
            self.known.lock().unwrap().tally.crashes += 1;
            let pending = life.store.pending() as u64;
            life.store.crash(self.chance.roll(pending + 1) as usize);
            self.end_epoch(false);
        }
    }

    /// One thing happens.
    async fn happen(&mut self, life: &Life) {
        let chance = self.chance.clone();
        match chance.roll(100) {
            0..40 => self.send(life),
            40..70 => {
                for _ in 0..chance.roll(30) {
                    life.store.step();
                    tokio::task::yield_now().await;
                }
            }
            70..82 => tokio::time::sleep(chance.millis(30)).await,
            82..85 => self.pass(life, chance.roll(8_000)).await,
            85..88 => {
                let faults = [Faults::default(), Faults::default(), Faults { full: 150, unwritable: 100 }];
                life.store.set_faults(faults[chance.roll(3) as usize]);
            }
            88..93 => {
                let moods = [Mood::Good, Mood::Moody, Mood::Away, Mood::Silent, Mood::Moody];
                let mood = moods[chance.roll(5) as usize];
                self.partners.moods.lock().unwrap()[chance.roll(3) as usize] = mood;
            }
            93..98 => self.decide(life),
            _ => {
                match chance.roll(10) {
                    0..5 => self.steps += 1,
                    5..8 => self.frame += 1,
                    _ => self.inner = !self.inner,
                }
                self.known.lock().unwrap().tally.reloads += 1;
                self.reload(life);
            }
        }
    }

    /// Time passes while the store keeps up.
    async fn pass(&self, life: &Life, millis: u64) {
        for _ in 0..millis / 20 {
            while life.store.step() {
                tokio::task::yield_now().await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn send(&mut self, life: &Life) {
        let open = self.known.lock().unwrap().open.pop();
        let text = open.unwrap_or_else(|| {
            self.texts += 1;
            let kinds = ["plain", "plain", "plain", "split", "filter", "fail"];
            let kind = kinds[self.chance.roll(6) as usize];
            let to = ["x", "y"][self.chance.roll(2) as usize];
            format!("key={};kind={kind};to={to};n={}", self.chance.roll(5), self.texts)
        });
        self.known.lock().unwrap().open.push(text.clone());
        let (tap, known) = (life.tap.clone(), self.known.clone());
        tokio::spawn(async move {
            let sent = tap.try_submit(&text).await;
            let mut known = known.lock().unwrap();
            match sent {
                Some(Ok(receipt)) => {
                    known.open.retain(|open| *open != text);
                    known.acknowledged.push((text, receipt.id));
                }
                _ => known.tally.refused += 1,
            }
        });
    }

    /// A person decides something about some delivery.
    fn decide(&self, life: &Life) {
        let last = self.memory.channels().unwrap().iter().filter_map(|one| one.last).max();
        let Some(last) = last else { return };
        let id = EnvelopeId(1 + self.chance.roll(last.0));
        let Some(record) = self.memory.envelope(id).unwrap() else { return };
        if record.deliveries.is_empty() || self.chance.percent(10) {
            let engine = life.engine.clone();
            tokio::spawn(async move { drop(engine.resend(id, Some("in")).await) });
            return;
        }
        let at = self.chance.roll(record.deliveries.len() as u64) as usize;
        let key = record.deliveries[at].0.key.clone();
        let (destination, lane) = (key.destination, Some(key.lane.clone()));
        let (reason, at) = ("by hand".to_owned(), self.now);
        let known = &mut *self.known.lock().unwrap();
        known.tally.decisions += 1;
        let action = match self.chance.roll(6) {
            0 => Action::Hold { destination, lane, reason, at },
            1 => Action::Release { destination, lane },
            2 => {
                known.killed.insert(key.clone());
                Action::Kill { key, reason, at }
            }
            3 => {
                known.skipped.insert(key.clone());
                Action::Skip { key, reason, at }
            }
            4 => Action::Release { destination, lane: None },
            _ => {
                known.revived.insert(key.clone());
                Action::Revive { key, at }
            }
        };
        let engine = life.engine.clone();
        tokio::spawn(async move { drop(engine.act(action).await) });
    }

    fn reload(&mut self, life: &Life) {
        self.end_epoch(false);
        let specs = self.specs(life);
        let engine = life.engine.clone();
        tokio::spawn(async move { drop(engine.apply(specs, STOP).await) });
    }

    async fn stop(&mut self, life: &Life) {
        self.known.lock().unwrap().tally.stops += 1;
        life.store.set_faults(Faults::default());
        let engine = life.engine.clone();
        let stopped = tokio::spawn(async move { engine.stop(STOP).await });
        while !stopped.is_finished() {
            self.pass(life, 100).await;
        }
        let is_clean = stopped.await.unwrap();
        self.end_epoch(is_clean);
    }

    fn end_epoch(&mut self, is_clean: bool) {
        self.clean.push(is_clean);
        *self.partners.epoch.lock().unwrap() += 1;
    }

    /// Everything is well again, and goes on until nothing waits.
    async fn heal(&mut self) {
        *self.partners.moods.lock().unwrap() = [Mood::Good; 3];
        self.inner = true;
        let life = self.begin(false).await;
        let applied = life.engine.apply(self.specs(&life), STOP).await;
        assert!(applied.failed.is_empty(), "{:?}", applied.failed);
        for hold in life.store.holds().unwrap() {
            let release = Action::Release { destination: hold.destination, lane: hold.lane };
            life.engine.act(release).await.unwrap();
        }
        while let Some(text) = { self.known.lock().unwrap().open.pop() } {
            // The sender waits and tries again while there is no room.
            let receipt = loop {
                match life.tap.submit(&text).await {
                    Ok(receipt) => break receipt,
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            };
            self.known.lock().unwrap().acknowledged.push((text, receipt.id));
        }
        for _ in 0..1_000 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let (channels, destinations) = life.store.books().unwrap();
            let idle = channels.iter().all(|one| one.unrouted == 0);
            if idle && destinations.iter().all(|one| one.waiting == 0) {
                break;
            }
        }
        for channel in life.engine.report().await {
            let all = channel.destinations.into_iter();
            self.waiting_at_end.extend(all.map(|(_, name, _, report)| (name, report.waiting)));
        }
        assert!(life.engine.stop(STOP).await, "the last stop is in good order");
    }

    pub fn events(&self) -> Vec<Event> {
        self.partners.events.lock().unwrap().clone()
    }

    pub fn tally(&self) -> Tally {
        let (channels, destinations) = self.memory.books().unwrap();
        let known = self.known.lock().unwrap();
        let mut tally = known.tally.clone();
        tally.acknowledged = known.acknowledged.len() as u64;
        tally.envelopes = channels.iter().map(|one| one.received).sum();
        tally.deliveries = destinations.iter().map(|one| one.queued).sum();
        let mut taken = BTreeSet::new();
        for event in self.events() {
            let text = format!("{event:?}");
            tally.digest = text
                .bytes()
                .fold(tally.digest, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
            if event.code == "AA" {
                tally.taken += 1;
                tally.taken_again += u64::from(!taken.insert(event.key));
            }
        }
        tally
    }

    fn specs(&self, life: &Life) -> Vec<ChannelSpec> {
        let mut outer = channel("in", &life.tap);
        // No envelope is routed with its arrival, or some are, or all.
        outer.limits.early_bytes_max = [0, 26, 1 << 10][self.frame as usize % 3];
        outer.text = format!("{} {}", self.steps, self.frame);
        outer.frame_text = self.frame.to_string();
        outer.dedup =
            Some(Dedup { by_content: true, window: Duration::from_secs(86_400), remember_max: 100_000 });
        outer.limits.inbox_max = 5;
        outer.limits.waiting_max = 60;
        outer.steps = vec![
            step(|document| match document.value(&Toy.path("kind")?)?.text() {
                "filter" => Ok(Yield::End("not wanted".to_owned())),
                "fail" => Err(StepError::new("can not be done")),
                "split" => Ok(Yield::Many(vec![document.fork(), document])),
                _ => Ok(Yield::One(document)),
            }),
            self.stamp(),
        ];
        let mut x = self.harden(destination("x", self.partners.one(0)));
        x.lane = Some(Toy.path("key").unwrap());
        x.links_max = 3;
        let mut y = self.harden(destination("y", self.partners.one(1)));
        y.steps.push(only("to", "y"));
        let next = self.harden(destination("next", self.partners.one(1)));
        let next = DestinationSpec { partner: life.engine.relay("next"), ..next };
        outer.destinations = vec![x, y, next];
        let mut inner = ChannelSpec { source: None, ..channel("next", &life.tap) };
        inner.destinations.push(self.harden(destination("z", self.partners.one(2))));
        inner.text = self.frame.to_string();
        inner.frame_text = self.frame.to_string();
        if self.inner { vec![outer, inner] } else { vec![outer] }
    }

    /// A step that differs from version to version.
    fn stamp(&self) -> Box<dyn klinke_engine::step::Step> {
        let version = self.steps.to_string();
        step(move |mut document| {
            document.set(&Toy.path("v")?, version.as_str().into())?;
            Ok(Yield::One(document))
        })
    }

    fn harden(&self, mut one: DestinationSpec) -> DestinationSpec {
        one.answer_limit = Duration::from_millis(400);
        one.retry =
            Retry { first: Duration::from_millis(50), most: Duration::from_millis(800), ..Retry::default() };
        let on = [("AR", Disposition::Dead), ("HH", Disposition::Hold)];
        one.answers = AnswerTable::new(on.map(|(code, disposition)| (code.to_owned(), disposition)));
        one.budget = Budget { lanes_max: 3, items_max: 6, bytes_max: 300 };
        one
    }
}
