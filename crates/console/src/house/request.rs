//! What tools ask for.

use klinke_diagnosis::Lang;
use serde::{Deserialize, Serialize};

/// One question or wish, as it goes over the local socket: one JSON object a line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Request {
    /// All channels with their books.
    Status,
    /// Envelopes that a query finds.
    Messages(Find),
    /// One envelope with every stage.
    Show {
        /// Which.
        id: u64,
    },
    /// What is wrong with the systems, whose fault it is, and what to do.
    Diagnose {
        /// A system, or a way by its name; all when absent.
        system: Option<String>,
        /// In which language.
        #[serde(default)]
        lang: Lang,
    },
    /// Lanes with something waiting.
    Queue {
        /// `channel` or `channel/destination`; all when absent.
        place: Option<String>,
        /// Lanes per destination at most.
        limit: usize,
    },
    /// Dead deliveries.
    Dead {
        /// `channel` or `channel/destination`; all when absent.
        place: Option<String>,
        /// Per destination at most.
        limit: usize,
    },
    /// Stops or releases a lane or a destination.
    Hold {
        /// `channel/destination`.
        place: String,
        /// Which lane; the whole destination when absent.
        lane: Option<String>,
        /// Why; absent releases.
        reason: Option<String>,
    },
    /// Gives deliveries up, or revives them.
    Settle {
        /// `skip`, `dead` or `revive`.
        what: Settle,
        /// `channel/destination`.
        place: String,
        /// Of these envelopes; all dead ones when empty and `what` is `revive`.
        envelopes: Vec<u64>,
        /// Why.
        reason: String,
    },
    /// Sends kept envelopes again as new ones.
    Resend {
        /// Which.
        envelopes: Vec<u64>,
        /// Into another channel than their own.
        channel: Option<String>,
    },
    /// Sends changed bytes as a new envelope.
    Edit {
        /// The envelope that was changed.
        id: u64,
        /// The new bytes, base64.
        payload: String,
    },
    /// Copies the store into a folder.
    Backup {
        /// An empty or absent folder.
        folder: String,
    },
    /// Checks everything.
    Verify,
    /// Removes what the site's rules allow.
    Prune,
    /// Reads the site's files again and takes over what has changed.
    Reload,
}

/// How to settle a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Settle {
    /// Gives it up on purpose.
    Skip,
    /// Gives it up and keeps it as dead.
    Dead,
    /// Puts a dead one back in its lane.
    Revive,
}

impl Settle {
    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Settle::Skip => "skip",
            Settle::Dead => "dead",
            Settle::Revive => "revive",
        }
    }
}

/// What to find.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Find {
    /// Only this channel's.
    pub channel: Option<String>,
    /// Only from this system.
    pub system: Option<String>,
    /// Received at or after, microseconds since 1970.
    pub from: Option<i64>,
    /// Received before.
    pub until: Option<i64>,
    /// Search keys: name, value; a value that ends in `*` is a beginning.
    pub keys: Vec<(String, String)>,
    /// Free text.
    pub text: Option<String>,
    /// `unrouted`, `filtered`, `failed`, `waiting`, `dead` or `delivered`.
    pub state: Option<String>,
    /// Below this number (above with `oldest_first`).
    pub beyond: Option<u64>,
    /// Oldest first.
    pub oldest_first: bool,
    /// At most so many.
    pub limit: usize,
}

/// The answer: what was asked for, or a sentence why not.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// As asked.
    Done(serde_json::Value),
    /// Why not; no patient data.
    Refused(String),
    /// How far long work has come, before the answer.
    Progress(u64, u64),
}
