//! DICOM without sockets: associations, DIMSE messages, data sets, character sets and pixel data, usable alone.
//!
//! The crate follows PS3.5 to PS3.8, PS3.10 and PS3.18 Annex F of the standard (edition 2024e where nothing else is
//! said), and what devices do instead of it. Bytes and times are arguments; no socket, file, clock or log is
//! touched.
//!
//! | module | what |
//! |---|---|
//! | [`association`] | state machine, negotiation and timers of an association; what peers do against the standard on it |
//! | [`charset`] | character sets: text from bytes, bytes from text |
//! | [`data`] | data sets: elements, values, how they are read and written |
//! | [`mod@deidentify`] | instances without their patients: PS3.15, Annex E |
//! | [`deviation`] | what a data set has against the standard |
//! | [`dictionary`] | tags, keywords, VRs, private creators |
//! | [`directory`] | the directory of a medium: DICOMDIR |
//! | [`mod@dump`] | a readable text of a data set, with or without values |
//! | [`mod@file`] | files of Part 10, and data sets as they arrive |
//! | [`json`] | the DICOM JSON Model |
//! | [`message`] | DIMSE messages: commands, status codes, fragments |
//! | [`name`] | names of persons |
//! | [`pdu`] | protocol data units of the upper layer |
//! | [`pixel`] | pixel data: frames, codecs, transcoding, images for the screen |
//! | [`report`] | content trees of Structured Reports and Key Object Selections |
//! | [`session`] | an association and the messages on it: what a driver uses |
//! | [`syntax`] | transfer syntaxes |
//! | [`value`] | dates, times, numbers and ages; whether values are well formed |
//! | [`xml`] | the Native DICOM Model |

pub mod association;
pub mod charset;
pub mod data;
pub mod deidentify;
pub mod deviation;
pub mod dictionary;
pub mod directory;
pub mod dump;
pub mod file;
pub mod json;
pub mod message;
pub mod name;
pub mod pdu;
pub mod pixel;
pub mod report;
pub mod session;
pub mod syntax;
pub mod value;
pub mod xml;

pub use dicom_core::{Tag, VR};
pub use dicom_dictionary_std::{tags, uids};
