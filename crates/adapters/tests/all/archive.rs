//! The archive as a source and a destination of channels.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use klinke_adapters::registry::ArchiveSlot;
use klinke_adapters::{Surroundings, adapter};
use klinke_archive::event::{Completion, Kind};
use klinke_archive::{Archive, Arrival, Options};
use klinke_dimse::data::{self, DataSet, Element, Limits};
use klinke_dimse::file::{self, Meta};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, json as dicom_json, tags};
use klinke_engine::link::{Parcel, Reply, ReplyKind};
use klinke_engine::source::{End, Refusal};
use klinke_model::{Disposition, Payload, Timestamp};
use serde_json::{Value, json};

use crate::mllp_destination::parcel;
use crate::support::*;

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

fn open(folder: &Path) -> Archive {
    let complete = Completion { stable: None, released: None, ..Completion::default() };
    Archive::open(folder, Options { complete, title: "KLINKE".to_owned(), ..Options::default() }).unwrap()
}

/// An instance; without a study where there is none.
fn set(study: Option<&str>, number: u32, accession: &str) -> DataSet {
    let mut set = DataSet::new();
    for (tag, vr, text) in [
        (tags::SOP_CLASS_UID, VR::UI, CT.to_owned()),
        (tags::SOP_INSTANCE_UID, VR::UI, format!("1.9.{}.{number}", study.unwrap_or("0"))),
        (tags::ACCESSION_NUMBER, VR::SH, accession.to_owned()),
        (tags::PATIENT_ID, VR::LO, "4711".to_owned()),
        (tags::SERIES_INSTANCE_UID, VR::UI, format!("1.8.{}", study.unwrap_or("0"))),
        (tags::NUMBER_OF_STUDY_RELATED_INSTANCES, VR::IS, "2".to_owned()),
    ] {
        set.put_ascii(tag, vr, &text);
    }
    if let Some(study) = study {
        set.put_ascii(tags::STUDY_INSTANCE_UID, VR::UI, study);
    }
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, vec![number as u8; 5_000]));
    set
}

fn store(archive: &Archive, set: &DataSet, from: &str) -> Vec<u8> {
    let syntax = TransferSyntax::IMPLICIT;
    let bytes = data::write(set, &syntax).unwrap();
    let arrival = Arrival { syntax: syntax.uid().to_owned(), from: from.to_owned(), ..Arrival::default() };
    let mut receiving = archive.receive(arrival).unwrap();
    receiving.write(&bytes).unwrap();
    receiving.finish(Timestamp::now()).unwrap();
    bytes
}

fn source(archive: &Archive, settings: Value) -> Box<dyn klinke_engine::source::Source> {
    let slot = ArchiveSlot::default();
    slot.put(archive.clone());
    let site = Surroundings { folder: Path::new("/site"), channel: "test", archive: Some(&slot) };
    (adapter("archive").unwrap().source.unwrap().make)(settings, &site).unwrap().source
}

#[tokio::test]
async fn instances_come_as_they_were_received_in_their_order_and_none_is_lost_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    store(&archive, &set(Some("1.1"), 1, "A1"), "CT1");
    let desk = Desk::open();
    let running = run_boxed(source(&archive, json!({ "on": "instance" })), &desk).await;
    let sent = store(&archive, &set(Some("1.1"), 2, "A1"), "CT1");
    // What the channel has stored itself does not come back to it.
    store(&archive, &set(Some("1.1"), 3, "A1"), ">test");
    store(&archive, &set(Some("1.1"), 4, "A1"), "CT1");
    desk.has(2).await;
    let first = desk.arrivals.lock().unwrap()[0].clone();
    assert!(first.payload.ends_with(&sent), "the data set is byte for byte as it was received");
    let head = file::open(first.payload.to_vec(), &Limits::header(), data::PixelDataUse::Stop).unwrap();
    assert_eq!(head.meta.ascii(tags::TRANSFER_SYNTAX_UID), Some(TransferSyntax::IMPLICIT.uid()));
    assert_eq!(head.meta.ascii(tags::SENDING_APPLICATION_ENTITY_TITLE), Some("CT1"));
    assert!(head.meta.get(tags::PRIVATE_INFORMATION).is_none(), "the seal is the archive's own");
    assert_eq!(&*first.peer, "CT1");
    running.end().await;

    store(&archive, &set(Some("1.1"), 5, "A1"), "CT1");
    let desk = Desk::open();
    let running = run_boxed(source(&archive, json!({ "on": "instance" })), &desk).await;
    desk.has(1).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(desk.count(), 1, "what was heard does not come again");
    running.end().await;
    let everything = Desk::open();
    let slot = ArchiveSlot::default();
    slot.put(archive.clone());
    let site = Surroundings { folder: Path::new("/site"), channel: "other", archive: Some(&slot) };
    let made = (adapter("archive").unwrap().source.unwrap().make)(
        json!({ "on": "instance", "start": "oldest" }),
        &site,
    );
    everything.name.set("other").unwrap();
    let running = run_boxed(made.unwrap().source, &everything).await;
    everything.has(5).await;
    running.end().await;
}

