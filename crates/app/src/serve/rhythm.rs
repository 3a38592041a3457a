//! Hears what comes, and learns in which rhythm: at its own pace and never in a channel's way, from the store
//! behind the channels, as the drift guard does.
//!
//! What was learned is kept under `rhythm/<source>` of the store. What came while nobody listened, and what
//! was passed over, makes a hole: its hours are not learned.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use klinke_console::house::rhythm::{Hour, Rhythm as View};
use klinke_diagnosis::rhythm::{Calendar, Rhythm, Told};
use klinke_engine::source::Stop;
use klinke_formats::hl7v2::{self, event::event};
use klinke_model::{ChannelId, Envelope, EnvelopeId, Origin, Timestamp};
use klinke_store::Store;

use crate::control::answer::Counter;

/// How often it looks.
const EVERY: Duration = Duration::from_secs(2);
/// Envelopes that it takes at a time, and their bytes.
const BITE: usize = 200;
const BITE_BYTES: usize = 8 << 20;
/// How long it goes on each time: a small share of one processor core, whatever comes.
const BUDGET: Duration = Duration::from_millis(80);
/// So far behind it gives up catching up.
const LAG_MAX: u64 = 50_000;
/// Streams that are written at a time.
const SAVED_MAX: usize = 16;
/// Streams that are read at a time, at the start.
const PAGE: usize = 64;
const PREFIX: &str = "rhythm/";
/// Between a source's name and an event's.
const BETWEEN: char = '\u{1f}';

/// What the rhythm of each source says now: what is unusual, and how many are usual in an hour.
pub type Pulse = BTreeMap<String, (Vec<Told>, Option<f64>)>;

/// Listens until `stop` is said.
pub async fn run(counter: Arc<Counter>, mut stop: Stop) {
    let opened = {
        let counter = counter.clone();
        tokio::task::spawn_blocking(move || Ear::open(&counter)).await
    };
    let mut ear = match opened {
        Ok(Ok(ear)) => ear,
        Ok(Err(error)) => return tracing::error!(%error, "the rhythm of the partners can't be read"),
        Err(error) => return tracing::error!(%error, "the rhythm of the partners can't be read"),
    };
    let mut beat = tokio::time::interval(EVERY);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.said() => break,
            _ = beat.tick() => {}
        }
        let house = counter.clone();
        match tokio::task::spawn_blocking(move || (ear.listen(&house), ear)).await {
            Ok((heard, same)) => {
                ear = same;
                if let Err(error) = heard {
                    tracing::error!(%error, "what came could not be counted");
                }
            }
            Err(error) => return tracing::error!(%error, "counting what comes broke off"),
        }
    }
    let _ = tokio::task::spawn_blocking(move || ear.save(counter.store.as_ref(), usize::MAX)).await;
}

/// What was heard, for the ear and for those who look.
pub type Heard = Arc<Mutex<Rhythm>>;

fn lock(heard: &Heard) -> MutexGuard<'_, Rhythm> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the store has kept.
fn load(store: &dyn Store) -> Result<Rhythm> {
    let mut kept = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.values(PREFIX, after.as_deref(), PAGE)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        kept.extend(page.into_iter().filter_map(|(name, bytes)| {
            let (source, event) = name.strip_prefix(PREFIX)?.split_once(BETWEEN)?;
            Some(((source.to_owned(), event.to_owned()), bytes))
        }));
    }
    Ok(Rhythm::load(kept))
}

/// The rhythm of a system, for whoever looks; what the store has kept where nothing serves.
pub fn view(counter: &Counter, system: &str) -> Result<Option<View>> {
    let zone = &counter.world.zone;
    let offset = |at: Timestamp| zone.offset_minutes(at);
    let calendar = Calendar { land: counter.watch.land(), offset: &offset };
    let now = Timestamp::now();
    let week = match counter.engine {
        Some(_) => lock(&counter.rhythm).week(&calendar, system, now),
        None => load(counter.store.as_ref())?.week(&calendar, system, now),
    };
    let hour = |one: &klinke_diagnosis::rhythm::Hour| Hour {
        weeks: one.weeks,
        least: one.least,
        middle: one.middle,
        most: one.most,
    };
    Ok(week.map(|week| View {
        system: system.to_owned(),
        is_warm: week.is_warm,
        begun: week.begun.to_string(),
        last: week.last.to_string(),
        now: week.slot,
        came: week.came,
        usual: week.usual,
        awaited: week.awaited,
        silent: week.silent.map(|since| since.to_string()),
        hours: week.hours.iter().map(hour).collect(),
    }))
}

