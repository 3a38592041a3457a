//! The contract, kept by the SQLite store.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use klinke_store::Store;
use klinke_store::contract::{LineKeys, Subject};
use klinke_store_sqlite::{Options, SqliteStore, restore};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }
}

fn options() -> Options {
    Options { keys: Arc::new(LineKeys), reserve_bytes: 0, ..Options::default() }
}

impl Subject for Folder {
    fn open(&mut self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(&self.0.path().join("store"), options()).unwrap())
    }

    fn open_backup(&mut self, folder: &Path) -> Option<Arc<dyn Store>> {
        let restored = self.0.path().join("restored");
        restore(folder, &restored).unwrap();
        Some(Arc::new(SqliteStore::open(&restored, options()).unwrap()))
    }
}

klinke_store::contract_tests!(Folder::new());
