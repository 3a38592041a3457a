//! An old archive that is taken over: who its patients are now, and what the console shows of it. The old archive is a Klinke.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::ops::ControlFlow;

use klinke_archive::find::Query;
use klinke_archive::{Archive, Level, Options};
use klinke_dimse::charset::Charset;
use klinke_dimse::tags;
use klinke_testkit::free_port;
use serde_json::Value;

use crate::support::browser::{Browser, with_console};
use crate::support::old::{Lot, store};
use crate::support::partner::Line;
use crate::support::{Serve, Site, klinke};

/// An archive that takes what comes and gives it to whoever asks.
fn old_site(port: u16) -> Site {
    let site = Site::new();
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    let table = format!(
        "[archive]\naccept = \"any\"\nae_title = \"OLD\"\nlisten = \"127.0.0.1:{port}\"\nreserve = \"1MB\"\n"
    );
    site.write("klinke.toml", &format!("{node}\n{table}"));
    site
}

/// A site that takes it over.
fn new_site(port: u16, old: u16, migration: &str) -> Site {
    let site = Site::new();
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    let table = format!(
        "[archive]\naccept = \"any\"\nae_title = \"KLINKE\"\nlisten = \"127.0.0.1:{port}\"\nreserve = \"1MB\"\n"
    );
    site.write("klinke.toml", &format!("{node}\n{table}"));
    let dicom = format!("dicom = {{ ae_title = \"OLD\", address = \"127.0.0.1:{old}\" }}");
    site.write(
        "systems.toml",
        &format!("[old]\ntitle = \"The old PACS\"\n{dicom}\n[kis]\ntitle = \"KIS\"\n"),
    );
    let migration = format!(
        "system = \"old\"\nway = \"get\"\nfrom = \"2020-01-01\"\nuntil = \"2020-12-31\"\npause = \"50ms\"\nsettle = \"1s\"\n{migration}"
    );
    site.write("migrations/old.toml", &migration);
    site
}

/// The patients of an archive: identifier, issuer, name, number of studies.
fn patients(site: &Site) -> Vec<(String, String, String, u64)> {
    let options = Options { reserve_bytes: 1 << 20, ..Options::default() };
    let archive = Archive::open(&site.folder().join("archive"), options).unwrap();
    let mut all = Vec::new();
    let mut each = |found: klinke_archive::index::Found| {
        let get = |tag| found.attributes[0].text(tag, &Charset::UTF_8).unwrap_or_default().trim().to_owned();
        let (id, issuer) = (get(tags::PATIENT_ID), get(tags::ISSUER_OF_PATIENT_ID));
        all.push((id, issuer, get(tags::PATIENT_NAME), found.counts.patient_studies));
        ControlFlow::Continue(())
    };
    archive.find(&Query::at(Level::Patient), &mut each).unwrap();
    all.sort();
    all
}

fn patient(id: &str, issuer: &str, name: &str) -> (String, String, String, u64) {
    (id.to_owned(), issuer.to_owned(), name.to_owned(), 1)
}

const LIST: &str = "old;id;issuer;name;birth_date;sex\n\
    OLDPAT0001;901;KIS;Gelistet^Änne;31.01.1970;W\n\
    OLDPAT0002;902;KIS;Überholt^Liste;;\n\
    OLDPAT0003;;;Bekannt^Name;19700228;M\n";

/// ISO 8859-1.
fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|one| u8::try_from(u32::from(one)).unwrap()).collect()
}

const ISSUER_AND_LIST: &str =
    "issuer = \"OLD\"\npatients = { file = \"patients.csv\", charset = \"8859/1\" }\n";
const ADT: &str = "[source]\nmllp = { listen = \"127.0.0.1:0\", from = \"kis\" }\n[[step]]\npatients = {}\n[[destination]]\npatients = {}\n";

