//! DICOM over sockets: the archive's services for those who call (SCP), and ours as a caller (SCU).
//!
//! The protocol is [`klinke_dimse`]'s, the archive [`klinke_archive`]'s; here they meet sockets, partners and their
//! differences.
//!
//! | file | what |
//! |---|---|
//! | `conformance` | tables of the conformance statement |
//! | `destination` | instances out of a channel, by C-STORE |
//! | `inbox` | those who are not known |
//! | `line` | one association over a socket |
//! | `peer` | partners |
//! | `node` | our own application entity: who may come in, what it offers |
//! | `notice` | what a partner is told of studies and procedure steps |
//! | `poll` | partners that are asked every so often, as sources |
//! | `probe` | whether a partner takes our association |
//! | `report` | reports of storage commitment |
//! | `scp` | what is done for those who call |
//! | `scu` | what we ask of others |
//! | `source` | instances into a channel, by C-STORE |
//! | `taking` | an instance on its way into the archive |

use std::sync::Arc;

use crate::registry::{self, Adapter, DestinationKind, MadeDestination, MadeSource, MakeError, SourceKind};

pub mod conformance;
mod destination;
mod identifier;
mod inbox;
mod line;
mod node;
mod notice;
mod peer;
pub mod poll;
mod probe;
mod report;
mod scp;
pub mod scu;
mod source;
mod taking;

pub use destination::Destination;
pub use inbox::{Inbox, Unknown};
pub use line::{Broken, Line, RequestError};
pub use node::{Accept, Node, NodeConfig, OpenNode};
pub use peer::{Clash, Peer, Peers, Service, check_title};
pub use report::{Report, Reports};
pub use source::{Source, SourceConfig};

/// This adapter, for the list of all.
pub const ADAPTER: Adapter = Adapter {
    name: "dicom",
    about: "DICOM instances by C-STORE",
    source: Some(SourceKind {
        make: |value, site| {
            let mut config: SourceConfig = registry::settings(value)?;
            config.resolve(site.folder);
            check_title(&config.ae_title).map_err(MakeError::new)?;
            let from = config.from.clone();
            Ok(MadeSource { source: Box::new(Source::new(config)), from, statistics: None, probe: None })
        },
        schema: registry::schema::<SourceConfig>,
    }),
    destination: Some(DestinationKind {
        make: |value, site| {
            let mut peer: Peer = registry::settings(value)?;
            peer.resolve(site.folder);
            peer.check().map_err(MakeError::new)?;
            let connections = peer.associations.max(1);
            let reports = site.archive.map(|slot| slot.reports().clone()).unwrap_or_default();
            let destination = Arc::new(Destination::new(peer, reports)?);
            let probe = destination.probe();
            Ok(MadeDestination { destination, connections, statistics: None, probe })
        },
        schema: registry::schema::<Peer>,
    }),
};
