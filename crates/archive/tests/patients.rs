//! Who patients are: merges, corrections and moves over files that stay as they came, also after the index is made anew.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]

mod common;

use std::io::Read;
use std::ops::ControlFlow;

use common::{Image, all, image, open, send, studies};
use klinke_archive::change::Decision;
use klinke_archive::find::Query;
use klinke_archive::index::{Added, Reason, Selection};
use klinke_archive::migrate::{Known, Settled};
use klinke_archive::worklist::WorklistQuery;
use klinke_archive::{Archive, Error, Expecting, Level, Named, Options, PatientKey, Told};
use klinke_dimse::charset::Charset;
use klinke_dimse::data::{self, DataSet, Limits};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags};
use klinke_model::Timestamp;

fn named(text: &str) -> Named {
    Named::parse(text).unwrap()
}

fn now() -> Decision {
    Decision { who: "anna".to_owned(), why: "a test".to_owned(), origin: String::new(), at: Timestamp::now() }
}

/// An instance of a patient; the study is named by its number.
fn of(patient: &str, study: u32) -> Image {
    image(patient, &format!("1.{study}"), &format!("1.{study}.1"), &format!("1.{study}.1.1"))
}

/// The patients who are here, each with how many studies they have.
fn patients(archive: &Archive) -> Vec<(String, u64)> {
    let found = all(archive, &Query::at(Level::Patient));
    let one = |one: &klinke_archive::index::Found| {
        (one.attributes[0].ascii(tags::PATIENT_ID).unwrap_or_default().to_owned(), one.counts.patient_studies)
    };
    let mut patients: Vec<_> = found.iter().map(one).collect();
    patients.sort();
    patients
}

/// The data set of an instance as it is given.
fn given(archive: &Archive, uid: &str) -> DataSet {
    let instance = archive.instance(uid).unwrap().unwrap();
    let mut given = archive.given(&instance).unwrap();
    let left = given.left();
    let mut bytes = Vec::new();
    given.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, left);
    data::read(bytes, &TransferSyntax::by_uid(&instance.file.syntax), &Limits::default()).set
}

/// The identifier that an instance is given with, and the one that it had where that is another one.
fn identity(archive: &Archive, uid: &str) -> (String, Option<String>) {
    let set = given(archive, uid);
    let before = set.items(tags::ORIGINAL_ATTRIBUTES_SEQUENCE).first();
    let before = before.map(|item| &item.items(tags::MODIFIED_ATTRIBUTES_SEQUENCE)[0]);
    let id = |set: &DataSet| set.ascii(tags::PATIENT_ID).unwrap_or_default().to_owned();
    (id(&set), before.map(id))
}

/// The archive with an index that was made anew.
fn rebuilt(folder: &std::path::Path, archive: Archive) -> Archive {
    drop(archive);
    let rebuilt = Archive::rebuild(folder, &Options::default(), &mut |_| {}).unwrap();
    assert_eq!(rebuilt.faults, []);
    open(folder)
}

