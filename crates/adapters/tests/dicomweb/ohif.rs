//! The OHIF viewer beside the service: its pages as they are published, in a real Chromium.
//!
//! `KLINKE_PEERS_OHIF` names the folder of its pages (`dist` of `@ohif/app`), `KLINKE_PEERS_NODE` one with `node_modules` that
//! has playwright-core.

use std::process::Command;

use klinke_dimse::data::Element;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags};

use crate::support::{Doorman, config, image, start_with};

/// Pages of a viewer, made up.
fn pages() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in
        [("index.html", "<title>viewer</title>"), ("app.js", "1"), ("app-config.js", "elsewhere")]
    {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_shown_beside_the_service() {
    let folder = pages();
    std::fs::write(folder.path().parent().expect("a parent").join("beside.txt"), "not ours").expect("a file");
    let mut config = config();
    config.ohif = Some(folder.path().to_owned());
    let running = start_with(config, Doorman { closed: true, ..Doorman::default() }).await;
    let html = "Accept: text/html\r\nAuthorization: Bearer read\r\n";
    for path in ["/", "/index.html", "/viewer?StudyInstanceUIDs=1.2"] {
        let page = running.get(path, html).await;
        assert_eq!((page.status, page.text().as_str()), (200, "<title>viewer</title>"), "{path}");
        assert!(page.header("content-security-policy").contains("connect-src 'self'"), "{page:?}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
    }
    let script = running.get("/app.js", "Authorization: Bearer read\r\n").await;
    assert_eq!((script.status, script.header("content-type")), (200, "text/javascript"));
    // What it is told comes from us, whatever lies in the folder.
    let settings = running.get("/app-config.js", "Authorization: Bearer read\r\n").await.text();
    assert!(settings.contains("\"qidoRoot\":\"/dicom-web\""), "{settings}");
    // A file that is not there is no page, and nothing outside the folder is given.
    for path in ["/gone.js", "/../beside.txt", "/%2e%2e/beside.txt", "/..%2fbeside.txt"] {
        assert_eq!(running.get(path, "Authorization: Bearer read\r\n").await.status, 404, "{path}");
    }
    assert_eq!(running.get("/", "Accept: text/html\r\n").await.status, 401);
    assert_eq!(running.ask("POST", "/", "Authorization: Bearer read\r\n", b"").await.status, 405);
}

/// A service without pages has none.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_shown_that_nobody_asked_for() {
    let running = start_with(config(), Doorman::default()).await;
    assert_eq!(running.get("/", "Accept: text/html\r\n").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn ohif_shows_a_study() {
    let folder = |name: &str| std::env::var_os(name).filter(|folder| !folder.is_empty());
    let (Some(pages), Some(browser)) = (folder("KLINKE_PEERS_OHIF"), folder("KLINKE_PEERS_NODE")) else {
        let text = "NOT RUN: KLINKE_PEERS_OHIF and KLINKE_PEERS_NODE do not say where the viewer and playwright-core are";
        assert!(std::env::var("KLINKE_PEERS").as_deref() != Ok("require"), "{text}");
        return eprintln!("{text}");
    };
    let mut config = config();
    config.ohif = Some(pages.into());
    let running = start_with(config, Doorman::default()).await;
    for number in 1..=3_u16 {
        let mut set = image("4711", "1.1", "1.1.2", &format!("1.1.2.{number}"));
        set.put_ascii(tags::INSTANCE_NUMBER, VR::IS, &number.to_string());
        // The viewer chooses a window for each image: images must differ in more than brightness.
        let slope =
            (0..64_u16 * 64).flat_map(|at| (((at % 64 + at / 64 * (number - 1)) % 64) * 16).to_le_bytes());
        set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, slope.collect::<Vec<u8>>()));
        running.put(&set, &TransferSyntax::EXPLICIT).await;
    }
    let script = format!("{}/tests/dicomweb/peers/ohif.cjs", env!("CARGO_MANIFEST_DIR"));
    let base = format!("http://{}", running.address);
    let picture = std::env::var("KLINKE_PICTURES").map(|folder| format!("{folder}/ohif.png"));
    let walked = tokio::task::spawn_blocking(move || {
        let modules = std::path::Path::new(&browser).join("node_modules");
        let mut node = Command::new("node");
        node.args([script, base, "1.1".to_owned()]).args(picture).env("NODE_PATH", modules);
        node.output().expect("node")
    });
    let walked = walked.await.expect("no panic");
    assert!(walked.status.success(), "{}", String::from_utf8_lossy(&walked.stdout));
}
