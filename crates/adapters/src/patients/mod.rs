//! The archive's patients as a destination: what a channel makes of ADT messages is who patients are in the archive.
//!
//! A payload is a patient, or an array of several, as DICOM JSON (PS3.18, Annex F), as the step `patients` makes them: merges stand
//! in the Original Attributes Sequence (0400,0561). Files stay as they came ([`klinke_archive::change`]).
//!
//! | code | what it is | customary |
//! |---|---|---|
//! | `merged`, `corrected`, `same`, `unknown` | known durably; of several patients what changed most | |
//! | `json`, `patient` | the payload is none | dead |
//! | `archive` | the archive can't write | retry |

mod config;
mod destination;

use std::sync::Arc;

use crate::registry::{self, Adapter, DestinationKind, MadeDestination, MakeError};

pub use config::DestinationConfig;
pub use destination::Destination;

/// This adapter, for the list of all.
pub const ADAPTER: Adapter = Adapter {
    name: "patients",
    about: "who patients are in the archive: merges and corrections",
    source: None,
    destination: Some(DestinationKind {
        make: |value, site| {
            let DestinationConfig {} = registry::settings(value)?;
            let Some(archive) = site.archive else {
                return Err(MakeError::new(
                    "patients: this site has no archive whose patients they could be",
                ));
            };
            let destination = Arc::new(Destination::new(site.channel.to_owned(), archive.clone()));
            Ok(MadeDestination { destination, connections: 1, statistics: None, probe: None })
        },
        schema: registry::schema::<DestinationConfig>,
    }),
};
