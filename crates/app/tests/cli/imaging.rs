//! Imaging through a whole site: from the order to the report, what channels are told of the archive, and where instances go.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use klinke_adapters::dicom::{Peer, scu};
use klinke_dimse::data::{self, DataSet, Element};
use klinke_dimse::file::{self, Meta};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags};
use klinke_testkit::free_port;

use crate::media::{peer, said};
use crate::support::browser::{Browser, http, with_console};
use crate::support::partner::{Line, Sink};
use crate::support::{Site, klinke, wait_for};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

fn instance(study: &str, number: usize, modality: &str) -> Vec<u8> {
    let mut set = DataSet::new();
    let uid = format!("{study}.1.{number}");
    for (tag, vr, text) in [
        (tags::SOP_CLASS_UID, VR::UI, CT),
        (tags::SOP_INSTANCE_UID, VR::UI, uid.as_str()),
        (tags::STUDY_DATE, VR::DA, "20261129"),
        (tags::ACCESSION_NUMBER, VR::SH, "A1"),
        (tags::MODALITY, VR::CS, modality),
        (tags::STATION_NAME, VR::SH, "CT-1"),
        (tags::PATIENT_NAME, VR::PN, "Muster^Berta"),
        (tags::PATIENT_ID, VR::LO, "4711"),
        (tags::ISSUER_OF_PATIENT_ID, VR::LO, "KIS"),
        (tags::STUDY_INSTANCE_UID, VR::UI, study),
        (tags::SERIES_INSTANCE_UID, VR::UI, &format!("{study}.1")),
    ] {
        set.put_ascii(tag, vr, text);
    }
    set.put_ascii(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, 20),
        (tags::COLUMNS, 50),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 12),
        (tags::HIGH_BIT, 11),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        set.put_us(tag, value);
    }
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, vec![number as u8; 2000]));
    let syntax = TransferSyntax::EXPLICIT;
    let mut bytes = Meta::of(CT, &uid, syntax.uid()).to_bytes();
    bytes.extend(data::write(&set, &syntax).unwrap());
    bytes
}

/// A site with an archive that knows one modality; `more` goes into its table, `systems` and channels beside.
fn site(port: u16, more: &str, systems: &str, channels: &[(&str, &str)]) -> Site {
    let site = Site::new();
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    let archive =
        format!("[archive]\nae_title = \"KLINKE\"\nlisten = \"127.0.0.1:{port}\"\nreserve = \"1MB\"\n{more}");
    site.write("klinke.toml", &format!("{node}{archive}"));
    let ct = format!("[ct1]\ndicom = {{ ae_title = \"CT1\", address = \"127.0.0.1:{port}\" }}\n");
    let kis = "[kis]\ntitle = \"KIS\"\n[ris-in]\ntitle = \"RIS\"\n";
    site.write("systems.toml", &format!("{kis}{ct}{systems}"));
    site.write("tables/procedures.csv", "code,modality,station\nCTTHX,CT,CT1\n");
    for (name, text) in channels {
        site.write(&format!("channels/{name}.toml"), text);
    }
    klinke(&["check", site.path()]).ended(0);
    site
}

fn send(folder: &Path, port: u16) {
    let archive = format!("KLINKE@127.0.0.1:{port}");
    klinke(&["dicom", "store", &archive, folder.to_str().unwrap(), "--from", "CT1"]).ended(0);
}

