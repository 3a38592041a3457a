//! Earlier studies of patients who are scheduled, out of Orthanc, DCMTK's `dcmqrscp` and another site.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::time::Duration;

use klinke_archive::change::Decision;
use klinke_archive::index::Selection;
use klinke_archive::{Archive, Options};
use klinke_dimse::data::{self, DataSet};
use klinke_dimse::file::Meta;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags};
use klinke_model::Timestamp;
use klinke_testkit::free_port;
use serde_json::Value;

use crate::support::old::{Orthanc, dcmqrscp};
use crate::support::partner::Line;
use crate::support::{Serve, Site, klinke};

const KLINKE: &str = "KLINKE";
const DAY: Duration = Duration::from_secs(86_400);

/// A study of a far archive.
struct Study<'a> {
    uid: &'a str,
    patient: &'a str,
    born: &'a str,
    date: &'a str,
    modality: &'a str,
    description: &'a str,
}

const fn study<'a>(uid: &'a str, date: &'a str, modality: &'a str) -> Study<'a> {
    Study { uid, patient: "4711", born: "19700101", date, modality, description: "CT Thorax" }
}

/// Three instances of each, put into an archive: `AE@host:port`.
fn store(partner: &str, studies: &[Study<'_>]) {
    let folder = tempfile::tempdir().unwrap();
    for study in studies {
        (0..3).for_each(|number| write(folder.path(), study, number));
    }
    klinke(&["dicom", "store", partner, folder.path().to_str().unwrap(), "--from", "SENDER"]).ended(0);
}

/// Some instances of a study of a day.
pub fn store_on(partner: &str, uid: &str, date: &str, numbers: std::ops::Range<usize>) {
    let folder = tempfile::tempdir().unwrap();
    numbers.for_each(|number| write(folder.path(), &study(uid, date, "CT"), number));
    klinke(&["dicom", "store", partner, folder.path().to_str().unwrap(), "--from", "SENDER"]).ended(0);
}

fn write(folder: &Path, study: &Study<'_>, number: usize) {
    const SR: &str = "1.2.840.10008.5.1.4.1.1.88.11";
    let uid = format!("{}.1.{number}", study.uid);
    let mut set = DataSet::new();
    for (tag, vr, text) in [
        (tags::SOP_CLASS_UID, VR::UI, SR),
        (tags::SOP_INSTANCE_UID, VR::UI, &*uid),
        (tags::STUDY_DATE, VR::DA, study.date),
        (tags::STUDY_TIME, VR::TM, "1200"),
        (tags::MODALITY, VR::CS, study.modality),
        (tags::STUDY_DESCRIPTION, VR::LO, study.description),
        (tags::PATIENT_NAME, VR::PN, "Muster^Berta"),
        (tags::PATIENT_ID, VR::LO, study.patient),
        (tags::PATIENT_BIRTH_DATE, VR::DA, study.born),
        (tags::STUDY_INSTANCE_UID, VR::UI, study.uid),
        (tags::SERIES_INSTANCE_UID, VR::UI, &format!("{}.1", study.uid)),
        (tags::INSTANCE_NUMBER, VR::IS, &number.to_string()),
    ] {
        set.put_ascii(tag, vr, text);
    }
    let syntax = TransferSyntax::EXPLICIT;
    let mut bytes = Meta::of(SR, &uid, syntax.uid()).to_bytes();
    bytes.extend(data::write(&set, &syntax).unwrap());
    std::fs::write(folder.join(format!("{uid}.dcm")), bytes).unwrap();
}

/// A site with an archive and a worklist that is filled by orders; `priors` stands in `[[archive.priors]]`.
fn site(port: u16, far: &str, priors: &str) -> Site {
    let site = Site::new();
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    let archive = format!(
        "[archive]\nae_title = \"{KLINKE}\"\nlisten = \"127.0.0.1:{port}\"\nreserve = \"1MB\"\n\
         [[archive.priors]]\nfrom = \"far\"\npause = \"100ms\"\nsettle = \"2s\"\n{priors}"
    );
    site.write("klinke.toml", &format!("{node}\n{archive}"));
    site.write("systems.toml", &format!("[kis]\ntitle = \"KIS\"\n[far]\ntitle = \"The far PACS\"\n{far}\n"));
    site.write("tables/procedures.csv", "code,modality,station\nCTTHX,CT,CT1\n");
    site.write(
        "channels/orders.toml",
        "[source]\nmllp = { listen = \"127.0.0.1:0\", from = \"kis\" }\n\
         [[step]]\nworklist = { table = \"procedures\" }\n[[destination]]\nworklist = {}\n",
    );
    klinke(&["check", site.path()]).ended(0);
    site
}

fn dicom(title: &str, port: u16) -> String {
    format!("dicom = {{ ae_title = \"{title}\", address = \"127.0.0.1:{port}\" }}")
}

/// An order for a patient, to begin so long from now.
fn order(serve: &Serve<'_>, accession: &str, patient: &str, begins_in: Duration) {
    let (year, month, day, hour, minute, ..) = Timestamp::now().after(begins_in).parts();
    let begins = format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}");
    let message = format!(
        "MSH|^~\\&|KIS|HAUS|RIS|RAD|20261129080000||ORM^O01|{accession}|P|2.5.1||||||UNICODE UTF-8\r\
         PID|1||{patient}^^^KIS^PI||Muster^Berta||19700101|F\rORC|NW|P1|F1\r\
         OBR|1|P1|F1|CTTHX^CT Thorax^99HAUS||||||||||||||{accession}|RP1|||||||||||||||||{begins}\r"
    );
    let answer = Line::open(&serve.address("orders")).send(message.as_bytes()).unwrap();
    assert!(String::from_utf8_lossy(&answer).contains("MSA|AA"));
}

