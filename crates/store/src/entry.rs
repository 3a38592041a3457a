//! What is written.

use std::sync::Arc;

use klinke_model::{
    Attempt, ChannelId, DeliveryKey, DestinationId, EnvelopeId, Origin, Payload, Timestamp, VersionId,
};

/// An envelope before it has a number. The fields are those of [`klinke_model::Envelope`].
#[derive(Clone, Debug)]
pub struct NewEnvelope {
    /// The channel that received it.
    pub channel: ChannelId,
    /// The channel's version at that moment.
    pub version: VersionId,
    /// When its last byte arrived.
    pub received: Timestamp,
    /// The system that sent it, or empty.
    pub system: Arc<str>,
    /// The peer's address or the file's name.
    pub peer: Arc<str>,
    /// The payload's format.
    pub format: Arc<str>,
    /// Where it came from.
    pub origin: Origin,
    /// A digest for de-duplication.
    pub fingerprint: Option<u64>,
    /// The bytes as they came.
    pub payload: Payload,
}

/// What the steps made of one envelope.
#[derive(Clone, Debug)]
pub struct Routed {
    /// The envelope.
    pub envelope: EnvelopeId,
    /// Its channel.
    pub channel: ChannelId,
    /// The version whose steps ran, where it is another than the one under which the envelope was accepted.
    pub version: Option<VersionId>,
    /// The envelope of the same channel that the caller routed just before, if this is not its first:
    /// when that one was refused, this one is refused too, so that nothing is passed over.
    pub after: Option<EnvelopeId>,
    /// When.
    pub at: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
    /// What steps and scripts noted about it, line by line. May hold patient data: shown, never logged.
    pub trace: Vec<String>,
}

/// What the steps made of an envelope before it had a number.
#[derive(Clone, Debug)]
pub struct Early {
    /// As in [`Routed::version`].
    pub version: Option<VersionId>,
    /// When.
    pub at: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
    /// As in [`Routed::trace`].
    pub trace: Vec<String>,
}

impl Early {
    /// As an entry of its own, for the envelope that it belongs to.
    pub fn into_routed(self, envelope: EnvelopeId, channel: ChannelId, after: Option<EnvelopeId>) -> Routed {
        let Early { version, at, outcome, trace } = self;
        Routed { envelope, channel, version, after, at, outcome, trace }
    }
}

/// What became of an envelope that came with its route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its number.
    pub id: EnvelopeId,
    /// True when its route was taken too; else it waits for one.
    pub is_routed: bool,
}

/// What became of an envelope in its channel's steps.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// At least one delivery came of it.
    Deliveries {
        /// The distinct results; part `n` is the n-th.
        parts: Vec<Part>,
        /// Where they go. The order within a lane is the order here.
        deliveries: Vec<NewDelivery>,
    },
    /// A step ended it on purpose, or no destination wanted it.
    Filtered {
        /// Which step, as the site numbers it (`step 2: only`).
        step: String,
        /// Why, without patient data.
        reason: String,
    },
    /// A step could not do its work; kept for a person.
    Failed {
        /// Which step.
        step: String,
        /// Why, without patient data.
        reason: String,
    },
}

/// One result of the steps.
#[derive(Clone, Debug)]
pub enum Part {
    /// The envelope's own bytes, unchanged.
    Unchanged,
    /// Other bytes.
    Changed(Payload),
}

/// A delivery before it is in its lane.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// Where it goes.
    pub destination: DestinationId,
    /// Its lane; empty for a destination with a single lane.
    pub lane: Arc<str>,
    /// Which part it carries.
    pub part: u16,
}

/// An attempt that was made.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The delivery.
    pub key: DeliveryKey,
    /// The attempt and its result. `AttemptResult::Held` holds the lane with the attempt's text as reason.
    pub attempt: Attempt,
}

/// What a person decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Stops a lane, or with `None` the whole destination.
    Hold {
        /// Where.
        destination: DestinationId,
        /// Which lane.
        lane: Option<Arc<str>>,
        /// Why; no patient data.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// Lets a lane, or the whole destination, go on: ends exactly the hold of this place. A lane that is
    /// held by itself stays held when its destination is released.
    Release {
        /// Where.
        destination: DestinationId,
        /// Which lane.
        lane: Option<Arc<str>>,
    },
    /// Gives one waiting delivery up and keeps it as dead.
    Kill {
        /// Which.
        key: DeliveryKey,
        /// Why; no patient data.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// Gives one waiting delivery up on purpose.
    Skip {
        /// Which.
        key: DeliveryKey,
        /// Why; no patient data.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// Gives one dead delivery up for good: it is no longer in the list of those that a person may revive.
    Drop {
        /// Which.
        key: DeliveryKey,
        /// Why; no patient data.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// Puts a dead delivery back at its place in its lane; its attempts stay on record.
    Revive {
        /// Which.
        key: DeliveryKey,
        /// When.
        at: Timestamp,
    },
}
