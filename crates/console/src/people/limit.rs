//! Delays after failed log-ins, made so that they can't be used to lock others out.
//!
//! Failures are counted for an account *from an address*: who tries out somebody's password from elsewhere
//! delays nobody but themselves. A browser that somebody has logged in with before has a device cookie, and
//! is counted by itself: it is not delayed by what others do behind the same address, a proxy's or a
//! ward's. An address is counted over all accounts, too, so that not every account can be tried once.
//!
//! The first `FREE` failures cost nothing; then each doubles the time for which nothing more is looked at.
//! That there are no limits for an account over all addresses is on purpose: they would lock its owner out.
//! What many addresses can do together is limited by how many passwords are worked out at once.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use klinke_model::Timestamp;

/// Failures that cost nothing.
const FREE: u32 = 4;
/// Failures of one address over all accounts that cost nothing.
const FREE_OF_ADDRESS: u32 = 20;
/// The first delay, and the longest.
const FIRST: Duration = Duration::from_secs(2);
const MOST: Duration = Duration::from_secs(300);
/// How long a failure is remembered.
const MEMORY: Duration = Duration::from_secs(3_600);
/// The most that is remembered; beyond it the oldest is forgotten.
const KEPT_MAX: usize = 20_000;

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Account(String, String),
    Device(String, String),
    Address(String),
}

#[derive(Clone, Copy, Debug)]
struct Count {
    failures: u32,
    last: Timestamp,
}

/// Counts failed log-ins.
#[derive(Debug, Default)]
pub struct Limits(Mutex<HashMap<Key, Count>>);

/// One who tries: an account's name as it was typed, an address, and the device where its cookie is good.
#[derive(Clone, Debug)]
pub struct Try<'a> {
    /// The name as it was typed.
    pub name: &'a str,
    /// Where from.
    pub address: &'a str,
    /// The device that this account has been used with before.
    pub device: Option<&'a str>,
}

impl Try<'_> {
    fn keys(&self) -> Vec<(Key, u32)> {
        let name = self.name.to_lowercase();
        match self.device {
            Some(device) => vec![(Key::Device(name, device.to_owned()), FREE)],
            None => {
                let address = network(self.address);
                vec![(Key::Account(name, address.clone()), FREE), (Key::Address(address), FREE_OF_ADDRESS)]
            }
        }
    }
}

impl Limits {
    /// How long nothing more is looked at; `None` when one may try.
    pub fn wait(&self, one: &Try<'_>, now: Timestamp) -> Option<Duration> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = |(key, free): (Key, u32)| {
            let count = counts.get(&key)?;
            let end = count.last.after(delay(count.failures, free));
            let left = end.since(now);
            (left > Duration::ZERO).then_some(left)
        };
        one.keys().into_iter().filter_map(wait).max()
    }

    /// Somebody was not let in.
    pub fn failed(&self, one: &Try<'_>, now: Timestamp) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, _) in one.keys() {
            let count = counts.entry(key).or_insert(Count { failures: 0, last: now });
            if now.since(count.last) > MEMORY {
                count.failures = 0;
            }
            count.failures = count.failures.saturating_add(1);
            count.last = now;
        }
        if counts.len() > KEPT_MAX {
            forget(&mut counts, now);
        }
    }

    /// Somebody was let in: what they mistyped before is forgotten, but not what their address did.
    pub fn passed(&self, one: &Try<'_>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, _) in one.keys().into_iter().filter(|(key, _)| !matches!(key, Key::Address(_))) {
            counts.remove(&key);
        }
    }
}

fn delay(failures: u32, free: u32) -> Duration {
    match failures.checked_sub(free) {
        None | Some(0) => Duration::ZERO,
        Some(above) => FIRST.saturating_mul(1 << (above - 1).min(16)).min(MOST),
    }
}

fn forget(counts: &mut HashMap<Key, Count>, now: Timestamp) {
    counts.retain(|_, count| now.since(count.last) <= MEMORY);
    if counts.len() > KEPT_MAX {
        let mut times: Vec<Timestamp> = counts.values().map(|count| count.last).collect();
        times.sort_unstable();
        let oldest = times[times.len() / 2];
        counts.retain(|_, count| count.last > oldest);
    }
}

/// An address, or for version 6 the network that one household or ward has.
pub(super) fn network(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(six)) if six.to_ipv4_mapped().is_none() => {
            let parts = six.segments();
            format!("{:x}:{:x}:{:x}:{:x}::/64", parts[0], parts[1], parts[2], parts[3])
        }
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_772_352_900_000_000);

    fn from<'a>(name: &'a str, address: &'a str) -> Try<'a> {
        Try { name, address, device: None }
    }

    fn later(seconds: u64) -> Timestamp {
        NOON.after(Duration::from_secs(seconds))
    }

    #[test]
    fn each_failure_after_the_first_few_doubles_the_time() {
        let limits = Limits::default();
        let anna = from("anna", "10.0.0.7");
        let mut waits = Vec::new();
        for _ in 0..8 {
            limits.failed(&anna, NOON);
            waits.push(limits.wait(&anna, NOON).map_or(0, |wait| wait.as_secs()));
        }
        assert_eq!(waits, [0, 0, 0, 0, 2, 4, 8, 16]);
        assert_eq!(limits.wait(&anna, later(16)), None);
        assert_eq!(limits.wait(&from("ANNA", "10.0.0.7"), NOON).map(|wait| wait.as_secs()), Some(16));
        for _ in 0..90 {
            limits.failed(&anna, NOON);
        }
        assert_eq!(limits.wait(&anna, NOON), Some(MOST));
        limits.failed(&anna, later(7_300));
        assert_eq!(limits.wait(&anna, later(7_300)), None, "after an hour it begins anew");
    }

    #[test]
    fn nobody_is_locked_out_by_somebody_else() {
        let limits = Limits::default();
        for _ in 0..1_000 {
            limits.failed(&from("anna", "203.0.113.9"), NOON);
        }
        assert!(limits.wait(&from("anna", "203.0.113.9"), NOON).is_some());
        assert_eq!(limits.wait(&from("anna", "10.0.0.7"), NOON), None, "from elsewhere");
        let known = Try { device: Some("d1"), ..from("anna", "203.0.113.9") };
        assert_eq!(limits.wait(&known, NOON), None, "from the same address with a known device");
        for _ in 0..5 {
            limits.failed(&known, NOON);
        }
        assert!(limits.wait(&known, NOON).is_some(), "a device is limited as well");
    }

    #[test]
    fn an_address_can_not_try_every_account() {
        let limits = Limits::default();
        for number in 0..25 {
            limits.failed(&from(&format!("user{number}"), "2001:db8::1"), NOON);
        }
        assert!(limits.wait(&from("anna", "2001:db8::ffff"), NOON).is_some(), "one network");
        assert_eq!(limits.wait(&from("anna", "2001:db8:0:1::1"), NOON), None);
        limits.passed(&from("anna", "2001:db8::1"));
        assert!(limits.wait(&from("anna", "2001:db8::1"), NOON).is_some());
    }

    #[test]
    fn what_is_remembered_has_a_limit() {
        let limits = Limits::default();
        for number in 0..KEPT_MAX * 2 {
            limits.failed(&from(&number.to_string(), &format!("a{number}")), later(number as u64 / 1_000));
        }
        assert!(limits.0.lock().unwrap().len() <= KEPT_MAX + 2);
    }
}
