//! Signs out of numbers over time: queues, answers, disk, certificates, the store, backups.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use klinke_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::kind::{Kind, Rank, of};
use super::sign::Sign;
use crate::facts::{End, Facts, Outbound, Own};
use crate::lang::{Text, span};
use crate::{Did, Seen};

/// Days before its end at which a certificate is told, and how much it matters then.
const EXPIRES: [(i64, Rank, u32); 4] =
    [(1, Rank::Urgent, 4), (7, Rank::Warning, 3), (14, Rank::Warning, 2), (30, Rank::Notice, 1)];
/// A queue shorter than this does not grow.
const QUEUE_LEAST: u64 = 100;
/// How often the disk is noted, how many notes are kept, and after how many its rate is told.
const DISK_EVERY: Duration = Duration::from_secs(600);
const DISK_KEPT: usize = 288;
const DISK_LEAST: usize = 37;
/// A commit that takes longer is slow.
const COMMIT: Duration = Duration::from_secs(1);
const INDEX_LAG: u64 = 50_000;
const DAY: Duration = Duration::from_secs(86_400);
/// Destinations whose numbers are kept, and codes of each.
const DESTINATIONS_MAX: usize = 2_000;
const CODES_MAX: usize = 64;

/// What is looked at.
pub struct Look<'a> {
    /// What time it is.
    pub now: Timestamp,
    /// What is known of the systems.
    pub facts: &'a [Facts],
    /// What is known of ourselves.
    pub own: &'a Own,
    /// Since when the oldest delivery of a destination waits, by its name.
    pub oldest: &'a BTreeMap<String, Timestamp>,
    /// How long a delivery may wait.
    pub oldest_limit: Option<Duration>,
    /// How long a commit of the store took.
    pub commit: Option<Duration>,
    /// Envelopes that the search index is behind.
    pub index_lag: u64,
    /// When the store was copied last.
    pub backup: Option<Timestamp>,
    /// How old that may be.
    pub backup_limit: Option<Duration>,
}

/// What is remembered of the numbers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Measure {
    begun: i64,
    destinations: BTreeMap<String, Numbers>,
    /// When, and bytes free.
    disk: VecDeque<(i64, u64)>,
    #[serde(skip)]
    commits: VecDeque<Duration>,
    #[serde(skip)]
    lagging: Option<Timestamp>,
}

/// Of one destination.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Numbers {
    begun: i64,
    /// True from when the queue was told to grow until it shrinks.
    grows: bool,
    /// What waited, minute by minute.
    #[serde(skip)]
    waiting: VecDeque<(Timestamp, u64)>,
    /// Milliseconds of an answer in the middle of each half hour, and of the one under way.
    usual: VecDeque<f64>,
    half: i64,
    codes: BTreeSet<String>,
    dead_since: Option<i64>,
}

fn kind(code: &str) -> &'static Kind {
    of(code).unwrap_or(&super::kind::KINDS[0])
}

impl Measure {
    /// Looks at the numbers; what happened once is told in one look alone.
    pub fn look(&mut self, look: &Look<'_>) -> Vec<Sign> {
        if self.begun == 0 {
            self.begun = look.now.0;
        }
        let mut signs = Vec::new();
        for facts in look.facts {
            for out in &facts.out {
                self.destination(look, facts, out, &mut signs);
            }
        }
        signs.extend(certificates(look));
        signs.extend(self.disk(look));
        signs.extend(self.store(look));
        signs.extend(self.backup(look));
        signs
    }

    fn destination(&mut self, look: &Look<'_>, facts: &Facts, out: &Outbound, signs: &mut Vec<Sign>) {
        if !self.destinations.contains_key(&out.name) && self.destinations.len() >= DESTINATIONS_MAX {
            return;
        }
        let numbers = self.destinations.entry(out.name.clone()).or_default();
        if numbers.begun == 0 {
            numbers.begun = look.now.0;
        }
        signs.extend(numbers.queue(look.now, facts, out));
        signs.extend(oldest(look, facts, out));
        signs.extend(numbers.slower(look.now, facts, out));
        signs.extend(numbers.codes(look.now, facts, out));
        signs.extend(numbers.dead(look.now, facts, out));
    }