#[test]
fn a_merged_patient_is_found_and_given_as_the_other_one_and_files_stay_as_they_came() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let bytes = of("1", 1).bytes();
    send(&archive, &of("1", 1));
    send(&archive, &of("2", 2));
    let merge = archive.merge(&named("1"), &named("2"), &now()).unwrap();
    let check = |archive: &Archive| {
        assert_eq!(patients(archive), [("2".to_owned(), 2)]);
        assert_eq!(studies(archive, &[(tags::PATIENT_ID, VR::LO, "2")]), ["1.2", "1.1"]);
        assert_eq!(studies(archive, &[(tags::PATIENT_ID, VR::LO, "1")]), Vec::<String>::new());
        assert_eq!(identity(archive, "1.1.1.1"), ("2".to_owned(), Some("1".to_owned())));
        assert_eq!(given(archive, "1.1.1.1").ascii(tags::PATIENT_NAME), Some("Muster^2"));
        assert_eq!(identity(archive, "1.2.1.1"), ("2".to_owned(), None));
        let kept = archive.instance("1.1.1.1").unwrap().unwrap();
        assert!(std::fs::read(archive.path(&kept)).unwrap().ends_with(&bytes));
        assert_eq!(archive.verify(&mut |_, _| {}).unwrap().faults, []);
    };
    check(&archive);
    // What comes later under the old identifier is the other one's as well.
    assert!(matches!(send(&archive, &of("1", 3)), Added::New(_)));
    assert_eq!(identity(&archive, "1.3.1.1"), ("2".to_owned(), Some("1".to_owned())));
    let mut selection = Selection { studies: vec!["1.3".to_owned()], ..Selection::default() };
    archive.throw(&selection, &now()).unwrap();
    let archive = rebuilt(folder.path(), archive);
    check(&archive);
    selection.studies = vec!["1.2".to_owned()];
    assert_eq!(archive.thrown_of("1.3").unwrap().len(), 1, "the trash is there again");

    archive.undo(merge, &now()).unwrap();
    for archive in [archive.clone(), archive] {
        assert_eq!(patients(&archive), [("1".to_owned(), 1), ("2".to_owned(), 1)]);
        assert_eq!(identity(&archive, "1.1.1.1"), ("1".to_owned(), None));
    }
    let archive = rebuilt(folder.path(), open_again(folder.path()));
    assert_eq!(patients(&archive), [("1".to_owned(), 1), ("2".to_owned(), 1)]);
    assert!(matches!(archive.undo(merge, &now()), Err(Error::Refused(_))));
}

fn open_again(folder: &std::path::Path) -> Archive {
    open(folder)
}

#[test]
fn merges_follow_one_another_and_can_be_turned_round() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    for one in 1..=3 {
        send(&archive, &of(&one.to_string(), one));
    }
    archive.merge(&named("1"), &named("2"), &now()).unwrap();
    let second = archive.merge(&named("2"), &named("3"), &now()).unwrap();
    assert_eq!(patients(&archive), [("3".to_owned(), 3)]);
    archive.merge(&named("3"), &named("2"), &now()).unwrap();
    assert_eq!(patients(&archive), [("2".to_owned(), 3)]);
    let archive = rebuilt(folder.path(), archive);
    assert_eq!(patients(&archive), [("2".to_owned(), 3)]);
    // The one in the middle never was: what came after it stays.
    archive.undo(second, &now()).unwrap();
    assert_eq!(patients(&archive), [("2".to_owned(), 3)]);
    assert!(matches!(archive.merge(&named("77"), &named("2"), &now()), Err(Error::Missing(_))));
    assert!(matches!(archive.merge(&named("2"), &named("2"), &now()), Err(Error::Refused(_))));
    // Whoever is not here yet has what the other one had.
    archive.merge(&named("2"), &named("9"), &now()).unwrap();
    assert_eq!(patients(&archive), [("9".to_owned(), 3)]);
    assert_eq!(given(&archive, "1.1.1.1").ascii(tags::PATIENT_ID), Some("9"));
}

#[test]
fn a_study_of_the_wrong_patient_goes_to_the_right_one() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    send(&archive, &of("1", 1));
    send(&archive, &of("1", 2));
    let moved = archive.move_study("1.1", &named("5"), &now()).unwrap();
    assert_eq!(patients(&archive), [("1".to_owned(), 1), ("5".to_owned(), 1)]);
    // Both may still come: as the modality has it, and as it is.
    let another = |patient: &str, uid: &str| image(patient, "1.1", "1.1.1", uid);
    assert!(matches!(send(&archive, &another("1", "1.1.1.2")), Added::New(_)));
    assert!(matches!(send(&archive, &another("5", "1.1.1.3")), Added::New(_)));
    assert!(matches!(send(&archive, &another("6", "1.1.1.4")), Added::Beside(Reason::OtherPatient)));
    assert_eq!(identity(&archive, "1.1.1.2"), ("5".to_owned(), Some("1".to_owned())));
    assert_eq!(identity(&archive, "1.1.1.3"), ("5".to_owned(), None));
    let archive = rebuilt(folder.path(), archive);
    assert_eq!(patients(&archive), [("1".to_owned(), 1), ("5".to_owned(), 1)]);
    assert_eq!((archive.totals().unwrap().instances, archive.totals().unwrap().beside), (4, 1));
    archive.undo(moved, &now()).unwrap();
    assert_eq!(patients(&archive), [("1".to_owned(), 2)]);
    assert_eq!(identity(&archive, "1.1.1.3"), ("5".to_owned(), None), "as it came");
    assert!(matches!(archive.move_study("7.7", &named("5"), &now()), Err(Error::Missing(_))));
}

