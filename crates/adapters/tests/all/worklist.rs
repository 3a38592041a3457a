//! The worklist as a destination.

use std::path::Path;

use klinke_adapters::registry::ArchiveSlot;
use klinke_adapters::{Surroundings, adapter};
use klinke_archive::worklist::{StepKey, StepState};
use klinke_archive::{Archive, Options};
use klinke_engine::link::{Reply, ReplyKind};
use klinke_model::{Disposition, Timestamp};
use serde_json::json;

use crate::mllp_destination::parcel;
use crate::support::SOON;

fn item(accession: &str, step: &str, day: &str, state: &str) -> String {
    let text = |vr: &str, value: &str| json!({ "vr": vr, "Value": [value] });
    let mut one = json!({
        "00400009": text("SH", step), "00080060": text("CS", "CT"), "00400002": text("DA", day),
    });
    if !state.is_empty() {
        one["00400020"] = text("CS", state);
    }
    json!({
        "00080050": text("SH", accession),
        "00100010": { "vr": "PN", "Value": [{ "Alphabetic": "Müller^Jörg" }] },
        "00400100": { "vr": "SQ", "Value": [one] },
    })
    .to_string()
}

async fn put(destination: &dyn klinke_engine::link::Destination, payload: &str) -> Reply {
    destination.link().deliver(&parcel(payload), SOON).await
}

#[tokio::test]
async fn what_a_channel_makes_of_orders_is_in_the_worklist() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open(folder.path(), Options::default()).unwrap();
    let slot = ArchiveSlot::default();
    slot.put(archive.clone());
    let site = Surroundings { folder: Path::new("/site"), channel: "orders", archive: Some(&slot) };
    let kind = adapter("worklist").unwrap().destination.unwrap();
    let made = (kind.make)(json!({ "keep": "2d" }), &site).unwrap();
    let destination = made.destination;
    let state = |step: &str| {
        let key = StepKey { accession: "A1".to_owned(), step: step.to_owned() };
        archive.step(&key).unwrap().map(|step| step.state)
    };
    let today = &Timestamp::now().to_string()[..10].replace('-', "");
    let reply = put(&*destination, &item("A1", "S1", today, "")).await;
    assert_eq!((reply.kind, reply.code.as_str()), (ReplyKind::Accepted, "new"));
    assert_eq!(put(&*destination, &item("A1", "S1", today, "")).await.code, "same");
    assert_eq!(put(&*destination, &item("A1", "S1", today, "CANCELED")).await.code, "cancelled");
    assert_eq!(state("S1"), Some(StepState::Cancelled));
    let two = format!("[{},{}]", item("A1", "S2", today, ""), item("A1", "S3", today, "STARTED"));
    assert_eq!(put(&*destination, &two).await.code, "new");
    assert_eq!((state("S2"), state("S3")), (Some(StepState::Scheduled), Some(StepState::Started)));
    for (payload, code) in [("MSH|^~\\&", "json"), ("[]", "json"), (r#"{"00080050":{"vr":"SH"}}"#, "item")] {
        let reply = put(&*destination, payload).await;
        assert_eq!((reply.kind, reply.code.as_str()), (ReplyKind::Refused, code), "{payload}");
        assert_eq!(reply.custom, Disposition::Dead);
    }
}

#[tokio::test]
async fn old_steps_go_when_others_come() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open(folder.path(), Options::default()).unwrap();
    let slot = ArchiveSlot::default();
    slot.put(archive.clone());
    let site = Surroundings { folder: Path::new("/site"), channel: "orders", archive: Some(&slot) };
    let kind = adapter("worklist").unwrap().destination.unwrap();
    let made = (kind.make)(json!({ "keep": "2d" }), &site).unwrap();
    assert_eq!(put(&*made.destination, &item("A1", "S1", "20010101", "")).await.code, "new");
    let key = StepKey { accession: "A1".to_owned(), step: "S1".to_owned() };
    assert!(archive.step(&key).unwrap().is_none());
}

#[test]
fn without_an_archive_it_says_so() {
    let site = Surroundings { folder: Path::new("/site"), channel: "orders", archive: None };
    let kind = adapter("worklist").unwrap().destination.unwrap();
    let error = (kind.make)(json!({}), &site).unwrap_err().to_string();
    assert_eq!(error, "worklist: this site has no archive whose worklist it could be");
    let error = (kind.make)(json!({ "kep": "1d" }), &site).unwrap_err().to_string();
    assert!(error.contains("unknown field `kep`"), "{error}");
}
