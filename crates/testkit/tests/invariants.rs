//! What must never be: the invariants of `ARCHITECTURE.md`, read off every `Cargo.toml` and every source.
//!
//! Each rule is one line in [`RULES`]. A second test breaks each of them in a copy in memory and wants it
//! to be found, so that no rule passes because it looks at nothing.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One rule: what it says, and what it finds.
struct Rule {
    says: &'static str,
    find: fn(&Workspace) -> Vec<String>,
}

#[rustfmt::skip]
const RULES: &[Rule] = &[
    Rule { says: "every crate stands on a floor, and depends on lower floors only", find: floors },
    Rule { says: "a codec depends on no crate of ours, no runtime, logger, database or clock", find: codecs },
    Rule { says: "the engine knows no protocol", find: engine },
    Rule { says: "a store does not depend on the engine", find: stores },
    Rule { says: "archive and record open no socket; console depends on no adapter, format or backend", find: quiet },
    Rule { says: "one adapter imports no other", find: adapters },
    Rule { says: "one format imports no other", find: formats },
    Rule { says: "nothing depends on the program, nor on developers' tools", find: program },
    Rule { says: "the model depends on nothing and stays small", find: model },
    Rule { says: "no test is switched off, and nothing is left to be written", find: unfinished },
    Rule { says: "no file is longer than 800 lines without its tests", find: long },
];

/// The floors of the house, the lowest first.
const FLOORS: &[&[&str]] = &[
    &["model", "hl7v2", "astm", "xdt", "dimse", "fhir", "terminology"],
    &["store"],
    &["engine", "diagnosis", "archive", "record", "store-sqlite", "store-postgres"],
    &["formats"],
    &["adapters", "console"],
    &["app"],
];
const TOOLS: &[&str] = &["testkit", "xtask"];
const CODECS: &[&str] = &["hl7v2", "astm", "xdt", "dimse", "fhir", "terminology"];
const PROTOCOLS: &[&str] = &["hl7", "dicom", "fhir", "mllp"];
const MODEL_LINES_MAX: usize = 1_500;
const FILE_LINES_MAX: usize = 800;

/// Where a format may use another one, and why.
const BRIDGES: &[(&str, &str)] = &[
    // A document out of OBX-5 leaves as plain bytes: the file makes the one out of the other.
    ("crates/formats/src/hl7v2/extract.rs", "plain"),
];

/// The beginnings of names of packages that a codec must not depend on.
#[rustfmt::skip]
const NOT_FOR_CODECS: &[&str] = &[
    "tokio", "async-", "smol", "mio", "futures", "tracing", "log", "env_logger", "slog", "rusqlite", "sqlx",
    "postgres", "redb", "sled", "chrono", "time", "jiff", "socket2", "hyper", "reqwest",
];
/// What a codec's source must not hold.
const NOT_IN_CODECS: &[&str] = &["SystemTime", "Instant::now", "std::net", "std::fs", "std::thread"];
const SOCKETS: &[&str] = &["tokio", "mio", "socket2", "hyper", "axum", "reqwest", "tonic"];

/// One crate's manifest and sources.
#[derive(Clone, Default)]
struct Crate {
    /// Names of packages by kind: `dependencies`, `dev-dependencies`, `build-dependencies`.
    needs: BTreeMap<String, Vec<String>>,
}

/// All that the rules look at.
#[derive(Clone)]
struct Workspace {
    crates: BTreeMap<String, Crate>,
    /// Rust and script sources by their path from the workspace on.
    sources: BTreeMap<String, String>,
}

