//! Is it the line, the software, the set-up or the data, and whom does one call?
//!
//! This crate judges. It opens no socket and reads no clock: what probes saw, what attempts were answered
//! and what time it is are arguments.
//!
//! | to find | look in |
//! |---|---|
//! | what a probe did and saw | [`seen`] |
//! | what the running site knows anyway: attempts, connections, arrivals, this machine | [`facts`] |
//! | every cause that can be told, with its verdict, its rung and its words | [`cause`] |
//! | which cause the facts speak for | [`ladder`] |
//! | what people and tools are given | [`finding`] |
//! | in which rhythm partners send, and what is unusual in it | [`rhythm`] |
//! | what is worth a person's attention, and who is told when | [`alert`] |
//! | what a service says of itself in its first bytes | [`speech`] |
//! | how moments within sentences are told by the clock of a place | [`clock`] |

pub mod alert;
pub mod cause;
pub mod clock;
pub mod dialect;
pub mod facts;
pub mod finding;
pub mod ladder;
mod lang;
pub mod rhythm;
pub mod seen;
pub mod speech;
mod verdict;

pub use finding::{Diagnosis, Finding};
pub use ladder::{Judgement, judge, judge_own};
pub use lang::{Lang, Text};
pub use seen::{Did, Rejection, Seen, Step, TlsFault};
pub use speech::Speech;
pub use verdict::{Layer, Verdict};
