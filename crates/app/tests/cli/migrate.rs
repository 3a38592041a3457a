//! Taking over an old archive: Orthanc, DCMTK's `dcmqrscp`, and an archive behind a line that breaks.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};

use klinke_archive::change::Decision;
use klinke_archive::index::Selection;
use klinke_archive::{Archive, Options};
use klinke_model::Timestamp;
use klinke_testkit::free_port;
use serde_json::Value;

use crate::support::old::{Lot, Orthanc, Proxy, dcmqrscp, store};
use crate::support::{Serve, Site, klinke};

const KLINKE: &str = "KLINKE";

/// A site with an archive, an old archive as a system, and what is said of taking it over.
fn site(port: u16, old: &str, migration: &str) -> Site {
    let site = Site::new();
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    let archive =
        format!("[archive]\nae_title = \"{KLINKE}\"\nlisten = \"127.0.0.1:{port}\"\nreserve = \"1MB\"\n");
    site.write("klinke.toml", &format!("{node}\n{archive}"));
    site.write("systems.toml", &format!("[old]\ntitle = \"The old PACS\"\n{old}\n"));
    let migration = format!(
        "system = \"old\"\nfrom = \"2020-01-01\"\nuntil = \"2020-12-31\"\npause = \"50ms\"\nsettle = \"2s\"\n{migration}"
    );
    site.write("migrations/old.toml", &migration);
    klinke(&["check", site.path()]).ended(0);
    site
}

fn dicom(title: &str, port: u16) -> String {
    format!("dicom = {{ ae_title = \"{title}\", address = \"127.0.0.1:{port}\" }}")
}

fn status(site: &Site) -> Value {
    site.json("migrate", &["status"])
}

fn count(status: &Value, state: &str) -> u64 {
    status["studies"][state].as_u64().unwrap_or(0)
}

/// Waits longer than for what takes a moment.
#[track_caller]
fn wait_long(serve: &Serve<'_>, what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(400), "waited in vain for {what}\n{}", serve.log());
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn archive(site: &Site) -> Archive {
    let options = Options { reserve_bytes: 1 << 20, ..Options::default() };
    Archive::open(&site.folder().join("archive"), options).unwrap()
}

fn throw(archive: &Archive, uid: &str) {
    let of = Selection { instances: vec![uid.to_owned()], ..Selection::default() };
    let why = Decision { who: "test".to_owned(), at: Timestamp::now(), ..Decision::default() };
    assert_eq!(archive.throw(&of, &why).unwrap(), 1);
}

/// 420 studies with 5 instances each out of an Orthanc that answers with 100 matches at most, by C-MOVE, while the site
/// serves; the site is killed on the way.
#[test]
fn orthanc_with_a_result_cap_is_taken_over_through_kill_9_and_what_is_deleted_comes_again_alone() {
    let (ours, port) = (free_port(), free_port());
    let lot = Lot { studies: 420, instances: 5, days: 60 };
    let modality = format!("\"klinke\": [\"{KLINKE}\", \"127.0.0.1\", {ours}]");
    let settings = format!("\"LimitFindResults\": 100, \"DicomModalities\": {{ {modality} }}");
    let Some(orthanc) = Orthanc::start(port, None, &settings) else { return };
    store(&format!("{}@127.0.0.1:{port}", orthanc.title), &lot);
    let site = site(ours, &dicom(orthanc.title, port), "way = \"move\"\nassociations = 3\n");

    // The inventory finds the cap, and all behind it.
    let planned = site.json("migrate", &["plan"]);
    assert_eq!((&planned["studies"], &planned["instances"]), (&420.into(), &2_100.into()), "{planned}");
    assert_eq!(planned["cap"], "100");

    let serve = site.serve();
    klinke(&["migrate", site.path(), "run", "--background"]).ended(0);
    // One that is asked for comes before the others, which come newest first.
    klinke(&["migrate", site.path(), "first", &lot.study(0)]).ended(0);
    klinke(&["migrate", site.path(), "first", "nobody"]).ended(1);
    wait_long(&serve, "some studies", || count(&status(&site), "taken") > 40);
    let taken = |number| {
        let report = site.json("migrate", &["report"]);
        let all = report["all_studies"].as_array().unwrap();
        all.iter().any(|one| one["study"] == lot.study(number) && one["state"] == "taken")
    };
    assert!(taken(0) && !taken(60), "the oldest one came first, as it was asked for");
    serve.kill();
    let before = status(&site);
    assert!(count(&before, "taken") < 420, "it was over before it was killed: {before}");

    // It goes on by itself.
    let serve = site.serve();
    wait_long(&serve, "all studies", || count(&status(&site), "taken") == 420);
    let done = status(&site);
    assert_eq!(done["instances"]["here"], 2_100, "{done}");
    let verified = site.json("migrate", &["verify"]);
    assert_eq!((&verified["verified"], &verified["missing"]), (&420.into(), &0.into()), "{verified}");
    serve.stop();

    // One is deleted from ours: the check finds it, and it alone comes again.
    let gone = lot.instance(7, 3);
    throw(&archive(&site), &gone);
    let since = Timestamp::now();
    let serve = site.serve();
    let checked = klinke(&["--json", "migrate", site.path(), "verify"]).ended(1).json();
    assert_eq!((&checked["partly"], &checked["missing"]), (&1.into(), &1.into()), "{checked}");
    let report = site.json("migrate", &["report"]);
    let study = report["all_studies"].as_array().unwrap().iter().find(|one| one["study"] == lot.study(7));
    assert_eq!(study.unwrap()["missing"][0]["instance"], gone);
    assert_eq!(report["complete"], false);
    klinke(&["migrate", site.path(), "run"]).ended(0);
    klinke(&["migrate", site.path(), "verify"]).ended(0);
    serve.stop();
    let all = archive(&site).instances(&Selection::default(), 0, 10_000).unwrap();
    let again: Vec<_> = all.iter().filter(|one| one.file.arrived >= since).map(|one| &one.uid).collect();
    assert_eq!((all.len(), again), (2_100, vec![&gone]));

    // What a hospital signs.
    let page = site.folder().join("report.html");
    klinke(&["migrate", site.path(), "report", "--to", page.to_str().unwrap()]).ended(0);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("of the inventory was found in the new archive"), "{page}");
    // With this cap nobody can know whether there are more studies without a date than were told.
    assert!(page.contains("The old PACS") && page.contains("without a date, CT"), "{page}");
    assert!(!page.contains("Muster") && !page.contains(&lot.patient(7)), "the report names a patient");
}

