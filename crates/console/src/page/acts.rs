//! What people do: send a message again, as it came or changed; hold, release and skip lanes; revive or drop
//! what was given up, a whole group at once. Each has a page of its own that shows what it is about before
//! it is done, and asks why.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::extract::{Path, Query, State as Shared};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::parts::{State, envelope_state, escaped, number, state, time};
use super::{Page, difference, frame, queues};
use crate::house::alter::Alteration;
use crate::house::reading::Reading;
use crate::house::request::{Request, Settle};
use crate::house::view::{DeliveryView, LaneView, Status};
use crate::people::Right;
use crate::web::{Console, Fault, Fields, LongFields, Visitor, form_token};

/// The longest reason.
const REASON_MAX: usize = 500;
/// Lanes of a destination that are looked through for one.
const LANES_MAX: usize = 10_000;
/// Deliveries of a group that are shown before they are acted on.
const PREVIEW: usize = 20;

/// True when somebody may act on a place: `channel`, `channel/destination`, or a channel and a system.
pub fn may_act(visitor: &Visitor, names: &[&str]) -> bool {
    visitor.actor.may(Right::Act, names)
}

/// True when somebody may act on a `channel/destination`.
pub fn may_act_at(visitor: &Visitor, place: &str) -> bool {
    may_act(visitor, &place.split('/').collect::<Vec<_>>())
}

/// What can be done with a message.
pub async fn message(Shared(console): Shared<Console>, visitor: Visitor, Path(id): Path<u64>) -> Page {
    let lang = visitor.lang;
    let request = Request::Read { id, lang: lang.code().to_owned() };
    let reading: Reading = console.ask(&visitor, request).await?;
    let line = &reading.message.line;
    let places = [line.channel.as_str(), line.system.as_str()];
    if !may_act(&visitor, &places) {
        return Err(not_allowed(&visitor));
    }
    let may_open = visitor.actor.may(Right::ViewPayload, &places);
    let asked = console.ask::<Alteration>(&visitor, Request::Alter { id, text: None });
    let text = if may_open { Some(asked.await) } else { None };
    let title = lang.say(format!("Send message {id} again"), format!("Nachricht {id} erneut senden"));
    let body = html! {
        (message_crumbs(&visitor, id))
        h1 { (title) " " (envelope_state(lang, &line.state)) }
        section.card {
            h2 { (lang.say("As it came", "Wie sie kam")) }
            p { (lang.say(
                format!("It goes through {} again as a new message, with today's steps.", line.channel),
                format!("Sie läuft als neue Nachricht noch einmal durch {}, mit den Schritten von heute.", line.channel),
            )) }
            form method="post" action={ "/messages/" (id) "/resend" } {
                (form_token(&visitor))
                (reason_field(&visitor, "resend-reason"))
                p { button type="submit" { (lang.say("Send again", "Erneut senden")) } }
            }
        }
        @match text {
            None => {}
            Some(Err(fault)) => { section.card { h2 { (lang.say("Changed", "Geändert")) } p.soft { (fault.said(lang)) } } }
            Some(Ok(alteration)) => { section.card { h2 { (lang.say("Changed", "Geändert")) } (text_form(&visitor, id, &alteration)) } }
        }
    };
    Ok(frame::page(&visitor, &title, &body))
}

/// Sends a message again.
pub async fn resend(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    Path(id): Path<u64>,
    fields: Fields,
) -> Result<Response, Fault> {
    let reason = Some(reason(&visitor, &fields)?);
    let sent: Value =
        console.ask(&visitor, Request::Resend { envelopes: vec![id], channel: None, reason }).await?;
    Ok(to_new(&sent, id))
}

