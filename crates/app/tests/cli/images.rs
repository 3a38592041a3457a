//! The archive's pages and the viewer's bytes over HTTP, with accounts and with signed links.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::Read;

use klinke_dimse::data::{self, DataSet, Element};
use klinke_dimse::file::Meta;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags};
use klinke_testkit::free_port;
use serde_json::Value;

use crate::support::browser::{Browser, http, http_bytes, with_console};
use crate::support::{Serve, Site, klinke};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const STUDY: &str = "1.2.4711";
const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A slice of 8 by 8 pixels, each of them its place plus a hundred times its number.
fn slice(study: &str, number: u16) -> DataSet {
    let mut set = DataSet::new();
    set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
    for (tag, vr, text) in [
        (tags::SOP_CLASS_UID, VR::UI, CT),
        (tags::SOP_INSTANCE_UID, VR::UI, &*format!("{study}.1.{number}")),
        (tags::STUDY_DATE, VR::DA, "20261129"),
        (tags::STUDY_TIME, VR::TM, "101500"),
        (tags::ACCESSION_NUMBER, VR::SH, "A1"),
        (tags::MODALITY, VR::CS, "CT"),
        (tags::STUDY_DESCRIPTION, VR::LO, "Abdomen"),
        (tags::PATIENT_NAME, VR::PN, "Muster^Berta"),
        (tags::PATIENT_ID, VR::LO, "4711"),
        (tags::PATIENT_BIRTH_DATE, VR::DA, "19701231"),
        (tags::STUDY_INSTANCE_UID, VR::UI, study),
        (tags::SERIES_INSTANCE_UID, VR::UI, &*format!("{study}.1")),
        (tags::SERIES_NUMBER, VR::IS, "1"),
        (tags::INSTANCE_NUMBER, VR::IS, &*number.to_string()),
        (tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        (tags::RESCALE_INTERCEPT, VR::DS, "-1024"),
        (tags::RESCALE_SLOPE, VR::DS, "1"),
        (tags::PIXEL_SPACING, VR::DS, "0.5\\0.5"),
    ] {
        set.put_ascii(tag, vr, text);
    }
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, 8),
        (tags::COLUMNS, 8),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 16),
        (tags::HIGH_BIT, 15),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        set.put_us(tag, value);
    }
    let pixels: Vec<u8> = (0..64_u16).flat_map(|place| (place + number * 100).to_le_bytes()).collect();
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, pixels));
    set
}

fn file(set: &DataSet) -> Vec<u8> {
    let syntax = TransferSyntax::EXPLICIT;
    let meta = Meta {
        sop_class: set.ascii(tags::SOP_CLASS_UID).unwrap(),
        sop_instance: set.ascii(tags::SOP_INSTANCE_UID).unwrap(),
        transfer_syntax: syntax.uid(),
        ..Meta::default()
    };
    let mut bytes = meta.to_bytes();
    bytes.extend(data::write(set, &syntax).unwrap());
    bytes
}

/// A site with an archive that takes from anybody on this machine, and a maker of links.
fn site(port: u16) -> Site {
    let site = Site::to_partner(1, "");
    with_console(&site);
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    site.write("ris.key", &format!("{KEY}\n"));
    let table = format!(
        "[console.links.ris]\nsecret = {{ file = \"ris.key\" }}\nlongest = \"2h\"\n\
         [archive]\nae_title = \"KLINKE\"\nlisten = \"127.0.0.1:{port}\"\nreserve = \"1MB\"\naccept = \"any\"\n\
         [roles.ward]\nstate = [\"*\"]\npayload = [\"adt\"]\n"
    );
    site.write("klinke.toml", &format!("{node}\n{table}"));
    site
}

fn send(port: u16, sets: &[DataSet]) {
    let folder = tempfile::tempdir().unwrap();
    for (at, set) in sets.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{at}.dcm")), file(set)).unwrap();
    }
    klinke(&["dicom", "store", &format!("KLINKE@127.0.0.1:{port}"), folder.path().to_str().unwrap()])
        .ended(0);
}

/// The head and the samples of a frame, as the viewer reads them.
fn frame(gzip: &[u8]) -> (Value, Vec<u16>) {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(gzip).read_to_end(&mut bytes).unwrap();
    let length = u32::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    let head: Value = serde_json::from_slice(&bytes[4..4 + length]).unwrap();
    let samples = &bytes[4 + length..];
    let (low, high) = samples.split_at(samples.len() / 2);
    let mut sum = 0_u16;
    let add = |(&low, &high): (&u8, &u8)| {
        sum = sum.wrapping_add(u16::from_le_bytes([low, high]));
        sum
    };
    (head, low.iter().zip(high).map(add).collect())
}

