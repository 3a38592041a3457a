//! HTTP/1.1 (RFC 9110, RFC 9112): a source that takes bodies, a destination that sends them.
//!
//! | what | where |
//! |---|---|
//! | settings | [`SourceConfig`], [`DestinationConfig`] |
//! | bodies in, a status by what became of them | [`Source`] |
//! | who may come | `door` |
//! | bodies out, statuses in | [`Destination`] |
//!
//! Not supported: HTTP/2, redirects, compressed bodies.

mod config;
mod destination;
mod door;
mod source;

pub use config::{Basic, DestinationConfig, Method, SourceConfig, User};
pub use destination::Destination;
pub use source::Source;
