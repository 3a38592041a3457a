//! Writing JSON.

use std::borrow::Cow;
use std::fmt::Write as _;

use dicom_core::{Tag, VR};

use super::base64;
use crate::charset::{Charset, Rules};
use crate::data::{DataSet, Element, Value, has_values, is_text};
use crate::dictionary;
use crate::tags;

/// How a data set is written.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// How character sets are understood.
    pub rules: Rules,
    /// Gives the URI of a value that is not to stand in the text; none for one that is.
    pub bulk: Option<&'a BulkUri>,
    /// The callback is asked for values of more bytes than this, and for all fragments.
    pub bulk_length: usize,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options { rules: Rules::default(), bulk: None, bulk_length: 1024 }
    }
}

/// Says where a value is to be had; none where it is to stand in the text.
pub type BulkUri = dyn Fn(&BulkData<'_>) -> Option<String>;

/// A value that may be given elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct BulkData<'a> {
    /// Where it is, as a path: `52009229[0].00289110`.
    pub path: &'a str,
    /// Its tag.
    pub tag: Tag,
    /// Its VR.
    pub vr: VR,
    /// How many bytes it has; of fragments, all of them together.
    pub length: usize,
}

/// A data set as JSON.
pub fn to_string(set: &DataSet, options: &Options<'_>) -> String {
    let mut out = Vec::new();
    write(&mut out, set, options);
    // Only text that was decoded, and ASCII, is written.
    String::from_utf8_lossy(&out).into_owned()
}

/// Writes a data set as JSON behind what is there already.
pub fn write(out: &mut Vec<u8>, set: &DataSet, options: &Options<'_>) {
    let charset = Charset::of(set, &options.rules).0;
    Writer { out, options, path: String::new() }.set(set, charset);
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    options: &'a Options<'a>,
    path: String,
}

impl Writer<'_> {
    fn set(&mut self, set: &DataSet, charset: Charset) {
        self.out.push(b'{');
        let mut first = true;
        for element in set.iter().filter(|element| element.tag.1 != 0) {
            if !std::mem::take(&mut first) {
                self.out.push(b',');
            }
            let outer = self.path.len();
            let Tag(group, number) = element.tag;
            let _ = write!(self.path, "{group:04X}{number:04X}");
            self.raw("\"");
            let key = self.path[outer..].to_owned();
            self.raw(&key);
            self.raw("\":");
            self.element(element, charset);
            self.path.truncate(outer);
        }
        self.out.push(b'}');
    }

    fn element(&mut self, element: &Element, charset: Charset) {
        let vr = vr_of(element);
        self.raw("{\"vr\":\"");
        self.raw(vr.to_string());
        self.raw("\"");
        match &element.value {
            Value::Sequence(items) if !items.is_empty() => self.items(items, charset),
            Value::Bytes(bytes) if !bytes.is_empty() => {
                if !self.bulk(element, vr, bytes.len(), bytes.len() > self.options.bulk_length) {
                    self.value(element, vr, bytes, charset);
                }
            }
            Value::Fragments(all) => {
                self.bulk(element, vr, all.fragments.iter().map(|fragment| fragment.len()).sum(), true);
            }
            Value::Sequence(_) | Value::Bytes(_) => {}
        }
        self.out.push(b'}');
    }

    fn bulk(&mut self, element: &Element, vr: VR, length: usize, is_large: bool) -> bool {
        let Some(ask) = self.options.bulk.filter(|_| is_large) else { return false };
        let Some(uri) = ask(&BulkData { path: &self.path, tag: element.tag, vr, length }) else {
            return false;
        };
        self.raw(",\"BulkDataURI\":");
        self.string(&uri);
        true
    }

    fn items(&mut self, items: &[DataSet], charset: Charset) {
        self.raw(",\"Value\":[");
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            let outer = self.path.len();
            let _ = write!(self.path, "[{index}].");
            self.set(item, Charset::of_item(item, charset, &self.options.rules));
            self.path.truncate(outer);
        }
        self.out.push(b']');
    }

    fn value(&mut self, element: &Element, vr: VR, bytes: &[u8], charset: Charset) {
        if element.tag == tags::SPECIFIC_CHARACTER_SET {
            return self.raw(",\"Value\":[\"ISO_IR 192\"]");
        }
        match vr {
            VR::SQ | VR::OB | VR::OD | VR::OF | VR::OL | VR::OV | VR::OW | VR::UN => {
                self.raw(",\"InlineBinary\":\"");
                base64::encode(bytes, self.out);
                self.out.push(b'"');
            }
            VR::AT => {
                let tag = |four: &[u8; 4]| {
                    format!("\"{:02X}{:02X}{:02X}{:02X}\"", four[1], four[0], four[3], four[2])
                };
                self.list(bytes.as_chunks().0.iter().map(tag));
            }
            VR::FL => self.list(bytes.as_chunks().0.iter().map(|&word| float(f32::from_le_bytes(word)))),
            VR::FD => self.list(bytes.as_chunks().0.iter().map(|&word| float(f64::from_le_bytes(word)))),
            VR::US | VR::SS | VR::UL | VR::SL => self.list(element.ints().iter().map(i64::to_string)),
            VR::SV => self.list(bytes.as_chunks().0.iter().map(|&word| large(i64::from_le_bytes(word)))),
            VR::UV => self.list(bytes.as_chunks().0.iter().map(|&word| large(u64::from_le_bytes(word)))),
            vr if is_text(vr) => self.texts(element, vr, charset),
            _ => {}
        }
    }

    fn list(&mut self, values: impl Iterator<Item = String>) {
        self.raw(",\"Value\":[");
        for (index, value) in values.enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.raw(&value);
        }
        self.out.push(b']');
    }

    fn texts(&mut self, element: &Element, vr: VR, charset: Charset) {
        let texts = element.texts(&charset);
        if texts.iter().all(|text| text.is_empty()) && (texts.len() < 2 || !has_values(vr)) {
            return;
        }
        self.raw(",\"Value\":[");
        for (index, text) in texts.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            match vr {
                _ if text.is_empty() => self.raw("null"),
                VR::PN => self.name(text),
                VR::DS | VR::IS => match number(text, vr) {
                    Some(number) => self.raw(&number),
                    None => self.string(text),
                },
                _ => self.string(text),
            }
        }
        self.out.push(b']');
    }

    fn name(&mut self, text: &str) {
        self.out.push(b'{');
        let mut first = true;
        for (key, group) in ["Alphabetic", "Ideographic", "Phonetic"].iter().zip(text.splitn(3, '=')) {
            let group = group.trim_end_matches([' ', '\0']);
            if group.is_empty() {
                continue;
            }
            if !std::mem::take(&mut first) {
                self.out.push(b',');
            }
            self.string(key);
            self.out.push(b':');
            self.string(group);
        }
        self.out.push(b'}');
    }

    fn string(&mut self, text: &str) {
        self.out.push(b'"');
        let mut start = 0;
        for (at, byte) in text.bytes().enumerate() {
            let escaped = match byte {
                b'"' | b'\\' => format!("\\{}", char::from(byte)),
                b'\n' => "\\n".to_owned(),
                b'\r' => "\\r".to_owned(),
                b'\t' => "\\t".to_owned(),
                0..=0x1F | 0x7F => format!("\\u{byte:04X}"),
                _ => continue,
            };
            self.raw(&text[start..at]);
            self.raw(&escaped);
            start = at + 1;
        }
        self.raw(&text[start..]);
        self.out.push(b'"');
    }

    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }
}

