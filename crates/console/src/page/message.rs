//! One message: plain words on top, deviations in place, every stage side by side, tree, raw and hex,
//! and what became of it.

use axum::extract::{Path, Query, State as Shared};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::parts::{State, bytes, envelope_state, escaped, moment, state, time, zoned};
use super::{Page, acts, chart, frame};
use crate::house::deploy::short;
use crate::house::reading::{Change, Line, PAYLOAD_SHOWN_MAX, Reading, SegmentWords, Sheet, Words};
use crate::house::request::Request;
use crate::house::view::{DeliveryView, Message};
use crate::house::{decode, view};
use crate::lang::Lang;
use crate::web::{Console, Fault, Visitor};

/// Bytes of the hex view.
const HEX_MAX: usize = 4 << 10;

/// The page.
pub async fn page(Shared(console): Shared<Console>, visitor: Visitor, Path(id): Path<u64>) -> Page {
    let request = Request::Read { id, lang: visitor.lang.code().to_owned() };
    let reading: Reading = console.ask(&visitor, request).await?;
    let lang = visitor.lang;
    let title = lang.say(format!("Message {id}"), format!("Nachricht {id}"));
    let body = html! {
        (frame::crumbs(&[("/messages", lang.say("Messages", "Nachrichten"))]))
        (top(lang, &reading, &title))
        @if acts::may_act(&visitor, &[&reading.message.line.channel, &reading.message.line.system]) {
            p.acts { a.button href={ "/messages/" (id) "/act" } { (lang.say("Send again …", "Erneut senden …")) } }
        }
        (deviations(lang, &reading))
        section.card { h2 { (lang.say("What became of it", "Was daraus wurde")) } (fate(lang, &reading.message)) }
        section {
            h2 { (lang.say("Stage by stage", "Stufe für Stufe")) }
            p.small.soft { (lang.say("What differs from the stage before is marked.", "Was sich gegen die Stufe davor geändert hat, ist markiert.")) }
            div.stages tabindex="0" role="region" aria-label=(lang.say("Stages", "Stufen")) { @for sheet in &reading.sheets { (sheet_of(lang, sheet)) } }
        }
        @if let Some(words) = &reading.words { section.card.words { h2 { (lang.say("Field by field", "Feld für Feld")) } (tree(words)) } }
        section.card { h2 { (lang.say("As bytes", "Als Bytes")) } @for stage in &reading.message.stages { (raw(lang, id, stage)) } }
    };
    Ok(frame::page(&visitor, &title, &body))
}

fn top(lang: Lang, reading: &Reading, title: &str) -> Markup {
    let message = &reading.message;
    let line = &message.line;
    html! { section.card {
        h1 { (title) " " (envelope_state(lang, &line.state)) }
        @match &reading.words {
            Some(words) => {
                p.lead { (words.summary) }
                @for note in &words.notes { p { (note) } }
            }
            None => { p.soft { (lang.say("Its format is not put into words.", "Dieses Format wird nicht in Worte gefasst.")) } }
        }
        p.small.soft {
            (lang.say("Received ", "Empfangen ")) (moment(&line.received)) " · "
            a href={ "/channels/" (escaped(&line.channel)) } { (line.channel) } " · "
            @if !line.system.is_empty() { a href={ "/systems/" (escaped(&line.system)) } { (line.system) } " · " }
            span.mono { (message.peer) } " · " (bytes(lang, line.size)) " · " (lang.say("version ", "Version ")) (message.version)
            @if let Some(revision) = &message.revision { " · " (lang.say("revision ", "Revision ")) span.mono { (short(revision)) } }
            @if let Some(parent) = message.parent { " · " (origin(lang, &message.origin)) " " a href={ "/messages/" (parent) } { (parent) } }
        }
        @if !line.keys.is_empty() { p.small { @for (name, value) in &line.keys {
            span.soft { (name) } " " a.mono href={ "/trace?id=" (escaped(value)) } { (value) } " "
        } } }
        @if !message.children.is_empty() { p.small { (lang.say("From it came ", "Daraus entstanden ")) @for child in &message.children { a href={ "/messages/" (child) } { (child) } " " } } }
    } }
}

