//! `klinke demo`: a small hospital talks.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use klinke_adapters::units::Period;

use super::Ended;
use crate::demo::{self, Play};
use crate::out::Out;

/// Play a small hospital in one process
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke demo
  klinke demo --for 20s --lang de
  klinke demo --fault list
  klinke demo --fault tls-expired

Without --for it ends with Ctrl-C, and after 20 s where there is no terminal.
Exit status: 0 the books balance, 1 they do not.")]
pub struct Args {
    /// Play this fault and show the diagnosis; `list` names all
    #[arg(long, value_name = "FAULT")]
    fault: Option<String>,
    /// End after this time
    #[arg(long = "for", value_name = "TIME")]
    time: Option<Period>,
    /// Leave the site in this folder; by default one in the system's folder for temporary files
    #[arg(long, value_name = "FOLDER")]
    site: Option<PathBuf>,
    /// Time between two messages of patient data
    #[arg(long, value_name = "TIME", default_value = "20ms")]
    pace: Period,
}

pub fn run(args: &Args, out: Out) -> Ended {
    if let Some(fault) = &args.fault {
        return fault_of(fault, args.site.clone(), out);
    }
    let unattended = !std::io::stdout().is_terminal();
    let time = args.time.map(|time| time.0).or(unattended.then_some(Duration::from_secs(20)));
    let play = Play { time, folder: args.site.clone(), pace: args.pace.0 };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let balanced = runtime.block_on(demo::play(play, out))?;
    Ok(if balanced { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Plays a fault, or lists them.
fn fault_of(name: &str, folder: Option<PathBuf>, out: Out) -> Ended {
    if name == "list" {
        crate::lab::list(out)?;
        return Ok(ExitCode::SUCCESS);
    }
    let fault = crate::lab::fault(name)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let right = runtime.block_on(crate::lab::show(fault, folder, out))?;
    runtime.shutdown_timeout(Duration::from_secs(2));
    Ok(if right { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
