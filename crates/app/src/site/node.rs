//! `klinke.toml`: the node itself.

use std::collections::BTreeMap;
use std::path::PathBuf;

use klinke_adapters::net::Host;
use klinke_adapters::units::{Bytes, Period, above_zero};
use klinke_console::people::{Role, Roles};
use klinke_diagnosis::rhythm::Land;
use schemars::JsonSchema;
use serde::Deserialize;

pub use super::archive::Archive;
pub use super::console::Console;
use super::system::ProbeMode;

/// The node: its name, where it keeps things, what it may use.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Node {
    /// The site's name, as people call it. Since 0.1.
    pub name: String,
    /// The time zone of dates without one, and of opening hours: `Europe/Berlin`. Since 0.1.
    #[serde(default = "default_zone")]
    pub zone: String,
    /// Where envelopes are kept. Since 0.1.
    #[serde(default)]
    pub store: Store,
    /// How long envelopes are kept after they are delivered, where a channel does not say. Since 0.1.
    #[serde(default)]
    pub retention: Retention,
    /// Metrics and health over HTTP; off when absent. Since 0.1.
    pub metrics: Option<Metrics>,
    /// Pages for people, in a browser; off when absent. Since 0.1.
    pub console: Option<Console>,
    /// The DICOM archive; none when absent. Since 0.1.
    pub archive: Option<Archive>,
    /// Which revision of the site runs: what a ref of git names. The files in the folder when absent. Since 0.1.
    pub deploy: Option<Deploy>,
    /// What is logged, and how. Since 0.1.
    #[serde(default)]
    pub log: Log,
    /// How `serve` stops. Since 0.1.
    #[serde(default)]
    pub stop: StopTable,
    /// Roles of the console's accounts, besides `administrator`, `operator`, `viewer` and `auditor`; one of the
    /// same name replaces the built-in one. Since 0.1.
    #[serde(default)]
    pub roles: BTreeMap<String, Role>,
    /// The audit log. Since 0.1.
    #[serde(default)]
    pub audit: Audit,
    /// How the running site watches its partners. Since 0.1.
    #[serde(default)]
    pub diagnosis: Diagnosis,
    /// Paths by which `messages` can find envelopes besides patient, case, order, control and event:
    /// `["OBR-4.1"]`. Since 0.1.
    #[serde(default)]
    pub search: Vec<String>,
}

impl Node {
    /// The roles of the console's accounts.
    pub fn roles(&self) -> Roles {
        Roles::with(self.roles.clone())
    }
}

fn default_zone() -> String {
    "Europe/Berlin".to_owned()
}

/// Where envelopes are kept.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Store {
    /// A folder, absolute or within the site. Since 0.1.
    pub path: PathBuf,
    /// Disk that must stay free: below it sources refuse. Since 0.1.
    pub reserve: Bytes,
    /// Whether the text of messages can be searched; costs about as much disk as the messages. Since 0.1.
    pub free_text: bool,
    /// The folder into which copies go that are asked for by the API, absolute or within the site; none are made
    /// for it when absent. Since 0.1.
    pub copies: Option<PathBuf>,
}

impl Default for Store {
    fn default() -> Self {
        Store { path: "data".into(), reserve: Bytes::mib(256), free_text: false, copies: None }
    }
}

/// The audit log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Audit {
    /// Entries older than this go, the oldest first: `"3650d"`; all are kept when absent. Since 0.1.
    pub retention: Option<Period>,
}

/// How long envelopes are kept. What is not delivered is kept in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Retention {
    /// Delivered envelopes older than this go: `"90d"`. Since 0.1.
    pub age: Option<Period>,
    /// The oldest go until a channel takes no more than this: `"20GB"`. Since 0.1.
    pub size: Option<Bytes>,
}

/// Metrics (Prometheus) and health over HTTP.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Metrics {
    /// Address and port; a port alone means loopback. Since 0.1.
    pub listen: Host,
}

/// What is logged.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Log {
    /// `text` or `json`. Default `"text"`. Since 0.1.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`. Since 0.1.
    pub level: Level,
}

impl Default for Log {
    fn default() -> Self {
        Log { format: LogFormat::Text, level: Level::Info }
    }
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// What needs a person.
    Error,
    /// And what is odd.
    Warn,
    /// And what happens to channels and partners.
    Info,
    /// And what happens to each connection.
    Debug,
    /// And what happens to each envelope.
    Trace,
}

impl Level {
    /// As the site writes it.
    pub fn word(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warn => "warn",
            Level::Info => "info",
            Level::Debug => "debug",
            Level::Trace => "trace",
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// How the running site watches its partners.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Diagnosis {
    /// Whether probes may be made at all: `on` or `off`; a system can say so for itself. Default `"on"`.
    /// Since 0.1.
    pub probe: ProbeMode,
    /// How often what attempts and connections say is judged. Default `"5s"`. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub every: Period,
    /// How often a partner that looks broken is probed at most. Default `"1m"`. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub probe_every: Period,
    /// The Land whose public holidays count beside those of all Germany, when it is judged how much should come:
    /// `BY`. Since 0.1.
    pub holidays: Option<Land>,
    /// How long one rung of a probe may take. Default `"5s"`. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub limit: Period,
}

impl Default for Diagnosis {
    fn default() -> Self {
        Diagnosis {
            probe: ProbeMode::On,
            every: Period::seconds(5),
            probe_every: Period::seconds(60),
            holidays: None,
            limit: Period::seconds(5),
        }
    }
}

/// Which revision of the site runs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Deploy {
    /// The ref of git that is followed, in the repository that the site's folder lies in: `"main"`,
    /// `"origin/main"`. Since 0.1.
    pub follow: String,
    /// How often it is looked at. Default `"30s"`. Since 0.1.
    #[serde(default = "default_look", deserialize_with = "above_zero")]
    pub every: Period,
    /// Whose signature a commit must have to go live, or a tag that points at it; any commit may when absent.
    /// Since 0.1.
    #[serde(default)]
    pub verify: Option<Verify>,
}

/// Whose signatures count. The path is that of a file or folder beside `klinke.toml`, and none of the revision.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verify {
    /// Keys of SSH: a file of allowed signers, as `ssh-keygen` reads it. Since 0.1.
    Ssh(PathBuf),
    /// Keys of GnuPG: a folder (`GNUPGHOME`) whose keyring holds the keys that count, and no others. Since 0.1.
    Gpg(PathBuf),
}

fn default_look() -> Period {
    Period::seconds(30)
}

/// How `serve` stops.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct StopTable {
    /// How long what is under way may take to end. Since 0.1.
    pub limit: Period,
}

impl Default for StopTable {
    fn default() -> Self {
        StopTable { limit: Period::seconds(20) }
    }
}
