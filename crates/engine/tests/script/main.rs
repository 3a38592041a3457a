//! Scripts as a site's author meets them, with a small format of the test's own.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod calls;
mod errors;
mod helpers;
mod limits;
mod modules;
mod purity;
mod sandbox;
mod toy;
mod types;
