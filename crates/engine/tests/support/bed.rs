//! An engine over a store in memory, with channels made in a few words.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use klinke_engine::answers::AnswerTable;
use klinke_engine::clock::Clock;
use klinke_engine::link::Destination;
use klinke_engine::retry::Retry;
use klinke_engine::source::{Arrival, Intake, OpenSource, Receipt, Refusal, Source, SourceError, Stop};
use klinke_engine::spec::{AckWhen, Budget, ChannelSpec, DestinationSpec, Limits};
use klinke_engine::{BoxFuture, Engine, Reads};
use klinke_model::{Delivery, DeliveryState, DestinationId, EnvelopeId, Payload};
use klinke_store::faulty::FaultyStore;
use klinke_store::memory::{MemoryStore, NoKeys};
use klinke_store::{EnvelopeRecord, Store};

use super::partner::START;
use super::toy::Toy;

/// What an engine runs on, and how to look at it.
pub struct Bed {
    pub store: Arc<FaultyStore<MemoryStore>>,
    pub engine: Engine,
}

/// How long the beds give an engine to stop.
pub const STOP: Duration = Duration::from_secs(5);

impl Bed {
    pub async fn new() -> Bed {
        Bed::over(Arc::new(MemoryStore::inline(Arc::new(NoKeys)))).await
    }

    /// A bed over what an earlier one left.
    pub async fn over(memory: Arc<MemoryStore>) -> Bed {
        let store = Arc::new(FaultyStore::new(memory, 1));
        let clock = Clock::of_runtime(START);
        let engine = Engine::start_with(store.clone(), clock, Reads::Here).await.expect("starts");
        Bed { store, engine }
    }

    pub async fn apply(&self, specs: Vec<ChannelSpec>) -> klinke_engine::Applied {
        self.engine.apply(specs, STOP).await
    }

    /// Applies one channel that must start.
    pub async fn run(&self, spec: ChannelSpec) {
        let applied = self.apply(vec![spec]).await;
        assert!(applied.failed.is_empty(), "{:?}", applied.failed);
    }

    /// Stops in good order and starts over the same content.
    pub async fn restart(self) -> Bed {
        assert!(self.engine.stop(STOP).await, "an orderly stop");
        Bed::over(Arc::new(self.store.inner().reopen())).await
    }

    pub fn record(&self, id: EnvelopeId) -> EnvelopeRecord {
        self.store.envelope(id).unwrap().expect("kept")
    }

    /// The first delivery of an envelope.
    pub fn delivery(&self, id: EnvelopeId) -> Delivery {
        self.record(id).deliveries[0].0.clone()
    }

    pub fn destination(&self, name: &str) -> DestinationId {
        let all = self.store.destinations().unwrap();
        all.iter().find(|one| one.name == name).expect("known").id
    }

    /// How many deliveries are in this state, over all destinations.
    pub fn count(&self, state: DeliveryState) -> u64 {
        let (_, destinations) = self.store.books().unwrap();
        let of = |one: &klinke_model::DestinationTally| match state {
            DeliveryState::Waiting => one.waiting,
            DeliveryState::Delivered => one.delivered,
            DeliveryState::Dead => one.dead,
            DeliveryState::Dropped => one.dropped,
        };
        destinations.iter().map(of).sum()
    }

    /// The books balance, and the engine's own count of what waits is the store's.
    pub async fn check_books(&self) {
        let (channels, destinations) = self.store.books().unwrap();
        assert!(channels.iter().all(|one| one.balances()), "{channels:?}");
        assert!(destinations.iter().all(|one| one.balances()), "{destinations:?}");
        for channel in self.engine.report().await {
            for (id, name, _, report) in channel.destinations {
                let tally = destinations.iter().find(|one| one.destination == id).unwrap();
                assert_eq!(report.waiting, tally.waiting, "{name}");
            }
        }
        assert_eq!(self.store.verify(&mut |_, _| {}).unwrap().faults, Vec::<String>::new());
    }
}

/// Lets every task run until all wait for time.
pub async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// Waits until the condition holds, at most an hour of the runtime's time.
pub async fn until(mut holds: impl FnMut() -> bool) {
    for _ in 0..3_600_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("it never came");
}

/// A channel without steps and destinations, fed by a tap.
pub fn channel(name: &str, tap: &Tap) -> ChannelSpec {
    ChannelSpec {
        name: name.to_owned(),
        text: "1".to_owned(),
        frame_text: "1".to_owned(),
        source: Some(Box::new(tap.clone())),
        format: Arc::new(Toy),
        from: "sender".into(),
        charset: None,
        ack: AckWhen::Stored,
        ack_limit: Duration::from_secs(30),
        dedup: None,
        joining: None,
        steps: Vec::new(),
        destinations: Vec::new(),
        canary: None,
        limits: Limits::default(),
    }
}

/// The same, with steps that run only when the envelope is kept: two entries of the store, one after the other.
pub fn unhurried(name: &str, tap: &Tap) -> ChannelSpec {
    let mut spec = channel(name, tap);
    spec.limits.early_bytes_max = 0;
    spec
}

/// A destination with one lane and one link.
pub fn destination(name: &str, partner: impl Destination) -> DestinationSpec {
    DestinationSpec {
        name: name.to_owned(),
        partner: Arc::new(partner),
        steps: Vec::new(),
        lane: None,
        links_max: 1,
        answer_limit: Duration::from_secs(10),
        retry: Retry { first: Duration::from_secs(1), most: Duration::from_secs(60), ..Retry::default() },
        answers: AnswerTable::default(),
        rate: None,
        schedule: None,
        budget: Budget::default(),
    }
}

/// A source that a test pours into.
#[derive(Clone, Default)]
pub struct Tap {
    intake: Arc<Mutex<Option<Arc<dyn Intake>>>>,
    opened: Arc<Mutex<usize>>,
}

impl Tap {
    pub fn opened(&self) -> usize {
        *self.opened.lock().unwrap()
    }

    pub fn intake(&self) -> Arc<dyn Intake> {
        self.intake.lock().unwrap().clone().expect("open")
    }

    pub fn submit(&self, text: &str) -> BoxFuture<'static, Result<Receipt, Refusal>> {
        let intake = self.intake();
        let payload = Payload::new(text.as_bytes().to_vec());
        let arrival = Arrival { payload, received: intake.now(), peer: "test".into(), system: None };
        intake.submit(arrival)
    }

    /// As [`Tap::submit`]; `None` when the source has not been opened yet.
    pub async fn try_submit(&self, text: &str) -> Option<Result<Receipt, Refusal>> {
        let is_open = self.intake.lock().unwrap().is_some();
        if is_open { Some(self.submit(text).await) } else { None }
    }

    /// Pours in something that must be taken.
    pub async fn pour(&self, text: &str) -> EnvelopeId {
        self.submit(text).await.expect("taken").id
    }
}

impl Source for Tap {
    fn open(
        self: Box<Self>,
        intake: Arc<dyn Intake>,
    ) -> BoxFuture<'static, Result<Box<dyn OpenSource>, SourceError>> {
        *self.intake.lock().unwrap() = Some(intake);
        *self.opened.lock().unwrap() += 1;
        Box::pin(async { Ok(self as Box<dyn OpenSource>) })
    }
}

impl OpenSource for Tap {
    fn address(&self) -> String {
        "tap".to_owned()
    }

    fn run(self: Box<Self>, mut stop: Stop) -> BoxFuture<'static, ()> {
        Box::pin(async move { stop.said().await })
    }
}

impl Bed {
    /// How many holds the store knows.
    pub fn store_holds(&self) -> usize {
        self.store.holds().unwrap().len()
    }
}
