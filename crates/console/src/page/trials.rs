//! Changed channels on trial: in the shadow of the one that is live, or as its canary. What they are and what
//! differs is shown before anything is begun, taken over or thrown away, and each asks why.

use axum::extract::{Path, State as Shared};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde_json::Value;

use super::acts::{nothing_such, reason, reason_field};
use super::parts::{State, escaped, nothing, number, state, time};
use super::{Page, difference, frame, replay};
use crate::house::canary::{Canary, Side};
use crate::house::deploy::{Deployed, Plan, ShadowState, short};
use crate::house::request::Request;
use crate::house::shadow::Shadow;
use crate::house::trial::{Ask, FOLDER, Outlook, Terms, may_name_from_afar};
use crate::house::view::Status;
use crate::lang::Lang;
use crate::people::Right;
use crate::web::{Console, Fault, Fields, Visitor, form_token};

/// All that are on trial.
pub async fn list(Shared(console): Shared<Console>, visitor: Visitor) -> Page {
    let status: Status = console.ask(&visitor, Request::Status).await?;
    let (lang, title) = (visitor.lang, visitor.lang.say("Trials", "Probeläufe"));
    let Deployed { shadows, canaries, .. } = &status.deployed;
    let body = html! {
        h1 { (title) }
        p { (lang.say(
            "A changed channel runs along in the shadow of the one that is live and delivers nothing, or handles some of the messages as its canary. Then it is taken over or thrown away.",
            "Ein geänderter Kanal läuft im Schatten des Kanals in Betrieb mit und stellt nichts zu, oder er bearbeitet als Kanarienvogel einen Teil der Nachrichten. Dann wird er übernommen oder verworfen.",
        )) }
        div.card #trials data-live {
            @if shadows.is_empty() && canaries.is_empty() { (nothing(lang.say("Nothing is on trial. A trial begins on the page of its channel.", "Nichts läuft zur Probe. Ein Probelauf beginnt auf der Seite seines Kanals."))) }
            @else { div.table { table.stack {
                thead { tr {
                    th scope="col" { (lang.say("Channel", "Kanal")) } th scope="col" { (lang.say("Trial", "Probelauf")) }
                    th scope="col" { (lang.say("Revision", "Revision")) } th scope="col" { (lang.say("State", "Zustand")) }
                } }
                tbody {
                    @for one in shadows { (line(lang, &one.channel, lang.say("shadow", "Schatten"), &one.revision, &shadow_state(lang, one))) }
                    @for one in canaries { @let state = canary_state(lang, one.stopped.as_deref(), &one.terms); (line(lang, &one.channel, lang.say("canary", "Kanarienvogel"), &one.revision, &state)) }
                }
            } } }
        }
        section.card {
            h2 { (lang.say("Begin one", "Einen beginnen")) }
            ul { @for channel in status.channels.iter().filter(|channel| channel.runs) {
                li { a href={ (address(&channel.name)) } { (channel.title.as_deref().unwrap_or(&channel.name)) } }
            } }
        }
    };
    Ok(frame::page(&visitor, title, &body))
}

fn line(lang: Lang, channel: &str, kind: &str, revision: &str, state: &Markup) -> Markup {
    html! { tr {
        td data-label=(lang.say("Channel", "Kanal")) { a href=(address(channel)) { (channel) } }
        td data-label=(lang.say("Trial", "Probelauf")) { (kind) }
        td.mono data-label=(lang.say("Revision", "Revision")) { (short(revision)) }
        td data-label=(lang.say("State", "Zustand")) { (state) }
    } }
}

fn shadow_state(lang: Lang, one: &ShadowState) -> Markup {
    match &one.trouble {
        Some(why) => html! { (state(State::Stop, lang.say("stands", "steht"))) " " (why) },
        None if one.envelopes == 0 => {
            state(State::Off, lang.say("nothing has come yet", "noch nichts gekommen"))
        }
        None if one.differ > 0 => {
            html! { (state(State::Warn, lang.say("something differs", "etwas ist anders"))) " " (number(one.differ)) (lang.say(" of ", " von ")) (number(one.envelopes)) }
        }
        None => {
            html! { (state(State::Good, lang.say("nothing differs", "nichts ist anders"))) " " (lang.say("in ", "in ")) (number(one.envelopes)) }
        }
    }
}

