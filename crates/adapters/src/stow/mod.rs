//! STOW-RS (PS3.18, section 10.5) as a client: instances into a partner's archive over HTTP.
//!
//! One request an instance. What the partner says of it counts more than the status of the request:
//!
//! | code | what it is | customary |
//! |---|---|---|
//! | `200`, `202` | it is stored; a warning is in the text | |
//! | four digits, as `A700` | the Failure Reason (0008,1197): A7xx, 0110 and 0213 may pass, the others don't | retry; dead |
//! | any other status | as of the destination `http` | |
//! | `not-dicom` | the payload is no file of Part 10 | dead |

mod config;
mod destination;
mod response;

use std::sync::Arc;

use crate::registry::{self, Adapter, DestinationKind, MadeDestination};

pub use config::DestinationConfig;
pub use destination::Destination;

/// This adapter, for the list of all.
pub const ADAPTER: Adapter = Adapter {
    name: "stow",
    about: "instances into an archive over DICOMweb",
    source: None,
    destination: Some(DestinationKind {
        make: |value, site| {
            let mut config: DestinationConfig = registry::settings(value)?;
            config.resolve(site.folder);
            let connections = config.connections.max(1);
            let destination = Destination::new(config)?;
            let (probe, statistics) = (destination.probe(), Some(destination.statistics()));
            Ok(MadeDestination { destination: Arc::new(destination), connections, statistics, probe })
        },
        schema: registry::schema::<DestinationConfig>,
    }),
};
