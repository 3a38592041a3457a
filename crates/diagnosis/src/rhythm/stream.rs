//! One stream: what each hour of its week was like in the last weeks, and what has come of late.

use std::time::Duration;

use klinke_model::Timestamp;

use super::calendar::{Calendar, HOUR, SLOTS};

/// Weeks that an hour of the week keeps.
pub const WEEKS: usize = 6;
/// How long a stream must have been watched before anything is told of it.
const WARM: Duration = Duration::from_secs(7 * 86_400);
/// Of the hours of that time, so many must have been watched as a whole.
const WARM_HOURS: u32 = 134;
/// Hours whose pace is looked at.
const PACE_HOURS: usize = 3;
const MINUTE: i64 = 60_000_000;

/// One hour, watched as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// How many came.
    pub count: u32,
    /// In how many of its minutes something came.
    pub busy: u8,
    /// The minute of the first of them.
    pub first: u8,
    /// The minute of the last.
    pub last: u8,
    /// The longest gap that began in it, in minutes.
    pub gap: u16,
}

impl Sample {
    /// How many independent arrivals speak out of it. What comes in one burst proves no more than one message:
    /// of random arrivals so many make so many minutes busy.
    pub fn spells(&self) -> f64 {
        let share = (f64::from(self.busy) / 60.0).min(0.99);
        -60.0 * (1.0 - share).ln()
    }
}

/// An hour of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    pub samples: [Sample; WEEKS],
    pub len: u8,
    pub next: u8,
}

impl Slot {
    fn push(&mut self, sample: Sample) {
        self.samples[usize::from(self.next) % WEEKS] = sample;
        self.next = (self.next + 1) % WEEKS as u8;
        self.len = (self.len + 1).min(WEEKS as u8);
    }

    pub fn all(&self) -> &[Sample] {
        &self.samples[..usize::from(self.len).min(WEEKS)]
    }

    fn latest(&mut self) -> Option<&mut Sample> {
        let at = (usize::from(self.next) + WEEKS - 1) % WEEKS;
        (self.len > 0).then(|| &mut self.samples[at])
    }
}

/// The hour that is under way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open {
    /// Counted from 1970 in UTC; changes of the clock are whole hours.
    pub hour: i64,
    pub sample: Sample,
    /// False when part of it was not watched.
    pub whole: bool,
}

/// What is expected of an hour, by a low quantile.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected {
    /// Independent arrivals.
    pub count: f64,
    /// The minutes between which it comes.
    pub from: f64,
    pub until: f64,
}

/// How long has been waited.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wait {
    /// Since the last message, or since all is watched.
    pub from: Timestamp,
    /// Whole hours up to this one are in `expected`.
    pub hour: i64,
    pub expected: f64,
    /// What had been expected an hour before the usual gap was over.
    pub before: Option<f64>,
    /// Since when more than that is expected.
    pub due: Option<Timestamp>,
}

/// One stream.
#[derive(Clone, Debug)]
pub struct Stream {
    pub slots: Box<[Slot]>,
    /// When it was first heard.
    pub begun: Timestamp,
    /// Hours that were learned.
    pub hours: u32,
    /// When something came last.
    pub last: Timestamp,
    pub changed: bool,
    pub open: Open,
    pub wait: Wait,
    /// Whether the gap since `last` was watched as a whole, and whether the hour of `last` was learned.
    pub gap_watched: bool,
    pub gap_learned: bool,
    /// What came in each of the last minutes, by the minute.
    pub minutes: [u32; 64],
    pub minute: i64,
    /// The last whole hours: slot and count, the newest last; cleared by a hole.
    pub recent: Vec<(usize, Sample)>,
    /// How today goes, against how it usually goes: from nearly 0 to 1.
    pub pace: f64,
    /// What was missed before something came again, which may now come at once; until when.
    pub backlog: (f64, Timestamp),
    /// Since when it is silent, and since when there is a flood, while that lasts.
    pub silent: Option<Timestamp>,
    pub flood: Option<Timestamp>,
    /// The most that ever came in an hour that is kept.
    pub most: u32,
}

