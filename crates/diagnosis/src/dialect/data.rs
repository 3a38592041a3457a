//! A dialect as data: the file `dialects/<system>.toml` of a site.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::outline::Content;
use super::place::Place;

/// What a partner's messages are like. Holds no patient data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Dialect {
    /// The system whose dialect it is, as `systems.toml` names it. Since 0.1.
    pub system: String,
    /// From how many messages it was learned. Since 0.1.
    pub messages: u64,
    /// Versions that messages say they are of, each with how many. Since 0.1.
    #[serde(default)]
    pub version: BTreeMap<String, u64>,
    /// Character sets as messages declare them; `none` for those that declare none. Since 0.1.
    #[serde(default)]
    pub charset_declared: BTreeMap<String, u64>,
    /// Character sets that the bytes are really in; `ASCII` where it makes no difference. Since 0.1.
    #[serde(default)]
    pub charset_used: BTreeMap<String, u64>,
    /// Which acknowledgments are asked for: `original`, or MSH-15 and MSH-16 as in `AL/NE`. Since 0.1.
    #[serde(default)]
    pub acknowledgment: BTreeMap<String, u64>,
    /// What is done against the standard: kinds, each with how many messages do it. Since 0.1.
    #[serde(default)]
    pub deviation: BTreeMap<String, u64>,
    /// Events, by type and trigger: `"ADT^A01"`. Since 0.1.
    #[serde(default)]
    pub event: BTreeMap<String, Event>,
    /// Segments. Since 0.1.
    #[serde(default)]
    pub segment: BTreeMap<String, Segment>,
    /// Fields that hold something: `"PID-3"`. Since 0.1.
    #[serde(default)]
    pub field: BTreeMap<Place, Field>,
    /// The smallest parts of fields: `"PID-3.1"`. Since 0.1.
    #[serde(default)]
    pub part: BTreeMap<Place, Part>,
    /// Kinds of identifiers, by their field. Since 0.1.
    #[serde(default)]
    pub identifier: BTreeMap<Place, Vec<Identifier>>,
}

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Event {
    /// How many messages. Since 0.1.
    pub messages: u64,
    /// Its segments. Since 0.1.
    #[serde(default)]
    pub segment: BTreeMap<String, SegmentUse>,
    /// Fields that every one of its messages had. Since 0.1.
    #[serde(default)]
    pub always: Vec<Place>,
    /// For each segment, those that were seen behind its first. Since 0.1.
    #[serde(default)]
    pub before: BTreeMap<String, Vec<String>>,
}

/// A segment within an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SegmentUse {
    /// How many messages have it. Since 0.1.
    pub messages: u64,
    /// How often it stands in one message at most. Since 0.1.
    pub most: u64,
}

/// A segment over all events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Segment {
    /// How often it was met. Since 0.1.
    pub met: u64,
}

/// A field over all events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Field {
    /// How many segments have something there. Since 0.1.
    pub used: u64,
    /// Repetitions at most. Since 0.1.
    pub repetitions: u64,
}

/// A part of a field over all events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Part {
    /// What it holds. Since 0.1.
    pub content: Content,
    /// How many values were met. Since 0.1.
    pub used: u64,
    /// How many of them differ; counting ends at 1000. Since 0.1.
    pub distinct: u64,
    /// The shortest and the longest value, in characters. Since 0.1.
    #[schemars(with = "[u64; 2]")]
    pub length: (u64, u64),
    /// The table of its codes. Since 0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Codes, each with how often it came. Since 0.1.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub code: BTreeMap<String, u64>,
    /// Which of them the standard's table does not have. Since 0.1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_in_table: Vec<String>,
    /// How many values are not shown as codes: they came with too few patients, or do not look like
    /// codes. Since 0.1.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub withheld: u64,
    /// Forms of dates, each with how often it came. Since 0.1.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub date: BTreeMap<String, u64>,
    /// Shapes of values: `A9999`, `Xxxxx`; each with how often it came. Since 0.1.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shape: BTreeMap<String, u64>,
    /// How many values have yet other shapes. Since 0.1.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub other_shapes: u64,
}

/// A kind of identifier in a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Identifier {
    /// Its type; empty when none is given. Since 0.1.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Who gives it; empty when that is not said, or not shown. Since 0.1.
    #[serde(default)]
    pub authority: String,
    /// How often it came. Since 0.1.
    pub count: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Dialect {
    /// A dialect of which nothing is known yet.
    pub fn new(system: impl Into<String>) -> Self {
        Dialect { system: system.into(), ..Dialect::default() }
    }

    /// Segments that the standard leaves to sites.
    pub fn own_segments(&self) -> impl Iterator<Item = &str> {
        self.segment.keys().filter(|name| name.starts_with('Z')).map(String::as_str)
    }

    /// The version that most messages are of.
    pub fn main_version(&self) -> &str {
        self.version.iter().max_by_key(|(_, count)| **count).map_or("", |(version, _)| version)
    }
}
