//! An instance on its way in.
//!
//! | | what | durable |
//! |---|---|---|
//! | 1 | bytes go into a file of `incoming/`, past the reader of the header and the hash | no |
//! | 2 | the index is asked for the UID; only one arrival of a UID goes on at a time | |
//! | 3 | the file gets its name in the folder of its series | with 4 |
//! | 4 | the file and its folder are synced | yes |
//! | 5 | the index commits, together with all others that wait | yes |
//! | 6 | the caller may acknowledge | |
//!
//! A small one, of up to 64 KiB, whose place is free has a shorter way (`unsynced`): 3 without asking before and without
//! waiting, and instead of 4 its bytes are in the commit of 5, which also says whether it may stay there.
//!
//! After a crash before 3 the file is removed at the next start; between 3 and 5 it lies in its folder and in no index: the sender
//! was not told, sends again, and the file is replaced. [`crate::Archive::verify`] finds it otherwise.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use klinke_dimse::charset::Rules;
use klinke_dimse::file::HeaderReader;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::tags;
use klinke_model::Timestamp;

use crate::error::{At, Error, Result};
use crate::identity::Identity;
use crate::index::{Added, ClashPolicy, Entry, Instance, Stored};
use crate::meta;
use crate::place;
use crate::shared::Shared;
use crate::unsynced::SIZE_BYTES_MAX;

/// What is held before it is written: small instances are written at once.
const BUFFER_SIZE_BYTES: usize = 128 << 10;

/// What is known of an instance before its data set arrives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// SOP Class UID of the command.
    pub class: String,
    /// SOP Instance UID of the command.
    pub instance: String,
    /// Transfer Syntax UID of the presentation context.
    pub syntax: String,
    /// AE title of the sender, or what names it otherwise.
    pub from: String,
    /// AE title that it was sent to.
    pub to: String,
    /// What to do when the UID is taken.
    pub clash: ClashPolicy,
    /// What is done where its character set is missing or wrong.
    pub charset: Rules,
    /// The only study that it may be of; any where there is none.
    pub study: Option<String>,
    /// How many bytes the sender may have here; as many as there is room for where there is none.
    pub quota: Option<u64>,
}

/// An instance that is being received. Dropped before [`Receiving::finish`], nothing of it stays.
#[derive(Debug)]
pub struct Receiving {
    shared: Arc<Shared>,
    arrival: Arrival,
    part: Part,
    header: HeaderReader,
    hasher: blake3::Hasher,
    meta_size: usize,
}

/// What came of an instance.
#[derive(Clone, Debug)]
pub struct Received {
    /// What it is.
    pub identity: Identity,
    /// What became of it.
    pub added: Added,
    /// Bytes of its data set.
    pub size: u64,
}

impl Receiving {
    pub(crate) fn begin(shared: Arc<Shared>, arrival: Arrival) -> Result<Self> {
        shared.check_room()?;
        shared.check_quota(&arrival)?;
        let header = HeaderReader::new(&TransferSyntax::by_uid(&arrival.syntax), shared.options.limits);
        let meta = meta::head(&arrival);
        let meta_size = meta.len();
        let part = Part { path: shared.next_incoming(), file: None, buffer: meta, written: 0 };
        Ok(Receiving { shared, arrival, part, header, hasher: blake3::Hasher::new(), meta_size })
    }

    /// Takes the next bytes of the data set.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.header.push(bytes);
        self.hasher.update(bytes);
        self.part.write(bytes)
    }

    /// Makes the instance durable and tells what became of it. Blocks until then.
    pub fn finish(self, now: Timestamp) -> Result<Received> {
        let Receiving { shared, arrival, mut part, header, hasher, meta_size } = self;
        let header = header.finish().set;
        let identity = Identity::of(&header, &arrival.class, &arrival.instance, &arrival.charset)?;
        let expected =
            header.int(tags::NUMBER_OF_STUDY_RELATED_INSTANCES).and_then(|is| u32::try_from(is).ok());
        if arrival.study.as_ref().is_some_and(|study| *study != identity.study) {
            return Err(Error::OtherStudy);
        }
        let hash = *hasher.finalize().as_bytes();
        let size = part.size() - meta_size as u64;
        let _claim = shared.claims.take(&identity.instance);
        let file = Stored {
            path: String::new(),
            syntax: arrival.syntax,
            size: part.size(),
            data_offset: u32::try_from(meta_size).unwrap_or(u32::MAX),
            hash,
            origin: None,
            from: arrival.from,
            arrived: now,
        };
        let study_folder = shared.study_folder(&identity.study, now)?;
        let entry =
            Entry { identity, file, study_folder, clash: arrival.clash, expected, bytes: None, was: None };
        let added = match part.keep_early(&shared, &entry, meta::seal_offset(meta_size))? {
            Some(added) => added,
            None => keep(&shared, &mut part, entry.clone(), meta::seal_offset(meta_size))?,
        };
        Ok(Received { identity: entry.identity, added, size })
    }
}

