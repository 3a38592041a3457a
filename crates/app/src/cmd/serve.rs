//! `klinke serve`: runs a site.

use std::process::ExitCode;

use super::Ended;
use super::common::SiteArg;
use crate::out::Out;

/// Run a site
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  klinke serve hospital/\n\nStops on SIGTERM or Ctrl-C; reads the site's files again on SIGHUP."
)]
pub struct Args {
    #[command(flatten)]
    site: SiteArg,
}

pub fn run(args: &Args, _out: Out) -> Ended {
    let orderly = crate::serve::run(&args.site.folder, args.site.env.as_deref())?;
    Ok(if orderly { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
