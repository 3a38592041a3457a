//! An explanation as text for a terminal, in aligned columns.

use super::{Explanation, MessageWords, SegmentWords, Weight};
use klinke_hl7v2::definitions::Language;

/// Widest line of running text, in characters.
const WIDTH: usize = 100;
/// Widest column of names.
const NAMES_MAX: usize = 40;

struct Paint {
    colour: bool,
}

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn bold(&self, text: &str) -> String {
        self.with("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.with("2", text)
    }

    fn yellow(&self, text: &str) -> String {
        self.with("33", text)
    }
}

/// Writes the whole of it.
pub(super) fn write(explanation: &Explanation, colour: bool) -> String {
    let paint = Paint { colour };
    let mut out = String::new();
    wrapped(&mut out, &explanation.summary, "", "");
    for note in &explanation.notes {
        wrapped(&mut out, note, "  ", "  ");
    }
    segments(&mut out, &paint, &explanation.frame);
    let is_alone = explanation.messages.len() == 1 && explanation.frame.is_empty();
    for (index, message) in explanation.messages.iter().enumerate() {
        if !is_alone {
            let number = format!("{}. {}", index + 1, message.title);
            out.push_str(&format!("\n{}\n", paint.bold(&clean(&number))));
            wrapped(&mut out, &message.summary, "", "");
            message_notes(&mut out, message);
        }
        segments(&mut out, &paint, &message.segments);
    }
    deviations(&mut out, &paint, explanation);
    out
}

fn message_notes(out: &mut String, message: &MessageWords) {
    for note in &message.notes {
        wrapped(out, note, "  ", "  ");
    }
}

fn segments(out: &mut String, paint: &Paint, segments: &[SegmentWords]) {
    for segment in segments {
        let group = if segment.group.is_empty() { String::new() } else { format!("  {}", segment.group) };
        let head = format!("{}  {}", segment.path, segment.name);
        out.push_str(&format!("\n{}{}\n", paint.bold(clean(&head).trim_end()), paint.dim(&clean(&group))));
        let rows = segment.fields.iter().flat_map(|field| {
            let of_field = (0, field.path.as_str(), field.name.as_str(), field.text.as_str());
            let components = field.components.iter();
            let components =
                components.map(|part| (1, part.path.as_str(), part.name.as_str(), part.text.as_str()));
            std::iter::once(of_field).chain(components)
        });
        let rows: Vec<_> = rows.collect();
        let paths = rows.iter().map(|row| row.1.chars().count()).max().unwrap_or(0);
        let names =
            rows.iter().map(|row| 2 * row.0 + row.2.chars().count()).max().unwrap_or(0).min(NAMES_MAX);
        for (depth, path, name, text) in rows {
            let indent = "  ".repeat(depth);
            let name = cut(&format!("{indent}{}", clean(name)), names);
            let line = format!("  {path:<paths$}  {name:<names$}  {}", clean(text));
            let line = line.trim_end();
            out.push_str(&if depth > 0 { paint.dim(line) } else { line.to_owned() });
            out.push('\n');
        }
    }
}

fn deviations(out: &mut String, paint: &Paint, explanation: &Explanation) {
    if explanation.deviations.is_empty() {
        return;
    }
    let german = explanation.language() == Language::De;
    let head = if german { "Abweichungen vom Standard" } else { "Deviations from the standard" };
    out.push_str(&format!("\n{}\n", paint.bold(head)));
    let width = explanation.deviations.iter().map(|it| it.place.chars().count()).max().unwrap_or(0);
    for deviation in &explanation.deviations {
        let often = match (deviation.count, german) {
            (0 | 1, _) => String::new(),
            (count, true) => format!(" {count}-mal."),
            (count, false) => format!(" {count} times."),
        };
        let weight = match (deviation.weight, german) {
            (Weight::Harmless, true) => paint.dim("harmlos"),
            (Weight::Harmless, false) => paint.dim("harmless"),
            (Weight::WorthALook, true) => paint.yellow("ansehen"),
            (Weight::WorthALook, false) => paint.yellow("look at"),
        };
        let pad = if deviation.weight == Weight::WorthALook && !german { " " } else { "" };
        let line = format!(
            "  {weight}{pad}  {:<width$}  {}{often} {}",
            clean(&deviation.place),
            clean(&deviation.text),
            paint.dim(&format!("[{}]", deviation.code))
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// No control character of a message reaches the terminal.
fn clean(text: &str) -> String {
    text.replace(|letter: char| letter.is_control(), " ")
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// Breaks running text at spaces.
fn wrapped(out: &mut String, text: &str, first: &str, next: &str) {
    let mut line = first.to_owned();
    let mut width = first.chars().count();
    let mut is_empty = true;
    for word in clean(text).split_whitespace() {
        let length = word.chars().count();
        if !is_empty && width + 1 + length > WIDTH {
            out.push_str(line.trim_end());
            out.push('\n');
            line = next.to_owned();
            width = next.chars().count();
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
            width += 1;
        }
        line.push_str(word);
        width += length;
        is_empty = false;
    }
    out.push_str(line.trim_end());
    out.push('\n');
}