#[test]
fn corrections_are_laid_over_what_came_in_the_character_set_that_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let mut latin = of("1", 1);
    latin.set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100");
    latin.set.put_text(tags::STUDY_DESCRIPTION, VR::LO, "Schädel", &Charset::LATIN_1);
    send(&archive, &latin);
    send(&archive, &of("2", 2));
    let correct = |name: &str| {
        let mut set = DataSet::new();
        set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
        set.put_text(tags::PATIENT_NAME, VR::PN, name, &Charset::UTF_8);
        archive.correct(&named("1"), &set, &now()).unwrap()
    };
    let first = correct("Müller^Jörg");
    let set = given(&archive, "1.1.1.1");
    assert_eq!(set.ascii(tags::SPECIFIC_CHARACTER_SET), Some("ISO_IR 100"));
    assert_eq!(set.text(tags::PATIENT_NAME, &Charset::LATIN_1).unwrap(), "Müller^Jörg");
    let item = &set.items(tags::ORIGINAL_ATTRIBUTES_SEQUENCE)[0];
    let before = &item.items(tags::MODIFIED_ATTRIBUTES_SEQUENCE)[0];
    assert_eq!((before.len(), before.ascii(tags::PATIENT_NAME)), (1, Some("Muster^1")));
    assert_eq!(item.ascii(tags::REASON_FOR_THE_ATTRIBUTE_MODIFICATION), Some("COERCE"));
    assert_eq!(set.raw(tags::PIXEL_DATA).unwrap(), vec![7; 8192]);
    assert_eq!(studies(&archive, &[(tags::PATIENT_NAME, VR::PN, "müller*")]), ["1.1"]);

    correct("Şahin^Ayşe");
    let set = given(&archive, "1.1.1.1");
    assert_eq!(set.ascii(tags::SPECIFIC_CHARACTER_SET), Some("ISO_IR 192"), "Latin 1 has no Ş");
    assert_eq!(set.text(tags::PATIENT_NAME, &Charset::UTF_8).unwrap(), "Şahin^Ayşe");
    assert_eq!(set.text(tags::STUDY_DESCRIPTION, &Charset::UTF_8).unwrap(), "Schädel");
    let archive = rebuilt(folder.path(), archive);
    assert_eq!(given(&archive, "1.1.1.1").text(tags::PATIENT_NAME, &Charset::UTF_8).unwrap(), "Şahin^Ayşe");
    assert_eq!(given(&archive, "1.2.1.1").ascii(tags::PATIENT_NAME), Some("Muster^2"));
    archive.undo(first, &now()).unwrap();
    assert_eq!(studies(&archive, &[(tags::PATIENT_NAME, VR::PN, "Şahin*")]), ["1.1"], "the second one stays");
    let journal = format!("{:?}", archive.changes(None, 10).unwrap());
    assert!(!journal.contains("ahin") && !journal.contains("ller"), "{journal}");
}

/// A patient as a message tells it.
fn told(id: &str, issuer: &str, name: &str, retired: &[(&str, &str)]) -> DataSet {
    let mut set = DataSet::new();
    set.put_ascii(tags::PATIENT_ID, VR::LO, id);
    set.put_ascii(tags::ISSUER_OF_PATIENT_ID, VR::LO, issuer);
    set.put_ascii(tags::PATIENT_NAME, VR::PN, name);
    let items = retired.iter().map(|(id, issuer)| {
        let (mut item, mut modified) = (DataSet::new(), DataSet::new());
        modified.put_ascii(tags::PATIENT_ID, VR::LO, id);
        modified.put_ascii(tags::ISSUER_OF_PATIENT_ID, VR::LO, issuer);
        item.put_items(tags::MODIFIED_ATTRIBUTES_SEQUENCE, vec![modified]);
        item
    });
    set.put_items(tags::ORIGINAL_ATTRIBUTES_SEQUENCE, items.collect());
    set
}

