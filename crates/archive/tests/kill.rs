//! Kills the process at a random moment, again and again: what was acknowledged is there, whole and in the index, also
//! where all that was not synced is taken away besides, as a cut of the power may.
//!
//! `KLINKE_KILLS` says how often; ten times otherwise.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use klinke_archive::change::Decision;
use klinke_archive::index::{Added, ClashPolicy, Selection};
use klinke_archive::workitem::{Refusal, State, Target, WorkitemQuery};
use klinke_archive::{Archive, Arrival, Named, Options, Receiving, Tier};
use klinke_dimse::charset::Rules;
use klinke_dimse::data::{self, DataSet, Element};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags};
use klinke_model::Timestamp;

const PLACE: &str = "KLINKE_KILL_PLACE";
/// Where the process that decides finds its archive.
const DECIDING: &str = "KLINKE_KILL_DECIDING";
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

/// The n-th instance: small ones, and some that are written in pieces.
fn instance(number: u64) -> Vec<u8> {
    let size = if number % 20 == 7 { 3 << 20 } else { 4_000 + (number % 7) as usize * 2 };
    of_study(number, number / 100, number / 10, size)
}

fn of_study(number: u64, study: u64, series: u64, size: usize) -> Vec<u8> {
    let mut set = DataSet::new();
    for (tag, vr, text) in [
        (tags::SOP_CLASS_UID, VR::UI, CT.to_owned()),
        (tags::SOP_INSTANCE_UID, VR::UI, format!("1.2.{number}")),
        (tags::PATIENT_ID, VR::LO, format!("P{study}")),
        (tags::STUDY_INSTANCE_UID, VR::UI, format!("1.3.{study}")),
        (tags::SERIES_INSTANCE_UID, VR::UI, format!("1.4.{series}")),
    ] {
        set.put_ascii(tag, vr, &text);
    }
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, vec![number as u8; size]));
    data::write(&set, &TransferSyntax::EXPLICIT).unwrap()
}

/// Takes an instance in, up to its last byte.
fn receiving(archive: &Archive, bytes: &[u8]) -> Receiving {
    let arrival = Arrival {
        class: CT.to_owned(),
        instance: String::new(),
        syntax: TransferSyntax::EXPLICIT.uid().to_owned(),
        from: "CT1".to_owned(),
        to: "KLINKE".to_owned(),
        clash: ClashPolicy::KeepFirst,
        charset: Rules::default(),
        study: None,
        quota: None,
    };
    let mut receiving = archive.receive(arrival).unwrap();
    for piece in bytes.chunks(64 << 10) {
        receiving.write(piece).unwrap();
    }
    receiving
}

/// A line that the parent reads only whole.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).unwrap();
    out.flush().unwrap();
}

/// The process that is killed. As a test of its own it has nothing to do.
#[test]
fn child() {
    let Ok(place) = std::env::var(PLACE) else { return };
    let archive = Archive::open(Path::new(&place), Options::default()).unwrap();
    let next = AtomicU64::new(archive.totals().unwrap().instances / 100 * 100);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    let receiving = receiving(&archive, &instance(number));
                    let received = receiving.finish(Timestamp::now()).unwrap();
                    assert!(matches!(received.added, Added::New(_) | Added::Same), "{:?}", received.added);
                    say(&format!("A {number}\n"));
                }
            });
        }
    });
}

/// How often, and how it begins.
fn kills() -> (u64, u64) {
    let kills: u64 = std::env::var("KLINKE_KILLS").ok().map_or(10, |text| text.parse().unwrap());
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    println!("seed {seed}");
    (kills, seed)
}

/// Lets one of the tests here run as a process of its own, kills it after a while, and gives the lines that it has said.
fn killed(test: &str, variable: &str, place: &Path, seed: &mut u64) -> Vec<String> {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(variable, place)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || out.lines().map_while(Result::ok).collect());
    std::thread::sleep(Duration::from_millis(30 + *seed % 400));
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

