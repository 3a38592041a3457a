//! A running service, instances, and a client that shows every byte.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hyper::header::{self, HeaderMap};
use klinke_adapters::dicomweb::{Gate, Opened, Verdict, Web, WebConfig, Wish};
use klinke_archive::{Archive, Arrival, Options};
use klinke_dimse::data::{self, DataSet, Element};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, file, tags};
use klinke_engine::BoxFuture;
use klinke_engine::source::{Stop, Stopper};
use klinke_model::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[path = "../common/images.rs"]
mod images;

pub use images::{image, part10, pixels};

pub const JSON: &str = "Accept: application/dicom+json\r\n";

/// A service that listens.
pub struct Running {
    pub address: SocketAddr,
    pub archive: Archive,
    pub gate: Arc<Doorman>,
    pub folder: tempfile::TempDir,
    _stopper: Option<Stopper>,
}

/// A gate that knows two tokens and remembers what was opened.
#[derive(Default)]
pub struct Doorman {
    pub closed: bool,
    pub opened: Mutex<Vec<Opened>>,
}

impl Gate for Doorman {
    fn ask(&self, headers: &HeaderMap, _: &str, wish: Wish) -> BoxFuture<'_, Verdict> {
        let authorization = headers.get(header::AUTHORIZATION).map(|value| value.as_bytes());
        let verdict = match authorization {
            _ if !self.closed => Verdict::Allowed("anyone".into()),
            Some(b"Bearer all") => Verdict::Allowed("alice".into()),
            Some(b"Bearer read") if wish == Wish::Read => Verdict::Allowed("bob".into()),
            Some(b"Bearer read") => Verdict::Forbidden,
            _ => Verdict::Unknown("Bearer realm=\"klinke\"".to_owned()),
        };
        Box::pin(std::future::ready(verdict))
    }

    fn opened(&self, opened: Opened) {
        self.opened.lock().expect("no panic").push(opened);
    }
}

pub fn config() -> WebConfig {
    WebConfig::at("127.0.0.1:0".parse().expect("an address"))
}

pub async fn start() -> Running {
    start_with(config(), Doorman::default()).await
}

pub async fn start_with(config: WebConfig, doorman: Doorman) -> Running {
    let folder = tempfile::tempdir().expect("a folder");
    let archive = Archive::open(folder.path(), Options::default()).expect("an archive");
    let gate = Arc::new(doorman);
    let web = Web::new(config, archive.clone(), gate.clone());
    let open = web.open().await.expect("a port");
    let address = open.address().parse().expect("an address");
    let (stopper, stop) = Stop::new();
    tokio::spawn(open.run(stop));
    Running { address, archive, gate, folder, _stopper: Some(stopper) }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    /// Media types and bytes of the parts.
    #[track_caller]
    pub fn parts(&self) -> Vec<(String, Vec<u8>)> {
        let boundary = self.header("content-type").split("boundary=").nth(1).expect("a boundary").to_owned();
        let delimiter = format!("\r\n--{boundary}");
        let (mut parts, mut rest) = (Vec::new(), self.body.as_slice());
        loop {
            let at = find(rest, delimiter.as_bytes()).expect("a boundary");
            rest = &rest[at + delimiter.len()..];
            if rest.starts_with(b"--") {
                return parts;
            }
            let head = find(rest, b"\r\n\r\n").expect("the end of a header");
            let lines = String::from_utf8_lossy(&rest[..head]).into_owned();
            let media =
                lines.lines().find_map(|line| line.strip_prefix("Content-Type: ")).unwrap_or_default();
            let end = find(rest, delimiter.as_bytes()).expect("a boundary");
            parts.push((media.to_owned(), rest[head + 4..end].to_vec()));
        }
    }
}

pub fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

impl Running {
    /// A service that somebody else stops.
    pub fn of(address: SocketAddr, archive: Archive, gate: Arc<Doorman>, folder: tempfile::TempDir) -> Self {
        Running { address, archive, gate, folder, _stopper: None }
    }

    pub async fn get(&self, path: &str, headers: &str) -> Answer {
        self.ask("GET", path, headers, &[]).await
    }

    pub async fn ask(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        let length = match body.is_empty() {
            true => String::new(),
            false => format!("Content-Length: {}\r\n", body.len()),
        };
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: pacs\r\nConnection: close\r\n{headers}{length}\r\n");
        self.send(&[head.as_bytes(), body].concat()).await.expect("an answer")
    }

    /// Sends bytes and reads what comes until the end.
    pub async fn send(&self, bytes: &[u8]) -> Option<Answer> {
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        // Who is refused early may have gone before all was sent.
        let _ = stream.write_all(bytes).await;
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await;
        answer(&all)
    }

    /// Puts an instance into the archive.
    pub async fn put(&self, set: &DataSet, syntax: &TransferSyntax) {
        let bytes = data::write(set, syntax).expect("a data set");
        let arrival = Arrival {
            class: set.ascii(tags::SOP_CLASS_UID).unwrap_or_default().to_owned(),
            instance: set.ascii(tags::SOP_INSTANCE_UID).unwrap_or_default().to_owned(),
            syntax: syntax.uid().to_owned(),
            ..Arrival::default()
        };
        let archive = self.archive.clone();
        let work = move || {
            let mut receiving = archive.receive(arrival)?;
            receiving.write(&bytes)?;
            receiving.finish(Timestamp::now())
        };
        tokio::task::spawn_blocking(work).await.expect("no panic").expect("room");
    }
}

fn answer(all: &[u8]) -> Option<Answer> {
    let head = find(all, b"\r\n\r\n")?;
    let text = String::from_utf8_lossy(&all[..head]).into_owned();
    let mut lines = text.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        let there = headers.entry(name.to_ascii_lowercase()).or_default();
        there.push_str(if there.is_empty() { "" } else { ", " });
        there.push_str(value);
    }
    let mut body = all[head + 4..].to_vec();
    if headers.get("transfer-encoding").is_some_and(|one| one == "chunked") {
        body = unchunked(&body);
    }
    Some(Answer { status, headers, body })
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(at) = find(bytes, b"\r\n") {
        let size =
            std::str::from_utf8(&bytes[..at]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let size = size.expect("a size");
        if size == 0 {
            return out;
        }
        out.extend_from_slice(&bytes[at + 2..at + 2 + size]);
        bytes = &bytes[at + 2 + size + 2..];
    }
    panic!("the body was broken off");
}

/// An image of several frames.
pub fn frames(study: &str, series: &str, instance: &str, count: u16) -> DataSet {
    let mut set = image("Anna", study, series, instance);
    set.put_ascii(tags::NUMBER_OF_FRAMES, VR::IS, &count.to_string());
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, pixels(count)));
    set
}

/// The data set of a file of Part 10, and its transfer syntax.
pub fn opened(bytes: &[u8]) -> (DataSet, String) {
    let opened =
        file::open(bytes.to_vec(), &data::Limits::default(), data::PixelDataUse::Read).expect("a file");
    (opened.set, opened.syntax.uid().to_owned())
}

/// A body of parts.
pub fn multipart(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (header, bytes) in parts {
        body.extend_from_slice(format!("\r\n--XX\r\n{header}\r\n\r\n").as_bytes());
        body.extend_from_slice(bytes);
    }
    body.extend_from_slice(b"\r\n--XX--\r\n");
    body
}

pub const PARTS: &str = "Content-Type: multipart/related; type=\"application/dicom\"; boundary=XX\r\n";
pub const DICOM: &str = "Content-Type: application/dicom";
