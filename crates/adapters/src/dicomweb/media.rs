//! Media types and what is acceptable (PS3.18, section 8.7; RFC 9110, section 12.5.1).

use hyper::HeaderMap;
use hyper::header;

use super::fault::{Fault, Result};
use super::query::Parameters;

/// More ranges are not looked at.
const RANGES_MAX: usize = 64;

/// A media type, or a range of them, with its parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Media {
    /// Type and subtype in small letters; a star for any.
    pub kind: String,
    pub subtype: String,
    /// Names in small letters, values without quotation marks.
    parameters: Vec<(String, String)>,
}

impl Media {
    /// Reads one; nothing where it is none.
    pub fn parse(text: &str) -> Option<Media> {
        let mut parts = split(text, ';').into_iter();
        let (kind, subtype) = parts.next()?.trim().split_once('/')?;
        let parameters = parts.filter_map(|part| {
            let (name, value) = part.split_once('=')?;
            Some((name.trim().to_ascii_lowercase(), unquoted(value.trim())))
        });
        let token = |text: &str| {
            let plain = |byte: u8| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?={}".contains(&byte);
            (!text.is_empty() && text.bytes().all(plain)).then(|| text.to_ascii_lowercase())
        };
        Some(Media {
            kind: token(kind.trim())?,
            subtype: token(subtype.trim())?,
            parameters: parameters.collect(),
        })
    }

    /// A parameter's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// Type and subtype.
    pub fn name(&self) -> String {
        format!("{}/{}", self.kind, self.subtype)
    }

    /// Whether it is this type, or a range that holds it.
    pub fn holds(&self, name: &str) -> bool {
        let (kind, subtype) = name.split_once('/').unwrap_or((name, ""));
        (self.kind == "*" || self.kind == kind) && (self.subtype == "*" || self.subtype == subtype)
    }

    /// Whether it is several parts of this type, or a range that holds these.
    pub fn holds_parts_of(&self, name: &str) -> bool {
        self.holds("multipart/related")
            && self.get("type").is_none_or(|of| Media::parse(of).is_some_and(|of| of.holds(name)))
    }

    /// Its transfer syntax parameter, without the padding that some send.
    pub fn transfer_syntax(&self) -> Option<&str> {
        self.get("transfer-syntax").map(|one| one.trim_matches([' ', '\0']))
    }

    /// Its quality value in thousandths.
    fn quality(&self) -> u32 {
        let quality = self.get("q").and_then(|one| one.parse::<f32>().ok()).filter(|one| one.is_finite());
        // Between 0 and 1000.
        (quality.unwrap_or(1.0).clamp(0.0, 1.0) * 1000.0) as u32
    }

    /// How closely it says what is wanted.
    fn closeness(&self) -> u8 {
        u8::from(self.kind != "*") + u8::from(self.subtype != "*")
    }
}

/// What is acceptable, the best first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Accept(Vec<Media>);

impl Accept {
    /// Of the query parameter `accept` (PS3.18, section 8.3.3.1), else of the header; all where neither says anything.
    pub fn of(headers: &HeaderMap, parameters: &Parameters) -> Result<Accept> {
        let of_query: Vec<&str> = parameters.all("accept").collect();
        let texts = match of_query.is_empty() {
            false => of_query,
            true => headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect(),
        };
        Accept::parse(&texts)
    }

    fn parse(texts: &[&str]) -> Result<Accept> {
        let mut ranges = Vec::new();
        for one in texts.iter().flat_map(|text| split(text, ',')).filter(|one| !one.trim().is_empty()) {
            ranges.push(Media::parse(one).ok_or_else(|| Fault::bad("Accept holds what is no media type"))?);
            if ranges.len() > RANGES_MAX {
                return Err(Fault::bad(format!("Accept holds more than {RANGES_MAX} media types")));
            }
        }
        if ranges.is_empty() {
            ranges.push(Media { kind: "*".into(), subtype: "*".into(), parameters: Vec::new() });
        }
        ranges.retain(|range| range.quality() > 0);
        // The sort is stable: what stands first is preferred among equals.
        ranges
            .sort_by_key(|range| (std::cmp::Reverse(range.quality()), std::cmp::Reverse(range.closeness())));
        Ok(Accept(ranges))
    }

    /// The ranges, the best first.
    pub fn ranges(&self) -> impl Iterator<Item = &Media> {
        self.0.iter()
    }

    /// The best of what can be given; of equals, the first.
    pub fn choose<T: Copy>(&self, offers: &[(&str, T)]) -> Option<T> {
        self.ranges().find_map(|range| offers.iter().find(|(name, _)| range.holds(name)).map(|(_, one)| *one))
    }
}

