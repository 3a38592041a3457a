//! The look every few seconds: what the diagnosis has judged, numbers over time, and what happened in between.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use klinke_console::audit::{Action, Entry, Outcome};
use klinke_console::house::view::Halted;
use klinke_diagnosis::alert::measure::Look;
use klinke_diagnosis::alert::{Errand, Place, Rank, Sign, kind, signs};
use klinke_diagnosis::rhythm::Calendar;
use klinke_diagnosis::{Did, Seen, Text};
use klinke_engine::source::Stop;
use klinke_model::Timestamp;
use klinke_store::AuditQuery;
use tokio::sync::mpsc;

use super::Bureau;
use super::bureau::State;
use crate::control::answer::Counter;
use crate::diagnose::Looked;

/// How often the store's own commit is timed.
const COMMIT_EVERY: Duration = Duration::from_secs(60);
/// How often the oldest delivery is looked for.
const OLDEST_EVERY: Duration = Duration::from_secs(60);
/// Log-ins that were refused within ten minutes before that is told.
const LOG_INS: usize = 10;
/// Failures of the heartbeat in a row before it is told.
const HEARTBEATS: u32 = 3;
const RUNNING: &str = "alerts/running";
const PULSE: &str = "alerts/pulse";
const BACKUP: &str = "alerts/backup";

/// What is remembered between looks, besides what the bureau keeps.
struct Memory {
    looked: Option<Arc<Looked>>,
    commit: Instant,
    took: Option<Duration>,
    /// The last entry of the audit log that was looked at; nothing until the store says where it ends.
    audit: Option<u64>,
    /// Log-ins that were refused of late.
    refused: Vec<Timestamp>,
    /// What the store said last: it counts while the store says nothing.
    oldest: BTreeMap<String, Timestamp>,
    oldest_at: Option<Instant>,
    backup: Option<Timestamp>,
    index_lag: u64,
    left_out: usize,
}

impl Memory {
    fn new(audit: Option<u64>) -> Memory {
        Memory {
            looked: None,
            commit: Instant::now(),
            took: None,
            audit,
            refused: Vec::new(),
            oldest: BTreeMap::new(),
            oldest_at: None,
            backup: None,
            index_lag: 0,
            left_out: 0,
        }
    }
}

/// Notes that the store was copied.
pub fn copied(counter: &Counter) -> Result<()> {
    Ok(counter.store.set_value(BACKUP, Some(&Timestamp::now().0.to_be_bytes()))?)
}

/// Looks until `stop` is said.
pub async fn run(counter: Arc<Counter>, sender: mpsc::Sender<Errand>, mut stop: Stop) {
    let house = counter.clone();
    let begun = tokio::task::spawn_blocking(move || begin(&house, sender)).await;
    let mut memory = begun.unwrap_or_else(|error| {
        tracing::error!(%error, "alerts could not begin as they should");
        Memory::new(None)
    });
    loop {
        let every = counter.watch.settings().every.0;
        tokio::select! {
            () = stop.said() => break,
            () = tokio::time::sleep(every) => {}
        }
        let house = counter.clone();
        let looked = tokio::task::spawn_blocking(move || (look(&house, &mut memory), memory)).await;
        match looked {
            Ok(((), same)) => memory = same,
            // One look that broke off is no reason to look no more.
            Err(error) => {
                tracing::error!(%error, "looking at alerts broke off");
                memory = Memory::new(None);
            }
        }
    }
    let _ = tokio::task::spawn_blocking(move || {
        let saved = counter.alerts.save(Timestamp::now(), true);
        let noted = counter.store.set_value(RUNNING, Some(b"stopped"));
        if saved.is_err() || noted.is_err() {
            tracing::error!("the store does not keep how alerts stand");
        }
    })
    .await;
}

/// Begins, whatever the store says: a store that does not write is what must be told.
fn begin(counter: &Counter, sender: mpsc::Sender<Errand>) -> Memory {
    let (store, bureau) = (counter.store.as_ref(), &counter.alerts);
    let before = or_log(store.value(RUNNING)).flatten();
    or_log(store.set_value(RUNNING, Some(b"running")));
    let broke = before.as_deref() == Some(b"running");
    if before.is_some() {
        let ended = match broke {
            true => Text::new("the run before had broken off", "der Lauf davor war abgebrochen"),
            false => Text::new("it had been stopped in good order", "er war geordnet beendet worden"),
        };
        let rank = broke.then_some(Rank::Warning);
        bureau.happened("restarted", "klinke", "Klinke", &[("ended", ended)], rank);
    }
    let mut state = bureau.lock();
    state.desk.resume(Timestamp::now());
    // What was on its way when the program ended goes out anew.
    for errand in state.desk.outstanding() {
        let _ = sender.try_send(errand.clone());
    }
    state.out = Some(sender);
    drop(state);
    Memory::new(or_log(store.audit_ends()).map(|ends| ends.head.id))
}

