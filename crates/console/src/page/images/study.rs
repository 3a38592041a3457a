//! A study: whose it is, its series with a picture each, and what belongs to it.

use axum::extract::{Path, State as Shared};
use maud::{Markup, html};

use super::parts::{at, clashes, kind, of, patient, studies, title};
use crate::house::images::{Ask, Key, Kind, Line, Performed, Series, Study};
use crate::house::request::Request;
use crate::lang::Lang;
use crate::page::parts::{State, bytes, escaped, moment, number, state};
use crate::page::{Page, frame};
use crate::web::{Console, Visitor};

/// Instances of a series that are listed; the viewer has all.
const LISTED_MAX: usize = 500;

/// The page.
pub async fn page(Shared(console): Shared<Console>, visitor: Visitor, Path(uid): Path<String>) -> Page {
    let study: Study = console.ask(&visitor, Request::Images(Ask::Study { study: uid })).await?;
    let lang = visitor.lang;
    let name = title(lang, &study.line);
    let has_images = study.list.iter().any(|series| series.face().is_some());
    let body = html! {
        @if visitor.link.is_none() { (frame::crumbs(&[("/archive", lang.say("Images", "Bilder"))])) }
        (head(&visitor, &study, &name, has_images))
        @if !study.keys.is_empty() { (keys(&visitor, &study)) }
        section { h2 { (lang.say("Series", "Serien")) }
            div.series { @for one in &study.list { (series(&visitor, &study.line.uid, one)) } }
        }
        @if !study.performed.is_empty() { (performed(lang, &study.performed)) }
        @if !study.clashes.is_empty() { section.card { h2 { (lang.say("What lies beside", "Was daneben liegt")) } (clashes(&visitor, &study.clashes)) } }
        @if !study.others.is_empty() { section.card {
            h2 { (lang.say("Other studies of this patient", "Weitere Studien dieses Patienten")) }
            (studies(&visitor, &study.others, false))
        } }
    };
    Ok(frame::page(&visitor, &name, &body))
}

fn head(visitor: &Visitor, study: &Study, name: &str, has_images: bool) -> Markup {
    let (lang, line) = (visitor.lang, &study.line);
    html! { section.card {
        h1 { (name) }
        p.lead { (patient(lang, &line.patient)) }
        p {
            span.nowrap { (line.date) " " (line.time) }
            @if !line.modalities.is_empty() { " · " (line.modalities.join(", ")) }
            " · " (lang.say(
                format!("{} instances in {} series, {}", number(line.instances), line.series, bytes(lang, line.bytes)),
                format!("{} Instanzen in {} Serien, {}", number(line.instances), line.series, bytes(lang, line.bytes)),
            ))
            @if !study.referrer.is_empty() { " · " (lang.say("referred by ", "überwiesen von ")) (study.referrer) }
        }
        p.acts {
            @if has_images { a.button href=(at(visitor, &line.uid, "/view")) { (lang.say("Open in the viewer", "Im Betrachter öffnen")) } }
            @if visitor.link.is_none() {
                @if !line.accession.is_empty() { a.button.plain href={ "/trace?id=" (escaped(&line.accession)) } { (lang.say("Messages of order ", "Nachrichten zum Auftrag ")) (line.accession) } }
                @if !line.patient.id.is_empty() { a.button.plain href={ "/trace?id=" (escaped(&line.patient.id)) } { (lang.say("Messages of the patient", "Nachrichten zum Patienten")) } }
            }
        }
        p.small.soft.mono { (line.uid) }
    } }
}

fn keys(visitor: &Visitor, study: &Study) -> Markup {
    let lang = visitor.lang;
    html! { section.card {
        h2 { "★ " (lang.say("Key images", "Schlüsselbilder")) }
        @for key in &study.keys { div {
            h3 { (key.title) } @if !key.text.is_empty() { p { (key.text) } }
            (marked(visitor, study, key))
        } }
    } }
}

/// Pictures of what a document marks.
fn marked(visitor: &Visitor, study: &Study, key: &Key) -> Markup {
    const MARKS_MAX: usize = 24;
    let lang = visitor.lang;
    html! { ul.marks { @for mark in key.marks.iter().take(MARKS_MAX) { li {
        @let frame = mark.frames.first().copied().unwrap_or(1);
        a href=(at(visitor, &study.line.uid, &format!("/view?instance={}&frame={frame}", escaped(&mark.instance)))) {
            img loading="lazy" width="128" height="128" alt=(lang.say(format!("Key image, frame {frame}"), format!("Schlüsselbild, Bild {frame}")))
                src=(at(visitor, &study.line.uid, &format!("/thumbnails/{}?frame={frame}", escaped(&mark.instance))));
        }
    } } } }
}

