//! What going to another revision of a site changes, and whether it may go live.

use std::path::Path;

use klinke_console::house::deploy::Plan;

use crate::examples;
use crate::site::Site;
use crate::wire::version::Version;
use crate::wire::{self, World};

/// Keys of `klinke.toml` that a reload takes over.
const RELOADED: [&str; 5] = ["name", "retention", "roles", "diagnosis", "systems"];
/// Lines that say why a revision does not go live.
const FAULTS_MAX: usize = 50;

/// What changes from one site to another.
pub fn plan(old: &Site, new: &Site) -> Plan {
    let mut plan = Plan::default();
    for (name, file) in &new.channels {
        let Some(before) = old.channels.get(name) else {
            plan.added.push(name.clone());
            continue;
        };
        let (was, is) = (Version::of(old.of(name), before), Version::of(new.of(name), file));
        if was.frame(before) != is.frame(file) {
            plan.restarted.push(name.clone());
        } else if was != is {
            plan.changed.push(name.clone());
        }
    }
    plan.removed = old.channels.keys().filter(|name| !new.channels.contains_key(*name)).cloned().collect();
    plan.restart = restart(old, new);
    plan
}

/// Keys of `klinke.toml` that differ and count from the next start on.
fn restart(old: &Site, new: &Site) -> Vec<String> {
    let (old, new) = (tables(old), tables(new));
    let keys = old.keys().chain(new.keys());
    let mut keys: Vec<String> = keys
        .filter(|key| old.get(*key) != new.get(*key) && !RELOADED.contains(&key.as_str()))
        .cloned()
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

/// What `klinke.toml` says, with what is laid over it.
fn tables(site: &Site) -> toml::Table {
    let overlay = site.environment.as_ref().map(|name| format!("klinke.{name}.toml"));
    let mut all = toml::Table::new();
    for name in std::iter::once("klinke.toml".to_owned()).chain(overlay) {
        let text = std::fs::read_to_string(site.folder.join(&name)).unwrap_or_default();
        for (key, value) in text.parse::<toml::Table>().unwrap_or_default() {
            let part = all.entry(key).or_insert_with(|| toml::Value::Array(Vec::new()));
            if let toml::Value::Array(parts) = part {
                parts.push(value);
            }
        }
    }
    all
}

/// Checks a site and runs its examples, as `klinke check` and `klinke test` do: how many examples there
/// were, and what is wrong. No values of messages are named.
pub fn faults(site: &Site, world: &World) -> (usize, Vec<String>) {
    if let Err(faults) = wire::channels(site, world, &crate::serve::no_relay) {
        return (0, cut(faults.iter().map(ToString::to_string).collect()));
    }
    let verdicts = match examples::run(site, world, None, false) {
        Ok(verdicts) => verdicts,
        Err(error) => return (0, vec![format!("{error:#}")]),
    };
    let failed = verdicts.iter().filter(|verdict| !verdict.passed).map(|verdict| {
        let places: Vec<&str> = verdict.places().collect();
        format!("{}: {}", within(&verdict.example, &site.folder), places.join("; "))
    });
    (verdicts.len(), cut(failed.collect()))
}

fn within(file: &Path, folder: &Path) -> String {
    file.strip_prefix(folder).unwrap_or(file).display().to_string()
}

/// Not more lines than can be read.
pub fn cut(mut faults: Vec<String>) -> Vec<String> {
    let more = faults.len().saturating_sub(FAULTS_MAX);
    if more > 0 {
        faults.truncate(FAULTS_MAX);
        faults.push(format!("and {more} more"));
    }
    faults
}