fn canary_state(lang: Lang, stopped: Option<&str>, terms: &str) -> Markup {
    match stopped {
        Some(why) => html! { (state(State::Stop, lang.say("stopped", "angehalten"))) " " (why) },
        None => {
            html! { (state(State::Warn, lang.say("handles", "bearbeitet"))) " " span.mono { (terms) } }
        }
    }
}

fn address(channel: &str) -> String {
    format!("/channels/{}/trial", escaped(channel))
}

fn may_try(visitor: &Visitor) -> bool {
    visitor.session.is_some() && visitor.actor.may_somewhere(Right::Administer)
}

/// What is on trial of one channel.
pub async fn page(Shared(console): Shared<Console>, visitor: Visitor, Path(name): Path<String>) -> Page {
    let lang = visitor.lang;
    let status: Status = console.ask(&visitor, Request::Status).await?;
    let Some(channel) = status.channels.iter().find(|channel| channel.name == name) else {
        return Err(super::channel::absent(lang, &name));
    };
    let canaries = Request::Canary(Ask::Status { channel: Some(name.clone()) });
    let canaries: Vec<Canary> = console.ask(&visitor, canaries).await?;
    let known = status.deployed.shadows.iter().find(|one| one.channel == name);
    let shadow = match known.filter(|_| visitor.actor.may(Right::ViewPayload, &[&name])) {
        None => None,
        Some(_) => {
            let asked = Request::Shadow(Ask::Status { channel: Some(name.clone()) });
            console.ask::<Vec<Shadow>>(&visitor, asked).await?.pop()
        }
    };
    let title = lang.say("On trial", "Zur Probe");
    let body = html! {
        (crumbs(lang, &name, channel.title.as_deref()))
        h1 { (title) }
        @match (known, &shadow) {
            (None, _) => {}
            (Some(one), None) => { section.card { h2 { (lang.say("In the shadow", "Im Schatten")) } p { span.mono { (short(&one.revision)) } " " (shadow_state(lang, one)) } (ends(&visitor, &name, "shadow", false)) } }
            (Some(one), Some(shadow)) => { (of_shadow(&visitor, one, shadow)) }
        }
        @for canary in &canaries { (of_canary(&visitor, canary)) }
        @if known.is_none() && canaries.is_empty() { (nothing(lang.say("Nothing of this channel is on trial.", "Von diesem Kanal läuft nichts zur Probe."))) }
        @if may_try(&visitor) { section.card {
            h2 { (lang.say("Begin a trial", "Einen Probelauf beginnen")) }
            (look_form(&visitor, &name))
        } }
    };
    Ok(frame::page(&visitor, title, &body))
}

fn crumbs(lang: Lang, name: &str, title: Option<&str>) -> Markup {
    let channel = format!("/channels/{}", escaped(name));
    frame::crumbs(&[("/channels", lang.say("Channels", "Kanäle")), (&channel, title.unwrap_or(name))])
}

fn of_shadow(visitor: &Visitor, known: &ShadowState, shadow: &Shadow) -> Markup {
    let lang = visitor.lang;
    html! {
        section.card {
            h2 { (lang.say("In the shadow", "Im Schatten")) }
            p { span.mono { (short(&shadow.revision)) } " " span.soft { (lang.say("since ", "seit ")) (time(&shadow.since)) } " " (shadow_state(lang, known)) }
            @if shadow.behind > 0 { p.small.soft { (number(shadow.behind)) (lang.say(" messages have yet to go through both", " Nachrichten müssen noch durch beide")) } }
            @if shadow.restarts { (restarts(lang)) }
            (ends(visitor, &shadow.channel, "shadow", true))
        }
        (replay::differences(lang, &shadow.differences))
    }
}

