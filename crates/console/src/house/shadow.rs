//! A changed channel that runs along with the one that is live, and delivers nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::replay::Replayed;

/// A shadow, and what differs so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Shadow {
    /// The channel.
    pub channel: String,
    /// The revision of the changed files.
    pub revision: String,
    /// Since when it runs along.
    pub since: String,
    /// The last envelope that went through both.
    pub last: u64,
    /// Envelopes that have come and not yet gone through both.
    pub behind: u64,
    /// True when taking it starts the channel anew: its source or destinations change.
    pub restarts: bool,
    /// Why it stands, if it does.
    pub trouble: Option<String>,
    /// What differs. Examples hold patient data.
    pub differences: Replayed,
}
