//! HTJ2K made and decoded by OpenJPH (through `htj2k.js`) and decoded by OpenJPEG (through `htj2k.py`).

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use klinke_dimse::pixel::{Frame, Layout};

use super::references;

/// How a frame is encoded.
#[derive(Debug, Clone)]
pub struct Way {
    pub levels: u32,
    pub block: (u32, u32),
    pub order: u32,
    pub tile: Option<(u32, u32)>,
    pub precincts: Vec<(u32, u32)>,
    /// Tile-parts for each resolution, and their lengths in the main header.
    pub has_parts: bool,
    /// Of the irreversible transforms, the size of a step; zero for the reversible ones.
    pub step: f64,
    pub has_transform: bool,
}

impl Default for Way {
    fn default() -> Self {
        Way {
            levels: 5,
            block: (64, 64),
            order: 2,
            tile: None,
            precincts: Vec::new(),
            has_parts: false,
            step: 0.0,
            has_transform: false,
        }
    }
}

/// A frame as the peers have it.
pub struct Made {
    pub coded: Vec<u8>,
    /// What the peers decode, where they do.
    pub openjph: Option<Vec<u8>>,
    pub openjpeg: Option<Vec<u8>>,
}

/// What the peers shall do.
pub enum Job<'a> {
    Encode(&'a Frame, &'a Way),
    Decode(&'a [u8]),
}

fn pair((width, height): (u32, u32)) -> String {
    format!("[{width},{height}]")
}

fn json(layout: &Layout, way: &Way) -> String {
    let precincts: Vec<String> = way.precincts.iter().map(|&precinct| pair(precinct)).collect();
    let precincts =
        if precincts.is_empty() { "null".to_owned() } else { format!("[{}]", precincts.join(",")) };
    format!(
        r#"{{"width":{},"height":{},"components":{},"bits":{},"signed":{},"colour":{},"step":{},"levels":{},"block":{},"order":{},"tile":{},"precincts":{precincts},"parts":{}}}"#,
        layout.columns,
        layout.rows,
        layout.samples,
        layout.bits_stored,
        layout.is_signed(),
        way.has_transform,
        way.step,
        way.levels,
        pair(way.block),
        way.order,
        way.tile.map_or("null".to_owned(), pair),
        way.has_parts,
    )
}

/// All jobs done, or none (said aloud) where a peer is absent.
pub fn run(jobs: &[Job<'_>]) -> Vec<Made> {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let asked = ASKED.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("klinke-htj2k-{}-{asked}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the peers");
    let mut list = Vec::new();
    for (number, job) in jobs.iter().enumerate() {
        let (ending, bytes) = match job {
            Job::Encode(frame, way) => {
                list.push(json(&frame.layout, way));
                ("raw", &frame.samples[..])
            }
            Job::Decode(coded) => {
                list.push(r#"{"coded":true}"#.to_owned());
                ("j2c", *coded)
            }
        };
        std::fs::write(folder.join(format!("{number}.{ending}")), bytes).expect("our own folder");
    }
    std::fs::write(folder.join("jobs.json"), format!("[{}]", list.join(","))).expect("our own folder");
    let is_done = node(&folder) && openjpeg(&folder);
    let read = |number: usize, ending: &str| std::fs::read(folder.join(format!("{number}.{ending}"))).ok();
    let made = (0..jobs.len()).filter(|_| is_done).map(|number| Made {
        coded: read(number, "j2c").expect("encoded"),
        openjph: read(number, "openjph"),
        openjpeg: read(number, "openjpeg"),
    });
    let made = made.collect();
    std::fs::remove_dir_all(&folder).expect("our own folder");
    made
}

fn script(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pixel").join(name)
}

fn node(folder: &Path) -> bool {
    let mut node = Command::new("node");
    if let Some(peers) = std::env::var_os("KLINKE_PEERS_NODE") {
        node.env("NODE_PATH", Path::new(&peers).join("node_modules"));
    }
    let is_there = node.args(["-e", "require.resolve('@cornerstonejs/codec-openjph')"]).output();
    if !is_there.is_ok_and(|output| output.status.success()) {
        references::absent("node with @cornerstonejs/codec-openjph (KLINKE_PEERS_NODE)");
        return false;
    }
    let mut node = Command::new("node");
    if let Some(peers) = std::env::var_os("KLINKE_PEERS_NODE") {
        node.env("NODE_PATH", Path::new(&peers).join("node_modules"));
    }
    let output = node.arg(script("htj2k.js")).arg(folder).output().expect("node ran before");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    true
}

fn openjpeg(folder: &Path) -> bool {
    let run = references::python().map(|mut python| python.arg(script("htj2k.py")).arg(folder).output());
    let is_done = matches!(run, Some(Ok(output)) if output.status.success());
    if !is_done {
        references::absent("python3 with pylibjpeg-openjpeg (KLINKE_PEERS_PYTHON)");
    }
    is_done
}
