//! Who is told of an alert now.

use std::time::Duration;

use klinke_model::Timestamp;

use super::{Alert, Desk, Errand, Reason};
use crate::alert::kind::Rank;
use crate::alert::plan::{Plan, Rule, within};
use crate::rhythm::Calendar;

/// From so many bouts on an alert that comes and goes is not told anew.
const FLAPS: u32 = 2;
/// Wrong for so long without a break, it no longer comes and goes.
const STAYS: Duration = Duration::from_secs(900);
/// How often all steps are taken anew while nobody is reached.
const AGAIN: Duration = Duration::from_secs(300);
/// Errands that may be under way.
const OUTSTANDING_MAX: usize = 500;
const HOUR: Duration = Duration::from_secs(3_600);

impl Desk {
    /// What is to be sent of an open alert.
    pub(super) fn tell(
        &mut self,
        alert: &mut Alert,
        now: Timestamp,
        plan: &Plan,
        calendar: &Calendar<'_>,
    ) -> Vec<Errand> {
        let muted = self.is_muted(alert, plan, calendar, now);
        if muted != alert.muted {
            alert.muted = muted;
            alert.note(now, if muted { "muted" } else { "unmuted" }, "", "");
            // What is still there when the work is done counts from then on.
            if !muted && alert.told_at.is_none() {
                alert.counted = Some(now.0);
            }
        }
        let handed = self.hand_on(alert, now, plan, calendar);
        if !handed.is_empty() {
            return handed;
        }
        match alert.snoozed.as_ref().map(|snoozed| snoozed.until > now.0) {
            Some(true) => return Vec::new(),
            Some(false) => {
                alert.note(now, "woke", "", "");
                alert.restart(now);
            }
            None => {}
        }
        let Some(rule) = plan.rule(alert.rank, &alert.kind, &alert.systems).cloned() else {
            return Vec::new();
        };
        let quiet = within(&rule.quiet, calendar, now);
        if quiet && alert.told_at.is_none() {
            // The steps count from when they may be taken.
            alert.counted = Some(now.0);
        }
        // While it looks well it is waited whether it is to be closed.
        let looks_well = !alert.once && alert.seen != now.0;
        if !looks_well {
            alert.steady.get_or_insert(now.0);
        } else if now.since(Timestamp(alert.seen)) >= plan.settle {
            alert.steady = None;
        }
        if muted || quiet || looks_well || alert.acknowledged.is_some() {
            return Vec::new();
        }
        // What comes and goes is damped; an outage that stays is not, however often it came before.
        let stays = alert.steady.is_some_and(|since| now.since(Timestamp(since)) >= plan.calm.max(STAYS));
        if alert.flaps > FLAPS && alert.told_at.is_some() && !stays {
            return Vec::new();
        }
        let is_idle = alert.tried.is_none_or(|at| now.since(Timestamp(at)) >= AGAIN);
        if alert.steps >= rule.steps.len() && alert.round.is_empty() && alert.missed.is_empty() && is_idle {
            // Nobody was reached by any step: all over again, until somebody is.
            (alert.steps, alert.counted) = (0, Some(now.0));
        }
        let mut errands = self.steps(alert, &rule, now, plan, calendar);
        if let (Some(every), Some(told), true) = (rule.repeat, alert.told_at, errands.is_empty())
            && !alert.once
            && now.since(Timestamp(told)) >= every
        {
            let to: Vec<String> =
                rule.steps.iter().take(alert.steps).flat_map(|step| step.to.clone()).collect();
            for person in plan.resolve(&to, calendar, now) {
                errands.extend(self.errand(&person, Reason::Repeated, alert, now, plan));
            }
        }
        errands
    }

    /// Tells whom an alert was handed to; tried at each look until somebody can be told.
    fn hand_on(
        &mut self,
        alert: &mut Alert,
        now: Timestamp,
        plan: &Plan,
        calendar: &Calendar<'_>,
    ) -> Vec<Errand> {
        let Some(handed) = alert.handed.as_ref().filter(|handed| !handed.told) else { return Vec::new() };
        let people = plan.resolve(std::slice::from_ref(&handed.to), calendar, now);
        let errands: Vec<Errand> = people
            .iter()
            .filter_map(|person| self.errand(person, Reason::HandedOver, alert, now, plan))
            .collect();
        if let Some(handed) = alert.handed.as_mut().filter(|_| !errands.is_empty()) {
            handed.told = true;
        }
        errands
    }

