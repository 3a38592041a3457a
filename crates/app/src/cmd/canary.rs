//! `klinke canary`: a changed channel handles some of the messages.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use klinke_console::house::canary::{Ask, Canary, Side, Terms};
use klinke_console::house::deploy::Plan;
use klinke_console::house::request::Request;

use super::Ended;
use super::common::SiteFirst;
use crate::lang::Pick;
use crate::out::{Out, Tone};
use klinke_console::house::deploy::short;

/// Let a changed channel handle some of the messages, and stop it when it fares worse
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke canary hospital/ --channel adt-to-ris --against feature --share 5%
  klinke canary hospital/ --channel adt-to-ris --against feature --key '\"PV1-3.1\" = [\"CHI1\"]'
  klinke canary hospital/ --status
  klinke canary hospital/ --channel adt-to-ris --take
  klinke canary hospital/ --channel adt-to-ris --drop

By share, messages of one lane's key always go the same way. When more goes wrong under the changed version
than under the live one (failed, given up, refused), it is stopped by itself.
Exit status: 0 as wished, 1 a canary was stopped or does not go live.")]
pub struct Args {
    #[command(flatten)]
    site: SiteFirst,
    /// The channel
    #[arg(long, required_unless_present = "status")]
    channel: Option<String>,
    /// The channel as this folder or revision of git has it
    #[arg(long, value_name = "REV|FOLDER", requires = "channel")]
    against: Option<String>,
    /// So many of the messages: 5%
    #[arg(long, value_name = "PERCENT", requires = "against", conflicts_with = "key")]
    share: Option<String>,
    /// The messages that meet this condition, written as in `only`
    #[arg(long, value_name = "CONDITION", requires = "against")]
    key: Option<String>,
    /// Say how both sides fare
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
    let channel = args.channel.clone().unwrap_or_default();
    let ask = match (&args.against, args.take, args.drop) {
        (Some(against), ..) => {
            Ask::Start { channel, against: super::shadow::whole(against)?, terms: terms(args)? }
        }
        (None, true, _) => Ask::Take { channel },
        (None, _, true) => Ask::Drop { channel },
        (None, ..) => {
            return status(
                &site.ask::<Vec<Canary>>(Request::Canary(Ask::Status { channel: args.channel.clone() }))?,
                out,
            );
        }
    };
    let plan: Plan = site.ask(Request::Canary(ask))?;
    super::deploy::tell(&plan, false, out)
}

fn terms(args: &Args) -> Result<Terms> {
    match (&args.share, &args.key) {
        (Some(share), _) => {
            let percent: f64 =
                share.trim_end_matches('%').trim().parse().context("a share is written as 5%")?;
            if !(0.01..=100.0).contains(&percent) {
                bail!("a share is between 0.01% and 100%");
            }
            Ok(Terms::Share((percent * 100.0).round() as u32))
        }
        (None, Some(key)) => Ok(Terms::Key(key.clone())),
        (None, None) => bail!("say which messages: --share 5% or --key '\"PV1-3.1\" = [\"CHI1\"]'"),
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
