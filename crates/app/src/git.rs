//! Asks git about a site's folder.

use std::io::{Seek, Write};
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};

/// The bytes that git answers in a folder, with something on its standard input.
pub fn ask_bytes(folder: &Path, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>> {
    // A file and no pipe: git may answer before it has read all.
    let mut file = tempfile::tempfile().context("a file for what git is asked")?;
    file.write_all(input)?;
    file.rewind()?;
    let done = command(folder).args(arguments).stdin(file).output().context("git is not to be had here")?;
    answer(arguments, done)
}

/// What git answers in a folder. Neither hooks nor settings of the folder make git run anything, and it goes
/// nowhere over the network.
pub fn ask(folder: &Path, arguments: &[&str]) -> Result<String> {
    let done = command(folder).args(arguments).output().context("git is not to be had here")?;
    Ok(String::from_utf8_lossy(&answer(arguments, done)?).trim_end().to_owned())
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    // Asking changes nothing, not even what git remembers of the files.
    command.arg("--no-optional-locks");
    command.args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]);
    // What a partial clone does not have is missing; nothing is fetched for it, and nobody is asked.
    command.args(["-c", "protocol.allow=never", "-C"]).arg(folder);
    command.env("GIT_NO_REPLACE_OBJECTS", "1").env("GIT_TERMINAL_PROMPT", "0");
    command
}

fn answer(arguments: &[&str], done: Output) -> Result<Vec<u8>> {
    if !done.status.success() {
        bail!("git {}: {}", arguments.first().unwrap_or(&""), String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(done.stdout)
}
