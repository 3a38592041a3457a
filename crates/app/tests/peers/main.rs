//! Real peers on both sides of a running site: MLLP programs of others, from the registries.
//!
//! | package | registry | as |
//! |---|---|---|
//! | `hl7` | PyPI | `mllp_send` (sender), `hl7.mllp` (partner) |
//! | `hl7apy` | PyPI | `MLLPServer` (partner that closes after each answer) |
//! | `node-hl7-client` | npm | sender |
//! | `node-hl7-server` | npm | partner |
//! | `slapd` | Debian | directory (`ldap.rs`) |
//! | `oidc-provider` | npm | OpenID provider (`oidc.rs`) |
//! | `playwright-core` | npm | browser, with Debian's `chromium` (`viewer.rs`, `pictures.rs`) |
//! | `schemathesis` | PyPI | program that makes requests out of the API's description (`contract.rs`) |
//!
//! `KLINKE_PEERS_PYTHON` names a folder with the Python packages (`pip install --target`), and
//! `KLINKE_PEERS_NODE` one with `node_modules`; without them it is tried whether they are installed.
//! A peer that is absent is said aloud, and fails the test where `KLINKE_PEERS=require`.

#[path = "../support/mod.rs"]
mod support;

mod contract;
mod ldap;
mod oidc;
mod pictures;
mod study;
mod viewer;

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use support::partner::{Line, Sink, code};
use support::{Site, adt, wait_for};

/// A program of a peer.
fn script(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(name).display().to_string()
}

fn python() -> Command {
    let mut python = Command::new("python3");
    if let Some(folder) = std::env::var_os("KLINKE_PEERS_PYTHON") {
        python.env("PYTHONPATH", folder);
    }
    python.stdin(Stdio::null());
    python
}

fn node() -> Command {
    let mut node = Command::new("node");
    if let Some(folder) = std::env::var_os("KLINKE_PEERS_NODE") {
        node.env("NODE_PATH", Path::new(&folder).join("node_modules"));
    }
    node.stdin(Stdio::null());
    node
}

/// True when a peer is there; says aloud when it is not.
#[allow(clippy::print_stderr, reason = "a test that does not run says so")]
fn is_there(peer: &str, mut trial: Command) -> bool {
    let there = trial.output().is_ok_and(|output| output.status.success());
    if !there {
        let text = format!("the peer {peer} is not installed: its test DID NOT RUN");
        assert!(std::env::var("KLINKE_PEERS").as_deref() != Ok("require"), "{text}");
        eprintln!("{text}");
    }
    there
}

fn has_python(package: &str) -> bool {
    let mut trial = python();
    trial.args(["-c", &format!("import {package}")]);
    is_there(package, trial)
}

fn has_node(package: &str) -> bool {
    let mut trial = node();
    trial.args(["-e", &format!("require('{package}')")]);
    is_there(package, trial)
}

fn has_chromium() -> bool {
    let mut trial = node();
    let there =
        "require('playwright-core'); require('fs').accessSync(process.env.CHROMIUM || '/usr/bin/chromium')";
    trial.args(["-e", there]);
    is_there("playwright-core with chromium", trial)
}

/// A peer that listens; ended when it is dropped.
struct Peer {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl Peer {
    fn start(mut command: Command) -> Peer {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the peer starts");
        let mut lines = BufReader::new(child.stdout.take().expect("standard output")).lines();
        let line = lines.next().expect("the peer says its port").expect("text");
        let port = line.strip_prefix("PORT ").and_then(|port| port.parse().ok());
        Peer { child, lines, port: port.unwrap_or_else(|| panic!("no port: {line}")) }
    }

