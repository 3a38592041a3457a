//! The viewer in a real Chromium, driven by `playwright-core` (npm).

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::study::{STUDY, key_images, report, slice, write};
use crate::support::browser::{address, with_console};
use crate::support::{Site, klinke};
use crate::{has_chromium, node, script};

#[test]
fn chromium_looks_at_a_study() {
    if !has_chromium() {
        return;
    }
    let port = klinke_testkit::free_port();
    let site = Site::to_partner(1, "");
    with_console(&site);
    let before = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    site.write("links.key", "0123456789abcdef0123456789abcdef\n");
    let table = format!(
        "[console.links.ris]\nsecret = {{ file = \"links.key\" }}\n\
         [archive]\nae_title = \"KLINKE\"\nlisten = \"127.0.0.1:{port}\"\nreserve = \"1MB\"\naccept = \"any\"\n"
    );
    site.write("klinke.toml", &format!("{before}\n{table}"));
    let serve = site.serve();
    let files = tempfile::tempdir().unwrap();
    (10..=12).for_each(|number| write(files.path(), &slice(number)));
    write(files.path(), &report());
    write(files.path(), &key_images());
    klinke(&["dicom", "store", &format!("KLINKE@127.0.0.1:{port}"), files.path().to_str().unwrap()]).ended(0);
    let link = klinke(&["link", site.path(), "--study", STUDY]).ended(0).out;
    let query = link.trim().split_once("/view?").unwrap().1;
    let mut look = node();
    look.args([&script("viewer.cjs"), &format!("http://{}/view?{query}", address(&serve)), STUDY]);
    look.args(std::env::var_os("KLINKE_PICTURES").as_slice());
    let looked = look.output().unwrap();
    assert!(looked.status.success(), "{}", String::from_utf8_lossy(&looked.stdout));
    serve.stop();
}
