//! The engine's unit: payload, format, metadata.

use std::fmt;
use std::sync::Arc;

use crate::{ChannelId, EnvelopeId, Timestamp, VersionId};

/// The bytes of an envelope, shared and never changed. Its `Debug` shows the length alone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Payload(Arc<Vec<u8>>);

impl Payload {
    /// Takes the bytes without copying them.
    pub fn new(bytes: Vec<u8>) -> Self {
        Payload(Arc::new(bytes))
    }

    /// How many bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True when both are the very same bytes in memory: cheaper than comparing them.
    pub fn is_same(&self, other: &Payload) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl AsRef<[u8]> for Payload {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl std::ops::Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Payload::new(bytes)
    }
}

impl From<&[u8]> for Payload {
    fn from(bytes: &[u8]) -> Self {
        Payload::new(bytes.to_vec())
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.0.len())
    }
}

/// Where an envelope came from.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Origin {
    /// A partner sent it.
    #[default]
    Received,
    /// Another channel handed it on in process.
    Channel(EnvelopeId),
    /// It was one of several in a batch or a split; the envelope is the whole.
    Split(EnvelopeId),
    /// A person sent a kept envelope again, unchanged.
    Resent(EnvelopeId),
    /// A person changed a kept envelope and sent it as a new one.
    Edited(EnvelopeId),
    /// It is one of the fragments that a partner sent of something too long; the envelope is the first one,
    /// `None` in the first itself.
    Fragment(Option<EnvelopeId>),
    /// Fragments were joined; the envelope is the first of them.
    Joined(Option<EnvelopeId>),
}

impl Origin {
    /// A stable word for stores and JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Origin::Received => "received",
            Origin::Channel(_) => "channel",
            Origin::Split(_) => "split",
            Origin::Resent(_) => "resent",
            Origin::Edited(_) => "edited",
            Origin::Fragment(_) => "fragment",
            Origin::Joined(_) => "joined",
        }
    }

    /// The envelope it came from, if not from a partner.
    pub fn parent(&self) -> Option<EnvelopeId> {
        match *self {
            Origin::Received => None,
            Origin::Channel(id) | Origin::Split(id) | Origin::Resent(id) | Origin::Edited(id) => Some(id),
            Origin::Fragment(first) | Origin::Joined(first) => first,
        }
    }

    /// The inverse of [`Origin::name`] and [`Origin::parent`]; unknown words are `Received`.
    pub fn from_parts(name: &str, parent: Option<EnvelopeId>) -> Origin {
        match (name, parent) {
            ("channel", Some(id)) => Origin::Channel(id),
            ("split", Some(id)) => Origin::Split(id),
            ("resent", Some(id)) => Origin::Resent(id),
            ("edited", Some(id)) => Origin::Edited(id),
            ("fragment", first) => Origin::Fragment(first),
            ("joined", first) => Origin::Joined(first),
            _ => Origin::Received,
        }
    }
}

/// One thing that a channel received, as it came.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// Its number; the order of numbers is the order of arrival.
    pub id: EnvelopeId,
    /// The channel that received it.
    pub channel: ChannelId,
    /// The version of the channel at that moment.
    pub version: VersionId,
    /// When its last byte arrived.
    pub received: Timestamp,
    /// The system that sent it (its name in `systems.toml`), or empty when the site names none.
    pub system: Arc<str>,
    /// The peer's address, or the file's name: what the adapter knows of the sender.
    pub peer: Arc<str>,
    /// The payload's format, a name that the engine's formats know (`hl7v2`, `text`, …).
    pub format: Arc<str>,
    /// Where it came from.
    pub origin: Origin,
    /// A digest by which the source de-duplicates, where the site asks for it.
    pub fingerprint: Option<u64>,
    /// The bytes as they came.
    pub payload: Payload,
}