/// In how many ways data sets are written for whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Model {
    /// DICOM JSON, under this media type.
    Json(&'static str),
    /// Native DICOM Model, in parts.
    Xml,
}

impl Accept {
    /// The form of data sets (PS3.18, Table 8.7.3-2 and section 8.7.3.4).
    pub fn model(&self) -> Result<Model> {
        let json = "application/dicom+json";
        let of = |range: &Media| {
            if range.holds(json) {
                return Some(Model::Json(json));
            }
            if range.holds("application/json") {
                return Some(Model::Json("application/json"));
            }
            let is_xml =
                range.holds_parts_of("application/dicom+xml") || range.holds("application/dicom+xml");
            is_xml.then_some(Model::Xml)
        };
        self.ranges().find_map(of).ok_or_else(|| {
            Fault::unacceptable(
                "given are application/dicom+json and multipart/related; type=\"application/dicom+xml\"",
            )
        })
    }
}

/// The parts between separators that do not stand between quotation marks.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut is_quoted, mut is_escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            c if c == separator && !is_quoted => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn unquoted(text: &str) -> String {
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inner) => inner.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => text.to_owned(),
    }
}

/// The media type of frames and bulk data in a transfer syntax (PS3.18, Table 8.7.3-5).
pub(super) fn of_syntax(transfer_syntax: &str) -> &'static str {
    match transfer_syntax {
        "1.2.840.10008.1.2.5" => "image/dicom-rle",
        "1.2.840.10008.1.2.8.1" => "application/x-deflate",
        other => match other.strip_prefix("1.2.840.10008.1.2.4.") {
            Some("80" | "81") => "image/jls",
            Some("90" | "91") => "image/jp2",
            Some("92" | "93") => "image/jpx",
            Some("201" | "202" | "203") => "image/jphc",
            Some("110" | "111" | "112") => "image/jxl",
            Some("100" | "100.1" | "101" | "101.1") => "video/mpeg2",
            Some("102" | "102.1" | "103" | "103.1" | "104" | "104.1" | "105" | "105.1" | "106" | "106.1") => {
                "video/mp4"
            }
            Some("107" | "108") => "video/H265",
            Some(process) if process.parse::<u32>().is_ok_and(|process| (50..=70).contains(&process)) => {
                "image/jpeg"
            }
            _ => "application/octet-stream",
        },
    }
}

/// The transfer syntax that a media type means where none is named (PS3.18, Table 8.7.3-5).
pub(super) fn default_syntax(media: &str) -> Option<&'static str> {
    Some(match media {
        "application/octet-stream" | "application/dicom" | "*/*" => "1.2.840.10008.1.2.1",
        "image/dicom-rle" => "1.2.840.10008.1.2.5",
        "image/jpeg" => "1.2.840.10008.1.2.4.70",
        "image/jls" => "1.2.840.10008.1.2.4.80",
        "image/jp2" => "1.2.840.10008.1.2.4.90",
        "image/jpx" => "1.2.840.10008.1.2.4.92",
        "image/jphc" => "1.2.840.10008.1.2.4.201",
        "image/jxl" => "1.2.840.10008.1.2.4.110",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(text: &str) -> Accept {
        Accept::parse(&[text]).expect("media types")
    }

    #[test]
    fn quality_and_order() {
        let all = accept("image/png;q=0.5, image/jpeg, */*;q=0.1, text/html;q=0");
        let names: Vec<String> = all.ranges().map(Media::name).collect();
        assert_eq!(names, ["image/jpeg", "image/png", "*/*"]);
        assert_eq!(all.choose(&[("image/png", 1), ("image/jpeg", 2)]), Some(2));
        assert_eq!(accept("image/gif").choose(&[("image/png", 1)]), None);
    }

    #[test]
    fn parts_with_types_between_quotation_marks() {
        let text = "multipart/related; type=\"application/dicom; x=\\\"a,b\\\"\"; transfer-syntax=*, a/b";
        let all = accept(text);
        let first = all.ranges().next().expect("one");
        assert!(first.holds_parts_of("application/dicom") && !first.holds_parts_of("image/jpeg"));
        assert_eq!((first.transfer_syntax(), all.ranges().count()), (Some("*"), 2));
    }

    #[test]
    fn forms_of_data_sets() {
        assert_eq!(accept("*/*").model(), Ok(Model::Json("application/dicom+json")));
        assert_eq!(accept("application/json").model(), Ok(Model::Json("application/json")));
        assert_eq!(accept("multipart/related; type=\"application/dicom+xml\"").model(), Ok(Model::Xml));
        assert_eq!(accept("text/html").model().expect_err("none").status, 406);
        assert!(Accept::parse(&["nonsense"]).is_err() && Accept::parse(&["a/b/c"]).is_err());
    }
}
