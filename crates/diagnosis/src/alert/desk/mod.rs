//! The desk: opens alerts, has people told, repeats, escalates, closes. A state machine with the time as an
//! argument.
//!
//! ```text
//! seen ─ settle ─▶ open ─▶ told (steps of the rule, one after the other) ─▶ acknowledged
//!   ╰─ gone ─▶ nothing        ╰──────────── well for calm ─▶ closed, told to whom it was told
//! ```
//!
//! What comes again soon after it was closed is the same alert; each time it does, it must be well for twice as
//! long before it is closed, and from the third time on it is told anew only when it stays.

mod tell;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use klinke_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::group::{Group, Place, group};
use super::kind::{Family, Rank};
use super::plan::{Mute, Plan, covered, within};
use super::sign::Sign;
use crate::lang::Text;
use crate::rhythm::Calendar;

/// Alerts that are open at the same time; what comes beyond is left out while so many are, and counted.
pub const OPEN_MAX: usize = 500;
/// Closed ones that are kept.
pub const CLOSED_MAX: usize = 200;
/// Lines of an alert's history.
const LINES_MAX: usize = 60;
/// Closed for less than this, it is the same alert.
const SAME: Duration = Duration::from_secs(1_800);
/// The longest that something must be well before it is closed.
const CALM_MAX: Duration = Duration::from_secs(3_600);
/// How long what happened once stays open.
const ONCE: Duration = Duration::from_secs(3_600);
/// How long it stays open at the most when nobody could be told of it: over a weekend's quiet hours.
const ONCE_UNTOLD: Duration = Duration::from_secs(3 * 86_400);
/// How long whoever an alert was handed to has it to themselves before the rule's steps begin.
pub const PATIENCE: Duration = Duration::from_secs(900);
/// Mutes that stand at the same time.
const MUTES_MAX: usize = 50;

/// Why somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It is new.
    Opened,
    /// Nobody before them has acknowledged.
    Escalated,
    /// It goes on.
    Repeated,
    /// It has become worse.
    Worse,
    /// Somebody has handed it over to them.
    HandedOver,
    /// All is well again.
    Closed,
    /// Somebody tries whether it arrives.
    Test,
}

/// Something that is to be sent to somebody.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Errand {
    /// Its number.
    pub id: u64,
    /// To whom.
    pub person: String,
    /// Why.
    pub reason: Reason,
    /// What about, as it stands.
    pub alert: Alert,
}

/// One line of an alert's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When, microseconds since 1970.
    pub at: i64,
    /// What: `opened`, `told`, `failed`, `acknowledged`, `closed`, `again`, `joined`.
    pub what: String,
    /// Who was told, or did it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub who: String,
    /// By which way.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub way: String,
}

/// That an alert was put off: nothing is told of it until then, unless it becomes worse.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snooze {
    /// Who has put it off.
    pub who: String,
    /// Until when, microseconds since 1970.
    pub until: i64,
}

/// That an alert was handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handed {
    /// Who has handed it over.
    pub who: String,
    /// A person or a rota.
    pub to: String,
    /// True when somebody was told.
    pub told: bool,
}

