//! Results: ORU and OUL (HL7 v2.5.1 chapter 7).

mod observation;

use klinke_hl7v2::message::Segment;

use super::super::date;
use super::super::person::Case;
use super::super::reader::text;
use super::{Scene, count, filled, labelled, orders, phrase, shortened};
use observation::{Flag, Kind, Observation};

/// An OBR with what was observed.
struct Report<'a> {
    order: Option<Segment<'a>>,
    observations: Vec<Observation>,
}

pub(super) fn tell(scene: &Scene<'_, '_>) -> Vec<String> {
    let reports = reports(scene);
    if reports.is_empty() {
        return Vec::new();
    }
    let all: Vec<&Observation> = reports.iter().flat_map(|report| &report.observations).collect();
    let mut sentences = vec![opening(scene, &reports)];
    sentences.push(taken(scene, &reports));
    sentences.push(corrected(scene, &reports, &all));
    sentences.extend(findings(scene, &all));
    sentences.push(text_lines(scene, scene.say("Befundtext:", "Report:"), &all));
    sentences.push(attachments(scene, &all));
    sentences
}

/// What the OBX of a message about something else hold: text and attachments.
pub(super) fn contents(scene: &Scene<'_, '_>) -> Vec<String> {
    let reports = reports(scene);
    let all: Vec<&Observation> = reports.iter().flat_map(|report| &report.observations).collect();
    vec![text_lines(scene, "Text:", &all), attachments(scene, &all)]
}

fn reports<'a>(scene: &Scene<'_, 'a>) -> Vec<Report<'a>> {
    let mut reports: Vec<Report<'a>> = Vec::new();
    for segment in &scene.reader.segments {
        match segment.name() {
            "OBR" => reports.push(Report { order: Some(*segment), observations: Vec::new() }),
            "OBX" => {
                if reports.is_empty() {
                    reports.push(Report { order: None, observations: Vec::new() });
                }
                if let Some(report) = reports.last_mut() {
                    report.observations.push(Observation::of(scene.reader, segment));
                }
            }
            _ => {}
        }
    }
    reports
}

