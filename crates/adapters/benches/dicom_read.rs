//! What is read from an archive, by DICOMweb and by C-FIND and C-GET, against a plain copy of the same files over a loopback socket, in
//! the same run.
//!
//! `cargo bench -p klinke-adapters --bench dicom_read`; `STUDIES=10000` for fewer studies in the index. `FILL=folder` makes an archive
//! there with so many studies in its index, and ends: to see how a site starts on it.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that can't go on breaks off, and prints"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use klinke_adapters::dicom::scu::{Finding, Getting, Keep, Root};
use klinke_adapters::dicom::{Accept, Node, NodeConfig, Peer, Peers};
use klinke_adapters::dicomweb::{Anyone, Web, WebConfig};
use klinke_adapters::net::Limits;
use klinke_archive::event::Completion;
use klinke_archive::index::sqlite::SqliteIndex;
use klinke_archive::index::{ClashPolicy, Entry, Index, Selection, Stored};
use klinke_archive::{Archive, Arrival, Identity, Options};
use klinke_dimse::charset::Rules;
use klinke_dimse::data::{self, DataSet, Element};
use klinke_dimse::message::Status;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags};
use klinke_engine::source::Stop;
use klinke_model::Timestamp;

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const SLICES: usize = 500;
const SIDE: u16 = 512;

fn main() {
    let studies: usize = std::env::var("STUDIES").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    if let Ok(folder) = std::env::var("FILL") {
        std::fs::create_dir_all(&folder).unwrap();
        drop(Archive::open(Path::new(&folder), Options::default()).unwrap());
        return fill_index(Path::new(&folder), studies);
    }
    let folder = tempfile::tempdir().unwrap();
    fill_index(folder.path(), studies);
    let archive = Archive::open(folder.path(), Options::default()).unwrap();
    fill_series(&archive);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let web = Web::new(WebConfig::at("127.0.0.1:0".parse().unwrap()), archive.clone(), Arc::new(Anyone));
    let open = runtime.block_on(web.open()).unwrap();
    let address: SocketAddr = open.address().parse().unwrap();
    let (_stopper, stop) = Stop::new();
    runtime.spawn(open.run(stop));
    let peer = runtime.block_on(associations(&archive));
    searches(address, studies);
    runtime.block_on(finds(&peer, studies));
    series(address, &archive, &runtime, &peer);
    metadata(address);
    thumbnails(address);
}

fn searches(address: SocketAddr, studies: usize) {
    println!("{studies} studies in the index");
    for (name, query) in [
        ("the newest 100", "limit=100".to_owned()),
        ("of a day", "StudyDate=20240610&limit=100".to_owned()),
        ("by patient ID", format!("PatientID=P{}", studies / 2)),
        ("by the beginning of a name", "PatientName=name77*&limit=100".to_owned()),
        ("by accession number", format!("AccessionNumber=A{}", studies / 3)),
    ] {
        let mut times: Vec<Duration> =
            (0..300).map(|_| timed(|| get(address, &format!("/studies?{query}"), "")).0).collect();
        times.sort();
        println!("  search {name}: median {:?}, p99 {:?}", times[150], times[297]);
    }
}

/// Our application entity, as somebody who calls it knows it.
async fn associations(archive: &Archive) -> Peer {
    let config = NodeConfig {
        ae_title: "KLINKE".to_owned(),
        aliases: Vec::new(),
        listen: "127.0.0.1:0".parse().unwrap(),
        accept: Accept::Any,
        any_called_title: false,
        allow: Vec::new(),
        tls: None,
        limits: Limits::default(),
    };
    let open = Node::new(config, archive.clone(), Peers::default()).open().await.unwrap();
    let peer = Peer::at("KLINKE", open.address().parse().unwrap());
    let (stopper, stop) = Stop::new();
    // It serves until the bench is over.
    std::mem::forget(stopper);
    tokio::spawn(open.run(stop));
    peer
}

/// The same questions as [`searches`], over one association, each to its last match; at most a hundred of them.
async fn finds(peer: &Peer, studies: usize) {
    for (name, tag, vr, value) in [
        ("of a day", tags::STUDY_DATE, VR::DA, "20240610".to_owned()),
        ("by patient ID", tags::PATIENT_ID, VR::LO, format!("P{}", studies / 2)),
        ("by the beginning of a name", tags::PATIENT_NAME, VR::PN, "Name77*".to_owned()),
        ("by accession number", tags::ACCESSION_NUMBER, VR::SH, format!("A{}", studies / 3)),
    ] {
        let mut asked = DataSet::new();
        asked.put_ascii(tags::QUERY_RETRIEVE_LEVEL, VR::CS, "STUDY");
        let wanted = [tags::STUDY_INSTANCE_UID, tags::STUDY_DATE, tags::PATIENT_ID, tags::PATIENT_NAME];
        wanted.iter().for_each(|tag| asked.put_ascii(*tag, VR::LO, ""));
        asked.put_ascii(tag, vr, &value);
        let mut finding = Finding::begin(peer, "BENCH", Root::Study, &asked).await.unwrap();
        let (mut times, mut matches) = (Vec::new(), 0);
        for _ in 0..=300 {
            let began = Instant::now();
            let mut count = 0;
            while finding.next().await.unwrap().is_some() {
                count += 1;
                if count == 100 {
                    finding.cancel().await.unwrap();
                }
            }
            times.push(began.elapsed());
            matches = count;
            finding.again(&asked).await.unwrap();
        }
        while finding.next().await.unwrap().is_some() {}
        finding.end().await;
        // The first one waited for the association, too.
        times.remove(0);
        times.sort();
        println!("  C-FIND {name}, {matches} matches: median {:?}, p99 {:?}", times[150], times[297]);
    }
}

