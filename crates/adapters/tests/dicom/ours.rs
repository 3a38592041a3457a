//! Both sides are ours: what needs no peer of other make.

use std::time::Duration;

use klinke_adapters::dicom::scu::{self, Carried, Finding, Load, Moving, Origin, Root, Sender};
use klinke_adapters::dicom::{Accept, Peer, Service};
use klinke_adapters::units::Period;
use klinke_dimse::association::Ending;
use klinke_dimse::data::DataSet;
use klinke_dimse::session::Event;
use klinke_dimse::{VR, tags, uids};

use crate::support::{Running, config, host, image, start, text, write_file};

async fn send(running: &Running, sets: &[DataSet]) -> Vec<Carried> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut sender = Sender::new(
        std::sync::Arc::new(running.as_peer()),
        Origin { calling: "CT1".to_owned(), mover: None },
    );
    let mut all = Vec::new();
    for set in sets {
        let load = Load::open(&write_file(folder.path(), "one.dcm", set)).expect("a file");
        all.push(sender.carry(&load).await);
    }
    sender.release().await;
    all
}

fn identifier(level: &str, keys: &[(klinke_dimse::Tag, VR, &str)]) -> DataSet {
    let mut set = DataSet::new();
    set.put_ascii(tags::QUERY_RETRIEVE_LEVEL, VR::CS, level);
    for (tag, vr, value) in keys {
        set.put_ascii(*tag, *vr, value);
    }
    set
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_found_and_moved_without_anybody_else() {
    let mut any = config(Accept::Any);
    any.any_called_title = true;
    let other = start(any, Vec::new()).await;
    let running = start(config(Accept::Any), vec![Peer::at("OTHER", host(other.port))]).await;
    let sets: Vec<_> = (0..30).map(|number| image("7", "1.7", "1.7.1", &format!("1.7.1.{number}"))).collect();
    assert!(send(&running, &sets).await.iter().all(|one| *one == Carried::Done));

    let asked = identifier(
        "SERIES",
        &[(tags::STUDY_INSTANCE_UID, VR::UI, "1.7"), (tags::SERIES_INSTANCE_UID, VR::UI, "")],
    );
    let mut finding = Finding::begin(&running.as_peer(), "WS1", Root::Study, &asked).await.expect("a query");
    let series = finding.next().await.expect("an answer").expect("a series");
    assert_eq!(text(&series, tags::SERIES_INSTANCE_UID), "1.7.1");
    assert_eq!(finding.next().await.expect("an answer"), None);
    finding.end().await;

    let wanted = identifier("STUDY", &[(tags::STUDY_INSTANCE_UID, VR::UI, "1.7")]);
    let mut moving =
        Moving::begin(&running.as_peer(), "WS1", Root::Study, &wanted, "OTHER").await.expect("a retrieval");
    let mut last = None;
    while let Some(moved) = moving.next().await.expect("an answer") {
        last = Some(moved);
    }
    moving.end().await;
    let last = last.expect("a last answer");
    assert_eq!((last.status.code(), last.counts.completed, last.counts.failed), (0, Some(30), Some(0)));
    assert_eq!(other.node.archive.totals().expect("totals").instances, 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_refuses_makes_a_failure_that_names_the_instances() {
    // It may do everything but store.
    let asleep = Peer { may: vec![Service::Find], ..Peer::unknown("KLINKE") };
    let mut known = config(Accept::Known);
    known.any_called_title = true;
    let other = start(known, vec![asleep]).await;
    let running = start(config(Accept::Any), vec![Peer::at("OTHER", host(other.port))]).await;
    send(&running, &[image("7", "1.7", "1.7.1", "1.7.1.1")]).await;
    let wanted = identifier("STUDY", &[(tags::STUDY_INSTANCE_UID, VR::UI, "1.7")]);
    let mut moving =
        Moving::begin(&running.as_peer(), "WS1", Root::Study, &wanted, "OTHER").await.expect("a retrieval");
    let moved = moving.next().await.expect("an answer").expect("an answer");
    assert_eq!(
        (moved.status.code(), moved.counts.completed, moved.counts.failed),
        (0xA702, Some(0), Some(1))
    );
    moving.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_large_streams_and_what_breaks_off_is_not_kept() {
    let running = start(config(Accept::Any), Vec::new()).await;
    let mut set = image("7", "1.7", "1.7.1", "1.7.1.1");
    let pixels = vec![5_u8; 40 << 20];
    set.put(klinke_dimse::data::Element::bytes(tags::PIXEL_DATA, VR::OW, pixels));
    assert_eq!(send(&running, std::slice::from_ref(&set)).await, [Carried::Done]);
    let kept = running.node.archive.instance("1.7.1.1").expect("an index").expect("an instance");
    assert!(kept.file.size > 40 << 20);
    // A sender that goes in the middle.
    let class = crate::support::CT;
    let peer = running.as_peer();
    let mut line =
        scu::call(&peer, "CT1", &[(class, &["1.2.840.10008.1.2.1"])]).await.expect("an association");
    let request = klinke_dimse::message::Command::store_request(
        1,
        class,
        "1.7.1.2",
        klinke_dimse::message::Priority::Medium,
    );
    line.begin(1, &request).expect("a command");
    line.send_data(vec![0; 3 << 20].into(), false).await.expect("bytes");
    line.abort().await;
    for _ in 0..100 {
        if std::fs::read_dir(running.folder.path().join("incoming")).expect("a folder").count() == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(std::fs::read_dir(running.folder.path().join("incoming")).expect("a folder").count(), 0);
    assert_eq!(running.node.archive.instance("1.7.1.2").expect("an index"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_not_allowed_is_refused() {
    let may = Peer { may: vec![Service::Store], ..Peer::unknown("CT1") };
    let running = start(config(Accept::Known), vec![may]).await;
    let asked = identifier("STUDY", &[(tags::STUDY_INSTANCE_UID, VR::UI, "")]);
    let refused =
        Finding::begin(&running.as_peer(), "CT1", Root::Study, &asked).await.expect_err("not allowed");
    assert!(refused.to_string().contains("no presentation context"), "{refused}");
    assert_eq!(send(&running, &[image("7", "1.7", "1.7.1", "1.7.1.1")]).await, [Carried::Done]);
}

/// What the site says of a partner's patience counts when the partner calls, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_is_idle_for_too_long_is_let_go() {
    let hasty = Peer { idle: Some(Period(Duration::from_millis(200))), ..Peer::unknown("HASTY") };
    let running = start(config(Accept::Any), vec![hasty]).await;
    let idle = async |calling: &str| {
        let contexts = [(uids::VERIFICATION, &[uids::IMPLICIT_VR_LITTLE_ENDIAN][..])];
        let mut line = scu::call(&running.as_peer(), calling, &contexts).await.expect("an association");
        tokio::time::timeout(Duration::from_secs(2), line.next()).await
    };
    let ended = idle("HASTY").await.expect("it is ended");
    assert!(matches!(ended, Event::Ended(Ending::Aborted(_))), "{ended:?}");
    assert!(idle("PATIENT").await.is_err(), "others have ten minutes");
}
