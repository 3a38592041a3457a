//! Files into the archive: what is an instance is taken, what is none is told.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]

use std::io::Write;
use std::path::Path;

use klinke_archive::import::{Imported, Terms};
use klinke_archive::index::Selection;
use klinke_archive::{Archive, Options};
use klinke_dimse::data::{self, DataSet, Element};
use klinke_dimse::file::Meta;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags, uids};
use klinke_model::Timestamp;

const NOW: Timestamp = Timestamp(1_795_900_000_000_000);
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

fn image(instance: &str, pixels: u8) -> DataSet {
    let mut set = DataSet::new();
    for (tag, vr, text) in [
        (tags::SOP_CLASS_UID, VR::UI, CT),
        (tags::SOP_INSTANCE_UID, VR::UI, instance),
        (tags::PATIENT_ID, VR::LO, "4711"),
        (tags::STUDY_INSTANCE_UID, VR::UI, "1.2"),
        (tags::SERIES_INSTANCE_UID, VR::UI, "1.2.1"),
    ] {
        set.put_ascii(tag, vr, text);
    }
    set.put_us(tags::ROWS, 8);
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, vec![pixels; 128]));
    set
}

fn part10(set: &DataSet, syntax: &TransferSyntax) -> Vec<u8> {
    let uid = |tag| set.ascii(tag).unwrap_or_default();
    let mut bytes = Meta::of(uid(tags::SOP_CLASS_UID), uid(tags::SOP_INSTANCE_UID), syntax.uid()).to_bytes();
    bytes.extend(data::write(set, syntax).unwrap());
    bytes
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn import(archive: &Archive, path: &Path) -> Imported {
    let terms = Terms { from: "CD".to_owned(), ..Terms::default() };
    archive.import(path, &terms, &|| NOW, &mut |_, _| {}).unwrap()
}

/// A directory that names files, some of which are not there, and some of which lie outside.
fn directory(named: &[&str]) -> Vec<u8> {
    let record = |name: &&str| {
        let mut record = DataSet::new();
        record.put_ascii(tags::DIRECTORY_RECORD_TYPE, VR::CS, "IMAGE");
        record.put_ascii(tags::REFERENCED_FILE_ID, VR::CS, name);
        record
    };
    let mut set = DataSet::new();
    set.put_items(tags::DIRECTORY_RECORD_SEQUENCE, named.iter().map(record).collect());
    let mut bytes =
        Meta::of(uids::MEDIA_STORAGE_DIRECTORY_STORAGE, "1.9", TransferSyntax::EXPLICIT.uid()).to_bytes();
    bytes.extend(data::write(&set, &TransferSyntax::EXPLICIT).unwrap());
    bytes
}

#[test]
fn a_medium_is_taken_in_with_what_its_directory_does_not_name() {
    let (medium, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let outside = medium.path().join("outside");
    let disc = medium.path().join("disc");
    write(&outside, "SECRET", &part10(&image("1.2.1.99", 9), &TransferSyntax::EXPLICIT));
    write(&disc, "DICOMDIR", &directory(&["DICOM\\IM1", "DICOM\\IM9", "..\\outside\\SECRET"]));
    write(&disc, "dicom/im1", &part10(&image("1.2.1.1", 1), &TransferSyntax::EXPLICIT));
    write(&disc, "dicom/more/x", &part10(&image("1.2.1.2", 2), &TransferSyntax::IMPLICIT));
    // No head at all, as some programs write it.
    let bare = data::write(&image("1.2.1.3", 3), &TransferSyntax::IMPLICIT).unwrap();
    write(&disc, "bare.ima", &bare);
    write(&disc, "autorun.inf", b"[autorun]\nopen=viewer.exe\n");
    write(&disc, "viewer.exe", &[b'M', b'Z', 0, 1].repeat(500));
    write(&disc, "empty", b"");
    let mut unfit = image("1.2.1.4", 4);
    unfit.remove(tags::SERIES_INSTANCE_UID);
    write(&disc, "unfit", &part10(&unfit, &TransferSyntax::EXPLICIT));
    std::os::unix::fs::symlink(&outside, disc.join("link")).unwrap();

    let archive = Archive::open(place.path(), Options::default()).unwrap();
    let imported = import(&archive, &disc);
    assert_eq!((imported.new, imported.known, imported.beside, imported.directories), (3, 0, 0, 1));
    assert_eq!((imported.others, imported.refused), (3, 1));
    assert_eq!(imported.faults[0].0, Path::new("unfit"));
    assert!(imported.faults[0].1.contains("Series Instance UID"), "{:?}", imported.faults);
    assert_eq!(imported.absent, ["DICOM/IM9", "../outside/SECRET"]);
    assert_eq!(imported.studies, ["1.2"]);
    let all = archive.instances(&Selection::default(), 0, 10).unwrap();
    assert_eq!((all.len(), all[0].file.from.as_str()), (3, "CD"));

    // Once more nothing is new; with other bytes it lies beside.
    write(&disc, "dicom/im1", &part10(&image("1.2.1.1", 7), &TransferSyntax::EXPLICIT));
    let again = import(&archive, &disc);
    assert_eq!((again.new, again.known, again.beside), (0, 2, 1));
    assert_eq!(archive.beside_of("1.2.1.1").unwrap().len(), 1);
    assert!(archive.beside_of("1.2.1.2").unwrap().is_empty());
}

#[test]
fn a_packed_file_is_what_is_in_it_and_what_only_looks_packed_is_none() {
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bytes = part10(&image("1.2.1.1", 1), &TransferSyntax::EXPLICIT);
    let packed = |bytes: &[u8]| {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        [(bytes.len() as u64).to_le_bytes().to_vec(), encoder.finish().unwrap()].concat()
    };
    write(folder.path(), "ab/cd/one", &packed(&bytes));
    write(folder.path(), "ab/cd/json", &packed(b"{\"a\": 1}"));
    let mut broken = packed(&bytes);
    broken.truncate(broken.len() / 2);
    write(folder.path(), "ab/cd/broken", &broken);
    let archive = Archive::open(place.path(), Options::default()).unwrap();
    let imported = import(&archive, folder.path());
    assert_eq!((imported.new, imported.others), (1, 2), "{imported:?}");
    let one = archive.instance("1.2.1.1").unwrap().unwrap();
    let kept = std::fs::read(archive.path(&one)).unwrap();
    assert!(kept.ends_with(&data::write(&image("1.2.1.1", 1), &TransferSyntax::EXPLICIT).unwrap()));
}
