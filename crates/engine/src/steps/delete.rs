//! `clear`, `null` and `delete`: taking values away.

use super::set::Target;
use super::spec;
use super::{Spec, SpecError, StepKind, Workshop};
use crate::document::{Document, Path, Value};
use crate::step::{Context, Step, StepError, Yield};

pub(super) const CLEAR: StepKind = StepKind {
    name: "clear",
    about: "Empties places: nothing is said there any more.",
    example: r#"clear = ["PID-19", "PID-26"]"#,
    build: |spec, workshop| Clear::build(spec, workshop, false),
    keys: &[],
    any_format: false,
};

pub(super) const NULL: StepKind = StepKind {
    name: "null",
    about: "Says that there is no value: the receiver is to delete what it has.",
    example: r#"null = "PID-19""#,
    build: |spec, workshop| Clear::build(spec, workshop, true),
    keys: &[],
    any_format: false,
};

pub(super) const DELETE: StepKind = StepKind {
    name: "delete",
    about: "Removes what paths name: whole parts, repetitions or values.",
    example: r#"delete = ["NK1[*]", "PID-3[2]"]"#,
    build: |spec, workshop| {
        let surroundings = workshop.surroundings()?;
        let paths = spec::one_or_list(spec, |one| spec::path(one, &surroundings))?;
        Ok(Box::new(Delete { paths }))
    },
    keys: &[],
    any_format: false,
};

#[derive(Debug)]
struct Clear {
    targets: Vec<Target>,
    null: bool,
}

#[derive(Debug)]
struct Delete {
    paths: Vec<Path>,
}

impl Clear {
    fn build(spec: &Spec, workshop: &Workshop<'_>, null: bool) -> Result<Box<dyn Step>, SpecError> {
        let surroundings = workshop.surroundings()?;
        let targets = spec::one_or_list(spec, |one| Target::compile(&spec::text(one)?, &surroundings))?;
        Ok(Box::new(Clear { targets, null }))
    }
}

impl Step for Clear {
    fn kind(&self) -> &'static str {
        if self.null { NULL.name } else { CLEAR.name }
    }

    fn apply(&self, _: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        for target in &self.targets {
            for place in target.places(document.as_ref())? {
                // What is not there need not be made to be emptied.
                if !self.null && document.value(&place)? == Value::Absent {
                    continue;
                }
                let value = if self.null { Value::Null } else { Value::Empty };
                document.set(&place, value).map_err(|error| StepError::from(error).or_at(target.text()))?;
            }
        }
        Ok(Yield::One(document))
    }
}

impl Step for Delete {
    fn kind(&self) -> &'static str {
        DELETE.name
    }

    fn apply(&self, _: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        for path in &self.paths {
            document.delete(path).map_err(|error| StepError::from(error).or_at(path.text()))?;
        }
        Ok(Yield::One(document))
    }
}
