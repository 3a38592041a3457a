//! Text in a data set: decoded when it is asked for, encoded when it is set.

use std::borrow::Cow;

use dicom_core::{Tag, VR};

use super::{DataSet, Element, Value};
use crate::charset::{Charset, Encoded, Fallback};
use crate::dictionary;
use crate::name::PersonName;

impl DataSet {
    /// The first value of an element as text, decoded, without spaces that mean nothing. None where the element is
    /// absent, empty or holds no text.
    pub fn text(&self, tag: Tag, charset: &Charset) -> Option<Cow<'_, str>> {
        self.texts(tag, charset).into_iter().next().filter(|text| !text.is_empty())
    }

    /// All values of an element as text; empty ones between others are kept.
    pub fn texts(&self, tag: Tag, charset: &Charset) -> Vec<Cow<'_, str>> {
        self.get(tag).map_or_else(Vec::new, |element| element.texts(charset))
    }

    /// The first name of a person.
    pub fn person_name(&self, tag: Tag, charset: &Charset) -> Option<PersonName> {
        self.text(tag, charset).map(|text| PersonName::parse(&text))
    }

    /// Sets text in a character set. What does not fit is written in other letters, and counted.
    pub fn put_text(&mut self, tag: Tag, vr: VR, text: &str, charset: &Charset) -> Encoded {
        let encoded = charset.encode(text, vr, Fallback::default());
        self.put_padded(tag, vr, encoded.bytes.clone());
        encoded
    }

    /// Sets several values of text. A backslash within a value would make two of it and becomes a slash.
    pub fn put_texts(&mut self, tag: Tag, vr: VR, texts: &[&str], charset: &Charset) -> Encoded {
        let whole: Vec<String> = texts.iter().map(|text| text.replace('\\', "/")).collect();
        self.put_text(tag, vr, &whole.join("\\"), charset)
    }

    fn put_padded(&mut self, tag: Tag, vr: VR, mut bytes: Vec<u8>) {
        if bytes.len() % 2 == 1 {
            bytes.push(super::write::padding(vr));
        }
        self.put(Element::bytes(tag, vr, bytes));
    }
}

impl Element {
    /// The VR by which the value is to be understood: that of the dictionary for UN, and PN for a name that was
    /// sent as something else.
    pub fn meaning(&self) -> VR {
        match (self.vr, dictionary::vr(self.tag)) {
            (VR::UN, Some(known)) => known,
            (VR::UN, None) if self.tag.0 % 2 == 1 && (0x10..0x100).contains(&self.tag.1) => VR::LO,
            (vr, Some(VR::PN)) if is_text(vr) => VR::PN,
            (vr, _) => vr,
        }
    }

    /// The values as text; none where they are no text.
    pub fn texts(&self, charset: &Charset) -> Vec<Cow<'_, str>> {
        let (vr, Value::Bytes(bytes)) = (self.meaning(), &self.value) else { return Vec::new() };
        if !is_text(vr) || bytes.is_empty() {
            return Vec::new();
        }
        let decoded = charset.decode(bytes, vr).text;
        if !has_values(vr) {
            return vec![trimmed(decoded, vr)];
        }
        match decoded {
            Cow::Borrowed(text) => text.split('\\').map(|value| trimmed(Cow::Borrowed(value), vr)).collect(),
            Cow::Owned(text) => {
                text.split('\\').map(|value| trimmed(Cow::Owned(value.to_owned()), vr)).collect()
            }
        }
    }
}

/// Whether values are text.
pub(crate) fn is_text(vr: VR) -> bool {
    super::write::padding(vr) == b' ' || vr == VR::UI
}

/// Whether backslashes stand between values (PS3.5, section 6.4).
pub(crate) fn has_values(vr: VR) -> bool {
    !matches!(vr, VR::ST | VR::LT | VR::UT | VR::UR)
}

/// PS3.5, section 6.2: where spaces mean nothing.
fn trimmed(text: Cow<'_, str>, vr: VR) -> Cow<'_, str> {
    let both = !matches!(vr, VR::ST | VR::LT | VR::UT | VR::UR | VR::UC);
    let trim = |text: &str| -> (usize, usize) {
        let end = text.trim_end_matches([' ', '\0']).len();
        let start = if both { end - text[..end].trim_start_matches(' ').len() } else { 0 };
        (start, end)
    };
    let (start, end) = trim(&text);
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[start..end]),
        Cow::Owned(text) if start == 0 && end == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text[start..end].to_owned()),
    }
}
