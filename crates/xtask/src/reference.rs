//! Writes `docs/configuration.md` from the JSON Schemas of the site's files.
//!
//! The schemas come from `klinke schema`, so that a key has one description: that beside it in the code.
//! `--schemas DIR` takes a folder that `klinke schema DIR` has written, `--check` compares only.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::Outcome;

/// One file of a site: its schema, its name, what it is.
struct File {
    schema: &'static str,
    title: &'static str,
    about: &'static str,
    /// What stands before a key to say where it is; empty at the top of the file.
    base: &'static str,
}

const FILES: &[File] = &[
    File {
        schema: "klinke.schema.json",
        title: "klinke.toml",
        about: "The node itself. `klinke.<env>.toml` beside it lies over it with `--env <env>` or `KLINKE_ENV`: tables \
                are merged, all else is replaced; its table `systems` lies over `systems.toml` in the same way.",
        base: "",
    },
    File {
        schema: "systems.schema.json",
        title: "systems.toml",
        about: "The partners. Each is a table by its name, as `[ris]`; the keys below are those of such a table.",
        base: "<system>",
    },
    File {
        schema: "alerts.schema.json",
        title: "alerts.toml",
        about: "Who is told when something is wrong, when, and by which way: see [alerts](alerts.md) and \
                [operating](operating.md#alerts). The file may be missing.",
        base: "",
    },
    File {
        schema: "channel.schema.json",
        title: "channels/<name>.toml",
        about: "A channel: one source, steps in order, one or more destinations. The file's name is the channel's. \
                What a step can be is in [steps](steps.md) and the [cookbook](cookbook.md).",
        base: "",
    },
    File {
        schema: "definitions.schema.json",
        title: "definitions.toml",
        about: "What the site defines of its own beyond the standard: segments, fields, data types, tables. \
                `klinke explain --site <site>` then knows them by name. The file may be missing.",
        base: "",
    },
    File {
        schema: "dialect.schema.json",
        title: "dialects/<system>.toml",
        about: "What a partner's messages are like, as `klinke learn` writes it: see [dialects](dialects.md). The \
                file's name is the system's. What is new in the messages of a system that has such a file is told.",
        base: "dialect",
    },
    File {
        schema: "migration.schema.json",
        title: "migrations/<name>.toml",
        about: "An old archive that is taken over: see [migration](migration.md). The file's name is that of the migration.",
        base: "",
    },
];

const HEAD: &str = "# Configuration

<!-- Written by `cargo xtask reference` from the JSON Schemas. Change the text beside the key in the code. -->

All keys of a site's files. A key that does not exist is refused with file, line and the nearest right key
(`klinke check`). `klinke schema <folder>` writes the JSON Schemas that this page is made of; editors that know
TOML complete and check with them.

**Values.** A length of time is a number and `us`, `ms`, `s`, `m`, `h` or `d`: `\"200ms\"`. A size is a number, alone or
with `kB`, `MB`, `GB` (powers of 1,000) or `KiB`, `MiB`, `GiB` (powers of 1,024): `\"64KiB\"`. An address is `host:port`; a
port alone is on 127.0.0.1. Relative paths begin at the site's folder.

**Secrets.** `${NAME}` in any text is replaced by an environment variable, `${file:secrets/token}` by a file's content
without its last line end; `$${` stands for `${` itself. Neither is printed or kept in the store.
";

/// Runs the task.
pub fn run(arguments: &[String]) -> Result<Outcome> {
    let check = arguments.iter().any(|argument| argument == "--check");
    let given = arguments.iter().position(|argument| argument == "--schemas");
    let given = given.map(|at| arguments.get(at + 1).context("--schemas needs a folder")).transpose()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = match given {
        Some(folder) => PathBuf::from(folder),
        None => schemas(&root)?,
    };
    let text = page(&folder)?;
    let file = root.join("docs/configuration.md");
    if !check {
        std::fs::write(&file, text)?;
        return Ok(Outcome::Done);
    }
    match std::fs::read_to_string(&file).is_ok_and(|there| there == text) {
        true => Ok(Outcome::Done),
        false => bail!("docs/configuration.md is not what the code says; run cargo xtask reference"),
    }
}

/// Has the program write its schemas.
fn schemas(root: &Path) -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("klinke-schemas-{}", std::process::id()));
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let status = Command::new(cargo)
        .args(["run", "--quiet", "-p", "klinke-app", "--", "schema"])
        .arg(&folder)
        .current_dir(root)
        .stdout(std::process::Stdio::null())
        .status()?;
    if !status.success() {
        bail!("klinke schema ended with {status}");
    }
    Ok(folder)
}

fn page(folder: &Path) -> Result<String> {
    let mut page = HEAD.to_owned();
    for file in FILES {
        let path = folder.join(file.schema);
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let root: Value = serde_json::from_str(&text)?;
        page += &format!("\n## `{}`\n\n{}\n", file.title, wrapped(file.about));
        // A file that is a table of tables by name has its keys one level below.
        let top = if root["properties"].is_object() { &root } else { &root["additionalProperties"] };
        Writer { root: &root, queue: VecDeque::new(), places: Vec::new(), page: &mut page }
            .file(file.base, top);
    }
    Ok(page)
}

