//! What tools ask for.

use klinke_diagnosis::Lang;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One question or wish, as it goes over the local socket: one JSON object a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The same as [`Request::Show`], to be written out of Klinke.
    Export {
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
    /// Stops a channel, or lets it run again.
    Halt {
        /// Which.
        channel: String,
        /// Why; absent starts it.
        reason: Option<String>,
        /// Who; the door writes it.
        #[serde(default)]
        who: String,
    },
    /// Gives deliveries up, or revives them.
    Settle {
        /// `skip`, `dead`, `revive` or `drop`.
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
        /// Why.
        #[serde(default)]
        reason: Option<String>,
    },
    /// The text of a message to be changed, and, with a changed text, what differs by field.
    Alter {
        /// Which.
        id: u64,
        /// The changed text, segments one a line; absent to begin with.
        #[serde(default)]
        text: Option<String>,
    },
    /// Sends changed bytes as a new envelope.
    Edit {
        /// The envelope that was changed.
        id: u64,
        /// The new bytes, base64.
        payload: String,
        /// Why.
        #[serde(default)]
        reason: Option<String>,
    },
    /// Learns a partner's dialect from what is kept.
    Learn(Box<Learn>),
    /// What is new in partners' messages against their dialects.
    Drift {
        /// This system alone.
        system: Option<String>,
    },
    /// Copies the store into a folder.
    Backup {
        /// An empty or absent folder.
        folder: String,
    },
    /// Copies the store into a new folder of this name, where the site keeps its copies.
    Copy {
        /// A plain name.
        name: String,
    },
    /// Checks everything.
    Verify,
    /// Removes what the site's rules allow.
    Prune,
    /// Reads the site's files again and takes over what has changed.
    Reload,
    /// Brings another revision of the site to life, and follows from there.
    Deploy {
        /// Which; the newest when absent.
        revision: Option<String>,
        /// Only says what would change.
        dry: bool,
    },
    /// Goes back to a revision and stays there until the next [`Request::Deploy`].
    Rollback {
        /// Which; the one that ran before when absent.
        revision: Option<String>,
        /// Why.
        reason: String,
    },
    /// Something of changed channels that handle some of the messages.
    Canary(super::trial::Ask),
    /// Something of channels that run along.
    Shadow(super::trial::Ask),
    /// Something of the audit log.
    Audit(crate::audit::request::Ask),
    /// Something of alerts.
    Alerts(super::alerts::Ask),
    /// Something of the DICOM archive.
    Archive(super::archive::Ask),
    /// Something of accounts.
    People(crate::people::care::Ask),
    /// The partners: who they are, what they send and get.
    Systems,
    /// In which rhythm a system sends; nothing while nothing was heard of it.
    Rhythm {
        /// The system, or the channel where its sender has no name.
        system: String,
    },
    /// A channel's files and versions.
    Channel {
        /// Its name.
        name: String,
    },
    /// One envelope made readable: plain words, and the fields of every stage.
    Read {
        /// Which.
        id: u64,
        /// `de` or `en`.
        lang: String,
    },
    /// The payload of one stage, whole.
    Payload {
        /// Which envelope.
        id: u64,
        /// The stage's name.
        stage: String,
    },
    /// What was measured in the last hours.
    History {
        /// One channel; the whole site when absent.
        channel: Option<String>,
    },
    /// The site's files, and what a check says of them.
    Site,
    /// The text of one of them.
    File {
        /// Its path within the site, as the list has it.
        path: String,
    },
    /// What a check says of the site with one file changed; nothing is written.
    Propose {
        /// The file's path within the site, as the list has it.
        path: String,
        /// Its changed text.
        text: String,
    },
    /// Runs kept envelopes of a channel through two versions of its files; nothing is sent.
    Replay(Replay),
    /// Something of images.
    Images(super::images::Ask),
    /// Takes over an old archive, stops that, or checks it.
    Migrate(super::migrate::Ask),
}

/// A request, and what it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// What is asked.
    #[serde(flatten)]
    pub request: Request,
    /// What for, in the words of whoever asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

/// How to settle a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Settle {
    /// Gives it up on purpose.
    Skip,
    /// Gives it up and keeps it as dead.
    Dead,
    /// Puts a dead one back in its lane.
    Revive,
    /// Gives a dead one up for good.
    Drop,
}

impl Settle {
    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Settle::Skip => "skip",
            Settle::Dead => "dead",
            Settle::Revive => "revive",
            Settle::Drop => "drop",
        }
    }
}

/// What to run through which versions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Replay {
    /// The channel.
    pub channel: String,
    /// The version to hold against, as the store keeps it; the one that runs when absent.
    pub base: Option<String>,
    /// The changed version; the site's files as they lie in the folder now when absent.
    pub changed: Option<String>,
    /// Received at or after, microseconds since 1970.
    pub from: Option<i64>,
    /// Received before.
    pub until: Option<i64>,
    /// The changed version as a revision of the site's repository has it, where `changed` is absent.
    pub revision: Option<String>,
    /// At most so many, the oldest first; all when 0.
    pub limit: usize,
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

/// What to learn from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Learn {
    /// Only envelopes of this channel.
    pub channel: Option<String>,
    /// Whose dialect; only envelopes from this system, unless a channel is named.
    pub system: Option<String>,
    /// Received at or after, microseconds since 1970.
    pub from: Option<i64>,
    /// What was learned before, to go on from.
    pub before: Option<serde_json::Value>,
}

/// True for a name that leads nowhere else, on every file system.
pub fn is_plain(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=100).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(is_plain)
}

impl Find {
    /// The searches that follow one case, oldest first: by each key that may be meant.
    pub fn trace(id: &str, limit: usize) -> impl Iterator<Item = Find> {
        ["patient", "case", "order", "control"].into_iter().map(move |key| Find {
            keys: vec![(key.to_owned(), id.to_owned())],
            limit,
            oldest_first: true,
            ..Find::default()
        })
    }
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
