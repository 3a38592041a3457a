//! `klinke dicom find`.

use std::process::ExitCode;

use klinke_adapters::dicom::scu::{Finding, Root};
use klinke_dimse::charset::Rules;
use klinke_dimse::data::DataSet;
use klinke_dimse::dictionary::Path;
use klinke_dimse::json;

use super::keys::{self, Key, Level};
use super::partner::Partner;
use super::wait_for;
use crate::cmd::Ended;
use crate::lang::Pick;
use crate::out::Out;

/// Ask a partner what it has (C-FIND)
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke dicom find PACS@10.1.2.3:104 PatientName='muster*' StudyDate=20261101-
  klinke dicom find PACS@10.1.2.3:104 --level series StudyInstanceUID=1.2.3
  klinke dicom find RIS@10.1.2.4:104 --worklist ScheduledProcedureStepSequence.Modality=CT

A key without `=` is asked for and shown. Exit status: 0 something was found, 1 nothing, 2 no answer.")]
pub struct Args {
    #[command(flatten)]
    partner: Partner,
    /// Keys: attribute=value, or an attribute to be shown
    #[arg(value_name = "KEY")]
    keys: Vec<String>,
    /// What is looked for; told by the keys when absent
    #[arg(long, value_enum)]
    level: Option<Level>,
    /// Ask the patient root; the study root otherwise
    #[arg(long)]
    patient_root: bool,
    /// Ask for the modality worklist
    #[arg(long, conflicts_with_all = ["level", "patient_root"])]
    worklist: bool,
    /// Stop after so many
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let (peer, calling) = args.partner.open()?;
    let mut keys = keys::parse(&args.keys)?;
    let level = args.level.unwrap_or_else(|| Level::of_query(&keys));
    let shown: &[&str] = if args.worklist { WORKLIST } else { level.shown() };
    // An attribute may be asked for under another name: what it must be has to stay.
    let asked = keys::identifier(&keys, None)?;
    for name in shown {
        let path: Path = name.parse()?;
        if path.get(&asked).is_none() {
            keys.push(Key { path, value: String::new() });
        }
    }
    let root = match (args.worklist, args.patient_root || level == Level::Patient) {
        (true, _) => Root::Worklist,
        (false, true) => Root::Patient,
        (false, false) => Root::Study,
    };
    let identifier = keys::identifier(&keys, (!args.worklist).then_some(level))?;
    let found = wait_for(async {
        let mut finding = Finding::begin(&peer, &calling, root, &identifier).await?;
        let mut found = Vec::new();
        while let Some(one) = finding.next().await? {
            found.push(one);
            if args.limit == Some(found.len()) {
                finding.cancel().await?;
                while finding.next().await?.is_some() {}
            }
        }
        finding.end().await;
        Ok(found)
    })?;
    show(&keys, &found, out)?;
    Ok(if found.is_empty() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// What is shown of a scheduled step.
const WORKLIST: &[&str] = &[
    "PatientID",
    "PatientName",
    "AccessionNumber",
    "RequestedProcedureDescription",
    "ScheduledProcedureStepSequence.Modality",
    "ScheduledProcedureStepSequence.ScheduledStationAETitle",
    "ScheduledProcedureStepSequence.ScheduledProcedureStepStartDate",
    "ScheduledProcedureStepSequence.ScheduledProcedureStepStartTime",
    "StudyInstanceUID",
];

fn show(keys: &[Key], found: &[DataSet], out: Out) -> anyhow::Result<()> {
    if out.json {
        let all: Vec<String> =
            found.iter().map(|set| json::to_string(set, &json::Options::default())).collect();
        out.line(format!("[{}]", all.join(",\n")));
        return Ok(());
    }
    let rules = Rules::default();
    let mut rows = vec![keys.iter().map(|key| last(key.path.as_str())).collect::<Vec<_>>()];
    rows.extend(found.iter().map(|set| {
        let cell = |key: &Key| key.path.texts(set, &rules).join(" \\ ");
        keys.iter().map(cell).collect()
    }));
    if found.is_empty() {
        out.line(out.lang.pick("nothing was found", "nichts gefunden"));
    } else {
        out.table(&rows);
    }
    Ok(())
}

fn last(path: &str) -> String {
    path.rsplit('.').next().unwrap_or(path).to_owned()
}
