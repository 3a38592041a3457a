//! All sample messages, out of a destination and into a source, byte for byte.

use std::path::{Path, PathBuf};

use klinke_adapters::mllp::{Destination, Source};
use klinke_engine::link::{Destination as _, Parcel, ReplyKind};
use klinke_model::Payload;
use serde_json::json;

use crate::mllp_destination::{LIMIT, parcel};
use crate::support::*;

/// The samples: named by the environment, or beside the checkout.
fn samples() -> Option<PathBuf> {
    let beside = || {
        let mut up = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        up.find_map(|folder| Some(folder.join("shared/samples")).filter(|folder| folder.is_dir()))
    };
    std::env::var_os("KLINKE_SAMPLES").map(PathBuf::from).filter(|folder| folder.is_dir()).or_else(beside)
}

#[tokio::test]
async fn every_sample_passes_unchanged_over_one_connection() {
    let Some(samples) = samples() else {
        println!("DID NOT RUN: there are no samples; KLINKE_SAMPLES names their folder");
        return;
    };
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(samples.join("hl7v2")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 500, "{} samples", files.len());
    let desk = Desk::open();
    let source = Source::new(config(json!({ "listen": "0", "mode": "original" }))).unwrap();
    let source = run(source, &desk).await;
    let mut link = Destination::new(config(json!(source.address))).unwrap().link();
    for file in files {
        let payload = Payload::from(std::fs::read(&file).unwrap());
        let reply = link.deliver(&Parcel { payload: payload.clone(), ..parcel("") }, LIMIT).await;
        let arrived = desk.arrivals.lock().unwrap().pop().map(|one| one.payload);
        assert!(arrived.is_some_and(|arrived| arrived == payload), "{}", file.display());
        assert_eq!(reply.kind, ReplyKind::Accepted, "{}: {reply:?}", file.display());
    }
    source.end().await;
}
