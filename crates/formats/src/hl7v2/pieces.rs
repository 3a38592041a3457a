//! New messages of the segments of one.

use klinke_engine::document::DocumentError;

use super::document::Hl7v2Document;

/// A message of some of the segments of another, each as it stands, with the line ends given.
pub(super) fn message_of(
    document: &Hl7v2Document,
    positions: impl IntoIterator<Item = usize>,
    end: &[u8],
) -> Result<Hl7v2Document, DocumentError> {
    let message = document.message();
    let raws = positions.into_iter().filter_map(|at| message.segment(at)).map(|segment| segment.raw());
    let mut bytes = Vec::new();
    for raw in raws {
        bytes.extend_from_slice(&raw);
        bytes.extend_from_slice(end);
    }
    remade(document, bytes)
}

/// A message of bytes that are written as the inside of another one is.
pub(super) fn remade(document: &Hl7v2Document, bytes: Vec<u8>) -> Result<Hl7v2Document, DocumentError> {
    let charset = document.message().charset().charset;
    if charset.is_ascii_safe() {
        // Not said to be this set by the site: the message may say something else than its bytes are.
        return document.remade(bytes, None);
    }
    let text = String::from_utf8_lossy(&bytes);
    let bytes = charset.encode(&text).map_err(|character| {
        DocumentError::new(format!(
            "character U+{:04X} can't be written in {}",
            character as u32,
            charset.name()
        ))
    })?;
    document.remade(bytes.into_owned(), Some(charset))
}

/// The line end that most segments of a message have.
pub(super) fn usual_end(document: &Hl7v2Document) -> &'static [u8] {
    document.message().index().lines().terminator()
}
