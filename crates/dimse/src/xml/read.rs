//! Reading XML.

use std::fmt::Write as _;

use dicom_core::{Tag, VR};

use super::lexer::{Error, Lexer, Part};
use crate::data::{DataSet, Element, is_text, padding, vr_of_code};
use crate::dictionary;
use crate::json::{BulkReference, Limits, Parsed, base64};
use crate::tags;

/// Reads a data set. Its text is UTF-8, and (0008,0005) says so where there is text beyond ASCII.
///
/// # Errors
///
/// Where the text is no XML, is not built as the model wants it, or goes beyond a limit.
pub fn read(text: &str, limits: &Limits) -> Result<Parsed, Error> {
    let lexer = Lexer::new(text);
    let mut reader = Reader {
        lexer,
        limits: *limits,
        elements: 0,
        path: String::new(),
        parsed: Parsed::default(),
        ascii: true,
    };
    loop {
        match reader.lexer.next()? {
            Part::Open { name: "NativeDicomModel", .. } => break,
            Part::Text(text) if text.trim().is_empty() => {}
            _ => return Err(reader.lexer.model("the element NativeDicomModel")),
        }
    }
    let mut set = reader.set("NativeDicomModel", limits.depth)?;
    if !reader.ascii {
        set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
    }
    reader.parsed.set = set;
    Ok(reader.parsed)
}

struct Reader<'a> {
    lexer: Lexer<'a>,
    limits: Limits,
    elements: usize,
    path: String,
    parsed: Parsed,
    ascii: bool,
}

/// What stands in an attribute element.
#[derive(Default)]
struct Content {
    items: Vec<DataSet>,
    texts: Vec<String>,
    binary: Option<Vec<u8>>,
    uri: Option<String>,
}

