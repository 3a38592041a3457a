//! The sample messages: what no step touched leaves as it came, and no step panics on any of them.
#![allow(clippy::print_stdout)] // says aloud when it did not run, and what steps refused

use std::path::{Path, PathBuf};

use klinke_engine::document::Document;
use klinke_engine::step::{Context, Yield};
use klinke_engine::steps::{Spec, Templates, Workshop, build};
use klinke_engine::table::Tables;
use klinke_engine::template::Zone;
use klinke_formats::{SearchKeys, all, builders};
use klinke_model::{ChannelId, Envelope, EnvelopeId, Origin, Payload, Timestamp, VersionId};
use klinke_store::Keys;

/// The samples lie beside the checkout, or where `KLINKE_SAMPLES` says.
fn samples() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("KLINKE_SAMPLES") {
        return Some(PathBuf::from(folder));
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().map(|folder| folder.join("shared/samples")).find(|folder| folder.is_dir())
}

fn messages() -> Vec<(String, Vec<u8>)> {
    let Some(folder) = samples() else {
        println!("NOT RUN: there is no folder of samples; say where with KLINKE_SAMPLES");
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder.join("hl7v2"))
        .expect("the samples' folder can be read")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    assert!(files.len() > 400, "only {} samples", files.len());
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), std::fs::read(path).expect("a sample"))).collect()
}

fn envelope(payload: Vec<u8>) -> Envelope {
    Envelope {
        id: EnvelopeId(1),
        channel: ChannelId(1),
        version: VersionId(1),
        received: Timestamp(1_772_352_900_250_000),
        system: "".into(),
        peer: "".into(),
        format: "hl7v2".into(),
        origin: Origin::Received,
        fingerprint: None,
        payload: Payload::new(payload),
    }
}

const STEPS: &str = r##"
[[step]]
only = { "MSH-9.1" = { exists = true } }
[[step]]
set = { "PID-2" = "{PID-3.1|default:{PID-2}}", "ZZZ-1" = "{@received:yyyyMMdd} {OBX[*]-5|join:, }" }
[[step]]
default = { "PID-8" = "U" }
[[step]]
copy = { "PID-5" = "PID-9" }
[[step]]
for-each = { in = "OBX[*]", step = [{ set = { "OBX[#]-14" = "{OBX[#]-14|date:auto:compact}" } }] }
[[step]]
lines-to-text = { field = "NTE-3" }
[[step]]
text-to-lines = { field = "OBX-5", width = 40 }
[[step]]
delete-segment = { segment = "NTE", if = { "NTE[#]-3" = "" } }
[[step]]
renumber = ["OBX", "NTE"]
[[step]]
insert-segment = { segment = "ZPI|1|{PID-5.1}", after = "PID" }
[[step]]
extract = { broken = "keep" }
[[step]]
unbatch = {}
[[step]]
split = "OBX"
[[step]]
charset = { to = "8859/1", missing = "question-mark" }
[[step]]
escape-text = "OBX[*]-5"
[[step]]
drop-trailing-delimiters = true
[[step]]
line-ends = "cr"
[[step]]
batch = { file = true }
[[step]]
template = { format = "text", text = "{BHS-7} {BTS-1}" }
"##;

#[test]
fn untouched_samples_leave_as_they_came() {
    let format = all().get("hl7v2").expect("hl7v2").clone();
    for (name, bytes) in messages() {
        let payload = Payload::new(bytes);
        let mut document = format.open(&payload, None).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(document.payload().expect("bytes").is_same(&payload), "{name}");
        for path in ["PID-5.1", "OBX[*]-5", "PID-3[*].1", "ORDER_OBSERVATION[*]/OBX[*]-5", "ZZZ-1", "OBX[*]"]
        {
            let path = document.path(path).expect(path);
            document.values(&path).unwrap_or_else(|error| panic!("{name}: {path:?}: {error}"));
        }
        assert!(document.payload().expect("bytes").is_same(&payload), "{name}: reading changes nothing");
    }
}

