//! `klinke migrate`: takes over an old archive.

mod follow;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use klinke_adapters::dicom::{Node, Peers};
use klinke_archive::Archive;
use klinke_archive::migrate::Ledger;
use klinke_console::house::migrate::{Ask, Moved};
use klinke_console::house::request::Request;
use klinke_engine::source::Stop;
use klinke_model::Timestamp;
use serde_json::{Value, json};

use super::Ended;
use super::common::{SiteArg, SiteFirst};
use super::upkeep::Bar;
use crate::control::socket;
use crate::lang::Pick;
use crate::migrate::job::{self, Job, PROGRAM};
use crate::migrate::report::Report;
use crate::migrate::run::Ended as RunEnded;
use crate::migrate::verify::Checked;
use crate::migrate::{plan, run, verify};
use crate::out::{Out, Tone};
use crate::site::archive::peers;
use crate::site::{Site, fault, load};

/// Take over an old archive: inventory, studies, check, report
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke migrate hospital/ plan old-pacs
  klinke migrate hospital/ run old-pacs
  klinke migrate hospital/ status
  klinke migrate hospital/ first 4711 old-pacs
  klinke migrate hospital/ verify old-pacs --compare 20
  klinke migrate hospital/ report old-pacs --to report.html

What is taken over stands in migrations/<name>.toml; the name may be left out where there is one alone.
While `klinke serve` runs it takes over; else this command does, and listens for what the old archive sends.")]
pub struct Args {
    #[command(flatten)]
    site: SiteFirst,
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Ask the old archive for all of its studies
    Plan {
        #[command(flatten)]
        name: Name,
        /// Ask for all once more, also for what was asked before
        #[arg(long)]
        anew: bool,
    },
    /// Take the studies, until all are here or given up
    Run {
        #[command(flatten)]
        name: Name,
        /// Try once more what was given up
        #[arg(long)]
        again: bool,
        /// Do not wait for the end, where `klinke serve` takes over
        #[arg(long)]
        background: bool,
    },
    /// Stop taking over, where `klinke serve` does
    Stop {
        #[command(flatten)]
        name: Name,
    },
    /// Move a study, or all of a patient, before all others
    First {
        /// Patient ID or Study Instance UID
        #[arg(value_name = "PATIENT|STUDY")]
        what: String,
        #[command(flatten)]
        name: Name,
    },
    /// Say how far it is, and how long it will still take
    Status {
        #[command(flatten)]
        name: Name,
    },
    /// Hold each instance that the old archive names against ours
    Verify {
        #[command(flatten)]
        name: Name,
        /// Compare the pixels of so many instances in a thousand
        #[arg(long, value_name = "COUNT")]
        compare: Option<u32>,
    },
    /// Write what was there, what came, what is missing and why
    Report {
        #[command(flatten)]
        name: Name,
        /// The file: .md, .html or .json; Markdown on standard output when absent
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
}

/// Which migration.
#[derive(clap::Args)]
struct Name {
    /// The migration
    #[arg(value_name = "MIGRATION")]
    migration: Option<String>,
}

/// What a verb works with.
struct Named {
    place: SiteArg,
    site: Site,
    name: String,
}

impl Named {
    fn of(args: &Args, name: &Name) -> Result<Self> {
        let place = args.site.site();
        let site =
            load::load(&place.folder, place.env.as_deref()).map_err(|faults| fault::as_error(&faults))?;
        let name = job::named(&site, name.migration.as_deref())?.to_owned();
        Ok(Named { place, site, name })
    }

    /// Whether `klinke serve` runs the site.
    fn is_served(&self) -> bool {
        socket::connect(&self.site.store_folder()).is_some()
    }

    fn ledger(&self) -> Result<Ledger> {
        Ok(Ledger::open(&job::ledger_path(&self.site, &self.name)?, PROGRAM)?)
    }
}

pub fn run(args: &Args, out: Out) -> Ended {
    match &args.what {
        What::Plan { name, anew } => run_plan(&Named::of(args, name)?, *anew, out),
        What::Run { name, again, background } => {
            let context = Named::of(args, name)?;
            match context.is_served() {
                true => run_served(&context, *again, *background, out),
                false => run_here(&context, *again, out),
            }
        }
        What::Stop { name } => {
            let context = Named::of(args, name)?;
            if !context.is_served() {
                bail!("nothing serves this site; `klinke migrate run` stops when it is interrupted (Ctrl-C)");
            }
            let ask = Ask::Stop { name: context.name.clone(), reason: None };
            let stopped: Value = context.place.ask(Request::Migrate(ask))?;
            say(out, &stopped, out.lang.pick("it has stopped", "angehalten"))
        }
        What::First { what, name } => {
            let context = Named::of(args, name)?;
            let moved = match context.is_served() {
                true => {
                    let ask = Ask::First { name: context.name.clone(), of: what.clone() };
                    context.place.ask::<Moved>(Request::Migrate(ask))?.moved
                }
                false => context.ledger()?.first(what)?,
            };
            let text = out.lang.pick(
                format!("{moved} studies go before all others"),
                format!("{moved} Studien gehen allen anderen vor"),
            );
            say(out, &json!({ "moved": moved }), &text)?;
            Ok(ExitCode::from(u8::from(moved == 0)))
        }
        What::Status { name } => {
            let context = Named::of(args, name)?;
            let job = Job::open(&context.site, &context.name)?;
            show::status(&job, context.is_served(), out)
        }
        What::Verify { name, compare } => run_verify(&Named::of(args, name)?, *compare, out),
        What::Report { name, to } => report(&Named::of(args, name)?, to.as_deref(), out),
    }
}

fn say(out: Out, value: &Value, text: &str) -> Ended {
    match out.json {
        true => out.value(value)?,
        false => out.line(text),
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs what talks to partners, and stops it when the user interrupts.
fn until_interrupted<T>(work: impl AsyncFnOnce(Stop) -> Result<T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let (stopper, stop) = Stop::new();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                stopper.say();
            }
        });
        work(stop).await
    })
}

