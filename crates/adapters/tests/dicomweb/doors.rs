//! Who comes in, what browsers are told, what is told to whom it concerns.

use klinke_adapters::dicomweb::Deed;
use klinke_dimse::syntax::TransferSyntax;

use crate::peer::tool;
use crate::support::{DICOM, Doorman, JSON, PARTS, config, image, multipart, part10, start, start_with};

#[tokio::test(flavor = "multi_thread")]
async fn the_gate_decides() {
    let running = start_with(config(), Doorman { closed: true, ..Doorman::default() }).await;
    let nobody = running.get("/dicom-web/studies", JSON).await;
    assert_eq!((nobody.status, nobody.header("www-authenticate")), (401, "Bearer realm=\"klinke\""));
    let reader = "Authorization: Bearer read\r\n";
    assert_eq!(running.get("/dicom-web/studies", reader).await.status, 204);
    let file = part10(&image("P", "1.1", "1.1.1", "1.1.1.1"), &TransferSyntax::EXPLICIT);
    let body = multipart(&[(DICOM, &file)]);
    let by = async |who: &str| {
        running.ask("POST", "/dicom-web/studies", &format!("{PARTS}{who}"), &body).await.status
    };
    assert_eq!((by(reader).await, by("").await, by("Authorization: Bearer all\r\n").await), (403, 401, 200));
    assert_eq!(running.ask("DELETE", "/dicom-web/studies/1.1", reader, &[]).await.status, 403);
    running.get("/dicom-web/studies/1.1/metadata", reader).await;
    let opened = running.gate.opened.lock().expect("no panic").clone();
    let told: Vec<_> =
        opened.iter().map(|one| (&*one.who, one.deed, one.study.as_str(), one.count)).collect();
    assert_eq!(
        told,
        [
            ("bob", Deed::Searched, "", 0),
            ("alice", Deed::Stored, "1.1", 1),
            ("bob", Deed::Retrieved, "1.1", 1)
        ]
    );
    assert_eq!(
        (opened[2].instances.as_slice(), &*opened[2].from),
        (&["1.1.1.1".to_owned()][..], "127.0.0.1")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins() {
    let mut config = config();
    config.cors = vec!["https://viewer.example".to_owned()];
    let running = start_with(config, Doorman { closed: true, ..Doorman::default() }).await;
    let ask = "Origin: https://viewer.example\r\nAccess-Control-Request-Method: GET\r\n";
    // A browser asks without saying who.
    let preflight = running.ask("OPTIONS", "/dicom-web/studies", ask, &[]).await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-origin"), "https://viewer.example");
    assert!(preflight.header("access-control-allow-headers").contains("Authorization"));
    let other = ask.replace("viewer", "evil");
    let preflight = running.ask("OPTIONS", "/dicom-web/studies", &other, &[]).await;
    assert_eq!(preflight.header("access-control-allow-origin"), "");
    let answer = running.get("/dicom-web/studies", "Origin: https://viewer.example\r\n").await;
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (401, "https://viewer.example")
    );
    assert!(answer.header("vary").contains("Origin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn capabilities_and_unknown_resources() {
    let running = start().await;
    let wadl = running.ask("OPTIONS", "/dicom-web/", "", &[]).await;
    assert_eq!(wadl.header("content-type"), "application/vnd.sun.wadl+xml");
    assert!(wadl.text().contains("base=\"http://pacs/dicom-web/\""), "{}", wadl.text());
    let json = running.get("/dicom-web", "Accept: application/json\r\n").await.json();
    assert!(json["resources"].as_array().is_some_and(|rows| rows.len() > 20));
    for (method, path, status) in [
        ("GET", "/", 404),
        ("GET", "/dicom-webs/studies", 404),
        ("GET", "/dicom-web/patients", 404),
        ("PUT", "/dicom-web/studies", 405),
        ("POST", "/dicom-web/studies/1/metadata", 405),
        ("TRACE", "/dicom-web/studies", 405),
    ] {
        let answer = running.ask(method, path, "", &[]).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_the_document_are_true() {
    let running = start().await;
    for instance in 1..=2 {
        let uid = format!("1.1.1.{instance}");
        running.put(&image("Anna", "1.1", "1.1.1", &uid), &TransferSyntax::EXPLICIT).await;
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/dicomweb.md");
    let text = std::fs::read_to_string(path).expect("the document");
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("curl ")).collect();
    assert!(lines.len() >= 10, "the examples were not found");
    let folder = tempfile::tempdir().expect("a folder");
    for line in lines {
        let line = line.replace("localhost:8042", &running.address.to_string());
        let (at, shell) = (folder.path().to_owned(), line.clone());
        let output = tokio::task::spawn_blocking(move || {
            tool("curl", &["-c", &format!("{shell} -w '%{{http_code}}'")], &at)
        });
        let Some(printed) = output.await.expect("no panic") else { return };
        let is_told = ["200", "201", "202", "204", "206"].iter().any(|status| printed.ends_with(status));
        assert!(is_told && !printed.is_empty(), "{line}: {printed}");
    }
    assert_eq!(running.archive.totals().expect("totals").instances, 1);
}
