//! Writing XML.

use std::fmt::Write as _;

use dicom_core::{Tag, VR};

use crate::charset::Charset;
use crate::data::{DataSet, Element, Value, is_text};
use crate::dictionary;
use crate::json::base64;
use crate::json::{BulkData, Options};
use crate::name::{NameGroup, PersonName};
use crate::tags;

/// A data set as XML.
pub fn to_string(set: &DataSet, options: &Options<'_>) -> String {
    let mut out = String::new();
    write(&mut out, set, options);
    out
}

/// Writes a data set as XML behind what is there already. The options are those of JSON.
pub fn write(out: &mut String, set: &DataSet, options: &Options<'_>) {
    let charset = Charset::of(set, &options.rules).0;
    out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.push_str(
        "<NativeDicomModel xmlns=\"http://dicom.nema.org/PS3.19/models/NativeDICOM\" xml:space=\"preserve\">",
    );
    Writer { out, options, path: String::new() }.set(set, charset);
    out.push_str("</NativeDicomModel>");
}

struct Writer<'a> {
    out: &'a mut String,
    options: &'a Options<'a>,
    path: String,
}

impl Writer<'_> {
    fn set(&mut self, set: &DataSet, charset: Charset) {
        for element in set.iter().filter(|element| element.tag.1 != 0) {
            let outer = self.path.len();
            let Tag(group, number) = element.tag;
            let _ = write!(self.path, "{group:04X}{number:04X}");
            self.element(set, element, charset);
            self.path.truncate(outer);
        }
    }

    fn element(&mut self, set: &DataSet, element: &Element, charset: Charset) {
        let Tag(group, number) = element.tag;
        let vr = match &element.value {
            Value::Sequence(_) => VR::SQ,
            // Its value is ours, whatever was sent.
            Value::Bytes(_) if element.tag == tags::SPECIFIC_CHARACTER_SET => VR::CS,
            _ => element.meaning(),
        };
        let _ = write!(self.out, "<DicomAttribute tag=\"{group:04X}{number:04X}\" vr=\"{vr}\"");
        if let Some(keyword) = dictionary::keyword(element.tag).filter(|_| group % 2 == 0) {
            let _ = write!(self.out, " keyword=\"{keyword}\"");
        }
        if let Some(creator) = dictionary::creator_of(set, element.tag) {
            self.out.push_str(" privateCreator=\"");
            escape(&creator, self.out);
            self.out.push('"');
        }
        self.out.push('>');
        match &element.value {
            Value::Sequence(items) => self.items(items, charset),
            Value::Fragments(all) => {
                self.bulk(element, vr, all.fragments.iter().map(|fragment| fragment.len()).sum(), true);
            }
            Value::Bytes(bytes) if bytes.is_empty() => {}
            Value::Bytes(bytes) => {
                let is_large = bytes.len() > self.options.bulk_length;
                if !self.bulk(element, vr, bytes.len(), is_large) {
                    self.value(element, vr, bytes, charset);
                }
            }
        }
        self.out.push_str("</DicomAttribute>");
    }

    fn bulk(&mut self, element: &Element, vr: VR, length: usize, is_large: bool) -> bool {
        let Some(ask) = self.options.bulk.filter(|_| is_large) else { return false };
        let Some(uri) = ask(&BulkData { path: &self.path, tag: element.tag, vr, length }) else {
            return false;
        };
        self.out.push_str("<BulkData uri=\"");
        escape(&uri, self.out);
        self.out.push_str("\"/>");
        true
    }

    fn items(&mut self, items: &[DataSet], charset: Charset) {
        for (index, item) in items.iter().enumerate() {
            let outer = self.path.len();
            let _ = write!(self.path, "[{index}].");
            let _ = write!(self.out, "<Item number=\"{}\">", index + 1);
            self.set(item, Charset::of_item(item, charset, &self.options.rules));
            self.out.push_str("</Item>");
            self.path.truncate(outer);
        }
    }

    fn value(&mut self, element: &Element, vr: VR, bytes: &[u8], charset: Charset) {
        if element.tag == tags::SPECIFIC_CHARACTER_SET {
            return self.values(&["ISO_IR 192".to_owned()]);
        }
        if vr == VR::PN {
            let names = element.texts(&charset);
            let names: Vec<PersonName> = names.iter().map(|name| PersonName::parse(name)).collect();
            let is_blank = matches!(names.as_slice(), [only] if only.is_empty());
            for (index, name) in names.iter().enumerate().filter(|_| !is_blank) {
                self.name(index + 1, name);
            }
            return;
        }
        let texts = dictionary::texts_of(element, &charset);
        if matches!(texts.as_slice(), [only] if only.is_empty()) {
            return;
        }
        if is_text(vr) || !texts.is_empty() {
            return self.values(&texts);
        }
        let mut text = Vec::new();
        base64::encode(bytes, &mut text);
        self.out.push_str("<InlineBinary>");
        // Base64 is ASCII.
        self.out.push_str(&String::from_utf8_lossy(&text));
        self.out.push_str("</InlineBinary>");
    }

    fn values(&mut self, values: &[String]) {
        for (index, value) in values.iter().enumerate() {
            let _ = write!(self.out, "<Value number=\"{}\">", index + 1);
            escape(value, self.out);
            self.out.push_str("</Value>");
        }
    }

    fn name(&mut self, number: usize, name: &PersonName) {
        let _ = write!(self.out, "<PersonName number=\"{number}\">");
        let groups = [
            ("Alphabetic", &name.alphabetic),
            ("Ideographic", &name.ideographic),
            ("Phonetic", &name.phonetic),
        ];
        for (label, group) in groups.into_iter().filter(|(_, group)| !group.is_empty()) {
            let _ = write!(self.out, "<{label}>");
            self.group(group);
            let _ = write!(self.out, "</{label}>");
        }
        self.out.push_str("</PersonName>");
    }

    fn group(&mut self, group: &NameGroup) {
        let components = [
            ("FamilyName", &group.family),
            ("GivenName", &group.given),
            ("MiddleName", &group.middle),
            ("NamePrefix", &group.prefix),
            ("NameSuffix", &group.suffix),
        ];
        for (label, component) in components.into_iter().filter(|(_, component)| !component.is_empty()) {
            let _ = write!(self.out, "<{label}>");
            escape(component, self.out);
            let _ = write!(self.out, "</{label}>");
        }
    }
}

/// Characters that mean something in XML are written as references; those that XML can't hold are replaced.
fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Parsers make one line feed of these, and spaces of tabs in attributes.
            '\r' => out.push_str("&#13;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => out.push(char::REPLACEMENT_CHARACTER),
            _ => out.push(character),
        }
    }
}
