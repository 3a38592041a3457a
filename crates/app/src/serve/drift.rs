//! The drift guard: holds what partners send against their dialects, at its own pace and never in a
//! channel's way. It reads the store behind the channels, from a mark on, as any reader does.
//!
//! What is new is told once: kept with the first envelope that had it under `dialect/<system>` of the
//! store, logged without patient data, and given to whoever listens ([`Hear`]: alerts). A dialect that was
//! learned anew is a new measure: what was told against the old one is dropped.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use klinke_diagnosis::dialect::{Dialect, Novelty, compare};
use klinke_engine::source::Stop;
use klinke_formats::hl7v2;
use klinke_model::{EnvelopeId, Timestamp};
use klinke_store::{Query, Store, Summary};
use serde::{Deserialize, Serialize};

use crate::control::answer::{Counter, Files};
use crate::control::learn::{PAYLOAD_BYTES_MAX, read};
use klinke_console::house::view::{DriftView, NoveltyView};

/// How often the guard looks.
const EVERY: Duration = Duration::from_secs(1);
/// Envelopes that it takes at a time.
const BITE: usize = 50;
/// How long it goes on each time: a small share of one processor core, whatever comes.
const BUDGET: Duration = Duration::from_millis(50);
/// So far behind it gives up catching up, passes over what came and says so.
const LAG_MAX: u64 = 20_000;
/// So many of the latest it then still looks at.
const LAG_KEPT: u64 = 1_000;
/// Things told of one system; a system that tells more speaks another dialect altogether.
const TOLD_MAX: usize = 200;
/// The mark: the last envelope that was looked at.
const MARK: &str = "dialect/mark";

/// Who is told of something new, once: the system, and what it is.
pub type Hear = Arc<dyn Fn(&str, &NoveltyView) + Send + Sync>;

/// Those who hear of it while the site runs: the log, and alerts.
pub fn ears(alerts: &Arc<crate::alerts::Bureau>) -> Vec<Hear> {
    let bureau = alerts.clone();
    let alerts: Hear = Arc::new(move |system: &str, new: &NoveltyView| {
        bureau.new_in_messages(system, &new.kind, &new.place, new.envelope);
    });
    let log: Hear = Arc::new(|system: &str, new: &NoveltyView| {
        tracing::warn!(
            system,
            kind = %new.kind,
            place = %new.place,
            came = %new.came,
            envelope = new.envelope,
            "something is new in a partner's messages"
        );
    });
    vec![log, alerts]
}

/// Watches until `stop` is said.
pub async fn run(counter: Arc<Counter>, ears: Vec<Hear>, mut stop: Stop) {
    let mut beat = tokio::time::interval(EVERY);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let ears: Arc<[Hear]> = ears.into();
    loop {
        tokio::select! {
            () = stop.said() => return,
            _ = beat.tick() => {}
        }
        let (counter, ears) = (counter.clone(), ears.clone());
        match tokio::task::spawn_blocking(move || look(&counter, &ears)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the drift guard could not look"),
            Err(error) => tracing::error!(%error, "the drift guard broke off"),
        }
    }
}

/// Looks at what came since it last did.
fn look(counter: &Counter, ears: &[Hear]) -> Result<()> {
    let files = counter.files();
    if files.dialects.is_empty() {
        return Ok(());
    }
    let store = counter.store.as_ref();
    let last = store.channels()?.iter().filter_map(|channel| channel.last).max().map_or(0, |last| last.0);
    let Some(mark) = mark(store)? else {
        // What came before the guard was there is what the dialect was learned from.
        return Ok(store.set_value(MARK, Some(&last.to_be_bytes()))?);
    };
    if last <= mark {
        return Ok(());
    }
    let mut watched = BTreeMap::new();
    for (name, gauge) in &files.dialects {
        watched.insert(name.as_str(), Watched::load(store, name, gauge)?);
    }
    let behind = last - mark;
    let mut mark = mark;
    if behind > LAG_MAX {
        mark = last - LAG_KEPT;
        tracing::warn!(passed_over = behind - LAG_KEPT, "the drift guard is too far behind");
        watched.values_mut().for_each(|one| one.pass_over(behind - LAG_KEPT));
    }
    let end = Instant::now() + BUDGET;
    loop {
        let found = bite(counter, &files, &mut watched, mark, ears)?;
        mark = found.last().map_or(mark, |summary| summary.envelope.id.0);
        if found.len() < BITE {
            // What is not listed up to the last one is gone.
            mark = mark.max(last);
            break;
        }
        if Instant::now() > end {
            break;
        }
    }
    for one in watched.values().filter(|one| one.changed) {
        one.save(store)?;
    }
    Ok(store.set_value(MARK, Some(&mark.to_be_bytes()))?)
}