/// Writes the tables of one file; each definition once, at the first place that leads to it.
struct Writer<'a> {
    root: &'a Value,
    queue: VecDeque<(String, &'a Value)>,
    /// Which definitions are written where.
    places: Vec<(&'a Value, String)>,
    page: &'a mut String,
}

impl<'a> Writer<'a> {
    fn file(mut self, base: &str, top: &'a Value) {
        self.table(base, top);
        while let Some((place, schema)) = self.queue.pop_front() {
            *self.page += &format!("\n### `{place}`\n");
            let about = plain(description(schema));
            if !about.is_empty() {
                *self.page += &format!("\n{}\n", wrapped(&about));
            }
            self.table(&place, schema);
        }
    }

    fn table(&mut self, place: &str, schema: &'a Value) {
        let Some(keys) = schema["properties"].as_object() else { return };
        *self.page += "\n| key | what | value | default |\n|---|---|---|---|\n";
        let required = schema["required"].as_array();
        for (key, value) in keys {
            let must = required.is_some_and(|names| names.iter().any(|name| name == key));
            let below = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
            let kind = self.kind(value, &below);
            let text = plain(description(value));
            let text = if text.is_empty() { plain(description(self.resolve(value))) } else { text };
            let (text, said) = default_said(&text);
            let default = match (must, said, &value["default"]) {
                (true, ..) => "required".to_owned(),
                (_, Some(said), _) => said,
                (.., Value::Null | Value::Object(_)) => String::new(),
                (.., Value::Array(list)) if list.is_empty() => String::new(),
                (.., other) => format!("`{other}`"),
            };
            *self.page += &format!("| `{key}` | {} | {kind} | {default} |\n", cell(&text));
        }
    }

    /// What a reference leads to, and what may also be null without that.
    fn resolve(&self, schema: &'a Value) -> &'a Value {
        if let Some(name) = schema["$ref"].as_str().and_then(|way| way.strip_prefix("#/$defs/")) {
            return self.resolve(&self.root["$defs"][name]);
        }
        let Some(list) = schema["anyOf"].as_array() else { return schema };
        let mut real = list.iter().filter(|one| one["type"] != "null");
        match (real.next(), real.next()) {
            (Some(one), None) => self.resolve(one),
            _ => schema,
        }
    }

    /// A value's kind in words; a table's keys are written later, and linked to.
    fn kind(&mut self, schema: &'a Value, place: &str) -> String {
        let schema = self.resolve(schema);
        if let Some(words) = choices(schema) {
            return words;
        }
        if let Some(list) = schema["anyOf"].as_array() {
            let mut kinds: Vec<String> = list.iter().map(|one| self.kind(one, place)).collect();
            kinds.dedup();
            return kinds.join(" or ");
        }
        if schema["properties"].is_object() {
            return self.link(schema, place);
        }
        if schema["additionalProperties"].is_object() {
            return format!(
                "table of {}",
                self.kind(&schema["additionalProperties"], &format!("{place}.<name>"))
            );
        }
        let word = |kind: &Value| match kind.as_str() {
            Some("string") => string(schema),
            Some("integer") => "number".to_owned(),
            Some("boolean") => "`true`, `false`".to_owned(),
            Some("object") => "table".to_owned(),
            Some(other) => other.to_owned(),
            None => "any".to_owned(),
        };
        match &schema["type"] {
            Value::String(kind) if kind == "array" => match self.resolve(&schema["items"]) {
                item if item["properties"].is_object() => format!("list of {}", self.link(item, place)),
                item => format!("list of {}", self.kind(item, place)),
            },
            Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").map_or_else(String::new, word),
            kind => word(kind),
        }
    }

    fn link(&mut self, schema: &'a Value, place: &str) -> String {
        let known = self.places.iter().find(|(one, _)| *one == schema).map(|(_, place)| place.clone());
        let place = known.unwrap_or_else(|| {
            self.places.push((schema, place.to_owned()));
            self.queue.push_back((place.to_owned(), schema));
            place.to_owned()
        });
        format!("[table](#{})", place.replace(['.', '<', '>'], "").to_lowercase())
    }
}

/// The words of which one is to be chosen.
fn choices(schema: &Value) -> Option<String> {
    let words: Vec<&str> = match (schema["oneOf"].as_array(), schema["enum"].as_array()) {
        (Some(list), _) => {
            list.iter().flat_map(|one| one["const"].as_str().into_iter().chain(texts(&one["enum"]))).collect()
        }
        (_, Some(_)) => texts(&schema["enum"]).collect(),
        _ => return None,
    };
    Some(words.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(", "))
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// What a text is, by the pattern that it must have.
fn string(schema: &Value) -> String {
    match schema["pattern"].as_str() {
        Some(pattern) if pattern.contains("ms|s|m") => "time",
        Some(pattern) if pattern.contains("KiB") => "size",
        Some(pattern) if pattern.contains("{1,5}") => "address",
        Some(pattern) if pattern.contains("/[0-9]") => "network",
        Some(pattern) if pattern.contains("https?") => "URL",
        _ => "text",
    }
    .to_owned()
}

fn description(schema: &Value) -> &str {
    schema["description"].as_str().unwrap_or_default()
}

/// A description as one line, without the links of the code's own pages.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("[`", "`").replace("`]", "`")
}

/// A description without the sentences that have columns of their own or go without saying, and the default that it says.
fn default_said(text: &str) -> (String, Option<String>) {
    let text = text.replace(" Since 0.1.", "");
    let Some((before, rest)) = text.split_once(" Default ") else { return (text, None) };
    // A full stop within code ends no sentence.
    let mut quoted = false;
    let end = rest.find(|c: char| {
        quoted ^= c == '`';
        c == '.' && !quoted
    });
    match end {
        Some(end) => (format!("{before}{}", &rest[end + 1..]), Some(rest[..end].to_owned())),
        None => (text, None),
    }
}

/// Text within a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// A paragraph in lines of at most 118 characters.
fn wrapped(text: &str) -> String {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > 118 {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.join("\n")
}
