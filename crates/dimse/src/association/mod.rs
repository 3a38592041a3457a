//! The association (PS3.8, section 9.2): its state machine, negotiation and timers, without a socket.
//!
//! [`Association`] takes bytes and times, and says what is to be sent and what happened. Most callers want
//! [`Session`](crate::session::Session), which speaks DIMSE messages over it.

mod answer;
pub mod deviation;
mod ending;
mod machine;
mod negotiate;
mod negotiated;
mod outgoing;
mod output;
mod settings;
mod state;
mod table;
mod timers;

pub use ending::{Awaited, Ending, Reason};
pub use machine::Association;
pub use negotiate::{Answers, Offer, Policy, is_storage_like, negotiate};
pub use negotiated::{AcceptedContext, Negotiated, RefusedContext, Roles};
pub use output::{AcceptError, Event, NotNow, Output};
pub use settings::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, Role, Settings};
pub use state::State;
pub use table::{Action, TABLE, Trigger, action};