/// Looks at the next few envelopes behind a mark.
fn bite(
    counter: &Counter,
    files: &Files,
    watched: &mut BTreeMap<&str, Watched>,
    mark: u64,
    ears: &[Hear],
) -> Result<Vec<Summary>> {
    let query = Query { beyond: Some(EnvelopeId(mark)), oldest_first: true, limit: BITE, ..Query::default() };
    let found = counter.store.search(&query)?;
    for summary in &found {
        let system = &*summary.envelope.system;
        let (Some(one), Some(gauge)) = (watched.get_mut(system), files.dialects.get(system)) else {
            continue;
        };
        if &*summary.envelope.format != hl7v2::NAME || summary.size > PAYLOAD_BYTES_MAX {
            one.pass_over(1);
            continue;
        }
        match read(counter, summary.envelope.id, files.charset(system), &files.local)? {
            None => one.pass_over(1),
            Some(outlines) => {
                for outline in &outlines {
                    let (id, at) = (summary.envelope.id, summary.envelope.received);
                    one.take(compare(outline, &gauge.dialect), id, at, ears);
                }
            }
        }
    }
    Ok(found)
}

fn mark(store: &dyn Store) -> Result<Option<u64>> {
    let value = store.value(MARK)?;
    Ok(value.and_then(|value| Some(u64::from_be_bytes(value.try_into().ok()?))))
}

/// A dialect that messages are held against.
#[derive(Clone, Debug)]
pub struct Gauge {
    dialect: Dialect,
    /// A number that changes with the dialect.
    measure: u64,
}

impl Gauge {
    /// Of a dialect.
    pub fn new(dialect: Dialect) -> Gauge {
        Gauge { measure: measure(&dialect), dialect }
    }
}

/// What is known of one system's drift.
pub struct Watched {
    system: String,
    kept: Kept,
    changed: bool,
}

/// What is kept in the store.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    /// Tells the dialect that messages were held against.
    dialect: u64,
    looked: u64,
    skipped: u64,
    more: u64,
    told: Vec<Told>,
}

/// One thing that was told.
#[derive(Serialize, Deserialize)]
struct Told {
    novelty: Novelty,
    envelope: u64,
    at: i64,
    count: u64,
}

impl Told {
    fn view(&self) -> NoveltyView {
        let kind = serde_json::to_value(self.novelty.kind).ok();
        NoveltyView {
            kind: kind.and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default(),
            place: self.novelty.place.clone(),
            came: self.novelty.came.clone(),
            before: self.novelty.before.clone(),
            envelope: self.envelope,
            at: Timestamp(self.at).to_string(),
            count: self.count,
        }
    }
}

impl Watched {
    /// As it is kept; begun anew when the dialect is another one than it was.
    pub fn load(store: &dyn Store, system: &str, gauge: &Gauge) -> Result<Watched> {
        let kept = store.value(&name(system))?.and_then(|value| serde_json::from_slice::<Kept>(&value).ok());
        let kept = kept.filter(|kept| kept.dialect == gauge.measure);
        let kept = kept.unwrap_or_else(|| Kept { dialect: gauge.measure, ..Kept::default() });
        Ok(Watched { system: system.to_owned(), kept, changed: false })
    }

    /// For people and tools.
    pub fn view(&self) -> DriftView {
        DriftView {
            system: self.system.clone(),
            looked: self.kept.looked,
            skipped: self.kept.skipped,
            novelties: self.kept.told.iter().map(Told::view).collect(),
            more: self.kept.more,
        }
    }

    fn pass_over(&mut self, envelopes: u64) {
        self.kept.skipped += envelopes;
        self.changed = true;
    }

    /// Takes what is new in one message; what was told before is counted.
    fn take(&mut self, news: Vec<Novelty>, envelope: EnvelopeId, at: Timestamp, ears: &[Hear]) {
        self.kept.looked += 1;
        self.changed = true;
        for novelty in news {
            if let Some(told) = self.kept.told.iter_mut().find(|told| told.novelty.key() == novelty.key()) {
                told.count += 1;
                continue;
            }
            if self.kept.told.len() >= TOLD_MAX {
                self.kept.more += 1;
                continue;
            }
            let told = Told { novelty, envelope: envelope.0, at: at.0, count: 1 };
            ears.iter().for_each(|hear| hear(&self.system, &told.view()));
            self.kept.told.push(told);
        }
    }

    fn save(&self, store: &dyn Store) -> Result<()> {
        Ok(store.set_value(&name(&self.system), Some(&serde_json::to_vec(&self.kept)?))?)
    }
}

fn name(system: &str) -> String {
    format!("dialect/{system}")
}

