//! What is known against the versions of the lock file.

use std::path::Path;

use anyhow::{Context, Result};
use rustsec::advisory::Informational;
use rustsec::{Database, Lockfile};

/// Vulnerabilities and unsound code; what is merely no longer kept up is only told.
pub fn faults(database: &Path, lock: &Path) -> Result<Vec<String>> {
    let known = Database::open(database).with_context(|| database.display().to_string())?;
    let lock = Lockfile::load(lock)?;
    let advisories = known.iter().filter(|advisory| advisory.metadata.withdrawn.is_none());
    let (mut faults, mut count) = (Vec::new(), 0);
    for advisory in advisories {
        count += 1;
        let told = &advisory.metadata;
        let hit = |package: &&rustsec::cargo_lock::Package| {
            package.name.as_str() == told.package.as_str()
                && advisory.versions.is_vulnerable(&package.version)
        };
        for package in lock.packages.iter().filter(hit) {
            let text = format!("{} {}: {}: {}", package.name, package.version, told.id, told.title);
            match &told.informational {
                Some(Informational::Unmaintained | Informational::Notice) => println!("told only: {text}"),
                _ => faults.push(text),
            }
        }
    }
    println!("{} packages looked up in {count} advisories", lock.packages.len());
    Ok(faults)
}
