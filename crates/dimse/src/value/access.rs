//! Numbers, dates and tags of a data set.

use dicom_core::{Tag, VR};

use super::{Date, DateTime, Time, decimal, decimal_text, integer};
use crate::data::{DataSet, Element};

impl DataSet {
    /// The first date of an element.
    pub fn date(&self, tag: Tag) -> Option<Date> {
        Date::parse(self.ascii(tag)?.split('\\').next()?)
    }

    /// The first time of an element.
    pub fn time(&self, tag: Tag) -> Option<Time> {
        Time::parse(self.ascii(tag)?.split('\\').next()?)
    }

    /// The first date time of an element.
    pub fn date_time(&self, tag: Tag) -> Option<DateTime> {
        DateTime::parse(self.ascii(tag)?.split('\\').next()?)
    }

    /// The numbers of an element, whether they are binary or text. Values that are no number are left out.
    pub fn floats(&self, tag: Tag) -> Vec<f64> {
        self.get(tag).map_or_else(Vec::new, Element::floats)
    }

    /// The first number of an element.
    pub fn float(&self, tag: Tag) -> Option<f64> {
        self.floats(tag).first().copied()
    }

    /// The whole numbers of an element, whether they are binary or text. Values that are none are left out.
    pub fn ints(&self, tag: Tag) -> Vec<i64> {
        self.get(tag).map_or_else(Vec::new, Element::ints)
    }

    /// The tags of an AT.
    pub fn tags(&self, tag: Tag) -> Vec<Tag> {
        let bytes = self.get(tag).and_then(Element::as_bytes);
        let pair = |four: &[u8; 4]| {
            Tag(u16::from_le_bytes([four[0], four[1]]), u16::from_le_bytes([four[2], four[3]]))
        };
        bytes.map_or_else(Vec::new, |bytes| bytes.as_chunks().0.iter().map(pair).collect())
    }

    /// Sets decimal strings. What is no number is left out.
    pub fn put_ds(&mut self, tag: Tag, values: &[f64]) {
        let texts: Vec<String> = values.iter().filter_map(|&value| decimal_text(value)).collect();
        self.put_ascii(tag, VR::DS, &texts.join("\\"));
    }

    /// Sets integer strings.
    pub fn put_is(&mut self, tag: Tag, values: &[i32]) {
        let texts: Vec<String> = values.iter().map(i32::to_string).collect();
        self.put_ascii(tag, VR::IS, &texts.join("\\"));
    }

    /// Sets tags, AT.
    pub fn put_at(&mut self, tag: Tag, values: &[Tag]) {
        let bytes = values.iter().flat_map(|tag| [tag.0.to_le_bytes(), tag.1.to_le_bytes()].concat());
        self.put(Element::bytes(tag, VR::AT, bytes.collect::<Vec<u8>>()));
    }
}

macro_rules! binary_setters {
    ($($name:ident $vr:ident $number:ty, $text:literal;)*) => {
        impl DataSet {
            $(
                #[doc = concat!("Sets ", $text, ".")]
                pub fn $name(&mut self, tag: Tag, values: &[$number]) {
                    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                    self.put(Element::bytes(tag, VR::$vr, bytes));
                }
            )*
        }
    };
}

binary_setters! {
    put_us_values US u16, "US, several of them";
    put_ss SS i16, "SS";
    put_ul UL u32, "UL";
    put_sl SL i32, "SL";
    put_uv UV u64, "UV";
    put_sv SV i64, "SV";
    put_fl FL f32, "FL";
    put_fd FD f64, "FD";
}

impl Element {
    /// The numbers of the value, whether they are binary or text. Values that are no number are left out.
    pub fn floats(&self) -> Vec<f64> {
        let Some(bytes) = self.as_bytes() else { return Vec::new() };
        match self.meaning() {
            VR::FL | VR::OF => {
                bytes.as_chunks().0.iter().map(|&word| f64::from(f32::from_le_bytes(word))).collect()
            }
            VR::FD | VR::OD => bytes.as_chunks().0.iter().map(|&word| f64::from_le_bytes(word)).collect(),
            VR::DS | VR::IS => ascii_values(bytes).filter_map(decimal).collect(),
            _ => self.ints().into_iter().map(|number| number as f64).collect(),
        }
    }

    /// The whole numbers of the value, whether they are binary or text. Values that are none are left out.
    pub fn ints(&self) -> Vec<i64> {
        let Some(bytes) = self.as_bytes() else { return Vec::new() };
        match self.meaning() {
            VR::US | VR::OW => {
                bytes.as_chunks().0.iter().map(|&word| i64::from(u16::from_le_bytes(word))).collect()
            }
            VR::SS => bytes.as_chunks().0.iter().map(|&word| i64::from(i16::from_le_bytes(word))).collect(),
            VR::UL | VR::OL => {
                bytes.as_chunks().0.iter().map(|&word| i64::from(u32::from_le_bytes(word))).collect()
            }
            VR::SL => bytes.as_chunks().0.iter().map(|&word| i64::from(i32::from_le_bytes(word))).collect(),
            VR::SV => bytes.as_chunks().0.iter().map(|&word| i64::from_le_bytes(word)).collect(),
            VR::UV | VR::OV => {
                let words = bytes.as_chunks().0.iter().map(|&word| u64::from_le_bytes(word));
                words.filter_map(|number| i64::try_from(number).ok()).collect()
            }
            VR::DS | VR::IS => ascii_values(bytes).filter_map(integer).collect(),
            _ => Vec::new(),
        }
    }
}

fn ascii_values(bytes: &[u8]) -> impl Iterator<Item = &str> {
    bytes.split(|&byte| byte == b'\\').filter_map(|value| std::str::from_utf8(value).ok())
}
