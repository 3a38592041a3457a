//! Reading a step's table: every fault names its key.

use std::fmt;
use std::sync::Arc;

use crate::document::Path;
use crate::table::{Table, Tables};
use crate::template::{Surroundings, Template};

/// What a step is made of, as its table in the site's file says it.
pub type Spec = toml::Value;

/// Why a step's table is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {text}")]
pub struct SpecError {
    /// The key it is about, from the step's own table on.
    pub key: KeyPath,
    /// What is wrong, and what would be right.
    pub text: String,
}

/// The way to a key: names of keys and `[n]` for the n-th of a list, from 0. Prints as TOML writes it
/// (`set."PID-2"`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPath(pub Vec<String>);

impl SpecError {
    /// An error at a key.
    pub fn at(key: &str, text: impl Into<String>) -> Self {
        SpecError { key: KeyPath(vec![key.to_owned()]), text: text.into() }
    }

    /// An error about the whole of what is read.
    pub fn here(text: impl Into<String>) -> Self {
        SpecError { key: KeyPath::default(), text: text.into() }
    }

    /// The same error, seen from the table around.
    #[must_use]
    pub fn under(mut self, key: &str) -> Self {
        self.key.0.insert(0, key.to_owned());
        self
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, key) in self.0.iter().enumerate() {
            let bare = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            let index = key.starts_with('[') && key.ends_with(']');
            if at > 0 && !index {
                f.write_str(".")?;
            }
            if (bare && !key.is_empty()) || index { f.write_str(key)? } else { write!(f, "{key:?}")? }
        }
        if self.0.is_empty() { f.write_str("step") } else { Ok(()) }
    }
}

/// A table being read: whatever is not taken in the end is a key that does not exist.
#[derive(Debug)]
pub struct Reader<'a> {
    table: &'a toml::Table,
    known: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    /// Reads a table; an error when the value is none.
    pub fn new(spec: &'a Spec) -> Result<Self, SpecError> {
        match spec {
            toml::Value::Table(table) => Ok(Reader { table, known: Vec::new() }),
            other => Err(SpecError::here(format!("a table is expected, not {}", what(other)))),
        }
    }

    /// The value of a key, if it is there.
    pub fn value(&mut self, key: &'static str) -> Option<&'a Spec> {
        self.known.push(key);
        self.table.get(key)
    }

    /// Reads the value of a key by a function, if it is there; faults name the key.
    pub fn with<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&'a Spec) -> Result<T, SpecError>,
    ) -> Result<Option<T>, SpecError> {
        self.value(key).map(|value| read(value).map_err(|error| error.under(key))).transpose()
    }

    /// The same for a key that must be there.
    pub fn need<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&'a Spec) -> Result<T, SpecError>,
    ) -> Result<T, SpecError> {
        self.with(key, read)?.ok_or_else(|| SpecError::here(format!("the key `{key}` is missing")))
    }

    /// One of several words, `default` when it is not said.
    pub fn word(
        &mut self,
        key: &'static str,
        words: &[&'static str],
        default: &'static str,
    ) -> Result<&'static str, SpecError> {
        let found = self.with(key, |value| {
            let word = text(value)?;
            words
                .iter()
                .copied()
                .find(|known| *known == word)
                .ok_or_else(|| SpecError::here(format!("`{word}` is none of {}", words.join(", "))))
        })?;
        Ok(found.unwrap_or(default))
    }

    /// True or false, false when it is not said.
    pub fn flag(&mut self, key: &'static str) -> Result<bool, SpecError> {
        Ok(self.with(key, flag)?.unwrap_or(false))
    }

    /// Ends the reading: an error when the table has a key that nobody asked for.
    pub fn end(self) -> Result<(), SpecError> {
        for key in self.table.keys() {
            if !self.known.contains(&key.as_str()) {
                let near = nearest(key, self.known.iter().copied());
                let hint = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are {}", self.known.join(", ")),
                };
                return Err(SpecError::at(key, format!("this key does not exist; {hint}")));
            }
        }
        Ok(())
    }
}

/// What kind of value it is, in words.
pub fn what(spec: &Spec) -> &'static str {
    match spec {
        toml::Value::String(_) => "text",
        toml::Value::Integer(_) | toml::Value::Float(_) => "a number",
        toml::Value::Boolean(_) => "true or false",
        toml::Value::Datetime(_) => "a date",
        toml::Value::Array(_) => "a list",
        toml::Value::Table(_) => "a table",
    }
}

