//! A directory as it is written: records that hang together by their bytes, and what is made up where something is missing.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]

use klinke_dimse::data::{DataSet, Limits, PixelDataUse};
use klinke_dimse::directory::{Directory, Error, Leaf};
use klinke_dimse::{Tag, VR, file, tags};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const SYNTAX: &str = "1.2.840.10008.1.2.1";

fn set(patient: &str, study: &str, series: &str) -> DataSet {
    let mut set = DataSet::new();
    set.put_ascii(tags::PATIENT_ID, VR::LO, patient);
    set.put_ascii(tags::STUDY_INSTANCE_UID, VR::UI, study);
    set.put_ascii(tags::SERIES_INSTANCE_UID, VR::UI, series);
    set.put_us(tags::ROWS, 8);
    set
}

fn leaf<'a>(instance: &'a str, file_id: &'a [&'a str]) -> Leaf<'a> {
    Leaf { class: CT, instance, syntax: SYNTAX, file_id }
}

fn offset(set: &DataSet, tag: Tag) -> usize {
    usize::try_from(set.int(tag).unwrap()).unwrap()
}

#[test]
fn records_are_found_by_their_offsets() {
    let mut directory = Directory::new();
    for (patient, study, series, instance, name) in [
        ("A", "1.1", "1.1.1", "1.1.1.1", "IM1"),
        ("A", "1.1", "1.1.1", "1.1.1.2", "IM2"),
        ("A", "1.1", "1.1.2", "1.1.2.1", "IM3"),
        ("B", "1.2", "1.2.1", "1.2.1.1", "IM4"),
        ("A", "1.3", "1.3.1", "1.3.1.1", "IM5"),
    ] {
        directory.add(&set(patient, study, series), leaf(instance, &["DICOM", name])).unwrap();
    }
    let bytes = directory.to_bytes("TEST", "1.9").unwrap();
    let opened = file::open(bytes.clone(), &Limits::default(), PixelDataUse::Skip).unwrap();
    assert!(opened.deviations.is_empty(), "{:?}", opened.deviations);
    let records = opened.set.items(tags::DIRECTORY_RECORD_SEQUENCE);
    assert_eq!(records.len(), 2 + 3 + 4 + 5);
    // The bytes at which items begin, in the order of the records.
    let item = [0xFE, 0xFF, 0x00, 0xE0];
    let starts: Vec<usize> = (0..bytes.len() - 4).filter(|at| bytes[*at..at + 4] == item).collect();
    assert_eq!(starts.len(), records.len());
    let at = |offset: usize| &records[starts.iter().position(|start| *start == offset).unwrap()];
    let mut found = Vec::new();
    let mut open =
        vec![offset(&opened.set, tags::OFFSET_OF_THE_FIRST_DIRECTORY_RECORD_OF_THE_ROOT_DIRECTORY_ENTITY)];
    while let Some(here) = open.pop() {
        let record = at(here);
        found.extend(record.ascii(tags::REFERENCED_FILE_ID).map(str::to_owned));
        let links = [
            tags::OFFSET_OF_THE_NEXT_DIRECTORY_RECORD,
            tags::OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY,
        ];
        open.extend(links.map(|link| offset(record, link)).into_iter().filter(|offset| *offset > 0));
    }
    found.sort();
    assert_eq!(found, ["IM1", "IM2", "IM3", "IM4", "IM5"].map(|name| format!("DICOM\\{name}")));
    let last =
        at(offset(&opened.set, tags::OFFSET_OF_THE_LAST_DIRECTORY_RECORD_OF_THE_ROOT_DIRECTORY_ENTITY));
    assert_eq!(last.ascii(tags::PATIENT_ID), Some("B"));
    // What is of type 1 has a value though the instance has none.
    assert_eq!(
        (records[1].ascii(tags::STUDY_DATE), records[2].ascii(tags::SERIES_NUMBER)),
        (Some("19000101"), Some("1"))
    );
}

#[test]
fn what_can_not_be_in_a_directory_is_told() {
    let mut directory = Directory::new();
    let image = set("A", "1.1", "1.1.1");
    for name in ["lower", "TOO_LONG_1", "", "A.DCM"] {
        assert_eq!(directory.add(&image, leaf("1", &["DICOM", name])), Err(Error::FileId), "{name}");
    }
    let mut homeless = image.clone();
    homeless.remove(tags::STUDY_INSTANCE_UID);
    assert!(matches!(directory.add(&homeless, leaf("1", &["A"])), Err(Error::Missing(_))));
    let mut other = image.clone();
    other.remove(tags::ROWS);
    let private = Leaf { class: "1.2.3.4", ..leaf("1", &["A"]) };
    assert_eq!(directory.add(&other, private), Err(Error::NoRecord("1.2.3.4".to_owned())));
    let empty = directory.to_bytes("TEST", "1.9").unwrap();
    let opened = file::open(empty, &Limits::default(), PixelDataUse::Skip).unwrap();
    assert!(opened.set.items(tags::DIRECTORY_RECORD_SEQUENCE).is_empty());
}
