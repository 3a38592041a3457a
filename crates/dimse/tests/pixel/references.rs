//! Files of pydicom's test data with the pixels that its decoders give, through `reference.py`.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use klinke_dimse::data::{DataSet, Element, Fragments, Value};
use klinke_dimse::{Tag, VR, tags};

/// One file.
pub struct Reference {
    pub name: String,
    pub transfer_syntax: String,
    pub set: DataSet,
    /// Why the reference decoder gave nothing.
    pub fault: String,
    pub photometric: String,
    /// The first frames, decoded.
    pub frames: Vec<Vec<u8>>,
    /// The first frame as DCMTK shows it, a PNM file; empty where it does not.
    pub shown: Bytes,
}

/// All files, or none (said aloud) where there is no python with what it takes.
pub fn all() -> Vec<Reference> {
    // Several tests of one process ask at the same time.
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let asked = ASKED.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("klinke-pixel-{}-{asked}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for what python writes");
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/pixel/reference.py");
    // More files than pydicom's, for a check of one's own.
    let more = std::env::var_os("KLINKE_PIXEL_FILES").unwrap_or_default();
    let run = python().map(|mut python| python.arg(script).arg(&folder).arg(more).output());
    let bytes = std::fs::read(folder.join("references.bin"));
    std::fs::remove_dir_all(&folder).expect("our own folder");
    match (run, bytes) {
        (Some(Ok(output)), Ok(bytes)) if output.status.success() => parse(bytes.into()),
        _ => {
            absent("python3 with pydicom, pylibjpeg and pydicom-data (KLINKE_PEERS_PYTHON)");
            Vec::new()
        }
    }
}

/// The interpreter, with the packages that KLINKE_PEERS_PYTHON names.
pub fn python() -> Option<Command> {
    let packages = std::env::var_os("KLINKE_PEERS_PYTHON")?;
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", packages);
    Some(command)
}

/// Says aloud that something did not run, or fails where it must.
pub fn absent(what: &str) {
    assert!(std::env::var("KLINKE_PEERS").as_deref() != Ok("require"), "absent: {what}");
    eprintln!("NOT RUN: there is no {what}");
}

struct Reader {
    bytes: Bytes,
}

impl Reader {
    fn take(&mut self, count: usize) -> Bytes {
        self.bytes.split_to(count)
    }

    fn number(&mut self) -> usize {
        u32::from_le_bytes(self.take(4)[..].try_into().expect("four")) as usize
    }

    fn block(&mut self) -> Bytes {
        let length = self.number();
        self.take(length)
    }

    fn text(&mut self) -> String {
        String::from_utf8(self.block().to_vec()).expect("text")
    }

    fn set(&mut self) -> DataSet {
        (0..self.number()).map(|_| self.element()).collect()
    }

    fn element(&mut self) -> Element {
        let tag = self.take(4);
        let half = |at: usize| u16::from_le_bytes([tag[at], tag[at + 1]]);
        let vr: VR = std::str::from_utf8(&self.take(2)).expect("text").parse().expect("a VR");
        let tag = Tag(half(0), half(2));
        match vr {
            VR::SQ => Element::sequence(tag, (0..self.number()).map(|_| self.set()).collect()),
            _ => Element::bytes(tag, vr, self.block()),
        }
    }
}

fn parse(bytes: Bytes) -> Vec<Reference> {
    let mut reader = Reader { bytes };
    let mut all = Vec::new();
    while !reader.bytes.is_empty() {
        let (name, transfer_syntax, mut set) = (reader.text(), reader.text(), reader.set());
        let count = reader.number();
        let value = match count {
            0 => Value::Bytes(reader.block()),
            _ => {
                let offsets = reader.block();
                Value::Fragments(Fragments {
                    offsets,
                    fragments: (1..count).map(|_| reader.block()).collect(),
                })
            }
        };
        set.put(Element { tag: tags::PIXEL_DATA, vr: VR::OW, value });
        let (fault, photometric) = (reader.text(), reader.text());
        let frames = (0..reader.number()).map(|_| reader.block().to_vec()).collect();
        let shown = reader.block();
        all.push(Reference { name, transfer_syntax, set, fault, photometric, frames, shown });
    }
    all
}
