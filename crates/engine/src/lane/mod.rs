//! Lanes: deliveries that must stay in order, and nothing that makes one lane wait for another.
//!
//! [`queue`] is the data structure alone, [`desk`] puts it between the store, the channel's worker and
//! the links, [`links`] runs the links, [`trail`] keeps the latest attempts.

pub(crate) mod desk;
pub(crate) mod links;
pub(crate) mod queue;
pub mod trail;
