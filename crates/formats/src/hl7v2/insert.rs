//! `insert-segment`: a segment of its own making, at the end, or before or behind others.

use klinke_engine::document::Document;
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_engine::steps::{Reader, SpecError, StepKind, Workshop, spec};
use klinke_engine::template::Template;
use klinke_hl7v2::Path;

use super::document::Hl7v2Document;
use super::operate::Place;
use super::{encoded, operate};

pub(super) const INSERT_SEGMENT: StepKind = StepKind {
    name: "insert-segment",
    about: "Inserts a segment, with its separators as written, at the end or `before` or `after` others.",
    example: r#"insert-segment = { segment = "ZPI|1|{PID-3.1}", after = "PID" }"#,
    build: |spec, workshop| {
        let mut reader = Reader::new(spec)?;
        let surroundings = workshop.surroundings()?;
        let segments = reader
            .need("segment", |value| spec::one_or_list(value, |one| spec::template(one, &surroundings)))?;
        let place = place(&mut reader, workshop)?.unwrap_or(Place::End);
        let missing = reader.word("missing", &["end", "skip", "fail"], "end")?;
        reader.end()?;
        Ok(Box::new(Insert { segments, place, missing }))
    },
    keys: &[
        ("segment", "the segment, or several, as written"),
        ("before", "the segment before which it goes"),
        ("after", "the segment behind which it goes"),
        ("missing", "when that is not there: `end`, `skip`, `fail`"),
    ],
    any_format: false,
};

#[derive(Debug)]
struct Insert {
    segments: Vec<Template>,
    place: Place,
    /// What is done when the place is not there.
    missing: &'static str,
}

/// Reads `before` or `after`.
pub(super) fn place(reader: &mut Reader<'_>, _: &Workshop<'_>) -> Result<Option<Place>, SpecError> {
    let path = |value: &_| {
        let path = Path::new(&spec::text(value)?).map_err(|error| SpecError::here(error.to_string()))?;
        if path.field().is_some() {
            return Err(SpecError::here("a path to a segment is expected, not to a field"));
        }
        Ok(path)
    };
    let before = reader.with("before", path)?;
    let after = reader.with("after", path)?;
    match (before, after) {
        (Some(_), Some(_)) => Err(SpecError::at("after", "stands beside `before`; one of them can be")),
        (Some(before), None) => Ok(Some(Place::Before(before))),
        (None, Some(after)) => Ok(Some(Place::After(after))),
        (None, None) => Ok(None),
    }
}

impl Step for Insert {
    fn kind(&self) -> &'static str {
        INSERT_SEGMENT.name
    }

    fn apply(&self, context: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        let Some(message) = Hl7v2Document::of(document.as_mut()) else { return Ok(Yield::One(document)) };
        let mut texts = Vec::with_capacity(self.segments.len());
        for template in &self.segments {
            texts.push(encoded::render(template, context, message)?);
        }
        // Behind a place the last one goes first, so that they stand in their order.
        if matches!(self.place, Place::After(_)) {
            texts.reverse();
        }
        for text in &texts {
            let inserted = operate::insert(message, text, &self.place)?;
            match (inserted, self.missing) {
                (0, "end") => {
                    operate::insert(message, text, &Place::End)?;
                }
                (0, "fail") => return Err(StepError::new("the place to insert at is not there")),
                _ => {}
            }
        }
        Ok(Yield::One(document))
    }
}
