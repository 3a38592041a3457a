//! HL7 v2 messages, usable alone.

pub mod definitions;
pub mod grouping;
