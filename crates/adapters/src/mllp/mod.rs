//! MLLP, the minimal lower layer protocol under HL7 v2 (HL7 v2.5.1 appendix C; release 2 commit frames),
//! with acknowledgments in original and enhanced mode (HL7 v2.5.1 chapter 2, section 2.9).
//!
//! | what | where |
//! |---|---|
//! | settings | [`SourceConfig`], [`DestinationConfig`] |
//! | frames in, acknowledgments out | [`Source`] |
//! | frames out, acknowledgments in | [`Destination`] |
//! | what the codec is asked | `codec` |
//! | application acknowledgments that come another way | `answers` |
//! | the sequence number protocol | `sequence` |
//! | what a message says of its sender's clock, characters and identity | `notice` |
//! | the test message of a probe | `echo` |

mod answers;
mod codec;
mod config;
mod destination;
mod echo;
mod ids;
mod notice;
mod sequence;
mod source;
mod verdict;

use std::sync::Arc;

use crate::registry::{self, Adapter, DestinationKind, MadeDestination, MadeSource, SourceKind};

pub use config::{AckForm, Await, BatchAck, Connection, DestinationConfig, Mode, SourceConfig, Unparsable};
pub use destination::Destination;
pub use source::Source;

/// This adapter, for the list of all.
pub const ADAPTER: Adapter = Adapter {
    name: "mllp",
    about: "HL7 v2 over MLLP, with acknowledgments",
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
