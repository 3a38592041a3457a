//! Asks git about a site's folder.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// What git answers in a folder, with another index than the repository's own where one is named. Neither
/// hooks nor settings of the folder make git run anything.
pub fn ask(folder: &Path, index: Option<&Path>, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("git");
    command.args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C"]).arg(folder);
    if let Some(index) = index {
        command.env("GIT_INDEX_FILE", index);
    }
    let done = command.args(arguments).output().context("git is not to be had here")?;
    if !done.status.success() {
        bail!("git {}: {}", arguments.first().unwrap_or(&""), String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&done.stdout).trim_end().to_owned())
}
