//! A data set with its patient as they are now.
//!
//! Files stay as they came. Where a patient was merged, corrected, or a study given to another one, whoever gets an instance gets it
//! with the present attributes, and an Original Attributes Sequence (0400,0561; PS3.3, C.12.1.1.9) that says what it had.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use bytes::Bytes;
use klinke_dimse::charset::{Charset, Rules};
use klinke_dimse::data::{self, DataSet, Element, Value};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{Tag, VR, tags};
use klinke_model::Timestamp;

use crate::archive::Archive;
use crate::error::{Error, Result};
use crate::header;
use crate::index::Instance;
use crate::text;

/// What an instance of another patient gets: who that is.
pub(crate) const BY_IDENTITY: &[Tag] = &[
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::ISSUER_OF_PATIENT_ID,
    tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
];

/// Those of [`BY_IDENTITY`] that another patient's instance does not keep, also where nothing takes their place.
const NEVER_KEPT: &[Tag] = &[tags::ISSUER_OF_PATIENT_ID, tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE];

/// Who the patient of an instance is now.
#[derive(Clone, PartialEq)]
pub struct Present {
    /// The attributes that it has to have, texts in UTF-8.
    pub(crate) attributes: DataSet,
    /// Whether it is another patient than the one that it came with.
    pub(crate) is_other: bool,
    /// When that was decided.
    pub(crate) at: Timestamp,
}

impl Present {
    /// Puts the present attributes into a header, and what it had into its Original Attributes Sequence. False where it has them
    /// already; then it is as it was.
    pub fn apply(&self, set: &mut DataSet, rules: &Rules) -> bool {
        let (charset, _) = Charset::of(set, rules);
        let differing: Vec<&Element> =
            self.attributes.iter().filter(|element| !is_same(set, element, &charset)).collect();
        let removed = NEVER_KEPT
            .iter()
            .filter(|tag| self.is_other && self.attributes.get(**tag).is_none() && set.get(**tag).is_some());
        let removed: Vec<Tag> = removed.copied().collect();
        if differing.is_empty() && removed.is_empty() {
            return false;
        }
        let mut charset = charset;
        if !differing.iter().all(|element| fits(element, &charset)) {
            *set = set.recoded(rules, &Charset::UTF_8).set;
            charset = Charset::UTF_8;
        }
        let mut before = DataSet::new();
        for tag in differing.iter().map(|element| element.tag).chain(removed) {
            before.put(set.remove(tag).unwrap_or_else(|| empty(tag)));
        }
        for element in differing {
            set.put(encoded(element, &charset));
        }
        note(set, before, self.at, "COERCE");
        true
    }
}

/// Says in the Original Attributes Sequence (PS3.3, C.12.1.1.9) what a set had before.
pub(crate) fn note(set: &mut DataSet, before: DataSet, at: Timestamp, reason: &str) {
    let mut item = DataSet::new();
    let (year, month, day, hour, minute, second, _) = at.parts();
    let at = format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}+0000");
    item.put_items(tags::MODIFIED_ATTRIBUTES_SEQUENCE, vec![before]);
    item.put_ascii(tags::ATTRIBUTE_MODIFICATION_DATE_TIME, VR::DT, &at);
    item.put_ascii(tags::MODIFYING_SYSTEM, VR::LO, "Klinke");
    item.put_ascii(tags::SOURCE_OF_PREVIOUS_VALUES, VR::LO, "");
    item.put_ascii(tags::REASON_FOR_THE_ATTRIBUTE_MODIFICATION, VR::CS, reason);
    let mut items = set.items(tags::ORIGINAL_ATTRIBUTES_SEQUENCE).to_vec();
    items.push(item);
    set.put_items(tags::ORIGINAL_ATTRIBUTES_SEQUENCE, items);
}

