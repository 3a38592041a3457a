//! `klinke schema`: JSON Schemas of the site's files, and the description of the console's API.

use std::path::PathBuf;
use std::process::ExitCode;

use super::Ended;
use crate::out::Out;
use crate::site::schema;

/// Write JSON Schemas of the site's files, for editors
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  klinke schema hospital/.schema\n  klinke schema --openapi > klinke.json"
)]
pub struct Args {
    /// The folder to write them into
    #[arg(required_unless_present = "openapi")]
    folder: Option<PathBuf>,
    /// Print the description of the console's API instead (OpenAPI 3.1)
    #[arg(long)]
    openapi: bool,
}

pub fn run(args: &Args, out: Out) -> Ended {
    if args.openapi {
        out.value(klinke_console::api::document())?;
    }
    if let Some(folder) = &args.folder {
        schema::write(folder)?;
        for (name, _) in schema::all() {
            out.line(folder.join(name).display());
        }
    }
    Ok(ExitCode::SUCCESS)
}
