//! Changed channels on trial beside the one that is live: in its shadow ([`super::shadow`]) or, for some of the
//! messages, as its canary ([`super::canary`]). What is wished of both is the same.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The site's own folder as it lies now, where files to hold against are named.
pub const FOLDER: &str = ".";

/// What is wished of a changed channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Ask {
    /// Says what would be on trial; nothing is begun.
    Look {
        /// The channel.
        channel: String,
        /// A revision of the site's repository, [`FOLDER`], or the whole path of a folder.
        against: String,
    },
    /// Puts a changed channel on trial from now on.
    Start {
        /// The channel.
        channel: String,
        /// As in [`Ask::Look`].
        against: String,
        /// Which messages a canary handles; a shadow sees all.
        terms: Option<Terms>,
        /// Why.
        reason: Option<String>,
    },
    /// Lets a canary handle other messages.
    Change {
        /// The channel.
        channel: String,
        /// Which messages.
        terms: Terms,
        /// Why.
        reason: Option<String>,
    },
    /// How it stands.
    Status {
        /// This channel alone.
        channel: Option<String>,
    },
    /// Puts the changed channel in the place of the one that is live.
    Take {
        /// The channel.
        channel: String,
        /// Why.
        reason: Option<String>,
    },
    /// Throws it away.
    Drop {
        /// The channel.
        channel: String,
        /// Why.
        reason: Option<String>,
    },
}

impl Ask {
    /// The channel that it is about.
    pub fn channel(&self) -> Option<&str> {
        match self {
            Ask::Look { channel, .. }
            | Ask::Start { channel, .. }
            | Ask::Change { channel, .. }
            | Ask::Take { channel, .. }
            | Ask::Drop { channel, .. } => Some(channel),
            Ask::Status { channel } => channel.as_deref(),
        }
    }

    /// Why it is wished.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Ask::Look { .. } | Ask::Status { .. } => None,
            Ask::Start { reason, .. }
            | Ask::Change { reason, .. }
            | Ask::Take { reason, .. }
            | Ask::Drop { reason, .. } => reason.as_deref(),
        }
    }
}

/// True when files may be named so by somebody who is not on this machine: a revision, or the site's own folder.
/// Other folders are for those who could read them anyway.
pub fn may_name_from_afar(against: &str) -> bool {
    !against.is_empty() && !against.starts_with('/') && !against.starts_with('-')
}

/// Which messages a canary handles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Terms {
    /// So many of ten thousand.
    Share(u32),
    /// Those that meet a condition, written as in `only`.
    Key(String),
}

impl Terms {
    /// A share as people write it: `5%`, `0.5`, `0,5 %`.
    pub fn share(text: &str) -> Result<Terms, String> {
        let text = text.trim().trim_end_matches('%').trim().replace(',', ".");
        let percent: f64 = text.parse().map_err(|_| "a share is written as 5%".to_owned())?;
        if !(0.01..=100.0).contains(&percent) {
            return Err("a share is between 0.01% and 100%".to_owned());
        }
        Ok(Terms::Share((percent * 100.0).round() as u32))
    }
}

impl std::fmt::Display for Terms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Terms::Share(share) => write!(f, "{}%", f64::from(*share) / 100.0),
            Terms::Key(condition) => f.write_str(condition),
        }
    }
}

/// What would be on trial.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Outlook {
    /// The channel.
    pub channel: String,
    /// The revision of the changed files.
    pub revision: String,
    /// True when source or destinations differ: no canary can be like this, and a shadow that is taken over starts
    /// the channel anew.
    pub restarts: bool,
    /// The files of the channel that is live: name and text.
    pub live: Vec<(String, String)>,
    /// The changed files.
    pub changed: Vec<(String, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_as_people_write_it_and_said_as_it_was_read() {
        for (text, said) in [("5%", "5%"), ("0.5", "0.5%"), (" 12,25 % ", "12.25%"), ("100", "100%")] {
            assert_eq!(Terms::share(text).map(|terms| terms.to_string()), Ok(said.to_owned()));
        }
        for text in ["", "all", "0%", "-1", "100.1", "NaN", "inf"] {
            assert!(Terms::share(text).is_err(), "{text}");
        }
    }

    #[test]
    fn folders_are_named_on_the_machine_alone() {
        assert!(may_name_from_afar(FOLDER) && may_name_from_afar("origin/main"));
        assert!(!may_name_from_afar("/etc") && !may_name_from_afar("") && !may_name_from_afar("--all"));
    }
}
