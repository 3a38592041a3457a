//! `channels/<name>.toml`: one source, steps in order, one or more destinations.

use std::collections::BTreeMap;

use klinke_adapters::units::{Bytes, Period, above_zero};
use schemars::JsonSchema;
use serde::Deserialize;

use super::adapters::Adapters;
use super::node::Retention;
use super::system::ProbeMode;

/// A channel's file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Channel {
    /// What people call it. Since 0.1.
    pub title: Option<String>,
    /// `false` leaves the channel out. Since 0.1.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The format of its payloads: `hl7v2`, `dicom`, `text` or `bytes`. Since 0.1.
    #[serde(default = "hl7v2")]
    pub format: String,
    /// Where its envelopes come from; a channel that other channels feed has none. Since 0.1.
    pub source: Option<Source>,
    /// What is done, one after the other. Since 0.1.
    #[serde(default)]
    #[schemars(with = "Vec<BTreeMap<String, serde_json::Value>>")]
    pub step: Vec<toml::Value>,
    /// Where the results go. Since 0.1.
    #[serde(default)]
    pub destination: Vec<Destination>,
    /// How long its envelopes are kept after they are delivered. Since 0.1.
    pub retention: Option<Retention>,
    /// What it may use. Since 0.1.
    #[serde(default)]
    pub limits: Limits,
}

fn yes() -> bool {
    true
}

fn hl7v2() -> String {
    "hl7v2".to_owned()
}

/// Where a channel's envelopes come from: exactly one adapter (`mllp`, `tcp`, `file`, `http`, `timer`),
/// and when the sender is answered.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Source {
    /// The adapters that are named, with what is said to them; taken out before the rest is read.
    #[serde(skip)]
    pub adapters: Adapters,
    /// When the sender is answered: `stored`, `routed` or `delivered`. Default `"stored"`.
    /// Since 0.1.
    #[serde(default)]
    pub ack: Ack,
    /// How long `ack = "delivered"` waits for a partner. Since 0.1.
    #[serde(default = "ten_seconds")]
    pub ack_limit: Period,
    /// Tells arrivals that came before; they are acknowledged and not taken again. Since 0.1.
    pub dedup: Option<Dedup>,
    /// Joins what the sender sends in fragments because it is too long (HL7 v2: DSC and MSH-14). Each
    /// fragment is kept before it is acknowledged; the whole goes through the steps. Since 0.1.
    #[serde(default)]
    pub join: Join,
}

/// How fragments are joined.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Join {
    /// `false` lets fragments pass as they come. Default `true`. Since 0.1.
    pub enabled: bool,
    /// Messages whose last fragment has not come, at most; more are refused for now. Default 64. Since 0.1.
    pub open: usize,
    /// Bytes of their fragments, kept in memory besides the store. Default `"32MiB"`. Since 0.1.
    pub memory: Bytes,
    /// How long the next fragment is waited for. What came till then is kept as damaged and not
    /// delivered. Default `"10min"`. Since 0.1.
    pub wait: Period,
}

impl Default for Join {
    fn default() -> Self {
        Join { enabled: true, open: 64, memory: Bytes(32 << 20), wait: Period::seconds(600) }
    }
}

fn ten_seconds() -> Period {
    Period::seconds(10)
}

/// When a sender is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ack {
    /// When the envelope is on stable storage.
    #[default]
    Stored,
    /// When the steps have run.
    Routed,
    /// When the first destination has answered.
    Delivered,
}

/// How arrivals that came before are told.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Dedup {
    /// `control` (the message's own identifier and sender) or `content`. Default
    /// `"control"`. Since 0.1.
    #[serde(default)]
    pub by: DedupBy,
    /// How far back. Since 0.1.
    #[serde(default = "one_day")]
    pub window: Period,
    /// How many are remembered at most. Since 0.1.
    #[serde(default = "hundred_thousand")]
    pub remember: usize,
}

fn one_day() -> Period {
    Period::seconds(86_400)
}

fn hundred_thousand() -> usize {
    100_000
}

