//! What can be done with a migration: shown before it is done.

use axum::extract::{Path, Query, State as Shared};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::parts::{address, bar, crumbs, does, left, may_order, may_run};
use crate::house::migrate::{Ask, Line, Moved, Progress};
use crate::house::request::Request;
use crate::lang::Lang;
use crate::page::acts::{not_allowed, nothing_such, reason, reason_field};
use crate::page::parts::number;
use crate::page::{Page, frame};
use crate::people::Right;
use crate::web::{Console, Fault, Fields, Visitor, form_token};

/// The longest Patient ID or UID.
const OF_CHARS_MAX: usize = 64;

/// What is to be done.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    what: String,
}

/// What can be done: its word, title, button, and what it means.
fn said(lang: Lang, what: &str) -> Option<(&'static str, &'static str, &'static str)> {
    Some(match what {
        "run" => (
            lang.say("Take over", "Übernehmen"),
            lang.say("Take it over", "Übernehmen"),
            lang.say(
                "The old archive is asked for what is not here yet, at the hours and the pace that the site allows. It goes on by itself after a restart, until all is here or it is stopped.",
                "Das alte Archiv wird nach dem gefragt, was noch nicht hier ist, zu den Stunden und in dem Tempo, die der Standort erlaubt. Nach einem Neustart läuft es von selbst weiter, bis alles hier ist oder es angehalten wird.",
            ),
        ),
        "again" => (
            lang.say("Try again what was given up", "Aufgegebenes noch einmal versuchen"),
            lang.say("Try again", "Noch einmal versuchen"),
            lang.say(
                "What could not be taken is tried once more, however often it was, and it takes over.",
                "Was nicht übernommen werden konnte, wird noch einmal versucht, wie oft es auch schon war, und es wird übernommen.",
            ),
        ),
        "stop" => (
            lang.say("Stop", "Anhalten"),
            lang.say("Stop it", "Anhalten"),
            lang.say(
                "What is under way is given back and taken later; a check ends. It stays stopped over a restart.",
                "Was unterwegs ist, wird zurückgegeben und später übernommen; eine Prüfung endet. Es bleibt auch nach einem Neustart angehalten.",
            ),
        ),
        "verify" => (
            lang.say("Check", "Prüfen"),
            lang.say("Check it", "Prüfen"),
            lang.say(
                "The old archive is asked for the UIDs of each study's instances, and each of them is looked for here. What is missing is taken by the next run. A check begins at once, whatever the hours are.",
                "Das alte Archiv wird nach den UIDs der Instanzen jeder Studie gefragt, und jede wird hier gesucht. Was fehlt, holt der nächste Lauf. Eine Prüfung beginnt sofort, gleich zu welcher Stunde.",
            ),
        ),
        "first" => (
            lang.say("Take something first", "Etwas vorziehen"),
            lang.say("Take it first", "Vorziehen"),
            lang.say(
                "A study, or all of a patient, goes before all others.",
                "Eine Studie, oder alle eines Patienten, geht allen anderen vor.",
            ),
        ),
        _ => return None,
    })
}

fn may(visitor: &Visitor, what: &str) -> Result<(), Fault> {
    match what {
        "first" if may_order(visitor) => Ok(()),
        "first" => Err(not_allowed(visitor)),
        _ if may_run(visitor) => Ok(()),
        _ => {
            let (english, german) = Right::Administer.words();
            Err(Fault::forbidden(visitor.lang.say(
                format!("you may not do this: it needs the right \"{english}\""),
                format!("das dürfen Sie nicht: dafür braucht es das Recht „{german}“"),
            )))
        }
    }
}