/// Shows what a change does, and sends it when it was shown.
pub async fn edit(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    Path(id): Path<u64>,
    LongFields(fields): LongFields,
) -> Result<Response, Fault> {
    if fields.get("what") == "send" {
        let (payload, reason) = (fields.owned("payload"), Some(reason(&visitor, &fields)?));
        let sent: Value = console.ask(&visitor, Request::Edit { id, payload, reason }).await?;
        return Ok(to_new(&sent, id));
    }
    let before: Alteration = console.ask(&visitor, Request::Alter { id, text: None }).await?;
    let request = Request::Alter { id, text: Some(fields.owned("text")) };
    let after: Alteration = console.ask(&visitor, request).await?;
    let lang = visitor.lang;
    let title = lang.say("What the change does", "Was die Änderung bewirkt");
    let body = html! {
        (message_crumbs(&visitor, id))
        h1 { (title) }
        section.card {
            @if after.changes.is_empty() { p { (lang.say("Nothing differs from what was received.", "Nichts weicht von dem ab, was empfangen wurde.")) } }
            @else {
                (changes(&visitor, &after))
                @if let Some(lines) = difference::show(&before.text, &after.text) { details { summary { (lang.say("Line by line", "Zeile für Zeile")) } (lines) } }
                form method="post" action={ "/messages/" (id) "/edit" } {
                    (form_token(&visitor))
                    input type="hidden" name="payload" value=(after.payload);
                    (reason_field(&visitor, "edit-reason"))
                    p { button type="submit" name="what" value="send" { (lang.say("Send this", "So senden")) } }
                }
            }
        }
        section.card { h2 { (lang.say("Change it further", "Weiter ändern")) } (text_form(&visitor, id, &after)) }
    };
    Ok(frame::page(&visitor, title, &body).into_response())
}

fn changes(visitor: &Visitor, alteration: &Alteration) -> Markup {
    let lang = visitor.lang;
    html! { div.table tabindex="0" { table {
        thead { tr { th scope="col" { (lang.say("field", "Feld")) } th scope="col" { (lang.say("received", "empfangen")) } th scope="col" { (lang.say("will be sent", "wird gesendet")) } } }
        tbody { @for one in &alteration.changes { tr { td.mono.nowrap { (one.path) } td { (one.before) } td { ins { (one.after) } } } } }
    } } }
}

