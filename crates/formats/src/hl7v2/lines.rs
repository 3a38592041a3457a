//! `text-to-lines` and `lines-to-text`: blocks of text in one segment, or line by line in several.
//!
//! A line break within a field is an escape sequence (`\.br\`, `\X0D\`, `\X0D0A\`); repetitions of the field
//! count as lines too. In OBX only text is touched: value types (OBX-2) ST, TX and FT.

use klinke_engine::document::{Document, DocumentError};
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_engine::steps::{Reader, Spec, SpecError, StepKind, spec};
use klinke_hl7v2::message::{At, Segment};
use klinke_hl7v2::path::{Nth, Occurrence, Repetition};
use klinke_hl7v2::{Message, Path};

use super::document::{Hl7v2Document, refused};

pub(super) const TEXT_TO_LINES: StepKind = StepKind {
    name: "text-to-lines",
    about: "Makes a segment of every line of a text, and numbers the segments anew.",
    example: r#"text-to-lines = { field = "OBX-5", width = 80 }"#,
    build: |spec, _| {
        let mut reader = Reader::new(spec)?;
        let field = reader.need("field", Field::read)?;
        let width = reader.with("width", |value| spec::number(value, 10, 100_000))?;
        reader.end()?;
        let width = width.and_then(|width| usize::try_from(width).ok());
        Ok(Box::new(TextToLines { field, width }))
    },
    keys: &[("field", "the field, as OBX-5"), ("width", "longest line in characters")],
    any_format: false,
};

pub(super) const LINES_TO_TEXT: StepKind = StepKind {
    name: "lines-to-text",
    about: "Makes one segment of neighbours that hold one text line by line, and numbers them anew.",
    example: r#"lines-to-text = { field = "OBX-5" }"#,
    build: |spec, _| {
        let mut reader = Reader::new(spec)?;
        let field = reader.need("field", Field::read)?;
        let join = reader.with("join", spec::text)?.unwrap_or_else(|| "\n".to_owned());
        let value_type = reader.with("type", spec::text)?;
        reader.end()?;
        if value_type.is_some() && &field.name != b"OBX" {
            return Err(SpecError::at("type", "only OBX has a value type"));
        }
        Ok(Box::new(LinesToText { field, join, value_type }))
    },
    keys: &[
        ("field", "the field, as OBX-5"),
        ("join", "what stands between lines, a line break unless said"),
        ("type", "OBX-2 of what was joined"),
    ],
    any_format: false,
};

/// Most lines of one text.
const LINES_MAX: usize = 10_000;

/// Field `number` of all segments of a name.
#[derive(Debug)]
struct Field {
    name: [u8; 3],
    number: usize,
}

#[derive(Debug)]
struct TextToLines {
    field: Field,
    /// Longer lines are broken between words.
    width: Option<usize>,
}

#[derive(Debug)]
struct LinesToText {
    field: Field,
    join: String,
    /// OBX-2 of what was joined.
    value_type: Option<String>,
}

impl Field {
    fn read(spec: &Spec) -> Result<Field, SpecError> {
        let path = Path::new(&spec::text(spec)?).map_err(|error| SpecError::here(error.to_string()))?;
        let simple = path.groups().is_empty()
            && matches!(path.occurrence(), Occurrence::Nth(Nth::Number(1) | Nth::All));
        match path.field() {
            Some(step) if simple && step.component.is_none() && step.repetition == Repetition::Unsaid => {
                let name = path.segment().as_bytes().try_into().map_err(|_| SpecError::here("no segment"))?;
                Ok(Field { name, number: step.number })
            }
            _ => Err(SpecError::here("a field is expected, as OBX-5 or NTE-3")),
        }
    }

    /// True for segments whose field holds text.
    fn concerns(&self, segment: &Segment<'_>) -> bool {
        segment.name_bytes() == self.name
            && (&self.name != b"OBX"
                || segment.field(2).is_some_and(|part| matches!(&*part.text(), "ST" | "TX" | "FT")))
    }

    fn name(&self) -> &str {
        std::str::from_utf8(&self.name).unwrap_or("???")
    }

    fn path(&self, occurrence: usize, number: usize) -> Result<Path, DocumentError> {
        Path::new(&format!("{}[{occurrence}]-{number}", self.name()))
            .map_err(|error| DocumentError::new(error.to_string()))
    }

    /// Positions of the segments concerned.
    fn positions(&self, message: &Message) -> Vec<usize> {
        message
            .segments()
            .filter(|segment| self.concerns(segment))
            .map(|segment| segment.position())
            .collect()
    }

    /// The lines of a segment's text.
    fn lines(&self, segment: &Segment<'_>) -> Vec<String> {
        let Some(field) = segment.field(self.number) else { return Vec::new() };
        field
            .repetitions()
            .flat_map(|part| {
                part.text().replace("\r\n", "\n").split(['\n', '\r']).map(str::to_owned).collect::<Vec<_>>()
            })
            .collect()
    }
}

