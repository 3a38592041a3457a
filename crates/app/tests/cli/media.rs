//! Media in and out, held against pydicom's FileSet, DCMTK and dicom3tools.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::{Command, Output};

use klinke_testkit::free_port;

use crate::support::old::Lot;
use crate::support::{Site, klinke};

fn site() -> Site {
    let site = Site::new();
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    let archive = format!(
        "[archive]\nae_title = \"KLINKE\"\nlisten = \"127.0.0.1:{}\"\nreserve = \"1MB\"\n",
        free_port()
    );
    site.write("klinke.toml", &format!("{node}\n{archive}"));
    site
}

/// What a peer says; nothing where it is not installed, which is said aloud.
#[allow(clippy::print_stderr, reason = "a test that does not run says so")]
pub fn peer(command: &mut Command) -> Option<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().ok();
    let is_absent = |output: &Output| String::from_utf8_lossy(&output.stderr).contains("ModuleNotFoundError");
    match output.filter(|output| !is_absent(output)) {
        Some(output) => Some(output),
        None => {
            let text = format!("the peer {name} is not installed: its part DID NOT RUN");
            assert!(std::env::var("KLINKE_PEERS").as_deref() != Ok("require"), "{text}");
            eprintln!("{text}");
            None
        }
    }
}

pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn export(site: &Site, lot: &Lot, to: &Path, more: &[&str]) -> serde_json::Value {
    let studies: Vec<String> =
        (0..lot.studies).flat_map(|one| ["--study".to_owned(), lot.study(one)]).collect();
    let mut arguments = vec!["--json", "archive", site.path(), "export", "--to", to.to_str().unwrap()];
    arguments.extend(studies.iter().map(String::as_str));
    arguments.extend(more);
    klinke(&arguments).ended(0).json()
}

#[test]
fn a_medium_that_is_written_is_read_by_others_and_comes_in_again() {
    let lot = Lot { studies: 3, instances: 4, days: 3 };
    let (files, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    lot.write(files.path());
    std::fs::write(files.path().join("readme.txt"), "no DICOM").unwrap();
    let site = site();
    let imported = klinke(&["archive", site.path(), "import", files.path().to_str().unwrap()]).ended(0).out;
    assert!(imported.contains("12 instances of 3 studies were taken in"), "{imported}");
    assert!(imported.contains("1 files are no DICOM"), "{imported}");

    let disc = place.path().join("disc");
    let exported = export(&site, &lot, &disc, &["--label", "TEST 1"]);
    assert_eq!((&exported["instances"], &exported["pictures"]), (&12.into(), &12.into()), "{exported}");
    // Who takes studies out leaves an entry, which names no patient.
    let entries = klinke(&["--json", "audit", "list", site.path(), "--action", "export"]).ended(0).out;
    assert!(entries.contains(&lot.study(0)) && !entries.contains("Muster"), "{entries}");
    let page = std::fs::read_to_string(disc.join("INDEX.HTM")).unwrap();
    assert!(page.contains("Berta Muster") && page.contains("VIEWER/P0000012.JPG"), "{page}");
    assert!(!page.contains("http://") && !page.contains("https://"));
    assert!(std::fs::read(disc.join("VIEWER/P0000001.JPG")).unwrap().starts_with(&[0xFF, 0xD8]));
    is_read_by_others(&disc);
    // What is there is not written over.
    klinke(&["archive", site.path(), "export", "--study", &lot.study(0), "--to", disc.to_str().unwrap()])
        .ended(2);
    klinke(&["archive", site.path(), "export", "--study", "1.9.9", "--to", "nowhere.zip"]).ended(2);
    assert!(!Path::new("nowhere.zip").exists() && !Path::new("nowhere.zip.part").exists());

    let other = self::site();
    std::fs::remove_file(disc.join("DICOM/ST000002/SE000001/IM000003")).unwrap();
    let again =
        klinke(&["--json", "archive", other.path(), "import", disc.to_str().unwrap()]).ended(1).json();
    assert_eq!((&again["new"], &again["directories"]), (&11.into(), &1.into()), "{again}");
    assert_eq!(again["absent"][0], "DICOM/ST000002/SE000001/IM000003");
}

#[test]
fn a_zip_file_holds_the_same_as_a_folder_and_both_are_written_while_the_site_serves() {
    let lot = Lot { studies: 2, instances: 2, days: 2 };
    let (files, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    lot.write(files.path());
    let site = site();
    let serve = site.serve();
    klinke(&["archive", site.path(), "import", files.path().to_str().unwrap()]).ended(0);
    let (disc, file) = (place.path().join("disc"), place.path().join("studies.zip"));
    export(&site, &lot, &disc, &["--no-viewer"]);
    export(&site, &lot, &file, &["--no-viewer"]);
    let unpacked = place.path().join("unpacked");
    let script = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; z.extractall(sys.argv[2])";
    let Some(output) = peer(Command::new("python3").args(["-c", script]).arg(&file).arg(&unpacked)) else {
        return;
    };
    assert!(output.status.success(), "{}", said(&output));
    let compared = Command::new("diff").arg("-r").args([&disc, &unpacked]).output().unwrap();
    assert!(compared.status.success(), "{}", said(&compared));
    assert!(!disc.join("INDEX.HTM").exists());
    let entries = |action: &str| klinke(&["--json", "audit", "list", site.path(), "--action", action]).json();
    assert_eq!(entries("import").as_array().unwrap().len(), 1);
    assert_eq!(entries("export").as_array().unwrap().len(), 2);
    serve.stop();
}

/// pydicom's FileSet loads it whole, DCMTK reads it to add to it, dicom3tools finds no fault.
fn is_read_by_others(disc: &Path) {
    let script = "
import sys
from pydicom.fileset import FileSet
found = FileSet(sys.argv[1])
assert found.ID == 'TEST 1', found.ID
assert len(found) == 12, len(found)
for one in found:
    assert one.load().SOPInstanceUID == one.ReferencedSOPInstanceUIDInFile
assert len(found.find_values('StudyInstanceUID')) == 3
print('whole')
";
    let mut python = Command::new("python3");
    if let Some(folder) = std::env::var_os("KLINKE_PEERS_PYTHON") {
        python.env("PYTHONPATH", folder);
    }
    if let Some(output) = peer(python.args(["-c", script]).arg(disc.join("DICOMDIR"))) {
        assert!(said(&output).contains("whole"), "{}", said(&output));
    }
    if let Some(output) = peer(Command::new("dciodvfy").arg(disc.join("DICOMDIR"))) {
        let text = said(&output);
        assert!(text.contains("BasicDirectory") && !text.contains("Error"), "{text}");
    }
    // DCMTK holds it against the profile for general purpose media when it adds to it.
    let copy = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-r").arg(disc.join(".")).arg(copy.path()).status().unwrap();
    assert!(copied.success());
    let mut dcmmkdir = Command::new("dcmmkdir");
    dcmmkdir.current_dir(copy.path()).args(["+U", "+m", "+I", "-Pgp", "DICOM/ST000001/SE000001/IM000001"]);
    if let Some(output) = peer(&mut dcmmkdir) {
        let text = said(&output);
        assert!(output.status.success() && !text.contains("E:"), "{text}");
    }
}
