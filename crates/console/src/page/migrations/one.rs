//! One migration: what it does now, how far it is, what could not be taken and why.

use axum::extract::{Path, State as Shared};
use maud::{Markup, html};

use super::parts::{address, bar, does, left, may_order, may_run, states};
use super::years;
use crate::house::migrate::{Ask, Does, Line, Pace, Progress, Study};
use crate::house::request::Request;
use crate::lang::Lang;
use crate::page::parts::{State, bytes, number, state, time, zoned};
use crate::page::{Page, frame};
use crate::web::{Console, Visitor};

/// The page.
pub async fn page(Shared(console): Shared<Console>, visitor: Visitor, Path(name): Path<String>) -> Page {
    let progress: Progress = console.ask(&visitor, Request::Migrate(Ask::Status { name })).await?;
    let (lang, line) = (visitor.lang, &progress.line);
    let body = html! {
        (frame::crumbs(&[("/migrations", lang.say("Migrations", "Übernahmen"))]))
        h1 { (line.title) }
        div #progress data-live {
            section.card {
                p { (does(lang, line.does)) " " span.soft { span.mono { (line.name) } " · " (line.way) } }
                (bar(lang, line))
                p { (left(lang, &line.outlook)) }
                (now(lang, &progress))
            }
            (acts(&visitor, line))
            (figures(lang, line))
            (studies(lang, line))
            (years::card(lang, &progress.years))
            (under_way(lang, &progress.under_way))
            (failures(lang, &progress))
            (untold(lang, &progress))
            (course(lang, &progress))
        }
    };
    Ok(frame::page(&visitor, &line.title, &body))
}

/// What it does just now, and what holds it back.
fn now(lang: Lang, progress: &Progress) -> Markup {
    let line = &progress.line;
    html! { dl.facts {
        @if line.slices_asked < line.slices || line.slices == 0 {
            dt { (lang.say("Inventory", "Verzeichnis")) }
            dd { (lang.say(
                format!("{} of {} slices were asked for", number(line.slices_asked), number(line.slices)),
                format!("{} von {} Abschnitten sind erfragt", number(line.slices_asked), number(line.slices)),
            )) }
        }
        @if line.remarks > 0 {
            dt { (lang.say("Inventory", "Verzeichnis")) }
            dd { (state(State::Warn, lang.say("it may not be whole", "es ist vielleicht nicht vollständig"))) " "
                (lang.say("remarks in the report: ", "Anmerkungen im Bericht: ")) (number(line.remarks)) }
        }
        dt { (lang.say("Hours", "Stunden")) }
        dd {
            @if progress.hours.is_empty() { (lang.say("at any time", "jederzeit")) } @else { (progress.hours.join(", ")) }
            @if !progress.is_open { " " (state(State::Off, lang.say("not now", "jetzt nicht"))) }
        }
        @if let Some(pace) = &progress.pace { dt { (lang.say("Pace", "Tempo")) } dd { (at_a_time(lang, pace)) } }
        @if let Some((done, of)) = progress.checking {
            dt { (lang.say("Check", "Prüfung")) }
            dd { (lang.say(
                format!("{} of {} studies are checked", number(done), number(of)),
                format!("{} von {} Studien sind geprüft", number(done), number(of)),
            )) }
        }
    } }
}

fn at_a_time(lang: Lang, pace: &Pace) -> Markup {
    html! {
        (lang.say(
            format!("{} studies at a time; {} are allowed now, {} at most", pace.running, pace.allowed, pace.most),
            format!("{} Studien zugleich; {} sind jetzt erlaubt, höchstens {}", pace.running, pace.allowed, pace.most),
        ))
        @if pace.sufferings > 0 { br; (state(State::Warn, lang.say("the old archive has suffered", "das alte Archiv hat gelitten"))) " "
            (lang.say(format!("{} times since this run began", pace.sufferings), format!("{} Mal, seit dieser Lauf begann", pace.sufferings))) }
        @if let Some(until) = &pace.until { br; (lang.say("nothing is begun until ", "nichts wird begonnen bis ")) (time(until)) }
    }
}

fn figures(lang: Lang, line: &Line) -> Markup {
    let figure = |value: String, word: &str, small: String| {
        html! { div.card { div.figure { (value) } div { (word) } @if !small.is_empty() { div.small.soft { (small) } } } }
    };
    let there = match line.outlook.uncounted {
        0 => lang.say(
            format!("of {} that the old archive counts", number(line.counted_there)),
            format!("von {}, die das alte Archiv zählt", number(line.counted_there)),
        ),
        studies => lang.say(
            format!("those of {} studies are not counted there", number(studies)),
            format!("die von {} Studien sind dort nicht gezählt", number(studies)),
        ),
    };
    let each = line.outlook.instances_per_minute.map(|each| format!("{each:.0}"));
    html! { div.grid {
        (figure(number(line.here), lang.say("instances are here", "Instanzen sind hier"), there))
        (figure(bytes(lang, line.bytes), lang.say("of files here", "Dateien hier"), String::new()))
        (figure(each.unwrap_or_else(|| "–".to_owned()), lang.say("instances a minute", "Instanzen je Minute"), String::new()))
        (figure(number(line.missing), lang.say("instances are known to be missing", "Instanzen fehlen nachweislich"), lang.say(
            format!("{} studies were given up", number(line.given_up)),
            format!("{} Studien wurden aufgegeben", number(line.given_up)),
        )))
    } }
}

