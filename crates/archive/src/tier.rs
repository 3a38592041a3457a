//! Tiers: folders on other disks, to which the files of older studies are moved; and files that are packed without loss.
//!
//! | | what | durable |
//! |---|---|---|
//! | 1 | a file is written beside its place, read again and held against its hash | |
//! | 2 | it gets its name, and its folder is synced | yes |
//! | 3 | the index commits where the instances of a study are now, and which files are left over | yes |
//! | 4 | later, what is left over is removed, then forgotten | |
//!
//! After a crash before 3 the new file is in no index and is written over next time. An index knows a file of a tier by the tier's name: the disk may be mounted elsewhere.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use klinke_dimse::data::{self, Limits};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{pixel, tags};
use klinke_model::Timestamp;

use crate::archive::Archive;
use crate::error::{At, Error, Result};
use crate::index::{Instance, Moved, Selection};
use crate::look;
use crate::meta;
use crate::place;
use crate::transcode::transcode;

/// How many instances stand in one commit.
const BITE: usize = 200;

/// A folder for older studies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Its name, as the index knows it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// What was done with the files of a study.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tended {
    /// Files that are elsewhere, or otherwise, now.
    pub files: u64,
    /// Their bytes before.
    pub before: u64,
    /// Their bytes now.
    pub bytes: u64,
    /// Files that could not be packed: they stay as they are.
    pub left: u64,
}

impl Archive {
    /// Moves the files of a study to a tier.
    pub fn move_to_tier(&self, study: &str, tier: &str) -> Result<Tended> {
        if !self.shared.options.tiers.iter().any(|one| one.name == tier) {
            return Err(Error::Missing("this tier"));
        }
        let mut tended = Tended::default();
        let there = format!("{tier}:");
        self.tend(study, &mut |archive, instance| {
            if instance.file.path.starts_with(&there) {
                return Ok(None);
            }
            let path = format!("{there}{}", place::below(&instance.file.path));
            archive.copy(instance, &path)?;
            tended.files += 1;
            tended.before += instance.file.size;
            tended.bytes += instance.file.size;
            Ok(Some(Moved { path, ..Moved::of(instance) }))
        })?;
        self.shared.index.note_tier(study, tier)?;
        Ok(tended)
    }

    /// Packs the images of a study without loss, where that makes them smaller: JPEG-LS or JPEG lossless. What is not an image, is
    /// compressed already or does not come back pixel for pixel stays as it is.
    pub fn pack(&self, study: &str, syntax: &str) -> Result<Tended> {
        if !pixel::is_encodable(syntax) || !TransferSyntax::by_uid(syntax).is_encapsulated() {
            return Err(Error::Refused("nothing is packed in this transfer syntax".to_owned()));
        }
        let mut tended = Tended::default();
        self.tend(study, &mut |archive, instance| {
            if TransferSyntax::by_uid(&instance.file.syntax).is_encapsulated()
                || instance.file.origin.is_some()
            {
                return Ok(None);
            }
            let Ok(packed) = archive.packed(instance, syntax) else {
                tended.left += 1;
                return Ok(None);
            };
            let Some(moved) = archive.write_packed(instance, syntax, &packed)? else { return Ok(None) };
            tended.files += 1;
            tended.before += instance.file.size;
            tended.bytes += moved.size;
            Ok(Some(moved))
        })?;
        self.shared.index.note_packed(study)?;
        Ok(tended)
    }

