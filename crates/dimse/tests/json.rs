//! JSON and XML: data sets in, text out, and back.

mod support;

#[path = "json/peers.rs"]
mod peers;

#[path = "json/model.rs"]
mod model;

#[path = "json/native.rs"]
mod native;
