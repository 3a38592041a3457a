//! C-STORE into the archive against DCMTK's `storescp` (writes files, syncs nothing, has no index) and Orthanc, in one run: the same
//! sender, the same instances, each server in a process of its own, all without Nagle's delay.
//!
//! `cargo bench -p klinke-adapters --bench dicom_store`. A server that is not installed is said and left out.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a bench")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use klinke_adapters::dicom::scu::{Carried, Load, Origin, Sender};
use klinke_adapters::dicom::{Accept, Node, NodeConfig, Peer, Peers};
use klinke_adapters::net::Limits;
use klinke_archive::{Archive, Options};
use klinke_dimse::data::{self, DataSet, Element};
use klinke_dimse::file::Meta;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags};
use klinke_engine::source::Stop;

const SERVE: &str = "KLINKE_BENCH_SERVE";
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

fn main() {
    if let Ok(port) = std::env::var(SERVE) {
        return serve(&port);
    }
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    println!("{:<10} {:>8} {:>8} {:>12} {:>14}", "server", "kind", "senders", "instances/s", "CPU ms each");
    for (kind, size, count) in [("CT", 524_288, 400), ("CR", 8_000, 4_000)] {
        for senders in [1, 4] {
            for server in ["klinke", "storescp", "orthanc"] {
                let place = folder.path().join(format!("{server}-{kind}-{senders}"));
                std::fs::create_dir_all(&place).unwrap();
                let Some(running) = Running::start(server, &place) else {
                    println!("{server:<10} is not installed");
                    continue;
                };
                let loads = make(&place, &format!("{senders}.{size}"), size, count);
                runtime.block_on(send(&running.peer, &loads[..senders * 2], senders));
                // What others have written and not synced is nobody's burden here.
                rustix::fs::sync();
                let (cpu, began) = (running.cpu(), Instant::now());
                runtime.block_on(send(&running.peer, &loads, senders));
                let seconds = began.elapsed().as_secs_f64();
                let millis = (running.cpu() - cpu) * 1000.0 / count as f64;
                println!(
                    "{server:<10} {kind:>8} {senders:>8} {:>12.0} {millis:>14.2}",
                    count as f64 / seconds
                );
            }
        }
    }
}

/// The archive, in a process of its own.
fn serve(port: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let archive = Archive::open(Path::new("archive"), Options::default()).unwrap();
        let config = NodeConfig {
            ae_title: "KLINKE".to_owned(),
            aliases: Vec::new(),
            listen: format!("127.0.0.1:{port}").parse().unwrap(),
            accept: Accept::Any,
            any_called_title: true,
            allow: Vec::new(),
            tls: None,
            limits: Limits::default(),
        };
        let open = Node::new(config, archive, Peers::default()).open().await.unwrap();
        let (_stopper, stop) = Stop::new();
        open.run(stop).await;
    });
}

/// A server that runs until it is dropped.
struct Running {
    child: Child,
    peer: Peer,
}

impl Running {
    fn start(server: &str, place: &Path) -> Option<Self> {
        let port = klinke_testkit::free_port();
        let mut command = match server {
            "klinke" => {
                let mut own = Command::new(std::env::current_exe().unwrap());
                own.env(SERVE, port.to_string());
                own
            }
            "storescp" => {
                let mut command = Command::new("storescp");
                std::fs::create_dir_all(place.join("out")).unwrap();
                command.args(["--fork", "-od", "out"]).arg(port.to_string());
                command
            }
            _ => {
                let settings = format!(
                    r#"{{"Name":"BENCH","StorageDirectory":"out","IndexDirectory":"out","DicomAet":"KLINKE","DicomPort":{port},
                        "DicomCheckCalledAet":false,"DicomAlwaysAllowStore":true,"HttpServerEnabled":false,"Plugins":[]}}"#
                );
                std::fs::write(place.join("orthanc.json"), settings).unwrap();
                let mut command = Command::new("Orthanc");
                command.arg("orthanc.json");
                command
            }
        };
        command.current_dir(place).env("TCP_NODELAY", "1").stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().ok()?;
        let running =
            Running { child, peer: Peer::at("KLINKE", format!("127.0.0.1:{port}").parse().unwrap()) };
        for _ in 0..1000 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(running);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{server} does not listen");
    }

    /// Seconds of processor time of the server and of its children that have ended.
    fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let after = stat.rsplit(") ").next().unwrap().split(' ').collect::<Vec<_>>();
        // utime, stime, cutime and cstime in hundredths of a second.
        after[11..15].iter().map(|text| text.parse::<f64>().unwrap()).sum::<f64>() / 100.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Files to send: `count` instances in series of 100.
fn make(place: &Path, root: &str, size: usize, count: usize) -> Vec<Load> {
    let folder = place.join("in");
    std::fs::create_dir_all(&folder).unwrap();
    (0..count).map(|number| Load::open(&file(&folder, root, size, number)).unwrap()).collect()
}

fn file(folder: &Path, root: &str, size: usize, number: usize) -> PathBuf {
    let uid = format!("1.2.{root}.{}.{number}", number / 100);
    let mut set = DataSet::new();
    for (tag, vr, text) in [
        (tags::SOP_CLASS_UID, VR::UI, CT),
        (tags::SOP_INSTANCE_UID, VR::UI, uid.as_str()),
        (tags::STUDY_DATE, VR::DA, "20261129"),
        (tags::STUDY_TIME, VR::TM, "120000"),
        (tags::ACCESSION_NUMBER, VR::SH, "A4711"),
        (tags::MODALITY, VR::CS, "CT"),
        (tags::MANUFACTURER, VR::LO, "Nobody"),
        (tags::STUDY_DESCRIPTION, VR::LO, "Thorax"),
        (tags::PATIENT_NAME, VR::PN, "Muster^Berta"),
        (tags::PATIENT_ID, VR::LO, "4711"),
        (tags::PATIENT_BIRTH_DATE, VR::DA, "19700101"),
        (tags::PATIENT_SEX, VR::CS, "F"),
        (tags::STUDY_INSTANCE_UID, VR::UI, &format!("1.2.{root}")),
        (tags::SERIES_INSTANCE_UID, VR::UI, &format!("1.2.{root}.{}", number / 100)),
        (tags::INSTANCE_NUMBER, VR::IS, &number.to_string()),
    ] {
        set.put_ascii(tag, vr, text);
    }
    set.put_us(tags::ROWS, 512);
    set.put_us(tags::COLUMNS, 512);
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, vec![number as u8; size]));
    let syntax = TransferSyntax::EXPLICIT;
    let meta = Meta { sop_class: CT, sop_instance: &uid, transfer_syntax: syntax.uid(), ..Meta::default() };
    let mut bytes = meta.to_bytes();
    bytes.extend(data::write(&set, &syntax).unwrap());
    let path = folder.join(format!("{number}.dcm"));
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Sends all, spread over the senders, each with an association of its own.
async fn send(peer: &Peer, loads: &[Load], senders: usize) {
    let peer = Arc::new(peer.clone());
    let each = loads.len().div_ceil(senders);
    let tasks: Vec<_> = loads
        .chunks(each)
        .map(|part| {
            let (peer, part) = (peer.clone(), part.to_vec());
            tokio::spawn(async move {
                let mut sender = Sender::new(peer, Origin { calling: "BENCH".to_owned(), mover: None });
                for load in &part {
                    assert_eq!(sender.carry(load).await, Carried::Done);
                }
                sender.release().await;
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}
