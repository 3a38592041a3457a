//! dcmjs-dimse, DICOM for Node.js, calls the archive.

use std::process::Command;

use klinke_adapters::dicom::Accept;
use serde_json::{Value, json};

use crate::support::{config, image, start, succeeded, write_file};

/// Node with the packages that `KLINKE_PEERS_NODE` names; nothing where dcmjs-dimse is not there, which is said aloud.
fn node() -> Option<Command> {
    let command = || {
        let mut command = Command::new("node");
        if let Some(folder) = std::env::var_os("KLINKE_PEERS_NODE") {
            command.env("NODE_PATH", std::path::Path::new(&folder).join("node_modules"));
        }
        command
    };
    let found = command().args(["-e", "require('dcmjs-dimse')"]).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(command());
    }
    let text = "NOT RUN: node with dcmjs-dimse is not installed";
    assert!(std::env::var("KLINKE_PEERS").as_deref() != Ok("require"), "{text}");
    eprintln!("{text}");
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn dcmjs_stores_finds_and_gets() {
    let Some(mut node) = node() else { return };
    let running = start(config(Accept::Any), Vec::new()).await;
    let folder = tempfile::tempdir().expect("a folder");
    node.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dicom/peers/dcmjs.cjs"));
    node.args([running.port.to_string(), "1.7".to_owned()]);
    for number in 1..=3 {
        let set = image("7", "1.7", "1.7.1", &format!("1.7.1.{number}"));
        node.arg(write_file(folder.path(), &format!("{number}.dcm"), &set));
    }
    let output = tokio::task::spawn_blocking(move || node.output()).await.expect("no panic").expect("node");
    let said = succeeded(&output);
    // It tells what it does besides.
    let line = said.lines().find(|line| line.starts_with('{')).expect(&said);
    let said: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(said, json!({ "echo": 0, "stored": [0, 0, 0], "found": ["1.7"], "got": 3, "last": 0 }));
    assert_eq!(running.node.archive.totals().expect("totals").instances, 3);
}
