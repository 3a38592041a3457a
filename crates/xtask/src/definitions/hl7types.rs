//! Reads `hl7types`: one Python file per segment, data type and message, each with a doc text of the form
//!
//! ```text
//! class PID(HL7Model):
//!     """Patient Identification (S3.4.2).
//!         PID.8 - Administrative Sex (IS) O S3.4.2.8 | 0001 - Administrative Sex
//!         CX.5 (opt) - Identifier Type Code (ID)
//! class ADT_A08(ADT_A01):
//!     """ADT/ACK -  Update patient information (S3.3.8).
//! ```

use std::path::Path;

use anyhow::Context;

use super::model::{Composite, Definitions, Event, Row, VERSIONS, table_number};

/// Reads all versions.
pub fn read(package: &Path, definitions: &mut Definitions) -> anyhow::Result<()> {
    for (index, version) in VERSIONS.iter().enumerate() {
        let folder = package.join("hl7").join(format!("v{}", version.replace('.', "_")));
        for (id, text) in files(&folder.join("segments"))? {
            let segment = composite(&id, &text, &mut definitions.tables);
            definitions.versions[index].segments.insert(id, segment);
        }
        for (id, text) in files(&folder.join("datatypes"))? {
            let data_type = composite(&id, &text, &mut definitions.tables);
            if !data_type.rows.is_empty() {
                definitions.versions[index].types.insert(id, data_type);
            }
        }
        for (id, text) in files(&folder.join("messages"))? {
            if let Some(event) = event(&id, &text) {
                definitions.versions[index].events.insert(id, event);
            }
        }
    }
    Ok(())
}

/// The Python files of a folder in order of their names, as (name, text).
fn files(folder: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_some_and(|extension| extension == "py") && name != "__init__" {
            files.push((name, std::fs::read_to_string(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

type Tables = std::collections::BTreeMap<String, super::model::Table>;

fn composite(id: &str, text: &str, tables: &mut Tables) -> Composite {
    let mut composite = Composite { name: title(text), ..Composite::default() };
    let prefix = format!("{id}.");
    for line in doc(text).lines() {
        let Some(rest) = line.trim().strip_prefix(&prefix) else { continue };
        if let Some((position, row)) = row(rest, tables) {
            composite.rows.insert(position, row);
        }
    }
    composite
}

/// Reads what stands behind `PID.` in a line of the doc text.
fn row(rest: &str, tables: &mut Tables) -> Option<(u16, Row)> {
    let (position, rest) = rest.split_once(' ')?;
    let position = position.parse().ok()?;
    let (rest, table) = match rest.split_once(" | ") {
        Some((rest, table)) => (rest, table.split_once(" - ").unwrap_or((table, ""))),
        None => (rest, ("", "")),
    };
    let (lead, rest) = rest.split_once("- ")?;
    // The name may hold brackets itself; the data type is in the last pair, the section in none.
    let close = rest.rfind(')')?;
    let open = rest[..close].rfind('(')?;
    let mut marks = rest[close + 1..].split_whitespace();
    let optionality = match (lead.trim(), marks.next()) {
        ("(req)", _) | (_, Some("R")) => 'R',
        (_, Some("C")) => 'C',
        (_, Some("X")) => 'X',
        _ => 'O',
    };
    let number = table_number(table.0);
    if !number.is_empty() && !table.1.is_empty() {
        let known = tables.entry(number.clone()).or_default();
        known.name = table.1.trim().to_owned();
    }
    let row = Row {
        name: rest[..open].trim().to_owned(),
        data_type: rest[open + 1..close].to_owned(),
        optionality,
        repeats: rest[close + 1..].split_whitespace().any(|mark| mark == "rep"),
        length: 0,
        table: number,
    };
    Some((position, row))
}

/// The class's doc text.
fn doc(text: &str) -> &str {
    let from = text.find("\nclass ").map_or("", |at| &text[at..]);
    let body = from.split_once("\"\"\"").map_or("", |(_, body)| body);
    // An escaped quotation mark may stand before the closing ones.
    body.find("\n    \"\"\"").or_else(|| body.find("\"\"\"")).map_or(body, |end| &body[..end])
}

/// The first line of the doc text without section and full stop.
fn title(text: &str) -> String {
    let line = doc(text).lines().next().unwrap_or_default().trim().trim_end_matches('.');
    let line = line.rfind(" (S").map_or(line, |at| &line[..at]);
    if line.starts_with("HL7 v2 ") {
        return String::new();
    }
    line.replace("\\\"\"\"", "\"").replace("\\\"", "\"")
}

fn event(id: &str, text: &str) -> Option<Event> {
    let class = text.split("\nclass ").nth(1)?.lines().next()?;
    let parent = class.split_once('(')?.1.split_once(')')?.0;
    let structure = if parent == "HL7Model" { id } else { parent };
    Some(Event { structure: structure.to_owned(), description: title(text) })
}
