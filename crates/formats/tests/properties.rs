//! What holds for every message and every text.

use std::sync::OnceLock;

use klinke_engine::document::{Document, Format, Value};
use klinke_engine::step::{Context, Step, Yield};
use klinke_engine::steps::{Spec, Templates, Workshop, build_all};
use klinke_engine::table::Tables;
use klinke_engine::template::Zone;
use klinke_formats::hl7v2::Hl7v2;
use klinke_formats::{SearchKeys, all, builders};
use klinke_model::{ChannelId, Envelope, EnvelopeId, Origin, Payload, Timestamp, VersionId};
use klinke_store::Keys;
use proptest::prelude::*;

fn steps(toml: &str) -> Vec<Box<dyn Step>> {
    let table: toml::Table = toml.parse().expect("TOML");
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
    build_all(&specs, &workshop).expect("steps")
}

/// Runs steps one after another; what one refuses goes on as it was.
fn run(steps: &[Box<dyn Step>], payload: &Payload) -> Vec<Payload> {
    let Ok(document) = Hl7v2::new().open(payload, None) else { return Vec::new() };
    let envelope = Envelope {
        id: EnvelopeId(1),
        channel: ChannelId(1),
        version: VersionId(1),
        received: Timestamp(1_772_352_900_250_000),
        system: "".into(),
        peer: "".into(),
        format: "hl7v2".into(),
        origin: Origin::Received,
        fingerprint: None,
        payload: payload.clone(),
    };
    let mut context = Context::new(&envelope, "properties");
    let mut documents: Vec<Box<dyn Document>> = vec![document];
    for step in steps {
        let before: Vec<_> = documents.iter().map(|document| document.fork()).collect();
        documents = match step.apply_all(&mut context, documents) {
            Ok(Yield::One(document)) => vec![document],
            Ok(Yield::Many(documents)) => documents,
            Ok(Yield::End(_)) | Err(_) => before,
        };
    }
    documents.iter_mut().map(|document| document.payload().expect("bytes")).collect()
}

const ALL: &str = r##"
step = [
  { set = { "PID-2" = "{PID-3.1}", "PID-5" = "{PID-5.1|upper}", "ZZZ[1]-3.2" = "{OBX[*]-5|join:;}" } },
  { copy = { "PID-5" = "PV1-3.1.2", "OBX-5" = "PID-9" } },
  { move = { "PID-3[2]" = "PID-4" } },
  { for-each = { in = "OBX[*]", step = [{ set = { "OBX[#]-5" = "{OBX[#]-5|date:auto:iso}" } }] } },
  { delete = ["PID-3[*]", "NK1[*]"] },
  { delete-segment = { segment = "OBX", if = { "OBX[#]-2" = "" } } },
  { insert-segment = { segment = "ZPI|{PID-5}^x", after = "OBX[*]" } },
  { move-segment = { segment = "OBX[*]", before = "PID" } },
  { rename-segment = { ZPI = "ZPX" } },
  { append-repetition = { "PID-3" = "{PID-2}^^^A" } },
  { set-encoded = { "PV1-3" = "a^{PID-5}&b" } },
  { renumber = ["OBX", "NTE"] },
  { lines-to-text = { field = "OBX-5" } },
  { text-to-lines = { field = "OBX-5", width = 10 } },
  { extract = { broken = "keep" } },
  { escape-text = "OBX[*]-5" },
  { unescape = "OBX[*]-5" },
  { unbatch = {} },
  { split = "OBX" },
  { charset = { to = "UNICODE UTF-16", missing = "question-mark" } },
  { charset = { to = "8859/1", missing = "question-mark" } },
  { drop-trailing-delimiters = true },
  { line-ends = "crlf" },
  { batch = { file = true } },
]"##;

fn all_steps() -> &'static [Box<dyn Step>] {
    static STEPS: OnceLock<Vec<Box<dyn Step>>> = OnceLock::new();
    STEPS.get_or_init(|| steps(ALL))
}

