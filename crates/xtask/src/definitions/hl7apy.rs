//! Reads `hl7apy`: message structures, groups and table codes written as Python literals, one element a line:
//!
//! ```text
//!     'ADT_A01': ('sequence',
//!                 (('MSH', SEGMENTS['MSH'], (1, 1), 'SEG'),
//!                  ('ADT_A01_PROCEDURE', None, (0, -1), 'GRP'),
//! ```
//!
//! A structure becomes one line in the standard's abstract message syntax, groups as `(NAME: …)`, choices
//! as `(NAME: A | B)`: `MSH [{SFT}] EVN PID … [{(PROCEDURE: PR1 [{ROL}])}]`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;

use super::model::{Definitions, Event, VERSIONS, table_number};

struct Node {
    choice: bool,
    children: Vec<Child>,
}

struct Child {
    name: String,
    required: bool,
    repeats: bool,
    group: bool,
}

type Nodes = BTreeMap<String, Node>;

/// Reads all versions; 2.7.1, which the package lacks, has the structures of 2.7.
pub fn read(package: &Path, definitions: &mut Definitions) -> anyhow::Result<()> {
    for (index, version) in VERSIONS.iter().enumerate() {
        let folder = match *version {
            "2.7.1" => package.join("v2_7"),
            other => package.join(format!("v{}", other.replace('.', "_"))),
        };
        let groups = nodes(&text(&folder.join("groups.py"))?);
        let messages = nodes(&text(&folder.join("messages.py"))?);
        let (older, from_here) = definitions.versions.split_at_mut(index);
        let this = &mut from_here[0];
        for (id, node) in &messages {
            let mut structure = syntax(node, id, &groups, 0);
            // The package holds some structures twice over, one after the other, and in 2.5.1 has lost the names
            // of some groups; the structure is then that of the version before.
            let before = older.last().and_then(|version| version.structures.get(id));
            let has_lost_names = |text: &str| text.contains("_SUPPGRP");
            if let Some(before) =
                before.filter(|before| has_lost_names(&structure) && !has_lost_names(before))
            {
                structure.clone_from(before);
            }
            if structure.matches("MSH").count() > 1 {
                structure = before.with_context(|| format!("{id} of {version} is damaged"))?.clone();
            }
            this.structures.insert(id.clone(), structure);
            let known = this.events.entry(id.clone());
            known.or_insert(Event { structure: id.clone(), description: String::new() }).structure =
                id.clone();
        }
        keep_structures(definitions, index);
        let tables = folder.join("tables.py");
        if tables.is_file() {
            read_tables(&text(&tables)?, definitions);
        }
    }
    Ok(())
}

/// The package lacks some structures of later versions that the other one knows to be in use (`ADT_A39` from 2.7
/// on); they stay as the version before had them. An event whose structure no version has is dropped.
fn keep_structures(definitions: &mut Definitions, index: usize) {
    let (older, from_here) = definitions.versions.split_at_mut(index);
    let this = &mut from_here[0];
    for event in this.events.values() {
        let before = older.last().and_then(|version| version.structures.get(&event.structure));
        if let (false, Some(elements)) = (this.structures.contains_key(&event.structure), before) {
            this.structures.insert(event.structure.clone(), elements.clone());
        }
    }
    this.events.retain(|_, event| this.structures.contains_key(&event.structure));
}

fn text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

fn nodes(text: &str) -> Nodes {
    let mut nodes = Nodes::new();
    let mut current = String::new();
    for line in text.lines() {
        let mut quoted = line.split('\'').skip(1).step_by(2);
        let (first, second, last) = (quoted.next(), quoted.next(), line.split('\'').rev().nth(1));
        match (first, second) {
            (Some(id), Some(kind @ ("sequence" | "choice"))) if line.starts_with("    '") => {
                current = id.to_owned();
                nodes.insert(current.clone(), Node { choice: kind == "choice", children: Vec::new() });
            }
            (Some(name), Some(_)) if matches!(last, Some("SEG" | "GRP")) => {
                let child = child(name, line, last == Some("GRP"));
                nodes.entry(current.clone()).and_modify(|node| node.children.push(child));
            }
            (Some(name), None | Some("GRP")) if line.contains(", None, (") => {
                let child = child(name, line, true);
                nodes.entry(current.clone()).and_modify(|node| node.children.push(child));
            }
            _ => {}
        }
    }
    nodes
}

