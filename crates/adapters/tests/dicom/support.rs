//! A running archive, instances to send, and DCMTK's tools.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use klinke_adapters::dicom::{Accept, Node, NodeConfig, Peer, Peers};
use klinke_adapters::net::{Host, Limits};
use klinke_archive::{Archive, Options};
use klinke_dimse::Tag;
use klinke_dimse::data::DataSet;
use klinke_dimse::syntax::TransferSyntax;
use klinke_engine::source::{Stop, Stopper};

#[path = "../common/images.rs"]
mod images;

pub use images::{CT, image, part10};

/// An archive that listens.
pub struct Running {
    pub node: Arc<Node>,
    pub host: String,
    pub port: u16,
    pub folder: tempfile::TempDir,
    _stopper: Stopper,
}

pub fn config(accept: Accept) -> NodeConfig {
    NodeConfig {
        ae_title: "KLINKE".to_owned(),
        aliases: Vec::new(),
        listen: "127.0.0.1:0".parse().expect("an address"),
        accept,
        any_called_title: false,
        allow: Vec::new(),
        tls: None,
        limits: Limits::default(),
    }
}

pub async fn start(config: NodeConfig, peers: Vec<Peer>) -> Running {
    let folder = tempfile::tempdir().expect("a folder");
    let archive = Archive::open(folder.path(), Options::default()).expect("an archive");
    let node = Node::new(config, archive, Peers::new(peers));
    let open = node.open().await.expect("a port");
    let address: std::net::SocketAddr = open.address().parse().expect("an address");
    let (stopper, stop) = Stop::new();
    tokio::spawn(open.run(stop));
    Running { node, host: "127.0.0.1".to_owned(), port: address.port(), folder, _stopper: stopper }
}

impl Running {
    /// Us, as a partner is told of.
    pub fn as_peer(&self) -> Peer {
        Peer::at("KLINKE", host(self.port))
    }

    /// The arguments of DCMTK's tools that say who calls whom where.
    pub fn called(&self) -> Vec<String> {
        ["-aec", "KLINKE", "-aet", "DCMTK", &self.host, &self.port.to_string()].map(str::to_owned).to_vec()
    }
}

pub fn host(port: u16) -> Host {
    format!("127.0.0.1:{port}").parse().expect("an address")
}

/// Writes a data set as a file of Part 10.
pub fn write_file(folder: &Path, name: &str, set: &DataSet) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, part10(set, &TransferSyntax::EXPLICIT)).expect("a file");
    path
}

/// Runs one of DCMTK's tools; nothing where DCMTK is not there, which is said aloud.
pub async fn dcmtk(tool: &str, arguments: &[String], folder: &Path) -> Option<Output> {
    let (name, arguments, folder) = (tool.to_owned(), arguments.to_vec(), folder.to_owned());
    let run = move || Command::new(&name).args(&arguments).current_dir(folder).output();
    match tokio::task::spawn_blocking(run).await.expect("no panic") {
        Ok(output) => Some(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let text = format!("NOT RUN: {tool} of DCMTK is not installed");
            assert!(std::env::var("KLINKE_PEERS").as_deref() != Ok("require"), "{text}");
            eprintln!("{text}");
            None
        }
        Err(error) => panic!("{tool}: {error}"),
    }
}

/// A server that runs until it is dropped.
pub struct Server(Child);

impl Server {
    /// Starts a program in a folder and waits until it listens.
    pub async fn start(program: &str, arguments: &[String], folder: &Path, port: u16) -> Self {
        Server::start_with(Command::new(program), arguments, folder, port).await
    }

    /// Starts a command with more arguments in a folder and waits until it listens.
    pub async fn start_with(mut command: Command, arguments: &[String], folder: &Path, port: u16) -> Self {
        command.args(arguments).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Server(command.spawn().expect("a server"));
        for _ in 0..500 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return server;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{command:?} does not listen");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[track_caller]
pub fn succeeded(output: &Output) -> String {
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{text}");
    // Padding of UIDs is printed as it is.
    text.replace('\0', "")
}

pub fn strings(arguments: &[&str]) -> Vec<String> {
    arguments.iter().map(|one| (*one).to_owned()).collect()
}

/// The first value of an element, as text.
pub fn text(set: &DataSet, tag: Tag) -> String {
    set.ascii(tag).unwrap_or_default().to_owned()
}
