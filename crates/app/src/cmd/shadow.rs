//! `klinke shadow`: a changed channel runs along with the one that is live.

use std::process::ExitCode;

use klinke_console::house::deploy::{Plan, short};
use klinke_console::house::request::Request;
use klinke_console::house::shadow::Shadow;
use klinke_console::house::trial::Ask;

use super::Ended;
use super::replay;
use super::trial::Trial;
use crate::lang::Pick;
use crate::out::{Out, Tone};

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
    trial: Trial,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let (site, ask) = (args.trial.site(), args.trial.ask(None)?);
    let request = Request::Shadow(ask.clone());
    if let Ask::Take { .. } = ask {
        let plan: Plan = site.ask(request)?;
        return super::deploy::tell(&plan, false, out);
    }
    let shadows: Vec<Shadow> = site.ask(request)?;
    if let Ask::Drop { .. } = ask {
        if !out.json {
            out.line(out.lang.pick("it does not run along any more", "er läuft nicht mehr mit"));
        }
        return Ok(ExitCode::SUCCESS);
    }
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
