//! An archive from outside: instances in, queries and files out, after crashes and damage too.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]

mod common;

use std::sync::Arc;

use common::{CT, NOW, all, anna, arrival, image, open, send, send_as, studies};
use klinke_archive::change::Decision;
use klinke_archive::find::{Names, Query};
use klinke_archive::index::{Added, ClashPolicy, Found, Reason, Selection};
use klinke_archive::{Archive, Error, Level, Options, Take};
use klinke_dimse::data::{DataSet, Element};
use klinke_dimse::{Tag, VR, tags};
use klinke_model::Timestamp;

#[test]
fn what_was_received_is_a_file_with_the_same_bytes_and_found_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let image = image("4711", "1.2.3", "1.2.3.4", "1.2.3.4.5");
    {
        let archive = open(folder.path());
        assert!(matches!(send(&archive, &image), Added::New(_)));
        assert!(matches!(Archive::open(folder.path(), Options::default()), Err(Error::InUse(_))));
    }
    let archive = open(folder.path());
    let instance = archive.instance("1.2.3.4.5").unwrap().unwrap();
    assert_eq!((instance.class.as_str(), instance.file.from.as_str()), (CT, "CT1"));
    let file = std::fs::read(archive.path(&instance)).unwrap();
    assert_eq!(file[128..132], *b"DICM");
    assert_eq!(file[instance.file.data_offset as usize..], image.bytes());
    assert!(archive.path(&instance).ends_with("1.2.3/1.2.3.4/1.2.3.4.5.dcm"));
    let found = all(&archive, &Query::at(Level::Instance));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].attributes[3].int(tags::ROWS), Some(64));
    assert_eq!(found[0].attributes[0].ascii(tags::PATIENT_ID), Some("4711"));
}

#[test]
fn counts_are_those_of_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    for (study, series, instance) in [
        ("1.1", "1.1.1", "1.1.1.1"),
        ("1.1", "1.1.1", "1.1.1.2"),
        ("1.1", "1.1.2", "1.1.2.1"),
        ("1.2", "1.2.1", "1.2.1.1"),
    ] {
        let modality = if series == "1.1.2" { "SR" } else { "CT" };
        send(&archive, &image("1", study, series, instance).with(tags::MODALITY, VR::CS, modality));
    }
    let patient = &all(&archive, &Query::at(Level::Patient))[0].counts;
    assert_eq!((patient.patient_studies, patient.series, patient.instances), (2, 3, 4));
    let studies = all(&archive, &Query::at(Level::Study));
    let of = |uid: &str| {
        let is = |one: &&Found| one.attributes[1].ascii(tags::STUDY_INSTANCE_UID) == Some(uid);
        studies.iter().find(is).unwrap().counts.clone()
    };
    assert_eq!(
        (of("1.1").series, of("1.1").instances, of("1.1").modalities),
        (2, 3, vec!["CT".into(), "SR".into()])
    );
    assert_eq!((of("1.2").series, of("1.2").instances, of("1.2").classes), (1, 1, vec![CT.into()]));
    let totals = archive.totals().unwrap();
    assert_eq!((totals.patients, totals.studies, totals.series, totals.instances), (1, 2, 3, 4));
}

