//! Partners that are asked every so often: DCMTK's `wlmscpfs` for its worklist, Orthanc for its studies.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use klinke_dimse::data::{self, DataSet};
use klinke_dimse::file::Meta;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags};
use klinke_model::Timestamp;
use klinke_testkit::free_port;
use serde_json::Value;

use crate::support::old::{Orthanc, start};
use crate::support::{Serve, Site, klinke};

const DAY: Duration = Duration::from_secs(86_400);

fn day(from_now: Duration) -> String {
    let (year, month, day, ..) = Timestamp::now().after(from_now).parts();
    format!("{year:04}{month:02}{day:02}")
}

/// A file of a worklist as `wlmscpfs` reads it.
fn schedule(folder: &Path, accession: &str, date: &str, description: &str) {
    let (mut set, mut item) = (DataSet::new(), DataSet::new());
    for (tag, vr, text) in [
        (tags::ACCESSION_NUMBER, VR::SH, accession),
        (tags::REFERRING_PHYSICIAN_NAME, VR::PN, "Haus^Arzt"),
        (tags::PATIENT_NAME, VR::PN, "Muster^Berta"),
        (tags::PATIENT_ID, VR::LO, "4711"),
        (tags::PATIENT_BIRTH_DATE, VR::DA, "19700101"),
        (tags::PATIENT_SEX, VR::CS, "F"),
        (tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3"),
        (tags::REQUESTED_PROCEDURE_ID, VR::SH, "RP1"),
        (tags::REQUESTED_PROCEDURE_DESCRIPTION, VR::LO, "CT Thorax"),
    ] {
        set.put_ascii(tag, vr, text);
    }
    for (tag, vr, text) in [
        (tags::MODALITY, VR::CS, "CT"),
        (tags::SCHEDULED_STATION_AE_TITLE, VR::AE, "CT1"),
        (tags::SCHEDULED_PROCEDURE_STEP_START_DATE, VR::DA, date),
        (tags::SCHEDULED_PROCEDURE_STEP_START_TIME, VR::TM, "1015"),
        (tags::SCHEDULED_PERFORMING_PHYSICIAN_NAME, VR::PN, "Arzt^Eva"),
        (tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION, VR::LO, description),
        (tags::SCHEDULED_STATION_NAME, VR::SH, "CT-1"),
        (tags::SCHEDULED_PROCEDURE_STEP_LOCATION, VR::SH, "R1"),
        (tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, "S1"),
    ] {
        item.put_ascii(tag, vr, text);
    }
    set.put_items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE, vec![item]);
    let syntax = TransferSyntax::EXPLICIT;
    let mut bytes = Meta::of("1.2.840.10008.5.1.4.31", "1.2.9", syntax.uid()).to_bytes();
    bytes.extend(data::write(&set, &syntax).unwrap());
    std::fs::write(folder.join(format!("{accession}.tmp")), bytes).unwrap();
    std::fs::rename(folder.join(format!("{accession}.tmp")), folder.join(format!("{accession}.wl"))).unwrap();
}

/// A site that asks a partner called `far`.
fn site(port: u16, far: &str, channel: &str) -> Site {
    let site = Site::new();
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    let archive =
        format!("[archive]\nae_title = \"KLINKE\"\nlisten = \"127.0.0.1:{port}\"\nreserve = \"1MB\"\n");
    site.write("klinke.toml", &format!("{node}\n{archive}accept = \"any\"\n"));
    site.write("systems.toml", &format!("[far]\ntitle = \"RIS\"\n{far}\n[kis]\ntitle = \"KIS\"\n"));
    site.write("channels/asked.toml", channel);
    klinke(&["check", site.path()]).ended(0);
    site
}

fn taken(site: &Site) -> Vec<Value> {
    let run = klinke(&["--json", "messages", site.path(), "search", "--channel", "asked"]);
    serde_json::from_str::<Value>(&run.out).ok().and_then(|all| all.as_array().cloned()).unwrap_or_default()
}

/// The state and the description of what our own worklist has in a state.
fn worklist(port: u16, state: &str) -> Vec<(String, String)> {
    let state = format!("ScheduledProcedureStepSequence[0].ScheduledProcedureStepStatus={state}");
    let keys =
        ["AccessionNumber", &state, "ScheduledProcedureStepSequence[0].ScheduledProcedureStepDescription"];
    let partner = format!("KLINKE@127.0.0.1:{port}");
    let mut arguments = vec!["--json", "dicom", "find", &partner, "--worklist"];
    arguments.extend(keys);
    let found = serde_json::from_str::<Value>(&klinke(&arguments).out).unwrap_or_default();
    let of = |one: &Value, tag: &str| {
        one["00400100"]["Value"][0][tag]["Value"][0].as_str().unwrap_or_default().to_owned()
    };
    let all = found.as_array().cloned().unwrap_or_default();
    all.iter().map(|one| (of(one, "00400020"), of(one, "00400007"))).collect()
}

