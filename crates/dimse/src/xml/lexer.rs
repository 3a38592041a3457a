//! The parts of XML text (XML 1.0).

/// Why text is no data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is no XML, or has a part that is not read, as a document type declaration.
    #[error("not XML at byte {offset}")]
    Syntax {
        /// Where.
        offset: usize,
    },
    /// It is XML, but not as the Native DICOM Model has it.
    #[error("not the Native DICOM Model at byte {offset}: {what}")]
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

/// A part of the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// A start tag: its name without prefix, and what stands behind it.
    Open {
        name: &'a str,
        attributes: &'a str,
    },
    /// An end tag, or the end of an empty element.
    Close {
        name: &'a str,
    },
    /// Text between tags, references resolved.
    Text(String),
    End,
}

/// Reads text from the front.
pub(super) struct Lexer<'a> {
    text: &'a str,
    pub(super) offset: usize,
    /// The name of an empty element whose end comes next.
    empty: Option<&'a str>,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Lexer { text, offset: text.len() - text.trim_start_matches('\u{FEFF}').len(), empty: None }
    }

    pub(super) fn syntax(&self) -> Error {
        Error::Syntax { offset: self.offset }
    }

    pub(super) fn model(&self, what: &'static str) -> Error {
        Error::Model { offset: self.offset, what }
    }

    pub(super) fn next(&mut self) -> Result<Part<'a>, Error> {
        if let Some(name) = self.empty.take() {
            return Ok(Part::Close { name });
        }
        loop {
            let rest = &self.text[self.offset..];
            if rest.is_empty() {
                return Ok(Part::End);
            }
            if let Some(data) = rest.strip_prefix("<![CDATA[") {
                let end = data.find("]]>").ok_or_else(|| self.syntax())?;
                self.offset += 9 + end + 3;
                return Ok(Part::Text(data[..end].to_owned()));
            }
            if rest.starts_with("<!--") {
                self.pass("-->")?;
            } else if rest.starts_with("<?") {
                self.pass("?>")?;
            } else if rest.starts_with("<!") {
                return Err(self.syntax());
            } else if rest.starts_with('<') {
                return self.tag();
            } else {
                let end = rest.find('<').unwrap_or(rest.len());
                let text = self.resolved(&rest[..end])?;
                self.offset += end;
                return Ok(Part::Text(text));
            }
        }
    }

    fn pass(&mut self, end: &str) -> Result<(), Error> {
        let at = self.text[self.offset..].find(end).ok_or_else(|| self.syntax())?;
        self.offset += at + end.len();
        Ok(())
    }

    fn tag(&mut self) -> Result<Part<'a>, Error> {
        let rest = &self.text[self.offset + 1..];
        let end = tag_end(rest).ok_or_else(|| self.syntax())?;
        self.offset += end + 2;
        let inner = &rest[..end];
        if let Some(name) = inner.strip_prefix('/') {
            return Ok(Part::Close { name: local(name.trim_end()) });
        }
        let (inner, empty) = inner.strip_suffix('/').map_or((inner, false), |inner| (inner, true));
        let (name, attributes) = inner.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((inner, ""));
        let name = local(name);
        if name.is_empty() {
            return Err(self.syntax());
        }
        self.empty = empty.then_some(name);
        Ok(Part::Open { name, attributes })
    }

    /// The value of an attribute.
    pub(super) fn attribute(&self, attributes: &str, wanted: &str) -> Result<Option<String>, Error> {
        let mut rest = attributes.trim_start();
        while !rest.is_empty() {
            let (name, after) = rest.split_once('=').ok_or_else(|| self.syntax())?;
            let after = after.trim_start();
            let quote =
                after.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or_else(|| self.syntax())?;
            let (value, after) = after[1..].split_once(quote).ok_or_else(|| self.syntax())?;
            if name.trim() == wanted {
                return self.resolved(value).map(Some);
            }
            rest = after.trim_start();
        }
        Ok(None)
    }

    fn resolved(&self, text: &str) -> Result<String, Error> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('&') {
            out.push_str(&rest[..at]);
            let (name, after) = rest[at + 1..].split_once(';').ok_or_else(|| self.syntax())?;
            out.push(reference(name).ok_or_else(|| self.syntax())?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// Where a tag ends: at the first `>` that is in no quotes.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'<') => return None,
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

fn reference(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        name => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}