/// A text; numbers count as text too.
pub fn text(spec: &Spec) -> Result<String, SpecError> {
    match spec {
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Float(number) => Ok(number.to_string()),
        other => Err(SpecError::here(format!("text is expected, not {}", what(other)))),
    }
}

/// True or false.
pub fn flag(spec: &Spec) -> Result<bool, SpecError> {
    spec.as_bool().ok_or_else(|| SpecError::here(format!("true or false is expected, not {}", what(spec))))
}

/// A whole number from `least` to `most`.
pub fn number(spec: &Spec, least: i64, most: i64) -> Result<i64, SpecError> {
    match spec.as_integer() {
        Some(number) if (least..=most).contains(&number) => Ok(number),
        Some(_) => Err(SpecError::here(format!("a number from {least} to {most} is expected"))),
        None => Err(SpecError::here(format!("a whole number is expected, not {}", what(spec)))),
    }
}

/// One value or a list of them.
pub fn one_or_list<'a, T>(
    spec: &'a Spec,
    mut read: impl FnMut(&'a Spec) -> Result<T, SpecError>,
) -> Result<Vec<T>, SpecError> {
    match spec {
        toml::Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(at, one)| read(one).map_err(|error| error.under(&format!("[{at}]"))))
            .collect(),
        one => Ok(vec![read(one)?]),
    }
}

/// The entries of a table in the file's order.
pub fn entries<'a, T>(
    spec: &'a Spec,
    mut read: impl FnMut(&'a str, &'a Spec) -> Result<T, SpecError>,
) -> Result<Vec<T>, SpecError> {
    let toml::Value::Table(table) = spec else {
        return Err(SpecError::here(format!("a table is expected, not {}", what(spec))));
    };
    if table.is_empty() {
        return Err(SpecError::here("the table is empty"));
    }
    table.iter().map(|(key, value)| read(key, value).map_err(|error| error.under(key))).collect()
}

/// A path of the format.
pub fn path(spec: &Spec, surroundings: &Surroundings<'_>) -> Result<Path, SpecError> {
    path_of(&text(spec)?, surroundings)
}

/// A path that is already a text.
pub fn path_of(text: &str, surroundings: &Surroundings<'_>) -> Result<Path, SpecError> {
    surroundings.format.path(text).map_err(|error| SpecError::here(error.to_string()))
}

/// A template.
pub fn template(spec: &Spec, surroundings: &Surroundings<'_>) -> Result<Template, SpecError> {
    Template::compile(&text(spec)?, surroundings).map_err(|error| SpecError::here(error.to_string()))
}

/// A table of the site and one of its columns, the usual one when none is named.
pub(crate) fn find_table(
    tables: &Tables,
    name: &str,
    column: Option<&str>,
) -> Result<(Arc<Table>, usize), String> {
    let table = tables.get(name).ok_or_else(|| {
        let hint = match nearest(name, tables.names()) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => format!("; it would be the file tables/{name}.csv"),
        };
        format!("there is no table `{name}`{hint}")
    })?;
    let column = match column {
        None => table.value_column(),
        Some(column) => table.column(column).ok_or_else(|| {
            format!("the table `{name}` has no column `{column}`, it has {}", table.columns().join(", "))
        })?,
    };
    Ok((Arc::clone(table), column))
}

/// The known word that is most like a wrong one, if any is like it.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = word.chars().count() / 3 + 1;
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters must be put in, left out, changed or swapped with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.to_lowercase().chars().take(64).collect();
    let other: Vec<char> = other.to_lowercase().chars().take(64).collect();
    let mut rows = vec![(0..=other.len()).collect::<Vec<_>>()];
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=other.len() {
            let change = rows[i - 1][j - 1] + usize::from(one[i - 1] != other[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_print_as_toml_writes_them() {
        let error = SpecError::at("PID-5.1", "x").under("[2]").under("any").under("only");
        assert_eq!(error.to_string(), "only.any[2].\"PID-5.1\": x");
        assert_eq!(SpecError::here("x").to_string(), "step: x");
    }

    #[test]
    fn the_nearest_word_is_found() {
        let known = ["only", "except", "lookup", "delete"];
        assert_eq!(nearest("onyl", known), Some("only"));
        assert_eq!(nearest("excpet", known), Some("except"));
        assert_eq!(nearest("look-up", known), Some("lookup"));
        assert_eq!(nearest("frobnicate", known), None);
    }
}
