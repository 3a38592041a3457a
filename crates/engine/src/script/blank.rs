//! A source text in which spans are blanked while every line and column stays where it is.

/// The text, its length in bytes unchanged by [`Blanked::blank`] and [`Blanked::put`].
#[derive(Debug)]
pub(super) struct Blanked<'s> {
    source: &'s str,
    bytes: Vec<u8>,
    /// Where a semicolon has to be added, because there is no blank to put it into.
    semicolons: Vec<usize>,
}

impl<'s> Blanked<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Blanked { source, bytes: source.as_bytes().to_vec(), semicolons: Vec::new() }
    }

    /// The text as it was.
    pub(super) fn source(&self) -> &'s str {
        self.source
    }

    /// Blanks a span. Line ends stay; a character of several bytes becomes white space of as many bytes,
    /// so that a column is the same whether it counts bytes or characters.
    pub(super) fn blank(&mut self, from: usize, to: usize) {
        let Some(span) = self.source.get(from..to) else { return };
        let mut at = from;
        for character in span.chars() {
            let width = character.len_utf8();
            let blank = match character {
                '\n' | '\r' | '\u{2028}' | '\u{2029}' => None,
                _ if width == 1 => Some(" "),
                _ if width == 2 => Some("\u{a0}"),
                _ if width == 3 => Some("\u{2003}"),
                _ => Some("\u{a0}\u{a0}"),
            };
            if let Some(blank) = blank {
                self.bytes[at..at + width].copy_from_slice(blank.as_bytes());
            }
            at += width;
        }
    }

    /// Writes ASCII over a blanked span that is ASCII for as long; tells whether it could.
    pub(super) fn put(&mut self, at: usize, text: &str) -> bool {
        let room = self.bytes.get(at..at + text.len());
        let fits = room.is_some_and(|room| room.iter().all(u8::is_ascii));
        if fits {
            self.bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
        }
        fits
    }

    /// Makes sure that a statement ending before `at` stays apart from what follows.
    pub(super) fn end_statement(&mut self, at: usize) {
        self.semicolons.push(at);
    }

    /// True when the byte is no longer the source's.
    pub(super) fn is_blanked(&self, at: usize) -> bool {
        self.bytes.get(at) != self.source.as_bytes().get(at)
    }

    /// The next byte at or after `from` that is neither white space nor comment.
    pub(super) fn next_token(&self, mut from: usize) -> usize {
        let bytes = self.source.as_bytes();
        loop {
            match (bytes.get(from), bytes.get(from + 1)) {
                (Some(b'/'), Some(b'/')) => {
                    from += self.source[from..].find('\n').unwrap_or(self.source.len() - from);
                }
                (Some(b'/'), Some(b'*')) => {
                    from += self.source[from..].find("*/").map_or(self.source.len() - from, |end| end + 2);
                }
                (Some(byte), _) if byte.is_ascii_whitespace() => from += 1,
                (Some(byte), _) if !byte.is_ascii() => {
                    match self.source.get(from..).and_then(|rest| rest.chars().next()) {
                        Some(character) if character.is_whitespace() => from += character.len_utf8(),
                        _ => return from,
                    }
                }
                _ => return from,
            }
        }
    }

    /// The word (letters, digits, `_`, `$`) that begins at `from`.
    pub(super) fn word(&self, from: usize) -> &'s str {
        let rest = self.source.get(from..).unwrap_or("");
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
        &rest[..end]
    }

    /// The text as it now is.
    pub(super) fn finish(mut self) -> String {
        self.semicolons.sort_unstable();
        for at in self.semicolons.into_iter().rev() {
            self.bytes.insert(at, b';');
        }
        String::from_utf8(self.bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}