fn priors(site: &Site) -> Value {
    site.json("archive", &["priors"])[0].clone()
}

fn archive(site: &Site) -> Archive {
    Archive::open(&site.folder().join("archive"), Options { reserve_bytes: 1 << 20, ..Options::default() })
        .unwrap()
}

/// What the archive has: the studies, each with how many instances, and those that came at or after a time.
fn here(site: &Site, since: Timestamp) -> (Vec<(String, usize)>, Vec<String>) {
    let all = archive(site).instances(&Selection::default(), 0, 1_000).unwrap();
    let mut studies = std::collections::BTreeMap::<String, usize>::new();
    all.iter().for_each(|one| *studies.entry(one.study.clone()).or_default() += 1);
    let late = all.into_iter().filter(|one| one.file.arrived >= since).map(|one| one.uid).collect();
    (studies.into_iter().collect(), late)
}

fn three_each(uids: &[&str]) -> Vec<(String, usize)> {
    uids.iter().map(|uid| ((*uid).to_owned(), 3)).collect()
}

/// By C-MOVE out of an Orthanc: the newest two of the patient, nobody else's, not before it is time; what was lost comes again alone.
#[test]
fn an_order_brings_the_newest_priors_of_the_patient_and_only_what_is_missing_comes_again() {
    let (ours, port) = (free_port(), free_port());
    let modality = format!("\"DicomModalities\": {{ \"klinke\": [\"{KLINKE}\", \"127.0.0.1\", {ours}] }}");
    let Some(orthanc) = Orthanc::start(port, None, &modality) else { return };
    store(
        &format!("{}@127.0.0.1:{port}", orthanc.title),
        &[
            study("1.2.1", "20200101", "CT"),
            study("1.2.2", "20240101", "CT"),
            study("1.2.3", "20230101", "MR"),
            study("1.2.4", "20260101", "US"),
            Study { patient: "47110", ..study("1.2.5", "20250101", "CT") },
            Study { born: "19991231", ..study("1.2.6", "20250101", "CT") },
            Study { patient: "4712", ..study("1.2.7", "20250101", "CT") },
        ],
    );
    let rules = "way = \"move\"\nmost = 2\nmodality = [\"CT\", \"MR\"]\nbefore = \"24h\"\n";
    let site = site(ours, &dicom(orthanc.title, port), rules);
    let serve = site.serve();
    order(&serve, "A1", "4711", Duration::from_secs(3 * 3600));
    order(&serve, "A2", "4712", 5 * DAY);
    serve.wait_for("the priors", || priors(&site)["taken"] == 2 && priors(&site)["waiting"] == 1);
    let shown = priors(&site);
    assert_eq!(
        (&shown["waiting"], &shown["asked"], &shown["instances"]),
        (&1.into(), &1.into(), &6.into()),
        "{shown}"
    );
    let open = shown["open"].as_array().unwrap();
    assert!(
        open[0]["reason"].as_str().unwrap().contains("1 of the studies under this Patient ID"),
        "{shown}"
    );
    assert_eq!((&open[1]["state"], &open[1]["tries"]), (&"waiting".into(), &0.into()), "{shown}");
    assert!(!shown.to_string().contains("4711"), "it names a patient: {shown}");
    let said = klinke(&["archive", site.path(), "priors"]).ended(0).out;
    assert!(said.contains("2 here") && said.contains("another birth date"), "{said}");
    serve.kill();
    assert_eq!(here(&site, Timestamp(0)).0, three_each(&["1.2.2", "1.2.3"]));

    // One instance is lost. Another examination is scheduled: it alone comes.
    let of = Selection { instances: vec!["1.2.3.1.1".to_owned()], ..Selection::default() };
    let why = Decision { who: "test".to_owned(), at: Timestamp::now(), ..Decision::default() };
    assert_eq!(archive(&site).throw(&of, &why).unwrap(), 1);
    let since = Timestamp::now();
    let serve = site.serve();
    order(&serve, "A3", "4711", Duration::from_secs(3600));
    serve.wait_for("what is missing", || priors(&site)["asked"] == 2 && priors(&site)["taken"] == 2);
    serve.stop();
    let (studies, late) = here(&site, since);
    assert_eq!((studies, late), (three_each(&["1.2.2", "1.2.3"]), vec!["1.2.3.1.1".to_owned()]));
}

