//! What several pages of images show alike.

use maud::{Markup, html};

use crate::house::images::{Clash, Kind, Patient, StudyLine};
use crate::lang::Lang;
use crate::page::parts::{escaped, time};
use crate::web::Visitor;

/// The address of something of a study, by whatever way the visitor came.
pub fn at(visitor: &Visitor, study: &str, rest: &str) -> String {
    visitor.way(&format!("/archive/studies/{}{rest}", escaped(study)))
}

/// The address of something of an instance of a study.
pub fn of(visitor: &Visitor, study: &str, what: &str, instance: &str) -> String {
    at(visitor, study, &format!("/{what}/{}", escaped(instance)))
}

/// A patient in one line: name, birth, sex, identifier.
pub fn patient(lang: Lang, one: &Patient) -> Markup {
    html! {
        strong { @if one.name.is_empty() { (lang.say("without a name", "ohne Namen")) } @else { (one.name) } }
        @if !one.birth.is_empty() { " · " span.nowrap { (lang.say("born ", "geb. ")) (one.birth) } }
        @if let Some(sex) = sex(lang, &one.sex) { " · " (sex) }
        @if !one.id.is_empty() { " · " span.mono { (one.id) } }
        @if !one.issuer.is_empty() { " " span.soft.small { (one.issuer) } }
    }
}

fn sex(lang: Lang, code: &str) -> Option<&str> {
    Some(match code {
        "" => return None,
        "M" => lang.say("male", "männlich"),
        "F" => lang.say("female", "weiblich"),
        "O" => lang.say("other", "divers"),
        other => other,
    })
}

/// What an instance is, in a word.
pub fn kind(lang: Lang, kind: Kind) -> &'static str {
    match kind {
        Kind::Image => lang.say("image", "Bild"),
        Kind::Report => lang.say("report", "Befund"),
        Kind::Key => lang.say("selection of key images", "Auswahl von Schlüsselbildern"),
        Kind::Document => lang.say("document", "Dokument"),
        Kind::Presentation => lang.say("presentation", "Darstellung"),
        Kind::Other => lang.say("other", "anderes"),
    }
}

/// What a study is called.
pub fn title(lang: Lang, study: &StudyLine) -> String {
    if !study.description.is_empty() {
        return study.description.clone();
    }
    match study.modalities.as_slice() {
        [] => lang.say("Study", "Studie").to_owned(),
        all => lang.say(format!("{} study", all.join(", ")), format!("{}-Studie", all.join(", "))),
    }
}

/// Studies as a table. With `patients` each names whose it is.
pub fn studies(visitor: &Visitor, all: &[StudyLine], patients: bool) -> Markup {
    let lang = visitor.lang;
    html! { div.table tabindex="0" role="region" aria-label=(lang.say("Studies", "Studien")) { table.stack {
        thead { tr {
            th scope="col" { (lang.say("Date", "Datum")) }
            @if patients { th scope="col" { "Patient" } th scope="col" { (lang.say("born", "geboren")) } th scope="col" { "ID" } }
            th scope="col" { (lang.say("Study", "Studie")) } th scope="col" { (lang.say("Modality", "Modalität")) }
            th scope="col" { (lang.say("Accession", "Auftrag")) }
            th.number scope="col" { (lang.say("Series", "Serien")) } th.number scope="col" { (lang.say("Instances", "Instanzen")) }
        } }
        tbody { @for one in all { tr {
            td.nowrap data-label=(lang.say("Date", "Datum")) { (one.date) @if !one.time.is_empty() { " " span.soft { (one.time) } } }
            @if patients {
                td data-label="Patient" { (one.patient.name) }
                td.nowrap data-label=(lang.say("born", "geboren")) { (one.patient.birth) }
                td.mono data-label="ID" { a href={ "/archive?patient=" (escaped(&one.patient.id)) } { (one.patient.id) } }
            }
            td data-label=(lang.say("Study", "Studie")) { a href=(at(visitor, &one.uid, "")) { (title(lang, one)) } }
            td data-label=(lang.say("Modality", "Modalität")) { (one.modalities.join(", ")) }
            td.mono data-label=(lang.say("Accession", "Auftrag")) {
                @if !one.accession.is_empty() { a href={ "/trace?id=" (escaped(&one.accession)) } { (one.accession) } }
            }
            td.number data-label=(lang.say("Series", "Serien")) { (one.series) }
            td.number data-label=(lang.say("Instances", "Instanzen")) { (one.instances) }
        } } }
    } } }
}

/// Instances that lie beside.
pub fn clashes(visitor: &Visitor, all: &[Clash]) -> Markup {
    let lang = visitor.lang;
    html! { div.table tabindex="0" role="region" aria-label=(lang.say("Clashes", "Widersprüche")) { table.stack {
        thead { tr {
            th scope="col" { (lang.say("Arrived", "Angekommen")) } th scope="col" { (lang.say("From", "Von")) }
            th scope="col" { (lang.say("Why it lies beside", "Warum es daneben liegt")) } th scope="col" { (lang.say("Study", "Studie")) }
        } }
        tbody { @for one in all { tr {
            td data-label=(lang.say("Arrived", "Angekommen")) { (time(&one.arrived)) }
            td.mono data-label=(lang.say("From", "Von")) { (one.from) }
            td data-label=(lang.say("Why", "Warum")) { (reason(lang, &one.reason)) }
            td data-label=(lang.say("Study", "Studie")) { a.mono.small href=(at(visitor, &one.study, "")) { (one.study) } }
        } } }
    } } }
}

fn reason(lang: Lang, name: &str) -> &str {
    match name {
        "other-bytes" => lang.say("the same identifier, other contents", "gleiche Kennung, anderer Inhalt"),
        "other-study" => {
            lang.say("its series is there in another study", "ihre Serie liegt in einer anderen Studie")
        }
        "other-patient" => {
            lang.say("its study is there with another patient", "ihre Studie gehört einem anderen Patienten")
        }
        "replaced" => lang.say("a newer one took its place", "eine neuere nahm ihren Platz ein"),
        other => other,
    }
}
