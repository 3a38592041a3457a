//! Public holidays in Germany: those of the whole country, and those of each Land.
//!
//! Sources: the Länder's laws on Sundays and holidays as of 2026. Easter by the rule of the Gregorian
//! calendar (the "anonymous" algorithm of 1876). Holidays of single communities are not known, but for
//! Mariä Himmelfahrt, which counts for all of Bayern, and Fronleichnam, which counts for no part of Sachsen
//! and Thüringen.

use klinke_model::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One of the sixteen Länder, by its usual short name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "their names say it")]
pub enum Land {
    #[serde(rename = "BW")]
    BadenWuerttemberg,
    #[serde(rename = "BY")]
    Bayern,
    #[serde(rename = "BE")]
    Berlin,
    #[serde(rename = "BB")]
    Brandenburg,
    #[serde(rename = "HB")]
    Bremen,
    #[serde(rename = "HH")]
    Hamburg,
    #[serde(rename = "HE")]
    Hessen,
    #[serde(rename = "MV")]
    MecklenburgVorpommern,
    #[serde(rename = "NI")]
    Niedersachsen,
    #[serde(rename = "NW")]
    NordrheinWestfalen,
    #[serde(rename = "RP")]
    RheinlandPfalz,
    #[serde(rename = "SL")]
    Saarland,
    #[serde(rename = "SN")]
    Sachsen,
    #[serde(rename = "ST")]
    SachsenAnhalt,
    #[serde(rename = "SH")]
    SchleswigHolstein,
    #[serde(rename = "TH")]
    Thueringen,
}

/// True on a public holiday, and on 24 and 31 December, when as little happens.
pub fn is_quiet(day: i64, land: Option<Land>) -> bool {
    let (_, month, date, ..) = Timestamp(day * 86_400_000_000).parts();
    matches!((month, date), (12, 24 | 31)) || is_holiday(day, land)
}

/// True on a public holiday; the day is counted from 1970-01-01.
pub fn is_holiday(day: i64, land: Option<Land>) -> bool {
    let (year, month, date, ..) = Timestamp(day * 86_400_000_000).parts();
    let from_easter = day - easter(year);
    // Karfreitag, Ostermontag, Himmelfahrt, Pfingstmontag.
    matches!((month, date), (1, 1) | (5, 1) | (10, 3) | (12, 25 | 26))
        || matches!(from_easter, -2 | 1 | 39 | 50)
        || (year == 2017 && (month, date) == (10, 31))
        || land.is_some_and(|land| land.has(year, month, date, day, from_easter))
}

impl Land {
    fn has(self, year: i64, month: u32, date: u32, day: i64, from_easter: i64) -> bool {
        use Land::*;
        let reformation = match self {
            Brandenburg | MecklenburgVorpommern | Sachsen | SachsenAnhalt | Thueringen => true,
            Bremen | Hamburg | Niedersachsen | SchleswigHolstein => year >= 2018,
            _ => false,
        };
        match (month, date) {
            (1, 6) => matches!(self, BadenWuerttemberg | Bayern | SachsenAnhalt),
            (3, 8) => (self == Berlin && year >= 2019) || (self == MecklenburgVorpommern && year >= 2023),
            (5, 8) if matches!(year, 2020 | 2025) && self == Berlin => true,
            (8, 15) => matches!(self, Bayern | Saarland),
            (9, 20) => self == Thueringen && year >= 2019,
            (10, 31) => reformation,
            (11, 1) => {
                matches!(self, BadenWuerttemberg | Bayern | NordrheinWestfalen | RheinlandPfalz | Saarland)
            }
            // Buß- und Bettag: the Wednesday before 23 November.
            (11, 16..=22) => self == Sachsen && super::calendar::weekday(day) == 2,
            _ => {
                let corpus_christi = matches!(
                    self,
                    BadenWuerttemberg | Bayern | Hessen | NordrheinWestfalen | RheinlandPfalz | Saarland
                );
                from_easter == 60 && corpus_christi
            }
        }
    }
}

/// Easter Sunday of a year, counted in days from 1970-01-01.
pub fn easter(year: i64) -> i64 {
    let golden = year % 19;
    let (century, of_century) = (year / 100, year % 100);
    let (leaps, rest) = (century / 4, century % 4);
    let moon = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - leaps - moon + 15) % 30;
    let sunday = (32 + 2 * rest + 2 * (of_century / 4) - epact - of_century % 4) % 7;
    let shift = (golden + 11 * epact + 22 * sunday) / 451;
    let sum = epact + sunday - 7 * shift + 114;
    let (month, date) = ((sum / 31) as u32, (sum % 31 + 1) as u32);
    Timestamp::from_parts(year, month, date, 0, 0, 0).map_or(0, |at| at.0 / 86_400_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i64, month: u32, date: u32) -> i64 {
        Timestamp::from_parts(year, month, date, 0, 0, 0).expect("a date").0 / 86_400_000_000
    }

    #[test]
    fn easter_is_where_the_almanac_has_it() {
        let known = [(2000, 4, 23), (2008, 3, 23), (2011, 4, 24), (2019, 4, 21), (2024, 3, 31)];
        for (year, month, date) in known.into_iter().chain([(2025, 4, 20), (2026, 4, 5), (2038, 4, 25)]) {
            assert_eq!(easter(year), day(year, month, date), "{year}");
        }
    }

    /// The number of weekdays and Sundays that are holidays, as the calendars of 2026 print them.
    #[test]
    fn each_land_has_its_own() {
        use Land::*;
        let all = |land| (day(2026, 1, 1)..day(2027, 1, 1)).filter(|day| is_holiday(*day, land)).count();
        assert_eq!(all(None), 9);
        let counts = [
            (BadenWuerttemberg, 12),
            (Bayern, 13),
            (Berlin, 10),
            (Brandenburg, 10),
            (Bremen, 10),
            (Hamburg, 10),
            (Hessen, 10),
            (MecklenburgVorpommern, 11),
            (Niedersachsen, 10),
            (NordrheinWestfalen, 11),
            (RheinlandPfalz, 11),
            (Saarland, 12),
            (Sachsen, 11),
            (SachsenAnhalt, 11),
            (SchleswigHolstein, 10),
            (Thueringen, 11),
        ];
        for (land, count) in counts {
            assert_eq!(all(Some(land)), count, "{land:?}");
        }
        assert!(is_holiday(day(2026, 11, 18), Some(Sachsen)) && !is_holiday(day(2026, 11, 18), Some(Bayern)));
        assert!(is_holiday(day(2026, 4, 3), None) && is_holiday(day(2026, 5, 14), None));
        assert!(!is_holiday(day(2026, 12, 24), None) && is_quiet(day(2026, 12, 24), None));
    }
}