/// By C-GET out of DCMTK's archive, which is not there at first: what is to be asked survives the program.
#[test]
fn a_far_archive_that_is_away_is_asked_when_it_is_back_also_after_a_restart() {
    let (ours, port) = (free_port(), free_port());
    let site =
        site(ours, &dicom("OLD", port), "way = \"get\"\nsame_modality = true\nnewest_within = \"36500d\"\n");
    let serve = site.serve();
    order(&serve, "A1", "4711", Duration::from_secs(3600));
    serve.wait_for("why it waits", || priors(&site)["open"][0]["reason"].is_string());
    let shown = priors(&site);
    assert_eq!((&shown["waiting"], &shown["open"][0]["state"]), (&1.into(), &"waiting".into()), "{shown}");
    assert_eq!(shown["open"][0]["tries"], 0, "nothing was asked: {shown}");
    serve.kill();
    let folder = tempfile::tempdir().unwrap();
    let Some(_server) = dcmqrscp(folder.path(), port, KLINKE, ours) else { return };
    store(
        &format!("OLD@127.0.0.1:{port}"),
        &[study("1.2.1", "20200101", "CT"), study("1.2.2", "20240101", "MR")],
    );
    let serve = site.serve();
    serve.wait_for("the prior", || priors(&site)["taken"] == 1);
    serve.stop();
    assert_eq!(here(&site, Timestamp(0)).0, three_each(&["1.2.1"]));
}

