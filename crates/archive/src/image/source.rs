//! The header of an instance's file, read as far as is needed, and where its pixel data are.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

use bytes::Bytes;
use klinke_dimse::charset::Rules;
use klinke_dimse::data::{self, DataSet};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{Tag, VR};

use super::Result;
use crate::archive::Archive;
use crate::header::{self, LIMITS};
use crate::index::Instance;

/// What stands behind pixel data is small: padding, signatures.
const TAIL_SIZE_BYTES_MAX: u64 = 64 << 20;
/// More fragments than anybody has.
const FRAGMENTS_MAX: usize = 4_000_000;
const ITEM: [u8; 4] = [0xFE, 0xFF, 0x00, 0xE0];
const DELIMITER: [u8; 4] = [0xFE, 0xFF, 0xDD, 0xE0];

/// An instance that is open: its header was read.
pub struct Source {
    /// Which.
    pub instance: Instance,
    /// Its file.
    pub file: File,
    /// Everything but the pixel data.
    pub set: DataSet,
    /// Where the pixel data are, if there are any.
    pub pixels: Option<Pixels>,
    /// How its character sets are understood.
    pub rules: Rules,
}

/// Pixel data in a file.
pub struct Pixels {
    /// Their element: of integers, or of numbers with a point.
    pub tag: Tag,
    /// Their VR.
    pub vr: VR,
    /// Where they are.
    pub place: Place,
}

/// Where they are.
pub enum Place {
    /// One value in the file.
    Native {
        /// Where in the file.
        offset: u64,
        /// How many bytes.
        length: u64,
    },
    /// Fragments in the file: the offset table first.
    Fragments(Vec<(u64, u32)>),
    /// The data set is deflated: they were read with it, and are in the set.
    Held,
}

impl Source {
    /// Reads the header of an instance, with its patient as they are now. Blocks.
    pub fn open(archive: &Archive, instance: Instance) -> Result<Source> {
        let mut source = Source::received(archive, instance)?;
        if source.instance.identity_changed != 0
            && let Some(present) = archive.present(&source.instance.study)?
        {
            present.apply(&mut source.set, &source.rules);
        }
        Ok(source)
    }

    fn received(archive: &Archive, instance: Instance) -> Result<Source> {
        let mut file = archive.open_file(&instance)?;
        let syntax = TransferSyntax::by_uid(&instance.file.syntax);
        let start = u64::from(instance.file.data_offset);
        file.seek(SeekFrom::Start(start))?;
        if syntax.is_deflated() {
            return deflated(file, instance, &syntax, *archive.charset());
        }
        let reading = header::read(&mut file, &syntax)?;
        let mut source = Source { instance, file, set: reading.set, pixels: None, rules: *archive.charset() };
        if let Some(place) = reading.pixel_data {
            let value = start + place.value_offset;
            let (place_in_file, end) = match place.length {
                Some(length) if !place.encapsulated => {
                    let there = source.file.metadata()?.len().saturating_sub(value);
                    (Place::Native { offset: value, length: length.min(there) }, value + length)
                }
                _ => {
                    let (fragments, end) = walk(&source.file, value)?;
                    (Place::Fragments(fragments), end)
                }
            };
            source.pixels = Some(Pixels { tag: place.tag, vr: place.vr, place: place_in_file });
            source.read_tail(end, &syntax)?;
        }
        Ok(source)
    }

    /// The transfer syntax that it is kept in.
    pub fn syntax(&self) -> &str {
        &self.instance.file.syntax
    }

    /// How long the header is, where pixel data follow it.
    pub(super) fn header_bytes(&self) -> Option<u64> {
        match &self.pixels.as_ref()?.place {
            Place::Native { offset, .. } => Some(*offset),
            Place::Fragments(all) => all.first().map(|first| first.0),
            Place::Held => None,
        }
    }

    /// Bytes of the file.
    pub fn bytes(&self, offset: u64, length: u64) -> io::Result<Bytes> {
        let there = self.file.metadata()?.len().saturating_sub(offset).min(length);
        let mut bytes = vec![0; usize::try_from(there).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes.into())
    }

    /// What stands behind the pixel data.
    fn read_tail(&mut self, from: u64, syntax: &TransferSyntax) -> Result<()> {
        let left = self.file.metadata()?.len().saturating_sub(from);
        if !(8..=TAIL_SIZE_BYTES_MAX).contains(&left) {
            return Ok(());
        }
        let tail = data::read(self.bytes(from, left)?, syntax, &LIMITS).set;
        for element in tail.iter() {
            if self.set.get(element.tag).is_none() {
                self.set.put(element.clone());
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Source {
    /// What is in it is of a patient.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("file", &self.instance.file.path).finish_non_exhaustive()
    }
}

fn deflated(mut file: File, instance: Instance, syntax: &TransferSyntax, rules: Rules) -> Result<Source> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let reading = data::read(bytes, syntax, &LIMITS);
    let pixels = reading.pixel_data.map(|place| Pixels { tag: place.tag, vr: place.vr, place: Place::Held });
    Ok(Source { instance, file, set: reading.set, pixels, rules })
}

/// The fragments from the first item on, and where what follows them begins.
fn walk(file: &File, from: u64) -> io::Result<(Vec<(u64, u32)>, u64)> {
    let end = file.metadata()?.len();
    let (mut fragments, mut at) = (Vec::new(), from);
    while at + 8 <= end && fragments.len() < FRAGMENTS_MAX {
        let mut head = [0; 8];
        file.read_exact_at(&mut head, at)?;
        at += 8;
        if head[..4] == DELIMITER {
            return Ok((fragments, at));
        }
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        if head[..4] != ITEM {
            break;
        }
        // A file that ends too early has what is there.
        let there = u32::try_from((end - at).min(u64::from(length))).unwrap_or(length);
        fragments.push((at, there));
        at += u64::from(length);
    }
    Ok((fragments, end))
}
