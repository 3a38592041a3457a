//! `klinke replay`: what will my change break?

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use klinke_adapters::units::Period;
use klinke_console::house::replay::{EndingChange, FieldChange, Replayed};
use klinke_console::house::request::{Replay, Request};
use klinke_model::Timestamp;

use super::Ended;
use super::common::{SiteArg, SiteFirst};
use super::messages::time;
use super::upkeep::Bar;
use crate::lang::Pick;
use crate::out::{Out, Tone};
use crate::replay;

/// Fields that are listed; `--json` has all.
const FIELDS_SHOWN: usize = 50;

/// Run kept messages through a changed channel and show what differs
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke replay hospital/ --channel adt-to-ris --last 7d
  klinke replay hospital/ --channel adt-to-ris --against HEAD
  klinke replay hospital/ --channel adt-to-ris --against ../hospital-live --allow PV1-3.1

The site's files as they are now are held against the version that runs, or against another folder or a
revision of git. Nothing is sent.
Exit status: 0 nothing differs but what is allowed, 1 something differs.")]
pub struct Args {
    #[command(flatten)]
    site: SiteFirst,
    /// The channel
    #[arg(long)]
    channel: String,
    /// Messages of so long: 7d, 12h
    #[arg(long, value_name = "TIME", conflicts_with_all = ["from", "until"])]
    last: Option<Period>,
    /// Received at or after: 2026-11-24 or 2026-11-24T08:15:00 (UTC)
    #[arg(long)]
    from: Option<String>,
    /// Received before
    #[arg(long)]
    until: Option<String>,
    /// Hold against this folder or revision of git instead of the version that runs
    #[arg(long, value_name = "REV|FOLDER")]
    against: Option<String>,
    /// At most so many, the oldest first
    #[arg(long, default_value_t = 0)]
    limit: usize,
    /// A field that may differ, such as PV1-3.1
    #[arg(long, value_name = "FIELD")]
    allow: Vec<String>,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let site = args.site.site();
    let last =
        args.last.map(|last| Timestamp::now().0 - i64::try_from(last.0.as_micros()).unwrap_or(i64::MAX));
    let order = Replay {
        channel: args.channel.clone(),
        base: args.against.as_deref().map(|against| base(&site, against, &args.channel)).transpose()?,
        changed: Some(replay::in_folder(&site.folder, site.env.as_deref(), &args.channel)?),
        from: last.map_or_else(|| args.from.as_deref().map(time).transpose(), |from| Ok(Some(from)))?,
        revision: None,
        until: args.until.as_deref().map(time).transpose()?,
        limit: args.limit,
    };
    let bar = Bar::new(out);
    let done: Replayed = site.ask_long(Request::Replay(order), &mut |done, of| bar.show(done, of))?;
    bar.end();
    let unexpected = unexpected(&done, &args.allow);
    if out.json {
        out.value(&done)?;
    } else {
        show(&done, unexpected, out);
    }
    Ok(if unexpected { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// The files to hold against: a folder, or a revision of the site's repository.
fn base(site: &SiteArg, against: &str, channel: &str) -> Result<String> {
    if Path::new(against).is_dir() {
        return replay::in_folder(Path::new(against), site.env.as_deref(), channel);
    }
    replay::in_revision(&site.folder, against, site.env.as_deref(), channel)
}

/// True when something differs that is not allowed to.
fn unexpected(done: &Replayed, allowed: &[String]) -> bool {
    let is_allowed = |field: &FieldChange| {
        let within = |path: &String| {
            field
                .path
                .strip_prefix(path.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        allowed.iter().any(within)
    };
    !done.endings.is_empty() || done.more > 0 || done.fields.iter().any(|field| !is_allowed(field))
}

/// What differs, for people.
pub fn show(done: &Replayed, unexpected: bool, out: Out) {
    for change in &done.endings {
        out.line(ending(change, done, out));
    }
    for field in done.fields.iter().take(FIELDS_SHOWN) {
        out.line(out.tone(Tone::Warn, heading(field, done, out)));
        for example in &field.examples {
            out.line(format!("    {}: {:?} → {:?}", example.envelope, example.before, example.after));
        }
    }
    let hidden = done.fields.len().saturating_sub(FIELDS_SHOWN) as u64 + done.more;
    if hidden > 0 {
        out.line(out.lang.pick(
            format!("and {hidden} more kinds of differences; --json has them"),
            format!("und {hidden} weitere Arten von Unterschieden; --json nennt sie"),
        ));
    }
    let (differ, of) = (done.differ, done.envelopes);
    let text = out.lang.pick(
        format!("{differ} of {of} messages come out otherwise, {} as before", done.same),
        format!("{differ} von {of} Nachrichten kommen anders heraus, {} wie bisher", done.same),
    );
    out.line(out.tone(if unexpected { Tone::Bad } else { Tone::Good }, text));
}

fn ending(change: &EndingChange, done: &Replayed, out: Out) -> String {
    let some: Vec<String> = change.examples.iter().map(u64::to_string).collect();
    let (count, of, some) = (change.count, done.envelopes, some.join(", "));
    let text = out.lang.pick(
        format!("{count} of {of} end otherwise: {} → {} (such as {some})", change.before, change.after),
        format!("{count} von {of} enden anders: {} → {} (etwa {some})", change.before, change.after),
    );
    out.tone(Tone::Bad, text)
}

fn heading(field: &FieldChange, done: &Replayed, out: Out) -> String {
    let (path, to, count, of) = (&field.path, &field.destination, field.count, done.envelopes);
    out.lang.pick(
        format!("{path} to {to} changes in {count} of {of}:"),
        format!("{path} an {to} ändert sich in {count} von {of}:"),
    )
}
