//! A data set: finding, setting and removing elements.

use bytes::Bytes;
use dicom_core::{Tag, VR};

use super::{Element, Value};

/// Elements in the rising order of their tags.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct DataSet {
    elements: Vec<Element>,
}

impl DataSet {
    /// An empty one.
    pub fn new() -> Self {
        DataSet::default()
    }

    /// A set of elements whose tags rise.
    pub(crate) fn from_ascending(elements: Vec<Element>) -> Self {
        DataSet { elements }
    }

    /// How many elements it has, those of items not counted.
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// All elements in the order of their tags.
    pub fn iter(&self) -> std::slice::Iter<'_, Element> {
        self.elements.iter()
    }

    /// The element of this tag.
    pub fn get(&self, tag: Tag) -> Option<&Element> {
        self.place(tag).ok().map(|place| &self.elements[place])
    }

    /// The element of this tag, to change.
    pub fn get_mut(&mut self, tag: Tag) -> Option<&mut Element> {
        self.place(tag).ok().map(|place| &mut self.elements[place])
    }

    /// Sets an element, in the place of the one of the same tag if there is one.
    pub fn put(&mut self, element: Element) {
        match self.place(element.tag) {
            Ok(place) => self.elements[place] = element,
            Err(place) => self.elements.insert(place, element),
        }
    }

    /// Removes an element.
    pub fn remove(&mut self, tag: Tag) -> Option<Element> {
        self.place(tag).ok().map(|place| self.elements.remove(place))
    }

    /// The bytes of a value without the padding that PS3.5, section 6.2 allows (spaces and NUL at the end).
    pub fn raw(&self, tag: Tag) -> Option<&[u8]> {
        self.get(tag)?.as_bytes().map(|bytes| trimmed(bytes))
    }

    /// A value of the default repertoire (UI, CS, AE, DS, IS, DA, TM …): text, spaces at both ends removed; several
    /// values stay joined by backslashes. Nothing where it is absent, empty or not ASCII.
    pub fn ascii(&self, tag: Tag) -> Option<&str> {
        let text = std::str::from_utf8(self.raw(tag)?).ok()?.trim_matches(' ');
        (text.is_ascii() && !text.is_empty()).then_some(text)
    }

    /// The first value of an US, SS, UL, SL, IS or AT.
    pub fn int(&self, tag: Tag) -> Option<i64> {
        let element = self.get(tag)?;
        let bytes = element.as_bytes()?;
        match element.vr {
            VR::US => Some(i64::from(u16::from_le_bytes(first(bytes)?))),
            VR::SS => Some(i64::from(i16::from_le_bytes(first(bytes)?))),
            VR::UL => Some(i64::from(u32::from_le_bytes(first(bytes)?))),
            VR::SL => Some(i64::from(i32::from_le_bytes(first(bytes)?))),
            _ => self.ascii(tag)?.split('\\').next()?.trim().parse().ok(),
        }
    }

    /// The items of a sequence; none where it is absent.
    pub fn items(&self, tag: Tag) -> &[DataSet] {
        self.get(tag).map_or(&[], Element::items)
    }

    /// Sets a value of the default repertoire, padded to an even length as its VR wants.
    pub fn put_ascii(&mut self, tag: Tag, vr: VR, text: &str) {
        let mut bytes = text.as_bytes().to_vec();
        if bytes.len() % 2 == 1 {
            bytes.push(if vr == VR::UI { 0 } else { b' ' });
        }
        self.put(Element { tag, vr, value: Value::Bytes(Bytes::from(bytes)) });
    }

    /// Sets an US.
    pub fn put_us(&mut self, tag: Tag, value: u16) {
        self.put(Element::bytes(tag, VR::US, value.to_le_bytes().to_vec()));
    }

    /// Sets a sequence.
    pub fn put_items(&mut self, tag: Tag, items: Vec<DataSet>) {
        self.put(Element::sequence(tag, items));
    }

    fn place(&self, tag: Tag) -> Result<usize, usize> {
        self.elements.binary_search_by_key(&tag, |element| element.tag)
    }
}

impl FromIterator<Element> for DataSet {
    fn from_iter<I: IntoIterator<Item = Element>>(elements: I) -> Self {
        let mut set = DataSet::new();
        for element in elements {
            set.put(element);
        }
        set
    }
}

impl<'a> IntoIterator for &'a DataSet {
    type Item = &'a Element;
    type IntoIter = std::slice::Iter<'a, Element>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl std::fmt::Debug for DataSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.elements).finish()
    }
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|&byte| byte != 0 && byte != b' ').map_or(0, |last| last + 1);
    &bytes[..end]
}

fn first<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.get(..N)?.try_into().ok()
}