#[test]
fn queries_match_as_the_standard_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    send(&archive, &image("100", "1.1", "1.1.1", "1.1.1.1").with(tags::PATIENT_NAME, VR::PN, "Meyer^Anna"));
    let second = image("200", "1.2", "1.2.1", "1.2.1.1").with(tags::PATIENT_NAME, VR::PN, "Mayer^Bert^^^");
    send(
        &archive,
        &second.with(tags::STUDY_DATE, VR::DA, "20251231").with(tags::ACCESSION_NUMBER, VR::SH, "B_2"),
    );
    let third =
        image("300", "1.3", "1.3.1", "1.3.1.1").with(tags::PATIENT_NAME, VR::PN, "von Berg^Anna Maria");
    send(&archive, &third.with(tags::STUDY_DATE, VR::DA, "2024.05.01").with(tags::MODALITY, VR::CS, "MR"));

    let name = |text: &'static str| studies(&archive, &[(tags::PATIENT_NAME, VR::PN, text)]);
    assert_eq!(name("meyer^anna"), ["1.1"]);
    assert_eq!(name("M?yer*"), ["1.1", "1.2"]);
    assert_eq!(name("Mayer^Bert"), ["1.2"]);
    assert_eq!(name("*anna*"), ["1.1", "1.3"]);
    assert_eq!(name("Meyer"), Vec::<String>::new());
    assert_eq!(name(""), ["1.1", "1.2", "1.3"], "the newest first, dates of the old form behind");
    let date = |text: &'static str| studies(&archive, &[(tags::STUDY_DATE, VR::DA, text)]);
    assert_eq!(date("20251231-"), ["1.1", "1.2"]);
    assert_eq!(date("-20251231"), ["1.2", "1.3"]);
    assert_eq!(date("20261129"), ["1.1"]);
    let one = |tag, vr, text: &'static str| studies(&archive, &[(tag, vr, text)]);
    assert_eq!(one(tags::ACCESSION_NUMBER, VR::SH, "B_*"), ["1.2"]);
    assert_eq!(one(tags::ACCESSION_NUMBER, VR::SH, "B?2"), ["1.2"]);
    assert_eq!(one(tags::STUDY_INSTANCE_UID, VR::UI, "1.3\\1.2"), ["1.2", "1.3"]);
    assert_eq!(one(tags::MODALITIES_IN_STUDY, VR::CS, "MR"), ["1.3"]);
    assert_eq!(one(tags::MODALITIES_IN_STUDY, VR::CS, "M"), Vec::<String>::new());
    assert_eq!(one(tags::STUDY_DESCRIPTION, VR::LO, "thorax"), Vec::<String>::new());
    assert_eq!(one(tags::STUDY_DESCRIPTION, VR::LO, "Th*"), ["1.1", "1.2", "1.3"]);
    assert_eq!(
        one(Tag(0x0009, 0x1001), VR::LO, "unknown"),
        ["1.1", "1.2", "1.3"],
        "unknown keys ask for nothing"
    );
    let both = [(tags::PATIENT_NAME, VR::PN, "*anna*"), (tags::MODALITIES_IN_STUDY, VR::CS, "CT\\US")];
    assert_eq!(studies(&archive, &both), ["1.1"]);

    let mut identifier = DataSet::new();
    identifier.put_ascii(tags::PATIENT_NAME, VR::PN, "Maier Bert");
    let fuzzy = Query { names: Names::Fuzzy, ..Query::of(&identifier, Level::Study) };
    assert_eq!(all(&archive, &fuzzy).len(), 1);
    let page = Query { offset: 1, limit: Some(1), ..Query::at(Level::Study) };
    assert_eq!(all(&archive, &page)[0].attributes[1].ascii(tags::STUDY_INSTANCE_UID), Some("1.2"));
}

#[test]
fn names_are_found_whatever_character_set_they_came_in() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let named = |number: &str, charset: &str, name: &[u8]| {
        let mut image =
            image(number, &format!("1.{number}"), &format!("1.{number}.1"), &format!("1.{number}.1.1"));
        image.set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, charset);
        image.set.put(Element::bytes(tags::PATIENT_NAME, VR::PN, name.to_vec()));
        send(&archive, &image);
    };
    named("1", "ISO_IR 100", b"M\xFCller^J\xF6rg");
    named("2", "ISO_IR 192", "Müller^Jörg ".as_bytes());
    named("3", "\\ISO 2022 IR 87", b"Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B");
    let name = |text: &'static str| {
        let mut identifier = DataSet::new();
        identifier.put(Element::bytes(tags::PATIENT_NAME, VR::PN, text.as_bytes().to_vec()));
        let found = all(&archive, &Query::of(&identifier, Level::Study));
        let mut found: Vec<String> =
            found.iter().map(|one| one.attributes[0].ascii(tags::PATIENT_ID).unwrap().to_owned()).collect();
        found.sort();
        found
    };
    assert_eq!(name("müller*"), ["1", "2"]);
    assert_eq!(name("*JÖRG"), ["1", "2"]);
    assert_eq!(name("山田*"), ["3"]);
    assert_eq!(name("yamada^tarou"), ["3"]);
}

