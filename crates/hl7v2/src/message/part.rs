//! A part of a message (field, repetition, component, subcomponent) and how it falls into smaller
//! ones.

use std::borrow::Cow;

use super::Message;
use crate::delimiters::Delimiters;
use crate::escape;
use crate::path::Condition;
use crate::value::Value;

/// A field or a part of one, as it stands in the message.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    pub(super) message: &'a Message,
    pub(super) bytes: &'a [u8],
    /// Inner delimiters in `bytes`; the offset in `bytes` is `mark - base`.
    pub(super) marks: &'a [u32],
    pub(super) base: u32,
}

impl<'a> Part<'a> {
    /// The bytes as they stand, escapes included.
    pub fn raw(&self) -> &'a [u8] {
        self.bytes
    }

    /// Empty, null or present.
    pub fn value(&self) -> Value<'a> {
        Value::of(self.bytes)
    }

    /// The text: decoded and unescaped, `""` as the empty text. Delimiters of lower levels stay.
    pub fn text(&self) -> Cow<'a, str> {
        self.message.text_of(self.bytes)
    }

    /// The text for people: like [`Self::text`], with formatting sequences carried out.
    pub fn plain_text(&self) -> Cow<'a, str> {
        let charset = self.message.inner_charset();
        match charset.decode(self.bytes) {
            Cow::Borrowed("\"\"") => Cow::Borrowed(""),
            Cow::Borrowed(text) => escape::plain(text, self.message.delimiters(), charset),
            Cow::Owned(text) => {
                Cow::Owned(escape::plain(&text, self.message.delimiters(), charset).into_owned())
            }
        }
    }

    /// Byte offset in the message, for a part that no edit has touched.
    pub fn offset(&self) -> Option<usize> {
        let raw = self.message.raw.as_ptr_range();
        let start = self.bytes.as_ptr();
        raw.contains(&start).then(|| start as usize - raw.start as usize)
    }

    /// The repetitions of a field. There is always one, if only an empty one.
    pub fn repetitions(&self) -> Parts<'a> {
        self.split(self.delimiters().repetition)
    }

    /// The components of a repetition (or of a field that does not repeat).
    pub fn components(&self) -> Parts<'a> {
        self.split(Some(self.delimiters().component))
    }

    /// The subcomponents of a component.
    pub fn subcomponents(&self) -> Parts<'a> {
        self.split(self.delimiters().subcomponent)
    }

    /// Repetition `number`, from 1.
    pub fn repetition(&self, number: usize) -> Option<Part<'a>> {
        self.nth(self.delimiters().repetition, number)
    }

    /// Component `number`, from 1.
    pub fn component(&self, number: usize) -> Option<Part<'a>> {
        self.nth(Some(self.delimiters().component), number)
    }

    /// Subcomponent `number`, from 1.
    pub fn subcomponent(&self, number: usize) -> Option<Part<'a>> {
        self.nth(self.delimiters().subcomponent, number)
    }

    /// True when the text of this part is `text`.
    #[inline]
    pub(super) fn is(&self, text: &str) -> bool {
        if self.bytes == text.as_bytes() {
            return true;
        }
        // Only escapes, other bytes than ASCII, and null can read otherwise than they are written.
        let escape = self.delimiters().escape;
        let plain = |b: &u8| b.is_ascii() && *b != b'"' && Some(*b) != escape;
        !self.bytes.iter().all(plain) && self.text() == text
    }

    #[inline]
    fn delimiters(&self) -> &'a Delimiters {
        self.message.delimiters()
    }

    fn split(&self, delimiter: Option<u8>) -> Parts<'a> {
        Parts { rest: Some(*self), delimiter }
    }

    /// Part `number` (from 1) between the given delimiters.
    #[inline]
    pub(super) fn nth(&self, delimiter: Option<u8>, number: usize) -> Option<Part<'a>> {
        let Some(delimiter) = delimiter else { return (number == 1).then_some(*self) };
        let (mut start, mut first_mark, mut count) = (0, 0, 1);
        for (i, mark) in self.marks.iter().enumerate() {
            let at = (mark - self.base) as usize;
            if self.bytes.get(at) == Some(&delimiter) {
                if count == number {
                    return Some(self.cut(start, at, first_mark, i));
                }
                count += 1;
                start = at + 1;
                first_mark = i + 1;
            }
        }
        (count == number).then(|| self.cut(start, self.bytes.len(), first_mark, self.marks.len()))
    }

    /// Component `number` of the first repetition, without looking for the repetition's end first.
    #[inline]
    pub(super) fn component_of_first(&self, number: usize) -> Option<Part<'a>> {
        let delimiters = self.delimiters();
        let (mut start, mut first_mark, mut count) = (0, 0, 1);
        for (i, mark) in self.marks.iter().enumerate() {
            let at = (mark - self.base) as usize;
            let byte = self.bytes.get(at).copied();
            let ends = byte == delimiters.repetition;
            if ends || byte == Some(delimiters.component) {
                if count == number {
                    return Some(self.cut(start, at, first_mark, i));
                }
                if ends {
                    return None;
                }
                count += 1;
                start = at + 1;
                first_mark = i + 1;
            }
        }
        (count == number).then(|| self.cut(start, self.bytes.len(), first_mark, self.marks.len()))
    }

    /// Component `wanted` of the first repetition that meets a condition on a whole component, in one
    /// pass over the field's delimiters. Places only are kept on the way; parts are made at the end.
    #[inline]
    pub(super) fn component_where(&self, condition: &Condition, wanted: usize) -> Option<Part<'a>> {
        let delimiters = self.delimiters();
        let (component, repetition) =
            (delimiters.component, delimiters.repetition.unwrap_or(delimiters.field));
        let (mut start, mut first_mark, mut number) = (0, 0, 1);
        let (mut tested, mut found) = (None, None);
        for (i, mark) in self.marks.iter().enumerate() {
            let at = (mark - self.base) as usize;
            let byte = *self.bytes.get(at)?;
            if byte != component && byte != repetition {
                continue;
            }
            if number == condition.major {
                tested = Some((start, at));
            }
            if number == wanted {
                found = Some((start, at, first_mark, i));
            }
            (start, first_mark, number) = (at + 1, i + 1, number + 1);
            if byte == repetition {
                if self.meets(tested, condition) {
                    return found.map(|(start, end, first, last)| self.cut(start, end, first, last));
                }
                (number, tested, found) = (1, None, None);
            }
        }
        if number == condition.major {
            tested = Some((start, self.bytes.len()));
        }
        if number == wanted {
            found = Some((start, self.bytes.len(), first_mark, self.marks.len()));
        }
        let (start, end, first, last) = found.filter(|_| self.meets(tested, condition))?;
        Some(self.cut(start, end, first, last))
    }

    /// True when the bytes at a place, or nothing where there is none, are a condition's value.
    #[inline]
    fn meets(&self, place: Option<(usize, usize)>, condition: &Condition) -> bool {
        let Some(bytes) = place.and_then(|(start, end)| self.bytes.get(start..end)) else {
            return condition.value.is_empty();
        };
        Part { bytes, ..*self }.is(&condition.value)
    }

    #[inline]
    fn cut(&self, start: usize, end: usize, first_mark: usize, end_mark: usize) -> Part<'a> {
        Part {
            message: self.message,
            bytes: &self.bytes[start..end],
            marks: &self.marks[first_mark..end_mark],
            base: self.base + start as u32,
        }
    }
}