/// Makes an instance durable, in its file first.
fn keep(shared: &Shared, part: &mut Part, entry: Entry, seal_offset: u64) -> Result<Added> {
    let there = shared.index().instance(&entry.identity.instance)?;
    let is_same = |there: &Instance| there.file.origin.unwrap_or(there.file.hash) == entry.file.hash;
    if there.as_ref().is_some_and(is_same) {
        return Ok(Added::Same);
    }
    let entry = placed(shared, entry, there.is_some())?;
    part.keep(shared, &entry.file.path, &entry.file.hash, seal_offset)?;
    let full = shared.folder.join(&entry.file.path);
    let added = shared.index().add_and_wait(entry)?;
    if added == Added::Same {
        // It lies beside already, under another name.
        place::remove(&full)?;
    }
    Ok(added)
}

/// The same with the place of its file.
fn placed(shared: &Shared, mut entry: Entry, is_taken: bool) -> Result<Entry> {
    let Entry { identity, file, study_folder, .. } = &mut entry;
    let (series, instance) = (&identity.series, &identity.instance);
    file.path = match is_taken {
        true => place::file_beside(study_folder, series, instance, &file.hash),
        false => place::file(study_folder, series, instance),
    };
    // What is in the trash can be put back, and what lies beside is kept: nothing is written over them.
    let mut count = 1;
    while shared.index.is_going(&file.path)? {
        file.path = match count {
            1 => place::file_beside(study_folder, series, instance, &file.hash),
            count => place::file_anew(study_folder, series, instance, &file.hash, count),
        };
        count += 1;
    }
    Ok(entry)
}

/// The file in `incoming/`, made when the buffer is full or the instance complete.
#[derive(Debug)]
struct Part {
    path: PathBuf,
    file: Option<File>,
    buffer: Vec<u8>,
    written: u64,
}

impl Part {
    fn size(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_SIZE_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        if self.file.is_none() {
            self.file = Some(place::create(&self.path).at("can't make", &self.path)?);
        }
        if let Some(file) = &mut self.file {
            file.write_all(&self.buffer).at("can't write", &self.path)?;
        }
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// The short way of a small instance: its file is written where nothing is yet, and whether it may stay there
    /// the index says with its commit. Nothing where it has to go the long way.
    fn keep_early(&mut self, shared: &Shared, entry: &Entry, seal_offset: u64) -> Result<Option<Added>> {
        let Entry { identity, file, study_folder, .. } = entry;
        let at = usize::try_from(seal_offset).unwrap_or(usize::MAX);
        let place = at.checked_add(file.hash.len()).and_then(|end| self.buffer.get_mut(at..end));
        let Some(place) = place.filter(|_| self.file.is_none()) else { return Ok(None) };
        place.copy_from_slice(&file.hash);
        let path = place::file(study_folder, &identity.series, &identity.instance);
        let full = shared.folder.join(&path);
        if self.buffer.len() > SIZE_BYTES_MAX || !shared.syncer.write(&full, &self.buffer)? {
            return Ok(None);
        }
        let file = Stored { path, ..file.clone() };
        let entry = Entry { file, bytes: Some(self.buffer.clone()), ..entry.clone() };
        let added = shared.index().add_and_wait(entry);
        match added {
            Err(Error::Taken) => place::remove(&full).map(|()| None),
            Ok(Added::Same) => place::remove(&full).map(|()| Some(Added::Same)),
            Ok(added) => {
                // What was to be removed there has gone meanwhile, and took it along.
                if !full.exists() {
                    shared.syncer.write(&full, &self.buffer)?;
                }
                shared.syncer.written();
                Ok(Some(added))
            }
            Err(error) => Err(error),
        }
    }

    /// Gives the file its name and makes both durable.
    fn keep(&mut self, shared: &Shared, path: &str, seal: &[u8], seal_offset: u64) -> Result<()> {
        self.flush()?;
        let to = shared.folder.join(path);
        let folder = to.parent().unwrap_or(&shared.folder);
        shared.syncer.make_folder_durably(folder).at("can't make", folder)?;
        let Some(file) = self.file.take() else { return Err(Error::Closed) };
        file.write_all_at(seal, seal_offset).at("can't write", &self.path)?;
        fs::rename(&self.path, &to).at("can't name", &to)?;
        // The disk takes both at once; one after the other would be two waits.
        let sync_folder = || place::sync_folder(folder);
        let (written, named) = std::thread::scope(|scope| {
            match std::thread::Builder::new().spawn_scoped(scope, sync_folder) {
                Ok(naming) => (file.sync_all(), naming.join()),
                // There are too many threads.
                Err(_) => (file.sync_all(), Ok(sync_folder())),
            }
        });
        written.at("can't sync", &to)?;
        named.map_err(|_| Error::Closed)?.at("can't sync", folder)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // What stays behind is removed at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}
