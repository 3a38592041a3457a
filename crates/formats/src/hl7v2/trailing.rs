//! `drop-trailing-delimiters`: what stands behind the last value of a field, repetition or segment (HL7
//! v2.5.1 chapter 2, 2.6: such delimiters may be left out).

use klinke_engine::document::{Document, DocumentError};
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_engine::steps::{SpecError, StepKind, spec};
use klinke_hl7v2::Delimiters;

use super::document::Hl7v2Document;
use super::pieces;

pub(super) const DROP_TRAILING: StepKind = StepKind {
    name: "drop-trailing-delimiters",
    about: "Leaves out delimiters behind the last value of components, fields and segments.",
    example: "drop-trailing-delimiters = true",
    build: |spec, _| match spec::flag(spec)? {
        true => Ok(Box::new(DropTrailing)),
        false => Err(SpecError::here("leave the step out instead")),
    },
    keys: &[],
    any_format: false,
};

#[derive(Debug)]
struct DropTrailing;

impl Step for DropTrailing {
    fn kind(&self) -> &'static str {
        DROP_TRAILING.name
    }

    fn apply(&self, _: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        if let Some(message) = Hl7v2Document::of(document.as_mut()) {
            drop_trailing(message)?;
        }
        Ok(Yield::One(document))
    }
}

fn drop_trailing(document: &mut Hl7v2Document) -> Result<(), DocumentError> {
    let delimiters = *document.message().delimiters();
    let end = pieces::usual_end(document);
    let (mut bytes, mut changed) = (Vec::new(), false);
    for segment in document.message().segments() {
        let raw = segment.raw();
        // The header's first two fields are the delimiters themselves.
        let guarded = if segment.is_header() { 4 + delimiters.encoding_characters().len() } else { 3 };
        let shortened = shorter(&raw, guarded, &delimiters);
        changed |= shortened.len() != raw.len();
        bytes.extend_from_slice(&shortened);
        bytes.extend_from_slice(end);
    }
    if changed {
        *document = pieces::remade(document, bytes)?;
    }
    Ok(())
}

/// A segment without trailing delimiters behind its first `guarded` bytes.
fn shorter(raw: &[u8], guarded: usize, delimiters: &Delimiters) -> Vec<u8> {
    let guarded = guarded.min(raw.len());
    let mut out = raw[..guarded].to_vec();
    for &byte in &raw[guarded..] {
        if byte == delimiters.field {
            trim(&mut out, guarded, |b| b != delimiters.field && delimiters.is_separator(b));
        } else if Some(byte) == delimiters.repetition {
            trim(&mut out, guarded, |b| b == delimiters.component || Some(b) == delimiters.subcomponent);
        } else if byte == delimiters.component {
            trim(&mut out, guarded, |b| Some(b) == delimiters.subcomponent);
        }
        out.push(byte);
    }
    trim(&mut out, guarded, |b| delimiters.is_separator(b));
    out
}

fn trim(out: &mut Vec<u8>, guarded: usize, trailing: impl Fn(u8) -> bool) {
    while out.len() > guarded && out.last().is_some_and(|&last| trailing(last)) {
        out.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_trails_goes() {
        for (before, after) in [
            ("PID|1||4711^^^KIS^^|A&B&^&&C&&^^~~X^||", "PID|1||4711^^^KIS|A&B^&&C~~X"),
            ("PV1|||", "PV1"),
            ("PV1|^^~^&|x", "PV1||x"),
            ("NTE|1|", "NTE|1"),
            ("ZZZ", "ZZZ"),
        ] {
            let out = shorter(before.as_bytes(), 3, &Delimiters::default());
            assert_eq!(String::from_utf8_lossy(&out), after, "{before}");
        }
        let header = shorter(b"MSH|^~\\&|KIS||", 8, &Delimiters::default());
        assert_eq!(header, b"MSH|^~\\&|KIS");
        assert_eq!(shorter(b"MSH|^~\\&||", 8, &Delimiters::default()), b"MSH|^~\\&");
    }
}