/// Something like a message: a header with whatever delimiters, segments, separators, escapes, junk.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let header = prop_oneof![
        8 => Just("MSH|^~\\&|A|B|C|D|1||ORU^R01|1|P|2.5\r".to_owned()),
        2 => Just("MSH|^~\\&|A||||||ORU^R01|1|P|2.5||||||8859/1\r".to_owned()),
        1 => Just("MSH|^~\\&|A||||||ORU^R01|1|P|2.5||||||UNICODE UTF-8\r".to_owned()),
        1 => Just("MSH$%~\\&$A\r".to_owned()),
        1 => Just("FHS|^~\\&|A\rBHS|^~\\&|A\rMSH|^~\\&|A\r".to_owned()),
        1 => Just("MSH|^\r".to_owned()),
    ];
    let segment = prop_oneof![
        Just("PID"),
        Just("PV1"),
        Just("OBR"),
        Just("ORC"),
        Just("OBX"),
        Just("OBX|1|TX|A"),
        Just("OBX|1|ED|A"),
        Just("NTE"),
        Just("NK1"),
        Just("ZPI"),
        Just("MSH|^~\\&|X"),
        Just("BTS|2"),
        Just("")
    ];
    let rest = prop_oneof![
        4 => "[|^~&\\\\ a-cX0-9äß.]{0,24}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..16),
    ];
    let end = prop_oneof![8 => Just("\r"), 1 => Just("\n"), 1 => Just("\r\n"), 1 => Just("")];
    let line = (segment, rest, end)
        .prop_map(|(name, rest, end)| [name.as_bytes(), b"|", &rest, end.as_bytes()].concat());
    (header, prop::collection::vec(line, 0..10))
        .prop_map(|(header, lines)| [header.into_bytes(), lines.concat()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_step_panics_and_what_it_makes_can_be_read(bytes in message()) {
        for payload in run(all_steps(), &Payload::new(bytes)) {
            let is_message = payload.starts_with(b"MSH") || payload.starts_with(b"FHS");
            prop_assert!(!is_message || Hl7v2::new().open(&payload, None).is_ok());
        }
    }

    #[test]
    fn no_bytes_panic_keys_or_identity(bytes in prop::collection::vec(any::<u8>(), 0..200), like in message()) {
        let keys = SearchKeys::new().with_paths(["OBX[*]-5.1"]).expect("paths").with_text();
        for bytes in [bytes, like] {
            let _ = (keys.keys("hl7v2", &bytes), keys.text("hl7v2", &bytes), Hl7v2::new().identity(&bytes));
        }
    }

    /// A text that is set is the text that is read, now and by the receiver.
    #[test]
    fn any_text_that_is_set_is_read_back(text in "\\PC{1,30}", break_ in "[\\r\\n\\x1c]{0,2}") {
        let text = format!("{text}{break_}x");
        let payload = Payload::new(b"MSH|^~\\&|A||||||ADT^A01|1|P|2.5||||||UNICODE UTF-8\rPID|1\r".to_vec());
        let mut document = Hl7v2::new().open(&payload, None).expect("a message");
        for path in ["PID-5.1", "PID-5.2.3", "NTE-3", "PID-3[2].4", "PID-9"] {
            let path = document.path(path).expect("a path");
            document.set(&path, Value::from(text.as_str())).expect("set");
            let value = document.value(&path).expect("a value").into_owned();
            prop_assert_eq!(value.text(), text.as_str());
        }
        let sent = document.payload().expect("bytes");
        let read = Hl7v2::new().open(&sent, None).expect("a message");
        let path = read.path("NTE-3").expect("a path");
        let value = read.value(&path).expect("a value").into_owned();
        prop_assert_eq!(value.text(), text.as_str());
        prop_assert_eq!(read.count(&read.path("NTE[*]").expect("a path")).expect("a count"), 1);
    }

    /// Messages that are put into a batch come out of it as they went in.
    #[test]
    fn a_batch_gives_back_what_went_in(ids in prop::collection::vec("[A-Z0-9]{1,8}", 2..6)) {
        let joined: String = ids
            .iter()
            .map(|id| format!("MSH|^~\\&|A||||1||ADT^A01|{id}|P|2.5\rPID|1||{id}^x\\T\\&y\r"))
            .collect();
        static STEPS: OnceLock<[Vec<Box<dyn Step>>; 2]> = OnceLock::new();
        let [apart, around] = STEPS.get_or_init(|| [
            steps("step = [{ unbatch = {} }]"),
            steps("step = [{ unbatch = {} }, { batch = { file = true } }, { unbatch = { counts = \"fail\" } }]"),
        ]);
        let payload = Payload::new(joined.into_bytes());
        let once = run(apart, &payload);
        prop_assert_eq!(once.len(), ids.len());
        let again = run(around, &payload);
        prop_assert_eq!(once.iter().map(|one| one.to_vec()).collect::<Vec<_>>(), again.iter().map(|one| one.to_vec()).collect::<Vec<_>>());
    }
}
