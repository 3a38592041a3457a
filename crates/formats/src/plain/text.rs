//! Text, by lines and cells.

use std::any::Any;
use std::borrow::Cow;

use klinke_engine::document::{Document, DocumentError, Format, Path, Value};
use klinke_hl7v2::Charset;
use klinke_model::Payload;

use super::{cells, decode};

/// Payloads that are text.
#[derive(Clone, Copy, Debug)]
pub struct TextFormat;

/// A text.
#[derive(Clone)]
pub struct TextDocument {
    text: String,
    charset: Charset,
    /// The bytes as they came, while nothing was changed.
    original: Option<Payload>,
}

#[derive(Clone, Debug)]
struct Place {
    what: What,
    cell: Option<Cell>,
}

#[derive(Clone, Debug)]
enum What {
    All,
    Size,
    /// From 1.
    Line(usize),
    Lines,
}

#[derive(Clone, Debug)]
enum Cell {
    /// From 1.
    Number(usize),
    Name(String),
}

const PATHS: &str = "paths of text are text, size, line[2], line[*], line[2].3 and line[2].name";

impl Format for TextFormat {
    fn name(&self) -> &'static str {
        "text"
    }

    fn open(&self, payload: &Payload, charset: Option<&str>) -> Result<Box<dyn Document>, DocumentError> {
        let (text, charset) = decode(payload, charset);
        Ok(Box::new(TextDocument { text: text.into_owned(), charset, original: Some(payload.clone()) }))
    }

    fn path(&self, text: &str) -> Result<Path, DocumentError> {
        match place(text) {
            Some(place) => Ok(Path::new(text, place)),
            None => Err(DocumentError::new(format!("`{text}` is no path; {PATHS}"))),
        }
    }

    fn identity(&self, _: &[u8]) -> Option<u64> {
        None
    }
}

fn place(text: &str) -> Option<Place> {
    let what = match text {
        "text" => What::All,
        "size" => What::Size,
        _ => {
            let (number, rest) = match text.strip_prefix("line")?.strip_prefix('[') {
                Some(rest) => rest.split_once(']')?,
                None => ("1", text.strip_prefix("line")?),
            };
            let what = match number {
                "*" => What::Lines,
                _ => What::Line(number.parse().ok().filter(|number| *number > 0)?),
            };
            let cell = match rest.strip_prefix('.') {
                None if rest.is_empty() => None,
                None | Some("") => return None,
                Some(name) => Some(match name.parse() {
                    Ok(0) => return None,
                    Ok(number) => Cell::Number(number),
                    Err(_) => Cell::Name(name.to_owned()),
                }),
            };
            return Some(Place { what, cell });
        }
    };
    Some(Place { what, cell: None })
}

impl TextDocument {
    /// A document of this text, which leaves as UTF-8.
    pub fn new(text: impl Into<String>) -> Self {
        TextDocument { text: text.into(), charset: Charset::UTF_8, original: None }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Another text in the same character set.
    pub(crate) fn with_text(&self, text: String) -> Self {
        TextDocument { text, charset: self.charset, original: None }
    }

    fn line(&self, number: usize) -> Option<&str> {
        self.text.lines().nth(number - 1)
    }

    fn cell<'a>(&self, line: &'a str, cell: Option<&Cell>) -> Value<'a> {
        let Some(cell) = cell else { return Value::from(line) };
        let first = self.text.lines().next().unwrap_or("");
        let separator = cells::separator(first);
        let number = match cell {
            Cell::Number(number) => Some(*number - 1),
            Cell::Name(name) => {
                cells::split(first, separator).iter().position(|column| column.trim() == name)
            }
        };
        let cells = cells::split(line, separator);
        number.and_then(|number| cells.into_iter().nth(number)).map_or(Value::Absent, Value::from)
    }

    fn put_line(&mut self, number: usize, cell: Option<&Cell>, text: &str) -> Result<(), DocumentError> {
        let separator = cells::separator(self.text.lines().next().unwrap_or(""));
        let columns = cells::split(self.text.lines().next().unwrap_or(""), separator);
        let mut lines: Vec<String> = self.text.split_inclusive('\n').map(str::to_owned).collect();
        if number > lines.len() + 1 {
            return Err(DocumentError::new(format!("line[{number}]: the lines before it are not there")));
        }
        if number > lines.len() {
            if let Some(last) = lines.last_mut().filter(|last| !last.ends_with('\n')) {
                last.push('\n');
            }
            lines.push("\n".to_owned());
        }
        let line = &mut lines[number - 1];
        let content = line.trim_end_matches(['\r', '\n']);
        let end = line[content.len()..].to_owned();
        let new = match cell {
            None => text.to_owned(),
            Some(cell) => {
                let column = match cell {
                    Cell::Number(number) => *number - 1,
                    Cell::Name(name) => columns
                        .iter()
                        .position(|column| column.trim() == name)
                        .ok_or_else(|| DocumentError::new("the first line names no such column"))?,
                };
                if column > 10_000 {
                    return Err(DocumentError::new("more than 10000 cells are not made"));
                }
                let mut cells = cells::split(content, separator);
                if cells.len() <= column {
                    cells.resize(column + 1, String::new());
                }
                text.clone_into(&mut cells[column]);
                cells::join(&cells, separator)
            }
        };
        *line = new + &end;
        self.text = lines.concat();
        Ok(())
    }
}

