//! Data sets: bytes in, elements out, and back.

mod support;

#[path = "data/peers.rs"]
mod peers;

#[path = "data/properties.rs"]
mod properties;

#[path = "data/tolerance.rs"]
mod tolerance;

#[path = "data/files.rs"]
mod files;

#[path = "data/values.rs"]
mod values;