/// A number that changes with the dialect.
fn measure(dialect: &Dialect) -> u64 {
    let text = serde_json::to_string(dialect).unwrap_or_default();
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::RwLock;

    use klinke_console::house::door::Door;
    use klinke_console::people::People;
    use klinke_console::people::session::Lengths;
    use klinke_diagnosis::dialect::Learner;
    use klinke_formats::hl7v2::outline::outlines;
    use klinke_model::{Origin, Payload};
    use klinke_store::memory::MemoryStore;
    use klinke_store::{NewEnvelope, Store};

    use super::*;
    use crate::wire::World;

    fn message(sex: &str) -> String {
        format!("MSH|^~\\&|KIS||||20260301||ADT^A01|1|P|2.5\rPID|1||4711||Beispiel^Berta||19640812|{sex}\r")
    }

    fn counter() -> Counter {
        let mut learner = Learner::new("kis");
        outlines(message("F").as_bytes(), None, None)
            .expect("outlines")
            .iter()
            .for_each(|one| learner.learn(one));
        let dialects = BTreeMap::from([("kis".to_owned(), Gauge::new(learner.finish()))]);
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let people = People::open(store.clone(), Lengths::default()).expect("people");
        let alerts = Arc::new(crate::alerts::Bureau::open(store.clone(), None).expect("a bureau"));
        Counter {
            files: RwLock::new(Arc::new(Files { dialects, ..Files::default() })),
            door: Door::new(Arc::new(people)),
            shadows: Arc::new(crate::shadow::Shadows::open(store.clone()).expect("shadows")),
            store: store.clone(),
            engine: None,
            world: World::new("UTC").expect("a world"),
            counts: Default::default(),
            failed: Default::default(),
            rhythm: Default::default(),
            course: Default::default(),
            watch: Arc::default(),
            alerts,
            board: Arc::default(),
            canaries: Arc::default(),
            halts: Arc::new(crate::halt::Halts::open(store.clone()).expect("halts")),
            peers: Default::default(),
            migrations: Arc::default(),
            deploying: None,
        }
    }

    fn accept(counter: &Counter, system: &str, payload: &str) {
        let store = counter.store.as_ref();
        let channel = store.channel("adt").expect("a channel");
        let version = store.version(channel, "", Timestamp(0)).expect("a version");
        let (sender, receiver) = std::sync::mpsc::channel();
        let envelope = NewEnvelope {
            channel,
            version,
            received: Timestamp(0),
            system: system.into(),
            peer: "".into(),
            format: "hl7v2".into(),
            origin: Origin::Received,
            fingerprint: None,
            payload: Payload::new(payload.as_bytes().to_vec()),
        };
        store.accept(envelope, Box::new(move |done| sender.send(done).expect("heard")));
        receiver.recv().expect("an answer").expect("accepted");
    }

    fn seen(counter: &Counter) -> DriftView {
        crate::control::learn::drift(counter, Some("kis")).expect("drift").remove(0)
    }

    #[test]
    fn each_thing_is_heard_once_and_other_systems_are_left_alone() {
        let (counter, heard) = (counter(), Arc::new(Mutex::new(Vec::new())));
        let ear = heard.clone();
        let ears: Vec<Hear> = vec![Arc::new(move |system: &str, new: &NoveltyView| {
            ear.lock().expect("whole").push(format!("{system} {} {}", new.place, new.came));
        })];
        accept(&counter, "kis", &message("X"));
        look(&counter, &ears).expect("looked");
        assert_eq!(seen(&counter).looked, 0, "what came before the guard is not looked at");
        for system in ["kis", "kis", "lab", "kis"] {
            accept(&counter, system, &message("U"));
        }
        accept(&counter, "kis", "no message");
        look(&counter, &ears).expect("looked");
        look(&counter, &ears).expect("looked");
        assert_eq!(*heard.lock().expect("whole"), ["kis PID-8 U"]);
        let seen = seen(&counter);
        assert_eq!((seen.looked, seen.skipped, seen.novelties[0].count), (3, 1, 3));
        assert_eq!(seen.novelties[0].envelope, 2);
    }

    #[test]
    fn a_guard_that_is_too_far_behind_passes_over_and_says_so() {
        let counter = counter();
        accept(&counter, "kis", &message("F"));
        look(&counter, &[]).expect("looked");
        for _ in 0..LAG_MAX + 500 {
            accept(&counter, "kis", "");
        }
        accept(&counter, "kis", &message("U"));
        let passed_over = LAG_MAX + 500 + 1 - LAG_KEPT;
        look(&counter, &[]).expect("looked");
        assert!(seen(&counter).skipped >= passed_over, "{}", seen(&counter).skipped);
        while seen(&counter).looked == 0 {
            look(&counter, &[]).expect("looked");
        }
        assert_eq!(seen(&counter).novelties.len(), 1);
    }
}