/// Over DICOMweb.
#[test]
fn priors_come_over_dicomweb_by_their_description() {
    let (ours, port, web) = (free_port(), free_port(), free_port());
    let Some(orthanc) = Orthanc::start(port, Some(web), "\"StorageCompression\": false") else { return };
    store(
        &format!("{}@127.0.0.1:{port}", orthanc.title),
        &[
            study("1.2.1", "20240101", "CT"),
            Study { description: "MR Knie", ..study("1.2.2", "20250101", "MR") },
            Study { patient: "47110", ..study("1.2.3", "20250101", "CT") },
        ],
    );
    let rules = format!(
        "way = \"web\"\nweb = {{ url = \"http://127.0.0.1:{web}/dicom-web\" }}\n\
         for_procedure = [\"*thorax*\"]\ndescription = [\"*thorax*\"]\n"
    );
    let site = site(ours, "", &rules);
    let serve = site.serve();
    order(&serve, "A1", "4711", Duration::from_secs(3600));
    serve.wait_for("the prior", || priors(&site)["taken"] == 1);
    serve.stop();
    assert_eq!(here(&site, Timestamp(0)).0, three_each(&["1.2.1"]));
}

/// Another site of ours, which refuses us at first: it is tried so often, and then a person has to look.
#[test]
fn what_is_refused_is_shown_and_tried_again_when_a_person_says_so() {
    let (ours, port) = (free_port(), free_port());
    let far = Site::new();
    let node = std::fs::read_to_string(far.folder().join("klinke.toml")).unwrap();
    let far_archive = |more: &str| {
        let table = format!(
            "[archive]\nae_title = \"FAR\"\nlisten = \"127.0.0.1:{port}\"\nreserve = \"1MB\"\n{more}"
        );
        far.write("klinke.toml", &format!("{node}\n{table}"));
    };
    far_archive("accept = \"any\"\n");
    let of_far = |may: &str| {
        let ours = format!("ae_title = \"{KLINKE}\", address = \"127.0.0.1:{ours}\"");
        far.write("systems.toml", &format!("[klinke]\ndicom = {{ {ours}, may = {may} }}\n"));
    };
    of_far("[\"store\"]");
    let serve_far = far.serve();
    store(&format!("FAR@127.0.0.1:{port}"), &[study("1.2.1", "20240101", "CT")]);
    let site = site(ours, &dicom("FAR", port), "way = \"get\"\ntries = 1\n");
    let serve = site.serve();
    order(&serve, "A1", "4711", Duration::from_secs(3600));
    serve.wait_for("that it is refused", || priors(&site)["unanswered"] == 1);
    let shown = priors(&site);
    assert_eq!(
        (&shown["open"][0]["state"], &shown["open"][0]["due"]),
        (&"failed".into(), &Value::Null),
        "{shown}"
    );
    assert!(shown["open"][0]["reason"].as_str().unwrap().contains("C-FIND"), "{shown}");

    serve_far.stop();
    of_far("[\"find\", \"retrieve\"]");
    let serve_far = far.serve();
    let again = klinke(&["--json", "archive", site.path(), "priors", "--again"]).ended(0).json();
    assert_eq!((&again["steps"], &again["studies"]), (&1.into(), &0.into()));
    serve.wait_for("the prior", || priors(&site)["taken"] == 1);
    serve.stop();
    serve_far.stop();
    assert_eq!(here(&site, Timestamp(0)).0, three_each(&["1.2.1"]));
}