#[test]
fn the_same_bytes_are_the_same_and_other_bytes_lie_beside() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let first = image("1", "1.1", "1.1.1", "1.1.1.1");
    let number = archive.instance("1.1.1.1").unwrap().map(|one| one.number);
    assert_eq!(number, None);
    send(&archive, &first);
    assert_eq!(send(&archive, &first), Added::Same);
    let other = first.clone().with(tags::INSTANCE_NUMBER, VR::IS, "2");
    assert_eq!(send(&archive, &other), Added::Beside(Reason::OtherBytes));
    assert_eq!(send(&archive, &other), Added::Same);
    let kept = archive.instance("1.1.1.1").unwrap().unwrap();
    assert!(std::fs::read(archive.path(&kept)).unwrap().ends_with(&first.bytes()));
    let beside = archive.beside(None, 10).unwrap();
    assert_eq!(beside.len(), 1);
    assert!(std::fs::read(folder.path().join(&beside[0].file.path)).unwrap().ends_with(&other.bytes()));

    // Where the sender's word counts, the new one takes the place and the old one stays on disk.
    let replaced =
        send_as(&archive, &other.clone().with(tags::INSTANCE_NUMBER, VR::IS, "3"), ClashPolicy::Replace);
    assert!(matches!(replaced.unwrap().added, Added::Replaced(_)));
    let reasons: Vec<Reason> = archive.beside(None, 10).unwrap().iter().map(|one| one.reason).collect();
    assert_eq!(reasons, [Reason::Replaced, Reason::OtherBytes]);
    assert_eq!(archive.totals().unwrap().instances, 1);

    // A series in another study, a study of another patient: never mixed.
    assert_eq!(send(&archive, &image("1", "1.9", "1.1.1", "1.1.1.2")), Added::Beside(Reason::OtherStudy));
    assert_eq!(send(&archive, &image("2", "1.1", "1.1.7", "1.1.7.1")), Added::Beside(Reason::OtherPatient));
    assert_eq!(send(&archive, &image("2", "1.1", "1.1.1", "1.1.1.3")), Added::Beside(Reason::OtherPatient));
    let verified = archive.verify(&mut |_, _| {}).unwrap();
    assert_eq!((verified.sound, verified.damaged, verified.unknown), (1, 0, 0), "{:?}", verified.faults);
}

#[test]
fn what_broke_off_or_is_no_instance_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let bytes = image("1", "1.1", "1.1.1", "1.1.1.1").bytes();
    let mut receiving = archive.receive(arrival(ClashPolicy::KeepFirst)).unwrap();
    for _ in 0..500 {
        receiving.write(&bytes).unwrap();
    }
    drop(receiving);
    let mut receiving = archive.receive(arrival(ClashPolicy::KeepFirst)).unwrap();
    receiving.write(&bytes[..100]).unwrap();
    let error = receiving.finish(NOW).unwrap_err();
    assert!(matches!(&error, Error::Unfit(text) if text.contains("(0020,000D)")), "{error}");
    assert_eq!(std::fs::read_dir(folder.path().join("incoming")).unwrap().count(), 0);
    assert_eq!(archive.totals().unwrap().instances, 0);
    // What a crash leaves in the way in is gone at the next start.
    drop(archive);
    std::fs::write(folder.path().join("incoming/7.part"), b"half").unwrap();
    open(folder.path());
    assert_eq!(std::fs::read_dir(folder.path().join("incoming")).unwrap().count(), 0);
}

#[test]
fn many_senders_at_once_and_each_instance_once() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Arc::new(open(folder.path()));
    std::thread::scope(|scope| {
        for sender in 0..4 {
            let archive = archive.clone();
            scope.spawn(move || {
                for number in 0..50 {
                    // Each study comes from two senders at a time, and the last ten of all are the same ones.
                    let series = if number >= 40 { "1.9.9".to_owned() } else { format!("1.9.{sender}") };
                    let instance = image("1", "1.9", &series, &format!("{series}.{number}"));
                    let added = send(&archive, &instance);
                    assert!(matches!(added, Added::New(_)) || (number >= 40 && added == Added::Same));
                }
            });
        }
    });
    let totals = archive.totals().unwrap();
    assert_eq!((totals.studies, totals.series, totals.instances, totals.beside), (1, 5, 170, 0));
    assert_eq!(archive.verify(&mut |_, _| {}).unwrap().sound, 170);
}

#[test]
fn counts_hold_while_others_change_the_index() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let done = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for sender in 0..4 {
            let (archive, done) = (&archive, &done);
            scope.spawn(move || {
                for number in 0..50 {
                    let series = format!("1.9.{sender}");
                    send(archive, &image("1", "1.9", &series, &format!("{series}.{number}")));
                }
                done.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            });
        }
        // Changes of the index that touch none of it share the commits of those who store.
        let nothing = || Selection { studies: vec!["1.8".to_owned()], ..Selection::default() };
        while done.load(std::sync::atomic::Ordering::SeqCst) < 4 {
            assert_eq!(archive.throw(&nothing(), &anna()).unwrap(), 0);
        }
    });
    assert_eq!(archive.totals().unwrap().instances, 200);
    let study = &all(&archive, &Query::at(Level::Study))[0].counts;
    assert_eq!((study.series, study.instances), (4, 200));
}

