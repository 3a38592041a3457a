//! `klinke new`: a site to start from.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;

use super::Ended;
use crate::lang::Pick;
use crate::out::Out;
use crate::starter;

/// Make a new site to start from
#[derive(clap::Args)]
#[command(after_help = "Example:\n  klinke new hospital\n  klinke test hospital\n  klinke serve hospital")]
pub struct Args {
    /// The folder to make
    folder: PathBuf,
}

pub fn run(args: &Args, out: Out) -> Ended {
    if args.folder.join("klinke.toml").exists() {
        bail!("{} is a site already", args.folder.display());
    }
    starter::write(&args.folder)?;
    let folder = args.folder.display();
    match out.json {
        true => out.value(&serde_json::json!({ "folder": args.folder }))?,
        false => out.line(out.lang.pick(
            format!("{folder} is made. Next: klinke test {folder}, then klinke serve {folder}"),
            format!("{folder} ist angelegt. Weiter: klinke test {folder}, dann klinke serve {folder}"),
        )),
    }
    Ok(ExitCode::SUCCESS)
}
