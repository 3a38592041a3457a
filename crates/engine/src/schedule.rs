//! A partner's opening hours.

use std::fmt;
use std::sync::Arc;

use klinke_model::Timestamp;

/// A day of 1,440 minutes.
const DAY_MINUTES: u32 = 24 * 60;
const WEEK_MINUTES: u32 = 7 * DAY_MINUTES;

/// Tells how many minutes local time is ahead of UTC at a time.
pub type OffsetMinutes = Arc<dyn Fn(Timestamp) -> i32 + Send + Sync>;

/// Opening hours over the week, in local time.
#[derive(Clone)]
pub struct Schedule {
    /// Minutes of the week from Monday 00:00, begin and end; sorted.
    windows: Vec<(u32, u32)>,
    offset: OffsetMinutes,
}

impl Schedule {
    /// Reads entries such as `Mon-Fri 07:00-18:00`, `Sat 08:00-12:00` or `22:00-06:00` (every day, past
    /// midnight). `offset` gives local time.
    pub fn parse(entries: &[impl AsRef<str>], offset: OffsetMinutes) -> Result<Self, String> {
        let mut windows = Vec::new();
        for entry in entries {
            let entry = entry.as_ref();
            parse_entry(entry, &mut windows)
                .ok_or_else(|| format!("`{entry}` is no opening time; write `Mon-Fri 07:00-18:00`"))?;
        }
        if windows.is_empty() {
            return Err("no opening time given".to_owned());
        }
        windows.sort_unstable();
        Ok(Schedule { windows, offset })
    }

    /// The windows, in minutes of the week from Monday 00:00: begin and end.
    pub fn windows(&self) -> &[(u32, u32)] {
        &self.windows
    }

    /// True when open.
    pub fn is_open(&self, now: Timestamp) -> bool {
        let minute = self.minute(now);
        self.windows.iter().any(|&(begin, end)| (begin..end).contains(&minute))
    }

    /// When it opens next: `now` when it is open. The minute is exact, but for a change of the clocks
    /// in between.
    pub fn next_opening(&self, now: Timestamp) -> Timestamp {
        if self.is_open(now) {
            return now;
        }
        let minute = self.minute(now);
        let ahead =
            self.windows.iter().map(|&(begin, _)| (begin + WEEK_MINUTES - minute) % WEEK_MINUTES).min();
        let start_of_minute = Timestamp(now.0 - now.0.rem_euclid(60_000_000));
        start_of_minute.after(std::time::Duration::from_secs(60 * u64::from(ahead.unwrap_or(1).max(1))))
    }

    /// The minute of the local week. 1970-01-01 was a Thursday.
    fn minute(&self, now: Timestamp) -> u32 {
        let minutes = now.0.div_euclid(60_000_000) + i64::from((self.offset)(now));
        (minutes + i64::from(3 * DAY_MINUTES)).rem_euclid(i64::from(WEEK_MINUTES)) as u32
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schedule({:?})", self.windows)
    }
}

fn parse_entry(entry: &str, windows: &mut Vec<(u32, u32)>) -> Option<()> {
    let (days, hours) = match entry.trim().rsplit_once(' ') {
        Some((days, hours)) => (parse_days(days.trim())?, hours),
        None => ((0..7).collect(), entry.trim()),
    };
    let (begin, end) = hours.split_once('-')?;
    let (begin, mut end) = (parse_hour(begin)?, parse_hour(end)?);
    if begin >= end {
        end += DAY_MINUTES;
    }
    for day in days {
        let (begin, end) = (day * DAY_MINUTES + begin, day * DAY_MINUTES + end);
        windows.push((begin, end.min(WEEK_MINUTES)));
        if end > WEEK_MINUTES {
            windows.push((0, end - WEEK_MINUTES));
        }
    }
    Some(())
}

/// `Mon`, `Mon-Fri`, `Mon,Wed,Sat-Sun`; German short names too.
fn parse_days(text: &str) -> Option<Vec<u32>> {
    let mut days = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut day, last) = (parse_day(first)?, parse_day(last)?);
        while day != last {
            days.push(day);
            day = (day + 1) % 7;
        }
        days.push(last);
    }
    Some(days)
}

fn parse_day(text: &str) -> Option<u32> {
    const NAMES: [&[&str]; 7] = [
        &["mon", "mo"],
        &["tue", "di"],
        &["wed", "mi"],
        &["thu", "do"],
        &["fri", "fr"],
        &["sat", "sa"],
        &["sun", "so"],
    ];
    let text = text.trim().to_lowercase();
    NAMES.iter().position(|names| names.contains(&text.as_str())).map(|day| day as u32)
}

fn parse_hour(text: &str) -> Option<u32> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    (minute < 60 && hour * 60 + minute <= DAY_MINUTES).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u32, hour: u32, minute: u32) -> Timestamp {
        // 2026-11-23 was a Monday.
        Timestamp::from_parts(2026, 11, 23 + day, hour, minute, 0).expect("a date")
    }

    fn schedule(entries: &[&str], offset: i32) -> Schedule {
        Schedule::parse(entries, Arc::new(move |_| offset)).expect("parses")
    }

    #[test]
    fn opens_and_closes_on_the_minute_in_local_time() {
        let schedule = schedule(&["Mon-Fri 07:00-18:00", "Sa 08:00-12:00"], 60);
        assert!(!schedule.is_open(at(0, 5, 59)));
        assert!(schedule.is_open(at(0, 6, 0)));
        assert!(schedule.is_open(at(4, 16, 59)));
        assert!(!schedule.is_open(at(4, 17, 0)));
        assert_eq!(schedule.next_opening(at(4, 17, 0)), at(5, 7, 0));
        assert_eq!(schedule.next_opening(at(5, 11, 30)), at(7, 6, 0));
        assert_eq!(schedule.next_opening(at(1, 9, 0)), at(1, 9, 0));
    }

    #[test]
    fn a_night_goes_past_midnight_and_past_the_end_of_the_week() {
        let schedule = schedule(&["22:00-06:00"], 0);
        assert!(schedule.is_open(at(6, 23, 0)) && schedule.is_open(at(7, 5, 59)));
        assert!(!schedule.is_open(at(7, 6, 0)));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for bad in ["Mon 25:00-26:00", "Mon-Fry 07:00-18:00", "7-18", "Mon"] {
            let error = Schedule::parse(&[bad], Arc::new(|_| 0)).expect_err(bad);
            assert!(error.contains(bad));
        }
        assert!(Schedule::parse(&[] as &[&str], Arc::new(|_| 0)).is_err());
    }
}
