//! Channels: the list, one of them, its versions.

use axum::extract::{Path, State as Shared};
use maud::{Markup, html};

use super::parts::{escaped, nothing, number, state, time, zoned};
use super::{Page, acts, chart, difference, frame, panel, queues, trouble};
use crate::house::deploy::short;
use crate::house::history::History;
use crate::house::request::Request;
use crate::house::site::{ChannelFiles, SystemView, Version};
use crate::house::view::{ChannelView, LaneView, Status};
use crate::lang::Lang;
use crate::web::{Console, Fault, Visitor};

/// Lanes shown on a channel's page.
const LANES_MAX: usize = 20;
/// Revisions shown of a version.
const LIVES_MAX: usize = 5;
/// Versions shown with their differences.
const VERSIONS_MAX: usize = 20;

/// All channels.
pub async fn list(Shared(console): Shared<Console>, visitor: Visitor) -> Page {
    let status: Status = console.ask(&visitor, Request::Status).await?;
    let systems: Vec<SystemView> = console.ask(&visitor, Request::Systems).await?;
    let lang = visitor.lang;
    let body = html! {
        h1 { (lang.say("Channels", "Kanäle")) }
        div.card #channels data-live {
            @if status.channels.is_empty() { (nothing(lang.say("There are none yet.", "Es gibt noch keine."))) }
            @else { div.table { table.stack {
                thead { tr {
                    th scope="col" { (lang.say("Channel", "Kanal")) }
                    th scope="col" { (lang.say("from", "von")) }
                    th scope="col" { (lang.say("State", "Zustand")) }
                    th.number scope="col" { (lang.say("received", "empfangen")) }
                    th.number scope="col" { (lang.say("filtered", "ausgefiltert")) }
                    th.number scope="col" { (lang.say("failed", "gescheitert")) }
                    th.number scope="col" { (lang.say("waiting", "wartend")) }
                    th scope="col" { (zoned(lang.say("last one", "zuletzt"))) }
                } }
                tbody { @for channel in &status.channels { (row(lang, status.serving, channel, &systems)) } }
            } } }
        }
    };
    Ok(frame::page(&visitor, lang.say("Channels", "Kanäle"), &body))
}

fn row(lang: Lang, serving: bool, channel: &ChannelView, systems: &[SystemView]) -> Markup {
    let (kind, word) = trouble::channel_state(lang, serving, channel);
    html! { tr {
        td data-label=(lang.say("Channel", "Kanal")) {
            a href={ "/channels/" (escaped(&channel.name)) } { (channel.title.as_deref().unwrap_or(&channel.name)) }
        }
        td data-label=(lang.say("from", "von")) { (panel::sender(systems, &channel.name).as_deref().unwrap_or("–")) }
        td data-label=(lang.say("State", "Zustand")) { (state(kind, word)) }
        td.number data-label=(lang.say("received", "empfangen")) { (number(channel.received)) }
        td.number data-label=(lang.say("filtered", "ausgefiltert")) { (number(channel.filtered)) }
        td.number data-label=(lang.say("failed", "gescheitert")) { (number(channel.failed)) }
        td.number data-label=(lang.say("waiting", "wartend")) { (number(channel.waiting())) }
        td data-label=(zoned(lang.say("last one", "zuletzt"))) { @if let Some(last) = &channel.last { (time(last)) } @else { "–" } }
    } }
}

