//! How long studies are kept: rules, the first that fits a study decides.
//!
//! What a rule lets go goes into the trash, never what is held, nor what is still owed to somebody. A study that no rule fits stays.

use std::time::Duration;

use klinke_model::Timestamp;

use crate::archive::Archive;
use crate::change::Decision;
use crate::error::{Error, Result};
use crate::index::Selection;

/// How many studies are looked at in one go.
const PAGE_LENGTH: usize = 500;
const DAY: Duration = Duration::from_secs(86_400);

/// A rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// What people call it.
    pub name: String,
    /// How long studies are kept; for ever when absent.
    pub after: Option<Duration>,
    /// From when on that counts.
    pub since: Since,
    /// Studies with one of these modalities; all when empty.
    pub modalities: Vec<String>,
    /// Studies with one of these body parts (0018,0015); all when empty.
    pub body_parts: Vec<String>,
    /// Studies of one of these stations: Station Name (0008,1010), or the AE title of the sender; all when empty.
    pub stations: Vec<String>,
    /// Who was under 18 is kept at least up to this birthday; so is who has no birth date.
    pub minors_until: Option<u32>,
    /// How soon a study may go where a quota is reached; not before its time when absent.
    pub when_full: Option<Duration>,
    /// Channels that must have sent all of a study before it goes, and whose partners must have acknowledged it.
    pub sent: Vec<String>,
}

/// From when on the age of a study counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Since {
    /// Its Study Date (0008,0020), or when it arrived where it has none.
    #[default]
    StudyDate,
    /// When its last instance arrived.
    LastArrival,
}

/// What is known of a study.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its number.
    pub number: i64,
    /// Study Instance UID.
    pub study: String,
    /// Study Date, as it is.
    pub date: String,
    /// When its first instance arrived.
    pub arrived: Timestamp,
    /// Modalities in Study.
    pub modalities: Vec<String>,
    /// The patient's birth date, as it is.
    pub birth_date: String,
    /// Instances.
    pub instances: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// The tier in which all of its files are; empty where they are not all in one.
    pub tier: String,
    /// Whether all of its files were looked at to be packed.
    pub is_packed: bool,
}

/// A study that a rule lets go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Study Instance UID.
    pub study: String,
    /// The rule's name.
    pub rule: String,
    /// Instances.
    pub instances: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// From when on its age counts.
    pub since: Timestamp,
}

/// What a look at some studies has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Those that may go.
    pub due: Vec<Due>,
    /// Where to go on; nothing at the end.
    pub next: Option<i64>,
}

impl Archive {
    /// Which of some studies may go: those with numbers above `after`. With `full`, a quota is reached.
    pub fn due(&self, rules: &[Rule], after: i64, now: Timestamp, full: bool) -> Result<Look> {
        let index = &self.shared.index;
        let page = index.facts(after, PAGE_LENGTH)?;
        let next = (page.len() == PAGE_LENGTH).then(|| page.last().map(|last| last.number)).flatten();
        let mut due = Vec::new();
        for facts in page {
            let Some((rule, since)) = self.let_go(rules, &facts, now, full)? else { continue };
            if index.is_held(&facts.study)? || index.is_owed(&facts.study)? {
                continue;
            }
            if self.is_unsent_by_one(&facts.study, &rule.sent)? {
                continue;
            }
            let (rule, study) = (rule.name.clone(), facts.study);
            due.push(Due { study, rule, instances: facts.instances, bytes: facts.bytes, since });
        }
        Ok(Look { due, next })
    }

    /// How many bytes of instances there are, of all senders or of one; those in the trash are not counted.
    pub fn usage(&self, sender: Option<&str>) -> Result<u64> {
        self.shared.index.usage(sender)
    }

    /// What is known of some studies: those with numbers above `after`.
    pub fn facts(&self, after: i64, limit: usize) -> Result<Vec<Facts>> {
        self.shared.index.facts(after, limit)
    }

    /// When the last instance of a study arrived.
    pub fn latest_arrival(&self, facts: &Facts) -> Result<Timestamp> {
        self.shared.index.latest(facts.number)
    }

    /// Whether a sender has sent something of a study.
    pub fn is_sent_by(&self, study: &str, sender: &str) -> Result<bool> {
        self.shared.index.is_sent_by(study, sender)
    }

