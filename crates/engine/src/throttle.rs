//! How fast a partner may be fed.

use std::time::Duration;

use klinke_model::Timestamp;

/// At most so many deliveries in a span of time, spread evenly with a small burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In what span.
    pub span: Duration,
}

impl Rate {
    fn gap(self) -> Duration {
        self.span / self.count.max(1)
    }
}

/// Keeps to a rate (generic cell rate algorithm: one time stamp, no timer).
#[derive(Clone, Debug)]
pub(crate) struct Throttle {
    gap: Duration,
    burst: Duration,
    /// When the next delivery would be due if all had kept to the gap.
    due: Timestamp,
}

impl Throttle {
    pub fn new(rate: Rate) -> Self {
        let gap = rate.gap();
        Throttle { gap, burst: gap * rate.count.clamp(1, 5), due: Timestamp(i64::MIN) }
    }

    /// When the next delivery may begin; not later than `now` when it may now.
    pub fn next(&self) -> Timestamp {
        Timestamp(self.due.0.saturating_sub((self.burst - self.gap).as_micros() as i64))
    }

    /// A delivery begins.
    pub fn begin(&mut self, now: Timestamp) {
        self.due = self.due.max(now).after(self.gap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_rate_over_time_and_allows_a_small_burst() {
        let mut throttle = Throttle::new(Rate { count: 10, span: Duration::from_secs(1) });
        let (mut now, mut begun) = (Timestamp(0), 0);
        while now < Timestamp(10_000_000) {
            while throttle.next() <= now {
                throttle.begin(now);
                begun += 1;
            }
            now = now.after(Duration::from_millis(1));
        }
        assert!((100..=105).contains(&begun), "{begun}");
    }
}
