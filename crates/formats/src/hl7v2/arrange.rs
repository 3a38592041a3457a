//! `move-segment`, `rename-segment`, `renumber`: the order and the names of segments.

use klinke_engine::document::Document;
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_engine::steps::{Reader, SpecError, StepKind, spec};
use klinke_hl7v2::Path;

use super::document::Hl7v2Document;
use super::operate::Place;
use super::{insert, operate};

pub(super) const MOVE_SEGMENT: StepKind = StepKind {
    name: "move-segment",
    about: "Moves segments, in their order, to the end or `before` or `after` another.",
    example: r#"move-segment = { segment = "NK1[*]", after = "PID" }"#,
    build: |spec, workshop| {
        let mut reader = Reader::new(spec)?;
        let what = reader.need("segment", |value| {
            let path = Path::new(&spec::text(value)?).map_err(|error| SpecError::here(error.to_string()))?;
            match path.field() {
                None => Ok(path),
                Some(_) => Err(SpecError::here("a path to a segment is expected, not to a field")),
            }
        })?;
        let place = insert::place(&mut reader, workshop)?.unwrap_or(Place::End);
        reader.end()?;
        Ok(Box::new(Move { what, place }))
    },
    keys: &[
        ("segment", "what is moved"),
        ("before", "the segment before which it goes"),
        ("after", "the segment behind which it goes"),
    ],
    any_format: false,
};

pub(super) const RENAME_SEGMENT: StepKind = StepKind {
    name: "rename-segment",
    about: "Gives all segments of a name another one.",
    example: r#"rename-segment = { ZBE = "ZFE" }"#,
    build: |spec, _| {
        let pairs = spec::entries(spec, |from, to| {
            let to = spec::text(to)?;
            for name in [from, &to] {
                operate::every(name).map_err(|error| SpecError::here(error.to_string()))?;
            }
            Ok((from.to_owned(), to))
        })?;
        Ok(Box::new(Rename { pairs }))
    },
    keys: &[],
    any_format: false,
};

pub(super) const RENUMBER: StepKind = StepKind {
    name: "renumber",
    about: "Numbers set IDs (field 1) anew: OBX behind each OBR, NTE behind each segment, others through.",
    example: r#"renumber = ["OBR", "OBX", "NTE"]"#,
    build: |spec, _| {
        let names = spec::one_or_list(spec, |one| {
            let name = spec::text(one)?;
            operate::every(&name).map_err(|error| SpecError::here(error.to_string()))?;
            Ok(name)
        })?;
        Ok(Box::new(Renumber { names }))
    },
    keys: &[],
    any_format: false,
};

#[derive(Debug)]
struct Move {
    what: Path,
    place: Place,
}

#[derive(Debug)]
struct Rename {
    pairs: Vec<(String, String)>,
}

#[derive(Debug)]
struct Renumber {
    names: Vec<String>,
}

impl Step for Move {
    fn kind(&self) -> &'static str {
        MOVE_SEGMENT.name
    }

    fn apply(&self, _: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        if let Some(message) = Hl7v2Document::of(document.as_mut()) {
            operate::relocate(message, &self.what, &self.place)?;
        }
        Ok(Yield::One(document))
    }
}

impl Step for Rename {
    fn kind(&self) -> &'static str {
        RENAME_SEGMENT.name
    }

    fn apply(&self, _: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        if let Some(message) = Hl7v2Document::of(document.as_mut()) {
            for (from, to) in &self.pairs {
                operate::rename(message, from, to)?;
            }
        }
        Ok(Yield::One(document))
    }
}

impl Step for Renumber {
    fn kind(&self) -> &'static str {
        RENUMBER.name
    }

    fn apply(&self, _: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        if let Some(message) = Hl7v2Document::of(document.as_mut()) {
            for name in &self.names {
                operate::renumber(message, name, &[])?;
            }
        }
        Ok(Yield::One(document))
    }
}
