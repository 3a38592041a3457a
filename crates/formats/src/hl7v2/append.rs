//! `append-repetition`: one more repetition of a field.

use klinke_engine::document::{Document, Path};
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_engine::steps::{StepKind, spec};
use klinke_engine::template::Template;

use super::document::{Hl7v2Document, path_of};
use super::{encoded, operate};

pub(super) const APPEND_REPETITION: StepKind = StepKind {
    name: "append-repetition",
    about: "Appends a repetition to a field, with its separators as written; an empty field gets its first.",
    example: r#"append-repetition = { "PID-3" = "{PID-2}^^^KIS^PI" }"#,
    build: |spec, workshop| {
        let surroundings = workshop.surroundings()?;
        let pairs = spec::entries(spec, |key, value| {
            Ok((spec::path_of(key, &surroundings)?, spec::template(value, &surroundings)?))
        })?;
        Ok(Box::new(Append { pairs }))
    },
    keys: &[],
    any_format: false,
};

#[derive(Debug)]
struct Append {
    pairs: Vec<(Path, Template)>,
}

impl Step for Append {
    fn kind(&self) -> &'static str {
        APPEND_REPETITION.name
    }

    fn apply(&self, context: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        for (path, template) in &self.pairs {
            let Some(message) = Hl7v2Document::of(document.as_mut()) else { break };
            let text = encoded::render(template, context, message)?;
            operate::append(message, path_of(path)?, &text)
                .map_err(|error| StepError::from(error).or_at(path.text()))?;
        }
        Ok(Yield::One(document))
    }
}