/// Does what a cut of the power may do besides: a file that was not synced is gone, or half, or other bytes, and so is a
/// folder of them. Gives how many.
fn cut_power(place: &Path, seed: &mut u64) -> u64 {
    let index = rusqlite::Connection::open(place.join("index.db")).unwrap();
    let mut listed = index.prepare("SELECT path FROM unsynced").unwrap();
    let paths = listed.query_map([], |row| Ok(place.join(row.get::<_, String>(0)?))).unwrap();
    let paths: BTreeSet<_> = paths.map(Result::unwrap).collect();
    for path in &paths {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let Ok(size) = std::fs::metadata(path).map(|data| data.len()) else { continue };
        let folder = path.parent().unwrap();
        let mut beside = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        match (*seed >> 33) % 4 {
            0 => std::fs::remove_file(path).unwrap(),
            1 => std::fs::File::options().write(true).open(path).unwrap().set_len(size / 2).unwrap(),
            2 => std::fs::write(path, vec![0; size as usize]).unwrap(),
            _ if beside.all(|one| paths.contains(&one)) => std::fs::remove_dir_all(folder).unwrap(),
            _ => {}
        }
    }
    paths.len() as u64
}

#[test]
fn nothing_acknowledged_is_lost_and_files_and_index_agree() {
    let (kills, mut seed) = kills();
    let folder = tempfile::tempdir().unwrap();
    let (mut acknowledged, mut taken) = (BTreeMap::new(), 0);
    for kill in 0..kills {
        let said = killed("child", PLACE, folder.path(), &mut seed);
        let numbers = said.iter().filter_map(|line| line.strip_prefix("A ")?.parse().ok());
        acknowledged.extend(numbers.map(|number: u64| (number, kill)));
        taken += cut_power(folder.path(), &mut seed);
        let archive = Archive::open(folder.path(), Options::default()).unwrap();
        let verified = archive.verify(&mut |_, _| {}).unwrap();
        assert_eq!(verified.damaged, 0, "{:?}", verified.faults);
        for number in acknowledged.keys() {
            let kept = archive.instance(&format!("1.2.{number}")).unwrap();
            let kept = kept.unwrap_or_else(|| panic!("instance {number} was acknowledged and is not there"));
            if acknowledged[number] == kill {
                let file = std::fs::read(archive.path(&kept)).unwrap();
                assert_eq!(file[kept.file.data_offset as usize..], instance(*number));
            }
        }
        assert_eq!(archive.totals().unwrap().beside, 0, "what is sent again is the same");
    }
    println!(
        "{kills} kills, {} instances acknowledged, {taken} files taken away, none lost",
        acknowledged.len()
    );
    assert!(acknowledged.len() as u64 > kills, "the process was killed before it did anything");
    match taken {
        0 => println!("files are synced one by one on this file system: a power cut was NOT TRIED"),
        _ => assert!(taken > kills, "the power took {taken} files"),
    }
}

/// An archive with a tier.
fn tiered(place: &Path) -> Options {
    let tier = Tier { name: "slow".to_owned(), path: place.join("slow") };
    Options { tiers: vec![tier], ..Options::default() }
}

fn of(study: u64) -> Selection {
    Selection { studies: vec![format!("1.3.{study}")], ..Selection::default() }
}

fn decision() -> Decision {
    Decision { who: "anna".to_owned(), why: "a test".to_owned(), at: Timestamp::now(), ..Decision::default() }
}

