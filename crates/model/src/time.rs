//! Points in time: microseconds since 1970-01-01T00:00:00Z, and their RFC 3339 form.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time, in microseconds since 1970-01-01T00:00:00Z. Prints as RFC 3339 in UTC, with
/// milliseconds (`2026-03-01T08:15:00.250Z`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

const MICROS: i64 = 1_000_000;

impl Timestamp {
    /// The machine's clock. Only programs and tests call this; the engine is given its times.
    pub fn now() -> Self {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)),
            Err(before) => Timestamp(-i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX)),
        }
    }

    /// The time after `self` by `duration`; stops at the end of the range.
    pub fn after(self, duration: Duration) -> Self {
        Timestamp(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The time before `self` by `duration`; stops at the end of the range.
    pub fn before(self, duration: Duration) -> Self {
        Timestamp(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long from `earlier` to `self`; zero when `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Year, month, day, hour, minute, second and microsecond in UTC (proleptic Gregorian calendar).
    pub fn parts(self) -> (i64, u32, u32, u32, u32, u32, u32) {
        let seconds = self.0.div_euclid(MICROS);
        let micros = self.0.rem_euclid(MICROS) as u32;
        let day_seconds = seconds.rem_euclid(86_400) as u32;
        let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
        (year, month, day, day_seconds / 3600, day_seconds / 60 % 60, day_seconds % 60, micros)
    }

    /// The time with these parts in UTC, or `None` when they name no such day or hour.
    pub fn from_parts(year: i64, month: u32, day: u32, hour: u32, minute: u32, second: u32) -> Option<Self> {
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let days = [31, 28 + u32::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let in_month = *days.get((month as usize).checked_sub(1)?)?;
        let in_range = (1..=in_month).contains(&day) && hour < 24 && minute < 60 && second < 60;
        if !in_range || !(-9999..=9999).contains(&year) {
            return None;
        }
        let of_day = i64::from(hour * 3600 + minute * 60 + second);
        Some(Timestamp((days_from_civil(year, month, day) * 86_400 + of_day) * MICROS))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day, hour, minute, second, micros) = self.parts();
        let millis = micros / 1000;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
    }
}

/// The civil date of a day count from 1970-01-01: shift the year to begin in March, so that the leap
/// day is the last of the year, then count in eras of 400 years (146,097 days).
fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = (of_year - (153 * march_month + 2) / 5 + 1) as u32;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The inverse of [`civil_from_days`].
fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let march_month = i64::from((month + 9) % 12);
    let of_year = (153 * march_month + 2) / 5 + i64::from(day) - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    era * 146_097 + of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_rfc_3339() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp(951_782_400_000_000).to_string(), "2000-02-29T00:00:00.000Z");
        assert_eq!(Timestamp(-1).to_string(), "1969-12-31T23:59:59.999Z");
        assert_eq!(Timestamp(1_772_352_900_250_000).to_string(), "2026-03-01T08:15:00.250Z");
    }

    #[test]
    fn parts_round_trip_over_leap_years_and_centuries() {
        for days in (-200_000..200_000).step_by(97) {
            let time = Timestamp(days * 86_400 * MICROS + 12_345 * MICROS);
            let (y, mo, d, h, mi, s, _) = time.parts();
            assert_eq!(Timestamp::from_parts(y, mo, d, h, mi, s), Some(time));
        }
        assert_eq!(Timestamp::from_parts(2025, 2, 29, 0, 0, 0), None);
        assert_eq!(Timestamp::from_parts(2025, 13, 1, 0, 0, 0), None);
        assert_eq!(Timestamp::from_parts(2025, 0, 1, 0, 0, 0), None);
    }

    #[test]
    fn arithmetic_stops_at_the_ends() {
        assert_eq!(Timestamp(i64::MAX).after(Duration::from_secs(1)), Timestamp(i64::MAX));
        assert_eq!(Timestamp(5).since(Timestamp(9)), Duration::ZERO);
        assert_eq!(Timestamp(9).since(Timestamp(5)), Duration::from_micros(4));
    }
}
