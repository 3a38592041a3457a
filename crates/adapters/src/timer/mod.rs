//! A clock as a source: an empty envelope every so often, for housekeeping.

mod config;
mod source;

pub use config::SourceConfig;
pub use source::Source;
