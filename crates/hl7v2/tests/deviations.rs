//! The corpus of bad messages in `tests/corpus`: what is noted, and that it is noted without patient
//! data and without changing a byte. `UPDATE_EXPECT=1` writes the expectations anew.

use std::collections::BTreeSet;
use std::path::PathBuf;

use klinke_hl7v2::deviation::ALL;
use klinke_hl7v2::message::{Options, Unencodable};
use klinke_hl7v2::{Message, batch};

fn corpus() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the corpus")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "hl7"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_bad_message_is_noted_as_expected() {
    let mut different = Vec::new();
    for path in corpus() {
        let bytes = std::fs::read(&path).expect("a message");
        let message = Message::parse(bytes.clone()).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert_eq!(message.to_bytes(), bytes, "{}", path.display());
        let found: String = message.inspect().iter().map(|d| format!("{d}\n")).collect();
        let expected_path = path.with_extension("expected");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&expected_path, &found).expect("written");
        }
        let expected = std::fs::read_to_string(&expected_path).unwrap_or_default();
        if found != expected {
            different.push(format!("{}\nfound:\n{found}expected:\n{expected}", path.display()));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// The corpus uses these words as patient data; no deviation may repeat them.
#[test]
fn no_patient_data_is_repeated() {
    for path in corpus() {
        let message = Message::parse(std::fs::read(&path).expect("a message")).expect("a message");
        for deviation in message.inspect() {
            let shown = format!("{deviation} {deviation:?}");
            for word in ["Muster", "ller", "Max", "19700101", "server", "morgen", "line 2"] {
                assert!(!shown.contains(word), "{}: {shown}", path.display());
            }
        }
    }
}

/// A kind that no test meets is a kind that nobody has seen working.
#[test]
fn every_kind_is_met() {
    let mut met = BTreeSet::new();
    for path in corpus() {
        let message = Message::parse(std::fs::read(&path).expect("a message")).expect("a message");
        met.extend(message.inspect().iter().map(|d| d.code));
        met.extend(batch::split(&message).deviations.iter().map(|d| d.code));
    }
    let options = Options { unencodable: Unencodable::QuestionMark, ..Options::default() };
    let mut message = Message::parse_with("MSH|^~\\&|A\r", &options).expect("a message");
    message.set(&"MSH-3".parse().expect("a path"), "ä").expect("written");
    met.extend(message.deviations().iter().map(|d| d.code));
    let unmet: Vec<_> = ALL.iter().map(|kind| kind.code).filter(|code| !met.contains(code)).collect();
    assert!(unmet.is_empty(), "{unmet:?}");
}
