//! What is read.

use std::sync::Arc;

use klinke_model::{
    Attempt, ChannelId, ChannelTally, Delivery, DestinationId, DestinationTally, Envelope, EnvelopeId,
    Payload, Timestamp, VersionId,
};

/// Everything known of one envelope.
#[derive(Clone, Debug)]
pub struct EnvelopeRecord {
    /// As it came.
    pub envelope: Envelope,
    /// What the steps made of it; `None` while they have not run.
    pub route: Option<RouteRecord>,
    /// The results of the steps by number; an unchanged part is the envelope's own payload.
    pub parts: Vec<Payload>,
    /// Its deliveries with all their attempts, by destination and part.
    pub deliveries: Vec<(Delivery, Vec<Attempt>)>,
    /// Envelopes that came of it: split, resent, edited, or handed to another channel.
    pub children: Vec<EnvelopeId>,
}

impl EnvelopeRecord {
    /// The version whose steps ran; before that the one under which the envelope was accepted.
    pub fn version(&self) -> VersionId {
        self.route.as_ref().and_then(|route| route.version).unwrap_or(self.envelope.version)
    }
}

/// What the steps made of an envelope, without the parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteRecord {
    /// When.
    pub at: Timestamp,
    /// The version whose steps ran, where it is another than the one under which it was accepted.
    pub version: Option<VersionId>,
    /// The step that filtered or failed, and why; `None` when deliveries came of it.
    pub ended: Option<Ended>,
    /// What steps and scripts noted.
    pub trace: Vec<String>,
}

/// How the steps ended an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// True when a step failed, false when it was filtered.
    pub failed: bool,
    /// Which step.
    pub step: String,
    /// Why.
    pub reason: String,
}

/// One line of a list.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The envelope without its payload (the payload is empty).
    pub envelope: Envelope,
    /// How many bytes its payload has.
    pub size: u64,
    /// `unrouted`, `filtered`, `failed`, `waiting`, `dead`, `delivered` or `dropped`: the worst that holds.
    pub state: &'static str,
    /// The search keys by which the index knows it.
    pub keys: Vec<(String, String)>,
}

/// One lane with something waiting.
#[derive(Clone, Debug)]
pub struct LaneSummary {
    /// Its key.
    pub lane: Arc<str>,
    /// How many wait.
    pub waiting: u64,
    /// The first of them.
    pub first: Delivery,
}

/// A channel and its books.
#[derive(Clone, Debug)]
pub struct ChannelInfo {
    /// Its number.
    pub id: ChannelId,
    /// Its name.
    pub name: String,
    /// Its books.
    pub tally: ChannelTally,
    /// The highest envelope accepted.
    pub last: Option<EnvelopeId>,
    /// When that was.
    pub last_at: Option<Timestamp>,
}

/// A destination and its books.
#[derive(Clone, Debug)]
pub struct DestinationInfo {
    /// Its number.
    pub id: DestinationId,
    /// Its channel.
    pub channel: ChannelId,
    /// Its name within the channel.
    pub name: String,
    /// Its books.
    pub tally: DestinationTally,
}

/// One version of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionInfo {
    /// Its number.
    pub id: VersionId,
    /// When it was first seen.
    pub since: Timestamp,
    /// The channel's files at that time.
    pub text: String,
}

/// What may be removed. Undelivered and dead deliveries keep their envelopes whatever the rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PruneRule {
    /// Whose envelopes.
    pub channel: ChannelId,
    /// Older ones go.
    pub age_max: Option<std::time::Duration>,
    /// The oldest go until the channel's payloads take no more than so many bytes on disk.
    pub bytes_max: Option<u64>,
}

/// What a bite of pruning did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PruneReport {
    /// Envelopes removed.
    pub envelopes: u64,
    /// Bytes freed inside the store (the files may keep their size and be reused).
    pub bytes: u64,
    /// True when there is more to remove.
    pub more: bool,
}

/// What a check of everything found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Envelopes read.
    pub envelopes: u64,
    /// Payload bytes checked.
    pub bytes: u64,
    /// What is wrong, one sentence each with the envelope's number; empty when all is well.
    pub faults: Vec<String>,
}

/// Sizes and the state of the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Bytes of all the store's files.
    pub bytes: u64,
    /// Bytes free on their disk, where it can be told.
    pub free: Option<u64>,
    /// Envelopes kept.
    pub envelopes: u64,
    /// How far the search index is behind, in envelopes.
    pub index_lag: u64,
    /// Why the store refuses to write, if it does.
    pub refuses: Option<String>,
}