#[test]
fn who_patients_are_now_is_settled_while_their_studies_come_and_files_stay_as_they_came() {
    let (old_port, port) = (free_port(), free_port());
    let lot = Lot { studies: 5, instances: 1, days: 5 };
    let old = old_site(old_port);
    let _old = old.serve();
    store(&format!("OLD@127.0.0.1:{old_port}"), &lot);
    let site = new_site(port, old_port, ISSUER_AND_LIST);
    site.write("channels/adt.toml", ADT);
    std::fs::write(site.folder().join("patients.csv"), latin(LIST)).unwrap();
    klinke(&["check", site.path()]).ended(0);
    let serve = site.serve();

    // Another patient of this house has the number that somebody has in the old archive.
    let own = Lot { studies: 1, instances: 1, days: 1 };
    let files = tempfile::tempdir().unwrap();
    own.write(files.path());
    let (from, to) = (files.path().join("1.2.77.0.1.0.dcm"), files.path().join("changed.dcm"));
    let bytes = std::fs::read(&from).unwrap();
    std::fs::remove_file(&from).unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(text.contains("OLDPAT0000"));
    std::fs::write(&to, changed(&bytes)).unwrap();
    let ours = format!("KLINKE@127.0.0.1:{port}");
    klinke(&["dicom", "store", &ours, files.path().to_str().unwrap(), "--from", "CT1"]).ended(0);

    // Before anything is known of the old archive its patients are merged and corrected.
    let mut line = Line::open(&serve.address("adt"));
    let mut number = 0;
    let mut tell = |event: &str, rest: &str| {
        number += 1;
        let message = format!("MSH|^~\\&|KIS|H|K|H|20261130||ADT^{event}|M{number}|P|2.5\r{rest}");
        line.send(message.as_bytes()).unwrap();
    };
    tell("A40", "PID|1||950^^^OLD||Gemeldet^Eva||19700131|F\rMRG|OLDPAT0002^^^OLD");
    tell("A08", "PID|1||OLDPAT0000^^^OLD||Vorab^Name||19700131|F");
    tell("A08", "PID|1||OLDPAT0004^^^ELSEWHERE||Anderer^Mensch||19700131|F");
    let changes = || site.json("archive", &["changes"]);
    serve.wait_for("what was told", || changes().to_string().contains("Vorab"));

    klinke(&["migrate", site.path(), "run"]).ended(0);
    klinke(&["migrate", site.path(), "verify"]).ended(0);
    let told = changes();
    let by: Vec<&Value> =
        told.as_array().unwrap().iter().filter(|one| one["who"] == "migration old").collect();
    assert!(by.iter().any(|one| one["what"] == "merge" && one["why"] == "patients.csv, line 2"), "{told}");
    assert!(by.iter().any(|one| one["what"] == "move"), "{told}");
    let count = told.as_array().unwrap().len();

    // Only of one nobody has told; the report says so, and names no patient.
    let report = site.json("migrate", &["report"]);
    let untold = &report["untold_patients"];
    assert_eq!(
        (&untold["count"], &untold["listed"][0]["studies"][0]),
        (&1.into(), &lot.study(4).into()),
        "{report}"
    );
    let page = klinke(&["migrate", site.path(), "report"]).ended(0).out;
    assert!(page.contains("has not told") && page.contains(&lot.study(4)), "{page}");
    assert!(!report.to_string().contains("OLDPAT") && !page.contains("OLDPAT"), "{page}");

    // A message that comes later counts, and nothing is decided twice.
    tell("A08", "PID|1||OLDPAT0004^^^OLD||Spaeter^Name||19700131|F");
    serve.wait_for("the correction", || changes().to_string().contains("Spaeter"));
    klinke(&["migrate", site.path(), "run"]).ended(0);
    // Who names no issuer may be meant as well.
    assert_eq!(changes().as_array().unwrap().len(), count + 2);
    assert_eq!(site.json("migrate", &["report"])["untold_patients"]["count"], 0);
    assert_eq!(serve.stop(), 0);

    let wanted = [
        patient("901", "KIS", "Gelistet^Änne"),
        patient("950", "OLD", "Gemeldet^Eva"),
        patient("OLDPAT0000", "OLD", "Vorab^Name"),
        patient("OLDPAT0003", "OLD", "Bekannt^Name"),
        patient("OLDPAT0004", "", "Spaeter^Name"),
        patient("OLDPAT0004", "OLD", "Spaeter^Name"),
    ];
    assert_eq!(patients(&site), wanted);
    let options = Options { reserve_bytes: 1 << 20, ..Options::default() };
    let archive = Archive::open(&site.folder().join("archive"), options).unwrap();
    let instance = archive.instance(&lot.instance(1, 0)).unwrap().unwrap();
    let kept = std::fs::read(archive.path(&instance)).unwrap();
    let kept = String::from_utf8_lossy(&kept);
    assert!(kept.contains("OLDPAT0001") && kept.contains("Muster^Berta") && !kept.contains("901"));
}

/// The same file as another study of the patient OLDPAT0004.
fn changed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (from, to) in [(&b"OLDPAT0000"[..], &b"OLDPAT0004"[..]), (b"1.2.77.0", b"1.2.99.0")] {
        for at in 0..=bytes.len() - from.len() {
            if &bytes[at..at + from.len()] == from {
                bytes[at..at + to.len()].copy_from_slice(to);
            }
        }
    }
    bytes
}

