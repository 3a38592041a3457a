//! Months of made-up traffic, with a fixed seed: how many false alarms, and how long until a silence is told.
//!
//! The senders are those of a hospital: a KIS with days, nights and weekends; a laboratory around the clock;
//! a radiology that rests at night; a nightly batch; an interface that bursts; one that sends thrice a day.
//! Into their months fall holidays, bridge days, the quiet week after Christmas, both changes of the clock,
//! restarts of Klinke and an outage of it with the backlog after it.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]

use klinke_diagnosis::rhythm::calendar::{Calendar, weekday};
use klinke_diagnosis::rhythm::{Change, Land, Rhythm, Told, holiday};
use klinke_model::Timestamp;

const MINUTE: i64 = 60_000_000;
const DAY_MINUTES: i64 = 1_440;

/// xorshift64*: the same months at each run.
#[derive(Clone)]
struct Chance(u64);

impl Chance {
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Poisson, by the product of units.
    fn poisson(&mut self, mean: f64) -> u32 {
        let (limit, mut product, mut count) = ((-mean).exp(), self.unit(), 0);
        while product > limit {
            product *= self.unit();
            count += 1;
        }
        count
    }
}

fn berlin(at: Timestamp) -> i32 {
    let last_sunday = |year, month| {
        let day = Timestamp::from_parts(year, month, 31, 1, 0, 0).unwrap().0 / 86_400_000_000;
        (day - (weekday(day) + 1) % 7) * 86_400_000_000 + 3_600_000_000
    };
    let (year, ..) = at.parts();
    let summer = (last_sunday(year, 3)..last_sunday(year, 10)).contains(&at.0);
    if summer { 120 } else { 60 }
}

const LAND: Land = Land::NordrheinWestfalen;

fn calendar() -> Calendar<'static> {
    Calendar { land: Some(LAND), offset: &berlin }
}

/// How busy a day is against a common one: bridge days, carnival and the week after Christmas are no
/// holidays, and nothing tells Klinke of them.
fn business(day: i64) -> f64 {
    let (year, month, date, ..) = Timestamp(day * 86_400_000_000).parts();
    let from_easter = day - holiday::easter(year);
    match (from_easter, month, date) {
        (40 | 61, ..) => 0.4,
        (-48, ..) => 0.5,
        (_, 12, 27..=30) | (_, 1, 2) => 0.6,
        (_, 7..=8, _) => 0.85,
        _ => 1.0,
    }
}

const SENDERS: [&str; 6] = ["kis", "lis", "ris", "batch", "burst", "rare"];

/// What comes from a sender in a minute.
fn comes(sender: &str, at: Timestamp, chance: &mut Chance) -> u32 {
    let calendar = calendar();
    let local = calendar.local(at) / MINUTE;
    let (day, minute) = (local.div_euclid(DAY_MINUTES), local.rem_euclid(DAY_MINUTES));
    let hour = minute / 60;
    let free = weekday(day) >= 5 || holiday::is_quiet(day, Some(LAND));
    let busy = business(day);
    let day_share = match hour {
        7..=16 => 1.0,
        6 | 17..=20 => 0.4,
        _ => 0.08,
    };
    match sender {
        "kis" => chance.poisson(120.0 / 60.0 * day_share * busy * if free { 0.35 } else { 1.0 }),
        "lis" => chance.poisson((0.3 + 0.7 * day_share) * busy * if free { 0.6 } else { 1.0 }),
        "ris" if free || !(7..18).contains(&hour) => 0,
        "ris" => chance.poisson(40.0 / 60.0 * busy),
        "batch" => {
            let begins = 6 * 60 + 3 + day.rem_euclid(5);
            if !free && (begins..begins + 4).contains(&minute) { 60 } else { 0 }
        }
        "burst" => {
            let bursts = chance.poisson(5.0 / 60.0 * (0.3 + 0.7 * day_share));
            (0..bursts).map(|_| 1 + (chance.unit() * 20.0) as u32).sum()
        }
        _ => chance.poisson(3.0 / DAY_MINUTES as f64),
    }
}

/// A site that is watched minute by minute.
#[derive(Clone)]
struct World {
    rhythm: Rhythm,
    chance: Chance,
    at: Timestamp,
    /// What could not come while Klinke did not run.
    waiting: [u32; 6],
}

impl World {
    fn new(seed: u64, year: i64, month: u32) -> World {
        let at = Timestamp::from_parts(year, month, 5, 0, 0, 0).unwrap();
        let mut rhythm = Rhythm::default();
        rhythm.begin(at);
        World { rhythm, chance: Chance(seed), at, waiting: [0; 6] }
    }

    /// One minute; `silent` senders send nothing, and what comes from a flooding one is many times more.
    fn minute(&mut self, serves: bool, silent: &[&str], flood: Option<&str>) -> Vec<Told> {
        self.come(serves, silent, flood);
        if serves { self.rhythm.look(&calendar(), self.at) } else { Vec::new() }
    }

