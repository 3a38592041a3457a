//! The site: its files as they are, what a check says, the state in git. Nothing is changed here: what
//! belongs in git is changed in git.

use axum::extract::{Query, State as Shared};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::parts::{State, bytes, escaped, number, state, time};
use super::{Page, difference, frame};
use crate::house::deploy::{Deployed, short};
use crate::house::request::Request;
use crate::house::site::SiteFiles;
use crate::house::view::Status;
use crate::lang::Lang;
use crate::people::Right;
use crate::web::{Console, Fault, LongFields, Visitor, form_token};

/// The page.
pub async fn page(Shared(console): Shared<Console>, visitor: Visitor) -> Page {
    let site: SiteFiles = console.ask(&visitor, Request::Site).await?;
    let status: Status = console.ask(&visitor, Request::Status).await?;
    let lang = visitor.lang;
    let body = html! {
        h1 { (lang.say("Site", "Standort")) }
        (live(lang, &site.deployed))
        section.card {
            h2 { (lang.say("Check of the files", "Prüfung der Dateien")) }
            @if site.faults.is_empty() { p { (state(State::Good, lang.say("nothing is wrong", "nichts ist falsch"))) } }
            @else { p { (state(State::Stop, lang.say("does not go live", "geht so nicht in Betrieb"))) } pre tabindex="0" { @for fault in &site.faults { (fault) "\n" } } }
            @if site.faults.is_empty() && status.serving && visitor.session.is_some() && visitor.actor.may_somewhere(Right::Administer) {
                form method="post" action="/site/reload" { (form_token(&visitor)) p.acts { button.plain type="submit" { (lang.say("Take over the files as they are now", "Die Dateien übernehmen, wie sie jetzt sind")) } } }
            }
        }
        section.card {
            h2 { (lang.say("Store", "Speicher")) }
            p { strong { (number(status.store.envelopes)) } (lang.say(" messages, ", " Nachrichten, ")) (bytes(lang, status.store.bytes))
                @if let Some(free) = status.store.free { ", " (bytes(lang, free)) (lang.say(" free on the disk", " frei auf dem Datenträger")) } "." }
            @if status.store.index_lag > 0 { p.small.soft { (lang.say("The search index is behind by ", "Der Suchindex hängt zurück um ")) (number(status.store.index_lag)) } }
        }
        section.card {
            h2 { "git" }
            @match &site.git {
                None => { p.soft { (lang.say("The folder is not kept in git.", "Der Ordner liegt nicht in git.")) } }
                Some(git) => {
                    p { span.mono { (git.branch) " " (git.commit.get(..12).unwrap_or(&git.commit)) } " " (git.subject) }
                    @if git.changed.is_empty() { p { (state(State::Good, lang.say("as committed", "wie eingecheckt"))) } }
                    @else { p { (state(State::Warn, lang.say("differs from the commit", "weicht vom Stand in git ab"))) } ul { @for file in &git.changed { li.mono { (file) } } } }
                }
            }
        }
        section.card {
            h2 { (lang.say("Files", "Dateien")) }
            p.small.soft { span.mono { (site.folder) } }
            table { tbody { @for file in &site.files { tr {
                td.mono { @if file.shown { a href={ "/site/file?path=" (escaped(&file.path)) } { (file.path) } } @else { (file.path) } }
                td.number { (bytes(lang, file.size)) }
            } } } }
        }
    };
    Ok(frame::page(&visitor, lang.say("Site", "Standort"), &body))
}

/// Which revision runs, and why none newer does.
fn live(lang: Lang, deployed: &Deployed) -> Markup {
    html! { @if !deployed.revision.is_empty() { section.card {
        h2 { (lang.say("Revision", "Revision")) }
        p { span.mono { (short(&deployed.revision)) } " " span.soft { (lang.say("since ", "seit ")) (time(&deployed.since)) }
            @if let Some(follow) = &deployed.follow { ", " (lang.say("follows ", "folgt ")) span.mono { (follow) } } }
        @if let Some(pinned) = &deployed.pinned {
            p { (state(State::Warn, lang.say("stays there", "bleibt dort"))) " " (time(&pinned.at)) ": " (pinned.reason) }
        }
        @for taken in &deployed.taken {
            p { (state(State::Warn, lang.say("runs otherwise than the files say", "läuft anders, als die Dateien sagen"))) " " (taken.channel) " " span.mono { (short(&taken.revision)) } }
        }
        @for one in &deployed.canaries {
            p { @match &one.stopped {
                None => { (state(State::Warn, lang.say("handles some of the messages", "bearbeitet einen Teil der Nachrichten"))) }
                Some(_) => { (state(State::Stop, lang.say("the canary was stopped", "der Kanarienvogel wurde angehalten"))) }
            } " " a href={ "/channels/" (escaped(&one.channel)) "/trial" } { (one.channel) } " " span.mono { (short(&one.revision)) " " (one.terms) } }
            @if let Some(why) = &one.stopped { p.small { (why) } }
        }
        @for one in &deployed.shadows {
            p { (state(State::Off, lang.say("runs along", "läuft mit"))) " " a href={ "/channels/" (escaped(&one.channel)) "/trial" } { (one.channel) } " " span.mono { (short(&one.revision)) } }
        }
        @if let Some(refused) = &deployed.refused {
            p { (state(State::Stop, lang.say("did not go live", "ging nicht in Betrieb"))) " " span.mono { (short(&refused.revision)) } " " (time(&refused.at)) }
            pre tabindex="0" { @for fault in &refused.faults { (fault) "\n" } }
        }
        @if !deployed.before.is_empty() {
            p.small.soft { (lang.say("before: ", "davor: ")) @for one in &deployed.before { span.mono { (short(one)) } " " } }
        }
    } } }
}

