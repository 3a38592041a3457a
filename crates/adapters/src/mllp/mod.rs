//! MLLP, the minimal lower layer protocol under HL7 v2 (HL7 v2.5.1 appendix C; release 2 commit frames),
//! with acknowledgments in original and enhanced mode (HL7 v2.5.1 chapter 2, section 2.9).
//!
//! | what | where |
//! |---|---|
//! | settings | [`SourceConfig`], [`DestinationConfig`] |
//! | frames in, acknowledgments out | [`Source`] |
//! | frames out, acknowledgments in | [`Destination`] |
//! | what the codec is asked | `codec` |
//! | the sequence number protocol | `sequence` |

mod codec;
mod config;
mod destination;
mod ids;
mod sequence;
mod source;
mod verdict;

pub use config::{AckForm, Await, Connection, DestinationConfig, Mode, SourceConfig, Unparsable};
pub use destination::Destination;
pub use source::Source;
