//! Dates and times: DA, TM and DT (PS3.5, section 6.2), with less precision than a day or a second where that is
//! all that was sent.

/// A date, DA: "20240131"; also "2024", "202401", and "2024.01.31" as in ACR-NEMA 2.0, and "2024-01-31".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    /// The year.
    pub year: u16,
    /// The month, 1 to 12.
    pub month: Option<u8>,
    /// The day, 1 to 31.
    pub day: Option<u8>,
}

/// A time, TM: "101530.250000"; also "10", "1015", and "10:15:30" as in ACR-NEMA 2.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time {
    /// The hour, 0 to 23.
    pub hour: u8,
    /// The minute.
    pub minute: Option<u8>,
    /// The second, 0 to 60.
    pub second: Option<u8>,
    /// Millionths of a second, and how many digits they were written with.
    pub fraction: Option<(u32, u8)>,
}

/// A date time, DT: "20240131101530.25+0100".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DateTime {
    /// The date.
    pub date: Date,
    /// The time.
    pub time: Option<Time>,
    /// Minutes east of UTC, if that was said.
    pub offset_minutes: Option<i16>,
}

impl Date {
    /// Reads a date. None where it is none that exists.
    pub fn parse(text: &str) -> Option<Date> {
        let text = text.trim_matches([' ', '\0']);
        let digits: String = text.chars().filter(|c| !matches!(c, '.' | '-' | '/')).collect();
        let separated = digits.len() != text.len();
        if separated && !(digits.len() == 8 && is_separated(text.as_bytes())) {
            return None;
        }
        Date::digits(&digits)
    }

    /// Whether text is a date as the standard has it: eight digits.
    pub fn is_strict(text: &str) -> bool {
        text.len() == 8 && Date::digits(text).is_some()
    }

    fn digits(digits: &str) -> Option<Date> {
        let year = number(digits, 0, 4)?;
        let month = part(digits, 4, 1, 12)?;
        let day = part(digits, 6, 1, 31)?;
        let date = Date { year, month, day };
        let fits = day.is_none_or(|day| day <= days_of(year, month.unwrap_or(1)));
        (matches!(digits.len(), 4 | 6 | 8) && fits).then_some(date)
    }

    /// As ISO 8601 writes it, as far as it is known.
    pub fn for_people(&self) -> String {
        let mut text = format!("{:04}", self.year);
        for part in [self.month, self.day].into_iter().flatten() {
            text.push_str(&format!("-{part:02}"));
        }
        text
    }

    /// The first day that it may mean, as a number that rises: yyyymmdd.
    pub fn earliest(&self) -> u32 {
        self.key(self.month.unwrap_or(1), self.day.unwrap_or(1))
    }

    /// The last day that it may mean, as a number that rises: yyyymmdd.
    pub fn latest(&self) -> u32 {
        let month = self.month.unwrap_or(12);
        self.key(month, self.day.unwrap_or_else(|| days_of(self.year, month)))
    }

    fn key(&self, month: u8, day: u8) -> u32 {
        u32::from(self.year) * 10_000 + u32::from(month) * 100 + u32::from(day)
    }

    /// Days since 1970-01-01 of the earliest or the latest day.
    fn days(&self, latest: bool) -> i64 {
        let key = if latest { self.latest() } else { self.earliest() };
        let (year, month, day) = (i64::from(key / 10_000), i64::from(key / 100 % 100), i64::from(key % 100));
        // Days from civil, with the year beginning in March.
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }
}

