//! Settings of raw TCP.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::net::dial::Partner;
use crate::net::listen::Entry;
use crate::net::{Allow, ClientTls, Host, Limits, ServerTls};
use crate::probe::Probe;
use crate::units::{Bytes, Period};

/// A source over raw TCP.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// Where to listen; a port alone is on loopback. Either this or `connect`. Since 0.1.
    pub listen: Option<Host>,
    /// Where to connect to, when the sender listens. Since 0.1.
    pub connect: Option<Host>,
    /// The system that sends. Since 0.1.
    pub from: Option<String>,
    /// Where a payload begins and ends. Since 0.1.
    pub framing: FramingConfig,
    /// What is sent back once a payload is kept; nothing when left out. Since 0.1.
    pub answer: Option<Mark>,
    /// What is sent back when a payload is not taken; when left out, the connection is closed, so that
    /// the sender notices. Since 0.1.
    pub refusal: Option<Mark>,
    /// Who may connect: addresses or networks; everyone when left out. Since 0.1.
    #[serde(default)]
    pub allow: Vec<Allow>,
    /// Addresses of balancers whose connections begin with a PROXY header; none when left out. Since 0.1.
    #[serde(default)]
    pub proxies: Vec<Allow>,
    /// TLS, with `listen`. Since 0.1.
    pub tls: Option<ServerTls>,
    /// TLS, with `connect`. Since 0.1.
    pub connect_tls: Option<ClientTls>,
    /// Limits and timeouts. Since 0.1.
    #[serde(default)]
    pub limits: Limits,
}

impl SourceConfig {
    /// Makes relative file names relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        self.tls.iter_mut().for_each(|tls| tls.resolve(folder));
        self.connect_tls.iter_mut().for_each(|tls| tls.resolve(folder));
    }

    /// What can be asked of it. What speaks there is the site's own affair.
    pub(super) fn probe(&self) -> Option<Arc<dyn Probe>> {
        crate::probe::of_entry(&self.entry(), None)
    }

    pub(super) fn entry(&self) -> Entry {
        Entry {
            listen: self.listen.clone(),
            connect: self.connect.clone(),
            allow: self.allow.clone(),
            proxies: self.proxies.clone(),
            tls: self.tls.clone(),
            connect_tls: self.connect_tls.clone(),
            limits: self.limits.clone(),
        }
    }
}

/// A destination over raw TCP.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DestinationConfig {
    /// Where to connect to. Either this or `listen`. Since 0.1.
    pub address: Option<Host>,
    /// Where the partner connects to, to be sent to. Since 0.1.
    pub listen: Option<Host>,
    /// Who may connect, with `listen`. Since 0.1.
    #[serde(default)]
    pub allow: Vec<Allow>,
    /// TLS, with `address`. Since 0.1.
    pub tls: Option<ClientTls>,
    /// TLS, with `listen`. Since 0.1.
    pub listen_tls: Option<ServerTls>,
    /// Where a payload begins and ends. Since 0.1.
    pub framing: FramingConfig,
    /// Answers that begin with one of these mean that the partner has the payload. When both lists are
    /// empty no answer is awaited: sent is delivered. Since 0.1.
    #[serde(default)]
    pub accept: Vec<Mark>,
    /// Answers that begin with one of these mean that the partner does not take it. Since 0.1.
    #[serde(default)]
    pub refuse: Vec<Mark>,
    /// Most connections at a time. Default 1. Since 0.1.
    #[serde(default = "one")]
    pub connections: usize,
    /// Whether a connection serves one payload or many. Default `"kept"`. Since 0.1.
    #[serde(default)]
    pub connection: Closing,
    /// Longest time until a connection stands. Default `"10s"`. Since 0.1.
    #[serde(default = "ten_seconds")]
    pub connect_timeout: Period,
    /// Longest time for an answer. Default `"30s"`. Since 0.1.
    #[serde(default = "thirty_seconds")]
    pub answer_timeout: Period,
    /// Most bytes of an answer. Default `"1MiB"`. Since 0.1.
    #[serde(default = "one_mib")]
    pub answer_max: Bytes,
    /// After how long a silence the system asks whether the partner is still there. Default `"60s"`.
    /// Since 0.1.
    #[serde(default = "sixty_seconds")]
    pub keep_alive: Period,
}

impl DestinationConfig {
    /// Makes relative file names relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        self.tls.iter_mut().for_each(|tls| tls.resolve(folder));
        self.listen_tls.iter_mut().for_each(|tls| tls.resolve(folder));
    }

    /// What can be asked of it. What speaks there is the site's own affair.
    pub(super) fn probe(&self) -> Option<Arc<dyn Probe>> {
        crate::probe::of_partner(&self.partner(), None, self.answer_timeout.0, None)
    }

    pub(super) fn partner(&self) -> Partner {
        Partner {
            address: self.address.clone(),
            listen: self.listen.clone(),
            allow: self.allow.clone(),
            tls: self.tls.clone(),
            listen_tls: self.listen_tls.clone(),
            connect: self.connect_timeout.0,
            keep_alive: self.keep_alive.0,
        }
    }
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

fn one_mib() -> Bytes {
    Bytes::mib(1)
}

/// How long a connection lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Closing {
    /// It is kept for the next payload.
    #[default]
    Kept,
    /// It is closed after each payload.
    Each,
}

/// Where a payload begins and ends. Exactly one of `end` (with or without `start`), `length`, `line` and
/// `gap` is given.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FramingConfig {
    /// The bytes before a payload; what comes before them is skipped. Since 0.1.
    pub start: Option<Mark>,
    /// The bytes after a payload. Since 0.1.
    pub end: Option<Mark>,
    /// A length stands before the payload, in this many bytes: 1, 2 or 4. Since 0.1.
    pub length: Option<u8>,
    /// The order of the length's bytes. Default `"big"`. Since 0.1.
    #[serde(default)]
    pub order: Order,
    /// Each line is a payload. Since 0.1.
    pub line: Option<LineEnd>,
    /// A payload ends when nothing came for this long. Since 0.1.
    pub gap: Option<Period>,
}

/// The order of a length's bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// The highest first.
    #[default]
    Big,
    /// The lowest first.
    Little,
}

/// What ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LineEnd {
    /// CR.
    Cr,
    /// LF; a CR before it is no part of the payload.
    Lf,
}

/// Bytes that mark something: a string, or a list of numbers for bytes that are no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark(pub Vec<u8>);

impl<'de> Deserialize<'de> for Mark {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Mark;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of bytes such as [0x1C, 0x0D]")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Mark, E> {
                Ok(Mark(text.as_bytes().to_vec()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Mark, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = list.next_element()? {
                    bytes.push(byte);
                }
                Ok(Mark(bytes))
            }
        }

        let mark = from.deserialize_any(Either)?;
        if mark.0.is_empty() || mark.0.len() > 64 {
            return Err(serde::de::Error::custom("a mark has 1 to 64 bytes"));
        }
        Ok(mark)
    }
}

impl JsonSchema for Mark {
    fn schema_name() -> Cow<'static, str> {
        "Mark".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "string", "minLength": 1 },
            { "type": "array", "items": { "type": "integer", "minimum": 0, "maximum": 255 } }
        ] })
    }
}
