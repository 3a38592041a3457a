//! HL7 v2 messages, usable alone.

pub mod charset;
pub mod definitions;
pub mod delimiters;
pub mod deviation;
mod error;
pub mod escape;
pub mod grouping;
pub mod index;
pub mod message;
pub mod path;
mod place;
mod value;

pub use charset::Charset;
pub use delimiters::Delimiters;
pub use deviation::Deviation;
pub use error::Error;
pub use index::Index;
pub use message::{GroupResolver, Message};
pub use path::Path;
pub use place::Place;
pub use value::Value;
