//! The worklist from outside: orders in, steps out, by all kinds of matching and after the program was started anew.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use klinke_archive::change::Decision;
use klinke_archive::find::Names;
use klinke_archive::worklist::{Scheduled, StepKey, StepState, WorklistQuery};
use klinke_archive::{Archive, Error, Named, Options};
use klinke_dimse::charset::Charset;
use klinke_dimse::data::DataSet;
use klinke_dimse::{Tag, VR, tags};
use klinke_model::Timestamp;

/// 29 November 2026, in the morning.
const NOW: Timestamp = Timestamp(1_795_946_400_000_000);
const UTF_8: Charset = Charset::UTF_8;

fn open(folder: &Path) -> Archive {
    Archive::open(folder, Options::default()).unwrap()
}

fn step(accession: &str, id: &str, fields: &[(Tag, VR, &str)]) -> DataSet {
    let mut item = DataSet::new();
    item.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, id);
    item.put_ascii(tags::SCHEDULED_STATION_AE_TITLE, VR::AE, "CT1");
    item.put_ascii(tags::MODALITY, VR::CS, "CT");
    item.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_START_DATE, VR::DA, "20261129");
    item.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_START_TIME, VR::TM, "1015");
    let mut set = DataSet::new();
    set.put_ascii(tags::ACCESSION_NUMBER, VR::SH, accession);
    set.put_ascii(tags::PATIENT_ID, VR::LO, "4711");
    set.put_text(tags::PATIENT_NAME, VR::PN, "Müller^Jörg", &UTF_8);
    set.put_ascii(tags::REQUESTED_PROCEDURE_ID, VR::SH, "RP1");
    for (tag, vr, text) in fields {
        let is_of_step = tag.0 == 0x0040 && tag.1 < 0x0100 || *tag == tags::MODALITY;
        let target = if is_of_step { &mut item } else { &mut set };
        target.put_text(*tag, *vr, text, &UTF_8);
    }
    set.put_items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE, vec![item]);
    set
}

fn key(accession: &str, id: &str) -> StepKey {
    StepKey { accession: accession.to_owned(), step: id.to_owned() }
}

fn state(archive: &Archive, accession: &str, id: &str) -> StepState {
    archive.step(&key(accession, id)).unwrap().unwrap().state
}

/// An identifier: keys of the item and outside of it.
fn asking(keys: &[(Tag, VR, &str)]) -> DataSet {
    let mut set = step("", "", keys);
    for tag in [tags::ACCESSION_NUMBER, tags::PATIENT_ID, tags::PATIENT_NAME, tags::REQUESTED_PROCEDURE_ID] {
        if !keys.iter().any(|key| key.0 == tag) {
            set.remove(tag);
        }
    }
    let mut item = set.items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE)[0].clone();
    let own: Vec<Tag> = item.iter().map(|element| element.tag).collect();
    for tag in own.into_iter().filter(|tag| !keys.iter().any(|key| key.0 == *tag)) {
        item.remove(tag);
    }
    set.put_items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE, vec![item]);
    set
}

/// The IDs of the steps that are found, in their order.
fn found(archive: &Archive, query: &WorklistQuery) -> Vec<String> {
    let mut ids = Vec::new();
    let mut each = |step: klinke_archive::worklist::Step| {
        let item = &step.attributes.items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE)[0];
        ids.push(item.ascii(tags::SCHEDULED_PROCEDURE_STEP_ID).unwrap().to_owned());
        ControlFlow::Continue(())
    };
    archive.worklist(query, &mut each).unwrap();
    ids
}

fn ids(archive: &Archive, keys: &[(Tag, VR, &str)]) -> Vec<String> {
    found(archive, &WorklistQuery::of(&asking(keys)))
}

#[test]
fn an_order_is_put_changed_cancelled_and_durable() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let order = step("A1", "S1", &[]);
    assert_eq!(archive.schedule(&order, NOW).unwrap(), [Scheduled::New]);
    assert_eq!(archive.schedule(&order, NOW).unwrap(), [Scheduled::Same], "its study UID is taken again");
    let study = archive.step(&key("A1", "S1")).unwrap().unwrap();
    let study = study.attributes.ascii(tags::STUDY_INSTANCE_UID).unwrap().to_owned();
    assert!(study.starts_with("2.25.") && study.len() <= 64, "{study}");
    // Another step of the same procedure is of the same study.
    archive.schedule(&step("A1", "S2", &[]), NOW).unwrap();
    let second = archive.step(&key("A1", "S2")).unwrap().unwrap();
    assert_eq!(second.attributes.ascii(tags::STUDY_INSTANCE_UID), Some(study.as_str()));
    let moved = step("A1", "S1", &[(tags::SCHEDULED_STATION_AE_TITLE, VR::AE, "CT2")]);
    assert_eq!(archive.schedule(&moved, NOW).unwrap(), [Scheduled::Changed]);
    assert_eq!(ids(&archive, &[(tags::SCHEDULED_STATION_AE_TITLE, VR::AE, "CT2")]), ["S1"]);
    assert_eq!(archive.cancel_step(&key("A1", "S2"), NOW).unwrap(), Scheduled::Cancelled);
    assert_eq!(archive.cancel_step(&key("A1", "S2"), NOW).unwrap(), Scheduled::Same);
    assert_eq!(archive.cancel_step(&key("A1", "S3"), NOW).unwrap(), Scheduled::Absent);
    drop(archive);
    let archive = open(folder.path());
    assert_eq!(ids(&archive, &[]), ["S1"]);
    assert_eq!(state(&archive, "A1", "S2"), StepState::Cancelled);
    assert_eq!(ids(&archive, &[(tags::SCHEDULED_PROCEDURE_STEP_STATUS, VR::CS, "CANCELED")]), ["S2"]);
    let all = WorklistQuery { with_finished: true, ..WorklistQuery::default() };
    assert_eq!(found(&archive, &all).len(), 2);
    // Ordered anew.
    assert_eq!(archive.schedule(&step("A1", "S2", &[]), NOW).unwrap(), [Scheduled::Changed]);
    assert_eq!(state(&archive, "A1", "S2"), StepState::Scheduled);
}

