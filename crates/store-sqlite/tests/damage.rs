//! What was changed behind the store's back is found, named, and does not spoil the rest.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod common;

use std::fs;
use std::path::Path;

use klinke_model::{AttemptResult, EnvelopeId, Payload};
use klinke_store::contract::bed::NOON;
use klinke_store::faulty::wait;
use klinke_store::{Error, Query};

/// Changes one byte of a file where a text stands.
fn flip(path: &Path, text: &[u8]) {
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.windows(text.len()).position(|window| window == text).expect("the text is in the file");
    bytes[at + text.len() / 2] ^= 0x20;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_changed_byte_of_a_body_is_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let bed = common::bed(folder.path());
    for text in ["first whole", "MARK THIS ONE", "third whole"] {
        let key = bed.queue(text, "l");
        bed.tried(&key, 1, AttemptResult::Delivered);
    }
    drop(bed);
    flip(&folder.path().join("journal.db"), b"MARK THIS ONE");
    let bed = common::bed(folder.path());
    let faults = common::faults(bed.store.as_ref());
    assert_eq!(faults, ["the store is damaged: envelope 2: a body's checksum is wrong"]);
    assert!(matches!(bed.store.envelope(EnvelopeId(2)), Err(Error::Damaged(_))));
    assert!(matches!(bed.store.part(EnvelopeId(2), 0), Err(Error::Damaged(_))));
    assert_eq!(*bed.store.part(EnvelopeId(3), 0).unwrap(), *b"third whole");
    assert_eq!(bed.store.search(&Query::default()).unwrap().len(), 3, "it is still listed");
    assert_eq!(bed.accept_text("new"), EnvelopeId(4));
}

#[test]
fn a_damaged_envelope_does_not_hide_those_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let bed = common::bed(folder.path());
    for text in ["first whole", "MARK THIS ONE", "third whole"] {
        bed.accept_text(text);
    }
    drop(bed);
    flip(&folder.path().join("journal.db"), b"MARK THIS ONE");
    let bed = common::bed(folder.path());
    let read = |after| {
        let found = bed.store.unrouted(bed.channel, EnvelopeId(after), 9, usize::MAX);
        found.map(|found| found.into_iter().map(|one| one.id.0).collect::<Vec<_>>())
    };
    assert_eq!(read(0), Ok(vec![1]));
    let why = "a body's checksum is wrong".to_owned();
    assert_eq!(read(1), Err(Error::Unreadable { envelope: EnvelopeId(2), why }));
    assert_eq!(read(2), Ok(vec![3]));
}

#[test]
fn a_changed_or_missing_blob_is_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let bed = common::bed(folder.path());
    for n in 0..3u8 {
        let mut new = bed.new_envelope("", 0);
        new.payload = Payload::new((0..200_000u32).map(|at| (at.wrapping_mul(at) >> 7) as u8 ^ n).collect());
        bed.accept(new).unwrap();
    }
    drop(bed);
    let mut files = Vec::new();
    for parent in fs::read_dir(folder.path().join("blobs")).unwrap() {
        files.extend(fs::read_dir(parent.unwrap().path()).unwrap().map(|file| file.unwrap().path()));
    }
    assert_eq!(files.len(), 3);
    let mut bytes = fs::read(&files[0]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&files[0], bytes).unwrap();
    fs::remove_file(&files[1]).unwrap();
    let bed = common::bed(folder.path());
    let faults = common::faults(bed.store.as_ref());
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults.iter().all(|fault| fault.contains("envelope ")), "{faults:?}");
}

