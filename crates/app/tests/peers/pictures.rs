//! Pages of the console in a real Chromium, compared with how they looked before.
//!
//! A site with one message that arrived, one that was filtered, one that is dead, one whose lane is held and a
//! study of images; each page in both languages, on a desk and on a phone, light and dark. What it looked like
//! is kept in `pictures/`: the grey of each square of eight by eight pixels, so a file is some kilobytes and
//! letters that another version of the browser draws a little differently are no difference.
//! `KLINKE_WRITE=1` writes it anew; look at the pictures before (`KLINKE_PICTURES` names a folder for them).

#![allow(clippy::unwrap_used, reason = "tests")]

use klinke_hl7v2::ack::Code;

use crate::study::{STUDY, key_images, report, slice, write};
use crate::support::browser::{Browser, with_console};
use crate::support::partner::{Line, Sink};
use crate::support::{Serve, Site, adt};
use crate::{has_chromium, has_node, node, script};

/// Opened one after the other. `STUDY` stands for the study's UID.
const PAGES: &[&str] = &[
    "/login",
    "/",
    "/wall",
    "/systems",
    "/systems/ris",
    "/channels",
    "/channels/adt",
    "/channels/adt/versions",
    "/channels/adt/replay",
    "/messages",
    "/messages/1",
    "/trace?id=4711",
    "/queues",
    "/dead",
    "/trials",
    "/site",
    "/site/file?path=channels/adt.toml",
    "/audit?who=nobody",
    "/users",
    "/account",
    "/migrations",
    "/archive",
    "/archive/studies/STUDY",
    "/archive/studies/STUDY/view",
];

#[test]
fn pages_look_as_they_did() {
    if !has_chromium() || !has_node("@fontsource/noto-sans/package.json") {
        return;
    }
    let partners = [Code::ApplicationAccept, Code::ApplicationReject, Code::ApplicationError]
        .map(|code| Sink::answering(Some(code)));
    let site = site(&partners);
    let serve = site.serve();
    let mut browser = Browser::enter(&serve, &site, "anna", "administrator");
    fill(&site, &serve);
    serve.wait_for("the site to have seen what stands", || {
        browser.get("/").ended(200).body.matches("state stop").count() >= 2
    });
    let pages: Vec<String> = PAGES.iter().map(|page| page.replace("STUDY", STUDY)).collect();
    let mut look = node();
    look.arg(script("pictures.cjs")).arg(format!("http://{}", browser.address)).arg(script("pictures"));
    look.arg(browser.cookie_head()).arg(site.path()).args(&pages);
    let looked = look.output().unwrap();
    let said = [looked.stdout, looked.stderr].concat();
    assert!(looked.status.success(), "{}", String::from_utf8_lossy(&said));
    serve.stop();
}

fn site(partners: &[Sink; 3]) -> Site {
    let site = Site::new();
    with_console(&site);
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    let archive =
        "[archive]\nae_title = \"KLINKE\"\nlisten = \"127.0.0.1:0\"\nreserve = \"1MB\"\naccept = \"any\"\n";
    site.write("klinke.toml", &format!("{}\n{archive}", node.replace("\"Test\"", "\"St. Elisabeth\"")));
    let contact = "contact = \"Leitstelle, Tel. 4711\"";
    let [ris, lis, practice] = partners.each_ref().map(|partner| partner.port);
    site.write(
        "systems.toml",
        &format!(
            "[kis]\ntitle = \"KIS\"\n{contact}\ncharset = \"8859/1\"\n\
             [ris]\ntitle = \"RIS\"\n{contact}\nmllp = \"127.0.0.1:{ris}\"\n\
             [lis]\ntitle = \"Labor\"\n{contact}\nmllp = \"127.0.0.1:{lis}\"\n\
             [practice]\ntitle = \"Praxis Dr. Beispiel\"\n{contact}\nmllp = \"127.0.0.1:{practice}\"\n"
        ),
    );
    for (name, to, title, more) in [
        ("adt", "ris", "Patient data to the RIS", ""),
        ("lab", "lis", "Patient data to the laboratory", ""),
        ("letters", "practice", "Patient data to the practice", "on = { AE = \"hold\" }\n"),
    ] {
        site.write(
            &format!("channels/{name}.toml"),
            &format!(
                "title = \"{title}\"\n[source]\nmllp = {{ listen = \"127.0.0.1:0\", from = \"kis\" }}\n\n\
                 [[step]]\nexcept = {{ \"PID-3.1\" = [\"4712\"] }}\n\n\
                 [[step]]\nset = {{ \"MSH-5\" = \"{name}\" }}\n\n\
                 [[destination]]\nto = \"{to}\"\n{more}"
            ),
        );
    }
    site
}

/// Messages and images; returns when all has come to rest.
fn fill(site: &Site, serve: &Serve<'_>) {
    for (channel, patient) in [("adt", "4711"), ("adt", "4712"), ("lab", "4711"), ("letters", "4711")] {
        Line::open(&serve.address(channel)).send(&adt(&format!("{channel}-{patient}"), patient)).unwrap();
    }
    let files = tempfile::tempdir().unwrap();
    (10..=12).for_each(|number| write(files.path(), &slice(number)));
    write(files.path(), &report());
    write(files.path(), &key_images());
    site.klinke("archive", &["import", files.path().to_str().unwrap()]).ended(0);
    serve.wait_for("the dead and the held one", || {
        let queue = site.klinke("queue", &[]).out;
        let status = site.json("status", &[]).to_string();
        queue.contains("held") && status.contains("\"dead\":1")
    });
}