/// Who listens.
struct Ear {
    /// Shared with those who look at it.
    rhythm: Heard,
    /// The last envelope that was heard, by channel.
    marks: BTreeMap<ChannelId, u64>,
}

impl Ear {
    fn open(counter: &Counter) -> Result<Ear> {
        let store = counter.store.as_ref();
        let mut rhythm = load(store)?;
        rhythm.begin(Timestamp::now());
        let heard = counter.rhythm.clone();
        *lock(&heard) = rhythm;
        let marks = store.channels()?.iter().map(|one| (one.id, one.last.map_or(0, |last| last.0))).collect();
        Ok(Ear { rhythm: heard, marks })
    }

    /// Hears what came since it last did, and says what is unusual.
    fn listen(&mut self, counter: &Counter) -> Result<()> {
        let heard = self.rhythm.clone();
        let mut rhythm = lock(&heard);
        let store = counter.store.as_ref();
        let zone = &counter.world.zone;
        let offset = |at: Timestamp| zone.offset_minutes(at);
        let calendar = Calendar { land: counter.watch.land(), offset: &offset };
        let (now, end) = (Timestamp::now(), Instant::now() + BUDGET);
        // Whose channel a person has stopped is silent with good reason, and its hours are not learned.
        for source in &halted(counter) {
            rhythm.begin_one(source, now);
        }
        let mut heard_all = true;
        for channel in store.channels()? {
            let Some(last) = channel.last.map(|last| last.0) else { continue };
            let mark = self.marks.entry(channel.id).or_insert(0);
            if last.saturating_sub(*mark) > LAG_MAX {
                tracing::warn!(channel = %channel.name, "too much comes to learn its rhythm by the message");
                *mark = last;
                let files = counter.files();
                let ends = files.wiring.channels.get(&channel.name);
                let source = ends.and_then(|ends| ends.from.as_ref()).unwrap_or(&channel.name);
                rhythm.begin_one(source, now);
                continue;
            }
            while *mark < last {
                let found = store.arrivals(channel.id, EnvelopeId(*mark), BITE, BITE_BYTES)?;
                let Some(newest) = found.last().map(|one| one.id.0) else {
                    *mark = last;
                    break;
                };
                *mark = newest;
                for one in found.iter().filter(|one| one.origin == Origin::Received) {
                    hear(&mut rhythm, &calendar, &channel.name, one);
                }
                if Instant::now() > end {
                    heard_all &= newest >= last;
                    break;
                }
            }
        }
        // While there is more to hear nothing can be said of silence.
        if heard_all {
            let told = rhythm.look(&calendar, now);
            counter.watch.feel(pulse(&rhythm, &calendar, told, now, counter));
        }
        drop(rhythm);
        self.save(store, SAVED_MAX)
    }

    fn save(&mut self, store: &dyn Store, limit: usize) -> Result<()> {
        let changed = lock(&self.rhythm).changed(limit);
        for ((source, event), bytes) in changed {
            store.set_value(&format!("{PREFIX}{source}{BETWEEN}{event}"), Some(&bytes))?;
        }
        Ok(())
    }
}

fn pulse(
    rhythm: &Rhythm,
    calendar: &Calendar<'_>,
    told: Vec<Told>,
    now: Timestamp,
    counter: &Counter,
) -> Pulse {
    let mut pulse = Pulse::new();
    let (files, halted) = (counter.files(), halted(counter));
    let sources = files.wiring.channels.iter().map(|(name, ends)| ends.from.as_ref().unwrap_or(name));
    for source in sources {
        let usual = rhythm.usual(calendar, source, now);
        pulse.insert(source.clone(), (Vec::new(), usual));
    }
    for one in told {
        // What the site no longer has is silent with good reason.
        if halted.contains(&one.source) {
            continue;
        }
        if let Some((all, _)) = pulse.get_mut(&one.source) {
            all.push(one);
        }
    }
    pulse
}

/// The sources of channels that a person has stopped.
fn halted(counter: &Counter) -> BTreeSet<String> {
    let files = counter.files();
    let from = |name: &String| files.wiring.channels.get(name).and_then(|ends| ends.from.clone());
    counter.halts.all().keys().map(|name| from(name).unwrap_or_else(|| name.clone())).collect()
}