impl Workspace {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut workspace = Workspace { crates: BTreeMap::new(), sources: BTreeMap::new() };
        for entry in std::fs::read_dir(root.join("crates")).unwrap() {
            let folder = entry.unwrap().path();
            let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
            workspace.crates.insert(name, manifest(&text));
            for part in ["src", "tests", "benches", "examples"] {
                collect(&root, &folder.join(part), &mut workspace.sources);
            }
        }
        assert!(workspace.crates.len() >= 10 && workspace.sources.len() > 200, "the workspace was not found");
        workspace
    }

    /// The sources below a folder.
    fn below(&self, folder: &str) -> impl Iterator<Item = (&String, &String)> {
        self.sources.iter().filter(move |(path, _)| path.starts_with(folder))
    }

    /// Lines of sources below a folder that hold one of these words, as findings.
    fn holding(&self, folder: &str, words: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        for (path, text) in self.below(folder) {
            for (at, line) in text.lines().enumerate() {
                if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                    found.push(format!("{path}:{}: {word}", at + 1));
                }
            }
        }
        found
    }

    /// A crate's needs, those of its tests apart.
    fn needs(&self, name: &str, with_tests: bool) -> impl Iterator<Item = &String> {
        let kinds = self.crates.get(name).into_iter().flat_map(|one| &one.needs);
        kinds.filter(move |(kind, _)| with_tests || *kind != "dev-dependencies").flat_map(|(_, names)| names)
    }
}

fn manifest(text: &str) -> Crate {
    let table: toml::Table = text.parse().unwrap();
    let mut needs = BTreeMap::new();
    let mut add = |kind: &str, table: &toml::Table| {
        let names = table.iter().map(|(name, value)| {
            let package = value.get("package").and_then(toml::Value::as_str);
            package.unwrap_or(name).to_owned()
        });
        needs.entry(kind.to_owned()).or_insert_with(Vec::new).extend(names);
    };
    for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let here = table.get(kind).into_iter();
        let targets =
            table.get("target").and_then(toml::Value::as_table).into_iter().flat_map(|all| all.values());
        for found in here.chain(targets.filter_map(|target| target.get(kind))) {
            add(kind, found.as_table().unwrap());
        }
    }
    Crate { needs }
}

fn collect(root: &Path, folder: &Path, sources: &mut BTreeMap<String, String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path: PathBuf = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, sources);
        } else if path
            .extension()
            .is_some_and(|ending| ["rs", "js", "ts", "toml"].iter().any(|one| ending == *one))
        {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            sources.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn floor(name: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&name))
}

/// The name of one of our crates, without the product's.
fn ours(package: &str) -> Option<&str> {
    package.strip_prefix("klinke-").or((package == "xtask").then_some("xtask"))
}

fn floors(workspace: &Workspace) -> Vec<String> {
    let mut found = Vec::new();
    for name in workspace.crates.keys().filter(|name| !TOOLS.contains(&name.as_str())) {
        let Some(own) = floor(name) else {
            found.push(format!("{name} stands on no floor"));
            continue;
        };
        let lower = |other: &str| floor(other).is_some_and(|floor| floor < own);
        let wrong = workspace.needs(name, false).filter_map(|need| ours(need)).filter(|other| !lower(other));
        found.extend(wrong.map(|other| format!("{name} depends on {other}")));
    }
    found
}

fn codecs(workspace: &Workspace) -> Vec<String> {
    let mut found = Vec::new();
    for name in CODECS {
        let wrong = workspace.needs(name, false).filter(|need| {
            let banned = |start: &&str| {
                need.as_str() == *start || need.starts_with(&format!("{}-", start.trim_end_matches('-')))
            };
            ours(need).is_some() || NOT_FOR_CODECS.iter().any(banned)
        });
        found.extend(wrong.map(|need| format!("{name} depends on {need}")));
        let src = format!("crates/{name}/src/");
        // What a test within a source does is its own affair; none is ahead of the code.
        for (path, text) in workspace.below(&src) {
            let words = NOT_IN_CODECS.iter().filter(|word| code_of(text).contains(**word));
            found.extend(words.map(|word| format!("{path}: {word}")));
        }
    }
    found
}

fn engine(workspace: &Workspace) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in workspace.below("crates/engine/") {
        for (at, line) in text.lines().enumerate() {
            let line = line.to_lowercase();
            let words = PROTOCOLS.iter().filter(|word| line.contains(**word));
            found.extend(words.map(|word| format!("{path}:{}: {word}", at + 1)));
        }
    }
    found
}

