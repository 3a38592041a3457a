//! `charset`: the whole message in another character set, MSH-18 with it (table 0211).
//!
//! Characters that were written as hexadecimal escapes of the old set (`\XE4\`) become characters, because
//! the bytes would mean something else in the new one.

use klinke_engine::document::{Document, DocumentError};
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_engine::steps::{Reader, SpecError, StepKind, spec};
use klinke_hl7v2::{Charset, Delimiters, Path, escape};

use super::document::{Hl7v2Document, refused};

pub(super) const CHARSET: StepKind = StepKind {
    name: "charset",
    about: "Writes the message in another character set and says so in MSH-18.",
    example: r#"charset = "UNICODE UTF-8""#,
    build: |spec, _| {
        let (to, lossy) = if spec.is_table() {
            let mut reader = Reader::new(spec)?;
            let to = reader.need("to", name)?;
            let missing = reader.word("missing", &["fail", "question-mark"], "fail")?;
            reader.end()?;
            (to, missing == "question-mark")
        } else {
            (name(spec)?, false)
        };
        Ok(Box::new(Convert { to, lossy }))
    },
    keys: &[
        ("to", "the character set, as in MSH-18"),
        ("missing", "what becomes of characters that it does not have: `fail`, `question-mark`"),
    ],
    any_format: false,
};

#[derive(Debug)]
struct Convert {
    to: String,
    /// Characters that the new set does not have become `?`.
    lossy: bool,
}

fn name(spec: &klinke_engine::steps::Spec) -> Result<String, SpecError> {
    let name = spec::text(spec)?;
    match Charset::by_name(&name) {
        Some(_) => Ok(name),
        None => Err(SpecError::here(format!(
            "`{name}` is no character set; write it as in MSH-18: 8859/1, 8859/15, UNICODE UTF-8, …"
        ))),
    }
}

/// Converts a message. Gives how many characters were lost.
pub(super) fn convert(document: &mut Hl7v2Document, name: &str, lossy: bool) -> Result<usize, DocumentError> {
    let to = Charset::by_name(name)
        .ok_or_else(|| DocumentError::new(format!("`{name}` is no character set of MSH-18")))?;
    let from = document.message().charset().charset;
    let field = Path::new("MSH-18").map_err(|error| DocumentError::new(error.to_string()))?;
    let declared = document.message().text(&field).into_owned();
    if from == to && Charset::by_name(&declared) == Some(to) {
        return Ok(0);
    }
    let mut declaring = document.clone();
    declaring.message_mut().set(&field, to.name()).map_err(refused)?;
    let delimiters = *declaring.message().delimiters();
    let text = text_of(&declaring.message().to_bytes(), from, &delimiters);
    let text = without_hex(&text, &delimiters, from);
    let (bytes, lost) = match to.encode(&text) {
        Ok(bytes) => (bytes.into_owned(), 0),
        Err(_) if lossy => to.encode_with_question_marks(&text),
        Err(character) => return Err(missing(&text, character, to)),
    };
    *document = document.remade(bytes, Some(to))?;
    Ok(lost)
}

/// Decoded piece by piece, so that one field in a wrong set does not spoil the others.
fn text_of(bytes: &[u8], from: Charset, delimiters: &Delimiters) -> String {
    if !from.is_ascii_safe() {
        return from.decode(bytes).trim_start_matches('\u{feff}').to_owned();
    }
    bytes
        .split_inclusive(|byte| *byte == delimiters.field || matches!(byte, b'\r' | b'\n'))
        .map(|piece| from.decode(piece))
        .collect()
}

/// Hexadecimal escapes of bytes beyond ASCII as the characters they stand for.
fn without_hex(text: &str, delimiters: &Delimiters, from: Charset) -> String {
    let Some(escape) = delimiters.escape.map(char::from) else { return text.to_owned() };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(escape) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest[1..].find(escape).map(|end| end + 2);
        let Some(sequence) = end.map(|end| &rest[..end]) else { break };
        if !is_wide_hex(&sequence[1..sequence.len() - 1]) {
            // The closing character may open the next sequence only if this is none at all.
            let taken = if sequence.contains(char::from(delimiters.field)) { 1 } else { sequence.len() };
            out.push_str(&rest[..taken]);
            rest = &rest[taken..];
            continue;
        }
        let plain = escape::unescape(sequence, delimiters, from);
        match escape::escape(&plain, delimiters) {
            Ok(escaped) => out.push_str(&escaped),
            Err(_) => out.push_str(sequence),
        }
        rest = &rest[sequence.len()..];
    }
    out.push_str(rest);
    out
}

/// `XE4`, `XC3A4`: with at least one byte beyond ASCII.
fn is_wide_hex(sequence: &str) -> bool {
    let Some(digits) = sequence.strip_prefix('X') else { return false };
    let all = !digits.is_empty() && digits.len() % 2 == 0 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    all && digits.as_bytes().chunks(2).any(|pair| pair[0] >= b'8')
}

/// The error names the segment, not what stands there.
fn missing(text: &str, character: char, to: Charset) -> DocumentError {
    let at = text.find(character).unwrap_or(0);
    let segment = text[..at].split(['\r', '\n']).filter(|line| !line.is_empty()).count().max(1);
    let code = character as u32;
    DocumentError::new(format!("segment {segment}: character U+{code:04X} can't be written in {}", to.name()))
}

impl Step for Convert {
    fn kind(&self) -> &'static str {
        CHARSET.name
    }

    fn apply(&self, context: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        if let Some(message) = Hl7v2Document::of(document.as_mut()) {
            let lost = convert(message, &self.to, self.lossy)?;
            if lost > 0 {
                context.note(format!("{lost} characters that {} does not have were written as `?`", self.to));
            }
        }
        Ok(Yield::One(document))
    }
}
