//! `set-encoded`: fields with their components, as they are written on the wire.
//!
//! What the template itself says is structure (`{PV1-3.1}^{PV1-3.2}^1`), what is inserted is text: its
//! separators are escaped.

use klinke_engine::document::Document;
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_engine::steps::{StepKind, Target, spec};
use klinke_engine::template::Template;

use super::document::{Hl7v2Document, path_of};

pub(super) const SET_ENCODED: StepKind = StepKind {
    name: "set-encoded",
    about: "Sets fields with their separators as written; what is inserted by braces is escaped.",
    example: r#"set-encoded = { "PV1-3" = "{PV1-3.1}^{PV1-3.2}^1" }"#,
    build: |spec, workshop| {
        let surroundings = workshop.surroundings()?;
        let pairs = spec::entries(spec, |key, value| {
            Ok((Target::compile(key, &surroundings)?, spec::template(value, &surroundings)?))
        })?;
        Ok(Box::new(SetEncoded { pairs }))
    },
    keys: &[],
    any_format: false,
};

#[derive(Debug)]
struct SetEncoded {
    pairs: Vec<(Target, Template)>,
}

/// Fills a template; what is inserted is escaped for this message.
pub(super) fn render(
    template: &Template,
    context: &mut Context<'_>,
    document: &Hl7v2Document,
) -> Result<String, StepError> {
    template.render_with(context, document, &mut |text| Ok(document.escaped(&text)?))
}

impl Step for SetEncoded {
    fn kind(&self) -> &'static str {
        SET_ENCODED.name
    }

    fn apply(&self, context: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        for (target, template) in &self.pairs {
            for place in target.places(document.as_ref())? {
                let Some(message) = Hl7v2Document::of(document.as_mut()) else { break };
                let text = render(template, context, message)?;
                message
                    .set_encoded(path_of(&place)?, &text)
                    .map_err(|error| StepError::from(error).or_at(target.text()))?;
            }
        }
        Ok(Yield::One(document))
    }
}
