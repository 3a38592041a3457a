//! What steps and search keys cost on a message of 1 KB.

use divan::{Bencher, black_box};
use klinke_engine::document::{Document, Format};
use klinke_engine::step::{Context, Step, Yield};
use klinke_engine::steps::{Spec, Templates, Workshop, build_all};
use klinke_engine::table::{Table, Tables};
use klinke_engine::template::Zone;
use klinke_formats::{SearchKeys, all, builders};
use klinke_model::{ChannelId, Envelope, EnvelopeId, Origin, Payload, Timestamp, VersionId};
use klinke_store::Keys;

fn main() {
    divan::main();
}

/// An ADT message of 1 KB, as a hospital's main system sends it.
fn message() -> Vec<u8> {
    let mut text = String::from(
        "MSH|^~\\&|KIS|HAUS|X|RAD|20260301081500||ADT^A01^ADT_A01|4711|P|2.5||||||8859/1\r\
         EVN|A01|20260301081500||||20260301081400\r\
         PID|1||0000815^^^KIS^PI~K123456789^^^KV^NH||Mustermann^Erika^^^Dr.||19800301|F|||\
         Hauptstr. 5^^Berlin^^10115^DE^H||030 1234567^PRN^PH|||M||||||||||DE\r\
         PV1|1|I|I1^12^1^HAUS|E|||4711^Arzt^Anna|||IM|||||||||F4711^^^KIS^VN|||||||||||||||||||||||||20260301080000\r",
    );
    while text.len() < 1024 {
        text.push_str("NK1|1|Mustermann^Max|SPO|Hauptstr. 5^^Berlin^^10115|030 1234567\r");
    }
    text.into_bytes()
}

fn steps(toml: &str) -> Vec<Box<dyn Step>> {
    let table: toml::Table = toml.parse().expect("TOML");
    let specs: Vec<Spec> = table["step"].as_array().expect("steps").clone();
    let mut tables = Tables::new();
    tables.insert("wards", Table::parse("from,to\nI1,INN1\nC2,CHIR2\n").expect("a table"));
    let (builders, formats, zone, templates) = (builders(), all(), Zone::default(), Templates::new());
    let workshop = Workshop {
        builders: &builders,
        formats: &formats,
        format: "hl7v2",
        tables: &tables,
        zone: &zone,
        templates: &templates,
    };
    build_all(&specs, &workshop).expect("steps")
}

fn envelope() -> Envelope {
    Envelope {
        id: EnvelopeId(1),
        channel: ChannelId(1),
        version: VersionId(1),
        received: Timestamp(1_772_352_900_250_000),
        system: "kis".into(),
        peer: "".into(),
        format: "hl7v2".into(),
        origin: Origin::Received,
        fingerprint: None,
        payload: Payload::new(message()),
    }
}

fn run(bencher: Bencher<'_, '_>, toml: &str) {
    let (steps, envelope) = (steps(toml), envelope());
    let format = all().get("hl7v2").expect("hl7v2").clone();
    bencher.bench(|| {
        let mut context = Context::new(&envelope, "bench");
        let mut document: Box<dyn Document> = format.open(&envelope.payload, None).expect("a message");
        for step in &steps {
            document = match step.apply_all(&mut context, vec![document]).expect("no failure") {
                Yield::One(document) => document,
                other => panic!("{other:?}"),
            };
        }
        black_box(document.payload().expect("bytes"))
    });
}

/// Open, filter, set two fields, look one up, write: the steps of the example site.
#[divan::bench]
fn example_site(bencher: Bencher<'_, '_>) {
    run(
        bencher,
        r#"
        step = [
          { only = { "MSH-9.1" = ["ADT"] } },
          { set = { "MSH-5" = "RIS", "PID-2" = "{PID-3.1}" } },
          { lookup = { field = "PV1-3.1", table = "wards", missing = "keep" } },
        ]"#,
    );
}

/// Open and filter: nothing is changed, nothing is copied.
#[divan::bench]
fn filter_alone(bencher: Bencher<'_, '_>) {
    run(bencher, r#"step = [{ only = { "MSH-9.1" = ["ADT"] } }]"#);
}

#[divan::bench]
fn template_with_functions(bencher: Bencher<'_, '_>) {
    run(bencher, r#"step = [{ set = { "PID-9" = "{PID-5.1|upper|ascii} {PID-7|date:compact:german}" } }]"#);
}

#[divan::bench]
fn search_keys(bencher: Bencher<'_, '_>) {
    let (keys, payload) = (SearchKeys::new(), message());
    bencher.bench(|| black_box(keys.keys("hl7v2", black_box(&payload))));
}

#[divan::bench]
fn identity(bencher: Bencher<'_, '_>) {
    let (format, payload) = (klinke_formats::hl7v2::Hl7v2::new(), message());
    bencher.bench(|| black_box(format.identity(black_box(&payload))));
}
