//! `split-lines`: a text of rows becomes a document for each row.

use klinke_engine::document::Document;
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_engine::steps::{Reader, SpecError, StepKind};

use super::TextDocument;

/// Most rows of one text.
const ROWS_MAX: usize = 65_535;

/// See the module.
pub const SPLIT_LINES: StepKind = StepKind {
    name: "split-lines",
    about: "Makes a document of every line of a text; with `header` each has the first line too.",
    example: "split-lines = { header = true }",
    build: |spec, workshop| {
        if workshop.format != "text" {
            return Err(SpecError::here(format!(
                "splits text, and here are documents of {}",
                workshop.format
            )));
        }
        let mut reader = Reader::new(spec)?;
        let header = reader.flag("header")?;
        reader.end()?;
        Ok(Box::new(SplitLines { header }))
    },
    keys: &[("header", "each document has the first line too")],
    any_format: false,
};

#[derive(Debug)]
struct SplitLines {
    header: bool,
}

impl Step for SplitLines {
    fn kind(&self) -> &'static str {
        SPLIT_LINES.name
    }

    fn apply(&self, _: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        let Some(text) = document.as_any().downcast_ref::<TextDocument>() else {
            return Ok(Yield::One(document));
        };
        let mut lines = text.text().lines();
        let header = if self.header { lines.next().map(|line| format!("{line}\n")) } else { None };
        let header = header.unwrap_or_default();
        let rows: Vec<Box<dyn Document>> = lines
            .filter(|line| !line.trim().is_empty())
            .map(|line| Box::new(text.with_text(format!("{header}{line}\n"))) as Box<dyn Document>)
            .collect();
        if rows.is_empty() {
            return Ok(Yield::End("the text has no rows".to_owned()));
        }
        if rows.len() > ROWS_MAX {
            return Err(StepError::new(format!("the text has more than {ROWS_MAX} rows")));
        }
        Ok(Yield::Many(rows))
    }
}
