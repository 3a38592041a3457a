//! Events from outside: who listens, when a study is complete, and what is left after the program was started anew.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use klinke_archive::event::{Completion, Event, Kind, Ring, Start};
use klinke_archive::{Archive, Arrival, Options};
use klinke_dimse::data::{self, DataSet};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags};
use klinke_model::Timestamp;

const NOW: Timestamp = Timestamp(1_795_946_400_000_000);
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const SECOND: Duration = Duration::from_secs(1);

fn open(folder: &Path, complete: Completion) -> Archive {
    Archive::open(folder, Options { complete, title: "KLINKE".to_owned(), ..Options::default() }).unwrap()
}

fn store(archive: &Archive, study: &str, number: u32, expected: Option<u32>, now: Timestamp) {
    let mut set = DataSet::new();
    for (tag, vr, text) in [
        (tags::SOP_CLASS_UID, VR::UI, CT.to_owned()),
        (tags::SOP_INSTANCE_UID, VR::UI, format!("{study}.1.{number}")),
        (tags::MODALITY, VR::CS, "CT".to_owned()),
        (tags::ACCESSION_NUMBER, VR::SH, "A1".to_owned()),
        (tags::PATIENT_ID, VR::LO, "4711".to_owned()),
        (tags::STUDY_INSTANCE_UID, VR::UI, study.to_owned()),
        (tags::SERIES_INSTANCE_UID, VR::UI, format!("{study}.1")),
    ] {
        set.put_ascii(tag, vr, &text);
    }
    if let Some(expected) = expected {
        set.put_ascii(tags::NUMBER_OF_STUDY_RELATED_INSTANCES, VR::IS, &expected.to_string());
    }
    let syntax = TransferSyntax::EXPLICIT;
    let arrival = Arrival { syntax: syntax.uid().to_owned(), from: "CT1".to_owned(), ..Arrival::default() };
    let mut receiving = archive.receive(arrival).unwrap();
    receiving.write(&data::write(&set, &syntax).unwrap()).unwrap();
    receiving.finish(now).unwrap();
}

/// What a modality tells: its status, its study, what it made.
fn told(status: &str, study: &str, numbers: &[u32]) -> DataSet {
    let (mut set, mut scheduled, mut series) = (DataSet::new(), DataSet::new(), DataSet::new());
    set.put_ascii(tags::PERFORMED_PROCEDURE_STEP_STATUS, VR::CS, status);
    scheduled.put_ascii(tags::STUDY_INSTANCE_UID, VR::UI, study);
    scheduled.put_ascii(tags::ACCESSION_NUMBER, VR::SH, "A1");
    let image = |number: &u32| {
        let mut item = DataSet::new();
        item.put_ascii(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, &format!("{study}.1.{number}"));
        item
    };
    series.put_items(tags::REFERENCED_IMAGE_SEQUENCE, numbers.iter().map(image).collect());
    set.put_items(tags::SCHEDULED_STEP_ATTRIBUTES_SEQUENCE, vec![scheduled]);
    set.put_items(tags::PERFORMED_SERIES_SEQUENCE, vec![series]);
    set
}

fn studies(archive: &Archive) -> Vec<(String, String)> {
    let events = archive.events(Kind::Study, 0, 100).unwrap();
    events.into_iter().map(|event| (event.uid, event.why)).collect()
}

fn pair(one: &str, other: &str) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

