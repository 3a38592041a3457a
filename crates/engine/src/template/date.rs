//! Dates and times as partners write them: read by pattern, written by pattern, moved between zones.
//!
//! A pattern is made of `yyyy yy MM M dd d HH H mm m ss s`, `S` (one letter per digit of the fraction; in
//! input one `S` takes as many digits as there are), `Z` (`+0100`), `XXX` (`+01:00`, or `Z` for UTC), `T`
//! and whatever is no letter, which stands for itself; other letters stand for themselves between quotes.
//! What is in brackets may be missing: `yyyy[MM[dd[HHmm[ss]]]]` writes as much as is known. Without
//! brackets what is not known is written as the first of its kind (month 01, hour 00).
//!
//! | pattern's name | stands for |
//! |---|---|
//! | `compact` | `yyyy[MM[dd[HH[mm[ss[.S]]]]]][Z]` |
//! | `iso` | `yyyy[-MM[-dd[THH:mm[:ss[.SSS]]]]][XXX]` |
//! | `german` | `dd.MM.yyyy[ HH:mm[:ss]]`, read also as `d.M.yy` |
//! | `epoch`, `epoch-ms` | seconds, milliseconds since 1970-01-01T00:00Z |
//! | `auto` | reading only: `compact`, `iso`, `german`, with a blank for the `T` too |
//!
//! Reading is tolerant: input may end early wherever the pattern has read at least the year, and hour 24
//! is the next day's 0. What names no such day is not read at all.

use jiff::civil;
use jiff::tz::{Offset, TimeZone};
use klinke_model::Timestamp;

/// A date or a time, as exact as it was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    year: i16,
    month: Option<i8>,
    day: Option<i8>,
    hour: Option<i8>,
    minute: Option<i8>,
    second: Option<i8>,
    /// Nanoseconds, and how many digits of them were written.
    fraction: Option<(i32, u8)>,
    /// Seconds east of Greenwich.
    offset: Option<i32>,
}

/// How a date is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// By its elements.
    Elements(Vec<Element>),
    /// Seconds, or milliseconds when true, since 1970-01-01T00:00Z.
    Epoch(bool),
}

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element {
    /// Stands for itself.
    Literal(char),
    /// A number of so many digits (in input 1 takes two as well).
    Number(Part, u8),
    /// The fraction of the second, so many digits.
    Fraction(u8),
    /// The zone; with a colon when true.
    Zone(bool),
    /// May be missing.
    Optional(Vec<Element>),
}

/// A part of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Part {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

/// A time zone of the IANA database, which is compiled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone(TimeZone);

const NAMED: [(&str, &str); 3] = [
    ("compact", "yyyy[MM[dd[HH[mm[ss[.S]]]]]][Z]"),
    ("iso", "yyyy[-MM[-dd[THH:mm[:ss[.SSS]]]]][XXX]"),
    ("german", "dd.MM.yyyy[ HH:mm[:ss]]"),
];
const AUTO: [&str; 6] = [
    NAMED[0].1,
    NAMED[1].1,
    "yyyy-MM-dd HH:mm[:ss[.S]][Z]",
    "yyyy-MM-dd[THH:mm[:ss[.S]]][Z]",
    "d.M.yyyy[[,] HH:mm[:ss]]",
    "d.M.yy[[,] HH:mm[:ss]]",
];

impl Zone {
    /// A zone by its name, as `Europe/Berlin` or `UTC`.
    pub fn named(name: &str) -> Option<Zone> {
        TimeZone::get(name).ok().map(Zone)
    }

    /// How many minutes the zone is ahead of UTC at a time.
    pub fn offset_minutes(&self, time: Timestamp) -> i32 {
        let at = jiff::Timestamp::from_microsecond(time.0).unwrap_or_default();
        self.0.to_offset(at).seconds() / 60
    }

    /// What a clock there shows, with the zone's word: `2026-12-01 03:07:16 CET`.
    pub fn clock(&self, time: Timestamp) -> String {
        let at = jiff::Timestamp::from_microsecond(time.0).unwrap_or_default();
        at.to_zoned_datetime(self.0.clone()).strftime("%F %T %Z").to_string()
    }
}

/// `Europe/Berlin`, where the program's users are; UTC should the database not have it.
impl Default for Zone {
    fn default() -> Self {
        Zone::named("Europe/Berlin").unwrap_or(Zone(TimeZone::UTC))
    }
}