#[test]
fn one_field_set_changes_one_field() {
    let format = all().get("hl7v2").expect("hl7v2").clone();
    for (name, bytes) in messages() {
        let payload = Payload::new(bytes);
        let mut document = format.open(&payload, None).unwrap_or_else(|error| panic!("{name}: {error}"));
        let path = document.path("MSH-6").expect("a path");
        document.set(&path, klinke_engine::document::Value::from("MARK")).expect("set");
        let out = document.payload().expect("bytes");
        let same_start = payload.iter().zip(out.iter()).take_while(|(a, b)| a == b).count();
        let same_end = payload.iter().rev().zip(out.iter().rev()).take_while(|(a, b)| a == b).count();
        let changed = &out[same_start..out.len().saturating_sub(same_end).max(same_start)];
        assert!(changed.len() <= "MARK|".len() + 8, "{name}: {} bytes changed", changed.len());
        let read = format.open(&out, None).expect("a message");
        assert_eq!(read.value(&path).expect("a value").text(), "MARK", "{name}");
    }
}

/// Every step on every sample, one after another on what the one before made.
#[test]
fn no_step_panics_on_any_sample() {
    let table: toml::Table = STEPS.parse().expect("TOML");
    let specs: Vec<Spec> = table["step"].as_array().expect("steps").clone();
    let (builders, formats, tables, zone, templates) =
        (builders(), all(), Tables::new(), Zone::default(), Templates::new());
    let workshop = Workshop {
        builders: &builders,
        formats: &formats,
        format: "hl7v2",
        tables: &tables,
        zone: &zone,
        templates: &templates,
    };
    let steps: Vec<_> = specs.iter().map(|spec| build(spec, &workshop).expect("a step")).collect();
    let format = formats.get("hl7v2").expect("hl7v2").clone();
    let (mut refused, mut files, mut made) = (Vec::new(), 0, 0);
    for (name, bytes) in messages() {
        let envelope = envelope(bytes);
        let mut context = Context::new(&envelope, "samples");
        let mut documents: Vec<Box<dyn Document>> = vec![format.open(&envelope.payload, None).expect("open")];
        for step in &steps {
            // What a step refuses goes on as it was, to give the next ones something to work on.
            let before: Vec<_> = documents.iter().map(|document| document.fork()).collect();
            documents = match step.apply_all(&mut context, documents) {
                Ok(Yield::One(document)) => vec![document],
                Ok(Yield::Many(documents)) => documents,
                Ok(Yield::End(_)) => Vec::new(),
                Err(error) => {
                    refused.push(format!("{name}: {}: {error}", step.kind()));
                    before
                }
            };
        }
        files += 1;
        made += documents.iter().filter(|document| document.format() == "text").count();
        for document in &mut documents {
            document.payload().unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
    for line in &refused {
        println!("{line}");
    }
    assert_eq!(made, files, "every sample ends as one text");
    assert!(refused.len() < 40, "{} refusals", refused.len());
}

#[test]
fn every_sample_has_search_keys_and_an_identity_of_its_own_where_it_says_one() {
    let keys = SearchKeys::new().with_paths(["OBX[*]-3.1"]).expect("paths").with_text();
    let format = all().get("hl7v2").expect("hl7v2").clone();
    for (name, bytes) in messages() {
        let found = keys.keys("hl7v2", &bytes);
        assert!(found.iter().any(|(key, _)| key.as_str() == "event"), "{name}: no event");
        assert!(keys.text("hl7v2", &bytes).is_some_and(|text| !text.is_empty()), "{name}: no text");
        let control = found.iter().any(|(key, _)| key.as_str() == "control");
        let is_batch = bytes.starts_with(b"FHS") || bytes.starts_with(b"BHS");
        assert!(is_batch || control == format.identity(&bytes).is_some(), "{name}: identity");
    }
}