fn opening(scene: &Scene<'_, '_>, reports: &[Report<'_>]) -> String {
    let what: Vec<String> = reports.iter().map(|report| report_words(scene, report)).collect();
    let what = shortened(scene, filled(what), 6);
    let opening = if scene.reader.is_german() {
        phrase(["Für", &scene.patient.within(Case::Accusative), "liegen Ergebnisse vor"])
    } else {
        phrase(["There are results for", &scene.patient.at_end(Case::Accusative)])
    };
    if what.is_empty() { opening } else { format!("{opening}: {what}") }
}

fn report_words(scene: &Scene<'_, '_>, report: &Report<'_>) -> String {
    let name = report.order.as_ref().map(|obr| orders::service(scene, obr)).unwrap_or_default();
    let values = report.observations.iter().filter(|it| matches!(it.kind, Kind::Value | Kind::Code)).count();
    let values = if values == 0 {
        String::new()
    } else {
        count(values, scene.say("Wert", "value"), scene.say("Werte", "values"))
    };
    let details = filled([values, status(scene, report)]).join(", ");
    match (name.is_empty(), details.is_empty()) {
        (true, _) => details,
        (false, true) => name,
        (false, false) => format!("{name} ({details})"),
    }
}

/// OBR-25, else the state that all observations share.
fn status(scene: &Scene<'_, '_>, report: &Report<'_>) -> String {
    let mut code = report.order.map(|obr| text(&obr, 25, 1)).unwrap_or_default();
    if code.is_empty() {
        code = report.observations.first().map(|first| first.status.clone()).unwrap_or_default();
        if report.observations.iter().any(|observation| observation.status != code) {
            return String::new();
        }
    }
    match code.as_str() {
        "F" => scene.say("endgültig", "final").to_owned(),
        "P" => scene.say("vorläufig", "preliminary").to_owned(),
        "C" => scene.say("korrigiert", "corrected").to_owned(),
        "A" => scene.say("teilweise vorhanden", "partial").to_owned(),
        "X" => scene.say("nicht durchführbar", "cannot be obtained").to_owned(),
        _ => scene.reader.meaning("0123", &code),
    }
}

fn taken(scene: &Scene<'_, '_>, reports: &[Report<'_>]) -> String {
    let times = reports.iter().filter_map(|report| date::read(&text(&report.order?, 7, 1)));
    let mut times: Vec<_> = times.map(|at| date::plain(&at, scene.reader.language)).collect();
    times.dedup();
    let [time] = times.as_slice() else { return String::new() };
    let obr = reports.iter().find_map(|report| report.order);
    let is_specimen = scene.reader.first("SPM").is_some()
        || obr.is_some_and(|obr| {
            !text(&obr, 15, 1).is_empty()
                || matches!(text(&obr, 24, 1).as_str(), "LAB" | "HM" | "CH" | "MB" | "SR" | "BLB")
        });
    match (is_specimen, scene.reader.is_german()) {
        (true, true) => format!("Probe vom {time}"),
        (true, false) => format!("Specimen taken on {time}"),
        (false, true) => format!("Erhoben am {time}"),
        (false, false) => format!("Observed on {time}"),
    }
}

fn corrected(scene: &Scene<'_, '_>, reports: &[Report<'_>], all: &[&Observation]) -> String {
    let with = |codes: &[&str]| {
        let found = all.iter().filter(|it| codes.contains(&it.status.as_str()));
        shortened(scene, filled(found.map(|it| it.name.clone())), 6)
    };
    let (changed, withdrawn) = (with(&["C"]), with(&["D", "W"]));
    let is_corrected = reports.iter().any(|report| report.order.is_some_and(|obr| text(&obr, 25, 1) == "C"));
    let warning = match (changed.is_empty(), is_corrected) {
        (false, _) => labelled(
            scene.say(
                "Achtung, korrigiert gegenüber dem früheren Befund:",
                "Attention, corrected since the earlier report:",
            ),
            &changed,
        ),
        (true, true) => scene
            .say(
                "Achtung, dieser Befund ersetzt einen früheren",
                "Attention, this report replaces an earlier one",
            )
            .to_owned(),
        (true, false) => String::new(),
    };
    let withdrawn = labelled(scene.say("Zurückgezogen:", "Withdrawn:"), &withdrawn);
    filled([warning, withdrawn].map(|text| super::sentence(&text))).join(" ")
}

/// What a reader looks for first: germs and their resistances, then values out of range.
fn findings(scene: &Scene<'_, '_>, all: &[&Observation]) -> Vec<String> {
    let valid: Vec<&Observation> =
        all.iter().copied().filter(|it| !matches!(it.status.as_str(), "D" | "W" | "X" | "O" | "N")).collect();
    let with = |wanted: fn(&Flag) -> bool| valid.iter().filter(move |it| wanted(&it.flag));
    let is_microbiology =
        with(|flag| matches!(flag, Flag::Susceptible | Flag::Intermediate | Flag::Resistant))
            .next()
            .is_some();
    let mut sentences = Vec::new();
    if is_microbiology {
        let germs =
            valid.iter().filter(|it| it.kind == Kind::Code && matches!(it.flag, Flag::None | Flag::Abnormal));
        let germs: Vec<String> = germs.map(|it| it.value.clone()).collect();
        sentences.push(labelled(scene.say("Nachgewiesen:", "Found:"), &shortened(scene, germs, 6)));
        let drugs = |wanted| with(wanted).map(|it: &&Observation| it.name.clone()).collect();
        let drugs = |wanted| shortened(scene, drugs(wanted), 30);
        sentences.push(labelled(
            scene.say("Empfindlich auf:", "Susceptible to:"),
            &drugs(|flag| *flag == Flag::Susceptible),
        ));
        sentences.push(labelled(
            scene.say("Intermediär:", "Intermediate:"),
            &drugs(|flag| *flag == Flag::Intermediate),
        ));
        sentences.push(labelled(
            scene.say("Resistent gegen:", "Resistant to:"),
            &drugs(|flag| *flag == Flag::Resistant),
        ));
        return sentences;
    }
    let values: Vec<&&Observation> =
        valid.iter().filter(|it| matches!(it.kind, Kind::Value | Kind::Code)).collect();
    let abnormal: Vec<String> = with(|flag| *flag == Flag::Abnormal)
        .filter(|it| matches!(it.kind, Kind::Value | Kind::Code))
        .map(|it| it.words(scene.reader))
        .collect();
    let has_flags = values.iter().any(|it| it.flag != Flag::None);
    if !abnormal.is_empty() {
        sentences
            .push(labelled(scene.say("Auffällig:", "Abnormal:"), &shortened(scene, abnormal.clone(), 12)));
    } else if has_flags && values.len() > 1 {
        sentences.push(
            scene.say("Kein Wert ist als auffällig markiert", "No value is marked as abnormal").to_owned(),
        );
    }
    let others = values.len().saturating_sub(abnormal.len());
    if others > 0 && values.len() <= 6 {
        let rest = values.iter().filter(|it| it.flag != Flag::Abnormal).map(|it| it.words(scene.reader));
        let label = if abnormal.is_empty() {
            scene.say("Werte:", "Values:")
        } else {
            scene.say("Weitere Werte:", "Other values:")
        };
        sentences.push(labelled(label, &filled(rest).join("; ")));
    }
    sentences
}

/// The first lines of what is written in words.
fn text_lines(scene: &Scene<'_, '_>, label: &str, all: &[&Observation]) -> String {
    const LINES: usize = 4;
    const CHARACTERS: usize = 300;
    let texts = all.iter().filter(|it| it.kind == Kind::Text);
    let lines: Vec<&str> =
        texts.flat_map(|it| it.value.lines()).map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return String::new();
    }
    let whole = lines[..lines.len().min(LINES)].join(" / ");
    let shown: String = whole.chars().take(CHARACTERS).collect();
    let more = if lines.len() > LINES || shown.len() < whole.len() { " …" } else { "" };
    if scene.reader.is_german() {
        format!("{label} „{shown}{more}“")
    } else {
        format!("{label} “{shown}{more}”")
    }
}

fn attachments(scene: &Scene<'_, '_>, all: &[&Observation]) -> String {
    let documents: Vec<String> =
        all.iter().filter(|it| it.kind == Kind::Document).map(|it| it.value.clone()).collect();
    labelled(scene.say("Im Anhang:", "Attached:"), &shortened(scene, documents, 5))
}