#[test]
fn what_messages_tell_is_kept_once_and_of_those_who_are_here() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    send(&archive, &of("1", 1));
    send(&archive, &of("2", 2).with(tags::ISSUER_OF_PATIENT_ID, VR::LO, "KIS"));
    send(&archive, &of("1", 3).with(tags::ISSUER_OF_PATIENT_ID, VR::LO, "ELSEWHERE"));
    let tell = |set: &DataSet| archive.tell_patient(set, &now()).unwrap();
    assert_eq!(tell(&told("8", "KIS", "Nobody", &[])), Told::Unknown);
    assert_eq!(tell(&told("1", "KIS", "Muster^Eva", &[])), Told::Corrected);
    assert_eq!(tell(&told("1", "KIS", "Muster^Eva", &[])), Told::Same);
    assert_eq!(given(&archive, "1.1.1.1").ascii(tags::PATIENT_NAME), Some("Muster^Eva"));
    assert_eq!(
        given(&archive, "1.3.1.1").ascii(tags::PATIENT_NAME),
        Some("Muster^1"),
        "another one's issuer"
    );
    assert_eq!(tell(&told("2", "KIS", "Muster^Eva", &[("1", "KIS")])), Told::Merged);
    assert_eq!(tell(&told("2", "KIS", "Muster^Eva", &[("1", "KIS")])), Told::Same);
    let set = given(&archive, "1.1.1.1");
    assert_eq!(
        (set.ascii(tags::PATIENT_ID), set.ascii(tags::ISSUER_OF_PATIENT_ID)),
        (Some("2"), Some("KIS"))
    );
    assert_eq!(identity(&archive, "1.3.1.1"), ("1".to_owned(), None));
    // A merge that comes before its instances.
    assert_eq!(tell(&told("20", "KIS", "Later", &[("10", "KIS")])), Told::Merged);
    send(&archive, &of("10", 4));
    assert_eq!(identity(&archive, "1.4.1.1"), ("20".to_owned(), Some("10".to_owned())));
    assert_eq!(given(&archive, "1.4.1.1").ascii(tags::PATIENT_NAME), Some("Later"));
    assert_eq!(archive.changes(None, 100).unwrap().len(), 7, "a correction, and twice two merges with one");
    let refused = archive.tell_patient(&told("", "", "Nobody", &[]), &now());
    assert!(matches!(refused, Err(Error::Refused(_))));
}

#[test]
fn steps_of_the_worklist_have_the_patient_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let mut step = DataSet::new();
    step.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, "S1");
    let mut item = DataSet::new();
    item.put_ascii(tags::ACCESSION_NUMBER, VR::SH, "A1");
    item.put_ascii(tags::PATIENT_ID, VR::LO, "1");
    item.put_ascii(tags::PATIENT_NAME, VR::PN, "Unknown^Eva");
    item.put_items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE, vec![step]);
    archive.schedule(&item, Timestamp::now()).unwrap();
    let shown = |archive: &Archive| {
        let mut steps = Vec::new();
        let query = WorklistQuery::of(&DataSet::new());
        let each = &mut |step: klinke_archive::worklist::Step| {
            let text = |tag| step.attributes.ascii(tag).unwrap_or_default().to_owned();
            steps.push((text(tags::PATIENT_ID), text(tags::PATIENT_NAME), text(tags::STUDY_INSTANCE_UID)));
            ControlFlow::Continue(())
        };
        archive.worklist(&query, each).unwrap();
        steps.pop().unwrap()
    };
    let (_, _, study) = shown(&archive);
    assert_eq!(
        archive.tell_patient(&told("2", "", "Muster^Eva", &[("1", "")]), &now()).unwrap(),
        Told::Merged
    );
    assert_eq!(shown(&archive), ("2".to_owned(), "Muster^Eva".to_owned(), study.clone()));
    // The order comes again as it was: the patient stays who they are.
    archive.schedule(&item, Timestamp::now()).unwrap();
    assert_eq!(shown(&archive), ("2".to_owned(), "Muster^Eva".to_owned(), study.clone()));
    let changes = archive.changes(None, 10).unwrap();
    for change in changes {
        archive.undo(change.number, &now()).unwrap();
    }
    assert_eq!(shown(&archive), ("1".to_owned(), "Unknown^Eva".to_owned(), study));
}

