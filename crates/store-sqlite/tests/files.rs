//! The store's files: locked, of known versions, and the index made again when it is gone.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod common;

use std::fs;
use std::time::{Duration, Instant};

use klinke_model::{AttemptResult, EnvelopeId, Payload};
use klinke_store::contract::bed::{Bed, NOON};
use klinke_store::{Error, Field, KeyName, PruneRule, Query, Store};
use klinke_store_sqlite::{Options, VERSION};

fn find(bed: &Bed, value: &str) -> usize {
    let fields = vec![Field { name: KeyName::Patient, value: value.to_owned(), prefix: false }];
    bed.store.search(&Query { fields, ..Query::default() }).unwrap().len()
}

fn wait_for_index(store: &dyn Store) {
    let end = Instant::now() + Duration::from_secs(120);
    while store.health().unwrap().index_lag > 0 {
        assert!(Instant::now() < end, "the index does not catch up");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_second_process_or_handle_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = common::open(folder.path()).unwrap();
    assert!(matches!(common::open(folder.path()), Err(Error::InUse(_))));
    drop(store);
    common::open(folder.path()).unwrap();
}

#[test]
fn a_lost_or_ruined_index_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let index = folder.path().join("index.db");
    let bed = common::bed(folder.path());
    (0..3000).for_each(|n| {
        bed.store.accept(bed.new_envelope(&format!("patient=P{}", n % 100), n), Box::new(|_| ()))
    });
    bed.accept_text("patient=last");
    wait_for_index(bed.store.as_ref());
    drop(bed);
    for ruin in [false, true] {
        if ruin {
            fs::write(&index, vec![0x5A; 100_000]).unwrap();
        } else {
            fs::remove_file(&index).unwrap();
        }
        let bed = common::bed(folder.path());
        assert_eq!((find(&bed, "P7"), find(&bed, "last"), find(&bed, "none")), (30, 1, 0));
        wait_for_index(bed.store.as_ref());
        assert_eq!((find(&bed, "P7"), find(&bed, "last"), find(&bed, "none")), (30, 1, 0));
    }
}

#[test]
fn free_text_finds_words() {
    let folder = tempfile::tempdir().unwrap();
    let bed = common::bed_with(folder.path(), Options { free_text: true, ..common::options() });
    bed.accept_text("patient=1\nlymphoma suspected in the left node");
    bed.accept_text("patient=2\nno finding on the left");
    let find = |text: &str| {
        let query = Query { text: Some(text.to_owned()), ..Query::default() };
        bed.store.search(&query).unwrap().iter().map(|one| one.envelope.id.0).collect::<Vec<_>>()
    };
    let check = || {
        assert_eq!(find("Left"), [2, 1]);
        assert_eq!(find("lymphoma left"), [1]);
        assert_eq!(find("right"), [0u64; 0]);
    };
    check();
    wait_for_index(bed.store.as_ref());
    check();
}

#[test]
fn files_of_a_later_version_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(common::open(folder.path()).unwrap());
    let connection = rusqlite::Connection::open(folder.path().join("journal.db")).unwrap();
    connection.pragma_update(None, "user_version", VERSION + 1).unwrap();
    drop(connection);
    let refused = common::open(folder.path()).err();
    assert_eq!(refused, Some(Error::TooNew { found: VERSION + 1, known: VERSION }));
}

