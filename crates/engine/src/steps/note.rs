//! `note`: a line for the envelope's trace.

use super::{StepKind, spec};
use crate::document::Document;
use crate::step::{Context, Step, StepError, Yield};
use crate::template::Template;

pub(super) const NOTE: StepKind = StepKind {
    name: "note",
    about: "Writes a line into the envelope's trace (never into a log).",
    example: r#"note = "ward {PV1-3.1} is not known""#,
    build: |spec, workshop| Ok(Box::new(Note { text: spec::template(spec, &workshop.surroundings()?)? })),
    keys: &[],
    any_format: false,
};

#[derive(Debug)]
struct Note {
    text: Template,
}

impl Step for Note {
    fn kind(&self) -> &'static str {
        NOTE.name
    }

    fn apply(&self, context: &mut Context<'_>, document: Box<dyn Document>) -> Result<Yield, StepError> {
        let line = self.text.render(context, document.as_ref())?;
        context.note(line);
        Ok(Yield::One(document))
    }
}
