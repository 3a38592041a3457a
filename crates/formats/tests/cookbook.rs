//! Executes the examples of `docs/cookbook.md`.
//!
//! An example begins with a block ` ```hl7 in ` (or text, json, bytes) and goes on to the next one or the
//! next heading. Blocks named after files (`tables/…`, `templates/…`, `channels/…`) are the site's, and
//! hold for the rest of their section. The channel's fragment is `toml steps`; what must come out is `… out`
//! (several for several documents), `text filtered`, `text failed`, and `text trace`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use klinke_engine::document::Document;
use klinke_engine::script::{Limits, Lookup, ScriptHost};
use klinke_engine::step::{Context, Step, Yield};
use klinke_engine::steps::{Built, Spec, SpecError, Templates, Workshop, build, build_all};
use klinke_engine::table::{Table, Tables};
use klinke_engine::template::Zone;
use klinke_formats::{all, builders};
use klinke_model::{ChannelId, Envelope, EnvelopeId, Origin, Payload, Timestamp, VersionId};

/// Sections about what is no step; they say so in these words.
const NO_STEP: [u32; 6] = [12, 13, 19, 20, 24, 25];

#[derive(Debug, Default, Clone)]
struct Example {
    section: String,
    line: usize,
    format: String,
    input: String,
    files: BTreeMap<String, String>,
    steps: Option<String>,
    outputs: Vec<String>,
    filtered: Option<String>,
    failed: Option<String>,
    trace: Option<String>,
}

struct SiteTables(Tables);

impl Lookup for SiteTables {
    fn lookup(&self, table: &str, key: &str) -> Result<Option<String>, String> {
        let table = self.0.get(table).ok_or("there is no such table")?;
        Ok(table.get(key, table.value_column()).map(str::to_owned))
    }
}

fn examples(markdown: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let (mut section, mut files) = (String::new(), BTreeMap::new());
    let mut lines = markdown.lines().enumerate();
    // True while blocks belong to an example of this section.
    let mut open = false;
    while let Some((at, line)) = lines.next() {
        if let Some(title) = line.strip_prefix("## ") {
            (section, files, open) = (title.to_owned(), BTreeMap::new(), false);
        }
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let block: Vec<&str> = lines.by_ref().map(|line| line.1).take_while(|line| *line != "```").collect();
        let text = block.join("\n");
        let (language, role) = info.split_once(' ').unwrap_or((info, ""));
        let current = examples.last_mut().filter(|_| open);
        match (role, current) {
            ("", _) => {}
            ("in", _) => {
                let format = match language {
                    "hl7" => "hl7v2",
                    "bytes" => "bytes",
                    "dicom" => "dicom",
                    _ => "text",
                };
                open = true;
                examples.push(Example {
                    section: section.clone(),
                    line: at + 1,
                    format: format.to_owned(),
                    input: text,
                    files: files.clone(),
                    ..Example::default()
                });
            }
            (file, current) if file.contains('/') => {
                files.insert(file.to_owned(), text.clone());
                if let Some(example) = current {
                    example.files.insert(file.to_owned(), text);
                }
            }
            ("steps", Some(example)) => example.steps = Some(text),
            ("out", Some(example)) => example.outputs.push(text),
            ("filtered", Some(example)) => example.filtered = Some(text),
            ("failed", Some(example)) => example.failed = Some(text),
            ("trace", Some(example)) => example.trace = Some(text),
            _ => panic!("line {}: a block `{info}` that means nothing here", at + 1),
        }
    }
    examples
}

impl Example {
    fn place(&self) -> String {
        format!("docs/cookbook.md, line {}, section {}", self.line, self.section)
    }

    fn folder(&self, folder: &str) -> BTreeMap<String, String> {
        let prefix = format!("{folder}/");
        let files = self.files.iter();
        files
            .filter_map(|(name, text)| Some((name.strip_prefix(&prefix)?.to_owned(), text.clone())))
            .collect()
    }

