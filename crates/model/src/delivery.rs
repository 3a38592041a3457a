//! One envelope on its way to one destination.

use std::sync::Arc;

use crate::{DestinationId, EnvelopeId, Timestamp};

/// Names one delivery. The order within one destination and lane is the order of sending.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryKey {
    /// Where it goes.
    pub destination: DestinationId,
    /// The lane: empty for a destination with a single lane, else the key. It may hold patient data.
    pub lane: Arc<str>,
    /// The envelope it carries.
    pub envelope: EnvelopeId,
    /// Which of the steps' results: 0, or higher where a step split the envelope.
    pub part: u16,
}

/// What is known of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its name.
    pub key: DeliveryKey,
    /// Where it stands.
    pub state: DeliveryState,
    /// When the steps had made it.
    pub queued: Timestamp,
    /// How many attempts were made.
    pub attempts: u32,
    /// When the next attempt is due, while it waits.
    pub due: Timestamp,
    /// Why it is dead or dropped, or what the last attempt met; no patient data.
    pub reason: String,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// In its lane, not yet accepted by the partner.
    Waiting,
    /// The partner accepted it.
    Delivered,
    /// Given up and kept; a person can revive it.
    Dead,
    /// Given up on purpose.
    Dropped,
}

impl DeliveryState {
    /// A stable word for stores, JSON and the command line.
    pub fn name(self) -> &'static str {
        match self {
            DeliveryState::Waiting => "waiting",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Dead => "dead",
            DeliveryState::Dropped => "dropped",
        }
    }
}

/// A lane that stands until a person decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Where.
    pub destination: DestinationId,
    /// Which lane; `None` holds the whole destination.
    pub lane: Option<Arc<str>>,
    /// Since when.
    pub since: Timestamp,
    /// Why; no patient data.
    pub reason: String,
}
