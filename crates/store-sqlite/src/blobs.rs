//! Large payloads as files, named by the BLAKE3 hash of their bytes: `blobs/ab/cdef…`.
//!
//! A file is a zstd frame. It is written under a temporary name, synced, renamed, and its folder synced,
//! all before the commit that names it. Until that commit it is *pinned*, so that no pruning removes it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use klinke_store::{Error, Result};

use crate::failure::AtPath;
use crate::private;

/// How large a hash is.
pub(crate) const HASH_SIZE_BYTES: usize = 32;

const LEVEL: i32 = 1;

/// The name of a blob.
pub(crate) type Hash = [u8; HASH_SIZE_BYTES];

/// The folder of blobs.
pub(crate) struct Blobs {
    folder: PathBuf,
    pins: Arc<Mutex<HashMap<Hash, u32>>>,
    temporary: AtomicU64,
    /// How many copies are under way.
    copies: Arc<AtomicU64>,
}

/// While it lives no blob is removed.
pub(crate) struct KeepAll(Arc<AtomicU64>);

impl Drop for KeepAll {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Keeps a blob from being removed while it is on its way into the journal.
pub(crate) struct Pinned {
    pub(crate) hash: Hash,
    /// How many bytes its file has.
    pub(crate) size: u64,
    pins: Arc<Mutex<HashMap<Hash, u32>>>,
}

impl Drop for Pinned {
    fn drop(&mut self) {
        let mut pins = self.pins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = pins.get_mut(&self.hash) {
            *count -= 1;
            if *count == 0 {
                pins.remove(&self.hash);
            }
        }
    }
}

impl Blobs {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Blobs { folder, pins: Arc::default(), temporary: AtomicU64::new(0), copies: Arc::default() }
    }

