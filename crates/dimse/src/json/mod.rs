//! The DICOM JSON Model (PS3.18, Annex F), both ways.
//!
//! | value | in JSON |
//! |---|---|
//! | text | decoded, always UTF-8; (0008,0005), where there is one, says ISO_IR 192 |
//! | DS, IS | a number where it is one, as it was written; else a string |
//! | FL, FD | a number; "NaN", "inf" and "-inf" where there is none |
//! | SV, UV | a number up to 2^53, beyond it a string |
//! | OB, OD, OF, OL, OV, OW, UN | a URI where the caller gives one, else in Base64 |
//! | fragments | a URI where the caller gives one, else no value |
//! | group lengths | left out |

pub(crate) mod base64;
mod lexer;
mod read;
mod write;

pub use lexer::Error;
pub use read::{BulkReference, Limits, Parsed, read, read_all};
pub use write::{BulkData, BulkUri, Options, to_string, write};
