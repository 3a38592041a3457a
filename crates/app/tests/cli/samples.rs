//! Every message sample goes through a pass-through channel unchanged, and through `explain`.
//!
//! The samples lie outside of the repository: `KLINKE_SAMPLES`, else `shared/samples` beside the clone.

use std::path::{Path, PathBuf};

use crate::support::partner::{Line, Sink, code};
use crate::support::{Site, klinke};

/// The sample files, sorted; says aloud when there are none.
#[allow(clippy::print_stderr, reason = "a test that does not run says so")]
pub fn samples() -> Vec<PathBuf> {
    let beside = |folder: &Path| folder.parent().map(|parent| parent.join("shared/samples"));
    let folder = std::env::var_os("KLINKE_SAMPLES").map(PathBuf::from).or_else(|| {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        manifest.ancestors().filter_map(beside).find(|folder| folder.is_dir())
    });
    let entries = folder.and_then(|folder| std::fs::read_dir(folder.join("hl7v2")).ok());
    let Some(entries) = entries else {
        eprintln!("there are no samples (KLINKE_SAMPLES): this test DID NOT RUN");
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    assert!(files.len() > 400, "only {} samples", files.len());
    files
}

#[test]
fn every_sample_passes_unchanged() {
    let files = samples();
    if files.is_empty() {
        return;
    }
    let sink = Sink::open();
    // Some samples ask for no answer, some for two: here each gets one.
    let site = Site::to_partner(sink.port, "");
    let channel = crate::support::channel("").replace("from = ", "mode = \"original\", from = ");
    site.write("channels/adt.toml", &channel);
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    let mut sent = Vec::new();
    for file in &files {
        let bytes = std::fs::read(file).expect("read");
        let answer = line.send(&bytes).expect("an answer");
        assert_eq!(
            code(&answer).chars().last(),
            Some('A'),
            "{}: {}",
            file.display(),
            String::from_utf8_lossy(&answer)
        );
        sent.push(bytes);
    }
    let arrivals = sink.wait_for(sent.len());
    for ((file, sent), came) in files.iter().zip(&sent).zip(&arrivals) {
        assert!(sent == came, "{} came changed", file.display());
    }
    assert_eq!(arrivals.len(), sent.len());
    assert_eq!(serve.stop(), 0);
    let status = site.json("status", &[]);
    assert_eq!(status["channels"][0]["balances"], true);
}

#[test]
fn every_sample_is_explained_in_both_languages() {
    let files = samples();
    std::thread::scope(|scope| {
        for half in files.chunks(files.len().div_ceil(4).max(1)) {
            scope.spawn(|| half.iter().for_each(|file| explain(file)));
        }
    });
}

fn explain(file: &Path) {
    let name = file.to_str().expect("UTF-8");
    for lang in ["en", "de"] {
        let run = klinke(&["explain", "--lang", lang, name]);
        let holds = match run.code {
            0 | 1 => run.out.len() > 100 && run.err.is_empty(),
            3 => run.out.is_empty() && run.err.starts_with("klinke: "),
            _ => false,
        };
        assert!(holds, "{name} {lang}: {}\n{}{}", run.code, run.out, run.err);
    }
}
