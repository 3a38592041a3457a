//! HL7 dates and times (types DT, TM, DTM and TS; HL7 v2.5.1 chapter 2.A, 2.A.21 and 2.A.22):
//! `YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]`, every precision, with zone. No clock: what is
//! now is the caller's to say.
//!
//! [`parse`] also reads what senders write instead (separators, ISO 8601, 24:00, zeros for unknown
//! parts) and says so.

use std::fmt;

/// A point in time as precise as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timestamp {
    /// Year, 0-9999.
    pub year: u16,
    /// Month, 1-12.
    pub month: Option<u8>,
    /// Day, 1-31; only with a month.
    pub day: Option<u8>,
    /// Hour, 0-23; only with a day.
    pub hour: Option<u8>,
    /// Minute, 0-59; only with an hour.
    pub minute: Option<u8>,
    /// Second, 0-60 (leap seconds exist); only with a minute.
    pub second: Option<u8>,
    /// Fraction of a second; only with a second.
    pub fraction: Option<Fraction>,
    /// Offset from UTC in minutes, east positive.
    pub zone_minutes: Option<i16>,
}

/// A decimal fraction of a second: `.25` has the value 25 and two digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fraction {
    /// The digits as a number.
    pub value: u32,
    /// How many digits there are, 1-9.
    pub digits: u8,
}

/// What was odd about a date that could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Oddity {
    /// Written in ISO 8601 (`2024-03-05T10:15:30Z`).
    Iso,
    /// Written with separators, or as day.month.year.
    Separators,
    /// 24:00, read as 00:00 of the next day.
    Hour24,
    /// Zeros for what is not known (`19700000`), read as less precise.
    ZeroParts,
    /// White space around it.
    Spaces,
    /// A zone like `+1`, `+01:00` or `Z`.
    ZoneForm,
    /// More than four digits behind the point.
    LongFraction,
}

/// Why a text is no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Error {
    /// There is nothing.
    #[error("the date is empty")]
    Empty,
    /// Nothing but zeros: the sender has no date and says so in its own way.
    #[error("the date consists of zeros")]
    Zeros,
    /// Not written as a date.
    #[error("not written as a date")]
    Form,
    /// Written as a date that does not exist.
    #[error("the {0} does not exist")]
    Range(&'static str),
}

/// Read a date as HL7 writes it, strictly.
pub fn parse_strict(text: &str) -> Result<Timestamp, Error> {
    match parse(text) {
        Ok((timestamp, None)) => Ok(timestamp),
        Ok(_) => Err(Error::Form),
        Err(error) => Err(error),
    }
}

/// Read a date, tolerantly; says what was odd.
pub fn parse(text: &str) -> Result<(Timestamp, Option<Oddity>), Error> {
    let trimmed = text.trim();
    let spaces = (trimmed.len() != text.len()).then_some(Oddity::Spaces);
    if trimmed.is_empty() {
        return Err(Error::Empty);
    }
    if trimmed.len() > 40 || !trimmed.is_ascii() {
        return Err(Error::Form);
    }
    if trimmed.bytes().any(|b| b.is_ascii_digit()) && trimmed.bytes().all(|b| matches!(b, b'0' | b'.' | b'-'))
    {
        return Err(Error::Zeros);
    }
    let (timestamp, oddity) = match compact(trimmed) {
        Err(Error::Form) => separated(trimmed)?,
        other => other?,
    };
    Ok((timestamp, oddity.or(spaces)))
}

/// `YYYYMMDDHHMMSS.SSSS+ZZZZ`
fn compact(text: &str) -> Result<(Timestamp, Option<Oddity>), Error> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (main, rest) = text.split_at(digits);
    let (fraction, rest) = split_fraction(rest)?;
    if !matches!(digits, 4 | 6 | 8 | 10 | 12 | 14) || fraction.is_some() && digits != 14 {
        return Err(Error::Form);
    }
    let (zone, zone_oddity) = zone(rest)?;
    let part = |at: usize| main.get(at..at + 2).and_then(|p| p.parse::<u8>().ok());
    let year = main[..4].parse().map_err(|_| Error::Form)?;
    let parts = Parts { year, rest: [part(4), part(6), part(8), part(10), part(12)], fraction, zone };
    let long = fraction.is_some_and(|f| f.digits > 4).then_some(Oddity::LongFraction);
    let (timestamp, oddity) = parts.check()?;
    Ok((timestamp, oddity.or(zone_oddity).or(long)))
}