/// QIDO-RS and WADO-RS, and the storage folder of the same program, which keeps its files packed.
#[test]
fn orthanc_is_taken_over_by_dicomweb_and_out_of_its_storage_folder() {
    let (ours, port, web) = (free_port(), free_port(), free_port());
    let lot = Lot { studies: 12, instances: 3, days: 30 };
    let Some(orthanc) = Orthanc::start(port, Some(web), "\"StorageCompression\": true") else { return };
    store(&format!("{}@127.0.0.1:{port}", orthanc.title), &lot);

    let migration = format!(
        "way = \"web\"\ncompare = 1000\nweb = {{ url = \"http://127.0.0.1:{web}/dicom-web\", page = 5 }}\n"
    );
    let by_web = site(ours, "", &migration);
    klinke(&["migrate", by_web.path(), "run"]).ended(0);
    let checked = klinke(&["--json", "migrate", by_web.path(), "verify"]).ended(0).json();
    assert_eq!((&checked["verified"], &checked["compared"]), (&12.into(), &36.into()), "{checked}");
    assert_eq!((&checked["different"], &checked["uncompared"]), (&0.into(), &0.into()), "{checked}");

    let folder = orthanc.folder();
    let migration = format!("way = \"files\"\nfolder = \"{}\"\ncompare = 1000\n", folder.display());
    let by_files = site(ours, "", &migration);
    let planned = by_files.json("migrate", &["plan"]);
    assert_eq!((&planned["studies"], &planned["instances"]), (&12.into(), &36.into()), "{planned}");
    klinke(&["migrate", by_files.path(), "run"]).ended(0);
    let checked = klinke(&["--json", "migrate", by_files.path(), "verify"]).ended(0).json();
    assert_eq!((&checked["verified"], &checked["different"]), (&12.into(), &0.into()), "{checked}");
    // Byte for byte the same as over the network.
    let hashes = |site: &Site| -> Vec<_> {
        let mut all = archive(site).instances(&Selection::default(), 0, 100).unwrap();
        all.sort_by(|one, other| one.uid.cmp(&other.uid));
        all.into_iter().map(|one| one.file.hash).collect()
    };
    assert_eq!((hashes(&by_web).len(), hashes(&by_web)), (36, hashes(&by_files)));
}

