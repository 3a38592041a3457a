//! Which revision of the site brought which version of a channel to life, and when.
//!
//! A version is what a channel's files say; two revisions of the site may have the same. So each going
//! live is kept beside the version, and an envelope names the revision that was live when its steps ran.

use std::collections::BTreeMap;

use klinke_model::{Timestamp, VersionId};
use klinke_store::{Result, Store};

/// Goings live that are read at once.
const READ_MAX: usize = 1_000;

/// One version going live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// When.
    pub since: Timestamp,
    /// Under which revision of the site.
    pub revision: String,
}

/// Notes under which revision the versions run from `since` on, where that is news.
pub fn note(store: &dyn Store, versions: &[(VersionId, String)], since: Timestamp) -> Result<()> {
    let mut last: BTreeMap<VersionId, String> = BTreeMap::new();
    let mut after: Option<String> = None;
    loop {
        let found = store.values(PREFIX, after.as_deref(), READ_MAX)?;
        for (name, revision) in &found {
            // They come in the order of time within a version.
            if let Some((version, _)) = parse(name) {
                last.insert(version, String::from_utf8_lossy(revision).into_owned());
            }
        }
        let Some((name, _)) = found.into_iter().next_back() else { break };
        after = Some(name);
    }
    for (version, revision) in versions {
        if last.get(version) != Some(revision) {
            let name = format!("{PREFIX}{:010}/{:020}", version.0, since.0.max(0));
            store.set_value(&name, Some(revision.as_bytes()))?;
        }
    }
    Ok(())
}

/// When a version went live and under which revisions, the oldest first.
pub fn of(store: &dyn Store, version: VersionId) -> Result<Vec<Life>> {
    let prefix = format!("{PREFIX}{:010}/", version.0);
    let (mut lives, mut after) = (Vec::new(), None::<String>);
    loop {
        let found = store.values(&prefix, after.as_deref(), READ_MAX)?;
        lives.extend(found.iter().filter_map(|(name, revision)| {
            let (_, since) = parse(name)?;
            Some(Life { since, revision: String::from_utf8_lossy(revision).into_owned() })
        }));
        let Some((name, _)) = found.into_iter().next_back() else { return Ok(lives) };
        after = Some(name);
    }
}

/// The revision under which a version ran at a time.
pub fn at(store: &dyn Store, version: VersionId, at: Timestamp) -> Result<Option<Life>> {
    Ok(of(store, version)?.into_iter().rfind(|life| life.since <= at))
}

const PREFIX: &str = "revision/";

fn parse(name: &str) -> Option<(VersionId, Timestamp)> {
    let (version, since) = name.strip_prefix(PREFIX)?.split_once('/')?;
    Some((VersionId(version.parse().ok()?), Timestamp(since.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use klinke_store::memory::MemoryStore;

    use super::*;

    #[test]
    fn what_is_no_news_is_not_noted_and_going_back_is() {
        let store = MemoryStore::default();
        let note = |at: i64, versions: &[(u32, &str)]| {
            let versions: Vec<_> =
                versions.iter().map(|(id, text)| (VersionId(*id), (*text).to_owned())).collect();
            super::note(&store, &versions, Timestamp(at)).unwrap();
        };
        note(10, &[(1, "a"), (2, "a")]);
        note(20, &[(1, "a"), (2, "b")]);
        note(30, &[(1, "b"), (2, "a")]);
        let seen =
            |version, time| at(&store, VersionId(version), Timestamp(time)).unwrap().map(|one| one.revision);
        assert_eq!(of(&store, VersionId(1)).unwrap().len(), 2);
        assert_eq!(of(&store, VersionId(2)).unwrap().len(), 3);
        assert_eq!((seen(1, 25).as_deref(), seen(1, 30).as_deref()), (Some("a"), Some("b")));
        assert_eq!((seen(2, 25).as_deref(), seen(2, 99).as_deref()), (Some("b"), Some("a")));
        assert_eq!(seen(1, 9), None, "what ran before it was noted is not made up");
    }
}