/// `2024-03-05T10:15:30.5+01:00`, `2024/03/05 10:15`, `05.03.2024 10:15:30`
fn separated(text: &str) -> Result<(Timestamp, Option<Oddity>), Error> {
    let end = text.find(['T', ' ', 't']).unwrap_or(text.len());
    let (date, rest) = text.split_at(end);
    let separator = date.chars().find(|c| !c.is_ascii_digit()).ok_or(Error::Form)?;
    if !matches!(separator, '-' | '/' | '.') {
        return Err(Error::Form);
    }
    let mut parts = date.split(separator);
    let mut next = || parts.next();
    let (a, b, c) = (next(), next(), next());
    if next().is_some() {
        return Err(Error::Form);
    }
    // Day first is the German form with points; the other separators come with the year first.
    let (year, month, day) = match (a, b, c) {
        (Some(day), Some(month), Some(year)) if separator == '.' && year.len() == 4 => {
            (year, Some(month), Some(day))
        }
        (Some(year), month, day) if year.len() == 4 => (year, month, day),
        _ => return Err(Error::Form),
    };
    let [hour, minute, second, fraction, zone] = clock(rest)?;
    let two = |part: Option<&str>| part.map(|p| number(p, 2).map(|n| n as u8)).transpose();
    let fraction = fraction.map(fraction_of).transpose()?;
    let (zone, _) = self::zone(zone.unwrap_or(""))?;
    let parts = Parts {
        year: number(year, 4)? as u16,
        rest: [two(month)?, two(day)?, two(hour)?, two(minute)?, two(second)?],
        fraction,
        zone,
    };
    let iso = separator == '-' && (rest.is_empty() || rest.starts_with(['T', 't']));
    let (timestamp, oddity) = parts.check()?;
    Ok((timestamp, oddity.or(Some(if iso { Oddity::Iso } else { Oddity::Separators }))))
}

/// Hour, minute, second, fraction and zone of `T10:15:30.5+01:00`.
fn clock(rest: &str) -> Result<[Option<&str>; 5], Error> {
    if rest.is_empty() {
        return Ok([None; 5]);
    }
    let time = rest[1..].trim_start();
    let zone_at = time.find(['+', '-', 'Z', 'z']).unwrap_or(time.len());
    let (time, zone) = time.split_at(zone_at);
    let (time, fraction) = match time.split_once(['.', ',']) {
        Some((time, fraction)) => (time, Some(fraction)),
        None => (time, None),
    };
    let mut parts = time.trim_end().split(':');
    let clock = [parts.next(), parts.next(), parts.next()];
    if parts.next().is_some()
        || clock[0].is_none_or(str::is_empty)
        || fraction.is_some() && clock[2].is_none()
    {
        return Err(Error::Form);
    }
    Ok([clock[0], clock[1], clock[2], fraction, Some(zone)])
}

fn number(text: &str, digits_max: usize) -> Result<u32, Error> {
    if text.is_empty() || text.len() > digits_max || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Error::Form);
    }
    text.parse().map_err(|_| Error::Form)
}

fn split_fraction(rest: &str) -> Result<(Option<Fraction>, &str), Error> {
    let Some(rest) = rest.strip_prefix('.') else { return Ok((None, rest)) };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    Ok((Some(fraction_of(&rest[..digits])?), &rest[digits..]))
}

fn fraction_of(digits: &str) -> Result<Fraction, Error> {
    let kept = &digits[..digits.len().min(9)];
    Ok(Fraction { value: number(kept, 9)?, digits: kept.len() as u8 })
}

