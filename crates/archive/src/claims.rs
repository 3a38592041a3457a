//! SOP Instance UIDs on their way in: two arrivals of the same one go one after the other.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, PoisonError};

#[derive(Debug, Default)]
pub(crate) struct Claims {
    taken: Mutex<HashSet<String>>,
    freed: Condvar,
}

/// Held while a UID is looked up and added.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    claims: &'a Claims,
    uid: String,
}

impl Claims {
    /// Waits until nobody else has the UID, and takes it.
    pub(crate) fn take(&self, uid: &str) -> Claim<'_> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while taken.contains(uid) {
            taken = self.freed.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        taken.insert(uid.to_owned());
        Claim { claims: self, uid: uid.to_owned() }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.claims.taken.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.uid);
        self.claims.freed.notify_all();
    }
}