/// What a modality tells of what it does.
fn tell(port: u16, uid: &str, status: &str, study: &str, images: &[usize]) {
    let (mut set, mut scheduled, mut series) = (DataSet::new(), DataSet::new(), DataSet::new());
    for (tag, vr, text) in [
        (tags::PERFORMED_PROCEDURE_STEP_STATUS, VR::CS, status),
        (tags::PERFORMED_PROCEDURE_STEP_START_DATE, VR::DA, "20261129"),
        (tags::PERFORMED_PROCEDURE_STEP_START_TIME, VR::TM, "101500"),
        (tags::PERFORMED_STATION_AE_TITLE, VR::AE, "CT1"),
        (tags::MODALITY, VR::CS, "CT"),
        (tags::PATIENT_NAME, VR::PN, "Muster^Berta"),
        (tags::PATIENT_ID, VR::LO, "4711"),
        (tags::ISSUER_OF_PATIENT_ID, VR::LO, "KIS"),
    ] {
        set.put_ascii(tag, vr, text);
    }
    for (tag, vr, text) in [
        (tags::STUDY_INSTANCE_UID, VR::UI, study),
        (tags::ACCESSION_NUMBER, VR::SH, "A1"),
        (tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, "RP1"),
    ] {
        scheduled.put_ascii(tag, vr, text);
    }
    set.put_items(tags::SCHEDULED_STEP_ATTRIBUTES_SEQUENCE, vec![scheduled]);
    let image = |number: &usize| {
        let mut item = DataSet::new();
        item.put_ascii(tags::REFERENCED_SOP_CLASS_UID, VR::UI, CT);
        item.put_ascii(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, &format!("{study}.1.{number}"));
        item
    };
    series.put_items(tags::REFERENCED_IMAGE_SEQUENCE, images.iter().map(image).collect());
    set.put_items(tags::PERFORMED_SERIES_SEQUENCE, vec![series]);
    let peer: Peer = serde_json::from_value(
        serde_json::json!({ "ae_title": "KLINKE", "address": format!("127.0.0.1:{port}") }),
    )
    .unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        match status {
            "IN PROGRESS" => scu::begin_step(&peer, "CT1", uid, &set).await.unwrap(),
            _ => scu::change_step(&peer, "CT1", uid, &set).await.unwrap(),
        }
    });
}

const ORDER: &str = "MSH|^~\\&|KIS|HAUS|RIS|RAD|20261129080000||ORM^O01|1|P|2.5.1||||||UNICODE UTF-8\r\
    PID|1||4711^^^KIS^PI||Muster^Berta||19700101|F\rORC|NW|P1|F1\r\
    OBR|1|P1|F1|CTTHX^CT Thorax^99HAUS||||||||||||||A1|RP1|||||||||||||||||20261129100000\r";
const REPORT: &str = "MSH|^~\\&|RIS|RAD|PACS|RAD|20261129120000||ORU^R01|77|P|2.5.1||||||UNICODE UTF-8\r\
    PID|1||4711^^^KIS^PI||Muster^Berta||19700101|F\rORC|RE|P1|F1\r\
    OBR|1|P1|F1|CTTHX^CT Thorax^99HAUS|||20261129101500|||||||||||A1||||20261129113000|||F\r\
    OBX|1|ED|18748-4^Report^LN||^application^PDF^Base64^JVBERi0xLjQKJcOkw7zDtsOfCg==||||||F\r";

