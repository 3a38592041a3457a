//! The list of adapters: what a site can name, how each one is made, and the schemas of their settings.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use klinke_archive::Archive;
use klinke_engine::link::{Destination, Reply};
use klinke_engine::source::{Source, SourceError};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::dicom::Reports;
use crate::net::Statistics;
use crate::probe::Probe;

/// All adapters, by the names that site files use. A new one is one line here.
pub const ALL: [Adapter; 12] = [
    crate::archive::ADAPTER,
    crate::dicom::ADAPTER,
    crate::dicom::poll::STUDIES,
    crate::dicom::poll::WORKLIST,
    crate::file::ADAPTER,
    crate::http::ADAPTER,
    crate::mllp::ADAPTER,
    crate::patients::ADAPTER,
    crate::stow::ADAPTER,
    crate::tcp::ADAPTER,
    crate::timer::ADAPTER,
    crate::worklist::ADAPTER,
];

/// One adapter.
#[derive(Clone, Copy, Debug)]
pub struct Adapter {
    /// Its name in site files.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// As a channel's source, if it can be one.
    pub source: Option<SourceKind>,
    /// As a destination, if it can be one.
    pub destination: Option<DestinationKind>,
}

/// How a source is made.
#[derive(Clone, Copy, Debug)]
pub struct SourceKind {
    /// Makes it from what the site says.
    pub make: fn(Value, &Surroundings<'_>) -> Result<MadeSource, MakeError>,
    /// The schema of what the site can say.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

/// How a destination is made.
#[derive(Clone, Copy, Debug)]
pub struct DestinationKind {
    /// Makes it from what the site says.
    pub make: fn(Value, &Surroundings<'_>) -> Result<MadeDestination, MakeError>,
    /// The schema of what the site can say.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

/// A place for a site's archive: it is empty until the archive is opened, and stays so where a site is only checked.
#[derive(Clone, Debug, Default)]
pub struct ArchiveSlot {
    archive: Arc<OnceLock<Archive>>,
    /// Where reports of storage commitment are waited for, which come to the archive's node.
    reports: Arc<Reports>,
}

impl ArchiveSlot {
    /// The archive, once it is open.
    pub fn get(&self) -> Option<&Archive> {
        self.archive.get()
    }

    /// Puts the archive into it; the first one stays.
    pub fn put(&self, archive: Archive) {
        let _ = self.archive.set(archive);
    }

    /// The reports that the archive's node takes in and hands out.
    pub fn reports(&self) -> &Arc<Reports> {
        &self.reports
    }
}

/// Has the archive do something for a delivery, on a thread that may wait for the disk.
pub(crate) async fn in_archive(limit: Duration, work: impl FnOnce() -> Reply + Send + 'static) -> Reply {
    match timeout(limit, spawn_blocking(work)).await {
        Ok(Ok(reply)) => reply,
        Ok(Err(_)) => Reply::unclear("archive", "the archive broke off", None),
        Err(_) => Reply::unclear("timeout", "the archive did not answer in time", None),
    }
}

/// Where an adapter is made.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The site's folder: relative file names begin there.
    pub folder: &'a Path,
    /// The channel's name.
    pub channel: &'a str,
    /// The site's archive, where it has one.
    pub archive: Option<&'a ArchiveSlot>,
}

/// A source, and what the site says of it to others than itself.
pub struct MadeSource {
    /// The source.
    pub source: Box<dyn Source>,
    /// The system that sends.
    pub from: Option<String>,
    /// What it counts, if it counts.
    pub statistics: Option<Arc<Statistics>>,
    /// What can be asked of it without sending anything that matters.
    pub probe: Option<Arc<dyn Probe>>,
}

/// A destination, and what the site says of it to others than itself.
#[derive(Debug)]
pub struct MadeDestination {
    /// The destination.
    pub destination: Arc<dyn Destination>,
    /// Most links at a time.
    pub connections: usize,
    /// What it counts, if it counts.
    pub statistics: Option<Arc<Statistics>>,
    /// What can be asked of it without sending anything that matters.
    pub probe: Option<Arc<dyn Probe>>,
}

/// Why an adapter can't be made. The text of a key that does not exist names those that do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MakeError(String);

impl MakeError {
    /// An error with this text.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        MakeError(text.into())
    }
}

/// The adapter of this name.
pub fn adapter(name: &str) -> Option<&'static Adapter> {
    const LIST: &[Adapter] = &ALL;
    LIST.iter().find(|adapter| adapter.name == name)
}

/// Settings from what the site says.
pub(crate) fn settings<T: DeserializeOwned>(value: Value) -> Result<T, MakeError> {
    serde_json::from_value(value).map_err(|error| MakeError(error.to_string()))
}

/// The schema of settings, without the definitions that it refers to.
pub(crate) fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

impl From<SourceError> for MakeError {
    fn from(error: SourceError) -> Self {
        MakeError(error.to_string())
    }
}

impl std::fmt::Debug for MadeSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeSource").field("from", &self.from).finish_non_exhaustive()
    }
}
