//! The site's own examples.
//!
//! `examples/<channel>/<name>.hl7` goes through the channel's steps; `<name>.<destination>.hl7` beside it
//! says what must come out there. An example without expected outputs must be filtered.

mod compare;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use klinke_engine::{Made, Trial};
use klinke_model::{ChannelId, DestinationId, Envelope, EnvelopeId, Origin, Payload, Timestamp, VersionId};
use klinke_store::Outcome;
use serde::Serialize;

use crate::site::{Site, fault};
use crate::wire::{self, World};

/// How one example went.
#[derive(Serialize)]
pub struct Verdict {
    /// The file, within the site.
    pub example: PathBuf,
    /// True when all came out as expected.
    pub passed: bool,
    /// What differs, one line each.
    pub differences: Vec<String>,
}

impl Verdict {
    /// What differs, without the values: where that is told, nobody has asked to see a message.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        self.differences.iter().map(|line| {
            let cut = [": expected \"", ": nothing expected, came \""]
                .iter()
                .filter_map(|mark| line.find(mark))
                .min();
            &line[..cut.unwrap_or(line.len())]
        })
    }
}

/// Runs the examples of a site, or of one channel; with `update` what comes out is written as what is
/// expected from now on.
pub fn run(site: &Site, world: &World, channel: Option<&str>, update: bool) -> Result<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    for (name, file) in &site.channels {
        if channel.is_some_and(|wanted| wanted != name) {
            continue;
        }
        let found = examples(&site.of(name).folder.join("examples").join(name))?;
        let compiled = wire::channel(site.of(name), name, file, world, &crate::serve::no_relay)
            .map_err(|faults| fault::as_error(&faults))?;
        let bench = Bench {
            site: site.of(name),
            channel: name,
            format: file.channel.format.as_str(),
            trial: Trial::of(compiled.spec),
        };
        for (example, expected) in found {
            verdicts.push(bench.test(&example, &expected, update)?);
        }
    }
    Ok(verdicts)
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
                Some(found) => compare::fields(destination, &wanted, found, differences),
            }
        }
        for destination in outputs.keys().filter(|name| !expected.contains_key(*name)) {
            differences.push(format!("{destination}: something came out, and no file says what is expected"));
        }
        Ok(())
    }
}
