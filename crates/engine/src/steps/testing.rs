//! A format for the tests of what knows no format: lines `name=value`, the same name several times for
//! repetitions. A path is `name`, `name[2]` or `name[*]`; without a number the first is meant.

use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;

use klinke_model::{ChannelId, Envelope, EnvelopeId, Origin, Payload, Timestamp, VersionId};

use crate::document::{Document, DocumentError, Format, Formats, Path, Value};
use crate::step::{Context, StepError, Yield};
use crate::table::{Table, Tables};
use crate::template::Zone;

use super::{Builders, Spec, SpecError, Templates, Workshop, build_all};

pub(crate) struct Lines;

#[derive(Clone, Debug)]
pub(crate) struct LinesDocument(Vec<(String, String)>);

struct LinesPath {
    name: String,
    /// `None` is all of them.
    number: Option<usize>,
}

impl Format for Lines {
    fn name(&self) -> &'static str {
        "lines"
    }

    fn open(&self, payload: &Payload, _: Option<&str>) -> Result<Box<dyn Document>, DocumentError> {
        let text = std::str::from_utf8(payload).map_err(|_| DocumentError::new("not UTF-8"))?;
        Ok(Box::new(document(text)))
    }

    fn path(&self, text: &str) -> Result<Path, DocumentError> {
        let wrong = || DocumentError::new(format!("`{text}` is no path"));
        let (name, number) = match text.strip_suffix(']').and_then(|text| text.split_once('[')) {
            Some((name, "*")) => (name, None),
            Some((name, number)) => (name, Some(number.parse().map_err(|_| wrong())?)),
            None => (text, Some(1)),
        };
        if name.is_empty() || !name.chars().all(char::is_alphanumeric) || number == Some(0) {
            return Err(wrong());
        }
        Ok(Path::new(text, LinesPath { name: name.to_owned(), number }))
    }

    fn identity(&self, _: &[u8]) -> Option<u64> {
        None
    }
}

impl LinesDocument {
    /// Which lines a path names.
    fn at(&self, path: &Path) -> Result<Vec<usize>, DocumentError> {
        let path = path.compiled::<LinesPath>()?;
        let all = self.0.iter().enumerate().filter(|(_, line)| line.0 == path.name).map(|(at, _)| at);
        Ok(match path.number {
            None => all.collect(),
            Some(number) => all.skip(number - 1).take(1).collect(),
        })
    }
}

