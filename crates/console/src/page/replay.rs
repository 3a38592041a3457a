//! What a change would do: kept messages through the files as they lie in the folder now, held against
//! the version that runs.

use axum::extract::{Path, Query, State as Shared};
use klinke_model::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::parts::{State, escaped, nothing, number, state};
use super::{Page, frame};
use crate::house::replay::Replayed;
use crate::house::request::{Replay, Request};
use crate::lang::Lang;
use crate::people::Right;
use crate::web::{Console, Visitor};

/// Envelopes of one replay from the page; the command line takes any number.
const ENVELOPES_MAX: usize = 20_000;
/// Spans that can be chosen: hours, English, German.
const SPANS: &[(i64, &str, &str)] = &[
    (1, "the last hour", "die letzte Stunde"),
    (24, "the last day", "der letzte Tag"),
    (168, "the last week", "die letzte Woche"),
];

/// Which span; none yet.
#[derive(Deserialize)]
pub struct Wanted {
    hours: Option<i64>,
    revision: Option<String>,
}

/// The page.
pub async fn page(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Page {
    let lang = visitor.lang;
    let done = match wanted.hours.map(|hours| hours.clamp(1, 24 * 31)) {
        None => None,
        Some(hours) => Some(run(&console, &visitor, &name, hours, revision(&wanted)).await?),
    };
    let address = format!("/channels/{}", escaped(&name));
    let title = lang.say("What a change would do", "Was eine Änderung bewirken würde");
    let body = html! {
        (frame::crumbs(&[("/channels", lang.say("Channels", "Kanäle")), (&address, &name)]))
        h1 { (title) }
        p { (lang.say(
            "Kept messages run through changed files, those that lie in the folder now or a revision's, and what comes out is held against the version that runs. Nothing is sent.",
            "Verwahrte Nachrichten laufen durch geänderte Dateien, wie sie jetzt im Ordner oder in einem Stand von git liegen; was herauskommt, wird gegen die laufende Version gehalten. Nichts wird gesendet.",
        )) }
        form.search.card action={ (address) "/replay" } method="get" {
            div { label for="hours" { (lang.say("Messages of", "Nachrichten aus")) }
                select #hours name="hours" { @for (hours, en, de) in SPANS {
                    option value=(hours) selected[wanted.hours == Some(*hours)] { (lang.say(en, de)) }
                } } }
            @if visitor.actor.may_somewhere(Right::Administer) {
                div { label for="revision" { (lang.say("Changed files: a revision of git; the folder when empty", "Geänderte Dateien: ein Stand in git; der Ordner, wenn leer")) }
                    input.mono #revision name="revision" value=(wanted.revision.as_deref().unwrap_or_default()) maxlength="200" autocomplete="off" autocapitalize="none"; }
            }
            div.acts { button { (lang.say("Replay", "Durchspielen")) } }
        }
        @if let Some(done) = &done { (shown(lang, done)) }
    };
    Ok(frame::page(&visitor, title, &body))
}

/// A revision that was named; none for the folder.
fn revision(wanted: &Wanted) -> Option<String> {
    let named = wanted.revision.as_deref().map(str::trim);
    named.filter(|revision| !revision.is_empty()).map(str::to_owned)
}

async fn run(
    console: &Console,
    visitor: &Visitor,
    name: &str,
    hours: i64,
    revision: Option<String>,
) -> Result<Replayed, crate::web::Fault> {
    let order = Replay {
        channel: name.to_owned(),
        from: Some(Timestamp::now().0 - hours * 3_600_000_000),
        revision,
        limit: ENVELOPES_MAX,
        ..Replay::default()
    };
    console.ask(visitor, Request::Replay(order)).await
}

fn shown(lang: Lang, done: &Replayed) -> Markup {
    let (kind, word) = match (done.envelopes, done.differ) {
        (0, _) => (State::Off, lang.say("no message in this time", "keine Nachricht in dieser Zeit")),
        (_, 0) => (State::Good, lang.say("nothing changes", "nichts ändert sich")),
        _ => (State::Warn, lang.say("something changes", "etwas ändert sich")),
    };
    html! {
        section.card class={ "verdict " (kind.class()) } {
            h2 { (state(kind, word)) }
            p { (number(done.differ)) (lang.say(" of ", " von ")) (number(done.envelopes)) (lang.say(" messages come out otherwise.", " Nachrichten kommen anders heraus.")) }
        }
        (differences(lang, done))
    }
}

/// What differs, by ending and by field, side by side.
pub fn differences(lang: Lang, done: &Replayed) -> Markup {
    html! {
        @if !done.endings.is_empty() { section.card {
            h2 { (lang.say("Ends otherwise", "Endet anders")) }
            div.table tabindex="0" { table {
                thead { tr { th { (lang.say("before", "bisher")) } th { (lang.say("then", "dann")) } th.number { (lang.say("how often", "wie oft")) } th { (lang.say("such as", "etwa")) } } }
                tbody { @for one in &done.endings { tr {
                    td { (one.before) } td { mark { (one.after) } } td.number { (number(one.count)) }
                    td { @for id in &one.examples { a href={ "/messages/" (id) } { (id) } " " } }
                } } }
            } }
        } }
        @if !done.fields.is_empty() { (fields(lang, done)) }
        @else if done.envelopes > 0 && done.endings.is_empty() { (nothing(lang.say("No field differs.", "Kein Feld ist anders."))) }
    }
}

fn fields(lang: Lang, done: &Replayed) -> Markup {
    html! { section.card {
        h2 { (lang.say("Fields that change", "Felder, die sich ändern")) }
        div.table tabindex="0" { table {
            thead { tr { th { (lang.say("Field", "Feld")) } th { (lang.say("to", "an")) } th.number { (lang.say("in", "in")) } th { (lang.say("before", "bisher")) } th { (lang.say("then", "dann")) } th { (lang.say("such as", "etwa")) } } }
            tbody { @for field in &done.fields { @for (at, example) in field.examples.iter().enumerate() { tr {
                td.mono { @if at == 0 { (field.path) } } td { @if at == 0 { (field.destination) } }
                td.number { @if at == 0 { (number(field.count)) } }
                td.mono { (example.before) } td.mono { mark { (example.after) } }
                td { a href={ "/messages/" (example.envelope) } { (example.envelope) } }
            } } } }
        } }
        @if done.more > 0 { p.soft { (lang.say("and more kinds: ", "und weitere Arten: ")) (number(done.more)) } }
    } }
}