#[tokio::test]
async fn events_wait_in_the_archive_while_the_channel_can_not_take_them() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let full = Arc::new(AtomicBool::new(true));
    let is_full = full.clone();
    let desk = Desk::deciding(move |_| match is_full.load(Ordering::SeqCst) {
        true => Err(Refusal::Full("the disk".to_owned())),
        false => Ok(End::Stored),
    });
    let running = run_boxed(source(&archive, json!({ "on": "study" })), &desk).await;
    (1..=2).for_each(|number| drop(store(&archive, &set(Some("1.1"), number, "A1"), "CT1")));
    tokio::time::sleep(Duration::from_millis(300)).await;
    running.end().await;
    full.store(false, Ordering::SeqCst);
    let desk = Desk::open();
    let running = run_boxed(source(&archive, json!({ "on": "study" })), &desk).await;
    desk.has(1).await;
    let told = dicom_json::read(&desk.payloads()[0], &dicom_json::Limits::default()).unwrap().set;
    assert_eq!(told.ascii(tags::STUDY_INSTANCE_UID), Some("1.1"));
    assert_eq!(told.ascii(tags::NUMBER_OF_STUDY_RELATED_INSTANCES), Some("2"));
    assert_eq!(&*desk.arrivals.lock().unwrap()[0].peer, "archive: study count");
    running.end().await;
}

#[tokio::test]
async fn what_can_not_be_handed_over_is_told_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let desk = Desk::open();
    let running = run_boxed(source(&archive, json!({ "on": "instance", "largest": "4kB" })), &desk).await;
    store(&archive, &set(Some("1.1"), 1, "A1"), "CT1");
    let mut small = set(Some("1.1"), 2, "A1");
    small.put(Element::bytes(tags::PIXEL_DATA, VR::OW, vec![2; 10]));
    store(&archive, &small, "CT1");
    desk.has(1).await;
    assert!(desk.arrivals.lock().unwrap()[0].payload.ends_with(&[2; 10]));
    let damaged = desk.damaged.lock().unwrap().clone();
    assert_eq!(damaged.len(), 1);
    assert!(damaged[0].1.contains("larger than the channel takes"), "{}", damaged[0].1);
    assert!(String::from_utf8_lossy(&damaged[0].0.payload).contains("1.9.1.1.1"), "it says which one");
    running.end().await;
}

async fn put(archive: &Archive, settings: Value, payload: &[u8]) -> Reply {
    let slot = ArchiveSlot::default();
    slot.put(archive.clone());
    let site = Surroundings { folder: Path::new("/site"), channel: "reports", archive: Some(&slot) };
    let made = (adapter("archive").unwrap().destination.unwrap().make)(settings, &site).unwrap();
    let parcel = Parcel { payload: Payload::new(payload.to_vec()), ..parcel("") };
    made.destination.link().deliver(&parcel, SOON).await
}

fn part10(set: &DataSet) -> Vec<u8> {
    let syntax = TransferSyntax::EXPLICIT;
    let mut bytes = Meta::of(CT, set.ascii(tags::SOP_INSTANCE_UID).unwrap(), syntax.uid()).to_bytes();
    bytes.extend(data::write(set, &syntax).unwrap());
    bytes
}

#[tokio::test]
async fn instances_of_a_channel_are_in_the_archive_and_find_their_study() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let one = part10(&set(Some("1.1"), 1, "A1"));
    let reply = put(&archive, json!({}), &one).await;
    assert_eq!((reply.kind, reply.code.as_str()), (ReplyKind::Accepted, "new"));
    assert_eq!(put(&archive, json!({}), &one).await.code, "same");
    let mut other = set(Some("1.1"), 1, "A1");
    other.put_ascii(tags::MODALITY, VR::CS, "CT");
    assert_eq!(put(&archive, json!({}), &part10(&other)).await.code, "beside");
    assert_eq!(put(&archive, json!({ "clash": "replace" }), &part10(&other)).await.code, "replaced");
    assert_eq!(archive.instance("1.9.1.1.1").unwrap().unwrap().file.from, ">reports");
    // Without a study: that of the accession number, of the same patient.
    assert_eq!(put(&archive, json!({}), &part10(&set(None, 7, "A1"))).await.code, "new");
    assert_eq!(archive.instance("1.9.0.7").unwrap().unwrap().study, "1.1");
    let mut stranger = set(None, 8, "A1");
    stranger.put_ascii(tags::PATIENT_ID, VR::LO, "4712");
    let refused = put(&archive, json!({}), &part10(&stranger)).await;
    assert_eq!((refused.code.as_str(), refused.custom), ("no-study", Disposition::Dead));
    let mut alone = set(None, 9, "A9");
    alone.put_ascii(tags::SERIES_INSTANCE_UID, VR::UI, "1.8.9");
    assert_eq!(put(&archive, json!({ "without_study": "make" }), &part10(&alone)).await.code, "new");
    let made = archive.instance("1.9.0.9").unwrap().unwrap().study;
    assert_eq!(Archive::made_study("A9", "4711").as_ref(), Some(&made));
    for (payload, code) in [(&b"MSH|^~\\&|KIS"[..], "not-dicom"), (b"", "not-dicom")] {
        let reply = put(&archive, json!({}), payload).await;
        assert_eq!((reply.kind, reply.code.as_str()), (ReplyKind::Refused, code));
    }
    let mut unfit = set(Some("1.1"), 11, "A1");
    unfit.remove(tags::SERIES_INSTANCE_UID);
    assert_eq!(put(&archive, json!({}), &part10(&unfit)).await.code, "unfit");
    assert!(archive.events(Kind::Study, 0, 10).unwrap().len() <= 2);
}

#[test]
fn without_an_archive_it_says_so() {
    let site = Surroundings { folder: Path::new("/site"), channel: "x", archive: None };
    let kind = adapter("archive").unwrap();
    let source = (kind.source.unwrap().make)(json!({ "on": "study" }), &site).unwrap_err().to_string();
    let destination = (kind.destination.unwrap().make)(json!({}), &site).unwrap_err().to_string();
    assert!(source.contains("no [archive]") && destination.contains("no [archive]"));
}