fn restarts(lang: Lang) -> Markup {
    html! { p.notice { (lang.say(
        "Source or destinations differ: taken over, the channel starts anew and its connections are cut once.",
        "Quelle oder Ziele sind anders: beim Übernehmen startet der Kanal neu, seine Verbindungen werden einmal getrennt.",
    )) } }
}

fn of_canary(visitor: &Visitor, one: &Canary) -> Markup {
    let lang = visitor.lang;
    let sides = [(lang.say("live", "in Betrieb"), one.live), (lang.say("changed", "geändert"), one.changed)];
    html! { section.card {
        h2 { (lang.say("The canary", "Der Kanarienvogel")) }
        p { span.mono { (short(&one.revision)) } " " span.soft { (lang.say("since ", "seit ")) (time(&one.since)) } " " (canary_state(lang, one.stopped.as_deref(), &one.terms)) }
        div.table tabindex="0" { table {
            thead { tr {
                th scope="col" { (lang.say("Version", "Fassung")) }
                th.number scope="col" { (lang.say("handled", "bearbeitet")) } th.number scope="col" { (lang.say("failed", "gescheitert")) }
                th.number scope="col" { (lang.say("given up", "aufgegeben")) } th.number scope="col" { (lang.say("refused", "abgelehnt")) }
            } }
            tbody { @for (name, Side { handled, failed, dead, refused, .. }) in sides { tr {
                th scope="row" { (name) }
                @for count in [handled, failed, dead, refused] { td.number { (number(count)) } }
            } } }
        } }
        @if may_try(visitor) {
            form method="post" action=(address(&one.channel)) {
                (form_token(visitor)) input type="hidden" name="kind" value="canary";
                h3 { (lang.say("Other messages", "Andere Nachrichten")) }
                (terms_fields(lang, "change"))
                (reason_field(visitor, "change-reason"))
                p { button.plain type="submit" name="what" value="change" { (lang.say("Let it handle these", "Diese bearbeiten lassen")) } }
            }
        }
        (ends(visitor, &one.channel, "canary", true))
    } }
}

/// The two ways in which a trial ends. Who has not seen what differs may only throw it away.
fn ends(visitor: &Visitor, channel: &str, kind: &str, may_take: bool) -> Markup {
    let lang = visitor.lang;
    html! { @if may_try(visitor) { form method="post" action=(address(channel)) {
        (form_token(visitor)) input type="hidden" name="kind" value=(kind);
        h3 { (lang.say("End it", "Beenden")) }
        p { (lang.say(
            "Taken over, the changed channel is live from the next message on, until the site's own files say something else about it. Thrown away, what it found is gone, too.",
            "Übernommen ist der geänderte Kanal ab der nächsten Nachricht in Betrieb, bis die Dateien des Standorts selbst etwas anderes über ihn sagen. Verworfen ist auch weg, was er gefunden hat.",
        )) }
        (reason_field(visitor, &format!("{kind}-reason")))
        div.acts {
            @if may_take { button type="submit" name="what" value="take" { (lang.say("Take it over", "Übernehmen")) } }
            button.plain type="submit" name="what" value="drop" { (lang.say("Throw it away", "Verwerfen")) }
        }
    } } }
}

fn terms_fields(lang: Lang, id: &str) -> Markup {
    html! {
        p { label for={ (id) "-share" } { (lang.say("Share of the messages, such as 5%", "Anteil der Nachrichten, etwa 5%")) } input id={ (id) "-share" } name="share" maxlength="10" autocomplete="off"; }
        p { label for={ (id) "-key" } { (lang.say("or those that meet a condition, such as ", "oder die, die eine Bedingung erfüllen, etwa ")) "\"PV1-3.1\" = [\"CHI1\"]" } input.mono id={ (id) "-key" } name="key" maxlength="500" autocomplete="off" autocapitalize="none"; }
    }
}

