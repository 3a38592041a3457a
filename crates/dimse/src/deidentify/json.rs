//! Reports as JSON (RFC 8259), in the order of tags.

use std::fmt::Write as _;

use dicom_core::Tag;

use super::report::{Outcome, Pixels, Quarantine, Report, Summary};
use crate::dictionary;

impl Report {
    /// The report as JSON.
    pub fn to_json(&self) -> String {
        let mut object = Object::new();
        object.text("instance", &self.instance);
        object.text("study", &self.study);
        let options: Vec<String> = self.options.iter().map(|option| quoted(option.name())).collect();
        object.raw("options", &list(&options));
        object.raw("elements", &elements(self.elements.iter().map(|(key, count)| (key, u64::from(*count)))));
        object.raw("uids_changed", &self.uids_changed.to_string());
        object.raw("private_removed", &self.private_removed.to_string());
        object.raw("private_retained", &self.private_retained.to_string());
        object.raw("pixels", &self.pixels.as_ref().map_or_else(|| "null".to_owned(), pixels));
        let reasons: Vec<String> = self.quarantine.iter().map(reason).collect();
        object.raw("quarantine", &list(&reasons));
        object.end()
    }
}

impl Summary {
    /// The sum as JSON.
    pub fn to_json(&self) -> String {
        let mut object = Object::new();
        object.raw("instances", &self.instances.to_string());
        object.raw("elements", &elements(self.elements.iter().map(|(key, count)| (key, *count))));
        object.raw("uids_changed", &self.uids_changed.to_string());
        object.raw("private_removed", &self.private_removed.to_string());
        object.raw("private_retained", &self.private_retained.to_string());
        object.raw("pixels_changed", &self.pixels_changed.to_string());
        let mut reasons = Object::new();
        self.quarantine.iter().for_each(|(name, count)| reasons.raw(name, &count.to_string()));
        object.raw("quarantine", &reasons.end());
        let instances: Vec<String> = self.quarantined.iter().map(|uid| quoted(uid)).collect();
        object.raw("quarantined", &list(&instances));
        object.end()
    }
}

fn elements<'a>(all: impl Iterator<Item = (&'a (Tag, Outcome), u64)>) -> String {
    let one = |((tag, outcome), count): (&(Tag, Outcome), u64)| {
        let mut object = Object::new();
        object.text("tag", &format!("{:04X}{:04X}", tag.0, tag.1));
        object.text("keyword", dictionary::keyword(*tag).unwrap_or_default());
        object.text("outcome", outcome.name());
        if let Outcome::Retained(option) = outcome {
            object.text("option", option.name());
        }
        object.raw("count", &count.to_string());
        object.end()
    };
    list(&all.map(one).collect::<Vec<_>>())
}

fn pixels(pixels: &Pixels) -> String {
    let mut object = Object::new();
    object.raw("frames", &pixels.frames.to_string());
    object.raw("rectangles", &pixels.rectangles.to_string());
    object.raw("outside_regions", &pixels.outside_regions.to_string());
    object.raw("unused_bits", &pixels.unused_bits.to_string());
    object.text("from", &pixels.from);
    object.text("to", &pixels.to);
    object.raw("was_lossy", &pixels.was_lossy.to_string());
    object.end()
}

fn reason(why: &Quarantine) -> String {
    let mut object = Object::new();
    object.text("reason", why.name());
    if let Quarantine::Pixels(sentence) = why {
        object.text("detail", sentence);
    }
    object.end()
}

struct Object {
    text: String,
}

impl Object {
    fn new() -> Self {
        Object { text: "{".to_owned() }
    }

    fn raw(&mut self, name: &str, value: &str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push_str(&quoted(name));
        self.text.push(':');
        self.text.push_str(value);
    }

    fn text(&mut self, name: &str, value: &str) {
        self.raw(name, &quoted(value));
    }

    fn end(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

fn list(values: &[String]) -> String {
    format!("[{}]", values.join(","))
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
