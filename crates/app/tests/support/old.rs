//! Old archives: Orthanc, DCMTK's `dcmqrscp`, a line that breaks; and what lies in them.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use klinke_dimse::data::{self, DataSet, Element};
use klinke_dimse::file::Meta;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags};

use super::klinke;

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const WEB_PLUGIN: &str = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so";

/// Studies that lie in an old archive, spread over days from 2020-03-01 on.
pub struct Lot {
    pub studies: usize,
    pub instances: usize,
    pub days: usize,
}

impl Lot {
    pub fn study(&self, number: usize) -> String {
        format!("1.2.77.{number}")
    }

    pub fn instance(&self, study: usize, number: usize) -> String {
        format!("{}.1.{number}", self.study(study))
    }

    pub fn patient(&self, study: usize) -> String {
        format!("OLDPAT{study:04}")
    }

    /// Writes its instances as files.
    pub fn write(&self, folder: &Path) {
        for study in 0..self.studies {
            (0..self.instances).for_each(|number| self.write_one(folder, study, number));
        }
    }

    fn write_one(&self, folder: &Path, study: usize, number: usize) {
        let mut set = DataSet::new();
        let (study_uid, uid) = (self.study(study), self.instance(study, number));
        let day = study % self.days;
        let date = format!("2020{:02}{:02}", 3 + day / 28, 1 + day % 28);
        let seconds = study * 37 % 86_400;
        let time = format!("{:02}{:02}{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        for (tag, vr, text) in [
            (tags::SOP_CLASS_UID, VR::UI, CT),
            (tags::SOP_INSTANCE_UID, VR::UI, uid.as_str()),
            (tags::STUDY_DATE, VR::DA, &date),
            (tags::STUDY_TIME, VR::TM, &time),
            (tags::MODALITY, VR::CS, "CT"),
            (tags::PATIENT_NAME, VR::PN, "Muster^Berta"),
            (tags::PATIENT_ID, VR::LO, &self.patient(study)),
            (tags::STUDY_INSTANCE_UID, VR::UI, &study_uid),
            (tags::SERIES_INSTANCE_UID, VR::UI, &format!("{study_uid}.1")),
            (tags::INSTANCE_NUMBER, VR::IS, &number.to_string()),
            (tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        ] {
            set.put_ascii(tag, vr, text);
        }
        for (tag, value) in [
            (tags::SAMPLES_PER_PIXEL, 1),
            (tags::ROWS, 32),
            (tags::COLUMNS, 32),
            (tags::BITS_ALLOCATED, 16),
            (tags::BITS_STORED, 12),
            (tags::HIGH_BIT, 11),
            (tags::PIXEL_REPRESENTATION, 0),
        ] {
            set.put_us(tag, value);
        }
        let pixels: Vec<u8> =
            (0..32_u16 * 32).flat_map(|at| ((at + number as u16 * 7) % 4096).to_le_bytes()).collect();
        set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, pixels));
        let syntax = TransferSyntax::EXPLICIT;
        let meta =
            Meta { sop_class: CT, sop_instance: &uid, transfer_syntax: syntax.uid(), ..Meta::default() };
        let mut bytes = meta.to_bytes();
        bytes.extend(data::write(&set, &syntax).unwrap());
        std::fs::write(folder.join(format!("{uid}.dcm")), bytes).unwrap();
    }
}

/// Puts a lot into an old archive: `AE@host:port`.
pub fn store(partner: &str, lot: &Lot) {
    let folder = tempfile::tempdir().unwrap();
    lot.write(folder.path());
    klinke(&["dicom", "store", partner, folder.path().to_str().unwrap(), "--from", "SENDER"]).ended(0);
}

/// A program that runs until it is dropped.
pub struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program that listens; nothing where it is not installed, which is said aloud.
#[allow(clippy::print_stderr, reason = "a test that does not run says so")]
pub fn start(mut command: Command, port: u16) -> Option<Running> {
    let name = command.get_program().to_string_lossy().into_owned();
    let Ok(child) = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
        let text = format!("the peer {name} is not installed: its test DID NOT RUN");
        assert!(std::env::var("KLINKE_PEERS").as_deref() != Ok("require"), "{text}");
        eprintln!("{text}");
        return None;
    };
    let running = Running(child);
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < Duration::from_secs(60), "{name} does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(running)
}