impl Time {
    /// Reads a time. None where it is none that exists.
    pub fn parse(text: &str) -> Option<Time> {
        let text = text.trim_matches([' ', '\0']);
        let colons = text.bytes().filter(|&byte| byte == b':').count();
        if colons == 0 {
            return Time::digits(text);
        }
        let mut parts = text.split(':');
        let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next().unwrap_or_default());
        if hour.len() != 2 || minute.len() != 2 || parts.next().is_some() {
            return None;
        }
        Time::digits(&[hour, minute, second].concat())
    }

    /// Whether text is a time as the standard has it.
    pub fn is_strict(text: &str) -> bool {
        let text = text.trim_end_matches(' ');
        Time::digits(text).is_some_and(|time| time.fraction.is_none_or(|(_, digits)| digits <= 6))
    }

    fn digits(text: &str) -> Option<Time> {
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) if whole.len() == 6 => (whole, Some(fraction)),
            Some(_) => return None,
            None => (text, None),
        };
        if !matches!(whole.len(), 2 | 4 | 6) {
            return None;
        }
        let hour = number(whole, 0, 2)? as u8;
        let minute = part(whole, 2, 0, 59)?;
        // 60 is a leap second.
        let second = part(whole, 4, 0, 60)?;
        let fraction = match fraction {
            Some(digits) => Some(millionths(digits)?),
            None => None,
        };
        (hour < 24).then_some(Time { hour, minute, second, fraction })
    }

    /// Hours and minutes, and seconds where they are known.
    pub fn for_people(&self) -> String {
        let mut text = format!("{:02}", self.hour);
        for part in [self.minute.or(Some(0)), self.second].into_iter().flatten() {
            text.push_str(&format!(":{part:02}"));
        }
        text
    }

    /// The first millionth of a second of the day that it may mean.
    pub fn earliest(&self) -> u64 {
        let seconds = u64::from(self.hour) * 3600
            + u64::from(self.minute.unwrap_or(0)) * 60
            + u64::from(self.second.unwrap_or(0));
        seconds * 1_000_000 + u64::from(self.fraction.map_or(0, |(millionths, _)| millionths))
    }

    /// The last millionth of a second of the day that it may mean.
    pub fn latest(&self) -> u64 {
        let width = match (self.minute, self.second, self.fraction) {
            (None, _, _) => 3_600_000_000,
            (_, None, _) => 60_000_000,
            (_, _, None) => 1_000_000,
            (_, _, Some((_, digits))) => 10_u64.pow(u32::from(6_u8.saturating_sub(digits))),
        };
        self.earliest() + width - 1
    }
}

impl DateTime {
    /// Reads a date time. None where it is none that exists.
    pub fn parse(text: &str) -> Option<DateTime> {
        let text = text.trim_matches([' ', '\0']);
        let (text, offset_minutes) = match text.rfind(['+', '-']) {
            Some(at) if at >= 4 => (&text[..at], Some(offset(&text[at..])?)),
            _ => (text, None),
        };
        let date_length = text.find('.').unwrap_or(text.len()).min(8);
        let date = Date::digits(text.get(..date_length)?)?;
        let time = match text.get(8..).filter(|rest| !rest.is_empty()) {
            Some(rest) => Some(Time::digits(rest)?),
            None => None,
        };
        Some(DateTime { date, time, offset_minutes })
    }

    /// Whether text is a date time as the standard has it.
    pub fn is_strict(text: &str) -> bool {
        let parsed = DateTime::parse(text.trim_end_matches(' '));
        parsed.is_some_and(|parsed| {
            parsed.time.is_none_or(|time| time.fraction.is_none_or(|(_, digits)| digits <= 6))
        })
    }

    /// The first millionth of a second since 1970 that it may mean, in UTC where the offset was said, else where it
    /// was written.
    pub fn earliest(&self) -> i64 {
        self.moment(false, self.time.map_or(0, |time| time.earliest()))
    }

    /// The last millionth of a second since 1970 that it may mean.
    pub fn latest(&self) -> i64 {
        self.moment(true, self.time.map_or(DAY - 1, |time| time.latest()))
    }

    fn moment(&self, latest: bool, of_day: u64) -> i64 {
        let shift = i64::from(self.offset_minutes.unwrap_or(0)) * 60_000_000;
        self.date.days(latest) * DAY as i64 + of_day as i64 - shift
    }
}

const DAY: u64 = 86_400_000_000;

fn is_separated(text: &[u8]) -> bool {
    matches!(text, [_, _, _, _, b'.' | b'-' | b'/', _, _, b'.' | b'-' | b'/', _, _])
}

fn offset(text: &str) -> Option<i16> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits = text.get(1..).filter(|digits| digits.len() == 4)?;
    let (hours, minutes) = (number(digits, 0, 2)? as i16, number(digits, 2, 2)? as i16);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn millionths(digits: &str) -> Option<(u32, u8)> {
    if digits.is_empty() || digits.len() > 12 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let six: String = digits.chars().chain("000000".chars()).take(6).collect();
    Some((six.parse().ok()?, digits.len() as u8))
}

/// The number at this place, if digits stand there.
fn number(text: &str, at: usize, length: usize) -> Option<u16> {
    let digits = text.get(at..at + length)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

/// Two digits at this place: nothing where the text ends before, none at all where they are wrong.
fn part(text: &str, at: usize, least: u8, most: u8) -> Option<Option<u8>> {
    if text.len() <= at {
        return Some(None);
    }
    let value = number(text, at, 2)? as u8;
    (least..=most).contains(&value).then_some(Some(value))
}

fn days_of(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
