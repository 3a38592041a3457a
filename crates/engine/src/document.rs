//! A payload opened for steps and scripts, whatever its format.
//!
//! A [`Format`] is a codec's side of the engine. It opens payloads as [`Document`]s, whose values steps
//! read and change through compiled [`Path`]s. The engine itself never looks into a payload.

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use klinke_model::Payload;

/// A kind of payload the engine can open.
pub trait Format: Send + Sync + 'static {
    /// Its name, as envelopes carry it.
    fn name(&self) -> &'static str;
    /// Opens a payload. `charset` is what the site says of the sender, for payloads that don't say it
    /// themselves. An error means that no step can look inside; the envelope is kept raw.
    fn open(&self, payload: &Payload, charset: Option<&str>) -> Result<Box<dyn Document>, DocumentError>;
    /// Compiles a path of this format.
    fn path(&self, text: &str) -> Result<Path, DocumentError>;
    /// The number of the first of several places in its paths: `[1]` unless it says otherwise.
    fn first(&self) -> usize {
        1
    }
    /// A digest of what identifies the payload to its sender (its control identifier and the sender's
    /// names), for de-duplication; `None` when it has none.
    fn identity(&self, payload: &[u8]) -> Option<u64>;
    /// What a payload says of being a fragment of something too long to be sent at once; `None` when it is
    /// whole, as nearly all are. Asked of every arrival: must be cheap.
    fn fragment(&self, payload: &[u8]) -> Option<Fragment> {
        let _ = payload;
        None
    }
    /// The whole of fragments, which are given in their order.
    fn join(&self, fragments: &[Payload], charset: Option<&str>) -> Result<Payload, DocumentError> {
        let _ = (fragments, charset);
        Err(DocumentError::new("this format has no fragments"))
    }
}

/// What a payload says of being a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The key of the fragment before; `None` in the first one.
    pub continues: Option<String>,
    /// The key by which the next fragment names this one; `None` in the last one.
    pub key: Option<String>,
}

/// A payload opened for reading and change. Dropping it changes nothing; [`Document::payload`] gives
/// the bytes as they now are, the very same [`Payload`] when nothing was changed.
pub trait Document: Send + fmt::Debug {
    /// The name of its format.
    fn format(&self) -> &'static str;
    /// Compiles a path of its format.
    fn path(&self, text: &str) -> Result<Path, DocumentError>;
    /// The first value at a path. What is not there is [`Value::Absent`], never an error.
    fn value(&self, path: &Path) -> Result<Value<'_>, DocumentError>;
    /// All values at a path that may name several.
    fn values(&self, path: &Path) -> Result<Vec<Value<'_>>, DocumentError>;
    /// Sets the value at a path, making what is missing on the way there.
    fn set(&mut self, path: &Path, value: Value<'_>) -> Result<(), DocumentError>;
    /// Copies what stands at one path, with its whole inner structure, to another.
    fn copy(&mut self, from: &Path, to: &Path) -> Result<(), DocumentError> {
        let value = self.value(from)?.into_owned();
        self.set(to, value)
    }
    /// Removes what the path names: a whole part, one repetition, or the value; gives how many.
    fn delete(&mut self, path: &Path) -> Result<usize, DocumentError>;
    /// How many parts or repetitions the path names.
    fn count(&self, path: &Path) -> Result<usize, DocumentError>;
    /// An operation that only this format knows (`insert`, `move`, `renumber`, …), for scripts and for
    /// the format's own steps. Unknown names are an error that lists the known ones.
    fn operate(
        &mut self,
        operation: &str,
        arguments: &[Cow<'_, str>],
    ) -> Result<Option<String>, DocumentError>;
    /// The bytes as they now are.
    fn payload(&mut self) -> Result<Payload, DocumentError>;
    /// A second document with the same content.
    fn fork(&self) -> Box<dyn Document>;
    /// For the format's own steps.
    fn as_any(&mut self) -> &mut dyn Any;
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Nothing is there, not even a place for it.
    Absent,
    /// The place is there and empty: nothing is said.
    Empty,
    /// It is said that there is no value: the receiver is to delete what it has.
    Null,
    /// A value, decoded.
    Text(Cow<'a, str>),
}

impl<'a> Value<'a> {
    /// The text; empty when there is none.
    pub fn text(&self) -> &str {
        match self {
            Value::Text(text) => text,
            _ => "",
        }
    }

    /// True when there is text.
    pub fn is_text(&self) -> bool {
        matches!(self, Value::Text(text) if !text.is_empty())
    }

    /// The same value, owned.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Absent => Value::Absent,
            Value::Empty => Value::Empty,
            Value::Null => Value::Null,
            Value::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        if text.is_empty() { Value::Empty } else { Value::Text(Cow::Borrowed(text)) }
    }
}

impl From<String> for Value<'static> {
    fn from(text: String) -> Self {
        if text.is_empty() { Value::Empty } else { Value::Text(Cow::Owned(text)) }
    }
}

/// A compiled path: its text, and what its format made of it.
#[derive(Clone)]
pub struct Path {
    text: Arc<str>,
    compiled: Arc<dyn Any + Send + Sync>,
}

impl Path {
    /// A path as a format compiled it.
    pub fn new(text: &str, compiled: impl Any + Send + Sync) -> Self {
        Path { text: text.into(), compiled: Arc::new(compiled) }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the format made of it; an error when it was another format.
    pub fn compiled<T: 'static>(&self) -> Result<&T, DocumentError> {
        self.compiled
            .downcast_ref()
            .ok_or_else(|| DocumentError::new(format!("path {} is of another format", self.text)))
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({})", self.text)
    }
}

/// Why a document could not be opened, read or changed. Its text names the place and holds no patient
/// data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DocumentError(String);

impl DocumentError {
    /// An error with this text.
    pub fn new(text: impl Into<String>) -> Self {
        DocumentError(text.into())
    }
}

/// The formats that a program knows, by name.
#[derive(Clone, Default)]
pub struct Formats(BTreeMap<&'static str, Arc<dyn Format>>);

impl Formats {
    /// Of these.
    pub fn new(formats: impl IntoIterator<Item = Arc<dyn Format>>) -> Self {
        Formats(formats.into_iter().map(|format| (format.name(), format)).collect())
    }

    /// The format of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Format>> {
        self.0.get(name)
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.keys().copied()
    }
}

impl fmt::Debug for Formats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
