//! A changed channel that handles some of the messages.

use serde::{Deserialize, Serialize};

/// What is wished of canaries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Ask {
    /// Lets a changed channel handle some of the messages.
    Start {
        /// The channel.
        channel: String,
        /// A revision of the site's repository, or the whole path of a folder.
        against: String,
        /// Which messages.
        terms: Terms,
    },
    /// How both sides fare.
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

/// Which messages a canary handles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Terms {
    /// So many of ten thousand.
    Share(u32),
    /// Those that meet a condition, written as in `only`.
    Key(String),
}

impl std::fmt::Display for Terms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Terms::Share(share) => write!(f, "{}%", f64::from(*share) / 100.0),
            Terms::Key(condition) => f.write_str(condition),
        }
    }
}

/// A canary, and how both sides fare.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
