//! The directory of a medium: DICOMDIR (PS3.3, Annex F; PS3.10, section 8.6), as general purpose media have it (PS3.11, Annex D).
//!
//! Records hang together by the bytes at which they begin. All lengths are explicit, so these are known before anything is
//! written. What the profile wants and an instance does not have is made up from what it has: a date from another date, a number by
//! counting.
//!
//! Not written: icons, records of what has no directory record in Table F.4-1.

mod keys;

use bytes::Bytes;
use dicom_core::{Tag, VR};

use crate::data::{self, DataSet, Element};
use crate::file::Meta;
use crate::syntax::TransferSyntax;
use crate::{tags, uids};

pub use keys::Kind;

/// A component of a File ID has at most so many characters (PS3.10, section 8.2).
pub const COMPONENT_LENGTH_MAX: usize = 8;
/// A File ID has at most so many components.
pub const COMPONENTS_MAX: usize = 8;
const SEQUENCE_HEAD_SIZE_BYTES: usize = 12;
const ITEM_HEAD_SIZE_BYTES: usize = 8;

/// Why an instance is in no directory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no directory record for its SOP class.
    #[error("there is no directory record for SOP class {0}")]
    NoRecord(String),
    /// An identifying attribute is missing.
    #[error("it has no {0}")]
    Missing(&'static str),
    /// The File ID is none.
    #[error("a File ID has 1 to 8 components of 1 to 8 characters out of A-Z, 0-9 and _")]
    FileId,
    /// The directory is larger than its offsets reach.
    #[error("the directory would be larger than 4 GiB")]
    TooLarge,
}

/// A directory in the making.
#[derive(Debug, Default)]
pub struct Directory {
    patients: Vec<Node>,
}

/// A record and those below it.
#[derive(Debug)]
struct Node {
    /// What makes it one with others: an ID or UID.
    key: String,
    record: DataSet,
    below: Vec<Node>,
}

/// What a file's head says of the instance in it, as the medium has it.
#[derive(Clone, Copy, Debug)]
pub struct Leaf<'a> {
    /// SOP class UID.
    pub class: &'a str,
    /// SOP instance UID.
    pub instance: &'a str,
    /// Transfer syntax UID.
    pub syntax: &'a str,
    /// Its File ID: components below the medium's root.
    pub file_id: &'a [&'a str],
}

impl Directory {
    /// An empty one.
    pub fn new() -> Self {
        Directory::default()
    }

    /// Adds an instance by its header.
    ///
    /// # Errors
    ///
    /// Where it can't be in a directory; then the directory is as it was.
    pub fn add(&mut self, set: &DataSet, leaf: Leaf<'_>) -> Result<(), Error> {
        let kind = Kind::of(leaf.class, set).ok_or_else(|| Error::NoRecord(leaf.class.to_owned()))?;
        if !is_file_id(leaf.file_id) {
            return Err(Error::FileId);
        }
        let uid = |tag, name| set.ascii(tag).map(str::to_owned).ok_or(Error::Missing(name));
        let study = uid(tags::STUDY_INSTANCE_UID, "Study Instance UID (0020,000D)")?;
        let series = uid(tags::SERIES_INSTANCE_UID, "Series Instance UID (0020,000E)")?;
        // Two patients of one ID and different issuers are two records only where their names differ.
        let raw = |tag| set.raw(tag).map(String::from_utf8_lossy).unwrap_or_default().into_owned();
        let patient = format!("{}\n{}", raw(tags::PATIENT_ID), raw(tags::PATIENT_NAME));
        let node = node_of(&mut self.patients, &patient, || keys::patient(set, &study));
        let node = node_of(&mut node.below, &study, || keys::study(set));
        let number = node.below.len() + 1;
        let node = node_of(&mut node.below, &series, || keys::series(set, number));
        let number = node.below.len() + 1;
        let mut record = keys::instance(set, kind, number);
        record.put_ascii(tags::REFERENCED_FILE_ID, VR::CS, &leaf.file_id.join("\\"));
        record.put_ascii(tags::REFERENCED_SOP_CLASS_UID_IN_FILE, VR::UI, leaf.class);
        record.put_ascii(tags::REFERENCED_SOP_INSTANCE_UID_IN_FILE, VR::UI, leaf.instance);
        record.put_ascii(tags::REFERENCED_TRANSFER_SYNTAX_UID_IN_FILE, VR::UI, leaf.syntax);
        node.below.push(Node { key: leaf.instance.to_owned(), record, below: Vec::new() });
        Ok(())
    }

