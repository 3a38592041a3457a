//! The archive's worklist as a destination: what a channel makes of orders is what modalities are answered.
//!
//! A payload is a worklist item, or an array of several, as DICOM JSON (PS3.18, Annex F), as the step `worklist` makes them.
//! What an item says of its state is done too: `CANCELED` in its Scheduled Procedure Step Status (0040,0020) cancels it.
//!
//! | code | what it is | customary |
//! |---|---|---|
//! | `new`, `changed`, `cancelled`, `same`, `kept`, `absent` | in the worklist, durably; of several items the first | |
//! | `json`, `item` | the payload is none | dead |
//! | `archive` | the archive can't write | retry |

mod config;
mod destination;

use std::sync::Arc;

use crate::registry::{self, Adapter, DestinationKind, MadeDestination, MakeError};

pub use config::DestinationConfig;
pub use destination::Destination;

/// This adapter, for the list of all.
pub const ADAPTER: Adapter = Adapter {
    name: "worklist",
    about: "the archive's modality worklist",
    source: None,
    destination: Some(DestinationKind {
        make: |value, site| {
            let config: DestinationConfig = registry::settings(value)?;
            let Some(archive) = site.archive else {
                return Err(MakeError::new("worklist: this site has no archive whose worklist it could be"));
            };
            let destination = Arc::new(Destination::new(config, archive.clone()));
            Ok(MadeDestination { destination, connections: 1, statistics: None, probe: None })
        },
        schema: registry::schema::<DestinationConfig>,
    }),
};
