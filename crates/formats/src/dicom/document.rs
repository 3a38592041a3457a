//! A data set as the engine's steps and scripts see it.

use std::any::Any;
use std::borrow::Cow;

use bytes::Bytes;
use klinke_dimse::charset::{Charset, Rules};
use klinke_dimse::data::{self, DataSet, Element, Limits, PixelDataUse};
use klinke_dimse::dictionary;
use klinke_dimse::file::{self, Meta};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, json, tags};
use klinke_engine::document::{Document, DocumentError, Path, Value};
use klinke_model::Payload;

use super::operate;

/// Limits of DICOM JSON.
const JSON_LIMITS: json::Limits = json::Limits { depth: 64, elements: 1_000_000 };

/// A data set, open for reading and change.
#[derive(Clone)]
pub struct DicomDocument {
    form: Form,
    set: DataSet,
    rules: Rules,
    /// The bytes as they came, and where the data set begins in them.
    original: Option<Original>,
    is_changed: bool,
    /// The bytes as they now are, while they are known.
    changed: Option<Payload>,
}

/// What the payload is.
#[derive(Clone)]
enum Form {
    /// A file of Part 10: its head, and the transfer syntax of its data set.
    File { meta: DataSet, syntax: TransferSyntax },
    /// DICOM JSON.
    Json,
}

#[derive(Clone)]
struct Original {
    payload: Payload,
    bytes: Bytes,
    offset: usize,
    syntax: TransferSyntax,
    /// Whether the data set was read to its end.
    is_whole: bool,
}

