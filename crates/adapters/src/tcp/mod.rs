//! Raw TCP: payloads over a stream with a framing that the site describes, for analysers, monitors and
//! old programs that speak no named protocol.
//!
//! Not supported: dialogues with more than one answer.

mod config;
mod destination;
mod framing;
mod source;

pub use config::{Closing, DestinationConfig, FramingConfig, LineEnd, Mark, Order, SourceConfig};
pub use destination::Destination;
pub use framing::RawFraming;
pub use source::Source;