fn look_form(visitor: &Visitor, name: &str) -> Markup {
    let lang = visitor.lang;
    html! { form method="post" action=(address(name)) {
        (form_token(visitor))
        p { label for="against" { (lang.say("Revision of git with the changed files; empty for the folder as it lies now", "Stand in git mit den geänderten Dateien; leer für den Ordner, wie er jetzt ist")) } input.mono #against name="against" maxlength="200" autocomplete="off" autocapitalize="none"; }
        p { button type="submit" name="what" value="look" { (lang.say("Show what would be on trial", "Zeigen, was zur Probe liefe")) } }
    } }
}

/// Does it, or shows what would be.
pub async fn act(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    Path(name): Path<String>,
    fields: Fields,
) -> Result<Response, Fault> {
    let what = fields.get("what");
    if what == "look" {
        return look(&console, &visitor, &name, &fields).await;
    }
    let channel = name.clone();
    let reason = Some(reason(&visitor, &fields)?);
    let is_canary = fields.get("kind") == "canary";
    let ask = match what {
        "start" => {
            let terms = if is_canary { Some(terms(&visitor, &fields)?) } else { None };
            Ask::Start { channel, against: against(&visitor, &fields)?, terms, reason }
        }
        "change" if is_canary => Ask::Change { channel, terms: terms(&visitor, &fields)?, reason },
        "take" => Ask::Take { channel, reason },
        "drop" => Ask::Drop { channel, reason },
        _ => return Err(nothing_such(&visitor)),
    };
    // A shadow that begins or ends answers with what runs along; all else with a plan.
    let is_plan = is_canary || what == "take";
    let request = if is_canary { Request::Canary(ask) } else { Request::Shadow(ask) };
    let done: Value = console.ask(&visitor, request).await?;
    let plan: Plan = if is_plan { serde_json::from_value(done).unwrap_or_default() } else { Plan::default() };
    if is_plan && !plan.live {
        return Ok(refused(&visitor, &name, &plan).into_response());
    }
    Ok(Redirect::to(&address(&name)).into_response())
}

/// What did not go live, and why.
fn refused(visitor: &Visitor, name: &str, plan: &Plan) -> axum::response::Html<String> {
    let lang = visitor.lang;
    let title = lang.say("It does not go live", "Es geht so nicht in Betrieb");
    let body = html! {
        (crumbs(lang, name, None))
        h1 { (title) }
        section.card {
            p { (state(State::Stop, lang.say("all runs as before", "alles läuft wie bisher"))) }
            pre tabindex="0" { @for fault in &plan.faults { (fault) "\n" } }
            p { a href=(address(name)) { (lang.say("back", "zurück")) } }
        }
    };
    frame::page(visitor, title, &body)
}

fn against(visitor: &Visitor, fields: &Fields) -> Result<String, Fault> {
    let named = fields.get("against").trim();
    let named = if named.is_empty() { FOLDER } else { named };
    match may_name_from_afar(named) {
        true => Ok(named.to_owned()),
        false => Err(Fault::wrong(visitor.lang.say(
            "name a revision of git; other folders are only for tools on the machine itself",
            "nennen Sie einen Stand in git; andere Ordner gibt es nur für Werkzeuge auf dem Rechner selbst",
        ))),
    }
}

fn terms(visitor: &Visitor, fields: &Fields) -> Result<Terms, Fault> {
    let (share, key) = (fields.get("share").trim(), fields.get("key").trim());
    match (share, key) {
        ("", "") | (_, "") => Terms::share(share).map_err(|english| {
            let german = "ein Anteil wird als 5% geschrieben und liegt zwischen 0,01% und 100%";
            Fault::wrong(visitor.lang.say(english, german.to_owned()))
        }),
        ("", key) => Ok(Terms::Key(key.to_owned())),
        _ => Err(Fault::wrong(visitor.lang.say(
            "say either a share or a condition",
            "nennen Sie entweder einen Anteil oder eine Bedingung",
        ))),
    }
}

async fn look(console: &Console, visitor: &Visitor, name: &str, fields: &Fields) -> Result<Response, Fault> {
    let lang = visitor.lang;
    let against = against(visitor, fields)?;
    let ask = Ask::Look { channel: name.to_owned(), against: against.clone() };
    let outlook: Outlook = console.ask(visitor, Request::Shadow(ask)).await?;
    let status: Status = console.ask(visitor, Request::Status).await?;
    let follows_it = against == FOLDER && status.deployed.follow.is_none();
    let title = lang.say("What would be on trial", "Was zur Probe liefe");
    let hidden = |kind: &str| {
        html! { (form_token(visitor)) input type="hidden" name="kind" value=(kind); input type="hidden" name="against" value=(against); }
    };
    let body = html! {
        (crumbs(lang, name, None))
        h1 { (title) }
        section.card {
            h2 { (lang.say("Files that differ", "Dateien, die anders sind")) }
            p { span.mono { (short(&outlook.revision)) } }
            (files(lang, &outlook))
        }
        section.card {
            h2 { (lang.say("In the shadow", "Im Schatten")) }
            p { (lang.say("All that comes goes through the changed steps, too; they deliver nothing.", "Alles, was kommt, geht auch durch die geänderten Schritte; sie stellen nichts zu.")) }
            @if outlook.restarts { (restarts(lang)) }
            form method="post" action=(address(name)) {
                (hidden("shadow")) (reason_field(visitor, "shadow-reason"))
                p { button type="submit" name="what" value="start" { (lang.say("Let it run along", "Mitlaufen lassen")) } }
            }
        }
        section.card {
            h2 { (lang.say("As a canary", "Als Kanarienvogel")) }
            @if follows_it { p { (lang.say("The site follows this folder: a canary of it would bring it to life. Name a revision of git.", "Der Standort folgt diesem Ordner: ein Kanarienvogel davon nähme ihn in Betrieb. Nennen Sie einen Stand in git.")) } }
            @else if outlook.restarts { p { (lang.say("Source or destinations differ: a canary can have other steps alone.", "Quelle oder Ziele sind anders: ein Kanarienvogel kann nur andere Schritte haben.")) } }
            @else {
                p { (lang.say(
                    "Some of the messages go through the changed steps instead and are delivered. It is stopped by itself when more goes wrong under it.",
                    "Ein Teil der Nachrichten geht stattdessen durch die geänderten Schritte und wird zugestellt. Er wird von selbst angehalten, wenn unter ihm mehr schiefgeht.",
                )) }
                form method="post" action=(address(name)) {
                    (hidden("canary")) (terms_fields(lang, "begin")) (reason_field(visitor, "canary-reason"))
                    p { button type="submit" name="what" value="start" { (lang.say("Let it handle these", "Diese bearbeiten lassen")) } }
                }
            }
        }
    };
    Ok(frame::page(visitor, title, &body).into_response())
}

/// The files of both, by line.
fn files(lang: Lang, outlook: &Outlook) -> Markup {
    let text = |files: &[(String, String)], name: &str| {
        files.iter().find(|(other, _)| other == name).map(|(_, text)| text.clone()).unwrap_or_default()
    };
    let mut names: Vec<&str> =
        outlook.live.iter().chain(&outlook.changed).map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let differ: Vec<_> = names
        .into_iter()
        .filter_map(|name| {
            let shown = difference::show(&text(&outlook.live, name), &text(&outlook.changed, name))?;
            Some((name, shown))
        })
        .collect();
    html! {
        @if differ.is_empty() { p { (lang.say("The channel's own files are the same: the systems that it names differ.", "Die Dateien des Kanals selbst sind gleich: die Systeme, die er nennt, sind anders.")) } }
        @for (name, shown) in &differ { h3.mono { (name) } (shown) }
    }
}
