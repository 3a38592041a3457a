//! `klinke shadow`: a changed channel runs along with the one that is live.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use klinke_console::house::deploy::Plan;
use klinke_console::house::request::Request;
use klinke_console::house::shadow::{Ask, Shadow};

use super::Ended;
use super::common::SiteFirst;
use super::replay;
use crate::lang::Pick;
use crate::out::{Out, Tone};
use klinke_console::house::deploy::short;

/// Let a changed channel run along without delivering, and say what differs
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke shadow hospital/ --channel adt-to-ris --against feature
  klinke shadow hospital/ --status
  klinke shadow hospital/ --channel adt-to-ris --take
  klinke shadow hospital/ --channel adt-to-ris --drop

Everything that comes from now on goes through the steps that are live and through the changed ones; only the
former deliver. Taken over, the changed channel is live from the next message on, and stays so until the
site's own files say something else about it.
Exit status: 0 nothing differs, 1 something differs or does not go live.")]
pub struct Args {
    #[command(flatten)]
    site: SiteFirst,
    /// The channel
    #[arg(long, required_unless_present = "status")]
    channel: Option<String>,
    /// Let the channel run along as this folder or revision of git has it
    #[arg(long, value_name = "REV|FOLDER", requires = "channel")]
    against: Option<String>,
    /// Say what differs so far
    #[arg(long, conflicts_with = "against")]
    status: bool,
    /// Put the changed channel in the place of the one that is live
    #[arg(long, requires = "channel", conflicts_with_all = ["against", "status", "drop"])]
    take: bool,
    /// Throw the changed channel away
    #[arg(long, requires = "channel", conflicts_with_all = ["against", "status"])]
    drop: bool,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let site = args.site.site();
    let channel = args.channel.clone();
    let named = || channel.clone().unwrap_or_default();
    if args.take {
        let plan: Plan = site.ask(Request::Shadow(Ask::Take { channel: named() }))?;
        return super::deploy::tell(&plan, false, out);
    }
    if args.drop {
        let _: Vec<Shadow> = site.ask(Request::Shadow(Ask::Drop { channel: named() }))?;
        if !out.json {
            out.line(out.lang.pick("it does not run along any more", "er läuft nicht mehr mit"));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let ask = match &args.against {
        Some(against) => Ask::Start { channel: named(), against: whole(against)? },
        None => Ask::Status { channel },
    };
    let shadows: Vec<Shadow> = site.ask(Request::Shadow(ask))?;
    if out.json {
        out.value(&shadows)?;
    } else {
        shadows.iter().for_each(|shadow| show(shadow, out));
        if shadows.is_empty() {
            out.line(out.lang.pick("nothing runs along", "nichts läuft mit"));
        }
    }
    let differs = shadows.iter().any(|shadow| shadow.differences.differ > 0 || shadow.trouble.is_some());
    Ok(if differs { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// A folder by its whole path: whoever serves works in another one.
pub fn whole(against: &str) -> anyhow::Result<String> {
    if !Path::new(against).is_dir() {
        return Ok(against.to_owned());
    }
    let path = std::fs::canonicalize(against).with_context(|| against.to_owned())?;
    Ok(path.to_str().context("the folder's name is no UTF-8")?.to_owned())
}

fn show(shadow: &Shadow, out: Out) {
    let (revision, since) = (short(&shadow.revision), &shadow.since);
    let name = out.tone(Tone::Bold, &shadow.channel);
    out.line(out.lang.pick(
        format!("{name}: {revision} runs along since {since}"),
        format!("{name}: {revision} läuft mit seit {since}"),
    ));
    if shadow.restarts {
        out.line(out.tone(
            Tone::Warn,
            out.lang.pick(
                "source or destinations differ: taken over, the channel starts anew",
                "Quelle oder Ziele sind anders: beim Übernehmen startet der Kanal neu",
            ),
        ));
    }
    if let Some(trouble) = &shadow.trouble {
        out.line(out.tone(Tone::Bad, trouble));
    }
    if shadow.behind > 0 {
        let behind = shadow.behind;
        out.line(out.lang.pick(
            format!("{behind} messages have yet to go through both"),
            format!("{behind} Nachrichten müssen noch durch beide"),
        ));
    }
    replay::show(&shadow.differences, shadow.differences.differ > 0, out);
}