/// `+0100`; `+01:00`, `+1`, `+01` and `Z` are odd.
fn zone(text: &str) -> Result<(Option<i16>, Option<Oddity>), Error> {
    let (sign, digits) = match text.as_bytes() {
        [] => return Ok((None, None)),
        b"Z" | b"z" => return Ok((Some(0), Some(Oddity::ZoneForm))),
        [b'+', ..] => (1, &text[1..]),
        [b'-', ..] => (-1, &text[1..]),
        _ => return Err(Error::Form),
    };
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some((hours, minutes)), _) => (number(hours, 2)?, number(minutes, 2)?),
        (None, 4) => (number(&digits[..2], 2)?, number(&digits[2..], 2)?),
        (None, 1 | 2) => (number(digits, 2)?, 0),
        _ => return Err(Error::Form),
    };
    if hours > 14 || minutes > 59 {
        return Err(Error::Range("time zone"));
    }
    let odd = (digits.len() != 4).then_some(Oddity::ZoneForm);
    Ok((Some(sign * (hours * 60 + minutes) as i16), odd))
}

/// The parts of a date before they are checked.
struct Parts {
    year: u16,
    /// Month, day, hour, minute, second.
    rest: [Option<u8>; 5],
    fraction: Option<Fraction>,
    zone: Option<i16>,
}

impl Parts {
    fn check(self) -> Result<(Timestamp, Option<Oddity>), Error> {
        let [mut month, mut day, mut hour, mut minute, mut second] = self.rest;
        let mut oddity = None;
        if month == Some(0) || day == Some(0) {
            let time = [hour, minute, second].into_iter().flatten().any(|part| part != 0);
            if time || month == Some(0) && day.is_some_and(|day| day != 0) {
                return Err(Error::Range(if month == Some(0) { "month" } else { "day" }));
            }
            oddity = Some(Oddity::ZeroParts);
            month = month.filter(|month| *month != 0);
            (day, hour, minute, second) = (None, None, None, None);
        }
        let midnight = hour == Some(24) && minute.unwrap_or(0) == 0 && second.unwrap_or(0) == 0;
        if midnight {
            hour = Some(0);
            oddity = Some(Oddity::Hour24);
        }
        let fraction = if second.is_some() { self.fraction } else { None };
        let timestamp = Timestamp {
            year: self.year,
            month,
            day,
            hour,
            minute,
            second,
            fraction,
            zone_minutes: self.zone,
        };
        timestamp.check()?;
        Ok((if midnight { timestamp.plus_days(1) } else { timestamp }, oddity))
    }
}

impl Timestamp {
    /// A date without time.
    pub fn date(year: u16, month: u8, day: u8) -> Result<Self, Error> {
        let date = Self {
            year,
            month: Some(month),
            day: Some(day),
            hour: None,
            minute: None,
            second: None,
            fraction: None,
            zone_minutes: None,
        };
        date.check().map(|()| date)
    }

    /// Seconds since 1970-01-01 00:00 UTC as a time in a zone, to the second.
    pub fn from_unix(seconds: i64, zone_minutes: i16) -> Self {
        let local = seconds.clamp(-62_135_596_800, 253_402_214_400) + i64::from(zone_minutes) * 60;
        let (year, month, day) = civil(local.div_euclid(86_400));
        let second = local.rem_euclid(86_400);
        Self {
            year,
            month: Some(month),
            day: Some(day),
            hour: Some((second / 3600) as u8),
            minute: Some((second / 60 % 60) as u8),
            second: Some((second % 60) as u8),
            fraction: None,
            zone_minutes: Some(zone_minutes),
        }
    }

