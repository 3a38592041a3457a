//! The delimiters a message declares for itself: MSH-1 and MSH-2 (HL7 v2.5.1 chapter 2, 2.5.4 and
//! 2.14.9; the truncation character since 2.7), and where its header segment begins.

use crate::Error;

/// The delimiters of one message. `None` means the message declares no such character, so the
/// level does not exist in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiters {
    /// Field separator, MSH-1.
    pub field: u8,
    /// Component separator, first character of MSH-2.
    pub component: u8,
    /// Repetition separator, second character.
    pub repetition: Option<u8>,
    /// Escape character, third character.
    pub escape: Option<u8>,
    /// Subcomponent separator, fourth character.
    pub subcomponent: Option<u8>,
    /// Truncation character, fifth character, from version 2.7.
    pub truncation: Option<u8>,
}

/// `|^~\&`, which nearly everyone uses.
impl Default for Delimiters {
    fn default() -> Self {
        Self {
            field: b'|',
            component: b'^',
            repetition: Some(b'~'),
            escape: Some(b'\\'),
            subcomponent: Some(b'&'),
            truncation: None,
        }
    }
}

impl Delimiters {
    /// What MSH-2 holds for these delimiters.
    pub fn encoding_characters(&self) -> Vec<u8> {
        let mut out = vec![self.component];
        // The short form without escape character is read as such; see below.
        if let (Some(repetition), None, Some(subcomponent)) =
            (self.repetition, self.escape, self.subcomponent)
        {
            return vec![self.component, repetition, subcomponent];
        }
        for next in [self.repetition, self.escape, self.subcomponent, self.truncation] {
            match next {
                Some(byte) => out.push(byte),
                None => break,
            }
        }
        out
    }

    /// True for the separators of fields, repetitions, components and subcomponents (not the escape
    /// character).
    pub fn is_separator(&self, byte: u8) -> bool {
        byte == self.field
            || byte == self.component
            || Some(byte) == self.repetition
            || Some(byte) == self.subcomponent
    }

    /// Read MSH-2. An empty one means the usual set; `^~&` is the usual set with the escape
    /// character lost on the way through somebody's string literal. No two of them are ever the same
    /// byte, or what is written could not be read back: a usual one that the message uses for
    /// something else is replaced by `|`, or does not exist.
    pub(crate) fn from_encoding_characters(field: u8, characters: &[u8]) -> Self {
        match characters {
            [] => Self::usual(field),
            [component, repetition, b'&'] => Self {
                field,
                component: *component,
                repetition: Some(*repetition),
                escape: Some(b'\\').filter(|escape| ![field, *component, *repetition].contains(escape)),
                subcomponent: Some(b'&'),
                truncation: None,
            },
            [component, rest @ ..] => Self {
                field,
                component: *component,
                repetition: rest.first().copied(),
                escape: rest.get(1).copied(),
                subcomponent: rest.get(2).copied(),
                truncation: rest.get(3).copied(),
            },
        }
    }

    /// The usual set behind any field separator. When that is one of the set, `|` is free for the
    /// delimiter whose place it took.
    fn usual(field: u8) -> Self {
        let free = |usual: u8| if usual == field { b'|' } else { usual };
        Self {
            field,
            component: free(b'^'),
            repetition: Some(free(b'~')),
            escape: Some(free(b'\\')),
            subcomponent: Some(free(b'&')),
            truncation: None,
        }
    }
}

/// Where the header segment begins and what it declares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    /// Offset of the first byte of the name.
    pub(crate) start: usize,
    /// Name as it should be: `MSH`, `FHS` or `BHS`.
    pub(crate) name: [u8; 3],
    /// Length of the name as it came; 2 when the first letter was lost.
    pub(crate) name_length: usize,
    /// The delimiters.
    pub(crate) delimiters: Delimiters,
    /// Length of MSH-2 in bytes.
    pub(crate) encoding_length: usize,
}

/// How far a header is searched behind junk. A frame's junk is the framer's business; this is for
/// files and for senders that put a log line first.
const JUNK_BYTES_MAX: usize = 512;

/// Find the header segment at the start of `bytes`, behind byte order mark, white space and control
/// characters, or behind a little junk when what follows is beyond doubt.
pub(crate) fn find_header(bytes: &[u8]) -> Result<Header, Error> {
    let bom = if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let Some(start) = bytes[bom..].iter().position(|b| *b > b' ').map(|at| at + bom) else {
        return Err(Error::Empty);
    };
    if let Some(header) = header_at(bytes, start) {
        return Ok(header);
    }
    let window = &bytes[start..bytes.len().min(start + JUNK_BYTES_MAX)];
    memchr::memmem::find(window, b"MSH|^~")
        .and_then(|at| header_at(bytes, start + at))
        .ok_or(Error::NotHl7 { offset: start })
}

