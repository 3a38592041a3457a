//! `klinke dicom commit`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use klinke_adapters::dicom::scu::{self, Patience};
use klinke_adapters::dicom::{Accept, Node, NodeConfig, Peer, Peers, Report, Reports, Service};
use klinke_adapters::net::{Host, Limits};
use klinke_adapters::units::Period;
use klinke_archive::commitment::Reference;
use klinke_archive::import::{Content, walk};
use klinke_archive::{Archive, Options};
use klinke_dimse::charset::Rules;
use klinke_engine::source::Stop;

use super::partner::Partner;
use super::wait_for;
use crate::cmd::Ended;
use crate::lang::Pick;
use crate::out::{Out, Tone};

/// Ask a partner to commit itself to keep what is in files (storage commitment)
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke dicom commit PACS@10.1.2.3:104 study/ --listen 0.0.0.0:11112
  klinke dicom commit pacs --site hospital/ study/

The partner reports over the same association, or over one that it opens to our AE title: then it has to know where we
listen. Files that are no instances are passed over.
Exit status: 0 the partner keeps all of them, 1 not all, 2 it can't be asked or does not report.")]
pub struct Args {
    #[command(flatten)]
    partner: Partner,
    /// Files and folders
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where we listen for the report, as host:port
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<Host>,
    /// How long the report is waited for
    #[arg(long, value_name = "TIME", default_value = "60s")]
    wait: Period,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let (peer, calling) = args.partner.open()?;
    let wanted = wanted(&args.files)?;
    if wanted.is_empty() {
        bail!("there is no instance among the files");
    }
    let references: Vec<Reference> = wanted.keys().cloned().collect();
    let report = wait_for(async {
        let reports = Arc::<Reports>::default();
        let _listening = match &args.listen {
            Some(address) => Some(Listening::open(address.clone(), &calling, &peer, reports.clone()).await?),
            None => None,
        };
        // Where none can come over another one, the association stays open for it.
        let open =
            if args.listen.is_some() { Patience::default().open.min(args.wait.0) } else { args.wait.0 };
        let patience = Patience { report: args.wait.0, open };
        Ok(scu::commit(&reports, &calling, &peer, &references, patience).await?)
    })?;
    show(&report, &wanted, out)
}

/// The instances in files.
fn wanted(paths: &[PathBuf]) -> Result<BTreeMap<Reference, PathBuf>> {
    let mut all = BTreeMap::new();
    for path in paths {
        for file in walk(path)? {
            if let Ok(Content::Instance(one)) = Content::open(&file, &Rules::default()) {
                all.insert(Reference { class: one.class, instance: one.instance }, file);
            }
        }
    }
    Ok(all)
}

/// A port at which the partner reports, until this is dropped. Nothing else can be asked there.
struct Listening {
    _stopper: klinke_engine::source::Stopper,
    _archive: tempfile::TempDir,
}

impl Listening {
    async fn open(listen: Host, title: &str, peer: &Peer, reports: Arc<Reports>) -> Result<Listening> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("archive");
        let archive = tokio::task::spawn_blocking(move || Archive::open(&path, Options::default())).await??;
        let config = NodeConfig {
            ae_title: title.to_owned(),
            aliases: Vec::new(),
            listen,
            accept: Accept::Known,
            any_called_title: false,
            allow: Vec::new(),
            tls: None,
            limits: Limits::default(),
        };
        let reporter = Peer { may: vec![Service::Commitment], ..Peer::unknown(&peer.ae_title) };
        let node = Node::with_reports(config, archive, Peers::new([reporter]), reports);
        let open = node.open().await.context("--listen")?;
        let (stopper, stop) = Stop::new();
        tokio::spawn(open.run(stop));
        Ok(Listening { _stopper: stopper, _archive: folder })
    }
}

fn show(report: &Report, wanted: &BTreeMap<Reference, PathBuf>, out: Out) -> Ended {
    let committed: BTreeSet<&str> = report.committed.iter().map(|one| one.instance.as_str()).collect();
    let reasons: BTreeMap<&str, u16> =
        report.failed.iter().map(|(one, reason)| (one.instance.as_str(), *reason)).collect();
    // What the report does not name is not kept, either.
    let failed: Vec<(&Reference, String, String)> = wanted
        .iter()
        .filter(|(one, _)| !committed.contains(one.instance.as_str()))
        .map(|(one, path)| {
            let reason = reasons.get(one.instance.as_str()).map(|reason| format!("{reason:04X}"));
            (one, path.display().to_string(), reason.unwrap_or_default())
        })
        .collect();
    let kept = wanted.len() - failed.len();
    let is_whole = kept == wanted.len();
    if out.json {
        let failed = failed.iter().map(|(one, file, reason)| {
            serde_json::json!({ "file": file, "instance": one.instance, "reason": reason })
        });
        let failed: Vec<_> = failed.collect();
        out.value(&serde_json::json!({ "instances": wanted.len(), "kept": kept, "failed": failed }))?;
        return Ok(ExitCode::from(u8::from(!is_whole)));
    }
    for (one, file, reason) in &failed {
        let text = out.lang.pick("is not kept", "wird nicht aufbewahrt");
        out.line(format!("{file}  {} {} {reason}", one.instance, out.tone(Tone::Bad, text)));
    }
    let tone = if is_whole { Tone::Good } else { Tone::Bad };
    let all = wanted.len();
    let text = out.lang.pick(
        format!("the partner keeps {kept} of {all} instances"),
        format!("der Partner bewahrt {kept} von {all} Instanzen auf"),
    );
    out.line(out.tone(tone, text));
    Ok(ExitCode::from(u8::from(!is_whole)))
}