fn entries(site: &Site, action: &str) -> Vec<Value> {
    let all = klinke(&["--json", "audit", "list", site.path(), "--action", action]).json();
    all.as_array().unwrap().iter().map(|line| line["entry"].clone()).collect()
}

#[test]
fn a_study_is_found_opened_and_looked_at() {
    let port = free_port();
    let site = site(port);
    klinke(&["check", site.path()]).ended(0);
    let serve = site.serve();
    send(port, &[slice(STUDY, 1), slice(STUDY, 2), slice(STUDY, 3), slice("1.2.4712", 1)]);
    let mut anna = Browser::enter(&serve, &site, "anna", "operator");

    let found = anna.get("/archive?name=must&lang=de").ended(200).body;
    assert!(found.contains("Muster, Berta") && found.contains("1970-12-31") && found.contains("Abdomen"));
    let alike = anna.get("/archive?name=Mustr").ended(200).body;
    assert!(alike.contains("these sound like it") && alike.contains("Muster, Berta"), "{alike}");
    let none = anna.get("/archive?patient=4712&from=2026-01-01").ended(200).body;
    assert!(none.contains("Nothing was found") && !none.contains("Muster"));
    assert_eq!(anna.get("/archive?from=morgen").status, 409);
    let page = anna.get(&format!("/archive/studies/{STUDY}")).ended(200).body;
    assert!(page.contains("3 instances in 1 series") && page.contains("/archive/studies/1.2.4712"), "{page}");
    assert_eq!(anna.get("/archive/studies/9.9").status, 404);

    // The small picture and the values, and what a browser keeps of them.
    let thumbnail = format!("/archive/studies/{STUDY}/thumbnails/{STUDY}.1.2");
    let small = anna.get(&thumbnail).ended(200);
    assert_eq!(
        (small.head("content-type"), small.head("cache-control")),
        ("image/jpeg", "private, no-cache")
    );
    let known = [("If-None-Match", small.head("etag"))];
    assert_eq!(anna.get_with(&thumbnail, &known).status, 304);
    let (head, samples) = frame(&anna.bytes(&format!("/archive/studies/{STUDY}/frames/{STUDY}.1.2?frame=1")));
    assert_eq!(samples, (200..264).collect::<Vec<u16>>());
    assert_eq!((&head["slope"], &head["intercept"]), (&1.0.into(), &(-1024.0).into()));
    assert_eq!((&head["least"], &head["most"]), (&(-824.0).into(), &(-761.0).into()));
    assert_eq!(head["spacing"]["said"], "PixelSpacing");
    let (head, samples) =
        frame(&anna.bytes(&format!("/archive/studies/{STUDY}/frames/{STUDY}.1.1?frame=1&each=4")));
    assert_eq!((&head["columns"], &head["whole"][0], samples.len()), (&2.into(), &8.into(), 4));
    assert_eq!(anna.get(&format!("/archive/studies/{STUDY}/frames/{STUDY}.1.1?frame=2")).status, 422);
    // An instance of another study is not in this one.
    assert_eq!(anna.get(&format!("/archive/studies/{STUDY}/frames/1.2.4712.1.1?frame=1")).status, 404);
    let viewer = anna.get(&format!("/archive/studies/{STUDY}/view")).ended(200);
    assert!(
        viewer.body.contains("viewer.js")
            && viewer.head("content-security-policy").contains("script-src 'self'")
    );

    let opened = entries(&site, "open-payload");
    let of_study: Vec<_> = opened.iter().filter(|one| one["outcome"] == "done").collect();
    assert_eq!(of_study.len(), 1, "{opened:?}");
    assert_eq!(of_study[0]["note"], format!("study {STUDY}"));
    assert_eq!(of_study[0]["object"]["patients"], serde_json::json!(["4711"]));
    let sought = entries(&site, "search");
    assert!(sought.iter().any(|one| one["object"]["sought"] == serde_json::json!([["name", "must"]])));

    let mut ward = Browser::enter(&serve, &site, "willi", "ward");
    let page = ward.get("/archive").ended(200).body;
    assert!(page.contains("lie beside") && !page.contains("Muster"), "{page}");
    assert_eq!(ward.get(&format!("/archive/studies/{STUDY}")).status, 403);
    assert_eq!(ward.get(&thumbnail).status, 403);
    serve.stop();
}

