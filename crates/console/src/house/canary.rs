//! A changed channel that handles some of the messages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A canary, and how both sides fare.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Canary {
    /// The channel.
    pub channel: String,
    /// The revision of the changed files.
    pub revision: String,
    /// Which messages it handles.
    pub terms: String,
    /// Since when.
    pub since: String,
    /// Why it handles nothing any more, if it was stopped.
    pub stopped: Option<String>,
    /// What the live version handled since then.
    pub live: Side,
    /// What the changed one handled.
    pub changed: Side,
}

/// How one side fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Side {
    /// Messages that it handled.
    pub handled: u64,
    /// Of these, how many failed in a step.
    pub failed: u64,
    /// Of these, how many were given up by a destination.
    pub dead: u64,
    /// Of these, how many a partner has refused at least once.
    pub refused: u64,
    /// Of these, how many did any of the three.
    pub bad: u64,
}
