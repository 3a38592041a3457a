//! What a restart must know: which revision ran, and what a person has decided about it. A small file beside
//! the revisions' folders, written whole or not at all.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use klinke_console::house::deploy::{CanaryState, Deployed, Pinned, Refused, Taken};
use klinke_console::house::trial::Terms;
use serde::{Deserialize, Serialize};

/// Revisions that can be gone back to without a name.
pub const BEFORE_MAX: usize = 10;

/// What a restart must know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The commit that runs, or ran last.
    pub live: Option<String>,
    /// Commits that ran before, the newest first.
    pub before: Vec<String>,
    /// Why it stays there.
    pub pinned: Option<Pinned>,
    /// The newest commit that did not go live.
    pub refused: Option<Refused>,
    /// Channels that a shadow has brought to life.
    pub taken: BTreeMap<String, TakenFrom>,
    /// Changed channels that handle some of the messages.
    pub canaries: BTreeMap<String, CanaryFrom>,
}

/// Where a canary has its files, and what it handles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanaryFrom {
    /// The folder below that of the revisions.
    pub folder: String,
    /// The revision that they are.
    pub revision: String,
    /// A digest of the channel that is live beside it: when that changes, the canary ends.
    pub beside: String,
    /// Which messages.
    pub terms: Terms,
    /// When it began.
    pub began: String,
    /// The last envelope before.
    pub after: u64,
    /// Why it handles nothing any more, if it was stopped.
    pub stopped: Option<String>,
}

/// Where a channel that runs otherwise than the site's own files say has its files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenFrom {
    /// The folder below that of the revisions.
    pub folder: String,
    /// The revision that they are.
    pub revision: String,
    /// A digest of what the site's own files said when it was taken: when they say something else, they count.
    pub instead_of: String,
}

impl State {
    /// Reads it; that of a site that has none is empty.
    pub fn read(store: &Path) -> Result<State> {
        let path = file(store);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| path.display().to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(State::default()),
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }

    /// Writes it; durable when it returns.
    pub fn write(&self, store: &Path) -> Result<()> {
        let folder = folder(store);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let mut scratch = tempfile::NamedTempFile::new_in(&folder)?;
        scratch.write_all(&serde_json::to_vec_pretty(self)?)?;
        scratch.as_file().sync_all()?;
        scratch.persist(file(store))?;
        std::fs::File::open(&folder)?.sync_all()?;
        Ok(())
    }

    /// A commit runs now.
    pub fn goes_live(&mut self, commit: &str) {
        if let Some(before) = self.live.replace(commit.to_owned()).filter(|before| before != commit) {
            self.before.retain(|one| one != commit && *one != before);
            self.before.insert(0, before);
            self.before.truncate(BEFORE_MAX);
        }
    }

    /// For all who ask; what runs is known elsewhere.
    pub fn tell(&self, deployed: &mut Deployed) {
        deployed.pinned.clone_from(&self.pinned);
        deployed.refused.clone_from(&self.refused);
        deployed.before.clone_from(&self.before);
        let taken = self.taken.iter();
        deployed.taken = taken
            .map(|(channel, from)| Taken { channel: channel.clone(), revision: from.revision.clone() })
            .collect();
        let canaries = self.canaries.iter();
        deployed.canaries = canaries
            .map(|(channel, from)| CanaryState {
                channel: channel.clone(),
                revision: from.revision.clone(),
                terms: from.terms.to_string(),
                stopped: from.stopped.clone(),
            })
            .collect();
    }
}

/// The folder of the revisions' folders.
pub fn folder(store: &Path) -> PathBuf {
    store.join("deploy")
}

fn file(store: &Path) -> PathBuf {
    folder(store).join("state.json")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn going_back_and_forth_names_each_revision_once() {
        let place = tempfile::tempdir().unwrap();
        let mut state = State::read(place.path()).unwrap();
        assert_eq!(state, State::default());
        for commit in ["a", "b", "b", "c", "b"] {
            state.goes_live(commit);
        }
        assert_eq!(
            (state.live.as_deref(), state.before.as_slice()),
            (Some("b"), &["c".to_owned(), "a".to_owned()][..])
        );
        state.write(place.path()).unwrap();
        assert_eq!(State::read(place.path()).unwrap(), state);
        std::fs::write(file(place.path()), "{").unwrap();
        assert!(State::read(place.path()).is_err());
    }
}
