//! Templates: text with places in braces that are filled from the document.
//!
//! ```text
//! {PV1-3.1}-{PV1-3.2}            values at paths of the document's format
//! {PID-5.1|upper|pad-left:8:0}   through functions, one after another
//! {$ward}                        a value that an earlier step left
//! {@received:yyyyMMdd}           what is known of the envelope
//! {{ and }}                      a brace that is meant
//! ```
//!
//! Arguments of functions are separated by colons. One that holds a colon, a bar or a brace stands in
//! single quotes (`date:'dd.MM.yyyy HH:mm':compact`), or has a backslash before each of them; a quote
//! within quotes is doubled. [`FUNCTIONS`] lists the functions, [`AT`] what is known of the envelope.
//!
//! A path with `[*]` gives all its values; functions work on each, `join`, `first`, `last` and `count`
//! make one of them. Where none of these does, the first counts.
//!
//! The same envelope gives the same text, always: nothing here reads a clock or counts.

mod at;
pub mod date;
mod functions;
mod parse;
mod text;

use std::fmt;
use std::sync::Arc;

use crate::document::{Document, Format, Path, Value};
use crate::step::{Context, StepError};
use crate::table::Tables;

pub use at::{AT, AtKind};
pub use date::Zone;
pub(crate) use functions::compile_regex;
pub use functions::{FUNCTIONS, FunctionKind};
pub use text::to_ascii;

/// Most bytes that a template makes.
pub const BYTES_MAX: usize = 128 * 1024 * 1024;

/// A compiled template.
#[derive(Clone)]
pub struct Template {
    text: Arc<str>,
    pieces: Vec<Piece>,
}

/// What templates are compiled with.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Whose paths they hold.
    pub format: &'a dyn Format,
    /// The tables that `lookup` knows.
    pub tables: &'a Tables,
    /// The zone of times that name none.
    pub zone: &'a Zone,
}

/// Why a text is no template. `offset` counts bytes from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text} (at character {})", offset + 1)]
pub struct TemplateError {
    /// Where.
    pub offset: usize,
    /// What is wrong.
    pub text: String,
}

#[derive(Clone)]
enum Piece {
    Literal(String),
    Insert { subject: Subject, functions: Vec<functions::Function> },
}

#[derive(Clone)]
enum Subject {
    Path { path: Path, many: bool },
    Value(String),
    At(at::At),
}

impl Template {
    /// Compiles a text; paths, functions and tables in it are checked.
    pub fn compile(text: &str, surroundings: &Surroundings<'_>) -> Result<Template, TemplateError> {
        let pieces = parse::pieces(text, surroundings)?;
        Ok(Template { text: text.into(), pieces })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The path, when the template is that and nothing else.
    pub fn path(&self) -> Option<&Path> {
        match self.pieces.as_slice() {
            [Piece::Insert { subject: Subject::Path { path, many: false }, functions }]
                if functions.is_empty() =>
            {
                Some(path)
            }
            _ => None,
        }
    }

    /// The text it always gives, when nothing is inserted.
    pub fn constant(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Fills it.
    pub fn render(&self, context: &mut Context<'_>, document: &dyn Document) -> Result<String, StepError> {
        self.render_with(context, document, &mut |text| Ok(text))
    }

    /// Fills it; every text that is inserted goes through `insert` first, which can escape it.
    pub fn render_with(
        &self,
        context: &mut Context<'_>,
        document: &dyn Document,
        insert: &mut dyn FnMut(String) -> Result<String, StepError>,
    ) -> Result<String, StepError> {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Insert { subject, functions } => {
                    let values = subject.values(context, document)?;
                    let mut flow = functions::Flow { values, context: &mut *context, document };
                    for function in functions {
                        function(&mut flow)?;
                    }
                    let first = flow.values.into_iter().next().unwrap_or_default();
                    out.push_str(&insert(first)?);
                }
            }
            if out.len() > BYTES_MAX {
                return Err(StepError::at(&*self.text, "the template makes more than 128 MiB"));
            }
        }
        Ok(out)
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({})", self.text)
    }
}

impl fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Surroundings({})", self.format.name())
    }
}

impl Subject {
    fn values(&self, context: &Context<'_>, document: &dyn Document) -> Result<Vec<String>, StepError> {
        let text = |value: Value<'_>| match value {
            Value::Text(text) => text.into_owned(),
            _ => String::new(),
        };
        Ok(match self {
            Subject::Path { path, many: false } => vec![text(document.value(path)?)],
            Subject::Path { path, many: true } => document.values(path)?.into_iter().map(text).collect(),
            Subject::Value(name) => vec![context.values.get(name).cloned().unwrap_or_default()],
            Subject::At(at) => vec![at.text(context, document)],
        })
    }
}

/// True when a path may name several things.
pub(crate) fn names_many(path: &str) -> bool {
    path.contains("[*]")
}

#[cfg(test)]
mod tests;