#[test]
fn the_same_order_again_changes_nothing_and_a_state_goes_only_forward() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let uid = (tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3");
    let with = |state| step("A1", "S1", &[uid, (tags::SCHEDULED_PROCEDURE_STEP_STATUS, VR::CS, state)]);
    let plain = step("A1", "S1", &[uid]);
    assert_eq!(archive.schedule(&plain, NOW).unwrap(), [Scheduled::New]);
    assert_eq!(archive.schedule(&plain, NOW).unwrap(), [Scheduled::Same]);
    for (told, is) in [
        ("ARRIVED", StepState::Arrived),
        ("STARTED", StepState::Started),
        ("SCHEDULED", StepState::Started),
        ("COMPLETED", StepState::Completed),
        ("SCHEDULED", StepState::Completed),
    ] {
        archive.schedule(&with(told), NOW).unwrap();
        assert_eq!(state(&archive, "A1", "S1"), is, "{told}");
    }
    assert_eq!(archive.schedule(&plain, NOW).unwrap(), [Scheduled::Same]);
    assert_eq!(archive.schedule(&with("CANCELED"), NOW).unwrap(), [Scheduled::Kept(StepState::Completed)]);
    assert!(ids(&archive, &[]).is_empty());
}

#[test]
fn all_kinds_of_matching() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let date = tags::SCHEDULED_PROCEDURE_STEP_START_DATE;
    let time = tags::SCHEDULED_PROCEDURE_STEP_START_TIME;
    let station = tags::SCHEDULED_STATION_AE_TITLE;
    for order in [
        step("A1", "S1", &[(station, VR::AE, "CT1\\CT2")]),
        step(
            "A2",
            "S2",
            &[(date, VR::DA, "20261130"), (time, VR::TM, "0700"), (tags::PATIENT_ID, VR::LO, "4712")],
        ),
        step(
            "A3",
            "S3",
            &[(date, VR::DA, "20261201"), (time, VR::TM, "190000"), (tags::MODALITY, VR::CS, "MR")],
        ),
        step(
            "A4",
            "S4",
            &[(date, VR::DA, "20261202"), (time, VR::TM, ""), (tags::PATIENT_NAME, VR::PN, "Meier^Anna")],
        ),
    ] {
        archive.schedule(&order, NOW).unwrap();
    }
    let is = |keys: &[(Tag, VR, &str)], expected: &[&str]| assert_eq!(ids(&archive, keys), expected);
    is(&[], &["S1", "S2", "S3", "S4"]);
    is(&[(tags::ACCESSION_NUMBER, VR::SH, "A2")], &["S2"]);
    is(&[(tags::PATIENT_ID, VR::LO, "471?")], &["S1", "S2", "S3", "S4"]);
    is(&[(tags::PATIENT_NAME, VR::PN, "müller*")], &["S1", "S2", "S3"]);
    is(&[(tags::PATIENT_NAME, VR::PN, "MEIER^ANNA")], &["S4"]);
    is(&[(station, VR::AE, "CT2 ")], &["S1"]);
    is(&[(tags::MODALITY, VR::CS, "MR")], &["S3"]);
    is(&[(tags::MODALITY, VR::CS, "*")], &["S1", "S2", "S3", "S4"]);
    is(&[(date, VR::DA, "20261130")], &["S2"]);
    is(&[(date, VR::DA, "20261130-")], &["S2", "S3", "S4"]);
    is(&[(date, VR::DA, "-20261130"), (station, VR::AE, "CT1")], &["S1", "S2"]);
    is(&[(time, VR::TM, "0600-1100")], &["S1", "S2"]);
    // Both as ranges are one: from the first evening to the last morning. A step without a time is any time of its day.
    is(&[(date, VR::DA, "20261129-20261201"), (time, VR::TM, "1000-2000")], &["S1", "S2", "S3"]);
    is(&[(date, VR::DA, "20261129-20261201"), (time, VR::TM, "1100-1800")], &["S2"]);
    is(&[(date, VR::DA, "20261201-"), (time, VR::TM, "2000-")], &["S4"]);
    // An hour of any of the days.
    is(&[(date, VR::DA, "20261129-20261201"), (time, VR::TM, "1015")], &["S1"]);
    // What is not of the model, or private, asks for nothing.
    is(&[(Tag(0x0009, 0x1001), VR::LO, "x"), (tags::STATION_NAME, VR::SH, "x")], &["S1", "S2", "S3", "S4"]);
    is(&[(tags::SCHEDULED_PROCEDURE_STEP_LOCATION, VR::SH, "Haus 3")], &[]);
    let fuzzy = WorklistQuery {
        names: Names::Fuzzy,
        ..WorklistQuery::of(&asking(&[(tags::PATIENT_NAME, VR::PN, "Jörg Mueller")]))
    };
    assert_eq!(found(&archive, &fuzzy), ["S1", "S2", "S3"]);
    let own = |title: &str| WorklistQuery { station: Some(title.to_owned()), ..WorklistQuery::default() };
    assert_eq!((found(&archive, &own("CT2")), found(&archive, &own("CT"))), (vec!["S1".to_owned()], vec![]));
    let some = WorklistQuery { limit: Some(2), ..WorklistQuery::default() };
    assert_eq!(found(&archive, &some).len(), 2);
}

