//! Explanations of invented messages, compared with the texts beside them, and of every sample, which must not panic.
//!
//! `tests/explain/*.hl7` have line feeds so that they can be read and compared; they are explained with CR.
//! `KLINKE_UPDATE=1` writes the expected texts anew: read them before they are committed.

use std::fs;
use std::path::{Path, PathBuf};

use klinke_formats::explain::{Explanation, Weight, explain};
use klinke_hl7v2::definitions::{Field, Language, Local, Name};
use proptest::prelude::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explain")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|it| it == "hl7")).collect();
    files.sort();
    files
}

fn read(name: &str) -> Vec<u8> {
    let text = fs::read_to_string(folder().join(name)).expect("a message");
    text.replace('\n', "\r").into_bytes()
}

fn explained(bytes: &[u8], language: Language) -> Explanation {
    explain(bytes, None, None, language).expect("a message")
}

const LANGUAGES: [(Language, &str); 2] = [(Language::De, "de"), (Language::En, "en")];

#[test]
fn messages_are_told_as_they_should_be() {
    let update = std::env::var_os("KLINKE_UPDATE").is_some();
    let mut wrong = Vec::new();
    for file in files(&folder()) {
        let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
        for (language, short) in LANGUAGES {
            let text = explained(&read(name), language).to_text(false);
            let expected = file.with_extension(format!("{short}.txt"));
            if update {
                fs::write(&expected, &text).expect("written");
            } else if fs::read_to_string(&expected).unwrap_or_default() != text {
                wrong.push(format!("{}\n{text}", expected.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} texts differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_exit_status_follows_the_weights() {
    assert!(explained(&read("adt-a01.hl7"), Language::De).is_clean());
    let deviating = explained(&read("deviating.hl7"), Language::De);
    assert!(!deviating.is_clean());
    // Line feeds alone are no reason to look.
    let harmless = fs::read(folder().join("adt-a01.hl7")).expect("a message");
    let harmless = explained(&harmless, Language::De);
    assert!(harmless.is_clean());
    assert_eq!(harmless.deviations[0].code, "line-ends-lf");
    assert_eq!(harmless.deviations[0].weight, Weight::Harmless);
    for no_message in [&b""[..], b"H|\\^&|||", b"%PDF-1.4", b"\r\n \0"] {
        assert!(explain(no_message, None, None, Language::De).is_err());
    }
}

#[test]
fn a_site_s_own_words_are_used() {
    let mut local = Local::new();
    let fields = vec![Field::new(2, Name::new("Billing type", "Abrechnungsart"), "ID").with_table("ZBG1")];
    local.segment("ZBG", Name::new("Billing", "Abrechnung"), fields);
    let codes = [("privat", Name::new("self-paying", "Selbstzahler"))];
    local.table("ZBG1", Name::new("Billing type", "Abrechnungsart"), codes);
    let explanation =
        explain(&read("unknown-type.hl7"), Some(&local), None, Language::De).expect("a message");
    let billing = explanation.messages[0].segments.last().expect("ZBG");
    assert_eq!(billing.name, "Abrechnung");
    let field = billing.fields.iter().find(|field| field.path == "ZBG-2").expect("ZBG-2");
    assert_eq!((field.name.as_str(), field.text.as_str()), ("Abrechnungsart", "Selbstzahler (privat)"));
    let undefined = billing.fields.iter().find(|field| field.path == "ZBG-3").expect("ZBG-3");
    assert_eq!((undefined.name.as_str(), undefined.text.as_str()), ("", "20261124"));
}

#[test]
fn the_charset_of_the_connection_is_believed() {
    let message = b"MSH|^~\\&|A||B||20261124||ADT^A08|1|P|2.5\rPID|1||7||M\xA4ller^J\xF6rg\r";
    let told = |charset| explain(message, None, charset, Language::De).expect("a message").summary;
    assert!(told(Some("8859/1")).contains("Jörg M¤ller"));
    assert!(told(Some("8859/15")).contains("Jörg M€ller"));
}

#[test]
fn what_deletes_is_said_and_escapes_are_read() {
    let message = "MSH|^~\\&|A||B||20261124||ADT^A08|1|P|2.5\rPID|1||7||Muster^Max\rPV1|1|I|\"\"\r\
                   NTE|1||Meier \\T\\ Sohn\\.br\\zweite Zeile\r";
    let explanation = explained(message.as_bytes(), Language::De);
    let text = |path: &str| {
        let mut fields = explanation.messages[0].segments.iter().flat_map(|segment| &segment.fields);
        fields.find(|field| field.path == path).map(|field| field.text.clone()).expect("a field")
    };
    assert_eq!(text("PV1-3"), "gelöscht");
    assert_eq!(text("NTE-3"), "Meier & Sohn / zweite Zeile");
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let message = b"MSH|^~\\&|A\x1b[31m||B||20261124||ADT^A08|1|P|2.5\rPID|1||7||Mu\x07ster^Max\\X1B\\[2J\r";
    let text = explained(message, Language::En).to_text(false);
    assert!(text.chars().all(|letter| letter == '\n' || !letter.is_control()), "{text:?}");
}

#[test]
fn a_large_document_is_measured_and_not_shown() {
    for data_type in ["ED", "TX", "ST", "FT"] {
        let mut message = format!(
            "MSH|^~\\&|A||B||20261124||ORU^R01|1|P|2.5\rPID|1||7||Muster^Max\rOBR|1|||X^Befund\r\
             OBX|1|{data_type}|PDF||{}",
            if data_type == "ED" { "A^application^pdf^Base64^" } else { "" }
        );
        message.push_str(&"JVBERi0x".repeat(256 << 10));
        message.push_str("||||||F\r");
        let explanation = explained(message.as_bytes(), Language::De);
        let text = explanation.to_text(false);
        assert!(text.len() < 10_000, "{data_type}: {}", text.len());
        assert!(!text.contains("JVBERi0x"), "{data_type}");
        assert!(explanation.summary.contains(" MB"), "{}", explanation.summary);
        assert!(explanation.messages[0].segments[3].fields.iter().all(|field| field.raw.len() <= 200));
    }
}

fn samples() -> Option<PathBuf> {
    let named = std::env::var_os("KLINKE_SAMPLES").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|up| up.join("shared/samples"));
    let found = named.into_iter().chain(beside).find(|path| path.join("hl7v2").is_dir());
    found.map(|path| path.join("hl7v2"))
}

#[test]
fn every_sample_is_explained() {
    let Some(folder) = samples() else {
        println!("NOT RUN: there are no samples; KLINKE_SAMPLES says where they are");
        return;
    };
    let mut count = 0;
    for file in files(&folder) {
        let bytes = fs::read(&file).expect("a sample");
        for (language, _) in LANGUAGES {
            let explanation = explained(&bytes, language);
            let name = file.display();
            assert!(!explanation.summary.is_empty(), "{name}");
            assert!(!explanation.messages.is_empty(), "{name}");
            let summaries = explanation.messages.iter().map(|message| &message.summary);
            for summary in summaries.chain([&explanation.summary]) {
                // What stands in quotation marks is the sender's.
                let summary = summary.split(['„', '“']).next().unwrap_or_default();
                assert!(!summary.contains("  ") && !summary.contains(" ,"), "{name}: {summary}");
                assert!(!summary.contains(" .") && !summary.contains(",,"), "{name}: {summary}");
                assert!(!summary.contains("{}") && !summary.contains("{when}"), "{name}: {summary}");
            }
            assert!(explanation.to_text(true).len() > explanation.to_text(false).len(), "{name}");
        }
        count += 1;
    }
    assert!(count > 0, "the folder is empty");
    println!("{count} samples explained");
}

/// A message of the folder with a few bytes replaced, removed or put in.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let messages: Vec<Vec<u8>> = files(&folder())
        .iter()
        .map(|path| read(path.file_name().and_then(|name| name.to_str()).expect("a name")))
        .collect();
    let byte = prop_oneof![prop::sample::select(b"|^~\\&\r\n\"0-.MS\xC3\xFF\0".to_vec()), any::<u8>()];
    let edits = prop::collection::vec((any::<prop::sample::Index>(), 0..3u8, byte), 0..20);
    (prop::sample::select(messages), edits).prop_map(|(mut message, edits)| {
        for (at, kind, byte) in edits {
            let at = at.index(message.len().max(1));
            match kind {
                0 if at < message.len() => message[at] = byte,
                1 if at < message.len() => drop(message.remove(at)),
                _ => message.insert(at.min(message.len()), byte),
            }
        }
        message
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics(message in mutated(), german in any::<bool>()) {
        let language = if german { Language::De } else { Language::En };
        if let Ok(explanation) = explain(&message, None, Some("8859/1"), language) {
            let text = explanation.to_text(true);
            prop_assert!(!text.is_empty());
        }
    }
}