/// Which file.
#[derive(Deserialize)]
pub struct Wanted {
    path: String,
}

/// One file.
pub async fn file(Shared(console): Shared<Console>, visitor: Visitor, Query(wanted): Query<Wanted>) -> Page {
    let lang = visitor.lang;
    let request = Request::File { path: wanted.path.clone() };
    let text: Option<String> = console.ask(&visitor, request).await?;
    let Some(text) = text else {
        return Err(Fault::absent(
            lang.say("there is no such file in the site", "diese Datei gibt es im Standort nicht"),
        ));
    };
    let body = html! {
        (frame::crumbs(&[("/site", lang.say("Site", "Standort"))]))
        h1.mono { (wanted.path) }
        pre tabindex="0" { (text) }
        @if may_propose(&visitor) { details { summary { (lang.say("Propose a change", "Eine Änderung vorschlagen")) } (propose_form(&visitor, &wanted.path, &text)) } }
    };
    Ok(frame::page(&visitor, &wanted.path, &body))
}

/// Those who could take the change over.
fn may_propose(visitor: &Visitor) -> bool {
    visitor.actor.may_somewhere(Right::Administer)
}

fn propose_form(visitor: &Visitor, path: &str, text: &str) -> Markup {
    let lang = visitor.lang;
    html! { form method="post" action="/site/file" {
        (form_token(visitor))
        input type="hidden" name="path" value=(path);
        p.small.soft { (lang.say(
            "Nothing is written here: you get the change as a patch, for git.",
            "Hier wird nichts geschrieben: Sie bekommen die Änderung als Patch, für git.",
        )) }
        p { label for="text" { (lang.say("Text of the file", "Text der Datei")) } textarea.mono #text name="text" rows=(text.lines().count().clamp(8, 40)) spellcheck="false" wrap="off" { "\n" (text) } }
        div.acts {
            button type="submit" name="what" value="show" { (lang.say("Check it and show what differs", "Prüfen und zeigen, was sich ändert")) }
            button.plain type="submit" name="what" value="patch" { (lang.say("Check it and download the patch", "Prüfen und den Patch herunterladen")) }
        }
    } }
}

/// Checks a changed file; gives what differs as a page or, when nothing is wrong, as a patch.
pub async fn propose(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    LongFields(fields): LongFields,
) -> Result<Response, Fault> {
    let (lang, path) = (visitor.lang, fields.owned("path"));
    let old: Option<String> = console.ask(&visitor, Request::File { path: path.clone() }).await?;
    let Some(old) = old else {
        return Err(Fault::absent(
            lang.say("there is no such file in the site", "diese Datei gibt es im Standort nicht"),
        ));
    };
    let text = like(&old, fields.get("text"));
    let propose = Request::Propose { path: path.clone(), text: text.clone() };
    let faults: Vec<String> = console.ask(&visitor, propose).await?;
    let patch = difference::unified(&path, &old, &text);
    if let (Some(patch), "patch", true) = (&patch, fields.get("what"), faults.is_empty()) {
        let name = "attachment; filename=\"change.patch\"";
        let heads =
            [(header::CONTENT_TYPE, "text/x-diff; charset=utf-8"), (header::CONTENT_DISPOSITION, name)];
        return Ok((heads, patch.clone()).into_response());
    }
    let body = html! {
        (frame::crumbs(&[("/site", lang.say("Site", "Standort"))]))
        h1.mono { (path) }
        section.card {
            h2 { (lang.say("Check of the changed site", "Prüfung des geänderten Standorts")) }
            @if faults.is_empty() { p { (state(State::Good, lang.say("nothing is wrong", "nichts ist falsch"))) } }
            @else { p { (state(State::Stop, lang.say("does not go live", "geht so nicht in Betrieb"))) } pre tabindex="0" { @for fault in &faults { (fault) "\n" } } }
        }
        section.card {
            h2 { (lang.say("What differs", "Was sich ändert")) }
            @match &patch {
                None => { p { (lang.say("Nothing.", "Nichts.")) } }
                Some(patch) => { pre.diff { (patch) } }
            }
        }
        section.card { (propose_form(&visitor, &path, &text)) }
    };
    Ok(frame::page(&visitor, &path, &body).into_response())
}

/// A text that came from a browser, with the line ends of the old one.
fn like(old: &str, text: &str) -> String {
    let mut text = text.replace("\r\n", "\n");
    if old.ends_with('\n') && !text.ends_with('\n') && !text.is_empty() {
        text.push('\n');
    }
    if old.contains("\r\n") { text.replace('\n', "\r\n") } else { text }
}
