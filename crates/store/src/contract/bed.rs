//! A store with a channel and a destination, and the calls of the contract as plain functions.

use std::sync::Arc;
use std::time::Duration;

use klinke_model::{
    Attempt, AttemptResult, ChannelId, DeliveryKey, DestinationId, EnvelopeId, Origin, Payload, Timestamp,
    VersionId,
};

use super::Subject;
use crate::faulty::wait;
use crate::{Accepted, Action, Early, NewDelivery, NewEnvelope, Outcome, Part, Result, Routed, Store, Tried};

/// The time at which the suite's days begin.
pub const NOON: Timestamp = Timestamp(1_772_352_900_000_000);

/// A store with the channel `adt` and its destination `ris`.
pub struct Bed {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The channel `adt`.
    pub channel: ChannelId,
    /// Its version.
    pub version: VersionId,
    /// Its destination `ris`.
    pub ris: DestinationId,
}

impl Bed {
    /// Opens the store and makes the names.
    pub fn new(subject: &mut dyn Subject) -> Self {
        let store = subject.open();
        let channel = store.channel("adt").unwrap();
        let version = store.version(channel, "title = \"ADT\"", NOON).unwrap();
        let ris = store.destination(channel, "ris").unwrap();
        Bed { store, channel, version, ris }
    }

    /// Closes the store and opens it again.
    pub fn reopen(self, subject: &mut dyn Subject) -> Self {
        drop(self);
        Bed::new(subject)
    }

    /// An envelope of format `lines`, received a number of seconds after noon.
    pub fn new_envelope(&self, text: &str, second: u64) -> NewEnvelope {
        NewEnvelope {
            channel: self.channel,
            version: self.version,
            received: NOON.after(Duration::from_secs(second)),
            system: "kis".into(),
            peer: "127.0.0.1:40000".into(),
            format: "lines".into(),
            origin: Origin::Received,
            fingerprint: None,
            payload: Payload::from(text.as_bytes()),
        }
    }

    /// Accepts one and waits.
    pub fn accept(&self, new: NewEnvelope) -> Result<EnvelopeId> {
        wait(|done| self.store.accept(new, done))
    }

    /// Accepts a text together with what the steps made of it, and waits.
    pub fn accept_routed(&self, text: &str, outcome: Outcome) -> Result<Accepted> {
        let early = Early { version: None, at: NOON, outcome, trace: vec!["step 1: set".to_owned()] };
        wait(|done| self.store.accept_routed(self.new_envelope(text, 0), early, done))
    }

    /// Accepts a text received at noon.
    pub fn accept_text(&self, text: &str) -> EnvelopeId {
        self.accept(self.new_envelope(text, 0)).unwrap()
    }

    /// Routes one and waits.
    pub fn route(&self, envelope: EnvelopeId, outcome: Outcome) -> Result<()> {
        let trace = vec!["step 1: set".to_owned()];
        let routed =
            Routed { envelope, channel: self.channel, version: None, after: None, at: NOON, outcome, trace };
        wait(|done| self.store.route(routed, done))
    }

    /// Routes one unchanged into a lane of `ris`.
    pub fn route_to(&self, envelope: EnvelopeId, lane: &str) -> DeliveryKey {
        let delivery = NewDelivery { destination: self.ris, lane: lane.into(), part: 0 };
        let outcome = Outcome::Deliveries { parts: vec![Part::Unchanged], deliveries: vec![delivery] };
        self.route(envelope, outcome).unwrap();
        self.key(envelope, lane)
    }

    /// Accepts and routes a text into a lane of `ris`.
    pub fn queue(&self, text: &str, lane: &str) -> DeliveryKey {
        let envelope = self.accept_text(text);
        self.route_to(envelope, lane)
    }

    /// The name of an envelope's delivery to `ris`.
    pub fn key(&self, envelope: EnvelopeId, lane: &str) -> DeliveryKey {
        DeliveryKey { destination: self.ris, lane: lane.into(), envelope, part: 0 }
    }

    /// Records an attempt and waits.
    pub fn record(&self, key: &DeliveryKey, attempt: Attempt) -> Result<()> {
        wait(|done| self.store.record(Tried { key: key.clone(), attempt }, done))
    }

    /// Records an attempt with a result.
    pub fn tried(&self, key: &DeliveryKey, number: u32, result: AttemptResult) {
        self.record(key, attempt(number, result)).unwrap();
    }

    /// Acts and waits.
    pub fn act(&self, action: Action) -> Result<u64> {
        wait(|done| self.store.act(action, done))
    }

    /// Fails the test unless all books balance and the store finds nothing wrong with itself.
    pub fn check(&self) {
        let (channels, destinations) = self.store.books().unwrap();
        assert!(channels.iter().all(|one| one.balances()), "{channels:?}");
        assert!(destinations.iter().all(|one| one.balances()), "{destinations:?}");
    }
}

/// An attempt that took 20 ms.
pub fn attempt(number: u32, result: AttemptResult) -> Attempt {
    let started = NOON.after(Duration::from_secs(u64::from(number)));
    Attempt {
        number,
        started,
        ended: started.after(Duration::from_millis(20)),
        repeat: number > 1,
        answer: Some(Payload::from(&b"MSH|^~\\&|RIS\rMSA|AA|17"[..])),
        code: "AA".to_owned(),
        text: format!("attempt {number} answered"),
        result,
    }
}
