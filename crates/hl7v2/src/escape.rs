//! Escape sequences (HL7 v2.5.1 chapter 2, 2.7; `\P\` from v2.7), both ways.
//!
//! | sequence | read as | written for |
//! |---|---|---|
//! | `\F\` `\S\` `\T\` `\R\` `\E\` | the five delimiters | them |
//! | `\P\` | the truncation character | it, when the message declares one |
//! | `\X0D0A\` | these bytes, in the message's character set | CR and control characters |
//! | `\.br\` | line feed | line feed |
//! | `\H\` `\N\`, `\.sp3\` `\.in4\` `\.ti4\` `\.fi\` `\.nf\` `\.ce\` `\.sk2\`, `\Cxxyy\` `\Mxxyyzz\` | left as they are | left as they are |
//! | anything else (`\Zxx\`, `\dir\`, a single `\`) | left as it is | the escape character becomes `\E\` |
//!
//! Where `.` is itself a delimiter, line feeds are written as `\X0A\` and no sequence with it is kept.
//!
//! So `unescape(escape(text))` is `text` for every text, and formatting survives reading and
//! writing. [`plain`] is for people: it also carries the formatting out.

use std::borrow::Cow;

use crate::charset::Charset;
use crate::delimiters::Delimiters;

/// Replace the sequences that stand for characters; everything else stays.
pub fn unescape<'a>(text: &'a str, delimiters: &Delimiters, charset: Charset) -> Cow<'a, str> {
    rewrite(text, delimiters, |sequence, out| character(sequence, delimiters, charset, out))
}

/// Unescape for reading by people: line breaks and indents are carried out, highlighting and
/// character set switches dropped. Not for writing back.
pub fn plain<'a>(text: &'a str, delimiters: &Delimiters, charset: Charset) -> Cow<'a, str> {
    rewrite(text, delimiters, |sequence, out| {
        character(sequence, delimiters, charset, out) || layout(sequence, out)
    })
}

/// Replace hexadecimal sequences of bytes above ASCII by their characters; for a change of character
/// set. Everything else stays.
pub(crate) fn resolve_high_hex(text: &str, delimiters: &Delimiters, charset: Charset) -> String {
    let replaced = rewrite(text, delimiters, |sequence, out| {
        let bytes = sequence.strip_prefix('X').and_then(hex).filter(|bytes| !bytes.is_ascii());
        let Some(bytes) = bytes else { return false };
        match escape(&charset.decode(&bytes), delimiters) {
            Ok(text) => out.push_str(&text),
            Err(Unescapable) => return false,
        }
        true
    });
    replaced.into_owned()
}

/// Why a text can't be escaped: it holds a delimiter and the message has no escape character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text holds a delimiter and the message has no escape character")]
pub struct Unescapable;