    fn come(&mut self, serves: bool, silent: &[&str], flood: Option<&str>) {
        self.at = Timestamp(self.at.0 + MINUTE);
        for (index, sender) in SENDERS.into_iter().enumerate() {
            let mut count = comes(sender, self.at, &mut self.chance);
            if silent.contains(&sender) {
                count = 0;
            }
            if flood == Some(sender) {
                count = count * 20 + 60;
            }
            self.waiting[index] += count;
            // What waited comes at once when Klinke is back, as fast as a sender sends.
            let now = if serves { self.waiting[index].min(500) } else { 0 };
            self.waiting[index] -= now;
            for number in 0..now {
                let within = i64::from(number) * MINUTE / i64::from(now);
                self.rhythm.hear(&calendar(), sender, "", Timestamp(self.at.0 - MINUTE + within));
            }
        }
    }

    fn days(&mut self, days: i64, told: &mut Vec<Told>) {
        for minute in 0..days * DAY_MINUTES {
            let day = minute / DAY_MINUTES;
            // A restart each Tuesday, and four hours without Klinke once in five weeks.
            let of_day = minute % DAY_MINUTES;
            let outage = day % 35 == 20 && (600..840).contains(&of_day);
            let restart = day % 7 == 2 && (900..903).contains(&of_day);
            if (day % 35 == 20 && of_day == 840) || (day % 7 == 2 && of_day == 903) {
                // What was learned is kept over a restart; all else is lost.
                let kept = self.rhythm.changed(usize::MAX);
                let mut rhythm = Rhythm::load(kept.clone());
                assert!(kept.is_empty() || rhythm.len() == kept.len());
                if kept.len() < self.rhythm.len() {
                    rhythm = self.rhythm.clone();
                }
                rhythm.begin(self.at);
                self.rhythm = rhythm;
            }
            // Every fifth minute is looked at: more looks find nothing more, and take long.
            let serves = !(outage || restart);
            if of_day % 5 == 0 {
                told.extend(self.minute(serves, &[], None));
            } else {
                self.come(serves, &[], None);
            }
        }
    }
}

/// Alarms as a person sees them: one that lasts is one.
fn alarms(told: &[Told]) -> Vec<(String, Change, Timestamp)> {
    let mut all: Vec<(String, Change, Timestamp)> = Vec::new();
    for one in told {
        let is_new = !all.iter().any(|(source, change, since)| {
            *source == one.source
                && *change == one.change
                && (one.since.0 - since.0).abs() < 12 * 3_600_000_000
        });
        if is_new {
            all.push((one.source.clone(), one.change, one.since));
        }
    }
    all
}

#[test]
fn months_pass_without_a_false_alarm() {
    let mut false_alarms = Vec::new();
    let mut months = 0;
    // From spring over the change of the clock and the holidays of May and June; from autumn over Christmas.
    for (seed, year, month) in [(11, 2026, 2), (12, 2026, 9), (13, 2027, 1), (14, 2027, 4)] {
        let mut world = World::new(seed, year, month);
        let mut told = Vec::new();
        world.days(155, &mut told);
        months += 5 * SENDERS.len();
        false_alarms.extend(alarms(&told));
    }
    println!("{months} months of senders, false alarms: {false_alarms:?}");
    assert!(false_alarms.is_empty(), "in {months} months of senders: {false_alarms:?}");
}

#[test]
fn a_silence_is_told_soon_and_a_flood_at_once() {
    let mut world = World::new(21, 2026, 2);
    world.days(42, &mut Vec::new());
    for (sender, hour, most) in [
        ("kis", 10, 20),
        ("lis", 10, 30),
        ("ris", 9, 45),
        ("kis", 14, 20),
        ("lis", 23, 120),
        ("burst", 10, 480),
    ] {
        let mut times = Vec::new();
        for trial in 0..20 {
            let mut world = world.clone();
            world.chance = Chance(1_000 + trial);
            // To the hour on one of the next workdays.
            let until = (trial as i64 % 2) * DAY_MINUTES + (hour - 1) * 60 + 7 * trial as i64 % 60;
            for _ in 0..until {
                world.minute(true, &[], None);
            }
            let told = (1..24 * 60).find(|_| {
                let told = world.minute(true, &[sender], None);
                told.iter().any(|one| one.source == sender && one.change == Change::Silent)
            });
            times.push(told.unwrap_or(24 * 60));
        }
        times.sort_unstable();
        let (middle, longest) = (times[times.len() / 2], times[times.len() - 1]);
        println!("{sender} at {hour}: silence told after {middle} min in the middle, {longest} at the most");
        assert!(longest <= most, "{sender} at {hour}: {times:?}");
    }
    // A batch that does not come.
    let mut late = world.clone();
    let told = (1..24 * 60 * 3).find(|_| {
        let told = late.minute(true, &["batch"], None);
        told.iter().any(|one| one.source == "batch")
    });
    let local = calendar().minute_of_week(late.at) % 1_440;
    println!("the batch of 06:03 to 06:08 is missed at {:02}:{:02}", local / 60, local % 60);
    assert!(told.is_some() && (6 * 60 + 30..8 * 60).contains(&(local as i64)), "{local}");
    // A flood.
    let mut flood = world.clone();
    for _ in 0..10 * 60 {
        flood.minute(true, &[], None);
    }
    let told = (1..120).find(|_| {
        let told = flood.minute(true, &[], Some("kis"));
        told.iter().any(|one| one.source == "kis" && one.change == Change::Flood)
    });
    println!("a flood is told after {told:?} min");
    assert!(told.is_some_and(|minutes| minutes <= 10), "{told:?}");
}