/// One alert.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Alert {
    /// Its number.
    pub id: u64,
    /// What makes it the same at the next look.
    pub key: String,
    /// Its kind.
    pub kind: String,
    /// How much it matters.
    pub rank: Rank,
    /// How bad it is within its kind.
    pub level: u32,
    /// True when a partner is not reached or not heard.
    pub reach: bool,
    /// True for what happened once.
    pub once: bool,
    /// The systems in it.
    pub systems: BTreeSet<String>,
    /// A few words.
    pub title: Text,
    /// What is wrong.
    pub text: Text,
    /// What else was seen.
    pub also: Vec<Text>,
    /// What to try first.
    pub first: Vec<Text>,
    /// Whom to call.
    pub call: Option<String>,
    /// Since when it is so; first and last time that it was seen; microseconds since 1970.
    pub since: i64,
    /// When it was seen first, in this bout.
    pub begun: i64,
    /// When it was seen last.
    pub seen: i64,
    /// When it was opened; nothing while it has to settle.
    pub opened: Option<i64>,
    /// When it was closed.
    pub closed: Option<i64>,
    /// Who has acknowledged it, and when.
    pub acknowledged: Option<(String, i64)>,
    /// Until when it was put off, and by whom.
    pub snoozed: Option<Snooze>,
    /// To whom it was handed over.
    pub handed: Option<Handed>,
    /// The systems that were in it when it was acknowledged or put off: what grows beyond these is told anew.
    pub accepted: BTreeSet<String>,
    /// How often it came back.
    pub flaps: u32,
    /// From when the steps of the escalation count.
    pub counted: Option<i64>,
    /// How many steps were taken.
    pub steps: usize,
    /// Steps that are to be told as soon as there is somebody: they led to nobody, or all were told enough.
    pub missed: BTreeSet<usize>,
    /// When a step was taken last.
    pub tried: Option<i64>,
    /// The people who were told since the steps count. While it is empty nobody was reached: the next step
    /// does not wait for its time.
    pub round: BTreeSet<String>,
    /// Since when it has been wrong without a break.
    pub steady: Option<i64>,
    /// True while the word that all is well waits for the end of quiet hours.
    pub owed: bool,
    /// When it was told last.
    pub told_at: Option<i64>,
    /// The people who were told.
    pub told: BTreeSet<String>,
    /// True while nothing is told of it: maintenance, or muted.
    pub muted: bool,
    /// What happened to it.
    pub lines: Vec<Line>,
}

/// The desk.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Desk {
    next: u64,
    open: Vec<Alert>,
    closed: VecDeque<Alert>,
    mutes: Vec<Mute>,
    /// What was handed out and has not been heard of.
    outstanding: Vec<Errand>,
    /// When each person was told in the last hour.
    tellings: BTreeMap<String, Vec<i64>>,
    /// What was left out at the last look, as too much is open.
    #[serde(skip)]
    left_out: usize,
}

impl Alert {
    pub(super) fn note(&mut self, now: Timestamp, what: &str, who: &str, way: &str) {
        if self.lines.len() >= LINES_MAX {
            // The beginning says most; of the rest the latest.
            self.lines.remove(LINES_MAX / 2);
        }
        self.lines.push(Line { at: now.0, what: what.to_owned(), who: who.to_owned(), way: way.to_owned() });
    }

    fn take(&mut self, group: &Group, now: Timestamp) {
        self.key.clone_from(&group.key);
        self.kind = group.lead.kind.code.to_owned();
        (self.rank, self.reach) = (group.rank, group.reach);
        self.systems.clone_from(&group.systems);
        (self.title, self.text) = (group.title.clone(), group.text.clone());
        (self.also, self.first) = (group.also.clone(), group.lead.first.clone());
        self.call.clone_from(&group.lead.call);
        if let Some(since) = group.lead.since.filter(|since| self.since == 0 || since.0 < self.since) {
            self.since = since.0;
        }
        if self.since == 0 {
            self.since = now.0;
        }
        self.seen = now.0;
    }

    fn is_open(&self) -> bool {
        self.opened.is_some()
    }

    /// The steps begin anew.
    fn restart(&mut self, now: Timestamp) {
        (self.acknowledged, self.steps, self.counted) = (None, 0, Some(now.0));
        (self.snoozed, self.handed) = (None, None);
        self.round.clear();
        self.missed.clear();
    }

    /// True when a group is one machine's or network's, and more than somebody took upon themselves.
    fn outgrown(&self, group: &Group) -> bool {
        let is_greater = group.key != self.key || group.systems.len() >= self.accepted.len() * 2;
        (self.acknowledged.is_some() || self.snoozed.is_some())
            && group.systems.len() > 1
            && is_greater
            && !group.systems.is_subset(&self.accepted)
    }
}

