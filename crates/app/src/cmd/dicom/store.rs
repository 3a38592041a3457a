//! `klinke dicom store`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use klinke_adapters::dicom::scu::{Load, Origin, Sender};
use klinke_archive::import::walk;
use serde::Serialize;

use super::partner::Partner;
use super::wait_for;
use crate::cmd::Ended;
use crate::lang::Pick;
use crate::out::{Out, Tone};

/// Send files to a partner (C-STORE)
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke dicom store PACS@10.1.2.3:104 image.dcm
  klinke dicom store PACS@10.1.2.3:104 study/

Folders are sent with all below them; files that are no instances are said and passed over.
Exit status: 0 the partner has all of them, 1 not all, 2 none could be sent.")]
pub struct Args {
    #[command(flatten)]
    partner: Partner,
    /// Files and folders
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// One file, and what became of it.
#[derive(Serialize)]
struct Sent {
    file: String,
    uid: String,
    sent: bool,
    said: String,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let (peer, calling) = args.partner.open()?;
    let mut loads = Vec::new();
    let mut sent = Vec::new();
    let files: Vec<Vec<PathBuf>> = args.files.iter().map(|path| walk(path)).collect::<Result<_, _>>()?;
    for path in files.into_iter().flatten() {
        match Load::open(&path) {
            Ok(load) => loads.push((path, load)),
            Err(error) => sent.push(Sent {
                file: path.display().to_string(),
                uid: String::new(),
                sent: false,
                said: error.why,
            }),
        }
    }
    if loads.is_empty() {
        bail!("there is no instance among the files");
    }
    let mut sender = Sender::new(Arc::new(peer), Origin { calling, mover: None });
    let pairs: Vec<_> = loads.iter().map(|(_, load)| (load.class.as_str(), load.syntax.as_str())).collect();
    sender.expect(&pairs);
    wait_for(async {
        for (path, load) in &loads {
            let carried = sender.carry(load).await;
            let one = Sent {
                file: path.display().to_string(),
                uid: load.uid.clone(),
                sent: carried.is_there(),
                said: carried.to_string(),
            };
            if !one.sent && !out.json {
                out.line(format!("{}  {}", one.file, out.tone(Tone::Bad, &one.said)));
            }
            sent.push(one);
        }
        sender.release().await;
        Ok(())
    })?;
    let there = sent.iter().filter(|one| one.sent).count();
    if out.json {
        out.value(&sent)?;
    } else {
        let tone = if there == sent.len() { Tone::Good } else { Tone::Bad };
        let text = out.lang.pick(
            format!("{there} of {} files are there", sent.len()),
            format!("{there} von {} Dateien sind dort", sent.len()),
        );
        out.line(out.tone(tone, text));
    }
    Ok(match there {
        0 => ExitCode::from(2),
        there if there < sent.len() => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    })
}