/// One case through everything: an order becomes a scheduled step, the modality tells what it does and sends images, the study is
/// complete and the RIS hears of it, the report comes back as a PDF and lies with the images.
#[test]
fn one_case_from_the_order_to_the_report() {
    let (ris, port, web) = (Sink::open(), free_port(), free_port());
    let to_ris = "[[destination]]\nto = \"ris\"\nretry = { first = \"50ms\", most = \"200ms\" }\n";
    let site = site(
        port,
        &format!("web = \"127.0.0.1:{web}\"\n"),
        &format!("[ris]\ntitle = \"RIS\"\nmllp = \"127.0.0.1:{}\"\n", ris.port),
        &[
            (
                "orders",
                "[source]\nmllp = { listen = \"127.0.0.1:0\", from = \"kis\" }\n\
                 [[step]]\nworklist = { table = \"procedures\" }\n[[destination]]\nworklist = {}\n",
            ),
            (
                "status",
                &format!(
                    "format = \"dicom\"\n[source]\narchive = {{ on = \"performed\" }}\n\
                     [[step]]\nto-hl7 = {{ message = \"OMG^O19\" }}\n[[step]]\nset = {{ \"MSH-5\" = \"RIS\" }}\n{to_ris}"
                ),
            ),
            (
                "studies",
                &format!(
                    "format = \"dicom\"\n[source]\narchive = {{ on = \"study\" }}\n\
                     [[step]]\nonly = {{ ModalitiesInStudy = {{ contains = \"CT\" }} }}\n\
                     [[step]]\nto-hl7 = {{ link = \"https://viewer.example/{{StudyInstanceUID}}\" }}\n{to_ris}"
                ),
            ),
            (
                "reports",
                "[source]\nmllp = { listen = \"127.0.0.1:0\", from = \"ris-in\" }\n\
                 [[step]]\nto-dicom = { title = \"Befund\" }\n[[destination]]\narchive = {}\n",
            ),
        ],
    );
    with_console(&site);
    let serve = site.serve();
    let archive = format!("KLINKE@127.0.0.1:{port}");
    let find = |more: &[&str]| {
        let arguments = [&["--json", "dicom", "find", &archive][..], more, &["--from", "CT1"]].concat();
        let found = klinke(&arguments);
        serde_json::from_str::<serde_json::Value>(&found.out).unwrap_or_default()
    };

    Line::open(&serve.address("orders")).send(ORDER.as_bytes()).unwrap();
    let step = || find(&["--worklist", "PatientID=4711"]);
    serve.wait_for("the step in the worklist", || step()[0]["00080050"]["Value"][0] == "A1");
    let study = step()[0]["0020000D"]["Value"][0].as_str().unwrap().to_owned();

    tell(port, "1.9.1", "IN PROGRESS", &study, &[]);
    let begun = String::from_utf8(ris.wait_for(1)[0].clone()).unwrap();
    assert!(begun.contains("|OMG^O19^OMG_O19|") && begun.contains("\rORC|SC|P1|F1||IP|"), "{begun}");
    let files = tempfile::tempdir().unwrap();
    for number in 1..=3 {
        std::fs::write(files.path().join(format!("{number}.dcm")), instance(&study, number, "CT")).unwrap();
    }
    send(files.path(), port);
    tell(port, "1.9.1", "COMPLETED", &study, &[1, 2, 3]);
    let told: Vec<String> =
        ris.wait_for(3).into_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect();
    let with =
        |text: &str| told.iter().find(|one| one.contains(text)).unwrap_or_else(|| panic!("{text}: {told:?}"));
    assert!(with("\rORC|SC|P1|F1||CM|").contains("|OMG^O19^OMG_O19|"));
    let result = with("|ORU^R01^ORU_R01|");
    for part in [
        "\rPID|1||4711^^^KIS^PI||Muster^Berta\r",
        "|P1|F1|CTTHX^CT Thorax^99HAUS|",
        &format!("OBX|1|ST|113014^DICOM Study^DCM||{study}|"),
        "OBX|3|NM|00201208^Number of Study Related Instances^L||3|",
        &format!("||https://viewer.example/{study}^"),
    ] {
        assert!(result.contains(part), "{part}: {result}");
    }

    Line::open(&serve.address("reports")).send(REPORT.as_bytes()).unwrap();
    let documents = || find(&["--level", "series", &format!("StudyInstanceUID={study}"), "Modality=DOC"]);
    serve.wait_for("the report in the archive", || documents()[0]["0008103E"]["Value"][0] == "Befund");
    let mut boss = Browser::enter(&serve, &site, "boss", "administrator");
    let token = format!("Bearer {}", boss.token(&["view-payload"]));
    let path = "/dicom-web/instances?AccessionNumber=A1&Modality=DOC&includefield=DocumentTitle";
    let found =
        http(&format!("127.0.0.1:{web}"), "GET", path, &[("Authorization", &token)], b"").ended(200).json();
    assert_eq!(
        (&found[0]["00420010"]["Value"][0], &found[0]["0020000D"]["Value"][0]),
        (&"Befund".into(), &study.clone().into())
    );
    let log = serve.log();
    assert!(!log.contains("Muster") && !log.contains("4711"), "no patient in the log: {log}");
    serve.stop();
    klinke(&["archive", site.path(), "verify"]).ended(0);
    // What was made of the report is an Encapsulated PDF by the standard's own measure, too.
    let disc = tempfile::tempdir().unwrap();
    let to = disc.path().join("medium");
    klinke(&["archive", site.path(), "export", "--study", &study, "--to", to.to_str().unwrap()]).ended(0);
    let mut checked = 0;
    for place in std::fs::read_dir(to.join("DICOM/ST000001")).unwrap() {
        let file = place.unwrap().path().join("IM000001");
        let Some(output) = peer(Command::new("dciodvfy").arg(&file)) else { return };
        let text = said(&output);
        if text.contains("EncapsulatedPDF") {
            checked += 1;
            assert!(!text.contains("Error"), "{text}");
        }
    }
    assert_eq!(checked, 1);
}

