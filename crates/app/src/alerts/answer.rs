//! Answers what pages and tools ask of alerts.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use klinke_console::house::alerts::{AlertView, Alerts, Ask, Line, Mute as MuteView, OnCall, Redeemed, Way};
use klinke_diagnosis::Text;
use klinke_diagnosis::alert::plan::Mute;
use klinke_diagnosis::alert::words;
use klinke_diagnosis::alert::{Alert, Errand, Rank, Reason, Sign, kind};
use klinke_diagnosis::rhythm::Calendar;
use klinke_model::Timestamp;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::bureau::State;
use super::{send, token};
use crate::control::answer::Counter;

/// Closed alerts that are listed.
const CLOSED_MAX: usize = 50;
/// The longest mute: a week.
const MUTE_MINUTES_MAX: u64 = 7 * 1_440;
const REASON_MAX: usize = 300;

/// Answers.
pub fn answer(counter: &Counter, ask: Ask, runtime: &Handle) -> Result<Value> {
    let now = Timestamp::now();
    match ask {
        Ask::List => Ok(serde_json::to_value(list(&counter.alerts.lock(), counter, now))?),
        Ask::Acknowledge { id, who } => {
            if !counter.alerts.lock().desk.acknowledge(id, &words::line(&who, 80), now) {
                bail!("there is no open alert {id}");
            }
            counter.alerts.save(now, true)?;
            Ok(json!({ "acknowledged": id }))
        }
        Ask::Mute { systems, kinds, minutes, reason, who } => {
            let id = mute(counter, systems, kinds, minutes, &reason, &who, now)?;
            counter.alerts.save(now, true)?;
            Ok(json!({ "mute": id }))
        }
        Ask::Unmute { id } => {
            if !counter.alerts.lock().desk.unmute(id) {
                bail!("there is no mute {id}");
            }
            counter.alerts.save(now, true)?;
            Ok(json!({ "unmuted": id }))
        }
        Ask::Test { way } => test(counter, way.as_deref(), runtime, now),
    }
}

fn list(state: &State, counter: &Counter, now: Timestamp) -> Alerts {
    let zone = state.zone.clone();
    let offset = |at: Timestamp| zone.offset_minutes(at);
    let calendar = Calendar { land: counter.watch.land(), offset: &offset };
    let on_call = state.plan.rotas.iter().map(|(rota, one)| {
        let person = one.on_call(&calendar, now);
        let title =
            person.and_then(|person| state.plan.people.get(person)).map(|person| person.title.clone());
        OnCall { rota: rota.clone(), person: person.map(str::to_owned), title }
    });
    let ways = state.ways.names().map(|(name, kind)| Way {
        name: name.to_owned(),
        kind: kind.to_owned(),
        failing: state.failing.get(name).map(|(_, why)| why.clone()),
    });
    let mutes = state.desk.mutes().iter().map(|mute| MuteView {
        id: mute.id,
        systems: mute.systems.clone(),
        kinds: mute.kinds.clone(),
        until: Timestamp(mute.until).to_string(),
        who: mute.who.clone(),
        reason: mute.reason.clone(),
    });
    Alerts {
        open: state.desk.open().into_iter().map(view).collect(),
        closed: state.desk.closed().take(CLOSED_MAX).map(view).collect(),
        mutes: mutes.collect(),
        on_call: on_call.collect(),
        ways: ways.collect(),
        tells: !state.plan.rules.is_empty(),
        serving: counter.engine.is_some(),
    }
}

fn view(alert: &Alert) -> AlertView {
    let time = |at: i64| Timestamp(at).to_string();
    AlertView {
        id: alert.id,
        kind: alert.kind.clone(),
        rank: alert.rank,
        systems: alert.systems.clone(),
        title: alert.title.clone(),
        text: alert.text.clone(),
        also: alert.also.clone(),
        first: alert.first.clone(),
        call: alert.call.clone(),
        since: time(alert.since),
        closed: alert.closed.map(time),
        acknowledged: alert.acknowledged.clone().map(|(who, at)| (who, time(at))),
        flaps: alert.flaps,
        muted: alert.muted,
        lines: alert
            .lines
            .iter()
            .map(|line| Line {
                at: time(line.at),
                what: line.what.clone(),
                who: line.who.clone(),
                way: line.way.clone(),
            })
            .collect(),
    }
}