#[test]
fn a_study_is_complete_by_whichever_sign_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path(), Completion::default());
    let told_by_time = |seconds: u32| archive.complete_due(NOW.after(SECOND * seconds)).unwrap();

    // Time: five minutes after the last one.
    store(&archive, "1.1", 1, None, NOW);
    store(&archive, "1.1", 2, None, NOW.after(SECOND * 200));
    assert_eq!((told_by_time(499), told_by_time(501)), (0, 1));
    // The release of an association, and then nothing more.
    store(&archive, "1.2", 1, None, NOW);
    archive.released(vec!["1.2".to_owned()], NOW.after(SECOND)).unwrap();
    store(&archive, "1.2", 2, None, NOW.after(SECOND * 5));
    assert_eq!(told_by_time(30), 0, "more came: the release of the next one counts");
    archive.released(vec!["1.2".to_owned()], NOW.after(SECOND * 31)).unwrap();
    assert_eq!((told_by_time(45), told_by_time(47)), (0, 1));
    // The number that the instances tell.
    store(&archive, "1.3", 1, Some(2), NOW);
    assert_eq!(studies(&archive).len(), 2);
    store(&archive, "1.3", 2, Some(2), NOW);
    // A performed procedure step: not as long as another one goes on, nor before all of it is there.
    for (uid, study) in [("9.1", "1.4"), ("9.2", "1.4")] {
        archive.begin_performed(uid, &told("IN PROGRESS", study, &[]), "CT1", NOW).unwrap();
    }
    store(&archive, "1.4", 1, None, NOW);
    archive.change_performed("9.1", &told("COMPLETED", "1.4", &[1, 2]), NOW).unwrap();
    store(&archive, "1.4", 2, None, NOW);
    assert_eq!(studies(&archive).len(), 3, "9.2 goes on");
    archive.change_performed("9.2", &told("DISCONTINUED", "1.4", &[3]), NOW).unwrap();
    assert_eq!(studies(&archive).len(), 3, "the third instance is missing");
    store(&archive, "1.4", 3, None, NOW);
    let all = [("1.1", "STABLE"), ("1.2", "RELEASED"), ("1.3", "COUNT"), ("1.4", "PERFORMED")];
    assert_eq!(studies(&archive), all.map(|(study, why)| pair(study, why)));
    // Told once, and again only when more has come.
    assert_eq!(told_by_time(100_000), 0);
    store(&archive, "1.3", 3, Some(2), NOW);
    assert_eq!((told_by_time(301), studies(&archive).pop()), (1, Some(pair("1.3", "STABLE"))));
}

#[test]
fn what_is_not_set_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path(), Completion { stable: Some(SECOND), ..Completion::NEVER });
    store(&archive, "1.1", 1, Some(1), NOW);
    archive.released(vec!["1.1".to_owned()], NOW.before(SECOND * 60)).unwrap();
    archive.begin_performed("9.1", &told("IN PROGRESS", "1.1", &[]), "CT1", NOW).unwrap();
    archive.change_performed("9.1", &told("COMPLETED", "1.1", &[1]), NOW).unwrap();
    assert_eq!((studies(&archive).len(), archive.complete_due(NOW).unwrap()), (0, 0));
    // Never early, and a thirty-second part of the time late at most.
    assert_eq!(archive.complete_due(NOW.after(SECOND.mul_f64(0.999))).unwrap(), 0);
    assert_eq!(archive.complete_due(NOW.after(SECOND + SECOND / 32)).unwrap(), 1);
}

#[test]
fn each_instance_puts_off_when_its_study_is_complete_by_time() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path(), Completion { stable: Some(SECOND * 10), ..Completion::NEVER });
    // The first has some time to spare, of which the next ones take.
    for number in 0..18 {
        store(&archive, "1.1", number, None, NOW.after(SECOND / 10 * number));
    }
    // Whoever waited longer before waits no longer than is said now.
    drop(archive);
    let archive = open(folder.path(), Completion { stable: Some(SECOND * 600), ..Completion::NEVER });
    store(&archive, "1.1", 18, None, NOW);
    drop(archive);
    let archive = open(folder.path(), Completion { stable: Some(SECOND * 10), ..Completion::NEVER });
    store(&archive, "1.1", 19, None, NOW.after(SECOND / 10 * 19));
    let last = NOW.after(SECOND / 10 * 19);
    assert_eq!(archive.complete_due(last.after(SECOND.mul_f64(9.999))).unwrap(), 0, "before its time");
    assert_eq!(archive.complete_due(last.after(SECOND.mul_f64(10.3126))).unwrap(), 1);
}

#[test]
fn who_listens_goes_on_where_it_was_and_who_is_new_begins_now() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path(), Completion::default());
    store(&archive, "1.1", 1, Some(1), NOW);
    let listen = |archive: &Archive, name: &str, kind, start| archive.listen(name, kind, start, NOW).unwrap();
    let old = listen(&archive, "old", Kind::Study, Start::Oldest);
    let new = listen(&archive, "new", Kind::Study, Start::Now);
    assert_eq!(listen(&archive, "images", Kind::Instance, Start::Now), 1);
    assert_eq!(listen(&archive, "all images", Kind::Instance, Start::Oldest), 0);
    let rung = Arc::new(AtomicU64::new(0));
    let bell = rung.clone();
    let ring: Ring = Arc::new(move || {
        bell.fetch_add(1, Ordering::SeqCst);
    });
    archive.when_changed(&ring);
    store(&archive, "1.2", 1, Some(1), NOW);
    assert!(rung.load(Ordering::SeqCst) > 0, "nobody was woken");
    let uids = |archive: &Archive, after: u64| {
        let events = archive.events(Kind::Study, after, 10).unwrap();
        events.into_iter().map(|event| event.uid).collect::<Vec<_>>()
    };
    assert_eq!(
        (uids(&archive, old), uids(&archive, new)),
        (vec!["1.1".into(), "1.2".into()], vec!["1.2".into()])
    );
    let first = archive.events(Kind::Study, old, 1).unwrap()[0].position;
    archive.heard("old", Kind::Study, first, NOW).unwrap();
    drop((archive, ring));

    let archive = open(folder.path(), Completion::default());
    // What was said of the start counts only the first time.
    assert_eq!(uids(&archive, listen(&archive, "old", Kind::Study, Start::Now)), ["1.2"]);
    // What somebody has not heard stays, however old it is.
    let late = NOW.after(SECOND * 86_400 * 100);
    assert_eq!(archive.expire_events(late, NOW.before(SECOND)).unwrap(), 1);
    assert_eq!(uids(&archive, 0), ["1.2"]);
    // Who was silent for long is no longer waited for.
    assert_eq!(archive.expire_events(late, late).unwrap(), 1);
}