impl Pattern {
    /// Compiles the patterns that a text names, separated by commas; the first that fits reads.
    pub fn input(text: &str) -> Result<Vec<Pattern>, String> {
        let mut patterns = Vec::new();
        for name in text.split(',').map(str::trim) {
            match name {
                "auto" => {
                    for pattern in AUTO {
                        patterns.push(Pattern::compile(pattern)?);
                    }
                }
                "german" => patterns.extend([Pattern::compile(AUTO[4])?, Pattern::compile(AUTO[5])?]),
                _ => patterns.push(Pattern::output(name)?),
            }
        }
        Ok(patterns)
    }

    /// Compiles one pattern.
    pub fn output(text: &str) -> Result<Pattern, String> {
        match text {
            "epoch" => Ok(Pattern::Epoch(false)),
            "epoch-ms" => Ok(Pattern::Epoch(true)),
            "auto" => Err("`auto` can be read, not written".to_owned()),
            _ => match NAMED.iter().find(|(name, _)| *name == text) {
                Some((_, pattern)) => Pattern::compile(pattern),
                None => Pattern::compile(text),
            },
        }
    }

    fn compile(text: &str) -> Result<Pattern, String> {
        let mut rest = text.chars().peekable();
        let elements = elements(&mut rest, 0)?;
        if !has_year(&elements) {
            return Err(format!("the date pattern `{text}` has no year (`yyyy`)"));
        }
        Ok(Pattern::Elements(elements))
    }

    /// Reads a text that is written so, all of it.
    pub fn read(&self, text: &str) -> Option<Moment> {
        match self {
            Pattern::Epoch(millis) => {
                let number: i64 = text.parse().ok()?;
                let micros = number.checked_mul(if *millis { 1000 } else { 1_000_000 })?;
                Moment::of(Timestamp(micros), &Zone(TimeZone::UTC))
            }
            Pattern::Elements(elements) => {
                let mut reading = Reading { rest: text, moment: Moment::default(), has_year: false };
                reading.all(elements)?;
                let done = reading.rest.is_empty() && reading.has_year;
                if done { reading.moment.checked() } else { None }
            }
        }
    }

    /// Writes a moment so. Epochs need at least a day, and its zone or `zone`.
    pub fn write(&self, moment: &Moment, zone: &Zone) -> Option<String> {
        match self {
            Pattern::Epoch(millis) => {
                let micros = moment.instant(zone)?.as_microsecond();
                Some(micros.div_euclid(if *millis { 1000 } else { 1_000_000 }).to_string())
            }
            Pattern::Elements(elements) => {
                let mut out = String::new();
                // A zone that nobody wrote is the zone's own at that time, if there is a time at all.
                let offset = moment.offset.or_else(|| {
                    let zoned =
                        moment.hour.is_some().then(|| moment.civil().to_zoned_datetime(zone.0.clone()));
                    zoned?.ok().map(|zoned| zoned.offset().seconds())
                });
                write_all(elements, moment, offset, &mut out);
                Some(out)
            }
        }
    }
}

impl Moment {
    /// A point in time, as a clock in `zone` shows it, to the millisecond.
    pub fn of(time: Timestamp, zone: &Zone) -> Option<Moment> {
        let instant = jiff::Timestamp::from_microsecond(time.0).ok()?;
        let zoned = instant.to_zoned_datetime(zone.0.clone());
        Some(Moment::of_civil(zoned.datetime(), Some(zoned.offset().seconds()), Some(3)))
    }

    fn of_civil(at: civil::DateTime, offset: Option<i32>, digits: Option<u8>) -> Moment {
        Moment {
            year: at.year(),
            month: Some(at.month()),
            day: Some(at.day()),
            hour: Some(at.hour()),
            minute: Some(at.minute()),
            second: Some(at.second()),
            fraction: digits.map(|digits| (at.subsec_nanosecond(), digits)),
            offset,
        }
    }

    /// The same moment on the clocks of `to`; without a zone of its own it is taken to be of `from`. A
    /// date without a time stays what it is.
    #[must_use]
    pub fn moved(&self, from: &Zone, to: &Zone) -> Moment {
        let (Some(_), Some(instant)) = (self.hour, self.instant(from)) else { return *self };
        let zoned = instant.to_zoned_datetime(to.0.clone());
        let whole =
            Moment::of_civil(zoned.datetime(), Some(zoned.offset().seconds()), self.fraction.map(|f| f.1));
        Moment { minute: self.minute.and(whole.minute), second: self.second.and(whole.second), ..whole }
    }

