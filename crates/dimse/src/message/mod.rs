//! DIMSE messages (PS3.7): commands, and the fragments that command sets and data sets travel in.
//!
//! Data sets are never collected here: they pass in the pieces that they come in.

mod assembler;
mod command;
mod decode;
mod encode;
mod error;
mod kind;
mod status;

pub use assembler::{Assembler, COMMAND_BYTES_MAX, Part};
pub use command::{Command, Priority, SubOperations};
pub use decode::decode_command;
pub use encode::encode_command;
pub use error::{Error, Expected};
pub use kind::Kind;
pub use status::{Class, Status};