impl Stream {
    /// A new one.
    pub fn new(at: Timestamp) -> Stream {
        Stream {
            slots: vec![Slot::default(); SLOTS].into_boxed_slice(),
            begun: at,
            hours: 0,
            last: at,
            changed: false,
            open: Open { hour: at.0.div_euclid(HOUR), ..Open::default() },
            wait: Wait { from: at, hour: at.0.div_euclid(HOUR), ..Wait::default() },
            gap_watched: false,
            gap_learned: false,
            minutes: [0; 64],
            minute: at.0.div_euclid(MINUTE),
            recent: Vec::new(),
            pace: 1.0,
            backlog: (0.0, Timestamp(0)),
            silent: None,
            flood: None,
            most: 0,
        }
    }

    /// From now on it is watched: what lies between is not learned. What was silent is so until something comes.
    pub fn begin(&mut self, now: Timestamp) {
        self.open = Open { hour: now.0.div_euclid(HOUR), ..Open::default() };
        self.wait = Wait { from: now, hour: self.open.hour, ..Wait::default() };
        (self.gap_watched, self.gap_learned) = (false, false);
        (self.minutes, self.minute) = ([0; 64], now.0.div_euclid(MINUTE));
        self.recent.clear();
        (self.pace, self.flood) = (1.0, None);
        // What could not come while nobody listened may come at once.
        self.backlog = (f64::from(self.most) * 24.0, now.after(Duration::from_secs(3_600)));
    }

    /// One message.
    pub fn hear(&mut self, calendar: &Calendar<'_>, at: Timestamp) {
        if self.last.since(at) > Duration::from_secs(7_200) {
            // The clock was set back by more than that: what it showed before means nothing.
            self.begin(at);
            self.last = at;
        }
        // A reader that is a little late: the hour under way takes it.
        let at = at.max(self.last).max(Timestamp(self.open.hour * HOUR));
        self.roll(calendar, at);
        self.end_gap(calendar, at);
        let minute = (at.0.rem_euclid(HOUR) / MINUTE) as u8;
        let sample = &mut self.open.sample;
        if sample.count == 0 {
            sample.first = minute;
        }
        if sample.count == 0 || sample.last != minute {
            sample.busy = sample.busy.saturating_add(1);
        }
        sample.last = minute;
        sample.count = sample.count.saturating_add(1);
        let of = self.minute.rem_euclid(64) as usize;
        self.minutes[of] = self.minutes[of].saturating_add(1);
        if self.silent.take().is_some() {
            self.changed = true;
            self.recent.clear();
        }
        (self.last, self.gap_watched, self.gap_learned) = (at, true, false);
        self.wait = Wait { from: at, hour: self.open.hour, ..Wait::default() };
    }

    /// A gap has ended: where it began it is learned, and what was missed in it may come now.
    fn end_gap(&mut self, calendar: &Calendar<'_>, at: Timestamp) {
        let minutes = u16::try_from(at.since(self.last).as_secs() / 60).unwrap_or(u16::MAX);
        let slot = calendar.slot(self.last);
        // A silence that was told is no habit.
        if self.gap_watched && self.silent.is_none() {
            if self.last.0.div_euclid(HOUR) == self.open.hour {
                self.open.sample.gap = self.open.sample.gap.max(minutes);
            } else if self.gap_learned
                && let Some(sample) = self.slots[slot].latest()
            {
                sample.gap = sample.gap.max(minutes);
                self.changed = true;
            }
        }
        if minutes >= 10 && self.wait.expected >= 3.0 {
            let missed = self.wait.expected * 3.0;
            self.backlog = (missed, at.after(Duration::from_secs(3_600)));
        }
    }

    /// Goes on to a time: hours that are over are learned.
    pub fn roll(&mut self, calendar: &Calendar<'_>, now: Timestamp) {
        let minute = now.0.div_euclid(MINUTE);
        for passed in (self.minute + 1)..=minute.min(self.minute + 64) {
            self.minutes[passed.rem_euclid(64) as usize] = 0;
        }
        self.minute = self.minute.max(minute);
        let hour = now.0.div_euclid(HOUR);
        if hour - self.open.hour > 24 * 40 {
            // Nobody looked for weeks, or the clock jumped: nothing of that is a habit.
            self.begin(now);
            self.silent = None;
        }
        while self.open.hour < hour {
            let slot = calendar.slot(Timestamp(self.open.hour * HOUR));
            let (sample, whole) = (self.open.sample, self.open.whole);
            if whole && self.silent.is_none() {
                self.slots[slot].push(sample);
                self.hours = self.hours.saturating_add(1);
                self.changed = true;
                self.gap_learned |= self.last.0.div_euclid(HOUR) == self.open.hour;
                self.recent.push((slot, sample));
                if self.recent.len() > PACE_HOURS {
                    self.recent.remove(0);
                }
            } else {
                self.recent.clear();
            }
            self.open = Open { hour: self.open.hour + 1, sample: Sample::default(), whole: true };
            if self.changed && self.open.hour % 24 == 0 {
                self.most = self.slots.iter().flat_map(Slot::all).map(|one| one.count).max().unwrap_or(0);
            }
            self.most = self.most.max(if whole { sample.count } else { 0 });
        }
    }