/// Counts what comes by C-GET.
struct Counted(usize);

impl Keep for Counted {
    fn begin(&mut self, _class: &str, _uid: &str, _syntax: &str) {}

    async fn bytes(&mut self, bytes: bytes::Bytes) {
        self.0 += bytes.len();
    }

    async fn end(&mut self) -> Status {
        Status::SUCCESS
    }
}

/// The series by C-GET, over an association of its own; gives how many bytes came.
async fn fetched(peer: &Peer) -> usize {
    let mut asked = DataSet::new();
    asked.put_ascii(tags::QUERY_RETRIEVE_LEVEL, VR::CS, "SERIES");
    asked.put_ascii(tags::STUDY_INSTANCE_UID, VR::UI, "9.1");
    asked.put_ascii(tags::SERIES_INSTANCE_UID, VR::UI, "9.1.1");
    let mut getting = Getting::begin(peer, "BENCH", Root::Study, &asked, &[CT.to_owned()]).await.unwrap();
    let mut counted = Counted(0);
    while getting.next(&mut counted).await.unwrap().is_some() {}
    getting.end().await;
    counted.0
}

/// The series over HTTP and by C-GET, and its files over a socket as they are, in turns.
fn series(address: SocketAddr, archive: &Archive, runtime: &tokio::runtime::Runtime, peer: &Peer) {
    let of = Selection { series: vec!["9.1.1".to_owned()], ..Selection::default() };
    let files: Vec<_> =
        archive.instances(&of, 0, SLICES).unwrap().iter().map(|one| archive.path(one)).collect();
    let accept = "Accept: multipart/related; type=\"application/dicom\"; transfer-syntax=*\r\n";
    let (mut ours, mut gets, mut floors) = (Vec::new(), Vec::new(), Vec::new());
    let mut size = 0;
    for _ in 0..7 {
        let (time, bytes) = timed(|| copied(&files));
        floors.push(bytes as f64 / 1e6 / time.as_secs_f64());
        let (time, bytes) = timed(|| get(address, "/studies/9.1/series/9.1.1", accept));
        ours.push(bytes as f64 / 1e6 / time.as_secs_f64());
        size = bytes;
        let (time, bytes) = timed(|| runtime.block_on(fetched(peer)));
        gets.push(bytes as f64 / 1e6 / time.as_secs_f64());
    }
    let median = |rates: &mut Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let floor = median(&mut floors);
    println!("series of {SLICES} slices, {} MB; plain copy {floor:.0} MB/s", size / 1_000_000);
    for (name, rate) in [("WADO-RS", median(&mut ours)), ("C-GET", median(&mut gets))] {
        println!("  {name}: {rate:.0} MB/s, {:.2} of the floor", rate / floor);
    }
}

fn metadata(address: SocketAddr) {
    let ask = || timed(|| get(address, "/studies/9.1/series/9.1.1/metadata", "Accept-Encoding: gzip\r\n"));
    let (first, size) = ask();
    let mut times: Vec<Duration> = (0..50).map(|_| ask().0).collect();
    times.sort();
    println!(
        "metadata of {SLICES} slices, {size} bytes gzipped: first {first:?}, then median {:?}, p99 {:?}",
        times[25], times[49]
    );
}

fn thumbnails(address: SocketAddr) {
    let path = |at: usize| format!("/studies/9.1/series/9.1.1/instances/9.1.1.{}/thumbnail", 1 + at % SLICES);
    let mut times: Vec<Duration> = (0..100).map(|at| timed(|| get(address, &path(at), "")).0).collect();
    times.sort();
    println!("thumbnail of {SIDE} x {SIDE}: median {:?}, p99 {:?}", times[50], times[98]);
}

fn timed(work: impl FnOnce() -> usize) -> (Duration, usize) {
    let began = Instant::now();
    let bytes = work();
    (began.elapsed(), bytes)
}

