//! `set` and `default`: values at paths.
//!
//! Pairs are done in the file's order, so a later one sees what an earlier one wrote. A template that is
//! one path and nothing else copies what stands there with its inner structure, its null included.

use super::spec::{self, Reader};
use super::{Spec, SpecError, StepKind, Workshop};
use crate::document::{Document, Path, Value};
use crate::step::{Context, Step, StepError, Yield};
use crate::template::{Surroundings, Template, names_many};

pub(super) const SET: StepKind = StepKind {
    name: "set",
    about: "Sets values; `{ null = true }` says that there is none, an empty text clears.",
    example: r#"set = { "MSH-5" = "RIS", "PID-2" = "{PID-3.1}" }"#,
    build: |spec, workshop| Set::build(spec, workshop, false),
    keys: &[],
    any_format: false,
};

pub(super) const DEFAULT: StepKind = StepKind {
    name: "default",
    about: "Sets values where there are none.",
    example: r#"default = { "PID-8" = "U" }"#,
    build: |spec, workshop| Set::build(spec, workshop, true),
    keys: &[],
    any_format: false,
};

#[derive(Debug)]
struct Set {
    pairs: Vec<(Target, Source)>,
    only_empty: bool,
}

/// A path to write to; with `[*]` every place that it names.
#[derive(Clone, Debug)]
pub struct Target {
    path: Path,
    many: bool,
    /// The number of the first of several places.
    first: usize,
}

#[derive(Debug)]
enum Source {
    Template(Template),
    Null,
    Clear,
}

impl Target {
    /// Most places that one path with `[*]` names.
    pub const PLACES_MAX: usize = 100_000;

    /// Compiles a path.
    pub fn compile(text: &str, surroundings: &Surroundings<'_>) -> Result<Target, SpecError> {
        let many = names_many(text);
        if text.matches("[*]").count() > 1 {
            return Err(SpecError::here("one `[*]` at most can be written to; use for-each for the other"));
        }
        Ok(Target { path: spec::path_of(text, surroundings)?, many, first: surroundings.format.first() })
    }

    /// The path as it was written.
    pub fn text(&self) -> &str {
        self.path.text()
    }

    /// The paths of all places that it names in this document; one that is not there yet counts only
    /// when the path names just one.
    pub fn places(&self, document: &dyn Document) -> Result<Vec<Path>, StepError> {
        if !self.many {
            return Ok(vec![self.path.clone()]);
        }
        let text = self.path.text();
        let (before, behind) = text.split_once("[*]").unwrap_or((text, ""));
        let counted = document.path(&format!("{before}[*]"))?;
        let count = document.count(&counted)?.min(Self::PLACES_MAX);
        let all = self.first..self.first + count;
        all.map(|at| Ok(document.path(&format!("{before}[{at}]{behind}"))?)).collect()
    }
}

impl Set {
    fn build(spec: &Spec, workshop: &Workshop<'_>, only_empty: bool) -> Result<Box<dyn Step>, SpecError> {
        let surroundings = workshop.surroundings()?;
        let pairs = spec::entries(spec, |key, value| {
            Ok((Target::compile(key, &surroundings)?, Source::compile(value, &surroundings)?))
        })?;
        Ok(Box::new(Set { pairs, only_empty }))
    }
}

impl Source {
    fn compile(spec: &Spec, surroundings: &Surroundings<'_>) -> Result<Source, SpecError> {
        if !spec.is_table() {
            return Ok(Source::Template(spec::template(spec, surroundings)?));
        }
        let mut reader = Reader::new(spec)?;
        let (null, clear) = (reader.flag("null")?, reader.flag("clear")?);
        reader.end()?;
        match (null, clear) {
            (true, false) => Ok(Source::Null),
            (false, true) => Ok(Source::Clear),
            _ => Err(SpecError::here("either `null = true` or `clear = true` is expected, or a text")),
        }
    }

    fn write(
        &self,
        place: &Path,
        context: &mut Context<'_>,
        document: &mut dyn Document,
    ) -> Result<(), StepError> {
        match self {
            Source::Template(template) => match template.path() {
                Some(from) => document.copy(from, place)?,
                None => {
                    let text = template.render(context, document)?;
                    document.set(place, Value::from(text))?;
                }
            },
            Source::Null => document.set(place, Value::Null)?,
            Source::Clear => document.set(place, Value::Empty)?,
        }
        Ok(())
    }
}

impl Step for Set {
    fn kind(&self) -> &'static str {
        if self.only_empty { DEFAULT.name } else { SET.name }
    }

    fn apply(&self, context: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        for (target, source) in &self.pairs {
            for place in target.places(document.as_ref())? {
                if self.only_empty && document.value(&place)?.is_text() {
                    continue;
                }
                source
                    .write(&place, context, document.as_mut())
                    .map_err(|error| error.or_at(target.text()))?;
            }
        }
        Ok(Yield::One(document))
    }
}
