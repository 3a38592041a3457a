//! Writing and reading the log.

use std::sync::{Arc, mpsc};

use klinke_model::Timestamp;
use klinke_store::audit::Seal;
use klinke_store::{AuditEnds, AuditQuery, AuditRecord, Store};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entry::{Action, Entry, Outcome, Who};

/// The audit log of a store.
#[derive(Clone)]
pub struct Log {
    store: Arc<dyn Store>,
}

/// One entry with its number, time and seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// Its number.
    pub id: u64,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// What happened; `None` when the entry can't be read, which [`check`](Log::check) tells more about.
    pub entry: Option<Entry>,
    /// Its seal, in hexadecimal digits.
    pub seal: String,
}

/// What is looked for in the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Wanted {
    /// Made at or after, microseconds since 1970.
    pub from: Option<i64>,
    /// Made before.
    pub until: Option<i64>,
    /// By this account or user.
    pub who: Option<String>,
    /// Of this kind.
    pub action: Option<Action>,
    /// Below this number.
    pub below: Option<u64>,
    /// Above this number, the oldest first; goes before `below`.
    pub above: Option<u64>,
    /// At most so many lines.
    pub limit: usize,
}

/// Entries read from the store at a time.
const PAGE: usize = 1_000;
/// The most lines given at once.
pub const LINES_MAX: usize = 10_000;

impl Log {
    /// Of a store.
    pub fn new(store: Arc<dyn Store>) -> Log {
        Log { store }
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Writes an entry; gives its number when it is durable. Blocks.
    pub fn write(&self, entry: &Entry) -> klinke_store::Result<u64> {
        let bytes =
            serde_json::to_vec(entry).map_err(|error| klinke_store::Error::Backend(error.to_string()))?;
        let (sender, receiver) = mpsc::sync_channel(1);
        let done = Box::new(move |result| {
            // The receiver waits below as long as the sender lives.
            let _ = sender.send(result);
        });
        self.store.append_audit(Timestamp::now(), bytes, done);
        receiver.recv().unwrap_or(Err(klinke_store::Error::Closed))
    }

    /// Entries, the newest first unless asked otherwise.
    pub fn read(&self, wanted: &Wanted) -> klinke_store::Result<Vec<Line>> {
        let limit = wanted.limit.clamp(1, LINES_MAX);
        let mut lines = Vec::new();
        self.each(wanted, &mut |line| {
            lines.push(line);
            lines.len() < limit
        })?;
        Ok(lines)
    }

    /// Gives entries one after the other until told to stop: for exports and reports of any length.
    pub fn each(&self, wanted: &Wanted, take: &mut dyn FnMut(Line) -> bool) -> klinke_store::Result<()> {
        let newest_first = wanted.above.is_none();
        let mut query = AuditQuery {
            from: wanted.from.map(Timestamp),
            until: wanted.until.map(Timestamp),
            beyond: if newest_first { wanted.below } else { wanted.above },
            newest_first,
            limit: PAGE,
        };
        loop {
            let page = self.store.audit(&query)?;
            let is_last = page.len() < PAGE;
            query.beyond = page.last().map(|record| record.seal.id);
            for line in page.into_iter().map(Line::of).filter(|line| line.is_wanted(wanted)) {
                if !take(line) {
                    return Ok(());
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// Checks the whole chain, against a seal that was noted earlier where there is one.
    pub fn check(&self, noted: Option<Seal>) -> klinke_store::Result<(u64, Vec<String>)> {
        klinke_store::audit::check(self.store.as_ref(), noted)
    }

    /// Both ends of the chain.
    pub fn ends(&self) -> klinke_store::Result<AuditEnds> {
        self.store.audit_ends()
    }

    /// Removes entries older than this, and says so in an entry of its own; gives how many.
    pub fn prune(&self, before: Timestamp) -> klinke_store::Result<u64> {
        let mut removed = 0;
        loop {
            match self.store.prune_audit(before, PAGE)? {
                0 => break,
                count => removed += count,
            }
        }
        if removed > 0 {
            let note = format!("{removed} entries of this log, older than {before}");
            self.write(&Entry::new(Who::program(), "", Action::Prune).noted(note))?;
        }
        Ok(removed)
    }
}

impl Line {
    fn of(record: AuditRecord) -> Line {
        let entry = serde_json::from_slice(&record.entry).ok();
        let seal = record.seal.to_string();
        let seal = seal.split_once(':').map_or(String::new(), |(_, hash)| hash.to_owned());
        Line { id: record.seal.id, at: record.at.to_string(), entry, seal }
    }

    fn is_wanted(&self, wanted: &Wanted) -> bool {
        let Some(entry) = &self.entry else { return wanted.who.is_none() && wanted.action.is_none() };
        wanted.who.as_ref().is_none_or(|who| entry.who.name == *who)
            && wanted.action.is_none_or(|action| entry.action == action)
    }

    /// How it ended, for tables.
    pub fn outcome(&self) -> Outcome {
        self.entry.as_ref().map(|entry| entry.outcome).unwrap_or_default()
    }
}
