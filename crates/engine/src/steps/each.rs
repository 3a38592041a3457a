//! `for-each`: steps for every place that a path names.
//!
//! ```toml
//! for-each = { in = "OBX[*]", when = { "OBX[#]-2" = "TX" }, step = [{ set = { "OBX[#]-3.3" = "L" } }] }
//! ```
//!
//! In keys and texts of the inner steps `[#]` is the place at hand (`[3]`), and `{#}` in templates is its
//! number. `as = "i"` calls it `[i]` and `{i}` instead, so that one for-each can stand in another. The
//! places are counted once, before the first round; a step that deletes them goes `backwards = true`. The
//! inner steps can neither filter nor split.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::spec::{self, Reader};
use super::{Builders, Condition, Spec, SpecError, StepKind, Templates, Workshop, build_all};
use crate::document::{Document, Formats, Path};
use crate::step::{Context, Step, StepError, Yield};
use crate::table::Tables;
use crate::template::Zone;

pub(super) const FOR_EACH: StepKind = StepKind {
    name: "for-each",
    about: "Runs steps for every place that a path names; `[#]` stands for the place at hand.",
    example: r#"for-each = { in = "OBX[*]", step = [{ set = { "OBX[#]-3.3" = "L" } }] }"#,
    build: |spec, workshop| Ok(Box::new(ForEach::build(spec, workshop)?)),
    keys: &[
        ("in", "a path that ends with its only `[*]`"),
        ("as", "another name than `#` for the place at hand"),
        ("when", "the places that the steps are for"),
        ("backwards", "from the last place to the first"),
        ("step", "the steps"),
    ],
    any_format: false,
};

/// Most rounds of one for-each.
const ROUNDS_MAX: usize = 10_000;
/// Rounds whose compiled steps are kept for the next document.
const ROUNDS_KEPT: usize = 64;

/// One round's steps, compiled for its number.
struct Round {
    when: Option<Condition>,
    steps: Vec<Box<dyn Step>>,
}

struct ForEach {
    within: Path,
    name: String,
    backwards: bool,
    when: Option<Spec>,
    steps: Vec<Spec>,
    bench: Bench,
    /// Compiled rounds, by number from 0.
    rounds: Mutex<Vec<Option<Arc<Round>>>>,
}

/// A [`Workshop`] that is kept, for the rounds that are compiled when they are first needed.
struct Bench {
    builders: Builders,
    formats: Formats,
    format: String,
    tables: Tables,
    zone: Zone,
    templates: Templates,
}

impl ForEach {
    fn build(spec: &Spec, workshop: &Workshop<'_>) -> Result<ForEach, SpecError> {
        let mut reader = Reader::new(spec)?;
        let within = reader.need("in", |one| {
            let text = spec::text(one)?;
            if !text.ends_with("[*]") || text.matches("[*]").count() > 1 {
                return Err(SpecError::here("the path must end with its only `[*]`, as `OBX[*]` does"));
            }
            spec::path_of(&text, &workshop.surroundings()?)
        })?;
        let name = reader.with("as", spec::text)?.unwrap_or_else(|| "#".to_owned());
        if name.is_empty() || !name.chars().all(|c| c.is_alphabetic() || c == '#') {
            return Err(SpecError::at("as", "letters are expected"));
        }
        let backwards = reader.flag("backwards")?;
        let when = reader.value("when").cloned();
        let steps = reader.need("step", |one| spec::one_or_list(one, |one| Ok(one.clone())))?;
        reader.end()?;
        for (at, step) in steps.iter().enumerate() {
            if let Some(word) = ["only", "except", "end"].iter().find(|word| step.get(**word).is_some()) {
                let text = "can't stand in for-each; `when` says which places the steps are for";
                return Err(SpecError::at(word, text).under(&format!("[{at}]")).under("step"));
            }
        }
        let bench = Bench {
            builders: workshop.builders.clone(),
            formats: workshop.formats.clone(),
            format: workshop.format.to_owned(),
            tables: workshop.tables.clone(),
            zone: workshop.zone.clone(),
            templates: workshop.templates.clone(),
        };
        let each = ForEach { within, name, backwards, when, steps, bench, rounds: Mutex::default() };
        // The first round shows what is wrong with any of them.
        each.round(1)?;
        Ok(each)
    }

    fn round(&self, number: usize) -> Result<Arc<Round>, SpecError> {
        // A poisoned lock means a panic in another thread; the rounds are whole all the same.
        let kept = || self.rounds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Some(round)) = kept().get(number - 1) {
            return Ok(Arc::clone(round));
        }
        let round = Arc::new(self.compile(number)?);
        if number <= ROUNDS_KEPT {
            let mut rounds = kept();
            if rounds.len() < number {
                rounds.resize(number, None);
            }
            rounds[number - 1] = Some(Arc::clone(&round));
        }
        Ok(round)
    }

    fn compile(&self, number: usize) -> Result<Round, SpecError> {
        let bench = &self.bench;
        let workshop = Workshop {
            builders: &bench.builders,
            formats: &bench.formats,
            format: &bench.format,
            tables: &bench.tables,
            zone: &bench.zone,
            templates: &bench.templates,
        };
        // Rounds are counted from 1; places as the format counts them.
        let place = workshop.surroundings()?.format.first() + number - 1;
        let numbered = |spec: &Spec| numbered(spec, &self.name, place, number);
        let steps: Vec<Spec> = self.steps.iter().map(numbered).collect();
        let when = self.when.as_ref().map(|when| {
            Condition::compile(&numbered(when), &workshop.surroundings()?)
                .map_err(|error| error.under("when"))
        });
        let steps = build_all(&steps, &workshop).map_err(|error| error.under("step"))?;
        Ok(Round { when: when.transpose()?, steps })
    }
}

/// The same table with place and number for the name, in keys and texts.
fn numbered(spec: &Spec, name: &str, place: usize, number: usize) -> Spec {
    let put = |text: &str| {
        text.replace(&format!("[{name}]"), &format!("[{place}]"))
            .replace(&format!("{{{name}}}"), &number.to_string())
    };
    match spec {
        toml::Value::String(text) => toml::Value::String(put(text)),
        toml::Value::Array(list) => {
            toml::Value::Array(list.iter().map(|one| numbered(one, name, place, number)).collect())
        }
        toml::Value::Table(table) => toml::Value::Table(
            table.iter().map(|(key, value)| (put(key), numbered(value, name, place, number))).collect(),
        ),
        other => other.clone(),
    }
}

impl Step for ForEach {
    fn kind(&self) -> &'static str {
        FOR_EACH.name
    }

    fn apply(&self, context: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        let count = document.count(&self.within)?;
        if count > ROUNDS_MAX {
            return Err(StepError::at(self.within.text(), format!("names more than {ROUNDS_MAX} places")));
        }
        for at in 1..=count {
            let number = if self.backwards { count + 1 - at } else { at };
            let round = self.round(number).map_err(|error| StepError::new(error.to_string()))?;
            if let Some(when) = &round.when
                && !when.holds(context, document.as_ref())?
            {
                continue;
            }
            for step in &round.steps {
                document = match step.apply(context, document)? {
                    Yield::One(document) => document,
                    Yield::Many(_) | Yield::End(_) => {
                        let text = format!("`{}` can't filter or split in for-each", step.kind());
                        return Err(StepError::at(self.within.text(), text));
                    }
                };
            }
        }
        Ok(Yield::One(document))
    }
}

impl fmt::Debug for ForEach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ForEach({}, {} steps)", self.within.text(), self.steps.len())
    }
}