    /// Does something with the file of each instance of a study, and tells the index.
    fn tend(
        &self,
        study: &str,
        each: &mut dyn FnMut(&Archive, &Instance) -> Result<Option<Moved>>,
    ) -> Result<()> {
        let of = Selection { studies: vec![study.to_owned()], ..Selection::default() };
        let mut after = 0;
        loop {
            let page = self.instances(&of, after, BITE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.number;
            // New files stand beside those that are there: what is above them is to be durable.
            self.shared.syncer.sync()?;
            let mut moved = Vec::new();
            for instance in &page {
                moved.extend(each(self, instance)?);
            }
            if !moved.is_empty() {
                self.shared.index.moved(moved, Timestamp::now())?;
            }
        }
    }

    /// Removes the files that others took the place of before a time: who was about to read them has done so.
    pub fn remove_left_over(&self, before: Timestamp) -> Result<()> {
        loop {
            let left = self.shared.index.left_over(before, BITE)?;
            if left.is_empty() {
                return Ok(());
            }
            self.shared.syncer.sync()?;
            for path in &left {
                let path = self.shared.path(path);
                place::remove(&path)?;
                // Folders go with the last of their files; others are not empty.
                let _ = path.ancestors().skip(1).take(2).try_for_each(fs::remove_dir);
            }
            self.shared.index.forget_left_over(left)?;
        }
    }

    /// Copies the file of an instance, and makes sure that the copy is the same.
    fn copy(&self, instance: &Instance, path: &str) -> Result<()> {
        let (from, to) = (self.path(instance), self.shared.path(path));
        let mut source = File::open(&from).at("can't read", &from)?;
        let modified = source.metadata().and_then(|data| data.modified()).at("can't read", &from)?;
        let part = place::write_part(&to, &mut source, modified)?;
        let offset = u64::from(instance.file.data_offset);
        look::check(&part, offset, &instance.file.hash)?;
        name(&part, &to)
    }

    /// The data set of an instance in another transfer syntax; only where its pixels come back as they were.
    fn packed(&self, instance: &Instance, syntax: &str) -> Result<Bytes> {
        let path = self.path(instance);
        let offset = u64::from(instance.file.data_offset);
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = File::open(&path)?;
            file.seek(SeekFrom::Start(offset))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let bytes = Bytes::from(read().at("can't read", &path)?);
        if blake3::hash(&bytes).as_bytes() != &instance.file.hash {
            return Err(Error::Damaged(format!(
                "{}: its bytes are not those that were received",
                path.display()
            )));
        }
        let unfit = |why: String| Error::Unfit(format!("{}: {why}", instance.file.path));
        let packed = transcode(bytes.clone(), &instance.file.syntax, syntax).map_err(unfit)?;
        let back = transcode(packed.clone(), syntax, &instance.file.syntax).map_err(unfit)?;
        match is_same(bytes, back, &instance.file.syntax) {
            true => Ok(packed),
            false => Err(unfit("it does not come back as it was".to_owned())),
        }
    }

    /// Writes a packed data set, where it is worth it.
    fn write_packed(&self, instance: &Instance, syntax: &str, packed: &Bytes) -> Result<Option<Moved>> {
        let from = &instance.file;
        let hash = *blake3::hash(packed).as_bytes();
        let head = meta::packed_head(instance, syntax, &hash, &from.hash);
        let size = (head.len() + packed.len()) as u64;
        if size >= from.size {
            return Ok(None);
        }
        let path = place::packed(&from.path);
        let to = self.shared.path(&path);
        let old = self.path(instance);
        let modified = fs::metadata(&old).and_then(|data| data.modified()).at("can't read", &old)?;
        let part = place::write_part(&to, &mut head.as_slice().chain(&packed[..]), modified)?;
        look::check(&part, head.len() as u64, &hash)?;
        name(&part, &to)?;
        let data_offset = u32::try_from(head.len()).unwrap_or(u32::MAX);
        let (origin, syntax) = (Some(from.hash), syntax.to_owned());
        Ok(Some(Moved { path, syntax, size, data_offset, hash, origin, ..Moved::of(instance) }))
    }
}

/// Whether two data sets in one transfer syntax have the same pixels, and the same of everything else.
fn is_same(one: Bytes, other: Bytes, syntax: &str) -> bool {
    let syntax = TransferSyntax::by_uid(syntax);
    let (one, other) =
        (data::read(one, &syntax, &Limits::default()), data::read(other, &syntax, &Limits::default()));
    let is_whole = one.is_whole() && one.skipped.is_empty() && other.is_whole();
    let mut sets = [one.set, other.set];
    let pixels = sets.each_mut().map(|set| set.remove(tags::PIXEL_DATA));
    let is_same = match &pixels {
        [Some(one), Some(other)] => match (one.as_bytes(), other.as_bytes()) {
            // A byte of padding may come or go.
            (Some(one), Some(other)) => {
                one.len().abs_diff(other.len()) <= 1 && one.iter().zip(other).all(|(a, b)| a == b)
            }
            _ => false,
        },
        _ => false,
    };
    is_whole && is_same && sets[0] == sets[1]
}

/// Gives a file its name, durably.
fn name(part: &Path, to: &Path) -> Result<()> {
    fs::rename(part, to).at("can't name", to)?;
    let folder = to.parent().unwrap_or(to);
    place::sync_folder(folder).at("can't sync", folder)
}
