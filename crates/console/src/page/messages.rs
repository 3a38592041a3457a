//! Messages: the search.

use axum::extract::{Query, State as Shared};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::parts::{bytes, envelope_state, envelope_word, escaped, nothing, time, typed, zoned};
use super::{Page, frame};
use crate::house::request::{Find, Request};
use crate::house::view::{MessageLine, Status};
use crate::lang::Lang;
use crate::people::search::SavedSearch;
use crate::web::{Console, Fault, Fields, Visitor, form_token, own};

/// Lines of a page.
const LINES: usize = 50;

/// What the form asks for; empty fields ask for nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    channel: String,
    system: String,
    state: String,
    key: String,
    value: String,
    text: String,
    from: String,
    until: String,
    beyond: String,
}

/// Keys that every message is found by: name, English, German.
const KEYS: &[(&str, &str, &str)] = &[
    ("patient", "Patient", "Patient"),
    ("case", "Case", "Fall"),
    ("order", "Order", "Auftrag"),
    ("control", "Control ID", "Kontroll-ID"),
    ("event", "Event", "Ereignis"),
];

const STATES: &[&str] = &["delivered", "waiting", "dead", "filtered", "failed", "unrouted"];

impl Wanted {
    fn find(&self, lang: Lang) -> Result<Find, Fault> {
        let given = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let key = given(&self.key).unwrap_or_else(|| "patient".to_owned());
        Ok(Find {
            channel: given(&self.channel),
            system: given(&self.system),
            state: given(&self.state),
            keys: given(&self.value).map(|value| (key, value)).into_iter().collect(),
            text: given(&self.text),
            from: given(&self.from).map(|text| minute(lang, &text)).transpose()?,
            until: given(&self.until).map(|text| minute(lang, &text)).transpose()?,
            beyond: given(&self.beyond).and_then(|text| text.parse().ok()),
            oldest_first: false,
            limit: LINES,
        })
    }

    /// The fields that say something, as an address has them.
    fn query(&self) -> String {
        let fields = [
            ("channel", &self.channel),
            ("system", &self.system),
            ("state", &self.state),
            ("key", &self.key),
            ("value", &self.value),
            ("text", &self.text),
            ("from", &self.from),
            ("until", &self.until),
        ];
        let given = fields.iter().filter(|(_, value)| !value.is_empty());
        let pairs: Vec<String> = given.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        pairs.join("&")
    }

    /// The address of the same search behind an envelope.
    fn after(&self, beyond: u64) -> String {
        let query = self.query();
        format!("/messages?{query}{}beyond={beyond}", if query.is_empty() { "" } else { "&" })
    }
}

/// A time of the form `2026-11-29T02:07` in the site's zone, as microseconds since 1970.
fn minute(lang: Lang, text: &str) -> Result<i64, Fault> {
    typed(text).ok_or_else(|| no_time(lang, text))
}

fn no_time(lang: Lang, text: &str) -> Fault {
    Fault::wrong(lang.say(format!("`{text}` is no time"), format!("`{text}` ist keine Zeit")))
}

/// The page.
pub async fn page(Shared(console): Shared<Console>, visitor: Visitor, Query(wanted): Query<Wanted>) -> Page {
    let lang = visitor.lang;
    let status: Status = console.ask(&visitor, Request::Status).await?;
    let lines: Vec<MessageLine> = console.ask(&visitor, Request::Messages(wanted.find(lang)?)).await?;
    let kept = match console.people().filter(|_| visitor.session.is_some()).cloned() {
        None => None,
        Some(people) => {
            let actor = visitor.actor.clone();
            // The store is read where blocking is allowed.
            let read = tokio::task::spawn_blocking(move || people.searches(&actor)).await;
            Some(read.map_err(|_| Fault::broken("the searches could not be read"))??)
        }
    };
    let body = html! {
        h1 { (lang.say("Messages", "Nachrichten")) }
        (form(lang, &wanted, &status))
        @if let Some(kept) = &kept { (saved(&visitor, &wanted, kept)) }
        div.card {
            (table(lang, &lines))
            @if lines.len() == LINES { @if let Some(last) = lines.last() {
                p { a.button.plain href=(wanted.after(last.id)) { (lang.say("Older ones", "Ältere")) } }
            } }
        }
    };
    Ok(frame::page(&visitor, lang.say("Messages", "Nachrichten"), &body))
}

