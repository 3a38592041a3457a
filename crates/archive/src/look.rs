//! A file of the archive, or of anybody else, looked at from its first byte to its last.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use klinke_dimse::charset::Rules;
use klinke_dimse::data::{Limits, PixelDataUse};
use klinke_dimse::file::{self, HeaderReader};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::tags;
use klinke_model::Timestamp;

use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::index::{ClashPolicy, Entry, Stored};
use crate::meta;

/// As much of a file as its head may need.
const HEAD_SIZE_BYTES_MAX: u64 = 128 << 10;
const CHUNK_SIZE_BYTES: usize = 1 << 20;

/// What a file tells of itself.
#[derive(Debug)]
pub(crate) struct Look {
    pub identity: Identity,
    pub syntax: String,
    /// Sending Application Entity Title.
    pub from: String,
    pub size: u64,
    pub data_offset: u64,
    pub hash: [u8; 32],
    /// What the archive has sealed it with, if it did.
    pub seal: Option<[u8; 32]>,
    /// The hash of what was received, where it was packed since.
    pub origin: Option<[u8; 32]>,
}

impl Look {
    /// What the index is told of the file that was looked at; it lies in the archive, in the folder of a study.
    pub(crate) fn entry(
        self,
        path: &str,
        study_folder: &str,
        arrived: Timestamp,
        clash: ClashPolicy,
    ) -> Entry {
        let file = Stored {
            path: path.to_owned(),
            syntax: self.syntax,
            size: self.size,
            data_offset: u32::try_from(self.data_offset).unwrap_or(u32::MAX),
            hash: self.hash,
            origin: self.origin,
            from: self.from,
            arrived,
        };
        let study_folder = study_folder.to_owned();
        Entry { identity: self.identity, file, study_folder, clash, expected: None, bytes: None, was: None }
    }

    /// Whether the bytes are those that were sealed; a file without a seal has nothing to say against them.
    pub(crate) fn is_whole(&self) -> bool {
        self.seal.is_none_or(|seal| seal == self.hash)
    }
}

/// Looks at a file.
pub(crate) fn look(path: &Path, limits: &Limits, charset: &Rules) -> Result<Look> {
    let damaged = |error: std::io::Error| Error::Damaged(format!("{}: {error}", path.display()));
    let mut source = File::open(path).map_err(damaged)?;
    let mut head = Vec::new();
    source.by_ref().take(HEAD_SIZE_BYTES_MAX).read_to_end(&mut head).map_err(damaged)?;
    let opened = file::open(Bytes::copy_from_slice(&head), limits, PixelDataUse::Stop)
        .map_err(|error| Error::Unfit(format!("{}: {error}", path.display())))?;
    let begin = usize::try_from(opened.data_set_offset).unwrap_or(usize::MAX).min(head.len());
    let text = |tag| opened.meta.ascii(tag).unwrap_or_default().to_owned();
    let mut reader = HeaderReader::new(&opened.syntax, *limits);
    let mut hasher = blake3::Hasher::new();
    let mut take = |bytes: &[u8]| {
        reader.push(bytes);
        hasher.update(bytes);
    };
    take(&head[begin..]);
    let mut size = head.len() as u64;
    let mut chunk = vec![0; CHUNK_SIZE_BYTES];
    loop {
        let read = source.read(&mut chunk).map_err(damaged)?;
        if read == 0 {
            break;
        }
        take(&chunk[..read]);
        size += read as u64;
    }
    let header = reader.finish();
    let class = text(tags::MEDIA_STORAGE_SOP_CLASS_UID);
    let identity = Identity::of(&header.set, &class, &text(tags::MEDIA_STORAGE_SOP_INSTANCE_UID), charset)?;
    Ok(Look {
        identity,
        syntax: named(&opened.syntax, opened.meta.ascii(tags::TRANSFER_SYNTAX_UID)),
        from: text(tags::SENDING_APPLICATION_ENTITY_TITLE),
        size,
        data_offset: opened.data_set_offset,
        hash: *hasher.finalize().as_bytes(),
        seal: meta::seal(&opened.meta),
        origin: meta::origin(&opened.meta),
    })
}

/// The transfer syntax that the file names; where it names none, or a wrong one, what it is.
fn named(seen: &TransferSyntax, named: Option<&str>) -> String {
    named.filter(|named| TransferSyntax::by_uid(named) == *seen).unwrap_or(seen.uid()).to_owned()
}

/// Whether the data set of a file still has this hash; how much was read.
pub(crate) fn check(path: &Path, data_offset: u64, hash: &[u8; 32]) -> Result<u64> {
    use std::io::{Seek, SeekFrom};
    let damaged = |error: std::io::Error| Error::Damaged(format!("{}: {error}", path.display()));
    let mut source = File::open(path).map_err(damaged)?;
    source.seek(SeekFrom::Start(data_offset)).map_err(damaged)?;
    let mut hasher = blake3::Hasher::new();
    let mut chunk = vec![0; CHUNK_SIZE_BYTES];
    let mut size = 0;
    loop {
        let read = source.read(&mut chunk).map_err(damaged)?;
        if read == 0 {
            break;
        }
        hasher.update(&chunk[..read]);
        size += read as u64;
    }
    match hasher.finalize().as_bytes() == hash {
        true => Ok(size),
        false => {
            Err(Error::Damaged(format!("{}: its bytes are not those that were received", path.display())))
        }
    }
}
