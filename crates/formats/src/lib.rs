//! Filled in the next commits.

pub mod explain;
