//! How hard the old archive is pressed.
//!
//! It begins with one retrieval at a time and takes one more for each stretch in which all went well, up to what the site
//! allows. When the old archive suffers (it refuses, breaks off, or takes much longer than it used to) half as many go on; after a
//! refusal nothing is begun for a while, and longer each time.

use std::time::Duration;

use klinke_model::Timestamp;

/// What the site allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pressure {
    /// Retrievals at a time at most.
    pub associations: usize,
    /// It suffers when an instance takes this many times as long as it used to.
    pub slower: f64,
    /// The first pause after a refusal.
    pub pause: Duration,
    /// The longest pause.
    pub pause_max: Duration,
}

impl Default for Pressure {
    fn default() -> Self {
        Pressure {
            associations: 2,
            slower: 4.0,
            pause: Duration::from_secs(5),
            pause_max: Duration::from_secs(600),
        }
    }
}

/// So many retrievals that went well are a stretch.
const STRETCH: u32 = 8;
/// So many make known what is usual.
const USUAL_AFTER: u32 = 4;
/// Below this many seconds for an instance nothing is slow, whatever was usual.
const SLOW_SECONDS_MIN: f64 = 0.2;

/// How much may be begun, and when.
#[derive(Clone, Debug)]
pub struct Pace {
    pressure: Pressure,
    allowed: usize,
    well: u32,
    /// Seconds for an instance when all was well, as a moving mean, and of how many.
    usual: (f64, u32),
    /// Seconds for an instance lately.
    lately: f64,
    pause: Duration,
    until: Option<Timestamp>,
    sufferings: u64,
}

impl Pace {
    /// One that begins gently.
    pub fn new(pressure: Pressure) -> Self {
        Pace {
            pressure,
            allowed: 1,
            well: 0,
            usual: (0.0, 0),
            lately: 0.0,
            pause: pressure.pause,
            until: None,
            sufferings: 0,
        }
    }

    /// Whether one more may be begun while so many run; else at when to ask again, where that is known.
    pub fn may_begin(&self, running: usize, now: Timestamp) -> Result<(), Option<Timestamp>> {
        match self.until {
            Some(until) if until > now => Err(Some(until)),
            _ if running < self.allowed => Ok(()),
            _ => Err(None),
        }
    }

    /// How many may run.
    pub fn allowed(&self) -> usize {
        self.allowed
    }

    /// How often the old archive has suffered.
    pub fn sufferings(&self) -> u64 {
        self.sufferings
    }

    /// A retrieval went well: so many instances in this time.
    pub fn went_well(&mut self, instances: u64, took: Duration, _now: Timestamp) {
        if instances > 0 {
            let each = took.as_secs_f64() / instances as f64;
            self.lately = if self.lately == 0.0 { each } else { self.lately * 0.7 + each * 0.3 };
            let (usual, of) = self.usual;
            let is_slow = of >= USUAL_AFTER
                && self.lately > usual * self.pressure.slower
                && self.lately > SLOW_SECONDS_MIN;
            if is_slow {
                self.slow_down();
                // What is slow now may be usual from now on: else one slow night would be the end.
                self.usual.0 = usual * 1.5;
                return;
            }
            let weight = 1.0 / f64::from((of + 1).min(20));
            self.usual = (usual * (1.0 - weight) + each * weight, of.saturating_add(1));
        }
        self.pause = self.pressure.pause;
        self.well += 1;
        if self.well >= STRETCH {
            self.well = 0;
            self.allowed = (self.allowed + 1).min(self.pressure.associations.max(1));
        }
    }

    /// It refused, broke off, or did not answer.
    pub fn suffered(&mut self, now: Timestamp) {
        self.slow_down();
        self.until = Some(now.after(self.pause));
        self.pause = (self.pause * 2).min(self.pressure.pause_max);
    }

    fn slow_down(&mut self) {
        self.sufferings += 1;
        self.well = 0;
        self.allowed = (self.allowed / 2).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(associations: usize) -> Pace {
        Pace::new(Pressure { associations, ..Pressure::default() })
    }

    fn well(pace: &mut Pace, times: u32, seconds_each: f64) {
        (0..times)
            .for_each(|_| pace.went_well(10, Duration::from_secs_f64(10.0 * seconds_each), Timestamp(0)));
    }

    #[test]
    fn it_begins_gently_and_keeps_to_what_is_allowed() {
        let mut pace = pace(3);
        assert_eq!((pace.may_begin(0, Timestamp(0)), pace.may_begin(1, Timestamp(0))), (Ok(()), Err(None)));
        well(&mut pace, STRETCH, 0.1);
        assert_eq!(pace.allowed(), 2);
        well(&mut pace, 10 * STRETCH, 0.1);
        assert_eq!(pace.allowed(), 3);
    }

    #[test]
    fn refusals_make_it_wait_longer_each_time_until_one_goes_well() {
        let mut pace = pace(4);
        well(&mut pace, 10 * STRETCH, 0.1);
        let mut now = Timestamp(0);
        for wait in [5, 10, 20, 40, 80, 160, 320, 600, 600] {
            pace.suffered(now);
            let until = now.after(Duration::from_secs(wait));
            assert_eq!(pace.may_begin(0, now), Err(Some(until)), "{wait}");
            now = until;
        }
        assert_eq!((pace.may_begin(0, now), pace.allowed()), (Ok(()), 1));
        well(&mut pace, 1, 0.1);
        pace.suffered(now);
        assert_eq!(pace.may_begin(0, now), Err(Some(now.after(Duration::from_secs(5)))));
    }

    #[test]
    fn rising_times_halve_it_and_do_not_end_it() {
        let mut pace = pace(4);
        well(&mut pace, 10 * STRETCH, 0.1);
        assert_eq!(pace.allowed(), 4);
        well(&mut pace, 4, 2.0);
        assert!(pace.allowed() < 3 && pace.sufferings() > 0, "{pace:?}");
        well(&mut pace, 40 * STRETCH, 2.0);
        assert_eq!(pace.allowed(), 4, "what stays slow is usual in the end");
    }
}
