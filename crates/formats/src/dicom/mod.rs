//! DICOM: instances as files of Part 10, and data sets as DICOM JSON (PS3.18, Annex F).
//!
//! Paths are those of [`klinke_dimse::dictionary::Path`]: `PatientName`, `(0010,0010)`, `(0029,SIEMENS CSA HEADER,10)`,
//! `RequestAttributesSequence[0].AccessionNumber`, `ReferencedSeriesSequence[*].Modality`. Items are counted from 0, as in
//! DICOM JSON. Those of group 0002 lead into the head of a file: `SendingApplicationEntityTitle`.
//!
//! | at a path | is |
//! |---|---|
//! | text, numbers, tags | the values, joined by backslashes; each alone where a path names several |
//! | a sequence | how many items it has |
//! | other bytes | how many there are |
//!
//! What is set is encoded in the character set of the data set; where that lacks a character nothing is set. Where none is declared,
//! a text beyond ASCII turns the data set into UTF-8. Elements that nobody touched leave byte for byte as they came; pixel data are
//! never looked at but by `transcode` and `deidentify`.

mod deidentify;
mod document;
mod operate;
mod transcode;

use bytes::Bytes;
use klinke_dimse::data::{DataSet, Limits, PixelDataUse};
use klinke_dimse::dictionary;
use klinke_dimse::{file, tags};
use klinke_engine::document::{Document, DocumentError, Format, Path};
use klinke_engine::steps::StepKind;
use klinke_model::Payload;
use sha2::{Digest, Sha256};

pub use document::DicomDocument;

/// The steps that only DICOM has.
pub const STEPS: &[StepKind] = &[transcode::TRANSCODE, deidentify::DEIDENTIFY];

/// The format's name.
pub const NAME: &str = "dicom";

/// As much of a file as its attributes before the pixel data may need.
const HEAD_SIZE_BYTES_MAX: usize = 1 << 20;

/// The format `dicom`.
#[derive(Clone, Copy, Debug)]
pub struct Dicom;

impl Format for Dicom {
    fn name(&self) -> &'static str {
        NAME
    }

    fn open(&self, payload: &Payload, charset: Option<&str>) -> Result<Box<dyn Document>, DocumentError> {
        Ok(Box::new(DicomDocument::open(payload, charset)?))
    }

    fn path(&self, text: &str) -> Result<Path, DocumentError> {
        compile(text)
    }

    fn first(&self) -> usize {
        0
    }

    fn identity(&self, payload: &[u8]) -> Option<u64> {
        let set = head(payload)?;
        let uid = set.ascii(tags::SOP_INSTANCE_UID)?;
        let digest = Sha256::digest(uid.as_bytes());
        digest.first_chunk().map(|first| u64::from_be_bytes(*first))
    }
}

fn compile(text: &str) -> Result<Path, DocumentError> {
    match text.parse::<dictionary::Path>() {
        Ok(path) => Ok(Path::new(text, path)),
        Err(error) => Err(DocumentError::new(error.to_string())),
    }
}

/// The attributes of a file before its pixel data; nothing where it is no file of Part 10.
pub(crate) fn head(payload: &[u8]) -> Option<DataSet> {
    if payload.get(128..132) != Some(b"DICM") {
        return None;
    }
    let window = Bytes::copy_from_slice(&payload[..payload.len().min(HEAD_SIZE_BYTES_MAX)]);
    Some(file::open(window, &Limits::header(), PixelDataUse::Stop).ok()?.set)
}

#[cfg(test)]
mod tests;