/// What the store says; where it does not, that is logged, and alerts go on.
fn or_log<T, E: std::fmt::Display>(result: std::result::Result<T, E>) -> Option<T> {
    result.inspect_err(|error| tracing::error!(%error, "the store does not answer alerts")).ok()
}

fn look(counter: &Counter, memory: &mut Memory) {
    let Some(looked) = counter.watch.latest() else { return };
    let now = Timestamp::now();
    let is_new = memory.looked.as_ref().is_none_or(|one| !Arc::ptr_eq(one, &looked));
    memory.looked = Some(looked.clone());
    if is_new && memory.commit.elapsed() >= COMMIT_EVERY {
        let began = Instant::now();
        // A store that refuses is told as that.
        memory.took =
            counter.store.set_value(PULSE, Some(&now.0.to_be_bytes())).ok().map(|()| began.elapsed());
        memory.commit = began;
    } else {
        memory.took = None;
    }
    ask_store(counter, memory, &looked, now);
    let errands = {
        let mut state = counter.alerts.lock();
        let state = &mut *state;
        let measured = state.measure.look(&Look {
            now,
            facts: &looked.facts,
            own: &looked.own,
            oldest: &memory.oldest,
            oldest_limit: Some(state.file.oldest.map_or(Duration::from_secs(900), |one| one.0)),
            commit: memory.took,
            index_lag: memory.index_lag,
            backup: memory.backup,
            backup_limit: state.file.backup.map(|one| one.0),
        });
        let errands = decide(state, counter, &looked, measured, now);
        let every = counter.watch.settings().every.0;
        state.fresh_until = now.after(every * 3 + Duration::from_secs(60));
        let left_out = state.desk.left_out();
        if left_out > 0 && memory.left_out == 0 {
            tracing::error!(left_out, "more is wrong than alerts may be open");
        }
        memory.left_out = left_out;
        errands
    };
    let told_some = !errands.is_empty();
    let sender = counter.alerts.lock().out.clone();
    for errand in errands {
        tracing::info!(
            alert = errand.alert.id,
            kind = errand.alert.kind,
            person = errand.person,
            "somebody is told"
        );
        // The desk keeps what finds no room, and hands it out after a restart.
        if sender.as_ref().is_none_or(|sender| sender.try_send(errand).is_err()) {
            tracing::error!("more alerts are under way than can be sent");
        }
    }
    // What is to be told is on its way, also when the store does not keep that.
    or_log(counter.alerts.save(now, told_some));
}

/// What the store knows besides; where it does not answer, what it said before counts.
fn ask_store(counter: &Counter, memory: &mut Memory, looked: &Looked, now: Timestamp) {
    or_log(follow_audit(counter, memory, now));
    if memory.oldest_at.is_none_or(|at| at.elapsed() >= OLDEST_EVERY)
        && let Some(found) = or_log(oldest(counter, looked))
    {
        (memory.oldest, memory.oldest_at) = (found, Some(Instant::now()));
    }
    // A destination that has nothing left is no longer late, whenever it is asked next.
    let waits = |name: &str| {
        looked.facts.iter().flat_map(|facts| &facts.out).any(|out| out.name == name && out.waiting > 0)
    };
    memory.oldest.retain(|name, _| waits(name));
    if let Some(value) = or_log(counter.store.value(BACKUP)) {
        memory.backup =
            value.and_then(|value| value.try_into().ok()).map(|bytes| Timestamp(i64::from_be_bytes(bytes)));
    }
    if let Some(health) = or_log(counter.store.health()) {
        memory.index_lag = health.index_lag;
    }
}

