//! Paths to elements, compiled once and used for every data set.
//!
//! | written | means |
//! |---|---|
//! | `PatientName`, `00100010`, `(0010,0010)` | an element, by keyword or tag |
//! | `(0029,SIEMENS CSA HEADER,10)` | a private element, whatever block its creator has reserved |
//! | `ReferencedSeriesSequence[1].SeriesInstanceUID` | within the second item |
//! | `ReferencedSeriesSequence.SeriesInstanceUID` | within the first item |
//! | `ReferencedSeriesSequence[*].SeriesInstanceUID` | within each item |

use std::fmt;
use std::str::FromStr;

use dicom_core::{Tag, VR};

use super::private::{private_tag, private_vr};
use super::standard;
use super::step::{self, Attribute, Index, PathError, Step};
use crate::charset::{Charset, Encoded, Rules};
use crate::data::{DataSet, Element, Value, is_text};
use crate::value;

/// A way to an element.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path {
    steps: Vec<Step>,
    text: String,
}

/// Why an element can't be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// The item is not there, and is not the next one either.
    #[error("{place}: there are {items} items, item {index} can't be set")]
    NoItem {
        /// The element.
        place: String,
        /// Which item was wanted.
        index: usize,
        /// How many there are.
        items: usize,
    },
    /// An element on the way has no items.
    #[error("{place} is no sequence")]
    NotASequence {
        /// The element.
        place: String,
    },
    /// All items are meant, and there is none.
    #[error("{place} has no items")]
    NoItems {
        /// The element.
        place: String,
    },
    /// Text can't be a value of this VR.
    #[error("{place}: text is no value of {vr}")]
    Form {
        /// The element.
        place: String,
        /// Its VR.
        vr: VR,
    },
    /// All blocks of a private group are taken.
    #[error("{place}: the group has no block left")]
    NoBlock {
        /// The element.
        place: String,
    },
}

impl Path {
    /// Its text, as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path to an element of the outermost level.
    pub fn of(tag: Tag) -> Path {
        let text =
            standard::keyword(tag).map_or_else(|| format!("{:04X}{:04X}", tag.0, tag.1), str::to_owned);
        Path { steps: vec![Step { attribute: Attribute::Tag(tag), index: None }], text }
    }

    /// The tag with which it begins; nothing where that is a private element, whose tag depends on the data set.
    pub fn root(&self) -> Option<Tag> {
        match self.steps.first().map(|step| &step.attribute) {
            Some(Attribute::Tag(tag)) => Some(*tag),
            _ => None,
        }
    }

    /// How many it names that are there: items where it ends with an index, else elements.
    pub fn count(&self, set: &DataSet) -> usize {
        let found = self.all(set);
        match self.steps.last().and_then(|step| step.index) {
            None => found.len(),
            Some(Index::Every) => found.iter().map(|element| element.items().len()).sum(),
            Some(Index::Item(index)) => found.iter().filter(|element| element.items().len() > index).count(),
        }
    }

