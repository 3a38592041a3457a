//! Completes the definitions from `hl7-dictionary`: files of the form `var segments = { JSON };` per version.
//!
//! Taken from it are what the other two lack: lengths, tables of components, marks for fields that are kept
//! for backward compatibility, the named composites behind `CM` of the old versions, and the texts of codes.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use super::model::{Composite, Definitions, Row, VERSIONS, Version, table_number};

/// Completes all versions; those after 2.7.1 take component tables from 2.7.1 where nothing else changed.
pub fn complete(package: &Path, definitions: &mut Definitions) -> anyhow::Result<()> {
    let library = package.join("lib");
    let last = load(&library, "2.7.1")?;
    for (index, version) in VERSIONS.iter().enumerate() {
        let is_known = library.join(version).is_dir();
        let here = if is_known { &load(&library, version)? } else { &last };
        let target = &mut definitions.versions[index];
        let (segments, types) = here;
        for (id, segment) in &mut target.segments {
            merge(segment, segments.get(id), is_known);
        }
        for (id, data_type) in &mut target.types {
            let name = types.get(id).and_then(|source| source.get("desc")).and_then(Value::as_str);
            data_type.name = name.unwrap_or(&data_type.name).to_owned();
            merge(data_type, types.get(id), is_known);
        }
        // A type that was added may name others.
        while add_types(target, types) {}
    }
    tables(&json(&library.join("tables.js"))?, definitions);
    Ok(())
}

fn load(library: &Path, version: &str) -> anyhow::Result<(Value, Value)> {
    let folder = library.join(version);
    Ok((json(&folder.join("segments.js"))?, json(&folder.join("fields.js"))?))
}

fn json(path: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let body = text.find('{').zip(text.rfind("};")).map(|(from, to)| &text[from..=to]);
    serde_json::from_str(body.context("no object")?).with_context(|| path.display().to_string())
}

fn rows(value: &Value) -> &[Value] {
    let list = value.get("fields").or_else(|| value.get("subfields"));
    list.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn row(value: &Value) -> Row {
    let number = |key| value.get(key).and_then(Value::as_u64).unwrap_or(0);
    let text = |key| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    Row {
        name: text("desc"),
        data_type: text("datatype"),
        optionality: match number("opt") {
            2 => 'R',
            3 => 'C',
            4 => 'B',
            _ => 'O',
        },
        repeats: number("rep") != 1,
        length: u32::try_from(number("len")).unwrap_or(0),
        table: table_number(&number("table").to_string()),
    }
}

fn merge(target: &mut Composite, source: Option<&Value>, is_same_version: bool) {
    let Some(source) = source else { return };
    if target.name.is_empty() {
        target.name = source.get("desc").and_then(Value::as_str).unwrap_or_default().to_owned();
    }
    for (position, value) in (1..).zip(rows(source)) {
        let Some(known) = target.rows.get_mut(&position) else { continue };
        let other = row(value);
        if matches!(known.data_type.as_str(), "CM" | "CK" | "CN" | "CQ") && is_same_version {
            known.data_type.clone_from(&other.data_type);
        }
        if other.data_type != known.data_type {
            continue;
        }
        if known.table.is_empty() {
            known.table = other.table;
        }
        if other.optionality == 'B' && known.optionality == 'O' {
            known.optionality = 'B';
        }
        if is_same_version {
            known.length = other.length;
        }
    }
}

/// Adds the data types that the version's rows name and nothing has defined yet, and the primitive ones.
fn add_types(target: &mut Version, types: &Value) -> bool {
    let Some(types) = types.as_object() else { return false };
    let count = target.types.len();
    for (id, value) in types {
        if id == "VARIES" || target.types.contains_key(id) {
            continue;
        }
        let is_primitive = rows(value).is_empty();
        let is_named = |composite: &Composite| composite.rows.values().any(|row| row.data_type == *id);
        if is_primitive || target.segments.values().chain(target.types.values()).any(is_named) {
            let name = value.get("desc").and_then(Value::as_str).unwrap_or_default().to_owned();
            let rows = (1..).zip(rows(value).iter().map(row)).collect();
            target.types.insert(id.clone(), Composite { name, rows });
        }
    }
    target.types.len() > count
}

fn tables(value: &Value, definitions: &mut Definitions) {
    for (number, table) in value.as_object().into_iter().flatten() {
        let known = definitions.tables.entry(table_number(number)).or_default();
        if known.name.is_empty() {
            known.name = table.get("desc").and_then(Value::as_str).unwrap_or_default().to_owned();
        }
        for (code, text) in table.get("values").and_then(Value::as_object).into_iter().flatten() {
            let text = text.as_str().unwrap_or_default();
            known.values.insert(code.clone(), text.to_owned());
        }
    }
    definitions.tables.remove("");
}
