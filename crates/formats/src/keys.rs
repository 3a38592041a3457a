//! Search keys: by what people find envelopes.
//!
//! | key | HL7 v2 | files of DICOM |
//! |---|---|---|
//! | patient | PID-3.1 of every repetition, PID-2.1; in merges MRG-1.1 too | Patient ID |
//! | case | PV1-19.1, PID-18.1 | Admission ID |
//! | order | ORC-2.1, ORC-3.1, OBR-2.1, OBR-3.1 of every order | Accession Number |
//! | control | MSH-10 | SOP Instance UID, Study Instance UID |
//! | event | MSH-9.1 and MSH-9.2, as `ADT^A01` | Modality |
//! | path | every value at a path that the site names | |

use std::cell::RefCell;

use bytes::Bytes;
use klinke_dimse::charset::{Charset, Rules};
use klinke_dimse::tags;
use klinke_hl7v2::message::{Options, Segment};
use klinke_hl7v2::{Index, Message, Path};
use klinke_store::{KeyName, Keys};

use crate::{dicom, hl7v2};

/// Most keys of one envelope: a batch may hold thousands of messages.
const KEYS_MAX: usize = 1_000;
/// Longest value that is kept as a key, in bytes.
const VALUE_BYTES_MAX: usize = 200;
/// Longest text of one envelope for free-text search, in bytes.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Fields that are longer are documents, not text to search.
const FIELD_BYTES_MAX: usize = 8 * 1024;

/// Finds search keys in payloads of all formats.
#[derive(Debug, Default)]
pub struct SearchKeys {
    /// Paths that the site names, as it writes them.
    paths: Vec<(String, Path)>,
    text: bool,
}

thread_local! {
    /// The index's memory, for the next payload.
    static INDEX: RefCell<Index> = RefCell::new(Index::new());
}

impl SearchKeys {
    /// The standard's keys alone.
    pub fn new() -> Self {
        SearchKeys::default()
    }

    /// With paths that the site names; an error names the path that is none.
    pub fn with_paths<'a>(mut self, paths: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        for text in paths {
            let path = Path::new(text).map_err(|error| format!("`{text}`: {error}"))?;
            if path.field().is_none() {
                return Err(format!("`{text}`: a search key is a field, not a segment"));
            }
            self.paths.push((text.to_owned(), path));
        }
        Ok(self)
    }

    /// With the text of payloads, for free-text search.
    #[must_use]
    pub fn with_text(mut self) -> Self {
        self.text = true;
        self
    }
}

/// Collects keys, each once.
#[derive(Default)]
struct Found(Vec<(KeyName, String)>);

impl Found {
    fn add(&mut self, name: KeyName, value: &str) {
        let value = value.trim();
        let fits = !value.is_empty() && value.len() <= VALUE_BYTES_MAX && self.0.len() < KEYS_MAX;
        if fits && !self.0.iter().any(|(known, text)| *known == name && text == value) {
            self.0.push((name, value.to_owned()));
        }
    }

    /// The first component of a field, of every repetition.
    fn add_all(&mut self, name: &KeyName, segment: &Segment<'_>, number: usize) {
        let Some(field) = segment.field(number).filter(|field| !field.raw().is_empty()) else { return };
        for repetition in field.repetitions() {
            if let Some(first) = repetition.component(1) {
                self.add(name.clone(), &first.text());
            }
        }
    }
}

fn collect(message: &Message) -> Found {
    let mut found = Found::default();
    for segment in message.segments() {
        match &segment.name_bytes() {
            b"MSH" => {
                found.add_all(&KeyName::Control, &segment, 10);
                let event = segment.field(9).map(|field| {
                    let piece = |number| field.component(number).map(|part| part.text()).unwrap_or_default();
                    let (kind, trigger) = (piece(1), piece(2));
                    if trigger.is_empty() { kind.into_owned() } else { format!("{kind}^{trigger}") }
                });
                found.add(KeyName::Event, &event.unwrap_or_default());
            }
            b"PID" => {
                found.add_all(&KeyName::Patient, &segment, 3);
                found.add_all(&KeyName::Patient, &segment, 2);
                found.add_all(&KeyName::Case, &segment, 18);
            }
            b"MRG" => found.add_all(&KeyName::Patient, &segment, 1),
            b"PV1" => found.add_all(&KeyName::Case, &segment, 19),
            b"ORC" | b"OBR" => {
                found.add_all(&KeyName::Order, &segment, 2);
                found.add_all(&KeyName::Order, &segment, 3);
            }
            _ => {}
        }
    }
    found
}

/// The keys of an instance.
fn instance(payload: &[u8]) -> Found {
    let mut found = Found::default();
    let Some(set) = dicom::head(payload) else { return found };
    let charset = Charset::of(&set, &Rules::default()).0;
    for (name, tag) in [
        (KeyName::Patient, tags::PATIENT_ID),
        (KeyName::Case, tags::ADMISSION_ID),
        (KeyName::Order, tags::ACCESSION_NUMBER),
        (KeyName::Control, tags::SOP_INSTANCE_UID),
        (KeyName::Control, tags::STUDY_INSTANCE_UID),
        (KeyName::Event, tags::MODALITY),
    ] {
        found.add(name, &set.text(tag, &charset).unwrap_or_default());
    }
    found
}

