//! Payloads without a structure of their own: `text` and `bytes`.
//!
//! | path | of | what |
//! |---|---|---|
//! | `text` | both | the whole text (of `bytes`: as UTF-8, else as Windows-1252) |
//! | `line[2]`, `line[*]` | `text` | a line without its end |
//! | `line[2].3` | `text` | the third cell of a line of CSV |
//! | `line[2].name` | `text` | the cell in the column that the first line calls so |
//! | `base64` | `bytes` | the bytes in base64 |
//! | `size` | both | how many bytes (reading only) |
//!
//! Cells are separated by semicolons, tabs or commas, whichever the first line has most of, and may be
//! quoted.

mod bytes;
mod cells;
mod split;
mod text;

pub(crate) use bytes::from_base64;
pub use bytes::{BytesDocument, BytesFormat};
pub use split::SPLIT_LINES;
pub use text::{TextDocument, TextFormat};

use std::borrow::Cow;

use klinke_hl7v2::Charset;

/// Text of bytes, and the character set that it is in: UTF-8 where the bytes are that, else what the
/// site says of the sender, else Windows-1252.
fn decode<'a>(bytes: &'a [u8], charset: Option<&str>) -> (Cow<'a, str>, Charset) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return (Cow::Borrowed(text), Charset::UTF_8);
    }
    let charset = charset.and_then(Charset::by_name).unwrap_or(Charset::WINDOWS_1252);
    (charset.decode(bytes), charset)
}