/// Studies that came before anything was said of their patients are settled by the next run; nothing serves.
#[test]
fn what_is_said_of_patients_later_holds_for_what_is_here_already() {
    let (old_port, port) = (free_port(), free_port());
    let lot = Lot { studies: 4, instances: 1, days: 4 };
    let old = old_site(old_port);
    let _old = old.serve();
    store(&format!("OLD@127.0.0.1:{old_port}"), &lot);
    let site = new_site(port, old_port, "");
    klinke(&["migrate", site.path(), "run"]).ended(0);
    assert_eq!(patients(&site)[0], patient("OLDPAT0000", "", "Muster^Berta"));
    let before = std::fs::read_to_string(site.folder().join("migrations/old.toml")).unwrap();
    site.write("migrations/old.toml", &format!("{before}{ISSUER_AND_LIST}"));
    // A list that is wrong is told of, and nothing is begun.
    std::fs::write(site.folder().join("patients.csv"), latin("old;sex\nOLDPAT0001;Ä\n")).unwrap();
    let told = klinke(&["migrate", site.path(), "run"]).ended(2).err;
    assert!(told.contains("patients.csv: line 2: `sex`"), "{told}");
    std::fs::write(site.folder().join("patients.csv"), latin(LIST)).unwrap();
    klinke(&["migrate", site.path(), "run"]).ended(0);
    let wanted = [
        patient("901", "KIS", "Gelistet^Änne"),
        patient("902", "KIS", "Überholt^Liste"),
        patient("OLDPAT0000", "OLD", "Muster^Berta"),
        patient("OLDPAT0003", "OLD", "Bekannt^Name"),
    ];
    assert_eq!(patients(&site), wanted);
    let page = klinke(&["--lang", "de", "migrate", site.path(), "report"]).ended(0).out;
    assert!(page.contains("Patienten, von denen das Krankenhaussystem nichts gesagt hat"), "{page}");
}

#[test]
fn a_list_of_patients_is_checked_line_by_line() {
    let site = new_site(free_port(), free_port(), ISSUER_AND_LIST);
    let check = |bytes: &[u8], charset: &str| {
        std::fs::write(site.folder().join("patients.csv"), bytes).unwrap();
        let file = std::fs::read_to_string(site.folder().join("migrations/old.toml")).unwrap();
        let file = file.replace("8859/1", charset);
        site.write("migrations/old.toml", &file);
        let checked = klinke(&["check", site.path()]);
        site.write("migrations/old.toml", &file.replace(charset, "8859/1"));
        (checked.code, checked.out + &checked.err)
    };
    assert_eq!(check(&latin(LIST), "8859/1").0, 0);
    assert_eq!(check(LIST.as_bytes(), "UNICODE UTF-8").0, 0);
    let (code, told) = check(&latin(LIST), "UNICODE UTF-8");
    assert!(code == 1 && told.contains("patients.csv:2:1: it is not UTF-8"), "{told}");
    let (code, told) = check(b"old,birth_date\n1,1970-01-31\n2,1970-02-30\n\n2,Geheim\n", "8859/1");
    assert!(code == 1 && told.contains("patients.csv:3:1: `birth_date`"), "{told}");
    assert!(told.contains("patients.csv:5:1:") && !told.contains("Geheim"), "{told}");
    let (code, told) = check(b"x", "Klingonisch");
    assert!(
        code == 1 && told.contains("migrations/old.toml:") && told.contains("no character set"),
        "{told}"
    );
    std::fs::remove_file(site.folder().join("patients.csv")).unwrap();
    let told = klinke(&["check", site.path()]).ended(1).out;
    assert!(told.contains("patients.csv: "), "{told}");
    let file = std::fs::read_to_string(site.folder().join("migrations/old.toml")).unwrap();
    for issuer in [String::new(), " x".to_owned(), "a\\\\b".to_owned(), "x".repeat(65)] {
        site.write("migrations/old.toml", &file.replace("\"OLD\"", &format!("\"{issuer}\"")));
        let told = klinke(&["check", site.path()]).ended(1).out;
        assert!(told.contains("migrations/old.toml:") && told.contains("it "), "{told}");
    }
}