/// A technician at night: is the PACS away, does it not know us, is it called otherwise, or is it none?
#[test]
fn a_pacs_that_does_not_take_us_says_why() {
    let (port, far_port) = (free_port(), free_port());
    let far = site(far_port, "", "", &[]);
    let to = |title: &str, port: u16| {
        format!(
            "[pacs]\ntitle = \"PACS\"\ndicom = {{ ae_title = \"{title}\", address = \"127.0.0.1:{port}\", calling = \"NEAR\" }}\n"
        )
    };
    let route =
        "format = \"dicom\"\n[source]\narchive = { on = \"instance\" }\n[[destination]]\nto = \"pacs\"\n";
    let near = |title: &str, port_of_pacs: u16| site(port, "", &to(title, port_of_pacs), &[("route", route)]);
    let told = |site: &Site| {
        let serve = site.serve();
        let told = site.json("diagnose", &["pacs"]);
        serve.stop();
        ["verdict", "layer", "cause"].map(|key| told[key].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(told(&near("KLINKE", far_port)), ["setup", "tcp", "wrong-port"], "nothing listens");
    let fars = far.serve();
    assert_eq!(told(&near("KLINKE", far_port)), ["setup", "protocol", "ae-title-calling"]);
    let systems = std::fs::read_to_string(far.folder().join("systems.toml")).unwrap();
    far.write("systems.toml", &format!("{systems}\n[near]\ndicom = {{ ae_title = \"NEAR\" }}\n"));
    fars.signal("HUP");
    let well = near("KLINKE", far_port);
    wait_for("the other one to know us", || told(&well)[0] == "none");
    assert_eq!(told(&near("PACS", far_port)), ["setup", "protocol", "ae-title-called"]);
    fars.stop();
    let hl7 = Sink::open();
    let nobody = told(&near("KLINKE", hl7.port));
    assert_eq!(
        (nobody[0].as_str(), nobody[1].as_str()),
        ("software", "answer"),
        "it takes and does not answer"
    );
}

/// What an archive tells another one: what is begun, what is over, what can be had. The other one hears of the beginning although it
/// was away then.
#[test]
fn an_archive_tells_another_of_steps_and_of_what_can_be_had() {
    let (port, far_port) = (free_port(), free_port());
    let into = |folder: &str| {
        format!("[[destination]]\nfile = {{ folder = \"{folder}\", name = \"{{id}}.json\" }}\n")
    };
    let hears =
        |on: &str| format!("format = \"dicom\"\n[source]\narchive = {{ on = \"{on}\" }}\n{}", into(on));
    let far = site(
        far_port,
        "accept = \"any\"\n",
        "",
        &[("steps", &hears("performed")), ("notices", &hears("availability"))],
    );
    for on in ["performed", "availability"] {
        std::fs::create_dir_all(far.folder().join(on)).unwrap();
    }
    let tells = |on: &str| {
        format!(
            "format = \"dicom\"\n[source]\narchive = {{ on = \"{on}\" }}\n\
             [[destination]]\nto = \"far\"\nretry = {{ first = \"50ms\", most = \"200ms\" }}\n"
        )
    };
    let systems = format!(
        "[far]\ndicom = {{ ae_title = \"KLINKE\", address = \"127.0.0.1:{far_port}\", calling = \"NEAR\" }}\n"
    );
    let near = site(
        port,
        "complete = { by = [\"performed\"] }\n",
        &systems,
        &[("steps", &tells("performed")), ("studies", &tells("study"))],
    );
    let serve = near.serve();
    tell(port, "1.9.1", "IN PROGRESS", "1.2.3", &[]);
    let fars = far.serve();
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("1.dcm"), instance("1.2.3", 1, "CT")).unwrap();
    send(files.path(), port);
    tell(port, "1.9.1", "COMPLETED", "1.2.3", &[1]);
    let heard = |on: &str| -> Vec<serde_json::Value> {
        let mut all: Vec<_> =
            std::fs::read_dir(far.folder().join(on)).unwrap().map(|one| one.unwrap().path()).collect();
        // By their numbers, which have no zeros before them.
        all.sort_by_key(|path| path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok()));
        all.iter().filter_map(|path| serde_json::from_slice(&std::fs::read(path).ok()?).ok()).collect()
    };
    fars.wait_for("all to be told", || heard("performed").len() == 2 && heard("availability").len() == 1);
    let steps = heard("performed");
    let progress: Vec<_> = steps.iter().map(|one| &one["00400252"]["Value"][0]).collect();
    assert_eq!(progress, ["IN PROGRESS", "COMPLETED"]);
    assert_eq!(
        (&steps[1]["00080018"]["Value"][0], &steps[1]["00100020"]["Value"][0]),
        (&"1.9.1".into(), &"4711".into())
    );
    let made = &steps[1]["00400340"]["Value"][0]["00081140"]["Value"][0]["00081155"]["Value"][0];
    assert_eq!(made, "1.2.3.1.1");
    let notice = &heard("availability")[0];
    assert_eq!(notice["0020000D"]["Value"][0], "1.2.3");
    let given = &notice["00081115"]["Value"][0]["00081199"]["Value"][0];
    assert_eq!(
        (&given["00081155"]["Value"][0], &given["00080054"]["Value"][0]),
        (&"1.2.3.1.1".into(), &"KLINKE".into())
    );
    assert_eq!(given["00080056"]["Value"][0], "ONLINE");
    serve.stop();
    fars.stop();
}