/// Shows sizes only: a part may hold patient data.
impl std::fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Part").field("length", &self.bytes.len()).finish_non_exhaustive()
    }
}

/// Iterator over the parts between delimiters of one level.
#[derive(Debug, Clone)]
pub struct Parts<'a> {
    rest: Option<Part<'a>>,
    delimiter: Option<u8>,
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let part = self.rest.take()?;
        let found = part.marks.iter().enumerate().find_map(|(i, mark)| {
            let at = (mark - part.base) as usize;
            (part.bytes.get(at).copied() == self.delimiter).then_some((i, at))
        });
        let Some((i, at)) = found.filter(|_| self.delimiter.is_some()) else { return Some(part) };
        self.rest = Some(part.cut(at + 1, part.bytes.len(), i + 1, part.marks.len()));
        Some(part.cut(0, at, 0, i))
    }
}

/// Offsets of the inner delimiters of a value that is not part of an index.
pub(super) fn marks_of(bytes: &[u8], delimiters: &Delimiters) -> Vec<u32> {
    let inner = |b: &u8| {
        *b == delimiters.component || Some(*b) == delimiters.repetition || Some(*b) == delimiters.subcomponent
    };
    bytes.iter().enumerate().filter(|(_, b)| inner(b)).map(|(i, _)| i as u32).collect()
}