/// Puts all signs before the desk.
fn decide(
    state: &mut State,
    counter: &Counter,
    looked: &Looked,
    measured: Vec<Sign>,
    now: Timestamp,
) -> Vec<Errand> {
    let zone = state.zone.clone();
    let offset = |at: Timestamp| zone.offset_minutes(at);
    let calendar = Calendar { land: counter.watch.land(), offset: &offset };
    let mut all = signs::of(&looked.judgements);
    // What happened once must not come again with each look.
    for sign in measured {
        match sign.kind.family {
            kind::Family::Once => state.desk.happened(now, sign),
            _ => all.push(sign),
        }
    }
    for sign in std::mem::take(&mut state.incoming) {
        state.desk.happened(now, sign);
    }
    all.extend(own(state, &calendar, now));
    all.extend(halted(counter));
    let plan = state.plan.clone();
    state.desk.look(now, &plan, &calendar, all, &places(counter, looked))
}

/// What the bureau knows of itself.
fn own(state: &State, calendar: &Calendar<'_>, now: Timestamp) -> Vec<Sign> {
    let mut signs = Vec::new();
    let mut add = |code: &str, subject: &str, words: &[(&str, Text)]| {
        signs.extend(kind::of(code).map(|kind| Sign::new(kind, "klinke", subject, words)));
    };
    for (way, (_, why)) in &state.failing {
        add("way-failed", way, &[("why", Text::same(why))]);
    }
    if state.heart >= HEARTBEATS
        && let Some(heart) = &state.file.heartbeat
    {
        let host =
            heart.url.split("://").nth(1).unwrap_or_default().split(['/', '?']).next().unwrap_or_default();
        add("heartbeat-lost", host, &[("count", Text::same(state.heart.to_string()))]);
    }
    if let Some(what) = &state.faulty {
        add("files-faulty", "klinke", &[("what", Text::same(what))]);
    }
    if let Some(count) = &state.damage {
        let what = Text::new(
            format!("verify has found {count} faults in the store"),
            format!("verify hat {count} Fehler im Speicher gefunden"),
        );
        add("store-damaged", "klinke", &[("what", what)]);
    }
    let is_open =
        state.desk.open().iter().any(|one| one.kind != "nobody-on-call" && one.acknowledged.is_none());
    for (name, _) in state.plan.rotas.iter().filter(|(_, rota)| is_open && rota.hours.is_empty()) {
        if state.plan.resolve(std::slice::from_ref(name), calendar, now).is_empty() {
            add("nobody-on-call", name, &[]);
        }
    }
    signs
}

/// Channels that a person has stopped: by whom, and why.
fn halted(counter: &Counter) -> Vec<Sign> {
    let files = counter.files();
    let sign = |(channel, by): (String, Halted)| {
        let system = files.wiring.channels.get(&channel).and_then(|ends| ends.from.clone());
        let subject = files.wiring.title(&channel).unwrap_or_else(|| channel.clone());
        let words = [("who", Text::same(&*by.who)), ("why", Text::same(&*by.reason))];
        let kind = kind::of("channel-stopped")?;
        Some(Sign::new(kind, system.as_deref().unwrap_or("klinke"), &subject, &words))
    };
    counter.halts.all().into_iter().filter_map(sign).collect()
}

/// Where the systems stand: by their addresses, as names are resolved by what probes saw.
fn places(counter: &Counter, looked: &Looked) -> Vec<Place> {
    let mut addresses: BTreeMap<&str, IpAddr> = BTreeMap::new();
    for step in looked.facts.iter().flat_map(|facts| &facts.out).flat_map(|out| &out.steps) {
        if let (Did::Resolved(name), Seen::Addresses(list)) = (&step.did, &step.saw) {
            let first = list.iter().find_map(|one| one.parse().ok());
            first.map(|address| addresses.insert(name.as_str(), address));
        }
    }
    let files = counter.files();
    let place = |system: &klinke_console::house::site::SystemView| {
        let host = system.endpoints.iter().find_map(|(adapter, at)| host(adapter, at))?;
        Some(Place::new(&system.name, host, addresses.get(host).copied()))
    };
    files.wiring.systems.iter().filter_map(place).collect()
}

/// The host of an endpoint; nothing for folders, and for what is on this machine itself.
fn host<'a>(adapter: &str, at: &'a str) -> Option<&'a str> {
    if adapter == "file" {
        return None;
    }
    let rest = at.split_once("://").map_or(at, |(_, rest)| rest);
    let rest = rest.split(['/', '?']).next()?;
    let host = rest.rsplit_once(':').map_or(rest, |(host, _)| host);
    let own = host.is_empty() || host == "localhost" || host.starts_with("127.") || host == "[::1]";
    (!own).then_some(host)
}