#[test]
fn what_the_index_missed_is_applied_when_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    send(&archive, &of("1", 1));
    drop(archive);
    // As a crash leaves it between the journal and the index: an index from before.
    let before = std::fs::read(folder.path().join("index.db")).unwrap();
    let archive = open(folder.path());
    archive.merge(&named("1"), &named("2"), &now()).unwrap();
    archive.throw(&Selection { studies: vec!["1.1".to_owned()], ..Selection::default() }, &now()).unwrap();
    drop(archive);
    std::fs::write(folder.path().join("index.db"), before).unwrap();
    let archive = open(folder.path());
    assert_eq!((archive.totals().unwrap().instances, archive.thrown_of("1.1").unwrap().len()), (0, 1));
    archive.put_back(archive.thrown_of("1.1").unwrap()[0].number, &now()).unwrap();
    assert_eq!(patients(&archive), [("2".to_owned(), 1)]);
    let archive = rebuilt(folder.path(), archive);
    assert_eq!((archive.totals().unwrap().instances, archive.trash(None, 10).unwrap().len()), (1, 0));
}

#[test]
fn what_is_held_is_not_thrown_away_and_the_trash_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    send(&archive, &of("1", 1));
    let study = Selection { studies: vec!["1.1".to_owned()], ..Selection::default() };
    archive.hold("1.1", &now()).unwrap();
    assert!(matches!(archive.throw(&study, &now()), Err(Error::Held(_))));
    let archive = rebuilt(folder.path(), archive);
    assert!(matches!(archive.throw(&study, &now()), Err(Error::Held(_))));
    assert_eq!(
        (archive.holds().unwrap()[0].study.as_str(), archive.holds().unwrap()[0].why.as_str()),
        ("1.1", "a test")
    );
    archive.release("1.1", &now()).unwrap();
    assert_eq!(archive.throw(&study, &now()).unwrap(), 1);
    // The same UID comes again, with other bytes, twice: none takes the file of another one.
    for number in ["2", "3"] {
        let again = of("1", 1).with(tags::INSTANCE_NUMBER, VR::IS, number);
        assert!(matches!(send(&archive, &again), Added::New(_)));
        archive.throw(&study, &now()).unwrap();
    }
    let thrown = archive.thrown_of("1.1").unwrap();
    assert_eq!(thrown.len(), 3);
    assert!(matches!(send(&archive, &of("1", 1)), Added::New(_)), "the same bytes as in the trash");
    assert_eq!(archive.empty_trash(Timestamp::now().after(std::time::Duration::from_secs(1))).unwrap().0, 3);
    assert_eq!(
        (archive.verify(&mut |_, _| {}).unwrap().sound, archive.verify(&mut |_, _| {}).unwrap().unknown),
        (1, 0)
    );
    assert!(matches!(archive.hold("9.9", &now()), Err(Error::Missing(_))));
}

/// The patients who are here: identifier, issuer, name, number of studies.
fn whole_patients(archive: &Archive) -> Vec<(String, String, String, u64)> {
    let found = all(archive, &Query::at(Level::Patient));
    let one = |one: &klinke_archive::index::Found| {
        let get = |tag| one.attributes[0].ascii(tag).unwrap_or_default().to_owned();
        let (id, issuer, name) =
            (get(tags::PATIENT_ID), get(tags::ISSUER_OF_PATIENT_ID), get(tags::PATIENT_NAME));
        (id, issuer, name, one.counts.patient_studies)
    };
    let mut patients: Vec<_> = found.iter().map(one).collect();
    patients.sort();
    patients
}

fn patient(id: &str, issuer: &str, name: &str, studies: u64) -> (String, String, String, u64) {
    (id.to_owned(), issuer.to_owned(), name.to_owned(), studies)
}

