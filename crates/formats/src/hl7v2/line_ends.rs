//! `line-ends`: what ends segments. Line breaks within fields stay.

use klinke_engine::document::{Document, DocumentError};
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_engine::steps::{SpecError, StepKind, spec};

use super::document::Hl7v2Document;
use super::pieces;

pub(super) const LINE_ENDS: StepKind = StepKind {
    name: "line-ends",
    about: "Ends every segment with `cr` (as the standard says), `lf` or `crlf`; blank lines go.",
    example: r#"line-ends = "cr""#,
    build: |spec, _| {
        let end =
            end_of(&spec::text(spec)?).ok_or_else(|| SpecError::here("one of cr, lf, crlf is expected"))?;
        Ok(Box::new(LineEnds { end }))
    },
    keys: &[],
    any_format: false,
};

#[derive(Debug)]
struct LineEnds {
    end: &'static [u8],
}

/// The bytes of a line end's name.
pub(super) fn end_of(name: &str) -> Option<&'static [u8]> {
    match name {
        "cr" => Some(b"\r"),
        "lf" => Some(b"\n"),
        "crlf" => Some(b"\r\n"),
        _ => None,
    }
}

/// Writes every segment with this end. A message that is so already stays untouched.
pub(super) fn convert(document: &mut Hl7v2Document, end: &[u8]) -> Result<(), DocumentError> {
    let count = document.message().segment_count();
    let remade = pieces::message_of(document, 0..count, end)?;
    if *remade.message().original() != document.message().to_bytes() {
        *document = remade;
    }
    Ok(())
}

impl Step for LineEnds {
    fn kind(&self) -> &'static str {
        LINE_ENDS.name
    }

    fn apply(&self, _: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        if let Some(message) = Hl7v2Document::of(document.as_mut()) {
            convert(message, self.end)?;
        }
        Ok(Yield::One(document))
    }
}
