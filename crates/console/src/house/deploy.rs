//! Which revision of the site runs, what was refused, and what going to another would change.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What runs, and what did not get so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Deployed {
    /// The revision that runs; empty while nothing does.
    pub revision: String,
    /// Since when.
    pub since: String,
    /// The ref of git that is followed; absent where the folder is.
    pub follow: Option<String>,
    /// Who keeps it where it is: nothing newer goes live by itself.
    pub pinned: Option<Pinned>,
    /// The newest revision that did not go live, and why.
    pub refused: Option<Refused>,
    /// Revisions that ran before, the newest first.
    pub before: Vec<String>,
    /// Channels that a shadow has brought to life, while the site's own files still say something else.
    pub taken: Vec<Taken>,
    /// Changed channels that handle some of the messages, or were stopped.
    pub canaries: Vec<CanaryState>,
    /// Changed channels that run along without delivering.
    pub shadows: Vec<ShadowState>,
}

/// A changed channel that runs along without delivering. What differs shows fields of messages, and is told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShadowState {
    /// The channel.
    pub channel: String,
    /// The revision of its files.
    pub revision: String,
    /// Since when.
    pub since: String,
    /// Messages that went through both.
    pub envelopes: u64,
    /// Of these, how many come out otherwise.
    pub differ: u64,
    /// Why it stands, if it does.
    pub trouble: Option<String>,
}

/// A changed channel that handles some of the messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CanaryState {
    /// The channel.
    pub channel: String,
    /// The revision of its files.
    pub revision: String,
    /// Which messages.
    pub terms: String,
    /// Why it handles nothing any more, if it was stopped.
    pub stopped: Option<String>,
}

/// A revision held by a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pinned {
    /// Since when.
    pub at: String,
    /// Why.
    pub reason: String,
}

/// A revision that did not go live.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refused {
    /// Which.
    pub revision: String,
    /// When.
    pub at: String,
    /// What is wrong with it.
    pub faults: Vec<String>,
}

/// A channel that runs otherwise than the site's own files say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Taken {
    /// Which.
    pub channel: String,
    /// The revision that it runs under.
    pub revision: String,
}

/// What going to a revision changes, or has changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Plan {
    /// The revision that runs, or ran before.
    pub from: String,
    /// The revision to go to.
    pub revision: String,
    /// When and by whom that was made, and its first line, as git has it.
    pub subject: String,
    /// Channels that are new.
    pub added: Vec<String>,
    /// Channels whose steps change; their connections stay.
    pub changed: Vec<String>,
    /// Channels whose source or destinations change: they start anew.
    pub restarted: Vec<String>,
    /// Channels that are gone.
    pub removed: Vec<String>,
    /// Keys of `klinke.toml` that count from the next start on.
    pub restart: Vec<String>,
    /// The site's own examples that were run.
    pub examples: usize,
    /// Why it does not go live; empty when it may.
    pub faults: Vec<String>,
    /// True when it went live, false when this only says what would be.
    pub live: bool,
}

impl Plan {
    /// True when no channel changes.
    pub fn is_empty(&self) -> bool {
        [&self.added, &self.changed, &self.restarted, &self.removed].into_iter().all(Vec::is_empty)
    }
}

/// A revision for people: not more digits than it takes.
pub fn short(revision: &str) -> String {
    match revision.trim_end_matches('+') {
        commit if commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            format!("{}{}", &commit[..12], &revision[commit.len()..])
        }
        _ => revision.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_named_shortly_and_keeps_its_mark() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(short(commit), "0123456789ab");
        assert_eq!(short(&format!("{commit}+")), "0123456789ab+");
        assert_eq!(short("files-0123"), "files-0123");
    }
}
