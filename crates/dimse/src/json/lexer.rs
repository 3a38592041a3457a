//! The parts of JSON text (RFC 8259).

use std::borrow::Cow;

/// Why text is no data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is no JSON.
    #[error("not JSON at byte {offset}")]
    Syntax {
        /// Where.
        offset: usize,
    },
    /// It is JSON, but not as the DICOM JSON Model has it.
    #[error("not the DICOM JSON Model at byte {offset}: {what}")]
    Model {
        /// Where.
        offset: usize,
        /// What was expected.
        what: &'static str,
    },
    /// It is nested deeper, or has more elements, than the limits allow.
    #[error("a limit was reached at byte {offset}")]
    Limit {
        /// Where.
        offset: usize,
    },
}

/// Reads text from the front.
pub(super) struct Lexer<'a> {
    text: &'a str,
    pub(super) offset: usize,
}

/// A value that is no object and no array.
pub(super) enum Scalar<'a> {
    Null,
    Text(Cow<'a, str>),
    /// A number, true or false, as it was written.
    Plain(&'a str),
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        Lexer { text, offset: 0 }
    }

    pub(super) fn syntax(&self) -> Error {
        Error::Syntax { offset: self.offset }
    }

    pub(super) fn model(&self, what: &'static str) -> Error {
        Error::Model { offset: self.offset, what }
    }

    /// The next byte that is no white space; it is not taken.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.offset..];
        let blank = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.offset += blank;
        rest.get(blank).copied()
    }

    /// Takes this byte if it is next.
    pub(super) fn accept(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.offset += usize::from(is_next);
        is_next
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Error> {
        if self.accept(byte) { Ok(()) } else { Err(self.syntax()) }
    }

    /// Calls this for every member of an object; it takes the member's value.
    pub(super) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.expect(b'{')?;
        if self.accept(b'}') {
            return Ok(());
        }
        loop {
            self.peek();
            let key = self.string()?;
            self.expect(b':')?;
            member(self, key)?;
            if !self.accept(b',') {
                return self.expect(b'}');
            }
        }
    }

    /// Calls this for every element of an array; it takes the element.
    pub(super) fn array(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.expect(b'[')?;
        if self.accept(b']') {
            return Ok(());
        }
        loop {
            element(self)?;
            if !self.accept(b',') {
                return self.expect(b']');
            }
        }
    }

    pub(super) fn scalar(&mut self) -> Result<Scalar<'a>, Error> {
        match self.peek() {
            Some(b'"') => Ok(Scalar::Text(self.string()?)),
            Some(b'{' | b'[') | None => Err(self.syntax()),
            Some(_) => {
                let rest = &self.text[self.offset..];
                let length = rest.find([',', ']', '}', ' ', '\t', '\n', '\r', ':']).unwrap_or(rest.len());
                let word = &rest[..length];
                let number = super::write::is_json_number(word);
                if !number && !matches!(word, "null" | "true" | "false") {
                    return Err(self.syntax());
                }
                self.offset += length;
                Ok(if word == "null" { Scalar::Null } else { Scalar::Plain(word) })
            }
        }
    }

    /// Passes over a value of any kind.
    pub(super) fn skip(&mut self, depth: usize) -> Result<(), Error> {
        if depth == 0 {
            return Err(Error::Limit { offset: self.offset });
        }
        match self.peek() {
            Some(b'{') => self.object(|lexer, _| lexer.skip(depth - 1)),
            Some(b'[') => self.array(|lexer| lexer.skip(depth - 1)),
            _ => self.scalar().map(|_| ()),
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Error> {
        self.expect(b'"')?;
        let rest = &self.text[self.offset..];
        let plain = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F));
        let plain = plain.ok_or_else(|| self.syntax())?;
        if rest.as_bytes()[plain] == b'"' {
            self.offset += plain + 1;
            return Ok(Cow::Borrowed(&rest[..plain]));
        }
        let mut text = rest[..plain].to_owned();
        self.offset += plain;
        loop {
            let rest = &self.text[self.offset..];
            let character = rest.chars().next().ok_or_else(|| self.syntax())?;
            self.offset += character.len_utf8();
            match character {
                '"' => return Ok(Cow::Owned(text)),
                '\\' => text.push(self.escape()?),
                // Line breaks within strings are not allowed, but harmless.
                _ => text.push(character),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Error> {
        let byte = self.text.as_bytes().get(self.offset).copied().ok_or_else(|| self.syntax())?;
        self.offset += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{C}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unicode()?,
            _ => return Err(self.syntax()),
        })
    }

    /// Four hexadecimal digits, or twice that for a pair of surrogates. A single surrogate is no character.
    fn unicode(&mut self) -> Result<char, Error> {
        let first = self.four_digits()?;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        if first < 0xDC00 && self.text[self.offset..].starts_with("\\u") {
            let before = self.offset;
            self.offset += 2;
            let second = self.four_digits()?;
            if (0xDC00..0xE000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.offset = before;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn four_digits(&mut self) -> Result<u32, Error> {
        let digits = self.text.get(self.offset..self.offset + 4).ok_or_else(|| self.syntax())?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(self.syntax());
        }
        let code = u32::from_str_radix(digits, 16).map_err(|_| self.syntax())?;
        self.offset += 4;
        Ok(code)
    }
}
