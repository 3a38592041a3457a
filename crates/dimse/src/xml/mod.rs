//! The Native DICOM Model in XML (PS3.19, section A.1), both ways.
//!
//! The reader knows what the model needs of XML 1.0: elements, attributes, text, references to characters, comments,
//! CDATA. A document type declaration is refused, and with it every entity that it may define.

mod lexer;
mod read;
mod write;

pub use lexer::Error;
pub use read::read;
pub use write::{to_string, write};
