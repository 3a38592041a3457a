//! `klinke canary`: a changed channel handles some of the messages.

use std::process::ExitCode;

use anyhow::{Result, anyhow, bail};
use klinke_console::house::canary::{Canary, Side};
use klinke_console::house::deploy::{Plan, short};
use klinke_console::house::request::Request;
use klinke_console::house::trial::{Ask, Terms};

use super::Ended;
use super::trial::Trial;
use crate::lang::Pick;
use crate::out::{Out, Tone};

/// Let a changed channel handle some of the messages, and stop it when it fares worse
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke canary hospital/ --channel adt-to-ris --against feature --share 5%
  klinke canary hospital/ --channel adt-to-ris --against feature --key '\"PV1-3.1\" = [\"CHI1\"]'
  klinke canary hospital/ --channel adt-to-ris --share 20% --reason 'all well so far'
  klinke canary hospital/ --status
  klinke canary hospital/ --channel adt-to-ris --take
  klinke canary hospital/ --channel adt-to-ris --drop

By share, messages of one lane's key always go the same way. When more goes wrong under the changed version
than under the live one (failed, given up, refused), it is stopped by itself.
Exit status: 0 as wished, 1 a canary was stopped or does not go live.")]
pub struct Args {
    #[command(flatten)]
    trial: Trial,
    /// So many of the messages: 5%
    #[arg(long, value_name = "PERCENT", requires = "channel", conflicts_with_all = ["key", "status", "take", "drop"])]
    share: Option<String>,
    /// The messages that meet this condition, written as in `only`
    #[arg(long, value_name = "CONDITION", requires = "channel", conflicts_with_all = ["status", "take", "drop"])]
    key: Option<String>,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let ask = args.trial.ask(terms(args)?)?;
    let (site, request) = (args.trial.site(), Request::Canary(ask.clone()));
    if let Ask::Status { .. } = ask {
        return status(&site.ask::<Vec<Canary>>(request)?, out);
    }
    let plan: Plan = site.ask(request)?;
    super::deploy::tell(&plan, false, out)
}

fn terms(args: &Args) -> Result<Option<Terms>> {
    match (&args.share, &args.key) {
        (Some(share), _) => Ok(Some(Terms::share(share).map_err(|text| anyhow!("{text}"))?)),
        (None, Some(key)) => Ok(Some(Terms::Key(key.clone()))),
        (None, None) if args.trial.against.is_some() => {
            bail!("say which messages: --share 5% or --key '\"PV1-3.1\" = [\"CHI1\"]'")
        }
        (None, None) => Ok(None),
    }
}

fn status(all: &[Canary], out: Out) -> Ended {
    if out.json {
        out.value(&all)?;
    } else {
        all.iter().for_each(|one| show(one, out));
        if all.is_empty() {
            out.line(out.lang.pick("no canary is there", "kein Kanarienvogel ist da"));
        }
    }
    let is_well = all.iter().all(|one| one.stopped.is_none());
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn show(one: &Canary, out: Out) {
    let (name, revision) = (out.tone(Tone::Bold, &one.channel), short(&one.revision));
    out.line(out.lang.pick(
        format!("{name}: {revision} handles {} since {}", one.terms, one.since),
        format!("{name}: {revision} bearbeitet {} seit {}", one.terms, one.since),
    ));
    let side = |side: &Side, english: &str, german: &str| {
        let Side { handled, failed, dead, refused, .. } = side;
        out.line(out.lang.pick(
            format!("  {english}: {handled} handled, {failed} failed, {dead} given up, {refused} refused"),
            format!("  {german}: {handled} bearbeitet, {failed} gescheitert, {dead} aufgegeben, {refused} abgelehnt"),
        ));
    };
    side(&one.live, "live", "in Betrieb");
    side(&one.changed, "changed", "geändert");
    if let Some(why) = &one.stopped {
        let text = out.lang.pick(format!("  stopped: {why}"), format!("  angehalten: {why}"));
        out.line(out.tone(Tone::Bad, text));
    }
}
