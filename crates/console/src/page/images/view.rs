//! The viewer's page. What it does is in `assets/viewer.js`; without a script its strip of series leads to pages with
//! pictures ([`super::instance`]).

use axum::Json;
use axum::extract::{Path, Query, State as Shared};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use super::parts::{at, of, title};
use super::study::called;
use crate::house::images::{Ask, Kind, Series, Study};
use crate::house::request::Request;
use crate::lang::Lang;
use crate::page::{Page, frame};
use crate::web::{Console, Fault, Visitor};

/// Where to begin.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    series: String,
    instance: String,
    frame: String,
}

/// What the script must know of a study.
pub async fn list(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    Path(study): Path<String>,
) -> Result<Response, Fault> {
    let study: Study = console.ask(&visitor, Request::Images(Ask::Study { study })).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(study)).into_response())
}

/// The page.
pub async fn page(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    Path(uid): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Page {
    let study: Study = console.ask(&visitor, Request::Images(Ask::Study { study: uid })).await?;
    let (lang, line) = (visitor.lang, &study.line);
    let name = title(lang, line);
    let body = html! {
        div.viewer #viewer data-study=(line.uid) data-link=(visitor.link.as_deref().unwrap_or_default())
            data-series=(wanted.series) data-instance=(wanted.instance) data-frame=(wanted.frame)
            data-texts=(texts(lang).to_string()) {
            div.whose {
                a.back href=(at(&visitor, &line.uid, "")) { span aria-hidden="true" { "‹ " } (lang.say("Study", "Studie")) }
                h1 { (line.patient.name) " " span.soft { (line.patient.id) } }
                p { (name) " · " (line.date) }
            }
            (tools(lang, &study))
            div.light {
                nav.strip #strip aria-label=(lang.say("Series", "Serien")) { ul data-study=(line.uid) {
                    @for one in &study.list { li { (entry(&visitor, &line.uid, one)) } }
                } }
                div.panes #panes {
                    noscript { p { (lang.say(
                        "Without scripts the pictures of a series are shown one by one: choose a series.",
                        "Ohne Skripte werden die Bilder einer Serie einzeln gezeigt: wählen Sie eine Serie.",
                    )) } }
                }
            }
            p.hidden #said role="status" {}
            p.hidden #help { (lang.say(
                "Arrow keys scroll, + and - zoom, i inverts, k goes to the next key image, space plays, 0 fits.",
                "Pfeiltasten blättern, + und - zoomen, i kehrt um, k geht zum nächsten Schlüsselbild, Leertaste spielt ab, 0 passt ein.",
            )) }
        }
    };
    Ok(frame::looking(&visitor, &name, &body))
}

/// A series in the strip: a way to its middle, which the script shows in a pane.
fn entry(visitor: &Visitor, study: &str, one: &Series) -> Markup {
    let lang = visitor.lang;
    let images: u64 =
        one.list.iter().filter(|line| line.kind == Kind::Image).map(|line| u64::from(line.frames)).sum();
    let (face, first) = (one.face(), one.list.first());
    html! { @if let Some(to) = face.or(first) {
        a data-series=(one.uid) href=(of(visitor, study, "instances", &to.uid)) {
            @match face {
                Some(face) => img width="96" height="96" loading="lazy" alt="" src=(of(visitor, study, "thumbnails", &face.uid));,
                None => span.sign aria-hidden="true" { (super::study::sign(one)) },
            }
            span.called { (called(lang, one)) }
            span.count { (one.modality) @if images > 0 { " · " (images) } }
        }
    } }
}