fn hear(rhythm: &mut Rhythm, calendar: &Calendar<'_>, channel: &str, one: &Envelope) {
    let source = if one.system.is_empty() { channel } else { &one.system };
    let event =
        if &*one.format == hl7v2::NAME { event(&one.payload).unwrap_or_default() } else { String::new() };
    rhythm.hear(calendar, source, &event, one.received);
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::RwLock;

    use klinke_console::house::door::Door;
    use klinke_console::people::People;
    use klinke_console::people::session::Lengths;
    use klinke_model::Payload;
    use klinke_store::NewEnvelope;
    use klinke_store::memory::MemoryStore;

    use super::*;
    use crate::control::answer::Files;
    use crate::wire::World;

    fn counter() -> Counter {
        counter_of(Arc::new(MemoryStore::default()))
    }

    pub(crate) fn counter_of(store: Arc<dyn Store>) -> Counter {
        let people = People::open(store.clone(), Lengths::default()).expect("people");
        let alerts = Arc::new(crate::alerts::Bureau::open(store.clone(), None).expect("a bureau"));
        Counter {
            files: RwLock::new(Arc::new(Files::default())),
            door: Door::new(Arc::new(people)),
            store: store.clone(),
            engine: None,
            world: World::new("Europe/Berlin").expect("a world"),
            counts: Default::default(),
            failed: Default::default(),
            rhythm: Default::default(),
            course: Default::default(),
            watch: Arc::default(),
            alerts,
            board: Arc::default(),
            shadows: Arc::new(crate::shadow::Shadows::open(store.clone()).expect("shadows")),
            canaries: Arc::default(),
            halts: Arc::new(crate::halt::Halts::open(store.clone()).expect("halts")),
            peers: Default::default(),
            migrations: Arc::default(),
            deploying: None,
        }
    }

    fn accept(counter: &Counter, system: &str, event: &str, origin: Origin) {
        let store = counter.store.as_ref();
        let channel = store.channel("adt").expect("a channel");
        let version = store.version(channel, "", Timestamp(0)).expect("a version");
        let text = format!("MSH|^~\\&|KIS||||20260301||{event}|1|P|2.5\rPID|1||4711||Beispiel^Berta\r");
        let (sender, receiver) = std::sync::mpsc::channel();
        let envelope = NewEnvelope {
            channel,
            version,
            received: Timestamp::now(),
            system: system.into(),
            peer: "".into(),
            format: "hl7v2".into(),
            origin,
            fingerprint: None,
            payload: Payload::new(text.into_bytes()),
        };
        store.accept(envelope, Box::new(move |done| drop(sender.send(done))));
        receiver.recv().expect("called").expect("accepted");
    }

    #[test]
    fn what_partners_send_is_counted_by_sender_and_event_and_kept_without_a_patient() {
        let counter = counter();
        accept(&counter, "kis", "ADT^A01", Origin::Received);
        let mut ear = Ear::open(&counter).expect("opens");
        ear.listen(&counter).expect("listens");
        assert_eq!(lock(&ear.rhythm).len(), 0, "what came before it listened is not heard");
        accept(&counter, "kis", "ADT^A08", Origin::Received);
        accept(&counter, "kis", "Beispiel^Berta", Origin::Received);
        accept(&counter, "", "ORU^R01", Origin::Received);
        accept(&counter, "lis", "ORU^R01", Origin::Resent(EnvelopeId(1)));
        ear.listen(&counter).expect("listens");
        // kis, kis ADT^A08, and the channel with its event: what a person resends is no partner's.
        assert_eq!(lock(&ear.rhythm).len(), 4);
        let hours = |ear: &mut Ear| {
            let calendar = Calendar { land: None, offset: &|_| 60 };
            lock(&ear.rhythm).look(&calendar, Timestamp::now().after(Duration::from_secs(3 * 3_600)));
        };
        hours(&mut ear);
        ear.save(counter.store.as_ref(), usize::MAX).expect("saved");
        let kept = counter.store.values(PREFIX, None, 99).expect("values");
        assert_eq!(kept.len(), 4);
        assert!(kept.iter().all(|(name, _)| !name.contains("Berta")), "{kept:?}");
        assert_eq!(
            Ear::open(&counter).expect("opens").rhythm.lock().expect("a lock").len(),
            4,
            "after a restart"
        );
    }
}
