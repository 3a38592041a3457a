//! Dates that move (PS3.5, section 6.2, VRs DA and DT): by whole days, so that times of the day stay.

/// A date moved by days, also one with points, as in ACR-NEMA; none where it is no date. Dates of HL7 v2 are the same.
pub fn shift_date(text: &str, days: i64) -> Option<String> {
    let digits: String = match text.len() {
        10 => text.split('.').collect(),
        _ => text.to_owned(),
    };
    if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    shift_digits(&digits, days)
}

/// A date time moved by days; none where it is none. What has a year alone, or a year and a month, moves as if it were the middle of them, and
/// keeps its precision.
pub fn shift_date_time(text: &str, days: i64) -> Option<String> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end.min(8));
    let is_rest = rest.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '+' | '-'));
    if !is_rest {
        return None;
    }
    let moved = match digits.len() {
        4 => shift_digits(&format!("{digits}0701"), days)?,
        6 => shift_digits(&format!("{digits}15"), days)?,
        8 => shift_digits(digits, days)?,
        _ => return None,
    };
    Some(moved[..digits.len()].to_owned() + rest)
}

fn shift_digits(digits: &str, days: i64) -> Option<String> {
    let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    if !(1..=12).contains(&month) || day < 1 || day > days_of(year, month) {
        return None;
    }
    let (year, month, day) = civil(days_from_civil(year, month, day).checked_add(days)?);
    (1..=9999).contains(&year).then(|| format!("{year:04}{month:02}{day:02}"))
}

/// Whether these numbers are a date of the Gregorian calendar.
pub(super) fn is_date(year: i64, month: i64, day: i64) -> bool {
    (1..=12).contains(&month) && day >= 1 && day <= days_of(year, month)
}

fn days_of(year: i64, month: i64) -> i64 {
    let is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01. Years begin in March here, so that the leap day is the last one of a year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * shifted + 2) / 5 + 1, (shifted + 2) % 12 + 1);
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_move_over_months_and_leap_days() {
        assert_eq!(shift_date("20240228", 2).as_deref(), Some("20240301"));
        assert_eq!(shift_date("20230101", -1).as_deref(), Some("20221231"));
        assert_eq!(shift_date("1999.12.31", 1).as_deref(), Some("20000101"));
        assert_eq!(shift_date("20230229", 1), None);
        assert_eq!(shift_date("MUELLER1", 1), None);
        assert_eq!(shift_date("00010101", -1), None);
    }

    #[test]
    fn date_times_keep_their_times_and_precision() {
        let moved = |text| shift_date_time(text, 40);
        assert_eq!(moved("20240131235959.123456+0100").as_deref(), Some("20240311235959.123456+0100"));
        assert_eq!(moved("202401").as_deref(), Some("202402"));
        assert_eq!(moved("2024").as_deref(), Some("2024"));
        assert_eq!(moved("2024Meier"), None);
        assert_eq!(moved(""), None);
    }

    #[test]
    fn moving_back_gives_the_same_date_over_centuries() {
        for day in (-200_000..200_000).step_by(97) {
            let (year, month, date) = civil(day);
            assert_eq!(days_from_civil(year, month, date), day);
            assert!(is_date(year, month, date));
        }
    }
}
