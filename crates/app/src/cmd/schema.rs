//! `klinke schema`: JSON Schemas of the site's files.

use std::path::PathBuf;
use std::process::ExitCode;

use super::Ended;
use crate::out::Out;
use crate::site::schema;

/// Write JSON Schemas of the site's files, for editors
#[derive(clap::Args)]
#[command(after_help = "Example:\n  klinke schema hospital/.schema")]
pub struct Args {
    /// The folder to write them into
    folder: PathBuf,
}

pub fn run(args: &Args, out: Out) -> Ended {
    schema::write(&args.folder)?;
    for (name, _) in schema::all() {
        out.line(args.folder.join(name).display());
    }
    Ok(ExitCode::SUCCESS)
}
