//! Reading JSON, tolerant: numbers may be strings and the other way round, names may be plain strings, keys may be
//! keywords, a VR may be missing.

use std::fmt::Write as _;

use dicom_core::{Tag, VR};

use super::base64;
use super::lexer::{Error, Lexer, Scalar};
use crate::data::{DataSet, Element, is_text, padding, vr_of_code};
use crate::dictionary;
use crate::tags;

/// How much is read at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep sequences are nested.
    pub depth: usize,
    /// How many elements and items there are in all.
    pub elements: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { depth: 64, elements: 4_000_000 }
    }
}

/// A data set that was read. Its text is UTF-8, and (0008,0005) says so where there is text beyond ASCII.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    /// The data set, without the values that are elsewhere.
    pub set: DataSet,
    /// Values that are elsewhere.
    pub bulk: Vec<BulkReference>,
}

/// A value that is elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkReference {
    /// Where the element belongs, as a path: `52009229[0].00289110`.
    pub path: String,
    /// Its VR.
    pub vr: VR,
    /// Where the value is.
    pub uri: String,
}

/// Reads one data set: an object, or an array with one.
///
/// # Errors
///
/// Where the text is no JSON, is not built as the model wants it, or goes beyond a limit.
pub fn read(text: &str, limits: &Limits) -> Result<Parsed, Error> {
    let mut all = read_all(text, limits)?;
    if all.len() != 1 {
        return Err(Error::Model { offset: 0, what: "one data set" });
    }
    Ok(all.swap_remove(0))
}

/// Reads all data sets of an array, as a search answers with, or of a single object.
///
/// # Errors
///
/// As [`read`].
pub fn read_all(text: &str, limits: &Limits) -> Result<Vec<Parsed>, Error> {
    let mut reader =
        Reader { limits: *limits, elements: 0, path: String::new(), bulk: Vec::new(), ascii: true };
    let mut lexer = Lexer::new(text);
    let mut all = Vec::new();
    if lexer.peek() == Some(b'[') {
        lexer.array(|lexer| {
            all.push(reader.whole(lexer)?);
            Ok(())
        })?;
    } else {
        all.push(reader.whole(&mut lexer)?);
    }
    match lexer.peek() {
        None => Ok(all),
        Some(_) => Err(lexer.syntax()),
    }
}

struct Reader {
    limits: Limits,
    elements: usize,
    path: String,
    bulk: Vec<BulkReference>,
    ascii: bool,
}

/// What an element's object says.
#[derive(Default)]
struct Parts {
    vr: Option<VR>,
    value: Option<Vec<Part>>,
    binary: Option<Vec<u8>>,
    uri: Option<String>,
}

/// One of several values.
enum Part {
    Text(String),
    Item(DataSet),
}

impl Reader {
    fn whole(&mut self, lexer: &mut Lexer<'_>) -> Result<Parsed, Error> {
        self.ascii = true;
        let mut set = self.set(lexer, self.limits.depth)?;
        if !self.ascii {
            set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
        }
        Ok(Parsed { set, bulk: std::mem::take(&mut self.bulk) })
    }

