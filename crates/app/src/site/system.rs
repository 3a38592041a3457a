//! `systems.toml`: the partners.

use schemars::JsonSchema;
use serde::Deserialize;

use super::adapters::Adapters;

/// A partner: KIS, RIS, LIS, a modality, a practice.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct System {
    /// What people call it. Since 0.1.
    pub title: Option<String>,
    /// Whom to call when it does not work. Since 0.1.
    pub contact: Option<String>,
    /// The charset of its messages where they don't say it: `8859/1`, `UNICODE UTF-8`. Since 0.1.
    pub charset: Option<String>,
    /// Where it takes messages, by adapter: `mllp = "host:port"`; taken out before the rest is read.
    #[serde(skip)]
    pub adapters: Adapters,
}
