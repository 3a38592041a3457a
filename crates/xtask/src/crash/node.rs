//! The site that is killed: its files, its process, what its tools say of it.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;

use super::random::Random;

/// The channels; each delivers to a system of its name.
pub const CHANNELS: [&str; 2] = ["one", "many"];

/// Most links of a destination.
pub const LINKS: u64 = 4;

/// How long a start may take.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long an orderly stop may take.
const STOP_LIMIT: Duration = Duration::from_secs(60);

const KLINKE: &str = "name = \"Crash\"\n[store]\nreserve = \"1MB\"\n[stop]\nlimit = \"20s\"\n";

const WARDS: &str = "from,to\nCHI1,Surgery 1\nINN2,Medicine 2\n";

/// Adds the number under which the store keeps the message.
const SCRIPT: &str = "export default (msg, ctx) => { msg.set(\"ZTR-2\", ctx.id); return msg; };\n";

const STEPS: &str = r#"
[[step]]
only = { "MSH-9.1" = ["ADT"] }
[[step]]
set = { "MSH-5" = "SINK" }
[[step]]
lookup = { field = "PV1-3.1", table = "wards", missing = "keep" }
[[step]]
script = "trace.ts"
"#;

/// The ports on loopback: below those that the system gives to clients, so that a sender that knocks
/// while nobody listens can't meet itself.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// Where the channels listen.
    pub sources: [u16; 2],
    /// Where the sinks listen.
    pub sinks: [u16; 2],
}

impl Ports {
    /// Ports that are free now.
    pub fn free(random: &mut Random) -> anyhow::Result<Ports> {
        let mut found = Vec::new();
        for _ in 0..1_000 {
            let port = 12_000 + u16::try_from(random.below(18_000))?;
            if !found.contains(&port) && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
                found.push(port);
            }
            if let [a, b, c, d] = found[..] {
                return Ok(Ports { sources: [a, b], sinks: [c, d] });
            }
        }
        bail!("no free ports")
    }
}

/// Builds the program, as `cargo build` does.
pub fn build() -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo).args(["build", "--quiet", "--release", "-p", "klinke-app"]).status()?;
    if !built.success() {
        bail!("klinke does not build");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    Ok(target.join("release/klinke"))
}

/// The site and its process.
pub struct Node {
    binary: PathBuf,
    folder: PathBuf,
    ports: Ports,
    child: Option<Child>,
}

impl Node {
    /// Writes the site into a new folder.
    pub fn new(binary: PathBuf, folder: &Path, ports: Ports) -> anyhow::Result<Node> {
        std::fs::create_dir_all(folder.join("channels"))?;
        std::fs::create_dir_all(folder.join("tables"))?;
        let [one, many] = ports.sinks;
        let systems = format!(
            "[sender]\ntitle = \"Sender\"\n[one]\nmllp = \"127.0.0.1:{one}\"\n[many]\nmllp = \"127.0.0.1:{many}\"\n"
        );
        let retry = "retry = { first = \"20ms\", most = \"200ms\" }\non = { AE = \"retry\" }\n";
        let source =
            |port: u16| format!("[source]\nmllp = {{ listen = \"127.0.0.1:{port}\", from = \"sender\" }}\n");
        let [first, second] = ports.sources.map(source);
        let one = format!("{first}{STEPS}[[destination]]\nto = \"one\"\n{retry}");
        let many = format!(
            "{second}dedup = {{ by = \"control\", window = \"1h\" }}\n{STEPS}[[destination]]\nto = \"many\"\n\
             lane = \"PID-3.1\"\nconnections = {LINKS}\n{retry}"
        );
        for (name, text) in [
            ("klinke.toml", KLINKE),
            ("systems.toml", &systems),
            ("tables/wards.csv", WARDS),
            ("channels/trace.ts", SCRIPT),
            ("channels/one.toml", &one),
            ("channels/many.toml", &many),
        ] {
            std::fs::write(folder.join(name), text)?;
        }
        Ok(Node { binary, folder: folder.to_owned(), ports, child: None })
    }

    /// Starts `serve`.
    pub fn start(&mut self) -> anyhow::Result<()> {
        let log = File::options().create(true).append(true).open(self.folder.join("serve.log"))?;
        let mut serve = Command::new(&self.binary);
        serve.arg("serve").arg(&self.folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.child = Some(serve.spawn().with_context(|| self.binary.display().to_string())?);
        Ok(())
    }

    /// Waits until both channels listen.
    pub fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        for port in self.ports.sources {
            while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
                let ended = self.child.as_mut().map(Child::try_wait).transpose()?.flatten();
                if let Some(status) = ended {
                    bail!("serve did not start again: {status}");
                }
                if began.elapsed() > START_LIMIT {
                    bail!("serve did not listen within {START_LIMIT:?}");
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        Ok(())
    }

    /// Takes the process away with SIGKILL.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            let status = child.wait()?;
            if status.code().is_some() {
                bail!("serve had ended by itself: {status}");
            }
        }
        Ok(())
    }

    /// Asks for an orderly stop with SIGTERM.
    pub fn terminate(&mut self) -> anyhow::Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        Command::new("kill").arg("-TERM").arg(child.id().to_string()).status()?;
        let began = Instant::now();
        while began.elapsed() < STOP_LIMIT {
            match child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("serve did not stop in good order: {status}"),
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
        child.kill()?;
        bail!("serve did not stop within {STOP_LIMIT:?}")
    }

    /// `klinke status --json`.
    pub fn status(&self) -> anyhow::Result<Value> {
        let output = self.tool("status")?;
        serde_json::from_slice(&output).context("status is no JSON")
    }

    /// The faults that `klinke verify` finds.
    pub fn verify(&self) -> anyhow::Result<Vec<String>> {
        let report: Value = serde_json::from_slice(&self.tool("verify")?).context("verify is no JSON")?;
        let faults = report["faults"].as_array().context("verify names no faults")?;
        Ok(faults.iter().map(|fault| format!("verify: {fault}")).collect())
    }

    fn tool(&self, verb: &str) -> anyhow::Result<Vec<u8>> {
        let output = Command::new(&self.binary).args([verb, "--json"]).arg(&self.folder).output()?;
        if output.stdout.is_empty() {
            bail!("klinke {verb}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(output.stdout)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