/// Keeps a search, or forgets one.
pub async fn keep(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Fault> {
    let people = console.people().ok_or_else(|| Fault::absent("there are no accounts here"))?.clone();
    let lang = visitor.lang;
    let (name, query) = (fields.owned("name"), fields.owned("query"));
    if name.trim().is_empty() {
        return Err(Fault::wrong(lang.say("give the search a name", "geben Sie der Suche einen Namen")));
    }
    let (actor, what, kept) = (visitor.actor.clone(), fields.owned("what"), query.clone());
    let work = move || match what.as_str() {
        "forget" => people.forget_search(&actor, &name),
        _ => people.save_search(&actor, &name, &kept),
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| Fault::broken("the answer was broken off"))??;
    Ok(Redirect::to(own(&format!("/messages?{query}"))).into_response())
}

/// The searches that somebody keeps, and the way to keep this one.
fn saved(visitor: &Visitor, wanted: &Wanted, all: &[SavedSearch]) -> Markup {
    let (lang, query) = (visitor.lang, wanted.query());
    html! { div.card {
        @if !all.is_empty() { ul.saved { @for one in all { li {
            a href={ "/messages?" (one.query) } { (one.name) } " "
            form method="post" action="/messages/searches" { (form_token(visitor))
                input type="hidden" name="name" value=(one.name); input type="hidden" name="query" value=(query);
                button.plain type="submit" name="what" value="forget" aria-label=(lang.say(format!("Forget {}", one.name), format!("{} vergessen", one.name))) { "×" }
            }
        } } } }
        form.acts method="post" action="/messages/searches" { (form_token(visitor))
            input type="hidden" name="query" value=(query);
            label for="search-name" { (lang.say("Keep this search as", "Diese Suche behalten als")) }
            input #search-name name="name" required maxlength="80" autocomplete="off";
            button.plain type="submit" name="what" value="keep" { (lang.say("Keep", "Behalten")) }
        }
    } }
}

fn form(lang: Lang, wanted: &Wanted, status: &Status) -> Markup {
    let known = KEYS.iter().any(|(name, ..)| *name == wanted.key) || wanted.key.is_empty();
    html! { form.search.card action="/messages" method="get" role="search" {
        div { label for="key" { (lang.say("Search by", "Suchen nach")) }
            input #key name="key" list="keys" value=(if wanted.key.is_empty() { "patient" } else { &wanted.key }) autocomplete="off" maxlength="100";
            datalist #keys { @for (name, en, de) in KEYS { option value=(name) { (lang.say(en, de)) } } @if !known { option value=(wanted.key) {} } }
        }
        div { label for="value" { (lang.say("Identifier or value (a* = begins with)", "Kennung oder Wert (a* = beginnt mit)")) }
            input #value name="value" value=(wanted.value) autocomplete="off" maxlength="200"; }
        div { label for="channel" { (lang.say("Channel", "Kanal")) }
            select #channel name="channel" {
                option value="" { (lang.say("all", "alle")) }
                @for one in &status.channels { option value=(one.name) selected[one.name == wanted.channel] { (one.title.as_deref().unwrap_or(&one.name)) } }
            } }
        div { label for="system" { (lang.say("From system", "Vom System")) } input #system name="system" value=(wanted.system) maxlength="100"; }
        div { label for="state" { (lang.say("State", "Zustand")) }
            select #state name="state" {
                option value="" { (lang.say("any", "jeder")) }
                @for name in STATES { option value=(name) selected[*name == wanted.state] { (envelope_word(lang, name).1) } }
            } }
        div { label for="text" { (lang.say("Text within", "Text darin")) } input #text name="text" value=(wanted.text) maxlength="200"; }
        div { label for="from" { (zoned(lang.say("Received from", "Empfangen ab"))) } input #from type="datetime-local" name="from" value=(wanted.from); }
        div { label for="until" { (zoned(lang.say("until", "bis"))) } input #until type="datetime-local" name="until" value=(wanted.until); }
        div.acts { button { (lang.say("Search", "Suchen")) } a href="/messages" { (lang.say("anew", "neu")) } }
    } }
}

/// Lines as a table.
pub fn table(lang: Lang, lines: &[MessageLine]) -> Markup {
    html! {
        @if lines.is_empty() { (nothing(lang.say("Nothing was found.", "Nichts gefunden."))) }
        @else { div.table { table.stack {
            thead { tr {
                th scope="col" { (lang.say("Number", "Nummer")) } th scope="col" { (zoned(lang.say("received", "empfangen"))) }
                th scope="col" { (lang.say("Channel", "Kanal")) } th scope="col" { (lang.say("Event", "Ereignis")) }
                th scope="col" { "Patient" } th scope="col" { (lang.say("Case", "Fall")) }
                th scope="col" { (lang.say("Control ID", "Kontroll-ID")) } th scope="col" { (lang.say("State", "Zustand")) }
                th.number scope="col" { (lang.say("Size", "Größe")) }
            } }
            tbody { @for line in lines { tr {
                td data-label=(lang.say("Number", "Nummer")) { a href={ "/messages/" (line.id) } { (line.id) } }
                td data-label=(zoned(lang.say("received", "empfangen"))) { (time(&line.received)) }
                td data-label=(lang.say("Channel", "Kanal")) { (line.channel) }
                td.nowrap data-label=(lang.say("Event", "Ereignis")) { (line.key("event")) }
                td data-label="Patient" { (traced(line.key("patient"))) }
                td data-label=(lang.say("Case", "Fall")) { (traced(line.key("case"))) }
                td.mono data-label=(lang.say("Control ID", "Kontroll-ID")) { (line.key("control")) }
                td data-label=(lang.say("State", "Zustand")) { (envelope_state(lang, &line.state)) }
                td.number data-label=(lang.say("Size", "Größe")) { (bytes(lang, line.size)) }
            } } }
        } } }
    }
}

/// An identifier that leads to its trace.
fn traced(id: &str) -> Markup {
    html! { @if !id.is_empty() { a href={ "/trace?id=" (escaped(id)) } { (id) } } }
}
