//! Application acknowledgments that come another way than their message went: in enhanced mode
//! (HL7 v2.5.1 chapter 2, section 2.9.3) the partner's application may answer later, on a connection that
//! the partner opens to one of our sources.
//!
//! A destination that awaits its answers there names the source's channel. Whatever acknowledgment comes
//! there is kept as an envelope of that channel like everything else, and given to the delivery that waits
//! for it by MSA-2. What nobody waits for is that envelope alone.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use klinke_model::Payload;
use tokio::sync::oneshot;

/// Where the answers of one channel's source are waited for.
#[derive(Debug, Default)]
pub(super) struct Board {
    waiting: Mutex<HashMap<String, Vec<oneshot::Sender<Payload>>>>,
}

/// An answer that is waited for; no longer when this is dropped.
pub(super) struct Awaited {
    board: Arc<Board>,
    key: String,
    answer: oneshot::Receiver<Payload>,
}

/// The boards by channel. Sources and destinations are made one by one and know of each other only by the
/// channel's name, so there is one list for the whole program.
static BOARDS: Mutex<BTreeMap<String, Weak<Board>>> = Mutex::new(BTreeMap::new());

/// How many characters of a control identifier count: partners cut what is longer.
const KEY_CHARACTERS: usize = 20;

/// The board of a channel's source, made when nobody has it yet.
pub(super) fn at(channel: &str) -> Arc<Board> {
    let mut boards = BOARDS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(board) = boards.get(channel).and_then(Weak::upgrade) {
        return board;
    }
    boards.retain(|_, board| board.strong_count() > 0);
    let board = Arc::new(Board::default());
    boards.insert(channel.to_owned(), Arc::downgrade(&board));
    board
}

/// The board of a channel's source, if a destination has one there.
pub(super) fn existing(channel: &str) -> Option<Arc<Board>> {
    BOARDS.lock().unwrap_or_else(PoisonError::into_inner).get(channel).and_then(Weak::upgrade)
}

fn key(control_id: &str) -> String {
    control_id.trim().chars().take(KEY_CHARACTERS).collect()
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<oneshot::Sender<Payload>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the answer to the message with this control identifier. To be called before the message
    /// leaves: the answer may come before the accept acknowledgment.
    pub(super) fn expect(self: &Arc<Self>, control_id: &str) -> Awaited {
        let (sender, answer) = oneshot::channel();
        let key = key(control_id);
        self.lock().entry(key.clone()).or_default().push(sender);
        Awaited { board: Arc::clone(self), key, answer }
    }

    /// Gives an answer to the one that has waited longest for it; false when nobody waits.
    pub(super) fn offer(&self, control_id: &str, answer: &Payload) -> bool {
        let mut waiting = self.lock();
        let Some(senders) = waiting.get_mut(&key(control_id)) else { return false };
        while !senders.is_empty() {
            if senders.remove(0).send(answer.clone()).is_ok() {
                return true;
            }
        }
        false
    }
}

impl Awaited {
    /// The answer.
    pub(super) async fn come(&mut self) -> Option<Payload> {
        (&mut self.answer).await.ok()
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.answer.close();
        let mut waiting = self.board.lock();
        if let Some(senders) = waiting.get_mut(&self.key) {
            senders.retain(|sender| !sender.is_closed());
            if senders.is_empty() {
                waiting.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn answers_find_who_waits_for_them() {
        let board = at("answers test");
        assert!(existing("answers test").is_some() && existing("another").is_none());
        let (mut one, mut other) = (board.expect("C1"), board.expect(&format!("{}-long", "C".repeat(20))));
        assert!(!board.offer("C2", &Payload::default()));
        assert!(board.offer(&"C".repeat(20), &Payload::new(vec![2])));
        assert!(board.offer(" C1 ", &Payload::new(vec![1])));
        assert!(!board.offer("C1", &Payload::default()), "it has its answer");
        assert_eq!(one.come().await.map(|answer| answer.to_vec()), Some(vec![1]));
        assert_eq!(other.come().await.map(|answer| answer.to_vec()), Some(vec![2]));
        drop((one, other));
        assert!(board.lock().is_empty());
        drop(board);
        assert!(existing("answers test").is_none());
    }
}