/// Since when the oldest delivery of each destination waits; not of those that have opening hours.
fn oldest(counter: &Counter, looked: &Looked) -> Result<BTreeMap<String, Timestamp>> {
    let mut oldest = BTreeMap::new();
    let waiting = looked.facts.iter().flat_map(|facts| &facts.out).filter(|out| out.waiting > 0);
    let names: Vec<&str> = waiting.map(|out| out.name.as_str()).collect();
    if names.is_empty() {
        return Ok(oldest);
    }
    let files = counter.files();
    for (name, info) in counter.destinations(None)? {
        if !names.contains(&name.as_str()) || files.opening.contains(&name) {
            continue;
        }
        if let Some(first) = counter.store.oldest(info.id)? {
            oldest.insert(name, first);
        }
    }
    Ok(oldest)
}

/// What the audit log says since the last look.
fn follow_audit(counter: &Counter, memory: &mut Memory, now: Timestamp) -> Result<()> {
    let Some(mark) = memory.audit else {
        memory.audit = Some(counter.store.audit_ends()?.head.id);
        return Ok(());
    };
    let query = AuditQuery { beyond: Some(mark), limit: 200, ..AuditQuery::default() };
    for record in counter.store.audit(&query)? {
        memory.audit = Some(record.seal.id);
        let Ok(entry) = serde_json::from_slice::<Entry>(&record.entry) else { continue };
        let who = [("who", Text::same(&*entry.who.name))];
        match (entry.action, entry.outcome) {
            (Action::Emergency, Outcome::Done) => {
                counter.alerts.happened("emergency-access", "klinke", &entry.who.name, &who, None);
            }
            (Action::Reload | Action::Deploy | Action::Rollback, Outcome::Done) => {
                counter.alerts.happened("site-changed", "klinke", "Klinke", &who, None);
            }
            (Action::LogIn, Outcome::Refused | Outcome::Failed) => memory.refused.push(record.at),
            _ => {}
        }
    }
    memory.refused.retain(|at| now.since(*at) < Duration::from_secs(600));
    if memory.refused.len() >= LOG_INS {
        let count = [("count", Text::same(memory.refused.len().to_string()))];
        counter.alerts.happened("log-ins-fail", "klinke", "Klinke", &count, None);
        memory.refused.clear();
    }
    Ok(())
}

impl Bureau {
    /// Something is new in a partner's messages. What came is not said: it may be a value.
    pub fn new_in_messages(&self, system: &str, kind: &str, place: &str, envelope: u64) {
        let words = [
            ("novelty", Text::same(kind)),
            ("place", Text::same(place)),
            ("envelope", Text::same(envelope.to_string())),
        ];
        self.happened("novelty", system, system, &words, None);
    }
}

#[cfg(test)]
mod tests {
    use klinke_store::faulty::FaultyStore;
    use klinke_store::memory::MemoryStore;

    use super::*;
    use crate::serve::rhythm::tests::counter_of;

    #[test]
    fn a_store_that_does_not_write_keeps_nobody_from_being_told() {
        let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::default()), 1));
        let counter = counter_of(store.clone());
        store.refuse(Some(klinke_store::Error::Backend("full".to_owned())));
        let (sender, mut errands) = mpsc::channel(8);
        let mut memory = begin(&counter, sender);
        let own = klinke_diagnosis::facts::Own::default();
        counter.watch.found(Looked { judgements: Vec::new(), facts: Vec::new(), own });
        counter.alerts.lock().plan = Arc::new(plan());
        counter.alerts.happened("restarted", "klinke", "Klinke", &[], Some(Rank::Warning));
        counter.alerts.lock().fresh_until = Timestamp(0);
        look(&counter, &mut memory);
        assert_eq!(errands.try_recv().expect("an errand").person, "anna");
        assert!(counter.alerts.lock().fresh_until > Timestamp::now());
    }

    fn plan() -> klinke_diagnosis::alert::Plan {
        use klinke_diagnosis::alert::plan::{Person, Plan, Rule, Step};
        let step = Step { to: vec!["anna".to_owned()], after: Duration::ZERO };
        Plan {
            people: [("anna".to_owned(), Person::default())].into(),
            rules: vec![Rule { steps: vec![step], ..Rule::default() }],
            hourly: 9,
            ..Plan::default()
        }
    }
}