/// A presentation state of the study that shows its first slice inverted.
fn presentation(study: &str) -> DataSet {
    let mut set = DataSet::new();
    for (tag, vr, text) in [
        (tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.11.1"),
        (tags::SOP_INSTANCE_UID, VR::UI, &*format!("{study}.8.1")),
        (tags::MODALITY, VR::CS, "PR"),
        (tags::PATIENT_NAME, VR::PN, "Muster^Berta"),
        (tags::PATIENT_ID, VR::LO, "4711"),
        (tags::STUDY_INSTANCE_UID, VR::UI, study),
        (tags::SERIES_INSTANCE_UID, VR::UI, &*format!("{study}.8")),
        (tags::PRESENTATION_LUT_SHAPE, VR::CS, "INVERSE"),
    ] {
        set.put_ascii(tag, vr, text);
    }
    let (mut image, mut series) = (DataSet::new(), DataSet::new());
    image.put_ascii(tags::REFERENCED_SOP_CLASS_UID, VR::UI, CT);
    image.put_ascii(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, &format!("{study}.1.1"));
    series.put_items(tags::REFERENCED_IMAGE_SEQUENCE, vec![image]);
    set.put_items(tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
    set
}

#[test]
fn a_presentation_state_is_shown_as_the_picture_that_it_makes() {
    let port = free_port();
    let site = site(port);
    let serve = site.serve();
    send(port, &[slice(STUDY, 1), presentation(STUDY)]);
    let mut anna = Browser::enter(&serve, &site, "anna", "operator");
    let page = anna.get(&format!("/archive/studies/{STUDY}")).ended(200).body;
    assert!(page.contains(&format!("/thumbnails/{STUDY}.8.1")), "{page}");
    let page = anna.get(&format!("/archive/studies/{STUDY}/instances/{STUDY}.8.1?lang=de")).ended(200).body;
    assert!(page.contains("Darstellung") && page.contains(&format!("/pictures/{STUDY}.8.1")), "{page}");
    let sizes =
        ["1.1", "8.1"].map(|uid| anna.bytes(&format!("/archive/studies/{STUDY}/pictures/{STUDY}.{uid}")));
    assert!(sizes.iter().all(|jpeg| jpeg.starts_with(&[0xFF, 0xD8])) && sizes[0] != sizes[1]);
    let of_frame = anna.get(&format!("/archive/studies/{STUDY}/pictures/{STUDY}.8.1?frame=2"));
    assert_eq!(of_frame.status, 422);
    serve.stop();
}

/// The address behind the console's own of a link that `klinke link` makes.
fn link(serve: &Serve<'_>, site: &Site, more: &[&str]) -> String {
    let url = klinke(&[&["link", site.path()], more].concat()).ended(0).out;
    let path = url.trim().split_once("/view?").unwrap().1.to_owned();
    assert!(!serve.log().contains(&path), "links are in no log");
    format!("/view?{path}")
}

#[test]
fn a_signed_link_shows_its_study_without_an_account() {
    let port = free_port();
    let site = site(port);
    let serve = site.serve();
    send(port, &[slice(STUDY, 1), slice("1.2.4712", 1)]);
    let mut nobody = Browser::fresh(&serve, 3);
    let study = format!("/archive/studies/{STUDY}");
    assert_eq!(nobody.get(&study).status, 303, "without a link the way leads to the log-in");

    let path = link(&serve, &site, &["--study", STUDY, "--for", "Dr. Größe"]);
    let viewer = nobody.get(&path).ended(303).head("location").to_owned();
    let page = nobody.get(&viewer).ended(200).body;
    assert!(
        page.contains("Muster, Berta") && !page.contains("href=\"/messages\"") && !page.contains("1.2.4712")
    );
    let tail = viewer.split_once('?').unwrap().1;
    let list = nobody.get(&format!("{study}/list?{tail}")).ended(200).json();
    assert_eq!(list["others"], serde_json::json!([]), "other studies are not the link's");
    nobody.get(&format!("{study}?{tail}")).ended(200);
    assert_eq!(frame(&nobody.bytes(&format!("{study}/frames/{STUDY}.1.1?frame=1&{tail}"))).1.len(), 64);
    // It is good for this study alone, unchanged.
    for wrong in [
        format!("/archive/studies/1.2.4712?{tail}"),
        format!("{study}?{}", tail.replace("until=", "until=1")),
        format!("{study}?{}", tail.replace("by=ris", "by=ris2")),
        format!("{study}?{}x", &tail[..tail.len() - 1]),
        path.replace(STUDY, "1.2.4712"),
    ] {
        let answer = nobody.get(&wrong).ended(403).body;
        assert!(!answer.contains("Muster") && answer.contains("leads nowhere"), "{wrong}");
    }
    for elsewhere in ["/archive", "/", "/messages", "/audit"] {
        assert_eq!(nobody.get(&format!("{elsewhere}?{tail}")).status, 303, "{elsewhere}");
    }
    let opened = entries(&site, "open-payload");
    assert_eq!((&opened[0]["who"]["kind"], &opened[0]["who"]["name"]), (&"link".into(), &"ris".into()));
    assert_eq!(opened[0]["who"]["via"], "Dr. Größe");

    // By accession number: two studies have it.
    let choice = nobody.get(&link(&serve, &site, &["--accession", "A1"])).ended(200).body;
    assert!(choice.contains("1.2.4711") && choice.contains("1.2.4712") && !choice.contains("Muster"));
    let none = nobody.get(&link(&serve, &site, &["--accession", "A2"])).ended(404).body;
    assert!(none.contains("No images yet"), "{none}");
    // Nobody signs for longer than the site allows.
    klinke(&["link", site.path(), "--study", STUDY, "--valid", "3h"]).ended(2);
    // What openssl makes of the document's formula is what we take.
    let until = klinke_model::Timestamp::now().after(std::time::Duration::from_secs(60)).0 / 1_000_000;
    let text = format!("klinke-view-1\nris\nstudy\n{STUDY}\n{until}\n");
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(["dgst", "-sha256", "-hmac", KEY]).stdin(std::process::Stdio::piped());
    let mut child = openssl.stdout(std::process::Stdio::piped()).spawn().expect("openssl");
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    let said = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let signature = said.trim().rsplit(' ').next().unwrap().to_owned();
    nobody.get(&format!("/view?by=ris&study={STUDY}&until={until}&sig={signature}")).ended(303);
    serve.stop();
}

#[test]
fn without_an_archive_there_are_no_pages_of_images_and_without_makers_no_links() {
    let site = Site::to_partner(1, "");
    with_console(&site);
    let serve = site.serve();
    let mut anna = Browser::enter(&serve, &site, "anna", "operator");
    assert!(!anna.get("/").ended(200).body.contains("href=\"/archive\""));
    assert_ne!(anna.get("/archive").status, 200);
    let address = anna.address.clone();
    let until = "99999999999";
    let answer = http(&address, "GET", &format!("/view?by=ris&study=1.2&until={until}&sig=00"), &[], b"");
    assert_eq!(answer.status, 403);
    let told = klinke(&["link", site.path(), "--study", "1.2"]).ended(2).err;
    assert!(told.contains("[console.links."), "{told}");
    let raw = http_bytes(&address, "/view", &[]);
    assert_eq!(raw.0, 403);
    serve.stop();
}

#[test]
fn who_was_turned_away_waits_in_the_inbox_and_is_let_in_by_its_lines() {
    let port = free_port();
    let site = site(port);
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    site.write("klinke.toml", &node.replace("accept = \"any\"", "accept = \"known\""));
    let serve = site.serve();
    let archive = format!("KLINKE@127.0.0.1:{port}");
    let echo = || klinke(&["dicom", "echo", &archive, "--from", "CT \"2\""]);
    echo().ended(2);
    echo().ended(2);
    let waiting = klinke(&["--json", "archive", site.path(), "inbox"]).ended(0).json();
    assert_eq!(waiting.as_array().unwrap().len(), 1, "{waiting}");
    let one = &waiting[0];
    assert_eq!((&one["title"], &one["called"]), (&"CT \"2\"".into(), &"KLINKE".into()));
    assert_eq!((&one["host"], &one["times"]), (&"127.0.0.1".into(), &2.into()));

    let mut anna = Browser::enter(&serve, &site, "anna", "operator");
    let page = anna.get("/archive").ended(200).body;
    assert!(page.contains("Who was turned away") && page.contains("CT &quot;2&quot;"), "{page}");
    let shown = klinke(&["archive", site.path(), "inbox"]).ended(0).out;
    let lines: String =
        shown.lines().filter_map(|line| Some(format!("{}\n", line.strip_prefix("    ")?))).collect();
    let systems = std::fs::read_to_string(site.folder().join("systems.toml")).unwrap();
    site.write("systems.toml", &format!("{systems}\n{lines}"));
    klinke(&["check", site.path()]).ended(0);
    serve.signal("HUP");
    serve.wait_for("it to be let in", || echo().code == 0);
    assert_eq!(klinke(&["--json", "archive", site.path(), "inbox"]).json(), serde_json::json!([]));
    assert!(!anna.get("/archive").ended(200).body.contains("Who was turned away"));
}