#[test]
fn dictionaries_are_trained_kept_and_used() {
    let folder = tempfile::tempdir().unwrap();
    let text = |n: u64| {
        format!(
            "MSH|^~\\&|KIS|HAUS|RIS|HAUS|2026{n:08}||ADT^A01^ADT_A01|M{n}|P|2.5\rEVN|A01|2026{n:08}\rPID|1||{}^^^KIS^PI||Name{}^Vor{}",
            n * 7,
            n % 97,
            n % 89
        )
    };
    let bed = common::bed(folder.path());
    (0..2000).for_each(|n| bed.store.accept(bed.new_envelope(&text(n), n), Box::new(|_| ())));
    bed.accept_text("last");
    let count = |folder: &std::path::Path| -> i64 {
        let connection = rusqlite::Connection::open(folder.join("journal.db")).unwrap();
        connection.query_row("SELECT count(*) FROM dictionary", [], |row| row.get(0)).unwrap()
    };
    let end = Instant::now() + Duration::from_secs(120);
    while count(folder.path()) == 0 {
        assert!(Instant::now() < end, "no dictionary was trained");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(50));
    let id = bed.accept_text(&text(5000));
    drop(bed);
    let connection = rusqlite::Connection::open(folder.path().join("journal.db")).unwrap();
    let (coding, length): (i64, i64) = connection
        .query_row("SELECT coding, length(body) FROM envelope WHERE id = ?1", [id.0 as i64], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    drop(connection);
    assert_eq!(coding, 17);
    assert!(length < 60, "{length} bytes");
    let bed = common::bed(folder.path());
    assert_eq!(*bed.store.envelope(id).unwrap().unwrap().envelope.payload, *text(5000).as_bytes());
    assert_eq!(common::faults(bed.store.as_ref()), Vec::<String>::new());
}

#[test]
fn orphans_of_a_crash_are_removed_and_named_blobs_stay() {
    let folder = tempfile::tempdir().unwrap();
    let bed = common::bed(folder.path());
    let mut new = bed.new_envelope("", 0);
    new.payload = Payload::new(vec![3; 100_000]);
    let id = bed.accept(new).unwrap();
    drop(bed);
    let orphan = folder.path().join("blobs/ab").join("cd".repeat(31));
    fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    fs::write(&orphan, b"never committed").unwrap();
    let part = folder.path().join("blobs/7.part");
    fs::write(&part, b"half").unwrap();
    let bed = common::bed(folder.path());
    let end = Instant::now() + Duration::from_secs(120);
    while orphan.exists() || part.exists() {
        assert!(Instant::now() < end, "the orphan is still there");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(bed.store.envelope(id).unwrap().unwrap().envelope.payload.len(), 100_000);
}

#[test]
fn one_blob_serves_all_who_name_it() {
    let folder = tempfile::tempdir().unwrap();
    let bed = common::bed(folder.path());
    let payload = Payload::new(vec![3; 100_000]);
    for second in 0..3 {
        let mut new = bed.new_envelope("", second * 100);
        new.payload = payload.clone();
        let id = bed.accept(new).unwrap();
        let key = bed.route_to(id, "");
        bed.tried(&key, 1, AttemptResult::Delivered);
    }
    let files = || {
        fs::read_dir(folder.path().join("blobs"))
            .unwrap()
            .flat_map(|one| fs::read_dir(one.unwrap().path()).unwrap())
            .count()
    };
    assert_eq!(files(), 1);
    let rule =
        |age| PruneRule { channel: bed.channel, age_max: Some(Duration::from_secs(age)), bytes_max: None };
    bed.store.prune(&[rule(50)], NOON.after(Duration::from_secs(200))).unwrap();
    assert_eq!(files(), 1);
    assert_eq!(bed.store.part(EnvelopeId(3), 0).unwrap(), payload);
    bed.store.prune(&[rule(0)], NOON.after(Duration::from_secs(300))).unwrap();
    assert_eq!(files(), 0);
}

#[test]
fn a_payload_of_70_megabytes_is_not_copied() {
    let folder = tempfile::tempdir().unwrap();
    let bed = common::bed(folder.path());
    let peak = || -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let before = peak();
    let block: Vec<u8> = (0..1u32 << 20).map(|at| b'A' + (at.wrapping_mul(at) >> 13) as u8 % 26).collect();
    let bytes = block.repeat(70);
    let mut new = bed.new_envelope("", 0);
    new.format = "pdf".into();
    new.payload = Payload::new(bytes);
    let id = bed.accept(new).unwrap();
    // The index looks at it, too, and needs it once.
    wait_for_index(bed.store.as_ref());
    let key = bed.route_to(id, "");
    let read = bed.store.part(id, 0).unwrap();
    assert!(read.len() == 70 << 20 && read.chunks(1 << 20).all(|chunk| chunk == block));
    drop(read);
    bed.tried(&key, 1, AttemptResult::Delivered);
    let grown = (peak() - before) >> 10;
    assert!(grown < 110, "{grown} MiB for a payload of 70");
}

#[test]
fn pruning_and_reading_go_on_beside_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let bed = common::bed(folder.path());
    let rule = PruneRule { channel: bed.channel, age_max: Some(Duration::ZERO), bytes_max: None };
    let stop = std::sync::atomic::AtomicBool::new(false);
    let pruned = std::thread::scope(|scope| {
        let pruner = scope.spawn(|| {
            let mut pruned = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let now = NOON.after(Duration::from_secs(99));
                pruned += bed.store.prune(std::slice::from_ref(&rule), now).unwrap().envelopes;
                bed.store.search(&Query::default()).unwrap();
            }
            pruned
        });
        for n in 0..400 {
            let key = bed.queue(&format!("patient=P{n}"), "l");
            if n % 4 != 0 {
                bed.tried(&key, 1, AttemptResult::Delivered);
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        pruner.join().unwrap()
    });
    let health = bed.store.health().unwrap();
    assert_eq!(health.envelopes, 400 - pruned);
    assert!(pruned > 0 && health.envelopes >= 100);
    assert_eq!(bed.store.waiting(bed.ris, "l", None, 999).unwrap().len(), 100);
    assert_eq!(common::faults(bed.store.as_ref()), Vec::<String>::new());
    bed.check();
}

/// What others than the owner may do with anything below a folder, and with the folder itself.
fn open_to_others(folder: &std::path::Path) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt;
    let mut found = Vec::new();
    let mut paths = vec![folder.to_owned()];
    while let Some(path) = paths.pop() {
        let rights = fs::metadata(&path).unwrap().permissions().mode();
        if rights & 0o077 != 0 {
            found.push(format!("{} {rights:o}", path.display()));
        }
        if path.is_dir() {
            paths.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    found
}

#[test]
fn nobody_else_can_read_what_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let outside = tempfile::tempdir().unwrap();
    let folder = outside.path().join("site/data");
    let bed = common::bed(&folder);
    bed.accept_text(&"patient=1\n".repeat(10_000));
    wait_for_index(bed.store.as_ref());
    let copy = outside.path().join("copies/today");
    bed.store.backup(&copy, &mut |_, _| ()).unwrap();
    let again = outside.path().join("again");
    klinke_store_sqlite::restore(&copy, &again).unwrap();
    for made in [&folder, &copy, &again] {
        assert!(made.join("journal.db").exists() && made.join("blobs").read_dir().unwrap().count() == 1);
        assert_eq!(open_to_others(made), [] as [String; 0]);
    }
    // What an older version left open to others is closed.
    drop(bed);
    for name in ["journal.db", "index.db", "LOCK"] {
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o644)).unwrap();
    }
    fs::set_permissions(folder.join("blobs"), fs::Permissions::from_mode(0o755)).unwrap();
    let _store = common::open(&folder).unwrap();
    assert_eq!(open_to_others(&folder), [] as [String; 0]);
}