fn series(visitor: &Visitor, study: &str, one: &Series) -> Markup {
    let lang = visitor.lang;
    let frames: u64 =
        one.list.iter().filter(|line| line.kind == Kind::Image).map(|line| u64::from(line.frames)).sum();
    let called = called(lang, one);
    html! { article.card.one {
        div.face { @match one.face() {
            Some(face) => a href=(at(visitor, study, &format!("/view?series={}", escaped(&one.uid)))) {
                img loading="lazy" width="128" height="128" src=(of(visitor, study, "thumbnails", &face.uid)) alt=(lang.say(format!("Look at {called}"), format!("{called} ansehen")));
            },
            None => (other_face(visitor, study, one)),
        } }
        div {
            h3 { (called) }
            p.small {
                (one.modality)
                @if !one.number.is_empty() { " · " (lang.say("no. ", "Nr. ")) (one.number) }
                @if !one.body.is_empty() { " · " (one.body) }
                @if !one.laterality.is_empty() { " · " (side(lang, &one.laterality)) }
                " · " @if frames > 0 { (lang.say(format!("{} images", number(frames)), format!("{} Bilder", number(frames)))) }
                @else { @if one.list.len() > 1 { (one.list.len()) "× " } (kind(lang, one.list.first().map(|line| line.kind).unwrap_or(Kind::Other))) }
            }
            p.small.soft {
                @if !one.device.is_empty() { (one.device) " · " }
                @if !one.from.is_empty() { (lang.say("from ", "von ")) span.mono { (one.from) } " " }
                (moment(&one.arrived)) " · " (bytes(lang, one.bytes))
            }
            details { summary { (lang.say("Instances", "Instanzen")) span.hidden { " " (lang.say("of", "von")) " " (called) } }
                ol.instances { @for line in one.list.iter().take(LISTED_MAX) { li { (instance(visitor, study, line)) } } }
                @if one.list.len() > LISTED_MAX { p.small.soft { (lang.say("… and more; the viewer has all.", "… und mehr; der Betrachter hat alle.")) } }
            }
        }
    } }
}

/// Of a series without images: a presentation as it is to be seen, or a sign.
fn other_face(visitor: &Visitor, study: &str, one: &Series) -> Markup {
    let lang = visitor.lang;
    let presentation = one.list.iter().find(|line| line.kind == Kind::Presentation);
    html! { @match presentation {
        Some(line) => a href=(of(visitor, study, "instances", &line.uid)) {
            img loading="lazy" width="128" height="128" src=(of(visitor, study, "thumbnails", &line.uid)) alt=(lang.say("Look at the presentation", "Darstellung ansehen"));
        },
        None => span.sign aria-hidden="true" { (sign(one)) },
    } }
}

/// What a series is called.
pub fn called(lang: Lang, one: &Series) -> String {
    match (one.description.as_str(), one.number.as_str()) {
        ("", "") => lang.say("Series", "Serie").to_owned(),
        ("", number) => lang.say(format!("Series {number}"), format!("Serie {number}")),
        (text, _) => text.to_owned(),
    }
}

fn instance(visitor: &Visitor, study: &str, line: &Line) -> Markup {
    let lang = visitor.lang;
    html! { a href=(of(visitor, study, "instances", &line.uid)) {
        (kind(lang, line.kind)) @if !line.number.is_empty() { " " (line.number) }
        @if !line.title.is_empty() { ": " (line.title) }
    } " " span.soft.small {
        @if line.columns > 0 { (line.columns) "×" (line.rows) }
        @if line.frames > 1 { " · " (line.frames) " " (lang.say("frames", "Bilder")) }
    } }
}

/// A sign for a series without pictures.
pub fn sign(one: &Series) -> &'static str {
    match one.list.first().map(|line| line.kind) {
        Some(Kind::Report) => "¶",
        Some(Kind::Key) => "★",
        Some(Kind::Document) => "▤",
        _ => "·",
    }
}

fn side(lang: Lang, code: &str) -> &str {
    match code {
        "L" => lang.say("left", "links"),
        "R" => lang.say("right", "rechts"),
        other => other,
    }
}

fn performed(lang: Lang, all: &[Performed]) -> Markup {
    html! { section.card {
        h2 { (lang.say("What the devices told of it", "Was die Geräte davon gemeldet haben")) }
        ol.timeline { @for one in all { li {
            @let (kind, word) = match one.state.as_str() {
                "COMPLETED" => (State::Good, lang.say("completed", "abgeschlossen")),
                "IN PROGRESS" => (State::Warn, lang.say("going on", "im Gange")),
                "DISCONTINUED" => (State::Stop, lang.say("broken off", "abgebrochen")),
                other => (State::Off, other),
            };
            div { (state(kind, word)) " " (one.description) }
            div.small.soft { span.mono { (one.from) } " " (moment(&one.begun)) " – " (moment(&one.changed)) }
        } } }
    } }
}
