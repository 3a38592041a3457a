//! Every sample file is read without fault, leaves unchanged, and can be edited in one place without
//! touching another.

#![allow(clippy::print_stdout, reason = "a test that does not run says so")]

use std::path::PathBuf;

use klinke_hl7v2::{Message, Path};

/// The sample folder: `KLINKE_SAMPLES`, or beside the checkout.
fn samples() -> Option<PathBuf> {
    let given = std::env::var_os("KLINKE_SAMPLES").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/samples"))
        .find(|folder| folder.is_dir());
    given.or(beside).map(|folder| folder.join("hl7v2")).filter(|folder| folder.is_dir())
}

/// All sample files; empty, and said aloud, where the folder is not there.
fn files() -> Vec<(String, Vec<u8>)> {
    let Some(folder) = samples() else {
        println!("DID NOT RUN: no sample folder (KLINKE_SAMPLES)");
        return Vec::new();
    };
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the sample folder")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.display().to_string(), std::fs::read(&path).expect("a sample")))
        .collect();
    files.sort();
    assert_eq!(files.len(), 502, "the samples are known");
    files
}

#[test]
fn untouched_messages_leave_as_they_came() {
    for (name, bytes) in files() {
        let message = Message::parse(bytes.clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(message.to_bytes(), bytes, "{name}");
    }
}

/// Segments, their gaps and their fields cover all bytes: nothing is lost in the index.
#[test]
fn every_byte_is_in_a_field_or_between() {
    for (name, bytes) in files() {
        let message = Message::parse(bytes.clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let places = message.index().segments();
        let mut rebuilt = bytes[..places[0].start as usize].to_vec();
        for (segment, place) in message.segments().zip(places) {
            let first = if segment.is_header() { 2 } else { 1 };
            rebuilt.extend(segment.name().bytes());
            for (_, field) in segment.fields().filter(|(number, _)| *number >= first) {
                rebuilt.push(message.delimiters().field);
                let repetitions: Vec<&[u8]> =
                    if segment.is_header() && segment.field(2).map(|f| f.offset()) == Some(field.offset()) {
                        vec![field.raw()]
                    } else {
                        field.repetitions().map(|r| r.raw()).collect()
                    };
                rebuilt.extend(repetitions.join(&b'~'));
                let _ = (field.text(), field.plain_text());
            }
            rebuilt.extend_from_slice(&bytes[place.end as usize..place.next as usize]);
        }
        assert_eq!(rebuilt, bytes, "{name}");
    }
}

#[test]
fn an_edit_leaves_every_other_byte() {
    let path: Path = "MSH-5".parse().expect("a path");
    for (name, bytes) in files() {
        let mut message = Message::parse(bytes.clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let Some(old) = message.part(&path) else { continue };
        let (start, length) = (old.offset().expect("an offset"), old.raw().len());
        assert_eq!(message.set(&path, "KLINKE"), Ok(1), "{name}");
        let expected = [&bytes[..start], b"KLINKE", &bytes[start + length..]].concat();
        assert_eq!(message.to_bytes(), expected, "{name}");
    }
}

/// Writing the text of each field back gives the same text, and leaves all other fields.
#[test]
fn texts_can_be_written_back() {
    for (name, bytes) in files() {
        let message = Message::parse(bytes.clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut edited = message.clone();
        for segment in message.segments().take(30) {
            for (number, field) in segment.fields().skip(if segment.is_header() { 2 } else { 0 }) {
                let text = format!("{}[{}]-{number}.1", segment.name(), segment.occurrence());
                let path: Path = text.parse().expect("a path");
                let Some(part) = field.component(1).filter(|p| p.subcomponents().count() == 1) else {
                    continue;
                };
                if field.repetitions().count() > 1 || part.raw() == b"\"\"" {
                    continue;
                }
                edited.set(&path, &part.text()).unwrap_or_else(|e| panic!("{name} {text}: {e}"));
                assert_eq!(edited.text(&path), part.text(), "{name} {text}");
            }
        }
    }
}
