//! A message in another character set, or with other line ends. Both make a new message; what the
//! conversion does not concern stays.

use super::{Message, Unencodable};
use crate::Error;
use crate::charset::Charset;
use crate::deviation::{Deviation, kind};
use crate::escape;
use crate::place::Place;

impl Message {
    /// The same message in another character set, MSH-18 saying so. Values are decoded one by one as
    /// reading does, so a message of mixed sets comes out in one. Hexadecimal sequences (`\XE4\`) that
    /// stand for characters above ASCII become those characters. A byte order mark is dropped.
    pub fn to_charset(&self, charset: Charset, unencodable: Unencodable) -> Result<Self, Error> {
        self.check_faithful()?;
        let (mut text, mut notes) = (String::new(), Vec::new());
        let separator = char::from(self.delimiters().field);
        for segment in self.segments() {
            let place = Place::segment(segment.name_bytes(), 1);
            let first_field = if segment.is_header() { 2 } else { 1 };
            let raw = segment.raw();
            let name = raw.split(|b| *b == self.delimiters().field).next().unwrap_or_default();
            text.push_str(&String::from_utf8_lossy(name));
            let declares = &segment.name_bytes() == b"MSH";
            let last = segment.field_count().max(if declares { 18 } else { 0 });
            for number in first_field..=last {
                text.push(separator);
                if declares && number == 18 {
                    text.push_str(charset.name());
                } else if let Some(field) = segment.field(number) {
                    let value = self.value_for(field.raw());
                    let fitting = fitted(&value, charset, unencodable, place.field(number), &mut notes)?;
                    text.push_str(&fitting);
                }
            }
            text.push_str(&String::from_utf8_lossy(&self.terminator_of(segment.position())));
        }
        let bytes = charset.encode_with_question_marks(&text).0;
        let mut message = Self::parse_with(bytes, &self.options)?;
        message.notes = notes;
        message.resolver.clone_from(&self.resolver);
        Ok(message)
    }

    /// The same message with every segment ended by `terminator` (`\r`, `\n` or `\r\n`), and nothing
    /// else between or before segments. Line breaks inside fields stay; refused where one of them would
    /// then end a segment.
    pub fn with_line_ends(&self, terminator: LineEnd) -> Result<Self, Error> {
        self.check_faithful()?;
        let mut out = Vec::with_capacity(self.raw.len() + 64);
        for segment in self.segments() {
            out.extend_from_slice(&segment.raw());
            out.extend_from_slice(terminator.bytes());
        }
        let mut message = Self::parse_with(self.turned_to_wire(out), &self.options)?;
        if message.segment_count() != self.segment_count() {
            let reason = "a line of text in a field would become a segment with these line ends";
            return Err(Error::NotEditable { place: Place::message(), reason });
        }
        message.resolver.clone_from(&self.resolver);
        Ok(message)
    }

    /// A value as text, with its escapes, except that bytes above ASCII are not left in hexadecimal.
    fn value_for(&self, bytes: &[u8]) -> String {
        let charset = self.inner_charset();
        escape::resolve_high_hex(&charset.decode(bytes), self.delimiters(), charset)
    }
}

/// How segments end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LineEnd {
    /// CR, the standard's.
    #[default]
    Cr,
    /// LF.
    Lf,
    /// CR LF.
    CrLf,
}

impl LineEnd {
    /// The bytes.
    pub fn bytes(self) -> &'static [u8] {
        match self {
            Self::Cr => b"\r",
            Self::Lf => b"\n",
            Self::CrLf => b"\r\n",
        }
    }
}

/// `value` with only characters that `charset` has.
fn fitted<'v>(
    value: &'v str,
    charset: Charset,
    unencodable: Unencodable,
    place: Place,
    notes: &mut Vec<Deviation>,
) -> Result<std::borrow::Cow<'v, str>, Error> {
    match (charset.encode(value), unencodable) {
        (Ok(_), _) => Ok(value.into()),
        (Err(character), Unencodable::Refuse) => {
            Err(Error::Unencodable { place, character, charset: charset.name() })
        }
        (Err(_), Unencodable::QuestionMark) => {
            let (bytes, lost) = charset.encode_with_question_marks(value);
            notes.push(Deviation::with(&kind::CHARACTERS_LOST, place, format!("{lost} in {charset}")));
            Ok(charset.decode(&bytes).into_owned().into())
        }
    }
}
