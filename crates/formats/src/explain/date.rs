//! Dates, times and ages as people write them.

use klinke_hl7v2::definitions::Language;
use klinke_hl7v2::time::{self, Timestamp};

const GERMAN: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];
const ENGLISH: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads a date of any form that senders use.
pub(super) fn read(text: &str) -> Option<Timestamp> {
    time::parse(text).ok().map(|(timestamp, _)| timestamp)
}

/// `24.11.2026 um 14:05 Uhr`, `24 Nov 2026 at 14:05`, as exact as it is known, without seconds.
pub(super) fn plain(at: &Timestamp, language: Language) -> String {
    let day = day(at, language);
    match (at.hour, language) {
        (None, _) => day,
        (Some(hour), Language::De) => format!("{day} um {hour:02}:{:02} Uhr", at.minute.unwrap_or(0)),
        (Some(hour), Language::En) => format!("{day} at {hour:02}:{:02}", at.minute.unwrap_or(0)),
    }
}

/// With the preposition: `am 24.11.2026`, `im November 2026`, `on 24 Nov 2026`, `in 2026`.
pub(super) fn on(at: &Timestamp, language: Language) -> String {
    let preposition = match (at.day, at.month, language) {
        (Some(_), _, Language::De) => "am",
        (None, Some(_), Language::De) => "im",
        (None, None, Language::De) => "im Jahr",
        (Some(_), _, Language::En) => "on",
        (None, _, Language::En) => "in",
    };
    format!("{preposition} {}", plain(at, language))
}

/// For something that is to come: `für den 24.11.2026`, `for 24 Nov 2026`.
pub(super) fn planned(at: &Timestamp, language: Language) -> String {
    let preposition = match (at.day, at.month, language) {
        (Some(_), _, Language::De) => "für den",
        (None, Some(_), Language::De) => "für",
        (None, None, Language::De) => "für das Jahr",
        (.., Language::En) => "for",
    };
    format!("{preposition} {}", plain(at, language))
}

/// The day only: `24.11.2026`, `24 Nov 2026`.
pub(super) fn day(at: &Timestamp, language: Language) -> String {
    let year = at.year;
    let month = |names: &[&'static str; 12], month: u8| {
        names.get(usize::from(month).wrapping_sub(1)).copied().unwrap_or("?")
    };
    match (at.day, at.month, language) {
        (Some(day), Some(number), Language::De) => format!("{day:02}.{number:02}.{year}"),
        (Some(day), Some(number), Language::En) => format!("{day} {} {year}", month(&ENGLISH, number)),
        (_, Some(number), Language::De) => format!("{} {year}", month(&GERMAN, number)),
        (_, Some(number), Language::En) => format!("{} {year}", month(&ENGLISH, number)),
        (_, None, _) => format!("{year}"),
    }
}

/// As exact as it was written, for a list: `24.11.2026 14:05:31 +01:00`.
pub(super) fn exact(at: &Timestamp, language: Language) -> String {
    use std::fmt::Write as _;
    let mut text = day(at, language);
    if let Some(hour) = at.hour {
        let _ = write!(text, ", {hour:02}:{:02}", at.minute.unwrap_or(0));
    }
    if let Some(second) = at.second {
        let _ = write!(text, ":{second:02}");
    }
    if let Some(zone) = at.zone_minutes.filter(|_| at.hour.is_some()) {
        let sign = if zone < 0 { '-' } else { '+' };
        let zone = zone.unsigned_abs();
        let _ = write!(text, " {sign}{:02}:{:02}", zone / 60, zone % 60);
    }
    text
}

/// An age in the unit that people use for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    Days(i64),
    Months(i64),
    Years(i64),
}

impl Age {
    /// The age at a time; none where the birth is not known to the day, or lies in the future or beyond belief.
    pub(super) fn at(birth: &Timestamp, now: &Timestamp) -> Option<Self> {
        let (month, day) = (birth.month?, birth.day?);
        let (month_now, day_now) = (now.month?, now.day?);
        let months = (i64::from(now.year) - i64::from(birth.year)) * 12 + i64::from(month_now)
            - i64::from(month)
            - i64::from(day_now < day);
        match months {
            ..0 => None,
            0 => Some(Self::Days((now.date_only().to_unix(0) - birth.date_only().to_unix(0)) / 86_400)),
            1..24 => Some(Self::Months(months)),
            _ => Some(Self::Years(months / 12)).filter(|_| months / 12 <= 130),
        }
    }

    /// Whether people of this age are addressed as adults.
    pub(super) fn is_grown(self) -> bool {
        matches!(self, Self::Years(16..))
    }

    /// `62 Jahre`, `5 Monate`, `1 Tag`; `aged 62`, `5 months old`.
    pub(super) fn words(self, language: Language) -> String {
        let count =
            |number: i64, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
        match (self, language) {
            (Self::Years(years), Language::De) => count(years, "Jahr", "Jahre"),
            (Self::Months(months), Language::De) => count(months, "Monat", "Monate"),
            (Self::Days(days), Language::De) => count(days, "Tag", "Tage"),
            (Self::Years(years), Language::En) => format!("aged {years}"),
            (Self::Months(months), Language::En) => {
                format!("{} old", count(months, "month", "months"))
            }
            (Self::Days(days), Language::En) => format!("{} old", count(days, "day", "days")),
        }
    }
}
