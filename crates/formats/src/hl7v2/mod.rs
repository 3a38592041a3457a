//! HL7 v2: documents over the codec, their paths (those of [`klinke_hl7v2::path`]), their steps.
//!
//! What a path reads and writes: the text of a field or part, decoded and without escapes. A text that is
//! set is escaped whole: a `^` in it is a character, not a separator. Structure is copied (`copy`, or a
//! template that is one path) or set as it is written on the wire (`set-encoded`).
//!
//! A path without a field (`PV1`) is the segment: reading gives it as it is written, deleting removes it.
//!
//! Operations, for scripts and steps, in [`operate`].

mod append;
mod arrange;
mod batch;
mod charset;
mod document;
pub mod draft;
mod encoded;
mod escapes;
pub mod event;
mod extract;
mod groups;
mod identity;
mod insert;
pub mod invented;
mod line_ends;
mod lines;
pub mod operate;
pub mod outline;
mod pieces;
mod remove;
mod split;
mod trailing;

use std::sync::Arc;

use klinke_engine::document::{Document, DocumentError, Format, Fragment, Path};
use klinke_engine::steps::StepKind;
use klinke_hl7v2::message::Options;
use klinke_hl7v2::{Charset, GroupResolver, Message, continuation};
use klinke_model::Payload;

pub use document::Hl7v2Document;
pub use groups::Groups;

/// The steps that only HL7 v2 has.
pub const STEPS: &[StepKind] = &[
    insert::INSERT_SEGMENT,
    remove::DELETE_SEGMENT,
    arrange::MOVE_SEGMENT,
    arrange::RENAME_SEGMENT,
    arrange::RENUMBER,
    append::APPEND_REPETITION,
    encoded::SET_ENCODED,
    split::SPLIT,
    batch::UNBATCH,
    batch::BATCH,
    charset::CHARSET,
    line_ends::LINE_ENDS,
    lines::TEXT_TO_LINES,
    lines::LINES_TO_TEXT,
    extract::EXTRACT,
    escapes::ESCAPE_TEXT,
    escapes::UNESCAPE,
    trailing::DROP_TRAILING,
];

/// The format `hl7v2`.
#[derive(Clone)]
pub struct Hl7v2 {
    resolver: Option<Arc<dyn GroupResolver>>,
}

impl Hl7v2 {
    /// The format as the standard has it.
    pub fn new() -> Self {
        Hl7v2 { resolver: Some(Arc::new(Groups)) }
    }
}

impl Default for Hl7v2 {
    fn default() -> Self {
        Hl7v2::new()
    }
}

impl std::fmt::Debug for Hl7v2 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hl7v2")
    }
}

impl Format for Hl7v2 {
    fn name(&self) -> &'static str {
        NAME
    }

    fn open(&self, payload: &Payload, charset: Option<&str>) -> Result<Box<dyn Document>, DocumentError> {
        let options = Options { charset: charset.and_then(Charset::by_name), ..Options::default() };
        let document = Hl7v2Document::open(payload, &options)?;
        Ok(Box::new(document.with_resolver(self.resolver.clone())))
    }

    fn path(&self, text: &str) -> Result<Path, DocumentError> {
        compile(text)
    }

    fn identity(&self, payload: &[u8]) -> Option<u64> {
        identity::identity(payload)
    }

    fn fragment(&self, payload: &[u8]) -> Option<Fragment> {
        let continuation::Peek { continues, key } = continuation::peek(payload)?;
        Some(Fragment { continues, key })
    }

    fn join(&self, fragments: &[Payload], charset: Option<&str>) -> Result<Payload, DocumentError> {
        let options = Options { charset: charset.and_then(Charset::by_name), ..Options::default() };
        let read = |fragment: &Payload| {
            Message::parse_with(fragment.to_vec(), &options)
                .map_err(|error| DocumentError::new(error.to_string()))
        };
        let messages = fragments.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(continuation::join(&messages).to_vec().into())
    }
}

/// The format's name.
pub const NAME: &str = "hl7v2";

fn compile(text: &str) -> Result<Path, DocumentError> {
    match klinke_hl7v2::Path::new(text) {
        Ok(path) => Ok(Path::new(text, path)),
        Err(error) => Err(DocumentError::new(error.to_string())),
    }
}

#[cfg(test)]
mod tests;
