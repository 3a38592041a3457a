//! One file: what is in it, wherever its data set begins.
//!
//! Orthanc keeps its files without names that say anything, and may keep them as a zlib stream behind eight bytes with the length
//! of what is in it, little endian. Such a file is read as what is in it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use bytes::Bytes;
use flate2::read::ZlibDecoder;
use klinke_dimse::charset::Rules;
use klinke_dimse::data::{DataSet, Limits, PixelDataUse};
use klinke_dimse::{file, tags, uids};

/// As much of a file as its head and its identity may need.
const HEAD_SIZE_BYTES_MAX: u64 = 1 << 20;
/// A directory is read whole.
const DIRECTORY_SIZE_BYTES_MAX: u64 = 512 << 20;
/// The length before a zlib stream.
const PACKED_HEAD_SIZE_BYTES: u64 = 8;
/// What a file may become when it is unpacked.
const UNPACKED_SIZE_BYTES_MAX: u64 = 16 << 30;

/// What is in a file.
#[derive(Debug)]
pub enum Content {
    /// An instance.
    Instance(FileIdentity),
    /// A DICOMDIR.
    Directory(Box<DataSet>),
    /// No DICOM.
    Other,
}

/// What a file tells of the instance in it.
#[derive(Clone, PartialEq, Eq)]
pub struct FileIdentity {
    /// SOP Class UID.
    pub class: String,
    /// SOP Instance UID.
    pub instance: String,
    /// Transfer Syntax UID.
    pub syntax: String,
    /// Study Instance UID.
    pub study: String,
    /// Series Instance UID.
    pub series: String,
    /// Patient ID, in UTF-8.
    pub patient: String,
    /// Study Date, as it is.
    pub date: String,
    /// Modality.
    pub modality: String,
    /// Whether it has the attributes of an image and ends before its pixel data.
    pub lacks_pixels: bool,
    data_set_offset: u64,
    is_packed: bool,
}

impl Content {
    /// Looks into a file. The error says what is wrong with what looked like an instance.
    pub fn open(path: &Path, charset: &Rules) -> Result<Content, String> {
        let failed = |error: io::Error| error.to_string();
        let mut source = File::open(path).map_err(failed)?;
        let mut head = Vec::new();
        source.by_ref().take(HEAD_SIZE_BYTES_MAX).read_to_end(&mut head).map_err(failed)?;
        let is_packed = is_packed(&head);
        let mut is_whole = (head.len() as u64) < HEAD_SIZE_BYTES_MAX;
        if is_packed {
            let mut unpacked = Vec::new();
            let mut reader = unpacked_from(path).map_err(failed)?;
            if reader.by_ref().take(HEAD_SIZE_BYTES_MAX).read_to_end(&mut unpacked).is_err() {
                return Ok(Content::Other);
            }
            is_whole = (unpacked.len() as u64) < HEAD_SIZE_BYTES_MAX;
            head = unpacked;
        }
        let Ok(opened) = file::open(Bytes::from(head), &Limits::header(), PixelDataUse::Stop) else {
            return Ok(Content::Other);
        };
        let uid = |own, of_meta| {
            let uid = opened.set.ascii(own).or_else(|| opened.meta.ascii(of_meta));
            uid.unwrap_or_default().to_owned()
        };
        let class = uid(tags::SOP_CLASS_UID, tags::MEDIA_STORAGE_SOP_CLASS_UID);
        if class == uids::MEDIA_STORAGE_DIRECTORY_STORAGE {
            return directory(path);
        }
        let instance = uid(tags::SOP_INSTANCE_UID, tags::MEDIA_STORAGE_SOP_INSTANCE_UID);
        let text = |tag| opened.set.ascii(tag).unwrap_or_default().to_owned();
        let patient = crate::text::kept(&opened.set, &[tags::PATIENT_ID], charset);
        // What only looks like elements is no DICOM; what has a head is meant to be some.
        if instance.is_empty() && opened.meta.is_empty() && text(tags::STUDY_INSTANCE_UID).is_empty() {
            return Ok(Content::Other);
        }
        Ok(Content::Instance(FileIdentity {
            class,
            instance,
            syntax: opened.syntax.uid().to_owned(),
            study: text(tags::STUDY_INSTANCE_UID),
            series: text(tags::SERIES_INSTANCE_UID),
            patient: crate::text::first(&patient, tags::PATIENT_ID).unwrap_or_default().to_owned(),
            date: text(tags::STUDY_DATE),
            modality: text(tags::MODALITY),
            lacks_pixels: is_whole
                && opened.pixel_data.is_none()
                && opened.set.int(tags::ROWS).is_some_and(|rows| rows > 0),
            data_set_offset: opened.data_set_offset,
            is_packed,
        }))
    }
}

impl FileIdentity {
    /// The data set of the file.
    pub fn data_set(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        if !self.is_packed {
            let mut source = File::open(path)?;
            source.seek(SeekFrom::Start(self.data_set_offset))?;
            return Ok(Box::new(source));
        }
        let mut reader = unpacked_from(path)?;
        io::copy(&mut reader.by_ref().take(self.data_set_offset), &mut io::sink())?;
        Ok(Box::new(reader))
    }
}

impl std::fmt::Debug for FileIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("FileIdentity");
        shown.field("study", &self.study).field("instance", &self.instance).finish_non_exhaustive()
    }
}

/// A zlib stream behind its length: the two bytes of its head are a multiple of 31 (RFC 1950).
fn is_packed(head: &[u8]) -> bool {
    let Some((length, stream)) = head.split_first_chunk::<8>() else { return false };
    let [one, other, ..] = stream else { return false };
    let length = u64::from_le_bytes(*length);
    one & 0x0F == 8
        && (u16::from(*one) << 8 | u16::from(*other)).is_multiple_of(31)
        && (1..=UNPACKED_SIZE_BYTES_MAX).contains(&length)
}

fn unpacked_from(path: &Path) -> io::Result<impl Read + use<>> {
    let mut source = File::open(path)?;
    source.seek(SeekFrom::Start(PACKED_HEAD_SIZE_BYTES))?;
    Ok(ZlibDecoder::new(source).take(UNPACKED_SIZE_BYTES_MAX))
}

fn directory(path: &Path) -> Result<Content, String> {
    let failed = |error: io::Error| error.to_string();
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > DIRECTORY_SIZE_BYTES_MAX {
        return Err(format!("a directory of {size} bytes is too large"));
    }
    let limits = Limits { elements: 50_000_000, total: DIRECTORY_SIZE_BYTES_MAX, ..Limits::default() };
    let bytes = std::fs::read(path).map_err(failed)?;
    let opened = file::open(bytes, &limits, PixelDataUse::Skip).map_err(|error| error.to_string())?;
    Ok(Content::Directory(Box::new(opened.set)))
}