fn origin(lang: Lang, word: &str) -> &str {
    match word {
        "resent" => lang.say("sent again from", "erneut gesendet aus"),
        "edited" => lang.say("changed from", "geändert aus"),
        other => other,
    }
}

fn deviations(lang: Lang, reading: &Reading) -> Markup {
    let Some(words) = reading.words.as_ref().filter(|words| !words.deviations.is_empty()) else {
        return html! {};
    };
    html! { section.card {
        h2 { (lang.say("Against the standard", "Gegen den Standard")) }
        div.table tabindex="0" { table { tbody { @for one in &words.deviations { tr {
            td { @match one.weight.as_str() {
                "worth-a-look" => (state(State::Warn, lang.say("look at it", "ansehen"))),
                _ => (state(State::Off, lang.say("harmless", "harmlos"))),
            } }
            td.mono.nowrap { (one.place) }
            td { (one.text) @if one.count > 1 { " " span.soft { "× " (one.count) } } }
        } } } } }
    } }
}

/// The deliveries with their attempts, or the step that ended it.
fn fate(lang: Lang, message: &Message) -> Markup {
    html! {
        @if let Some(ended) = &message.ended {
            p { @if ended.failed { (state(State::Stop, lang.say("failed", "gescheitert"))) } @else { (state(State::Off, lang.say("filtered", "ausgefiltert"))) }
                " " (ended.step) ": " (ended.reason) }
        }
        @for delivery in &message.deliveries { (delivered(lang, delivery)) }
        @if message.deliveries.is_empty() && message.ended.is_none() { p.soft { (lang.say("Nothing yet.", "Noch nichts.")) } }
        @if !message.trace.is_empty() { details { summary { (lang.say("Notes of the steps", "Notizen der Schritte")) } ul { @for note in &message.trace { li { (note) } } } } }
    }
}

fn delivered(lang: Lang, delivery: &DeliveryView) -> Markup {
    html! {
        h3 { span.mono { (delivery.destination) } " " (envelope_state(lang, &delivery.state)) }
        p.small.soft {
            @if !delivery.lane.is_empty() { (lang.say("lane ", "Spur ")) span.mono { (delivery.lane) } " · " }
            (lang.say("queued ", "eingereiht ")) (moment(&delivery.queued))
            @if let Some(due) = &delivery.due { " · " (lang.say("next attempt ", "nächster Versuch ")) (time(due)) }
            @if !delivery.reason.is_empty() { " · " (delivery.reason) }
        }
        @if !delivery.attempts.is_empty() { div.table tabindex="0" { table {
            thead { tr { th.number { "#" } th { (zoned(lang.say("begun", "begonnen"))) } th.number { "ms" } th { (lang.say("answer", "Antwort")) } th { (lang.say("meant", "bedeutet")) } } }
            tbody { @for attempt in &delivery.attempts { tr {
                td.number { (attempt.number) @if attempt.repeat { " ↻" } }
                td { (time(&attempt.started)) }
                td.number { (chart::short(lang, attempt.millis)) }
                td { strong { (attempt.code) } " " (attempt.text) @if let Some(answer) = &attempt.answer { (answered(lang, answer)) } }
                td { (attempt.result) }
            } } }
        } } }
    }
}

fn answered(lang: Lang, answer: &str) -> Markup {
    let bytes = decode(answer).unwrap_or_default();
    html! { details { summary { (lang.say("as received", "wie empfangen")) } pre tabindex="0" { (text(&bytes)) } } }
}

fn sheet_of(lang: Lang, sheet: &Sheet) -> Markup {
    html! { div.sheet {
        h3 { span { (stage_name(lang, &sheet.stage)) } span.soft { (bytes(lang, sheet.size)) } }
        ol { @for line in &sheet.lines { (line_of(line)) } }
        @if sheet.cut { p.soft.small { (lang.say("… cut; download it to see the whole", "… gekürzt; zum Ganzen herunterladen")) } }
    } }
}

