//! The engine from outside: what a site relies on.

#[path = "../support/mod.rs"]
mod support;

mod delivery;
mod partners;
