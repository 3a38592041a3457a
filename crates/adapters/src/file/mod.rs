//! Files: a folder that others drop files into, and a folder that files are laid into.
//!
//! | what | where |
//! |---|---|
//! | settings | [`SourceConfig`], [`DestinationConfig`] |
//! | the drop folder: what is looked at, when a file counts as whole | `look` |
//! | taking, `done/`, `failed/` | [`Source`] |
//! | names from templates | [`Template`] |
//! | temporary name, sync, final name | [`Destination`] |

mod config;
mod destination;
mod look;
mod place;
mod source;
mod template;

use std::sync::Arc;

use crate::probe::{Folder, Probe};
use crate::registry::{self, Adapter, DestinationKind, MadeDestination, MadeSource, SourceKind};

pub use config::{After, DestinationConfig, Exists, Order, SourceConfig};
pub use destination::Destination;
pub use source::Source;
pub use template::Template;

/// This adapter, for the list of all.
pub const ADAPTER: Adapter = Adapter {
    name: "file",
    about: "files in a folder",
    source: Some(SourceKind {
        make: |value, site| {
            let mut config: SourceConfig = registry::settings(value)?;
            config.resolve(site.folder);
            let from = config.from.clone();
            let probe = Some(Arc::new(Folder { folder: config.folder.clone() }) as Arc<dyn Probe>);
            let source = Source::new(config)?;
            Ok(MadeSource { source: Box::new(source), from, statistics: None, probe })
        },
        schema: registry::schema::<SourceConfig>,
    }),
    destination: Some(DestinationKind {
        make: |value, site| {
            let mut config: DestinationConfig = registry::settings(value)?;
            config.resolve(site.folder);
            let probe = Some(Arc::new(Folder { folder: config.folder.clone() }) as Arc<dyn Probe>);
            let destination = Arc::new(Destination::new(config, site.channel)?);
            Ok(MadeDestination { destination, connections: 1, statistics: None, probe })
        },
        schema: registry::schema::<DestinationConfig>,
    }),
};