    fn count(&mut self, lexer: &Lexer<'_>) -> Result<(), Error> {
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(Error::Limit { offset: lexer.offset });
        }
        Ok(())
    }

    fn set(&mut self, lexer: &mut Lexer<'_>, depth: usize) -> Result<DataSet, Error> {
        let mut elements = Vec::new();
        let outer = self.path.len();
        lexer.object(|lexer, key| {
            self.count(lexer)?;
            let tag = tag(&key).ok_or_else(|| lexer.model("a tag of eight digits, or a keyword"))?;
            let _ = write!(self.path, "{:04X}{:04X}", tag.0, tag.1);
            let element = self.element(lexer, tag, depth)?;
            self.path.truncate(outer);
            elements.extend(element);
            Ok(())
        })?;
        elements.sort_by_key(|element| element.tag);
        elements.dedup_by_key(|element| element.tag);
        Ok(DataSet::from_ascending(elements))
    }

    fn element(&mut self, lexer: &mut Lexer<'_>, tag: Tag, depth: usize) -> Result<Option<Element>, Error> {
        let mut parts = Parts::default();
        lexer.object(|lexer, key| {
            match &*key {
                "vr" => parts.vr = vr(lexer)?,
                "Value" => parts.value = Some(self.values(lexer, depth)?),
                "InlineBinary" => {
                    let Scalar::Text(text) = lexer.scalar()? else { return Err(lexer.model("Base64")) };
                    parts.binary = Some(base64::decode(&text).ok_or_else(|| lexer.model("Base64"))?);
                }
                "BulkDataURI" => {
                    let Scalar::Text(text) = lexer.scalar()? else { return Err(lexer.model("a URI")) };
                    parts.uri = Some(text.into_owned());
                }
                _ => lexer.skip(depth.max(1) * 4)?,
            }
            Ok(())
        })?;
        let has_items = parts.value.iter().flatten().any(|part| matches!(part, Part::Item(_)));
        let known = parts.vr.or_else(|| dictionary::vr(tag));
        let vr = known.unwrap_or(if has_items { VR::SQ } else { VR::UN });
        if let Some(uri) = parts.uri {
            self.bulk.push(BulkReference { path: self.path.clone(), vr, uri });
            return Ok(None);
        }
        let what = || lexer.model("a value of this VR");
        self.put(tag, vr, parts).map(Some).ok_or_else(what)
    }

    fn put(&mut self, tag: Tag, vr: VR, parts: Parts) -> Option<Element> {
        if let Some(bytes) = parts.binary {
            return Some(Element::bytes(tag, vr, bytes));
        }
        let values = parts.value.unwrap_or_default();
        if vr == VR::SQ {
            let item = |part| match part {
                Part::Item(item) => Some(item),
                Part::Text(text) => text.is_empty().then(DataSet::new),
            };
            return Some(Element::sequence(tag, values.into_iter().map(item).collect::<Option<_>>()?));
        }
        let text = |part| match part {
            Part::Text(text) => Some(text),
            Part::Item(item) => item.is_empty().then(String::new),
        };
        let texts: Vec<String> = values.into_iter().map(text).collect::<Option<_>>()?;
        if is_text(vr) {
            let joined = texts.join("\\");
            self.ascii &= joined.is_ascii();
            return Some(Element::bytes(tag, vr, padded(vr, joined.into_bytes())));
        }
        let mut bytes = Vec::new();
        for text in texts.iter().filter(|text| !text.is_empty()) {
            bytes.extend(binary(vr, text)?);
        }
        Some(Element::bytes(tag, vr, bytes))
    }

    fn values(&mut self, lexer: &mut Lexer<'_>, depth: usize) -> Result<Vec<Part>, Error> {
        let mut values = Vec::new();
        if lexer.peek() != Some(b'[') {
            values.push(self.value(lexer, depth, 0)?);
            return Ok(values);
        }
        lexer.array(|lexer| {
            let value = self.value(lexer, depth, values.len())?;
            values.push(value);
            Ok(())
        })?;
        Ok(values)
    }

    fn value(&mut self, lexer: &mut Lexer<'_>, depth: usize, index: usize) -> Result<Part, Error> {
        self.count(lexer)?;
        if lexer.peek() != Some(b'{') {
            return Ok(Part::Text(match lexer.scalar()? {
                Scalar::Null => String::new(),
                Scalar::Text(text) => text.into_owned(),
                Scalar::Plain(word) => word.to_owned(),
            }));
        }
        if is_name(lexer) {
            return name(lexer).map(Part::Text);
        }
        if depth == 0 {
            return Err(Error::Limit { offset: lexer.offset });
        }
        let outer = self.path.len();
        let _ = write!(self.path, "[{index}].");
        let item = self.set(lexer, depth - 1)?;
        self.path.truncate(outer);
        Ok(Part::Item(item))
    }
}

fn tag(key: &str) -> Option<Tag> {
    let digits: String = key.chars().filter(|c| !matches!(c, '(' | ')' | ',')).collect();
    if digits.len() == 8
        && let Ok(number) = u32::from_str_radix(&digits, 16)
    {
        return Some(Tag((number >> 16) as u16, number as u16));
    }
    dictionary::tag_of(key)
}

fn vr(lexer: &mut Lexer<'_>) -> Result<Option<VR>, Error> {
    match lexer.scalar()? {
        Scalar::Text(text) => Ok(text.as_bytes().try_into().ok().and_then(vr_of_code)),
        _ => Ok(None),
    }
}

/// Whether the object that begins here is a name.
fn is_name(lexer: &mut Lexer<'_>) -> bool {
    let before = lexer.offset;
    let first = lexer.expect(b'{').and_then(|()| lexer.scalar());
    lexer.offset = before;
    matches!(first, Ok(Scalar::Text(key)) if matches!(&*key, "Alphabetic" | "Ideographic" | "Phonetic"))
}

fn name(lexer: &mut Lexer<'_>) -> Result<String, Error> {
    let mut groups = [const { String::new() }; 3];
    lexer.object(|lexer, key| {
        let place = match &*key {
            "Alphabetic" => 0,
            "Ideographic" => 1,
            "Phonetic" => 2,
            _ => return lexer.skip(4),
        };
        if let Scalar::Text(text) = lexer.scalar()? {
            groups[place] = text.into_owned();
        }
        Ok(())
    })?;
    Ok(groups.join("=").trim_end_matches('=').to_owned())
}

fn padded(vr: VR, mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.len() % 2 == 1 {
        bytes.push(padding(vr));
    }
    bytes
}

fn binary(vr: VR, text: &str) -> Option<Vec<u8>> {
    // Base64 stands elsewhere.
    let is_bytes = matches!(vr, VR::OB | VR::OD | VR::OF | VR::OL | VR::OV | VR::OW | VR::UN);
    if is_bytes { None } else { dictionary::binary(vr, text) }
}
