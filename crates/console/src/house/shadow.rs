//! A changed channel that runs along with the one that is live, and delivers nothing.

use serde::{Deserialize, Serialize};

use super::replay::Replayed;

/// What is wished of shadows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Ask {
    /// Lets a changed channel run along from now on.
    Start {
        /// The channel.
        channel: String,
        /// A revision of the site's repository, or the whole path of a folder.
        against: String,
    },
    /// What differs so far.
    Status {
        /// This channel alone.
        channel: Option<String>,
    },
    /// Puts the changed channel in the place of the one that is live.
    Take {
        /// The channel.
        channel: String,
    },
    /// Throws it away.
    Drop {
        /// The channel.
        channel: String,
    },
}

impl Ask {
    /// The channel that it is about.
    pub fn channel(&self) -> Option<&str> {
        match self {
            Ask::Start { channel, .. } | Ask::Take { channel } | Ask::Drop { channel } => Some(channel),
            Ask::Status { channel } => channel.as_deref(),
        }
    }
}

/// A shadow, and what differs so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