#[test]
fn damage_is_found_and_the_index_is_made_anew_from_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    for number in 0..5 {
        send(&archive, &image("1", "1.1", "1.1.1", &format!("1.1.1.{number}")));
    }
    let other = image("1", "1.1", "1.1.1", "1.1.1.0").with(tags::INSTANCE_NUMBER, VR::IS, "9");
    send(&archive, &other);
    let path = |archive: &Archive, uid| archive.path(&archive.instance(uid).unwrap().unwrap());
    let damaged = path(&archive, "1.1.1.3");
    let mut bytes = std::fs::read(&damaged).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&damaged, &bytes).unwrap();
    std::fs::remove_file(path(&archive, "1.1.1.4")).unwrap();
    std::fs::write(damaged.with_file_name("9.9.dcm"), b"no instance").unwrap();
    let verified = archive.verify(&mut |_, _| {}).unwrap();
    assert_eq!((verified.sound, verified.damaged, verified.unknown), (3, 2, 1), "{:?}", verified.faults);
    assert_eq!(verified.faults.len(), 3);
    let before = all(&archive, &Query::at(Level::Instance)).len();
    assert_eq!(before, 5);
    drop(archive);

    for name in ["index.db", "index.db-wal", "index.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    let rebuilt = Archive::rebuild(folder.path(), &Options::default(), &mut |_| {}).unwrap();
    assert_eq!((rebuilt.instances, rebuilt.beside), (3, 1));
    assert_eq!(rebuilt.faults.len(), 2, "{:?}", rebuilt.faults);
    let archive = open(folder.path());
    assert_eq!(all(&archive, &Query::at(Level::Instance)).len(), 3);
    assert_eq!(archive.beside(None, 10).unwrap()[0].reason, Reason::OtherBytes);
    let kept = archive.instance("1.1.1.0").unwrap().unwrap();
    assert_eq!(kept.file.from, "CT1");
    assert_eq!(archive.instances(&Selection::default(), 0, 10).unwrap().len(), 3);
}

#[test]
fn a_full_disk_refuses_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { reserve_bytes: u64::MAX, ..Options::default() };
    let archive = Archive::open(folder.path(), options).unwrap();
    let refused = archive.receive(arrival(ClashPolicy::KeepFirst)).unwrap_err();
    assert!(matches!(refused, Error::Full(_)), "{refused}");
}

#[test]
fn what_is_thrown_away_can_be_put_back_until_the_trash_is_emptied() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    for number in 0..3 {
        send(&archive, &image("1", "1.1", "1.1.1", &format!("1.1.1.{number}")));
    }
    send(&archive, &image("2", "1.2", "1.2.1", "1.2.1.1"));
    let study = |uid: &str| Selection { studies: vec![uid.to_owned()], ..Selection::default() };
    assert!(matches!(archive.throw(&Selection::default(), &anna()), Err(Error::Refused(_))));
    assert_eq!(archive.throw(&study("1.1"), &anna()).unwrap(), 3);
    let totals = archive.totals().unwrap();
    assert_eq!((totals.patients, totals.studies, totals.series, totals.instances), (1, 1, 1, 1));
    let thrown = archive.trash(None, 10).unwrap();
    assert_eq!((thrown.len(), thrown[0].who.as_str(), thrown[0].study.as_str()), (3, "anna", "1.1"));
    assert_eq!(archive.verify(&mut |_, _| {}).unwrap().faults, []);

    assert!(matches!(archive.put_back(thrown[0].number, &anna()).unwrap(), Added::New(_)));
    assert_eq!(archive.totals().unwrap().instances, 2);
    let counts = &all(&archive, &Query::at(Level::Patient))[0].counts;
    assert_eq!((counts.patient_studies, counts.instances), (1, 1));
    assert_eq!(archive.empty_trash(NOW).unwrap().0, 0, "not yet");
    let after = Timestamp(NOW.0 + 1);
    assert_eq!(archive.empty_trash(after).unwrap().0, 2);
    assert_eq!(archive.trash(None, 10).unwrap(), []);
    assert_eq!(archive.verify(&mut |_, _| {}).unwrap().sound, 2);
    assert!(matches!(archive.put_back(thrown[1].number, &anna()), Err(Error::Missing(_))));
    archive.throw(&study("1.1"), &anna()).unwrap();
    archive.empty_trash(after).unwrap();
    assert!(!folder.path().join("studies/2026/11/28/1.1").exists());
}

