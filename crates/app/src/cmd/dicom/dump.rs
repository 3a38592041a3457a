//! `klinke dicom dump`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use klinke_dimse::data::{Limits, PixelDataUse};
use klinke_dimse::{dump, file, json};

use crate::cmd::Ended;
use crate::out::{Out, Tone};

/// Show what is in a file
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke dicom dump image.dcm
  klinke dicom dump image.dcm --no-values
  klinke dicom dump image.dcm --json

What is against the standard stands at the end, with its place.
Exit status: 0 nothing is against the standard, 1 something is, 2 it is no DICOM.")]
pub struct Args {
    /// The file
    file: PathBuf,
    /// Show no values: tags, VRs and lengths alone, which say nothing about a patient
    #[arg(long)]
    no_values: bool,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let name = || args.file.display().to_string();
    let bytes = std::fs::read(&args.file).with_context(name)?;
    let opened = file::open(bytes, &Limits::default(), PixelDataUse::Skip).with_context(name)?;
    if out.json {
        out.line(json::to_string(&opened.set, &json::Options::default()));
    } else {
        let options = if args.no_values { dump::Options::without_values() } else { dump::Options::default() };
        out.line(dump::dump(&opened.meta, &options).trim_end());
        out.line(dump::dump(&opened.set, &options).trim_end());
        for deviation in &opened.deviations {
            out.line(out.tone(Tone::Warn, deviation));
        }
    }
    Ok(if opened.deviations.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
