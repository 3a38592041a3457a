//! Answers what pages and tools ask of alerts.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use klinke_console::house::alerts::{
    AlertView, Alerts, Ask, Line, LinkAct, Mute as MuteView, OnCall, Redeemed, Taker, Way,
};
use klinke_diagnosis::Text;
use klinke_diagnosis::alert::plan::Mute;
use klinke_diagnosis::alert::words;
use klinke_diagnosis::alert::{Alert, Errand, Plan, Rank, Reason, Sign, kind};
use klinke_diagnosis::clock::Clock;
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
        Ask::Snooze { id, until, who } => {
            let most = now.after(std::time::Duration::from_secs(MUTE_MINUTES_MAX * 60));
            if until <= now.0 || until > most.0 {
                bail!("an alert is put off until a time that lies ahead, for a week at most");
            }
            if !counter.alerts.lock().desk.snooze(id, Timestamp(until), &words::line(&who, 80), now) {
                bail!("there is no open alert {id}");
            }
            counter.alerts.save(now, true)?;
            Ok(json!({ "snoozed": id }))
        }
        Ask::HandOver { id, to, who } => {
            let mut state = counter.alerts.lock();
            if !state.plan.people.contains_key(&to) && !state.plan.rotas.contains_key(&to) {
                bail!("alerts.toml has neither a person nor a rota `{to}`");
            }
            if !state.desk.hand_over(id, &to, &words::line(&who, 80), now) {
                bail!("there is no open alert {id}");
            }
            drop(state);
            counter.alerts.save(now, true)?;
            Ok(json!({ "handed": id }))
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
    let clock = |at: Timestamp| zone.clock(at);
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
        open: state.desk.open().into_iter().map(|one| view(one, &clock)).collect(),
        closed: state.desk.closed().take(CLOSED_MAX).map(|one| view(one, &clock)).collect(),
        mutes: mutes.collect(),
        on_call: on_call.collect(),
        takers: takers(&state.plan, &calendar, now, |_| true),
        ways: ways.collect(),
        tells: !state.plan.rules.is_empty(),
        serving: counter.engine.is_some(),
    }
}

/// To whom an alert can be handed over: people and rotas, those whose name fits.
fn takers(plan: &Plan, calendar: &Calendar<'_>, now: Timestamp, fits: impl Fn(&str) -> bool) -> Vec<Taker> {
    let title = |name: &str| {
        let known = plan.people.get(name).map(|person| person.title.clone());
        known.filter(|title| !title.is_empty()).unwrap_or_else(|| name.to_owned())
    };
    let people = plan.people.keys();
    let people = people.map(|name| Taker { name: name.clone(), title: title(name), is_rota: false });
    let rotas = plan.rotas.iter().map(|(name, rota)| {
        let turn = rota.on_call(calendar, now).map_or_else(|| "–".to_owned(), title);
        Taker { name: name.clone(), title: format!("{name}: {turn}"), is_rota: true }
    });
    people.chain(rotas).filter(|one| fits(&one.name)).collect()
}

fn view(alert: &Alert, clock: Clock<'_>) -> AlertView {
    let time = |at: i64| Timestamp(at).to_string();
    AlertView {
        id: alert.id,
        kind: alert.kind.clone(),
        rank: alert.rank,
        systems: alert.systems.clone(),
        title: alert.title.clone(),
        text: alert.text.by_clock(clock),
        also: alert.also.iter().map(|also| also.by_clock(clock)).collect(),
        first: alert.first.clone(),
        call: alert.call.clone(),
        since: time(alert.since),
        closed: alert.closed.map(time),
        acknowledged: alert.acknowledged.clone().map(|(who, at)| (who, time(at))),
        snoozed: alert.snoozed.clone().map(|one| (one.who, time(one.until))),
        handed: alert.handed.clone().map(|one| (one.who, one.to)),
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
                    state.zone.clock(at)
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

/// What a link of an alert is about, and with `act` does that. Nothing when it is worth nothing (any more).
pub fn redeem(counter: &Counter, token: &str, act: Option<LinkAct>) -> Option<Redeemed> {
    let now = Timestamp::now();
    let redeemed = {
        let mut state = counter.alerts.lock();
        let id = token::alert(token)?;
        let (person, lang, account, takers) = {
            let open = state.desk.open();
            let alert = open.into_iter().find(|one| one.id == id && one.acknowledged.is_none())?;
            let person = token::whose(counter.alerts.key(), alert, token, now)?;
            let known = state.file.person.get(person)?;
            let takers = told_of(&state, alert, person, counter, now);
            (person.to_owned(), known.lang, known.account.clone(), takers)
        };
        match &act {
            None => true,
            Some(LinkAct::Acknowledge) => state.desk.acknowledge(id, &person, now),
            Some(LinkAct::Snooze(minutes)) => {
                let minutes = (*minutes).clamp(1, MUTE_MINUTES_MAX);
                let until = now.after(std::time::Duration::from_secs(minutes * 60));
                state.desk.snooze(id, until, &person, now)
            }
            // To those alone who are told of such an alert anyway.
            Some(LinkAct::HandOver(to)) => {
                takers.iter().any(|one| one.name == *to) && state.desk.hand_over(id, to, &person, now)
            }
        }
        .then_some(())?;
        let title = state.plan.people.get(&person).map(|one| one.title.clone()).unwrap_or_default();
        Redeemed { id, person, title, account, lang: lang.unwrap_or(klinke_diagnosis::Lang::De), takers }
    };
    if act.is_some() && counter.alerts.save(now, true).is_err() {
        tracing::error!("the store does not keep what was done to an alert");
    }
    Some(redeemed)
}

/// Those who are told of such an alert besides a person: whom its rule names, and the people of rotas that it
/// names. A link shows no others.
fn told_of(state: &State, alert: &Alert, person: &str, counter: &Counter, now: Timestamp) -> Vec<Taker> {
    let Some(rule) = state.plan.rule(alert.rank, &alert.kind, &alert.systems) else { return Vec::new() };
    let mut names: BTreeSet<&str> = rule.steps.iter().flat_map(|step| &step.to).map(String::as_str).collect();
    let rotas = names.iter().filter_map(|name| state.plan.rotas.get(*name));
    let more: Vec<&str> = rotas.flat_map(|rota| &rota.people).map(String::as_str).collect();
    names.extend(more);
    let zone = state.zone.clone();
    let offset = |at: Timestamp| zone.offset_minutes(at);
    let calendar = Calendar { land: counter.watch.land(), offset: &offset };
    takers(&state.plan, &calendar, now, |name| name != person && names.contains(name))
}