/// One channel.
pub async fn page(Shared(console): Shared<Console>, visitor: Visitor, Path(name): Path<String>) -> Page {
    let status: Status = console.ask(&visitor, Request::Status).await?;
    let lang = visitor.lang;
    let Some(channel) = status.channels.iter().find(|channel| channel.name == name) else {
        return Err(absent(lang, &name));
    };
    let history: History = console.ask(&visitor, Request::History { channel: Some(name.clone()) }).await?;
    let queue = Request::Queue { place: Some(name.clone()), limit: LANES_MAX };
    let lanes: Vec<LaneView> = match channel.destinations.is_empty() {
        true => Vec::new(),
        false => console.ask(&visitor, queue).await?,
    };
    let title = channel.title.as_deref().unwrap_or(&name);
    let (kind, word) = trouble::channel_state(lang, status.serving, channel);
    let body = html! {
        (frame::crumbs(&[("/channels", lang.say("Channels", "Kanäle"))]))
        div #channel data-live {
            section.card class={ "verdict " (kind.class()) } {
                h1 { (title) } p { (state(kind, word)) " " span.mono.soft { (name) } }
                (numbers(lang, channel))
                p.small {
                    a href={ "/messages?channel=" (escaped(&name)) } { (lang.say("Messages", "Nachrichten")) } " · "
                    a href={ "/channels/" (escaped(&name)) "/versions" } { (lang.say("Steps, versions, tests", "Schritte, Versionen, Tests")) } " · "
                    a href={ "/channels/" (escaped(&name)) "/replay" } { (lang.say("What would a change do?", "Was würde eine Änderung bewirken?")) } " · "
                    @if acts::may_act(&visitor, &[&name]) && status.serving {
                        a href={ "/channels/" (escaped(&name)) "/stop" } { @if channel.runs { (lang.say("Stop …", "Stoppen …")) } @else { (lang.say("Start …", "Starten …")) } } " · "
                    }
                    a href={ "/channels/" (escaped(&name)) "/trial" } { (lang.say("On trial", "Zur Probe")) }
                    @if on_trial(&status, &name) { " " (state(super::parts::State::Warn, lang.say("one runs", "einer läuft"))) }
                }
            }
            section.grid aria-label=(lang.say("Course", "Verlauf")) {
                (chart::chart(lang, &history, &chart::rate(lang)))
                (chart::chart(lang, &history, &chart::waiting(lang)))
                (chart::chart(lang, &history, &chart::latency(lang)))
            }
            (destinations(&visitor, channel))
            section.card {
                h2 { (lang.say("Lanes with something waiting", "Spuren, in denen etwas wartet")) }
                (queues::lanes(&visitor, &lanes))
            }
            (violations(lang, channel))
        }
    };
    Ok(frame::page(&visitor, title, &body))
}

fn on_trial(status: &Status, name: &str) -> bool {
    let deployed = &status.deployed;
    deployed.shadows.iter().any(|one| one.channel == name)
        || deployed.canaries.iter().any(|one| one.channel == name)
}

/// That there is no such channel.
pub fn absent(lang: Lang, name: &str) -> Fault {
    Fault::absent(lang.say(format!("there is no channel {name}"), format!("es gibt keinen Kanal {name}")))
}

fn numbers(lang: Lang, channel: &ChannelView) -> Markup {
    let of = [
        (lang.say("received", "empfangen"), channel.received),
        (lang.say("filtered", "ausgefiltert"), channel.filtered),
        (lang.say("failed in a step", "in einem Schritt gescheitert"), channel.failed),
        (lang.say("being worked on", "in Arbeit"), channel.unrouted),
    ];
    html! {
        p { @for (at, (name, value)) in of.iter().enumerate() {
            @if at > 0 { " · " } strong { (number(*value)) } " " (name)
        } }
        @if let Some(address) = &channel.address {
            p.small.soft { (lang.say("Takes messages at ", "Nimmt Nachrichten an auf ")) span.mono { (address) }
                @if let Some(open) = channel.connections { ", " (open) (if open == 1 { lang.say(" connection now", " Verbindung jetzt") } else { lang.say(" connections now", " Verbindungen jetzt") }) } }
        }
        @for why in channel.stopped.iter().chain(&channel.refuses) { p.notice.stop { (why) } }
        @if let Some(by) = &channel.halted {
            p.notice { (lang.say("Stopped by ", "Gestoppt von ")) (by.who) " " (time(&by.since)) ": " (by.reason) }
        }
    }
}

