//! `only` and `except`: which envelopes go on.

use super::{Condition, Spec, SpecError, StepKind, Workshop};
use crate::document::Document;
use crate::step::{Context, Step, StepError, Yield};

pub(super) const ONLY: StepKind = StepKind {
    name: "only",
    about: "Lets go on what meets the condition; the rest ends here.",
    example: r#"only = { "MSH-9.1" = ["ADT"] }"#,
    build: |spec, workshop| Filter::build(spec, workshop, true),
    any_format: false,
};

pub(super) const EXCEPT: StepKind = StepKind {
    name: "except",
    about: "Ends what meets the condition; the rest goes on.",
    example: r#"except = { "PV1-2" = "O" }"#,
    build: |spec, workshop| Filter::build(spec, workshop, false),
    any_format: false,
};

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
