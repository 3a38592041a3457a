//! Settings of what is asked every so often.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::units::{Period, above_zero};

/// The modality worklist of a partner as a source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorklistConfig {
    /// The system that is asked, as `systems.toml` names it; it has a `dicom` entry. Since 0.1.
    pub from: String,
    /// How often. Default `"60s"`. Since 0.1.
    #[serde(default = "minute", deserialize_with = "above_zero")]
    pub every: Period,
    /// Steps of today and so many days ahead. Default 7. Since 0.1.
    #[serde(default = "seven")]
    pub ahead: u32,
    /// And of so many days before. Default 1. Since 0.1.
    #[serde(default = "one")]
    pub back: u32,
    /// Only steps for this station: its AE title. Since 0.1.
    pub station: Option<String>,
    /// Only steps of this modality. Since 0.1.
    pub modality: Option<String>,
    /// The partner, as the program puts it in.
    #[serde(default)]
    #[schemars(skip)]
    pub(super) partner: Option<Value>,
}

/// The studies of another archive as a source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StudiesConfig {
    /// The system that is asked, as `systems.toml` names it; it has a `dicom` entry. Since 0.1.
    pub from: String,
    /// How often. A study is told when it did not grow between two looks. Default `"60s"`. Since 0.1.
    #[serde(default = "minute", deserialize_with = "above_zero")]
    pub every: Period,
    /// Studies of today and so many days before, by Study Date. Default 2. Since 0.1.
    #[serde(default = "two")]
    pub back: u32,
    /// Only studies with this modality. Since 0.1.
    pub modality: Option<String>,
    /// The partner, as the program puts it in.
    #[serde(default)]
    #[schemars(skip)]
    pub(super) partner: Option<Value>,
}

fn minute() -> Period {
    Period::seconds(60)
}

fn one() -> u32 {
    1
}

fn two() -> u32 {
    2
}

fn seven() -> u32 {
    7
}