    /// Seconds since 1970-01-01 00:00 UTC; parts that are not there count as their first value.
    /// `zone_minutes` is for times that have no zone of their own.
    pub fn to_unix(&self, zone_minutes: i16) -> i64 {
        let days = days(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1));
        let clock = [(self.hour, 3600), (self.minute, 60), (self.second, 1)];
        let seconds: i64 = clock.iter().map(|(part, unit)| i64::from(part.unwrap_or(0)) * unit).sum();
        days * 86_400 + seconds - i64::from(self.zone_minutes.unwrap_or(zone_minutes)) * 60
    }

    /// The same moment in another zone. Only a time with hour and zone can be moved; anything else
    /// stays as it is.
    #[must_use]
    pub fn in_zone(&self, zone_minutes: i16) -> Self {
        if self.hour.is_none() || self.zone_minutes.is_none() {
            return *self;
        }
        let moved = Self::from_unix(self.to_unix(0), zone_minutes);
        let minute = self.minute.and(moved.minute);
        Self { minute, second: self.second, fraction: self.fraction, ..moved }
    }

    /// Without time and zone.
    #[must_use]
    pub fn date_only(&self) -> Self {
        Self { hour: None, minute: None, second: None, fraction: None, zone_minutes: None, ..*self }
    }

    /// Without fraction.
    #[must_use]
    pub fn to_seconds(&self) -> Self {
        Self { fraction: None, ..*self }
    }

    /// As ISO 8601, the extended form, which is also FHIR's (`2024-03-05T10:15:30.5+01:00`).
    pub fn to_iso(&self) -> String {
        use std::fmt::Write as _;
        let mut out = format!("{:04}", self.year);
        let parts =
            [('-', self.month), ('-', self.day), ('T', self.hour), (':', self.minute), (':', self.second)];
        for (separator, part) in parts {
            let Some(part) = part else { break };
            // Writing to a String does not fail.
            let _ = write!(out, "{separator}{part:02}");
        }
        if self.hour.is_some() && self.minute.is_none() {
            out.push_str(":00");
        }
        if let Some(fraction) = self.fraction {
            let _ = write!(out, ".{:0width$}", fraction.value, width = fraction.digits as usize);
        }
        match self.zone_minutes.filter(|_| self.hour.is_some()) {
            Some(0) => out.push('Z'),
            Some(zone) => {
                let (sign, zone) = sign(zone);
                let _ = write!(out, "{sign}{:02}:{:02}", zone / 60, zone % 60);
            }
            None => {}
        }
        out
    }

    /// From ISO 8601.
    pub fn from_iso(text: &str) -> Result<Self, Error> {
        separated(text).or_else(|_| compact(text)).map(|(timestamp, _)| timestamp)
    }

    fn plus_days(&self, count: i64) -> Self {
        let (year, month, day) =
            civil(days(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1)) + count);
        Self { year, month: Some(month), day: Some(day), ..*self }
    }

    fn check(&self) -> Result<(), Error> {
        let in_range =
            |part: Option<u8>, first: u8, last: u8| part.is_none_or(|p| (first..=last).contains(&p));
        if !in_range(self.month, 1, 12) {
            return Err(Error::Range("month"));
        }
        if !in_range(self.day, 1, days_in_month(self.year, self.month.unwrap_or(1))) {
            return Err(Error::Range("day"));
        }
        if !in_range(self.hour, 0, 23) {
            return Err(Error::Range("hour"));
        }
        if !in_range(self.minute, 0, 59) {
            return Err(Error::Range("minute"));
        }
        if in_range(self.second, 0, 60) { Ok(()) } else { Err(Error::Range("second")) }
    }
}

/// Writes the HL7 form.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        for part in [self.month, self.day, self.hour, self.minute, self.second] {
            let Some(part) = part else { break };
            write!(f, "{part:02}")?;
        }
        if let Some(fraction) = self.fraction {
            write!(f, ".{:0width$}", fraction.value, width = fraction.digits as usize)?;
        }
        match self.zone_minutes {
            Some(zone) => {
                let (sign, zone) = sign(zone);
                write!(f, "{sign}{:02}{:02}", zone / 60, zone % 60)
            }
            None => Ok(()),
        }
    }
}

fn sign(zone: i16) -> (char, u16) {
    (if zone < 0 { '-' } else { '+' }, zone.unsigned_abs())
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400)
}

fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01. Years are counted from March, so that the leap day comes last.
fn days(year: u16, month: u8, day: u8) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let month = (i64::from(month) + 9) % 12;
    let of_year = (153 * month + 2) / 5 + i64::from(day) - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468
}

