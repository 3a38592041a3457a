//! A clock as a source: an empty envelope every so often, for housekeeping.

mod config;
mod source;

use crate::registry::{self, Adapter, MadeSource, SourceKind};

pub use config::SourceConfig;
pub use source::Source;

/// This adapter, for the list of all.
pub const ADAPTER: Adapter = Adapter {
    name: "timer",
    about: "an empty envelope every so often",
    source: Some(SourceKind {
        make: |value, _| {
            let config: SourceConfig = registry::settings(value)?;
            let source = Source::new(config)?;
            Ok(MadeSource { source: Box::new(source), from: None, statistics: None, probe: None })
        },
        schema: registry::schema::<SourceConfig>,
    }),
    destination: None,
};
