//! A channel: its way in, its steps, its desks.

pub mod canary;
pub(crate) mod early;
pub(crate) mod fragments;
pub(crate) mod inbox;
pub(crate) mod intake;
pub(crate) mod memory;
pub(crate) mod running;
pub mod spec;
pub(crate) mod waiters;
pub(crate) mod work;
pub(crate) mod worker;
