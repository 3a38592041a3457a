//! `klinke dicom move` and `klinke dicom get`.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use bytes::Bytes;
use klinke_adapters::dicom::scu::{Getting, Keep, Moved, Moving, Root};
use klinke_dimse::file::Meta;
use klinke_dimse::message::{Kind, Status};
use serde_json::json;

use super::keys::{self, Level};
use super::partner::Partner;
use super::wait_for;
use crate::cmd::Ended;
use crate::lang::Pick;
use crate::out::{Out, Tone};

/// Have a partner send instances to an AE title (C-MOVE)
#[derive(clap::Args)]
#[command(after_help = "Example:
  klinke dicom move PACS@10.1.2.3:104 --to WS1 StudyInstanceUID=1.2.3

The partner must know the AE title and its address. Exit status: 0 all arrived, 1 some did not, 2 no answer.")]
pub struct MoveArgs {
    #[command(flatten)]
    partner: Partner,
    /// The AE title that they are sent to
    #[arg(long, value_name = "AE")]
    to: String,
    #[command(flatten)]
    what: Wanted,
}

/// Have a partner send instances here, as files (C-GET)
#[derive(clap::Args)]
#[command(after_help = "Example:
  klinke dicom get PACS@10.1.2.3:104 StudyInstanceUID=1.2.3 --into study/

Exit status: 0 all arrived, 1 some did not, 2 no answer.")]
pub struct GetArgs {
    #[command(flatten)]
    partner: Partner,
    /// The folder that they are written into, one file an instance
    #[arg(long, value_name = "FOLDER")]
    into: PathBuf,
    #[command(flatten)]
    what: Wanted,
}

/// What is wanted.
#[derive(clap::Args)]
struct Wanted {
    /// Keys: StudyInstanceUID=…, SeriesInstanceUID=…, SOPInstanceUID=…, PatientID=…
    #[arg(value_name = "KEY", required = true)]
    keys: Vec<String>,
    /// What is wanted; told by the keys when absent
    #[arg(long, value_enum)]
    level: Option<Level>,
}

impl Wanted {
    fn identifier(&self) -> Result<(klinke_dimse::data::DataSet, Root)> {
        let keys = keys::parse(&self.keys)?;
        let level = self.level.unwrap_or_else(|| Level::of(&keys));
        let root = if level == Level::Patient { Root::Patient } else { Root::Study };
        Ok((keys::identifier(&keys, Some(level))?, root))
    }
}

pub fn run_move(args: &MoveArgs, out: Out) -> Ended {
    let (peer, calling) = args.partner.open()?;
    let (identifier, root) = args.what.identifier()?;
    let moved = wait_for(async {
        let mut moving = Moving::begin(&peer, &calling, root, &identifier, &args.to).await?;
        let mut last = None;
        while let Some(moved) = moving.next().await? {
            last = Some(moved);
        }
        moving.end().await;
        last.context("no answer")
    })?;
    tell(&moved, Kind::CMoveResponse, out)
}

pub fn run_get(args: &GetArgs, out: Out) -> Ended {
    let (peer, calling) = args.partner.open()?;
    let (identifier, root) = args.what.identifier()?;
    std::fs::create_dir_all(&args.into).with_context(|| args.into.display().to_string())?;
    let mut files =
        Files { folder: args.into.clone(), from: peer.ae_title.clone(), open: None, failed: None };
    let got = wait_for(async {
        let mut getting = Getting::begin(&peer, &calling, root, &identifier, &[]).await?;
        let mut last = None;
        while let Some(got) = getting.next(&mut files).await? {
            last = Some(got);
        }
        getting.end().await;
        last.context("no answer")
    })?;
    if let Some(error) = files.failed {
        return Err(error);
    }
    tell(&got, Kind::CGetResponse, out)
}

fn tell(moved: &Moved, kind: Kind, out: Out) -> Ended {
    let (done, failed) = (moved.counts.completed.unwrap_or(0), moved.counts.failed.unwrap_or(0));
    let warned = moved.counts.warning.unwrap_or(0);
    let is_well = moved.status.code() == 0;
    if out.json {
        out.value(&json!({
            "status": moved.status.code(), "completed": done, "failed": failed, "warning": warned,
            "comment": moved.comment,
        }))?;
    } else {
        let tone = if is_well { Tone::Good } else { Tone::Bad };
        let counts = out.lang.pick(
            format!("{done} arrived, {warned} with warnings, {failed} failed"),
            format!("{done} angekommen, {warned} mit Warnung, {failed} nicht"),
        );
        let status = format!("{:04X}H {}", moved.status.code(), moved.status.text(Some(kind)));
        out.line(format!("{}  {counts}", out.tone(tone, status)));
        moved.comment.iter().for_each(|comment| out.line(comment));
    }
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Instances as files of Part 10, named by their UIDs.
struct Files {
    folder: PathBuf,
    from: String,
    open: Option<(File, PathBuf)>,
    failed: Option<anyhow::Error>,
}

impl Files {
    fn begin_file(&mut self, class: &str, uid: &str, syntax: &str) -> Result<()> {
        let plain = |one: &char| one.is_ascii_alphanumeric() || matches!(one, '.' | '-' | '_');
        let name: String = uid.chars().filter(plain).collect();
        let path = self.folder.join(format!("{}.dcm", name.trim_start_matches('.')));
        let mut file = File::create(&path).with_context(|| path.display().to_string())?;
        let meta = Meta { sending: Some(&self.from), ..Meta::of(class, uid, syntax) };
        file.write_all(&meta.to_bytes())?;
        self.open = Some((file, path));
        Ok(())
    }

    fn note(&mut self, done: Result<()>) {
        if let (Err(error), None) = (done, &self.failed) {
            self.failed = Some(error);
        }
    }
}

impl Keep for Files {
    fn begin(&mut self, class: &str, uid: &str, syntax: &str) {
        let begun = self.begin_file(class, uid, syntax);
        self.note(begun);
    }

    async fn bytes(&mut self, bytes: Bytes) {
        let Some((file, path)) = &mut self.open else { return };
        let written = file.write_all(&bytes).with_context(|| Path::display(path).to_string());
        self.note(written);
    }

    async fn end(&mut self) -> Status {
        match (self.open.take(), &self.failed) {
            (Some(_), None) => Status::SUCCESS,
            _ => Status::OUT_OF_RESOURCES,
        }
    }
}