/// Opens a message with the thread's index and gives the memory back.
fn with_message<T>(payload: &[u8], use_it: impl FnOnce(&Message) -> T) -> Option<T> {
    INDEX.with_borrow_mut(|index| {
        let bytes = Bytes::copy_from_slice(payload);
        let message = Message::parse_reusing(std::mem::take(index), bytes, &Options::default()).ok()?;
        let result = use_it(&message);
        *index = message.into_index();
        Some(result)
    })
}

impl Keys for SearchKeys {
    fn keys(&self, format: &str, payload: &[u8]) -> Vec<(KeyName, String)> {
        if format == dicom::NAME {
            return instance(payload).0;
        }
        if format != hl7v2::NAME {
            return Vec::new();
        }
        let found = with_message(payload, |message| {
            let mut found = collect(message);
            for (text, path) in &self.paths {
                for placed in message.get_all(path) {
                    found.add(KeyName::Path(text.clone()), &placed.part.text());
                }
            }
            found.0
        });
        found.unwrap_or_default()
    }

    fn text(&self, format: &str, payload: &[u8]) -> Option<String> {
        if !self.text {
            return None;
        }
        let mut text = if format == hl7v2::NAME {
            with_message(payload, text_of)?
        } else if format == "text" {
            String::from_utf8_lossy(&payload[..payload.len().min(TEXT_BYTES_MAX)]).into_owned()
        } else {
            return None;
        };
        let end =
            (0..=text.len().min(TEXT_BYTES_MAX)).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
        Some(text)
    }
}

/// The words of a message's fields, separated by blanks.
fn text_of(message: &Message) -> String {
    let mut out = String::new();
    for segment in message.segments() {
        for (_, field) in segment.fields().filter(|(_, field)| !field.raw().is_empty()) {
            if out.len() > TEXT_BYTES_MAX {
                return out;
            }
            if field.raw().len() > FIELD_BYTES_MAX {
                continue;
            }
            for repetition in field.repetitions() {
                for component in repetition.components().flat_map(|component| component.subcomponents()) {
                    let text = component.plain_text();
                    if !text.is_empty() {
                        out.push_str(&text);
                        out.push(' ');
                    }
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORU: &str = "MSH|^~\\&|LIS|LAB|KIS|HAUS|20260301||ORU^R01^ORU_R01|4711|P|2.5\r\
        PID|1|0815|123^^^KIS^PI~987^^^KV^NI||M\\F\\ller^Hans|||||||||||||F100^^^KIS\r\
        PV1|1|I|I1|||||||||||||||F100^^^KIS^VN\r\
        ORC|RE|A1|B1\rOBR|1|A1^KIS|B1|X\rOBX|1|NM|K||4.1\rORC|RE|A2|B2\rOBR|2|A2|B2|Y\r\
        OBX|2|FT|T||erste\\.br\\zweite Zeile\r";

    fn texts(keys: Vec<(KeyName, String)>) -> Vec<String> {
        keys.into_iter().map(|(name, value)| format!("{}={value}", name.as_str())).collect()
    }

    #[test]
    fn every_key_is_found_once() {
        let keys = SearchKeys::new().with_paths(["OBX[*]-3.1", "PV1-3.1"]).expect("paths");
        assert_eq!(
            texts(keys.keys("hl7v2", ORU.as_bytes())),
            [
                "control=4711",
                "event=ORU^R01",
                "patient=123",
                "patient=987",
                "patient=0815",
                "case=F100",
                "order=A1",
                "order=B1",
                "order=A2",
                "order=B2",
                "OBX[*]-3.1=K",
                "OBX[*]-3.1=T",
                "PV1-3.1=I1",
            ]
        );
    }

    #[test]
    fn what_is_no_message_has_no_keys() {
        let keys = SearchKeys::new().with_text();
        for payload in [&b""[..], b"\x00\xff", b"MSH", b"MSH|", b"PID|1||2"] {
            assert_eq!(keys.keys("hl7v2", payload), Vec::new());
        }
        assert_eq!(keys.keys("bytes", ORU.as_bytes()), Vec::new());
        assert_eq!(keys.text("bytes", ORU.as_bytes()), None);
        let after = keys.keys("hl7v2", ORU.as_bytes());
        assert_eq!(after.len(), 10, "the index serves again after a payload that is none");
    }

    #[test]
    fn text_for_search_has_words_and_no_separators() {
        let text = SearchKeys::new().with_text().text("hl7v2", ORU.as_bytes()).expect("a text");
        assert!(text.contains("M|ller Hans") && text.contains("erste\nzweite Zeile"), "{text}");
        assert_eq!(SearchKeys::new().text("hl7v2", ORU.as_bytes()), None);
    }

    #[test]
    fn wrong_paths_are_named() {
        let error = |path: &str| SearchKeys::new().with_paths([path]).expect_err("no path");
        assert!(error("PID-").starts_with("`PID-`: path, character 5"), "{}", error("PID-"));
        assert_eq!(error("PID"), "`PID`: a search key is a field, not a segment");
    }
}
