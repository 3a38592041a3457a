//! Writing decisions into the journal, and applying them to the index.

use std::sync::{MutexGuard, PoisonError};

use crate::archive::Archive;
use crate::change::{Change, Decision, Entry, Journal};
use crate::error::Result;
use crate::index::sqlite::SqliteIndex;

/// How many entries are applied in one commit.
const BITE: usize = 500;

impl Archive {
    /// What was decided, the newest first, with numbers below `before`.
    pub fn changes(&self, before: Option<u64>, limit: usize) -> Result<Vec<Entry>> {
        self.journal().newest_first(before, limit)
    }

    /// The journal. Whoever decides by what is there holds it until the decision is written.
    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.shared.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes one decision. Durable and applied when it returns; gives its number.
    pub(crate) fn decide(&self, change: Change, decision: &Decision) -> Result<u64> {
        let mut journal = self.journal();
        let numbers = self.write(&mut journal, &[change], decision)?;
        Ok(numbers.first().copied().unwrap_or_default())
    }

    /// Writes decisions, all or none.
    pub(crate) fn write(
        &self,
        journal: &mut Journal,
        changes: &[Change],
        decision: &Decision,
    ) -> Result<Vec<u64>> {
        let numbers = journal.append(changes, decision)?;
        catch_up(journal, &self.shared.index)?;
        Ok(numbers)
    }
}

/// Applies what the index has not yet.
pub(crate) fn catch_up(journal: &Journal, index: &SqliteIndex) -> Result<()> {
    let newest = journal.newest()?;
    loop {
        let applied = index.applied()?;
        if applied >= newest {
            return Ok(());
        }
        let entries = journal.since(applied, BITE)?;
        let takes_back = entries.iter().any(|entry| matches!(entry.change, Change::Undo { .. }));
        let identities = if takes_back { identities(journal)? } else { Vec::new() };
        index.apply(entries, identities)?;
    }
}

/// The entries about identities that hold.
fn identities(journal: &Journal) -> Result<Vec<Entry>> {
    let all = journal.since(0, usize::MAX)?;
    Ok(all.into_iter().filter(|entry| entry.change.is_of_identity() && !entry.is_undone).collect())
}
