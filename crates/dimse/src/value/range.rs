//! Ranges as queries have them (PS3.4, section C.2.2.2.5).

use super::{Date, DateTime, Time};

/// From one value to another, both included; open where a side is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range<T> {
    /// The first value.
    pub from: Option<T>,
    /// The last value.
    pub to: Option<T>,
}

impl Range<Date> {
    /// Reads a range of dates, or one date. None where a side is no date.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches([' ', '\0']);
        if let Some(date) = Date::parse(text) {
            return Some(Range { from: Some(date), to: Some(date) });
        }
        sides(text, text.match_indices('-').map(|(at, _)| at), Date::parse)
    }

    /// Whether a date, as far as it is known, lies in the range.
    pub fn contains(&self, date: &Date) -> bool {
        self.from.is_none_or(|from| date.latest() >= from.earliest())
            && self.to.is_none_or(|to| date.earliest() <= to.latest())
    }
}

impl Range<Time> {
    /// Reads a range of times, or one time. None where a side is no time.
    pub fn parse(text: &str) -> Option<Self> {
        sides(text.trim_matches([' ', '\0']), text.find('-'), Time::parse)
    }

    /// Whether a time, as far as it is known, lies in the range. A range that ends before it begins goes over
    /// midnight.
    pub fn contains(&self, time: &Time) -> bool {
        let after = self.from.is_none_or(|from| time.latest() >= from.earliest());
        let before = self.to.is_none_or(|to| time.earliest() <= to.latest());
        match (self.from, self.to) {
            (Some(from), Some(to)) if to.latest() < from.earliest() => after || before,
            _ => after && before,
        }
    }
}

impl Range<DateTime> {
    /// Reads a range of date times, or one. A hyphen and four digits behind a date time are its offset.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches([' ', '\0']);
        if let Some(moment) = DateTime::parse(text) {
            return Some(Range { from: Some(moment), to: Some(moment) });
        }
        sides(text, text.match_indices('-').map(|(at, _)| at), DateTime::parse)
    }

    /// Whether a date time, as far as it is known, lies in the range.
    pub fn contains(&self, moment: &DateTime) -> bool {
        self.from.is_none_or(|from| moment.latest() >= from.earliest())
            && self.to.is_none_or(|to| moment.earliest() <= to.latest())
    }
}

/// Tries each hyphen until both sides can be read. Without any hyphen, the text is both sides.
fn sides<T: Copy>(
    text: &str,
    hyphens: impl IntoIterator<Item = usize>,
    parse: impl Fn(&str) -> Option<T>,
) -> Option<Range<T>> {
    let side = |text: &str| if text.trim().is_empty() { Some(None) } else { parse(text).map(Some) };
    if !text.contains('-') {
        let value = parse(text)?;
        return Some(Range { from: Some(value), to: Some(value) });
    }
    hyphens.into_iter().find_map(|at| {
        let (from, to) = (side(text.get(..at)?)?, side(text.get(at + 1..)?)?);
        (from.is_some() || to.is_some()).then_some(Range { from, to })
    })
}
