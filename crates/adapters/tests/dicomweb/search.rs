//! QIDO-RS.

use klinke_dimse::data::DataSet;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags};

use crate::support::{JSON, Running, image, start};

async fn filled() -> Running {
    let running = start().await;
    for (patient, study) in [("Anna", "1.1"), ("Berta", "1.2"), ("Carla", "1.3")] {
        for instance in 1..=2 {
            let mut set = image(patient, study, &format!("{study}.1"), &format!("{study}.1.{instance}"));
            set.put_ascii(tags::STUDY_DATE, VR::DA, &format!("2026112{}", &study[2..]));
            let mut request = DataSet::new();
            request.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, &format!("S{patient}"));
            set.put_items(tags::REQUEST_ATTRIBUTES_SEQUENCE, vec![request]);
            running.put(&set, &TransferSyntax::EXPLICIT).await;
        }
    }
    running
}

/// The values of an attribute in all answers.
async fn values(running: &Running, path: &str, tag: &str) -> Vec<String> {
    let answer = running.get(&format!("/dicom-web{path}"), JSON).await;
    if answer.status == 204 {
        return Vec::new();
    }
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    answer.json().as_array().expect("a list").iter().map(|one| text(&one[tag]["Value"][0])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn studies_series_and_instances() {
    let running = filled().await;
    let uids = async |path: &str, tag: &str| values(&running, path, tag).await;
    assert_eq!(uids("/studies", "0020000D").await, ["1.3", "1.2", "1.1"]);
    assert_eq!(uids("/studies/1.2/series", "0020000E").await, ["1.2.1"]);
    assert_eq!(uids("/studies/1.2/series/1.2.1/instances", "00080018").await, ["1.2.1.1", "1.2.1.2"]);
    assert_eq!(uids("/studies/1.2/instances", "00080018").await.len(), 2);
    assert_eq!((uids("/series", "0020000E").await.len(), uids("/instances", "00080018").await.len()), (3, 6));
    assert_eq!(uids("/studies/1.9/series", "0020000E").await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_is_matched() {
    let running = filled().await;
    let studies = async |query: &str| values(&running, &format!("/studies?{query}"), "0020000D").await;
    for query in [
        "PatientID=Berta",
        "00100020=Berta",
        "PatientName=muster%5EB*",
        "PatientName=Berta&fuzzymatching=true",
        "StudyInstanceUID=1.2,7.7",
        "StudyInstanceUID=1.2%5C7.7",
        "StudyDate=20261122",
        "StudyDate=20261122-20261122",
        "AccessionNumber=AB?rta",
        "limit=1&offset=1",
        "ModalitiesInStudy=CT,MR&PatientID=Berta",
    ] {
        assert_eq!(studies(query).await, ["1.2"], "{query}");
    }
    assert_eq!(studies("StudyDate=20261122-").await, ["1.3", "1.2"]);
    assert_eq!(studies("ModalitiesInStudy=MR").await, [""; 0]);
    let separator = running.get("/dicom-web/studies?ModalitiesInStudy=%5C", JSON).await;
    assert_eq!(separator.status, 400, "a separator alone is no value: {}", separator.text());
    let series =
        values(&running, "/series?RequestAttributesSequence.ScheduledProcedureStepID=SCarla", "0020000E");
    assert_eq!(series.await, ["1.3.1"]);
    let rows = async |number: &str| values(&running, &format!("/instances?Rows={number}"), "00080018").await;
    assert_eq!((rows("64").await.len(), rows("65").await.len()), (6, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_has_what_the_standard_wants() {
    let running = filled().await;
    let path = "/dicom-web/studies?PatientID=Anna&includefield=StudyDescription,PatientSex";
    let answer = running.get(path, "X-Forwarded-Proto: https\r\nX-Forwarded-Host: pacs.example\r\n").await;
    assert_eq!(answer.header("content-type"), "application/dicom+json");
    let study = &answer.json()[0];
    assert_eq!(study["00081190"]["Value"][0], "https://pacs.example/dicom-web/studies/1.1");
    assert_eq!((&study["00201208"]["Value"][0], &study["00201206"]["Value"][0]), (&2.into(), &1.into()));
    assert_eq!(study["00080061"]["Value"][0], "CT");
    assert_eq!(study["00080056"]["Value"][0], "ONLINE");
    assert_eq!(study["00100010"]["Value"][0]["Alphabetic"], "Muster^Anna");
    assert_eq!((&study["00100040"]["vr"], &study["00081030"]["vr"]), (&"CS".into(), &"LO".into()));
    let all = running.get("/dicom-web/studies/1.1/instances?includefield=all", JSON).await;
    let instance = &all.json()[0];
    assert_eq!(instance["00083002"]["Value"][0], "1.2.840.10008.1.2.1");
    assert_eq!(
        instance["00081190"]["Value"][0],
        "http://pacs/dicom-web/studies/1.1/series/1.1.1/instances/1.1.1.1"
    );
    assert_eq!(instance["00280010"]["Value"][0], 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_faults_and_tags() {
    let running = filled().await;
    let cut = running.get("/dicom-web/studies?limit=2", JSON).await;
    assert!(cut.header("warning").contains("additional results"), "{:?}", cut.headers);
    assert_eq!(cut.json().as_array().map(Vec::len), Some(2));
    let unmatched = running.get("/dicom-web/studies?EchoTime=5", JSON).await;
    assert!(unmatched.header("warning").contains("EchoTime"), "{:?}", unmatched.headers);
    assert_eq!(running.get("/dicom-web/studies?PatientID=Nobody", JSON).await.status, 204);
    for (query, name) in [("Nonsense=1", "Nonsense"), ("StudyDate=soon", "StudyDate"), ("offset=x", "offset")]
    {
        let answer = running.get(&format!("/dicom-web/studies?{query}"), JSON).await;
        assert!(answer.status == 400 && answer.text().contains(name), "{query}: {}", answer.text());
    }
    let first = running.get("/dicom-web/studies", JSON).await;
    let again = format!("{JSON}If-None-Match: {}\r\n", first.header("etag"));
    let again = running.get("/dicom-web/studies", &again).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let head = running.ask("HEAD", "/dicom-web/studies", JSON, &[]).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), first.body.len().to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn xml_and_other_forms() {
    let running = filled().await;
    let xml = "Accept: multipart/related; type=\"application/dicom+xml\"\r\n";
    let parts = running.get("/dicom-web/studies", xml).await.parts();
    assert_eq!((parts.len(), parts[0].0.as_str()), (3, "application/dicom+xml"));
    assert!(String::from_utf8_lossy(&parts[0].1).contains("<NativeDicomModel"));
    let json = running.get("/dicom-web/studies?accept=application/json", "Accept: text/html\r\n").await;
    assert_eq!((json.status, json.header("content-type")), (200, "application/json"));
    assert_eq!(running.get("/dicom-web/studies", "Accept: text/html\r\n").await.status, 406);
    assert_eq!(running.get("/dicom-web/studies", "Accept: nonsense\r\n").await.status, 400);
}
