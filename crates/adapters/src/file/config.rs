//! Settings of files.

use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};

use super::template::Template;
use crate::units::{Bytes, Period, string_or_table};

/// A drop folder: its path alone, or a table.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// The folder.
    pub folder: PathBuf,
    /// The system that drops files.
    pub from: Option<String>,
    /// Which names are taken.
    pub pattern: String,
    /// In which order.
    pub order: Order,
    /// How often the folder is looked at.
    pub every: Period,
    /// How long a file must not have changed.
    pub stable: Period,
    /// What becomes of a file that is kept.
    pub after: After,
    /// Most bytes of a file.
    pub size_max: Bytes,
}

/// A drop folder, as a table.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SourceTable {
    /// The folder; relative to the site's. It gets the folders `done` and `failed`. Since 0.1.
    folder: PathBuf,
    /// The system that drops files. Since 0.1.
    from: Option<String>,
    /// Which names are taken: `*` stands for any characters, `?` for one. Names that begin with a dot
    /// never are. Default `"*"`. Since 0.1.
    #[serde(default = "all")]
    pattern: String,
    /// In which order files are taken. Default `"name"`. Since 0.1.
    #[serde(default)]
    order: Order,
    /// How often the folder is looked at. Default `"1s"`. Since 0.1.
    #[serde(default = "one_second")]
    every: Period,
    /// How long size and time of a file must not have changed before it is taken; at least two looks.
    /// Default `"1s"`. Since 0.1.
    #[serde(default = "one_second")]
    stable: Period,
    /// What becomes of a file that is kept. Default `"done"`. Since 0.1.
    #[serde(default)]
    after: After,
    /// Most bytes of a file; a larger one goes to `failed`. Default `"100MiB"`. Since 0.1.
    #[serde(default = "hundred_mib")]
    size_max: Bytes,
}

/// In which order files are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// By name.
    #[default]
    Name,
    /// By the time of the last change, then by name.
    Time,
}

/// What becomes of a file once its envelope is on stable storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum After {
    /// It is moved to `done`.
    #[default]
    Done,
    /// It is deleted.
    Delete,
}

/// A folder that files are laid into: its path alone, or a table.
#[derive(Clone, Debug)]
pub struct DestinationConfig {
    /// The folder.
    pub folder: PathBuf,
    /// The files' names.
    pub name: Template,
    /// What to do when a file of this name is there already.
    pub exists: Exists,
    /// What stands between payloads that are appended to one file.
    pub separator: String,
}

/// A folder that files are laid into, as a table.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DestinationTable {
    /// The folder; relative to the site's. It must be there. Since 0.1.
    folder: PathBuf,
    /// The files' names; a template of `{channel}`, `{id}`, `{part}`, `{attempt}`, `{format}`, `{date}`
    /// and `{time}` (when the envelope was received, UTC). Default `"{channel}-{id}-{part}.txt"`.
    /// Since 0.1.
    #[serde(default)]
    name: Template,
    /// What to do when a file of this name is there already. Default `"refuse"`. Since 0.1.
    #[serde(default)]
    exists: Exists,
    /// What follows each payload, with `exists = "append"`. Default a line feed. Since 0.1.
    #[serde(default = "line_feed")]
    separator: String,
}

/// What to do when a file of this name is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Exists {
    /// The delivery fails, unless the file has the very same bytes.
    #[default]
    Refuse,
    /// The file is replaced in one step.
    Replace,
    /// The payload is appended to it.
    Append,
}

fn all() -> String {
    "*".to_owned()
}

fn one_second() -> Period {
    Period::seconds(1)
}

fn hundred_mib() -> Bytes {
    Bytes::mib(100)
}

fn line_feed() -> String {
    "\n".to_owned()
}

impl SourceConfig {
    /// Makes the folder's name relative to this one.
    pub fn resolve(&mut self, site: &Path) {
        self.folder = site.join(&self.folder);
    }
}

impl DestinationConfig {
    /// Makes the folder's name relative to this one.
    pub fn resolve(&mut self, site: &Path) {
        self.folder = site.join(&self.folder);
    }
}

impl From<SourceTable> for SourceConfig {
    fn from(table: SourceTable) -> Self {
        SourceConfig {
            folder: table.folder,
            from: table.from,
            pattern: table.pattern,
            order: table.order,
            every: table.every,
            stable: table.stable,
            after: table.after,
            size_max: table.size_max,
        }
    }
}

impl From<DestinationTable> for DestinationConfig {
    fn from(table: DestinationTable) -> Self {
        DestinationConfig {
            folder: table.folder,
            name: table.name,
            exists: table.exists,
            separator: table.separator,
        }
    }
}

impl<'de> Deserialize<'de> for SourceConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let of = |text: &str| {
            Ok(SourceTable {
                folder: text.into(),
                from: None,
                pattern: all(),
                order: Order::Name,
                every: one_second(),
                stable: one_second(),
                after: After::Done,
                size_max: hundred_mib(),
            })
        };
        string_or_table(from, "a folder, or a table", of).map(SourceTable::into)
    }
}

impl<'de> Deserialize<'de> for DestinationConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let of = |text: &str| {
            let (name, exists) = (Template::default(), Exists::Refuse);
            Ok(DestinationTable { folder: text.into(), name, exists, separator: line_feed() })
        };
        string_or_table(from, "a folder, or a table", of).map(DestinationTable::into)
    }
}

impl JsonSchema for SourceConfig {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FileSource".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = SourceTable::json_schema(generator);
        schemars::json_schema!({ "anyOf": [{ "type": "string" }, table] })
    }
}

impl JsonSchema for DestinationConfig {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FileDestination".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = DestinationTable::json_schema(generator);
        schemars::json_schema!({ "anyOf": [{ "type": "string" }, table] })
    }
}
