//! The rhythm in which partners send: learned by system, event and hour of the week, to tell silence,
//! floods and changes of rate.
//!
//! Pure: what came, what time it is and how far local time is ahead of UTC are arguments.
//!
//! | what | where |
//! |---|---|
//! | which hour of the week it is; holidays count as Sundays | [`calendar`], [`holiday`] |
//! | what one stream's hours were like | `stream` |
//! | what is unusual | `judge` |
//! | how it is kept over restarts | `keep` |
//! | how it is shown | `week` |
//!
//! **How it judges.** Each hour of the week keeps its last six weeks. What is expected is a low quantile of
//! these, never a mean: one flood or one outage changes nothing. A stream is silent when so much was expected
//! since its last message that chance alone would leave it out less than once in a million, *and* the gap is
//! longer than gaps begun at this hour have been. What comes in bursts counts by its bursts. A sender that
//! works by the clock (a nightly batch) is silent when the gap is longer than it has always been. A day on which less comes from the morning on (a bridge day,
//! carnival) lowers what is expected of it.
//!
//! **What is not told.** Nothing in the first week; nothing of hours that were not watched as a whole; no
//! silence of what comes so rarely that it proves nothing.

pub mod calendar;
pub mod holiday;
mod judge;
mod keep;
mod stream;
mod week;

use std::collections::BTreeMap;
use std::time::Duration;

use klinke_model::Timestamp;

pub use calendar::Calendar;
pub use holiday::Land;
pub use judge::{Change, Told};
use stream::Stream;
pub use week::{Hour, Week};

/// Streams that are learned; about 9 kB each.
pub const STREAMS_MAX: usize = 500;
/// Events of one system that have a stream of their own.
pub const EVENTS_MAX: usize = 24;
/// A stream of which nothing came for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(60 * 86_400);

/// Who sends: a system's name, or a channel's where the sender has none; and what, empty for all of it.
pub type Name = (String, String);

/// The rhythm of all streams.
#[derive(Clone, Debug, Default)]
pub struct Rhythm {
    streams: BTreeMap<Name, Stream>,
    /// Since when all that comes is heard.
    watched: Timestamp,
}

impl Rhythm {
    /// Of what was kept: names as [`Rhythm::changed`] gave them. What can't be read is learned anew.
    pub fn load(kept: impl IntoIterator<Item = (Name, Vec<u8>)>) -> Rhythm {
        let known = kept.into_iter().filter_map(|(name, bytes)| Some((name, keep::read(&bytes)?)));
        Rhythm { streams: known.take(STREAMS_MAX).collect(), watched: Timestamp(0) }
    }

    /// From now on all is heard: after a start, and after something was passed over. The hour is not learned.
    pub fn begin(&mut self, now: Timestamp) {
        self.watched = now;
        self.streams.values_mut().for_each(|stream| stream.begin(now));
    }

    /// From now on all of one source is heard: some of it was passed over, so that it is not silent either.
    pub fn begin_one(&mut self, source: &str, now: Timestamp) {
        for (_, stream) in self.streams.iter_mut().filter(|((one, _), _)| one == source) {
            stream.begin(now);
            stream.silent = None;
        }
    }

    /// Something came from a source.
    pub fn hear(&mut self, calendar: &Calendar<'_>, source: &str, event: &str, at: Timestamp) {
        self.note(calendar, source, "", at);
        if !event.is_empty() {
            self.note(calendar, source, event, at);
        }
    }

    fn note(&mut self, calendar: &Calendar<'_>, source: &str, event: &str, at: Timestamp) {
        let name = (source.to_owned(), event.to_owned());
        if let Some(stream) = self.streams.get_mut(&name) {
            return stream.hear(calendar, at);
        }
        let events = self.streams.keys().filter(|(one, event)| one == source && !event.is_empty()).count();
        if self.streams.len() >= STREAMS_MAX || (!event.is_empty() && events >= EVENTS_MAX) {
            return;
        }
        let mut stream = Stream::new(at);
        stream.hear(calendar, at);
        self.streams.insert(name, stream);
    }

    /// What is unusual now. All that came before `now` was heard.
    pub fn look(&mut self, calendar: &Calendar<'_>, now: Timestamp) -> Vec<Told> {
        self.streams.retain(|_, stream| now.since(stream.last) < FORGOTTEN);
        let mut told = Vec::new();
        let mut whole: Vec<(String, Change)> = Vec::new();
        // The stream of a whole source stands before those of its events, as "" is the least name.
        for ((source, event), stream) in &mut self.streams {
            stream.roll(calendar, now);
            for (change, since, usual, seen) in stream.judge(calendar, now) {
                // What is true of the whole source needs no telling of each event.
                if whole.iter().any(|(one, what)| one == source && *what == change) {
                    continue;
                }
                if event.is_empty() {
                    whole.push((source.clone(), change));
                }
                told.push(Told { source: source.clone(), event: event.clone(), change, since, usual, seen });
            }
        }
        told
    }

    /// Streams that learned an hour since they were last given, as they are to be kept; at most `limit`.
    pub fn changed(&mut self, limit: usize) -> Vec<(Name, Vec<u8>)> {
        let changed = self.streams.iter_mut().filter(|(_, stream)| stream.changed).take(limit);
        let kept = changed.map(|(name, stream)| {
            stream.changed = false;
            (name.clone(), keep::write(stream))
        });
        kept.collect()
    }

    /// How many a source sends in this hour of the week, usually; nothing while it is not known.
    pub fn usual(&self, calendar: &Calendar<'_>, source: &str, at: Timestamp) -> Option<f64> {
        let stream = self.streams.get(&(source.to_owned(), String::new()))?;
        stream.is_warm(at).then(|| stream.middle(calendar.slot(at)))
    }

    /// What was learned of a source, and how it goes now; nothing while nothing was heard of it.
    pub fn week(&self, calendar: &Calendar<'_>, source: &str, now: Timestamp) -> Option<Week> {
        let stream = self.streams.get(&(source.to_owned(), String::new()))?;
        Some(week::of(stream, calendar, now))
    }

    /// How many streams are known.
    pub fn len(&self) -> usize {
        self.streams.len()
    }

    /// True when nothing is known.
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }
}
