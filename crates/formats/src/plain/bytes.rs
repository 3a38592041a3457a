//! Bytes that nobody looks into.

use std::any::Any;
use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use klinke_engine::document::{Document, DocumentError, Format, Path, Value};
use klinke_model::Payload;

use super::decode;

/// Any payload.
#[derive(Clone, Copy, Debug)]
pub struct BytesFormat;

/// A payload that is not looked into.
#[derive(Clone)]
pub struct BytesDocument(Payload);

#[derive(Clone, Copy)]
enum Place {
    Text,
    Base64,
    Size,
}

const PATHS: &str = "paths of bytes are text, base64 and size";

impl Format for BytesFormat {
    fn name(&self) -> &'static str {
        "bytes"
    }

    fn open(&self, payload: &Payload, _: Option<&str>) -> Result<Box<dyn Document>, DocumentError> {
        Ok(Box::new(BytesDocument(payload.clone())))
    }

    fn path(&self, text: &str) -> Result<Path, DocumentError> {
        let place = match text {
            "text" => Place::Text,
            "base64" => Place::Base64,
            "size" => Place::Size,
            _ => return Err(DocumentError::new(format!("`{text}` is no path; {PATHS}"))),
        };
        Ok(Path::new(text, place))
    }

    fn identity(&self, _: &[u8]) -> Option<u64> {
        None
    }
}

impl BytesDocument {
    /// A document of these bytes.
    pub fn new(bytes: impl Into<Payload>) -> Self {
        BytesDocument(bytes.into())
    }
}

impl Document for BytesDocument {
    fn format(&self) -> &'static str {
        BytesFormat.name()
    }

    fn path(&self, text: &str) -> Result<Path, DocumentError> {
        BytesFormat.path(text)
    }

    fn value(&self, path: &Path) -> Result<Value<'_>, DocumentError> {
        if self.0.is_empty() && !matches!(path.compiled::<Place>()?, Place::Size) {
            return Ok(Value::Empty);
        }
        Ok(match path.compiled::<Place>()? {
            Place::Text => Value::Text(decode(&self.0, None).0),
            Place::Base64 => Value::from(STANDARD.encode(&*self.0)),
            Place::Size => Value::from(self.0.len().to_string()),
        })
    }

    fn values(&self, path: &Path) -> Result<Vec<Value<'_>>, DocumentError> {
        Ok(vec![self.value(path)?])
    }

    fn set(&mut self, path: &Path, value: Value<'_>) -> Result<(), DocumentError> {
        let bytes = match path.compiled::<Place>()? {
            Place::Text => value.text().as_bytes().to_vec(),
            Place::Base64 => from_base64(value.text().as_bytes())
                .ok_or_else(|| DocumentError::new("base64: the text is not base64"))?,
            Place::Size => return Err(DocumentError::new("size can't be set")),
        };
        self.0 = Payload::new(bytes);
        Ok(())
    }

    fn delete(&mut self, path: &Path) -> Result<usize, DocumentError> {
        self.set(path, Value::Empty)?;
        Ok(1)
    }

    fn count(&self, path: &Path) -> Result<usize, DocumentError> {
        path.compiled::<Place>()?;
        Ok(1)
    }

    fn operate(&mut self, operation: &str, _: &[Cow<'_, str>]) -> Result<Option<String>, DocumentError> {
        match operation {
            "text" => Ok(Some(decode(&self.0, None).0.into_owned())),
            _ => Err(DocumentError::new(format!("bytes have no operation `{operation}`; there is text"))),
        }
    }

    fn payload(&mut self) -> Result<Payload, DocumentError> {
        Ok(self.0.clone())
    }

    fn fork(&self) -> Box<dyn Document> {
        Box::new(self.clone())
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

impl std::fmt::Debug for BytesDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BytesDocument({} bytes)", self.0.len())
    }
}

/// Bytes of base64; white space doesn't count, padding may be missing, the letters of the form for URLs
/// are taken too.
pub(crate) fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    use base64::alphabet;
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    const TOLERANT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let usual: Vec<u8> = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    TOLERANT.decode(usual).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_as_text_and_base64() {
        let path = |text: &str| BytesFormat.path(text).expect(text);
        let mut document = BytesDocument::new(b"%PDF\xff".to_vec());
        assert_eq!(document.value(&path("base64")).expect("a value").text(), "JVBERv8=");
        assert_eq!(document.value(&path("size")).expect("a value").text(), "5");
        assert_eq!(document.value(&path("text")).expect("a value").text(), "%PDFÿ");
        document.set(&path("base64"), Value::from("JVBE\r\nRi0")).expect("base64");
        assert_eq!(&*document.payload().expect("bytes"), b"%PDF-");
        let error = document.set(&path("base64"), Value::from("secret!")).expect_err("no base64");
        assert_eq!(error.to_string(), "base64: the text is not base64");
        assert_eq!(
            BytesFormat.path("line").expect_err("no path").to_string(),
            format!("`line` is no path; {PATHS}")
        );
    }

    #[test]
    fn what_nobody_changed_is_the_same_payload() {
        let payload = Payload::new(vec![1, 2, 3]);
        let mut document = BytesFormat.open(&payload, None).expect("a document");
        assert!(document.payload().expect("bytes").is_same(&payload));
    }
}
