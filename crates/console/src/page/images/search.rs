//! The archive: the search for studies, and how it stands.

use axum::extract::{Query, State as Shared};
use maud::{Markup, html};
use serde::Deserialize;

use super::parts::{clashes, studies};
use crate::house::archive::Unknown;
use crate::house::images::{Ask, Find, PLACE, Page as Found, STUDIES_MAX, State};
use crate::house::request::Request;
use crate::lang::Lang;
use crate::page::parts::{bytes, escaped, nothing, number, time};
use crate::page::{Page, frame};
use crate::people::Right;
use crate::web::{Console, Visitor};

/// The longest field.
const FIELD_CHARS_MAX: usize = 128;

/// What the form asks for; empty fields ask for nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    name: String,
    patient: String,
    accession: String,
    modality: String,
    from: String,
    until: String,
    page: usize,
}

impl Wanted {
    fn find(&self) -> Find {
        let field = |text: &str| text.trim().chars().take(FIELD_CHARS_MAX).collect();
        Find {
            name: field(&self.name),
            patient: field(&self.patient),
            accession: field(&self.accession),
            study: String::new(),
            modality: field(&self.modality).to_uppercase(),
            from: field(&self.from),
            until: field(&self.until),
            offset: self.page.min(10_000) * STUDIES_MAX,
        }
    }

    /// The address of another page of the same search.
    fn page(&self, page: usize) -> String {
        let fields = [
            ("name", &self.name),
            ("patient", &self.patient),
            ("accession", &self.accession),
            ("modality", &self.modality),
            ("from", &self.from),
            ("until", &self.until),
        ];
        let given = fields.iter().filter(|(_, value)| !value.is_empty());
        let mut pairs: Vec<String> =
            given.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        pairs.push(format!("page={page}"));
        format!("/archive?{}", pairs.join("&"))
    }
}

/// The page.
pub async fn page(Shared(console): Shared<Console>, visitor: Visitor, Query(wanted): Query<Wanted>) -> Page {
    let lang = visitor.lang;
    let state: State = console.ask(&visitor, Request::Images(Ask::State)).await?;
    // Whoever may see how things stand sees that, and no patient.
    let may_open = visitor.actor.may(Right::ViewPayload, &[PLACE]);
    let found: Option<Found> = match may_open {
        true => Some(console.ask(&visitor, Request::Images(Ask::Find(wanted.find()))).await?),
        false => None,
    };
    let body = html! {
        h1 { (lang.say("Images", "Bilder")) }
        @if let Some(found) = &found {
            (form(lang, &wanted))
            (results(&visitor, &wanted, found))
        }
        (standing(lang, &state))
        @if !state.inbox.is_empty() { (inbox(&visitor, &state.inbox)) }
        @if !state.clashes.is_empty() { section.card {
            h2 { (lang.say("What lies beside", "Was daneben liegt")) }
            p.small.soft { (lang.say(
                "Instances that contradict what the archive has. Nothing is lost: they wait until somebody decides.",
                "Instanzen, die dem widersprechen, was das Archiv hat. Nichts ist verloren: sie warten, bis jemand entscheidet.",
            )) }
            (clashes(&visitor, &state.clashes))
        } }
    };
    Ok(frame::page(&visitor, lang.say("Images", "Bilder"), &body))
}

