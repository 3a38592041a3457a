//! `lookup`: codes translated by a table of the site.

use std::sync::Arc;

use super::set::Target;
use super::spec::{self, Reader};
use super::{Spec, SpecError, StepKind, Workshop};
use crate::document::{Document, Path, Value};
use crate::step::{Context, Step, StepError, Yield};
use crate::table::Table;
use crate::template::{Surroundings, Template};

pub(super) const LOOKUP: StepKind = StepKind {
    name: "lookup",
    about: "Translates a code by a table; `missing` says what becomes of an unknown one.",
    example: r#"lookup = { field = "PV1-3.1", table = "wards", missing = "keep" }"#,
    build: |spec, workshop| Ok(Box::new(Lookup::build(spec, workshop)?)),
    keys: &[
        ("field", "the place whose code is translated; with `[*]` every one"),
        ("key", "a template that gives the code instead"),
        ("table", "the table's name"),
        ("column", "the column that comes out, where it is not the usual one"),
        ("to", "where it goes if not back to `field`: a path, or a table of paths and columns"),
        ("missing", "what becomes of an unknown code: `keep`, `empty`, `default`, `fail`"),
        (r#"default"#, r#"the template for `missing = "default"`"#),
    ],
    any_format: false,
};

/// Where the code comes from.
#[derive(Debug)]
enum Code {
    /// From places of the document; without `to` the translation goes there too.
    Field(Target),
    /// From a template.
    Key(Template),
}

/// What becomes of a code that the table does not have.
#[derive(Debug)]
enum Missing {
    Keep,
    Empty,
    Default(Template),
    Fail,
}

#[derive(Debug)]
struct Lookup {
    code: Code,
    /// Where cells of which columns go.
    to: Vec<(Path, usize)>,
    table: Arc<Table>,
    /// The column that goes back into the field.
    column: usize,
    name: String,
    missing: Missing,
}

impl Lookup {
    fn build(spec: &Spec, workshop: &Workshop<'_>) -> Result<Lookup, SpecError> {
        let surroundings = workshop.surroundings()?;
        let mut reader = Reader::new(spec)?;
        let field = reader.with("field", |one| Target::compile(&spec::text(one)?, &surroundings))?;
        let key = reader.with("key", |one| spec::template(one, &surroundings))?;
        let name = reader.need("table", spec::text)?;
        let (table, usual) =
            spec::find_table(workshop.tables, &name, None).map_err(|text| SpecError::at("table", text))?;
        let find = |one: &Spec| {
            spec::find_table(workshop.tables, &name, Some(&spec::text(one)?))
                .map(|found| found.1)
                .map_err(SpecError::here)
        };
        let column = reader.with("column", find)?.unwrap_or(usual);
        let to = reader.with("to", |one| targets(one, column, &surroundings, find))?.unwrap_or_default();
        let word = reader.word("missing", &["keep", "empty", "default", "fail"], "keep")?;
        let default = reader.with("default", |one| spec::template(one, &surroundings))?;
        reader.end()?;
        let missing = match (word, default) {
            ("default", Some(template)) => Missing::Default(template),
            ("default", None) => return Err(SpecError::here("`missing = \"default\"` needs `default`")),
            (_, Some(_)) => return Err(SpecError::at("default", "counts only with `missing = \"default\"`")),
            ("empty", None) => Missing::Empty,
            ("fail", None) => Missing::Fail,
            _ => Missing::Keep,
        };
        let code = match (field, key) {
            (Some(field), None) => Code::Field(field),
            (None, Some(key)) if !to.is_empty() => Code::Key(key),
            (None, Some(_)) => {
                return Err(SpecError::here("with `key` it needs `to`, where the result goes"));
            }
            _ => return Err(SpecError::here("either `field` or `key` says what is looked for")),
        };
        Ok(Lookup { code, to, table, column, name, missing })
    }

    /// Translates one code; the result goes to `places`.
    fn translate(
        &self,
        code: &str,
        places: &[(Path, usize)],
        context: &mut Context<'_>,
        document: &mut dyn Document,
    ) -> Result<(), StepError> {
        if code.is_empty() && !matches!(self.missing, Missing::Default(_)) {
            return Ok(());
        }
        let known = !code.is_empty() && self.table.contains(code);
        let missing = if known {
            None
        } else {
            match &self.missing {
                Missing::Keep => {
                    context.note(format!(
                        "table {} has no row for what stands at {}",
                        self.name,
                        self.place()
                    ));
                    // What is looked up elsewhere leaves its targets alone; a field keeps its code.
                    return Ok(());
                }
                Missing::Empty => Some(String::new()),
                Missing::Default(template) => Some(template.render(context, document)?),
                Missing::Fail => {
                    return Err(StepError::at(
                        self.place(),
                        format!("table {} has no row for it", self.name),
                    ));
                }
            }
        };
        for (place, column) in places {
            let text = match &missing {
                Some(text) => text.as_str(),
                None => self.table.get(code, *column).unwrap_or(""),
            };
            document
                .set(place, Value::from(text))
                .map_err(|error| StepError::from(error).or_at(place.text()))?;
        }
        Ok(())
    }

    fn place(&self) -> &str {
        match &self.code {
            Code::Field(field) => field.text(),
            Code::Key(key) => key.text(),
        }
    }
}

/// `to` is a path, or a table of paths and columns.
fn targets(
    spec: &Spec,
    column: usize,
    surroundings: &Surroundings<'_>,
    find: impl Fn(&Spec) -> Result<usize, SpecError>,
) -> Result<Vec<(Path, usize)>, SpecError> {
    if spec.is_table() {
        return spec::entries(spec, |path, name| Ok((spec::path_of(path, surroundings)?, find(name)?)));
    }
    Ok(vec![(spec::path(spec, surroundings)?, column)])
}

impl Step for Lookup {
    fn kind(&self) -> &'static str {
        LOOKUP.name
    }

    fn apply(&self, context: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        match &self.code {
            Code::Key(key) => {
                let code = key.render(context, document.as_ref())?;
                self.translate(&code, &self.to, context, document.as_mut())?;
            }
            Code::Field(field) => {
                for place in field.places(document.as_ref())? {
                    let code = document.value(&place)?.text().to_owned();
                    let own = [(place, self.column)];
                    let places = if self.to.is_empty() { &own[..] } else { &self.to };
                    self.translate(&code, places, context, document.as_mut())?;
                }
            }
        }
        Ok(Yield::One(document))
    }
}
