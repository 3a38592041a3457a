//! Who is turned away again and again is told of once a minute: a stranger fills no log.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often the same is said.
const AGAIN: Duration = Duration::from_secs(60);
/// Of so many addresses it is known when they were told of; beyond them only one is told of a minute.
const ADDRESSES_MAX: usize = 256;

/// Whom: an address and why it was turned away; all those beyond the limit count as one.
type Whom = Option<(IpAddr, &'static str)>;

/// What was said, when, and how often it has been left unsaid since.
#[derive(Debug, Default)]
pub(crate) struct Said(Mutex<HashMap<Whom, (Instant, u64)>>);

impl Said {
    /// Whether it may be said now; gives how many like it have been left unsaid.
    pub fn may_say(&self, address: IpAddr, kind: &'static str) -> Option<u64> {
        self.may_say_at(address, kind, Instant::now())
    }

    fn may_say_at(&self, address: IpAddr, kind: &'static str, now: Instant) -> Option<u64> {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut whom = Some((address, kind));
        if !said.contains_key(&whom) && said.len() >= ADDRESSES_MAX {
            said.retain(|_, (at, _)| now.duration_since(*at) < AGAIN);
            if said.len() >= ADDRESSES_MAX {
                whom = None;
            }
        }
        match said.get_mut(&whom) {
            Some((at, unsaid)) if now.duration_since(*at) < AGAIN => {
                *unsaid += 1;
                None
            }
            Some(known) => Some(std::mem::replace(known, (now, 0)).1),
            None => {
                said.insert(whom, (now, 0));
                Some(0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u16) -> IpAddr {
        IpAddr::from([10, 0, (last >> 8) as u8, last as u8])
    }

    #[test]
    fn the_same_is_said_once_a_minute_with_its_count() {
        let (said, start) = (Said::default(), Instant::now());
        let say =
            |last, kind, seconds| said.may_say_at(address(last), kind, start + Duration::from_secs(seconds));
        assert_eq!(say(1, "list", 0), Some(0));
        assert_eq!(say(1, "list", 1), None);
        assert_eq!(say(1, "list", 59), None);
        assert_eq!(say(1, "room", 59), Some(0), "another reason");
        assert_eq!(say(2, "list", 59), Some(0), "another address");
        assert_eq!(say(1, "list", 60), Some(2));
        assert_eq!(say(1, "list", 61), None);
    }

    #[test]
    fn many_addresses_fill_neither_log_nor_memory() {
        let (said, start) = (Said::default(), Instant::now());
        let lines = (0..10_000).filter(|last| said.may_say_at(address(*last), "list", start).is_some());
        assert_eq!(lines.count(), ADDRESSES_MAX + 1);
        assert!(said.0.lock().unwrap().len() <= ADDRESSES_MAX + 1);
        let later = start + AGAIN;
        assert_eq!(said.may_say_at(address(9_999), "list", later), Some(0), "the old ones are forgotten");
    }
}