impl Document for TextDocument {
    fn format(&self) -> &'static str {
        TextFormat.name()
    }

    fn path(&self, text: &str) -> Result<Path, DocumentError> {
        TextFormat.path(text)
    }

    fn value(&self, path: &Path) -> Result<Value<'_>, DocumentError> {
        let place = path.compiled::<Place>()?;
        Ok(match place.what {
            What::All => Value::from(self.text.as_str()),
            What::Size => {
                Value::from(self.original.as_ref().map_or(self.text.len(), |bytes| bytes.len()).to_string())
            }
            What::Line(number) => {
                self.line(number).map_or(Value::Absent, |line| self.cell(line, place.cell.as_ref()))
            }
            What::Lines => self.values(path)?.into_iter().next().unwrap_or(Value::Absent),
        })
    }

    fn values(&self, path: &Path) -> Result<Vec<Value<'_>>, DocumentError> {
        let place = path.compiled::<Place>()?;
        match place.what {
            What::Lines => Ok(self.text.lines().map(|line| self.cell(line, place.cell.as_ref())).collect()),
            _ => Ok(vec![self.value(path)?]),
        }
    }

    fn set(&mut self, path: &Path, value: Value<'_>) -> Result<(), DocumentError> {
        let place = path.compiled::<Place>()?.clone();
        match place.what {
            What::All => value.text().clone_into(&mut self.text),
            What::Size => return Err(DocumentError::new("size can't be set")),
            What::Line(number) => self.put_line(number, place.cell.as_ref(), value.text())?,
            What::Lines => {
                for number in 1..=self.text.lines().count() {
                    self.put_line(number, place.cell.as_ref(), value.text())?;
                }
            }
        }
        self.original = None;
        Ok(())
    }

    fn delete(&mut self, path: &Path) -> Result<usize, DocumentError> {
        let place = path.compiled::<Place>()?.clone();
        match (place.what, place.cell) {
            (What::Line(number), None) if self.line(number).is_some() => {
                let kept = self.text.split_inclusive('\n').enumerate().filter(|(at, _)| at + 1 != number);
                self.text = kept.map(|(_, line)| line).collect();
                self.original = None;
                Ok(1)
            }
            (What::Line(_), None) => Ok(0),
            _ => {
                let count = self.count(path)?;
                self.set(path, Value::Empty)?;
                Ok(count)
            }
        }
    }

    fn count(&self, path: &Path) -> Result<usize, DocumentError> {
        Ok(self.values(path)?.iter().filter(|value| **value != Value::Absent).count())
    }

    fn operate(&mut self, operation: &str, _: &[Cow<'_, str>]) -> Result<Option<String>, DocumentError> {
        match operation {
            "text" => Ok(Some(self.text.clone())),
            _ => Err(DocumentError::new(format!("text has no operation `{operation}`; there is text"))),
        }
    }

    fn payload(&mut self) -> Result<Payload, DocumentError> {
        if let Some(original) = &self.original {
            return Ok(original.clone());
        }
        let bytes = self.charset.encode(&self.text).map_err(|character| {
            let (code, name) = (character as u32, self.charset.name());
            DocumentError::new(format!("character U+{code:04X} can't be written in {name}"))
        })?;
        let payload = Payload::new(bytes.into_owned());
        self.original = Some(payload.clone());
        Ok(payload)
    }

    fn fork(&self) -> Box<dyn Document> {
        Box::new(self.clone())
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

impl std::fmt::Debug for TextDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TextDocument({} characters)", self.text.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(bytes: &[u8]) -> Box<dyn Document> {
        TextFormat.open(&Payload::new(bytes.to_vec()), None).expect("text")
    }

    fn get(document: &dyn Document, path: &str) -> String {
        match document.value(&TextFormat.path(path).expect(path)).expect(path) {
            Value::Absent => "absent".to_owned(),
            value => value.text().to_owned(),
        }
    }

    #[test]
    fn lines_and_cells() {
        let document = open(b"id;name\r\n1;\"M\xfcller; Hans\"\r\n");
        for (path, expected) in [
            ("line[1]", "id;name"),
            ("line[2].2", "Müller; Hans"),
            ("line[2].name", "Müller; Hans"),
            ("line[2].city", "absent"),
            ("line[2].7", "absent"),
            ("line[3]", "absent"),
            ("line.1", "id"),
            ("size", "27"),
        ] {
            assert_eq!(get(document.as_ref(), path), expected, "{path}");
        }
        let all = document.values(&TextFormat.path("line[*].id").expect("a path")).expect("values");
        assert_eq!(all.iter().map(Value::text).collect::<Vec<_>>(), ["id", "1"]);
        for wrong in ["", "line[0]", "line[x]", "line[1].0", "line[1].", "lines", "line[1", "PID-3"] {
            assert!(TextFormat.path(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn changes_keep_character_set_line_ends_and_the_rest() {
        let mut document = open(b"id;name\r\n1;M\xfcller\r\n2;x");
        let set = |document: &mut dyn Document, path: &str, text: &str| {
            document.set(&TextFormat.path(path).expect(path), Value::from(text))
        };
        set(document.as_mut(), "line[2].name", "Groß;en").expect("a cell");
        set(document.as_mut(), "line[4].1", "3").expect("a line behind the last");
        document.delete(&TextFormat.path("line[3]").expect("a path")).expect("a line");
        assert_eq!(&*document.payload().expect("bytes"), b"id;name\r\n1;\"Gro\xdf;en\"\r\n3\n");
        assert!(set(document.as_mut(), "line[9]", "x").is_err());
        set(document.as_mut(), "text", "日").expect("text");
        let error = document.payload().expect_err("not in Windows-1252").to_string();
        assert_eq!(error, "character U+65E5 can't be written in Windows-1252");
    }

    #[test]
    fn what_nobody_changed_is_the_same_payload() {
        let payload = Payload::new(b"M\xfc\x00\xff".to_vec());
        let mut document = TextFormat.open(&payload, Some("8859/1")).expect("text");
        assert!(document.payload().expect("bytes").is_same(&payload));
    }
}
