//! What was changed behind the store's back is found, named, and does not spoil the rest.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod common;

use std::fs;
use std::path::Path;

use klinke_model::{AttemptResult, EnvelopeId, Payload};
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
