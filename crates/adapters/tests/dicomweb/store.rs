//! STOW-RS.

use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{json, tags};
use serde_json::Value;

use crate::support::{DICOM, JSON, PARTS, Running, image, multipart, part10, start};

async fn store(running: &Running, path: &str, parts: &[(&str, &[u8])]) -> crate::support::Answer {
    running.ask("POST", path, &format!("{PARTS}{JSON}"), &multipart(parts)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_in_parts() {
    let running = start().await;
    let files: Vec<Vec<u8>> = (1..=3)
        .map(|at| part10(&image("P", "1.1", "1.1.1", &format!("1.1.1.{at}")), &TransferSyntax::EXPLICIT))
        .collect();
    let parts: Vec<(&str, &[u8])> = files.iter().map(|file| (DICOM, file.as_slice())).collect();
    let answer = store(&running, "/dicom-web/studies", &parts).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = answer.json();
    assert_eq!(told["00081190"]["Value"][0], "http://pacs/dicom-web/studies/1.1");
    let uids: Vec<&Value> = told["00081199"]["Value"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["00081155"]["Value"][0])
        .collect();
    assert_eq!(uids, ["1.1.1.1", "1.1.1.2", "1.1.1.3"]);
    assert_eq!(running.archive.totals().expect("totals").instances, 3);
    // The same once more changes nothing.
    assert_eq!(store(&running, "/dicom-web/studies/1.1", &parts).await.status, 200);
    let opened = running.gate.opened.lock().expect("no panic").clone();
    assert_eq!((opened[0].study.as_str(), opened[0].count), ("1.1", 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_stored_is_told() {
    let running = start().await;
    let good = part10(&image("P", "1.1", "1.1.1", "1.1.1.1"), &TransferSyntax::EXPLICIT);
    let other = part10(&image("P", "1.2", "1.2.1", "1.2.1.1"), &TransferSyntax::EXPLICIT);
    let parts: &[(&str, &[u8])] = &[(DICOM, &good), (DICOM, &other), (DICOM, b"no instance at all")];
    let answer = store(&running, "/dicom-web/studies/1.1", parts).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let told = answer.json();
    assert_eq!(told["00081199"]["Value"].as_array().map(Vec::len), Some(1));
    let failed = &told["00081198"]["Value"][0];
    assert_eq!(
        (&failed["00081155"]["Value"][0], &failed["00081197"]["Value"][0]),
        (&"1.2.1.1".into(), &0xA900.into())
    );
    assert_eq!(told["0008119A"]["Value"][0]["00081197"]["Value"][0], 0xC000);
    assert_eq!(running.archive.totals().expect("totals").instances, 1);
    let answer = store(&running, "/dicom-web/studies", &[(DICOM, b"nothing")]).await;
    assert_eq!(answer.status, 409);
    // The same UID with other bytes lies beside.
    let clash = part10(&image("P", "1.1", "1.1.1", "1.1.1.1"), &TransferSyntax::IMPLICIT);
    let answer = store(&running, "/dicom-web/studies", &[(DICOM, &clash)]).await;
    assert_eq!(
        (answer.status, &answer.json()["00081199"]["Value"][0]["00081196"]["Value"][0]),
        (202, &0x0111.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_instance_alone() {
    let running = start().await;
    let file = part10(&image("P", "1.1", "1.1.1", "1.1.1.1"), &TransferSyntax::IMPLICIT);
    let answer = running.ask("POST", "/dicom-web/studies", &format!("{DICOM}\r\n"), &file).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    for (headers, status) in [
        ("Content-Type: text/plain\r\n", 415),
        ("", 415),
        ("Content-Type: multipart/related; type=\"application/dicom\"\r\n", 400),
        ("Content-Type: application/dicom\r\nContent-Encoding: gzip\r\n", 415),
    ] {
        assert_eq!(
            running.ask("POST", "/dicom-web/studies", headers, &file).await.status,
            status,
            "{headers}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_with_bulk_data() {
    let running = start().await;
    let set = image("Jürgen", "1.5", "1.5.1", "1.5.1.1");
    let pixels = set.get(tags::PIXEL_DATA).and_then(|one| one.as_bytes().cloned()).expect("pixels");
    let bulk = |_: &json::BulkData<'_>| Some("pixels/1".to_owned());
    let options = json::Options { bulk: Some(&bulk), ..json::Options::default() };
    let text = format!("[{}]", json::to_string(&set, &options));
    let parts: &[(&str, &[u8])] = &[
        ("Content-Type: application/dicom+json", text.as_bytes()),
        ("Content-Type: application/octet-stream\r\nContent-Location: pixels/1", &pixels),
    ];
    let headers = "Content-Type: multipart/related; type=\"application/dicom+json\"; boundary=XX\r\n";
    let answer = running.ask("POST", "/dicom-web/studies", headers, &multipart(parts)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let path = "/dicom-web/studies/1.5/series/1.5.1/instances/1.5.1.1";
    let frame = running.get(&format!("{path}/frames/1"), "Accept: application/octet-stream\r\n").await;
    assert_eq!((frame.status, frame.body), (200, pixels.to_vec()));
    // Without the part there is no instance.
    let answer = running.ask("POST", "/dicom-web/studies", headers, &multipart(&parts[..1])).await;
    assert_eq!(answer.status, 400);
}
