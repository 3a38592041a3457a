//! Moments within sentences. A judgement knows no zone and says them in UTC; people are told them by the clock
//! of their place.

use klinke_model::Timestamp;

use crate::Text;

/// How the clock of a place shows a time, with its zone: `2026-12-01 03:07:16 CET`.
pub type Clock<'a> = &'a dyn Fn(Timestamp) -> String;

const UTC: &str = " UTC";
/// Of `2026-12-01 02:07:16`.
const LENGTH: usize = 19;

/// When something was, as judgements say it: `2026-12-01 02:07:16 UTC`.
pub(crate) fn moment(at: Timestamp) -> String {
    at.to_string().get(..LENGTH).map_or_else(|| at.to_string(), |text| text.replace('T', " ") + UTC)
}

/// The sentence with its moments as a clock shows them; all else as it is.
pub fn by_clock(text: &str, clock: Clock<'_>) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(end) = rest.find(UTC) {
        let (before, after) = (&rest[..end], &rest[end + UTC.len()..]);
        let at = end.checked_sub(LENGTH).filter(|at| before.is_char_boundary(*at));
        match at.and_then(|at| Some((at, read(&before[at..])?))) {
            Some((at, moment)) => {
                told.push_str(&before[..at]);
                told.push_str(&clock(moment));
            }
            None => told.push_str(&rest[..end + UTC.len()]),
        }
        rest = after;
    }
    told + rest
}

/// `2026-12-01 02:07:16`, and nothing else.
fn read(text: &str) -> Option<Timestamp> {
    let fits = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        10 => byte == b' ',
        13 | 16 => byte == b':',
        _ => byte.is_ascii_digit(),
    };
    if text.len() != LENGTH || !text.bytes().enumerate().all(fits) {
        return None;
    }
    let part = |from: usize, to: usize| text[from..to].parse::<u32>().ok();
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    Timestamp::from_parts(i64::from(year), month, day, part(11, 13)?, part(14, 16)?, part(17, 19)?)
}

impl Text {
    /// Both sentences with their moments as a clock shows them.
    #[must_use]
    pub fn by_clock(&self, clock: Clock<'_>) -> Text {
        Text { en: by_clock(&self.en, clock), de: by_clock(&self.de, clock) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_by_the_clock_and_nothing_else_is_touched() {
        let at = Timestamp::from_parts(2026, 12, 1, 2, 7, 16).unwrap();
        let clock = |seen: Timestamp| {
            assert_eq!(seen, at);
            "03:07 CET".to_owned()
        };
        let said = format!("Läuft seit {0}; größer: {0}.", moment(at));
        assert_eq!(by_clock(&said, &clock), "Läuft seit 03:07 CET; größer: 03:07 CET.");
        for other in [
            "",
            " UTC",
            "at about 02:07 UTC",
            "2026-13-01 02:07:16 UTC",
            "2026-12-01T02:07:16 UTC",
            "ÄÖÜÄÖÜÄÖÜ1 UTC UTC",
            "2026-12-01 02:07:16",
        ] {
            assert_eq!(by_clock(other, &clock), other);
        }
    }
}