/// The process that decides and is killed: of each study it stores three instances, gives them to another patient, and then every third
/// goes into the trash, the others into a tier.
#[test]
fn deciding() {
    let Ok(place) = std::env::var(DECIDING) else { return };
    let place = Path::new(&place);
    let archive = Archive::open(&place.join("archive"), tiered(place)).unwrap();
    let first = archive.changes(None, 1).unwrap().first().map_or(0, |newest| newest.number);
    // What was begun and not ended is done again, as at night.
    for facts in archive.facts(0, 100_000).unwrap() {
        archive.move_to_tier(&facts.study, "slow").unwrap();
    }
    archive.remove_left_over(Timestamp::now().after(Duration::from_secs(60))).unwrap();
    for study in first * 10.. {
        for number in study * 10..study * 10 + 3 {
            receiving(&archive, &of_study(number, study, study, 2_000)).finish(Timestamp::now()).unwrap();
        }
        say(&format!("S {study}\n"));
        let named = |text: String| Named::parse(&text).unwrap();
        archive.merge(&named(format!("P{study}")), &named(format!("Q{study}")), &decision()).unwrap();
        say(&format!("M {study}\n"));
        match study % 3 {
            0 => {
                archive.throw(&of(study), &decision()).unwrap();
                say(&format!("T {study}\n"));
            }
            _ => {
                archive.move_to_tier(&format!("1.3.{study}"), "slow").unwrap();
                say(&format!("V {study}\n"));
            }
        }
    }
}

#[test]
fn what_was_decided_is_decided_and_files_and_index_agree() {
    let (kills, mut seed) = kills();
    let folder = tempfile::tempdir().unwrap();
    let (place, mut said) = (folder.path(), Vec::new());
    for kill in 0..kills {
        let lines = killed("deciding", DECIDING, place, &mut seed);
        let told = |line: &String| {
            let (what, study) = line.split_once(' ')?;
            Some((what.to_owned(), study.parse::<u64>().ok()?))
        };
        said.extend(lines.iter().filter_map(told));
        let archive = Archive::open(&place.join("archive"), tiered(place)).unwrap();
        let verified = archive.verify(&mut |_, _| {}).unwrap();
        assert_eq!(verified.damaged, 0, "{:?}", verified.faults);
        // Files of the study that it was at each time: copies for a tier, or an instance that nobody was told of.
        assert!(verified.unknown <= 3 * (kill + 1), "{:?}", verified.faults);
        said.iter().for_each(|(what, study)| holds(&archive, what, *study));
    }
    assert!(said.len() as u64 > kills, "the process was killed before it did anything");
    // All of it is so as well when the index is made anew.
    let archive = Archive::open(&place.join("archive"), tiered(place)).unwrap();
    let (totals, trash) = (archive.totals().unwrap(), archive.trash(None, usize::MAX).unwrap().len());
    drop(archive);
    Archive::rebuild(&place.join("archive"), &tiered(place), &mut |_| {}).unwrap();
    let archive = Archive::open(&place.join("archive"), tiered(place)).unwrap();
    said.iter().for_each(|(what, study)| holds(&archive, what, *study));
    assert_eq!(archive.trash(None, usize::MAX).unwrap().len(), trash);
    let again = archive.totals().unwrap();
    // An instance that was never acknowledged may be found on the way.
    assert!(again.instances - totals.instances <= 3 * kills, "{again:?} {totals:?}");
    println!("{kills} kills, {} decisions and studies acknowledged, none lost", said.len());
}

/// Whether something that was said is so.
fn holds(archive: &Archive, what: &str, study: u64) {
    let kept = archive.instances(&of(study), 0, 10).unwrap();
    let thrown = archive.thrown_of(&format!("1.3.{study}")).unwrap();
    assert_eq!(kept.len() + thrown.len(), 3, "study {study} is not whole");
    match what {
        "M" if !kept.is_empty() => {
            let patient = Selection { patient: Some((format!("Q{study}"), None)), ..of(study) };
            assert_eq!(
                archive.instances(&patient, 0, 10).unwrap().len(),
                kept.len(),
                "study {study} is not merged"
            );
        }
        "T" => assert_eq!(thrown.len(), 3, "study {study} is not in the trash"),
        "V" => {
            assert!(
                kept.iter().all(|one| one.file.path.starts_with("slow:")),
                "study {study} is not in its tier"
            );
            for (one, number) in kept.iter().zip(study * 10..) {
                let file = std::fs::read(archive.path(one)).unwrap();
                assert_eq!(file[one.file.data_offset as usize..], of_study(number, study, study, 2_000));
            }
        }
        _ => {}
    }
}