#[test]
fn the_console_shows_how_far_it_is_and_does_what_is_asked() {
    let (old_port, port) = (free_port(), free_port());
    let lot = Lot { studies: 6, instances: 2, days: 6 };
    let old = old_site(old_port);
    let _old = old.serve();
    store(&format!("OLD@127.0.0.1:{old_port}"), &lot);
    let site = new_site(port, old_port, "hours = [\"Mon-Sun 00:00-24:00\"]\n");
    with_console(&site);
    let serve = site.serve();
    let mut boss = Browser::enter(&serve, &site, "boss", "administrator");
    let home = boss.get("/").ended(200).body;
    assert!(home.contains("href=\"/migrations\""), "the navigation leads there");
    let list = boss.get("/migrations").ended(200).body;
    assert!(list.contains("The old PACS") && list.contains("does not run"), "{list}");
    let page = boss.get("/migrations/old").ended(200).body;
    assert!(page.contains("not known yet") && page.contains("act?what=run"), "{page}");
    boss.get("/migrations/nowhere").ended(404);
    boss.get("/migrations/old/act?what=nothing").ended(400);

    let act = |browser: &mut Browser, what: &str, fields: &[(&str, &str)]| {
        let fields = [&[("what", what)], fields].concat();
        browser.submit(&format!("/migrations/old/act?what={what}"), "/migrations/old/act", &fields)
    };
    let why = [("reason", "the old one ends in May")];
    act(&mut boss, "run", &[("reason", " ")]).ended(400);
    assert_eq!(act(&mut boss, "run", &why).ended(303).head("location"), "/migrations/old");
    let taken = |browser: &mut Browser| {
        browser.get("/migrations/old").ended(200).body.contains("6 of 6 studies are here")
    };
    serve.wait_for("all studies", || taken(&mut boss));
    serve.wait_for("the end", || boss.get("/migrations").body.contains("nothing is left to be taken"));
    let page = boss.get_with("/migrations/old", &[("Accept-Language", "de")]).ended(200).body;
    for text in
        ["Studien nach Jahren", "<svg", "<details", ">2020<", "Verlauf", "href=\"/migrations/old/report\""]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("Muster") && !page.contains("OLDPAT"), "a patient is named");

    assert_eq!(act(&mut boss, "verify", &why).ended(303).head("location"), "/migrations/old");
    act(&mut boss, "verify", &[("reason", "x"), ("compare", "1001")]).ended(400);
    serve.wait_for("the check", || boss.get("/migrations/old").body.contains("6 verified"));
    act(&mut boss, "stop", &why).ended(303);
    // All is here: there is nothing that could go first.
    act(&mut boss, "first", &[("of", &lot.patient(1))]).ended(422);
    act(&mut boss, "first", &[("of", " ")]).ended(400);

    let report = boss.get("/migrations/old/report").ended(200).body;
    assert!(
        report.contains("Taking over of The old PACS") && report.contains("Date, head of radiology"),
        "{report}"
    );
    let file = |form: &str| format!("/migrations/old/report/download?form={form}");
    let html = boss.get(&file("html")).ended(200);
    assert!(html.head("content-disposition").contains("attachment; filename=\"old.html\""));
    assert!(html.body.starts_with("<!DOCTYPE html>") && html.body.contains("head of IT"));
    assert!(boss.get(&file("md")).ended(200).body.starts_with("# Taking over"));
    assert_eq!(boss.get(&file("json")).ended(200).json()["all_studies"].as_array().unwrap().len(), 6);
    boss.get(&file("exe")).ended(400);
    rights_and_audit(&serve, &site, &mut boss, &lot);
}

/// Who only looks may look; what was done stands in the audit log.
fn rights_and_audit(serve: &Serve<'_>, site: &Site, boss: &mut Browser, lot: &Lot) {
    let mut viewer = Browser::enter(serve, site, "vera", "viewer");
    let page = viewer.get("/migrations/old").ended(200).body;
    assert!(!page.contains("act?what=") && page.contains("/report"), "{page}");
    viewer.get("/migrations/old/act?what=run").ended(403);
    viewer.get("/migrations/old/act?what=first").ended(403);
    viewer.submit("/account", "/migrations/old/act", &[("what", "run"), ("reason", "x")]).ended(403);
    viewer.submit("/account", "/migrations/old/act", &[("what", "first"), ("of", "1")]).ended(403);
    let mut nobody = Browser::fresh(serve, 9);
    nobody.get("/migrations/old").ended(303);
    let log = boss.get("/audit?action=migrate").ended(200).body;
    for note in
        ["run old: the old one ends in May", "verify old: the old one", "stop old: the old", "first old"]
    {
        assert!(log.contains(note), "{note}: {log}");
    }
    assert!(
        boss.get(&format!("/audit/patient?patient={}", lot.patient(1))).ended(200).body.contains("first old")
    );
}
