//! Orthanc as a partner, both ways: over DICOM and over DICOMweb.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use bytes::Bytes;
use klinke_adapters::dicom::scu::{
    self, Carried, Finding, Getting, Keep, Load, Moving, Origin, Root, Sender,
};
use klinke_adapters::dicom::{Accept, Peer};
use klinke_adapters::dicomweb::{Anyone, Web, WebConfig};
use klinke_dimse::data::DataSet;
use klinke_dimse::message::Status;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags};
use klinke_engine::source::{Stop, Stopper};
use klinke_testkit::free_port;
use serde_json::{Value, json};

use crate::support::{Running, Server, config, host, image, part10, start, text};

/// The plugin that makes it a peer over DICOMweb.
const PLUGIN: &str = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so";

/// Orthanc and our archive, which know each other.
struct Pair {
    orthanc: Peer,
    http: String,
    running: Running,
    _server: Server,
    _folder: tempfile::TempDir,
    _stopper: Stopper,
}

/// Both; nothing where Orthanc is not there, which is said aloud.
async fn pair() -> Option<Pair> {
    if !Path::new(PLUGIN).exists() {
        let text = "NOT RUN: Orthanc and its DICOMweb plugin are not installed";
        assert!(std::env::var("KLINKE_PEERS").as_deref() != Ok("require"), "{text}");
        eprintln!("{text}");
        return None;
    }
    let (dicom, http) = (free_port(), free_port());
    let orthanc = Peer::at("ORTHANC", host(dicom));
    let running = start(config(Accept::Known), vec![orthanc.clone()]).await;
    let web = Web::new(
        WebConfig::at("127.0.0.1:0".parse().expect("an address")),
        running.node.archive.clone(),
        Arc::new(Anyone),
    );
    let open = web.open().await.expect("a port");
    let url = format!("http://{}/dicom-web/", open.address());
    let (stopper, stop) = Stop::new();
    tokio::spawn(open.run(stop));
    let folder = tempfile::tempdir().expect("a folder");
    let settings = json!({
        "Name": "peer", "StorageDirectory": "kept", "IndexDirectory": "kept", "Plugins": [PLUGIN],
        "HttpPort": http, "RemoteAccessAllowed": false, "AuthenticationEnabled": false,
        "DicomAet": "ORTHANC", "DicomPort": dicom, "DicomAlwaysAllowStore": true,
        "DicomModalities": { "klinke": ["KLINKE", "127.0.0.1", running.port] },
        "DicomWeb": { "Enable": true, "Root": "/dicom-web/", "Servers": { "klinke": { "Url": url } } },
    });
    std::fs::write(folder.path().join("orthanc.json"), settings.to_string()).expect("a file");
    let server = Server::start("Orthanc", &["orthanc.json".to_owned()], folder.path(), http).await;
    let http = format!("http://127.0.0.1:{http}");
    Some(Pair { orthanc, http, running, _server: server, _folder: folder, _stopper: stopper })
}

