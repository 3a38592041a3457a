//! Where a codec meets the engine: documents and their paths, the steps that only a format has, search
//! keys, and messages in plain words.
//!
//! | format | payload | where |
//! |---|---|---|
//! | `hl7v2` | HL7 v2 messages and batches | [`hl7v2`] |
//! | `dicom` | instances as files of Part 10, data sets as DICOM JSON | [`dicom`] |
//! | `text` | text: lines, CSV cells | [`plain`] |
//! | `bytes` | anything, not looked into | [`plain`] |
//!
//! [`explain`] puts messages into plain words.
//!
//! A new format is a folder here and a line in [`all`]; a new step of a format is a file in its folder
//! and a line in its `STEPS`.

pub mod dicom;
pub mod explain;
pub mod hl7v2;
mod imaging;
pub mod keys;
mod make;
pub mod plain;
mod worklist;

use std::sync::Arc;

use klinke_engine::document::{Format, Formats};
use klinke_engine::steps::{Builders, StepKind};

pub use keys::SearchKeys;

/// Every format, without anything of a site.
pub fn all() -> Formats {
    Formats::new([
        Arc::new(hl7v2::Hl7v2::new()) as Arc<dyn Format>,
        Arc::new(dicom::Dicom),
        Arc::new(plain::TextFormat),
        Arc::new(plain::BytesFormat),
    ])
}

/// Steps that belong to no single format.
pub const STEPS: &[StepKind] = &[
    make::TEMPLATE,
    plain::SPLIT_LINES,
    worklist::PATIENTS,
    worklist::WORKLIST,
    imaging::TO_HL7,
    imaging::TO_DICOM,
];

/// The engine's steps and those of all formats. A program adds its own to them.
pub fn builders() -> Builders {
    Builders::new().and(STEPS).and(hl7v2::STEPS).and(dicom::STEPS)
}

#[cfg(test)]
mod testing;