fn key(identifier: &str, issuer: &str) -> PatientKey {
    PatientKey { issuer: issuer.to_owned(), ..PatientKey::named(identifier) }
}

#[test]
fn equal_numbers_of_two_houses_are_two_patients_and_files_stay_as_they_came() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    send(&archive, &of("1", 1));
    let nobody = |_: &PatientKey| None;
    let known = Known { issuer: "HOUSE2", listed: &nobody };
    // Before anything comes it is said whose it will be: it is at no time the other one's.
    archive.place_study("1.2", &key("1", "HOUSE2"), &now()).unwrap();
    let other = of("1", 2).with(tags::PATIENT_NAME, VR::PN, "Other^Person");
    let bytes = other.bytes();
    send(&archive, &other);
    assert_eq!(studies(&archive, &[(tags::ISSUER_OF_PATIENT_ID, VR::LO, "HOUSE2")]), ["1.2"]);
    let settle = |archive: &Archive, study: &str| {
        archive.settle_study(study, Some(&key("1", "HOUSE2")), &known, &now()).unwrap()
    };
    assert_eq!(settle(&archive, "1.2"), Some(Settled::default()));
    let check = |archive: &Archive| {
        let both = [patient("1", "", "Muster^1", 1), patient("1", "HOUSE2", "Other^Person", 1)];
        assert_eq!(whole_patients(archive), both);
        let set = given(archive, "1.2.1.1");
        let get = |tag| set.ascii(tag).unwrap_or_default().to_owned();
        assert_eq!((get(tags::PATIENT_ID), get(tags::ISSUER_OF_PATIENT_ID)), ("1".into(), "HOUSE2".into()));
        assert_eq!(get(tags::PATIENT_NAME), "Other^Person");
        let kept = archive.instance("1.2.1.1").unwrap().unwrap();
        assert!(std::fs::read(archive.path(&kept)).unwrap().ends_with(&bytes));
    };
    check(&archive);
    // Once more, nothing is decided anew.
    let count = archive.changes(None, 100).unwrap().len();
    settle(&archive, "1.2");
    assert_eq!(archive.changes(None, 100).unwrap().len(), count);
    // A message that names the issuer is about this one alone.
    archive.tell_patient(&told("1", "HOUSE1", "Right^One", &[]), &now()).unwrap();
    let both = [patient("1", "", "Right^One", 1), patient("1", "HOUSE2", "Other^Person", 1)];
    assert_eq!(whole_patients(&archive), both);
    let archive = rebuilt(folder.path(), archive);
    assert_eq!(whole_patients(&archive), both);
    // Where an instance names its issuer that counts, and what a person decided stays.
    send(&archive, &of("1", 3).with(tags::ISSUER_OF_PATIENT_ID, VR::LO, "LAB"));
    settle(&archive, "1.3");
    archive.move_study("1.1", &named("77"), &now()).unwrap();
    settle(&archive, "1.1");
    let ids: Vec<_> = whole_patients(&archive).into_iter().map(|one| (one.0, one.1)).collect();
    let wanted = [("1", "HOUSE2"), ("1", "LAB"), ("77", "")].map(|(id, of)| (id.to_owned(), of.to_owned()));
    assert_eq!(ids, wanted);
    assert_eq!(archive.settle_study("9.9", None, &known, &now()).unwrap(), None);
}