    fn civil(&self) -> civil::DateTime {
        let first = civil::date(self.year, 1, 1).at(0, 0, 0, 0);
        civil::DateTime::new(
            self.year,
            self.month.unwrap_or(1),
            self.day.unwrap_or(1),
            self.hour.unwrap_or(0),
            self.minute.unwrap_or(0),
            // A leap second is not a time of the calendar; the second before it is the nearest.
            self.second.unwrap_or(0).min(59),
            self.fraction.map_or(0, |fraction| fraction.0),
        )
        .unwrap_or(first)
    }

    fn instant(&self, zone: &Zone) -> Option<jiff::Timestamp> {
        self.day?;
        match self.offset {
            Some(seconds) => Offset::from_seconds(seconds).ok()?.to_timestamp(self.civil()).ok(),
            None => self.civil().to_zoned_datetime(zone.0.clone()).ok().map(|zoned| zoned.timestamp()),
        }
    }

    /// The moment if it exists; hour 24 becomes the next day.
    fn checked(mut self) -> Option<Moment> {
        if self.hour == Some(24) {
            let exact = self.minute.unwrap_or(0) == 0 && self.second.unwrap_or(0) == 0;
            if !exact {
                return None;
            }
            self.hour = Some(0);
            let next = self.civil().date().tomorrow().ok()?;
            (self.year, self.month, self.day) = (next.year(), Some(next.month()), Some(next.day()));
        }
        let date = civil::Date::new(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1));
        let in_range = |value: Option<i8>, most: i8| (0..=most).contains(&value.unwrap_or(0));
        let time = in_range(self.hour, 23) && in_range(self.minute, 59) && in_range(self.second, 60);
        (date.is_ok() && self.year > 0 && time).then_some(self)
    }

    fn part(&self, part: Part) -> Option<i32> {
        match part {
            Part::Year => Some(i32::from(self.year)),
            Part::Month => self.month.map(i32::from),
            Part::Day => self.day.map(i32::from),
            Part::Hour => self.hour.map(i32::from),
            Part::Minute => self.minute.map(i32::from),
            Part::Second => self.second.map(i32::from),
        }
    }

    fn put(&mut self, part: Part, value: i32) -> Option<()> {
        let small = || i8::try_from(value).ok();
        match part {
            Part::Year => self.year = i16::try_from(value).ok()?,
            Part::Month => self.month = Some(small()?),
            Part::Day => self.day = Some(small()?),
            Part::Hour => self.hour = Some(small()?),
            Part::Minute => self.minute = Some(small()?),
            Part::Second => self.second = Some(small()?),
        }
        Some(())
    }
}

/// What of an input is left.
#[derive(Clone, Copy)]
struct Reading<'a> {
    rest: &'a str,
    moment: Moment,
    has_year: bool,
}

impl Reading<'_> {
    fn all(&mut self, elements: &[Element]) -> Option<()> {
        for element in elements {
            if self.rest.is_empty() && self.has_year {
                return Some(());
            }
            self.one(element)?;
        }
        Some(())
    }

    fn one(&mut self, element: &Element) -> Option<()> {
        match element {
            Element::Literal(literal) => self.rest = self.rest.strip_prefix(*literal)?,
            Element::Number(part, width) => {
                let value = self.number(*width, (*width).max(2))?;
                let century = if value < 50 { 2000 } else { 1900 };
                let short_year = *part == Part::Year && *width == 2;
                self.moment.put(*part, if short_year { value + century } else { value })?;
                self.has_year |= *part == Part::Year;
            }
            Element::Fraction(width) => {
                let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
                let taken = if *width == 1 { digits.min(9) } else { usize::from(*width).min(digits) };
                let value = self.number(u8::try_from(taken.max(1)).ok()?, 9)?;
                let scale = 10_i32.pow(9 - u32::try_from(taken).ok()?);
                self.moment.fraction = Some((value.checked_mul(scale)?, u8::try_from(taken).ok()?));
            }
            Element::Zone(_) => self.zone()?,
            Element::Optional(inner) => {
                let mut attempt = *self;
                if attempt.all(inner).is_some() {
                    *self = attempt;
                }
            }
        }
        Some(())
    }

    /// A number of `width` digits; of one or two where `width` is 1.
    fn number(&mut self, width: u8, most: u8) -> Option<i32> {
        let digits = self.rest.bytes().take(most.into()).take_while(u8::is_ascii_digit).count();
        let taken = if width == 1 { digits } else { digits.min(width.into()) };
        if taken == 0 || taken < usize::from(width) {
            return None;
        }
        let (number, rest) = self.rest.split_at(taken);
        self.rest = rest;
        number.parse().ok()
    }

    fn zone(&mut self) -> Option<()> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            (self.rest, self.moment.offset) = (rest, Some(0));
            return Some(());
        }
        let sign = match self.rest.bytes().next()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        self.rest = &self.rest[1..];
        let hours = self.number(2, 2)?;
        self.rest = self.rest.strip_prefix(':').unwrap_or(self.rest);
        let minutes = if self.rest.is_empty() { 0 } else { self.number(2, 2)? };
        let in_range = hours <= 18 && minutes < 60;
        self.moment.offset = in_range.then_some(sign * (hours * 3600 + minutes * 60));
        in_range.then_some(())
    }
}