impl std::fmt::Debug for Present {
    /// The attributes are a patient's.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Present")
            .field("is_other", &self.is_other)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// Whether a set has what an element of the index says.
fn is_same(set: &DataSet, element: &Element, charset: &Charset) -> bool {
    let Some(own) = set.get(element.tag) else { return is_empty(element) };
    match (&own.value, &element.value) {
        (Value::Sequence(one), Value::Sequence(other)) => one == other,
        (Value::Bytes(_), Value::Bytes(bytes)) => {
            let tidy = |text: &str| text::trimmed(text).trim_end_matches(['^', '=']).to_owned();
            let own: Vec<String> = own.texts(charset).iter().map(|text| tidy(text)).collect();
            own.join("\\")
                == String::from_utf8_lossy(bytes).split('\\').map(tidy).collect::<Vec<_>>().join("\\")
        }
        _ => false,
    }
}

fn is_empty(element: &Element) -> bool {
    element.items().is_empty() && element.as_bytes().is_none_or(|bytes| bytes.is_empty())
}

fn empty(tag: Tag) -> Element {
    match tag {
        tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE => Element::sequence(tag, Vec::new()),
        _ => Element::bytes(tag, klinke_dimse::dictionary::vr(tag).unwrap_or(VR::LO), Bytes::new()),
    }
}

fn fits(element: &Element, charset: &Charset) -> bool {
    let Some(bytes) = element.as_bytes() else { return charset.is_unicode() || is_plain(element) };
    let fallback = klinke_dimse::charset::Fallback::QuestionMark;
    charset.encode(&String::from_utf8_lossy(bytes), element.vr, fallback).is_faithful()
}

/// Whether the texts of a sequence are ASCII: the same bytes in all character sets.
fn is_plain(element: &Element) -> bool {
    element.items().iter().flat_map(DataSet::iter).all(|one| match &one.value {
        Value::Bytes(bytes) => bytes.is_ascii(),
        _ => is_plain(one),
    })
}

fn encoded(element: &Element, charset: &Charset) -> Element {
    let Some(bytes) = element.as_bytes() else { return element.clone() };
    let mut set = DataSet::new();
    set.put_text(element.tag, element.vr, &String::from_utf8_lossy(bytes), charset);
    set.remove(element.tag).unwrap_or_else(|| element.clone())
}

/// The data set of an instance as it is given: what stands before its pixel data, and the rest of its file.
#[derive(Debug)]
pub struct Given {
    head: io::Cursor<Bytes>,
    file: io::Take<File>,
    is_changed: bool,
}

impl Given {
    /// Bytes that are not yet read.
    pub fn left(&self) -> u64 {
        self.head.get_ref().len() as u64 - self.head.position() + self.file.limit()
    }

    /// Whether it is not as it came.
    pub fn is_changed(&self) -> bool {
        self.is_changed
    }
}

impl Read for Given {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.head.read(buffer)? {
            0 => self.file.read(buffer),
            read => Ok(read),
        }
    }
}

impl Archive {
    /// Who the patient of a study is now, where its instances do not say so themselves.
    pub fn present(&self, study: &str) -> Result<Option<Present>> {
        self.shared.index.present(study)
    }

    /// The data set of an instance with its patient as they are now, in the transfer syntax that it is kept in.
    pub fn given(&self, instance: &Instance) -> Result<Given> {
        match instance.identity_changed {
            0 => self.received(instance),
            _ => match self.present(&instance.study)? {
                Some(present) => self.changed(instance, &present),
                None => self.received(instance),
            },
        }
    }

    /// The data set of an instance as it was received.
    pub fn received(&self, instance: &Instance) -> Result<Given> {
        let mut file = self.open_file(instance)?;
        let offset = u64::from(instance.file.data_offset);
        let left = damaged(instance, seek(&mut file, offset))?;
        Ok(Given { head: io::Cursor::default(), file: file.take(left), is_changed: false })
    }

    fn changed(&self, instance: &Instance, present: &Present) -> Result<Given> {
        let mut given = self.received(instance)?;
        let syntax = TransferSyntax::by_uid(&instance.file.syntax);
        let all = given.left();
        let (mut set, rest) = damaged(instance, header(&mut given.file, &syntax))?;
        if !present.apply(&mut set, self.charset()) {
            return self.received(instance);
        }
        let head = data::write(&set, &syntax)
            .map_err(|error| Error::Unfit(format!("{}: {error}", instance.file.path)))?;
        let offset = u64::from(instance.file.data_offset);
        // A deflated data set is read to its end, and has no rest.
        let rest = rest.unwrap_or(all);
        let mut file = given.file.into_inner();
        let left = damaged(instance, seek(&mut file, offset + rest))?;
        Ok(Given { head: io::Cursor::new(head.into()), file: file.take(left), is_changed: true })
    }
}

/// What stands before the pixel data, and where the pixel data begin; no place where all was read.
fn header(file: &mut impl Read, syntax: &TransferSyntax) -> io::Result<(DataSet, Option<u64>)> {
    let reading = header::read(file, syntax)?;
    if !reading.is_whole() || !reading.skipped.is_empty() {
        // What was not read would be lost.
        return Err(io::Error::other("its header can't be read whole, so that nothing of it can be changed"));
    }
    let place = reading.pixel_data.filter(|_| !syntax.is_deflated());
    Ok((reading.set, place.map(|place| place.offset)))
}

/// Goes to a place of a file, and says how much there is from there.
fn seek(file: &mut File, offset: u64) -> io::Result<u64> {
    file.seek(SeekFrom::Start(offset))?;
    Ok(file.metadata()?.len().saturating_sub(offset))
}

fn damaged<T>(instance: &Instance, result: io::Result<T>) -> Result<T> {
    result.map_err(|error| Error::Damaged(format!("{}: {error}", instance.file.path)))
}
