//! Who watches what (PS3.4, section CC.2.3): subscriptions of application entities to a workitem, the worklist, or what a filter
//! takes of it.

use std::fmt;

use klinke_dimse::Tag;

use super::Refusal;
use crate::archive::Archive;
use crate::error::Result;
use crate::find::{self, Key};
use crate::index::sqlite::SqliteIndex;

/// The well-known instance for the whole worklist (PS3.6, Table A-1).
pub const GLOBAL_WORKLIST: &str = "1.2.840.10008.5.1.4.34.5";
/// The well-known instance for what a filter takes of it (PS3.6, Table A-1).
pub const FILTERED_WORKLIST: &str = "1.2.840.10008.5.1.4.34.5.1";

/// What is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One workitem, by its UID.
    Workitem(String),
    /// All workitems, also those to come.
    Worklist,
    /// All workitems that a filter takes, also those to come.
    Filtered(Filter),
}

/// What has made somebody a watcher of a workitem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Workitem,
    Worklist,
    Filtered,
}

impl Kind {
    /// Its name in the index.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Workitem => "workitem",
            Kind::Worklist => "worklist",
            Kind::Filtered => "filtered",
        }
    }
}

impl Target {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Target::Workitem(_) => Kind::Workitem,
            Target::Worklist => Kind::Worklist,
            Target::Filtered(_) => Kind::Filtered,
        }
    }
}

/// Matching keys of a filter, each a path of tags and the value as in a search.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Filter(Vec<(Vec<Tag>, String)>);

impl Filter {
    /// Adds a key; false where its value can't be one.
    #[must_use]
    pub fn put(&mut self, path: Vec<Tag>, value: &str) -> bool {
        let is_key = find::of_path(&path, value).is_some();
        if is_key {
            self.0.push((path, value.to_owned()));
        }
        is_key
    }

    /// Whether it has no key: then it takes everything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys.
    pub(crate) fn keys(&self) -> Vec<Key> {
        let mut keys = Vec::new();
        for (path, value) in &self.0 {
            if let Some(Some(key)) = find::of_path(path, value) {
                find::merge(&mut keys, key);
            }
        }
        keys
    }

    /// Its form in the index.
    pub(crate) fn text(&self) -> String {
        let number = |tag: &Tag| u32::from(tag.0) << 16 | u32::from(tag.1);
        let plain: Vec<(Vec<u32>, &str)> =
            self.0.iter().map(|(path, value)| (path.iter().map(number).collect(), value.as_str())).collect();
        serde_json::to_string(&plain).unwrap_or_default()
    }

    /// The one of such a text.
    pub(crate) fn of(text: &str) -> Self {
        let plain: Vec<(Vec<u32>, String)> = serde_json::from_str(text).unwrap_or_default();
        // Both halves have 16 bits.
        let tag = |number: u32| Tag((number >> 16) as u16, number as u16);
        Filter(plain.into_iter().map(|(path, value)| (path.into_iter().map(tag).collect(), value)).collect())
    }
}

impl fmt::Debug for Filter {
    /// Values may name a patient.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filter({})", self.0.len())
    }
}

/// An application entity that watches, and what it is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watcher {
    /// Its AE title.
    pub title: String,
    /// How many workitems it watches.
    pub workitems: u64,
    /// Whether it watches new ones, too.
    pub is_of_worklist: bool,
    /// How many event reports it is owed.
    pub owed: u64,
    /// How many were dropped since it was last told so, because it was owed too many.
    pub dropped: u64,
}

impl Archive {
    /// Lets an application entity watch. Durable when it returns, with the reports of how things are.
    pub fn subscribe(&self, target: Target, title: &str, is_locked: bool) -> Result<(), Refusal> {
        let title = title.to_owned();
        self.watched(|index| index.subscribe(target, title, is_locked))
    }

    /// Lets an application entity watch no more: no workitem where the target is the worklist. What it is still owed of
    /// these is dropped.
    pub fn unsubscribe(&self, target: Target, title: &str) -> Result<(), Refusal> {
        self.shared.index.unsubscribe(target, title.to_owned())
    }

    /// Lets an application entity watch no new workitems any more (PS3.18, section 11.12).
    pub fn suspend(&self, target: Target, title: &str) -> Result<(), Refusal> {
        self.shared.index.suspend(target, title.to_owned())
    }

    /// One who watches, or is owed something.
    pub fn watcher(&self, title: &str) -> Result<Option<Watcher>> {
        self.shared.index.watcher(title)
    }

    /// Forgets how many reports were dropped: the watcher was told.
    pub fn forget_dropped(&self, title: &str) -> Result<()> {
        self.shared.index.forget_dropped(title.to_owned())
    }

    /// Does something that may owe somebody reports, and wakes those who wait for them.
    pub(super) fn watched<T>(
        &self,
        work: impl FnOnce(&SqliteIndex) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let done = work(&self.shared.index)?;
        self.shared.reports.ring();
        Ok(done)
    }
}
