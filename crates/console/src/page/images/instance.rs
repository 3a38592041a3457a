//! One instance without any script: a frame as a picture, what a report says, a document.

use axum::extract::{Path, Query, State as Shared};
use maud::{Markup, html};
use serde::Deserialize;

use super::parts::{at, kind, of, patient, title};
use super::study::called;
use crate::house::images::{Ask, Kind, Line, Mark, Reading, Said, Series, Study, Which};
use crate::house::request::Request;
use crate::lang::Lang;
use crate::page::parts::{bytes, escaped, moment, nothing};
use crate::page::{Page, frame};
use crate::web::{Console, Fault, Visitor};

/// Which frame.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    frame: u32,
}

/// The page.
pub async fn page(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    Path((study, uid)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Page {
    let lang = visitor.lang;
    let ask = Ask::Study { study: study.clone() };
    let whole: Study = console.ask(&visitor, Request::Images(ask)).await?;
    let found = whole.list.iter().find_map(|series| {
        let place = series.list.iter().position(|line| line.uid == uid)?;
        Some((series, place))
    });
    let Some((series, place)) = found else {
        return Err(Fault::absent(
            lang.say("The study has no such instance.", "Die Studie hat keine solche Instanz."),
        ));
    };
    let line = &series.list[place];
    let which = Which { study, instance: uid, ..Which::default() };
    let reading: Reading = console.ask(&visitor, Request::Images(Ask::Instance(which))).await?;
    let number = wanted.frame.clamp(1, line.frames.max(1));
    let name = format!("{} {}", kind(lang, line.kind), line.number);
    let above = at(&visitor, &whole.line.uid, "");
    let body = html! {
        (frame::crumbs(&[(&above, &title(lang, &whole.line))]))
        h1 { (called(lang, series)) " · " (name) }
        p { (patient(lang, &whole.line.patient)) }
        (steps(&visitor, &whole, series, place, number))
        @match line.kind {
            Kind::Image => (picture(&visitor, &whole, series, line, number)),
            Kind::Presentation => (presentation(&visitor, &whole, line)),
            Kind::Document => (document(&visitor, &whole, line, &reading)),
            _ => (said(&visitor, &whole, &reading)),
        }
        (origin(lang, line, &reading))
    };
    Ok(frame::page(&visitor, &name, &body))
}

/// To the instances and frames before and after.
fn steps(visitor: &Visitor, study: &Study, series: &Series, place: usize, number: u32) -> Markup {
    let lang = visitor.lang;
    let to = |place: usize, frame: u32| {
        let line = series.list.get(place)?;
        Some(at(visitor, &study.line.uid, &format!("/instances/{}?frame={frame}", escaped(&line.uid))))
    };
    let here = &series.list[place];
    let before = match (number, place.checked_sub(1)) {
        (1, Some(before)) => to(before, series.list[before].frames.max(1)),
        (1, None) => None,
        (number, _) => to(place, number - 1),
    };
    let after = if number < here.frames { to(place, number + 1) } else { to(place + 1, 1) };
    html! { nav.acts aria-label=(lang.say("Within the series", "In der Serie")) {
        @if let Some(before) = before { a.button.plain rel="prev" href=(before) { "← " (lang.say("before", "davor")) } }
        @if let Some(after) = after { a.button.plain rel="next" href=(after) { (lang.say("after", "danach")) " →" } }
        span.soft { (place + 1) "/" (series.list.len()) @if here.frames > 1 { " · " (lang.say("frame ", "Bild ")) (number) "/" (here.frames) } }
    } }
}

fn picture(visitor: &Visitor, study: &Study, series: &Series, line: &Line, number: u32) -> Markup {
    let lang = visitor.lang;
    let instance = escaped(&line.uid);
    let is_key =
        study.keys.iter().flat_map(|key| &key.marks).any(|mark| {
            mark.instance == line.uid && (mark.frames.is_empty() || mark.frames.contains(&number))
        });
    html! { figure.picture {
        img src=(at(visitor, &study.line.uid, &format!("/pictures/{instance}?frame={number}")))
            alt=(lang.say(format!("{}, image {} frame {number}", called(lang, series), line.number), format!("{}, Bild {} Einzelbild {number}", called(lang, series), line.number)));
        figcaption.small.soft {
            @if is_key { "★ " (lang.say("key image", "Schlüsselbild")) " · " }
            (line.columns) "×" (line.rows) " · "
            a href=(at(visitor, &study.line.uid, &format!("/view?instance={instance}&frame={number}"))) { (lang.say("Open in the viewer", "Im Betrachter öffnen")) }
        }
    } }
}

/// The first image that a presentation state is about, as it wishes.
fn presentation(visitor: &Visitor, study: &Study, line: &Line) -> Markup {
    let lang = visitor.lang;
    let name = match line.title.as_str() {
        "" => lang
            .say(
                "An image as somebody wished it to be seen",
                "Ein Bild, wie es jemand dargestellt haben wollte",
            )
            .to_owned(),
        title => title.to_owned(),
    };
    html! { figure.picture {
        img src=(at(visitor, &study.line.uid, &format!("/pictures/{}", escaped(&line.uid)))) alt=(name);
        figcaption.small.soft { (name) }
    } }
}

fn document(visitor: &Visitor, study: &Study, line: &Line, reading: &Reading) -> Markup {
    let lang = visitor.lang;
    html! { section.card {
        @match &reading.document {
            None => (nothing(lang.say("It holds no document that can be given.", "Sie enthält kein Dokument, das herausgegeben werden kann."))),
            Some((name, size)) => {
                @if !name.is_empty() { h2 { (name) } }
                p.acts {
                    a.button href=(at(visitor, &study.line.uid, &format!("/documents/{}?inline=1", escaped(&line.uid)))) target="_blank" rel="noopener" { (lang.say("Open the PDF", "PDF öffnen")) }
                    a.button.plain href=(of(visitor, &study.line.uid, "documents", &line.uid)) { (lang.say("Download", "Herunterladen")) " (" (bytes(lang, *size)) ")" }
                }
            }
        }
    } }
}

/// What a report says, or what a selection marks.
fn said(visitor: &Visitor, study: &Study, reading: &Reading) -> Markup {
    let lang = visitor.lang;
    html! { section.card.report #report {
        @match &reading.report {
            None => (nothing(lang.say("There is nothing in it to be shown.", "Es ist nichts darin, was gezeigt werden könnte."))),
            Some(root) => {
                h2 { @if root.name.is_empty() { (lang.say("Report", "Befund")) } @else { (root.name) } }
                (marks(visitor, study, &root.marks))
                (tree(visitor, study, &root.items))
            }
        }
    } }
}

fn tree(visitor: &Visitor, study: &Study, items: &[Said]) -> Markup {
    html! { @if !items.is_empty() { ul { @for item in items { li {
        @if !item.name.is_empty() { strong { (item.name) } @if !item.value.is_empty() { ": " } }
        span.text { (item.value) }
        (marks(visitor, study, &item.marks))
        (tree(visitor, study, &item.items))
    } } } } }
}

fn marks(visitor: &Visitor, study: &Study, all: &[Mark]) -> Markup {
    let lang = visitor.lang;
    html! { @for mark in all {
        @let frame = mark.frames.first().copied().unwrap_or(1);
        " " a.small href=(at(visitor, &study.line.uid, &format!("/view?instance={}&frame={frame}", escaped(&mark.instance)))) {
            (lang.say("image", "Bild")) @if let Some(number) = number_of(study, &mark.instance) { " " (number) }
            @if !mark.frames.is_empty() { " (" (frame) ")" }
        }
    } }
}

fn number_of<'a>(study: &'a Study, instance: &str) -> Option<&'a str> {
    let line = study.list.iter().flat_map(|series| &series.list).find(|line| line.uid == instance)?;
    Some(&line.number)
}

fn origin(lang: Lang, line: &Line, reading: &Reading) -> Markup {
    html! { details { summary { (lang.say("Where it comes from", "Woher sie kommt")) }
        dl.facts {
            dt { (lang.say("Class", "Klasse")) } dd { (reading.class) }
            dt { (lang.say("Transfer syntax", "Transfersyntax")) } dd { (reading.syntax) }
            dt { (lang.say("Sender", "Absender")) } dd.mono { (reading.from) }
            dt { (lang.say("Arrived", "Angekommen")) } dd { (moment(&reading.arrived)) }
            dt { (lang.say("Size", "Größe")) } dd { (bytes(lang, reading.size)) }
            dt { "UID" } dd.mono { (line.uid) }
        }
    } }
}
