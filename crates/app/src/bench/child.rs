//! `serve` as a program of its own.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::load::Sink;
use crate::partner::free_ports;
use crate::partner::sender::Sender;
use crate::starter;

/// Ticks of processor time in a second, as Linux tells them.
const TICKS: f64 = 100.0;

/// A running `serve` with two channels: lanes by patient, and a single lane.
pub struct Child {
    process: tokio::process::Child,
    lanes: String,
    single: String,
}

impl Child {
    /// Makes the site of the example in a folder and serves it.
    pub async fn start(folder: &Path, sink: &Sink) -> Result<Child> {
        starter::write(folder)?;
        let ports: [u16; 2] = free_ports()?;
        let channel = std::fs::read_to_string(folder.join("channels/adt-to-ris.toml"))?;
        let single = channel.replace("127.0.0.1:6661", &format!("127.0.0.1:{}", ports[0]));
        let lanes = channel
            .replace("127.0.0.1:6661", &format!("127.0.0.1:{}", ports[1]))
            .replace("to = \"ris\"", "to = \"ris\"\nlane = \"PID-3.1\"\nconnections = 16");
        std::fs::write(folder.join("channels/adt-to-ris.toml"), single)?;
        std::fs::write(folder.join("channels/adt-by-patient.toml"), lanes)?;
        let systems = std::fs::read_to_string(folder.join("systems.toml"))?;
        std::fs::write(folder.join("systems.toml"), systems.replace("127.0.0.1:6662", &sink.address()))?;
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
