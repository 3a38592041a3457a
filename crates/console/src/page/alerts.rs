//! Alerts: what stands open, who was told when, acknowledging, maintenance; and the small page behind an alert's
//! link, for the phone.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State as Shared};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use klinke_diagnosis::alert::Rank;
use klinke_model::Timestamp;
use maud::{Markup, html};
use serde_json::Value;

use super::parts::{State, moment, nothing, state, time, zoned};
use super::{Page, frame};
use crate::audit::entry::WhoKind;
use crate::audit::{Action, Entry, Outcome, Who};
use crate::house::alerts::{AlertView, Alerts, Ask, LinkAct, Redeemed, Taker};
use crate::house::request::Request as House;
use crate::lang::Lang;
use crate::people::Right;
use crate::web::{Console, Fault, Fields, Visitor, form_token};

/// The longest time for which an alert is put off: a week.
const MINUTES_MAX: u64 = 7 * 1_440;
/// The longest form of a link, and how long it may take to come.
const LINK_FORM_MAX: usize = 1 << 10;
const LINK_FORM_LIMIT: Duration = Duration::from_secs(10);

/// The page.
pub async fn page(Shared(console): Shared<Console>, visitor: Visitor) -> Page {
    let all: Alerts = console.ask(&visitor, House::Alerts(Ask::List)).await?;
    let (lang, title) = (visitor.lang, visitor.lang.say("Alerts", "Alarme"));
    let body = html! {
        h1 { (title) }
        (on_call(lang, &all))
        @if all.open.is_empty() { (nothing(lang.say("Nothing is open.", "Nichts ist offen."))) }
        @for one in &all.open { (card(&visitor, one, &all.takers)) }
        (maintenance(&visitor, &all))
        section.card {
            h2 { (lang.say("Over", "Vorbei")) }
            @if all.closed.is_empty() { (nothing(lang.say("Nothing yet.", "Noch nichts."))) }
            @for one in &all.closed { details { summary { (moment(&one.since)) " · " (text(lang, &one.title)) } (history(lang, one)) } }
        }
    };
    Ok(frame::page(&visitor, title, &body))
}

