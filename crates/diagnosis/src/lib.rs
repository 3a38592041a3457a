//! Is it the line, the software, the set-up or the data, and whom does one call?
//!
//! This crate judges. It opens no socket and reads no clock: what probes saw, what attempts were answered
//! and what time it is are arguments.

pub mod dialect;
mod verdict;

pub use verdict::{Layer, Verdict};