#[test]
fn documents_tell_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path(), Completion::default());
    let (mut order, mut step) = (DataSet::new(), DataSet::new());
    for (tag, vr, text) in [
        (tags::ACCESSION_NUMBER, VR::SH, "A1"),
        (tags::STUDY_INSTANCE_UID, VR::UI, "1.1"),
        (tags::PATIENT_ID, VR::LO, "4711"),
        (tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST, VR::LO, "P1"),
    ] {
        order.put_ascii(tag, vr, text);
    }
    step.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, "S1");
    order.put_items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE, vec![step]);
    archive.schedule(&order, NOW).unwrap();
    archive.begin_performed("9.1", &told("IN PROGRESS", "1.1", &[]), "CT1", NOW).unwrap();
    (1..=3).for_each(|number| store(&archive, "1.1", number, Some(3), NOW));

    let event: Event = archive.events(Kind::Study, 0, 1).unwrap().remove(0);
    let set = archive.event_document(Kind::Study, &event).unwrap();
    let text = |tag| set.ascii(tag).unwrap_or_default();
    assert_eq!((text(tags::PATIENT_ID), text(tags::NUMBER_OF_STUDY_RELATED_INSTANCES)), ("4711", "3"));
    assert_eq!((text(tags::MODALITIES_IN_STUDY), text(tags::RETRIEVE_AE_TITLE)), ("CT", "KLINKE"));
    let series = &set.items(tags::REFERENCED_SERIES_SEQUENCE)[0];
    assert_eq!(series.items(tags::REFERENCED_SOP_SEQUENCE).len(), 3);
    let request = &set.items(tags::REFERENCED_REQUEST_SEQUENCE)[0];
    assert_eq!(request.ascii(tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST), Some("P1"));
    let why: klinke_dimse::dictionary::Path = "(0009,KLINKE EVENT,01)".parse().unwrap();
    assert_eq!(why.text(&set, &Default::default()).as_deref(), Some("COUNT"));

    // A performed procedure step is told as it was then, whatever has become of it.
    archive.change_performed("9.1", &told("COMPLETED", "1.1", &[1]), NOW).unwrap();
    let told: Vec<String> = archive
        .events(Kind::Performed, 0, 10)
        .unwrap()
        .iter()
        .map(|event| archive.event_document(Kind::Performed, event).unwrap())
        .map(|set| set.ascii(tags::PERFORMED_PROCEDURE_STEP_STATUS).unwrap_or_default().to_owned())
        .collect();
    assert_eq!(told, ["IN PROGRESS", "COMPLETED"]);
    assert_eq!(archive.study_of("A1", "4711").unwrap().as_deref(), Some("1.1"));
    assert_eq!(archive.study_of("A1", "4712").unwrap(), None, "of another patient");

    // What is no longer there is told by its UID.
    let gone = Event { uid: "1.9".to_owned(), ..event };
    let set = archive.event_document(Kind::Study, &gone).unwrap();
    assert_eq!(set.ascii(tags::NUMBER_OF_STUDY_RELATED_INSTANCES), Some("0"));
}

#[test]
fn an_index_made_anew_tells_no_old_news() {
    let folder = tempfile::tempdir().unwrap();
    store(&open(folder.path(), Completion::default()), "1.1", 1, Some(1), NOW);
    Archive::rebuild(folder.path(), &Options::default(), &mut |_| {}).unwrap();
    let archive = open(folder.path(), Completion::default());
    assert_eq!(archive.totals().unwrap().instances, 1);
    assert_eq!((studies(&archive).len(), archive.complete_due(Timestamp::now()).unwrap()), (0, 0));
}