/// Does what the form says.
pub async fn change(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Fault> {
    let number = |name: &str| {
        let wrong = Fault::wrong(visitor.lang.say("a number is missing", "eine Zahl fehlt"));
        fields.get(name).trim().parse::<u64>().map_err(|_| wrong)
    };
    let names = |name: &str| fields.all(name).into_iter().filter(|one| !one.is_empty()).collect();
    let ask = match fields.get("what") {
        "acknowledge" => Ask::Acknowledge { id: number("id")?, who: String::new() },
        "snooze" => Ask::Snooze { id: number("id")?, until: until(&visitor, &fields)?, who: String::new() },
        "hand-over" => Ask::HandOver { id: number("id")?, to: fields.owned("to"), who: String::new() },
        "mute" => Ask::Mute {
            systems: names("system"),
            kinds: names("kind"),
            minutes: number("minutes")?,
            reason: fields.owned("reason"),
            who: String::new(),
        },
        "unmute" => Ask::Unmute { id: number("id")? },
        _ => return Err(Fault::wrong("there is no such thing to do")),
    };
    let _: Value = console.ask(&visitor, House::Alerts(ask)).await?;
    Ok(Redirect::to("/alerts").into_response())
}

/// The longest time for which an alert is put off by its link: a day.
const LINK_MINUTES_MAX: u64 = 1_440;
/// Minutes that are offered.
const SPANS: &[(u64, &str, &str)] = &[
    (15, "15 minutes", "15 Minuten"),
    (60, "1 hour", "1 Stunde"),
    (240, "4 hours", "4 Stunden"),
    (480, "8 hours", "8 Stunden"),
];

/// Until when: the time that was typed, else the minutes that were chosen.
fn until(visitor: &Visitor, fields: &Fields) -> Result<i64, Fault> {
    let wrong = || Fault::wrong(visitor.lang.say("say until when", "sagen Sie, bis wann"));
    match fields.get("until").trim() {
        "" => {
            let minutes: u64 = fields.get("minutes").trim().parse().map_err(|_| wrong())?;
            Ok(Timestamp::now().after(Duration::from_secs(minutes.min(MINUTES_MAX) * 60)).0)
        }
        typed => super::clock::typed(typed).ok_or_else(wrong),
    }
}

/// What a link leads to: nothing of the site, and a button. A look changes nothing, so that what looks at links
/// in mails acknowledges none.
pub async fn link(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Html<String> {
    let found = console.redeem(token.clone(), None).await;
    let lang = found.as_ref().map_or(visitor.lang, lang_of);
    let title = lang.say("An alert", "Ein Alarm");
    let body = match found {
        None => {
            html! { p { (worthless(lang)) } p { a.button href="/alerts" { (lang.say("Log in", "Anmelden")) } } }
        }
        Some(one) => html! {
            p.lead { (lang.say(format!("{}: alert {}", one.title, one.id), format!("{}: Alarm {}", one.title, one.id))) }
            form method="post" action={ "/a/" (token) } { button type="submit" name="what" value="acknowledge" { (lang.say("I take it", "Ich kümmere mich")) } }
            form method="post" action={ "/a/" (token) } {
                p { label for="minutes" { (lang.say("Remind me in", "Erinnern in")) } (spans(lang, "minutes")) }
                p { button.plain type="submit" name="what" value="snooze" { (lang.say("Put it off", "Zurückstellen")) } }
            }
            @if !one.takers.is_empty() { form method="post" action={ "/a/" (token) } {
                p { label for="to" { (lang.say("To", "An")) } (takers("to", &one.takers)) }
                p { button.plain type="submit" name="what" value="hand-over" { (lang.say("Hand it over", "Übergeben")) } }
            } }
            p { a href="/alerts" { (lang.say("Log in and see all", "Anmelden und alles sehen")) } }
        },
    };
    frame::bare(lang, title, &body)
}

fn spans(lang: Lang, id: &str) -> Markup {
    html! { select id=(id) name="minutes" { @for (minutes, en, de) in SPANS { option value=(minutes) { (lang.say(en, de)) } } } }
}

fn takers(id: &str, all: &[Taker]) -> Markup {
    html! { select id=(id) name="to" { @for one in all { option value=(one.name) { (one.title) } } } }
}

/// What the form of a link says; nothing when it says nothing that can be done.
async fn wished(body: Body) -> Option<LinkAct> {
    let bytes = tokio::time::timeout(LINK_FORM_LIMIT, to_bytes(body, LINK_FORM_MAX)).await.ok()?.ok()?;
    let fields: BTreeMap<String, String> = form_urlencoded::parse(&bytes).into_owned().collect();
    match fields.get("what").map_or("acknowledge", String::as_str) {
        "acknowledge" => Some(LinkAct::Acknowledge),
        "snooze" => {
            let minutes: u64 = fields.get("minutes")?.parse().ok()?;
            (1..=LINK_MINUTES_MAX).contains(&minutes).then_some(LinkAct::Snooze(minutes))
        }
        "hand-over" => Some(LinkAct::HandOver(fields.get("to")?.clone())),
        _ => None,
    }
}

/// Acknowledges by a link, puts off or hands over. Whoever has the link may: it needs no cookie, and so no token
/// in the form.
pub async fn acknowledge(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let wished = wished(request.into_body()).await;
    let found = console.redeem(token.clone(), None).await;
    let lang = found.as_ref().map_or(visitor.lang, lang_of);
    let answer = |status: StatusCode, text: &str| {
        let body = html! { p.lead { (text) } p { a href="/alerts" { (lang.say("Log in and see all", "Anmelden und alles sehen")) } } };
        (status, frame::bare(lang, lang.say("An alert", "Ein Alarm"), &body)).into_response()
    };
    let Some(one) = found else { return answer(StatusCode::OK, worthless(lang)) };
    let Some(act) = wished else {
        return answer(
            StatusCode::BAD_REQUEST,
            lang.say("This can not be done.", "So etwas kann nicht getan werden."),
        );
    };
    let (action, note) = match &act {
        LinkAct::Acknowledge => (Action::Acknowledge, format!("alert {}", one.id)),
        LinkAct::Snooze(minutes) => (Action::Snooze, format!("alert {} for {minutes} min", one.id)),
        LinkAct::HandOver(to) if !one.takers.iter().any(|taker| taker.name == *to) => {
            let text = lang
                .say("It can't be handed over to them.", "An diese Stelle kann er nicht übergeben werden.");
            return answer(StatusCode::BAD_REQUEST, text);
        }
        LinkAct::HandOver(to) => (Action::HandOver, format!("alert {} to {to}", one.id)),
    };
    let entry = Entry::new(who(&one), &visitor.from, action).noted(note);
    // As at the door: without the entry nothing is done.
    if !write(&console, entry.clone()).await {
        let text = lang.say(
            "The audit log can't be written, and nothing is done without it. Nothing was done to the alert.",
            "Das Protokoll kann nicht geschrieben werden, und ohne es geschieht nichts. Mit dem Alarm ist nichts geschehen.",
        );
        return answer(StatusCode::SERVICE_UNAVAILABLE, text);
    }
    let text = match &act {
        LinkAct::Acknowledge => {
            lang.say(format!("Alert {} is yours.", one.id), format!("Alarm {} gehört Ihnen.", one.id))
        }
        LinkAct::Snooze(minutes) => lang.say(
            format!("Alert {} is put off for {minutes} minutes.", one.id),
            format!("Alarm {} ist für {minutes} Minuten zurückgestellt.", one.id),
        ),
        LinkAct::HandOver(_) => {
            lang.say(format!("Alert {} is handed over.", one.id), format!("Alarm {} ist übergeben.", one.id))
        }
    };
    match console.redeem(token, Some(act)).await {
        Some(_) => answer(StatusCode::OK, &text),
        None => {
            // Somebody else was faster.
            write(&console, entry.ended(Outcome::Failed)).await;
            answer(StatusCode::OK, worthless(lang))
        }
    }
}

/// A person of the site's files who has no account is nobody that the console knows.
fn who(one: &Redeemed) -> Who {
    let via = Some("alert link".to_owned());
    match &one.account {
        Some(account) => Who { via, ..Who::account(account) },
        None => Who { kind: WhoKind::Nobody, name: one.person.clone(), via },
    }
}

/// True when the entry stands, or nobody keeps a log here.
async fn write(console: &Console, entry: Entry) -> bool {
    let Some(people) = console.people().cloned() else { return true };
    let written = tokio::task::spawn_blocking(move || people.log().write(&entry)).await;
    let stands = matches!(written, Ok(Ok(_)));
    if !stands {
        tracing::error!("the audit log can't say what is done to an alert");
    }
    stands
}

fn worthless(lang: Lang) -> &'static str {
    lang.say(
        "This link is worth nothing any more: the alert is over, or somebody has acknowledged it.",
        "Dieser Link ist nichts mehr wert: der Alarm ist vorbei, oder jemand hat ihn quittiert.",
    )
}

fn lang_of(one: &Redeemed) -> Lang {
    match one.lang {
        klinke_diagnosis::Lang::En => Lang::En,
        klinke_diagnosis::Lang::De => Lang::De,
    }
}

fn text(lang: Lang, text: &klinke_diagnosis::Text) -> &str {
    text.get(lang.say(klinke_diagnosis::Lang::En, klinke_diagnosis::Lang::De))
}

fn rank(lang: Lang, one: &AlertView) -> Markup {
    if one.acknowledged.is_some() {
        return state(State::Off, lang.say("acknowledged", "quittiert"));
    }
    if one.snoozed.is_some() {
        return state(State::Off, lang.say("put off", "zurückgestellt"));
    }
    match one.rank {
        Rank::Urgent => state(State::Stop, lang.say("urgent", "dringend")),
        Rank::Warning => state(State::Warn, lang.say("warning", "Warnung")),
        Rank::Notice => state(State::Off, lang.say("notice", "Hinweis")),
    }
}

fn card(visitor: &Visitor, one: &AlertView, all: &[Taker]) -> Markup {
    let lang = visitor.lang;
    html! { section.card {
        h2 { (text(lang, &one.title)) " " (rank(lang, one)) @if one.muted { " " (state(State::Off, lang.say("muted", "stumm"))) } }
        p.lead { (text(lang, &one.text)) }
        p.small.soft { (lang.say("since ", "seit ")) (moment(&one.since))
            @if one.flaps > 0 { " · " (lang.say("came back ", "kam wieder: ")) (one.flaps) (if one.flaps == 1 { lang.say(" time", "-mal") } else { lang.say(" times", "-mal") }) }
            @if let Some((who, at)) = &one.acknowledged { " · " (lang.say("acknowledged by ", "quittiert von ")) (who) ", " (moment(at)) }
            @if let Some((who, until)) = &one.snoozed { " · " (lang.say("put off by ", "zurückgestellt von ")) (who) (lang.say(" until ", " bis ")) (moment(until)) }
            @if let Some((who, to)) = &one.handed { " · " (lang.say("handed over by ", "übergeben von ")) (who) (lang.say(" to ", " an ")) (to) }
        }
        @if let Some(call) = &one.call { p { strong { (lang.say("Call: ", "Anrufen: ")) } (call) } }
        @if !one.first.is_empty() { h3 { (lang.say("Try first", "Zuerst versuchen")) } ul { @for first in &one.first { li { (text(lang, first)) } } } }
        @for also in &one.also { p.small { (text(lang, also)) } }
        @if one.acknowledged.is_none() && visitor.actor.may_somewhere(Right::Act) { form method="post" action="/alerts" {
            (form_token(visitor)) input type="hidden" name="id" value=(one.id);
            button type="submit" name="what" value="acknowledge" { (lang.say("Acknowledge", "Quittieren")) }
        } }
        @if visitor.actor.may_somewhere(Right::Act) { details { summary { (lang.say("Put off or hand over", "Zurückstellen oder übergeben")) }
            form method="post" action="/alerts" {
                (form_token(visitor)) input type="hidden" name="id" value=(one.id);
                p { label for={ "minutes-" (one.id) } { (lang.say("For", "Für")) } (spans(lang, &format!("minutes-{}", one.id))) }
                p { label for={ "until-" (one.id) } { (zoned(lang.say("or until", "oder bis"))) } input id={ "until-" (one.id) } name="until" type="datetime-local"; }
                p { button.plain type="submit" name="what" value="snooze" { (lang.say("Put it off", "Zurückstellen")) } }
            }
            @if !all.is_empty() { form method="post" action="/alerts" {
                (form_token(visitor)) input type="hidden" name="id" value=(one.id);
                p { label for={ "to-" (one.id) } { (lang.say("To", "An")) } (takers(&format!("to-{}", one.id), all)) }
                p { button.plain type="submit" name="what" value="hand-over" { (lang.say("Hand it over", "Übergeben")) } }
            } }
        } }
        details { summary { (lang.say("Who was told when", "Wer wann benachrichtigt wurde")) } (history(lang, one)) }
    } }
}

fn history(lang: Lang, one: &AlertView) -> Markup {
    html! { div.table tabindex="0" { table {
        thead { tr { th scope="col" { (zoned(lang.say("when", "wann"))) } th scope="col" { (lang.say("what", "was")) } th scope="col" { (lang.say("who", "wer")) } th scope="col" { (lang.say("way", "Weg")) } } }
        tbody { @for line in &one.lines { tr { td.nowrap { (time(&line.at)) } td { (word(lang, &line.what)) } td { (line.who) } td { (line.way) } } } }
    } } }
}

fn word(lang: Lang, what: &str) -> &str {
    match what {
        "opened" => lang.say("opened", "geöffnet"),
        "told" => lang.say("told", "benachrichtigt"),
        "failed" => lang.say("not reached", "nicht erreicht"),
        "held-back" => lang.say("held back: too many", "zurückgehalten: zu viele"),
        "acknowledged" => lang.say("acknowledged", "quittiert"),
        "snoozed" => lang.say("put off", "zurückgestellt"),
        "woke" => lang.say("no longer put off", "nicht mehr zurückgestellt"),
        "handed-over" => lang.say("handed over", "übergeben"),
        "closed" => lang.say("well again", "wieder gut"),
        "again" => lang.say("came back", "kam wieder"),
        "worse" => lang.say("has become worse", "wurde schlimmer"),
        "grown" => lang.say("has grown", "wurde größer"),
        "joined" => lang.say("became part of alert", "ging auf in Alarm"),
        "muted" => lang.say("muted", "stumm"),
        "unmuted" => lang.say("no longer muted", "nicht mehr stumm"),
        other => other,
    }
}

fn on_call(lang: Lang, all: &Alerts) -> Markup {
    html! {
        @if !all.tells { div.notice { (lang.say("Nobody is told: the site has no alerts.toml with a rule.", "Niemand wird benachrichtigt: der Standort hat keine alerts.toml mit einer Regel.")) } }
        @if !all.on_call.is_empty() { p { strong { (lang.say("On call: ", "Bereitschaft: ")) }
            @for (at, one) in all.on_call.iter().enumerate() { @if at > 0 { " · " } (one.rota) " – " (one.title.as_deref().unwrap_or(lang.say("nobody", "niemand"))) }
        } }
        @for way in all.ways.iter().filter(|way| way.failing.is_some()) {
            div.notice.stop { (lang.say("This way fails: ", "Dieser Weg versagt: ")) (way.name) " (" (way.kind) "): " (way.failing.as_deref().unwrap_or_default()) }
        }
    }
}

fn maintenance(visitor: &Visitor, all: &Alerts) -> Markup {
    let lang = visitor.lang;
    let may = visitor.actor.may_somewhere(Right::Act);
    html! { section.card {
        h2 { (lang.say("Maintenance", "Wartung")) }
        @if all.mutes.is_empty() { (nothing(lang.say("Nothing is muted by hand.", "Nichts ist von Hand stumm."))) }
        @for mute in &all.mutes { form method="post" action="/alerts" {
            (form_token(visitor)) input type="hidden" name="id" value=(mute.id);
            p { (if mute.systems.is_empty() { lang.say("all systems", "alle Systeme").to_owned() } else { mute.systems.iter().cloned().collect::<Vec<_>>().join(", ") })
                " " (lang.say("until ", "bis ")) (moment(&mute.until)) " · " (mute.who) ": " (mute.reason) " "
                @if may { button.plain type="submit" name="what" value="unmute" { (lang.say("End", "Beenden")) } } }
        } }
        @if may { form method="post" action="/alerts" {
            (form_token(visitor))
            p { label for="mute-system" { (lang.say("System (all when empty)", "System (alle, wenn leer)")) } input #mute-system name="system" maxlength="80" autocomplete="off" autocapitalize="none"; }
            p { label for="mute-minutes" { (lang.say("For so many minutes", "Für so viele Minuten")) } input #mute-minutes name="minutes" type="number" min="1" max="10080" value="60" required; }
            p { label for="mute-reason" { (lang.say("Why", "Warum")) } input #mute-reason name="reason" maxlength="300" required; }
            p { button type="submit" name="what" value="mute" { (lang.say("Mute", "Stumm schalten")) } }
        } }
    } }
}
