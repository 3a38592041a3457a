//! `only`, `except` and `only-format`: which envelopes, and which documents of them, go on.

use super::{Condition, Spec, SpecError, StepKind, Workshop, spec};
use crate::document::Document;
use crate::step::{Context, Step, StepError, Yield};

pub(super) const ONLY: StepKind = StepKind {
    name: "only",
    about: "Lets go on what meets the condition; the rest ends here.",
    example: r#"only = { "MSH-9.1" = ["ADT"] }"#,
    build: |spec, workshop| Filter::build(spec, workshop, true),
    keys: &[],
    any_format: false,
};

pub(super) const EXCEPT: StepKind = StepKind {
    name: "except",
    about: "Ends what meets the condition; the rest goes on.",
    example: r#"except = { "PV1-2" = "O" }"#,
    build: |spec, workshop| Filter::build(spec, workshop, false),
    keys: &[],
    any_format: false,
};

pub(super) const ONLY_FORMAT: StepKind = StepKind {
    name: "only-format",
    about: "Lets go on documents of these formats; those that steps took out of others are of another.",
    example: r#"only-format = ["bytes", "text"]"#,
    build: |spec, workshop| {
        let formats = spec::one_or_list(spec, |one| {
            let name = spec::text(one)?;
            if workshop.formats.get(&name).is_none() {
                let names: Vec<_> = workshop.formats.names().collect();
                let text = format!("there is no format `{name}`; there are {}", names.join(", "));
                return Err(SpecError::here(text));
            }
            Ok(name)
        })?;
        Ok(Box::new(OnlyFormat { formats }))
    },
    keys: &[],
    any_format: true,
};

#[derive(Debug)]
struct OnlyFormat {
    formats: Vec<String>,
}

impl Step for OnlyFormat {
    fn kind(&self) -> &'static str {
        ONLY_FORMAT.name
    }

    fn apply(&self, _: &mut Context<'_>, document: Box<dyn Document>) -> Result<Yield, StepError> {
        if self.formats.iter().any(|format| format == document.format()) {
            return Ok(Yield::One(document));
        }
        Ok(Yield::End(format!("not of the format {}", self.formats.join(" or "))))
    }
}

#[derive(Debug)]
struct Filter {
    condition: Condition,
    wanted: bool,
    reason: String,
}

impl Filter {
    fn build(spec: &Spec, workshop: &Workshop<'_>, wanted: bool) -> Result<Box<dyn Step>, SpecError> {
        let condition = Condition::compile(spec, &workshop.surroundings()?)?;
        let reason = if wanted { format!("not: {condition}") } else { condition.to_string() };
        Ok(Box::new(Filter { condition, wanted, reason }))
    }
}

impl Step for Filter {
    fn kind(&self) -> &'static str {
        if self.wanted { ONLY.name } else { EXCEPT.name }
    }

    fn apply(&self, context: &mut Context<'_>, document: Box<dyn Document>) -> Result<Yield, StepError> {
        if self.condition.holds(context, document.as_ref())? == self.wanted {
            Ok(Yield::One(document))
        } else {
            Ok(Yield::End(self.reason.clone()))
        }
    }
}
