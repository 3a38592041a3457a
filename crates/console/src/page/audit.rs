//! The audit log, whether it is whole, and who has seen a patient.

use axum::extract::{Query, State as Shared};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::parts::{State, day_after, escaped, state, time, typed, zoned};
use super::{Page, account, frame};
use crate::audit::log::{LINES_MAX, Line, Wanted};
use crate::audit::request::Ask;
use crate::audit::saw::{How, Seen};
use crate::audit::{Action, Entry, Outcome, csv, syslog};
use crate::house::request::Request;
use crate::lang::Lang;
use crate::people::Right;
use crate::web::{Console, Fault, Visitor};

/// Lines of a page.
const LINES: usize = 100;

/// What is looked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Search {
    who: String,
    action: String,
    from: String,
    until: String,
    below: String,
    patient: String,
    format: String,
}

impl Search {
    fn wanted(&self, lang: Lang, limit: usize) -> Result<Wanted, Fault> {
        let day = |text: &str| match text.trim() {
            "" => Ok(None),
            text => typed(text).map(Some).ok_or_else(|| {
                Fault::wrong(lang.say("write a day as 2026-11-24", "schreiben Sie einen Tag als 2026-11-24"))
            }),
        };
        Ok(Wanted {
            from: day(&self.from)?,
            // The last day counts whole.
            until: day(&self.until)?.and_then(|_| day_after(self.until.trim())),
            who: Some(self.who.trim().to_owned()).filter(|who| !who.is_empty()),
            action: Action::named(&self.action),
            below: self.below.parse().ok(),
            above: None,
            limit,
        })
    }
}

/// The log.
pub async fn page(Shared(console): Shared<Console>, visitor: Visitor, Query(search): Query<Search>) -> Page {
    let lang = visitor.lang;
    let wanted = search.wanted(lang, LINES)?;
    let lines: Vec<Line> = console.ask(&visitor, Request::Audit(Ask::List(wanted))).await?;
    let title = lang.say("Audit log", "Protokoll");
    let older = lines.last().filter(|_| lines.len() == LINES).map(|line| older(&search, line.id));
    let body = html! {
        h1 { (title) }
        @if let Some(people) = console.people().filter(|_| visitor.actor.may(Right::Administer, &[])) { (account::emergencies(lang, people)) }
        section.card { (search_form(lang, &search)) }
        section.card { h2 { (lang.say("Who has seen a patient?", "Wer hat einen Patienten gesehen?")) } (patient_form(lang, "")) }
        section.card {
            (table(lang, lines.iter().map(|line| (line, None))))
            @if lines.is_empty() { p.soft { (lang.say("Nothing found.", "Nichts gefunden.")) } }
            div.acts {
                @if let Some(older) = older { a.button.plain href=(older) { (lang.say("Older", "Ältere")) } }
                a.button.plain href="/audit/verify" { (lang.say("Is it whole?", "Ist es unversehrt?")) }
                a.button.plain href={ "/audit/export?format=csv&from=" (escaped(&search.from)) "&until=" (escaped(&search.until)) } { (lang.say("As a table (CSV)", "Als Tabelle (CSV)")) }
                a.button.plain href={ "/audit/export?format=syslog&from=" (escaped(&search.from)) "&until=" (escaped(&search.until)) } { "DICOM / syslog" }
            }
        }
    };
    Ok(frame::page(&visitor, title, &body))
}

/// The report of one patient.
pub async fn patient(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    Query(search): Query<Search>,
) -> Page {
    let lang = visitor.lang;
    let wanted = search.wanted(lang, LINES_MAX)?;
    let ask = Ask::WhoSaw { patient: search.patient.clone(), wanted };
    let seen: Vec<Seen> = console.ask(&visitor, Request::Audit(ask)).await?;
    let title = lang.say("Who has seen this patient?", "Wer hat diesen Patienten gesehen?");
    let body = html! {
        (frame::crumbs(&[("/audit", lang.say("Audit log", "Protokoll"))]))
        h1 { (title) }
        section.card { (patient_form(lang, &search.patient)) }
        section.card {
            p.lead { (lang.say(
                format!("{} entries for {}", seen.len(), search.patient),
                format!("{} Einträge zu {}", seen.len(), search.patient),
            )) }
            (table(lang, seen.iter().map(|one| (&one.line, Some(one.how)))))
            p.small.soft { (lang.say(
                "What is here: messages that were opened, sent again or exported, searches that showed or sought this identifier, by the console, by programs and by the command line. What is not: lists of the newest messages and of what waits, which show identifiers and no content; and what partners show.",
                "Was hier steht: geöffnete, erneut gesendete oder ausgegebene Nachrichten und Suchen, die diese Kennung zeigten oder meinten, auf der Konsole, durch Programme und auf der Kommandozeile. Was nicht: Listen der neuesten Nachrichten und des Wartenden, die Kennungen zeigen und keinen Inhalt; und was Partner anzeigen.",
            )) }
        }
    };
    Ok(frame::page(&visitor, title, &body))
}