    /// Writes the bytes unless they are there, and pins them. They are durable when it returns.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<Pinned> {
        let hash = *blake3::hash(bytes).as_bytes();
        // Pinned first: from here on no pruning removes the file that is found.
        *self.pins().entry(hash).or_insert(0) += 1;
        let mut pinned = Pinned { hash, size: 0, pins: self.pins.clone() };
        let path = self.path(&hash);
        let parent = self.folder.join(&hex(&hash)[..2]);
        if !path.exists() {
            self.write_new(&path, &parent, bytes)?;
        }
        // Also when it was there: another thread may have named it a moment ago.
        sync_folder(&parent).at("cannot sync", &parent)?;
        sync_folder(&self.folder).at("cannot sync", &self.folder)?;
        pinned.size = self.size_on_disk(&hash);
        Ok(pinned)
    }

    fn write_new(&self, path: &Path, parent: &Path, bytes: &[u8]) -> Result<()> {
        // Not those above it: a store whose folder was taken away must not come back half.
        private::make_folder(parent).at("cannot make", parent)?;
        let number = self.temporary.fetch_add(1, Ordering::Relaxed);
        let temporary = self.folder.join(format!("{number}.part"));
        let written = write_synced(&temporary, bytes).at("cannot write", &temporary);
        written.and_then(|()| fs::rename(&temporary, path).at("cannot name", path)).inspect_err(|_| {
            // What remains is removed when the store is opened again.
            let _ = fs::remove_file(&temporary);
        })
    }

    /// Reads the bytes of a blob.
    pub(crate) fn read(&self, hash: &Hash, size: u64) -> Result<Vec<u8>> {
        let path = self.path(hash);
        let file = File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::Damaged(format!("blob {} is gone", hex(hash))),
            _ => crate::failure::from_io("cannot read", &path, &error),
        })?;
        // What the system could not read may be read later; what was read and makes no sense is damaged.
        let damaged = |error: io::Error| match error.raw_os_error() {
            Some(_) => crate::failure::from_io("cannot read", &path, &error),
            None => Error::Damaged(format!("blob {}: {error}", hex(hash))),
        };
        let decoder = zstd::stream::read::Decoder::new(file).map_err(damaged)?;
        let mut bytes = Vec::new();
        bytes.reserve_exact(usize::try_from(size).unwrap_or(usize::MAX).min(1 << 31) + 1);
        decoder.take(size.saturating_add(1)).read_to_end(&mut bytes).map_err(damaged)?;
        if bytes.len() as u64 != size {
            return Err(Error::Damaged(format!("blob {} has another size", hex(hash))));
        }
        Ok(bytes)
    }

    /// Keeps all blobs from being removed, for as long as the result lives.
    pub(crate) fn keep_all(&self) -> KeepAll {
        self.copies.fetch_add(1, Ordering::SeqCst);
        KeepAll(self.copies.clone())
    }

    /// How many bytes the file of a blob has; 0 when it is gone.
    pub(crate) fn size_on_disk(&self, hash: &Hash) -> u64 {
        fs::metadata(self.path(hash)).map_or(0, |data| data.len())
    }

    /// Removes a blob that no body names any more, unless it is pinned.
    pub(crate) fn remove(&self, hash: &Hash) {
        let pins = self.pins();
        if !pins.contains_key(hash) && self.copies.load(Ordering::SeqCst) == 0 {
            // A file that stays is found as an orphan later.
            let _ = fs::remove_file(self.path(hash));
        }
    }

    /// Removes files that `is_named` does not know, and what an interrupted write left.
    pub(crate) fn remove_orphans(&self, is_named: &mut dyn FnMut(&Hash) -> Result<bool>) -> Result<u64> {
        let mut removed = 0;
        for (path, hash) in self.files() {
            let is_orphan = match hash {
                // Asked in this order: what is not pinned any more has been committed, and is named.
                Some(hash) => !self.pins().contains_key(&hash) && !is_named(&hash)?,
                None => false,
            };
            let is_kept = self.copies.load(Ordering::SeqCst) > 0;
            if is_orphan && !is_kept && fs::remove_file(&path).is_ok() {
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Removes what interrupted writes left; only while nobody writes.
    pub(crate) fn remove_temporaries(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "part") {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// All blob files with their hashes, `None` where the name is none.
    fn files(&self) -> impl Iterator<Item = (PathBuf, Option<Hash>)> + use<> {
        let folders = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let folders = folders.filter(|entry| entry.path().is_dir());
        folders.flat_map(|folder| {
            let start = folder.file_name().to_string_lossy().into_owned();
            fs::read_dir(folder.path()).into_iter().flatten().flatten().map(move |file| {
                let rest = file.file_name().to_string_lossy().into_owned();
                (file.path(), from_hex(&format!("{start}{rest}")))
            })
        })
    }

    /// Copies a blob into another folder of blobs: by a hard link, or by its bytes across disks.
    pub(crate) fn copy_to(&self, hash: &Hash, folder: &Path) -> Result<()> {
        let (from, to) = (self.path(hash), path_in(folder, hash));
        if let Some(parent) = to.parent() {
            private::make_folders(parent).at("cannot make", parent)?;
        }
        if fs::hard_link(&from, &to).is_err() && !to.exists() {
            fs::copy(&from, &to).at("cannot copy", &from)?;
            File::open(&to).and_then(|file| file.sync_all()).at("cannot sync", &to)?;
        }
        Ok(())
    }

    pub(crate) fn path(&self, hash: &Hash) -> PathBuf {
        path_in(&self.folder, hash)
    }

    fn pins(&self) -> MutexGuard<'_, HashMap<Hash, u32>> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn path_in(folder: &Path, hash: &Hash) -> PathBuf {
    let name = hex(hash);
    folder.join(&name[..2]).join(&name[2..])
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut encoder = zstd::stream::write::Encoder::new(private::create(path)?, LEVEL)?;
    encoder.write_all(bytes)?;
    encoder.finish()?.sync_all()
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

pub(crate) fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    if text.len() != 2 * HASH_SIZE_BYTES || !text.is_ascii() {
        return None;
    }
    for (at, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_once_and_removes_what_nobody_names() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::new(folder.path().to_owned());
        let bytes = vec![7u8; 100_000];
        let pinned = blobs.write(&bytes).unwrap();
        let again = blobs.write(&bytes).unwrap();
        let hash = pinned.hash;
        assert_eq!(blobs.read(&hash, 100_000).unwrap(), bytes);
        assert!(blobs.read(&hash, 99_999).is_err());
        fs::write(folder.path().join("9.part"), b"half").unwrap();
        blobs.remove(&hash);
        drop(again);
        assert_eq!(blobs.remove_orphans(&mut |_| Ok(false)).unwrap(), 0, "it is pinned");
        assert!(blobs.path(&hash).exists());
        drop(pinned);
        assert_eq!(blobs.remove_orphans(&mut |_| Ok(true)).unwrap(), 0);
        assert_eq!(blobs.remove_orphans(&mut |_| Ok(false)).unwrap(), 1);
        blobs.remove_temporaries();
        assert!(!folder.path().join("9.part").exists());
        assert!(matches!(blobs.read(&hash, 1), Err(Error::Damaged(_))));
    }
}
