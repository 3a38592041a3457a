//! Stopping one channel, and letting it run again: what that means for whoever sends and gets is shown before.

use axum::extract::{Path, State as Shared};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use serde_json::Value;

use super::acts::{may_act, not_allowed, nothing_such, reason, reason_field};
use super::parts::{escaped, number, state, time};
use super::{Page, frame, trouble};
use crate::house::request::Request;
use crate::house::view::Status;
use crate::web::{Console, Fault, Fields, Visitor, form_token};

/// What would be done.
pub async fn page(Shared(console): Shared<Console>, visitor: Visitor, Path(name): Path<String>) -> Page {
    let lang = visitor.lang;
    if !may_act(&visitor, &[&name]) {
        return Err(not_allowed(&visitor));
    }
    let status: Status = console.ask(&visitor, Request::Status).await?;
    let Some(channel) = status.channels.iter().find(|channel| channel.name == name) else {
        return Err(super::channel::absent(lang, &name));
    };
    let address = format!("/channels/{}", escaped(&name));
    let (kind, word) = trouble::channel_state(lang, status.serving, channel);
    let title = match channel.runs {
        true => lang.say("Stop a channel", "Einen Kanal stoppen"),
        false => lang.say("Start a channel", "Einen Kanal starten"),
    };
    let body = html! {
        (frame::crumbs(&[("/channels", lang.say("Channels", "Kanäle")), (&address, channel.title.as_deref().unwrap_or(&name))]))
        h1 { (title) }
        section.card {
            p { span.mono { (name) } " " (state(kind, word)) }
            @if let Some(by) = &channel.halted { p { (lang.say("Stopped by ", "Gestoppt von ")) (by.who) " " (time(&by.since)) ": " (by.reason) } }
            @if let Some(why) = &channel.stopped { p.notice.stop { (why) } }
            @if let Some(at) = &channel.address { p.small { (lang.say("Takes messages at ", "Nimmt Nachrichten an auf ")) span.mono { (at) } } }
            @if let Some(open) = channel.connections { p { strong { (number(open)) } (if open == 1 { lang.say(" connection now", " Verbindung jetzt") } else { lang.say(" connections now", " Verbindungen jetzt") }) } }
            p { strong { (number(channel.unrouted)) } (lang.say(" being worked on, ", " in Arbeit, ")) strong { (number(channel.waiting())) } (lang.say(" waiting", " wartend")) }
        }
        section.card { form method="post" action={ (address) "/stop" } {
            (form_token(&visitor))
            @if channel.runs {
                p { (lang.say(
                    "Its port is closed: senders get no connection and keep what they have. Steps and deliveries that are under way end first; what waits stays here and goes on when the channel is started. It stays stopped over a restart.",
                    "Sein Port wird geschlossen: Sender bekommen keine Verbindung und behalten, was sie haben. Schritte und Zustellungen, die unterwegs sind, enden zuerst; was wartet, bleibt hier und läuft weiter, wenn der Kanal gestartet wird. Er bleibt auch nach einem Neustart gestoppt.",
                )) }
                (reason_field(&visitor, "stop-reason"))
                p { button type="submit" name="what" value="stop" { (lang.say("Stop it", "Stoppen")) } }
            } @else {
                p { (lang.say("It takes messages again, and what waits goes on.", "Er nimmt wieder Nachrichten an, und was wartet, läuft weiter.")) }
                p { button type="submit" name="what" value="start" { (lang.say("Start it", "Starten")) } }
            }
        } }
    };
    Ok(frame::page(&visitor, title, &body))
}

/// Does it.
pub async fn act(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    Path(name): Path<String>,
    fields: Fields,
) -> Result<Response, Fault> {
    let reason = match fields.get("what") {
        "stop" => Some(reason(&visitor, &fields)?),
        "start" => None,
        _ => return Err(nothing_such(&visitor)),
    };
    let back = format!("/channels/{}", escaped(&name));
    let request = Request::Halt { channel: name, reason, who: String::new() };
    let _: Value = console.ask(&visitor, request).await?;
    Ok(Redirect::to(&back).into_response())
}