fn run_plan(context: &Named, anew: bool, out: Out) -> Ended {
    let job = Job::open(&context.site, &context.name)?;
    let _work = job.ledger.work()?;
    let is_whole = until_interrupted(async |mut stop| {
        let bar = Bar::new(out);
        let ended = tokio::select! {
            ended = plan::plan(&job, anew, &mut stop) => ended,
            ended = follow::slices(&job, &bar) => ended,
        };
        bar.end();
        ended
    })?;
    show::planned(&job, is_whole, out)
}

/// `klinke serve` takes over; this looks on.
fn run_served(context: &Named, again: bool, background: bool, out: Out) -> Ended {
    let ask = Ask::Run { name: context.name.clone(), again, reason: None };
    let began: Value = context.place.ask(Request::Migrate(ask))?;
    if background {
        return say(out, &began, out.lang.pick("`klinke serve` takes over", "`klinke serve` übernimmt"));
    }
    let job = Job::open(&context.site, &context.name)?;
    let bar = Bar::new(out);
    until_interrupted(async |mut stop| {
        tokio::select! {
            () = stop.said() => Ok(()),
            ended = follow::studies(&job, &bar) => ended,
        }
    })?;
    bar.end();
    show::ran(&job, out)
}

/// This process takes over, and listens for what the old archive sends.
fn run_here(context: &Named, again: bool, out: Out) -> Ended {
    let site = &context.site;
    let table = site.node.archive.as_ref().context("klinke.toml has no [archive]")?;
    let archive = Archive::open(&site.home.join(&table.path), table.options(&site.home))?;
    let job = Arc::new(Job::open(site, &context.name)?);
    if again {
        job.ledger.again()?;
    }
    let bar = Bar::new(out);
    let ended = until_interrupted(async |stop| {
        let node = Node::new(table.node(), archive.clone(), Peers::new(peers(site)));
        let open = node.open().await.context("archive")?;
        let (_ours, node_stop) = Stop::new();
        let listening = tokio::spawn(open.run(node_stop));
        let following = follow::forever(&job, &bar);
        let ended = tokio::select! {
            ended = run::run(job.clone(), archive, stop) => ended,
            never = following => never.map(|()| RunEnded::Stopped),
        };
        listening.abort();
        ended
    })?;
    bar.end();
    if ended == RunEnded::Stopped && !out.json {
        out.line(out.lang.pick("it was stopped; `run` goes on", "angehalten; `run` macht weiter"));
    }
    show::ran(&job, out)
}

fn run_verify(context: &Named, compare: Option<u32>, out: Out) -> Ended {
    let bar = Bar::new(out);
    let checked: Checked = match context.is_served() {
        true => {
            let ask = Ask::Verify { name: context.name.clone(), compare, background: false, reason: None };
            context.place.ask_long(Request::Migrate(ask), &mut |done, of| bar.show(done, of))?
        }
        false => {
            let table = context.site.node.archive.as_ref().context("klinke.toml has no [archive]")?;
            let archive =
                Archive::open(&context.site.home.join(&table.path), table.options(&context.site.home))?;
            let job = Job::open(&context.site, &context.name)?;
            until_interrupted(async |stop| {
                verify::verify(&job, &archive, compare, stop, &mut |done, of| bar.show(done, of)).await
            })?
        }
    };
    bar.end();
    show::checked(&checked, out)
}

fn report(context: &Named, to: Option<&std::path::Path>, out: Out) -> Ended {
    let job = Job::open(&context.site, &context.name)?;
    let report =
        Report::of(&context.site, &context.name, &job.ledger, job.schedule.as_ref(), Timestamp::now())?;
    let Some(path) = to else {
        match out.json {
            true => report.write_json(&job.ledger, &mut std::io::stdout().lock())?,
            false => out.line(report.markdown(out.lang).trim_end()),
        }
        return Ok(ExitCode::SUCCESS);
    };
    let shown = || path.display().to_string();
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("md") => std::fs::write(path, report.markdown(out.lang)).with_context(shown)?,
        Some("html" | "htm") => std::fs::write(path, report.html(out.lang)).with_context(shown)?,
        Some("json") => {
            let file = std::fs::File::create(path).with_context(shown)?;
            let mut file = std::io::BufWriter::new(file);
            report.write_json(&job.ledger, &mut file)?;
            std::io::Write::flush(&mut file).with_context(shown)?;
        }
        _ => bail!("{}: write a report as .md, .html or .json", path.display()),
    }
    let text = match report.is_complete() {
        true => out.tone(Tone::Good, out.lang.pick("complete: ", "vollständig: ")),
        false => out.tone(Tone::Warn, out.lang.pick("not complete: ", "nicht vollständig: ")),
    };
    say(out, &json!({ "file": path, "complete": report.is_complete() }), &format!("{text}{}", path.display()))
}
