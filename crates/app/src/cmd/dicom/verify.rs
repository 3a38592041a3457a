//! `klinke dicom verify`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, anyhow, bail};
use klinke_adapters::dicom::scu::Holdings;
use klinke_archive::import::{Content, walk};
use klinke_dimse::charset::Rules;
use serde::Serialize;

use super::partner::Partner;
use super::wait_for;
use crate::cmd::Ended;
use crate::lang::Pick;
use crate::out::{Out, Tone};

/// Hold files against what a partner has (C-FIND)
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke dicom verify PACS@10.1.2.3:104 study/
  klinke dicom verify pacs --site hospital/ /media/cdrom

Asks for the instances of each study in the files. Files that are no instances are passed over.
Exit status: 0 the partner has all of them, 1 something is missing, 2 it can't be asked.")]
pub struct Args {
    #[command(flatten)]
    partner: Partner,
    /// Files and folders
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// An instance that the partner does not have, or has in another series.
#[derive(Serialize)]
struct Fault {
    file: String,
    study: String,
    instance: String,
    /// `missing` or `other-series`.
    what: &'static str,
}

/// The instances of a study among the files: SOP Instance UID, with its series and its file.
type Wanted = BTreeMap<String, (String, PathBuf)>;

pub fn run(args: &Args, out: Out) -> Ended {
    let (peer, calling) = args.partner.open()?;
    let (studies, others) = wanted(&args.files)?;
    let total: usize = studies.values().map(BTreeMap::len).sum();
    if total == 0 {
        bail!("there is no instance among the files");
    }
    let holdings = Holdings::of(peer, calling);
    let faults = wait_for(async {
        let mut faults = Vec::new();
        for (study, wanted) in &studies {
            let named = holdings.instances(study).await.map_err(|trouble| anyhow!("{study}: {trouble}"))?;
            let pairs: BTreeSet<(&str, &str)> =
                named.iter().map(|one| (one.instance.as_str(), one.series.as_str())).collect();
            let there: BTreeSet<&str> = pairs.iter().map(|(instance, _)| *instance).collect();
            for (instance, (series, path)) in wanted {
                let what = match there.contains(instance.as_str()) {
                    true if pairs.contains(&(instance, series)) => continue,
                    true => "other-series",
                    false => "missing",
                };
                let file = path.display().to_string();
                faults.push(Fault { file, study: study.clone(), instance: instance.clone(), what });
            }
        }
        Ok(faults)
    })?;
    show(&faults, (total, studies.len(), others), out)?;
    Ok(ExitCode::from(u8::from(!faults.is_empty())))
}

/// The instances in files, by study, and how many files are none.
fn wanted(paths: &[PathBuf]) -> Result<(BTreeMap<String, Wanted>, usize)> {
    let (mut studies, mut others) = (BTreeMap::<String, Wanted>::new(), 0);
    for path in paths {
        for file in walk(path)? {
            match Content::open(&file, &Rules::default()) {
                Ok(Content::Instance(one)) if !one.study.is_empty() => {
                    studies.entry(one.study).or_default().insert(one.instance, (one.series, file));
                }
                _ => others += 1,
            }
        }
    }
    Ok((studies, others))
}

fn show(faults: &[Fault], (total, studies, others): (usize, usize, usize), out: Out) -> Result<()> {
    let there = total - faults.len();
    if out.json {
        return out.value(&serde_json::json!({
            "instances": total, "studies": studies, "others": others, "there": there, "faults": faults,
        }));
    }
    for one in faults {
        let what = match one.what {
            "missing" => out.lang.pick("is missing", "fehlt"),
            _ => out.lang.pick("is there in another series", "liegt dort in einer anderen Serie"),
        };
        out.line(format!("{}  {} {}", one.file, one.instance, out.tone(Tone::Bad, what)));
    }
    let tone = if faults.is_empty() { Tone::Good } else { Tone::Bad };
    let text = out.lang.pick(
        format!("{there} of {total} instances of {studies} studies are there; {others} files are no instances"),
        format!("{there} von {total} Instanzen aus {studies} Studien sind dort; {others} Dateien sind keine Instanzen"),
    );
    out.line(out.tone(tone, text));
    Ok(())
}