    /// The file: `DICOMDIR`. `name` is the File-set ID: up to 16 characters out of A-Z, 0-9, _ and space.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`].
    pub fn to_bytes(&self, name: &str, instance: &str) -> Result<Vec<u8>, Error> {
        let head = Meta::of(uids::MEDIA_STORAGE_DIRECTORY_STORAGE, instance, uids::EXPLICIT_VR_LITTLE_ENDIAN)
            .to_bytes();
        let flat = self.flat();
        let before = root(name, 0, 0);
        // Offsets have a fixed size: what they are does not move what follows.
        let mut at = head.len() + written(&before).len() + SEQUENCE_HEAD_SIZE_BYTES;
        let mut offsets = Vec::with_capacity(flat.len());
        let mut total = 0;
        for one in &flat {
            offsets.push(u32::try_from(at).map_err(|_| Error::TooLarge)?);
            let size = ITEM_HEAD_SIZE_BYTES + written(&linked(one.record, 0, 0)).len();
            at += size;
            total += size;
        }
        let offset = |index: Option<usize>| index.map_or(0, |index| offsets[index]);
        let first = (!flat.is_empty()).then_some(0);
        let last = flat.iter().rposition(|one| one.depth == 0);
        let mut out = head;
        out.extend(written(&root(name, offset(first), offset(last))));
        out.extend([0x04, 0x00, 0x20, 0x12, b'S', b'Q', 0, 0]);
        out.extend(u32::try_from(total).map_err(|_| Error::TooLarge)?.to_le_bytes());
        for one in &flat {
            let item = written(&linked(one.record, offset(one.next), offset(one.first)));
            out.extend([0xFE, 0xFF, 0x00, 0xE0]);
            out.extend(u32::try_from(item.len()).map_err(|_| Error::TooLarge)?.to_le_bytes());
            out.extend(item);
        }
        Ok(out)
    }

    /// All records in the order in which they are written: each before those below it.
    fn flat(&self) -> Vec<Flat<'_>> {
        let mut all = Vec::new();
        flatten(&self.patients, 0, &mut all);
        all
    }
}

/// A record in its place.
struct Flat<'a> {
    record: &'a DataSet,
    depth: usize,
    /// The next record of the same directory entity.
    next: Option<usize>,
    /// The first record of the entity below.
    first: Option<usize>,
}

fn flatten<'a>(nodes: &'a [Node], depth: usize, all: &mut Vec<Flat<'a>>) {
    let mut before: Option<usize> = None;
    for node in nodes {
        let index = all.len();
        if let Some(before) = before.replace(index) {
            all[before].next = Some(index);
        }
        all.push(Flat { record: &node.record, depth, next: None, first: None });
        if !node.below.is_empty() {
            all[index].first = Some(index + 1);
            flatten(&node.below, depth + 1, all);
        }
    }
}

fn node_of<'a>(nodes: &'a mut Vec<Node>, key: &str, record: impl FnOnce() -> DataSet) -> &'a mut Node {
    let index = nodes.iter().position(|node| node.key == key).unwrap_or_else(|| {
        nodes.push(Node { key: key.to_owned(), record: record(), below: Vec::new() });
        nodes.len() - 1
    });
    &mut nodes[index]
}

/// The elements before the sequence.
fn root(name: &str, first: u32, last: u32) -> DataSet {
    let mut set = DataSet::new();
    set.put_ascii(tags::FILE_SET_ID, VR::CS, name);
    put_ul(&mut set, tags::OFFSET_OF_THE_FIRST_DIRECTORY_RECORD_OF_THE_ROOT_DIRECTORY_ENTITY, first);
    put_ul(&mut set, tags::OFFSET_OF_THE_LAST_DIRECTORY_RECORD_OF_THE_ROOT_DIRECTORY_ENTITY, last);
    set.put_us(tags::FILE_SET_CONSISTENCY_FLAG, 0);
    set
}

/// A record with its links.
fn linked(record: &DataSet, next: u32, first: u32) -> DataSet {
    let mut set = record.clone();
    put_ul(&mut set, tags::OFFSET_OF_THE_NEXT_DIRECTORY_RECORD, next);
    set.put_us(tags::RECORD_IN_USE_FLAG, 0xFFFF);
    put_ul(&mut set, tags::OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY, first);
    set
}

fn put_ul(set: &mut DataSet, tag: Tag, value: u32) {
    set.put(Element::bytes(tag, VR::UL, Bytes::copy_from_slice(&value.to_le_bytes())));
}

fn written(set: &DataSet) -> Vec<u8> {
    // Records have no fragments and no value near 4 GiB.
    data::write(set, &TransferSyntax::EXPLICIT).unwrap_or_default()
}

fn is_file_id(components: &[&str]) -> bool {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let is_plain = |one: &&str| (1..=COMPONENT_LENGTH_MAX).contains(&one.len()) && one.bytes().all(plain);
    (1..=COMPONENTS_MAX).contains(&components.len()) && components.iter().all(is_plain)
}
