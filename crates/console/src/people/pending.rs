//! What was begun at the door and waits for its end: a log-in at another house, a challenge for a passkey.
//! Whoever ends it brings the key back, which is good once and for a few minutes.
//!
//! Anybody may begin something, so the number is bounded: for each network, and over all. When there are too
//! many, the oldest of the network with the most goes, so that one sender of many keeps nobody else out.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use klinke_model::Timestamp;

use super::limit::network;
use super::secret;

/// The most that waits, and the most of one network.
const ALL_MAX: usize = 2_000;
const OF_NETWORK_MAX: usize = 200;

/// What waits, by the hash of its key.
pub struct Pending<T> {
    length: Duration,
    waiting: Mutex<HashMap<String, Waiting<T>>>,
}

struct Waiting<T> {
    what: T,
    network: String,
    until: Timestamp,
}

impl<T> Pending<T> {
    /// Where all is good for so long.
    pub fn new(length: Duration) -> Pending<T> {
        Pending { length, waiting: Mutex::default() }
    }

    /// Keeps something under a key; `from` is the address of whoever began it.
    pub fn put(&self, key: &str, what: T, from: &str, now: Timestamp) {
        let network = network(from);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, one| one.until > now);
        let own = waiting.values().filter(|one| one.network == network).count();
        if own >= OF_NETWORK_MAX {
            forget_oldest(&mut waiting, &network);
        } else if waiting.len() >= ALL_MAX {
            let mut counts: HashMap<&str, usize> = HashMap::new();
            waiting.values().for_each(|one| *counts.entry(&one.network).or_default() += 1);
            let most = counts.into_iter().max_by_key(|(_, count)| *count).map(|(name, _)| name.to_owned());
            forget_oldest(&mut waiting, &most.unwrap_or_default());
        }
        waiting.insert(secret::hash(key), Waiting { what, network, until: now.after(self.length) });
    }

    /// Takes it out again, once, while it is good.
    pub fn take(&self, key: &str, now: Timestamp) -> Option<T> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let found = waiting.remove(&secret::hash(key))?;
        (found.until > now).then_some(found.what)
    }
}

fn forget_oldest<T>(waiting: &mut HashMap<String, Waiting<T>>, network: &str) {
    let own = waiting.iter().filter(|(_, one)| one.network == network);
    if let Some(key) = own.min_by_key(|(_, one)| one.until).map(|(key, _)| key.clone()) {
        waiting.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_772_352_900_000_000);

    fn later(seconds: u64) -> Timestamp {
        NOON.after(Duration::from_secs(seconds))
    }

    #[test]
    fn a_key_is_good_once_and_for_its_time() {
        let pending = Pending::new(Duration::from_secs(300));
        pending.put("a", 1, "10.0.0.7", NOON);
        pending.put("b", 2, "10.0.0.7", NOON);
        assert_eq!((pending.take("x", NOON), pending.take("a", later(299))), (None, Some(1)));
        assert_eq!((pending.take("a", NOON), pending.take("b", later(300))), (None, None));
    }

    #[test]
    fn one_network_pushes_out_nobody_else() {
        let pending = Pending::new(Duration::from_secs(300));
        pending.put("anna", 0, "10.0.0.7", NOON);
        for number in 0..10_000 {
            pending.put(&format!("x{number}"), number, "203.0.113.9", later(1));
        }
        assert_eq!(pending.waiting.lock().unwrap().len(), 1 + OF_NETWORK_MAX);
        let others = (0..20).flat_map(|net| (0..300).map(move |one| (net, one)));
        for (net, one) in others {
            pending.put(&format!("y{net}-{one}"), 0, &format!("198.51.100.{net}"), later(2));
        }
        assert!(pending.waiting.lock().unwrap().len() <= ALL_MAX);
        assert_eq!(pending.take("anna", later(3)), Some(0));
    }
}
