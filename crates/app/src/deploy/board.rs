//! What is known of the revision that runs, for all who ask.

use std::sync::{Mutex, MutexGuard, PoisonError};

use klinke_console::house::deploy::Deployed;
use klinke_model::Timestamp;

use super::state::State;

/// Which revision of the site runs, and what did not get so far.
#[derive(Debug, Default)]
pub struct Board(Mutex<Deployed>);

impl Board {
    /// As it stands.
    pub fn view(&self) -> Deployed {
        self.lock().clone()
    }

    /// A revision runs.
    pub fn lives(&self, revision: String, since: Timestamp) {
        let mut board = self.lock();
        if board.revision != revision {
            (board.revision, board.since) = (revision, since.to_string());
        }
    }

    /// What is followed, and what a person has decided about it.
    pub fn follows(&self, follow: Option<String>, state: &State) {
        let mut board = self.lock();
        board.follow = follow;
        state.tell(&mut board);
    }

    fn lock(&self) -> MutexGuard<'_, Deployed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