/// Asks and reads to the end; gives how many bytes came.
fn get(address: SocketAddr, path: &str, headers: &str) -> usize {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!("GET /dicom-web{path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut buffer = vec![0; 1 << 20];
    let first = stream.read(&mut buffer).unwrap();
    assert!(
        buffer.starts_with(b"HTTP/1.1 200"),
        "{path}: {}",
        String::from_utf8_lossy(&buffer[..first.min(300)])
    );
    first + drain(stream, &mut buffer)
}

fn drain(mut stream: TcpStream, buffer: &mut [u8]) -> usize {
    let mut size = 0;
    loop {
        match stream.read(buffer).unwrap() {
            0 => return size,
            read => size += read,
        }
    }
}

/// Files read in pieces and written to a socket: what nobody can be faster than with these means.
fn copied(files: &[std::path::PathBuf]) -> usize {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut stream = listener.accept().unwrap().0;
            let mut piece = vec![0; 512 << 10];
            for path in files {
                let mut file = std::fs::File::open(path).unwrap();
                loop {
                    match file.read(&mut piece).unwrap() {
                        0 => break,
                        read => stream.write_all(&piece[..read]).unwrap(),
                    }
                }
            }
        });
        drain(TcpStream::connect(address).unwrap(), &mut vec![0; 1 << 20])
    })
}

/// Studies that are in the index alone.
fn fill_index(folder: &Path, studies: usize) {
    let index = SqliteIndex::open(&folder.join("index.db"), Completion::default()).unwrap();
    let (told, done) = std::sync::mpsc::channel();
    for at in 0..studies {
        let mut set =
            header(&format!("P{at}"), &format!("8.{at}"), &format!("8.{at}.1"), &format!("8.{at}.1.1"));
        set.put_ascii(tags::PATIENT_NAME, VR::PN, &format!("Name{at}^First{}", at % 97));
        set.put_ascii(tags::ACCESSION_NUMBER, VR::SH, &format!("A{at}"));
        let date = format!("{}{:02}{:02}", 2015 + at % 11, 1 + at % 12, 1 + at % 28);
        set.put_ascii(tags::STUDY_DATE, VR::DA, &date);
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&at.to_le_bytes());
        let file = Stored {
            path: format!("studies/{at}.dcm"),
            syntax: TransferSyntax::EXPLICIT.uid().to_owned(),
            size: 1_000,
            data_offset: 0,
            hash,
            origin: None,
            from: "CT1".to_owned(),
            arrived: Timestamp(at as i64),
        };
        let identity = Identity::of(&set, "", "", &Rules::default()).unwrap();
        let study_folder = format!("studies/{at}");
        let entry = Entry {
            identity,
            file,
            study_folder,
            clash: ClashPolicy::KeepFirst,
            expected: None,
            bytes: None,
            was: None,
        };
        let told = told.clone();
        index.add(entry, Box::new(move |result| drop(told.send(result))));
    }
    drop(told);
    assert_eq!(done.iter().filter(Result::is_ok).count(), studies);
}

/// One series of slices with their files.
fn fill_series(archive: &Archive) {
    let noise = |at: usize| (at as u32).wrapping_mul(2_654_435_761) >> 28;
    let pixels: Vec<u8> = (0..usize::from(SIDE) * usize::from(SIDE))
        .flat_map(|at| ((at / 300) as u16 + noise(at) as u16).to_le_bytes())
        .collect();
    for slice in 1..=SLICES {
        let uid = format!("9.1.1.{slice}");
        let mut set = header("S", "9.1", "9.1.1", &uid);
        set.put_ascii(tags::IMAGE_POSITION_PATIENT, VR::DS, &format!("-120\\-120\\{slice}"));
        set.put_ascii(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
        for (tag, value) in [
            (tags::SAMPLES_PER_PIXEL, 1),
            (tags::ROWS, SIDE),
            (tags::COLUMNS, SIDE),
            (tags::BITS_ALLOCATED, 16),
            (tags::BITS_STORED, 12),
            (tags::HIGH_BIT, 11),
            (tags::PIXEL_REPRESENTATION, 0),
        ] {
            set.put_us(tag, value);
        }
        set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, pixels.clone()));
        let syntax = TransferSyntax::EXPLICIT;
        let arrival = Arrival { syntax: syntax.uid().to_owned(), ..Arrival::default() };
        let mut receiving = archive.receive(arrival).unwrap();
        receiving.write(&data::write(&set, &syntax).unwrap()).unwrap();
        receiving.finish(Timestamp::now()).unwrap();
    }
}

fn header(patient: &str, study: &str, series: &str, instance: &str) -> DataSet {
    let mut set = DataSet::new();
    let mut put = |tag, vr, text: &str| set.put_ascii(tag, vr, text);
    put(tags::SOP_CLASS_UID, VR::UI, CT);
    put(tags::SOP_INSTANCE_UID, VR::UI, instance);
    put(tags::STUDY_DATE, VR::DA, "20261129");
    put(tags::MODALITY, VR::CS, "CT");
    put(tags::MANUFACTURER, VR::LO, "Klinke");
    put(tags::STUDY_DESCRIPTION, VR::LO, "Thorax");
    put(tags::PATIENT_NAME, VR::PN, "Muster^Max");
    put(tags::PATIENT_ID, VR::LO, patient);
    put(tags::STUDY_INSTANCE_UID, VR::UI, study);
    put(tags::SERIES_INSTANCE_UID, VR::UI, series);
    put(tags::INSTANCE_NUMBER, VR::IS, "1");
    set
}
