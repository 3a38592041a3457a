//! Settings of HTTP.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use klinke_diagnosis::Speech;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};

use crate::net::listen::Entry;
use crate::net::{Allow, ClientTls, Host, Limits, ServerTls};
use crate::probe::Probe;
use crate::secret::{Basic, Secret};
use crate::units::{Bytes, Period, string_or_table};

/// A source over HTTP.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// Where to listen; a port alone is on loopback. Since 0.1.
    pub listen: Host,
    /// The system that sends. Since 0.1.
    pub from: Option<String>,
    /// The one path that is served. Default `"/"`. Since 0.1.
    #[serde(default = "root")]
    pub path: String,
    /// Tokens by the system that they stand for: who comes with none of them is turned away (401).
    /// Since 0.1.
    #[serde(default)]
    pub bearer: BTreeMap<String, Secret>,
    /// Users by their names: who comes as none of them is turned away (401). Since 0.1.
    #[serde(default)]
    pub basic: BTreeMap<String, User>,
    /// Who may connect: addresses or networks; everyone when left out. Since 0.1.
    #[serde(default)]
    pub allow: Vec<Allow>,
    /// Addresses of balancers whose connections begin with a PROXY header; none when left out. Since 0.1.
    #[serde(default)]
    pub proxies: Vec<Allow>,
    /// TLS. Since 0.1.
    pub tls: Option<ServerTls>,
    /// Gives the partner's own answer back as the body, where the channel waits for it
    /// (`ack = "delivered"`). Default `true`. Since 0.1.
    #[serde(default = "yes")]
    pub relay_answer: bool,
    /// Limits and timeouts; a frame is a body. Since 0.1.
    #[serde(default)]
    pub limits: Limits,
}

/// A user of basic authentication.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The password. Since 0.1.
    pub password: Secret,
    /// The system that the user stands for; the channel's `from` when left out. Since 0.1.
    pub system: Option<String>,
}

/// A destination over HTTP: a URL alone, or a table.
#[derive(Clone, Debug)]
pub struct DestinationConfig {
    /// Where to.
    pub url: String,
    /// POST or PUT.
    pub method: Method,
    /// The body's type.
    pub content_type: String,
    /// Headers to send.
    pub headers: BTreeMap<String, String>,
    /// A token to come with.
    pub bearer: Option<Secret>,
    /// A user to come as.
    pub basic: Option<Basic>,
    /// TLS, with `https`.
    pub tls: Option<ClientTls>,
    /// Most connections at a time.
    pub connections: usize,
    /// Longest time until a connection stands.
    pub connect_timeout: Period,
    /// Longest time for an answer.
    pub answer_timeout: Period,
    /// Most bytes of an answer.
    pub answer_max: Bytes,
    /// After how long a silence the system asks whether the partner is still there.
    pub keep_alive: Period,
}

/// A destination over HTTP, as a table.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Table {
    /// Where to: `http://…` or `https://…`. Since 0.1.
    url: String,
    /// POST or PUT. Default `"POST"`. Since 0.1.
    #[serde(default)]
    method: Method,
    /// The body's type. Default `"application/octet-stream"`. Since 0.1.
    #[serde(default = "octets")]
    content_type: String,
    /// Headers to send. Since 0.1.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// A token to come with. Since 0.1.
    bearer: Option<Secret>,
    /// A user to come as. Since 0.1.
    basic: Option<Basic>,
    /// TLS, with `https`; as by default when left out. Since 0.1.
    tls: Option<ClientTls>,
    /// Most connections at a time. Default 1. Since 0.1.
    #[serde(default = "one")]
    connections: usize,
    /// Longest time until a connection stands. Default `"10s"`. Since 0.1.
    #[serde(default = "ten_seconds")]
    connect_timeout: Period,
    /// Longest time for an answer. Default `"30s"`. Since 0.1.
    #[serde(default = "thirty_seconds")]
    answer_timeout: Period,
    /// Most bytes of an answer. Default `"100MiB"`. Since 0.1.
    #[serde(default = "hundred_mib")]
    answer_max: Bytes,
    /// After how long a silence the system asks whether the partner is still there. Default `"60s"`.
    /// Since 0.1.
    #[serde(default = "sixty_seconds")]
    keep_alive: Period,
}

/// How a body is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// POST.
    #[default]
    Post,
    /// PUT.
    Put,
}

fn root() -> String {
    "/".to_owned()
}

fn yes() -> bool {
    true
}

fn octets() -> String {
    "application/octet-stream".to_owned()
}

fn one() -> usize {
    1
}

fn ten_seconds() -> Period {
    Period::seconds(10)
}

fn thirty_seconds() -> Period {
    Period::seconds(30)
}

fn sixty_seconds() -> Period {
    Period::seconds(60)
}

fn hundred_mib() -> Bytes {
    Bytes::mib(100)
}

impl SourceConfig {
    /// Makes relative file names relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        self.tls.iter_mut().for_each(|tls| tls.resolve(folder));
        self.bearer.values_mut().for_each(|secret| secret.resolve(folder));
        self.basic.values_mut().for_each(|user| user.password.resolve(folder));
    }

    /// What can be asked of it.
    pub(super) fn probe(&self) -> Option<Arc<dyn Probe>> {
        crate::probe::of_entry(&self.entry(), Some(Speech::Http))
    }

    pub(super) fn entry(&self) -> Entry {
        Entry {
            listen: Some(self.listen.clone()),
            connect: None,
            allow: self.allow.clone(),
            proxies: self.proxies.clone(),
            tls: self.tls.clone(),
            connect_tls: None,
            limits: self.limits.clone(),
        }
    }
}

impl DestinationConfig {
    /// Makes relative file names relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        self.tls.iter_mut().for_each(|tls| tls.resolve(folder));
        self.bearer.iter_mut().for_each(|secret| secret.resolve(folder));
        self.basic.iter_mut().for_each(|basic| basic.password.resolve(folder));
    }
}

impl From<Table> for DestinationConfig {
    fn from(table: Table) -> Self {
        DestinationConfig {
            url: table.url,
            method: table.method,
            content_type: table.content_type,
            headers: table.headers,
            bearer: table.bearer,
            basic: table.basic,
            tls: table.tls,
            connections: table.connections,
            connect_timeout: table.connect_timeout,
            answer_timeout: table.answer_timeout,
            answer_max: table.answer_max,
            keep_alive: table.keep_alive,
        }
    }
}

impl<'de> Deserialize<'de> for DestinationConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let of = |text: &str| {
            Ok(Table {
                url: text.to_owned(),
                method: Method::Post,
                content_type: octets(),
                headers: BTreeMap::new(),
                bearer: None,
                basic: None,
                tls: None,
                connections: one(),
                connect_timeout: ten_seconds(),
                answer_timeout: thirty_seconds(),
                answer_max: hundred_mib(),
                keep_alive: sixty_seconds(),
            })
        };
        string_or_table(from, "a URL, or a table", of).map(Table::into)
    }
}

impl JsonSchema for DestinationConfig {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HttpDestination".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = Table::json_schema(generator);
        schemars::json_schema!({ "anyOf": [{ "type": "string", "pattern": "^https?://" }, table] })
    }
}