fn stores(workspace: &Workspace) -> Vec<String> {
    let stores = workspace.crates.keys().filter(|name| name.starts_with("store"));
    let wrong = stores.filter(|name| workspace.needs(name, true).any(|need| need == "klinke-engine"));
    wrong.map(|name| format!("{name} depends on the engine")).collect()
}

fn quiet(workspace: &Workspace) -> Vec<String> {
    let mut found = Vec::new();
    for name in ["archive", "record"] {
        let sockets = workspace.needs(name, false).filter(|need| SOCKETS.contains(&need.as_str()));
        found.extend(sockets.map(|need| format!("{name} depends on {need}")));
        found.extend(workspace.holding(&format!("crates/{name}/src/"), &["std::net::Tcp", "std::net::Udp"]));
    }
    let banned = ["klinke-adapters", "klinke-formats", "klinke-store-sqlite", "klinke-store-postgres"];
    let wrong = workspace.needs("console", false).filter(|need| banned.contains(&need.as_str()));
    found.extend(wrong.map(|need| format!("console depends on {need}")));
    found
}

/// The modules of a crate whose head file holds a text.
fn modules(workspace: &Workspace, src: &str, holds: &str) -> Vec<String> {
    let mut names: Vec<String> = workspace
        .below(src)
        .filter(|(_, text)| text.contains(holds))
        .filter_map(|(path, _)| path[src.len()..].split_once('/').map(|(module, _)| module.to_owned()))
        .collect();
    names.dedup();
    names
}

/// Where one of these modules names another one.
fn crossings(workspace: &Workspace, src: &str, names: &[String], bridges: &[(&str, &str)]) -> Vec<String> {
    let mut found = Vec::new();
    for one in names {
        for other in names.iter().filter(|other| *other != one) {
            // The names of some begin with those of others.
            let ways = ["crate", "super::super"].into_iter().flat_map(|way| [(way, "::"), (way, ";")]);
            let words: Vec<String> = ways.map(|(way, end)| format!("{way}::{other}{end}")).collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let here = workspace.holding(&format!("{src}{one}/"), &words);
            let is_bridge = |at: &String| {
                bridges.iter().any(|(file, to)| at.starts_with(&format!("{file}:")) && to == other)
            };
            found.extend(here.into_iter().filter(|at| !is_bridge(at)));
        }
    }
    found
}

fn adapters(workspace: &Workspace) -> Vec<String> {
    let src = "crates/adapters/src/";
    let mut names = modules(workspace, src, "pub const ADAPTER: Adapter");
    assert!(names.len() >= 5, "the adapters were not found");
    // They serve the archive and are no channel's source or destination.
    names.extend(["dicom", "dicomweb"].map(str::to_owned));
    crossings(workspace, src, &names, &[])
}

fn formats(workspace: &Workspace) -> Vec<String> {
    let src = "crates/formats/src/";
    let names = modules(workspace, src, "impl Format for ");
    assert!(names.len() >= 2, "the formats were not found");
    crossings(workspace, src, &names, BRIDGES)
}

fn program(workspace: &Workspace) -> Vec<String> {
    let mut found = Vec::new();
    for name in workspace.crates.keys() {
        let wrong = workspace.needs(name, true).filter(|need| matches!(ours(need), Some("app" | "xtask")));
        found.extend(wrong.map(|need| format!("{name} depends on {need}")));
        let tools = workspace.needs(name, false).filter(|need| *need == "klinke-testkit");
        found.extend(tools.filter(|_| name != "xtask").map(|need| format!("{name} depends on {need}")));
    }
    found
}

fn model(workspace: &Workspace) -> Vec<String> {
    let needs = workspace.needs("model", true);
    let mut found: Vec<String> = needs.map(|need| format!("model depends on {need}")).collect();
    let lines: usize = workspace.below("crates/model/").map(|(_, text)| text.lines().count()).sum();
    if lines > MODEL_LINES_MAX {
        found.push(format!("model has {lines} lines"));
    }
    found
}

fn unfinished(workspace: &Workspace) -> Vec<String> {
    // Put together here, so that this file does not hold them.
    let words = [["to", "do!("].concat(), ["unimple", "mented!("].concat(), ["#[ig", "nore"].concat()];
    workspace.holding("crates/", &words.iter().map(String::as_str).collect::<Vec<_>>())
}