/// By C-GET, in the process of the command: nothing serves the site.
#[test]
fn dcmqrscp_is_taken_over_by_c_get_while_nothing_serves() {
    let (ours, port) = (free_port(), free_port());
    let lot = Lot { studies: 6, instances: 4, days: 10 };
    let folder = tempfile::tempdir().unwrap();
    let Some(_server) = dcmqrscp(folder.path(), port, KLINKE, ours) else { return };
    store(&format!("OLD@127.0.0.1:{port}"), &lot);
    let by_get = site(ours, &dicom("OLD", port), "way = \"get\"\ncompare = 1000\n");
    let ran = klinke(&["migrate", by_get.path(), "run"]).ended(0).out;
    // It does not say how many instances a study has.
    assert!(
        ran.contains("24 instances are here") && ran.contains("6 studies are not counted there"),
        "{ran}"
    );
    let checked = klinke(&["--json", "migrate", by_get.path(), "verify"]).ended(0).json();
    assert_eq!((&checked["verified"], &checked["compared"]), (&6.into(), &24.into()), "{checked}");
    assert_eq!(checked["different"], 0);
    // The same by C-MOVE: this process listens for what comes.
    let by_move = site(ours, &dicom("OLD", port), "way = \"move\"\n");
    klinke(&["migrate", by_move.path(), "run"]).ended(0);
    assert_eq!(archive(&by_move).totals().unwrap().instances, 24);
}

/// Every third connection is refused, and every fifth breaks in the middle of a study.
#[test]
fn an_old_archive_that_refuses_and_breaks_off_loses_nothing() {
    let (old_port, ours) = (free_port(), free_port());
    let lot = Lot { studies: 20, instances: 6, days: 20 };
    let old = site(old_port, &dicom("X", 1), "way = \"get\"\n");
    let node = std::fs::read_to_string(old.folder().join("klinke.toml")).unwrap();
    old.write(
        "klinke.toml",
        &node.replace(KLINKE, "OLD").replace("[archive]", "[archive]\naccept = \"any\""),
    );
    let _serve = old.serve();
    store(&format!("OLD@127.0.0.1:{old_port}"), &lot);
    let proxy = Proxy::start(old_port, 3, 5, 8_000);
    let site = site(ours, &dicom("OLD", proxy.port), "way = \"get\"\nassociations = 3\ntries = 50\n");
    let began = Instant::now();
    // A try that broke off waits a minute for the next; with `--again` it does not.
    while count(&status(&site), "taken") < 20 {
        assert!(began.elapsed() < Duration::from_secs(240), "{}", status(&site));
        run_for(&site, Duration::from_secs(4));
    }
    assert!(proxy.refused() > 0 && proxy.broken() > 0, "nothing was refused or broken");
    let archive = archive(&site);
    assert_eq!(archive.totals().unwrap().instances, 120);
    assert_eq!(archive.verify(&mut |_, _| {}).unwrap().damaged, 0);
}

/// Runs it, and interrupts it after a while.
fn run_for(site: &Site, time: Duration) {
    let mut command = crate::support::program();
    command.args(["migrate", site.path(), "run", "--again"]);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > time {
            let id = child.id().to_string();
            std::process::Command::new("kill").args(["-INT", &id]).status().unwrap();
            child.wait().unwrap();
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_a_migration_says_wrongly_is_named_with_its_place() {
    let site = site(free_port(), &dicom("OLD", 1), "way = \"get\"\n");
    let good = std::fs::read_to_string(site.folder().join("migrations/old.toml")).unwrap();
    for (wrong, told) in [
        (good.replace("\"old\"", "\"olt\""), "systems.toml has no `olt`"),
        (good.replace("2020-12-31", "2019-12-31"), "is before"),
        (good.replace("\"get\"", "\"web\""), "`web` needs web"),
        (format!("{good}hours = [\"never\"]\n"), "is no opening time"),
        (format!("{good}tries = 0\n"), "with 0 nothing could pass"),
        (format!("{good}slize = \"30d\"\n"), "slice"),
    ] {
        site.write("migrations/old.toml", &wrong);
        let checked = klinke(&["check", site.path()]).ended(1);
        let text = checked.out + &checked.err;
        assert!(text.contains("migrations/old.toml:") && text.contains(told), "{told}: {text}");
    }
    site.write("migrations/old.toml", &good);
    let unknown = klinke(&["migrate", site.path(), "status", "other"]).ended(2).err;
    assert!(unknown.contains("migrations/other.toml"), "{unknown}");
    // An old archive that is not there is said to be so.
    let nothing = klinke(&["migrate", site.path(), "plan"]).ended(2).err;
    assert!(nothing.contains("the inventory of"), "{nothing}");
}
