//! The archive of a running site, and `klinke dicom` as its partner.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use klinke_dimse::data::{self, DataSet, Element};
use klinke_dimse::file::Meta;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags};
use klinke_testkit::free_port;

use crate::support::browser::{Browser, http, with_console};
use crate::support::partner::{Line, Sink};
use crate::support::{Site, klinke};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

pub fn instance(folder: &Path, patient: &str, number: usize) {
    instance_with(folder, patient, number, 1);
}

/// An instance with these pixels.
pub fn instance_with(folder: &Path, patient: &str, number: usize, pixel: u8) {
    let mut set = DataSet::new();
    let uid = format!("1.2.{patient}.1.{number}");
    for (tag, vr, text) in [
        (tags::SOP_CLASS_UID, VR::UI, CT),
        (tags::SOP_INSTANCE_UID, VR::UI, uid.as_str()),
        (tags::STUDY_DATE, VR::DA, "20261129"),
        (tags::MODALITY, VR::CS, "CT"),
        (tags::PATIENT_NAME, VR::PN, "Muster^Berta"),
        (tags::PATIENT_ID, VR::LO, patient),
        (tags::STUDY_INSTANCE_UID, VR::UI, &format!("1.2.{patient}")),
        (tags::SERIES_INSTANCE_UID, VR::UI, &format!("1.2.{patient}.1")),
    ] {
        set.put_ascii(tag, vr, text);
    }
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, vec![pixel; 2000]));
    let syntax = TransferSyntax::EXPLICIT;
    let meta = Meta { sop_class: CT, sop_instance: &uid, transfer_syntax: syntax.uid(), ..Meta::default() };
    let mut bytes = meta.to_bytes();
    bytes.extend(data::write(&set, &syntax).unwrap());
    std::fs::write(folder.join(format!("{uid}.dcm")), bytes).unwrap();
}

/// A site with an archive that knows one partner.
fn site(sink: &Sink, port: u16) -> Site {
    let site = Site::to_partner(sink.port, "");
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    let table =
        format!("[archive]\nae_title = \"KLINKE\"\nlisten = \"127.0.0.1:{port}\"\nreserve = \"1MB\"\n");
    site.write("klinke.toml", &format!("{node}\n{table}"));
    let systems = std::fs::read_to_string(site.folder().join("systems.toml")).unwrap();
    let ct = format!(
        "[ct1]\ntitle = \"CT 1\"\ndicom = {{ ae_title = \"CT1\", address = \"127.0.0.1:{port}\" }}\n"
    );
    let own = format!("[own]\ndicom = {{ ae_title = \"KLINKE\", address = \"127.0.0.1:{port}\" }}\n");
    site.write("systems.toml", &format!("{systems}\n{ct}{own}"));
    site
}