#[test]
fn a_copy_goes_neither_into_the_store_nor_among_other_files() {
    let folder = tempfile::tempdir().unwrap();
    let store = common::open(&folder.path().join("data")).unwrap();
    let mut nothing = |_, _| ();
    let inside = folder.path().join("data/blobs/../copy");
    let refused = store.backup(&inside, &mut nothing).unwrap_err().to_string();
    assert!(refused.contains("lies in the store itself"), "{refused}");
    assert!(!folder.path().join("data/copy").exists());
    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("letter.txt"), "dear").unwrap();
    assert!(store.backup(&other, &mut nothing).is_err());
    assert_eq!(fs::read_dir(&other).unwrap().count(), 1, "nothing was added");
}

#[test]
fn a_store_whose_folder_is_gone_takes_nothing_until_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let (data, aside) = (folder.path().join("data"), folder.path().join("aside"));
    let bed = common::bed(&data);
    bed.accept_text("patient=1");
    fs::rename(&data, &aside).unwrap();
    for size in [1, 10_000] {
        let refused = bed.accept(bed.new_envelope(&"patient=2\n".repeat(size), 1));
        assert!(matches!(refused, Err(Error::Unwritable(_))), "{refused:?}");
    }
    assert!(bed.store.health().unwrap().refuses.is_some());
    assert!(!data.exists(), "nothing new was made in its place");
    fs::rename(&aside, &data).unwrap();
    bed.accept_text("patient=3");
    assert_eq!(bed.store.health().unwrap().refuses, None);
    assert_eq!(bed.store.health().unwrap().envelopes, 2);
}