/// Cache and forward: what is stored here goes to a far archive, and from here only when it is acknowledged there. What was fetched
/// from there does not go back.
#[test]
fn retention_waits_until_the_far_archive_has_acknowledged() {
    let (ours, port) = (free_port(), free_port());
    let site = site(ours, &dicom("OLD", port), "way = \"get\"\n");
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    let cache = "[[archive.retention]]\nname = \"cache\"\nafter = \"1d\"\nsent = [\"forward\"]\n";
    let check = |node: &str, told: &str| {
        site.write("klinke.toml", &format!("{node}{cache}"));
        let checked = klinke(&["check", site.path()]);
        let text = format!("{}{}", checked.out, checked.err);
        assert!(text.contains(told), "{told}: {text}");
    };
    let node = node.replace("listen =", "accept = \"any\"\nlisten =");
    let line = 1 + format!("{node}{cache}").lines().position(|one| one.starts_with("sent =")).unwrap();
    check(&node, &format!("klinke.toml:{line}:"));
    check(&node, "there is no channel `forward`");
    let forward = |on: &str| {
        let source = format!("[source]\narchive = {{ on = \"{on}\", except = [\"OLD\"] }}\n");
        let to = "[[destination]]\nto = \"far\"\nretry = { first = \"100ms\", most = \"500ms\" }\n";
        site.write("channels/forward.toml", &format!("format = \"dicom\"\n{source}{to}"));
    };
    forward("study");
    check(&node, "`forward` does not take instances");
    forward("instance");
    klinke(&["check", site.path()]).ended(0);

    let serve = site.serve();
    store(&format!("{KLINKE}@127.0.0.1:{ours}"), &[study("1.2.1", "20240101", "CT")]);
    let going = || site.json("archive", &["retention", "--dry-run"])[0].clone();
    let waiting = || site.json("status", &[]).to_string().contains("\"waiting\":3");
    serve.wait_for("what is to be sent", waiting);
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(going()["studies"], 0, "nothing is acknowledged yet");
    let folder = tempfile::tempdir().unwrap();
    let Some(_server) = dcmqrscp(folder.path(), port, KLINKE, ours) else { return };
    serve.wait_for("the far archive's acknowledgment", || going()["studies"] == 1);
    let found = klinke(&[
        "--json",
        "dicom",
        "find",
        &format!("OLD@127.0.0.1:{port}"),
        "--level",
        "study",
        "PatientID=4711",
    ]);
    assert!(found.out.contains("1.2.1"), "{} {}", found.out, found.err);
    // One that comes from there is nothing to wait for.
    store(&format!("OLD@127.0.0.1:{port}"), &[Study { patient: "4712", ..study("1.2.2", "20240101", "CT") }]);
    order(&serve, "A1", "4712", Duration::from_secs(3600));
    serve.wait_for("the prior", || priors(&site)["taken"] == 1);
    serve.wait_for("both", || going()["studies"] == 2);
    let taken = site.json("messages", &["search", "--channel", "forward"]);
    assert_eq!(taken.as_array().unwrap().len(), 3, "{taken}");
    klinke(&["archive", site.path(), "retention"]).ended(0);
    serve.stop();
    assert_eq!(here(&site, Timestamp(0)).0, []);
}

#[test]
fn what_is_said_wrongly_is_named_with_its_place() {
    let site = site(free_port(), &dicom("FAR", 1), "way = \"get\"\n");
    let good = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    for (wrong, line, told) in [
        (good.replace("from = \"far\"", "from = \"fra\""), "from = \"fra\"", "did you mean `far`?"),
        (good.replace("from = \"far\"", "from = \"kis\""), "from = \"kis\"", "`kis` has no `dicom` entry"),
        (good.replace("\"get\"", "\"web\""), "way = \"web\"", "`web` needs web"),
        (good.replace("\"get\"", "\"files\""), "way = \"files\"", "`files` is none of move, get, web"),
        (format!("{good}hours = [\"never\"]\n"), "hours = ", "is no opening time"),
        (format!("{good}most = 0\n"), "most = 0", "with 0 nothing could pass"),
        (
            format!("{good}[[archive.priors]]\nway = \"get\"\nfrom = \"far\" # two\n"),
            "# two",
            "there is another `far`",
        ),
        (format!("{good}moust = 3\n"), "moust = 3", "most"),
    ] {
        site.write("klinke.toml", &wrong);
        let checked = klinke(&["check", site.path()]).ended(1);
        let text = checked.out + &checked.err;
        let number = 1 + wrong.lines().position(|one| one.contains(line)).unwrap();
        assert!(text.contains(&format!("klinke.toml:{number}:")) && text.contains(told), "{line}: {text}");
    }
}