/// The process is killed again and again while instances come: the channel gets all of them, and of each kill at most one twice.
#[test]
fn a_kill_loses_no_event_and_repeats_at_most_one() {
    const KILLS: usize = 4;
    const EACH: usize = 12;
    let port = free_port();
    let site = site(
        port,
        "",
        "",
        &[(
            "images",
            "format = \"dicom\"\n[source]\narchive = { on = \"instance\" }\n\
             [[destination]]\nfile = { folder = \"out\", name = \"{id}-{part}.dcm\" }\n",
        )],
    );
    std::fs::create_dir_all(site.folder().join("out")).unwrap();
    let mut sent = 0;
    for round in 0..=KILLS {
        let serve = site.serve();
        let files = tempfile::tempdir().unwrap();
        for _ in 0..EACH {
            sent += 1;
            std::fs::write(files.path().join(format!("{sent}.dcm")), instance("1.2.3", sent, "CT")).unwrap();
        }
        send(files.path(), port);
        if round < KILLS {
            std::thread::sleep(Duration::from_millis(3 * round as u64));
            serve.kill();
            continue;
        }
        serve.wait_for("all instances", || arrived(&site).len() == sent);
        serve.stop();
    }
    let arrived = arrived(&site);
    assert!(arrived.values().sum::<usize>() <= sent + KILLS, "{arrived:?}");
}

