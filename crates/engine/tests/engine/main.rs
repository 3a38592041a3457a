//! The engine from outside: what a site relies on.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]

#[path = "../support/mod.rs"]
mod support;

mod canary;
mod delivery;
mod early;
mod faults;
mod fragments;
mod intake;
mod memory;
mod partners;
mod people;
mod relay;
mod reload;
