//! Whether a partner is up: after failures that every delivery would meet, only one tries at a time.

use klinke_model::Timestamp;

use crate::retry::Retry;

/// How many answers in a row may stay out before the partner counts as down. A connection that can't
/// be made counts at once.
const UNCLEAR_MAX: u32 = 3;

/// Keeps ten thousand deliveries from each waiting for the same time-out.
///
/// Each delivery that begins takes a ticket, and gives it back with what came of it. So the failures of
/// deliveries that were under way when the circuit opened count once, and do not end the probe.
#[derive(Clone, Debug, Default)]
pub(crate) struct Circuit {
    failures: u32,
    unclear: u32,
    open_until: Option<Timestamp>,
    probing: bool,
    /// Rises whenever the circuit opens, stays open or closes: tickets from before are stragglers'.
    epoch: u32,
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

    /// When the wait that stands now ends, or ended.
    pub fn until(&self) -> Option<Timestamp> {
        self.open_until
    }

    /// True while the partner counts as down.
    pub fn is_open(&self) -> bool {
        self.open_until.is_some()
    }

    /// A delivery begins; gives its ticket.
    pub fn begin(&mut self) -> u32 {
        self.probing = self.is_open();
        self.epoch
    }

    /// The delivery that began was not made after all.
    pub fn abandoned(&mut self, ticket: u32) {
        if ticket == self.epoch {
            self.probing = false;
        }
    }

    /// The partner answered, whatever it said.
    pub fn answered(&mut self) {
        if self.is_open() {
            *self = Circuit { epoch: self.epoch.wrapping_add(1), ..Circuit::default() };
        }
        (self.failures, self.unclear) = (0, 0);
    }

    /// Nothing reached the partner.
    pub fn unreachable(&mut self, ticket: u32, retry: &Retry, seed: u64, now: Timestamp) {
        if self.is_open() && ticket != self.epoch {
            return;
        }
        self.epoch = self.epoch.wrapping_add(1);
        self.failures += 1;
        self.probing = false;
        self.open_until = Some(now.after(retry.wait(self.failures, seed)));
    }

    /// No usable answer came.
    pub fn unclear(&mut self, ticket: u32, retry: &Retry, seed: u64, now: Timestamp) {
        self.unclear += 1;
        if self.is_open() || self.unclear >= UNCLEAR_MAX {
            self.unreachable(ticket, retry, seed, now);
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
        let ticket = circuit.begin();
        circuit.unreachable(ticket, &retry, 1, start);
        assert!(!circuit.allows(start));
        let later = circuit.wake().expect("open");
        assert!(circuit.allows(later));
        let ticket = circuit.begin();
        assert!(!circuit.allows(later.after(Duration::from_secs(60))), "one probe only");
        circuit.unreachable(ticket, &retry, 1, later);
        assert!(circuit.wake().expect("open").since(later) > Duration::from_secs(1), "waits grow");
        circuit.begin();
        circuit.answered();
        assert!(circuit.allows(later) && !circuit.is_open());
    }

    #[test]
    fn what_was_under_way_when_it_opened_counts_once_and_ends_no_probe() {
        let retry =
            Retry { first: Duration::from_secs(1), most: Duration::from_secs(64), ..Retry::default() };
        let mut circuit = Circuit::default();
        let tickets: Vec<u32> = (0..8).map(|_| circuit.begin()).collect();
        tickets[..7].iter().for_each(|ticket| circuit.unreachable(*ticket, &retry, 1, Timestamp(0)));
        let until = circuit.wake().expect("open");
        assert!(until <= Timestamp(1_000_000), "eight at once are one failure: {until}");
        circuit.begin();
        circuit.unreachable(tickets[7], &retry, 1, until);
        circuit.abandoned(tickets[7]);
        assert!(!circuit.allows(Timestamp(i64::MAX)), "the probe is still under way");
    }

    #[test]
    fn a_single_missing_answer_does_not_open_it() {
        let (retry, now) = (Retry::default(), Timestamp(0));
        let mut circuit = Circuit::default();
        for _ in 0..2 {
            let ticket = circuit.begin();
            circuit.unclear(ticket, &retry, 1, now);
        }
        assert!(!circuit.is_open());
        let ticket = circuit.begin();
        circuit.unclear(ticket, &retry, 1, now);
        assert!(circuit.is_open());
    }
}