#[test]
fn in_the_first_week_nothing_is_told_and_after_it_a_silence_is() {
    let mut world = World::new(31, 2026, 2);
    let mut told = Vec::new();
    world.days(4, &mut told);
    for _ in 0..600 {
        told.extend(world.minute(true, &["kis"], None));
    }
    assert!(told.is_empty(), "{told:?}");
    world.days(7, &mut told);
    assert!(told.is_empty(), "{told:?}");
    let found = (1..120).find(|_| !world.minute(true, &["kis"], None).is_empty());
    assert!(found.is_some_and(|minutes| minutes <= 40), "{found:?}");
    // It goes on until something comes, and is over then.
    let told = world.minute(true, &["kis"], None);
    assert!(told[0].change == Change::Silent && told[0].usual > 60.0, "{told:?}");
    for _ in 0..3 {
        world.minute(true, &[], None);
    }
    assert!(world.minute(true, &[], None).is_empty());
}

#[test]
fn memory_is_bounded_whatever_comes() {
    let mut rhythm = Rhythm::default();
    let at = Timestamp::from_parts(2026, 2, 5, 0, 0, 0).unwrap();
    for number in 0..2_000 {
        rhythm.hear(&calendar(), &format!("s{}", number % 40), &format!("ADT^A{number}"), at);
    }
    assert!(rhythm.len() <= klinke_diagnosis::rhythm::STREAMS_MAX);
    assert!(rhythm.len() <= 40 * (1 + klinke_diagnosis::rhythm::EVENTS_MAX));
    let all: usize = rhythm.changed(usize::MAX).iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(all < 10_000_000);
}

#[test]
fn the_learned_week_is_shown_with_what_is_expected_and_what_came() {
    let (calendar, mut rhythm) = (calendar(), Rhythm::default());
    let begin = Timestamp::from_parts(2026, 3, 2, 0, 0, 0).unwrap();
    rhythm.begin(begin);
    assert!(rhythm.week(&calendar, "kis", begin).is_none(), "nothing was heard of it");
    // Six an hour from 08:00 to 16:00 local time, each day; twice as many on the third Monday.
    let minutes = 22 * DAY_MINUTES + 10 * 60 + 35;
    let mut now = begin;
    for minute in 0..minutes {
        now = Timestamp(begin.0 + minute * MINUTE);
        let hour = calendar.slot(now) % 24;
        let is_third_monday = (14..15).contains(&(minute / DAY_MINUTES));
        let every = if is_third_monday { 5 } else { 10 };
        if (8..16).contains(&hour) && minute % every == 0 {
            rhythm.hear(&calendar, "kis", "ADT^A08", now);
        }
        if minute % 60 == 0 {
            rhythm.look(&calendar, now);
        }
    }
    let week = rhythm.week(&calendar, "kis", now).unwrap();
    assert_eq!((week.hours.len(), week.is_warm, week.silent), (168, true, None));
    let of = |day: usize, hour: usize| week.hours[day * 24 + hour];
    assert_eq!((of(0, 10).least, of(0, 10).middle, of(0, 10).most), (6, 6.0, 12));
    assert_eq!((of(2, 10).weeks, of(2, 10).most, of(2, 3).most, of(2, 3).weeks), (3, 6, 0, 3));
    // It is a Tuesday, 11:34 by the local clock.
    assert_eq!((week.slot, week.usual, week.came), (24 + 11, 6.0, Some(4)));
    assert!(week.awaited < 1.0, "{}", week.awaited);
    let later = Timestamp(now.0 + 20 * MINUTE);
    let week = rhythm.week(&calendar, "kis", later).unwrap();
    assert!(week.came == Some(4) && (2.0..3.0).contains(&week.awaited), "{}", week.awaited);
    let later = Timestamp(now.0 + 90 * MINUTE);
    let week = rhythm.week(&calendar, "kis", later).unwrap();
    assert_eq!((week.slot, week.came), (24 + 13, Some(0)));
    assert_eq!(rhythm.week(&calendar, "kis", now).unwrap().slot, 24 + 11, "looking changes nothing");
}
