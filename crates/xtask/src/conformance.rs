//! Writes the tables of `docs/dicom-conformance.md` from the code; the words around them stay. `--check` compares only.
//!
//! A table stands between `<!-- table NAME -->` and `<!-- end -->`.

use std::path::Path;

use anyhow::{Context, Result, bail};
use klinke_adapters::{dicom, dicomweb};

use crate::Outcome;

const END: &str = "<!-- end -->";

/// Runs the task.
pub fn run(arguments: &[String]) -> Result<Outcome> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/dicom-conformance.md");
    let kept = std::fs::read_to_string(&file).context("docs/dicom-conformance.md")?;
    let written = filled(&kept)?;
    if !arguments.iter().any(|argument| argument == "--check") {
        std::fs::write(&file, written).context("docs/dicom-conformance.md")?;
        return Ok(Outcome::Done);
    }
    match kept == written {
        true => Ok(Outcome::Done),
        false => bail!("docs/dicom-conformance.md is not what the code says; run `cargo xtask conformance`"),
    }
}

/// The document with every table in its place; each has one.
fn filled(document: &str) -> Result<String> {
    let mut document = document.to_owned();
    for (name, table) in dicom::conformance::TABLES.iter().chain(dicomweb::conformance::TABLES) {
        let begin = format!("<!-- table {name} -->\n");
        let at = document.find(&begin).with_context(|| format!("no place for the table {name}"))?;
        let from = at + begin.len();
        let to = document[from..].find(END).with_context(|| format!("the table {name} has no end"))? + from;
        document.replace_range(from..to, &format!("\n{}\n", table()));
    }
    Ok(document)
}