/// Year, month and day of a day counted from 1970-01-01.
fn civil(days: i64) -> (u16, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (u16::try_from(year).unwrap_or(0), month as u8, day as u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_precision_is_read_and_written() {
        for (hl7, iso) in [
            ("2024", "2024"),
            ("202403", "2024-03"),
            ("20240305", "2024-03-05"),
            ("2024030510", "2024-03-05T10:00"),
            ("202403051015", "2024-03-05T10:15"),
            ("20240305101530", "2024-03-05T10:15:30"),
            ("20240305101530.5", "2024-03-05T10:15:30.5"),
            ("20240305101530.0250", "2024-03-05T10:15:30.0250"),
            ("202403051015+0100", "2024-03-05T10:15+01:00"),
            ("20240305101530.123-0330", "2024-03-05T10:15:30.123-03:30"),
            ("20240305101530+0000", "2024-03-05T10:15:30Z"),
        ] {
            let timestamp = parse_strict(hl7).expect(hl7);
            assert_eq!(timestamp.to_string(), hl7);
            assert_eq!(timestamp.to_iso(), iso);
            let minutes = Timestamp { minute: timestamp.minute.or(timestamp.hour.map(|_| 0)), ..timestamp };
            assert_eq!(Timestamp::from_iso(iso), Ok(minutes));
        }
    }

    #[test]
    fn what_senders_write_instead_is_read_and_noted() {
        for (text, hl7, oddity) in [
            ("2024-03-05", "20240305", Oddity::Iso),
            ("2024-03-05T10:15:30Z", "20240305101530+0000", Oddity::Iso),
            ("2024-03-05T10:15:30.25+01:00", "20240305101530.25+0100", Oddity::Iso),
            ("2024-03-05 10:15", "202403051015", Oddity::Separators),
            ("05.03.2024", "20240305", Oddity::Separators),
            ("5.3.2024 7:05:01", "20240305070501", Oddity::Separators),
            ("2024/03/05", "20240305", Oddity::Separators),
            ("202402292400", "202403010000", Oddity::Hour24),
            ("19700000", "1970", Oddity::ZeroParts),
            ("19701200", "197012", Oddity::ZeroParts),
            ("19700000000000", "1970", Oddity::ZeroParts),
            (" 20240305 ", "20240305", Oddity::Spaces),
            ("202403051015+1", "202403051015+0100", Oddity::ZoneForm),
            ("20240305101530.123456", "20240305101530.123456", Oddity::LongFraction),
        ] {
            let (timestamp, odd) = parse(text).expect(text);
            assert_eq!((timestamp.to_string().as_str(), odd), (hl7, Some(oddity)), "{text}");
            assert!(parse_strict(text).is_err());
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for (text, error) in [
            ("", Error::Empty),
            ("  ", Error::Empty),
            ("00000000", Error::Zeros),
            ("0000-00-00", Error::Zeros),
            ("heute", Error::Form),
            ("2024030", Error::Form),
            ("20241305", Error::Range("month")),
            ("20230229", Error::Range("day")),
            ("2024030525", Error::Range("hour")),
            ("202403052401", Error::Range("hour")),
            ("202403051060", Error::Range("minute")),
            ("20240305101561", Error::Range("second")),
            ("20240305+2500", Error::Range("time zone")),
            ("ä0240305", Error::Form),
            ("1-2-3-4", Error::Form),
            ("2024-03-05T", Error::Form),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn moments_are_moved_between_zones() {
        let summer = parse_strict("20240701003000+0200").expect("a date");
        assert_eq!(summer.in_zone(0).to_string(), "20240630223000+0000");
        assert_eq!(summer.to_unix(0), 1_719_786_600);
        assert_eq!(Timestamp::from_unix(1_719_786_600, 120), summer);
        assert_eq!(Timestamp::from_unix(-1, 0).to_string(), "19691231235959+0000");
        let date = parse_strict("20240701").expect("a date");
        assert_eq!(date.in_zone(0), date);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,30}") {
            let _ = parse(&text);
        }

        #[test]
        fn unix_time_goes_there_and_back(seconds in -62_000_000_000i64..250_000_000_000, zone in -840i16..840) {
            let timestamp = Timestamp::from_unix(seconds, zone);
            prop_assert_eq!(timestamp.to_unix(0), seconds);
            prop_assert_eq!(parse_strict(&timestamp.to_string()), Ok(timestamp));
            prop_assert_eq!(Timestamp::from_iso(&timestamp.to_iso()), Ok(timestamp));
        }
    }
}