impl Desk {
    /// Looks at all that is wrong now, and gives what is to be sent.
    pub fn look(
        &mut self,
        now: Timestamp,
        plan: &Plan,
        calendar: &Calendar<'_>,
        signs: Vec<Sign>,
        places: &[Place],
    ) -> Vec<Errand> {
        self.mutes.retain(|mute| mute.until > now.0);
        self.left_out = 0;
        for group in group(signs, places) {
            self.take(group, now);
        }
        let mut errands = Vec::new();
        self.open_settled(now, plan);
        for at in 0..self.open.len() {
            let mut alert = std::mem::take(&mut self.open[at]);
            if alert.is_open() {
                errands.extend(self.tell(&mut alert, now, plan, calendar));
            }
            self.open[at] = alert;
        }
        errands.extend(self.close_calm(now, plan, calendar));
        errands.extend(self.pay(now, plan, calendar));
        errands
    }

    /// Something happened once.
    pub fn happened(&mut self, now: Timestamp, sign: Sign) {
        let Some(group) = group(vec![sign], &[]).pop() else { return };
        self.take(group, now);
    }

    /// One group of signs: taken into the alert that is about it, or a new one.
    fn take(&mut self, group: Group, now: Timestamp) {
        let level = group.rank as u32 * 100 + group.lead.level;
        let same = self.open.iter().position(|one| one.key == group.key);
        // A partner that is not reached may be part of a greater alert now, or what is left of one.
        let related = |one: &Alert| one.reach && group.reach && !one.systems.is_disjoint(&group.systems);
        let found = same.or_else(|| {
            let all = self.open.iter().enumerate().filter(|(_, one)| related(one));
            all.min_by_key(|(_, one)| (one.seen == now.0, !one.is_open(), one.id)).map(|(at, _)| at)
        });
        // One that was taken at this look already belongs to another group.
        if let Some(at) = found.filter(|at| same == Some(*at) || self.open[*at].seen != now.0) {
            let before = self.open[at].systems.len();
            let alert = &mut self.open[at];
            let outgrown = alert.reach && group.reach && alert.outgrown(&group);
            alert.take(&group, now);
            let is_known = alert.told_at.is_some() || alert.acknowledged.is_some();
            let worse = level > alert.level && alert.is_open() && is_known && alert.level > 0;
            if worse || outgrown {
                // Worse than it was: the steps begin anew, also when somebody had acknowledged.
                alert.note(now, "worse", "", "");
                alert.restart(now);
            }
            alert.level = alert.level.max(level);
            if group.systems.len() > before && before > 0 {
                alert.note(now, "grown", "", "");
            }
            let (id, systems) = (alert.id, alert.systems.clone());
            return self.absorb(id, &systems, now);
        }
        if let Some(at) = self.closed.iter().position(|one| one.key == group.key && !one.once)
            && self.closed[at].closed.is_some_and(|closed| now.since(Timestamp(closed)) < SAME)
            && let Some(mut alert) = self.closed.remove(at)
        {
            alert.flaps += 1;
            (alert.closed, alert.begun, alert.since) = (None, now.0, now.0);
            (alert.owed, alert.steady) = (false, None);
            // Who is not told of this bout is not told that it is over.
            alert.told.clear();
            alert.restart(now);
            alert.take(&group, now);
            alert.note(now, "again", "", "");
            self.open.push(alert);
            return;
        }
        if self.open.len() >= OPEN_MAX {
            self.left_out += 1;
            return;
        }
        self.next += 1;
        let once = group.lead.kind.family == Family::Once;
        let mut alert = Alert { id: self.next, begun: now.0, level, once, ..Alert::default() };
        alert.take(&group, now);
        self.open.push(alert);
    }