#[test]
fn what_lies_beside_takes_the_place_or_goes() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let first = image("1", "1.1", "1.1.1", "1.1.1.1");
    let other = first.clone().with(tags::INSTANCE_NUMBER, VR::IS, "2");
    send(&archive, &first);
    send(&archive, &other);
    let beside = archive.beside(None, 10).unwrap()[0].number;
    assert!(matches!(archive.take_beside(beside).unwrap(), Added::Replaced(_)));
    let now = archive.instance("1.1.1.1").unwrap().unwrap();
    assert!(std::fs::read(archive.path(&now)).unwrap().ends_with(&other.bytes()));
    let left = archive.beside(None, 10).unwrap();
    assert_eq!((left.len(), left[0].reason), (1, Reason::Replaced));
    archive.throw_beside(left[0].number, &anna()).unwrap();
    assert_eq!((archive.beside(None, 10).unwrap().len(), archive.trash(None, 10).unwrap().len()), (0, 1));
    assert!(matches!(archive.take_beside(77), Err(Error::Missing(_))));
}

#[test]
fn what_lies_beside_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    send(&archive, &image("1", "1.1", "1.1.1", "1.1.1.1"));
    let wrong = image("2", "1.1", "1.1.1", "1.1.1.2");
    let right = image("1", "1.1", "1.1.1", "1.1.1.2");
    assert_eq!(send(&archive, &wrong), Added::Beside(Reason::OtherPatient));
    assert!(matches!(send(&archive, &right), Added::New(_)));
    assert_eq!(send(&archive, &wrong), Added::Same);
    let beside = &archive.beside(None, 10).unwrap()[0];
    let bytes = std::fs::read(folder.path().join(&beside.file.path)).unwrap();
    assert!(bytes.ends_with(&wrong.bytes()));
    assert_eq!(archive.verify(&mut |_, _| {}).unwrap().faults, []);
}

#[test]
fn clashes_are_decided_and_stay_decided_when_the_index_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let decision = || Decision { at: Timestamp::now(), ..anna() };
    let one =
        |uid: &str, number: &str| image("1", "1.1", "1.1.1", uid).with(tags::INSTANCE_NUMBER, VR::IS, number);
    let clash = |uid: &str| {
        send(&archive, &one(uid, "1"));
        assert_eq!(send(&archive, &one(uid, "2")), Added::Beside(Reason::OtherBytes));
        archive.beside(None, 1).unwrap()[0].number
    };
    archive.settle(clash("1.1.1.1"), Take::Ours, &decision()).unwrap();
    archive.settle(clash("1.1.1.2"), Take::Theirs, &decision()).unwrap();
    archive.settle(clash("1.1.1.3"), Take::Both, &decision()).unwrap();
    send(&archive, &image("2", "1.2", "1.2.1", "1.2.1.1"));
    assert_eq!(send(&archive, &image("3", "1.2", "1.2.2", "1.2.2.1")), Added::Beside(Reason::OtherPatient));
    let other = archive.beside(None, 1).unwrap()[0].number;
    assert!(matches!(archive.settle(other, Take::Theirs, &decision()), Err(Error::Refused(_))));
    assert_eq!(archive.beside(None, 10).unwrap().len(), 1, "it still lies there");
    let other = archive.beside(None, 1).unwrap()[0].number;
    archive.settle(other, Take::Both, &decision()).unwrap();

    let check = |archive: &Archive| {
        assert_eq!(archive.beside(None, 10).unwrap(), []);
        let bytes =
            |uid: &str| std::fs::read(archive.path(&archive.instance(uid).unwrap().unwrap())).unwrap();
        assert!(bytes("1.1.1.1").ends_with(&one("1.1.1.1", "1").bytes()));
        assert!(bytes("1.1.1.2").ends_with(&one("1.1.1.2", "2").bytes()));
        assert!(bytes("1.1.1.3").ends_with(&one("1.1.1.3", "1").bytes()));
        let totals = archive.totals().unwrap();
        assert_eq!((totals.patients, totals.studies, totals.instances), (3, 3, 6));
        let all = archive.instances(&Selection::default(), 0, 10).unwrap();
        let made: Vec<_> = all.iter().filter(|one| one.uid.starts_with("2.25.")).collect();
        assert_eq!(made.len(), 2);
        assert_eq!((made[0].series.as_str(), made[0].study.as_str()), ("1.1.1", "1.1"));
        assert!(made[1].study.starts_with("2.25.") && made[1].series.starts_with("2.25."));
        assert_eq!(archive.verify(&mut |_, _| {}).unwrap().faults, []);
    };
    check(&archive);
    let thrown = archive.trash(None, 10).unwrap().len();
    drop(archive);
    Archive::rebuild(folder.path(), &Options::default(), &mut |_| {}).unwrap();
    let archive = open(folder.path());
    check(&archive);
    assert_eq!((archive.trash(None, 10).unwrap().len(), thrown), (4, 4));
}