fn long(workspace: &Workspace) -> Vec<String> {
    let rust = workspace.sources.iter().filter(|(path, _)| path.ends_with(".rs"));
    let long = rust.map(|(path, text)| (path, code_of(text).lines().count()));
    long.filter(|(_, lines)| *lines > FILE_LINES_MAX)
        .map(|(path, lines)| format!("{path} has {lines} lines"))
        .collect()
}

/// A source without the tests at its end.
fn code_of(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

#[test]
fn nothing_that_must_never_be_is() {
    let workspace = Workspace::read();
    let mut broken = Vec::new();
    for rule in RULES {
        broken.extend((rule.find)(&workspace).into_iter().map(|found| format!("{}: {found}", rule.says)));
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// A break of the rule at this place of the list, in a copy.
fn break_rule(at: usize, to: &mut Workspace) -> Vec<&'static str> {
    let mut need = |name: &str, package: &str| {
        let one = to.crates.entry(name.to_owned()).or_default();
        one.needs.entry("dependencies".to_owned()).or_default().push(package.to_owned());
    };
    match at {
        0 => {
            need("store", "klinke-store-sqlite");
            need("attic", "bytes");
            vec!["store depends on store-sqlite", "attic stands on no floor"]
        }
        1 => {
            need("hl7v2", "klinke-model");
            need("hl7v2", "tokio-util");
            to.sources
                .insert("crates/hl7v2/src/x.rs".into(), "let now = std::time::SystemTime::now();".into());
            vec![
                "hl7v2 depends on klinke-model",
                "hl7v2 depends on tokio-util",
                "crates/hl7v2/src/x.rs: SystemTime",
            ]
        }
        2 => {
            to.sources.insert("crates/engine/tests/x.rs".into(), "\n// as HL7 does".into());
            vec!["crates/engine/tests/x.rs:2: hl7"]
        }
        3 => {
            need("store-sqlite", "klinke-engine");
            vec!["store-sqlite depends on the engine"]
        }
        4 => {
            need("archive", "tokio");
            need("console", "klinke-adapters");
            vec!["archive depends on tokio", "console depends on klinke-adapters"]
        }
        5 => {
            to.sources.insert("crates/adapters/src/http/x.rs".into(), "use crate::mllp::Source;".into());
            vec!["crates/adapters/src/http/x.rs:1: crate::mllp"]
        }
        6 => {
            to.sources.insert("crates/formats/src/plain/x.rs".into(), "use crate::hl7v2::STEPS;".into());
            vec!["crates/formats/src/plain/x.rs:1: crate::hl7v2"]
        }
        7 => {
            need("formats", "klinke-app");
            need("engine", "klinke-testkit");
            vec!["formats depends on klinke-app", "engine depends on klinke-testkit"]
        }
        8 => {
            need("model", "serde");
            to.sources.insert("crates/model/src/x.rs".into(), "\n".repeat(MODEL_LINES_MAX));
            vec!["model depends on serde", "model has "]
        }
        9 => {
            to.sources.insert("crates/app/src/x.rs".into(), ["    to", "do!()"].concat());
            vec!["crates/app/src/x.rs:1: "]
        }
        10 => {
            to.sources.insert("crates/app/src/x.rs".into(), "\n".repeat(FILE_LINES_MAX + 1));
            vec!["crates/app/src/x.rs has 801 lines"]
        }
        _ => Vec::new(),
    }
}

#[test]
fn a_break_of_each_rule_is_found() {
    let workspace = Workspace::read();
    for (at, rule) in RULES.iter().enumerate() {
        let mut broken = workspace.clone();
        let wanted = break_rule(at, &mut broken);
        assert!(!wanted.is_empty(), "nobody has tried to break: {}", rule.says);
        let found = (rule.find)(&broken);
        for text in wanted {
            assert!(
                found.iter().any(|one| one.starts_with(text)),
                "{}: {text} is not in {found:?}",
                rule.says
            );
        }
    }
}