/// Whether the chain is whole.
pub async fn verify(Shared(console): Shared<Console>, visitor: Visitor) -> Page {
    let report: Value = console.ask(&visitor, Request::Audit(Ask::Verify { noted: None })).await?;
    let lang = visitor.lang;
    let faults: Vec<&str> =
        report["faults"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let title = lang.say("Is the audit log whole?", "Ist das Protokoll unversehrt?");
    let body = html! {
        (frame::crumbs(&[("/audit", lang.say("Audit log", "Protokoll"))]))
        h1 { (title) }
        section.card {
            p.lead {
                @if faults.is_empty() { (state(State::Good, lang.say("yes", "ja"))) } @else { (state(State::Stop, lang.say("no", "nein"))) }
                " " (report["entries"].as_u64().unwrap_or(0)) (lang.say(" entries", " Einträge"))
            }
            ul { @for fault in &faults { li { (fault) } } }
            p { (lang.say("The seal of the newest entry; note it elsewhere, then it can be held against the log later:", "Das Siegel des neuesten Eintrags; notieren Sie es anderswo, dann kann das Protokoll später daran geprüft werden:")) }
            pre tabindex="0" { (report["head"].as_str().unwrap_or_default()) }
        }
    };
    Ok(frame::page(&visitor, title, &body))
}

/// The log as a file; not more than the newest [`LINES_MAX`] entries, the command line writes all.
pub async fn export(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    Query(search): Query<Search>,
) -> Result<Response, Fault> {
    let wanted = search.wanted(visitor.lang, LINES_MAX)?;
    let mut lines: Vec<Line> = console.ask(&visitor, Request::Audit(Ask::Export(wanted))).await?;
    lines.reverse();
    let (kind, name, text) = match search.format.as_str() {
        "syslog" => {
            let text = lines.iter().filter_map(|line| syslog::line(line, "-", &visitor.site));
            ("text/plain; charset=utf-8", "audit.log", text.map(|text| text + "\n").collect::<String>())
        }
        _ => {
            let rows = lines.iter().map(csv::line);
            ("text/csv; charset=utf-8", "audit.csv", std::iter::once(csv::head()).chain(rows).collect())
        }
    };
    let name = format!("attachment; filename=\"{name}\"");
    Ok(([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)], text).into_response())
}

fn older(search: &Search, below: u64) -> String {
    let Search { who, action, from, until, .. } = search;
    let [who, action, from, until] = [who, action, from, until].map(|text| escaped(text));
    format!("/audit?who={who}&action={action}&from={from}&until={until}&below={below}")
}

fn search_form(lang: Lang, search: &Search) -> Markup {
    html! { form.search method="get" action="/audit" {
        div { label for="who" { (lang.say("Who", "Wer")) } input #who name="who" value=(search.who); }
        div { label for="action" { (lang.say("What", "Was")) } select #action name="action" {
            option value="" { (lang.say("everything", "alles")) }
            @for action in Action::ALL { option value=(action.name()) selected[search.action == action.name()] { (lang.say(action.words().0, action.words().1)) } }
        } }
        div { label for="from" { (lang.say("From (day)", "Von (Tag)")) } input #from type="date" name="from" value=(search.from); }
        div { label for="until" { (lang.say("To (day)", "Bis (Tag)")) } input #until type="date" name="until" value=(search.until); }
        div { button type="submit" { (lang.say("Show", "Zeigen")) } }
    } }
}

fn patient_form(lang: Lang, patient: &str) -> Markup {
    html! { form.search method="get" action="/audit/patient" {
        div { label for="patient" { (lang.say("The patient's identifier", "Kennung des Patienten")) } input #patient name="patient" value=(patient) required autocomplete="off"; }
        div { button type="submit" { (lang.say("Report", "Bericht")) } }
    } }
}

fn table<'a>(lang: Lang, lines: impl Iterator<Item = (&'a Line, Option<How>)>) -> Markup {
    html! { div.table tabindex="0" { table {
        thead { tr {
            th.number { "#" } th { (zoned(lang.say("time", "Zeit"))) } th { (lang.say("who", "wer")) } th { (lang.say("from", "von")) }
            th { (lang.say("what", "was")) } th { (lang.say("of what", "woran")) } th { (lang.say("why", "warum")) }
        } }
        tbody { @for (line, how) in lines { tr {
            td.number { (line.id) }
            td.nowrap { (time(&line.at)) }
            @match &line.entry {
                None => { td colspan="5" { (state(State::Stop, lang.say("can't be read", "nicht lesbar"))) } }
                Some(entry) => { (cells(lang, entry, how)) }
            }
        } } }
    } } }
}

fn cells(lang: Lang, entry: &Entry, how: Option<How>) -> Markup {
    let object = &entry.object;
    let places = [&object.channel, &object.system, &object.destination, &object.account];
    html! {
        td { @if entry.who.name.is_empty() { span.soft { (lang.say("nobody known", "niemand Bekanntes")) } } @else { (entry.who.name) }
            @if let Some(via) = &entry.who.via { " " span.soft.small { (via) } } }
        td.mono.small { (entry.from) }
        td { (lang.say(entry.action.words().0, entry.action.words().1))
            @match entry.outcome {
                Outcome::Done => {}
                Outcome::Refused => { " " (state(State::Stop, lang.say("refused", "abgewiesen"))) }
                Outcome::Failed => { " " (state(State::Warn, lang.say("failed", "gescheitert"))) }
            }
            @match how {
                Some(How::Shown) => { " " (state(State::Warn, lang.say("shown", "angezeigt"))) }
                Some(How::Sought) => { " " (state(State::Off, lang.say("only sought", "nur gesucht"))) }
                None => {}
            }
        }
        td {
            @for id in &object.envelopes { a href={ "/messages/" (id) } { (id) } " " }
            @for patient in &object.patients { span.mono { (patient) } " " }
            @for (name, value) in &object.sought { span.soft { (name) "=" } span.mono { (value) } " " }
            @for place in places.into_iter().flatten() { (place) " " }
        }
        td { @if let Some(purpose) = &entry.purpose { (purpose) " " } @if let Some(note) = &entry.note { span.soft { (note) } } }
    }
}
