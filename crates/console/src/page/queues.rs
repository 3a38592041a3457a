//! What waits, lane by lane, and what was given up, grouped by cause.

use std::collections::BTreeMap;

use axum::extract::{Query, State as Shared};
use maud::{Markup, html};
use serde::Deserialize;

use super::parts::{State, escaped, nothing, number, state, time, zoned};
use super::{Page, acts, frame};
use crate::house::request::Request;
use crate::house::view::{DeliveryView, LaneView};
use crate::web::{Console, Visitor};

/// Lanes of a destination that are listed at most.
const LANES_MAX: usize = 200;
/// Dead deliveries of a destination that are looked at.
pub const DEAD_MAX: usize = 1_000;
/// Envelopes of a group that are shown.
const PREVIEW: usize = 5;

/// Which destination.
#[derive(Deserialize)]
pub struct Place {
    place: Option<String>,
}

impl Place {
    fn wanted(self) -> Option<String> {
        self.place.filter(|place| !place.is_empty())
    }
}

/// What waits.
pub async fn page(Shared(console): Shared<Console>, visitor: Visitor, Query(place): Query<Place>) -> Page {
    let place = place.wanted();
    let lanes: Vec<LaneView> =
        console.ask(&visitor, Request::Queue { place: place.clone(), limit: LANES_MAX }).await?;
    let lang = visitor.lang;
    let body = html! {
        h1 { (lang.say("Queues", "Warteschlangen")) }
        (tabs(&visitor, "queues", place.as_deref()))
        div.card #queues data-live { (self::lanes(&visitor, &lanes)) }
    };
    Ok(frame::page(&visitor, lang.say("Queues", "Warteschlangen"), &body))
}

fn tabs(visitor: &Visitor, current: &str, place: Option<&str>) -> Markup {
    let lang = visitor.lang;
    let query = place.map(|place| format!("?place={}", escaped(place))).unwrap_or_default();
    let all = [("queues", lang.say("Waiting", "Wartend")), ("dead", lang.say("Given up", "Aufgegeben"))];
    html! {
        @if let Some(place) = place { p { span.mono { (place) } " · " a href={ "/" (current) } { (lang.say("all", "alle")) } } }
        ul.tabs { @for (path, name) in all {
            li { a href={ "/" (path) (query) } aria-current=[(path == current).then_some("page")] { (name) } }
        } }
    }
}

/// Lanes as a table.
pub fn lanes(visitor: &Visitor, lanes: &[LaneView]) -> Markup {
    let lang = visitor.lang;
    html! {
        @if lanes.is_empty() { (nothing(lang.say("Nothing waits.", "Nichts wartet."))) }
        @else { div.table { table.stack {
            thead { tr {
                th scope="col" { (lang.say("Destination", "Ziel")) } th scope="col" { (lang.say("Lane", "Spur")) }
                th.number scope="col" { (lang.say("waiting", "wartend")) }
                th scope="col" { (lang.say("first one", "erste")) } th scope="col" { (zoned(lang.say("since", "seit"))) }
                th.number scope="col" { (lang.say("attempts", "Versuche")) }
                th scope="col" { (lang.say("why", "warum")) } th {}
            } }
            tbody { @for lane in lanes { tr {
                td.mono data-label=(lang.say("Destination", "Ziel")) { (lane.destination) }
                td.mono data-label=(lang.say("Lane", "Spur")) { @if lane.lane.is_empty() { "–" } @else { (lane.lane) } }
                td.number data-label=(lang.say("waiting", "wartend")) { (number(lane.waiting)) }
                td data-label=(lang.say("first one", "erste")) { a href={ "/messages/" (lane.first.envelope) } { (lane.first.envelope) } }
                td data-label=(zoned(lang.say("since", "seit"))) { (time(&lane.first.queued)) }
                td.number data-label=(lang.say("attempts", "Versuche")) { (lane.first.attempts_made) }
                td data-label=(lang.say("why", "warum")) {
                    @match &lane.held {
                        Some((since, reason)) => { (state(State::Warn, lang.say("held", "angehalten"))) " " (reason) " " span.soft { (time(since)) } }
                        None if lane.first.reason.is_empty() => { span.soft { (lang.say("its turn comes", "ist bald dran")) } }
                        None => { (lane.first.reason) }
                    }
                }
                td { @if acts::may_act_at(visitor, &lane.destination) { a href={ "/queues/act?place=" (escaped(&lane.destination)) "&lane=" (escaped(&lane.lane)) } { (lang.say("act …", "eingreifen …")) } } }
            } } }
        } } }
    }
}

