//! DICOMweb (PS3.18): the archive over HTTP.
//!
//! | service | where |
//! |---|---|
//! | QIDO-RS (section 10.6) | `search` |
//! | WADO-RS (section 10.4), WADO-URI (section 9) | `retrieve` |
//! | STOW-RS (section 10.5) | `store` |
//! | UPS-RS (section 11) | `workitems` |
//! | QIDO-RS and WADO-RS as a caller | `client` |
//! | deletion, capabilities (section 8.9) | `delete`, `capabilities` |
//!
//! Around them: `route` reads paths, `media` negotiates (section 8.7), `base` says by which URL we are seen, `cors` whom
//! browsers may let in, [`Gate`] who may do what. Not served: inventories.

mod answer;
mod base;
mod capabilities;
pub mod client;
mod config;
pub mod conformance;
mod cors;
mod delete;
mod fault;
mod gate;
mod media;
mod pages;
mod query;
mod retrieve;
mod route;
mod search;
mod sets;
mod steady;
mod store;
mod web;
mod workitems;

pub use config::{WebConfig, WebLimits};
pub use gate::{Anyone, Deed, Gate, Opened, Verdict, Wish};
pub use web::{OpenWeb, Web};
