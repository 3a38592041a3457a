//! Full and read-only disks: refused plainly, nothing acknowledged that is not kept, and on again when
//! there is room.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use klinke_model::{AttemptResult, EnvelopeId, Payload};
use klinke_store::contract::bed::{Bed, NOON};
use klinke_store::{Error, NewEnvelope, PruneRule};
use klinke_store_sqlite::Options;

/// A small disk of its own, if this machine lets the test make one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn new(folder: &Path, megabytes: u32) -> Option<SmallDisk> {
        let place = folder.join("disk");
        std::fs::create_dir(&place).unwrap();
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&place).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(SmallDisk(place));
        }
        println!("DID NOT RUN: this machine lets no test mount a tmpfs (root may)");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).output();
    }
}

/// A payload that does not compress.
fn noise(bed: &Bed, n: u64, size: usize) -> NewEnvelope {
    let mut random = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = |_| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random as u8
    };
    let mut new = bed.new_envelope("", 0);
    new.payload = Payload::new((0..size).map(&mut next).collect());
    new
}

/// Accepts until the store refuses; gives what was acknowledged and the refusal.
fn fill(bed: &Bed, size: usize) -> (Vec<(EnvelopeId, u64)>, Error) {
    let mut kept = Vec::new();
    for n in 0..10_000 {
        match bed.accept(noise(bed, n, size)) {
            Ok(id) => kept.push((id, n)),
            Err(error) => return (kept, error),
        }
    }
    panic!("the disk did not fill");
}

fn check_kept(bed: &Bed, kept: &[(EnvelopeId, u64)], size: usize) {
    for (id, n) in kept {
        let record = bed.store.envelope(*id).unwrap().unwrap();
        assert!(record.envelope.payload == noise(bed, *n, size).payload);
    }
    assert_eq!(bed.store.books().unwrap().0[0].received, kept.len() as u64);
    assert_eq!(common::faults(bed.store.as_ref()), Vec::<String>::new());
    bed.check();
}

fn wait_until_it_writes(bed: &Bed) {
    let end = Instant::now() + Duration::from_secs(120);
    while bed.store.health().unwrap().refuses.is_some() {
        assert!(Instant::now() < end, "it still refuses: {:?}", bed.store.health().unwrap().refuses);
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_full_journal_refuses_and_goes_on_after_pruning() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { journal_size_bytes_max: Some(4 << 20), ..common::options() };
    let mut bed = common::bed_with(folder.path(), options);
    let (mut kept, error) = fill(&bed, 20_000);
    assert!(matches!(error, Error::Full(_)), "{error}");
    assert!(kept.len() > 50);
    assert!(bed.store.health().unwrap().refuses.unwrap().contains("full"));
    check_kept(&bed, &kept, 20_000);
    let next = kept.len() as u64 + 1;
    // A smaller envelope may still fit; numbers go on without a gap.
    if let Ok(id) = bed.accept(noise(&bed, 99, 10)) {
        assert_eq!(id, EnvelopeId(next));
    }
    for (id, _) in kept.drain(..40) {
        let key = bed.route_to(id, "");
        bed.tried(&key, 1, AttemptResult::Delivered);
    }
    let rule = PruneRule { channel: bed.channel, age_max: Some(Duration::ZERO), bytes_max: None };
    let mut pruned = 0;
    loop {
        let now = NOON.after(Duration::from_secs(9));
        let report = bed.store.prune(std::slice::from_ref(&rule), now).unwrap();
        pruned += report.envelopes;
        if !report.more {
            break;
        }
    }
    assert_eq!(pruned, 40);
    wait_until_it_writes(&bed);
    bed.accept(noise(&bed, 7, 20_000)).unwrap();
    bed.check();
    bed = {
        drop(bed);
        common::bed(folder.path())
    };
    assert_eq!(common::faults(bed.store.as_ref()), Vec::<String>::new());
}

#[test]
fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::new(folder.path(), 24) else { return };
    let ballast = disk.0.join("ballast");
    std::fs::write(&ballast, vec![1; 14 << 20]).unwrap();
    // What is in the log needs as much room again in the journal, which the ballast gives when it goes.
    let place = disk.0.join("store");
    for size in [5_000, 100_000] {
        let bed = common::bed(&place);
        let before = bed.store.books().unwrap().0[0].received;
        let (sender, receiver) = channel();
        let mut sent = 0;
        // Many at once, so that whole commits fail.
        let end = Instant::now() + Duration::from_secs(120);
        while bed.store.health().unwrap().refuses.is_none() && Instant::now() < end {
            for _ in 0..16 {
                let (sender, n) = (sender.clone(), before + sent);
                sent += 1;
                let done = Box::new(move |result| sender.send((n, result)).unwrap());
                bed.store.accept(noise(&bed, n, size), done);
            }
        }
        drop(sender);
        let heard: Vec<_> = receiver.into_iter().collect();
        assert_eq!(heard.len() as u64, sent, "every done was called");
        let refused = heard.iter().find_map(|one| one.1.as_ref().err()).unwrap();
        assert!(matches!(refused, Error::Full(_)), "{refused}");
        assert!(bed.store.channels().is_ok(), "reads go on");
        for (n, result) in &heard {
            if let Ok(id) = result {
                let record = bed.store.envelope(*id).unwrap().unwrap();
                assert!(record.envelope.payload == noise(&bed, *n, size).payload);
            }
        }
        let kept = heard.iter().filter(|one| one.1.is_ok()).count() as u64;
        assert_eq!(bed.store.books().unwrap().0[0].received, before + kept);
        std::fs::remove_file(&ballast).unwrap();
        wait_until_it_writes(&bed);
        bed.accept(noise(&bed, 3, size)).unwrap();
        assert_eq!(common::faults(bed.store.as_ref()), Vec::<String>::new());
        drop(bed);
        std::fs::remove_dir_all(&place).unwrap();
        std::fs::write(&ballast, vec![1; 14 << 20]).unwrap();
    }
}

#[test]
fn the_reserve_is_kept_for_what_must_still_be_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let bed = common::bed(folder.path());
    let first = bed.accept_text("a");
    drop(bed);
    let bed = common::bed_with(folder.path(), Options { reserve_bytes: u64::MAX / 2, ..common::options() });
    for size in [10, 100_000] {
        let refused = bed.accept(noise(&bed, 1, size)).unwrap_err();
        assert!(matches!(&refused, Error::Full(text) if text.contains("MiB")), "{refused}");
    }
    let key = bed.route_to(first, "");
    bed.tried(&key, 1, AttemptResult::Delivered);
    assert!(bed.store.health().unwrap().refuses.is_some());
    assert_eq!(bed.store.books().unwrap().1[0].delivered, 1);
}

#[test]
fn a_read_only_disk_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::new(folder.path(), 12) else { return };
    let place = disk.0.join("store");
    drop(common::bed(&place));
    let remount = |how: &str| {
        let done = Command::new("mount").args(["-o", how]).arg(&disk.0).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    remount("remount,ro");
    let refused = common::open(&place).err().unwrap();
    assert!(matches!(refused, Error::Unwritable(_)), "{refused}");
    remount("remount,rw");
    let bed = common::bed(&place);
    bed.accept_text("a");
}
