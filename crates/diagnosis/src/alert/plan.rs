//! Who is told, when, and what is planned: people, rotas, rules, quiet hours, maintenance.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use klinke_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::kind::Rank;
use crate::Lang;
use crate::rhythm::Calendar;

/// Minutes of the local week from Monday 00:00: begin and end.
pub type Windows = Vec<(u32, u32)>;

/// Who is told, when.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// People by their names.
    pub people: BTreeMap<String, Person>,
    /// Rotas by their names.
    pub rotas: BTreeMap<String, Rota>,
    /// The first that fits counts.
    pub rules: Vec<Rule>,
    /// What is planned.
    pub maintenance: Vec<Maintenance>,
    /// How long something must last before it is an alert.
    pub settle: Duration,
    /// How long it must be well before an alert is closed.
    pub calm: Duration,
    /// How many alerts a person is told in an hour at the most.
    pub hourly: usize,
}

/// Somebody who is told.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// What people call them.
    pub title: String,
    /// Their language.
    pub lang: Lang,
    /// The ways to them, the first first: the way's name, and where to.
    pub ways: Vec<(String, String)>,
}

/// Who is on call in turn.
#[derive(Clone, Debug, Default)]
pub struct Rota {
    /// In the order of their turns.
    pub people: Vec<String>,
    /// Of the first turn: local microseconds since 1970 of its hand-over.
    pub since: i64,
    /// How long a turn lasts, in days.
    pub days: u32,
    /// When somebody is on call at all; always when empty.
    pub hours: Windows,
    /// Who takes it instead: from, until, the person.
    pub exceptions: Vec<(Timestamp, Timestamp, String)>,
}

/// Who is told of what.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    /// Of this rank and above.
    pub rank: Rank,
    /// Of these systems alone; of all when empty.
    pub systems: BTreeSet<String>,
    /// Of these kinds alone; of all when empty.
    pub kinds: BTreeSet<String>,
    /// One after the other, as long as nobody acknowledges.
    pub steps: Vec<Step>,
    /// How often it is told again while nobody acknowledges.
    pub repeat: Option<Duration>,
    /// When nobody is told; what is open then is told when they end.
    pub quiet: Windows,
}

/// One step of an escalation.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// People and rotas.
    pub to: Vec<String>,
    /// So long after the alert was opened.
    pub after: Duration,
}

/// A time in which nothing is told of some systems.
#[derive(Clone, Debug, Default)]
pub struct Maintenance {
    /// What is done.
    pub title: String,
    /// Of these systems; of all when empty.
    pub systems: BTreeSet<String>,
    /// Every week.
    pub weekly: Windows,
    /// Once.
    pub once: Option<(Timestamp, Timestamp)>,
}

/// A maintenance set by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    /// Its number.
    pub id: u64,
    /// Of these systems; of all when empty.
    pub systems: BTreeSet<String>,
    /// Of these kinds; of all when empty.
    pub kinds: BTreeSet<String>,
    /// Until when, microseconds since 1970.
    pub until: i64,
    /// Who set it.
    pub who: String,
    /// Why.
    pub reason: String,
}

impl Rota {
    /// Who has the turn.
    pub fn on_call(&self, calendar: &Calendar<'_>, now: Timestamp) -> Option<&str> {
        let taken = self.exceptions.iter().find(|(from, until, _)| *from <= now && now < *until);
        if let Some((.., person)) = taken {
            return Some(person);
        }
        if !self.hours.is_empty() && !within(&self.hours, calendar, now) {
            return None;
        }
        let turn = i64::from(self.days.max(1)) * 86_400_000_000;
        // By the local clock: the hand-over is at the same hour in summer and winter.
        let number = (calendar.local(now) - self.since).div_euclid(turn);
        let count = i64::try_from(self.people.len()).ok().filter(|count| *count > 0)?;
        self.people.get(number.rem_euclid(count) as usize).map(String::as_str)
    }
}

impl Plan {
    /// The rule that fits.
    pub fn rule(&self, rank: Rank, kind: &str, systems: &BTreeSet<String>) -> Option<&Rule> {
        self.rules.iter().find(|rule| {
            rank >= rule.rank
                && (rule.kinds.is_empty() || rule.kinds.contains(kind))
                && (rule.systems.is_empty() || systems.iter().any(|one| rule.systems.contains(one)))
        })
    }

    /// The people behind names of people and rotas.
    pub fn resolve(&self, to: &[String], calendar: &Calendar<'_>, now: Timestamp) -> Vec<String> {
        let mut all = Vec::new();
        for name in to {
            let person = match self.rotas.get(name) {
                Some(rota) => rota.on_call(calendar, now).map(str::to_owned),
                None => Some(name.clone()),
            };
            let known = person.filter(|person| self.people.contains_key(person) && !all.contains(person));
            all.extend(known);
        }
        all
    }

    /// True while all of these systems are being worked on.
    pub fn in_maintenance(
        &self,
        systems: &BTreeSet<String>,
        calendar: &Calendar<'_>,
        now: Timestamp,
    ) -> bool {
        let lasts = |one: &&Maintenance| {
            one.once.is_some_and(|(from, until)| from <= now && now < until)
                || within(&one.weekly, calendar, now)
        };
        let now_on: Vec<&Maintenance> = self.maintenance.iter().filter(lasts).collect();
        covered(systems, now_on.iter().map(|one| &one.systems))
    }

    /// Holes: rules whose first step leads to nobody at some hour of the next weeks. The rule's number, and
    /// the first such hour.
    pub fn holes(&self, calendar: &Calendar<'_>, now: Timestamp) -> Vec<(usize, Timestamp)> {
        let mut holes = Vec::new();
        for (number, rule) in self.rules.iter().enumerate() {
            let to = rule.steps.first().map(|step| step.to.clone()).unwrap_or_default();
            let hours = (0..24 * 7 * 5).map(|hour| now.after(Duration::from_secs(hour * 3_600)));
            let hole = hours.into_iter().find(|at| {
                !within(&rule.quiet, calendar, *at) && self.resolve(&to, calendar, *at).is_empty()
            });
            holes.extend(hole.map(|at| (number, at)));
        }
        holes
    }
}

/// True when every one of these is in one of the sets; an empty set has all.
pub(super) fn covered<'a>(
    systems: &BTreeSet<String>,
    by: impl Iterator<Item = &'a BTreeSet<String>>,
) -> bool {
    let by: Vec<&BTreeSet<String>> = by.collect();
    !by.is_empty() && systems.iter().all(|one| by.iter().any(|set| set.is_empty() || set.contains(one)))
}

/// True when the local minute lies in one of the windows.
pub fn within(windows: &[(u32, u32)], calendar: &Calendar<'_>, now: Timestamp) -> bool {
    let minute = calendar.minute_of_week(now);
    windows.iter().any(|(begin, end)| (*begin..*end).contains(&minute))
}
