//! What is unusual in a stream.

use klinke_model::Timestamp;
use std::time::Duration;

use super::calendar::{Calendar, HOUR};
use super::stream::{Expected, Sample, Stream, low};

/// So many must have been expected before nothing counts as silence: chance alone leaves out 15 once in
/// three million times.
const PROOF: f64 = 15.0;
/// A silence shorter than this is none.
const SHORTEST: Duration = Duration::from_secs(600);
/// How late may be what comes by the clock.
const LATE: Duration = Duration::from_secs(3_600);
/// So many times the largest hour within ten minutes are a flood.
const FLOOD: f64 = 3.0;
/// Fewer than this are no flood.
const FLOOD_LEAST: f64 = 100.0;
/// Three hours with so many times more than ever, or so small a share of the least, are another rate.
const FASTER: f64 = 2.5;
const SLOWER: f64 = 0.2;
/// Of fewer independent arrivals than this in three hours no change of rate is told.
const RATE_LEAST: f64 = 60.0;

/// What is unusual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// Nothing comes.
    Silent,
    /// Far too much comes at once.
    Flood,
    /// More comes for hours.
    Faster,
    /// Less comes for hours.
    Slower,
}

/// Something unusual of one stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Who sends.
    pub source: String,
    /// What; empty for all that it sends.
    pub event: String,
    /// What is unusual.
    pub change: Change,
    /// Since when: of a silence, when something came last.
    pub since: Timestamp,
    /// How many come in an hour at this time, usually.
    pub usual: f64,
    /// How many come in an hour now; in ten minutes, of a flood.
    pub seen: f64,
}

impl Stream {
    /// What is unusual now: what, since when, how many an hour are usual and are seen.
    pub fn judge(&mut self, calendar: &Calendar<'_>, now: Timestamp) -> Vec<(Change, Timestamp, f64, f64)> {
        if !self.is_warm(now) {
            return Vec::new();
        }
        let mut found = Vec::new();
        let usual = self.middle(calendar.slot(now));
        if let Some(since) = self.silence(calendar, now) {
            // Where nothing is usual at this hour, the last hour in which something came says more.
            let usual = usual.max(self.middle(calendar.slot(self.last)));
            found.push((Change::Silent, since, usual, 0.0));
            return found;
        }
        if let Some(since) = self.flooded(now) {
            found.push((Change::Flood, since, usual, f64::from(self.ten_minutes())));
            return found;
        }
        found.extend(self.rate().map(|(change, seen)| {
            let since = Timestamp((self.open.hour - self.recent.len() as i64) * HOUR);
            (change, since, usual, seen)
        }));
        found
    }

    /// Since when it is silent. What is silent stays so until something comes.
    fn silence(&mut self, calendar: &Calendar<'_>, now: Timestamp) -> Option<Timestamp> {
        if self.silent.is_some() {
            return self.silent;
        }
        let gap = now.since(self.wait.from);
        if gap < SHORTEST {
            return None;
        }
        let expected = self.awaited(calendar, now);
        let begin = calendar.slot(self.wait.from);
        let usual = u64::from(self.usual_gap(begin));
        let is_late = self.is_late(usual, gap, expected, now);
        if expected < 0.9 || gap < Duration::from_secs((usual + (usual * 3 / 10).clamp(2, 90)) * 60) {
            return None;
        }
        let by_clock = || is_late && self.wait.from == self.last && self.clockwork(begin).is_some();
        if expected * self.pace(calendar) >= PROOF || by_clock() {
            self.silent = Some(self.last);
            self.changed = true;
        }
        self.silent
    }

    /// True when something that comes by the clock is late by an hour: it was due about when the usual gap
    /// ends. A holiday on which nothing is due makes nothing late.
    fn is_late(&mut self, usual_minutes: u64, gap: Duration, expected: f64, now: Timestamp) -> bool {
        if gap + LATE < Duration::from_secs(usual_minutes * 60) {
            return false;
        }
        let before = *self.wait.before.get_or_insert(expected);
        if expected - before < 0.9 {
            return false;
        }
        now.since(*self.wait.due.get_or_insert(now)) >= LATE
    }