/// What was given up, grouped by destination and cause.
pub async fn dead(Shared(console): Shared<Console>, visitor: Visitor, Query(place): Query<Place>) -> Page {
    let place = place.wanted();
    let dead: Vec<DeliveryView> =
        console.ask(&visitor, Request::Dead { place: place.clone(), limit: DEAD_MAX }).await?;
    let lang = visitor.lang;
    let groups = grouped(&dead);
    let body = html! {
        h1 { (lang.say("Given up", "Aufgegeben")) }
        (tabs(&visitor, "dead", place.as_deref()))
        div #dead data-live {
            @if groups.is_empty() { div.card { (nothing(lang.say("Nothing was given up.", "Nichts wurde aufgegeben."))) } }
            @for ((destination, cause), deliveries) in &groups {
                section.card {
                    h2 { (cause) }
                    p { (state(State::Stop, &number(deliveries.len() as u64))) " " (lang.say("for ", "für ")) span.mono { (destination) } }
                    (preview(&visitor, deliveries))
                    @if acts::may_act_at(&visitor, destination) {
                        p { a.button.plain href={ "/dead/act?place=" (escaped(destination)) "&cause=" (escaped(cause)) } { (lang.say("Revive or drop all of these …", "Alle wiederbeleben oder verwerfen …")) } }
                    }
                }
            }
        }
    };
    Ok(frame::page(&visitor, lang.say("Given up", "Aufgegeben"), &body))
}

/// Deliveries by destination and cause; numbers in a cause do not make it another one.
fn grouped(dead: &[DeliveryView]) -> BTreeMap<(String, String), Vec<&DeliveryView>> {
    let mut groups: BTreeMap<(String, String), Vec<&DeliveryView>> = BTreeMap::new();
    for delivery in dead {
        let cause = cause(&delivery.reason);
        groups.entry((delivery.destination.clone(), cause)).or_default().push(delivery);
    }
    groups
}

/// A reason with its numbers taken out: ports, times and counts differ where the cause is one.
pub fn cause(reason: &str) -> String {
    let mut out = String::with_capacity(reason.len());
    let mut in_number = false;
    for character in reason.chars() {
        match (character.is_ascii_digit(), in_number) {
            (true, false) => out.push('…'),
            (true, true) => {}
            (false, _) => out.push(character),
        }
        in_number = character.is_ascii_digit();
    }
    if out.is_empty() { "–".to_owned() } else { out }
}

fn preview(visitor: &Visitor, deliveries: &[&DeliveryView]) -> Markup {
    let lang = visitor.lang;
    html! {
        ul { @for delivery in deliveries.iter().take(PREVIEW) {
            li { a href={ "/messages/" (delivery.envelope) } { (delivery.envelope) } " " span.soft { (time(&delivery.queued)) } " " (delivery.reason) }
        } }
        @if deliveries.len() > PREVIEW { p.soft { (lang.say("and ", "und ")) (deliveries.len() - PREVIEW) (lang.say(" more", " weitere")) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_that_differ_in_numbers_are_one() {
        assert_eq!(cause("AR: port 4711 refused after 12 s"), cause("AR: port 9 refused after 130 s"));
        assert_ne!(cause("AE"), cause("AR"));
        assert_eq!(cause(""), "–");
    }
}
