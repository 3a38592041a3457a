//! A message as the engine's steps and scripts see it.

use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use klinke_engine::document::{Document, DocumentError, Path, Value};
use klinke_hl7v2::message::{Options, Part};
use klinke_hl7v2::path::{Nth, Repetition};
use klinke_hl7v2::{Charset, Error, GroupResolver, Message, escape};
use klinke_model::Payload;

use super::operate;

/// An HL7 v2 message, open for reading and change.
#[derive(Clone)]
pub struct Hl7v2Document {
    message: Message,
    /// The bytes as they came.
    original: Payload,
    /// The bytes as they now are, while they are known.
    changed: Option<Payload>,
    options: Options,
    resolver: Option<Arc<dyn GroupResolver>>,
}

/// A payload that lends its bytes to the codec without a copy.
struct Lent(Payload);

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// An error of the codec: it names the place and holds no values.
pub(super) fn refused(error: Error) -> DocumentError {
    DocumentError::new(error.to_string())
}

/// The codec's path within the engine's.
pub(super) fn path_of(path: &Path) -> Result<&klinke_hl7v2::Path, DocumentError> {
    path.compiled()
}

impl Hl7v2Document {
    /// Opens a payload.
    pub fn open(payload: &Payload, options: &Options) -> Result<Self, DocumentError> {
        let bytes = Bytes::from_owner(Lent(payload.clone()));
        let message = Message::parse_with(bytes, options).map_err(refused)?;
        Ok(Hl7v2Document {
            message,
            original: payload.clone(),
            changed: None,
            options: options.clone(),
            resolver: None,
        })
    }

    /// The same with groups of message structures in paths.
    #[must_use]
    pub fn with_resolver(mut self, resolver: Option<Arc<dyn GroupResolver>>) -> Self {
        if let Some(resolver) = &resolver {
            self.message.set_resolver(Arc::clone(resolver));
        }
        self.resolver = resolver;
        self
    }

    /// Another document of bytes made of this one's; `charset` is what they are in where they don't say.
    pub(crate) fn remade(&self, bytes: Vec<u8>, charset: Option<Charset>) -> Result<Self, DocumentError> {
        let options = Options { charset: charset.or(self.options.charset), ..self.options.clone() };
        Ok(Hl7v2Document::open(&Payload::new(bytes), &options)?.with_resolver(self.resolver.clone()))
    }

    /// The message.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The message, to be changed.
    pub fn message_mut(&mut self) -> &mut Message {
        self.changed = None;
        &mut self.message
    }

    /// The message within an engine's document, if it is one.
    pub(crate) fn of(document: &mut dyn Document) -> Option<&mut Hl7v2Document> {
        document.as_any().downcast_mut()
    }

    fn part_value<'a>(part: &Part<'a>) -> Value<'a> {
        match part.value() {
            klinke_hl7v2::Value::Absent => Value::Absent,
            klinke_hl7v2::Value::Empty => Value::Empty,
            klinke_hl7v2::Value::Null => Value::Null,
            klinke_hl7v2::Value::Present(_) => Value::Text(part.text()),
        }
    }

    fn segment_text(&self, position: usize) -> Value<'_> {
        match self.message.segment(position).map(|segment| segment.raw()) {
            None => Value::Absent,
            Some(bytes) => Value::Text(Cow::Owned(self.decoded(&bytes).into_owned())),
        }
    }

    /// What stands at a path as it is written, decoded, escapes left.
    pub(super) fn encoded(&self, path: &klinke_hl7v2::Path) -> Option<String> {
        let bytes = self.message.get(path)?;
        Some(self.decoded(&bytes).into_owned())
    }

    /// Bytes within the message as text.
    pub(super) fn decoded<'a>(&self, bytes: &'a [u8]) -> Cow<'a, str> {
        self.inner_charset().decode(bytes)
    }

    /// What fields are written in: the message's character set, or UTF-8 where the codec has turned the
    /// message into that to find its delimiters.
    fn inner_charset(&self) -> Charset {
        let charset = self.message.charset().charset;
        if charset.is_ascii_safe() { charset } else { Charset::UTF_8 }
    }

    /// Writes a text as it stands, its separators included, in the message's character set.
    pub(super) fn set_encoded(
        &mut self,
        path: &klinke_hl7v2::Path,
        text: &str,
    ) -> Result<usize, DocumentError> {
        if text.is_empty() {
            return self.message_mut().clear(path).map_err(refused);
        }
        let bytes = self.bytes_of(text, path)?;
        self.message_mut().set_raw(path, &bytes).map_err(refused)
    }

    /// A text in the form that raw edits of this message take.
    pub(super) fn bytes_of(
        &self,
        text: &str,
        place: &dyn std::fmt::Display,
    ) -> Result<Vec<u8>, DocumentError> {
        let charset = self.inner_charset();
        charset.encode(text).map(Cow::into_owned).map_err(|character| {
            let (code, name) = (character as u32, charset.name());
            DocumentError::new(format!("{place}: character U+{code:04X} can't be written in {name}"))
        })
    }

    /// A text with its separators as escape sequences, as it stands within a field.
    pub(super) fn escaped(&self, text: &str) -> Result<String, DocumentError> {
        escape::escape(text, self.message.delimiters())
            .map(Cow::into_owned)
            .map_err(|error| DocumentError::new(error.to_string()))
    }

    /// The whole message as text, segments ended by carriage returns as they came.
    pub(super) fn text(&self) -> String {
        self.message.charset().charset.decode(&self.message.to_bytes()).into_owned()
    }
}

