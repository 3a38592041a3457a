//! `vars`: values for later steps of the same envelope.

use super::{SpecError, StepKind, spec};
use crate::document::Document;
use crate::step::{Context, Step, StepError, Yield};
use crate::template::Template;

pub(super) const VARS: StepKind = StepKind {
    name: "vars",
    about: "Keeps values under names, for `{$name}` in later steps and for scripts.",
    example: r#"vars = { ward = "{PV1-3.1|upper}" }"#,
    build: |spec, workshop| {
        let surroundings = workshop.surroundings()?;
        let pairs = spec::entries(spec, |name, value| {
            if !name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
                return Err(SpecError::here("a value's name has letters, digits, `_` and `-`"));
            }
            Ok((name.to_owned(), spec::template(value, &surroundings)?))
        })?;
        Ok(Box::new(Vars { pairs }))
    },
    keys: &[],
    any_format: false,
};

#[derive(Debug)]
struct Vars {
    pairs: Vec<(String, Template)>,
}

impl Step for Vars {
    fn kind(&self) -> &'static str {
        VARS.name
    }

    fn apply(&self, context: &mut Context<'_>, document: Box<dyn Document>) -> Result<Yield, StepError> {
        for (name, template) in &self.pairs {
            let text = template.render(context, document.as_ref())?;
            context.values.insert(name.clone(), text);
        }
        Ok(Yield::One(document))
    }
}