fn header_at(bytes: &[u8], start: usize) -> Option<Header> {
    let rest = &bytes[start..];
    let (name, name_length) = header_name(rest)?;
    let field = *rest.get(name_length)?;
    let characters = &rest[name_length + 1..];
    let length =
        characters.iter().position(|b| *b == field || matches!(b, b'\r' | b'\n')).unwrap_or(characters.len());
    let delimiters = Delimiters::from_encoding_characters(field, usable(field, &characters[..length]));
    Some(Header { start, name, name_length, delimiters, encoding_length: length })
}

/// The part of MSH-2 that can serve as delimiters: distinct punctuation, five at most. Anything
/// else means MSH-2 is damaged, and the usual set is the best guess.
fn usable(field: u8, characters: &[u8]) -> &[u8] {
    let sound = characters.len() <= 5
        && characters
            .iter()
            .enumerate()
            .all(|(i, b)| can_delimit(*b) && *b != field && !characters[..i].contains(b));
    if sound { characters } else { &[] }
}

fn header_name(rest: &[u8]) -> Option<([u8; 3], usize)> {
    let separator = |at: usize| rest.get(at).is_some_and(|b| can_delimit(*b));
    let mut name: [u8; 3] = rest.get(..3)?.try_into().ok()?;
    name.make_ascii_uppercase();
    if matches!(&name, b"MSH" | b"FHS" | b"BHS") && separator(3) {
        return Some((name, 3));
    }
    // `SH|^~\&`: the first letter was eaten by a broken framer. Only with the usual delimiters,
    // because two letters alone prove nothing.
    if name.starts_with(b"SH") && rest.get(2..5) == Some(b"|^~") {
        return Some((*b"MSH", 2));
    }
    None
}

/// Delimiters are ASCII punctuation; letters, digits, white space and the rest are not.
pub(crate) fn can_delimit(byte: u8) -> bool {
    byte.is_ascii_punctuation()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_usual_short_and_own_delimiters() {
        let of = |text: &str| find_header(text.as_bytes()).map(|h| h.delimiters);
        assert_eq!(of("MSH|^~\\&|A"), Ok(Delimiters::default()));
        assert_eq!(of("MSH|^~\\&#|A"), Ok(Delimiters { truncation: Some(b'#'), ..Delimiters::default() }));
        assert_eq!(of("MSH|^~&|A"), Ok(Delimiters::default()));
        assert_eq!(of("MSH||A"), Ok(Delimiters::default()));
        let own = of("MSH$%?!*$A").expect("a header");
        assert_eq!((own.field, own.component, own.subcomponent), (b'$', b'%', Some(b'*')));
        let short = of("MSH|^~|A").expect("a header");
        assert_eq!((short.repetition, short.escape, short.subcomponent), (Some(b'~'), None, None));
    }

    #[test]
    fn no_delimiter_is_another_one() {
        let of = |text: &str| find_header(text.as_bytes()).map(|h| h.delimiters).expect("a header");
        let backslash = of("MSH\\\\A");
        assert_eq!((backslash.field, backslash.component, backslash.escape), (b'\\', b'^', Some(b'|')));
        let caret = of("MSH^^A");
        assert_eq!((caret.component, caret.repetition, caret.escape), (b'|', Some(b'~'), Some(b'\\')));
        for short in [of("MSH\\^~&\\A"), of("MSH|\\~&|A"), of("MSH|^\\&|A")] {
            assert_eq!((short.escape, short.subcomponent), (None, Some(b'&')));
            assert_eq!(short.encoding_characters().len(), 3);
        }
    }

    #[test]
    fn finds_damaged_and_hidden_headers() {
        let start = |text: &[u8]| find_header(text).map(|h| (h.start, h.name_length));
        assert_eq!(start(b"SH|^~\\&|A"), Ok((0, 2)));
        assert_eq!(start(b"\xEF\xBB\xBF \r\nMSH|^~\\&|A"), Ok((6, 3)));
        assert_eq!(start(b"msh|^~\\&|A"), Ok((0, 3)));
        assert_eq!(start(b"12:03 received: MSH|^~\\&|A"), Ok((16, 3)));
        assert_eq!(start(b"  \r\n"), Err(Error::Empty));
        assert_eq!(start(b"H|\\^&|||"), Err(Error::NotHl7 { offset: 0 }));
        assert_eq!(start(b"MSHA^~"), Err(Error::NotHl7 { offset: 0 }));
    }
}
