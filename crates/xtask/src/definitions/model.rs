//! What the packages are read into before it is written: the definitions of every version.

use std::collections::BTreeMap;

/// The versions of the standard, oldest first.
pub const VERSIONS: [&str; 13] =
    ["2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1", "2.8.2"];

/// All versions and the tables, which are one set for all of them.
#[derive(Default)]
pub struct Definitions {
    /// One entry for each of [`VERSIONS`].
    pub versions: [Version; VERSIONS.len()],
    /// Tables by their four-digit number.
    pub tables: BTreeMap<String, Table>,
}

/// What one version of the standard defines.
#[derive(Default)]
pub struct Version {
    /// Segments by identifier.
    pub segments: BTreeMap<String, Composite>,
    /// Data types by identifier; a primitive one has no rows.
    pub types: BTreeMap<String, Composite>,
    /// Structures by identifier, in the abstract message syntax of the standard.
    pub structures: BTreeMap<String, String>,
    /// `ADT_A08` to the structure `ADT_A01` and the event's description.
    pub events: BTreeMap<String, Event>,
}

/// A segment with its fields or a data type with its components.
#[derive(Default, Clone, PartialEq, Eq)]
pub struct Composite {
    /// English name.
    pub name: String,
    /// Rows by position, counted from 1.
    pub rows: BTreeMap<u16, Row>,
}

/// A field or a component.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// English name.
    pub name: String,
    /// Data type.
    pub data_type: String,
    /// `R`, `O`, `C`, `B` (backward compatibility) or `X` (withdrawn).
    pub optionality: char,
    /// Whether it may repeat.
    pub repeats: bool,
    /// Greatest length in characters, 0 where the standard states none.
    pub length: u32,
    /// Four-digit number of the table, or empty.
    pub table: String,
}

/// A trigger event of one message type.
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    /// The structure's identifier.
    pub structure: String,
    /// What happened, in English, or empty.
    pub description: String,
}

/// A table of codes.
#[derive(Default)]
pub struct Table {
    /// English name.
    pub name: String,
    /// Code to English text; the text is empty where no source has one.
    pub values: BTreeMap<String, String>,
}

/// A table's number with four digits, or empty for what is no table.
pub fn table_number(text: &str) -> String {
    match text.parse::<u16>() {
        Ok(0 | 9999) | Err(_) => String::new(),
        Ok(number) => format!("{number:04}"),
    }
}