fn mute(
    counter: &Counter,
    systems: BTreeSet<String>,
    kinds: BTreeSet<String>,
    minutes: u64,
    reason: &str,
    who: &str,
    now: Timestamp,
) -> Result<u64> {
    let known = counter.files();
    if let Some(odd) = systems.iter().find(|name| *name != "klinke" && known.wiring.system(name).is_none()) {
        bail!("there is no system `{odd}`");
    }
    if let Some(odd) = kinds.iter().find(|code| kind::of(code).is_none()) {
        bail!("there is no kind of alert `{odd}`; docs/alerts.md lists them");
    }
    if !(1..=MUTE_MINUTES_MAX).contains(&minutes) {
        bail!("a mute lasts from one minute to a week");
    }
    let reason = words::line(reason, REASON_MAX);
    if reason.is_empty() {
        bail!("say why nothing is to be told");
    }
    let until = now.after(std::time::Duration::from_secs(minutes * 60)).0;
    let mute = Mute { id: 0, systems, kinds, until, who: words::line(who, 80), reason };
    counter.alerts.lock().desk.mute(mute).context("too many mutes stand already")
}

/// Sends a marked test alert along each way of each person, or along one way.
fn test(counter: &Counter, way: Option<&str>, runtime: &Handle, now: Timestamp) -> Result<Value> {
    let mut trips = Vec::new();
    let ways = {
        let mut state = counter.alerts.lock();
        if let Some(way) = way.filter(|way| !state.ways.has(way)) {
            bail!("there is no way `{way}`");
        }
        let alert = test_alert(now)?;
        let people = state.plan.people.clone();
        for (name, person) in &people {
            for (own, to) in person.ways.iter().filter(|(own, _)| way.is_none_or(|way| way == own)) {
                let errand: Errand = state.desk.test(name, alert.clone());
                let message = words::message(&alert, Reason::Test, person.lang, &state.site, None, &|at| {
                    at.to_string()
                });
                let parcel = send::parcel(&errand, message, &state.site, None);
                trips.push((name.clone(), own.clone(), to.clone(), parcel));
            }
        }
        state.ways.clone()
    };
    if trips.is_empty() {
        bail!("nobody is told by any way: alerts.toml names no person for it");
    }
    let mut results = Vec::new();
    for (person, way, to, parcel) in trips {
        let sent = runtime.block_on(send::attempt(&ways, &way, &to, &parcel));
        let mut state = counter.alerts.lock();
        if sent.is_ok() {
            state.failing.remove(&way);
        }
        results.push(json!({ "person": person, "way": way, "error": sent.err() }));
    }
    Ok(Value::Array(results))
}

fn test_alert(now: Timestamp) -> Result<Alert> {
    let sign = Sign::new(
        kind::of("test").context("there is no kind for tests")?,
        "klinke",
        "Klinke",
        &[] as &[(&str, Text)],
    );
    Ok(Alert {
        kind: "test".to_owned(),
        rank: Rank::Notice,
        systems: BTreeSet::from(["klinke".to_owned()]),
        title: sign.title,
        text: sign.text,
        first: sign.first,
        since: now.0,
        begun: now.0,
        opened: Some(now.0),
        ..Alert::default()
    })
}

/// What a link of an alert is about, and with `act` acknowledges it. Nothing when it is worth nothing (any more).
pub fn redeem(counter: &Counter, token: &str, act: bool) -> Option<Redeemed> {
    let now = Timestamp::now();
    let redeemed = {
        let mut state = counter.alerts.lock();
        let id = token::alert(token)?;
        let (person, lang, account) = {
            let open = state.desk.open();
            let alert = open.into_iter().find(|one| one.id == id && one.acknowledged.is_none())?;
            let person = token::whose(counter.alerts.key(), alert, token, now)?;
            let known = state.file.person.get(person)?;
            (person.to_owned(), known.lang, known.account.clone())
        };
        if act {
            state.desk.acknowledge(id, &person, now);
        }
        let title = state.plan.people.get(&person).map(|one| one.title.clone()).unwrap_or_default();
        Redeemed { id, person, title, account, lang: lang.unwrap_or(klinke_diagnosis::Lang::De) }
    };
    if act && counter.alerts.save(now, true).is_err() {
        tracing::error!("the store does not keep that an alert was acknowledged");
    }
    Some(redeemed)
}