    /// The steps of a rule whose time has come, and those that had nobody before and have somebody now.
    fn steps(
        &mut self,
        alert: &mut Alert,
        rule: &Rule,
        now: Timestamp,
        plan: &Plan,
        calendar: &Calendar<'_>,
    ) -> Vec<Errand> {
        let counted = Timestamp(alert.counted.unwrap_or(now.0));
        let mut due: Vec<usize> = std::mem::take(&mut alert.missed).into_iter().collect();
        let mut errands = Vec::new();
        loop {
            let late = (!due.is_empty()).then(|| due.remove(0));
            let number = late.unwrap_or(alert.steps);
            let Some(step) = rule.steps.get(number) else {
                // Fewer steps than there were: the files have changed.
                if late.is_some() { continue } else { break }
            };
            // Where a step leads to nobody, the next is taken at once.
            let nobody_before = alert.steps > 0 && alert.round.is_empty();
            let is_early = counted > now || now.since(counted) < step.after;
            if late.is_none() && is_early && !nobody_before {
                break;
            }
            let is_worse = alert.lines.iter().rev().any(|line| line.what == "worse");
            let reason = match (alert.round.is_empty(), is_worse) {
                (true, true) => Reason::Worse,
                (true, false) if number == 0 || alert.told_at.is_none() => Reason::Opened,
                _ => Reason::Escalated,
            };
            if late.is_none() {
                (alert.steps, alert.tried) = (number + 1, Some(now.0));
            }
            let people = plan.resolve(&step.to, calendar, now);
            let sent: Vec<Errand> =
                people.iter().filter_map(|person| self.errand(person, reason, alert, now, plan)).collect();
            if sent.is_empty() {
                alert.missed.insert(number);
            }
            errands.extend(sent);
        }
        errands
    }

    /// One errand, unless this person has been told enough in this hour. What is urgent is held back later.
    pub(super) fn errand(
        &mut self,
        person: &str,
        reason: Reason,
        alert: &mut Alert,
        now: Timestamp,
        plan: &Plan,
    ) -> Option<Errand> {
        let tellings = self.tellings.entry(person.to_owned()).or_default();
        tellings.retain(|at| now.since(Timestamp(*at)) < HOUR);
        let most = if alert.rank == Rank::Urgent { plan.hourly * 2 } else { plan.hourly };
        if tellings.len() >= most || self.outstanding.len() >= OUTSTANDING_MAX {
            // Tried at each look until there is room, and noted once.
            let mut last = alert.lines.iter().rev().take_while(|line| line.what == "held-back");
            if !last.any(|line| line.who == person) {
                alert.note(now, "held-back", person, "");
            }
            return None;
        }
        alert.told_at = Some(now.0);
        alert.told.insert(person.to_owned());
        alert.round.insert(person.to_owned());
        tellings.push(now.0);
        self.next += 1;
        let errand = Errand { id: self.next, person: person.to_owned(), reason, alert: alert.clone() };
        self.outstanding.push(errand.clone());
        Some(errand)
    }

    /// An errand that somebody tries by hand: told as everything else, kept with no alert.
    pub fn test(&mut self, person: &str, alert: Alert) -> Errand {
        self.next += 1;
        Errand { id: self.next, person: person.to_owned(), reason: Reason::Test, alert }
    }

    /// How an errand went: by which way it arrived, or that none did. True when it is settled.
    pub fn settle(&mut self, errand: u64, way: &str, arrived: bool, last: bool, now: Timestamp) {
        let Some(at) = self.outstanding.iter().position(|one| one.id == errand) else { return };
        let (id, person) = (self.outstanding[at].alert.id, self.outstanding[at].person.clone());
        if arrived || last {
            self.outstanding.remove(at);
        }
        let all = self.open.iter_mut().chain(self.closed.iter_mut());
        let Some(alert) = all.into_iter().find(|one| one.id == id) else { return };
        alert.note(now, if arrived { "told" } else { "failed" }, &person, way);
        if last && !arrived && alert.acknowledged.is_none() {
            // When nobody else was reached, the next step is taken as if its time had come.
            alert.told.remove(&person);
            alert.round.remove(&person);
            if alert.handed.is_some() && alert.round.is_empty() {
                // Whom it was handed to is not reached: the rule's steps do not wait for them.
                alert.counted = Some(now.0);
            }
        }
    }
}
