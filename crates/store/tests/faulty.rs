//! What the faulty store does on command.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::{Arc, Mutex};

use klinke_model::EnvelopeId;
use klinke_store::contract::bed::Bed;
use klinke_store::contract::{LineKeys, Subject};
use klinke_store::faulty::{Faults, FaultyStore};
use klinke_store::memory::MemoryStore;
use klinke_store::{Error, Store};

struct Shared(Arc<FaultyStore<MemoryStore>>);

impl Subject for Shared {
    fn open(&mut self) -> Arc<dyn Store> {
        self.0.clone()
    }

    fn open_backup(&mut self, _folder: &Path) -> Option<Arc<dyn Store>> {
        None
    }
}

type Heard = Arc<Mutex<Vec<Result<EnvelopeId, Error>>>>;

fn bed(seed: u64) -> (Bed, Arc<FaultyStore<MemoryStore>>, Heard) {
    let faulty = Arc::new(FaultyStore::new(Arc::new(MemoryStore::inline(Arc::new(LineKeys))), seed));
    (Bed::new(&mut Shared(faulty.clone())), faulty, Heard::default())
}

fn accept(bed: &Bed, heard: &Heard) {
    let heard = heard.clone();
    let done = Box::new(move |result| heard.lock().unwrap().push(result));
    bed.store.accept(bed.new_envelope("x", 0), done);
}

#[test]
fn waits_for_steps() {
    let (bed, faulty, heard) = bed(1);
    faulty.set_manual(true);
    accept(&bed, &heard);
    accept(&bed, &heard);
    assert_eq!((faulty.pending(), heard.lock().unwrap().len()), (2, 0));
    assert!(faulty.step());
    assert_eq!(*heard.lock().unwrap(), [Ok(EnvelopeId(1))]);
    faulty.run();
    assert!(!faulty.step());
    assert_eq!(heard.lock().unwrap().len(), 2);
}

#[test]
fn forgets_what_was_not_done_when_it_crashes() {
    let (bed, faulty, heard) = bed(1);
    faulty.set_manual(true);
    (0..5).for_each(|_| accept(&bed, &heard));
    faulty.step();
    faulty.crash(2);
    assert_eq!(faulty.pending(), 0);
    assert_eq!(heard.lock().unwrap().len(), 1, "no done after the crash");
    let after = faulty.inner().reopen();
    assert_eq!(after.channels().unwrap()[0].tally.received, 3, "one heard of, two committed unheard");
}

#[test]
fn fails_the_same_way_for_the_same_seed() {
    let run = |seed| {
        let (bed, faulty, heard) = bed(seed);
        faulty.set_faults(Faults { full: 200, unwritable: 100 });
        (0..300).for_each(|_| accept(&bed, &heard));
        let heard = heard.lock().unwrap().clone();
        let failed = heard.iter().filter(|one| one.is_err()).count();
        assert!((40..150).contains(&failed), "{failed} of 300 failed");
        assert_eq!(bed.store.channels().unwrap()[0].tally.received as usize, 300 - failed);
        heard
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}

#[test]
fn refuses_until_it_is_told_otherwise() {
    let (bed, faulty, heard) = bed(1);
    faulty.refuse(Some(Error::Full("the disk".to_owned())));
    accept(&bed, &heard);
    assert!(bed.store.health().unwrap().refuses.is_some());
    assert!(bed.store.set_value("a", Some(b"b")).is_err());
    faulty.refuse(None);
    accept(&bed, &heard);
    assert_eq!(*heard.lock().unwrap(), [Err(Error::Full("the disk".to_owned())), Ok(EnvelopeId(1))]);
}
