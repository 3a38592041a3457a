//! What the program's tests share: a site in a folder, the program itself, and simple partners.

#![allow(dead_code, reason = "each test program uses its part")]

pub mod browser;
pub mod old;
pub mod partner;
pub mod provider;
pub mod receivers;
pub mod secure;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take that should take a moment.
pub const LIMIT: Duration = Duration::from_secs(30);

/// How the program ended, and what it said.
pub struct Run {
    /// The exit status.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Run {
    fn of(output: &Output) -> Run {
        Run {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }

    /// The run, if it ended with this status.
    #[track_caller]
    pub fn ended(self, code: i32) -> Run {
        assert_eq!(self.code, code, "exit status; stdout:\n{}stderr:\n{}", self.out, self.err);
        self
    }
}

/// The program, as it stands for tests: English, no surroundings that change what it does.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_klinke"));
    for name in ["LC_ALL", "LC_MESSAGES", "KLINKE_ENV", "KLINKE_LOG", "NOTIFY_SOCKET", "WATCHDOG_USEC"] {
        command.env_remove(name);
    }
    command.env("LANG", "C").stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub fn klinke<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Run {
    Run::of(&program().args(arguments).output().expect("klinke runs"))
}

/// As [`klinke`], with something on standard input.
pub fn klinke_with(arguments: &[&str], input: &[u8]) -> Run {
    use std::io::Write;
    let mut command = program();
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("klinke runs");
    let _ = child.stdin.take().expect("standard input").write_all(input);
    Run::of(&child.wait_with_output().expect("klinke ends"))
}

/// A site in a folder of its own.
pub struct Site(tempfile::TempDir);

impl Site {
    /// An empty site: a name, and no reserve that a small disk would not have.
    pub fn new() -> Site {
        let site = Site(tempfile::tempdir().expect("a folder"));
        site.write("klinke.toml", "name = \"Test\"\n[store]\nreserve = \"1MB\"\n[stop]\nlimit = \"5s\"\n");
        site.write("systems.toml", "[kis]\ntitle = \"KIS\"\ncharset = \"8859/1\"\n");
        site
    }

    /// A site with one channel from MLLP to a partner.
    pub fn to_partner(port: u16, more: &str) -> Site {
        let site = Site::new();
        site.write(
            "systems.toml",
            &format!("[kis]\ntitle = \"KIS\"\n[ris]\ntitle = \"RIS\"\nmllp = \"127.0.0.1:{port}\"\n"),
        );
        site.write("channels/adt.toml", &channel(more));
        site
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    /// The folder, as an argument.
    pub fn path(&self) -> &str {
        self.0.path().to_str().expect("a folder of UTF-8")
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(&path, text).expect("written");
        path
    }

    /// Runs a verb on this site, with what follows.
    pub fn klinke(&self, verb: &str, more: &[&str]) -> Run {
        let mut arguments = vec![verb, self.path()];
        arguments.extend(more);
        klinke(&arguments)
    }

    /// Runs a verb on this site and reads its JSON.
    pub fn json(&self, verb: &str, more: &[&str]) -> Value {
        let mut arguments = vec!["--json", verb, self.path()];
        arguments.extend(more);
        klinke(&arguments).json()
    }

    /// Starts `serve`.
    pub fn serve(&self) -> Serve<'_> {
        self.serve_with(&[], &[])
    }

    /// Starts `serve` with variables and more arguments.
    pub fn serve_with(&self, variables: &[(&str, &str)], more: &[&str]) -> Serve<'_> {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder().join("serve.log"))
            .expect("a log");
        let mut command = program();
        command.args(["serve", self.path()]).args(more).envs(variables.iter().copied());
        command.stdout(Stdio::null()).stderr(log);
        let mut serve = Serve { site: self, child: command.spawn().expect("klinke runs") };
        let socket = self.folder().join("data/klinke.sock");
        wait_for("serve to run", || {
            if let Some(status) = serve.child.try_wait().expect("waited") {
                panic!("serve ended with {status}:\n{}", serve.log());
            }
            std::os::unix::net::UnixStream::connect(&socket).is_ok()
        });
        serve
    }
}

/// A channel `adt` from a free port to `ris`; `more` follows its destination.
pub fn channel(more: &str) -> String {
    format!(
        "[source]\nmllp = {{ listen = \"127.0.0.1:0\", from = \"kis\" }}\n\n\
         [[destination]]\nto = \"ris\"\nretry = {{ first = \"50ms\", most = \"200ms\" }}\n{more}"
    )
}

/// A running `serve`; killed when it is dropped.
pub struct Serve<'a> {
    site: &'a Site,
    child: Child,
}

impl Serve<'_> {
    /// All that it logged, over all its starts.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.site.folder().join("serve.log")).unwrap_or_default()
    }

    /// `host:port` at which a channel listens.
    pub fn address(&self, channel: &str) -> String {
        let status = self.site.json("status", &[]);
        let channels = status["channels"].as_array().expect("channels");
        let found = channels.iter().find(|one| one["name"] == channel).expect("the channel");
        let address = found["address"].as_str().expect("an address");
        let address = address.rsplit("://").next().unwrap_or(address);
        address.split('/').next().unwrap_or(address).to_owned()
    }

    /// As [`wait_for`]; in vain, it shows how the site stands and what it logged.
    #[track_caller]
    pub fn wait_for(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let began = Instant::now();
        while !holds() {
            if began.elapsed() > LIMIT {
                let status = self.site.klinke("status", &[]).out;
                panic!("waited in vain for {what}\n{status}\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends a signal: `TERM`, `HUP`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Takes it away.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("waited");
    }

    /// Asks it to stop; gives its exit status.
    pub fn stop(mut self) -> i32 {
        self.signal("TERM");
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("waited") {
                return status.code().unwrap_or(-1);
            }
            assert!(began.elapsed() < LIMIT, "serve does not stop:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Serve<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something holds.
#[track_caller]
pub fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < LIMIT, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// News of a patient.
pub fn adt(control: &str, patient: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|KIS|KH|RIS|KH|20261124081500||ADT^A08^ADT_A01|{control}|P|2.5\r\
         EVN|A08|20261124081500\rPID|1||{patient}^^^KH^PI||Beispiel^Berta||19640812|F\r\
         PV1|1|I|CHI1^12^2^KH||||||||||||||||F{patient}^^^KH^VN\r"
    )
    .into_bytes()
}
