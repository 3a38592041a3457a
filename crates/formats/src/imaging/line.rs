//! Segments of HL7 v2 as they are written, field by field.

use klinke_hl7v2::{Delimiters, escape};

/// A segment that is being written.
pub(super) struct Line {
    fields: Vec<String>,
}

impl Line {
    /// A segment of this name.
    pub fn new(name: &str) -> Self {
        Line { fields: vec![name.to_owned()] }
    }

    /// Sets a field to a text.
    #[must_use]
    pub fn put(self, number: usize, text: &str) -> Self {
        self.raw(number, escaped(text))
    }

    /// Sets a field to components; empty ones at the end are left out.
    #[must_use]
    pub fn parts<T: AsRef<str>>(self, number: usize, parts: impl IntoIterator<Item = T>) -> Self {
        let written = joined(parts);
        self.raw(number, written)
    }

    /// Sets a field to what is written already.
    #[must_use]
    pub fn raw(mut self, number: usize, written: String) -> Self {
        if !written.is_empty() {
            if self.fields.len() <= number {
                self.fields.resize(number + 1, String::new());
            }
            self.fields[number] = written;
        }
        self
    }

    /// As it stands in a message.
    pub fn written(&self) -> String {
        self.fields.join("|") + "\r"
    }
}

/// Components of a field.
pub(super) fn joined<T: AsRef<str>>(parts: impl IntoIterator<Item = T>) -> String {
    let parts: Vec<String> = parts.into_iter().map(|part| escaped(part.as_ref())).collect();
    parts.join("^").trim_end_matches('^').to_owned()
}

/// A text within a field, its lines kept as line breaks of formatted text.
pub(super) fn escaped(text: &str) -> String {
    let lines = text.split("\r\n").flat_map(|part| part.split(['\r', '\n']));
    lines.map(one_line).collect::<Vec<_>>().join("\\.br\\")
}

fn one_line(line: &str) -> String {
    let plain: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    escape::escape(&plain, &Delimiters::default()).map(std::borrow::Cow::into_owned).unwrap_or_default()
}