    /// The next thing that it got.
    fn got(&mut self) -> String {
        let line = self.lines.next().expect("the peer goes on").expect("text");
        line.strip_prefix("GOT ").unwrap_or_else(|| panic!("unexpected: {line}")).to_owned()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends messages through a site to a peer; gives what the peer says that it got, each once. `connection`
/// is `kept` or `each`; peers that can't keep a connection are the reason that there is `each`.
fn through_a_site(peer: &mut Peer, connection: &str) -> Vec<String> {
    let count = 5;
    let site = Site::to_partner(peer.port, "");
    site.write(
        "systems.toml",
        &format!(
            "[kis]\n[ris]\nmllp = {{ address = \"127.0.0.1:{}\", connection = \"{connection}\" }}\n",
            peer.port
        ),
    );
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    for number in 0..count {
        let answer = line.send(&adt(&format!("MSG{number}"), "4711")).expect("an answer");
        assert_eq!(code(&answer), "AA");
    }
    let mut got = Vec::new();
    while got.len() < count {
        let one = peer.got();
        if !got.contains(&one) {
            got.push(one);
        }
    }
    wait_for("the books", || {
        let books = &site.json("status", &[])["channels"][0];
        books["destinations"][0]["delivered"] == count && books["balances"] == true
    });
    for number in (1..=count).filter(|_| connection == "each") {
        let shown = site.json("messages", &["show", &number.to_string()]);
        let attempts = shown["deliveries"][0]["attempts"].as_array().expect("attempts").clone();
        assert_eq!(attempts.len(), 1, "the first attempt is accepted: {attempts:?}");
        assert_eq!(attempts[0]["code"], "AA");
    }
    assert_eq!(serve.stop(), 0);
    got
}

#[test]
fn mllp_send_of_hl7_is_answered() {
    if !has_python("hl7") {
        return;
    }
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    let serve = site.serve();
    let address = serve.address("adt");
    let port = address.rsplit(':').next().expect("a port");
    let file = site.folder().join("messages.hl7");
    let framed: Vec<u8> = (0..3)
        .flat_map(|number| [b"\x0b".as_slice(), &adt(&format!("PY{number}"), "4711"), b"\x1c\r"].concat())
        .collect();
    std::fs::write(&file, framed).expect("written");
    let mut send = python();
    send.arg(script("hl7_send.py")).args(["--port", port, "--file"]).arg(&file).arg("127.0.0.1");
    let output = send.output().expect("runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for number in 0..3 {
        assert!(said.contains(&format!("MSA|AA|PY{number}")), "{said}");
    }
    // The sender itself takes the last carriage return away.
    let expected = (0..3).map(|number| adt(&format!("PY{number}"), "4711").trim_ascii_end().to_vec());
    assert_eq!(sink.wait_for(3), expected.collect::<Vec<_>>(), "byte for byte");
    assert_eq!(serve.stop(), 0);
}

/// What a peer gets of the messages that [`through_a_site`] sends, in their order.
const GOT: [&str; 5] = ["MSG0", "MSG1", "MSG2", "MSG3", "MSG4"];

#[test]
fn the_server_of_hl7_takes_messages() {
    if !has_python("hl7") {
        return;
    }
    for connection in ["kept", "each"] {
        let mut command = python();
        command.arg(script("hl7_server.py"));
        assert_eq!(through_a_site(&mut Peer::start(command), connection), GOT, "{connection}");
    }
}

#[test]
fn the_server_of_hl7apy_takes_messages() {
    if !has_python("hl7apy") {
        return;
    }
    // It closes after each answer without a word: kept connections break, and nothing is lost by it.
    for connection in ["kept", "each"] {
        let mut command = python();
        command.arg(script("hl7apy_server.py"));
        assert_eq!(through_a_site(&mut Peer::start(command), connection), GOT, "{connection}");
    }
}

#[test]
fn node_hl7_server_takes_messages() {
    if !has_node("node-hl7-server") {
        return;
    }
    // On a kept connection it answers the first message again; MSA-2 tells, and a fresh connection helps.
    for connection in ["kept", "each"] {
        let mut command = node();
        command.arg(script("node_server.cjs")).arg(klinke_testkit::free_port().to_string());
        assert_eq!(through_a_site(&mut Peer::start(command), connection), GOT, "{connection}");
    }
}

#[test]
fn node_hl7_client_is_answered() {
    if !has_node("node-hl7-client") {
        return;
    }
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    let serve = site.serve();
    let address = serve.address("adt");
    let mut send = node();
    send.arg(script("node_send.cjs")).args([address.rsplit(':').next().expect("a port"), "5"]);
    let output = send.output().expect("runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected: String = (0..5).map(|number| format!("ANSWER AA NODE{number}\n")).collect();
    assert_eq!(said, expected, "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success());
    let arrivals = sink.wait_for(5);
    assert!(arrivals.iter().all(|message| String::from_utf8_lossy(message).contains("PID|||4711")));
    assert_eq!(serve.stop(), 0);
}
