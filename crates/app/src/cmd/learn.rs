//! `klinke learn`: a partner's dialect, what is new against it, and test messages out of it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use klinke_adapters::units::Period;
use klinke_diagnosis::dialect::{Dialect, Learner};
use klinke_formats::hl7v2::invented::invent;
use klinke_formats::hl7v2::outline::outlines;
use klinke_model::Timestamp;

use super::Ended;
use super::common::{SiteArg, read_input};
use crate::dialect::page::page;
use crate::dialect::{file, render, words};
use crate::lang::Pick;
use crate::out::{Out, Tone, complain};
use crate::site::{Site, fault, load};
use klinke_console::house::request::{Learn, Request};
use klinke_console::house::view::{DriftView, Learned};

/// Most messages that are invented at once.
const INVENTED_MAX: u64 = 100_000;

/// Learn a partner's dialect, say what is new in its messages, or invent test messages
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke learn messages/*.hl7
  klinke learn --channel adt-to-ris --last 7d hospital/ --write
  klinke learn --system kis hospital/ --format html > kis.html
  klinke learn --drift hospital/
  klinke learn --synthesise 100 --system kis hospital/ --to test-messages/

What is shown and written holds no patient data: docs/dialects.md says what is kept.
Exit status: 0 learned, or nothing new; 1 something is new (--drift).")]
pub struct Args {
    /// Files to learn from; or the site, with --channel, --system, --drift or --synthesise
    #[arg(value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// Learn from what this channel has received
    #[arg(long)]
    channel: Option<String>,
    /// The system whose dialect it is
    #[arg(long)]
    system: Option<String>,
    /// Only what was received within this time: 7d
    #[arg(long)]
    last: Option<Period>,
    /// The site whose definitions are known, and into which --write writes
    #[arg(long, value_name = "SITE")]
    site: Option<PathBuf>,
    /// Write `dialects/SYSTEM.toml`, going on from what is there
    #[arg(long)]
    write: bool,
    /// Begin anew with --write, in place of going on from what is there
    #[arg(long, requires = "write")]
    anew: bool,
    /// How the page is printed
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Say what is new in partners' messages against their dialects
    #[arg(long)]
    drift: bool,
    /// Invent so many test messages of the system's dialect
    #[arg(long, value_name = "COUNT")]
    synthesise: Option<u64>,
    /// The same seed gives the same test messages
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder for test messages, a file each; standard output when absent
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// The environment, whose file is laid over `klinke.toml`.
    #[arg(long, value_name = "ENV", env = "KLINKE_ENV", help = "Lay klinke.<ENV>.toml over klinke.toml")]
    env: Option<String>,
}

/// How a page is printed.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Markdown,
    Html,
    Json,
}

pub fn run(args: &Args, out: Out) -> Ended {
    if args.drift {
        return drift(args, out);
    }
    if let Some(count) = args.synthesise {
        return synthesise(args, count.min(INVENTED_MAX), out);
    }
    if args.system.as_deref().is_some_and(|system| !file::is_a_name(system)) {
        bail!("a system's name has letters, digits, - and _ only");
    }
    let is_kept = args.channel.is_some() || args.is_site_alone();
    let folder = args.site_folder(is_kept);
    let site = folder.as_ref().map(|folder| args.load(folder)).transpose()?;
    let learned = match is_kept {
        true => from_store(args, folder.as_deref().unwrap_or(Path::new(".")), site.as_ref())?,
        false => from_files(args, site.as_ref())?,
    };
    if args.write {
        let folder = folder.context("--write needs the site: name it with --site")?;
        let system = &learned.system;
        if site.as_ref().is_none_or(|site| !site.systems.contains_key(system)) {
            bail!("systems.toml has no `{system}`; --system says whose dialect it is");
        }
        let path = folder.join(file::path(system));
        std::fs::create_dir_all(folder.join("dialects"))?;
        std::fs::write(&path, file::text(&learned)?).with_context(|| path.display().to_string())?;
        complain(
            &out.lang.pick(
                format!("{} is written", path.display()),
                format!("{} ist geschrieben", path.display()),
            ),
        );
    }
    let local = site.as_ref().map(|site| &site.local);
    match args.format {
        _ if out.json => out.value(&learned)?,
        Format::Json => out.value(&learned)?,
        Format::Text => out.line(render::text(&page(&learned, local, out.lang)).trim_end()),
        Format::Markdown => out.line(render::markdown(&page(&learned, local, out.lang)).trim_end()),
        Format::Html => out.line(render::html(&page(&learned, local, out.lang)).trim_end()),
    }
    Ok(ExitCode::SUCCESS)
}

impl Args {
    /// True when there is no file to learn from, but a site.
    fn is_site_alone(&self) -> bool {
        match &self.paths[..] {
            [] => true,
            [one] => one.join("klinke.toml").is_file(),
            _ => false,
        }
    }

    /// The site: named, the only path, or where one stands.
    fn site_folder(&self, is_kept: bool) -> Option<PathBuf> {
        let here = || Path::new("klinke.toml").is_file().then(|| PathBuf::from("."));
        match (is_kept, &self.site) {
            (_, Some(site)) => Some(site.clone()),
            (true, None) => self.paths.first().cloned().or_else(here).or_else(|| Some(".".into())),
            (false, None) => here(),
        }
    }

    fn load(&self, folder: &Path) -> Result<Site> {
        load::load(folder, self.env.as_deref()).map_err(|faults| fault::as_error(&faults))
    }

    fn site_arg(&self, folder: &Path) -> SiteArg {
        SiteArg { folder: folder.to_owned(), env: self.env.clone(), purpose: None }
    }

    /// What is there to go on from.
    fn before(&self, site: Option<&Site>, system: &str) -> Option<Dialect> {
        let wanted = self.write && !self.anew;
        site.filter(|_| wanted).and_then(|site| site.dialects.get(system).cloned())
    }
}

/// Learns from what a site has kept: the running site is asked, else its store.
fn from_store(args: &Args, folder: &Path, site: Option<&Site>) -> Result<Dialect> {
    if args.channel.is_none() && args.system.is_none() {
        bail!("say what to learn from: files, --channel or --system");
    }
    let now = Timestamp::now();
    let from = args.last.map(|last| now.0 - i64::try_from(last.0.as_micros()).unwrap_or(i64::MAX));
    let system = args.system.clone().or_else(|| {
        let source = site?.channels.get(args.channel.as_ref()?)?.values.get("source")?.as_table()?.clone();
        source.values().find_map(|adapter| Some(adapter.get("from")?.as_str()?.to_owned()))
    });
    let before = system.as_deref().and_then(|system| args.before(site, system));
    let before = before.map(serde_json::to_value).transpose()?;
    let ask = Learn { channel: args.channel.clone(), system, from, before };
    let learned: Learned = args.site_arg(folder).ask(Request::Learn(Box::new(ask)))?;
    if learned.unread > 0 {
        complain(&format!("klinke: {} envelopes hold no message that can be read", learned.unread));
    }
    Ok(serde_json::from_value(learned.dialect)?)
}

fn from_files(args: &Args, site: Option<&Site>) -> Result<Dialect> {
    let system = args.system.clone().unwrap_or_else(|| "partner".to_owned());
    let charset = site.and_then(|site| site.systems.get(&system)?.charset.clone());
    let mut learner = match args.before(site, &system) {
        Some(before) => Learner::resume(before),
        None => Learner::new(&system),
    };
    let local = site.map(|site| &site.local);
    let files = files_of(&args.paths)?;
    let mut unread = 0;
    for path in &files {
        match outlines(&read_input(path)?, local, charset.as_deref()) {
            Ok(outlines) => outlines.iter().for_each(|one| learner.learn(one)),
            Err(error) => {
                unread += 1;
                complain(&format!("klinke: {}: {error}", path.display()));
            }
        }
    }
    if unread == files.len() {
        bail!("none of the files holds an HL7 v2 message");
    }
    Ok(learner.finish())
}

/// The files that are named; of a folder those in it.
pub(super) fn files_of(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path).with_context(|| path.display().to_string())?;
        let mut within: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        within.retain(|path| path.is_file());
        within.sort();
        files.extend(within);
    }
    Ok(files)
}

fn drift(args: &Args, out: Out) -> Ended {
    let folder = args.paths.first().cloned().or_else(|| args.site.clone()).unwrap_or_else(|| ".".into());
    let named = args.paths.get(1).and_then(|name| name.to_str()).map(str::to_owned);
    let system = args.system.clone().or(named);
    let drift: Vec<DriftView> = args.site_arg(&folder).ask(Request::Drift { system })?;
    let is_new = drift.iter().any(|one| !one.novelties.is_empty());
    if out.json {
        out.value(&drift)?;
    } else {
        if drift.is_empty() {
            out.line(out.lang.pick("the site has no dialects", "der Standort hat keine Dialekte"));
        }
        drift.iter().for_each(|one| show(one, out));
    }
    Ok(if is_new { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn show(drift: &DriftView, out: Out) {
    let (looked, skipped, count) = (drift.looked, drift.skipped, drift.novelties.len() as u64 + drift.more);
    let mut line = out.lang.pick(
        format!("{looked} messages looked at, {count} new things"),
        format!("{looked} Nachrichten angesehen, {count} Neues"),
    );
    if skipped > 0 {
        line += &out.lang.pick(format!(", {skipped} passed over"), format!(", {skipped} übergangen"));
    }
    out.line(format!("{}  {line}", out.tone(Tone::Bold, &drift.system)));
    for new in &drift.novelties {
        let kind = serde_json::from_value(serde_json::Value::String(new.kind.clone()));
        let text = match kind {
            Ok(kind) => words::novelty(kind, &new.place, &new.came, &new.before, out.lang),
            Err(_) => format!("{}: {}", new.place, new.came),
        };
        let first = out.lang.pick("first in", "zuerst in");
        let first = format!("{first} {} ({}), × {}", new.envelope, new.at, new.count);
        out.line(format!("  {}  {}", out.tone(Tone::Warn, text), out.tone(Tone::Dim, first)));
    }
}

fn synthesise(args: &Args, count: u64, out: Out) -> Ended {
    let folder = args.site_folder(true).unwrap_or_else(|| ".".into());
    let site = args.load(&folder)?;
    let system = args.system.as_deref().context("--system says whose dialect it is")?;
    let Some(dialect) = site.dialects.get(system) else {
        bail!("there is no dialects/{system}.toml; `klinke learn --system {system} --write` makes one");
    };
    let messages = invent(dialect, count, args.seed, Some(&site.local));
    match &args.to {
        None => messages.iter().for_each(|message| print(message, out)),
        Some(folder) => write_all(folder, &messages)?,
    }
    if (messages.len() as u64) < count {
        let made = messages.len();
        bail!("only {made} of {count} messages could be made: the dialect holds what contradicts itself");
    }
    Ok(ExitCode::SUCCESS)
}

fn print(message: &[u8], out: Out) {
    use std::io::Write;
    match out.json {
        true => out.line(serde_json::Value::String(String::from_utf8_lossy(message).into_owned())),
        // A reader that has gone away (`| head`) is no fault of ours.
        false => drop(std::io::stdout().write_all(message)),
    }
}

fn write_all(folder: &Path, messages: &[Vec<u8>]) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for (number, message) in (1..).zip(messages) {
        std::fs::write(folder.join(format!("test-{number:05}.hl7")), message)?;
    }
    Ok(())
}