/// What tells arrivals apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DedupBy {
    /// The identifier that the sender gave.
    #[default]
    Control,
    /// All bytes.
    Content,
}

/// Where results go: exactly one of `to`, `channel` or an adapter (`mllp`, `tcp`, `file`, `http`).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Destination {
    /// Its name within the channel; by default that of the system or channel. Since 0.1.
    pub name: Option<String>,
    /// A system of `systems.toml`. Since 0.1.
    pub to: Option<String>,
    /// Which of the system's endpoints, when it has several: an adapter's name. Since 0.1.
    pub via: Option<String>,
    /// Another channel of this site. Since 0.1.
    pub channel: Option<String>,
    /// The adapters that are named instead; taken out before the rest is read.
    #[serde(skip)]
    pub adapters: Adapters,
    /// Only what meets this goes there: a condition as in `only`. Since 0.1.
    #[schemars(with = "Option<serde_json::Value>")]
    pub only: Option<toml::Value>,
    /// What meets this does not go there. Since 0.1.
    #[schemars(with = "Option<serde_json::Value>")]
    pub except: Option<toml::Value>,
    /// Steps for this destination alone. Since 0.1.
    #[serde(default)]
    #[schemars(with = "Vec<BTreeMap<String, serde_json::Value>>")]
    pub step: Vec<toml::Value>,
    /// What must stay in order: what has the same value at this path; everything when absent. Since 0.1.
    pub lane: Option<String>,
    /// How many connections at most, with `lane`. Since 0.1.
    pub connections: Option<usize>,
    /// How long an answer may take; the endpoint's own limit when absent. Since 0.1.
    pub answer_limit: Option<Period>,
    /// When a delivery is tried again. Since 0.1.
    #[serde(default)]
    pub retry: Retry,
    /// What answers mean: `{ AE = "retry", AR = "dead", "C?" = "hold", timeout = "retry" }` with
    /// accept, retry, dead, drop or hold. Since 0.1.
    #[serde(default)]
    pub on: BTreeMap<String, Word>,
    /// How fast it may be fed: `"10/s"`, `"600/m"`. Since 0.1.
    pub rate: Option<String>,
    /// Opening hours in local time: `["Mon-Fri 07:00-18:00"]`. Since 0.1.
    #[serde(default)]
    pub open: Vec<String>,
    /// Whether a diagnosis may look at it: `on`, `off` or `echo`; as the system says when absent. Since 0.1.
    pub probe: Option<ProbeMode>,
}

/// What an answer means, as a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// Delivered.
    Accept,
    /// Tried again.
    Retry,
    /// Given up and kept.
    Dead,
    /// Given up on purpose.
    Drop,
    /// The lane stops until a person decides.
    Hold,
}

/// When a delivery is tried again.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Retry {
    /// The wait after the first failure; doubled after each further one. Since 0.1.
    pub first: Period,
    /// The longest wait. Since 0.1.
    pub most: Period,
    /// Attempts at most; without end when absent. Since 0.1.
    pub attempts: Option<u32>,
    /// What then: `dead` or `hold`. Default `"dead"`. Since 0.1.
    pub then: Then,
}

impl Default for Retry {
    fn default() -> Self {
        Retry { first: Period::seconds(1), most: Period::seconds(60), attempts: None, then: Then::Dead }
    }
}

/// What becomes of a delivery when its attempts are spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Then {
    /// Given up and kept; the lane goes on.
    Dead,
    /// The lane stops until a person decides.
    Hold,
}

/// What a channel may use.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Limits {
    /// The largest payload. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub payload: Bytes,
    /// Deliveries that may wait at one destination before the source refuses. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub waiting: u64,
    /// Memory for payloads between store and steps, and again for each destination. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub memory: Bytes,
    /// How long one script call may take. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub script_time: Period,
    /// Memory of the channel's scripts. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub script_memory: Bytes,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            payload: Bytes::mib(128),
            waiting: 10_000_000,
            memory: Bytes::mib(8),
            script_time: Period::seconds(1),
            script_memory: Bytes::mib(64),
        }
    }
}