fn elements(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, depth: u8) -> Result<Vec<Element>, String> {
    let mut all = Vec::new();
    while let Some(letter) = rest.next() {
        let mut same = || {
            let mut width: u8 = 1;
            while rest.next_if_eq(&letter).is_some() {
                width = width.saturating_add(1);
            }
            width
        };
        let element = match letter {
            '[' if depth == 16 => return Err("brackets are nested too deeply".to_owned()),
            '[' => Element::Optional(elements(rest, depth + 1)?),
            ']' if depth > 0 => return Ok(all),
            ']' => return Err("`]` closes nothing in the date pattern".to_owned()),
            '\'' => {
                all.extend(rest.by_ref().take_while(|&c| c != '\'').map(Element::Literal));
                continue;
            }
            'T' => Element::Literal('T'),
            'S' => Element::Fraction(same().min(9)),
            'Z' => {
                same();
                Element::Zone(false)
            }
            'X' => {
                same();
                Element::Zone(true)
            }
            _ if letter.is_ascii_alphabetic() => number_element(letter, same())?,
            _ => Element::Literal(letter),
        };
        all.push(element);
    }
    if depth > 0 { Err("`[` is not closed in the date pattern".to_owned()) } else { Ok(all) }
}

fn number_element(letter: char, width: u8) -> Result<Element, String> {
    let (part, widths): (_, &[u8]) = match letter {
        'y' => (Part::Year, &[2, 4]),
        'M' => (Part::Month, &[1, 2]),
        'd' => (Part::Day, &[1, 2]),
        'H' => (Part::Hour, &[1, 2]),
        'm' => (Part::Minute, &[1, 2]),
        's' => (Part::Second, &[1, 2]),
        _ => return Err(format!("`{letter}` means nothing in a date pattern; letters of text go in quotes")),
    };
    if widths.contains(&width) {
        return Ok(Element::Number(part, width));
    }
    Err(format!(
        "`{letter}` stands {width} times in the date pattern, only {} or {} mean something",
        widths[0], widths[1]
    ))
}

fn has_year(elements: &[Element]) -> bool {
    elements.iter().any(|element| match element {
        Element::Number(Part::Year, _) => true,
        Element::Optional(inner) => has_year(inner),
        _ => false,
    })
}

fn write_all(elements: &[Element], moment: &Moment, offset: Option<i32>, out: &mut String) {
    for element in elements {
        match element {
            Element::Literal(literal) => out.push(*literal),
            Element::Number(part, width) => {
                let first = i32::from(matches!(part, Part::Month | Part::Day));
                let value = moment.part(*part).unwrap_or(first);
                let value = if *part == Part::Year && *width == 2 { value.rem_euclid(100) } else { value };
                out.push_str(&format!("{value:0width$}", width = usize::from(*width)));
            }
            Element::Fraction(width) => {
                let digits = format!("{:09}", moment.fraction.map_or(0, |fraction| fraction.0));
                let written = moment.fraction.map_or(1, |fraction| fraction.1);
                let width = if *width == 1 { written.max(1) } else { *width };
                out.push_str(&digits[..usize::from(width.min(9))]);
            }
            Element::Zone(colon) => write_zone(*colon, offset.unwrap_or(0), out),
            Element::Optional(inner) => {
                if known(inner, moment) {
                    write_all(inner, moment, offset, out);
                }
            }
        }
    }
}

fn write_zone(colon: bool, offset: i32, out: &mut String) {
    if colon && offset == 0 {
        out.push('Z');
        return;
    }
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
    let separator = if colon { ":" } else { "" };
    out.push_str(&format!("{sign}{:02}{separator}{:02}", minutes / 60, minutes % 60));
}

