//! Which hour of the week it is where the site stands.

use klinke_model::Timestamp;

use super::holiday::{self, Land};

/// Hours of a week.
pub const SLOTS: usize = 7 * 24;
/// An hour in microseconds.
pub const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// Local time, and the holidays of the place.
#[derive(Clone, Copy)]
pub struct Calendar<'a> {
    /// The Land whose holidays count besides those of all Germany.
    pub land: Option<Land>,
    /// How many minutes local time is ahead of UTC at a time.
    pub offset: &'a (dyn Fn(Timestamp) -> i32 + Sync),
}

impl Calendar<'_> {
    /// The local day, counted from 1970-01-01.
    pub fn day(&self, at: Timestamp) -> i64 {
        self.local(at).div_euclid(DAY)
    }

    /// The hour of the week, 0 for Monday after midnight. Holidays are Sundays; so are 24 and 31 December.
    pub fn slot(&self, at: Timestamp) -> usize {
        let local = self.local(at);
        let (day, hour) = (local.div_euclid(DAY), local.rem_euclid(DAY) / HOUR);
        let weekday = if holiday::is_quiet(day, self.land) { 6 } else { weekday(day) };
        (weekday * 24 + hour) as usize
    }

    /// The minute of the local week, from Monday 00:00, without holidays.
    pub fn minute_of_week(&self, at: Timestamp) -> u32 {
        let local = self.local(at);
        (weekday(local.div_euclid(DAY)) * 1_440 + local.rem_euclid(DAY) / 60_000_000) as u32
    }

    /// Local time as microseconds since 1970 by the local clock.
    pub fn local(&self, at: Timestamp) -> i64 {
        at.0 + i64::from((self.offset)(at)) * 60_000_000
    }
}

/// 0 for Monday. 1970-01-01 was a Thursday.
pub fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_local_and_holidays_are_sundays() {
        let berlin = |at: Timestamp| {
            let summer = at.0 >= 1_774_746_000_000_000 && at.0 < 1_792_890_000_000_000;
            if summer { 120 } else { 60 }
        };
        let calendar = Calendar { land: Some(Land::Bayern), offset: &berlin };
        let at = |month, day, hour| Timestamp::from_parts(2026, month, day, hour, 30, 0).expect("a date");
        assert_eq!(calendar.slot(at(11, 23, 7)), 8, "a Monday, 08:30");
        assert_eq!(calendar.slot(at(6, 1, 22)), 24, "Tuesday 00:30 in summer");
        assert_eq!(calendar.slot(at(12, 25, 7)), 6 * 24 + 8);
        assert_eq!(calendar.slot(at(6, 4, 7)), 6 * 24 + 9, "Fronleichnam in Bayern");
        let bremen = Calendar { land: Some(Land::Bremen), ..calendar };
        assert_eq!(bremen.slot(at(6, 4, 7)), 3 * 24 + 9);
        assert_eq!(calendar.minute_of_week(at(11, 23, 7)), 8 * 60 + 30);
    }
}
