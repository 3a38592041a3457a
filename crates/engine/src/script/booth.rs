//! Where one message at a time is handled: whoever has the turn has the runtime.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::realm::Realm;

/// One runtime, and who may use it.
#[derive(Default)]
pub(super) struct Booth {
    inside: Mutex<Inside>,
    is_free: Condvar,
}

#[derive(Default)]
struct Inside {
    is_taken: bool,
    realm: Option<Realm>,
}

/// The use of a booth until it is dropped.
pub(super) struct Turn<'a> {
    booth: &'a Booth,
    /// The runtime: what lies here at the end is there for the next one.
    pub(super) realm: Option<Realm>,
}

impl Booth {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn, for ever or so long.
    pub(super) fn enter(&self, patience: Option<Duration>) -> Option<Turn<'_>> {
        let until = patience.map(|patience| Instant::now() + patience);
        let mut inside = self.inside();
        while inside.is_taken {
            inside = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => self.is_free.wait(inside).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return None,
                Some(rest) => {
                    self.is_free.wait_timeout(inside, rest).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        inside.is_taken = true;
        Some(Turn { booth: self, realm: inside.realm.take() })
    }

    /// A turn, if nobody has it now.
    pub(super) fn enter_now(&self) -> Option<Turn<'_>> {
        self.enter(Some(Duration::ZERO))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut inside = self.booth.inside();
        inside.is_taken = false;
        inside.realm = self.realm.take();
        drop(inside);
        self.booth.is_free.notify_one();
    }
}
