//! What several tests need: pydicom and its files.

#![allow(
    dead_code,
    clippy::print_stderr,
    reason = "each test uses a part of it, and says aloud what did not run"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where pydicom is, or nothing; then it says so, or panics where peers are required.
pub fn site_packages() -> Option<PathBuf> {
    let found = std::env::var_os("KLINKE_PEERS_PYTHON").map(PathBuf::from);
    let found = found.filter(|path| path.join("pydicom").is_dir());
    if found.is_none() {
        let required = std::env::var("KLINKE_PEERS").is_ok_and(|value| value == "require");
        assert!(!required, "KLINKE_PEERS_PYTHON names no folder with pydicom");
        eprintln!("NOT RUN: KLINKE_PEERS_PYTHON names no folder with pydicom");
    }
    found
}

/// What a script of `tests/peers` prints.
pub fn run(script: &str, arguments: &[&Path]) -> Option<String> {
    let packages = site_packages()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(script);
    let output = Command::new("python3").arg(script).args(arguments).env("PYTHONPATH", packages).output();
    let output = output.expect("python3 starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("UTF-8"))
}

/// The folders with pydicom's files.
pub fn folders() -> Option<Vec<PathBuf>> {
    let packages = site_packages()?;
    let all = ["pydicom/data/test_files", "pydicom/data/charset_files", "data_store/data"];
    Some(all.iter().map(|name| packages.join(name)).filter(|path| path.is_dir()).collect())
}

/// All files of a folder and of those within it.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all.sort();
    all
}