    /// Alerts that are part of another one now are closed without a word.
    fn absorb(&mut self, id: u64, systems: &BTreeSet<String>, now: Timestamp) {
        let is_part =
            |one: &Alert| one.id != id && one.reach && one.seen != now.0 && one.systems.is_subset(systems);
        let told: BTreeSet<String> =
            self.open.iter().filter(|one| is_part(one)).flat_map(|one| one.told.clone()).collect();
        let (parts, rest): (Vec<Alert>, Vec<Alert>) =
            std::mem::take(&mut self.open).into_iter().partition(|one| is_part(one));
        self.open = rest;
        for mut part in parts.into_iter().filter(Alert::is_open) {
            part.note(now, "joined", &id.to_string(), "");
            part.closed = Some(now.0);
            // Its key is another alert's now: it is not to come back.
            part.key = format!("joined:{}", part.id);
            self.keep(part);
        }
        if let Some(whole) = self.open.iter_mut().find(|one| one.id == id) {
            whole.told.extend(told);
        }
    }

    fn open_settled(&mut self, now: Timestamp, plan: &Plan) {
        for alert in self.open.iter_mut().filter(|one| !one.is_open()) {
            let settles = if alert.once { Duration::ZERO } else { plan.settle };
            if alert.seen == now.0 && now.since(Timestamp(alert.begun)) >= settles || alert.once {
                (alert.opened, alert.counted) = (Some(now.0), Some(now.0));
                alert.note(now, "opened", "", "");
            }
        }
    }

    /// Closes what has been well for long enough.
    fn close_calm(&mut self, now: Timestamp, plan: &Plan, calendar: &Calendar<'_>) -> Vec<Errand> {
        let mut errands = Vec::new();
        let (mut rest, mut over) = (Vec::new(), Vec::new());
        for alert in std::mem::take(&mut self.open) {
            let well = now.since(Timestamp(alert.seen));
            let calm = plan.calm.saturating_mul(1 << alert.flaps.min(10)).min(CALM_MAX.max(plan.calm));
            let ends = if alert.once { is_past(&alert, well, plan) } else { well >= calm };
            match (alert.is_open(), well.is_zero()) {
                (false, false) => {}
                (true, _) if ends && (alert.once || !well.is_zero()) => over.push(alert),
                _ => rest.push(alert),
            }
        }
        self.open = rest;
        for mut alert in over {
            alert.closed = Some(if alert.once { now.0 } else { alert.seen });
            alert.note(now, "closed", "", "");
            if !alert.once && !alert.muted {
                // Nobody is woken to hear that all is well: it waits until the quiet hours end.
                alert.owed = is_quiet(&alert, plan, calendar, now);
                if !alert.owed {
                    errands.extend(self.tell_closed(&mut alert, now, plan));
                }
            }
            alert.closed = Some(now.0);
            self.keep(alert);
        }
        errands
    }

    fn tell_closed(&mut self, alert: &mut Alert, now: Timestamp, plan: &Plan) -> Vec<Errand> {
        let told: Vec<String> = alert.told.iter().cloned().collect();
        told.iter().filter_map(|person| self.errand(person, Reason::Closed, alert, now, plan)).collect()
    }

    /// Tells, when quiet hours are over, of what became well in them.
    fn pay(&mut self, now: Timestamp, plan: &Plan, calendar: &Calendar<'_>) -> Vec<Errand> {
        let mut errands = Vec::new();
        for at in 0..self.closed.len() {
            if !self.closed[at].owed || is_quiet(&self.closed[at], plan, calendar, now) {
                continue;
            }
            let mut alert = std::mem::take(&mut self.closed[at]);
            alert.owed = false;
            errands.extend(self.tell_closed(&mut alert, now, plan));
            self.closed[at] = alert;
        }
        errands
    }

    fn keep(&mut self, alert: Alert) {
        self.closed.push_front(alert);
        self.closed.truncate(CLOSED_MAX);
    }

    /// Somebody takes it upon themselves. False when there is no such open alert.
    pub fn acknowledge(&mut self, id: u64, who: &str, now: Timestamp) -> bool {
        let Some(alert) = self.open.iter_mut().find(|one| one.id == id && one.is_open()) else {
            return false;
        };
        if alert.acknowledged.is_none() {
            alert.acknowledged = Some((who.to_owned(), now.0));
            alert.snoozed = None;
            alert.accepted.clone_from(&alert.systems);
            alert.note(now, "acknowledged", who, "");
        }
        true
    }

