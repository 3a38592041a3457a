//! What was measured in the last hours, minute by minute, for the charts. Kept in memory: a restart
//! begins anew, and what was received before can be searched.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use klinke_console::house::history::{History, MINUTES_MAX, Minute};
use klinke_console::house::view::{ChannelView, Status};
use klinke_engine::source::Stop;
use klinke_model::Timestamp;

use crate::control::answer::Counter;
use crate::control::status::status;

/// How often is counted.
const BEAT: Duration = Duration::from_secs(10);
/// Channels whose course is kept.
const CHANNELS_MAX: usize = 2_000;

/// The course of all channels.
#[derive(Default)]
pub struct Course(Mutex<BTreeMap<String, Track>>);

/// One channel's course.
#[derive(Default)]
struct Track {
    /// The minute of the last entry, minutes since 1970.
    last: i64,
    minutes: VecDeque<Minute>,
    before: Option<Totals>,
}

/// Counts since the start.
#[derive(Clone, Copy, Default)]
struct Totals {
    received: u64,
    delivered: u64,
    /// Deliveries times milliseconds of the running program's answers.
    answers: f64,
}

impl Course {
    /// The course of one channel, or of all together.
    pub fn of(&self, channel: Option<&str>) -> History {
        let tracks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match channel {
            Some(name) => tracks.get(name).map(Track::history).unwrap_or_default(),
            None => tracks.values().map(Track::history).fold(History::default(), together),
        }
    }

    /// Takes in how everything stands at a time.
    fn note(&self, status: &Status, now: Timestamp) {
        let minute = now.0.div_euclid(60_000_000);
        let mut tracks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for channel in status.channels.iter().take(CHANNELS_MAX) {
            tracks.entry(channel.name.clone()).or_default().note(channel, minute);
        }
    }
}

impl Track {
    fn note(&mut self, channel: &ChannelView, minute: i64) {
        let totals = totals(channel);
        let before = self.before.replace(totals).unwrap_or(totals);
        // A clock that was set back goes on in its last minute.
        let gap = if self.minutes.is_empty() { 1 } else { (minute - self.last).clamp(0, MINUTES_MAX as i64) };
        for _ in 0..gap {
            self.minutes.push_back(Minute::default());
        }
        self.last = self.last.max(minute);
        let over = self.minutes.len().saturating_sub(MINUTES_MAX);
        self.minutes.drain(..over);
        let Some(last) = self.minutes.back_mut() else { return };
        let fits = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        let delivered = totals.delivered.saturating_sub(before.delivered);
        let mean =
            if delivered > 0 { (totals.answers - before.answers).max(0.0) / delivered as f64 } else { 0.0 };
        let waiting = fits(channel.waiting());
        last.waiting = 0;
        last.add(&Minute {
            received: fits(totals.received.saturating_sub(before.received)),
            delivered: fits(delivered),
            waiting,
            answer_millis: mean as f32,
        });
    }

    fn history(&self) -> History {
        let first = self.last - self.minutes.len() as i64 + 1;
        History { begins: first * 60, minutes: self.minutes.iter().copied().collect() }
    }
}

fn totals(channel: &ChannelView) -> Totals {
    let delivered: u64 = channel.destinations.iter().map(|to| to.delivered).sum();
    let answers = channel.destinations.iter().map(|to| to.answer_millis.unwrap_or(0.0) * to.delivered as f64);
    Totals { received: channel.received, delivered, answers: answers.sum() }
}

/// Two courses as one, minute by minute.
fn together(mut one: History, mut other: History) -> History {
    if one.minutes.is_empty() {
        return other;
    }
    if other.minutes.is_empty() {
        return one;
    }
    if other.begins < one.begins {
        std::mem::swap(&mut one, &mut other);
    }
    let shift = ((other.begins - one.begins) / 60) as usize;
    let end = (shift + other.minutes.len()).max(one.minutes.len());
    one.minutes.resize(end, Minute::default());
    for (at, minute) in other.minutes.iter().enumerate() {
        one.minutes[shift + at].add(minute);
    }
    one
}

/// Counts until `stop` is said.
pub async fn run(counter: Arc<Counter>, course: Arc<Course>, mut stop: Stop) {
    let mut beat = tokio::time::interval(BEAT);
    loop {
        tokio::select! {
            () = stop.said() => return,
            _ = beat.tick() => {}
        }
        let (counter, runtime) = (counter.clone(), tokio::runtime::Handle::current());
        if let Ok(Ok(now)) = tokio::task::spawn_blocking(move || status(&counter, &runtime)).await {
            course.note(&now, Timestamp::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64, received: u64) -> (Status, Timestamp) {
        let text = serde_json::json!({
            "site": "x", "serving": true,
            "store": { "bytes": 0, "free": null, "envelopes": 0, "index_lag": 0, "refuses": null },
            "channels": [{
                "name": "adt", "runs": true, "address": null, "stopped": null, "refuses": null,
                "received": received, "filtered": 0, "failed": 0, "routed": 0, "unrouted": 0, "last": null,
                "destinations": [], "balances": true,
            }],
        });
        (
            serde_json::from_value(text).unwrap_or_else(|error| panic!("{error}")),
            Timestamp(minute * 60_000_000),
        )
    }

    #[test]
    fn a_minute_has_what_came_in_it() {
        let course = Course::default();
        for (minute, received) in [(100, 5), (100, 7), (101, 17), (104, 18)] {
            let (status, now) = at(minute, received);
            course.note(&status, now);
        }
        let history = course.of(Some("adt"));
        let received: Vec<u32> = history.minutes.iter().map(|minute| minute.received).collect();
        assert_eq!((history.begins, received), (6_000, vec![2, 10, 0, 0, 1]));
        assert_eq!(course.of(None).minutes.len(), 5);
        assert!(course.of(Some("other")).minutes.is_empty());
    }
}
