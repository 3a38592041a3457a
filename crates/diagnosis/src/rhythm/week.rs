//! What was learned of a stream, to be looked at: each hour of its week, what is expected now, what came.

use klinke_model::Timestamp;

use super::calendar::{Calendar, HOUR, SLOTS};
use super::stream::Stream;

/// An hour of the week, as the last weeks had it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hour {
    /// The weeks that are known of it.
    pub weeks: usize,
    /// The least that came in it, the middle, the most.
    pub least: u32,
    /// The middle of the weeks; of days alike while few are known.
    pub middle: f64,
    /// The most.
    pub most: u32,
}

/// One stream, as it was learned and as it goes now.
#[derive(Clone, Debug, PartialEq)]
pub struct Week {
    /// All hours from Monday after midnight on.
    pub hours: Vec<Hour>,
    /// True when it has been watched long enough for anything to be told of it.
    pub is_warm: bool,
    /// When it was first heard.
    pub begun: Timestamp,
    /// When something came last.
    pub last: Timestamp,
    /// The hour of the week that it is now.
    pub slot: usize,
    /// What came in the hour under way; nothing where part of it was not watched.
    pub came: Option<u32>,
    /// What is usual in all of this hour.
    pub usual: f64,
    /// How many independent arrivals were expected since the last message.
    pub awaited: f64,
    /// Since when it is silent, if it is.
    pub silent: Option<Timestamp>,
}

/// Looks at a stream; what it waits for is reckoned up to `now`, and kept nowhere.
pub(super) fn of(stream: &Stream, calendar: &Calendar<'_>, now: Timestamp) -> Week {
    let mut stream = stream.clone();
    stream.roll(calendar, now);
    let hour = |slot: usize| {
        let samples = stream.slots[slot].all();
        let counts = || samples.iter().map(|sample| sample.count);
        Hour {
            weeks: samples.len(),
            least: counts().min().unwrap_or(0),
            middle: stream.middle(slot),
            most: counts().max().unwrap_or(0),
        }
    };
    let (hours, slot) = ((0..SLOTS).map(hour).collect(), calendar.slot(now));
    let is_under_way = stream.open.hour == now.0.div_euclid(HOUR) && stream.open.whole;
    let (is_warm, usual) = (stream.is_warm(now), stream.middle(slot));
    let (begun, last, silent) = (stream.begun, stream.last, stream.silent);
    let came = is_under_way.then_some(stream.open.sample.count);
    let awaited = stream.awaited(calendar, now);
    Week { hours, is_warm, begun, last, slot, came, usual, awaited, silent }
}
