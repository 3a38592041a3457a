//! Tables of codes (appendix A). One set serves all versions: a code that any version knows is known.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use super::data::{self, columns, lines};
use super::german;
use super::text::{Language, Name};

/// A table of codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Identifier: four digits, or a name of the site's own.
    pub id: Cow<'static, str>,
    /// Its name.
    pub name: Name,
    /// Its values in the order of their codes; empty for a table that the standard leaves to the site.
    pub values: Vec<TableValue>,
}

/// One code of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableValue {
    /// The code as it stands in a message.
    pub code: Cow<'static, str>,
    /// What it means; may be empty.
    pub text: Name,
}

impl Table {
    /// The value of a code; where no code is spelt alike, one that differs in capitals only (`BOOKED`, `Booked`).
    #[must_use]
    pub fn value(&self, code: &str) -> Option<&TableValue> {
        match self.values.binary_search_by(|value| value.code.as_ref().cmp(code)) {
            Ok(index) => Some(&self.values[index]),
            Err(_) => self.values.iter().find(|value| value.code.eq_ignore_ascii_case(code)),
        }
    }

    /// What a code means, in this language, English where it has no other; none for an unknown code and for one
    /// that is known without a text.
    #[must_use]
    pub fn text(&self, code: &str, language: Language) -> Option<&str> {
        self.value(code).map(|value| value.text.text(language)).filter(|text| !text.is_empty())
    }

    /// The name in this language, English where it has no other.
    #[must_use]
    pub fn name(&self, language: Language) -> &str {
        self.name.text(language)
    }

    /// Puts values in order and keeps the last of those with the same code.
    pub(super) fn sort(&mut self) {
        self.values.reverse();
        self.values.sort_by(|left, right| left.code.cmp(&right.code));
        self.values.dedup_by(|later, earlier| later.code == earlier.code);
    }
}

/// The table with this number: `0001`, `1` and `HL70001` are the same.
#[must_use]
pub fn table(id: &str) -> Option<&'static Table> {
    static TABLES: OnceLock<HashMap<u16, Table>> = OnceLock::new();
    let number: u16 = id.trim().trim_start_matches("HL7").parse().ok()?;
    TABLES.get_or_init(load).get(&number)
}

fn load() -> HashMap<u16, Table> {
    let german = german::tables();
    let more: HashMap<_, _> =
        german::rows(data::MORE_TEXTS).map(|row| ((row.id, row.code), row.name)).collect();
    let german_text = |id: &'static str, code: &'static str| german.get(&(id, code)).copied().unwrap_or("");
    let mut tables = Vec::new();
    for line in lines(data::TABLES) {
        match (line.strip_prefix('='), tables.last_mut()) {
            (Some(head), _) => {
                let [id, name] = columns(head);
                tables.push((
                    id,
                    Table { id: id.into(), name: Name::new(name, german_text(id, "")), values: Vec::new() },
                ));
            }
            (None, Some((id, table))) => {
                let [code, text] = columns(line);
                let text = more.get(&(*id, code)).copied().unwrap_or(text);
                table
                    .values
                    .push(TableValue { code: code.into(), text: Name::new(text, german_text(id, code)) });
            }
            (None, None) => {}
        }
    }
    add_codes(
        &mut tables,
        more.iter().map(|((id, code), text)| (*id, *code, Name::new(*text, german_text(id, code)))),
    );
    add_codes(&mut tables, german.iter().map(|((id, code), text)| (*id, *code, Name::new("", *text))));
    let by_number = tables.into_iter().filter_map(|(id, mut table)| {
        table.sort();
        Some((id.parse().ok()?, table))
    });
    by_number.collect()
}

/// Adds codes that the generated file lacks, those of user-defined tables above all.
fn add_codes(
    tables: &mut [(&'static str, Table)],
    codes: impl Iterator<Item = (&'static str, &'static str, Name)>,
) {
    let known: HashMap<&str, usize> =
        tables.iter().enumerate().map(|(index, (id, _))| (*id, index)).collect();
    for (id, code, text) in codes {
        let Some(index) = known.get(id).filter(|_| !code.is_empty()) else { continue };
        let values = &mut tables[*index].1.values;
        if !values.iter().any(|value| value.code == code) {
            values.push(TableValue { code: code.into(), text });
        }
    }
}
