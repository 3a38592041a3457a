//! `klinke channel`: which channels run, and stopping and starting one while the others go on.

use std::process::ExitCode;

use klinke_console::house::request::Request;
use klinke_console::house::view::{ChannelView, Halted, Status};
use serde_json::Value;

use super::Ended;
use super::common::SiteArg;
use crate::lang::Pick;
use crate::out::{Out, Tone};

/// Say which channels run; stop one, or start it again
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke channel hospital/
  klinke channel hospital/ stop adt-to-ris --reason 'RIS is being moved'
  klinke channel hospital/ start adt-to-ris

A stopped channel closes its port: senders get no connection and keep what they have. Steps and deliveries that
are under way end first; what waits stays, and goes on when the channel is started. It stays stopped over a
restart and over changes of the site's files; without a running site it counts from the next start on.
Exit status: 0 all run, or done; 1 one is stopped or does not start.")]
pub struct Args {
    #[command(flatten)]
    site: SiteArg,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(clap::Subcommand)]
enum What {
    /// All channels: running, stopped, by whom and why
    List,
    /// Stop a channel
    Stop {
        /// The channel
        channel: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Let a stopped channel run again, or try one that did not start
    Start {
        /// The channel
        channel: String,
    },
}

pub fn run(args: &Args, out: Out) -> Ended {
    match &args.what {
        None | Some(What::List) => list(args, out),
        Some(What::Stop { channel, reason }) => act(args, channel, Some(reason.clone()), out),
        Some(What::Start { channel }) => act(args, channel, None, out),
    }
}

fn act(args: &Args, channel: &str, reason: Option<String>, out: Out) -> Ended {
    let stops = reason.is_some();
    let request = Request::Halt { channel: channel.to_owned(), reason, who: String::new() };
    let done: Value = args.site.ask(request)?;
    if out.json {
        out.value(&done)?;
    } else {
        out.line(match (stops, done["runs"] == true) {
            (true, _) => out.lang.pick(format!("{channel} is stopped"), format!("{channel} ist gestoppt")),
            (false, true) => out.lang.pick(format!("{channel} runs"), format!("{channel} läuft")),
            (false, false) => out.lang.pick(
                format!("{channel} runs from the next start on"),
                format!("{channel} läuft ab dem nächsten Start"),
            ),
        });
    }
    Ok(ExitCode::SUCCESS)
}

fn list(args: &Args, out: Out) -> Ended {
    let status: Status = args.site.ask(Request::Status)?;
    let is_down = |one: &ChannelView| one.halted.is_some() || one.stopped.is_some();
    if out.json {
        out.value(&status.channels)?;
    } else {
        let heading = out
            .lang
            .pick(["channel", "state", "address", "waiting"], ["Kanal", "Zustand", "Adresse", "warten"]);
        let mut rows = vec![heading.map(str::to_owned).to_vec()];
        rows.extend(status.channels.iter().map(|one| {
            let address = one.address.clone().unwrap_or_default();
            vec![one.name.clone(), state(one, status.serving, out), address, one.waiting().to_string()]
        }));
        out.table(&rows);
    }
    Ok(if status.channels.iter().any(is_down) { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn state(one: &ChannelView, serving: bool, out: Out) -> String {
    if let Some(by) = &one.halted {
        return out.tone(Tone::Warn, stopped(by, out));
    }
    match (&one.stopped, serving && one.runs) {
        (Some(why), _) => {
            out.tone(Tone::Bad, out.lang.pick("does not start: ", "startet nicht: ").to_owned() + why)
        }
        (None, true) => out.tone(Tone::Good, out.lang.pick("runs", "läuft")),
        (None, false) => out.tone(Tone::Dim, out.lang.pick("does not run", "läuft nicht")),
    }
}

/// Who has stopped it, since when and why.
pub fn stopped(by: &Halted, out: Out) -> String {
    let Halted { since, who, reason } = by;
    out.lang.pick(
        format!("stopped by {who} since {since}: {reason}"),
        format!("gestoppt von {who} seit {since}: {reason}"),
    )
}
