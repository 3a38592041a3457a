//! The German names, as German hospitals say them: `german/segments.txt`, `german/types.txt`, `german/tables.txt`.
//!
//! They hold for a position whatever the version, unless a third column says for which; `=ID <name>` opens an entry,
//! `<position or code> <name>` follows.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::data::{Place, columns, lines, place};

/// Names of segments and fields, or of data types and components.
#[derive(Default)]
pub(super) struct Names {
    by_position: HashMap<(&'static str, u16), &'static str>,
    /// The few names that hold for some versions only.
    by_version: HashMap<(&'static str, u16), (&'static str, &'static str)>,
}

impl Names {
    /// The name at a position, at 0 that of the entry itself; empty where none is known.
    pub(super) fn name(&self, id: &str, position: u16, version: usize) -> &'static str {
        let special = self.by_version.get(&(id, position));
        let special =
            special.filter(|(range, _)| place(range, version) == Place::Within).map(|(_, name)| *name);
        special.or_else(|| self.by_position.get(&(id, position)).copied()).unwrap_or("")
    }
}

/// The names of segments and fields.
pub(super) fn segments() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| names(include_str!("german/segments.txt")))
}

/// The names of data types and components.
pub(super) fn types() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| names(include_str!("german/types.txt")))
}

/// The names of tables (code empty) and the texts of their codes.
pub(super) fn tables() -> &'static HashMap<(&'static str, &'static str), &'static str> {
    static TEXTS: OnceLock<HashMap<(&'static str, &'static str), &'static str>> = OnceLock::new();
    TEXTS.get_or_init(|| {
        let rows = rows(include_str!("german/tables.txt"));
        rows.map(|row| ((row.id, row.code), row.name)).collect()
    })
}

fn names(text: &'static str) -> Names {
    let mut names = Names::default();
    for row in rows(text) {
        let key = (row.id, row.code.parse().unwrap_or(0));
        if row.versions.is_empty() {
            names.by_position.insert(key, row.name);
        } else {
            names.by_version.insert(key, (row.versions, row.name));
        }
    }
    names
}

/// A row of a file of names; its code is empty for the entry itself.
pub(super) struct Row {
    pub(super) id: &'static str,
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    versions: &'static str,
}

/// The rows of a file of names.
pub(super) fn rows(text: &'static str) -> impl Iterator<Item = Row> {
    let mut current = "";
    lines(text).map(move |line| match line.strip_prefix('=') {
        Some(head) => {
            let [id, name] = columns(head);
            current = id;
            Row { id, code: "", name, versions: "" }
        }
        None => {
            let [code, name, versions] = columns(line);
            Row { id: current, code, name, versions }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Dictionary, Language, VERSIONS, nearest, table};
    use super::*;

    /// A name for something that does not exist would be a slip of the pen.
    #[test]
    fn every_name_is_of_something() {
        let dictionaries = VERSIONS.map(|name| Dictionary::new(nearest(name), None, Language::De));
        let knows = |id: &str, position: u16| {
            let position = usize::from(position);
            dictionaries.iter().any(|dictionary| match position {
                0 => dictionary.segment(id).is_some() || dictionary.data_type(id).is_some(),
                _ => dictionary.field(id, position).is_some() || dictionary.component(id, position).is_some(),
            })
        };
        for names in [segments(), types()] {
            for (id, position) in names.by_position.keys().chain(names.by_version.keys()) {
                assert!(knows(id, *position), "{id}-{position}");
            }
        }
        for ((id, code), text) in tables() {
            assert!(table(id).is_some(), "table {id}");
            assert!(!text.is_empty(), "{id} {code}");
        }
    }

    /// A code that the generated tables lack gets its English text in the supplement.
    #[test]
    fn no_code_is_known_in_german_alone() {
        let alone = tables().keys().filter(|(id, code)| {
            let value = table(id).and_then(|table| table.value(code));
            !code.is_empty() && value.is_some_and(|value| value.text.en.is_empty())
        });
        let mut alone: Vec<String> = alone.map(|(id, code)| format!("{id}:{code}")).collect();
        alone.sort();
        assert!(alone.is_empty(), "{alone:?}");
    }
}
