//! Data sets (PS3.5, section 7): elements in the order of their tags, values as the bytes that they are.
//!
//! A [`DataSet`] keeps every value as it came: nothing is decoded before somebody asks, what is against the
//! standard stays, and what is not touched is written as it was read. Bytes of values are little endian in
//! memory, whatever the transfer syntax.
//!
//! ```
//! use klinke_dimse::charset::{Charset, Rules};
//! use klinke_dimse::data::{DataSet, Limits, read, write};
//! use klinke_dimse::syntax::TransferSyntax;
//! use klinke_dimse::{VR, tags};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut set = DataSet::new();
//! set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100");
//! set.put_text(tags::PATIENT_NAME, VR::PN, "Müller^Jörg", &Charset::LATIN_1);
//! set.put_us(tags::ROWS, 512);
//!
//! let bytes = write(&set, &TransferSyntax::IMPLICIT)?;
//! let reading = read(bytes, &TransferSyntax::IMPLICIT, &Limits::default());
//! assert!(reading.is_whole() && reading.deviations.is_empty());
//!
//! let (charset, _) = Charset::of(&reading.set, &Rules::default());
//! let name = reading.set.person_name(tags::PATIENT_NAME, &charset).expect("a name");
//! assert_eq!(name.for_people(), "Jörg Müller");
//! assert_eq!(reading.set.int(tags::ROWS), Some(512));
//! # Ok(())
//! # }
//! ```

mod element;
mod patch;
mod read;
mod recode;
mod set;
mod text;
mod write;

pub use element::{Element, Fragments, Value};
pub use patch::patch;
pub(crate) use read::header::vr as vr_of_code;
pub use read::{End, Limit, Limits, PixelDataPlace, PixelDataUse, Reading, Skipped, read, read_with};
pub(crate) use read::{header, inflate, parser, source, swap};
pub use recode::Recoded;
pub use set::DataSet;
pub(crate) use text::{has_values, is_text};
pub(crate) use write::padding;
pub use write::{Error as WriteError, write, write_into};