fn rest(serve: &Serve<'_>, site: &Site, count: usize) {
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(taken(site).len(), count, "{:?}\n{}", taken(site), serve.log());
}

#[test]
fn a_worklist_that_is_asked_tells_what_is_new_changed_or_gone_once_also_after_kill_9() {
    let (ours, port) = (free_port(), free_port());
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("RIS");
    std::fs::create_dir(&files).unwrap();
    std::fs::write(files.join("lockfile"), "").unwrap();
    schedule(&files, "A1", &day(DAY), "Thorax nativ");
    schedule(&files, "A2", &day(DAY * 30), "later than we ask");
    let mut command = Command::new("wlmscpfs");
    command.args(["-dfp"]).arg(folder.path()).arg(port.to_string());
    let Some(_server) = start(command, port) else { return };
    let site = site(
        ours,
        &format!("dicom = {{ ae_title = \"RIS\", address = \"127.0.0.1:{port}\" }}"),
        "format = \"dicom\"\n[source]\ndicom-worklist = { from = \"far\", every = \"1s\", modality = \"CT\" }\n\
         [[destination]]\nworklist = {}\n",
    );
    let serve = site.serve();
    let is = |state: &str, text: &str| worklist(ours, state) == [(state.to_owned(), text.to_owned())];
    serve.wait_for("the new item", || is("SCHEDULED", "Thorax nativ"));
    serve.kill();
    let serve = site.serve();
    rest(&serve, &site, 1);
    schedule(&files, "A1", &day(DAY), "Thorax mit Kontrastmittel");
    serve.wait_for("the change", || is("SCHEDULED", "Thorax mit Kontrastmittel"));
    std::fs::remove_file(files.join("A1.wl")).unwrap();
    serve.wait_for("that it is gone", || is("CANCELED", "Thorax mit Kontrastmittel"));
    rest(&serve, &site, 3);
    assert!(serve.log().contains("worklist of RIS@127.0.0.1"), "{}", serve.log());
    serve.stop();
}

#[test]
fn studies_of_another_archive_are_told_when_they_have_come_to_rest_and_again_when_they_grow() {
    let (ours, port) = (free_port(), free_port());
    let Some(orthanc) = Orthanc::start(port, None, "\"StorageCompression\": false") else { return };
    let partner = format!("{}@127.0.0.1:{port}", orthanc.title);
    crate::priors::store_on(&partner, "1.2.1", &day(Duration::ZERO), 0..2);
    crate::priors::store_on(&partner, "1.2.2", "20200101", 0..2);
    let site = site(
        ours,
        &format!("dicom = {{ ae_title = \"{}\", address = \"127.0.0.1:{port}\" }}", orthanc.title),
        "format = \"dicom\"\n[source]\ndicom-studies = { from = \"far\", every = \"1s\" }\n\
         [[destination]]\nfile = { folder = \"out\", name = \"{id}.json\" }\n",
    );
    std::fs::create_dir(site.folder().join("out")).unwrap();
    let serve = site.serve();
    serve.wait_for("the study", || taken(&site).len() == 1);
    crate::priors::store_on(&partner, "1.2.1", &day(Duration::ZERO), 2..4);
    serve.wait_for("that it has grown", || taken(&site).len() == 2);
    serve.kill();
    let serve = site.serve();
    rest(&serve, &site, 2);
    serve.stop();
    let files: Vec<_> = std::fs::read_dir(site.folder().join("out")).unwrap().collect();
    let mut counts: Vec<i64> = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let study: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(study["0020000D"]["Value"][0], "1.2.1");
        counts.extend(study["00201208"]["Value"][0].as_i64());
    }
    counts.sort_unstable();
    assert_eq!(counts, [2, 4]);
}

#[test]
fn what_a_site_says_wrongly_of_whom_it_asks_is_named_with_its_place() {
    let good =
        "format = \"dicom\"\n[source]\ndicom-worklist = { from = \"far\" }\n[[destination]]\nworklist = {}\n";
    let site = site(free_port(), "dicom = { ae_title = \"RIS\", address = \"127.0.0.1:1\" }", good);
    for (wrong, told) in [
        (good.replace("\"far\"", "\"kis\""), "\"kis\" is no system with a `dicom` entry"),
        (good.replace("\"far\"", "\"fra\""), "\"fra\" is no system with a `dicom` entry"),
        (good.replace(" }\n", ", evry = \"1s\" }\n"), "did you mean `every`?"),
        (good.replace(" }\n", ", ahead = 400 }\n"), "more than 366 days"),
    ] {
        site.write("channels/asked.toml", &wrong);
        let checked = klinke(&["check", site.path()]).ended(1);
        let text = checked.out + &checked.err;
        assert!(text.contains("channels/asked.toml:3:") && text.contains(told), "{told}: {text}");
    }
}