/// An Orthanc.
pub struct Orthanc {
    pub title: &'static str,
    place: tempfile::TempDir,
    _running: Running,
}

impl Orthanc {
    /// With more settings, members of a JSON object; with DICOMweb where there is a port for it.
    pub fn start(port: u16, web: Option<u16>, settings: &str) -> Option<Orthanc> {
        let place = tempfile::tempdir().unwrap();
        let http = match web {
            Some(web) => {
                format!("\"HttpServerEnabled\": true, \"HttpPort\": {web}, \"AuthenticationEnabled\": false")
            }
            None => "\"HttpServerEnabled\": false".to_owned(),
        };
        let plugins = if web.is_some() { format!("\"{WEB_PLUGIN}\"") } else { String::new() };
        let title = "ORTHANC";
        let text = format!(
            "{{ \"Name\": \"OLD\", \"StorageDirectory\": \"out\", \"IndexDirectory\": \"index\",
                \"DicomAet\": \"{title}\", \"DicomPort\": {port}, \"DicomAlwaysAllowStore\": true,
                \"DicomAlwaysAllowFind\": true, \"DicomAlwaysAllowMove\": true, \"DicomAlwaysAllowGet\": true,
                {http}, \"Plugins\": [{plugins}], {settings} }}"
        );
        std::fs::write(place.path().join("orthanc.json"), text).unwrap();
        let mut command = Command::new("Orthanc");
        command.arg("orthanc.json").current_dir(place.path()).env("TCP_NODELAY", "1");
        let running = start(command, web.unwrap_or(port))?;
        Some(Orthanc { title, place, _running: running })
    }

    /// The folder of its files.
    pub fn folder(&self) -> PathBuf {
        self.place.path().join("out")
    }
}

/// DCMTK's archive, called OLD, which knows us.
pub fn dcmqrscp(folder: &Path, port: u16, ours: &str, our_port: u16) -> Option<Running> {
    std::fs::create_dir_all(folder.join("db")).unwrap();
    let text = format!(
        "NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n\
         HostTable BEGIN\nus = ({ours}, 127.0.0.1, {our_port})\nHostTable END\n\
         VendorTable BEGIN\nVendorTable END\n\
         AETable BEGIN\nOLD {} RW (1000, 1024mb) ANY\nAETable END\n",
        folder.join("db").display()
    );
    let config = folder.join("dcmqrscp.cfg");
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new("dcmqrscp");
    command.arg("-c").arg(&config).current_dir(folder);
    start(command, port)
}

/// A line that refuses and breaks.
pub struct Proxy {
    pub port: u16,
    refused: Arc<AtomicUsize>,
    broken: Arc<AtomicUsize>,
}

impl Proxy {
    /// To a port: each `refuse`th connection is closed at once, each `cut`th after so many bytes from there.
    pub fn start(to: u16, refuse: usize, cut: usize, after: usize) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (refused, broken) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counts = (refused.clone(), broken.clone());
        std::thread::spawn(move || {
            for (number, stream) in (1_usize..).zip(listener.incoming()) {
                let Ok(stream) = stream else { return };
                if number.is_multiple_of(refuse) {
                    counts.0.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                let limit = if number.is_multiple_of(cut) { after } else { usize::MAX };
                let Ok(other) = TcpStream::connect(("127.0.0.1", to)) else { continue };
                let (from, into) = (stream.try_clone().unwrap(), other.try_clone().unwrap());
                std::thread::spawn(move || pass(from, into, usize::MAX));
                let broken = counts.1.clone();
                std::thread::spawn(move || {
                    if pass(other, stream, limit) {
                        broken.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        Proxy { port, refused, broken }
    }

    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }

    pub fn broken(&self) -> usize {
        self.broken.load(Ordering::Relaxed)
    }
}

/// Passes bytes on until the end, or so many; gives whether it broke off.
fn pass(mut from: TcpStream, mut into: TcpStream, limit: usize) -> bool {
    let mut left = limit;
    let mut bytes = vec![0; 4 << 10];
    let mut is_broken = false;
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        if read > left {
            is_broken = true;
            break;
        }
        left -= read;
        if into.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), into.shutdown(Shutdown::Both));
    is_broken
}