impl Pair {
    /// Asks something of Orthanc's own interface.
    async fn ask(&self, method: &str, path: &str, body: &[u8]) -> Value {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("body");
        std::fs::write(&file, body).expect("a file");
        let (url, method, data) =
            (format!("{}{path}", self.http), method.to_owned(), format!("@{}", file.display()));
        let curl = move || {
            let mut curl = Command::new("curl");
            curl.args(["-s", "-S", "--fail-with-body", "-X", &method, &url]);
            if method != "GET" {
                curl.args(["--data-binary", &data]);
            }
            curl.output()
        };
        let output = tokio::task::spawn_blocking(curl).await.expect("no panic").expect("curl");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{path}: {said}{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(&said).unwrap_or(Value::Null)
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.ask("POST", path, body.to_string().as_bytes()).await
    }

    /// Puts an instance into it, past DICOM; gives its name there.
    async fn upload(&self, set: &DataSet) -> String {
        let put = self.ask("POST", "/instances", &part10(set, &TransferSyntax::EXPLICIT)).await;
        put["ID"].as_str().expect("a name").to_owned()
    }

    async fn count(&self) -> u64 {
        self.ask("GET", "/statistics", b"").await["CountInstances"].as_u64().expect("a number")
    }

    fn kept(&self) -> u64 {
        self.running.node.archive.totals().expect("totals").instances
    }
}

fn instances(patient: &str, count: usize) -> Vec<DataSet> {
    let study = format!("1.{patient}");
    (1..=count)
        .map(|number| image(patient, &study, &format!("{study}.1"), &format!("{study}.1.{number}")))
        .collect()
}

fn of_study(level: &str, uid: &str) -> DataSet {
    let mut set = DataSet::new();
    set.put_ascii(tags::QUERY_RETRIEVE_LEVEL, VR::CS, level);
    set.put_ascii(tags::STUDY_INSTANCE_UID, VR::UI, uid);
    set
}

/// Counts what comes.
#[derive(Default)]
struct Counting(usize);

impl Keep for Counting {
    fn begin(&mut self, _: &str, _: &str, _: &str) {}
    async fn bytes(&mut self, _: Bytes) {}
    async fn end(&mut self) -> Status {
        self.0 += 1;
        Status::SUCCESS
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn we_store_find_move_and_get_at_orthanc() {
    let Some(pair) = pair().await else { return };
    assert_eq!(scu::echo(&pair.orthanc, "KLINKE").await.expect("an answer"), Status::SUCCESS);
    let origin = Origin { calling: "KLINKE".to_owned(), mover: None };
    let mut sender = Sender::new(Arc::new(pair.orthanc.clone()), origin);
    for set in instances("7", 5) {
        let bytes = part10(&set, &TransferSyntax::EXPLICIT);
        assert_eq!(sender.carry(&Load::of_bytes(bytes.into()).expect("a load")).await, Carried::Done);
    }
    sender.release().await;
    assert_eq!(pair.count().await, 5);

    let mut asked = of_study("STUDY", "");
    asked.put_ascii(tags::PATIENT_ID, VR::LO, "7");
    let mut finding = Finding::begin(&pair.orthanc, "KLINKE", Root::Study, &asked).await.expect("a query");
    let study = finding.next().await.expect("an answer").expect("a study");
    assert_eq!(text(&study, tags::STUDY_INSTANCE_UID), "1.7");
    assert!(finding.next().await.expect("an answer").is_none());
    finding.end().await;

    let mut getting = Getting::begin(&pair.orthanc, "KLINKE", Root::Study, &of_study("STUDY", "1.7"), &[])
        .await
        .expect("a retrieval");
    let mut counting = Counting::default();
    while getting.next(&mut counting).await.expect("an answer").is_some() {}
    getting.end().await;
    assert_eq!(counting.0, 5);

    let mut moving = Moving::begin(&pair.orthanc, "KLINKE", Root::Study, &of_study("STUDY", "1.7"), "KLINKE")
        .await
        .expect("a retrieval");
    let mut last = None;
    while let Some(moved) = moving.next().await.expect("an answer") {
        last = Some(moved);
    }
    moving.end().await;
    assert_eq!(last.expect("an answer").status, Status::SUCCESS);
    assert_eq!(pair.kept(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn orthanc_stores_finds_and_retrieves_here() {
    let Some(pair) = pair().await else { return };
    pair.post("/modalities/klinke/echo", json!({})).await;
    let mut names = Vec::new();
    for set in instances("8", 4) {
        names.push(pair.upload(&set).await);
    }
    pair.post("/modalities/klinke/store", json!(names)).await;
    assert_eq!(pair.kept(), 4);
    for name in &names {
        pair.ask("DELETE", &format!("/instances/{name}"), b"").await;
    }
    let query =
        json!({ "Level": "Study", "Query": { "PatientName": "MUSTER*", "StudyDate": "20261101-20261130" } });
    let found = pair.post("/modalities/klinke/query", query).await;
    let answers = format!("/queries/{}/answers", found["ID"].as_str().expect("a name"));
    let content = pair.ask("GET", &format!("{answers}/0/content?simplify"), b"").await;
    assert_eq!((&content["PatientID"], &content["StudyInstanceUID"]), (&json!("8"), &json!("1.8")));
    assert_eq!(pair.count().await, 0);
    pair.ask("POST", &format!("{answers}/0/retrieve"), b"ORTHANC").await;
    assert_eq!(pair.count().await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn orthanc_is_a_peer_over_dicomweb() {
    let Some(pair) = pair().await else { return };
    let mut names = Vec::new();
    for set in instances("9", 3) {
        names.push(pair.upload(&set).await);
    }
    let stow = json!({ "Resources": names, "Synchronous": true });
    pair.post("/dicom-web/servers/klinke/stow", stow).await;
    assert_eq!(pair.kept(), 3);
    for name in &names {
        pair.ask("DELETE", &format!("/instances/{name}"), b"").await;
    }
    let get = json!({ "Uri": "/studies", "Arguments": { "PatientID": "9" }, "HttpHeaders": { "Accept": "application/dicom+json" } });
    let found = pair.post("/dicom-web/servers/klinke/get", get).await;
    assert_eq!(found[0]["0020000D"]["Value"][0], "1.9");
    let retrieve = json!({ "Resources": [{ "Study": "1.9" }], "Synchronous": true });
    pair.post("/dicom-web/servers/klinke/retrieve", retrieve).await;
    assert_eq!(pair.count().await, 3);
}
