//! `klinke backup`, `restore`, `verify` and `prune`: care for the store.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::Value;

use super::Ended;
use super::common::{SiteArg, SiteFirst};
use crate::control::socket;
use crate::lang::Pick;
use crate::out::{Out, Tone, bytes};
use klinke_console::house::request::Request;

/// Copy the store while the site runs
#[derive(clap::Args)]
#[command(after_help = "Example:\n  klinke backup hospital/ /backup/2026-11-24")]
pub struct BackupArgs {
    #[command(flatten)]
    site: SiteFirst,
    /// An empty folder, or one that does not exist yet
    #[arg(value_name = "FOLDER")]
    to: PathBuf,
}

/// Make a store from a backup
#[derive(clap::Args)]
#[command(after_help = "Example:\n  klinke restore hospital/ /backup/2026-11-24")]
pub struct RestoreArgs {
    #[command(flatten)]
    site: SiteFirst,
    /// The folder that `klinke backup` wrote
    #[arg(value_name = "FOLDER")]
    from: PathBuf,
}

/// Check every stored byte, or remove what may go
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  klinke verify hospital/\n  klinke prune hospital/")]
pub struct SiteArgs {
    #[command(flatten)]
    site: SiteArg,
}

pub fn backup(args: &BackupArgs, out: Out) -> Ended {
    let folder = std::path::absolute(&args.to)?;
    let request = Request::Backup { folder: folder.display().to_string() };
    let bar = Bar::new(out);
    let done: Value = args.site.site().ask_long(request, &mut |done, of| bar.show(done, of))?;
    bar.end();
    match out.json {
        true => out.value(&done)?,
        false => out.line(out.lang.pick(
            format!("the store is copied to {}", folder.display()),
            format!("der Speicher ist nach {} kopiert", folder.display()),
        )),
    }
    Ok(ExitCode::SUCCESS)
}

pub fn restore(args: &RestoreArgs, out: Out) -> Ended {
    let (_, folder) = args.site.site().node()?;
    if socket::connect(&folder).is_some() {
        bail!("the site runs; stop `klinke serve` first");
    }
    klinke_store_sqlite::restore(&args.from, &folder)
        .with_context(|| format!("{} was not restored", folder.display()))?;
    match out.json {
        true => out.value(&serde_json::json!({ "folder": folder }))?,
        false => out.line(out.lang.pick(
            format!("{} is as the backup was", folder.display()),
            format!("{} ist wie die Sicherung", folder.display()),
        )),
    }
    Ok(ExitCode::SUCCESS)
}

pub fn verify(args: &SiteArgs, out: Out) -> Ended {
    let bar = Bar::new(out);
    let report: Value = args.site.ask_long(Request::Verify, &mut |done, of| bar.show(done, of))?;
    bar.end();
    let faults = report["faults"].as_array().cloned().unwrap_or_default();
    if out.json {
        out.value(&report)?;
    } else {
        for fault in &faults {
            out.line(fault.as_str().unwrap_or_default());
        }
        let count = report["envelopes"].as_u64().unwrap_or(0);
        let size = bytes(out.lang, report["bytes"].as_u64().unwrap_or(0));
        let tone = if faults.is_empty() { Tone::Good } else { Tone::Bad };
        let text = out.lang.pick(
            format!("{count} envelopes, {size} checked, {} faults", faults.len()),
            format!("{count} Sendungen, {size} geprüft, {} Fehler", faults.len()),
        );
        out.line(out.tone(tone, text));
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

pub fn prune(args: &SiteArgs, out: Out) -> Ended {
    let report: Value = args.site.ask_long(Request::Prune, &mut |_, _| {})?;
    if out.json {
        out.value(&report)?;
        return Ok(ExitCode::SUCCESS);
    }
    let count = report["envelopes"].as_u64().unwrap_or(0);
    let size = bytes(out.lang, report["bytes"].as_u64().unwrap_or(0));
    out.line(match report["rules"].as_u64() {
        Some(0) => out.lang.pick(
            "the site names no retention: nothing is ever removed".to_owned(),
            "der Standort nennt keine Aufbewahrung: nichts wird je entfernt".to_owned(),
        ),
        _ => out.lang.pick(
            format!("{count} envelopes removed, {size} freed"),
            format!("{count} Sendungen entfernt, {size} frei geworden"),
        ),
    });
    Ok(ExitCode::SUCCESS)
}

/// A progress bar, on a terminal alone.
pub(super) struct Bar(Option<indicatif::ProgressBar>);

impl Bar {
    pub fn new(out: Out) -> Self {
        use std::io::IsTerminal;
        let shown = !out.json && std::io::stderr().is_terminal();
        Bar(shown.then(|| indicatif::ProgressBar::new(0)))
    }

    pub fn show(&self, done: u64, of: u64) {
        if let Some(bar) = &self.0 {
            bar.set_length(of);
            bar.set_position(done);
        }
    }

    pub fn end(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
