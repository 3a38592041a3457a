//! Performed procedure steps and requests for storage commitment from outside, and after the program was started anew.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]

use std::path::Path;
use std::time::Duration;

use klinke_archive::commitment::{Commitment, Failure, Reference};
use klinke_archive::performed::{Progress, Told};
use klinke_archive::worklist::{StepKey, StepState};
use klinke_archive::{Archive, Arrival, Error, Options};
use klinke_dimse::data::{self, DataSet};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags};
use klinke_model::Timestamp;

const NOW: Timestamp = Timestamp(1_795_946_400_000_000);
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

fn open(folder: &Path) -> Archive {
    Archive::open(folder, Options::default()).unwrap()
}

fn scheduled(accession: &str) -> DataSet {
    let (mut set, mut item) = (DataSet::new(), DataSet::new());
    set.put_ascii(tags::ACCESSION_NUMBER, VR::SH, accession);
    set.put_ascii(tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3");
    item.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, "S1");
    set.put_items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE, vec![item]);
    set
}

fn told(status: &str, accession: &str) -> DataSet {
    let (mut set, mut item) = (DataSet::new(), DataSet::new());
    set.put_ascii(tags::PERFORMED_PROCEDURE_STEP_STATUS, VR::CS, status);
    set.put_ascii(tags::PATIENT_ID, VR::LO, "4711");
    item.put_ascii(tags::ACCESSION_NUMBER, VR::SH, accession);
    item.put_ascii(tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3");
    item.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, "S1");
    set.put_items(tags::SCHEDULED_STEP_ATTRIBUTES_SEQUENCE, vec![item]);
    set
}

#[test]
fn a_performed_step_moves_the_scheduled_one_along_and_ends_once() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    archive.schedule(&scheduled("A1"), NOW).unwrap();
    let key = StepKey { accession: "A1".to_owned(), step: "S1".to_owned() };
    let state = |archive: &Archive| archive.step(&key).unwrap().unwrap().state;
    let begin = |status: &str| archive.begin_performed("1.9", &told(status, ""), "CT1", NOW).unwrap();
    assert_eq!(begin("COMPLETED"), Told::BadStatus);
    // It tells no accession number: the study and the step's ID are enough.
    assert_eq!((begin("IN PROGRESS"), state(&archive)), (Told::Kept, StepState::Started));
    assert_eq!(begin("IN PROGRESS"), Told::Duplicate);
    let change = |archive: &Archive, uid: &str, status: &str| {
        archive.change_performed(uid, &told(status, "A2"), NOW).unwrap()
    };
    assert_eq!(change(&archive, "1.8", "COMPLETED"), Told::Missing);
    assert_eq!(change(&archive, "1.9", "DONE"), Told::BadStatus);
    assert_eq!(change(&archive, "1.9", "DISCONTINUED"), Told::Kept);
    drop(archive);
    let archive = open(folder.path());
    assert_eq!(state(&archive), StepState::Discontinued);
    assert_eq!(change(&archive, "1.9", "COMPLETED"), Told::Final);
    let kept = archive.performed("1.9").unwrap().unwrap();
    assert_eq!((kept.progress, kept.from.as_str()), (Progress::Discontinued, "CT1"));
    // Of which scheduled step it is can't be changed.
    let item = &kept.attributes.items(tags::SCHEDULED_STEP_ATTRIBUTES_SEQUENCE)[0];
    assert_eq!(item.ascii(tags::ACCESSION_NUMBER), None);
    assert_eq!(archive.expire_performed(NOW).unwrap(), 0);
    assert_eq!(archive.expire_performed(NOW.after(Duration::from_secs(1))).unwrap(), 1);
}

fn reference(class: &str, instance: &str) -> Reference {
    Reference { class: class.to_owned(), instance: instance.to_owned() }
}

fn request(transaction: &str, instances: Vec<Reference>) -> Commitment {
    Commitment {
        number: 0,
        peer: "CT1".to_owned(),
        called: "KLINKE".to_owned(),
        transaction: transaction.to_owned(),
        instances,
        asked: NOW,
        tries: 0,
        due: NOW,
    }
}

#[test]
fn a_request_is_owed_until_its_report_is_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let instances = vec![reference(CT, "1.1"), reference(CT, "1.2")];
    let number = archive.ask_commitment(request("1.5", instances.clone())).unwrap();
    assert_eq!(archive.ask_commitment(request("1.5", instances.clone())).unwrap(), number, "asked again");
    let later = NOW.after(Duration::from_secs(60));
    archive.postpone_commitment(number, later).unwrap();
    assert!(archive.commitments_due(NOW, 10).unwrap().is_empty());
    drop(archive);
    let archive = open(folder.path());
    let due = archive.commitments_due(later, 10).unwrap();
    assert_eq!((due.len(), due[0].tries, &due[0].instances), (1, 1, &instances));
    assert_eq!(archive.commitments_for("CT1", 10).unwrap(), due);
    assert!(archive.commitments_for("CT2", 10).unwrap().is_empty());
    archive.forget_commitment(number).unwrap();
    assert!(archive.commitments_due(later, 10).unwrap().is_empty());
    let broken = request("1.6", vec![reference(CT, "1.1 1.2")]);
    assert!(matches!(archive.ask_commitment(broken), Err(Error::Refused(_))));
    assert!(archive.ask_commitment(request("1.6", Vec::new())).is_err());
}

#[test]
fn only_what_is_there_with_its_bytes_is_safe() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let mut set = DataSet::new();
    set.put_ascii(tags::STUDY_INSTANCE_UID, VR::UI, "1.1");
    set.put_ascii(tags::SERIES_INSTANCE_UID, VR::UI, "1.1.1");
    let arrival = Arrival {
        class: CT.to_owned(),
        instance: "1.1.1.1".to_owned(),
        syntax: TransferSyntax::EXPLICIT.uid().to_owned(),
        from: "CT1".to_owned(),
        to: "KLINKE".to_owned(),
        clash: Default::default(),
        charset: Default::default(),
        study: None,
        quota: None,
    };
    let mut receiving = archive.receive(arrival).unwrap();
    receiving.write(&data::write(&set, &TransferSyntax::EXPLICIT).unwrap()).unwrap();
    receiving.finish(NOW).unwrap();
    let is_unsafe = |class, uid, with_hash| archive.is_unsafe(&reference(class, uid), with_hash).unwrap();
    assert_eq!(is_unsafe(CT, "1.1.1.1", true), None);
    assert_eq!(is_unsafe(CT, "1.1.1.2", false), Some(Failure::NoSuchInstance));
    assert_eq!(is_unsafe("1.2.840.10008.5.1.4.1.1.4", "1.1.1.1", false), Some(Failure::ClassConflict));
    let path = archive.path(&archive.instance("1.1.1.1").unwrap().unwrap());
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    // One wrong bit is seen by its hash alone, one missing byte at once.
    assert_eq!(is_unsafe(CT, "1.1.1.1", false), None);
    assert_eq!(is_unsafe(CT, "1.1.1.1", true), Some(Failure::Processing));
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(is_unsafe(CT, "1.1.1.1", false), Some(Failure::Processing));
}
