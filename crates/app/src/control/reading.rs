//! An envelope made readable: in plain words, and its fields stage by stage.

use anyhow::{Context, Result};
use klinke_console::house::reading::{Cell, Change, Line, PAYLOAD_SHOWN_MAX, Reading, Sheet, Words};
use klinke_console::house::view::{Message as View, Stage};
use klinke_console::house::{decode, encode};
use klinke_formats::explain;
use klinke_hl7v2::Message;
use klinke_hl7v2::definitions::Language;
use klinke_model::EnvelopeId;

use super::answer::Counter;
use super::show;

/// Lines of a sheet at most.
const LINES_MAX: usize = 2_000;

/// Everything that the page of one envelope shows.
pub fn reading(counter: &Counter, id: EnvelopeId, lang: &str) -> Result<Reading> {
    let mut message = show::message(counter, id)?;
    let stages: Vec<(String, Vec<Vec<u8>>)> = message.stages.iter().map(bytes).collect::<Result<_>>()?;
    let language = if lang == "de" { Language::De } else { Language::En };
    let first = stages.first().and_then(|(_, payloads)| payloads.first());
    let words = first.and_then(|payload| words(counter, payload, &message.line.system, language));
    let sheets = sheets(&stages);
    cut(&mut message, &stages);
    Ok(Reading { message, words, sheets })
}

/// The payloads of one stage, whole.
pub fn payload(counter: &Counter, id: EnvelopeId, stage: &str) -> Result<Stage> {
    let message = show::message(counter, id)?;
    let found = message.stages.into_iter().find(|one| one.name == stage);
    found.with_context(|| format!("there is no stage `{stage}` of envelope {id}"))
}

fn bytes(stage: &Stage) -> Result<(String, Vec<Vec<u8>>)> {
    let payloads = stage.payloads.iter().map(|payload| decode(payload));
    Ok((stage.name.clone(), payloads.collect::<Result<_, _>>()?))
}

fn words(counter: &Counter, payload: &[u8], system: &str, language: Language) -> Option<Words> {
    let files = counter.files();
    let charset = files.charset(system);
    let explained = explain::explain(payload, Some(&files.local), charset, language).ok()?;
    // The explanation's own form is what `klinke explain --json` gives; the page reads of it what it shows.
    serde_json::from_value(serde_json::to_value(explained).ok()?).ok()
}

/// Long payloads are cut; they can be had whole by [`payload`].
fn cut(message: &mut View, stages: &[(String, Vec<Vec<u8>>)]) {
    for (stage, (_, payloads)) in message.stages.iter_mut().zip(stages) {
        for (text, payload) in stage.payloads.iter_mut().zip(payloads) {
            if payload.len() > PAYLOAD_SHOWN_MAX {
                *text = encode(&payload[..PAYLOAD_SHOWN_MAX]);
            }
        }
    }
}

/// The sheets of all stages, each held against the first payload of the stage before.
fn sheets(stages: &[(String, Vec<Vec<u8>>)]) -> Vec<Sheet> {
    let mut sheets: Vec<Sheet> = Vec::new();
    let mut before: Option<Vec<Line>> = None;
    for (name, payloads) in stages {
        let start = sheets.len();
        for payload in payloads {
            let (mut lines, more) = lines(payload);
            if let Some(before) = &before {
                mark(&mut lines, before);
            }
            sheets.push(Sheet { stage: name.clone(), size: payload.len() as u64, lines, cut: more });
        }
        if let Some(first) = sheets.get(start) {
            before = Some(first.lines.clone());
        }
    }
    sheets
}

/// A payload as lines, and whether there are more: segments and fields of HL7 v2, else lines of text.
fn lines(payload: &[u8]) -> (Vec<Line>, bool) {
    let shown = &payload[..payload.len().min(PAYLOAD_SHOWN_MAX)];
    let Ok(message) = Message::parse(shown.to_vec()) else {
        let text = String::from_utf8_lossy(shown);
        let all = text.lines().take(LINES_MAX).map(|line| Line {
            cells: vec![Cell { text: line.to_owned(), ..Cell::default() }],
            ..Line::default()
        });
        return (all.collect(), text.lines().count() > LINES_MAX || shown.len() < payload.len());
    };
    let charset = message.charset().charset;
    let line = |segment: klinke_hl7v2::message::Segment<'_>| {
        let name = segment.name();
        let path = if segment.occurrence() > 1 {
            format!("{name}[{}]", segment.occurrence())
        } else {
            name.to_owned()
        };
        let mut cells = vec![Cell { path: path.clone(), text: name.to_owned(), changed: false }];
        // A header counts its separator as its first field; it stands between the cells anyway.
        let fields = segment.fields().filter(|(number, _)| !(segment.is_header() && *number == 1));
        cells.extend(fields.map(|(number, field)| Cell {
            path: format!("{path}-{number}"),
            text: charset.decode(field.raw()).into_owned(),
            changed: false,
        }));
        Line { path, change: Change::Same, cells }
    };
    let all: Vec<Line> = message.segments().take(LINES_MAX).map(line).collect();
    let more = message.segments().count() > LINES_MAX || shown.len() < payload.len();
    (all, more)
}

/// Marks what differs from the stage before.
fn mark(lines: &mut [Line], before: &[Line]) {
    let known: std::collections::HashMap<&str, &Line> =
        before.iter().map(|line| (line.path.as_str(), line)).collect();
    for (at, line) in lines.iter_mut().enumerate() {
        // Lines without a name are known by their place.
        let old = if line.path.is_empty() { before.get(at) } else { known.get(line.path.as_str()).copied() };
        let Some(old) = old else {
            line.change = Change::New;
            continue;
        };
        for (number, cell) in line.cells.iter_mut().enumerate() {
            let text = old.cells.get(number).map_or("", |cell| cell.text.as_str());
            cell.changed = text != cell.text;
        }
        // What was there and is gone shows as an empty cell.
        for gone in old.cells.iter().skip(line.cells.len()) {
            if !gone.text.is_empty() {
                line.cells.push(Cell { path: gone.path.clone(), text: String::new(), changed: true });
            }
        }
        if line.cells.iter().any(|cell| cell.changed) {
            line.change = Change::Changed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "MSH|^~\\&|A|B|||2026||ADT^A01|1|P|2.5\rPID|1||4711||X^Y\rPV1|1|I|3B^12\r";

    fn marked(new: &str) -> Vec<String> {
        let stage = |name: &str, text: &str| (name.to_owned(), vec![text.as_bytes().to_vec()]);
        let sheets = sheets(&[stage("received", OLD), stage("step 1: set", new)]);
        let changed = sheets[1].lines.iter().flat_map(|line| match line.change {
            Change::New => vec![format!("+{}", line.path)],
            _ => line.cells.iter().filter(|cell| cell.changed).map(|cell| cell.path.clone()).collect(),
        });
        changed.collect()
    }

    #[test]
    fn what_a_step_changed_is_marked_and_nothing_else() {
        assert!(marked(OLD).is_empty());
        assert_eq!(marked(&OLD.replace("3B^12", "3B-12")), ["PV1-3"]);
        assert_eq!(marked(&OLD.replace("|A|B|", "|A|C|")), ["MSH-4"]);
        assert_eq!(marked(&OLD.replace("|X^Y\r", "\r")), ["PID-5"]);
        assert_eq!(marked(&format!("{OLD}ZBE|1\r")), ["+ZBE"]);
    }

    #[test]
    fn what_is_no_hl7_is_shown_by_line() {
        let (lines, more) = lines(b"one\ntwo\n");
        assert_eq!((lines.len(), more), (2, false));
    }
}
