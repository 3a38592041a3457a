//! Instances that were opened last: whoever scrolls through frames asks for the same one again and again, and the header
//! of an instance with a thousand frames takes longer to read than one of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::{Result, Source};
use crate::archive::Archive;
use crate::index::Instance;

/// Open instances that are kept.
const OPEN_MAX: usize = 16;
/// Headers that are larger are read again each time.
const HEADER_BYTES_MAX: u64 = 8 << 20;
/// Small pictures that are kept, and the largest one.
const PICTURES_MAX: usize = 1_000;
const PICTURE_BYTES_MAX: usize = 64 << 10;

/// A few things by their keys, that which was used last in front.
type Row<K, V> = Mutex<VecDeque<(K, V)>>;
/// The hash of an instance.
type Hash = [u8; 32];

/// What is kept at hand. An instance's bytes never change, so their hash is the key.
#[derive(Default)]
pub(crate) struct Shelf {
    open: Row<Hash, Arc<Source>>,
    pictures: Row<(Hash, u32), Bytes>,
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shelf").finish_non_exhaustive()
    }
}

/// Takes the one of a key to the front.
fn take<K: PartialEq, V: Clone>(shelf: &Row<K, V>, key: &K) -> Option<V> {
    let mut all = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    let found = all.iter().position(|(one, _)| one == key)?;
    let entry = all.remove(found)?;
    let value = entry.1.clone();
    all.push_front(entry);
    Some(value)
}

fn put<K, V>(shelf: &Row<K, V>, key: K, value: V, most: usize) {
    let mut all = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    all.truncate(most - 1);
    all.push_front((key, value));
}

impl Archive {
    /// Opens an instance, or takes it from those that were opened last. Blocks.
    pub fn image(&self, instance: Instance) -> Result<Arc<Source>> {
        let shelf = &self.shared.shelf;
        let key = instance.file.hash;
        if let Some(open) = take(&shelf.open, &key).filter(|open| open.instance == instance) {
            return Ok(open);
        }
        let source = Arc::new(Source::open(self, instance)?);
        if source.header_bytes().is_some_and(|size| size <= HEADER_BYTES_MAX) {
            put(&shelf.open, key, source.clone(), OPEN_MAX);
        }
        Ok(source)
    }

    /// The small picture of a frame that was made before.
    pub fn small_picture(&self, instance: &Instance, frame: u32) -> Option<Bytes> {
        take(&self.shared.shelf.pictures, &(instance.file.hash, frame))
    }

    /// Keeps a small picture at hand.
    pub fn keep_small_picture(&self, instance: &Instance, frame: u32, picture: &Bytes) {
        if picture.len() <= PICTURE_BYTES_MAX {
            let key = (instance.file.hash, frame);
            put(&self.shared.shelf.pictures, key, picture.clone(), PICTURES_MAX);
        }
    }
}
