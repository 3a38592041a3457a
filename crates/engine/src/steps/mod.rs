//! Steps without code, and how a channel's steps are built of its site's tables.
//!
//! A step's table holds one key that names what it does, and may hold `when` (a [`condition`]; the step
//! leaves alone what does not meet it) and `title`. [`STEPS`] lists what works on any format; formats
//! have lists of their own; a program adds what it builds itself (scripts). All of them are in a
//! [`Builders`], and [`build_all`] compiles a channel's list.
//!
//! A step is compiled for one format: documents of another pass it untouched.

pub mod condition;
mod copy;
mod delete;
mod each;
mod end;
mod lookup;
mod note;
mod only;
mod placed;
mod set;
pub mod spec;
mod vars;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::document::Formats;
use crate::step::Step;
use crate::table::Tables;
use crate::template::{Surroundings, Zone};
use placed::Placed;

pub use condition::Condition;
pub use set::Target;
pub(crate) use spec::find_table;
pub use spec::{KeyPath, Reader, Spec, SpecError, nearest};

/// One kind of step, as a list has it.
pub struct StepKind {
    /// Its name in the site's tables.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
    /// An example of its line in a site's file.
    pub example: &'static str,
    /// The keys of its table and what they say, where it takes a table of its own keys.
    pub keys: &'static [(&'static str, &'static str)],
    /// Builds it of the value of its key.
    pub build: fn(&Spec, &Workshop<'_>) -> Built,
    /// True when it handles documents of whatever format.
    pub any_format: bool,
}

/// What works on any format.
pub const STEPS: &[StepKind] = &[
    only::ONLY,
    only::EXCEPT,
    only::ONLY_FORMAT,
    set::SET,
    set::DEFAULT,
    copy::COPY,
    copy::MOVE,
    delete::CLEAR,
    delete::NULL,
    delete::DELETE,
    lookup::LOOKUP,
    vars::VARS,
    each::FOR_EACH,
    note::NOTE,
    end::END,
    end::FAIL,
];

/// A step, or why its table is wrong.
pub type Built = Result<Box<dyn Step>, SpecError>;

/// Builds a step that is in no list: the program's own, as scripts are.
pub type Builder = dyn Fn(&Spec, &Workshop<'_>) -> Built + Send + Sync;

/// The files of the site's `templates` folder, by name.
pub type Templates = BTreeMap<String, String>;

/// All kinds of steps that a program knows.
#[derive(Clone, Default)]
pub struct Builders {
    kinds: BTreeMap<&'static str, &'static StepKind>,
    own: BTreeMap<String, Arc<Builder>>,
}

/// What steps are built with.
#[derive(Clone, Copy)]
pub struct Workshop<'a> {
    /// The kinds of steps.
    pub builders: &'a Builders,
    /// The formats.
    pub formats: &'a Formats,
    /// The format of the documents at this place of the list.
    pub format: &'a str,
    /// The site's tables.
    pub tables: &'a Tables,
    /// The site's time zone.
    pub zone: &'a Zone,
    /// The files of the site's `templates` folder, by name.
    pub templates: &'a Templates,
}

impl Builders {
    /// The kinds of [`STEPS`].
    pub fn new() -> Self {
        Builders::default().and(STEPS)
    }

    /// With those of a list too.
    #[must_use]
    pub fn and(mut self, kinds: &'static [StepKind]) -> Self {
        self.kinds.extend(kinds.iter().map(|kind| (kind.name, kind)));
        self
    }

    /// With one that the program builds itself. It is given documents of every format.
    #[must_use]
    pub fn with(
        mut self,
        name: &str,
        build: impl Fn(&Spec, &Workshop<'_>) -> Built + Send + Sync + 'static,
    ) -> Self {
        self.own.insert(name.to_owned(), Arc::new(build));
        self
    }

    /// The names of all kinds.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.kinds.keys().copied().chain(self.own.keys().map(String::as_str))
    }

    /// The kinds that come of lists, by name.
    pub fn kinds(&self) -> impl Iterator<Item = &'static StepKind> + '_ {
        self.kinds.values().copied()
    }
}

impl<'a> Workshop<'a> {
    /// What templates and paths are compiled with.
    pub fn surroundings(&self) -> Result<Surroundings<'a>, SpecError> {
        let format = self
            .formats
            .get(self.format)
            .ok_or_else(|| SpecError::here(format!("there is no format `{}`", self.format)))?;
        Ok(Surroundings { format: format.as_ref(), tables: self.tables, zone: self.zone })
    }
}

/// Builds one step of its table.
pub fn build(spec: &Spec, workshop: &Workshop<'_>) -> Built {
    let toml::Value::Table(table) = spec else {
        return Err(SpecError::here(format!("a table is expected, not {}", spec::what(spec))));
    };
    let mut steps = table.iter().filter(|(key, _)| !matches!(key.as_str(), "when" | "title"));
    let Some((name, value)) = steps.next() else {
        return Err(SpecError::here("nothing says what the step does"));
    };
    if let Some((second, _)) = steps.next() {
        let text =
            format!("a step does one thing, and this one has `{name}` already; begin another [[step]]");
        return Err(SpecError::at(second, text));
    }
    let (built, any_format) =
        match (workshop.builders.kinds.get(name.as_str()), workshop.builders.own.get(name)) {
            (Some(kind), _) => ((kind.build)(value, workshop), kind.any_format),
            (None, Some(build)) => (build(value, workshop), true),
            (None, None) => return Err(unknown(name, workshop)),
        };
    let inner = built.map_err(|error| error.under(name))?;
    let surroundings = workshop.surroundings()?;
    let when = table.get("when").map(|when| Condition::compile(when, &surroundings));
    let when = when.transpose().map_err(|error| error.under("when"))?;
    let title = table.get("title").map(spec::text).transpose().map_err(|error| error.under("title"))?;
    let format = (!any_format).then(|| surroundings.format.name());
    Ok(Box::new(Placed { inner, when, title, format }))
}

/// The format of what a list of steps gives, when it is given documents of `format`.
pub fn format_after<'a>(steps: &[Box<dyn Step>], format: &'a str) -> &'a str {
    steps.iter().rev().find_map(|step| step.gives()).unwrap_or(format)
}

/// Builds a list of steps, each compiled for what the one before it gives.
pub fn build_all(specs: &[Spec], workshop: &Workshop<'_>) -> Result<Vec<Box<dyn Step>>, SpecError> {
    let mut here = *workshop;
    let mut steps = Vec::with_capacity(specs.len());
    for (at, spec) in specs.iter().enumerate() {
        let step = build(spec, &here).map_err(|error| error.under(&format!("[{at}]")))?;
        if let Some(format) = step.gives() {
            here.format = format;
        }
        steps.push(step);
    }
    Ok(steps)
}

fn unknown(name: &str, workshop: &Workshop<'_>) -> SpecError {
    let hint = match nearest(name, workshop.builders.names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", workshop.builders.names().collect::<Vec<_>>().join(", ")),
    };
    SpecError::at(name, format!("this step does not exist; {hint}"))
}

impl fmt::Debug for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StepKind({})", self.name)
    }
}

impl fmt::Debug for Builders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl fmt::Debug for Workshop<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Workshop({})", self.format)
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
