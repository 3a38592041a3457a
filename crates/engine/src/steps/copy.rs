//! `copy` and `move`: what stands at one path to another, with its inner structure.

use super::spec;
use super::{Spec, SpecError, StepKind, Workshop};
use crate::document::{Document, Path, Value};
use crate::step::{Context, Step, StepError, Yield};

pub(super) const COPY: StepKind = StepKind {
    name: "copy",
    about: "Copies from one path to another (`from = to`), with the inner structure.",
    example: r#"copy = { "PID-3" = "PID-2" }"#,
    build: |spec, workshop| Copy::build(spec, workshop, false),
    keys: &[],
    any_format: false,
};

pub(super) const MOVE: StepKind = StepKind {
    name: "move",
    about: "Copies from one path to another (`from = to`) and clears the first.",
    example: r#"move = { "PID-18" = "PV1-19" }"#,
    build: |spec, workshop| Copy::build(spec, workshop, true),
    keys: &[],
    any_format: false,
};

#[derive(Debug)]
struct Copy {
    pairs: Vec<(Path, Path)>,
    clear: bool,
}

impl Copy {
    fn build(spec: &Spec, workshop: &Workshop<'_>, clear: bool) -> Result<Box<dyn Step>, SpecError> {
        let surroundings = workshop.surroundings()?;
        let pairs = spec::entries(spec, |from, to| {
            Ok((spec::path_of(from, &surroundings)?, spec::path(to, &surroundings)?))
        })?;
        Ok(Box::new(Copy { pairs, clear }))
    }
}

impl Step for Copy {
    fn kind(&self) -> &'static str {
        if self.clear { MOVE.name } else { COPY.name }
    }

    fn apply(&self, _: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        for (from, to) in &self.pairs {
            document.copy(from, to).map_err(|error| StepError::from(error).or_at(to.text()))?;
            if self.clear && from.text() != to.text() && document.value(from)? != Value::Absent {
                document
                    .set(from, Value::Empty)
                    .map_err(|error| StepError::from(error).or_at(from.text()))?;
            }
        }
        Ok(Yield::One(document))
    }
}