#[test]
fn ruined_pages_are_found_and_the_store_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let bed = common::bed(folder.path());
    for n in 0..400 {
        let text = (0..60).map(|line| format!("{n}-{line}-{}\n", n * line * 7919)).collect::<String>();
        let key = bed.queue(&text, "l");
        bed.tried(&key, 1, AttemptResult::Delivered);
    }
    drop(bed);
    let journal = folder.path().join("journal.db");
    let whole = fs::read(&journal).unwrap();
    let pages = whole.len() / 8192;
    assert!(pages > 20);
    let mut found = 0;
    for page in (1..pages).step_by(pages / 12) {
        let mut bytes = whole.clone();
        bytes[page * 8192..page * 8192 + 4096].fill(0xA5);
        fs::write(&journal, bytes).unwrap();
        let _ = fs::remove_file(folder.path().join("index.db"));
        match common::open(folder.path()) {
            Err(error) => {
                assert!(matches!(error, Error::Damaged(_)), "page {page}: {error}");
                found += 1;
            }
            Ok(store) => {
                let report = klinke_store::Store::verify(&store, &mut |_, _| ());
                let is_found = report.map_or(true, |report| !report.faults.is_empty());
                found += usize::from(is_found);
                assert!(is_found, "page {page} of {pages} is ruined and nothing was found");
            }
        }
    }
    assert!(found >= 10);
}

/// Opens a store with five entries in its audit log after `sql` was run on it, and gives what `verify` finds.
fn audit_faults_after(sql: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let bed = common::bed(folder.path());
    for number in 1..=5 {
        let entry = format!("entry {number}").into_bytes();
        wait(|done| bed.store.append_audit(NOON, entry, done)).unwrap();
    }
    drop(bed);
    let connection = rusqlite::Connection::open(folder.path().join("journal.db")).unwrap();
    connection.execute_batch(sql).unwrap();
    drop(connection);
    let bed = common::bed(folder.path());
    let faults = common::faults(bed.store.as_ref());
    // What was done to it does not keep it from going on, nor does going on hide it.
    wait(|done| bed.store.append_audit(NOON, b"later".to_vec(), done)).unwrap();
    assert_eq!(common::faults(bed.store.as_ref()).is_empty(), faults.is_empty());
    faults
}

#[test]
fn what_was_done_to_the_audit_log_is_found_and_named() {
    let broken = |id| {
        let text =
            format!("the audit log: the chain breaks at entry {id}: it or the seal before it was changed");
        vec![text]
    };
    let is_found = |sql: &str, faults: Vec<String>| assert_eq!(audit_faults_after(sql), faults, "{sql}");
    is_found("SELECT 1", vec![]);
    is_found("UPDATE audit SET entry = CAST('entry 9' AS BLOB) WHERE id = 3", broken(3));
    is_found("UPDATE audit SET at = at + 1 WHERE id = 3", broken(3));
    is_found("UPDATE audit SET hash = zeroblob(32) WHERE id = 3", [broken(3), broken(4)].concat());
    is_found("UPDATE audit SET hash = x'00' WHERE id = 3", [broken(3), broken(4)].concat());
    let gone = |what: &str| vec![format!("the audit log: {what}")];
    is_found("DELETE FROM audit WHERE id = 3", gone("entry 3 is missing"));
    is_found("DELETE FROM audit WHERE id < 3", gone("entries 1 to 2 are missing"));
    is_found("DELETE FROM audit WHERE id > 3", gone("entry 4 and all after it are missing: 2 of them"));
    is_found("DELETE FROM audit", gone("entry 1 and all after it are missing: 5 of them"));
    is_found(
        "INSERT INTO audit VALUES (0, 1, zeroblob(32), 'x')",
        gone("entry 0 should not be there: the chain begins after it"),
    );
    is_found(
        "INSERT INTO audit VALUES (6, 1, zeroblob(32), 'x')",
        [broken(6), gone("entry 6 is not the one that was written last")].concat(),
    );
    // Two entries change places.
    is_found(
        "UPDATE audit SET id = 9 WHERE id = 2; UPDATE audit SET id = 2 WHERE id = 3; UPDATE audit SET id = 3 WHERE id = 9",
        [broken(2), broken(3), broken(4)].concat(),
    );
}
