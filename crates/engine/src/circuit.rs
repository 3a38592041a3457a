//! Whether a partner is up: after failures that every delivery would meet, only one tries at a time.

use klinke_model::Timestamp;

use crate::retry::Retry;

/// How many answers in a row may stay out before the partner counts as down. A connection that can't
/// be made counts at once.
const UNCLEAR_MAX: u32 = 3;

/// Keeps ten thousand deliveries from each waiting for the same time-out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Circuit {
    failures: u32,
    unclear: u32,
    open_until: Option<Timestamp>,
    probing: bool,
}

impl Circuit {
    /// True when a delivery may be tried now. While the circuit is open only one at a time may, and
    /// not before the wait is over.
    pub fn allows(&self, now: Timestamp) -> bool {
        match self.open_until {
            None => true,
            Some(until) => !self.probing && now >= until,
        }
    }

    /// When [`Circuit::allows`] may change by itself.
    pub fn wake(&self) -> Option<Timestamp> {
        self.open_until.filter(|_| !self.probing)
    }

    /// True while the partner counts as down.
    pub fn is_open(&self) -> bool {
        self.open_until.is_some()
    }

    /// A delivery begins.
    pub fn begin(&mut self) {
        self.probing = self.is_open();
    }

    /// The delivery that began was not made after all.
    pub fn abandoned(&mut self) {
        self.probing = false;
    }

    /// The partner answered, whatever it said.
    pub fn answered(&mut self) {
        *self = Circuit::default();
    }

    /// Nothing reached the partner.
    pub fn unreachable(&mut self, retry: &Retry, seed: u64, now: Timestamp) {
        self.failures += 1;
        self.probing = false;
        self.open_until = Some(now.after(retry.wait(self.failures, seed)));
    }

    /// No usable answer came.
    pub fn unclear(&mut self, retry: &Retry, seed: u64, now: Timestamp) {
        self.unclear += 1;
        if self.is_open() || self.unclear >= UNCLEAR_MAX {
            self.unreachable(retry, seed, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_probe_at_a_time_until_the_partner_answers() {
        let retry = Retry { first: Duration::from_secs(1), most: Duration::from_secs(8), ..Retry::default() };
        let mut circuit = Circuit::default();
        let start = Timestamp(0);
        assert!(circuit.allows(start));
        circuit.begin();
        circuit.unreachable(&retry, 1, start);
        assert!(!circuit.allows(start));
        let later = circuit.wake().expect("open");
        assert!(circuit.allows(later));
        circuit.begin();
        assert!(!circuit.allows(later.after(Duration::from_secs(60))), "one probe only");
        circuit.unreachable(&retry, 1, later);
        assert!(circuit.wake().expect("open").since(later) > Duration::from_secs(1), "waits grow");
        circuit.begin();
        circuit.answered();
        assert!(circuit.allows(later) && !circuit.is_open());
    }

    #[test]
    fn a_single_missing_answer_does_not_open_it() {
        let (retry, now) = (Retry::default(), Timestamp(0));
        let mut circuit = Circuit::default();
        circuit.unclear(&retry, 1, now);
        circuit.unclear(&retry, 1, now);
        assert!(!circuit.is_open());
        circuit.unclear(&retry, 1, now);
        assert!(circuit.is_open());
    }
}