    /// Nothing is told of it until a time; then it begins anew, if it is still wrong. False when there is no such
    /// open alert.
    pub fn snooze(&mut self, id: u64, until: Timestamp, who: &str, now: Timestamp) -> bool {
        let Some(alert) = self.open.iter_mut().find(|one| one.id == id && one.is_open()) else {
            return false;
        };
        alert.snoozed = Some(Snooze { who: who.to_owned(), until: until.0 });
        alert.acknowledged = None;
        alert.accepted.clone_from(&alert.systems);
        alert.note(now, "snoozed", who, "");
        true
    }

    /// Somebody hands it over to a person or a rota: they are told at once, whatever the hour, and the steps of the
    /// rule begin anew when they do not acknowledge in time. False when there is no such open alert.
    pub fn hand_over(&mut self, id: u64, to: &str, who: &str, now: Timestamp) -> bool {
        let Some(alert) = self.open.iter_mut().find(|one| one.id == id && one.is_open()) else {
            return false;
        };
        alert.restart(now);
        alert.counted = Some(now.after(PATIENCE).0);
        alert.handed = Some(Handed { who: who.to_owned(), to: to.to_owned(), told: false });
        alert.note(now, "handed-over", who, to);
        true
    }

    /// Nothing is told of some systems and kinds for a while; gives its number.
    pub fn mute(&mut self, mut mute: Mute) -> Option<u64> {
        if self.mutes.len() >= MUTES_MAX {
            return None;
        }
        self.next += 1;
        mute.id = self.next;
        self.mutes.push(mute);
        Some(self.next)
    }

    /// Ends a mute.
    pub fn unmute(&mut self, id: u64) -> bool {
        let before = self.mutes.len();
        self.mutes.retain(|one| one.id != id);
        self.mutes.len() < before
    }

    /// What stands open, the gravest first.
    pub fn open(&self) -> Vec<&Alert> {
        let mut open: Vec<&Alert> = self.open.iter().filter(|one| one.is_open()).collect();
        open.sort_by_key(|one| (one.acknowledged.is_some(), std::cmp::Reverse(one.rank), one.id));
        open
    }

    /// What is over, the latest first.
    pub fn closed(&self) -> impl Iterator<Item = &Alert> {
        self.closed.iter()
    }

    /// How much was left out at the last look, as [`OPEN_MAX`] alerts are open.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// What is muted by hand.
    pub fn mutes(&self) -> &[Mute] {
        &self.mutes
    }

    /// The program was started anew: what was wrong has to be seen anew before it counts as over.
    pub fn resume(&mut self, now: Timestamp) {
        self.open.retain(Alert::is_open);
        self.open.iter_mut().filter(|one| !one.once).for_each(|one| one.seen = now.0);
    }

    /// What was to be sent when the program ended.
    pub fn outstanding(&self) -> &[Errand] {
        &self.outstanding
    }

    fn is_muted(&self, alert: &Alert, plan: &Plan, calendar: &Calendar<'_>, now: Timestamp) -> bool {
        let of_kind = |mute: &&Mute| mute.kinds.is_empty() || mute.kinds.contains(&alert.kind);
        plan.in_maintenance(&alert.systems, calendar, now)
            || covered(&alert.systems, self.mutes.iter().filter(of_kind).map(|mute| &mute.systems))
    }
}

/// True when what happened once needs to stand no longer: seen, or told an hour ago.
fn is_past(alert: &Alert, well: Duration, plan: &Plan) -> bool {
    if alert.snoozed.is_some() {
        return false;
    }
    let awaits = alert.told.is_empty() && plan.rule(alert.rank, &alert.kind, &alert.systems).is_some();
    alert.acknowledged.is_some() || well >= if awaits { ONCE_UNTOLD } else { ONCE }
}

fn is_quiet(alert: &Alert, plan: &Plan, calendar: &Calendar<'_>, now: Timestamp) -> bool {
    let rule = plan.rule(alert.rank, &alert.kind, &alert.systems);
    rule.is_some_and(|rule| within(&rule.quiet, calendar, now))
}
