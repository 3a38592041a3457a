//! Performed procedure steps and storage commitment with pynetdicom: as modality, and as an archive that we ask.

use std::process::Command;
use std::time::Duration;

use klinke_adapters::dicom::scu::{self, CommitError, Patience, TellError};
use klinke_adapters::dicom::{Accept, Destination, Peer, Service};
use klinke_archive::commitment::Reference;
use klinke_archive::event::Kind as EventKind;
use klinke_archive::performed::Progress;
use klinke_archive::worklist::{StepKey, StepState};
use klinke_dimse::charset::Charset;
use klinke_dimse::data::DataSet;
use klinke_dimse::{VR, json, tags};
use klinke_engine::link::{Destination as _, Parcel, ReplyKind};
use klinke_model::{DeliveryKey, DestinationId, Disposition, EnvelopeId, Payload, Timestamp};
use klinke_testkit::free_port;

use crate::support::{
    CT, Running, Server, config, dcmtk, host, image, start, strings, succeeded, write_file,
};
use crate::worklist::{schedule, step};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dicom/peers/services.py");

/// Whether pynetdicom is there; that it is not is said aloud.
fn has_pynetdicom() -> bool {
    let found = python(&["-c", "import pynetdicom"]).output().is_ok_and(|output| output.status.success());
    if !found {
        let text = "NOT RUN: pynetdicom is not installed";
        assert!(std::env::var("KLINKE_PEERS").as_deref() != Ok("require"), "{text}");
        eprintln!("{text}");
    }
    found
}

fn python(arguments: &[&str]) -> Command {
    let mut command = Command::new("python3");
    if let Ok(packages) = std::env::var("KLINKE_PEERS_PYTHON") {
        command.env("PYTHONPATH", packages);
    }
    command.args(arguments);
    command
}

/// What the script says, run to its end.
async fn run(running: &Running, mode: &str, more: &[&str]) -> String {
    let port = running.port.to_string();
    let mut command = python(&[SCRIPT, mode, "127.0.0.1", &port]);
    command.args(more);
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
    succeeded(&output.expect("python"))
}

fn state(running: &Running) -> StepState {
    let key = StepKey { accession: "A1".to_owned(), step: "S1".to_owned() };
    running.node.archive.step(&key).expect("an index").expect("a step").state
}

#[tokio::test(flavor = "multi_thread")]
async fn a_modality_tells_of_its_steps_and_is_held_to_the_rules() {
    if !has_pynetdicom() {
        return;
    }
    let running = start(config(Accept::Any), Vec::new()).await;
    schedule(&running, &[step("A1", "S1", &[])]);
    let said = run(&running, "steps", &[]).await;
    let has = |step: &str, status: u16, error: &str| {
        let line = format!("{{\"step\": \"{step}\", \"status\": {status}, \"error\": {error}}}");
        assert!(said.contains(&line), "{line} in {said}");
    };
    has("no status", 0x0120, "null");
    has("wrong status", 0x0106, "null");
    has("create", 0, "null");
    has("create again", 0x0111, "null");
    has("set unknown", 0x0112, "null");
    has("set nonsense", 0x0106, "null");
    has("set", 0, "null");
    has("set after the end", 0x0110, "42246");
    has("get unknown", 0x0112, "null");
    has("create without a UID", 0, "null");
    let got = r#""name": "M\u00fcller^J\u00f6rg", "patient": "4711", "status": "COMPLETED", "count": 4"#;
    assert!(said.contains(got), "{said}");
    // The one without a UID came last, and is of the same scheduled step.
    assert_eq!(state(&running), StepState::Started);
    let all = running.node.archive.all_performed(None, 10).expect("an index");
    assert_eq!(all.len(), 2);
    assert!(all[0].uid.starts_with("2.25.") && all[0].progress == Progress::InProgress);
    assert_eq!(all[1].instances().collect::<Vec<_>>(), ["1.2.3.4.5"]);
}

async fn with_image(peers: Vec<Peer>) -> Option<Running> {
    let running = start(config(Accept::Any), peers).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = write_file(folder.path(), "one.dcm", &image("1", "1.1", "1.1.1", "1.1.1.1"));
    let mut arguments = running.called();
    arguments.push(file.display().to_string());
    succeeded(&dcmtk("storescu", &arguments, folder.path()).await?);
    has_pynetdicom().then_some(running)
}

fn asked() -> String {
    format!("{CT}=1.1.1.1,{CT}=1.1.1.2,1.2.840.10008.5.1.4.1.1.4=1.1.1.1")
}

