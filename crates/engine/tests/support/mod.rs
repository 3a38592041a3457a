//! A toy format, scripted partners and a bed to run channels in.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]
#![allow(dead_code, unused_imports, reason = "each test binary uses its own share")]

pub mod bed;
pub mod partner;
pub mod toy;

pub use bed::{Bed, Tap, channel, destination, unhurried};
pub use partner::{Partner, Then};
pub use toy::{Toy, step};