/// True when the moment knows what an optional piece writes, apart from pieces within it that are
/// optional themselves. A zone is known when it was written: brackets add none.
fn known(elements: &[Element], moment: &Moment) -> bool {
    elements.iter().all(|element| match element {
        Element::Literal(_) | Element::Optional(_) => true,
        Element::Number(part, _) => moment.part(*part).is_some(),
        Element::Fraction(_) => moment.fraction.is_some(),
        Element::Zone(_) => moment.offset.is_some() && moment.hour.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn convert(from: &str, to: &str, text: &str) -> Option<String> {
        let moment = Pattern::input(from).expect(from).iter().find_map(|pattern| pattern.read(text))?;
        Pattern::output(to).expect(to).write(&moment, &Zone::default())
    }

    #[test]
    fn reads_what_partners_write() {
        for (text, iso) in [
            ("1980", "1980"),
            ("198003", "1980-03"),
            ("19800301", "1980-03-01"),
            ("198003011405", "1980-03-01T14:05"),
            ("19800301140506", "1980-03-01T14:05:06"),
            ("19800301140506.1234+0100", "1980-03-01T14:05:06.123+01:00"),
            ("19800301140506-0500", "1980-03-01T14:05:06-05:00"),
            ("1980-03-01", "1980-03-01"),
            ("1980-03-01T14:05:06Z", "1980-03-01T14:05:06Z"),
            ("1980-03-01 14:05", "1980-03-01T14:05"),
            ("1.3.1980", "1980-03-01"),
            ("01.03.80", "1980-03-01"),
            ("01.03.1980, 14:05", "1980-03-01T14:05"),
            ("201612312400", "2017-01-01T00:00"),
            ("20160229", "2016-02-29"),
        ] {
            assert_eq!(convert("auto", "iso", text).as_deref(), Some(iso), "{text}");
        }
        for text in ["", "00000000", "20250229", "20251301", "2025010125", "today", "20250101x", "99"] {
            assert_eq!(convert("auto", "iso", text), None, "{text}");
        }
    }

    #[test]
    fn writes_as_much_as_the_pattern_asks() {
        assert_eq!(convert("compact", "yyyyMMddHHmm", "1980").as_deref(), Some("198001010000"));
        assert_eq!(convert("compact", "yyyy[MM[dd[HHmm]]]", "198003").as_deref(), Some("198003"));
        assert_eq!(convert("compact", "d.M.yy", "19800301").as_deref(), Some("1.3.80"));
        assert_eq!(
            convert("compact", "dd.MM.yyyy 'um' HH:mm 'Uhr'", "198003011405").as_deref(),
            Some("01.03.1980 um 14:05 Uhr")
        );
        assert_eq!(
            convert("compact", "HH:mm:ss.SSS yyyy", "19800301140506.5").as_deref(),
            Some("14:05:06.500 1980")
        );
        assert_eq!(convert("dd/MM/yyyy,MM-yyyy", "compact", "03-1980").as_deref(), Some("198003"));
    }

    #[test]
    fn zones_and_epochs() {
        let berlin = Zone::default();
        let utc = Zone::named("UTC").expect("UTC");
        let read = |text: &str| Pattern::output("compact").expect("compact").read(text).expect(text);
        let iso = Pattern::output("iso").expect("iso");
        let moved = |text: &str| iso.write(&read(text).moved(&berlin, &utc), &utc);
        assert_eq!(moved("202607011200").as_deref(), Some("2026-07-01T10:00Z"), "summer");
        assert_eq!(moved("202601011200").as_deref(), Some("2026-01-01T11:00Z"), "winter");
        assert_eq!(moved("202601011200+0500").as_deref(), Some("2026-01-01T07:00Z"), "its own zone");
        assert_eq!(moved("20260101").as_deref(), Some("2026-01-01"), "a date has no zone");
        assert_eq!(convert("compact", "yyyyMMddHHmmZ", "202607011200").as_deref(), Some("202607011200+0200"));
        assert_eq!(convert("compact", "epoch", "19700101010000").as_deref(), Some("0"));
        assert_eq!(convert("epoch-ms", "iso", "951782400123").as_deref(), Some("2000-02-29T00:00:00.123Z"));
        assert_eq!(convert("compact", "epoch", "1970"), None);
    }

    #[test]
    fn wrong_patterns_say_what_is_wrong() {
        let error = |text: &str| Pattern::output(text).expect_err("a fault");
        assert_eq!(error("yyy"), "`y` stands 3 times in the date pattern, only 2 or 4 mean something");
        assert_eq!(error("yyyyQQ"), "`Q` means nothing in a date pattern; letters of text go in quotes");
        assert_eq!(error("HHmm"), "the date pattern `HHmm` has no year (`yyyy`)");
        assert_eq!(error("yyyy[MM"), "`[` is not closed in the date pattern");
        assert_eq!(error("yyyy]"), "`]` closes nothing in the date pattern");
    }
}
