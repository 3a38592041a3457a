//! What tools are told, in the shape of their `--json`.

use klinke_diagnosis::{Layer, Verdict};
use klinke_model::{Attempt, AttemptResult, Delivery, Hold};
use klinke_store::Summary;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::deploy::Deployed;

/// One line of a list of envelopes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct MessageLine {
    /// The envelope's number.
    pub id: u64,
    /// When it came, RFC 3339.
    pub received: String,
    /// The channel's name.
    pub channel: String,
    /// The system that sent it.
    pub system: String,
    /// Where it stands.
    pub state: String,
    /// Bytes.
    pub size: u64,
    /// Search keys: name and value.
    pub keys: Vec<(String, String)>,
}

impl MessageLine {
    /// Of a store's summary.
    pub fn new(summary: &Summary, channel: String) -> Self {
        MessageLine {
            id: summary.envelope.id.0,
            received: summary.envelope.received.to_string(),
            channel,
            system: summary.envelope.system.to_string(),
            state: summary.state.to_owned(),
            size: summary.size,
            keys: summary.keys.clone(),
        }
    }

    /// The first value of a key.
    pub fn key(&self, name: &str) -> &str {
        self.keys.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// What several searches found, each envelope once, in the order of time.
pub fn together(found: Vec<Vec<MessageLine>>, limit: usize) -> Vec<MessageLine> {
    let mut lines: Vec<MessageLine> = found.into_iter().flatten().collect();
    lines.sort_by_key(|line| line.id);
    lines.dedup_by_key(|line| line.id);
    lines.truncate(limit);
    lines
}

/// Everything of one envelope.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// Its line in a list.
    pub line: MessageLine,
    /// The peer that sent it.
    pub peer: String,
    /// `received`, `resent`, …
    pub origin: String,
    /// The envelope it came from.
    pub parent: Option<u64>,
    /// Envelopes that came of it.
    pub children: Vec<u64>,
    /// The channel's version that handled it.
    pub version: u32,
    /// The revision of the site that was live when it did.
    #[serde(default)]
    pub revision: Option<String>,
    /// The stages in order: received, after each step, as sent.
    pub stages: Vec<Stage>,
    /// The step that ended it, and why.
    pub ended: Option<Ended>,
    /// What steps and scripts noted.
    pub trace: Vec<String>,
    /// Its deliveries.
    pub deliveries: Vec<DeliveryView>,
}

/// The payload at one stage.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Stage {
    /// `received`, `step 2: set`, `part 0`.
    pub name: String,
    /// The payloads, base64.
    pub payloads: Vec<String>,
}

/// How the steps ended an envelope.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Ended {
    /// True when a step failed, false when it was filtered.
    pub failed: bool,
    /// Which step.
    pub step: String,
    /// Why.
    pub reason: String,
}

/// One delivery with its attempts.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryView {
    /// The destination, `channel/name`.
    pub destination: String,
    /// Its lane.
    pub lane: String,
    /// The envelope.
    pub envelope: u64,
    /// Which part.
    pub part: u16,
    /// Where it stands.
    pub state: String,
    /// When the steps had made it.
    pub queued: String,
    /// Attempts made.
    pub attempts_made: u32,
    /// When the next attempt is due, while it waits.
    pub due: Option<String>,
    /// Why it is where it is.
    pub reason: String,
    /// The attempts, where they were asked for.
    pub attempts: Vec<AttemptView>,
}

impl DeliveryView {
    /// Of the store's words.
    pub fn new(delivery: &Delivery, destination: String, attempts: &[Attempt]) -> Self {
        let waits = delivery.state == klinke_model::DeliveryState::Waiting;
        DeliveryView {
            destination,
            lane: delivery.key.lane.to_string(),
            envelope: delivery.key.envelope.0,
            part: delivery.key.part,
            state: delivery.state.name().to_owned(),
            queued: delivery.queued.to_string(),
            attempts_made: delivery.attempts,
            due: waits.then(|| delivery.due.to_string()),
            reason: delivery.reason.clone(),
            attempts: attempts.iter().map(AttemptView::new).collect(),
        }
    }
}

/// One attempt.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AttemptView {
    /// 1 for the first.
    pub number: u32,
    /// When sending began.
    pub started: String,
    /// How long it took, in milliseconds.
    pub millis: f64,
    /// True when an earlier try may have reached the partner.
    pub repeat: bool,
    /// The partner's code, or what went wrong.
    pub code: String,
    /// A sentence.
    pub text: String,
    /// What it meant.
    pub result: String,
    /// The answer, base64.
    pub answer: Option<String>,
}

impl AttemptView {
    fn new(attempt: &Attempt) -> Self {
        let result = match attempt.result {
            AttemptResult::Retry(until) => format!("retry at {until}"),
            other => other.name().to_owned(),
        };
        AttemptView {
            number: attempt.number,
            started: attempt.started.to_string(),
            millis: attempt.ended.since(attempt.started).as_secs_f64() * 1_000.0,
            repeat: attempt.repeat,
            code: attempt.code.clone(),
            text: attempt.text.clone(),
            result,
            answer: attempt.answer.as_ref().map(|answer| super::encode(answer)),
        }
    }
}

/// One lane with something waiting.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LaneView {
    /// The destination, `channel/name`.
    pub destination: String,
    /// The lane's key; empty for a single lane.
    pub lane: String,
    /// How many wait.
    pub waiting: u64,
    /// The first of them.
    pub first: DeliveryView,
    /// Since when and why a person or an answer holds it.
    pub held: Option<(String, String)>,
}

