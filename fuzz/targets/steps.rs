//! Site files: any text is a channel's steps or a fault, and steps run on any payload.
#![no_main]

use klinke_engine::step::{Context, Yield};
use klinke_engine::steps::{Templates, Workshop, build};
use klinke_engine::table::{Table, Tables};
use klinke_engine::template::Zone;
use klinke_formats::{all, builders};
use klinke_model::{ChannelId, Envelope, EnvelopeId, Origin, Payload, Timestamp, VersionId};
use libfuzzer_sys::fuzz_target;

const MESSAGE: &str = "MSH|^~\\&|A|B|C|D|20260101||ORU^R01|1|P|2.5\rPID|1||1^^^X^PI||N^V||19700101|F\rPV1|1|I|CHI1^2\r\
                       OBR|1\rOBX|1|TX|a||Line\\.br\\Line\rOBX|2|ED|b||^AP^PDF^Base64^JVBERg==\r";

fuzz_target!(|text: &str| {
    let Ok(table) = toml::from_str::<toml::Table>(text) else { return };
    let Some(steps) = table.get("step").and_then(|steps| steps.as_array()) else { return };
    let mut tables = Tables::new();
    tables.insert("wards", Table::parse("from,to\nCHI1,Surgery\n").expect("a table"));
    let (builders, formats, zone) = (builders(), all(), Zone::default());
    let templates: Templates = [("t.hl7".to_owned(), MESSAGE.to_owned())].into_iter().collect();
    let workshop = Workshop {
        builders: &builders,
        formats: &formats,
        format: "hl7v2",
        tables: &tables,
        zone: &zone,
        templates: &templates,
    };
    let envelope = Envelope {
        id: EnvelopeId(7),
        channel: ChannelId(1),
        version: VersionId(1),
        received: Timestamp(1_772_352_900_250_000),
        system: "kis".into(),
        peer: "peer".into(),
        format: "hl7v2".into(),
        origin: Origin::Received,
        fingerprint: None,
        payload: Payload::new(MESSAGE.as_bytes().to_vec()),
    };
    let format = formats.get("hl7v2").expect("the format").clone();
    for step in steps {
        let Ok(step) = build(step, &workshop) else { continue };
        let document = format.open(&envelope.payload, None).expect("a message");
        if let Ok(Yield::One(mut document)) =
            step.apply_all(&mut Context::new(&envelope, "fuzz"), vec![document])
        {
            let _ = document.payload();
        }
    }
});