fn tools(lang: Lang, study: &Study) -> Markup {
    let tool = |name: &str, sign: &str, word: &str| {
        html! { button.plain type="button" data-tool=(name) aria-pressed="false" title=(word) { span aria-hidden="true" { (sign) } span.word { (word) } } }
    };
    let act = |name: &str, sign: &str, word: &str| {
        html! { button.plain type="button" data-act=(name) title=(word) { span aria-hidden="true" { (sign) } span.word { (word) } } }
    };
    let switch = |name: &str, sign: &str, word: &str| {
        html! { button.plain type="button" data-act=(name) aria-pressed="false" title=(word) { span aria-hidden="true" { (sign) } span.word { (word) } } }
    };
    html! { div.tools #tools role="toolbar" aria-label=(lang.say("Tools", "Werkzeuge")) hidden {
        (tool("scroll", "↕", lang.say("Scroll", "Blättern")))
        (tool("window", "◐", lang.say("Window", "Fenster")))
        (tool("zoom", "⊕", "Zoom"))
        (tool("pan", "✥", lang.say("Move", "Schieben")))
        (tool("measure", "⟷", lang.say("Measure", "Messen")))
        span.gap {}
        label { span.hidden { (lang.say("Window preset", "Voreinstellung des Fensters")) } select #preset {} }
        (switch("invert", "◑", lang.say("Invert", "Umkehren")))
        (act("reset", "⟲", lang.say("Reset", "Zurücksetzen")))
        (act("clear", "⌫", lang.say("Clear measures", "Maße löschen")))
        span.gap {}
        (switch("cine", "▶", lang.say("Play", "Abspielen")))
        label { span.hidden { (lang.say("Images per second", "Bilder je Sekunde")) } select #rate {
            @for rate in [2, 5, 10, 15, 25, 30] { option value=(rate) selected[rate == 10] { (rate) "/s" } }
        } }
        @if !study.keys.is_empty() { (switch("keys", "★", lang.say("Key images only", "Nur Schlüsselbilder"))) }
        span.gap {}
        (switch("split", "▯▯", lang.say("Two side by side", "Zwei nebeneinander")))
        (switch("linked", "⇵", lang.say("Scroll both", "Gemeinsam blättern")))
        @if !study.others.is_empty() {
            label { span.hidden { (lang.say("Compare with another study", "Mit einer anderen Studie vergleichen")) } select #prior {
                option value="" { (lang.say("Compare with …", "Vergleichen mit …")) }
                @for one in &study.others { option value=(one.uid) { (one.date) " " (one.modalities.join(", ")) " " (one.description) } }
            } }
        }
    } }
}

/// What the script says.
fn texts(lang: Lang) -> Value {
    json!({
        "image": lang.say("image", "Bild"),
        "of": lang.say("of", "von"),
        "frame": lang.say("frame", "Einzelbild"),
        "loading": lang.say("Loading …", "Wird geladen …"),
        "failed": lang.say("This image can't be shown.", "Dieses Bild kann nicht gezeigt werden."),
        "gone": lang.say("No connection to Klinke.", "Keine Verbindung zu Klinke."),
        "over": lang.say("Your log-in or link is over.", "Ihre Anmeldung oder der Link ist abgelaufen."),
        "position": lang.say("Position in the series", "Stelle in der Serie"),
        "pane": lang.say("Pane", "Feld"),
        "empty": lang.say("Choose a series.", "Wählen Sie eine Serie."),
        "key": lang.say("key image", "Schlüsselbild"),
        "own": lang.say("As sent", "Wie gesendet"),
        "whole": lang.say("Whole range", "Ganzer Bereich"),
        "presets": lang.say("Window …", "Fenster …"),
        "soft": lang.say("Soft tissue", "Weichteile"),
        "lung": lang.say("Lung", "Lunge"),
        "bone": lang.say("Bone", "Knochen"),
        "brain": lang.say("Brain", "Gehirn"),
        "pixels": lang.say("px (size unknown)", "px (Größe unbekannt)"),
        "detector": lang.say("at the detector", "am Detektor"),
        "film": lang.say("on the film", "auf dem Film"),
        "reduced": lang.say("reduced", "verkleinert"),
    })
}
