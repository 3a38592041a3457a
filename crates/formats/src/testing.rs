//! Runs steps on messages that tests write line by line.

use klinke_engine::document::Document;
use klinke_engine::step::{Context, Step, Yield};
use klinke_engine::steps::{Spec, SpecError, Templates, Workshop, build_all};
use klinke_engine::table::{Table, Tables};
use klinke_engine::template::Zone;
use klinke_model::{ChannelId, Envelope, EnvelopeId, Origin, Payload, Timestamp, VersionId};

use crate::{all, builders};

pub(crate) fn envelope(format: &str, payload: Vec<u8>) -> Envelope {
    Envelope {
        id: EnvelopeId(7),
        channel: ChannelId(1),
        version: VersionId(1),
        received: Timestamp(1_772_352_900_250_000),
        system: "kis".into(),
        peer: "127.0.0.1:4000".into(),
        format: format.into(),
        origin: Origin::Received,
        fingerprint: None,
        payload: Payload::new(payload),
    }
}

/// Builds steps, given as the inside of a TOML list, for a format.
pub(crate) fn build(format: &str, steps: &str) -> Result<Vec<Box<dyn Step>>, SpecError> {
    let table: toml::Table =
        format!("step = [{steps}]").parse().unwrap_or_else(|error| panic!("{steps}: {error}"));
    let specs: Vec<Spec> = table["step"].as_array().expect("a list").clone();
    let mut tables = Tables::new();
    tables.insert("wards", Table::parse("from,to\nI1,INN1\nC2,CHIR2\n").expect("a table"));
    let mut templates = Templates::new();
    templates.insert(
        "order.hl7".to_owned(),
        "MSH|^~\\&|KLINKE|HAUS|RIS|X|{@received:yyyyMMddHHmmss}||ORM^O01|{@id}|P|2.5||||||8859/1\n\
         PID|1||{line[2].id}^^^KIS||{line[2].name}^{line[2].first}\n\nORC|NW|{line[2].order}\n"
            .to_owned(),
    );
    let (builders, formats, zone) = (builders(), all(), Zone::default());
    let workshop = Workshop {
        builders: &builders,
        formats: &formats,
        format,
        tables: &tables,
        zone: &zone,
        templates: &templates,
    };
    build_all(&specs, &workshop)
}

/// What steps make of bytes.
pub(crate) fn run_bytes(
    format: &str,
    steps: &str,
    input: &[u8],
) -> Result<(Vec<Payload>, Vec<String>), String> {
    let steps = build(format, steps).unwrap_or_else(|error| panic!("{error}"));
    let envelope = envelope(format, input.to_vec());
    let mut context = Context::new(&envelope, "test");
    let format = all().get(format).expect("a format").clone();
    let mut documents: Vec<Box<dyn Document>> =
        vec![format.open(&envelope.payload, None).map_err(|error| error.to_string())?];
    for step in steps {
        documents = match step.apply_all(&mut context, documents).map_err(|error| error.to_string())? {
            Yield::One(document) => vec![document],
            Yield::Many(documents) => documents,
            Yield::End(reason) => return Err(format!("end: {reason}")),
        };
    }
    let payloads = documents.iter_mut().map(|document| document.payload().map_err(|error| error.to_string()));
    Ok((payloads.collect::<Result<_, _>>()?, context.trace))
}

/// What steps make of a message, whose segments are written as lines; messages are divided by blank lines.
pub(crate) fn run(steps: &str, message: &str) -> String {
    let input: String = message.lines().map(|line| format!("{}\r", line.trim())).collect();
    match run_bytes("hl7v2", steps, input.as_bytes()) {
        Ok((payloads, _)) => {
            let text =
                |bytes: &Payload| String::from_utf8_lossy(bytes).replace('\r', "\n").trim_end().to_owned();
            payloads.iter().map(text).collect::<Vec<_>>().join("\n\n")
        }
        Err(error) => error,
    }
}

/// What steps make of segments behind a header, without it.
pub(crate) fn body(steps: &str, segments: &str) -> String {
    const HEADER: &str = "MSH|^~\\&|KIS|HAUS|RIS|RAD|20260301||ADT^A01|4711|P|2.5";
    let out = run(steps, &format!("{HEADER}\n{segments}"));
    match out.strip_prefix(HEADER) {
        Some(rest) => rest.trim_start().lines().collect::<Vec<_>>().join("\n"),
        None => out,
    }
}
