//! Another archive, or a RIS, that is asked every so often: what is new, changed or gone becomes envelopes.
//!
//! | adapter | what is asked | an envelope, as DICOM JSON in the format `dicom`, for each |
//! |---|---|---|
//! | `dicom-worklist` | its modality worklist (PS3.4, Annex K) | item that is new or changed; one that is gone from the days asked for comes with its keys and the state `CANCELED` (0040,0020) |
//! | `dicom-studies` | its studies of the last days (PS3.4, Annex C, Study Root) | study that is new, or has grown; told when it did not grow between two looks |
//!
//! What was seen is remembered durably, beside the channel's envelopes, and noted after them: a crash between the two tells at most what
//! was found at that look once more, as the same bytes; `dedup = { by = "content" }` tells it. An answer that breaks off, or
//! that the partner has cut, says of nothing that it is gone.

mod config;
mod memory;
mod query;
mod source;

use std::sync::Arc;

use serde_json::Value;

use self::query::Asked;
use self::source::Source;
use super::peer::Peer;
use crate::registry::{self, Adapter, MadeSource, MakeError, SourceKind, Surroundings};

pub use config::{StudiesConfig, WorklistConfig};

/// The key under which the partner's `dicom` entry is put into what the site says: it names a system alone.
pub const PARTNER: &str = "partner";

/// The adapters that ask a partner, whom `from` names as a system.
pub const ASKING: [&str; 2] = [WORKLIST.name, STUDIES.name];

/// A worklist that is asked, for the list of all.
pub const WORKLIST: Adapter = Adapter {
    name: "dicom-worklist",
    about: "the modality worklist of a partner, asked every so often",
    source: Some(SourceKind {
        make: |value, site| {
            let config: WorklistConfig = registry::settings(value)?;
            made(&config.from.clone(), config.partner.clone(), Asked::Worklist(config), site)
        },
        schema: registry::schema::<WorklistConfig>,
    }),
    destination: None,
};

/// Studies that are asked for, for the list of all.
pub const STUDIES: Adapter = Adapter {
    name: "dicom-studies",
    about: "the studies of another archive, asked for every so often",
    source: Some(SourceKind {
        make: |value, site| {
            let config: StudiesConfig = registry::settings(value)?;
            made(&config.from.clone(), config.partner.clone(), Asked::Studies(config), site)
        },
        schema: registry::schema::<StudiesConfig>,
    }),
    destination: None,
};

fn made(
    from: &str,
    partner: Option<Value>,
    asked: Asked,
    site: &Surroundings<'_>,
) -> Result<MadeSource, MakeError> {
    let partner =
        partner.ok_or_else(|| MakeError::new(format!("\"{from}\" is no system with a `dicom` entry")))?;
    let mut peer: Peer = registry::settings(partner)?;
    peer.resolve(site.folder);
    peer.check().map_err(MakeError::new)?;
    if peer.address.is_none() {
        return Err(MakeError::new(format!("the `dicom` entry of \"{from}\" says no address")));
    }
    asked.check().map_err(MakeError::new)?;
    let source = Box::new(Source::new(Arc::new(peer), asked));
    Ok(MadeSource { source, from: Some(from.to_owned()), statistics: None, probe: None })
}
