//! Raw TCP: payloads over a stream with a framing that the site describes, for analysers, monitors and
//! old programs that speak no named protocol.
//!
//! Not supported: dialogues with more than one answer.

mod config;
mod destination;
mod framing;
mod source;

use std::sync::Arc;

use crate::registry::{self, Adapter, DestinationKind, MadeDestination, MadeSource, SourceKind};

pub use config::{Closing, DestinationConfig, FramingConfig, LineEnd, Mark, Order, SourceConfig};
pub use destination::Destination;
pub use framing::RawFraming;
pub use source::Source;

/// This adapter, for the list of all.
pub const ADAPTER: Adapter = Adapter {
    name: "tcp",
    about: "raw TCP with a framing of one's own",
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
            let (connections, probe) = (config.connections.max(1), config.probe());
            let destination = Destination::new(config)?;
            let statistics = Some(destination.statistics());
            Ok(MadeDestination { destination: Arc::new(destination), connections, statistics, probe })
        },
        schema: registry::schema::<DestinationConfig>,
    }),
};
