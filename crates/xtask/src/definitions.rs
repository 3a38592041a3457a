//! `cargo xtask definitions`: writes `crates/hl7v2/src/definitions/data/*.txt`.
//!
//! The tables of HL7 v2 (segments, fields, data types, tables, message structures) come from three
//! published packages, read as text and never committed:
//!
//! | package | used for |
//! |---|---|
//! | `hl7types` | segments, fields, components with names, types, optionality, tables; event to structure |
//! | `hl7apy` | message structures with their groups, in the order of the standard's schemas; table codes |
//! | `hl7-dictionary` | lengths, texts of the table values, data types that `hl7types` lacks |
//!
//! The module [`model`] is what they are read into, [`mod@write`] makes the committed text of it.

mod dictionary;
mod hl7apy;
mod hl7types;
mod model;
mod names;
mod packages;
mod write;

use std::path::Path;

use anyhow::{Context, bail};

use crate::Outcome;
use model::Definitions;

const OUTPUT: &str = "crates/hl7v2/src/definitions/data";

/// Generates the files, or with `--check` compares them with what is committed.
pub fn run(arguments: &[String]) -> anyhow::Result<Outcome> {
    let check = arguments.iter().any(|argument| argument == "--check");
    let folder = match arguments.iter().position(|argument| argument == "--packages") {
        Some(at) => arguments.get(at + 1).context("--packages needs a folder")?.into(),
        None => packages::default_folder(),
    };
    if let Err(error) = packages::provide(&folder) {
        return Ok(Outcome::NotRun(format!("the packages are not to be had here: {error:#}")));
    }
    let files = write::files(&read(&folder)?);
    if check {
        return compare(&files);
    }
    std::fs::create_dir_all(OUTPUT)?;
    for (name, text) in &files {
        let path = Path::new(OUTPUT).join(name);
        std::fs::write(&path, text).with_context(|| path.display().to_string())?;
        println!("{} ({} KB)", path.display(), text.len() / 1024);
    }
    Ok(Outcome::Done)
}

fn read(folder: &Path) -> anyhow::Result<Definitions> {
    let mut definitions = Definitions::default();
    hl7types::read(&folder.join("hl7types"), &mut definitions).context("hl7types")?;
    hl7apy::read(&folder.join("hl7apy"), &mut definitions).context("hl7apy")?;
    dictionary::complete(&folder.join("hl7-dictionary"), &mut definitions).context("hl7-dictionary")?;
    names::tidy(&mut definitions);
    Ok(definitions)
}

fn compare(files: &[(&'static str, String)]) -> anyhow::Result<Outcome> {
    for (name, text) in files {
        let path = Path::new(OUTPUT).join(name);
        let committed = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        if committed == *text {
            continue;
        }
        let line = committed.lines().zip(text.lines()).take_while(|(old, new)| old == new).count() + 1;
        bail!("{} differs from what the generator makes, from line {line} on", path.display());
    }
    println!("definitions: {} files are what the generator makes", files.len());
    Ok(Outcome::Done)
}