    /// True when it has been watched long enough.
    pub fn is_warm(&self, now: Timestamp) -> bool {
        now.since(self.begun) >= WARM && self.hours >= WARM_HOURS
    }

    /// The hours that are like this one: its own, and while these are few, those of days alike.
    pub fn alike(&self, slot: usize) -> Vec<Sample> {
        let mut all: Vec<Sample> = self.slots[slot].all().to_vec();
        if all.len() >= 3 {
            return all;
        }
        let (day, hour) = (slot / 24, slot % 24);
        let others: Vec<usize> = match day {
            0..=4 => (0..5).filter(|other| *other != day).map(|other| other * 24 + hour).collect(),
            _ => {
                let other = if day == 5 { 6 } else { 5 };
                vec![other * 24 + hour, day * 24 + (hour + 1) % 24, day * 24 + (hour + 23) % 24]
            }
        };
        all.extend(others.into_iter().flat_map(|other| self.slots[other].all()).copied());
        all
    }

    /// What comes in this hour in the middle of the weeks.
    pub fn middle(&self, slot: usize) -> f64 {
        let mut counts: Vec<u32> = self.alike(slot).iter().map(|one| one.count).collect();
        counts.sort_unstable();
        counts.get(counts.len() / 2).copied().map_or(0.0, f64::from)
    }

    /// What surely comes in this hour, and between which minutes.
    pub fn expected(&self, slot: usize) -> Expected {
        let alike = self.alike(slot);
        let count = low(alike.iter().map(Sample::spells).collect(), 0.25);
        if count < 0.9 {
            return Expected::default();
        }
        let came = || alike.iter().filter(|one| one.count > 0);
        let from = low(came().map(|one| f64::from(one.first)).collect(), 0.75);
        let until = low(came().map(|one| f64::from(one.last)).collect(), 0.25) + 1.0;
        Expected { count, from: from.min(until - 1.0), until }
    }

    /// The gap, in minutes, that begins at this hour as if by the clock: after a nightly batch, at the end of
    /// the day. Nothing where gaps differ.
    pub fn clockwork(&self, slot: usize) -> Option<u16> {
        let all = self.slots[slot].all();
        // A short gap is that of an hour after which Klinke itself did not watch.
        let gaps: Vec<u16> = all.iter().map(|one| one.gap).filter(|gap| *gap >= 60).collect();
        let (least, most) = (*gaps.iter().min()?, *gaps.iter().max()?);
        let alike = u32::from(most - least) * 8 <= u32::from(most);
        (gaps.len() >= 3 && gaps.len() * 2 > all.len() && alike).then_some(most)
    }

    /// The longest gap that began in this hour, in minutes; where none did, the longest of all.
    pub fn usual_gap(&self, slot: usize) -> u16 {
        let of = |samples: &[Sample]| samples.iter().map(|one| one.gap).max().unwrap_or(0);
        match of(&self.alike(slot)) {
            0 => self.slots.iter().map(|slot| of(slot.all())).max().unwrap_or(0),
            gap => gap,
        }
    }

    /// What came in the last ten minutes.
    pub fn ten_minutes(&self) -> u32 {
        (0..10).map(|back| self.minutes[(self.minute - back).rem_euclid(64) as usize]).sum()
    }
}

/// A quantile, rounded down.
pub fn low(mut all: Vec<f64>, share: f64) -> f64 {
    all.sort_by(f64::total_cmp);
    let at = (all.len().saturating_sub(1) as f64 * share) as usize;
    all.get(at).copied().unwrap_or(0.0)
}