    /// How many should have come since something came last.
    pub(super) fn awaited(&mut self, calendar: &Calendar<'_>, now: Timestamp) -> f64 {
        let begin = self.wait.from;
        while self.wait.hour < now.0.div_euclid(HOUR) {
            let start = Timestamp(self.wait.hour * HOUR);
            let end = Timestamp(start.0 + HOUR);
            self.wait.expected += part(self.expected(calendar.slot(start)), start, begin, end);
            self.wait.hour += 1;
        }
        let start = Timestamp(self.wait.hour * HOUR);
        self.wait.expected + part(self.expected(calendar.slot(start)), start, begin, now)
    }

    /// How today goes until the last message, against how it usually goes: less may be expected of a day on
    /// which less comes.
    fn pace(&self, calendar: &Calendar<'_>) -> f64 {
        let own = self.wait.from.0.div_euclid(HOUR);
        let mut usual: f64 = 0.0;
        let mut seen: f64 = 0.0;
        // Hours before the one in which something came last.
        let after = usize::try_from(self.open.hour - own).unwrap_or(0);
        for (slot, count) in self.recent.iter().rev().skip(after).take(2) {
            usual += self.middle(*slot);
            seen += f64::from(count.count);
        }
        if after == 0 && self.open.whole {
            let share = self.wait.from.0.rem_euclid(HOUR) as f64 / HOUR as f64;
            usual += self.middle(calendar.slot(self.wait.from)) * share;
            seen += f64::from(self.open.sample.count);
        }
        if usual < 5.0 { 1.0 } else { (seen / usual).clamp(0.05, 1.0) }
    }

    /// Since when there is a flood.
    fn flooded(&mut self, now: Timestamp) -> Option<Timestamp> {
        let seen = f64::from(self.ten_minutes());
        let backlog = if now < self.backlog.1 { self.backlog.0 } else { 0.0 };
        let most = f64::from(self.most);
        if seen > (FLOOD * most).max(FLOOD_LEAST) + backlog {
            self.flood.get_or_insert(now.before(Duration::from_secs(600)));
        } else if seen <= most.max(FLOOD_LEAST / 2.0) {
            self.flood = None;
        }
        self.flood
    }

    /// Whether the last hours were another rate altogether, and how many an hour came.
    fn rate(&self) -> Option<(Change, f64)> {
        if self.recent.len() < 3 {
            return None;
        }
        let seen: f64 = self.recent.iter().map(|(_, one)| f64::from(one.count)).sum();
        let spells: f64 = self.recent.iter().map(|(_, one)| one.spells()).sum();
        // What is being judged has been learned already: it must not be its own measure.
        let others = |slot: usize, own: &Sample| -> Vec<Sample> {
            let mut others = self.alike(slot);
            if let Some(at) = others.iter().position(|one| one == own) {
                others.swap_remove(at);
            }
            others
        };
        let bound = |of: &dyn Fn(Vec<Sample>) -> f64| -> f64 {
            self.recent.iter().map(|(slot, own)| of(others(*slot, own))).sum()
        };
        let most = bound(&|all| all.iter().map(|one| f64::from(one.count)).fold(f64::MAX, pick_most));
        let hourly = seen / self.recent.len() as f64;
        if spells >= RATE_LEAST && seen > FASTER * most {
            return Some((Change::Faster, hourly));
        }
        let surely = bound(&|all| low(all.iter().map(Sample::spells).collect(), 0.25));
        let least = bound(&|all| low(all.iter().map(|one| f64::from(one.count)).collect(), 0.25));
        (surely >= RATE_LEAST && seen < SLOWER * least).then_some((Change::Slower, hourly))
    }
}

/// The greater one; of nothing at all it stays the greatest there is.
fn pick_most(most: f64, one: f64) -> f64 {
    if most == f64::MAX { one } else { most.max(one) }
}

/// What of an hour's expectation lies between two times.
fn part(expected: Expected, start: Timestamp, begin: Timestamp, end: Timestamp) -> f64 {
    if expected.count <= 0.0 {
        return 0.0;
    }
    let minute = |at: Timestamp| ((at.0 - start.0) as f64 / 60e6).clamp(0.0, 60.0);
    let (from, until) = (minute(begin).max(expected.from), minute(end).min(expected.until));
    let whole = expected.until - expected.from;
    if until <= from || whole <= 0.0 { 0.0 } else { expected.count * (until - from) / whole }
}