    fn disk(&mut self, look: &Look<'_>) -> Option<Sign> {
        let free = look.own.disk_free?;
        let is_due = self.disk.back().is_none_or(|(at, _)| look.now.since(Timestamp(*at)) >= DISK_EVERY);
        if is_due {
            self.disk.push_back((look.now.0, free));
            self.disk.truncate(DISK_KEPT * 2);
            while self.disk.len() > DISK_KEPT {
                self.disk.pop_front();
            }
        }
        if self.disk.len() < DISK_LEAST {
            return None;
        }
        // Between the middles of both ends: one large file that comes and goes changes neither.
        let middle = |part: Vec<(i64, u64)>| {
            let mut frees: Vec<u64> = part.iter().map(|(_, free)| *free).collect();
            frees.sort_unstable();
            (part[part.len() / 2].0, frees[frees.len() / 2])
        };
        let first = middle(self.disk.iter().take(7).copied().collect());
        let last = middle(self.disk.iter().rev().take(7).copied().collect());
        let days = (last.0 - first.0) as f64 / 86_400e6;
        let rate = (first.1 as f64 - last.1 as f64) / days.max(0.01);
        let left = free.saturating_sub(look.own.disk_reserve) as f64;
        let until = left / rate;
        if rate < 1e6 || !(0.0..7.0).contains(&until) {
            return None;
        }
        let words = [
            ("free", Text::same((free / 1_000_000).to_string())),
            ("rate", Text::same(format!("{:.0}", rate / 1e6))),
            ("span", span(Duration::from_secs_f64(until * 86_400.0))),
        ];
        let rank = if until < 1.0 { Rank::Urgent } else { Rank::Warning };
        Some(Sign::new(kind("disk-fills"), "klinke", "Klinke", &words).ranked(rank))
    }

    fn store(&mut self, look: &Look<'_>) -> Vec<Sign> {
        let mut signs = Vec::new();
        if let Some(took) = look.commit {
            self.commits.push_back(took);
            while self.commits.len() > 5 {
                self.commits.pop_front();
            }
            let slow = self.commits.iter().filter(|took| **took > COMMIT);
            if slow.clone().count() >= 3 {
                let worst = slow.max().copied().unwrap_or_default();
                let words = [("span", span(worst))];
                signs.push(Sign::new(kind("store-slow"), "klinke", "Klinke", &words));
            }
        }
        if look.index_lag <= INDEX_LAG {
            self.lagging = None;
        } else if look.now.since(*self.lagging.get_or_insert(look.now)) > Duration::from_secs(600) {
            let words = [("count", Text::same(look.index_lag.to_string()))];
            signs.push(Sign::new(kind("index-behind"), "klinke", "Klinke", &words));
        }
        signs
    }

    fn backup(&self, look: &Look<'_>) -> Option<Sign> {
        let limit = look.backup_limit?;
        let age = look.now.since(look.backup.unwrap_or(Timestamp(self.begun)));
        let words = [("span", span(age))];
        (age > limit).then(|| Sign::new(kind("backup-old"), "klinke", "Klinke", &words))
    }
}

fn title(facts: &Facts) -> &str {
    facts.title.as_ref().unwrap_or(&facts.system)
}

/// One sign for each system, and for each file of our own: of what ends first.
fn certificates(look: &Look<'_>) -> Vec<Sign> {
    let mut first: BTreeMap<(&str, &str, &str), i64> = BTreeMap::new();
    let mut ends = |system, title, file, days: i64| {
        let least = first.entry((system, title, file)).or_insert(days);
        *least = days.min(*least);
    };
    for facts in look.facts {
        for step in facts.out.iter().flat_map(|out| &out.steps) {
            if let (Did::ShookHands(_), Seen::Secured { days: Some(days), .. }) = (&step.did, &step.saw) {
                ends(&facts.system, title(facts), "", *days);
            }
        }
    }
    for step in &look.own.steps {
        if let (Did::ReadCertificate(file), Seen::Days(days)) = (&step.did, &step.saw) {
            ends("klinke", "Klinke", file, *days);
        }
    }
    let signs = first.into_iter();
    signs.filter_map(|((system, title, file), days)| certificate(system, title, file, days)).collect()
}

fn certificate(system: &str, title: &str, file: &str, days: i64) -> Option<Sign> {
    let (_, rank, level) = EXPIRES.into_iter().find(|(most, ..)| days <= *most)?;
    let words = [("days", Text::same(days.max(0).to_string())), ("file", Text::same(file))];
    let mut sign = Sign::new(kind("certificate-expires"), system, title, &words).ranked(rank);
    if !file.is_empty() {
        sign.subject = format!("{title}: {file}");
    }
    sign.level = level;
    Some(sign)
}

fn oldest(look: &Look<'_>, facts: &Facts, out: &Outbound) -> Option<Sign> {
    let (limit, since) = (look.oldest_limit?, *look.oldest.get(&out.name)?);
    let age = look.now.since(since);
    // What is held by a person or an answer is told as that.
    if age < limit || out.held.is_some() || !out.held_lanes.is_empty() {
        return None;
    }
    let words = [("span", span(age)), ("waiting", Text::same(out.waiting.to_string()))];
    let mut sign = Sign::new(kind("oldest-waits"), &facts.system, &out.name, &words);
    sign.since = Some(since);
    Some(sign)
}

