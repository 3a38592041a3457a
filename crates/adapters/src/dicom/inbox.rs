//! Those who knocked and were turned away because the site does not name them. They wait here until a person lets them in, by naming
//! them in the site's files; a restart forgets them, and they knock again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use klinke_dimse::pdu::AssociateRequest;
use klinke_model::Timestamp;

/// More of them are not noted.
const UNKNOWN_MAX: usize = 200;

/// Those who knocked and are not known, by AE title and address.
#[derive(Debug, Default)]
pub struct Inbox(Mutex<BTreeMap<(String, String), Unknown>>);

/// Somebody who knocked and is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Its AE title.
    pub calling: String,
    /// Whom it called last.
    pub called: String,
    /// From where, without the port.
    pub host: String,
    /// When it came first.
    pub first: Timestamp,
    /// When it came last.
    pub last: Timestamp,
    /// How often it came.
    pub times: u64,
}

impl Inbox {
    /// Notes somebody, or that it came once more.
    pub(super) fn note(&self, request: &AssociateRequest, host: &str, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let calling = request.calling_ae_title.trim();
        let key = (calling.to_owned(), host.to_owned());
        if all.len() >= UNKNOWN_MAX && !all.contains_key(&key) {
            return;
        }
        let one = all.entry(key).or_insert_with(|| Unknown {
            calling: calling.to_owned(),
            called: String::new(),
            host: host.to_owned(),
            first: now,
            last: now,
            times: 0,
        });
        request.called_ae_title.trim().clone_into(&mut one.called);
        one.last = now;
        one.times += 1;
    }

    /// Forgets those who are let in now.
    pub(super) fn forget(&self, is_known: impl Fn(&Unknown) -> bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, one| !is_known(one));
    }

    /// All of them, who came last first.
    pub fn all(&self) -> Vec<Unknown> {
        let mut all: Vec<Unknown> =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.last));
        all
    }
}