fn text_form(visitor: &Visitor, id: u64, alteration: &Alteration) -> Markup {
    let lang = visitor.lang;
    let rows = alteration.text.lines().count().clamp(4, 40);
    html! { form method="post" action={ "/messages/" (id) "/edit" } {
        (form_token(visitor))
        p { label for="text" { (lang.say("Segments one a line, character set ", "Segmente je eine Zeile, Zeichensatz ")) (alteration.charset) }
            // A browser takes the first line end after the tag away.
            textarea.mono #text name="text" rows=(rows) spellcheck="false" autocomplete="off" wrap="off" { "\n" (alteration.text) } }
        p { button.plain type="submit" name="what" value="show" { (lang.say("Show what changes", "Zeigen, was sich ändert")) } }
    } }
}

fn message_crumbs(visitor: &Visitor, id: u64) -> Markup {
    let lang = visitor.lang;
    let address = format!("/messages/{id}");
    let name = lang.say(format!("Message {id}"), format!("Nachricht {id}"));
    frame::crumbs(&[("/messages", lang.say("Messages", "Nachrichten")), (&address, &name)])
}

/// Leads to the new message.
fn to_new(sent: &Value, old: u64) -> Response {
    let made = sent["envelopes"][0].as_u64().unwrap_or(old);
    Redirect::to(&format!("/messages/{made}")).into_response()
}

/// Which lane.
#[derive(Deserialize)]
pub struct Lane {
    place: String,
    lane: Option<String>,
}

/// What can be done with a lane, or without one with a whole destination.
pub async fn lane(Shared(console): Shared<Console>, visitor: Visitor, Query(wanted): Query<Lane>) -> Page {
    let lang = visitor.lang;
    if !may_act_at(&visitor, &wanted.place) {
        return Err(not_allowed(&visitor));
    }
    let is_held = match &wanted.lane {
        Some(_) => false,
        None => is_held(&console, &visitor, &wanted.place).await?,
    };
    let queue = Request::Queue { place: Some(wanted.place.clone()), limit: LANES_MAX };
    let lanes: Vec<LaneView> = console.ask(&visitor, queue).await?;
    let found = lanes.iter().find(|lane| wanted.lane.as_ref() == Some(&lane.lane));
    let title = match wanted.lane {
        Some(_) => lang.say("One lane", "Eine Spur"),
        None => lang.say("A whole destination", "Ein ganzes Ziel"),
    };
    let waits = match found {
        Some(lane) => lane.waiting,
        None if wanted.lane.is_some() => 0,
        None => lanes.iter().map(|lane| lane.waiting).sum(),
    };
    let held = is_held || found.is_some_and(|lane| lane.held.is_some());
    let body = html! {
        (frame::crumbs(&[("/queues", lang.say("Queues", "Warteschlangen"))]))
        h1 { (title) }
        section.card {
            p { span.mono { (wanted.place) } @if let Some(lane) = wanted.lane.as_deref().filter(|lane| !lane.is_empty()) { " · " span.mono { (lane) } } }
            p { strong { (number(waits)) } (lang.say(" waiting", " wartend")) " " @if held { (state(State::Warn, lang.say("held", "angehalten"))) } }
            @if let Some(lane) = found { p.small {
                (lang.say("The first: ", "Die erste: ")) a href={ "/messages/" (lane.first.envelope) } { (lane.first.envelope) } " " span.soft { (time(&lane.first.queued)) } " " (lane.first.reason)
                @if let Some((since, why)) = &lane.held { " · " (why) " " span.soft { (time(since)) } }
            } }
        }
        (lane_forms(&visitor, &wanted, found, held))
    };
    Ok(frame::page(&visitor, title, &body))
}

async fn is_held(console: &Console, visitor: &Visitor, place: &str) -> Result<bool, Fault> {
    let status: Status = console.ask(visitor, Request::Status).await?;
    let Some((channel, name)) = place.split_once('/') else { return Ok(false) };
    let channel = status.channels.iter().find(|one| one.name == channel);
    Ok(channel.and_then(|one| one.destinations.iter().find(|to| to.name == name)).is_some_and(|to| to.held))
}

fn lane_forms(visitor: &Visitor, wanted: &Lane, found: Option<&LaneView>, held: bool) -> Markup {
    let lang = visitor.lang;
    let place = html! {
        (form_token(visitor))
        input type="hidden" name="place" value=(wanted.place);
        @if let Some(lane) = &wanted.lane { input type="hidden" name="lane" value=(lane); }
    };
    html! {
        @if held { section.card {
            h2 { (lang.say("Release", "Freigeben")) }
            form method="post" action="/queues/act" { (place) p { button type="submit" name="what" value="release" { (lang.say("Let it go on", "Weiterlaufen lassen")) } } }
        } }
        @else { section.card {
            h2 { (lang.say("Hold", "Anhalten")) }
            p { (lang.say("Nothing more is sent from here until somebody releases it; what comes is kept.", "Von hier wird nichts mehr gesendet, bis jemand freigibt; was kommt, wird aufbewahrt.")) }
            form method="post" action="/queues/act" { (place) (reason_field(visitor, "hold-reason")) p { button type="submit" name="what" value="hold" { (lang.say("Hold", "Anhalten")) } } }
        } }
        @if let Some(lane) = found { section.card {
            h2 { (lang.say("Skip the first", "Die erste überspringen")) }
            p { (lang.say(
                format!("Message {} is not sent to this destination; the next in the lane follows.", lane.first.envelope),
                format!("Nachricht {} wird an dieses Ziel nicht gesendet; die nächste der Spur folgt.", lane.first.envelope),
            )) }
            form method="post" action="/queues/act" { (place)
                input type="hidden" name="envelope" value=(lane.first.envelope);
                (reason_field(visitor, "skip-reason"))
                div.acts {
                    button type="submit" name="what" value="skip" { (lang.say("Skip it", "Überspringen")) }
                    button.plain type="submit" name="what" value="dead" { (lang.say("Give it up, keep it as given up", "Aufgeben und als aufgegeben verwahren")) }
                }
            }
        } }
    }
}

/// Does it.
pub async fn act_on_lane(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Fault> {
    let place = fields.owned("place");
    let lane = fields.has("lane").then(|| fields.owned("lane"));
    let back = format!("/queues?place={}", escaped(&place));
    let request = match fields.get("what") {
        "release" => Request::Hold { place, lane, reason: None },
        "hold" => Request::Hold { place, lane, reason: Some(reason(&visitor, &fields)?) },
        word @ ("skip" | "dead") => {
            let what = if word == "skip" { Settle::Skip } else { Settle::Dead };
            let envelopes = vec![fields.get("envelope").parse().map_err(|_| nothing_such(&visitor))?];
            Request::Settle { what, place, envelopes, reason: reason(&visitor, &fields)? }
        }
        _ => return Err(nothing_such(&visitor)),
    };
    let _: Value = console.ask(&visitor, request).await?;
    Ok(Redirect::to(&back).into_response())
}

/// Which group of what was given up.
#[derive(Deserialize)]
pub struct Group {
    place: String,
    cause: String,
}

/// What would be done with a group, before it is done.
pub async fn group(Shared(console): Shared<Console>, visitor: Visitor, Query(group): Query<Group>) -> Page {
    let lang = visitor.lang;
    if !may_act_at(&visitor, &group.place) {
        return Err(not_allowed(&visitor));
    }
    let all = of_group(&console, &visitor, &group.place, &group.cause).await?;
    let title = lang.say("All of a group", "Eine ganze Gruppe");
    let shown = digest(&all);
    let body = html! {
        (frame::crumbs(&[("/dead", lang.say("Given up", "Aufgegeben"))]))
        h1 { (title) }
        section.card {
            h2 { (group.cause) }
            p { (state(State::Stop, &number(all.len() as u64))) " " (lang.say("for ", "für ")) span.mono { (group.place) } }
            @if all.len() >= queues::DEAD_MAX { p.notice { (lang.say("There may be more: these are the newest.", "Es können mehr sein: das sind die neuesten.")) } }
            ul { @for one in all.iter().take(PREVIEW) { li {
                a href={ "/messages/" (one.envelope) } { (one.envelope) } " " span.soft { (time(&one.queued)) } " " (one.reason)
            } } }
            @if all.len() > PREVIEW { p.soft { (lang.say("and ", "und ")) (number((all.len() - PREVIEW) as u64)) (lang.say(" more", " weitere")) } }
        }
        @if !all.is_empty() { section.card {
            form method="post" action="/dead/act" {
                (form_token(&visitor))
                input type="hidden" name="place" value=(group.place);
                input type="hidden" name="cause" value=(group.cause);
                input type="hidden" name="shown" value=(shown);
                (reason_field(&visitor, "group-reason"))
                div.acts {
                    button type="submit" name="what" value="revive" { (lang.say("Revive all", "Alle wiederbeleben")) " (" (number(all.len() as u64)) ")" }
                    label { input type="checkbox" name="sure" value="yes"; " " (lang.say("I am sure", "Ich bin sicher")) }
                    button.stop type="submit" name="what" value="drop" { (lang.say("Drop all", "Alle verwerfen")) " (" (number(all.len() as u64)) ")" }
                }
            }
            p.small.soft { (lang.say("Revived ones go back to their places in their lanes and are sent. Dropped ones are never sent, and stay to be seen.", "Wiederbelebte kommen an ihren Platz in der Spur zurück und werden gesendet. Verworfene werden nie gesendet, bleiben aber zu sehen.")) }
        } }
    };
    Ok(frame::page(&visitor, title, &body))
}

/// What tells one list of deliveries from another.
fn digest(all: &[DeliveryView]) -> String {
    let mut hasher = DefaultHasher::new();
    all.iter().for_each(|one| (one.envelope, &one.destination).hash(&mut hasher));
    format!("{}-{:x}", all.len(), hasher.finish())
}

/// Does it, when the group is still what was shown; else it is shown anew.
pub async fn act_on_group(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Fault> {
    if !may_act_at(&visitor, fields.get("place")) {
        return Err(not_allowed(&visitor));
    }
    let (place, reason) = (fields.owned("place"), reason(&visitor, &fields)?);
    let what = match fields.get("what") {
        "revive" => Settle::Revive,
        // A second tick, so that nothing is dropped by a slip.
        "drop" if fields.get("sure") == "yes" => Settle::Drop,
        "drop" => {
            return Err(Fault::wrong(
                visitor.lang.say("tick that you are sure", "kreuzen Sie an, dass Sie sicher sind"),
            ));
        }
        _ => return Err(nothing_such(&visitor)),
    };
    let all = of_group(&console, &visitor, &place, fields.get("cause")).await?;
    if digest(&all) != fields.get("shown") {
        let cause = escaped(fields.get("cause"));
        return Ok(
            Redirect::to(&format!("/dead/act?place={}&cause={cause}", escaped(&place))).into_response()
        );
    }
    let mut envelopes: Vec<u64> = all.iter().map(|one| one.envelope).collect();
    // Oldest first, so that they come back in their order; parts of one envelope go together.
    envelopes.sort_unstable();
    envelopes.dedup();
    let back = format!("/dead?place={}", escaped(&place));
    if !envelopes.is_empty() {
        let _: Value = console.ask(&visitor, Request::Settle { what, place, envelopes, reason }).await?;
    }
    Ok(Redirect::to(&back).into_response())
}

async fn of_group(
    console: &Console,
    visitor: &Visitor,
    place: &str,
    cause: &str,
) -> Result<Vec<DeliveryView>, Fault> {
    let request = Request::Dead { place: Some(place.to_owned()), limit: queues::DEAD_MAX };
    let mut dead: Vec<DeliveryView> = console.ask(visitor, request).await?;
    dead.retain(|one| one.destination == place && queues::cause(&one.reason) == cause);
    Ok(dead)
}

/// Takes over what the site's files say now.
pub async fn reload(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    _fields: Fields,
) -> Result<Response, Fault> {
    let _: Value = console.ask(&visitor, Request::Reload).await?;
    Ok(Redirect::to("/site").into_response())
}

/// Asks why.
pub fn reason_field(visitor: &Visitor, id: &str) -> Markup {
    let lang = visitor.lang;
    html! { p { label for=(id) { (lang.say("Why (goes into the audit log; no patient's name)", "Warum (steht im Protokoll; kein Patientenname)")) }
    input id=(id) name="reason" required maxlength=(REASON_MAX) autocomplete="off"; } }
}

/// The reason that was given: one line, not too long.
pub fn reason(visitor: &Visitor, fields: &Fields) -> Result<String, Fault> {
    let line: String = fields.get("reason").chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line: String = line.trim().chars().take(REASON_MAX).collect();
    if line.is_empty() {
        return Err(Fault::wrong(visitor.lang.say("say why", "sagen Sie, warum")));
    }
    Ok(line)
}

/// That somebody may not act here.
pub fn not_allowed(visitor: &Visitor) -> Fault {
    let (english, german) = Right::Act.words();
    Fault::forbidden(visitor.lang.say(
        format!("you may not do this: it needs the right \"{english}\""),
        format!("das dürfen Sie nicht: dafür braucht es das Recht „{german}“"),
    ))
}

/// That it can not be done.
pub fn nothing_such(visitor: &Visitor) -> Fault {
    Fault::wrong(visitor.lang.say("nothing of this name can be done", "so etwas kann nicht getan werden"))
}