impl Numbers {
    fn queue(&mut self, now: Timestamp, facts: &Facts, out: &Outbound) -> Option<Sign> {
        let is_due = self.waiting.back().is_none_or(|(at, _)| now.since(*at) >= Duration::from_secs(60));
        if is_due {
            self.waiting.push_back((now, out.waiting));
            while self.waiting.len() > 16 {
                self.waiting.pop_front();
            }
        }
        let ago = |least: u64| {
            let mut old = self.waiting.iter().rev();
            old.find(|(at, _)| now.since(*at) >= Duration::from_secs(least)).copied()
        };
        // What was told before a restart is not well for lack of numbers.
        let known = || self.waiting.front().copied().filter(|_| self.grows);
        let (ten, five) = (ago(600).or_else(known)?, ago(300).or_else(known)?);
        let more = out.waiting.saturating_sub(ten.1);
        let grows = out.waiting > five.1 && five.1 >= ten.1 && more >= QUEUE_LEAST.max(ten.1 / 2);
        // A long queue that grows by less than half in ten minutes is no better: it must shrink to be well.
        let goes_on = self.grows && out.waiting >= five.1;
        self.grows = out.waiting >= QUEUE_LEAST && out.held.is_none() && (grows || goes_on);
        if !self.grows {
            return None;
        }
        let words = [
            ("waiting", Text::same(out.waiting.to_string())),
            ("more", Text::same(more.to_string())),
            ("span", span(now.since(ten.0))),
        ];
        Some(Sign::new(kind("queue-grows"), &facts.system, &out.name, &words))
    }

    /// Answers of the last quarter of an hour against those of the last day.
    fn slower(&mut self, now: Timestamp, facts: &Facts, out: &Outbound) -> Option<Sign> {
        let lately = out
            .attempts
            .iter()
            .filter(|one| one.end == End::Accepted && now.since(one.ended) < Duration::from_secs(900));
        let mut times: Vec<f64> = lately.map(|one| one.took.as_secs_f64() * 1_000.0).collect();
        if times.len() < 5 {
            return None;
        }
        times.sort_by(f64::total_cmp);
        let middle = times[times.len() / 2];
        let mut usual: Vec<f64> = self.usual.iter().copied().collect();
        usual.sort_by(f64::total_cmp);
        let half = now.0 / 1_800_000_000;
        if half != self.half {
            self.half = half;
            self.usual.push_back(middle);
            while self.usual.len() > 48 {
                self.usual.pop_front();
            }
        }
        let usual = usual.get(usual.len() / 2).copied().filter(|_| usual.len() >= 8)?;
        if middle < 4.0 * usual || middle < 500.0 {
            return None;
        }
        let text = |millis: f64| span(Duration::from_secs_f64(millis / 1_000.0));
        let words = [("span", text(middle)), ("usual", text(usual))];
        Some(Sign::new(kind("answers-slower"), &facts.system, title(facts), &words))
    }

    /// Codes with which it has never refused before. In its first day all are new.
    fn codes(&mut self, now: Timestamp, facts: &Facts, out: &Outbound) -> Vec<Sign> {
        let mut signs = Vec::new();
        for one in out.attempts.iter().filter(|one| one.end == End::Refused) {
            let is_code =
                one.code.len() <= 40 && one.code.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            if !is_code || self.codes.len() >= CODES_MAX || !self.codes.insert(one.code.clone()) {
                continue;
            }
            if now.since(Timestamp(self.begun)) >= DAY {
                let words =
                    [("code", Text::same(&*one.code)), ("envelope", Text::same(one.envelope.to_string()))];
                let mut sign = Sign::new(kind("new-code"), &facts.system, title(facts), &words);
                sign.subject = format!("{} {}", title(facts), one.code);
                signs.push(sign);
            }
        }
        signs
    }

    fn dead(&mut self, now: Timestamp, facts: &Facts, out: &Outbound) -> Option<Sign> {
        if out.dead == 0 {
            self.dead_since = None;
            return None;
        }
        let since = Timestamp(*self.dead_since.get_or_insert(now.0));
        let words = [("count", Text::same(out.dead.to_string())), ("span", span(now.since(since)))];
        (now.since(since) >= DAY)
            .then(|| Sign::new(kind("dead-letters-old"), &facts.system, &out.name, &words))
    }
}
