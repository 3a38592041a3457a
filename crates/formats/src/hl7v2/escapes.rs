//! `escape-text` and `unescape`: for senders that escape too little or too much.

use klinke_engine::document::{Document, Value};
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_engine::steps::{Built, Spec, StepKind, Target, Workshop, spec};

use super::document::{Hl7v2Document, path_of};

pub(super) const ESCAPE_TEXT: StepKind = StepKind {
    name: "escape-text",
    about: "Takes what stands in fields as one text: separators that the sender left bare are escaped.",
    example: r#"escape-text = "NTE[*]-3""#,
    build: |spec, workshop| Escapes::build(spec, workshop, true),
    keys: &[],
    any_format: false,
};

pub(super) const UNESCAPE: StepKind = StepKind {
    name: "unescape",
    about: "Takes one layer of escape sequences away, for senders that escape twice.",
    example: r#"unescape = "NTE[*]-3""#,
    build: |spec, workshop| Escapes::build(spec, workshop, false),
    keys: &[],
    any_format: false,
};

#[derive(Debug)]
struct Escapes {
    targets: Vec<Target>,
    escape: bool,
}

impl Escapes {
    fn build(spec: &Spec, workshop: &Workshop<'_>, escape: bool) -> Built {
        let surroundings = workshop.surroundings()?;
        let targets = spec::one_or_list(spec, |one| Target::compile(&spec::text(one)?, &surroundings))?;
        Ok(Box::new(Escapes { targets, escape }))
    }
}

impl Step for Escapes {
    fn kind(&self) -> &'static str {
        if self.escape { ESCAPE_TEXT.name } else { UNESCAPE.name }
    }

    fn apply(&self, _: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        for target in &self.targets {
            for place in target.places(document.as_ref())? {
                if !document.value(&place)?.is_text() {
                    continue;
                }
                let Some(message) = Hl7v2Document::of(document.as_mut()) else { break };
                let path = path_of(&place)?;
                let done = if self.escape {
                    // Sequences that are there already are read first, so that none is escaped twice.
                    let text = message.message().text(path).into_owned();
                    message.set(&place, Value::from(text))
                } else {
                    let text = message.message().text(path).into_owned();
                    message.set_encoded(path, &text).map(|_| ())
                };
                done.map_err(|error| StepError::from(error).or_at(target.text()))?;
            }
        }
        Ok(Yield::One(document))
    }
}
