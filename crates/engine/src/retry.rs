//! When a delivery is tried again: exponential back-off with jitter.

use std::time::Duration;

use klinke_model::Disposition;

/// How often and how soon a delivery is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The wait after the first attempt that failed; doubled after each further one.
    pub first: Duration,
    /// The longest wait.
    pub most: Duration,
    /// Attempts after which it is given up; `None` never gives up.
    pub attempts_max: Option<u32>,
    /// What then becomes of it: `Dead` or `Hold`.
    pub then: Disposition,
}

impl Default for Retry {
    fn default() -> Self {
        Retry {
            first: Duration::from_secs(1),
            most: Duration::from_secs(60),
            attempts_max: None,
            then: Disposition::Dead,
        }
    }
}

impl Retry {
    /// The wait after `failures` failed attempts in a row (1 or more): between three quarters and the
    /// whole of the doubled wait, spread by `seed` so that lanes do not wake together.
    pub fn wait(&self, failures: u32, seed: u64) -> Duration {
        let doublings = failures.saturating_sub(1).min(30);
        let whole = self.first.saturating_mul(1 << doublings).min(self.most);
        let spread = whole / 4;
        let share = scatter(seed ^ (u64::from(failures) << 32)) % 1_000;
        whole - spread.mul_f64(share as f64 / 1_000.0)
    }

    /// True when `attempts` made are enough.
    pub fn is_spent(&self, attempts: u32) -> bool {
        self.attempts_max.is_some_and(|most| attempts >= most)
    }
}

/// Spreads a number over all of `u64` (the finaliser of SplitMix64).
pub(crate) fn scatter(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_most_and_are_spread_downward() {
        let retry =
            Retry { first: Duration::from_millis(200), most: Duration::from_secs(2), ..Retry::default() };
        for (failures, whole) in [(1, 200), (2, 400), (3, 800), (4, 1600), (5, 2000), (60, 2000)] {
            let whole = Duration::from_millis(whole);
            for seed in 0..50 {
                let wait = retry.wait(failures, seed);
                assert!(wait <= whole && wait >= whole * 3 / 4, "{failures} {wait:?}");
            }
        }
        let waits: std::collections::HashSet<_> = (0..50).map(|seed| retry.wait(3, seed)).collect();
        assert!(waits.len() > 30, "spread");
    }
}