    /// The first element that it leads to.
    pub fn get<'a>(&self, set: &'a DataSet) -> Option<&'a Element> {
        self.all(set).into_iter().next()
    }

    /// Every element that it leads to.
    pub fn all<'a>(&self, set: &'a DataSet) -> Vec<&'a Element> {
        let mut found = Vec::new();
        collect(&self.steps, set, Charset::ASCII, None, &mut |element, _| found.push(element));
        found
    }

    /// The values of every element that it leads to, as text; numbers and tags as well.
    pub fn texts(&self, set: &DataSet, rules: &Rules) -> Vec<String> {
        let mut found = Vec::new();
        let charset = Charset::of(set, rules).0;
        collect(&self.steps, set, charset, Some(rules), &mut |element, charset| {
            found.extend(texts_of(element, &charset));
        });
        found
    }

    /// The first value that it leads to, as text.
    pub fn text(&self, set: &DataSet, rules: &Rules) -> Option<String> {
        self.texts(set, rules).into_iter().find(|text| !text.is_empty())
    }

    /// Sets the element, and makes the sequences and items on the way that are not there. Text is encoded in the
    /// character set that counts in that place; backslashes separate values.
    ///
    /// # Errors
    ///
    /// Where the way leads through something that has no items, or text is no value of the VR.
    pub fn set_text(&self, set: &mut DataSet, text: &str, rules: &Rules) -> Result<Encoded, SetError> {
        let charset = Charset::of(set, rules).0;
        let mut total = Encoded::default();
        self.walk(&self.steps, set, charset, rules, &mut |set, tag, vr, charset| {
            let encoded = put(set, tag, vr, text, &charset).ok_or_else(|| self.form(vr))?;
            total.transliterated += encoded.transliterated;
            total.lost += encoded.lost;
            total.bytes = encoded.bytes;
            Ok(())
        })?;
        Ok(total)
    }

    /// Sets the value as it is.
    ///
    /// # Errors
    ///
    /// Where the way leads through something that has no items.
    pub fn set_value(&self, set: &mut DataSet, vr: VR, value: &Value) -> Result<(), SetError> {
        let rules = Rules::default();
        self.walk(&self.steps, set, Charset::ASCII, &rules, &mut |set, tag, _, _| {
            set.put(Element { tag, vr, value: value.clone() });
            Ok(())
        })
    }

    /// Leaves every element that it leads to without a value, and says how many; what is not there stays so.
    pub fn clear(&self, set: &mut DataSet) -> usize {
        clear(&self.steps, set)
    }

    /// Removes every element that it leads to, and says how many.
    pub fn remove(&self, set: &mut DataSet) -> usize {
        remove(&self.steps, set)
    }

    fn form(&self, vr: VR) -> SetError {
        SetError::Form { place: self.text.clone(), vr }
    }

    fn walk(
        &self,
        steps: &[Step],
        set: &mut DataSet,
        charset: Charset,
        rules: &Rules,
        last: &mut Last<'_>,
    ) -> Result<(), SetError> {
        let Some((step, rest)) = steps.split_first() else { return Ok(()) };
        let place = || self.text.clone();
        let tag = reserved(&step.attribute, set).ok_or_else(|| SetError::NoBlock { place: place() })?;
        if rest.is_empty() && step.index.is_none() {
            let vr = vr_for(&step.attribute, set.get(tag));
            return last(set, tag, vr, charset);
        }
        let index = step.index.unwrap_or(Index::Item(0));
        match index {
            _ if set.get(tag).is_some() => {}
            Index::Every => return Err(SetError::NoItems { place: place() }),
            Index::Item(0) => set.put_items(tag, Vec::new()),
            Index::Item(index) => return Err(SetError::NoItem { place: place(), index, items: 0 }),
        }
        let Some(Value::Sequence(items)) = set.get_mut(tag).map(|element| &mut element.value) else {
            return Err(SetError::NotASequence { place: place() });
        };
        let count = items.len();
        let chosen = match index {
            Index::Every if count == 0 => return Err(SetError::NoItems { place: place() }),
            Index::Every => 0..count,
            Index::Item(index) if index > count => {
                return Err(SetError::NoItem { place: place(), index, items: count });
            }
            Index::Item(index) => {
                if index == count {
                    items.push(DataSet::new());
                }
                index..index + 1
            }
        };
        for item in &mut items[chosen] {
            let charset = Charset::of_item(item, charset, rules);
            self.walk(rest, item, charset, rules, last)?;
        }
        Ok(())
    }
}

/// What is done with the set that holds the last element of a path.
type Last<'a> = dyn FnMut(&mut DataSet, Tag, VR, Charset) -> Result<(), SetError> + 'a;

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        Ok(Path { steps: step::parse(text)?, text: text.to_owned() })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn collect<'a>(
    steps: &[Step],
    set: &'a DataSet,
    charset: Charset,
    rules: Option<&Rules>,
    found: &mut dyn FnMut(&'a Element, Charset),
) {
    let Some((step, rest)) = steps.split_first() else { return };
    let Some(element) = found_tag(&step.attribute, set).and_then(|tag| set.get(tag)) else { return };
    if rest.is_empty() {
        return found(element, charset);
    }
    let items = element.items();
    let chosen = match step.index.unwrap_or(Index::Item(0)) {
        Index::Every => items,
        Index::Item(index) => items.get(index).map_or(&[][..], std::slice::from_ref),
    };
    for item in chosen {
        let charset = rules.map_or(charset, |rules| Charset::of_item(item, charset, rules));
        collect(rest, item, charset, rules, found);
    }
}

fn clear(steps: &[Step], set: &mut DataSet) -> usize {
    let Some((step, rest)) = steps.split_first() else { return 0 };
    let Some(element) = found_tag(&step.attribute, set).and_then(|tag| set.get_mut(tag)) else { return 0 };
    if rest.is_empty() {
        element.value = match element.value {
            Value::Sequence(_) => Value::Sequence(Vec::new()),
            _ => Value::Bytes(bytes::Bytes::new()),
        };
        return 1;
    }
    let Value::Sequence(items) = &mut element.value else { return 0 };
    match step.index.unwrap_or(Index::Item(0)) {
        Index::Every => items.iter_mut().map(|item| clear(rest, item)).sum(),
        Index::Item(index) => items.get_mut(index).map_or(0, |item| clear(rest, item)),
    }
}

fn remove(steps: &[Step], set: &mut DataSet) -> usize {
    let Some((step, rest)) = steps.split_first() else { return 0 };
    let Some(tag) = found_tag(&step.attribute, set) else { return 0 };
    if rest.is_empty() && step.index.is_none() {
        return usize::from(set.remove(tag).is_some());
    }
    let Some(Value::Sequence(items)) = set.get_mut(tag).map(|element| &mut element.value) else { return 0 };
    match (rest.is_empty(), step.index.unwrap_or(Index::Item(0))) {
        (true, Index::Every) => std::mem::take(items).len(),
        (true, Index::Item(index)) if index < items.len() => {
            items.remove(index);
            1
        }
        (false, Index::Every) => items.iter_mut().map(|item| remove(rest, item)).sum(),
        (false, Index::Item(index)) => items.get_mut(index).map_or(0, |item| remove(rest, item)),
        _ => 0,
    }
}

