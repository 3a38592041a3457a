//! Settings of the archive as a source and a destination.

use klinke_archive::event::{self, Kind};
use klinke_archive::index::ClashPolicy;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::units::{Bytes, above_zero};

/// The archive as a source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// What comes: `"instance"` (each that was received), `"study"` (each that is complete), `"performed"` (procedure steps
    /// that were begun, completed or discontinued) or `"availability"` (what another archive has told that can be had from it).
    /// Since 0.1.
    pub on: On,
    /// Where a channel begins that never listened before: `"now"`, or `"oldest"` with the oldest that is there. Default `"now"`.
    /// Since 0.1.
    #[serde(default)]
    pub start: Start,
    /// Instances that these senders stored do not come: their AE titles, as `["FARPACS"]` for what was fetched from there. Since 0.1.
    #[serde(default)]
    pub except: Vec<String>,
    /// The largest instance that is handed over; of a larger one its UIDs are kept, as damaged. Default `"100MiB"`. Since 0.1.
    #[serde(default = "hundred_mib", deserialize_with = "above_zero")]
    pub largest: Bytes,
}

/// What comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// Each instance that was received.
    Instance,
    /// Each study that is complete.
    Study,
    /// Performed procedure steps.
    Performed,
    /// What can be had from other archives.
    Availability,
}

/// Where a channel begins that never listened before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// With what comes from then on.
    #[default]
    Now,
    /// With the oldest that is there.
    Oldest,
}

/// The archive as a destination.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DestinationConfig {
    /// What becomes of an instance whose UID the archive has with other bytes: `"keep"` (the first stays, the new one lies
    /// beside) or `"replace"`. Default `"keep"`. Since 0.1.
    #[serde(default)]
    pub clash: Clash,
    /// What becomes of an instance that names no study and whose accession number leads to none: `"refuse"`, or `"make"` a
    /// Study Instance UID, the same for the same patient and accession number. Default `"refuse"`. Since 0.1.
    #[serde(default)]
    pub without_study: WithoutStudy,
}

/// What becomes of an instance whose UID is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Clash {
    /// The first stays.
    #[default]
    Keep,
    /// The new one takes its place.
    Replace,
}

/// What becomes of an instance without a study.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WithoutStudy {
    /// It is refused.
    #[default]
    Refuse,
    /// A study is made for it.
    Make,
}

fn hundred_mib() -> Bytes {
    Bytes::mib(100)
}

impl From<On> for Kind {
    fn from(on: On) -> Self {
        match on {
            On::Instance => Kind::Instance,
            On::Study => Kind::Study,
            On::Performed => Kind::Performed,
            On::Availability => Kind::Availability,
        }
    }
}

impl From<Start> for event::Start {
    fn from(start: Start) -> Self {
        match start {
            Start::Now => event::Start::Now,
            Start::Oldest => event::Start::Oldest,
        }
    }
}

impl From<Clash> for ClashPolicy {
    fn from(clash: Clash) -> Self {
        match clash {
            Clash::Keep => ClashPolicy::KeepFirst,
            Clash::Replace => ClashPolicy::Replace,
        }
    }
}