    /// Throws away a study that a rule lets go; gives how many instances. One that was held meanwhile stays.
    pub fn let_go_of(&self, due: &Due, now: Timestamp) -> Result<u64> {
        let of = Selection { studies: vec![due.study.clone()], ..Selection::default() };
        let decision = Decision {
            who: format!("rule {}", due.rule),
            why: String::new(),
            origin: String::new(),
            at: now,
        };
        match self.throw(&of, &decision) {
            Err(Error::Held(_)) => Ok(0),
            thrown => thrown,
        }
    }

    fn is_unsent_by_one(&self, study: &str, channels: &[String]) -> Result<bool> {
        for channel in channels {
            if self.is_unsent(study, channel)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The rule that lets a study go, and from when on its age counts.
    fn let_go<'a>(
        &self,
        rules: &'a [Rule],
        facts: &Facts,
        now: Timestamp,
        full: bool,
    ) -> Result<Option<(&'a Rule, Timestamp)>> {
        let needs_places = rules.iter().any(|rule| !rule.body_parts.is_empty() || !rule.stations.is_empty());
        let (parts, stations) =
            if needs_places { self.shared.index.places(facts.number)? } else { Default::default() };
        let fits = |rule: &&Rule| {
            is_one(&rule.modalities, &facts.modalities)
                && is_one(&rule.body_parts, &parts)
                && is_one(&rule.stations, &stations)
        };
        let Some(rule) = rules.iter().find(fits) else { return Ok(None) };
        let Some(age) = (if full { rule.when_full } else { rule.after }) else { return Ok(None) };
        let dated = date(&facts.date);
        let since = match rule.since {
            Since::StudyDate => dated.unwrap_or(facts.arrived),
            // The first arrival is cheaper to know, and says enough while it is too young.
            Since::LastArrival if facts.arrived > now.before(age) => facts.arrived,
            Since::LastArrival => self.shared.index.latest(facts.number)?,
        };
        let is_old = since <= now.before(age);
        let is_grown = rule.minors_until.is_none_or(|years| {
            is_past_childhood(&facts.birth_date, dated.unwrap_or(facts.arrived), years, now)
        });
        Ok((is_old && is_grown).then_some((rule, since)))
    }
}

/// Whether one of those that are there is wanted; all are where none is named.
fn is_one(wanted: &[String], there: &[String]) -> bool {
    wanted.is_empty() || there.iter().any(|one| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(one)))
}

/// Whether a patient was of age at the study, or has had that birthday.
fn is_past_childhood(birth: &str, study: Timestamp, years: u32, now: Timestamp) -> bool {
    let Some(birth) = date(birth) else { return false };
    birthday(birth, 18) <= study || birthday(birth, years) <= now
}

/// So many years after a date; a day in February too late rather than too early.
fn birthday(birth: Timestamp, years: u32) -> Timestamp {
    let (year, month, day, ..) = birth.parts();
    let year = year + i64::from(years);
    let same = Timestamp::from_parts(year, month, day, 0, 0, 0);
    same.or_else(|| Timestamp::from_parts(year, 3, 1, 0, 0, 0)).unwrap_or(birth.after(DAY * 366 * years))
}

/// A date of DICOM: eight digits, or with full stops as before 1993.
fn date(text: &str) -> Option<Timestamp> {
    let digits = text.replace('.', "");
    if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |range| digits.get(range).and_then(|part: &str| part.parse::<u32>().ok());
    Timestamp::from_parts(i64::from(number(0..4)?), number(4..6)?, number(6..8)?, 0, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        date(text).expect("a date")
    }

    #[test]
    fn children_are_kept_up_to_their_birthday() {
        let past = |birth, study, now| is_past_childhood(birth, at(study), 28, at(now));
        assert!(past("19900501", "20080501", "20080502"), "eighteen on that day");
        assert!(!past("19900501", "20080430", "20180430"));
        assert!(past("19900501", "20080430", "20180501"));
        assert!(!past("20040229", "20100101", "20320228") && past("2004.02.29", "20100101", "20320229"));
        assert!(!past("20030229", "20100101", "20990101"), "there was no such day");
        assert!(!past("", "20100101", "20990101"), "nobody knows");
    }
}