    fn steps(&self) -> Vec<Box<dyn Step>> {
        let text = self.steps.as_deref().unwrap_or_else(|| panic!("{}: no steps", self.place()));
        let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", self.place()));
        let list = |key: &str| table.get(key).and_then(|value| value.as_array()).cloned().unwrap_or_default();
        let mut tables = Tables::new();
        for (name, text) in self.folder("tables") {
            let table = Table::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", self.place()));
            tables.insert(name.trim_end_matches(".csv"), table);
        }
        let templates: Templates = self.folder("templates");
        let scripts: BTreeMap<String, String> = self
            .files
            .iter()
            .filter(|(name, _)| name.starts_with("channels/"))
            .map(|(name, text)| (name.clone(), text.clone()))
            .collect();
        let host = ScriptHost::with_lookup(Limits::default(), Arc::new(SiteTables(tables.clone())));
        let builders = builders().with("script", move |spec: &Spec, _: &Workshop<'_>| -> Built {
            let name = spec.as_str().ok_or_else(|| SpecError::here("a file's name is expected"))?;
            let step = host.compile(&scripts, &format!("channels/{name}"));
            Ok(Box::new(step.map_err(|error| SpecError::here(error.to_string()))?))
        });
        let (formats, zone) = (all(), Zone::default());
        let workshop = Workshop {
            builders: &builders,
            formats: &formats,
            format: &self.format,
            tables: &tables,
            zone: &zone,
            templates: &templates,
        };
        let fault = |error: SpecError| -> Box<dyn Step> { panic!("{}: {error}", self.place()) };
        // Destinations' conditions are compiled, so that what is shown is what can be written.
        for destination in list("destination") {
            for key in ["only", "except"] {
                if let Some(condition) = destination.get(key) {
                    let step: toml::Table = [(key.to_owned(), condition.clone())].into_iter().collect();
                    build(&Spec::Table(step), &workshop).unwrap_or_else(fault);
                }
            }
        }
        build_all(&list("step"), &workshop).unwrap_or_else(|error| vec![fault(error)])
    }

    fn envelope(&self) -> Envelope {
        let payload = match self.format.as_str() {
            "hl7v2" => self.input.lines().map(|line| format!("{line}\r")).collect(),
            _ => self.input.clone(),
        };
        Envelope {
            id: EnvelopeId(7),
            channel: ChannelId(1),
            version: VersionId(1),
            // 09:15 in Berlin.
            received: Timestamp(1_772_352_900_250_000),
            system: "kis".into(),
            peer: "127.0.0.1:4000".into(),
            format: self.format.as_str().into(),
            origin: Origin::Received,
            fingerprint: None,
            payload: Payload::new(payload.into_bytes()),
        }
    }

    fn run(&self) {
        let steps = self.steps();
        let envelope = self.envelope();
        let mut context = Context::new(&envelope, "cookbook");
        let format = all().get(&self.format).expect("a format").clone();
        let opened = format.open(&envelope.payload, None);
        let mut documents: Vec<Box<dyn Document>> =
            vec![opened.unwrap_or_else(|error| panic!("{}: {error}", self.place()))];
        let mut ended = None;
        for step in &steps {
            documents = match step.apply_all(&mut context, documents) {
                Ok(Yield::One(document)) => vec![document],
                Ok(Yield::Many(documents)) => documents,
                Ok(Yield::End(reason)) => {
                    ended = Some(Ok(reason));
                    Vec::new()
                }
                Err(error) => {
                    ended = Some(Err(error.to_string()));
                    Vec::new()
                }
            };
            if ended.is_some() {
                break;
            }
        }
        let expected_end = self.filtered.clone().map(Ok).or(self.failed.clone().map(Err));
        assert_eq!(ended, expected_end, "{}", self.place());
        let outputs: Vec<String> = documents.iter_mut().map(|document| shown(document.as_mut())).collect();
        assert_eq!(outputs, self.outputs, "{}", self.place());
        if let Some(trace) = &self.trace {
            assert_eq!(context.trace.join("\n"), *trace, "{}", self.place());
        }
        assert!(!self.outputs.is_empty() || expected_end.is_some(), "{}: expects nothing", self.place());
    }
}

/// A document as the cookbook shows it: text, line by line.
fn shown(document: &mut dyn Document) -> String {
    let text = document.operate("text", &[]).expect("every format has its text").unwrap_or_default();
    text.replace('\r', "\n").trim_end_matches('\n').to_owned()
}

fn cookbook() -> String {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cookbook.md");
    std::fs::read_to_string(file).expect("docs/cookbook.md")
}

#[test]
fn every_example_does_what_it_shows() {
    let examples = examples(&cookbook());
    assert!(examples.len() >= 25, "only {} examples", examples.len());
    for example in examples {
        example.run();
    }
}

#[test]
fn all_operations_are_there_executed_or_said_to_be_no_step() {
    let markdown = cookbook();
    let executed: BTreeSet<u32> = examples(&markdown)
        .iter()
        .filter_map(|example| example.section.split('.').next()?.parse().ok())
        .collect();
    let sections: Vec<&str> = markdown.split("\n## ").skip(1).collect();
    assert_eq!(sections.len(), 27);
    for (at, section) in sections.iter().enumerate() {
        let number = u32::try_from(at).expect("a small number") + 1;
        assert!(section.starts_with(&format!("{number}. ")), "section {number}");
        let is_no_step = section.contains("Not a step");
        assert_eq!(is_no_step, NO_STEP.contains(&number), "section {number}");
        assert_ne!(is_no_step, executed.contains(&number), "section {number}");
    }
}

#[test]
fn the_list_of_functions_is_complete() {
    let markdown = cookbook();
    let names = klinke_engine::template::FUNCTIONS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(" ");
    assert!(markdown.replace('\n', " ").contains(&format!("`{names}`")), "{names}");
}
