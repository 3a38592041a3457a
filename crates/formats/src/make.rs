//! `template`: a document made anew of a template, for whatever format.
//!
//! In a template for HL7 v2 the lines are segments, what the template says is structure, and what is
//! inserted is text whose separators are escaped. MSH-18 says in which character set the message is
//! written; without it only ASCII can be.

use std::sync::Arc;

use klinke_engine::document::{Document, Format};
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_engine::steps::{Built, Reader, Spec, SpecError, StepKind, Workshop, nearest, spec};
use klinke_engine::template::Template;
use klinke_hl7v2::{Charset, Delimiters, Message, Path, escape};
use klinke_model::Payload;

use crate::hl7v2;

pub(crate) const TEMPLATE: StepKind = StepKind {
    name: "template",
    about: "Makes a new document of a template (a file in `templates`, or `text`) filled from this one.",
    example: r#"template = "order.hl7""#,
    build,
    keys: &[
        ("file", "a file of `templates`"),
        ("text", "the template itself"),
        ("format", "the format that it makes: `hl7v2` for a file named `….hl7`, else `text`, unless said"),
    ],
    any_format: false,
};

struct Make {
    template: Template,
    target: Arc<dyn Format>,
    name: &'static str,
    delimiters: Delimiters,
}

fn build(spec: &Spec, workshop: &Workshop<'_>) -> Built {
    let (file, text, format) = if spec.is_table() {
        let mut reader = Reader::new(spec)?;
        let file = reader.with("file", spec::text)?;
        let text = reader.with("text", spec::text)?;
        let format = reader.with("format", spec::text)?;
        reader.end()?;
        (file, text, format)
    } else {
        (Some(spec::text(spec)?), None, None)
    };
    let usual = if file.as_deref().is_some_and(|name| name.ends_with(".hl7")) { hl7v2::NAME } else { "text" };
    let text = match (&file, text) {
        (None, Some(text)) => text,
        (Some(name), None) => workshop.templates.get(name).cloned().ok_or_else(|| {
            let near = nearest(name, workshop.templates.keys().map(String::as_str));
            let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            SpecError::here(format!("there is no file templates/{name}{hint}"))
        })?,
        _ => return Err(SpecError::here("either `file` or `text` is the template")),
    };
    let format = format.unwrap_or_else(|| usual.to_owned());
    let target = workshop.formats.get(&format).cloned().ok_or_else(|| {
        let names: Vec<_> = workshop.formats.names().collect();
        SpecError::at("format", format!("there is no format `{format}`; there are {}", names.join(", ")))
    })?;
    let name = target.name();
    let is_message = name == hl7v2::NAME;
    let text = if is_message { segments(&text) } else { text };
    let delimiters = if is_message { delimiters(&text)? } else { Delimiters::default() };
    let template = spec::template(&Spec::String(text), &workshop.surroundings()?)?;
    Ok(Box::new(Make { template, target, name, delimiters }))
}

/// Lines as segments: each ends with a carriage return, blank ones are left out.
fn segments(text: &str) -> String {
    text.lines().filter(|line| !line.trim().is_empty()).map(|line| format!("{line}\r")).collect()
}

/// The delimiters that the template's own header declares.
fn delimiters(text: &str) -> Result<Delimiters, SpecError> {
    let header = text.split('\r').next().unwrap_or("");
    match Message::parse(header.as_bytes().to_vec()) {
        Ok(message) if header.starts_with("MSH") => Ok(*message.delimiters()),
        _ => Err(SpecError::here("the template does not begin with an MSH segment")),
    }
}

impl Make {
    /// The text in the character set that its MSH-18 declares.
    fn message_bytes(text: &str) -> Result<Vec<u8>, StepError> {
        let field = Path::new("MSH-18").map_err(|error| StepError::new(error.to_string()))?;
        let header = text.split('\r').next().unwrap_or("");
        let header =
            Message::parse(header.as_bytes().to_vec()).map_err(|error| StepError::new(error.to_string()))?;
        let declared = header.text(&field).into_owned();
        let charset = if declared.is_empty() {
            Charset::ASCII
        } else {
            Charset::by_name(&declared).ok_or_else(|| {
                StepError::at("MSH-18", "the template names a character set that is not known")
            })?
        };
        let bytes = charset.encode(text).map_err(|character| {
            let (code, name) = (character as u32, charset.name());
            StepError::at("MSH-18", format!("character U+{code:04X} can't be written in {name}"))
        })?;
        Ok(bytes.into_owned())
    }
}

impl Step for Make {
    fn kind(&self) -> &'static str {
        TEMPLATE.name
    }

    fn gives(&self) -> Option<&'static str> {
        Some(self.name)
    }

    fn apply(&self, context: &mut Context<'_>, document: Box<dyn Document>) -> Result<Yield, StepError> {
        let bytes = if self.name == hl7v2::NAME {
            let text = self.template.render_with(context, document.as_ref(), &mut |text| {
                let escaped = escape::escape(&text, &self.delimiters);
                Ok(escaped.map_err(|error| StepError::new(error.to_string()))?.into_owned())
            })?;
            Make::message_bytes(&text)?
        } else {
            self.template.render(context, document.as_ref())?.into_bytes()
        };
        Ok(Yield::One(self.target.open(&Payload::new(bytes), None)?))
    }
}

impl std::fmt::Debug for Make {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Make({})", self.name)
    }
}