/// The report about what [`asked`] asks, and that nothing is owed any more.
async fn is_reported(running: &Running, said: &str) {
    assert!(said.contains(r#"{"action": 0}"#) && said.contains(r#"{"told": true}"#), "{said}");
    let report = r#"{"event": 2, "transaction": "1.2.3.99", "committed": ["1.1.1.1"], "failed": [["1.1.1.2", 274], ["1.1.1.1", 281]]}"#;
    assert_eq!(said.matches(report).count(), 1, "{said}");
    for _ in 0..100 {
        if running.node.archive.commitments_for("MODALITY", 10).expect("an index").is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the report is owed still");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commitment_is_reported_over_an_association_of_our_own() {
    let port = free_port();
    let Some(running) = with_image(vec![Peer::at("MODALITY", host(port))]).await else { return };
    let said = run(&running, "commit-new", &[&asked(), &port.to_string()]).await;
    is_reported(&running, &said).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commitment_is_reported_over_the_same_association_where_nobody_listens() {
    let Some(running) = with_image(vec![Peer::at("MODALITY", host(free_port()))]).await else { return };
    let said = run(&running, "commit-same", &[&asked()]).await;
    is_reported(&running, &said).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commitment_is_reported_over_the_next_association_of_whom_no_address_is_known() {
    let Some(running) = with_image(Vec::new()).await else { return };
    let said = run(&running, "commit-next", &[&asked()]).await;
    is_reported(&running, &said).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_asked_for_is_not_offered() {
    if !has_pynetdicom() {
        return;
    }
    let may = Peer { may: vec![Service::Store], ..Peer::unknown("MODALITY") };
    let running = start(config(Accept::Known), vec![may]).await;
    let port = running.port.to_string();
    let mut command = python(&[SCRIPT, "commit-same", "127.0.0.1", &port, &asked()]);
    let output =
        tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("python");
    assert!(!output.status.success());
    assert!(running.node.archive.commitments_for("MODALITY", 10).expect("an index").is_empty());
}

/// An archive by pynetdicom that takes requests.
async fn archive(running: &Running, style: &str) -> (Server, Peer) {
    let port = free_port();
    let arguments = strings(&[SCRIPT, "serve", &port.to_string(), style, &running.port.to_string()]);
    let folder = running.folder.path();
    let server = Server::start_with(python(&[]), &arguments, folder, port).await;
    (server, Peer::at("STORE", host(port)))
}

fn references() -> Vec<Reference> {
    ["1.1", "1.2"].map(|uid| Reference { class: CT.to_owned(), instance: uid.to_owned() }).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_is_asked_for_commitment_and_reports_either_way_or_never() {
    if !has_pynetdicom() {
        return;
    }
    let running = start(config(Accept::Any), Vec::new()).await;
    let patience = Patience { report: Duration::from_secs(10), open: Duration::from_secs(5) };
    for style in ["same", "new"] {
        let (_server, peer) = archive(&running, style).await;
        let report =
            scu::commit(&running.node.reports, "KLINKE", &peer, &references(), patience).await.expect(style);
        assert_eq!(report.committed, references()[..1], "{style}");
        assert_eq!(report.failed, [(references()[1].clone(), 0x0112)], "{style}");
    }
    let (_server, peer) = archive(&running, "never").await;
    let short = Patience { report: Duration::from_millis(900), open: Duration::from_millis(300) };
    let silent = scu::commit(&running.node.reports, "KLINKE", &peer, &references(), short).await;
    assert_eq!(silent, Err(CommitError::Silent(short.report)));
    let (_server, peer) = archive(&running, "refuse").await;
    let Err(CommitError::Refused(status)) =
        scu::commit(&running.node.reports, "KLINKE", &peer, &references(), patience).await
    else {
        panic!("it refuses")
    };
    assert_eq!(status.code(), 0x0110);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_is_told_of_performed_steps() {
    if !has_pynetdicom() {
        return;
    }
    let running = start(config(Accept::Any), Vec::new()).await;
    let (_server, peer) = archive(&running, "refuse").await;
    let mut set = DataSet::new();
    set.put_text(tags::PATIENT_NAME, VR::PN, "Müller^Jörg", &Charset::UTF_8);
    set.put_ascii(tags::PERFORMED_PROCEDURE_STEP_STATUS, VR::CS, "IN PROGRESS");
    assert_eq!(scu::begin_step(&peer, "KLINKE", "1.2.9.1", &set).await.expect("an answer").code(), 0);
    let Err(TellError::Refused(status)) = scu::change_step(&peer, "KLINKE", "1.2.9.1", &set).await else {
        panic!("it refuses changes")
    };
    assert_eq!(status.code(), 0x0110);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_told_and_tells_what_can_be_had() {
    if !has_pynetdicom() {
        return;
    }
    let running = start(config(Accept::Any), Vec::new()).await;
    let said = run(&running, "notify", &[]).await;
    assert!(said.contains(r#"{"notified": 0}"#) && said.contains(r#"{"notified": 288}"#), "{said}");
    let events = running.node.archive.events(EventKind::Availability, 0, 10).expect("an index");
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].uid.as_str(), events[0].why.as_str()), ("1.1", "MODALITY"));
    let notice = running.node.archive.event_document(EventKind::Availability, &events[0]).expect("an index");
    let series = &notice.items(tags::REFERENCED_SERIES_SEQUENCE)[0];
    let instance = &series.items(tags::REFERENCED_SOP_SEQUENCE)[0];
    assert_eq!(instance.ascii(tags::RETRIEVE_AE_TITLE), Some("FARPACS"));

    let (_server, peer) = archive(&running, "same").await;
    let mut told = notice.clone();
    let tell = |title: &str| {
        let (mut series, mut instance) = (series.clone(), instance.clone());
        instance.put_ascii(tags::RETRIEVE_AE_TITLE, VR::AE, title);
        series.put_items(tags::REFERENCED_SOP_SEQUENCE, vec![instance]);
        told.put_items(tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
        told.clone()
    };
    let [right, wrong] = ["KLINKE", "OTHER"].map(tell);
    assert_eq!(scu::notify(&peer, "KLINKE", "1.2.3.35", &right).await.expect("an answer").code(), 0);
    let refused = scu::notify(&peer, "KLINKE", "1.2.3.36", &wrong).await;
    assert!(matches!(refused, Err(TellError::Refused(status)) if status.code() == 0x0106), "{refused:?}");
}

/// A complete study of the image 1.1, or of 1.1 and 1.2, as the archive tells of it.
fn study(instances: &[Reference]) -> Parcel {
    let instance = |one: &Reference| {
        let mut item = DataSet::new();
        item.put_ascii(tags::REFERENCED_SOP_CLASS_UID, VR::UI, &one.class);
        item.put_ascii(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, &one.instance);
        item
    };
    let (mut set, mut series) = (DataSet::new(), DataSet::new());
    set.put_ascii(tags::STUDY_INSTANCE_UID, VR::UI, "1");
    series.put_ascii(tags::SERIES_INSTANCE_UID, VR::UI, "1.0");
    series.put_items(tags::REFERENCED_SOP_SEQUENCE, instances.iter().map(instance).collect());
    set.put_items(tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
    let mut payload = Vec::new();
    json::write(&mut payload, &set, &Default::default());
    let key =
        DeliveryKey { destination: DestinationId(1), lane: "".into(), envelope: EnvelopeId(7), part: 0 };
    let payload = Payload::new(payload);
    Parcel { key, attempt: 1, repeat: false, queued: Timestamp(0), format: "dicom".into(), payload }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_study_is_delivered_when_the_partner_reports_that_it_keeps_all_of_it() {
    if !has_pynetdicom() {
        return;
    }
    let running = start(config(Accept::Any), Vec::new()).await;
    let deliver = async |style: &str, instances: &[Reference], limit| {
        let (_server, peer) = archive(&running, style).await;
        let peer = Peer { commitment: true, ..peer };
        let destination = Destination::new(peer, running.node.reports.clone()).expect("an address");
        destination.link().deliver(&study(instances), limit).await
    };
    let long = Duration::from_secs(20);
    for style in ["same", "new"] {
        let whole = deliver(style, &references()[..1], long).await;
        assert_eq!((whole.kind, whole.code.as_str()), (ReplyKind::Accepted, "0000"), "{style}");
        let part = deliver(style, &references(), long).await;
        assert_eq!((part.kind, part.code.as_str()), (ReplyKind::Refused, "0112"), "{style}");
        assert_eq!(part.custom, Disposition::Retry, "what is not there yet may come");
        assert!(part.text.starts_with("1 of 2 instances"), "{}", part.text);
    }
    // What a report does not name is not kept.
    let lost = deliver("lost", &references(), long).await;
    assert_eq!((lost.kind, lost.code.as_str()), (ReplyKind::Refused, "0110"));
    // A report that comes before the answer to the request counts.
    let early = deliver("early", &references()[..1], long).await;
    assert_eq!((early.kind, early.code.as_str()), (ReplyKind::Accepted, "0000"));
    let silent = deliver("never", &references(), Duration::from_secs(1)).await;
    assert_eq!((silent.kind, silent.code.as_str()), (ReplyKind::Unclear, "no-report"));
    let refused = deliver("refuse", &references(), long).await;
    assert_eq!((refused.kind, refused.code.as_str()), (ReplyKind::Refused, "0110"));
}
