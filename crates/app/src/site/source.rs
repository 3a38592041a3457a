//! One TOML file of a site: its text, its values, and where in the text each key stands.
//!
//! Values are read into typed settings only after `${…}` has been put in and overlays have been laid
//! over them; a fault found then is still told with the line of its key.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

use super::adapters::Side;
use super::fault::Fault;

/// A parsed file.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Where it lies within the site.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
    /// Its values.
    pub values: toml::Table,
    /// What was put in for `${…}`; faults don't show it.
    pub hidden: Vec<String>,
}

impl SourceFile {
    /// Parses a file's text.
    pub fn parse(file: &Path, text: String) -> Result<Self, Fault> {
        match toml::from_str::<toml::Table>(&text) {
            Ok(values) => Ok(SourceFile { file: file.to_owned(), text, values, hidden: Vec::new() }),
            Err(error) => {
                let byte = error.span().map_or(0, |span| span.start);
                Err(Fault::at(file, &text, byte, error.message().to_owned()))
            }
        }
    }

    /// Reads values, those of this file or changed ones, into settings.
    pub fn read<T: DeserializeOwned>(&self, values: toml::Table) -> Result<T, Fault> {
        self.read_at(&[], toml::Value::Table(values))
    }

    /// Reads one value, which stands at `base` in the file.
    pub fn read_at<T: DeserializeOwned>(&self, base: &[String], value: toml::Value) -> Result<T, Fault> {
        serde_path_to_error::deserialize(value).map_err(|error| {
            let mut path = base.to_vec();
            path.extend(segments(error.path()));
            let message = error.into_inner().message().to_owned();
            self.explain(path, &message)
        })
    }

    /// A fault at a key. Lists' places are written `[n]`, from 0.
    pub fn fault(&self, path: &[String], text: impl Into<String>) -> Fault {
        let text = super::secrets::without(&self.hidden, text.into());
        match self.locate(path) {
            Some(byte) => Fault::at(&self.file, &self.text, byte, text),
            None => Fault::of_file(&self.file, text),
        }
    }

    /// A fault in what is said to an adapter, whose table `value` stands at `base`: at the key that the
    /// adapter's words are about, where they tell.
    pub fn adapter_fault(&self, base: &[String], value: &toml::Value, message: &str) -> Fault {
        let quoted = |before: &str, after: char| {
            let rest = message.split_once(before)?.1;
            rest.split_once(after).map(|(word, _)| word)
        };
        let named = |key: &str, _: &toml::Value| quoted("unknown field `", '`') == Some(key);
        let meant =
            |_: &str, value: &toml::Value| value.as_str().is_some_and(|text| quoted("\"", '"') == Some(text));
        let below = way_to(value, &named).or_else(|| way_to(value, &meant)).unwrap_or_default();
        self.explain(base.iter().cloned().chain(below).collect(), message)
    }

    /// Puts serde's words into ours, and adds the nearest key or word that does exist.
    fn explain(&self, mut path: Vec<String>, message: &str) -> Fault {
        // Before anything is cut out of it: half a secret would not be known as one.
        let message = super::secrets::without(&self.hidden, message.to_owned());
        let message = message.as_str();
        if let Some(rest) = message.strip_prefix("unknown variant `") {
            let (word, known) = words(rest);
            return match klinke_engine::steps::nearest(word, known.iter().copied()) {
                Some(near) => self.fault(&path, format!("`{word}` is not known; did you mean `{near}`?")),
                None => self.fault(&path, format!("`{word}` is none of {}", known.join(", "))),
            };
        }
        let Some(rest) = message.strip_prefix("unknown field `") else {
            return self.fault(&path, message);
        };
        let (key, mut known) = words(rest);
        if path.last().map(String::as_str) != Some(key) {
            path.push(key.to_owned());
        }
        let around = self.adapters_at(&path[..path.len() - 1]);
        known.extend(around.into_iter().flat_map(Side::adapters).map(|adapter| adapter.name));
        let hint = match klinke_engine::steps::nearest(key, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "nothing is expected here".to_owned(),
            None => format!("there are {}", known.join(", ")),
        };
        self.fault(&path, format!("the key `{key}` does not exist; {hint}"))
    }

    /// Which adapters could be named in the table at a place.
    fn adapters_at(&self, path: &[String]) -> Option<Side> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path[..] {
            [_] if self.file == Path::new("systems.toml") => Some(Side::Destination),
            ["source"] => Some(Side::Source),
            ["destination", _] => Some(Side::Destination),
            _ => None,
        }
    }

    /// The byte at which a key stands, or the nearest key around it that is found.
    fn locate(&self, path: &[String]) -> Option<usize> {
        let root = DeTable::parse(&self.text).ok()?;
        let mut found = None;
        let mut table = Some(root.get_ref());
        let mut list: Option<&toml::de::DeArray<'_>> = None;
        for segment in path {
            let value = match (index(segment), table, list) {
                (Some(index), _, Some(list)) => {
                    let value = list.get(index)?;
                    found = Some(value.span().start);
                    value
                }
                (_, Some(table), _) => {
                    let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == segment) else {
                        break;
                    };
                    found = Some(key.span().start);
                    value
                }
                _ => break,
            };
            (table, list) = match value.get_ref() {
                DeValue::Table(table) => (Some(table), None),
                DeValue::Array(list) => (None, Some(list)),
                _ => (None, None),
            };
        }
        found
    }
}

/// The wrong word, and those that are known, of serde's "x`, expected one of `a`, `b`".
fn words(rest: &str) -> (&str, Vec<&str>) {
    let (word, known) = rest.split_once('`').unwrap_or((rest, ""));
    (word, known.split('`').skip(1).step_by(2).collect())
}

/// The way to the first key below a table that meets a condition.
fn way_to(value: &toml::Value, meets: &dyn Fn(&str, &toml::Value) -> bool) -> Option<Vec<String>> {
    value.as_table()?.iter().find_map(|(key, value)| {
        if meets(key, value) {
            return Some(vec![key.clone()]);
        }
        let mut below = way_to(value, meets)?;
        below.insert(0, key.clone());
        Some(below)
    })
}

fn index(segment: &str) -> Option<usize> {
    segment.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

fn segments(path: &serde_path_to_error::Path) -> Vec<String> {
    use serde_path_to_error::Segment;
    let segment = |segment: &Segment| match segment {
        Segment::Seq { index } => Some(format!("[{index}]")),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { variant } => Some(variant.clone()),
        Segment::Unknown => None,
    };
    path.iter().filter_map(segment).collect()
}