impl Document for LinesDocument {
    fn format(&self) -> &'static str {
        "lines"
    }

    fn path(&self, text: &str) -> Result<Path, DocumentError> {
        Lines.path(text)
    }

    fn value(&self, path: &Path) -> Result<Value<'_>, DocumentError> {
        Ok(self.values(path)?.into_iter().next().unwrap_or(Value::Absent))
    }

    fn values(&self, path: &Path) -> Result<Vec<Value<'_>>, DocumentError> {
        let value = |text: &'static str| Value::from(text);
        Ok(self
            .at(path)?
            .into_iter()
            .map(|at| match self.0[at].1.as_str() {
                "" => value(""),
                "\"\"" => Value::Null,
                text => Value::Text(Cow::Borrowed(text)),
            })
            .collect())
    }

    fn set(&mut self, path: &Path, value: Value<'_>) -> Result<(), DocumentError> {
        let text = if value == Value::Null { "\"\"".to_owned() } else { value.text().to_owned() };
        let at = self.at(path)?;
        if at.is_empty() {
            let name = path.compiled::<LinesPath>()?.name.clone();
            if name == "guarded" {
                return Err(DocumentError::new("can't be written"));
            }
            self.0.push((name, text.clone()));
        }
        for at in at {
            self.0[at].1.clone_from(&text);
        }
        Ok(())
    }

    fn delete(&mut self, path: &Path) -> Result<usize, DocumentError> {
        let at = self.at(path)?;
        for &at in at.iter().rev() {
            self.0.remove(at);
        }
        Ok(at.len())
    }

    fn count(&self, path: &Path) -> Result<usize, DocumentError> {
        Ok(self.at(path)?.len())
    }

    fn operate(&mut self, operation: &str, _: &[Cow<'_, str>]) -> Result<Option<String>, DocumentError> {
        Err(DocumentError::new(format!("there is no operation `{operation}`")))
    }

    fn payload(&mut self) -> Result<Payload, DocumentError> {
        Ok(Payload::new(text(self).into_bytes()))
    }

    fn fork(&self) -> Box<dyn Document> {
        Box::new(self.clone())
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// A document of another format, which has no paths.
#[derive(Debug)]
pub(crate) struct Other;

impl Document for Other {
    fn format(&self) -> &'static str {
        "other"
    }
    fn path(&self, _: &str) -> Result<Path, DocumentError> {
        Err(DocumentError::new("no paths"))
    }
    fn value(&self, _: &Path) -> Result<Value<'_>, DocumentError> {
        Err(DocumentError::new("no paths"))
    }
    fn values(&self, _: &Path) -> Result<Vec<Value<'_>>, DocumentError> {
        Err(DocumentError::new("no paths"))
    }
    fn set(&mut self, _: &Path, _: Value<'_>) -> Result<(), DocumentError> {
        Err(DocumentError::new("no paths"))
    }
    fn delete(&mut self, _: &Path) -> Result<usize, DocumentError> {
        Err(DocumentError::new("no paths"))
    }
    fn count(&self, _: &Path) -> Result<usize, DocumentError> {
        Err(DocumentError::new("no paths"))
    }
    fn operate(&mut self, _: &str, _: &[Cow<'_, str>]) -> Result<Option<String>, DocumentError> {
        Err(DocumentError::new("no operations"))
    }
    fn payload(&mut self) -> Result<Payload, DocumentError> {
        Ok(Payload::default())
    }
    fn fork(&self) -> Box<dyn Document> {
        Box::new(Other)
    }
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

pub(crate) fn document(text: &str) -> LinesDocument {
    LinesDocument(
        text.split_whitespace()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    )
}

pub(crate) fn text(document: &LinesDocument) -> String {
    document.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

pub(crate) fn envelope() -> Envelope {
    Envelope {
        id: EnvelopeId(7),
        channel: ChannelId(1),
        version: VersionId(1),
        received: Timestamp(1_772_352_900_250_000),
        system: "kis".into(),
        peer: "127.0.0.1:4000".into(),
        format: "lines".into(),
        origin: Origin::Received,
        fingerprint: None,
        payload: Payload::default(),
    }
}

pub(crate) fn tables() -> Tables {
    let mut tables = Tables::new();
    let wards = Table::parse("from,to,name\nA1,I1,Innere 1\nB2,C2,Chirurgie 2\n").expect("a table");
    tables.insert("wards", wards);
    tables
}

/// Builds steps of a TOML list `step = [ … ]`.
pub(crate) fn build(toml: &str) -> Result<Vec<Box<dyn crate::step::Step>>, SpecError> {
    let table: toml::Table = toml.parse().expect(toml);
    let specs: Vec<Spec> = table["step"].as_array().expect("a list").clone();
    let formats = Formats::new([Arc::new(Lines) as Arc<dyn Format>]);
    let builders = Builders::new();
    let (tables, zone, templates) = (tables(), Zone::default(), Templates::new());
    let workshop = Workshop {
        builders: &builders,
        formats: &formats,
        format: "lines",
        tables: &tables,
        zone: &zone,
        templates: &templates,
    };
    build_all(&specs, &workshop)
}

/// What steps make of documents (separated by ` / `) and the trace they leave; `end: …` when they end.
pub(crate) fn run_with_trace(toml: &str, input: &str) -> Result<(String, Vec<String>), StepError> {
    let steps = build(toml).unwrap_or_else(|error| panic!("{toml}: {error}"));
    let envelope = envelope();
    let mut context = Context::new(&envelope, "test");
    let mut documents: Vec<Box<dyn Document>> =
        input.split(" / ").map(|text| Box::new(document(text)) as Box<dyn Document>).collect();
    for step in steps {
        documents = match step.apply_all(&mut context, documents)? {
            Yield::One(document) => vec![document],
            Yield::Many(documents) => documents,
            Yield::End(reason) => return Ok((format!("end: {reason}"), context.trace)),
        };
    }
    let mut texts = Vec::new();
    for document in &mut documents {
        let lines = document.as_any().downcast_ref::<LinesDocument>().expect("lines");
        texts.push(text(lines));
    }
    Ok((texts.join(" / "), context.trace))
}

pub(crate) fn run(toml: &str, input: &str) -> String {
    match run_with_trace(toml, input) {
        Ok((text, _)) => text,
        Err(error) => format!("fail: {error}"),
    }
}
