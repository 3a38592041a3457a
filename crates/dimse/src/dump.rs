//! A readable text of a data set: one line for each element, with its tag, VR, value, length and keyword. People know
//! it from the tools that dump files.
//!
//! ```text
//! (0008,0060) CS [CT]                                     #      2 Modality
//! (0040,0275) SQ 1 item                                   #        RequestAttributesSequence
//!   item 1
//!     (0040,1001) SH [4711]                               #      4 RequestedProcedureID
//! (7FE0,0010) OW 524288 bytes                             # 524288 PixelData
//! ```

use std::fmt::Write as _;

use dicom_core::{Tag, VR};

use crate::charset::{Charset, Rules};
use crate::data::{DataSet, Element, Value, is_text};
use crate::dictionary;
use crate::tags;

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether values are shown. Without them only what says nothing about a patient is: UIDs of classes and
    /// transfer syntaxes, character sets, the modality, and the shape of the image.
    pub values: bool,
    /// How many characters of a value are shown.
    pub width: usize,
    /// How many lines are written.
    pub lines: usize,
    /// How character sets are understood.
    pub rules: Rules,
}

impl Default for Options {
    fn default() -> Self {
        Options { values: true, width: 64, lines: 100_000, rules: Rules::default() }
    }
}

impl Options {
    /// Shapes only: nothing that may be of a patient.
    pub fn without_values() -> Self {
        Options { values: false, ..Options::default() }
    }
}

/// The text of a data set.
pub fn dump(set: &DataSet, options: &Options) -> String {
    let mut writer = Writer { out: String::new(), options, lines: 0 };
    let charset = Charset::of(set, &options.rules).0;
    writer.set(set, charset, 0);
    if writer.lines > options.lines {
        let _ = writeln!(writer.out, "... {} more lines", writer.lines - options.lines);
    }
    writer.out
}

/// Elements that say nothing about a patient.
#[rustfmt::skip]
const HARMLESS: &[Tag] = &[
    tags::FILE_META_INFORMATION_GROUP_LENGTH, tags::MEDIA_STORAGE_SOP_CLASS_UID, tags::TRANSFER_SYNTAX_UID,
    tags::IMPLEMENTATION_CLASS_UID, tags::IMPLEMENTATION_VERSION_NAME,
    tags::SPECIFIC_CHARACTER_SET, tags::SOP_CLASS_UID, tags::MODALITY, tags::REFERENCED_SOP_CLASS_UID,
    tags::SAMPLES_PER_PIXEL, tags::PHOTOMETRIC_INTERPRETATION, tags::PLANAR_CONFIGURATION, tags::NUMBER_OF_FRAMES,
    tags::ROWS, tags::COLUMNS, tags::BITS_ALLOCATED, tags::BITS_STORED, tags::HIGH_BIT, tags::PIXEL_REPRESENTATION,
];

struct Writer<'a> {
    out: String,
    options: &'a Options,
    lines: usize,
}

impl Writer<'_> {
    fn set(&mut self, set: &DataSet, charset: Charset, depth: usize) {
        for element in set {
            let creator = dictionary::creator_of(set, element.tag);
            self.line(element, creator.as_deref(), charset, depth);
            for (index, item) in element.items().iter().enumerate() {
                self.text(depth + 1, &format!("item {}", index + 1));
                self.set(item, Charset::of_item(item, charset, &self.options.rules), depth + 2);
            }
        }
    }

    fn line(&mut self, element: &Element, creator: Option<&str>, charset: Charset, depth: usize) {
        if self.lines >= self.options.lines {
            self.lines += 1;
            return;
        }
        let Tag(group, number) = element.tag;
        let shown = self.shown(element, charset);
        let head = format!("({group:04X},{number:04X}) {} {shown}", element.vr);
        let length = element.as_bytes().map(|bytes| bytes.len().to_string()).unwrap_or_default();
        let name = match (dictionary::keyword(element.tag), creator) {
            // What creators are called is up to their makers.
            (_, Some(creator)) if group % 2 == 1 && self.options.values => one_line(creator, 64),
            (Some(keyword), _) => keyword.to_owned(),
            _ => dictionary::name(element.tag),
        };
        let width = 60_usize.saturating_sub(2 * depth);
        self.text(depth, &format!("{head:width$} # {length:>6} {name}"));
    }

    fn text(&mut self, depth: usize, text: &str) {
        self.lines += 1;
        if self.lines <= self.options.lines {
            let _ = writeln!(self.out, "{:indent$}{text}", "", indent = 2 * depth);
        }
    }

    fn shown(&self, element: &Element, charset: Charset) -> String {
        let bytes = match &element.value {
            Value::Sequence(items) => return count(items.len(), "item"),
            Value::Fragments(all) => return count(all.fragments.len(), "fragment"),
            Value::Bytes(bytes) => bytes,
        };
        if bytes.is_empty() {
            return "(no value)".to_owned();
        }
        let vr = element.meaning();
        if !self.options.values && !HARMLESS.contains(&element.tag) {
            return shape(element, vr, bytes.len(), charset);
        }
        let texts = dictionary::texts_of(element, &charset);
        match vr {
            _ if texts.is_empty() && !is_text(vr) => self.bytes(bytes),
            vr if is_text(vr) => format!("[{}]", one_line(&texts.join("\\"), self.options.width)),
            _ => one_line(&texts.join("\\"), self.options.width),
        }
    }

    /// The first bytes; long values are only counted.
    fn bytes(&self, bytes: &[u8]) -> String {
        if bytes.len() > self.options.width / 3 {
            return count(bytes.len(), "byte");
        }
        let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        digits.join(" ")
    }
}

/// What a value is like, without what it says.
fn shape(element: &Element, vr: VR, length: usize, charset: Charset) -> String {
    if !is_text(vr) {
        return count(length, "byte");
    }
    let texts = element.texts(&charset);
    let characters = texts.iter().map(|text| text.chars().count()).sum();
    let beyond = if texts.iter().all(|text| text.is_ascii()) { "" } else { ", not only ASCII" };
    let values = if texts.len() > 1 { format!("{}, ", count(texts.len(), "value")) } else { String::new() };
    format!("{values}{}{beyond}", count(characters, "character"))
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Text without control characters, cut where it is too long.
fn one_line(text: &str, width: usize) -> String {
    let plain = |c: char| if c.is_control() { '.' } else { c };
    let mut line: String = text.chars().take(width).map(plain).collect();
    if text.chars().nth(width).is_some() {
        line.push('…');
    }
    line
}
