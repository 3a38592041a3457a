//! What is wrong with the systems, whose fault it is, whom to call and what to say to them.

use axum::extract::{Query, State as Shared};
use klinke_diagnosis::finding::{Diagnosis, Finding, RungView};
use klinke_diagnosis::{Lang as Words, Verdict};
use maud::{Markup, html};
use serde::Deserialize;

use super::parts::{State, escaped, moment, state};
use super::{Page, chart, frame};
use crate::house::request::Request;
use crate::lang::Lang;
use crate::web::{Console, Visitor};

/// Which system; all when absent.
#[derive(Deserialize)]
pub struct Wanted {
    system: Option<String>,
}

/// The page. Opening it asks now: probes run, as often as their limits allow.
pub async fn page(Shared(console): Shared<Console>, visitor: Visitor, Query(wanted): Query<Wanted>) -> Page {
    let lang = visitor.lang;
    let system = wanted.system.filter(|name| !name.is_empty());
    let request = Request::Diagnose { system: system.clone(), lang: words(lang) };
    let found: Diagnosis = console.ask(&visitor, request).await?;
    let title = lang.say("Diagnosis", "Diagnose");
    let body = html! {
        (frame::crumbs(&[("/systems", lang.say("Systems", "Systeme"))]))
        h1 { (title) }
        p.soft { (lang.say(
            "Looked at just now, from the wire up. No patient data is sent.",
            "Eben angesehen, vom Kabel aufwärts. Es werden keine Patientendaten gesendet.",
        )) @if system.is_some() { " " a href="/diagnosis" { (lang.say("all systems", "alle Systeme")) } } }
        @for finding in &found.findings { (one(lang, finding, system.is_some())) }
    };
    Ok(frame::page(&visitor, title, &body))
}

/// The language of the diagnosis.
fn words(lang: Lang) -> Words {
    lang.say(Words::En, Words::De)
}

/// How bad a finding is.
fn kind(finding: &Finding) -> State {
    match (finding.verdict, finding.minor) {
        (Verdict::None, _) => State::Good,
        (_, true) => State::Warn,
        (_, false) => State::Stop,
    }
}

fn one(lang: Lang, finding: &Finding, whole: bool) -> Markup {
    let kind = kind(finding);
    html! { section.card class={ "verdict " (kind.class()) } {
        h2 { a href={ "/diagnosis?system=" (escaped(&finding.system)) } { (finding.system) } " "
            (state(kind, finding.verdict.name(words(lang))))
            @if let Some(layer) = finding.layer { " " span.soft { "· " (layer.name(words(lang))) " · " (format!("{:.0} %", finding.confidence * 100.0)) } }
        }
        p.lead { (finding.summary) }
        @if let Some(since) = &finding.since { p.small.soft { (lang.say("since ", "seit ")) (moment(since)) } }
        @if let Some(call) = &finding.call { p { strong { (lang.say("Call: ", "Anrufen: ")) } (call) } }
        @if let Some(say) = &finding.say { h3 { (lang.say("What to say", "Was zu sagen ist")) } pre tabindex="0" { (say) } }
        (list(lang.say("Try first", "Zuerst versuchen"), &finding.next))
        @if let Some(other) = &finding.either {
            h3 { (lang.say("Or else", "Oder aber")) }
            p { (other.verdict.name(words(lang))) ": " (other.text) " " em { (other.test) } }
        }
        @for also in &finding.also { p { (state(State::Warn, also.verdict.name(words(lang)))) " " (also.summary) } }
        (list(lang.say("Proof", "Beleg"), &finding.proof))
        @if !finding.rungs.is_empty() {
            details open[whole] { summary { (lang.say("The ladder", "Die Leiter")) } (ladder(lang, &finding.rungs)) }
        }
    } }
}

fn list(title: &str, items: &[String]) -> Markup {
    html! { @if !items.is_empty() { h3 { (title) } ul { @for item in items { li { (item) } } } } }
}

fn ladder(lang: Lang, rungs: &[RungView]) -> Markup {
    html! { div.table tabindex="0" { table {
        thead { tr {
            th scope="col" { (lang.say("Rung", "Sprosse")) } th scope="col" { (lang.say("of", "von")) }
            th scope="col" { (lang.say("done", "getan")) } th scope="col" { (lang.say("seen", "gesehen")) } th.number scope="col" { "ms" }
        } }
        tbody { @for rung in rungs { tr {
            td.nowrap { @match rung.well {
                Some(true) => (state(State::Good, rung.layer.name(words(lang)))),
                Some(false) => (state(State::Stop, rung.layer.name(words(lang)))),
                None => (state(State::Off, rung.layer.name(words(lang)))),
            } }
            td.mono { (rung.at) } td { (rung.did) } td { (rung.saw) }
            td.number { @if let Some(millis) = rung.millis { (chart::short(lang, millis)) } }
        } } }
    } } }
}