/// The VR that is written: that of the dictionary for UN whose bytes are as that VR has them.
fn vr_of(element: &Element) -> VR {
    match (element.vr, &element.value) {
        (_, Value::Sequence(_)) => VR::SQ,
        // Its value is ours, whatever was sent.
        (_, Value::Bytes(_)) if element.tag == tags::SPECIFIC_CHARACTER_SET => VR::CS,
        (VR::UN, Value::Bytes(_)) => match dictionary::vr(element.tag) {
            Some(vr) if vr != VR::SQ => vr,
            _ => VR::UN,
        },
        (vr, _) => vr,
    }
}

/// A number as JSON has it, with the digits that were sent where these are fine.
fn number(text: &str, vr: VR) -> Option<String> {
    let text = text.trim();
    let value = crate::value::decimal(text)?;
    if vr == VR::IS {
        return crate::value::integer(text).map(|number| number.to_string());
    }
    Some(if is_json_number(text) { text.to_owned() } else { json_float(Cow::Owned(format!("{value:?}"))) })
}

/// RFC 8259, section 6.
pub(super) fn is_json_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(text[at + 1..].trim_start_matches(['+', '-']))),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits)
}

fn float(number: impl Into<f64> + std::fmt::Debug + Copy) -> String {
    let value: f64 = number.into();
    if value.is_nan() {
        return "\"NaN\"".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "\"inf\"".to_owned() } else { "\"-inf\"".to_owned() };
    }
    json_float(Cow::Owned(format!("{number:?}")))
}

/// The shortest text that gives the same number again; Rust writes some as `1.0` and `1e16`.
fn json_float(text: Cow<'_, str>) -> String {
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// Numbers beyond 2^53 are not exact in every reader.
fn large(number: impl TryInto<i64> + ToString + Copy) -> String {
    let small = number.try_into().is_ok_and(|number: i64| number.unsigned_abs() <= 1 << 53);
    if small { number.to_string() } else { format!("\"{}\"", number.to_string()) }
}