#[test]
fn what_is_sent_is_kept_found_fetched_and_verified() {
    let sink = Sink::open();
    let port = free_port();
    let site = site(&sink, port);
    klinke(&["check", site.path()]).ended(0);
    let serve = site.serve();
    let archive = format!("KLINKE@127.0.0.1:{port}");
    let as_ct = ["--from", "CT1"];
    let dicom = |verb: &str, more: &[&str]| {
        let arguments = [&["dicom", verb, &archive], more, &as_ct].concat();
        klinke(&arguments)
    };
    dicom("echo", &[]).ended(0);
    // The site names who may come in.
    let stranger = klinke(&["dicom", "echo", &archive, "--from", "NOBODY"]).ended(2).err;
    assert!(stranger.contains("calling AE title not recognized"), "{stranger}");
    // A system of the site, by its name.
    klinke(&["dicom", "echo", "own", "--site", site.path(), "--from", "CT1"]).ended(0);

    let files = tempfile::tempdir().unwrap();
    (1..=3).for_each(|number| instance(files.path(), "4711", number));
    instance(files.path(), "4712", 1);
    std::fs::write(files.path().join("notes.txt"), "no instance").unwrap();
    let sent = dicom("store", &[files.path().to_str().unwrap()]).ended(1).out;
    assert!(sent.contains("4 of 5 files are there"), "{sent}");

    let found = dicom("find", &["PatientName=muster*", "PatientID=4711"]).ended(0).out;
    assert!(
        found.contains("1.2.4711") && found.contains("Muster^Berta") && !found.contains("1.2.4712"),
        "{found}"
    );
    dicom("find", &["PatientName=niemand"]).ended(1);
    let json = [
        &["--json", "dicom", "find", archive.as_str(), "--level", "image", "StudyInstanceUID=1.2.4711"][..],
        &as_ct,
    ]
    .concat();
    let all: serde_json::Value = serde_json::from_str(&klinke(&json).ended(0).out).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 3);
    assert_eq!(all[0]["00080052"]["Value"][0], "IMAGE");

    let into = tempfile::tempdir().unwrap();
    let folder = into.path().to_str().unwrap();
    let got = dicom("get", &["StudyInstanceUID=1.2.4711", "--into", folder]).ended(0).out;
    assert!(got.contains("3 arrived"), "{got}");
    let fetched = into.path().join("1.2.4711.1.2.dcm");
    let text = klinke(&["dicom", "dump", fetched.to_str().unwrap()]).ended(0).out;
    assert!(text.contains("Muster^Berta") && text.contains("1.2.4711.1.2"), "{text}");
    let shapes = klinke(&["dicom", "dump", "--no-values", fetched.to_str().unwrap()]).ended(0).out;
    assert!(!shapes.contains("Muster"), "{shapes}");
    let moved = dicom("move", &["StudyInstanceUID=1.2.4711", "--to", "NOBODY"]).ended(1).out;
    assert!(moved.contains("A801H"), "{moved}");

    // The tools ask the site that has it open; an index is made anew only when nobody has.
    let verified = klinke(&["archive", site.path(), "verify"]).ended(0).out;
    assert!(verified.contains("4 instances are sound"), "{verified}");
    let busy = klinke(&["archive", site.path(), "rebuild"]).ended(2).err;
    assert!(busy.contains("the site runs"), "{busy}");
    serve.stop();
    let verified = klinke(&["archive", site.path(), "verify"]).ended(0).out;
    assert!(verified.contains("4 instances are sound"), "{verified}");
    let status: serde_json::Value =
        serde_json::from_str(&klinke(&["--json", "archive", site.path(), "status"]).ended(0).out).unwrap();
    assert_eq!((&status["studies"], &status["instances"]), (&2.into(), &4.into()));
    std::fs::remove_file(site.folder().join("archive/index.db")).unwrap();
    klinke(&["archive", site.path(), "rebuild"]).ended(0);
    klinke(&["archive", site.path(), "verify"]).ended(0);
}

#[test]
fn what_the_site_says_wrongly_is_named_with_its_place() {
    let sink = Sink::open();
    let site = site(&sink, free_port());
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    site.write("klinke.toml", &node.replace("\"KLINKE\"", "\"A_TITLE_THAT_IS_TOO_LONG\""));
    let told = klinke(&["check", site.path()]).ended(1);
    let told = told.out + &told.err;
    assert!(told.contains("klinke.toml:") && told.contains("16 printable characters"), "{told}");
    site.write("klinke.toml", &node.replace("ae_title", "ae_titel"));
    let told = klinke(&["check", site.path()]).ended(1);
    let told = told.out + &told.err;
    assert!(told.contains("ae_titel") && told.contains("ae_title"), "{told}");
    let nobody = klinke(&["dicom", "echo", "PACS"]).ended(2).err;
    assert!(nobody.contains("AE@host:port"), "{nobody}");
}

