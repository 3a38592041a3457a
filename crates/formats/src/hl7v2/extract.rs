//! `extract`: documents (PDF, images) out of fields, as documents of the format `bytes`.
//!
//! In an OBX of type ED the data are component 5 of OBX-5 and component 4 says how they are written
//! (`Base64`, `Hex`, `A`; HL7 v2.5.1 chapter 2A, 2.A.24). A field without components is taken whole. The
//! message goes on first, the documents behind it in their order; unless `keep` is said the data are
//! taken out of it, or replaced (`replace`, as written on the wire, `{$part}` being the document's number).
//!
//! A document that is a channel's payload comes back into a message by a template that says `{base64}`.

use klinke_engine::document::{Document, Path, Value};
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_engine::steps::{Built, Reader, Spec, StepKind, Target, Workshop, spec};
use klinke_engine::template::Template;
use klinke_hl7v2::path::FieldStep;

use super::document::{Hl7v2Document, path_of};
use super::encoded;
use crate::plain::BytesDocument;

pub(super) const EXTRACT: StepKind = StepKind {
    name: "extract",
    about: "Takes documents out of fields; each becomes a document of the format `bytes` behind the message.",
    example: r#"extract = { field = "OBX[*]-5", keep = false }"#,
    build,
    keys: &[
        ("field", "the fields; `OBX[*]-5` unless said"),
        ("keep", "leaves the data in the message too"),
        ("replace", "what stands there instead, as written"),
        ("broken", "when data can't be read: `fail`, `keep`"),
    ],
    any_format: false,
};

/// Most documents of one message.
const DOCUMENTS_MAX: usize = 1_000;

#[derive(Debug)]
struct Extract {
    field: Target,
    keep: bool,
    replace: Option<Template>,
    /// Fields that hold no document are left alone instead of failing the envelope.
    lenient: bool,
}

fn build(spec: &Spec, workshop: &Workshop<'_>) -> Built {
    let surroundings = workshop.surroundings()?;
    let mut reader = Reader::new(spec)?;
    let field = reader.with("field", |value| Target::compile(&spec::text(value)?, &surroundings))?;
    let keep = reader.flag("keep")?;
    let replace = reader.with("replace", |value| spec::template(value, &surroundings))?;
    let broken = reader.word("broken", &["fail", "keep"], "fail")?;
    reader.end()?;
    let field = match field {
        Some(field) => field,
        None => Target::compile("OBX[*]-5", &surroundings)?,
    };
    Ok(Box::new(Extract { field, keep, replace, lenient: broken == "keep" }))
}

/// What is at a place.
enum Found {
    /// Nothing to take out: not of type ED, or empty.
    Nothing,
    /// A document, and where its data are within the field.
    Document { bytes: Vec<u8>, kind: String, component: Option<usize> },
    /// Data that can't be read.
    Broken,
}

impl Extract {
    fn find(message: &Hl7v2Document, place: &Path) -> Result<Found, StepError> {
        let path = path_of(place)?;
        let Some(part) = message.message().part(path) else { return Ok(Found::Nothing) };
        let piece = |number| part.component(number).map(|part| part.text().into_owned()).unwrap_or_default();
        let whole = path.field().is_none_or(|step| step.component.is_some()) || part.component(2).is_none();
        if part.raw().is_empty() || part.raw() == b"\"\"" {
            return Ok(Found::Nothing);
        }
        if whole && !said_to_be_data(message, path)? {
            return Ok(Found::Nothing);
        }
        let (data, writing, kind, component) = if whole {
            (part.text().into_owned(), String::new(), "document".to_owned(), None)
        } else {
            (piece(5), piece(4), format!("{}/{}", piece(2), piece(3)), Some(5))
        };
        if data.is_empty() {
            return Ok(Found::Nothing);
        }
        let bytes = match writing.to_ascii_lowercase().as_str() {
            "base64" | "" => crate::plain::from_base64(data.as_bytes()),
            "hex" => from_hex(&data),
            "a" => Some(data.into_bytes()),
            _ => None,
        };
        Ok(match bytes {
            Some(bytes) if !bytes.is_empty() => Found::Document { bytes, kind, component },
            _ => Found::Broken,
        })
    }

    fn take_out(
        &self,
        context: &mut Context<'_>,
        message: &mut Hl7v2Document,
        place: &Path,
        component: Option<usize>,
    ) -> Result<(), StepError> {
        if let Some(replace) = &self.replace {
            let text = encoded::render(replace, context, message)?;
            message.set_encoded(path_of(place)?, &text)?;
        } else if !self.keep {
            let data = match component {
                Some(component) => message.path(&format!("{}.{component}", place.text()))?,
                None => place.clone(),
            };
            message.set(&data, Value::Empty)?;
        }
        Ok(())
    }
}

/// OBX-5 without components holds data only where OBX-2 says ED; other fields are data because the site
/// says so.
fn said_to_be_data(message: &Hl7v2Document, path: &klinke_hl7v2::Path) -> Result<bool, StepError> {
    let is_value =
        path.segment() == "OBX" && matches!(path.field(), Some(FieldStep { number: 5, component: None, .. }));
    if !is_value {
        return Ok(true);
    }
    let written = path.to_string();
    let segment = written.rsplit_once('-').map_or(written.as_str(), |(segment, _)| segment);
    let value_type = message.path(&format!("{segment}-2"))?;
    Ok(matches!(message.value(&value_type)?.text(), "ED"))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

impl Step for Extract {
    fn kind(&self) -> &'static str {
        EXTRACT.name
    }

    fn apply(&self, context: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        let places = self.field.places(document.as_ref())?;
        let Some(message) = Hl7v2Document::of(document.as_mut()) else { return Ok(Yield::One(document)) };
        let mut documents: Vec<Box<dyn Document>> = Vec::new();
        for place in &places {
            let (bytes, kind, component) = match Extract::find(message, place)? {
                Found::Nothing => continue,
                Found::Broken if self.lenient => {
                    context.note(format!("{}: the data can't be read; they were left", place.text()));
                    continue;
                }
                Found::Broken => return Err(StepError::at(place.text(), "the data can't be read")),
                Found::Document { bytes, kind, component } => (bytes, kind, component),
            };
            if documents.len() == DOCUMENTS_MAX {
                return Err(StepError::new(format!("the message holds more than {DOCUMENTS_MAX} documents")));
            }
            let (number, size) = (documents.len() + 1, bytes.len());
            context.note(format!("{}: {size} bytes of {kind} became document {number}", place.text()));
            context.values.insert("part".to_owned(), number.to_string());
            self.take_out(context, message, place, component)?;
            documents.push(Box::new(BytesDocument::new(bytes)));
        }
        if documents.is_empty() {
            return Ok(Yield::One(document));
        }
        documents.insert(0, document);
        Ok(Yield::Many(documents))
    }
}
