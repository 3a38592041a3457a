//! Trace: one case across all channels and formats, as a time line.

use axum::extract::{Query, State as Shared};
use maud::html;
use serde::Deserialize;

use super::parts::{envelope_state, escaped, nothing, time};
use super::{Page, frame};
use crate::house::images::PLACE;
use crate::house::request::{Find, Request};
use crate::house::view::{MessageLine, together};
use crate::people::Right;
use crate::web::{Console, Visitor};

/// Envelopes of a trace at most.
const LINES_MAX: usize = 500;

/// What is followed.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    id: String,
}

/// The page.
pub async fn page(Shared(console): Shared<Console>, visitor: Visitor, Query(wanted): Query<Wanted>) -> Page {
    let lang = visitor.lang;
    let id = wanted.id.trim().to_owned();
    let mut found: Vec<Vec<MessageLine>> = Vec::new();
    for find in Find::trace(&id, LINES_MAX).filter(|_| !id.is_empty()) {
        found.push(console.ask(&visitor, Request::Messages(find)).await?);
    }
    let lines = together(found, LINES_MAX);
    let body = html! {
        (frame::crumbs(&[("/messages", lang.say("Messages", "Nachrichten"))]))
        h1 { (lang.say("Trace", "Verfolgen")) }
        form.search.card action="/trace" method="get" role="search" {
            div { label for="id" { (lang.say("A patient, case, order or control identifier", "Kennung eines Patienten, Falls, Auftrags oder einer Nachricht")) }
                input #id name="id" value=(id) maxlength="200" autocomplete="off"; }
            div.acts { button { (lang.say("Follow", "Verfolgen")) } }
        }
        @if !id.is_empty() && visitor.has_archive && visitor.actor.may(Right::ViewPayload, &[PLACE]) { p.acts {
            a.button.plain href={ "/archive?accession=" (escaped(&id)) } { (lang.say("Images of this order", "Bilder zu diesem Auftrag")) }
            a.button.plain href={ "/archive?patient=" (escaped(&id)) } { (lang.say("Images of this patient", "Bilder dieses Patienten")) }
        } }
        @if !id.is_empty() { div.card {
            @if lines.is_empty() { (nothing(lang.say("Nothing is known by this identifier.", "Zu dieser Kennung ist nichts bekannt."))) }
            ol.timeline { @for line in &lines { li {
                div { strong { (time(&line.received)) } " " (line.channel) " " (envelope_state(lang, &line.state)) }
                div { a href={ "/messages/" (line.id) } { (line.id) " " (line.key("event")) } " "
                    span.soft.small { @for (name, value) in line.keys.iter().filter(|(name, _)| name != "event") { (name) " " span.mono { (value) } " " } } }
            } } }
        } }
    };
    Ok(frame::page(&visitor, lang.say("Trace", "Verfolgen"), &body))
}
