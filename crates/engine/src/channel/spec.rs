//! What the site says of a channel, compiled: what the engine needs to run it.

use std::sync::Arc;
use std::time::Duration;

use crate::answers::AnswerTable;
use crate::document::{Format, Path};
use crate::link::Destination;
use crate::retry::Retry;
use crate::schedule::Schedule;
use crate::source::Source;
use crate::step::Step;
use crate::throttle::Rate;

pub use super::canary::{Canary, Choice, WHOLE};
pub use crate::lane::queue::Budget;

/// A channel, ready to run.
pub struct ChannelSpec {
    /// Its name: the file's, without the ending.
    pub name: String,
    /// The channel's files as text; a channel whose text is the same is left alone by a reload.
    pub text: String,
    /// All of the text but the steps; when only the steps have changed, source and lanes go on and keep
    /// their connections.
    pub frame_text: String,
    /// Where its envelopes come from; `None` for a channel fed by other channels alone.
    pub source: Option<Box<dyn Source>>,
    /// The format of its payloads.
    pub format: Arc<dyn Format>,
    /// The system that sends, or empty.
    pub from: Arc<str>,
    /// The charset of payloads that do not say theirs.
    pub charset: Option<String>,
    /// When the source may answer.
    pub ack: AckWhen,
    /// How long `ack = "delivered"` waits.
    pub ack_limit: Duration,
    /// How arrivals that came before are told.
    pub dedup: Option<Dedup>,
    /// How arrivals that are fragments of something longer are joined; `None` lets them pass as they come.
    pub joining: Option<Joining>,
    /// The steps, in order.
    pub steps: Vec<Box<dyn Step>>,
    /// Where the results go.
    pub destinations: Vec<DestinationSpec>,
    /// A changed version that handles some of the envelopes.
    pub canary: Option<Canary>,
    /// What it may keep in memory and on disk.
    pub limits: Limits,
}

impl ChannelSpec {
    /// What must be the same for a reload to leave the channel alone.
    pub(crate) fn whole_text(&self) -> String {
        match &self.canary {
            None => self.text.clone(),
            Some(canary) => format!("{}\u{0}{}\u{0}{}", self.text, canary.terms, canary.text),
        }
    }
}

/// One destination of a channel, ready to run.
pub struct DestinationSpec {
    /// Its name within the channel.
    pub name: String,
    /// The partner.
    pub partner: Arc<dyn Destination>,
    /// Steps for this destination alone; one that ends the document means: not for this one.
    pub steps: Vec<Box<dyn Step>>,
    /// What must stay in order: everything (`None`), or what has the same value here.
    pub lane: Option<Path>,
    /// How many links at most; more than one needs a lane key to be of use.
    pub links_max: usize,
    /// How long an answer may take.
    pub answer_limit: Duration,
    /// When a delivery is tried again.
    pub retry: Retry,
    /// What answers mean.
    pub answers: AnswerTable,
    /// How fast it may be fed.
    pub rate: Option<Rate>,
    /// When it is open.
    pub schedule: Option<Schedule>,
    /// What its lanes may keep in memory.
    pub budget: Budget,
}

/// When a source may answer its sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AckWhen {
    /// As soon as the envelope is on stable storage.
    #[default]
    Stored,
    /// When the steps have run.
    Routed,
    /// When the first destination has answered.
    Delivered,
}

/// How arrivals that came before are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dedup {
    /// By the whole content, or by the identity that the format finds in it.
    pub by_content: bool,
    /// How far back.
    pub window: Duration,
    /// How many to remember at most.
    pub remember_max: usize,
}

/// How fragments are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joining {
    /// Wholes whose last fragment has not come, at most.
    pub open_max: usize,
    /// Bytes of their fragments, which are kept in memory besides the store.
    pub bytes_max: usize,
    /// How long the next fragment is waited for.
    pub wait: Duration,
}

impl Default for Joining {
    fn default() -> Self {
        Joining { open_max: 64, bytes_max: 32 << 20, wait: Duration::from_secs(600) }
    }
}

/// What a channel may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Envelopes in memory between store and steps.
    pub inbox_max: usize,
    /// Bytes of them.
    pub inbox_bytes_max: usize,
    /// Deliveries that may wait at any one destination before the source refuses.
    pub waiting_max: u64,
    /// The largest payload taken.
    pub payload_bytes_max: usize,
    /// The largest payload whose steps may run before it is kept; 0 lets none.
    pub early_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            inbox_max: 1_000,
            inbox_bytes_max: 8 << 20,
            waiting_max: 10_000_000,
            payload_bytes_max: 128 << 20,
            early_bytes_max: 64 << 10,
        }
    }
}