/// How often each instance lies in the folder.
fn arrived(site: &Site) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(site.folder().join("out")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "dcm") {
            let bytes = std::fs::read(path).unwrap();
            let opened = file::open(bytes, &data::Limits::default(), data::PixelDataUse::Read).unwrap();
            *all.entry(opened.set.ascii(tags::SOP_INSTANCE_UID).unwrap().to_owned()).or_default() += 1;
        }
    }
    all
}

/// Routing as a channel: by attributes, with edits, by C-STORE and by STOW-RS.
#[test]
fn instances_are_routed_by_what_they_say() {
    let (port, target_port, web) = (free_port(), free_port(), free_port());
    let target = site(target_port, &format!("web = \"127.0.0.1:{web}\"\naccept = \"any\"\n"), "", &[]);
    with_console(&target);
    let targets = target.serve();
    let mut boss = Browser::enter(&targets, &target, "boss", "administrator");
    let token = boss.token(&["view-payload", "act"]);
    let from = site(
        port,
        "",
        &format!("[pacs]\ndicom = {{ ae_title = \"KLINKE\", address = \"127.0.0.1:{target_port}\" }}\n"),
        &[],
    );
    from.write("secrets/token", &token);
    from.write("secrets/research.key", "0123456789abcdef0123456789abcdef\n");
    from.write(
        "channels/route.toml",
        &format!(
            "format = \"dicom\"\n[source]\narchive = {{ on = \"instance\" }}\n\
             [[step]]\nonly = {{ Modality = \"CT\", StationName = {{ starts = \"CT\" }} }}\n\
             [[step]]\nset = {{ InstitutionName = \"Haus Nord\" }}\n\
             [[destination]]\nto = \"pacs\"\n\
             [[destination]]\nname = \"research\"\n\
             stow = {{ url = \"http://127.0.0.1:{web}/dicom-web/studies\", bearer = {{ file = \"secrets/token\" }} }}\n\
             [[destination.step]]\ndeidentify = {{ key = \"${{file:secrets/research.key}}\" }}\n\
             [[destination.step]]\ntranscode = \"rle\"\n"
        ),
    );
    klinke(&["check", from.path()]).ended(0);
    let serve = from.serve();
    let files = tempfile::tempdir().unwrap();
    for (number, modality) in [(1, "CT"), (2, "MR"), (3, "CT")] {
        std::fs::write(files.path().join(format!("{number}.dcm")), instance("1.2.3", number, modality))
            .unwrap();
    }
    send(files.path(), port);
    serve.wait_for("the deliveries", || {
        let status = from.json("status", &[]);
        let delivered = |at: usize| status["channels"][0]["destinations"][at]["delivered"] == 2;
        delivered(0) && delivered(1)
    });
    let token = format!("Bearer {token}");
    let ask = |path: &str| {
        http(&format!("127.0.0.1:{web}"), "GET", path, &[("Authorization", &token)], b"").ended(200).json()
    };
    let routed = ask("/dicom-web/studies/1.2.3/instances?includefield=InstitutionName,PatientID");
    assert_eq!(routed.as_array().unwrap().len(), 2);
    assert_eq!(routed[0]["00080080"]["Value"][0], "Haus Nord");
    let all = ask("/dicom-web/instances?includefield=all");
    let research: Vec<_> =
        all.as_array().unwrap().iter().filter(|one| one["0020000D"]["Value"][0] != "1.2.3").collect();
    assert_eq!(research.len(), 2);
    assert!(!serde_json::to_string(&research).unwrap().contains("4711"));
    wait_for("the trace", || klinke(&["status", from.path()]).out.contains("route"));
    serve.stop();
    targets.stop();
}