fn child(name: &str, line: &str, group: bool) -> Child {
    Child {
        name: name.to_owned(),
        required: line.contains(", (1,"),
        repeats: !line.contains(", 1), '"),
        group,
    }
}

/// The deepest nesting that a structure may have; the standard's own stay below 10.
const DEPTH_MAX: usize = 20;

fn syntax(node: &Node, structure: &str, groups: &Nodes, depth: usize) -> String {
    let separator = if node.choice { " | " } else { " " };
    let part = |child: &Child| {
        let body = match groups.get(&child.name) {
            Some(_) if child.group && depth > DEPTH_MAX => return None,
            Some(group) if child.group => {
                let inner = syntax(group, structure, groups, depth + 1);
                if inner.is_empty() {
                    return None;
                }
                format!("({}: {inner})", group_name(&child.name, structure, group.choice))
            }
            _ => child.name.clone(),
        };
        let body = if child.repeats { format!("{{{body}}}") } else { body };
        Some(if child.required { body } else { format!("[{body}]") })
    };
    node.children.iter().filter_map(part).collect::<Vec<_>>().join(separator)
}

/// Names a group as the standard does: without the structure, and a choice that has no name of its own `CHOICE`.
fn group_name(name: &str, structure: &str, choice: bool) -> String {
    let own = name.strip_prefix(structure).and_then(|rest| rest.strip_prefix('_'));
    let short = own.or_else(|| without_structure(name)).unwrap_or(name);
    match (choice, short.contains("_SUPPGRP")) {
        (true, true) => "CHOICE".to_owned(),
        _ => short.to_owned(),
    }
}

/// A group that a structure has from another one keeps that one's prefix: `SIU_S13_GENERAL_RESOURCE`.
fn without_structure(name: &str) -> Option<&str> {
    let (prefix, rest) = (name.get(..7)?, name.get(8..)?);
    let is_prefix =
        prefix.as_bytes()[3] == b'_' && prefix[4..].contains(|letter: char| letter.is_ascii_digit());
    (is_prefix && name.as_bytes()[7] == b'_').then_some(rest)
}

fn read_tables(text: &str, definitions: &mut Definitions) {
    let mut number = String::new();
    for line in text.lines() {
        let mut quoted = quoted(line).into_iter();
        if let Some(rest) = line.strip_prefix("    '").or_else(|| line.strip_prefix("    \"")) {
            number = rest.get(3..7).map(table_number).unwrap_or_default();
            quoted.next();
            let name = quoted.next().unwrap_or_default();
            let table = definitions.tables.entry(number.clone()).or_default();
            if table.name.is_empty() {
                table.name = name;
            }
        }
        if number.is_empty() {
            continue;
        }
        for code in quoted.filter(|code| is_code(code)) {
            definitions.tables.entry(number.clone()).or_default().values.entry(code).or_default();
        }
    }
    definitions.tables.remove("");
}

/// The quoted texts of a line, in either kind of quotation mark.
fn quoted(line: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find(['\'', '"']) {
        let mark = &rest[at..=at];
        let Some(end) = rest[at + 1..].find(mark) else { break };
        texts.push(rest[at + 1..at + 1 + end].to_owned());
        rest = &rest[at + end + 2..];
    }
    texts
}

/// Suggestions such as "No suggested values" or ranges are no codes.
fn is_code(code: &str) -> bool {
    let prose = code.split_whitespace().count() > 2;
    !code.is_empty() && code.len() <= 20 && !prose && !code.contains("...") && !code.contains('\\')
}