/// A line broken between words where it is longer than `width` characters.
fn broken(line: String, width: Option<usize>) -> Vec<String> {
    let Some(width) = width.filter(|width| line.chars().count() > *width) else { return vec![line] };
    let mut lines = vec![String::new()];
    for word in line.split_inclusive(' ') {
        let last = lines.len() - 1;
        let full = lines[last].chars().count() + word.trim_end().chars().count() > width;
        if full && !lines[last].is_empty() {
            lines.push(String::new());
        }
        for letter in word.chars() {
            let last = lines.len() - 1;
            let overlong = lines[last].chars().count() >= width && letter != ' ';
            if overlong {
                lines.push(letter.to_string());
            } else {
                lines[last].push(letter);
            }
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

impl TextToLines {
    fn run(&self, document: &mut Hl7v2Document) -> Result<(), StepError> {
        let mut changed = false;
        // From the last to the first, so that the positions before stay what they are.
        for position in self.field.positions(document.message()).into_iter().rev() {
            let Some(segment) = document.message().segment(position) else { continue };
            let (occurrence, raw) = (segment.occurrence(), segment.raw().into_owned());
            let lines: Vec<String> =
                self.field.lines(&segment).into_iter().flat_map(|line| broken(line, self.width)).collect();
            if lines.len() < 2 {
                continue;
            }
            if lines.len() > LINES_MAX {
                return Err(StepError::at(
                    self.field.name(),
                    format!("a text has more than {LINES_MAX} lines"),
                ));
            }
            changed = true;
            for _ in 1..lines.len() {
                document.message_mut().insert_segment(At::After(position), &raw).map_err(refused)?;
            }
            for (at, line) in lines.iter().enumerate() {
                let path = self.field.path(occurrence + at, self.field.number)?;
                if line.is_empty() {
                    document.message_mut().clear(&path).map_err(refused)?;
                } else {
                    document.message_mut().set(&path, line).map_err(refused)?;
                }
            }
        }
        if changed {
            document.message_mut().renumber_set_ids(self.field.name()).map_err(refused)?;
        }
        Ok(())
    }
}

impl LinesToText {
    /// Neighbours that hold one text: same name, and in OBX the same type and observation.
    fn runs(&self, message: &Message) -> Vec<Vec<usize>> {
        let mut runs: Vec<Vec<usize>> = Vec::new();
        for position in self.field.positions(message) {
            let follows = runs.last().and_then(|run| run.last()).is_some_and(|&last| {
                last + 1 == position && (&self.field.name != b"OBX" || self.same(message, last, position))
            });
            match runs.last_mut() {
                Some(run) if follows => run.push(position),
                _ => runs.push(vec![position]),
            }
        }
        runs
    }

    fn same(&self, message: &Message, one: usize, other: usize) -> bool {
        let field = |position, number| {
            message
                .segment(position)
                .and_then(|segment| segment.field(number))
                .map(|part| part.raw().to_vec())
        };
        [2, 3].into_iter().all(|number| field(one, number) == field(other, number))
    }

    fn run(&self, document: &mut Hl7v2Document) -> Result<(), StepError> {
        let mut changed = false;
        for run in self.runs(document.message()).into_iter().rev().filter(|run| run.len() > 1) {
            let message = document.message();
            let occurrence = message.segment(run[0]).map_or(1, |segment| segment.occurrence());
            let segments = run.iter().filter_map(|&position| message.segment(position));
            let lines: Vec<String> = segments.map(|segment| self.field.lines(&segment).join("\n")).collect();
            let text = lines.join(&self.join);
            for &position in run[1..].iter().rev() {
                document.message_mut().delete_segment(position).map_err(refused)?;
            }
            let path = self.field.path(occurrence, self.field.number)?;
            document.message_mut().set(&path, &text).map_err(refused)?;
            if let Some(value_type) = &self.value_type {
                let path = self.field.path(occurrence, 2)?;
                document.message_mut().set(&path, value_type).map_err(refused)?;
            }
            changed = true;
        }
        if changed {
            document.message_mut().renumber_set_ids(self.field.name()).map_err(refused)?;
        }
        Ok(())
    }
}

impl Step for TextToLines {
    fn kind(&self) -> &'static str {
        TEXT_TO_LINES.name
    }

    fn apply(&self, _: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        if let Some(message) = Hl7v2Document::of(document.as_mut()) {
            self.run(message)?;
        }
        Ok(Yield::One(document))
    }
}

impl Step for LinesToText {
    fn kind(&self) -> &'static str {
        LINES_TO_TEXT.name
    }

    fn apply(&self, _: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        if let Some(message) = Hl7v2Document::of(document.as_mut()) {
            self.run(message)?;
        }
        Ok(Yield::One(document))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_words_where_they_must() {
        let broken = |line: &str, width| broken(line.to_owned(), Some(width));
        assert_eq!(broken("ein zwei drei", 8), ["ein zwei", "drei"]);
        assert_eq!(broken("ein", 8), ["ein"]);
        assert_eq!(broken("abcdefghijkl", 5), ["abcde", "fghij", "kl"]);
        assert_eq!(broken("ä abcdefghijkl", 5), ["ä", "abcde", "fghij", "kl"]);
    }
}