/// A payload that lends its bytes to the codec without a copy.
struct Lent(Payload);

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl DicomDocument {
    /// Opens a payload; `charset` counts where the data set declares none.
    pub fn open(payload: &Payload, charset: Option<&str>) -> Result<Self, DocumentError> {
        let is_json = payload.iter().find(|byte| !byte.is_ascii_whitespace());
        match is_json {
            Some(b'{' | b'[') => DicomDocument::open_json(payload),
            _ => DicomDocument::open_file(payload, charset),
        }
    }

    fn open_json(payload: &Payload) -> Result<Self, DocumentError> {
        let text = std::str::from_utf8(payload);
        let text = text.map_err(|_| DocumentError::new("DICOM JSON is UTF-8, and this is not"))?;
        let parsed = json::read(text, &JSON_LIMITS).map_err(|error| DocumentError::new(error.to_string()))?;
        let bytes = Bytes::from_owner(Lent(payload.clone()));
        let original = Original {
            payload: payload.clone(),
            bytes,
            offset: 0,
            syntax: TransferSyntax::EXPLICIT,
            is_whole: true,
        };
        Ok(DicomDocument { original: Some(original), ..DicomDocument::of_json(parsed.set) })
    }

    fn open_file(payload: &Payload, charset: Option<&str>) -> Result<Self, DocumentError> {
        let bytes = Bytes::from_owner(Lent(payload.clone()));
        let opened = file::open(bytes.clone(), &Limits::default(), PixelDataUse::Read)
            .map_err(|error| DocumentError::new(error.to_string()))?;
        let is_whole = matches!(opened.end, data::End::Complete);
        let offset = usize::try_from(opened.data_set_offset).unwrap_or(usize::MAX).min(bytes.len());
        let original =
            Original { payload: payload.clone(), bytes, offset, syntax: opened.syntax.clone(), is_whole };
        let mut rules = Rules::default();
        if let Some(charset) = charset.filter(|_| opened.set.raw(tags::SPECIFIC_CHARACTER_SET).is_none()) {
            rules.instead = Charset::by_name(charset);
        }
        Ok(DicomDocument {
            form: Form::File { meta: opened.meta, syntax: opened.syntax },
            set: opened.set,
            rules,
            original: Some(original),
            is_changed: false,
            changed: None,
        })
    }

    /// A data set of our own, to be written as DICOM JSON.
    pub fn of_json(set: DataSet) -> Self {
        let rules = Rules { instead: Some(Charset::UTF_8), ..Rules::default() };
        DicomDocument { form: Form::Json, set, rules, original: None, is_changed: false, changed: None }
    }

    /// A data set of our own, to be written as a file.
    pub fn of_file(set: DataSet, syntax: TransferSyntax) -> Self {
        let form = Form::File { meta: DataSet::new(), syntax };
        DicomDocument { form, set, rules: Rules::default(), original: None, is_changed: true, changed: None }
    }

    /// The document within an engine's, if it is one.
    pub(crate) fn of(document: &mut dyn Document) -> Option<&mut DicomDocument> {
        document.as_any().downcast_mut()
    }

    /// The data set.
    pub fn data_set(&self) -> &DataSet {
        &self.set
    }

    /// What is done where character sets are missing.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The transfer syntax of a file; nothing of DICOM JSON.
    pub fn syntax(&self) -> Option<&TransferSyntax> {
        match &self.form {
            Form::File { syntax, .. } => Some(syntax),
            Form::Json => None,
        }
    }

    /// Takes another data set, in this transfer syntax where it is a file.
    pub(super) fn replace(&mut self, set: DataSet, to: TransferSyntax) {
        self.set = set;
        self.touch();
        if let Form::File { syntax, .. } = &mut self.form {
            *syntax = to;
        }
    }

    /// Forgets the head of the file: it names applications.
    pub(super) fn forget_head(&mut self) {
        if let Form::File { meta, .. } = &mut self.form {
            *meta = DataSet::new();
        }
        // The preamble is part of what came.
        self.original = None;
        self.touch();
    }

    /// An error where the bytes end too early: what is missing would be missing without a trace.
    pub(super) fn check_whole(&self) -> Result<(), DocumentError> {
        match &self.original {
            Some(original) if !original.is_whole => {
                Err(DocumentError::new("the instance breaks off before its end; it can be read, not changed"))
            }
            _ => Ok(()),
        }
    }

    fn touch(&mut self) {
        self.is_changed = true;
        self.changed = None;
    }

    /// The set that a path leads into: that of the head, or the data set.
    fn within(&self, path: &dictionary::Path) -> &DataSet {
        match &self.form {
            Form::File { meta, .. } if is_of_head(path) => meta,
            _ => &self.set,
        }
    }

    fn within_mut(&mut self, path: &dictionary::Path) -> Result<&mut DataSet, DocumentError> {
        self.check_whole()?;
        self.touch();
        Ok(match &mut self.form {
            Form::File { meta, .. } if is_of_head(path) => meta,
            _ => &mut self.set,
        })
    }

    fn set_text(&mut self, path: &dictionary::Path, text: &str) -> Result<(), DocumentError> {
        self.check_whole()?;
        let declares = |set: &DataSet| set.raw(tags::SPECIFIC_CHARACTER_SET).is_some_and(|it| !it.is_empty());
        if !text.is_ascii() && self.rules.instead.is_none() && !declares(&self.set) {
            self.set = self.set.recoded(&self.rules, &Charset::UTF_8).set;
            self.set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
        }
        let rules = self.rules;
        let mut trial = self.within(path).clone();
        let encoded =
            path.set_text(&mut trial, text, &rules).map_err(|error| DocumentError::new(error.to_string()))?;
        // Other letters would be another text.
        let lacking = encoded.lost + encoded.transliterated;
        if lacking > 0 {
            let text = format!("{path}: the character set of the instance lacks {lacking} of the characters");
            return Err(DocumentError::new(text));
        }
        *self.within_mut(path)? = trial;
        Ok(())
    }

    /// What is not there is not made to be cleared.
    fn clear(&mut self, path: &dictionary::Path) -> Result<(), DocumentError> {
        if !path.all(self.within(path)).is_empty() {
            path.clear(self.within_mut(path)?);
        }
        Ok(())
    }

    fn file_bytes(&self, meta: &DataSet, syntax: &TransferSyntax) -> Result<Vec<u8>, DocumentError> {
        self.check_whole()?;
        let failed = |error: data::WriteError| DocumentError::new(error.to_string());
        let (preamble, written) = match &self.original {
            Some(original) => {
                let before = original.bytes.slice(original.offset..);
                let written = match original.syntax == *syntax {
                    true => data::patch(&before, syntax, &self.set),
                    false => data::write(&self.set, syntax),
                };
                let preamble = original.bytes.get(..132).filter(|head| head.ends_with(b"DICM"));
                (preamble.map(|head| head[..128].to_vec()), written.map_err(failed)?)
            }
            None => (None, data::write(&self.set, syntax).map_err(failed)?),
        };
        let mut out = preamble.unwrap_or_else(|| vec![0; 128]);
        out.extend_from_slice(b"DICM");
        data::write_into(&mut out, &self.head(meta, syntax), &TransferSyntax::EXPLICIT).map_err(failed)?;
        out.extend_from_slice(&written);
        Ok(out)
    }

    /// The head of the file as it is written: of the instance as it is now, and by us.
    fn head(&self, meta: &DataSet, syntax: &TransferSyntax) -> DataSet {
        let uid = |tag, or| self.set.ascii(tag).or_else(|| meta.ascii(or)).unwrap_or_default();
        let class = uid(tags::SOP_CLASS_UID, tags::MEDIA_STORAGE_SOP_CLASS_UID);
        let instance = uid(tags::SOP_INSTANCE_UID, tags::MEDIA_STORAGE_SOP_INSTANCE_UID);
        let mut head = meta.clone();
        // What another program keeps there is about its own file.
        head.remove(tags::PRIVATE_INFORMATION_CREATOR_UID);
        head.remove(tags::PRIVATE_INFORMATION);
        Meta::of(class, instance, syntax.uid()).to_set().iter().for_each(|element| head.put(element.clone()));
        head
    }
}

