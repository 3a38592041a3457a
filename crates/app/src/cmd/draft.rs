//! `klinke draft`: a channel proposed from examples of what comes and what is wanted.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use klinke_formats::hl7v2::draft::{Draft, draft};
use serde_json::json;

use super::Ended;
use super::common::read_input;
use super::learn::files_of;
use crate::dialect::file::is_a_name;
use crate::lang::Pick;
use crate::out::{Out, Tone, complain};

/// Draft a channel from messages as they come and as they are wanted
#[derive(clap::Args)]
#[command(after_help = "Example:
  klinke draft --source kis/ --target ris/ --out hospital/channels/adt-to-ris.toml

Each step says in how many cases it gave what was wanted; what it does not explain is listed.
Exit status: 0 all pairs come out as wanted, 1 not all.")]
pub struct Args {
    /// Messages as the source sends them: files or folders
    #[arg(long, required = true, num_args = 1.., value_name = "FILES")]
    source: Vec<PathBuf>,
    /// The same as the target wants them
    #[arg(long, required = true, num_args = 1.., value_name = "FILES")]
    target: Vec<PathBuf>,
    /// The channel's file, `channels/NAME.toml` of a site; tables go into tables/ beside it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let name = match &args.out {
        None => "draft".to_owned(),
        Some(file) => name_of(file)?,
    };
    let (sources, targets) = (read(&args.source)?, read(&args.target)?);
    let drafted = draft(&name, &sources, &targets).map_err(|text| anyhow!("{text}"))?;
    match &args.out {
        Some(file) => write(file, &drafted)?,
        None if out.json => {}
        None => print(&drafted, out),
    }
    if out.json {
        out.value(&json!({
            "channel": drafted.channel,
            "tables": drafted.tables,
            "pairs": drafted.pairs,
            "reproduced": drafted.reproduced,
            "steps": drafted.steps,
            "unexplained": drafted.unexplained,
        }))?;
    }
    let all = drafted.reproduced == drafted.pairs;
    let (right, pairs, steps) = (drafted.reproduced, drafted.pairs, drafted.steps);
    let text = out.lang.pick(
        format!("{steps} steps; {right} of {pairs} pairs come out as wanted"),
        format!("{steps} Schritte; {right} von {pairs} Paaren kommen heraus wie gewünscht"),
    );
    complain(&out.tone(if all { Tone::Good } else { Tone::Warn }, text));
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn read(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>> {
    files_of(paths)?.iter().map(|file| read_input(file)).collect()
}

/// The channel's name; its file must not be there yet.
fn name_of(file: &Path) -> Result<String> {
    let name = file.file_stem().and_then(|name| name.to_str()).filter(|name| is_a_name(name));
    let name = name.context("the file's name is the channel's: letters, digits, - and _")?;
    if file.extension().is_none_or(|ending| ending != "toml") {
        bail!("{} is no channel's file; write channels/{name}.toml", file.display());
    }
    if file.exists() {
        bail!("{} is there already", file.display());
    }
    Ok(name.to_owned())
}

/// Writes the channel, and its tables into the site that the channel's folder is in.
fn write(file: &Path, drafted: &Draft) -> Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    if !drafted.tables.is_empty() {
        let tables = folder.join("..").join("tables");
        std::fs::create_dir_all(&tables).with_context(|| tables.display().to_string())?;
        for (name, text) in &drafted.tables {
            let table = tables.join(format!("{name}.csv"));
            std::fs::write(&table, text).with_context(|| table.display().to_string())?;
        }
    }
    std::fs::write(file, &drafted.channel).with_context(|| file.display().to_string())
}

fn print(drafted: &Draft, out: Out) {
    out.line(drafted.channel.trim_end());
    for (name, text) in &drafted.tables {
        out.line(format!("\n# tables/{name}.csv"));
        text.lines().for_each(|line| out.line(format!("# {line}")));
    }
}