fn studies(lang: Lang, line: &Line) -> Markup {
    html! { section.card {
        h2 { (lang.say("Studies", "Studien")) }
        div.table { table {
            thead { tr { th scope="col" { (lang.say("State", "Zustand")) } th.number scope="col" { (lang.say("Studies", "Studien")) } } }
            tbody {
                @for (_, en, de, count) in states(&line.studies) { tr { th scope="row" { (lang.say(en, de)) } td.number { (number(count)) } } }
                tr { th scope="row" { (lang.say("all", "alle")) } td.number { strong { (number(line.studies.all())) } } }
            }
        } }
    } }
}

fn under_way(lang: Lang, all: &[Study]) -> Markup {
    html! { @if !all.is_empty() { section.card {
        h2 { (lang.say("Under way", "Unterwegs")) }
        div.table tabindex="0" { table.stack {
            thead { tr { th scope="col" { "Study Instance UID" } th scope="col" { (lang.say("Date", "Datum")) } th scope="col" { (lang.say("Modalities", "Modalitäten")) } th scope="col" { (zoned(lang.say("since", "seit"))) } } }
            tbody { @for study in all { tr {
                td.mono.uid data-label="UID" { (study.study) }
                td data-label=(lang.say("Date", "Datum")) { (study.date) }
                td data-label=(lang.say("Modalities", "Modalitäten")) { (study.modalities.replace('\\', " ")) }
                td data-label=(lang.say("since", "seit")) { @if let Some(at) = &study.at { (time(at)) } }
            } } }
        } }
    } } }
}

fn failures(lang: Lang, progress: &Progress) -> Markup {
    let more = (progress.line.studies.partly + progress.line.studies.failed)
        .saturating_sub(progress.failures.len() as u64);
    html! { @if !progress.failures.is_empty() { section.card {
        h2 { (lang.say("What could not be taken", "Was nicht übernommen werden konnte")) }
        div.table tabindex="0" { table.stack {
            thead { tr {
                th scope="col" { "Study Instance UID" } th scope="col" { (lang.say("State", "Zustand")) } th.number scope="col" { (lang.say("Here / there", "Hier / dort")) }
                th scope="col" { (lang.say("Why", "Grund")) } th scope="col" { (zoned(lang.say("again", "wieder"))) }
            } }
            tbody { @for study in &progress.failures { tr {
                td.mono.uid data-label="UID" { (study.study) }
                td data-label=(lang.say("State", "Zustand")) { (study_state(lang, study)) }
                td.number data-label=(lang.say("Here / there", "Hier / dort")) { (number(study.here)) " / " (study.counted_there.map_or_else(|| "?".to_owned(), number)) }
                td data-label=(lang.say("Why", "Grund")) { (study.reason) }
                td data-label=(lang.say("again", "wieder")) { @match &study.again {
                    Some(at) => { (time(at)) }
                    None => { (lang.say(format!("given up after {} tries", study.tries), format!("aufgegeben nach {} Versuchen", study.tries))) }
                } }
            } } }
        } }
        @if more > 0 { p.small.soft { (lang.say(format!("and {} more: the report has them", number(more)), format!("und {} weitere: der Bericht hat sie", number(more)))) } }
    } } }
}

fn study_state(lang: Lang, study: &Study) -> Markup {
    match study.state.as_str() {
        "partly" => state(State::Warn, lang.say("partly taken", "teilweise übernommen")),
        _ => state(State::Stop, lang.say("failed", "fehlgeschlagen")),
    }
}

fn untold(lang: Lang, progress: &Progress) -> Markup {
    html! { @if let Some(count) = progress.untold_patients.filter(|count| *count > 0) { p.notice { (lang.say(
        format!("Of {} patients whose studies are here nobody has told: neither a message nor the list. The report names their studies.", number(count)),
        format!("Von {} Patienten, deren Studien hier sind, hat niemand etwas gesagt: weder eine Nachricht noch die Liste. Der Bericht nennt ihre Studien.", number(count)),
    )) } } }
}

fn course(lang: Lang, progress: &Progress) -> Markup {
    html! { @if !progress.course.is_empty() { section.card {
        h2 { (lang.say("Course", "Verlauf")) }
        div.table tabindex="0" { table.stack {
            thead { tr { th scope="col" { (zoned(lang.say("When", "Wann"))) } th scope="col" { (lang.say("What", "Was")) } th scope="col" { (lang.say("Program", "Programm")) } } }
            tbody { @for event in &progress.course { tr {
                td data-label=(lang.say("When", "Wann")) { (time(&event.at)) }
                td data-label=(lang.say("What", "Was")) { (event.what) " " span.soft { (event.note) } }
                td data-label=(lang.say("Program", "Programm")) { (event.program) }
            } } }
        } }
    } } }
}

/// What can be done; each asks before it does it.
fn acts(visitor: &Visitor, line: &Line) -> Markup {
    let lang = visitor.lang;
    let to = |what: &str| format!("{}/act?what={what}", address(&line.name));
    let runs = matches!(line.does, Does::Takes | Does::Checks | Does::Rests | Does::Waits);
    html! { p.acts {
        @if may_run(visitor) {
            @if runs { a.button href=(to("stop")) { (lang.say("Stop", "Anhalten")) } }
            @else { a.button href=(to("run")) { (lang.say("Take over", "Übernehmen")) } }
            @if line.given_up > 0 { a.button.plain href=(to("again")) { (lang.say("Try again what was given up", "Aufgegebenes noch einmal versuchen")) } }
            @if line.does != Does::Checks { a.button.plain href=(to("verify")) { (lang.say("Check", "Prüfen")) } }
        }
        @if may_order(visitor) { a.button.plain href=(to("first")) { (lang.say("Take something first", "Etwas vorziehen")) } }
        a.button.plain href={ (address(&line.name)) "/report" } { (lang.say("Report", "Bericht")) }
    } }
}
