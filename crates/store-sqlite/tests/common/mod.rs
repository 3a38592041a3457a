//! What the tests share.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use klinke_store::contract::bed::Bed;
use klinke_store::contract::{LineKeys, Subject};
use klinke_store::{Result, Store};
use klinke_store_sqlite::{Options, SqliteStore};

/// A store at a place, for [`Bed`].
pub struct Place<'a>(pub &'a Path, pub Options);

impl Subject for Place<'_> {
    fn open(&mut self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(self.0, self.1.clone()).unwrap())
    }

    fn open_backup(&mut self, _folder: &Path) -> Option<Arc<dyn Store>> {
        None
    }
}

pub fn options() -> Options {
    Options { keys: Arc::new(LineKeys), reserve_bytes: 0, ..Options::default() }
}

pub fn bed(place: &Path) -> Bed {
    Bed::new(&mut Place(place, options()))
}

pub fn bed_with(place: &Path, options: Options) -> Bed {
    Bed::new(&mut Place(place, options))
}

pub fn open(place: &Path) -> Result<SqliteStore> {
    SqliteStore::open(place, options())
}

pub fn faults(store: &dyn Store) -> Vec<String> {
    store.verify(&mut |_, _| ()).unwrap().faults
}
