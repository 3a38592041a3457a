//! A data set in another character set.

use bytes::Bytes;
use dicom_core::VR;

use super::text::is_text;
use super::{DataSet, Element, Value};
use crate::charset::{Charset, Fallback, Rules};
use crate::tags;

/// What became of a data set's texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recoded {
    /// The data set.
    pub set: DataSet,
    /// How many characters were written in other letters.
    pub transliterated: usize,
    /// How many characters were lost; a question mark stands for each.
    pub lost: usize,
}

impl DataSet {
    /// The same data set with its texts in another character set, which (0008,0005) then says. Whatever is no text stays as it
    /// is, and so do texts whose bytes mean the same in both.
    pub fn recoded(&self, rules: &Rules, to: &Charset) -> Recoded {
        let (from, _) = Charset::of(self, rules);
        let mut recoded = Recoded::default();
        let mut set = recode(self, from, rules, to, &mut recoded);
        if let Some(declared) = to.declaration() {
            set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, &declared);
        }
        Recoded { set, ..recoded }
    }
}

fn recode(set: &DataSet, from: Charset, rules: &Rules, to: &Charset, count: &mut Recoded) -> DataSet {
    let others = set.iter().filter(|element| element.tag != tags::SPECIFIC_CHARACTER_SET);
    others.map(|element| recode_element(element, from, rules, to, count)).collect()
}

fn recode_element(
    element: &Element,
    from: Charset,
    rules: &Rules,
    to: &Charset,
    count: &mut Recoded,
) -> Element {
    let value = match &element.value {
        Value::Sequence(items) => {
            let item = |item: &DataSet| {
                let from = Charset::of_item(item, from, rules);
                recode(item, from, rules, to, count)
            };
            Value::Sequence(items.iter().map(item).collect())
        }
        Value::Bytes(bytes) if is_text(element.meaning()) && !is_the_same(bytes) => {
            let vr = element.meaning();
            let encoded = to.encode(&from.decode(bytes, vr).text, vr, Fallback::Transliterate);
            count.transliterated += encoded.transliterated;
            count.lost += encoded.lost;
            let mut bytes = encoded.bytes;
            if bytes.len() % 2 == 1 {
                bytes.push(b' ');
            }
            Value::Bytes(Bytes::from(bytes))
        }
        other => other.clone(),
    };
    Element { tag: element.tag, vr: element.vr, value }
}

/// Printable ASCII but the two characters in whose place JIS X 0201 has others, and no escape sequences: the same bytes in all
/// character sets.
fn is_the_same(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| byte.is_ascii() && !matches!(byte, 0x1B | b'\\' | b'~'))
}
