//! The audit log in memory.

use klinke_model::Timestamp;

use super::state::State;
use crate::{AuditQuery, AuditRecord};

impl State {
    pub(super) fn append_audit(&mut self, at: Timestamp, entry: Vec<u8>) -> u64 {
        let seal = self.audit_ends.head.next(at, &entry);
        self.audit_ends.head = seal;
        self.audit.push_back(AuditRecord { seal, at, entry });
        seal.id
    }

    pub(super) fn audit(&self, query: &AuditQuery) -> Vec<AuditRecord> {
        let is_wanted = |one: &&AuditRecord| {
            let id = one.seal.id;
            query.from.is_none_or(|from| one.at >= from)
                && query.until.is_none_or(|until| one.at < until)
                && query
                    .beyond
                    .is_none_or(|beyond| if query.newest_first { id < beyond } else { id > beyond })
        };
        let limit = query.lines();
        match query.newest_first {
            true => self.audit.iter().rev().filter(is_wanted).take(limit).cloned().collect(),
            false => self.audit.iter().filter(is_wanted).take(limit).cloned().collect(),
        }
    }

    pub(super) fn prune_audit(&mut self, before: Timestamp, limit: usize) -> u64 {
        let mut removed = 0;
        while (removed as usize) < limit && self.audit.front().is_some_and(|one| one.at < before) {
            if let Some(one) = self.audit.pop_front() {
                self.audit_ends.start = one.seal;
                removed += 1;
            }
        }
        removed
    }
}
