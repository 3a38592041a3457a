//! Systems: the partners.

use axum::extract::{Path, State as Shared};
use maud::{Markup, html};

use super::parts::{escaped, nothing, number, state};
use super::{Page, frame, rhythm, trouble};
use crate::house::request::Request;
use crate::house::rhythm::Rhythm;
use crate::house::site::SystemView;
use crate::house::view::{ChannelView, DestinationView, Status};
use crate::lang::Lang;
use crate::people::Right;
use crate::web::{Console, Fault, Visitor};

/// All systems.
pub async fn list(Shared(console): Shared<Console>, visitor: Visitor) -> Page {
    let systems: Vec<SystemView> = console.ask(&visitor, Request::Systems).await?;
    let status: Status = console.ask(&visitor, Request::Status).await?;
    let lang = visitor.lang;
    let body = html! {
        h1 { (lang.say("Systems", "Systeme")) }
        div.card #systems data-live {
            @if systems.is_empty() { (nothing(lang.say("systems.toml names none.", "systems.toml nennt keine."))) }
            @else { div.table { table.stack {
                thead { tr {
                    th scope="col" { (lang.say("System", "System")) } th scope="col" { (lang.say("State", "Zustand")) }
                    th scope="col" { (lang.say("sends to", "sendet an")) } th scope="col" { (lang.say("gets from", "bekommt von")) }
                    th scope="col" { (lang.say("Contact", "Ansprechpartner")) }
                } }
                tbody { @for system in &systems { tr {
                    @let (kind, word) = stands(lang, &status, system);
                    td data-label=(lang.say("System", "System")) { a href={ "/systems/" (escaped(&system.name)) } { (system.title.as_deref().unwrap_or(&system.name)) } }
                    td data-label=(lang.say("State", "Zustand")) { (state(kind, word)) }
                    td data-label=(lang.say("sends to", "sendet an")) { (system.sends.join(", ")) }
                    td data-label=(lang.say("gets from", "bekommt von")) { (system.gets.join(", ")) }
                    td data-label=(lang.say("Contact", "Ansprechpartner")) { (system.contact.as_deref().unwrap_or("–")) }
                } } }
            } } }
        }
    };
    Ok(frame::page(&visitor, lang.say("Systems", "Systeme"), &body))
}

/// The destinations that lead to a system, with their channels.
fn ways<'a>(status: &'a Status, system: &SystemView) -> Vec<(&'a ChannelView, &'a DestinationView)> {
    let all =
        status.channels.iter().flat_map(|channel| channel.destinations.iter().map(move |to| (channel, to)));
    all.filter(|(channel, to)| system.gets.contains(&format!("{}/{}", channel.name, to.name))).collect()
}

fn stands(lang: Lang, status: &Status, system: &SystemView) -> (super::parts::State, &'static str) {
    let ways = ways(status, system);
    let states = ways.iter().map(|(_, to)| trouble::destination_state(lang, to));
    states
        .max_by_key(|(state, _)| *state)
        .unwrap_or((super::parts::State::Off, lang.say("only sends", "sendet nur")))
}

/// One system.
pub async fn page(Shared(console): Shared<Console>, visitor: Visitor, Path(name): Path<String>) -> Page {
    let systems: Vec<SystemView> = console.ask(&visitor, Request::Systems).await?;
    let lang = visitor.lang;
    let Some(system) = systems.iter().find(|system| system.name == name) else {
        let text = lang.say(format!("there is no system {name}"), format!("es gibt kein System {name}"));
        return Err(Fault::absent(text));
    };
    let status: Status = console.ask(&visitor, Request::Status).await?;
    let title = system.title.as_deref().unwrap_or(&name);
    // Whoever sees the system by one of its destinations alone does not see what it sends.
    let may_hear = visitor.actor.may(Right::ViewState, &[&name]);
    let heard: Option<Rhythm> = match may_hear && !system.sends.is_empty() {
        true => console.ask(&visitor, Request::Rhythm { system: name.clone() }).await?,
        false => None,
    };
    let (kind, word) = stands(lang, &status, system);
    let body = html! {
        (frame::crumbs(&[("/systems", lang.say("Systems", "Systeme"))]))
        div #system data-live {
            section.card class={ "verdict " (kind.class()) } {
                h1 { (title) } p { (state(kind, word)) " " span.mono.soft { (name) } }
                p { strong { (lang.say("Contact: ", "Ansprechpartner: ")) } (system.contact.as_deref().unwrap_or("–")) }
                @if let Some(charset) = &system.charset { p.small { (lang.say("Charset where none is declared: ", "Zeichensatz, wo keiner genannt ist: ")) span.mono { (charset) } } }
                p { a.button.plain href={ "/diagnosis?system=" (escaped(&name)) } { (lang.say("Look at it now", "Jetzt ansehen")) } }
                @for (adapter, address) in &system.endpoints { p.small { (adapter) " " span.mono { (address) } } }
            }
            @if may_hear && !system.sends.is_empty() { (rhythm::card(lang, heard.as_ref())) }
            (gets(lang, &ways(&status, system)))
            section.card {
                h2 { (lang.say("Sends", "Sendet")) }
                @if system.sends.is_empty() { (nothing(lang.say("No channel names it as sender.", "Kein Kanal nennt es als Sender."))) }
                ul { @for channel in &system.sends { li { a href={ "/channels/" (escaped(channel)) } { (channel) } } } }
                p.small { a href={ "/messages?system=" (escaped(&name)) } { (lang.say("its messages", "seine Nachrichten")) } }
            }
        }
    };
    Ok(frame::page(&visitor, title, &body))
}

fn gets(lang: Lang, ways: &[(&ChannelView, &DestinationView)]) -> Markup {
    html! { section.card {
        h2 { (lang.say("Gets", "Bekommt")) }
        @if ways.is_empty() { (nothing(lang.say("No destination leads to it.", "Kein Ziel führt zu ihm."))) }
        @else { div.table { table.stack {
            thead { tr {
                th scope="col" { (lang.say("Channel", "Kanal")) } th scope="col" { (lang.say("State", "Zustand")) }
                th.number scope="col" { (lang.say("delivered", "zugestellt")) } th.number scope="col" { (lang.say("waiting", "wartend")) }
                th scope="col" { (lang.say("latest trouble", "letzte Störung")) }
            } }
            tbody { @for (channel, to) in ways { tr {
                @let (kind, word) = trouble::destination_state(lang, to);
                td data-label=(lang.say("Channel", "Kanal")) { a href={ "/channels/" (escaped(&channel.name)) } { (channel.title.as_deref().unwrap_or(&channel.name)) } }
                td data-label=(lang.say("State", "Zustand")) { (state(kind, word)) }
                td.number data-label=(lang.say("delivered", "zugestellt")) { (number(to.delivered)) }
                td.number data-label=(lang.say("waiting", "wartend")) { (number(to.waiting)) }
                td data-label=(lang.say("latest trouble", "letzte Störung")) { (trouble::latest(to)) }
            } } }
        } } }
    } }
}
