//! `klinke test`: the site's own examples.
//!
//! `examples/<channel>/<name>.hl7` goes through the channel's steps; `<name>.<destination>.hl7` beside it
//! says what must come out there. An example without expected outputs must be filtered.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use klinke_engine::{Made, Trial};
use klinke_model::{ChannelId, DestinationId, Envelope, EnvelopeId, Origin, Payload, Timestamp, VersionId};
use klinke_store::Outcome;
use serde::Serialize;

use super::Ended;
use super::common::SiteArg;
use crate::lang::Pick;
use crate::out::{Out, Tone};
use crate::site::{Site, fault, load};
use crate::wire::{self, World};

/// Run the site's examples
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke test hospital/
  klinke test hospital/ --channel adt-to-ris --update

examples/<channel>/<name>.hl7 goes in; <name>.<destination>.hl7 beside it must come out.
Exit status: 0 all as expected, 1 something differs.")]
pub struct Args {
    #[command(flatten)]
    site: SiteArg,
    /// This channel alone
    #[arg(long)]
    channel: Option<String>,
    /// Write what comes out as what is expected from now on
    #[arg(long)]
    update: bool,
}

/// How one example went.
#[derive(Serialize)]
struct Verdict {
    example: PathBuf,
    passed: bool,
    /// What differs, one line each.
    differences: Vec<String>,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let site =
        load::load(&args.site.folder, args.site.env.as_deref()).map_err(|faults| fault::as_error(&faults))?;
    let world = World::new(&site.node.zone)?;
    let mut verdicts = Vec::new();
    for (name, file) in &site.channels {
        if args.channel.as_ref().is_some_and(|wanted| wanted != name) {
            continue;
        }
        let compiled = wire::channel(&site, name, file, &world, &crate::serve::no_relay)
            .map_err(|faults| fault::as_error(&faults))?;
        let bench = Bench {
            site: &site,
            channel: name,
            format: file.channel.format.as_str(),
            trial: Trial::of(compiled.spec),
        };
        for (example, expected) in examples(&site.folder.join("examples").join(name))? {
            verdicts.push(bench.test(&example, &expected, args.update)?);
        }
    }
    let passed = verdicts.iter().filter(|verdict| verdict.passed).count();
    if out.json {
        out.value(&verdicts)?;
    } else {
        show(&verdicts, passed, out);
    }
    Ok(if passed == verdicts.len() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn show(verdicts: &[Verdict], passed: usize, out: Out) {
    for verdict in verdicts {
        let mark = if verdict.passed { out.tone(Tone::Good, "✓") } else { out.tone(Tone::Bad, "✗") };
        out.line(format!("{mark} {}", verdict.example.display()));
        for difference in &verdict.differences {
            out.line(format!("    {difference}"));
        }
    }
    let failed = verdicts.len() - passed;
    let tone = if failed == 0 { Tone::Good } else { Tone::Bad };
    let text = out.lang.pick(
        format!("{passed} as expected, {failed} not"),
        format!("{passed} wie erwartet, {failed} nicht"),
    );
    out.line(out.tone(tone, text));
}

/// Expected outputs of an example: destination to file.
type Expected = BTreeMap<String, PathBuf>;

/// The examples of a channel, each with its expected outputs.
fn examples(folder: &Path) -> Result<Vec<(PathBuf, Expected)>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let stem =
        |file: &Path| file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut found: BTreeMap<String, (PathBuf, Expected)> = BTreeMap::new();
    for file in files.iter().filter(|file| !stem(file).contains('.')) {
        found.insert(stem(file), (file.clone(), BTreeMap::new()));
    }
    for file in files.iter().filter(|file| stem(file).contains('.')) {
        let stem = stem(file);
        let (name, destination) = stem.split_once('.').unwrap_or((stem.as_str(), ""));
        let (_, expected) = found.get_mut(name).with_context(|| {
            format!("{}: there is no example `{name}` that it belongs to", file.display())
        })?;
        expected.insert(destination.to_owned(), file.clone());
    }
    Ok(found.into_values().collect())
}

/// One channel on trial.
struct Bench<'a> {
    site: &'a Site,
    channel: &'a str,
    format: &'a str,
    trial: Trial,
}

impl Bench<'_> {
    fn test(&self, example: &Path, expected: &Expected, update: bool) -> Result<Verdict> {
        let bytes = std::fs::read(example).with_context(|| example.display().to_string())?;
        let made = self.trial.run(&self.envelope(bytes), None);
        let outputs = self.outputs(&made);
        if update {
            self.write(example, &outputs)?;
        }
        let mut differences = Vec::new();
        if let Outcome::Failed { step, reason } = &made.outcome {
            differences.push(format!("{step}: {reason}"));
        }
        if !update {
            self.compare(expected, &outputs, &mut differences)?;
        }
        let example = example.strip_prefix(&self.site.folder).unwrap_or(example).to_owned();
        Ok(Verdict { example, passed: differences.is_empty(), differences })
    }

    /// An envelope as if it had just come; the same time in every run.
    fn envelope(&self, bytes: Vec<u8>) -> Envelope {
        Envelope {
            id: EnvelopeId(1),
            channel: ChannelId(0),
            version: VersionId(0),
            received: Timestamp::from_parts(2026, 1, 1, 12, 0, 0).unwrap_or_default(),
            system: "".into(),
            peer: "example".into(),
            format: self.format.into(),
            origin: Origin::Received,
            fingerprint: None,
            payload: Payload::new(bytes),
        }
    }

    /// What comes out, by destination; of several for one destination all, one after the other.
    fn outputs(&self, made: &Made) -> BTreeMap<String, Vec<u8>> {
        let names: Vec<&str> = self.trial.destinations().collect();
        let mut outputs: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let Outcome::Deliveries { deliveries, .. } = &made.outcome else { return outputs };
        for delivery in deliveries {
            let DestinationId(number) = delivery.destination;
            let (name, part) = (names.get(number as usize), made.parts.get(usize::from(delivery.part)));
            if let (Some(name), Some(part)) = (name, part) {
                outputs.entry((*name).to_owned()).or_default().extend_from_slice(part);
            }
        }
        outputs
    }

    fn write(&self, example: &Path, outputs: &BTreeMap<String, Vec<u8>>) -> Result<()> {
        for (destination, bytes) in outputs {
            let file = example.with_extension(format!("{destination}.hl7"));
            std::fs::write(&file, bytes).with_context(|| file.display().to_string())?;
        }
        Ok(())
    }

    fn compare(
        &self,
        expected: &Expected,
        outputs: &BTreeMap<String, Vec<u8>>,
        differences: &mut Vec<String>,
    ) -> Result<()> {
        for (destination, file) in expected {
            let wanted = std::fs::read(file).with_context(|| file.display().to_string())?;
            match outputs.get(destination) {
                None => differences.push(format!("{destination}: nothing came out ({})", self.channel)),
                Some(found) => super::compare::fields(destination, &wanted, found, differences),
            }
        }
        for destination in outputs.keys().filter(|name| !expected.contains_key(*name)) {
            differences.push(format!("{destination}: something came out, and no file says what is expected"));
        }
        Ok(())
    }
}
