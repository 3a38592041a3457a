//! Operations on a data set that paths alone can't say, for scripts.
//!
//! | operation | gives |
//! |---|---|
//! | `text`, `json` | the data set as DICOM JSON, without values of more than 64 KiB and without pixel data |
//! | `transfer-syntax` | the transfer syntax UID of a file; nothing of DICOM JSON |

use std::borrow::Cow;

use klinke_dimse::data::{DataSet, Value};
use klinke_dimse::json;
use klinke_engine::document::DocumentError;

use super::DicomDocument;

/// Larger values are not shown to scripts.
const VALUE_BYTES_MAX: usize = 64 << 10;

pub(super) fn operate(
    document: &DicomDocument,
    operation: &str,
    arguments: &[Cow<'_, str>],
) -> Result<Option<String>, DocumentError> {
    if !arguments.is_empty() {
        return Err(DocumentError::new(format!("`{operation}` takes no arguments")));
    }
    match operation {
        "text" | "json" => Ok(Some(json_of(document))),
        "transfer-syntax" => Ok(document.syntax().map(|syntax| syntax.uid().to_owned())),
        _ => {
            let text = format!("dicom has no operation `{operation}`; there are text, json, transfer-syntax");
            Err(DocumentError::new(text))
        }
    }
}

fn json_of(document: &DicomDocument) -> String {
    let is_small = |value: &Value| match value {
        Value::Bytes(bytes) => bytes.len() <= VALUE_BYTES_MAX,
        Value::Sequence(_) => true,
        Value::Fragments(_) => false,
    };
    let small: DataSet = document
        .data_set()
        .iter()
        .filter(|element| element.tag.0 != 0x7FE0 && is_small(&element.value))
        .cloned()
        .collect();
    json::to_string(&small, &json::Options { rules: *document.rules(), ..json::Options::default() })
}
