//! Slices of a query for studies (PS3.4, C.2.2.2.5: range matching): by days, within a day by time, within a second by modality.

use std::fmt;
use std::str::FromStr;

use klinke_model::Timestamp;

const DAY_MICROS: i64 = 86_400_000_000;
const DAY_SECONDS: u32 = 86_400;

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// The day of a time, in UTC.
    pub fn of(time: Timestamp) -> Self {
        Day(i32::try_from(time.0.div_euclid(DAY_MICROS)).unwrap_or(i32::MAX))
    }

    /// As a DA value (PS3.5, section 6.2): `20261129`.
    pub fn da(self) -> String {
        let (year, month, day) = self.parts();
        format!("{year:04}{month:02}{day:02}")
    }

    /// The day so many days later.
    pub fn plus(self, days: i32) -> Self {
        Day(self.0.saturating_add(days))
    }

    fn parts(self) -> (i64, u32, u32) {
        let (year, month, day, ..) = Timestamp(i64::from(self.0) * DAY_MICROS).parts();
        (year, month, day)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.parts();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// What is no day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no day; write 2026-11-29")]
pub struct NoDay;

impl FromStr for Day {
    type Err = NoDay;

    /// Reads `2026-11-29`, also `20261129`.
    fn from_str(text: &str) -> Result<Self, NoDay> {
        let digits: String = match text.len() {
            8 => text.to_owned(),
            10 => text.split('-').collect(),
            _ => return Err(NoDay),
        };
        if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NoDay);
        }
        let number = |range: std::ops::Range<usize>| digits[range].parse::<u32>().map_err(|_| NoDay);
        let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
        Timestamp::from_parts(i64::from(year), month, day, 0, 0, 0).map(Day::of).ok_or(NoDay)
    }
}

/// Which studies are asked for at once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slice {
    /// Of when.
    pub when: When,
    /// Of this modality alone (Modalities in Study).
    pub modality: Option<String>,
}

/// Of when studies are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum When {
    /// Of these days, both included.
    Days {
        /// The first.
        from: Day,
        /// The last.
        to: Day,
    },
    /// Of a time of one day, in seconds from midnight, both included.
    Times {
        /// The day.
        day: Day,
        /// The first second.
        from: u32,
        /// The last second.
        to: u32,
    },
    /// Of any day, and of none: a study without a date matches no range.
    Any,
}

impl Slice {
    /// Studies of these days.
    pub fn days(from: Day, to: Day) -> Self {
        Slice { when: When::Days { from, to }, modality: None }
    }

    /// All studies, also those without a date.
    pub fn any() -> Self {
        Slice { when: When::Any, modality: None }
    }

    /// The slices to begin with: so many days each, the newest first, and last what has no date.
    pub fn cut(from: Day, to: Day, days: u32) -> Vec<Slice> {
        let step = i32::try_from(days.max(1)).unwrap_or(i32::MAX);
        let mut slices = Vec::new();
        let mut end = to;
        while end >= from {
            let begin = end.plus(1 - step).max(from);
            slices.push(Slice::days(begin, end));
            end = begin.plus(-1);
        }
        slices.push(Slice::any());
        slices
    }

    /// Parts that hold all of it together; none where it can't be cut any more. Two halves by time are [`Parts::Halves`]: what
    /// they hold is counted once. A day that is cut by time loses what has no time, so it is also asked by modality.
    pub fn split(&self, modalities: &[String]) -> Parts {
        match self.when {
            When::Days { from, to } if from < to => {
                let middle = Day(from.0 + (to.0 - from.0) / 2);
                let half =
                    |from, to| Slice { when: When::Days { from, to }, modality: self.modality.clone() };
                Parts::Halves([half(from, middle), half(middle.plus(1), to)])
            }
            When::Days { from: day, .. } if self.modality.is_none() => {
                let mut all = self.by_modality(modalities);
                all.extend(self.halves(day, 0, DAY_SECONDS - 1));
                Parts::Overlapping(all)
            }
            When::Times { day, from, to } if from < to => Parts::Halves(self.halves(day, from, to)),
            _ if self.modality.is_none() && !modalities.is_empty() => {
                Parts::Overlapping(self.by_modality(modalities))
            }
            _ => Parts::None,
        }
    }