/// Write delimiters, line ends and control characters as sequences.
pub fn escape<'a>(text: &'a str, delimiters: &Delimiters) -> Result<Cow<'a, str>, Unescapable> {
    let Some(first) = text.bytes().position(|b| must_escape(b, delimiters)) else {
        return Ok(Cow::Borrowed(text));
    };
    let escape = char::from(delimiters.escape.ok_or(Unescapable)?);
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(character) = rest.chars().next() {
        let length = match sequence_at(rest, escape) {
            // A sequence with a delimiter in it (`.` may be one) could not be read again.
            Some(sequence)
                if is_layout(sequence) && !sequence.bytes().any(|b| must_escape(b, delimiters)) =>
            {
                out.push_str(&rest[..sequence.len() + 2]);
                sequence.len() + 2
            }
            _ => {
                push_escaped(character, delimiters, escape, &mut out);
                character.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    Ok(Cow::Owned(out))
}

fn must_escape(byte: u8, delimiters: &Delimiters) -> bool {
    delimiters.is_separator(byte)
        || Some(byte) == delimiters.escape
        || Some(byte) == delimiters.truncation
        || is_control(byte)
}

/// Bytes that would end a segment or a frame, or that old machines choke on; tab is harmless.
fn is_control(byte: u8) -> bool {
    byte < b' ' && byte != b'\t'
}

fn push_escaped(character: char, delimiters: &Delimiters, escape: char, out: &mut String) {
    let code = match u8::try_from(character as u32) {
        Ok(byte) if Some(byte) == delimiters.escape => "E",
        Ok(byte) if byte == delimiters.field => "F",
        Ok(byte) if byte == delimiters.component => "S",
        Ok(byte) if Some(byte) == delimiters.repetition => "R",
        Ok(byte) if Some(byte) == delimiters.subcomponent => "T",
        Ok(byte) if Some(byte) == delimiters.truncation => "P",
        Ok(b'\n') if !must_escape(b'.', delimiters) => ".br",
        Ok(byte) if is_control(byte) => {
            out.push(escape);
            out.push('X');
            for nibble in [byte >> 4, byte & 15] {
                out.push(char::from(b"0123456789ABCDEF"[nibble as usize]));
            }
            out.push(escape);
            return;
        }
        _ => return out.push(character),
    };
    out.push(escape);
    out.push_str(code);
    out.push(escape);
}

/// Longest sequence looked for. Hex data can be long; a lone escape character in a long text must
/// not make the search quadratic, so the search ends here.
const SEQUENCE_BYTES_MAX: usize = 4096;

/// The sequence that begins at the start of `text`, without its escape characters.
pub(crate) fn sequence_at(text: &str, escape: char) -> Option<&str> {
    let inner = text.strip_prefix(escape)?;
    let window = inner.as_bytes();
    let window = &window[..window.len().min(SEQUENCE_BYTES_MAX)];
    let end = memchr::memchr(escape as u8, window)?;
    Some(&inner[..end])
}

fn rewrite<'a>(
    text: &'a str,
    delimiters: &Delimiters,
    mut replace: impl FnMut(&str, &mut String) -> bool,
) -> Cow<'a, str> {
    let Some(byte) = delimiters.escape else { return Cow::Borrowed(text) };
    let escape = char::from(byte);
    if memchr::memchr(byte, text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(byte, rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(sequence) = sequence_at(rest, escape) else {
            out.push(escape);
            rest = &rest[1..];
            continue;
        };
        let length = sequence.len() + 2;
        if !replace(sequence, &mut out) {
            out.push_str(&rest[..length]);
        }
        rest = &rest[length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Sequences that stand for characters.
fn character(sequence: &str, delimiters: &Delimiters, charset: Charset, out: &mut String) -> bool {
    let byte = match sequence {
        "F" => Some(delimiters.field),
        "S" => Some(delimiters.component),
        "R" => delimiters.repetition,
        "E" => delimiters.escape,
        "T" => delimiters.subcomponent,
        "P" => delimiters.truncation,
        ".br" => Some(b'\n'),
        _ => {
            let Some(bytes) = sequence.strip_prefix('X').and_then(hex) else { return false };
            out.push_str(&charset.decode(&bytes));
            return true;
        }
    };
    out.extend(byte.map(char::from));
    byte.is_some()
}

/// The bytes of an even number of hex digits.
pub(crate) fn hex(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return None;
    }
    let digit = |b: u8| char::from(b).to_digit(16);
    pairs.iter().map(|[high, low]| Some((digit(*high)? * 16 + digit(*low)?) as u8)).collect()
}

/// Formatting and character set switches: known, but no characters.
pub(crate) fn is_layout(sequence: &str) -> bool {
    let signed = |text: &str| {
        text.is_empty()
            || text.len() <= 5
                && text.trim_start_matches(['+', '-']).bytes().all(|b| b.is_ascii_digit() || b == b' ')
    };
    match sequence.as_bytes() {
        b"H" | b"N" | b".fi" | b".nf" | b".ce" => true,
        [b'C', ..] => sequence.len() == 5 && hex(&sequence[1..]).is_some(),
        [b'M', ..] => matches!(sequence.len(), 5 | 7) && hex(&sequence[1..]).is_some(),
        [b'.', a, b, ..] => matches!(&[*a, *b], b"sp" | b"in" | b"ti" | b"sk") && signed(&sequence[3..]),
        _ => false,
    }
}

/// Carry formatting out in plain text.
fn layout(sequence: &str, out: &mut String) -> bool {
    if !is_layout(sequence) {
        return false;
    }
    let count = sequence.get(3..).and_then(|n| n.trim().parse::<usize>().ok());
    match sequence.get(..3) {
        Some(".sp") => out.extend(std::iter::repeat_n('\n', count.unwrap_or(1).min(99))),
        Some(".sk" | ".ti" | ".in") => out.extend(std::iter::repeat_n(' ', count.unwrap_or(0).min(99))),
        Some(".ce") if !out.is_empty() => out.push('\n'),
        _ => {}
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const USUAL: Delimiters = Delimiters {
        field: b'|',
        component: b'^',
        repetition: Some(b'~'),
        escape: Some(b'\\'),
        subcomponent: Some(b'&'),
        truncation: None,
    };

    fn read(text: &str) -> String {
        unescape(text, &USUAL, Charset::LATIN_1).into_owned()
    }

    #[test]
    fn sequences_for_characters_are_read() {
        assert_eq!(read(r"a\F\b\S\c\T\d\R\e\E\f"), r"a|b^c&d~e\f");
        assert_eq!(read(r"\X0D0A\\XE4\\.br\x"), "\r\nä\nx");
        assert_eq!(unescape(r"\XC3A4\", &USUAL, Charset::UTF_8), "ä");
        let longer = Delimiters { truncation: Some(b'#'), ..USUAL };
        assert_eq!(unescape(r"\P\", &longer, Charset::ASCII), "#");
    }

    #[test]
    fn all_else_is_left_alone() {
        for text in [
            r"\\server\share",
            r"C:\dir",
            r"\H\x\N\",
            r"\Z01\",
            r"\X4\",
            r"\XGG\",
            r"\.sp+3\",
            r"\C2842\",
            r"\P\",
            r"\",
        ] {
            assert_eq!(read(text), text);
        }
    }

    #[test]
    fn writing_escapes_what_must_be_and_keeps_formatting() {
        let write = |text| escape(text, &USUAL).expect("escapable").into_owned();
        assert_eq!(write(r"a|b^c&d~e\f"), r"a\F\b\S\c\T\d\R\e\E\f");
        assert_eq!(write("a\r\nb\u{1c}"), r"a\X0D\\.br\b\X1C\");
        assert_eq!(write(r"\H\fett\N\ \.sp2\"), r"\H\fett\N\ \.sp2\");
        assert_eq!(write(r"\F\"), r"\E\F\E\");
        assert_eq!(write("#"), "#");
        let bare = Delimiters { escape: None, ..USUAL };
        assert_eq!(escape("a|b", &bare), Err(Unescapable));
        assert_eq!(escape("ab", &bare).as_deref(), Ok("ab"));
    }

    #[test]
    fn plain_text_for_people() {
        let text = r"\H\Befund\N\\.br\unauffällig\.sp2\\.in2\Ende\C2842\";
        assert_eq!(plain(text, &USUAL, Charset::UTF_8), "Befund\nunauffällig\n\n  Ende");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in r"([\\|^~&#\r\nHNEXF.sp0-9äC]|\PC){0,40}") {
            let dot = Delimiters { component: b'.', ..USUAL };
            for delimiters in [USUAL, Delimiters { truncation: Some(b'#'), ..USUAL }, dot] {
                let escaped = escape(&text, &delimiters).expect("an escape character");
                prop_assert!(!escaped.bytes().any(|b| delimiters.is_separator(b) || b == b'\r' || b == b'\n'));
                prop_assert_eq!(unescape(&escaped, &delimiters, Charset::UTF_8), text.as_str());
            }
        }
    }
}
