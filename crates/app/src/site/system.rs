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
    /// Whether a diagnosis may look at it: `on`, `off`, or `echo`, which also allows one test message.
    /// Default `"on"`. Since 0.1.
    #[serde(default)]
    pub probe: ProbeMode,
    /// Where it takes messages, by adapter: `mllp = "host:port"`; taken out before the rest is read.
    #[serde(skip)]
    pub adapters: Adapters,
}

/// How far a diagnosis may look at a partner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProbeMode {
    /// It may connect, and greet what says nothing.
    #[default]
    On,
    /// Not at all.
    Off,
    /// It may also send one test message, which is about nobody.
    Echo,
}
