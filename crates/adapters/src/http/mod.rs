//! HTTP/1.1 (RFC 9110, RFC 9112): a source that takes bodies, a destination that sends them.
//!
//! | what | where |
//! |---|---|
//! | settings | [`SourceConfig`], [`DestinationConfig`] |
//! | bodies in, a status by what became of them | [`Source`] |
//! | who may come | `door` |
//! | bodies out, statuses in | [`Destination`] |
//!
//! Not supported: HTTP/2, redirects, compressed bodies.

mod config;
mod destination;
mod door;
mod source;

use std::sync::Arc;

use crate::registry::{self, Adapter, DestinationKind, MadeDestination, MadeSource, SourceKind};

pub use crate::secret::Basic;
pub use config::{DestinationConfig, Method, SourceConfig, User};
pub use destination::Destination;
pub use source::Source;

/// This adapter, for the list of all.
pub const ADAPTER: Adapter = Adapter {
    name: "http",
    about: "bodies of HTTP requests",
    source: Some(SourceKind {
        make: |value, site| {
            let mut config: SourceConfig = registry::settings(value)?;
            config.resolve(site.folder);
            let (from, probe) = (config.from.clone(), config.probe());
            let source = Source::new(config)?;
            let statistics = Some(source.statistics());
            Ok(MadeSource { source: Box::new(source), from, statistics, probe })
        },
        schema: registry::schema::<SourceConfig>,
    }),
    destination: Some(DestinationKind {
        make: |value, site| {
            let mut config: DestinationConfig = registry::settings(value)?;
            config.resolve(site.folder);
            let connections = config.connections.max(1);
            let destination = Destination::new(config, site.channel)?;
            let probe = destination.probe();
            let statistics = Some(destination.statistics());
            Ok(MadeDestination { destination: Arc::new(destination), connections, statistics, probe })
        },
        schema: registry::schema::<DestinationConfig>,
    }),
};
