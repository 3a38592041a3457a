//! The report of a migration: to read, to print and sign, and as a file.

use axum::extract::{Path, Query, State as Shared};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use klinke_diagnosis::Lang as Words;
use maud::{Markup, html};
use serde::Deserialize;

use super::parts::{address, crumbs};
use crate::house::migrate::{Ask, Form, Part, Progress, Report, Written};
use crate::house::request::Request;
use crate::lang::Lang;
use crate::page::parts::{State, state};
use crate::page::{Page, frame};
use crate::web::{Console, Fault, Visitor};

/// More rows of a table are in the file alone.
const ROWS_MAX: usize = 200;

fn words(lang: Lang) -> Words {
    lang.say(Words::En, Words::De)
}

/// The page.
pub async fn page(Shared(console): Shared<Console>, visitor: Visitor, Path(name): Path<String>) -> Page {
    let lang = visitor.lang;
    let progress: Progress =
        console.ask(&visitor, Request::Migrate(Ask::Status { name: name.clone() })).await?;
    let ask = Ask::Report { name: name.clone(), lang: words(lang) };
    let report: Report = console.ask(&visitor, Request::Migrate(ask)).await?;
    let file = |form: &str| format!("{}/report/download?form={form}", address(&name));
    let body = html! {
        (crumbs(lang, &progress.line))
        p.acts {
            a.button href=(file("html")) { (lang.say("Download as a page", "Als Seite herunterladen")) }
            a.button.plain href=(file("md")) { "Markdown" }
            a.button.plain href=(file("json")) { (lang.say("JSON with each study", "JSON mit jeder Studie")) }
        }
        p { @match report.complete {
            true => { (state(State::Good, lang.say("complete", "vollständig"))) }
            false => { (state(State::Warn, lang.say("not complete", "nicht vollständig"))) }
        } }
        @for part in &report.parts { (shown(lang, part)) }
    };
    Ok(frame::page(&visitor, lang.say("Report", "Bericht"), &body))
}

fn shown(lang: Lang, part: &Part) -> Markup {
    html! { @match part {
        Part::Title(text) => { h1 { (text) } }
        Part::Heading(text) => { h2 { (text) } }
        Part::Text(text) => { p { (text) } }
        Part::Table(rows) => { div.table tabindex="0" { table {
            @if let Some(head) = rows.first() { thead { tr { @for cell in head { @match cell.is_empty() {
                true => { td {} }
                false => { th scope="col" { (cell) } }
            } } } } }
            tbody { @for row in rows.iter().skip(1).take(ROWS_MAX) { tr { @for cell in row { td { (cell) } } } } }
        } }
        @if rows.len() > ROWS_MAX + 1 { p.small.soft { (lang.say("and more: the file has all", "und weitere: die Datei hat alle")) } } }
        Part::Signatures(names) => { div.signs { @for name in names { div { (name) } } } }
    } }
}

/// As what.
#[derive(Deserialize)]
pub struct Wanted {
    form: Form,
}

/// The same as a file.
pub async fn download(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Fault> {
    let (media, ending) = match wanted.form {
        Form::Html => ("text/html; charset=utf-8", "html"),
        Form::Md => ("text/markdown; charset=utf-8", "md"),
        Form::Json => ("application/json", "json"),
    };
    let plain: String =
        name.chars().filter(|one| one.is_ascii_alphanumeric() || matches!(one, '-' | '_')).collect();
    let ask = Ask::Written { name, lang: words(visitor.lang), form: wanted.form };
    let written: Written = console.ask(&visitor, Request::Migrate(ask)).await?;
    let kept = format!("attachment; filename=\"{plain}.{ending}\"");
    Ok(([(header::CONTENT_TYPE, media.to_owned()), (header::CONTENT_DISPOSITION, kept)], written.text)
        .into_response())
}