fn is_of_head(path: &dictionary::Path) -> bool {
    path.root().is_some_and(|tag| tag.0 == 0x0002)
}

fn path_of(path: &Path) -> Result<&dictionary::Path, DocumentError> {
    path.compiled()
}

/// What an element that is no text says of itself.
fn described(element: &Element) -> Value<'static> {
    match &element.value {
        data::Value::Sequence(items) if items.is_empty() => Value::Empty,
        data::Value::Sequence(items) => Value::from(items.len().to_string()),
        data::Value::Bytes(bytes) if bytes.is_empty() => Value::Empty,
        data::Value::Bytes(bytes) => Value::from(format!("{} bytes", bytes.len())),
        data::Value::Fragments(all) => Value::from(format!("{} fragments", all.fragments.len())),
    }
}

impl Document for DicomDocument {
    fn format(&self) -> &'static str {
        super::NAME
    }

    fn path(&self, text: &str) -> Result<Path, DocumentError> {
        super::compile(text)
    }

    fn value(&self, path: &Path) -> Result<Value<'_>, DocumentError> {
        let path = path_of(path)?;
        let set = self.within(path);
        let found = path.all(set);
        let Some(first) = found.first() else { return Ok(Value::Absent) };
        if path.count(set) == 0 {
            return Ok(Value::Absent);
        }
        let texts = path.texts(set, &self.rules);
        Ok(match (found.len(), texts.is_empty()) {
            (_, true) => described(first),
            (1, false) => Value::from(texts.join("\\")),
            (_, false) => Value::from(texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()),
        })
    }

    fn values(&self, path: &Path) -> Result<Vec<Value<'_>>, DocumentError> {
        let path = path_of(path)?;
        let set = self.within(path);
        let texts = path.texts(set, &self.rules);
        if texts.is_empty() {
            return Ok(path.all(set).into_iter().map(described).collect());
        }
        Ok(texts.into_iter().map(Value::from).collect())
    }

    fn set(&mut self, path: &Path, value: Value<'_>) -> Result<(), DocumentError> {
        let path = path_of(path)?;
        match value {
            Value::Text(text) => self.set_text(path, &text),
            Value::Absent | Value::Empty | Value::Null => self.clear(path),
        }
    }

    fn copy(&mut self, from: &Path, to: &Path) -> Result<(), DocumentError> {
        let (from, to) = (path_of(from)?, path_of(to)?);
        let Some(element) = from.get(self.within(from)).cloned() else {
            return self.clear(to);
        };
        let there = to.get(self.within(to)).map(|element| element.vr);
        let vr = there.or_else(|| to.root().filter(|_| !to.as_str().contains('.')).and_then(dictionary::vr));
        if vr.is_none_or(|vr| vr == element.vr) {
            let set = self.within_mut(to)?;
            return to
                .set_value(set, element.vr, &element.value)
                .map_err(|error| DocumentError::new(error.to_string()));
        }
        let text = from.texts(self.within(from), &self.rules).join("\\");
        self.set_text(to, &text)
    }

    fn delete(&mut self, path: &Path) -> Result<usize, DocumentError> {
        let path = path_of(path)?;
        if path.count(self.within(path)) == 0 {
            return Ok(0);
        }
        Ok(path.remove(self.within_mut(path)?))
    }

    fn count(&self, path: &Path) -> Result<usize, DocumentError> {
        let path = path_of(path)?;
        Ok(path.count(self.within(path)))
    }

    fn operate(
        &mut self,
        operation: &str,
        arguments: &[Cow<'_, str>],
    ) -> Result<Option<String>, DocumentError> {
        operate::operate(self, operation, arguments)
    }

    fn payload(&mut self) -> Result<Payload, DocumentError> {
        match &self.original {
            Some(original) if !self.is_changed => return Ok(original.payload.clone()),
            _ => {}
        }
        if let Some(changed) = &self.changed {
            return Ok(changed.clone());
        }
        let payload = Payload::new(match &self.form {
            Form::File { meta, syntax } => self.file_bytes(meta, syntax)?,
            Form::Json => {
                let options = json::Options { rules: self.rules, ..json::Options::default() };
                json::to_string(&self.set, &options).into_bytes()
            }
        });
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

/// Shows its size only: it holds patient data.
impl std::fmt::Debug for DicomDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DicomDocument({} elements)", self.set.len())
    }
}
