//! `klinke check`: all faults of a site's files, each with its line.

use std::process::ExitCode;

use super::Ended;
use super::common::SiteArg;
use crate::lang::Pick;
use crate::out::{Out, Tone};
use crate::site::{Fault, load};
use crate::wire::{self, World};

/// Check a site's files
#[derive(clap::Args)]
#[command(after_help = "Example:\n  klinke check hospital/")]
pub struct Args {
    #[command(flatten)]
    site: SiteArg,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let (faults, channels) = match check(args) {
        Ok(channels) => (Vec::new(), channels),
        Err(faults) => (faults, 0),
    };
    if out.json {
        out.value(&serde_json::json!({ "faults": faults, "channels": channels }))?;
    } else {
        for fault in &faults {
            out.line(fault);
        }
        let summary = match faults.len() {
            0 => out.tone(
                Tone::Good,
                out.lang.pick(
                    format!("all is well: {channels} channels"),
                    format!("alles in Ordnung: {channels} Kanäle"),
                ),
            ),
            1 => out.tone(Tone::Bad, out.lang.pick("1 fault", "1 Fehler")),
            many => out.tone(Tone::Bad, out.lang.pick(format!("{many} faults"), format!("{many} Fehler"))),
        };
        out.line(summary);
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// How many channels there are, if nothing is wrong with any.
fn check(args: &Args) -> Result<usize, Vec<Fault>> {
    let site = load::load(&args.site.folder, args.site.env.as_deref())?;
    let world = World::new(&site.node.zone)
        .map_err(|error| vec![Fault::of_file("klinke.toml".as_ref(), error.to_string())])?;
    let compiled = wire::channels(&site, &world, &crate::serve::no_relay)?;
    let mut faults = load::holes(&site, &world.zone);
    faults.extend(load::lists(&site));
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(compiled.len())
}