fn destinations(visitor: &Visitor, channel: &ChannelView) -> Markup {
    let lang = visitor.lang;
    html! { section.card {
        h2 { (lang.say("Destinations", "Ziele")) }
        div.table { table.stack {
            thead { tr {
                th scope="col" { (lang.say("Destination", "Ziel")) } th scope="col" { (lang.say("State", "Zustand")) }
                th.number scope="col" { (lang.say("delivered", "zugestellt")) }
                th.number scope="col" { (lang.say("waiting", "wartend")) }
                th.number scope="col" { (lang.say("given up", "aufgegeben")) }
                th.number scope="col" { (lang.say("answers in", "antwortet in")) }
                th scope="col" { (lang.say("latest trouble", "letzte Störung")) }
            } }
            tbody { @for to in &channel.destinations {
                @let (kind, word) = trouble::destination_state(lang, to);
                @let place = escaped(&format!("{}/{}", channel.name, to.name));
                tr {
                    td data-label=(lang.say("Destination", "Ziel")) {
                        (to.name) @if let Some(address) = &to.address { br; span.mono.soft { (address) } }
                        @if acts::may_act(visitor, &[&channel.name, &to.name]) { br; a.small href={ "/queues/act?place=" (place) } { @if to.held { (lang.say("release …", "freigeben …")) } @else { (lang.say("hold …", "anhalten …")) } } }
                    }
                    td data-label=(lang.say("State", "Zustand")) { (state(kind, word)) }
                    td.number data-label=(lang.say("delivered", "zugestellt")) { (number(to.delivered)) }
                    td.number data-label=(lang.say("waiting", "wartend")) { a href={ "/queues?place=" (place) } { (number(to.waiting)) } }
                    td.number data-label=(lang.say("given up", "aufgegeben")) { a href={ "/dead?place=" (place) } { (number(to.dead)) } }
                    td.number data-label=(lang.say("answers in", "antwortet in")) { @if let Some(millis) = to.answer_millis { (chart::short(lang, millis)) " ms" } @else { "–" } }
                    td data-label=(lang.say("latest trouble", "letzte Störung")) { (trouble::latest(to)) }
                }
            } }
        } }
    } }
}

fn violations(lang: Lang, channel: &ChannelView) -> Markup {
    html! { @if !channel.violations.is_empty() { section.card {
        h2 { (lang.say("What senders do against the protocol's rules", "Was Sender gegen die Regeln des Protokolls tun")) }
        table { tbody { @for (kind, count) in &channel.violations { tr { td.mono { (kind) } td.number { (number(*count)) } } } } }
    } } }
}

/// The channel's files: versions with their differences, and its examples.
pub async fn versions(Shared(console): Shared<Console>, visitor: Visitor, Path(name): Path<String>) -> Page {
    let files: ChannelFiles = console.ask(&visitor, Request::Channel { name: name.clone() }).await?;
    let lang = visitor.lang;
    let title = files.title.as_deref().unwrap_or(&name);
    let address = format!("/channels/{}", escaped(&name));
    let body = html! {
        (frame::crumbs(&[("/channels", lang.say("Channels", "Kanäle")), (&address, title)]))
        h1 { (lang.say("Steps, versions, tests", "Schritte, Versionen, Tests")) }
        section.card {
            h2 { (lang.say("Examples (the channel's own tests)", "Beispiele (die eigenen Tests des Kanals)")) }
            @if files.examples.is_empty() { (nothing(lang.say("There are none.", "Es gibt keine."))) }
            @else { ul { @for example in &files.examples { li.mono { (example) } } } }
        }
        @for (at, version) in files.versions.iter().take(VERSIONS_MAX).enumerate() {
            (one_version(lang, version, files.versions.get(at + 1), at == 0))
        }
        @if files.versions.is_empty() { (nothing(lang.say("No version has handled a message yet.", "Noch keine Version hat eine Nachricht bearbeitet."))) }
    };
    Ok(frame::page(&visitor, title, &body))
}

fn one_version(lang: Lang, version: &Version, before: Option<&Version>, open: bool) -> Markup {
    let old = |name: &str| before.and_then(|before| before.files.iter().find(|(other, _)| other == name));
    html! { section.card {
        h2 { (lang.say("Version ", "Version ")) (version.id) " " span.soft.small { (lang.say("since ", "seit ")) (time(&version.since)) } }
        @for (since, revision) in version.lives.iter().rev().take(LIVES_MAX) {
            p.small.soft { (lang.say("live under ", "in Betrieb unter ")) span.mono { (short(revision)) } (lang.say(" since ", " seit ")) (time(since)) }
        }
        @if let Some(before) = before {
            @for (name, text) in &version.files {
                @if let Some(shown) = difference::show(old(name).map_or("", |(_, text)| text), text) {
                    h3.mono { (name) } (shown)
                }
            }
            @for (name, _) in before.files.iter().filter(|(name, _)| !version.files.iter().any(|(other, _)| other == name)) {
                p { span.mono { (name) } (lang.say(" is gone", " ist weg")) }
            }
        }
        @for (name, text) in &version.files {
            details open[open && before.is_none()] { summary { span.mono { (name) } } pre tabindex="0" { (text) } }
        }
    } }
}