/// What is decided while the site runs: by hand, and as ADT tells it; seen by whoever asks, and written into the audit log.
#[test]
fn patients_are_merged_by_hand_and_by_messages() {
    let sink = Sink::open();
    let port = free_port();
    let site = site(&sink, port);
    std::fs::remove_file(site.folder().join("channels/adt.toml")).unwrap();
    site.write(
        "channels/adt.toml",
        "[source]\nmllp = { listen = \"127.0.0.1:0\", from = \"kis\" }\n[[step]]\npatients = {}\n[[destination]]\npatients = {}\n",
    );
    let told = klinke(&["check", site.path()]);
    assert_eq!(told.code, 0, "{}{}", told.out, told.err);
    let serve = site.serve();
    let files = tempfile::tempdir().unwrap();
    for patient in ["1", "2", "3"] {
        instance(files.path(), patient, 1);
    }
    let archive = format!("KLINKE@127.0.0.1:{port}");
    klinke(&["dicom", "store", &archive, files.path().to_str().unwrap(), "--from", "CT1"]).ended(0);
    let of = |what: &[&str]| klinke(&[&["archive", site.path()], what].concat());
    let json = |what: &[&str]| -> serde_json::Value {
        let told = klinke(&[&["--json", "archive", site.path()], what].concat()).ended(0).out;
        serde_json::from_str(&told).unwrap()
    };
    let patients = || json(&["status"])["patients"].clone();
    let why = ["--reason", "a test"];
    assert_eq!(patients(), 3);
    assert!(of(&["merge", "1", "2"]).ended(2).err.contains("--reason"));
    of(&[&["merge", "1", "2"][..], &why].concat()).ended(0);
    assert_eq!(patients(), 2);
    let into = tempfile::tempdir().unwrap();
    let get = |study: &str| {
        let (key, folder) = (format!("StudyInstanceUID={study}"), into.path().to_str().unwrap());
        klinke(&["dicom", "get", &archive, &key, "--into", folder, "--from", "CT1"]).ended(0);
        klinke(&["dicom", "dump", into.path().join(format!("{study}.1.1.dcm")).to_str().unwrap()])
            .ended(0)
            .out
    };
    let given = get("1.2.1");
    assert!(given.contains("OriginalAttributesSequence") && given.contains("COERCE"), "{given}");
    assert_eq!(given.matches("PatientID").count(), 2, "{given}");

    let mut line = Line::open(&serve.address("adt"));
    let adt =
        |event: &str, rest: &str| format!("MSH|^~\\&|KIS|H|K|H|20261130||ADT^{event}|{event}|P|2.5\r{rest}");
    line.send(adt("A40", "PID|1||3||Muster^Eva||19700131|F\rMRG|2").as_bytes()).unwrap();
    serve.wait_for("the merge", || patients() == 1);
    line.send(adt("A08", "PID|1||3||Muster^Evelyn||19700131|F").as_bytes()).unwrap();
    serve.wait_for("the correction", || {
        json(&["changes"])[0]["what"] == "correct" && get("1.2.1").contains("Evelyn")
    });
    let changes = json(&["changes"]);
    assert_eq!(
        (&changes[0]["who"], &changes[0]["origin"]),
        (&"adt".into(), &"envelope 2".into()),
        "{changes}"
    );
    let first = changes.as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&first["what"], &first["old"], &first["patient"]),
        (&"merge".into(), &"1".into(), &"2".into())
    );
    let merged =
        changes.as_array().unwrap().iter().find(|one| one["old"] == "2").unwrap()["number"].to_string();
    of(&[&["undo", &merged][..], &why].concat()).ended(0);
    assert_eq!(patients(), 2);
    of(&[&["move", "1.2.1", "--to", "3"][..], &why].concat()).ended(0);
    of(&[&["correct", "3", "--birth-date", "1970"][..], &why].concat()).ended(2);

    of(&[&["hold", "1.2.3"][..], &why].concat()).ended(0);
    assert!(of(&[&["throw", "1.2.3"][..], &why].concat()).ended(2).err.contains("is held: a test"));
    of(&[&["throw", "1.2.2"][..], &why].concat()).ended(0);
    assert!(of(&["trash"]).ended(0).out.contains("1.2.2 / 1.2.2.1 / 1.2.2.1.1"));
    of(&[&["restore", "1.2.2"][..], &why].concat()).ended(0);
    assert_eq!(
        (json(&["status"])["instances"].clone(), json(&["status"])["thrown"].clone()),
        (3.into(), 0.into())
    );
    serve.stop();

    // Nobody serves: the same tools, the same answers; and a new index knows all of it.
    let before = (json(&["status"]), json(&["holds"]));
    klinke(&["archive", site.path(), "rebuild"]).ended(0);
    assert_eq!((json(&["status"]), json(&["holds"])), before);
    of(&["verify"]).ended(0);
    let entries = klinke(&["--json", "audit", "list", site.path()]).ended(0).out;
    assert!(entries.contains("change-identity"), "{entries}");
}