const WORKLIST: &str = "KLINKE_KILL_WORKLIST";

/// A workitem that says what it has to.
fn workitem() -> DataSet {
    let mut set = DataSet::new();
    set.put_ascii(tags::PROCEDURE_STEP_STATE, VR::CS, "SCHEDULED");
    set.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_PRIORITY, VR::CS, "LOW");
    set.put_ascii(tags::PROCEDURE_STEP_LABEL, VR::LO, "Segment");
    set.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_START_DATE_TIME, VR::DT, "20261130101500");
    set.put_ascii(tags::INPUT_READINESS_STATE, VR::CS, "READY");
    set
}

/// However fast the machine: nothing that is owed is dropped for want of room.
fn roomy() -> Options {
    Options { reports_max: u64::MAX, ..Options::default() }
}

/// The process that is killed while workitems are created, claimed and watched.
#[test]
fn working() {
    let Ok(place) = std::env::var(WORKLIST) else { return };
    let archive = Archive::open(Path::new(&place), roomy()).unwrap();
    archive.subscribe(Target::Worklist, "WATCH", true).unwrap();
    say("S\n");
    let there = archive.workitems(&WorkitemQuery::default()).unwrap().len() as u64;
    let next = AtomicU64::new(there + 1000);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    let uid = format!("1.{number}");
                    match archive.create_workitem(&uid, &workitem(), Timestamp::now()) {
                        Ok(_) => say(&format!("C {uid}\n")),
                        Err(Refusal::Duplicate) => continue,
                        Err(refusal) => panic!("{refusal}"),
                    }
                    let claim = format!("2.{number}");
                    archive.change_workitem_state(&uid, State::InProgress, &claim, Timestamp::now()).unwrap();
                    say(&format!("I {uid}\n"));
                }
            });
        }
    });
}

#[test]
fn workitems_their_states_and_what_watchers_are_owed_outlive_a_kill() {
    let (kills, mut seed) = kills();
    let folder = tempfile::tempdir().unwrap();
    let (mut created, mut claimed) = (Vec::new(), Vec::new());
    let mut is_watched = false;
    for _ in 0..kills {
        for line in killed("working", WORKLIST, folder.path(), &mut seed) {
            match line.split_once(' ') {
                Some(("C", uid)) => created.push(uid.to_owned()),
                Some(("I", uid)) => claimed.push(uid.to_owned()),
                _ => is_watched |= line == "S",
            }
        }
    }
    assert!(is_watched && created.len() > 10, "{} workitems: nothing was tried", created.len());
    let archive = Archive::open(folder.path(), roomy()).unwrap();
    let reports = archive.reports("WATCH", 0, usize::MAX).unwrap();
    let told: Vec<(&str, &str)> = reports
        .iter()
        .map(|one| (one.workitem.as_str(), one.attributes.ascii(tags::PROCEDURE_STEP_STATE).unwrap()))
        .collect();
    let told: std::collections::HashSet<_> = told.into_iter().collect();
    for uid in &created {
        assert!(archive.workitem(uid).unwrap().is_some(), "{uid} was acknowledged and is not there");
        assert!(told.contains(&(uid.as_str(), "SCHEDULED")), "{uid}: nobody is told that it is new");
    }
    for uid in &claimed {
        assert_eq!(archive.workitem(uid).unwrap().unwrap().state, State::InProgress, "{uid}");
        assert!(told.contains(&(uid.as_str(), "IN PROGRESS")), "{uid}: nobody is told that it is begun");
    }
}