    fn halves(&self, day: Day, from: u32, to: u32) -> [Slice; 2] {
        let middle = from + (to - from) / 2;
        let half = |from, to| Slice { when: When::Times { day, from, to }, modality: self.modality.clone() };
        [half(from, middle), half(middle + 1, to)]
    }

    fn by_modality(&self, modalities: &[String]) -> Vec<Slice> {
        let of = |modality: &String| Slice { when: self.when, modality: Some(modality.clone()) };
        modalities.iter().map(of).collect()
    }

    /// The value of Study Date (0008,0020) that asks for it; none for all.
    pub fn date(&self) -> Option<String> {
        match self.when {
            When::Days { from, to } if from == to => Some(from.da()),
            When::Days { from, to } => Some(format!("{}-{}", from.da(), to.da())),
            When::Times { day, .. } => Some(day.da()),
            When::Any => None,
        }
    }

    /// The value of Study Time (0008,0030) that asks for it. A fraction of the last second belongs to it.
    pub fn time(&self) -> Option<String> {
        let When::Times { from, to, .. } = self.when else { return None };
        let text = |seconds: u32| format!("{:02}{:02}{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        Some(format!("{}-{}.999999", text(from), text(to)))
    }
}

/// The parts of a slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parts {
    /// It can't be cut any more.
    None,
    /// Nothing is in both, and all is in one.
    Halves([Slice; 2]),
    /// Something may be in several.
    Overlapping(Vec<Slice>),
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.when {
            When::Days { from, to } if from == to => write!(f, "{from}")?,
            When::Days { from, to } => write!(f, "{from} to {to}")?,
            When::Times { day, from, to } => {
                let text = |seconds: u32| {
                    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
                };
                write!(f, "{day} {} to {}", text(from), text(to))?;
            }
            When::Any => f.write_str("all, also those without a date")?,
        }
        match &self.modality {
            Some(modality) => write!(f, ", {modality}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().expect("a day")
    }

    #[test]
    fn days_are_read_and_written() {
        assert_eq!(day("2024-02-29").da(), "20240229");
        assert_eq!(day("20240229").plus(1).to_string(), "2024-03-01");
        for wrong in ["2023-02-29", "2024-2-29", "24-02-29", "2024_02_29", ""] {
            assert_eq!(wrong.parse::<Day>(), Err(NoDay), "{wrong}");
        }
    }

    #[test]
    fn the_first_slices_hold_each_day_once() {
        let slices = Slice::cut(day("2024-01-10"), day("2024-03-01"), 30);
        let dates: Vec<_> = slices.iter().map(Slice::date).collect();
        let wanted = [Some("20240201-20240301"), Some("20240110-20240131"), None];
        assert_eq!(dates, wanted.map(|one| one.map(str::to_owned)));
    }

    #[test]
    fn a_day_is_cut_by_time_and_by_modality_down_to_a_second() {
        let modalities = ["CT".to_owned(), "MR".to_owned()];
        let slice = Slice::days(day("2024-01-10"), day("2024-01-10"));
        let Parts::Overlapping(parts) = slice.split(&modalities) else { panic!("parts") };
        let shown: Vec<_> = parts.iter().map(Slice::to_string).collect();
        let day = "2024-01-10";
        assert_eq!(
            shown,
            [
                format!("{day}, CT"),
                format!("{day}, MR"),
                format!("{day} 00:00:00 to 11:59:59"),
                format!("{day} 12:00:00 to 23:59:59")
            ]
        );
        assert_eq!(parts[3].time().as_deref(), Some("120000-235959.999999"));
        let second = Slice { when: When::Times { day: Day(1), from: 5, to: 5 }, modality: None };
        assert!(matches!(second.split(&modalities), Parts::Overlapping(parts) if parts.len() == 2));
        let last = Slice { modality: Some("CT".to_owned()), ..second };
        assert_eq!(last.split(&modalities), Parts::None);
    }
}