/// A hold that a lane stands under.
pub fn held(holds: &[Hold], lane: &Delivery) -> Option<(String, String)> {
    let meets = |hold: &&Hold| {
        hold.destination == lane.key.destination && hold.lane.as_ref().is_none_or(|one| *one == lane.key.lane)
    };
    holds.iter().find(meets).map(|hold| (hold.since.to_string(), hold.reason.clone()))
}

/// All channels and destinations with their books.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// The site's name.
    pub site: String,
    /// True when `serve` answered, false when the store alone was read.
    pub serving: bool,
    /// The store.
    pub store: StoreView,
    /// The channels.
    pub channels: Vec<ChannelView>,
    /// What is new in the messages of systems that have a dialect.
    #[serde(default)]
    pub drift: Vec<DriftView>,
    /// Which revision of the site runs, and what did not get so far.
    #[serde(default)]
    pub deployed: Deployed,
    /// What the running site has found to be wrong; `klinke diagnose` says more.
    #[serde(default)]
    pub findings: Vec<Brief>,
}

/// What is new in one system's messages. No patient data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DriftView {
    /// The system.
    pub system: String,
    /// Messages that were held against its dialect.
    pub looked: u64,
    /// Envelopes that were passed over: too many came at once, or they could not be read.
    pub skipped: u64,
    /// What is new, each thing once, the oldest first.
    pub novelties: Vec<NoveltyView>,
    /// Further things that are new and no longer listed.
    pub more: u64,
}

/// One new thing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NoveltyView {
    /// What is new: `code`, `field`, `segment` …
    pub kind: String,
    /// Where.
    pub place: String,
    /// What came.
    pub came: String,
    /// What came until then.
    pub before: String,
    /// The first envelope that had it.
    pub envelope: u64,
    /// When that came.
    pub at: String,
    /// In how many messages it was met.
    pub count: u64,
}

/// What was learned.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Learned {
    /// The dialect, in the shape of its file.
    pub dialect: serde_json::Value,
    /// Envelopes that hold no message that can be read.
    pub unread: u64,
}

/// What is wrong with a system, in short.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Brief {
    /// The system's name.
    pub system: String,
    /// Whose fault it is.
    pub verdict: Verdict,
    /// On which rung it broke.
    pub layer: Layer,
    /// A stable word for the cause.
    pub cause: String,
    /// Since when, RFC 3339, where that is known.
    pub since: Option<String>,
    /// True when messages go on in spite of it.
    pub minor: bool,
    /// What is wrong, in English.
    pub summary: String,
    /// The same in German.
    pub summary_de: String,
}

/// The store's sizes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StoreView {
    /// Bytes of all its files.
    pub bytes: u64,
    /// Bytes free on the disk.
    pub free: Option<u64>,
    /// Envelopes kept.
    pub envelopes: u64,
    /// How far the search index is behind.
    pub index_lag: u64,
    /// Why it refuses to write, if it does.
    pub refuses: Option<String>,
}

/// That a person has stopped a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Halted {
    /// Since when.
    pub since: String,
    /// Who has.
    pub who: String,
    /// Why.
    pub reason: String,
}

/// A channel and its books.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ChannelView {
    /// Its name.
    pub name: String,
    /// What people call it.
    #[serde(default)]
    pub title: Option<String>,
    /// True while it runs.
    pub runs: bool,
    /// Where it listens.
    pub address: Option<String>,
    /// Why it does not run, although the site has it.
    pub stopped: Option<String>,
    /// Who has stopped it, if a person has.
    #[serde(default)]
    pub halted: Option<Halted>,
    /// Why it refuses arrivals now.
    pub refuses: Option<String>,
    /// Envelopes accepted.
    pub received: u64,
    /// Ended by a step.
    pub filtered: u64,
    /// Failed in a step.
    pub failed: u64,
    /// Made into deliveries.
    pub routed: u64,
    /// Not yet run through the steps.
    pub unrouted: u64,
    /// When the last one came.
    pub last: Option<String>,
    /// Connections to its source now.
    #[serde(default)]
    pub connections: Option<u64>,
    /// What its senders do against the protocol's rules: what, and how often since the start.
    #[serde(default)]
    pub violations: Vec<(String, u64)>,
    /// Messages of which fragments are here and the last one is not.
    #[serde(default)]
    pub unfinished: usize,
    /// Fragments that continued nothing and passed as they came, since the start.
    #[serde(default)]
    pub stray_fragments: u64,
    /// Its destinations.
    pub destinations: Vec<DestinationView>,
    /// True when the books balance.
    pub balances: bool,
}

impl ChannelView {
    /// Deliveries that wait, to all its destinations.
    pub fn waiting(&self) -> u64 {
        self.destinations.iter().map(|to| to.waiting).sum()
    }

    /// Deliveries that were given up.
    pub fn dead(&self) -> u64 {
        self.destinations.iter().map(|to| to.dead).sum()
    }
}

/// A destination and its books.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DestinationView {
    /// Its name.
    pub name: String,
    /// Where it delivers to.
    pub address: Option<String>,
    /// Whom to call when it does not answer.
    #[serde(default)]
    pub contact: Option<String>,
    /// Deliveries made for it.
    pub queued: u64,
    /// Accepted.
    pub delivered: u64,
    /// Given up and kept.
    pub dead: u64,
    /// Given up on purpose.
    pub dropped: u64,
    /// Still in their lanes.
    pub waiting: u64,
    /// True while the partner counts as down.
    pub down: bool,
    /// True while a person holds all of it.
    pub held: bool,
    /// The latest answer that was no acceptance: when, code, sentence.
    pub trouble: Option<(String, String, String)>,
    /// Mean time of an answer in milliseconds since the start.
    pub answer_millis: Option<f64>,
}
