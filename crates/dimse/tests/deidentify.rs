//! De-identification: what Table E.1-1 says is what happens; nothing that identified a patient is left in the bytes.

#![allow(clippy::print_stderr, reason = "what did not run is said aloud")]

mod support;

#[path = "deidentify/documents.rs"]
mod documents;
#[path = "deidentify/files.rs"]
mod files;
#[path = "deidentify/phi.rs"]
mod phi;
#[path = "deidentify/pixels.rs"]
mod pixels;
#[path = "deidentify/study.rs"]
mod study;
#[path = "deidentify/table.rs"]
mod table;