#[test]
fn a_list_says_who_patients_are_now_and_what_messages_told_before_goes_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let listed = |of: &PatientKey| {
        let new = match of.identifier.as_str() {
            "1" => told("901", "KIS", "Listed^One", &[]),
            "2" => told("902", "KIS", "Listed^Two", &[]),
            "3" => told("3", "", "Listed^Three", &[]),
            _ => return None,
        };
        Some((new, format!("list, line {}", of.identifier)))
    };
    let known = Known { issuer: "OLD", listed: &listed };
    let merge = told("950", "KIS", "Told^Two", &[("2", "OLD")]);
    archive.tell_patient(&merge, &now()).unwrap();
    archive.tell_patient(&told("901", "KIS", "Told^Late", &[]), &now()).unwrap();
    for number in 1..=4 {
        let id = number.to_string();
        archive.place_study(&format!("1.{number}"), &key(&id, "OLD"), &now()).unwrap();
        send(&archive, &of(&id, number));
        let settled = archive.settle_study(&format!("1.{number}"), Some(&key(&id, "OLD")), &known, &now());
        let settled = settled.unwrap().unwrap();
        assert_eq!((settled.is_listed, settled.was_decided), (number < 4, number == 2), "{number}");
    }
    let wanted = [
        patient("3", "OLD", "Listed^Three", 1),
        patient("4", "OLD", "Muster^4", 1),
        patient("901", "KIS", "Listed^One", 1),
        patient("950", "KIS", "Told^Two", 1),
    ];
    assert_eq!(whole_patients(&archive), wanted);
    assert_eq!(given(&archive, "1.1.1.1").ascii(tags::PATIENT_NAME), Some("Listed^One"));
    assert_eq!(given(&archive, "1.1.1.1").ascii(tags::PATIENT_BIRTH_DATE), Some("19700101"));
    let whys: Vec<_> = archive.changes(None, 100).unwrap().into_iter().map(|one| one.decision.why).collect();
    assert!(whys.contains(&"list, line 1".to_owned()), "{whys:?}");
    // A list that comes after the issuer counts as well, where nobody has decided since.
    let later = |_: &PatientKey| Some((told("4", "", "Listed^Four", &[]), "list, line 9".to_owned()));
    let settle = || {
        let known = Known { issuer: "OLD", listed: &later };
        archive.settle_study("1.4", Some(&key("4", "OLD")), &known, &now()).unwrap();
        whole_patients(&archive)[1].2.clone()
    };
    assert_eq!(settle(), "Listed^Four");
    archive.tell_patient(&told("4", "OLD", "Told^Four", &[]), &now()).unwrap();
    assert_eq!(settle(), "Told^Four");
    // What is told later counts, and the list does not take it back.
    archive.tell_patient(&told("901", "KIS", "Later^One", &[]), &now()).unwrap();
    archive.settle_study("1.1", Some(&key("1", "OLD")), &known, &now()).unwrap();
    let names: Vec<_> = whole_patients(&archive).into_iter().map(|one| one.2).collect();
    assert_eq!(names, ["Listed^Three", "Told^Four", "Later^One", "Told^Two"]);
}

/// Somebody who waits for all patients of an issuer.
#[derive(Debug)]
struct Waits(&'static str);

impl Expecting for Waits {
    fn told(&self, patient: &PatientKey) -> Vec<PatientKey> {
        vec![key(&patient.identifier, self.0)]
    }
}

#[test]
fn what_a_message_told_holds_for_what_is_expected_and_comes_later() {
    for issuer in ["", "KIS"] {
        let folder = tempfile::tempdir().unwrap();
        let archive = open(folder.path());
        // Nobody waits: nothing is kept of somebody of whom nothing is here.
        assert_eq!(archive.tell_patient(&told("1", "KIS", "Early^One", &[]), &now()).unwrap(), Told::Unknown);
        archive.expect_patients(std::sync::Arc::new(Waits(issuer)));
        assert_eq!(
            archive.tell_patient(&told("1", "KIS", "Right^Name", &[]), &now()).unwrap(),
            Told::Corrected
        );
        assert_eq!(archive.tell_patient(&told("1", "KIS", "Right^Name", &[]), &now()).unwrap(), Told::Same);
        let nobody = |_: &PatientKey| None;
        if !issuer.is_empty() {
            archive.place_study("1.1", &key("1", issuer), &now()).unwrap();
        }
        send(&archive, &of("1", 1));
        let known = Known { issuer, listed: &nobody };
        let settled = archive.settle_study("1.1", Some(&key("1", issuer)), &known, &now()).unwrap().unwrap();
        assert!(settled.was_decided);
        assert_eq!(whole_patients(&archive), [patient("1", issuer, "Right^Name", 1)]);
        assert_eq!(given(&archive, "1.1.1.1").ascii(tags::PATIENT_NAME), Some("Right^Name"));
    }
}
