//! Asks git about a site's folder.

use std::io::{Read, Seek, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// How long git may take.
const LIMIT: Duration = Duration::from_secs(60);
/// The longest answer that is a text.
const TEXT_BYTES_MAX: u64 = 4 << 20;

/// The bytes that git answers in a folder, at most so many, with something on its standard input.
pub fn ask_bytes(folder: &Path, arguments: &[&str], input: &[u8], most: u64) -> Result<Vec<u8>> {
    run(command(folder), arguments, input, most)
}

/// What git answers in a folder under settings and variables of its own.
pub fn ask_with(
    folder: &Path,
    settings: &[&str],
    surroundings: &[(&str, &str)],
    arguments: &[&str],
) -> Result<String> {
    let mut command = command(folder);
    for setting in settings {
        command.args(["-c", setting]);
    }
    command.envs(surroundings.iter().copied());
    let answer = run(command, arguments, b"", TEXT_BYTES_MAX)?;
    Ok(String::from_utf8_lossy(&answer).trim_end().to_owned())
}

fn run(mut command: Command, arguments: &[&str], input: &[u8], most: u64) -> Result<Vec<u8>> {
    // Files and no pipes: git may answer before it has read all.
    let [mut given, mut complaint] = [tempfile::tempfile()?, tempfile::tempfile()?];
    given.write_all(input)?;
    given.rewind()?;
    let mut child = command
        .args(arguments)
        .stdin(given)
        .stdout(Stdio::piped())
        .stderr(complaint.try_clone()?)
        .spawn()
        .context("git is not to be had here")?;
    let (answer, status) = collect(&mut child, most)?;
    let verb = arguments.first().unwrap_or(&"");
    ensure!(answer.len() as u64 <= most, "git {verb}: the answer is longer than {most} bytes");
    if !status.success() {
        let mut said = String::new();
        complaint.rewind()?;
        complaint.take(TEXT_BYTES_MAX).read_to_string(&mut said)?;
        bail!("git {verb}: {}", said.trim());
    }
    Ok(answer)
}

/// Reads what git answers, one byte more than there may be; ends it where it says more or takes too long.
fn collect(child: &mut Child, most: u64) -> Result<(Vec<u8>, ExitStatus)> {
    let out = child.stdout.take().context("git has no standard output")?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut answer = Vec::new();
        let read = out.take(most + 1).read_to_end(&mut answer).map(|_| answer);
        // Nobody waits any more where it took too long.
        let _ = sender.send(read);
    });
    let read = receiver.recv_timeout(LIMIT);
    if !matches!(&read, Ok(Ok(answer)) if answer.len() as u64 <= most) {
        child.kill()?;
    }
    let status = child.wait()?;
    Ok((read.context("git takes too long")??, status))
}

/// What git answers in a folder. Neither hooks nor settings of the folder make git run anything, and it goes
/// nowhere over the network.
pub fn ask(folder: &Path, arguments: &[&str]) -> Result<String> {
    let answer = ask_bytes(folder, arguments, b"", TEXT_BYTES_MAX)?;
    Ok(String::from_utf8_lossy(&answer).trim_end().to_owned())
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
