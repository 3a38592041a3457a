//! Today: one screen that answers "is all well?".

use axum::extract::State as Shared;
use maud::{Markup, html};

use super::parts::{State, moment, number, state};
use super::trouble::{self, Trouble};
use super::{Page, chart, frame, panel};
use crate::house::history::History;
use crate::house::request::Request;
use crate::house::site::SystemView;
use crate::house::view::Status;
use crate::lang::Lang;
use crate::web::{Console, Fault, Visitor};

/// Channels that are drawn and listed at most; those that stand come first.
const CHANNELS_MAX: usize = 40;

/// The page.
pub async fn page(Shared(console): Shared<Console>, visitor: Visitor) -> Page {
    let body = body(&console, &visitor).await?;
    let lang = visitor.lang;
    let body = html! {
        (body)
        p.small { a href="/wall" { (lang.say("For a screen on the wall", "Für einen Bildschirm an der Wand")) } }
    };
    Ok(frame::page(&visitor, lang.say("Today", "Heute"), &body))
}

/// The same without navigation, large.
pub async fn wall(Shared(console): Shared<Console>, visitor: Visitor) -> Page {
    let body = body(&console, &visitor).await?;
    Ok(frame::wall(&visitor, visitor.lang.say("Today", "Heute"), &body))
}

async fn body(console: &Console, visitor: &Visitor) -> Result<Markup, Fault> {
    let status: Status = console.ask(visitor, Request::Status).await?;
    let systems: Vec<SystemView> = console.ask(visitor, Request::Systems).await?;
    let history: History = console.ask(visitor, Request::History { channel: None }).await?;
    let lang = visitor.lang;
    let troubles = trouble::troubles(lang, &status);
    Ok(html! {
        div #today data-live {
            (verdict(lang, &status, &troubles))
            section.card aria-labelledby="panel" {
                h2 #panel { (lang.say("Who talks to whom", "Wer mit wem spricht")) }
                (panel::panel(lang, &status, &systems, CHANNELS_MAX))
                (table(lang, &status, &systems))
            }
            section.grid aria-label=(lang.say("Course", "Verlauf")) {
                (chart::chart(lang, &history, &chart::rate(lang)))
                (chart::chart(lang, &history, &chart::waiting(lang)))
                (chart::chart(lang, &history, &chart::latency(lang)))
            }
        }
    })
}

/// The sentence that the page is for, and what stands.
fn verdict(lang: Lang, status: &Status, troubles: &[Trouble]) -> Markup {
    let worst = troubles.first().map_or(State::Good, |trouble| trouble.state);
    let running = status.channels.iter().filter(|channel| channel.runs).count();
    let stands = troubles.iter().filter(|trouble| trouble.state == State::Stop).count();
    let title = match (stands, troubles.len()) {
        (0, 0) => lang.say("All is well.".to_owned(), "Alles in Ordnung.".to_owned()),
        (0, 1) => lang.say("One thing to look at.".to_owned(), "Eine Sache zum Ansehen.".to_owned()),
        (0, many) => lang.say(format!("{many} things to look at."), format!("{many} Dinge zum Ansehen.")),
        (1, _) => lang.say("One thing stands.".to_owned(), "Etwas steht.".to_owned()),
        (many, _) => lang.say(format!("{many} things stand."), format!("{many} Dinge stehen.")),
    };
    let last = status.channels.iter().filter_map(|channel| channel.last.as_deref()).max();
    html! {
        section.card class={ "verdict " (worst.class()) } aria-live="polite" {
            h1 { (title) }
            p.soft {
                (match running {
                    1 => lang.say("One channel runs.".to_owned(), "Ein Kanal läuft.".to_owned()),
                    _ => lang.say(format!("{running} channels run."), format!("{running} Kanäle laufen.")),
                })
                @if let Some(last) = last {
                    " " (lang.say("Last message: ", "Letzte Nachricht: ")) (moment(last)) "."
                }
                " " (lang.say("Kept: ", "Aufbewahrt: ")) (number(status.store.envelopes)) "."
            }
            @if !troubles.is_empty() { (trouble::list(lang, troubles)) }
        }
    }
}

/// The panel as a table, for readers and phones.
fn table(lang: Lang, status: &Status, systems: &[SystemView]) -> Markup {
    let channels = panel::worst_first(lang, status, CHANNELS_MAX);
    html! {
        div.table { table.stack {
            thead { tr {
                th scope="col" { (lang.say("Channel", "Kanal")) }
                th scope="col" { (lang.say("from", "von")) }
                th scope="col" { (lang.say("to", "nach")) }
                th scope="col" { (lang.say("State", "Zustand")) }
                th.number scope="col" { (lang.say("received", "empfangen")) }
                th.number scope="col" { (lang.say("waiting", "wartend")) }
                th.number scope="col" { (lang.say("given up", "aufgegeben")) }
            } }
            tbody { @for channel in &channels {
                @let (kind, word) = trouble::channel_state(lang, status.serving, channel);
                @let from = panel::sender(systems, &channel.name);
                tr {
                    td data-label=(lang.say("Channel", "Kanal")) { a href={ "/channels/" (super::parts::escaped(&channel.name)) } { (channel.title.as_deref().unwrap_or(&channel.name)) } }
                    td data-label=(lang.say("from", "von")) { (from.as_deref().unwrap_or("–")) }
                    td data-label=(lang.say("to", "nach")) { (channel.destinations.iter().map(|to| to.name.as_str()).collect::<Vec<_>>().join(", ")) }
                    td data-label=(lang.say("State", "Zustand")) { (state(kind, word)) }
                    td.number data-label=(lang.say("received", "empfangen")) { (number(channel.received)) }
                    td.number data-label=(lang.say("waiting", "wartend")) { (number(channel.waiting())) }
                    td.number data-label=(lang.say("given up", "aufgegeben")) { (number(channel.dead())) }
                }
            } }
        } }
        @if status.channels.len() > channels.len() {
            p.small { a href="/channels" { (lang.say("all ", "alle ")) (status.channels.len()) (lang.say(" channels", " Kanäle")) } }
        }
    }
}
