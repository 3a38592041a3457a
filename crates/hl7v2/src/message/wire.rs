//! Messages whose bytes can't be searched for delimiters as they are (UTF-16, UTF-32, Shift_JIS,
//! Big5, GB 18030, ISO-2022-JP): they are turned into UTF-8 for the index and back when they leave.

use bytes::Bytes;

use crate::charset::{Charset, Wide, by_name};
use crate::delimiters::find_header;

/// How a message looked on the wire when that is not how it is indexed.
#[derive(Clone)]
pub(super) struct Wire {
    /// The bytes as they came.
    pub(super) original: Bytes,
    pub(super) charset: Charset,
    /// Turning back gives the same bytes; otherwise the message can be read but not edited.
    pub(super) faithful: bool,
}

/// Turn a message into UTF-8 if it has to be.
pub(super) fn turn(bytes: &Bytes, default: Option<Charset>) -> Option<(Bytes, Wire)> {
    let charset = match Wide::detect(bytes) {
        Some(wide) => Charset::wide(wide),
        None => unsafe_for_index(bytes, default)?,
    };
    let text = charset.decode(bytes).into_owned();
    let faithful = charset.encode(&text).is_ok_and(|again| *again == bytes[..]);
    Some((Bytes::from(text), Wire { original: bytes.clone(), charset, faithful }))
}

/// The declared or default set, if its bytes can look like delimiters and there are such bytes.
fn unsafe_for_index(bytes: &Bytes, default: Option<Charset>) -> Option<Charset> {
    const ESCAPE: u8 = 0x1B;
    if bytes.is_ascii() && memchr::memchr(ESCAPE, bytes).is_none() {
        return None;
    }
    let charset = declared(bytes).or(default)?;
    if charset.is_ascii_safe() || charset.is_wide() {
        return None;
    }
    // Declared so, but really UTF-8: that can be searched as it is.
    let utf8 = std::str::from_utf8(bytes).is_ok() && charset.decode_strict(bytes).is_none();
    (!utf8).then_some(charset)
}

/// MSH-18, read without an index: names are ASCII, and only personal names come in other bytes.
fn declared(bytes: &[u8]) -> Option<Charset> {
    let header = find_header(bytes).ok()?;
    let batch = &header.name != b"MSH";
    let message = if batch { memchr::memmem::find(&bytes[header.start..], b"MSH")? } else { 0 };
    let line = &bytes[header.start + message..];
    let end = line.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(line.len());
    let field = line[..end].split(|b| *b == header.delimiters.field).nth(17)?;
    let first = field.split(|b| Some(*b) == header.delimiters.repetition).next()?;
    by_name(std::str::from_utf8(first).ok()?)
}