impl Document for Hl7v2Document {
    fn format(&self) -> &'static str {
        super::NAME
    }

    fn path(&self, text: &str) -> Result<Path, DocumentError> {
        super::compile(text)
    }

    fn value(&self, path: &Path) -> Result<Value<'_>, DocumentError> {
        let path = path_of(path)?;
        if path.field().is_none() {
            return Ok(self.message.position(path).map_or(Value::Absent, |at| self.segment_text(at)));
        }
        Ok(self.message.part(path).map_or(Value::Absent, |part| Self::part_value(&part)))
    }

    fn values(&self, path: &Path) -> Result<Vec<Value<'_>>, DocumentError> {
        let path = path_of(path)?;
        if path.field().is_none() {
            return Ok(self.message.positions(path).into_iter().map(|at| self.segment_text(at)).collect());
        }
        if !path.is_many() {
            return Ok(self.message.part(path).iter().map(Self::part_value).collect());
        }
        // The iterator borrows the path, the values must not.
        Ok(self.message.get_all(path).map(|placed| Self::part_value(&placed.part)).collect::<Vec<_>>())
            .map(|values| values.into_iter().map(Value::into_owned).collect())
    }

    fn set(&mut self, path: &Path, value: Value<'_>) -> Result<(), DocumentError> {
        let path = path_of(path)?;
        let message = self.message_mut();
        match value {
            Value::Absent | Value::Empty => message.clear(path),
            Value::Null => message.set_null(path),
            Value::Text(text) => message.set(path, &text),
        }
        .map(|_| ())
        .map_err(refused)
    }

    fn copy(&mut self, from: &Path, to: &Path) -> Result<(), DocumentError> {
        let (from, to) = (path_of(from)?, path_of(to)?);
        if from.field().is_none() || to.field().is_none() {
            return Err(DocumentError::new("fields are copied, not segments"));
        }
        let bytes = match self.message.value(from) {
            klinke_hl7v2::Value::Absent | klinke_hl7v2::Value::Empty => {
                return self.message_mut().clear(to).map(|_| ()).map_err(refused);
            }
            klinke_hl7v2::Value::Null => {
                return self.message_mut().set_null(to).map(|_| ()).map_err(refused);
            }
            klinke_hl7v2::Value::Present(bytes) => bytes.into_owned(),
        };
        match self.message_mut().set_raw(to, &bytes) {
            Ok(_) => Ok(()),
            // The place holds less structure than what is copied: there it is a text.
            Err(Error::RawBreaksOut { .. }) => {
                let text = self.message.text(from).into_owned();
                self.message_mut().set(to, &text).map(|_| ()).map_err(refused)
            }
            Err(error) => Err(refused(error)),
        }
    }

    fn delete(&mut self, path: &Path) -> Result<usize, DocumentError> {
        let path = path_of(path)?;
        let message = self.message_mut();
        match path.field() {
            None => message.delete_segments(path),
            Some(step) if step.component.is_none() && step.repetition != Repetition::Unsaid => {
                message.delete_repetition(path)
            }
            Some(_) => message.clear(path),
        }
        .map_err(refused)
    }

    fn count(&self, path: &Path) -> Result<usize, DocumentError> {
        let path = path_of(path)?;
        let Some(step) = path.field() else { return Ok(self.message.positions(path).len()) };
        // An empty field is no repetition, although it can be read as one.
        let every = step.repetition == Repetition::Nth(Nth::All) && step.component.is_none();
        Ok(self.message.get_all(path).filter(|placed| !every || !placed.part.raw().is_empty()).count())
    }

    fn operate(
        &mut self,
        operation: &str,
        arguments: &[Cow<'_, str>],
    ) -> Result<Option<String>, DocumentError> {
        operate::operate(self, operation, arguments)
    }

    fn payload(&mut self) -> Result<Payload, DocumentError> {
        if !self.message.is_edited() {
            return Ok(self.original.clone());
        }
        if let Some(changed) = &self.changed {
            return Ok(changed.clone());
        }
        let mut bytes = Vec::new();
        self.message.write_to(&mut bytes);
        let payload = Payload::new(bytes);
        self.changed = Some(payload.clone());
        Ok(payload)
    }

    fn fork(&self) -> Box<dyn Document> {
        Box::new(self.clone())
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// Shows sizes only: a message holds patient data.
impl std::fmt::Debug for Hl7v2Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Hl7v2Document").field(&self.message).finish()
    }
}