fn line_of(line: &Line) -> Markup {
    html! { li class=[(line.change == Change::New).then_some("new")] {
        @for (at, cell) in line.cells.iter().enumerate() {
            @if at > 0 { span.bar-sign { "|" } }
            @if cell.changed { ins title=(cell.path) { (cell.text) @if cell.text.is_empty() { "∅" } } }
            @else { span title=(cell.path) { (cell.text) } }
        }
    } }
}

/// `received`, `step 2: set` and `part 0` in the reader's language.
fn stage_name(lang: Lang, name: &str) -> String {
    if name == "received" {
        return lang.say("as received".to_owned(), "wie empfangen".to_owned());
    }
    if let Some(rest) = name.strip_prefix("step ") {
        return lang.say(format!("after step {rest}"), format!("nach Schritt {rest}"));
    }
    match name.strip_prefix("part ") {
        Some(rest) => lang.say(format!("as sent ({rest})"), format!("wie gesendet ({rest})")),
        None => name.to_owned(),
    }
}

fn tree(words: &Words) -> Markup {
    html! { @for message in &words.messages {
        @if words.messages.len() > 1 { h3 { (message.title) } }
        @for segment in &message.segments { (segment_of(segment)) }
    } }
}

fn segment_of(segment: &SegmentWords) -> Markup {
    html! { details open {
        summary { strong { (segment.path) } " " (segment.name) @if !segment.group.is_empty() { " " span.soft { (segment.group) } } }
        dl { @for field in &segment.fields {
            dt.path { (field.path) } dt { (field.name) } dd { (field.text) }
            @for part in &field.components { dt.path.part { (part.path) } dt.part { (part.name) } dd.part { (part.text) } }
        } }
    } }
}

fn raw(lang: Lang, id: u64, stage: &view::Stage) -> Markup {
    html! { details {
        summary { (stage_name(lang, &stage.name)) }
        @for (at, payload) in stage.payloads.iter().enumerate() {
            @let shown = decode(payload).unwrap_or_default();
            pre tabindex="0" { (text(&shown)) }
            details { summary { "hex" } pre tabindex="0" { (hex(&shown)) } }
            p { a.button.plain href={ "/messages/" (id) "/download?stage=" (escaped(&stage.name)) "&payload=" (at) } { (lang.say("Download", "Herunterladen")) } }
        }
    } }
}

/// Bytes as text: line ends shown, what is no text replaced.
fn text(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(PAYLOAD_SHOWN_MAX)];
    let mut out = String::with_capacity(shown.len() + 64);
    for character in String::from_utf8_lossy(shown).chars() {
        match character {
            '\r' => out.push_str("␍\n"),
            '\n' => out.push_str("␊\n"),
            control if control.is_control() => {
                out.push(char::from_u32(0x2400 + control as u32 % 0x80).unwrap_or('�'))
            }
            other => out.push(other),
        }
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::new();
    for (row, chunk) in bytes[..bytes.len().min(HEX_MAX)].chunks(16).enumerate() {
        let digits: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
        let shown: String = chunk
            .iter()
            .map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { *byte as char } else { '·' })
            .collect();
        out.push_str(&format!("{:06x}  {:<47}  {shown}\n", row * 16, digits.join(" ")));
    }
    if bytes.len() > HEX_MAX {
        out.push('…');
    }
    out
}

/// Which payload.
#[derive(Deserialize)]
pub struct Which {
    stage: String,
    #[serde(default)]
    payload: usize,
}

/// A payload as a file.
pub async fn download(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    Path(id): Path<u64>,
    Query(which): Query<Which>,
) -> Result<Response, Fault> {
    let request = Request::Payload { id, stage: which.stage.clone() };
    let stage: view::Stage = console.ask(&visitor, request).await?;
    let lang = visitor.lang;
    let payload = stage.payloads.get(which.payload).and_then(|text| decode(text).ok());
    let Some(payload) = payload else {
        return Err(Fault::absent(
            lang.say("this stage has no such payload", "diese Stufe hat keinen solchen Inhalt"),
        ));
    };
    // The name is ours alone: nothing of a message is in it.
    let name = format!("attachment; filename=\"message-{id}.bin\"");
    Ok((
        [(header::CONTENT_TYPE, "application/octet-stream".to_owned()), (header::CONTENT_DISPOSITION, name)],
        payload,
    )
        .into_response())
}
