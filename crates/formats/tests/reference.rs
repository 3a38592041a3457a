//! `docs/steps.md` is written from the lists of steps and functions. This test holds it to them; with
//! `KLINKE_WRITE=1` it writes the page anew.

use std::fmt::Write;

use klinke_engine::steps::{Spec, StepKind, Templates, Workshop, build};
use klinke_engine::table::{Table, Tables};
use klinke_engine::template::{AT, FUNCTIONS, Zone};
use klinke_formats::{all, builders};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/steps.md");

const HEAD: &str = "# Steps, conditions and functions

What a channel can do without code. [The cookbook](cookbook.md) shows it at work. This page is written from the program's
own lists; a test compares them.

Every step table may also have `when` (a condition: what does not meet it passes untouched) and `title`. A step works on
documents of the format that the channel has at that place; documents of other formats pass it untouched.

";

const CONDITIONS: &str = "## Conditions

`only`, `except`, `when` and `if` are tables of conditions, all of which must hold. On the left stands a path, a kept value
(`$name`) or a template (`\"{PID-5.1|upper}\"`).

| written | holds when |
|---|---|
| `\"P\" = \"A\"`, `[\"A\", \"B\"]` | the value is that, or one of these; `\"\"` is no value |
| `\"P\" = { not = [\"A\", \"B\"] }` | it is none of these |
| `\"P\" = { in = \"wards\" }`, `{ not-in = \"wards\" }` | the table has a row for it, has none |
| `\"P\" = { matches = \"^7[0-9]+$\" }` | the regular expression matches somewhere in it |
| `\"P\" = { starts = \"7\" }`, `contains`, `ends` | it does so; a list: one of them |
| `\"P\" = { exists = true }` | there is something: a value, a null, or the whole segment |
| `\"P\" = { empty = true }` | there is no value: absent, empty or null |
| `\"P\" = { null = true }` | it is said that there is no value |
| `any = [{ … }, { … }]`, `all = [ … ]`, `not = { … }` | one of them, each of them, none of it |

A path with `[*]` names several values: a test holds when it holds for one of them, its negation when for none.

";

fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("## Steps\n\n");
    for kind in builders().kinds() {
        let _ = writeln!(page, "### `{}`\n\n{}\n\n```toml\n{}\n```\n", kind.name, kind.about, kind.example);
        for (key, about) in kind.keys {
            let _ = writeln!(page, "- `{key}`: {about}");
        }
        if !kind.keys.is_empty() {
            page.push('\n');
        }
    }
    page.push_str(
        "### `script`\n\nRuns a script of the site.\n\n```toml\nscript = \"adt-to-ris.ts\"\n```\n\n",
    );
    page.push_str(CONDITIONS);
    page.push_str("## Functions of templates\n\n| function | gives |\n|---|---|\n");
    for kind in FUNCTIONS {
        let _ = writeln!(page, "| `{}` | {} |", kind.usage.replace('|', "\\|"), kind.about);
    }
    page.push_str("\n## What is known of the envelope\n\n| in a template | gives |\n|---|---|\n");
    for kind in AT {
        let _ = writeln!(page, "| `{{@{}}}` | {} |", kind.name, kind.about);
    }
    page
}

#[test]
fn the_page_says_what_the_lists_say() {
    if std::env::var_os("KLINKE_WRITE").is_some() {
        std::fs::write(PAGE, page()).expect("docs/steps.md can be written");
    }
    let written = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(written == page(), "docs/steps.md is out of date; run this test with KLINKE_WRITE=1");
}

/// The fault about a key that does not exist lists those that do.
#[test]
fn the_keys_of_every_step_are_listed() {
    for kind in builders().kinds() {
        let table: toml::Table =
            kind.example.parse().unwrap_or_else(|error| panic!("{}: {error}", kind.name));
        let mut options = match &table[kind.name] {
            Spec::Table(options) if !kind.keys.is_empty() => options.clone(),
            _ if kind.keys.is_empty() => continue,
            _ => least(kind),
        };
        options.insert("zzzzzzzzzzzzzzzz".to_owned(), Spec::Boolean(true));
        let step: toml::Table = [(kind.name.to_owned(), Spec::Table(options))].into_iter().collect();
        let format = match kind.name {
            "split-lines" => "text",
            "to-hl7" | "transcode" | "deidentify" => "dicom",
            _ => "hl7v2",
        };
        let fault = fault(&Spec::Table(step), format);
        let mut known: Vec<&str> = fault
            .rsplit_once("there are ")
            .unwrap_or_else(|| panic!("{}: {fault}", kind.name))
            .1
            .split(", ")
            .collect();
        let mut listed: Vec<&str> = kind.keys.iter().map(|key| key.0).collect();
        known.sort_unstable();
        known.dedup();
        listed.sort_unstable();
        assert_eq!(known, listed, "{}", kind.name);
    }
}

/// Options of steps whose example is their short form.
fn least(kind: &StepKind) -> toml::Table {
    let text = match kind.name {
        "split" => r#"by = "OBR""#,
        "charset" => r#"to = "ASCII""#,
        "template" => r#"text = "x""#,
        other => panic!("{other}: which options must it have?"),
    };
    text.parse().expect("TOML")
}

fn fault(spec: &Spec, format: &str) -> String {
    let mut tables = Tables::new();
    tables.insert("wards", Table::parse("from,to\nA,B\n").expect("a table"));
    let (builders, formats, zone, templates) = (builders(), all(), Zone::default(), Templates::new());
    let workshop = Workshop {
        builders: &builders,
        formats: &formats,
        format,
        tables: &tables,
        zone: &zone,
        templates: &templates,
    };
    build(spec, &workshop).expect_err("a key that does not exist").to_string()
}