fn form(lang: Lang, wanted: &Wanted) -> Markup {
    html! { form.search.card action="/archive" method="get" role="search" {
        div { label for="name" { (lang.say("Patient's name (Family, given)", "Name des Patienten (Nachname, Vorname)")) }
            input #name name="name" value=(wanted.name) autocomplete="off" maxlength=(FIELD_CHARS_MAX); }
        div { label for="patient" { (lang.say("Patient ID", "Patienten-ID")) }
            input #patient name="patient" value=(wanted.patient) autocomplete="off" maxlength=(FIELD_CHARS_MAX); }
        div { label for="accession" { (lang.say("Accession number", "Auftragsnummer")) }
            input #accession name="accession" value=(wanted.accession) autocomplete="off" maxlength=(FIELD_CHARS_MAX); }
        div { label for="modality" { (lang.say("Modality (CT, MR, CR …)", "Modalität (CT, MR, CR …)")) }
            input #modality name="modality" value=(wanted.modality) autocomplete="off" maxlength="16"; }
        div { label for="from" { (lang.say("Studied from", "Untersucht ab")) } input #from type="date" name="from" value=(wanted.from); }
        div { label for="until" { (lang.say("until", "bis")) } input #until type="date" name="until" value=(wanted.until); }
        div.acts { button { (lang.say("Search", "Suchen")) } a href="/archive" { (lang.say("anew", "neu")) } }
    } }
}

fn results(visitor: &Visitor, wanted: &Wanted, found: &Found) -> Markup {
    let lang = visitor.lang;
    html! { section.card {
        h2 { @if wanted.find().sought().is_empty() { (lang.say("Newest studies", "Neueste Studien")) } @else { (lang.say("Found", "Gefunden")) } }
        @if found.studies.is_empty() { (nothing(lang.say("Nothing was found.", "Nichts gefunden."))) }
        @else {
            @if found.alike { p.small { (lang.say(
                "No name is written so; these sound like it.",
                "Kein Name ist so geschrieben; diese klingen so.",
            )) } }
            (studies(visitor, &found.studies, true))
        }
        @if wanted.page > 0 || found.more { p.acts {
            @if wanted.page > 0 { a.button.plain rel="prev" href=(wanted.page(wanted.page - 1)) { (lang.say("Newer ones", "Neuere")) } }
            @if found.more { a.button.plain rel="next" href=(wanted.page(wanted.page + 1)) { (lang.say("Older ones", "Ältere")) } }
        } }
    } }
}

/// Those who were turned away, and what lets them in.
fn inbox(visitor: &Visitor, all: &[Unknown]) -> Markup {
    let lang = visitor.lang;
    html! { section.card #inbox {
        h2 { (lang.say("Who was turned away", "Wer abgewiesen wurde")) }
        p.small.soft { (lang.say(
            "They want to speak DICOM with the archive, and the site does not name them. Whoever belongs here is let in by these lines in systems.toml.",
            "Sie wollen mit dem Archiv DICOM sprechen, und die Anlage nennt sie nicht. Wer hierher gehört, wird mit diesen Zeilen in systems.toml eingelassen.",
        )) }
        @if visitor.actor.grants.administer { p.acts {
            a.button.plain href="/site/file?path=systems.toml" { (lang.say("Open systems.toml", "systems.toml öffnen")) }
        } }
        div.table tabindex="0" role="region" aria-label=(lang.say("Who was turned away", "Wer abgewiesen wurde")) { table.stack {
            thead { tr {
                th scope="col" { (lang.say("AE title", "AE-Titel")) } th scope="col" { (lang.say("Calls", "Ruft")) }
                th scope="col" { (lang.say("From", "Von")) } th scope="col" { (lang.say("Times", "Wie oft")) }
                th scope="col" { (lang.say("Last", "Zuletzt")) } th scope="col" { "systems.toml" }
            } }
            tbody { @for one in all { tr {
                td.mono data-label=(lang.say("AE title", "AE-Titel")) { (one.title) }
                td.mono data-label=(lang.say("Calls", "Ruft")) { (one.called) }
                td.mono data-label=(lang.say("From", "Von")) { (one.host) }
                td data-label=(lang.say("Times", "Wie oft")) { (number(one.times)) }
                td data-label=(lang.say("Last", "Zuletzt")) { (time(&one.last)) }
                td data-label="systems.toml" { pre.small { (one.lines()) } }
            } } }
        } }
    } }
}

/// How much there is, and what somebody should look at.
fn standing(lang: Lang, state: &State) -> Markup {
    let figure = |value: &str, word: &str, small: String| {
        html! { div.card { div.figure { (value) } div { (word) } @if !small.is_empty() { div.small.soft { (small) } } } }
    };
    let capped = |count: u64| match count {
        1_000.. => lang.say("1000 and more".to_owned(), "1000 und mehr".to_owned()),
        count => number(count),
    };
    html! { section aria-label=(lang.say("How the archive stands", "Wie es um das Archiv steht")) { div.grid {
        (figure(&number(state.studies), lang.say("studies", "Studien"), lang.say(
            format!("of {} patients, {} series", number(state.patients), number(state.series)),
            format!("von {} Patienten, {} Serien", number(state.patients), number(state.series)),
        )))
        (figure(&number(state.instances), lang.say("instances", "Instanzen"), bytes(lang, state.bytes)))
        (figure(&number(state.beside), lang.say("lie beside", "liegen daneben"), lang.say(
            format!("{} in the trash", capped(state.trash)), format!("{} im Papierkorb", capped(state.trash)),
        )))
        (figure(&capped(state.worklist), lang.say("steps on the worklist", "Schritte in der Arbeitsliste"), lang.say(
            format!("{} going on", capped(state.performing)), format!("{} im Gange", capped(state.performing)),
        )))
    } } }
}
