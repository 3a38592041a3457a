//! HL7 v2.

pub mod charset;
pub mod delimiters;
pub mod deviation;
mod error;
pub mod escape;
pub mod index;
pub mod message;
pub mod mllp;
pub mod path;
mod place;
pub mod time;
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