impl Reader<'_> {
    fn count(&mut self) -> Result<(), Error> {
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(Error::Limit { offset: self.lexer.offset });
        }
        Ok(())
    }

    /// The attributes up to the end of this element.
    fn set(&mut self, end: &'static str, depth: usize) -> Result<DataSet, Error> {
        let mut elements: Vec<Element> = Vec::new();
        loop {
            match self.lexer.next()? {
                Part::Close { name } if name == end => break,
                Part::Open { name: "DicomAttribute", attributes } => {
                    self.count()?;
                    let outer = self.path.len();
                    let element = self.attribute(attributes, depth)?;
                    self.path.truncate(outer);
                    elements.extend(element);
                }
                Part::Text(text) if text.trim().is_empty() => {}
                _ => return Err(self.lexer.model("the element DicomAttribute")),
            }
        }
        elements.sort_by_key(|element| element.tag);
        elements.dedup_by_key(|element| element.tag);
        Ok(DataSet::from_ascending(elements))
    }

    fn attribute(&mut self, attributes: &str, depth: usize) -> Result<Option<Element>, Error> {
        let tag = match self.lexer.attribute(attributes, "tag")? {
            Some(digits) => tag(&digits),
            None => {
                self.lexer.attribute(attributes, "keyword")?.and_then(|keyword| dictionary::tag_of(&keyword))
            }
        };
        let tag = tag.ok_or_else(|| self.lexer.model("a tag of eight digits"))?;
        let vr = self.lexer.attribute(attributes, "vr")?;
        let vr = vr.and_then(|vr| vr.as_bytes().try_into().ok().and_then(vr_of_code));
        let vr = vr.or_else(|| dictionary::vr(tag)).unwrap_or(VR::UN);
        let _ = write!(self.path, "{:04X}{:04X}", tag.0, tag.1);
        let content = self.content(depth)?;
        if let Some(uri) = content.uri {
            self.parsed.bulk.push(BulkReference { path: self.path.clone(), vr, uri });
            return Ok(None);
        }
        self.element(tag, vr, content).map(Some).ok_or_else(|| self.lexer.model("a value of this VR"))
    }

    fn element(&mut self, tag: Tag, vr: VR, content: Content) -> Option<Element> {
        if vr == VR::SQ || !content.items.is_empty() {
            return Some(Element::sequence(tag, content.items));
        }
        if let Some(bytes) = content.binary {
            return Some(Element::bytes(tag, vr, bytes));
        }
        let mut bytes = Vec::new();
        if is_text(vr) {
            bytes = content.texts.join("\\").into_bytes();
            self.ascii &= bytes.is_ascii();
            if bytes.len() % 2 == 1 {
                bytes.push(padding(vr));
            }
        } else {
            for text in content.texts.iter().filter(|text| !text.is_empty()) {
                bytes.extend(dictionary::binary(vr, text.trim())?);
            }
        }
        Some(Element::bytes(tag, vr, bytes))
    }

    fn content(&mut self, depth: usize) -> Result<Content, Error> {
        let mut content = Content::default();
        loop {
            match self.lexer.next()? {
                Part::Close { name: "DicomAttribute" } => return Ok(content),
                Part::Text(text) if text.trim().is_empty() => {}
                Part::Open { name: "Value", attributes } => {
                    let number = self.lexer.attribute(attributes, "number")?;
                    let text = self.text("Value")?;
                    self.place(&mut content.texts, number.as_deref(), text)?;
                }
                Part::Open { name: "PersonName", attributes } => {
                    let number = self.lexer.attribute(attributes, "number")?;
                    let text = self.name()?;
                    self.place(&mut content.texts, number.as_deref(), text)?;
                }
                Part::Open { name: "Item", .. } => {
                    self.count()?;
                    if depth == 0 {
                        return Err(Error::Limit { offset: self.lexer.offset });
                    }
                    let outer = self.path.len();
                    let _ = write!(self.path, "[{}].", content.items.len());
                    let item = self.set("Item", depth - 1)?;
                    self.path.truncate(outer);
                    content.items.push(item);
                }
                Part::Open { name: "InlineBinary", .. } => {
                    let text = self.text("InlineBinary")?;
                    content.binary = Some(base64::decode(&text).ok_or_else(|| self.lexer.model("Base64"))?);
                }
                Part::Open { name: "BulkData", attributes } => {
                    let uri = match self.lexer.attribute(attributes, "uri")? {
                        Some(uri) => Some(uri),
                        None => self.lexer.attribute(attributes, "uuid")?,
                    };
                    content.uri = Some(uri.ok_or_else(|| self.lexer.model("a URI"))?);
                    self.text("BulkData")?;
                }
                _ => return Err(self.lexer.model("Value, PersonName, Item, InlineBinary or BulkData")),
            }
        }
    }

    /// Puts a value where its number says; without a number, behind the others.
    fn place(&mut self, texts: &mut Vec<String>, number: Option<&str>, text: String) -> Result<(), Error> {
        self.count()?;
        let behind = texts.len() + 1;
        let number = number.and_then(|number| number.trim().parse::<usize>().ok()).unwrap_or(behind).max(1);
        // Values may be missing in between, but not more than there can be.
        if number > behind + 1_000 {
            return Err(Error::Limit { offset: self.lexer.offset });
        }
        if texts.len() < number {
            texts.resize(number, String::new());
        }
        texts[number - 1] = text;
        Ok(())
    }

    /// The text up to the end of this element.
    fn text(&mut self, end: &'static str) -> Result<String, Error> {
        let mut whole = String::new();
        loop {
            match self.lexer.next()? {
                Part::Text(text) => whole.push_str(&text),
                Part::Close { name } if name == end => return Ok(whole),
                _ => return Err(self.lexer.model("text")),
            }
        }
    }

    fn name(&mut self) -> Result<String, Error> {
        let mut groups = [const { String::new() }; 3];
        loop {
            let (group, end) = match self.lexer.next()? {
                Part::Close { name: "PersonName" } => break,
                Part::Text(text) if text.trim().is_empty() => continue,
                Part::Open { name: "Alphabetic", .. } => (0, "Alphabetic"),
                Part::Open { name: "Ideographic", .. } => (1, "Ideographic"),
                Part::Open { name: "Phonetic", .. } => (2, "Phonetic"),
                _ => return Err(self.lexer.model("a group of a name")),
            };
            groups[group] = self.group(end)?;
        }
        Ok(groups.join("=").trim_end_matches('=').to_owned())
    }

    fn group(&mut self, end: &'static str) -> Result<String, Error> {
        let mut components = [const { String::new() }; 5];
        loop {
            let (place, name) = match self.lexer.next()? {
                Part::Close { name } if name == end => break,
                Part::Text(text) if text.trim().is_empty() => continue,
                Part::Open { name: "FamilyName", .. } => (0, "FamilyName"),
                Part::Open { name: "GivenName", .. } => (1, "GivenName"),
                Part::Open { name: "MiddleName", .. } => (2, "MiddleName"),
                Part::Open { name: "NamePrefix", .. } => (3, "NamePrefix"),
                Part::Open { name: "NameSuffix", .. } => (4, "NameSuffix"),
                _ => return Err(self.lexer.model("a component of a name")),
            };
            components[place] = self.text(name)?;
        }
        Ok(components.join("^").trim_end_matches('^').to_owned())
    }
}

fn tag(digits: &str) -> Option<Tag> {
    let plain = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u32::from_str_radix(digits, 16).ok().filter(|_| plain)?;
    Some(Tag((number >> 16) as u16, number as u16))
}
