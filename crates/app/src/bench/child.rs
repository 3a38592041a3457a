//! `serve` as a program of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::browser::Browser;
use super::load::Sink;
use crate::partner::free_ports;
use crate::partner::sender::Sender;
use crate::starter;

/// Ticks of processor time in a second, as Linux tells them.
const TICKS: f64 = 100.0;

/// A running `serve` with two channels: lanes by patient, and a single lane.
pub struct Child {
    process: tokio::process::Child,
    folder: PathBuf,
    console: String,
    lanes: String,
    single: String,
}

impl Child {
    /// Makes the site of the example in a folder and serves it.
    pub async fn start(folder: &Path, sink: &Sink) -> Result<Child> {
        starter::write(folder)?;
        let ports: [u16; 3] = free_ports()?;
        let channel = std::fs::read_to_string(folder.join("channels/adt-to-ris.toml"))?;
        // More than one measurement opens: those of the one before may not have gone when the next begins.
        let at = |port: u16| format!("\"127.0.0.1:{port}\", limits = {{ connections = 1000 }}");
        let single = channel.replace("\"127.0.0.1:6661\"", &at(ports[0]));
        let lanes = channel
            .replace("\"127.0.0.1:6661\"", &at(ports[1]))
            .replace("to = \"ris\"", "to = \"ris\"\nlane = \"PID-3.1\"\nconnections = 16");
        std::fs::write(folder.join("channels/adt-to-ris.toml"), single)?;
        std::fs::write(folder.join("channels/adt-by-patient.toml"), lanes)?;
        let systems = std::fs::read_to_string(folder.join("systems.toml"))?;
        std::fs::write(folder.join("systems.toml"), systems.replace("127.0.0.1:6662", &sink.address()))?;
        let node = std::fs::read_to_string(folder.join("klinke.toml"))?;
        let console = format!("127.0.0.1:{}", ports[2]);
        let node = format!("{node}\n[console]\nlisten = \"{console}\"\n");
        std::fs::write(folder.join("klinke.toml"), node)?;
        let program = std::env::current_exe().context("the program's own path")?;
        let process = tokio::process::Command::new(program)
            .arg("serve")
            .arg(folder)
            .env("KLINKE_LOG", "error")
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let child = Child {
            process,
            folder: folder.to_owned(),
            console,
            single: format!("127.0.0.1:{}", ports[0]),
            lanes: format!("127.0.0.1:{}", ports[1]),
        };
        child.await_port().await?;
        Ok(child)
    }

    async fn await_port(&self) -> Result<()> {
        for _ in 0..500 {
            if Sender::connect(&self.lanes).await.is_ok() && Sender::connect(&self.single).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("`serve` did not begin to listen")
    }

    /// Where the channel with lanes by patient listens.
    pub fn lanes(&self) -> Vec<String> {
        vec![self.lanes.clone()]
    }

    /// Where the channel with one lane listens.
    pub fn single(&self) -> Vec<String> {
        vec![self.single.clone()]
    }

    /// Somebody logs in at the console.
    pub async fn browser(&self) -> Result<Browser> {
        let told = self.tool(&["people", "add"], &["bench", "--role", "administrator"]).await?;
        let code = told["code"].as_str().context("no code")?.to_owned();
        Browser::welcome(&self.console, "bench", &code).await
    }

    /// Runs the last messages of the channel with lanes once more, against a channel without look-up;
    /// gives how many there were, and how long it took.
    pub async fn replay(&self, messages: usize) -> Result<(u64, Duration)> {
        let other = self.folder.join("other");
        copy(&self.folder, &other, &["klinke.toml", "systems.toml", "channels", "tables", "lib"])?;
        let file = other.join("channels/adt-by-patient.toml");
        let text = std::fs::read_to_string(&file)?.replace("\"PID-2\" = ", "\"PID-4\" = ");
        std::fs::write(&file, text)?;
        let (other, messages) = (other.display().to_string(), messages.to_string());
        let rest = ["--channel", "adt-by-patient", "--against", &other, "--limit", &messages];
        let begun = Instant::now();
        let told = self.tool(&["replay"], &rest).await?;
        Ok((told["envelopes"].as_u64().unwrap_or(0), begun.elapsed()))
    }

    /// What another tool of the program says of the site, as JSON.
    async fn tool(&self, verb: &[&str], rest: &[&str]) -> Result<serde_json::Value> {
        let program = std::env::current_exe().context("the program's own path")?;
        let mut tool = tokio::process::Command::new(program);
        tool.args(verb).arg(&self.folder).args(rest).arg("--json");
        let output = tool.output().await?;
        serde_json::from_slice(&output.stdout).with_context(|| {
            format!("klinke {}: {}", verb.join(" "), String::from_utf8_lossy(&output.stderr).trim())
        })
    }

    /// Processor time so far; 0 where the system does not tell.
    pub fn cpu_seconds(&self) -> f64 {
        let Some(id) = self.process.id() else { return 0.0 };
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // The second field, the program's name, may hold spaces; it ends with the last bracket.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let times: Vec<f64> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
        times.iter().sum::<f64>() / TICKS
    }

    /// Memory that it holds now, in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let Some(id) = self.process.id() else { return 0 };
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
    }

    /// Ends it in good order.
    pub async fn stop(&mut self) -> Result<()> {
        let Some(id) = self.process.id() else { return Ok(()) };
        let _ = std::process::Command::new("kill").arg("-TERM").arg(id.to_string()).status()?;
        let ended = tokio::time::timeout(Duration::from_secs(30), self.process.wait()).await;
        let status = ended.context("`serve` did not stop")??;
        if !status.success() {
            bail!("`serve` ended with {status}");
        }
        Ok(())
    }
}

/// Copies some of a folder's files and folders, those as deep as a site's are.
fn copy(from: &Path, to: &Path, names: &[&str]) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for name in names {
        let (from, to) = (from.join(name), to.join(name));
        if !from.is_dir() {
            std::fs::copy(&from, &to)?;
            continue;
        }
        let entries: std::io::Result<Vec<_>> = std::fs::read_dir(&from)?.collect();
        let names: Vec<String> =
            entries?.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        copy(&from, &to, &names.iter().map(String::as_str).collect::<Vec<_>>())?;
    }
    Ok(())
}

/// Bytes of all files below a folder.
pub fn size(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.filter_map(Result::ok).map(size).sum()
}
