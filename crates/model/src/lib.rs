//! The words of the engine as types: envelope, delivery, attempt, disposition.
//!
//! This crate depends on nothing, not even on a codec: everything above it speaks these words, so a
//! change here is a change everywhere. Times are [`Timestamp`]s, bytes are [`Payload`]s, and whatever
//! may carry patient data and could reach a log is wrapped in [`Redacted`].

mod attempt;
mod delivery;
mod disposition;
mod envelope;
mod id;
mod redacted;
mod tally;
mod time;

pub use attempt::{Attempt, AttemptResult};
pub use delivery::{Delivery, DeliveryKey, DeliveryState, Hold};
pub use disposition::{Disposition, ParseDispositionError};
pub use envelope::{Envelope, Origin, Payload};
pub use id::{ChannelId, DestinationId, EnvelopeId, VersionId};
pub use redacted::Redacted;
pub use tally::{ChannelTally, DestinationTally};
pub use time::Timestamp;
