//! `klinke rhythm`: in which rhythm a system sends.

use std::process::ExitCode;

use anyhow::bail;
use klinke_console::house::request::Request;
use klinke_console::house::rhythm::{DAYS, Rhythm};

use super::Ended;
use super::common::SiteFirst;
use crate::lang::Pick;
use crate::out::{Out, Tone};

/// Say in which rhythm a system sends, what is expected now, and what came
#[derive(clap::Args)]
#[command(after_help = "Example:
  klinke rhythm hospital/ kis

Learned from what came in the last six weeks; holidays count as Sundays. Each number is the middle of the weeks.
Exit status: 0 it goes as usual, 1 it is silent.")]
pub struct Args {
    #[command(flatten)]
    site: SiteFirst,
    /// The system, or the channel where its sender has no name
    system: String,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let request = Request::Rhythm { system: args.system.clone() };
    let heard: Option<Rhythm> = args.site.site().ask(request)?;
    if out.json {
        out.value(&heard)?;
    }
    let Some(heard) = heard else {
        if out.json {
            return Ok(ExitCode::SUCCESS);
        }
        bail!("nothing was heard of `{}` yet", args.system)
    };
    if !out.json {
        show(&heard, out);
    }
    Ok(if heard.silent.is_some() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn show(one: &Rhythm, out: Out) {
    if let Some(since) = &one.silent {
        let text = out.lang.pick(format!("silent since {since}"), format!("still seit {since}"));
        out.line(out.tone(Tone::Bad, text));
    }
    let begun = &one.begun;
    if !one.is_warm {
        let text = out.lang.pick(
            format!("listened to since {begun}: nothing is told of it in the first week"),
            format!("gehört seit {begun}: in der ersten Woche wird nichts gemeldet"),
        );
        out.line(out.tone(Tone::Dim, text));
    }
    let (usual, last) = (out.lang.decimal(format!("{:.0}", one.usual)), &one.last);
    out.line(out.lang.pick(
        format!("usual in this hour: {usual}; the last came {last}"),
        format!("üblich in dieser Stunde: {usual}; die letzte kam {last}"),
    ));
    if let Some(came) = one.came {
        out.line(out.lang.pick(
            format!("came in this hour so far: {came}"),
            format!("kamen in dieser Stunde bisher: {came}"),
        ));
    }
    let mut rows =
        vec![std::iter::once(out.lang.pick("hour", "Stunde")).map(str::to_owned).collect::<Vec<_>>()];
    rows[0].extend(DAYS.iter().map(|(english, german)| out.lang.pick(*english, *german).to_owned()));
    for hour in 0..24 {
        let cell = |day: usize| match one.hours.get(day * 24 + hour).filter(|one| one.weeks > 0) {
            Some(one) => format!("{:.0}", one.middle),
            None => "–".to_owned(),
        };
        let mut row = vec![hour.to_string()];
        row.extend((0..7).map(cell));
        rows.push(row);
    }
    out.table(&rows);
}