/// What would be done.
pub async fn page(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Page {
    let Some((title, button, means)) = said(visitor.lang, &wanted.what) else {
        return Err(nothing_such(&visitor));
    };
    may(&visitor, &wanted.what)?;
    let progress: Progress = console.ask(&visitor, Request::Migrate(Ask::Status { name })).await?;
    let line = &progress.line;
    let body = html! {
        (stands(visitor.lang, title, line))
        section.card { form method="post" action={ (address(&line.name)) "/act" } {
            (form_token(&visitor))
            p { (means) }
            (fields(&visitor, &wanted.what, line))
            p { button type="submit" name="what" value=(wanted.what) { (button) } }
        } }
    };
    Ok(frame::page(&visitor, title, &body))
}

/// The migration that it is about.
fn stands(lang: Lang, title: &str, line: &Line) -> Markup {
    html! {
        (crumbs(lang, line))
        h1 { (title) }
        section.card {
            p { (does(lang, line.does)) " " span.soft { span.mono { (line.name) } " · " (line.way) } }
            (bar(lang, line))
            p { (left(lang, &line.outlook)) }
        }
    }
}

fn fields(visitor: &Visitor, what: &str, line: &Line) -> Markup {
    let lang = visitor.lang;
    html! {
        @if what == "again" { p { strong { (number(line.given_up)) } (lang.say(" studies were given up", " Studien wurden aufgegeben")) } }
        @if what == "verify" { p {
            label for="compare" { (lang.say("Compare the pixels of so many instances in a thousand; as the site says when empty", "Die Pixel von so vielen Instanzen je tausend vergleichen; wie der Standort sagt, wenn leer")) }
            input #compare name="compare" type="number" min="0" max="1000" autocomplete="off";
        } }
        @match what {
            "first" => { p {
                label for="of" { (lang.say("Patient ID or Study Instance UID", "Patientennummer oder Study Instance UID")) }
                input.mono #of name="of" required maxlength=(OF_CHARS_MAX) autocomplete="off" autocapitalize="none" spellcheck="false";
            } }
            _ => { (reason_field(visitor, "act-reason")) }
        }
    }
}

/// Does it.
pub async fn act(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    Path(name): Path<String>,
    fields: Fields,
) -> Result<Response, Fault> {
    let back = address(&name);
    let what = fields.get("what");
    if what == "first" {
        return first(&console, &visitor, name, fields.get("of")).await;
    }
    if said(visitor.lang, what).is_none() {
        return Err(nothing_such(&visitor));
    }
    let reason = Some(reason(&visitor, &fields)?);
    let ask = match what {
        "run" => Ask::Run { name, again: false, reason },
        "again" => Ask::Run { name, again: true, reason },
        "stop" => Ask::Stop { name, reason },
        _ => Ask::Verify { name, compare: compare(&visitor, &fields)?, background: true, reason },
    };
    let _: Value = console.ask(&visitor, Request::Migrate(ask)).await?;
    Ok(Redirect::to(&back).into_response())
}

fn compare(visitor: &Visitor, fields: &Fields) -> Result<Option<u32>, Fault> {
    let text = fields.get("compare").trim();
    if text.is_empty() {
        return Ok(None);
    }
    let count = text.parse().ok().filter(|count| *count <= 1_000);
    let wrong = || {
        Fault::wrong(visitor.lang.say(
            "how many are compared is a number from 0 to 1000",
            "wie viele verglichen werden, ist eine Zahl von 0 bis 1000",
        ))
    };
    count.map(Some).ok_or_else(wrong)
}

async fn first(console: &Console, visitor: &Visitor, name: String, of: &str) -> Result<Response, Fault> {
    let lang = visitor.lang;
    let of = of.trim();
    if of.is_empty() || of.chars().count() > OF_CHARS_MAX {
        return Err(Fault::wrong(
            lang.say("say which patient or study", "sagen Sie, welcher Patient oder welche Studie"),
        ));
    }
    let back = address(&name);
    let ask = Ask::First { name, of: of.to_owned() };
    let moved: Moved = console.ask(visitor, Request::Migrate(ask)).await?;
    if moved.moved == 0 {
        return Err(Fault::unfit(lang.say(
            "nothing of this patient or study is left to be taken",
            "von diesem Patienten oder dieser Studie ist nichts mehr zu übernehmen",
        )));
    }
    Ok(Redirect::to(&back).into_response())
}
