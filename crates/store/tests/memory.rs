//! The contract, kept by the store in memory, and by the faulty store around it while it has no faults.

use std::path::Path;
use std::sync::Arc;

use klinke_store::Store;
use klinke_store::contract::{LineKeys, Subject};
use klinke_store::memory::MemoryStore;

struct Memory(MemoryStore);

impl Subject for Memory {
    fn open(&mut self) -> Arc<dyn Store> {
        Arc::new(self.0.reopen())
    }

    fn open_backup(&mut self, _folder: &Path) -> Option<Arc<dyn Store>> {
        None
    }
}

mod threaded {
    use super::*;
    klinke_store::contract_tests!(Memory(MemoryStore::new(Arc::new(LineKeys))));
}

mod inline {
    use super::*;
    klinke_store::contract_tests!(Memory(MemoryStore::inline(Arc::new(LineKeys))));
}

mod faulty {
    use super::*;
    use klinke_store::faulty::FaultyStore;

    struct Faulty(MemoryStore);

    impl Subject for Faulty {
        fn open(&mut self) -> Arc<dyn Store> {
            Arc::new(FaultyStore::new(Arc::new(self.0.reopen()), 1))
        }

        fn open_backup(&mut self, _folder: &Path) -> Option<Arc<dyn Store>> {
            None
        }
    }

    klinke_store::contract_tests!(Faulty(MemoryStore::inline(Arc::new(LineKeys))));
}
