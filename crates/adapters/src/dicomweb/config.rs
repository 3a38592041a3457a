//! What a site says of its DICOMweb service.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::net::{Allow, Host, Limits, ServerTls};
use crate::units::{Bytes, Period, above_zero};

/// How the archive is served over HTTP.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebConfig {
    /// Where to listen; a port alone is on loopback. Since 0.1.
    pub listen: Host,
    /// Where the services begin. Default `"/dicom-web"`. Since 0.1.
    #[serde(default = "path")]
    pub path: String,
    /// TLS. Since 0.1.
    pub tls: Option<ServerTls>,
    /// Origins of pages that may call us from a browser, as `"https://viewer.example"`; `"*"` for all. Since 0.1.
    #[serde(default)]
    pub cors: Vec<String>,
    /// Who may connect: addresses or networks; everyone when left out. Since 0.1.
    #[serde(default)]
    pub allow: Vec<Allow>,
    /// The URL by which we are seen, without what `path` says, as `"https://pacs.example/images"`. When left out, it is that of
    /// the request: what a proxy has written into Forwarded or X-Forwarded-*, else the host. Since 0.1.
    pub url: Option<String>,
    /// The built pages of the OHIF viewer, shown beside the service: a folder with `index.html`. Since 0.1.
    pub ohif: Option<PathBuf>,
    /// Limits and timeouts. Since 0.1.
    #[serde(default)]
    pub limits: WebLimits,
}

fn path() -> String {
    "/dicom-web".to_owned()
}

impl WebConfig {
    /// Settings that listen there, all others by default.
    pub fn at(listen: Host) -> Self {
        WebConfig {
            listen,
            path: path(),
            tls: None,
            cors: Vec::new(),
            allow: Vec::new(),
            url: None,
            ohif: None,
            limits: WebLimits::default(),
        }
    }
}

/// Limits and timeouts of DICOMweb.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WebLimits {
    /// Most connections at a time; one more is closed at once. Default 64. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub connections: usize,
    /// Longest time for the TLS handshake. Default `"10s"`. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub handshake: Period,
    /// Longest time for a request's header, and longest silence between requests. Default `"30s"`. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub header_time: Period,
    /// Most bytes of a request's line and header. Default `"64KiB"`, at least 8 KiB. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub header: Bytes,
    /// Longest silence inside a body; on the average of a longer time at least 1 KiB has to come in a second.
    /// Default `"30s"`. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub silence: Period,
    /// Longest time for a partner to take the next bytes of an answer. Default `"60s"`. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub write: Period,
    /// Most bytes of one instance that is stored. Default `"16GiB"`. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub instance: Bytes,
    /// Most instances of one request that stores. Default 100,000. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub instances: usize,
    /// Most bytes of metadata and bulk data of one request that stores these: they are held in memory. Default
    /// `"256MiB"`. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub metadata: Bytes,
    /// Most matches of one search; more are had with `offset`. Default 1,000. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub matches: usize,
    /// Most bytes of one frame that is decoded, and of an instance that is read whole to be transcoded. Default
    /// `"2GiB"`. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub decoded: Bytes,
    /// How many pictures and instances are decoded at a time. Default 4. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub decoders: usize,
    /// Most bytes of a request that creates or changes a workitem. Default `"1MiB"`. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub workitem: Bytes,
    /// Most event channels at a time; each is a connection, too. Default 32. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub channels: usize,
    /// How often the other side of an event channel is asked for a sign of life, and how long it has for one. Default `"30s"`.
    /// Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub ping: Period,
}

impl Default for WebLimits {
    fn default() -> Self {
        WebLimits {
            connections: 64,
            handshake: Period::seconds(10),
            header_time: Period::seconds(30),
            header: Bytes::kib(64),
            silence: Period::seconds(30),
            write: Period::seconds(60),
            instance: Bytes::mib(16 << 10),
            instances: 100_000,
            metadata: Bytes::mib(256),
            matches: 1_000,
            decoded: Bytes::mib(2 << 10),
            decoders: 4,
            workitem: Bytes::mib(1),
            channels: 32,
            ping: Period::seconds(30),
        }
    }
}

impl WebLimits {
    /// Those of the sockets.
    pub(super) fn of_sockets(&self) -> Limits {
        Limits { connections: self.connections, handshake: self.handshake, ..Limits::default() }
    }
}
