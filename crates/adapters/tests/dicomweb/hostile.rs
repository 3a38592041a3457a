//! Requests of those who mean no good, or know no better.

use std::time::Duration;

use klinke_adapters::dicomweb::WebLimits;
use klinke_adapters::units::{Bytes, Period};
use klinke_dimse::syntax::TransferSyntax;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{
    DICOM, Doorman, JSON, PARTS, Running, config, image, multipart, part10, start, start_with,
};

async fn limited(limits: WebLimits) -> Running {
    let mut config = config();
    config.limits = limits;
    start_with(config, Doorman::default()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_that_lead_elsewhere() {
    let running = start().await;
    for path in [
        "/dicom-web/studies/../../etc/passwd",
        "/dicom-web/studies/%2e%2e%2f%2e%2e%2fetc/metadata",
        "/dicom-web/studies/..%5c../metadata",
        "/dicom-web/studies/1%00/metadata",
        "/dicom-web/studies/'%20OR%201=1--/metadata",
        "/dicom-web/studies/%f0%28%8c%28/metadata",
        "/dicom-web//studies//..//metadata",
    ] {
        let status = running.get(path, JSON).await.status;
        assert!(status == 404 || status == 400, "{path}: {status}");
    }
    let long = format!("/dicom-web/studies/{}", "9".repeat(500));
    assert_eq!(running.get(&long, JSON).await.status, 400);
    for query in ["PatientID=%", "a=%ff", "PatientID=';DROP%20TABLE%20study;--", "StudyInstanceUID=1%00"] {
        let status = running.get(&format!("/dicom-web/studies?{query}"), JSON).await.status;
        assert!([204, 400].contains(&status), "{query}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_do_not_end() {
    let running = start().await;
    let long = format!("X-Long: {}\r\n", "x".repeat(100_000));
    assert_eq!(running.get("/dicom-web/studies", &long).await.status, 431);
    let many: String = (0..500).map(|at| format!("X-{at}: 1\r\n")).collect();
    assert_eq!(running.get("/dicom-web/studies", &many).await.status, 431);
    let accepts = format!("Accept: {}\r\n", vec!["a/b"; 100].join(","));
    assert_eq!(running.get("/dicom-web/studies", &accepts).await.status, 400);
    assert!(running.send(b"\x16\x03\x01\x00\xff").await.is_none_or(|answer| answer.status == 400));
    // Bytes that are no header's value stay out of what we say.
    let forged = "X-Forwarded-Host: a.example\"><script>\r\n";
    let answer = running.ask("OPTIONS", "/dicom-web/", forged, &[]).await;
    assert!(!answer.text().contains("script"));
}

#[tokio::test(flavor = "multi_thread")]
async fn boundaries_that_play() {
    let running = start().await;
    let file = part10(&image("P", "1.1", "1.1.1", "1.1.1.1"), &TransferSyntax::EXPLICIT);
    let ask = async |headers: &str, body: &[u8]| {
        running.ask("POST", "/dicom-web/studies", headers, body).await.status
    };
    let whole = multipart(&[(DICOM, &file)]);
    assert_eq!(ask(PARTS, &whole[..whole.len() - 8]).await, 400);
    assert_eq!(ask(PARTS, b"--XX--").await, 400);
    assert_eq!(ask(PARTS, b"no boundary at all").await, 400);
    assert_eq!(ask(PARTS, &vec![b'-'; 200_000]).await, 400);
    assert_eq!(ask(PARTS, &multipart(&[(DICOM, &b""[..]); 3])).await, 409);
    let odd = format!("A: {}", "x".repeat(50_000));
    assert_eq!(ask(PARTS, &multipart(&[(&odd, &file)])).await, 400);
    let long = format!("Content-Type: multipart/related; boundary={}\r\n", "x".repeat(300));
    assert_eq!(ask(&long, &whole).await, 400);
    assert_eq!(
        ask("Content-Type: multipart/related; type=\"text/html\"; boundary=XX\r\n", &whole).await,
        415
    );
    // The boundary within an instance, not at the beginning of a line, is part of it.
    let mut set = image("P", "1.1", "1.1.1", "1.1.1.2");
    set.put_ascii(klinke_dimse::tags::IMAGE_COMMENTS, klinke_dimse::VR::LT, "--XX-- and \r\n--X");
    let file = part10(&set, &TransferSyntax::EXPLICIT);
    assert_eq!(ask(PARTS, &multipart(&[(DICOM, &file)])).await, 200);
    assert_eq!(running.archive.totals().expect("totals").instances, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_that_go_deep() {
    let running = start().await;
    let json = "Content-Type: application/dicom+json\r\n";
    let deep = format!(
        "{}{}",
        "{\"00400275\":{\"vr\":\"SQ\",\"Value\":[".repeat(5_000),
        "{}".to_owned() + &"]}}".repeat(5_000)
    );
    let open = "[".repeat(100_000);
    for body in [deep.as_bytes(), open.as_bytes(), b"{", b"[]", b"null", b"[{\"00100010\":5}]", b"\xff\xfe"] {
        let answer = running.ask("POST", "/dicom-web/studies", json, body).await;
        assert!([400, 409].contains(&answer.status), "{} {}", answer.status, answer.text());
    }
    let xml = "Content-Type: application/dicom+xml\r\n";
    let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;&b;&b;\">]><NativeDicomModel>&c;</NativeDicomModel>";
    assert_eq!(running.ask("POST", "/dicom-web/studies", xml, bomb.as_bytes()).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_beyond_the_limits() {
    let limits =
        WebLimits { instance: Bytes::kib(4), metadata: Bytes::kib(4), instances: 2, ..WebLimits::default() };
    let running = limited(limits).await;
    let file = part10(&image("P", "1.1", "1.1.1", "1.1.1.1"), &TransferSyntax::EXPLICIT);
    let ask = async |headers: &str, body: &[u8]| {
        running.ask("POST", "/dicom-web/studies", headers, body).await.status
    };
    assert_eq!(ask(PARTS, &multipart(&[(DICOM, &file)])).await, 413);
    assert_eq!(ask("Content-Type: application/dicom\r\n", &file).await, 413);
    assert_eq!(ask("Content-Type: application/dicom+json\r\n", &vec![b' '; 5_000]).await, 413);
    assert_eq!(ask(PARTS, &multipart(&[(DICOM, b"a"), (DICOM, b"b"), (DICOM, b"c")])).await, 413);
    let incoming = std::fs::read_dir(running.folder.path().join("incoming")).expect("a folder").count();
    assert_eq!(incoming, 0, "what was refused left something behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_too_slow_is_cut_off() {
    let limits = WebLimits {
        silence: Period::millis(300),
        header_time: Period::millis(300),
        write: Period::millis(300),
        ..WebLimits::default()
    };
    let running = limited(limits).await;
    let wait = Duration::from_secs(10);
    // A header that does not end.
    let mut stream = TcpStream::connect(running.address).await.expect("a connection");
    stream.write_all(b"GET /dicom-web/studies HTTP/1.1\r\nHost:").await.expect("sent");
    let mut all = Vec::new();
    tokio::time::timeout(wait, stream.read_to_end(&mut all)).await.expect("it was cut off").expect("read");
    // A body that does not come.
    let mut stream = TcpStream::connect(running.address).await.expect("a connection");
    let head =
        format!("POST /dicom-web/studies HTTP/1.1\r\nHost: a\r\n{PARTS}Content-Length: 100\r\n\r\n--XX");
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut all = Vec::new();
    tokio::time::timeout(wait, stream.read_to_end(&mut all)).await.expect("it was cut off").expect("read");
    assert!(all.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&all));
    // An answer that is not taken.
    let mut set = image("P", "1.1", "1.1.1", "1.1.1.1");
    set.put(klinke_dimse::data::Element::bytes(
        klinke_dimse::tags::PIXEL_DATA,
        klinke_dimse::VR::OW,
        vec![0; 64 << 20],
    ));
    running.put(&set, &TransferSyntax::EXPLICIT).await;
    let mut stream = TcpStream::connect(running.address).await.expect("a connection");
    stream.write_all(b"GET /dicom-web/studies/1.1 HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("sent");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut all = Vec::new();
    // What the system holds is still there, then the connection is at its end.
    let _ = tokio::time::timeout(wait, stream.read_to_end(&mut all)).await.expect("it was cut off");
    assert!(all.len() < 64 << 20, "{} bytes came", all.len());
}
