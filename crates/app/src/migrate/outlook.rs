//! How long it will still take, said no more surely than it is known.

use std::time::Duration;

use anyhow::Result;
use klinke_archive::migrate::{Ledger, Tally};
use klinke_engine::schedule::Schedule;
use klinke_model::Timestamp;
use serde::Serialize;

const WEEK_MINUTES: u32 = 7 * 24 * 60;

/// How fast it goes, and how long it will still take.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Outlook {
    /// Instances a minute while it works, over the last minutes in which it worked; nothing before there are enough.
    pub instances_per_minute: Option<f64>,
    /// Over how many minutes that is.
    pub over_minutes: Option<u32>,
    /// Instances that still have to come, as far as the old archive counts them.
    pub instances_left: u64,
    /// Seconds of work that are left.
    pub work_seconds: Option<u64>,
    /// Seconds until it is done, with the hours in which it may not work.
    pub seconds: Option<u64>,
    /// The old archive does not count the instances of so many studies: it takes longer than is said here.
    pub uncounted: u64,
    /// The inventory is not complete: it takes longer than is said here.
    pub is_partial: bool,
}

impl Outlook {
    /// By what the ledger knows.
    pub fn of(
        ledger: &Ledger,
        tally: &Tally,
        schedule: Option<&Schedule>,
        now: Timestamp,
    ) -> Result<Outlook> {
        let speed = ledger.speed(now)?;
        let work = speed.and_then(|speed| speed.for_instances(tally.left));
        Ok(Outlook {
            instances_per_minute: speed.map(|speed| speed.instances),
            over_minutes: speed.map(|speed| speed.minutes),
            instances_left: tally.left,
            work_seconds: work.map(|work| work.as_secs()),
            seconds: work.map(|work| with_hours(work, schedule).as_secs()),
            uncounted: tally.uncounted,
            is_partial: tally.slices.0 < tally.slices.1 || tally.slices.1 == 0,
        })
    }
}

/// The time that so much work takes where it may be done in some hours of the week alone.
fn with_hours(work: Duration, schedule: Option<&Schedule>) -> Duration {
    let Some(schedule) = schedule else { return work };
    // Windows may lie over one another: each minute counts once.
    let mut open = 0;
    let mut until = 0;
    for &(begin, end) in schedule.windows() {
        open += end.saturating_sub(begin.max(until));
        until = until.max(end);
    }
    match open {
        0 => work,
        open => work.mul_f64(f64::from(WEEK_MINUTES) / f64::from(open.min(WEEK_MINUTES))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn hours_in_which_it_may_not_work_make_it_longer() {
        let hours = |entries: &[&str]| Schedule::parse(entries, Arc::new(|_| 0)).expect("hours");
        let work = Duration::from_secs(3600);
        assert_eq!(with_hours(work, None), work);
        assert_eq!(with_hours(work, Some(&hours(&["00:00-12:00"]))), 2 * work);
        assert_eq!(with_hours(work, Some(&hours(&["18:00-06:00"]))), 2 * work);
        // The same hours said twice are no more hours.
        assert_eq!(with_hours(work, Some(&hours(&["00:00-12:00", "06:00-12:00"]))), 2 * work);
    }
}