/// A channel that takes instances and delivers them to the archive of another site: durable, in order, byte for byte.
#[test]
fn a_channel_routes_instances() {
    let sink = Sink::open();
    let port = free_port();
    let target = site(&sink, port);
    let route = Site::to_partner(sink.port, "");
    let routing = free_port();
    let systems = format!(
        "[pacs]\ndicom = {{ ae_title = \"KLINKE\", calling = \"CT1\", address = \"127.0.0.1:{port}\" }}\n"
    );
    route.write("systems.toml", &systems);
    let channel = format!(
        "[source]\ndicom = {{ listen = \"127.0.0.1:{routing}\", ae_title = \"ROUTER\", calling = [\"CT7\"] }}\n\
         [[destination]]\nto = \"pacs\"\nretry = {{ first = \"100ms\", most = \"200ms\" }}\n"
    );
    std::fs::remove_file(route.folder().join("channels/adt.toml")).unwrap();
    route.write("channels/images.toml", &channel);
    klinke(&["check", route.path()]).ended(0);
    let serve = route.serve();
    let files = tempfile::tempdir().unwrap();
    (1..=5).for_each(|number| instance(files.path(), "4711", number));
    let router = format!("ROUTER@127.0.0.1:{routing}");
    let folder = files.path().to_str().unwrap();
    let refused = klinke(&["dicom", "store", &router, folder, "--from", "OTHER"]).ended(2).out;
    assert!(refused.contains("calling AE title not recognized"), "{refused}");
    // The archive is not there yet: the channel keeps what it has acknowledged.
    klinke(&["dicom", "store", &router, folder, "--from", "CT7"]).ended(0);
    assert_eq!(route.json("status", &[])["channels"][0]["received"], 5);
    let archive = target.serve();
    serve.wait_for("the deliveries", || {
        route.json("status", &[])["channels"][0]["destinations"][0]["delivered"] == 5
    });
    archive.stop();
    serve.stop();
    let verified = klinke(&["archive", target.path(), "verify"]).ended(0).out;
    assert!(verified.contains("5 instances are sound"), "{verified}");
    let kept = walk(&target.folder().join("archive/studies"));
    let kept = kept.iter().find(|path| path.ends_with("1.2.4711.1.3.dcm")).unwrap();
    let (sent, kept) =
        (std::fs::read(files.path().join("1.2.4711.1.3.dcm")).unwrap(), std::fs::read(kept).unwrap());
    assert!(kept.ends_with(&sent[sent.len() - 2000..]));
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

/// DICOMweb asks for a token of the console's accounts, and what was opened is in the audit log.
#[test]
fn programs_ask_over_dicomweb_with_a_token() {
    let sink = Sink::open();
    let (port, web) = (free_port(), free_port());
    let site = site(&sink, port);
    with_console(&site);
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    site.write(
        "klinke.toml",
        &node.replace("[archive]\n", &format!("[archive]\nweb = \"127.0.0.1:{web}\"\n")),
    );
    let serve = site.serve();
    let files = tempfile::tempdir().unwrap();
    instance(files.path(), "4711", 1);
    let archive = format!("KLINKE@127.0.0.1:{port}");
    klinke(&["dicom", "store", &archive, files.path().to_str().unwrap(), "--from", "CT1"]).ended(0);
    let mut boss = Browser::enter(&serve, &site, "boss", "administrator");
    let (reader, other) = (boss.token(&["view-payload"]), boss.token(&["view-state"]));
    let address = format!("127.0.0.1:{web}");
    let ask = |method: &str, path: &str, token: &str| {
        let token = format!("Bearer {token}");
        http(&address, method, path, &[("Authorization", token.as_str())], b"")
    };
    http(&address, "GET", "/dicom-web/studies", &[], b"").ended(401);
    ask("GET", "/dicom-web/studies", "wrong").ended(401);
    ask("GET", "/dicom-web/studies", &other).ended(403);
    let found = ask("GET", "/dicom-web/studies?PatientName=muster*", &reader).ended(200).json();
    assert_eq!(found[0]["0020000D"]["Value"][0], "1.2.4711");
    ask("GET", "/dicom-web/studies/1.2.4711/metadata", &reader).ended(200);
    ask("DELETE", "/dicom-web/studies/1.2.4711", &reader).ended(403);
    let entries = klinke(&["--json", "audit", "list", site.path(), "--action", "open-payload"]).ended(0).out;
    assert!(entries.contains("DICOMweb: study 1.2.4711") && !entries.contains("Muster"), "{entries}");
    serve.stop();
}

/// Whoever is logged in at the console sees the pages of the viewer beside DICOMweb; others are led to the log-in.
#[test]
fn people_open_the_viewer_of_others_by_their_session() {
    let sink = Sink::open();
    let web = free_port();
    let site = site(&sink, free_port());
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    let pages = "[archive]\nohif = \"viewer\"\n";
    site.write("klinke.toml", &node.replace("[archive]\n", pages));
    let told = klinke(&["check", site.path()]).ended(1);
    assert!((told.out + &told.err).contains("there is no `web`"));
    let pages = format!("{pages}web = \"127.0.0.1:{web}\"\n");
    let console = "[console]\nlisten = \"127.0.0.1:0\"\naddress = \"http://localhost:8443\"\n";
    site.write("klinke.toml", &format!("{}\n{console}", node.replace("[archive]\n", &pages)));
    let told = klinke(&["check", site.path()]).ended(1);
    assert!((told.out + &told.err).contains("there is no index.html"));
    std::fs::create_dir(site.folder().join("viewer")).unwrap();
    site.write("viewer/index.html", "<title>images</title>");
    klinke(&["check", site.path()]).ended(0);
    let serve = site.serve();
    let boss = Browser::enter(&serve, &site, "boss", "administrator");
    let address = format!("127.0.0.1:{web}");
    let cookies = boss.cookie_head();
    let get = |path: &str, heads: &[(&str, &str)]| http(&address, "GET", path, heads, b"");
    let stranger = get("/viewer?StudyInstanceUIDs=1.2", &[("Accept", "text/html")]).ended(303);
    assert_eq!(stranger.head("location"), "http://localhost:8443/login");
    get("/app-config.js", &[]).ended(401);
    let own = [("Cookie", cookies.as_str()), ("Sec-Fetch-Site", "same-origin"), ("Accept", "text/html")];
    assert!(get("/viewer?StudyInstanceUIDs=1.2", &own).ended(200).body.contains("images"));
    assert!(get("/app-config.js", &own).ended(200).body.contains("/dicom-web"));
    get("/dicom-web/studies", &own[..2]).ended(204);
    // What a page of another site asks is not the person's wish.
    let other = [("Cookie", cookies.as_str()), ("Sec-Fetch-Site", "cross-site")];
    get("/dicom-web/studies", &other).ended(401);
    serve.stop();
}

#[test]
fn files_are_held_against_what_a_partner_has() {
    let (sink, port) = (Sink::open(), free_port());
    let site = site(&sink, port);
    let serve = site.serve();
    let (there, all) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let archive = format!("KLINKE@127.0.0.1:{port}");
    for patient in ["1", "2"] {
        instance(there.path(), patient, 1);
        instance(all.path(), patient, 1);
    }
    instance(all.path(), "2", 2);
    std::fs::write(all.path().join("readme.txt"), "no DICOM").unwrap();
    klinke(&["dicom", "store", &archive, there.path().to_str().unwrap(), "--from", "CT1"]).ended(0);
    let verify = |folder: &std::path::Path| {
        klinke(&["--json", "dicom", "verify", &archive, folder.to_str().unwrap(), "--from", "CT1"])
    };
    assert_eq!(verify(there.path()).ended(0).json()["there"], 2);
    let told = verify(all.path()).ended(1).json();
    assert_eq!(
        (&told["there"], &told["instances"], &told["others"]),
        (&2.into(), &3.into(), &1.into()),
        "{told}"
    );
    let faults = told["faults"].as_array().unwrap();
    assert_eq!((faults.len(), &faults[0]["what"]), (1, &"missing".into()));
    assert!(std::path::Path::new(faults[0]["file"].as_str().unwrap()).starts_with(all.path()));
    klinke(&["dicom", "store", &archive, all.path().to_str().unwrap(), "--from", "CT1"]).ended(1);
    verify(all.path()).ended(0);
    serve.stop();
}

#[test]
fn a_partner_is_asked_to_keep_what_is_in_files() {
    let (sink, port) = (Sink::open(), free_port());
    let site = site(&sink, port);
    let serve = site.serve();
    let folder = tempfile::tempdir().unwrap();
    let archive = format!("KLINKE@127.0.0.1:{port}");
    instance(folder.path(), "1", 1);
    let files = folder.path().to_str().unwrap();
    klinke(&["dicom", "store", &archive, files, "--from", "CT1"]).ended(0);
    let ask =
        |more: &[&str]| klinke(&[&["dicom", "commit", &archive, files, "--from", "CT1"], more].concat());
    let said = ask(&["--lang", "de"]).ended(0).out;
    assert!(said.contains("der Partner bewahrt 1 von 1 Instanzen auf"), "{said}");
    instance(folder.path(), "2", 2);
    let listen = format!("127.0.0.1:{}", free_port());
    let told = ask(&["--json", "--listen", &listen]).ended(1).json();
    assert_eq!((&told["instances"], &told["kept"]), (&2.into(), &1.into()), "{told}");
    assert_eq!(told["failed"][0]["reason"], "0112");
    let nobody = format!("KLINKE@127.0.0.1:{}", free_port());
    klinke(&["dicom", "commit", &nobody, files]).ended(2);
    serve.stop();
}