fn found_tag(attribute: &Attribute, set: &DataSet) -> Option<Tag> {
    match attribute {
        Attribute::Tag(tag) => Some(*tag),
        Attribute::Private { group, creator, element } => private_tag(set, *group, creator, *element),
    }
}

/// The tag of an attribute; for a private one, a block is reserved if there is none.
fn reserved(attribute: &Attribute, set: &mut DataSet) -> Option<Tag> {
    if let Some(tag) = found_tag(attribute, set) {
        return Some(tag);
    }
    let Attribute::Private { group, creator, element } = attribute else { return None };
    let block = (0x10..=0xFF_u16).find(|&block| set.get(Tag(*group, block)).is_none())?;
    set.put_ascii(Tag(*group, block), VR::LO, creator);
    Some(Tag(*group, block << 8 | u16::from(*element)))
}

fn vr_for(attribute: &Attribute, there: Option<&Element>) -> VR {
    let known = match attribute {
        Attribute::Tag(tag) => standard::vr(*tag),
        Attribute::Private { group, creator, element } => private_vr(creator, *group, *element),
    };
    match there.map(|element| element.vr) {
        Some(vr) if vr != VR::UN => vr,
        _ => known.unwrap_or(VR::LO),
    }
}

/// The values of an element as text; numbers and tags as well.
pub(crate) fn texts_of(element: &Element, charset: &Charset) -> Vec<String> {
    match element.meaning() {
        vr if is_text(vr) => element.texts(charset).into_iter().map(std::borrow::Cow::into_owned).collect(),
        VR::AT => {
            let tags = std::iter::once(element.clone()).collect::<DataSet>().tags(element.tag);
            tags.iter().map(|tag| format!("{:04X}{:04X}", tag.0, tag.1)).collect()
        }
        VR::FL => words(element, |word| f32::from_le_bytes(word).to_string()),
        VR::FD => words(element, |word| f64::from_le_bytes(word).to_string()),
        VR::UV => words(element, |word| u64::from_le_bytes(word).to_string()),
        VR::US | VR::SS | VR::UL | VR::SL | VR::SV => element.ints().iter().map(i64::to_string).collect(),
        _ => Vec::new(),
    }
}

fn words<const N: usize>(element: &Element, text: impl Fn([u8; N]) -> String) -> Vec<String> {
    let bytes = element.as_bytes().map_or(&[][..], |bytes| bytes);
    bytes.as_chunks().0.iter().map(|&word| text(word)).collect()
}

/// Sets text; none where it is no value of the VR.
fn put(set: &mut DataSet, tag: Tag, vr: VR, text: &str, charset: &Charset) -> Option<Encoded> {
    if is_text(vr) {
        return Some(set.put_text(tag, vr, text, charset));
    }
    let mut bytes = Vec::new();
    for value in text.split('\\').filter(|value| !value.trim().is_empty()) {
        bytes.extend(binary(vr, value.trim())?);
    }
    set.put(Element::bytes(tag, vr, bytes.clone()));
    Some(Encoded { bytes, ..Encoded::default() })
}

/// The bytes of one number or tag; none where text is no value of the VR.
pub(crate) fn binary(vr: VR, text: &str) -> Option<Vec<u8>> {
    let integer = || value::integer(text);
    Some(match vr {
        VR::US => u16::try_from(integer()?).ok()?.to_le_bytes().to_vec(),
        VR::SS => i16::try_from(integer()?).ok()?.to_le_bytes().to_vec(),
        VR::UL => u32::try_from(integer()?).ok()?.to_le_bytes().to_vec(),
        VR::SL => i32::try_from(integer()?).ok()?.to_le_bytes().to_vec(),
        VR::UV => text.parse::<u64>().ok()?.to_le_bytes().to_vec(),
        VR::SV => text.parse::<i64>().ok()?.to_le_bytes().to_vec(),
        VR::FL => match text.parse::<f32>() {
            Ok(number) => number.to_le_bytes().to_vec(),
            Err(_) => (float(text)? as f32).to_le_bytes().to_vec(),
        },
        VR::FD => float(text)?.to_le_bytes().to_vec(),
        VR::AT => {
            let digits: String = text.chars().filter(|c| !matches!(c, '(' | ')' | ',')).collect();
            let number = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 8)?;
            [((number >> 16) as u16).to_le_bytes(), (number as u16).to_le_bytes()].concat()
        }
        _ => return None,
    })
}

/// A number that may also be none, or infinite, as it stands in JSON and XML.
fn float(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "inf" | "INF" | "Infinity" => Some(f64::INFINITY),
        "-inf" | "-INF" | "-Infinity" => Some(f64::NEG_INFINITY),
        text => value::decimal(text),
    }
}
