//! `systems.toml`: the partners.

use klinke_adapters::{file, http, mllp, tcp};
use schemars::JsonSchema;
use serde::Deserialize;

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
    /// Where it takes HL7 v2 over MLLP: an address, or a table with more. Since 0.1.
    pub mllp: Option<mllp::DestinationConfig>,
    /// Where it takes bytes over TCP. Since 0.1.
    pub tcp: Option<tcp::DestinationConfig>,
    /// Where it takes requests over HTTP. Since 0.1.
    pub http: Option<http::DestinationConfig>,
    /// The folder it takes files from. Since 0.1.
    pub file: Option<file::DestinationConfig>,
    /// Anything a person should know. Since 0.1.
    pub notes: Option<String>,
}