#[test]
fn several_steps_in_one_order_and_orders_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let mut order = step("A1", "S1", &[]);
    let mut items = order.items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE).to_vec();
    items.push(items[0].clone());
    items[1].put_ascii(tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, "S2");
    order.put_items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE, items.clone());
    assert_eq!(archive.schedule(&order, NOW).unwrap(), [Scheduled::New, Scheduled::New]);
    assert_eq!(ids(&archive, &[]), ["S1", "S2"]);
    // One without an ID: then none of them.
    items[0].put_ascii(tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, "S3");
    items[1].remove(tags::SCHEDULED_PROCEDURE_STEP_ID);
    order.put_items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE, items);
    let Err(Error::Refused(why)) = archive.schedule(&order, NOW) else { panic!("it has no ID") };
    assert!(why.contains("(0040,0009)"), "{why}");
    order.remove(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE);
    assert!(archive.schedule(&order, NOW).is_err());
    assert_eq!(ids(&archive, &[]).len(), 2);
}

#[test]
fn texts_in_other_character_sets_are_kept_in_utf_8() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let mut order = step("A1", "S1", &[]);
    order.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100");
    order.put_text(tags::PATIENT_NAME, VR::PN, "Größmann^Zoë", &Charset::LATIN_1);
    archive.schedule(&order, NOW).unwrap();
    assert_eq!(ids(&archive, &[(tags::PATIENT_NAME, VR::PN, "größmann*")]), ["S1"]);
    let kept = archive.step(&key("A1", "S1")).unwrap().unwrap().attributes;
    assert_eq!(kept.text(tags::PATIENT_NAME, &UTF_8).as_deref(), Some("Größmann^Zoë"));
}

#[test]
fn old_steps_go() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    archive.schedule(&step("A1", "S1", &[]), NOW).unwrap();
    let mut undated = step("A2", "S2", &[]);
    let mut item = undated.items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE)[0].clone();
    item.remove(tags::SCHEDULED_PROCEDURE_STEP_START_DATE);
    undated.put_items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE, vec![item]);
    archive.schedule(&undated, NOW.after(Duration::from_secs(5 * 86_400))).unwrap();
    assert_eq!(archive.expire_steps(NOW).unwrap(), 0);
    assert_eq!(archive.expire_steps(NOW.after(Duration::from_secs(86_400))).unwrap(), 1);
    assert_eq!(ids(&archive, &[]), ["S2"]);
    assert_eq!(archive.expire_steps(NOW.after(Duration::from_secs(6 * 86_400))).unwrap(), 1);
}

#[test]
fn an_index_of_version_1_is_taken_over_and_one_of_later_versions_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    drop(open(folder.path()));
    assert!(path.is_file());
    for beside in ["index.db", "index.db-wal", "index.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(beside));
    }
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch(include_str!("../src/index/sqlite/1.sql")).unwrap();
    let patient = "INSERT INTO patient VALUES (1, '4711', '', '', 'm', '', x'')";
    let study = "INSERT INTO study VALUES (1, '1.2', 1, '', '', '', 'studies/x', '', '', 0, x'')";
    connection.execute_batch(&format!("{patient}; {study}; PRAGMA user_version = 1;")).unwrap();
    drop(connection);
    let archive = open(folder.path());
    assert_eq!((archive.totals().unwrap().patients, archive.totals().unwrap().studies), (1, 1));
    let (one, other) = (Named::parse("4711").unwrap(), Named::parse("4712").unwrap());
    archive.merge(&one, &other, &Decision::default()).unwrap();
    archive.schedule(&step("A1", "S1", &[]), NOW).unwrap();
    assert_eq!(ids(&archive, &[]), ["S1"]);
    drop(archive);
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    let Err(Error::TooNew { found: 99, .. }) = Archive::open(folder.path(), Options::default()) else {
        panic!("it is of a later version")
    };
}
