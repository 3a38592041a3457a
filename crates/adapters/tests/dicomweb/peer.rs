//! dicomweb-client (Python) as a partner, and pydicom's JSON beside ours.

use std::process::Command;

use klinke_dimse::syntax::TransferSyntax;

use crate::support::{Running, frames, start};

/// Runs Python and gives what it prints; nothing where it, or what it needs, is not installed, which is said aloud.
pub fn python(arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("python3");
    if let Ok(folder) = std::env::var("KLINKE_PEERS_PYTHON") {
        command.env("PYTHONPATH", folder);
    }
    let absent = |why: &str| {
        let text = format!("NOT RUN: {why}");
        assert!(std::env::var("KLINKE_PEERS").as_deref() != Ok("require"), "{text}");
        eprintln!("{text}");
    };
    let output = match command.args(arguments).output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            absent("python3 is not installed");
            return None;
        }
        Err(error) => panic!("python3: {error}"),
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    if let Some(line) = errors.lines().find(|line| line.contains("ModuleNotFoundError")) {
        absent(line);
        return None;
    }
    assert!(output.status.success(), "{}{errors}", String::from_utf8_lossy(&output.stdout));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a line of the shell that needs a program; nothing where the program is not there, which is said aloud.
pub fn tool(needs: &str, arguments: &[&str], folder: &std::path::Path) -> Option<String> {
    if Command::new(needs).arg("--version").output().is_err() {
        let text = format!("NOT RUN: {needs} is not installed");
        assert!(std::env::var("KLINKE_PEERS").as_deref() != Ok("require"), "{text}");
        eprintln!("{text}");
        return None;
    }
    let output = Command::new("sh").args(arguments).current_dir(folder).output().expect("a shell");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

async fn script(running: &Running, name: &str) -> Option<String> {
    let path = format!("{}/tests/dicomweb/peers/{name}", env!("CARGO_MANIFEST_DIR"));
    let url = format!("http://{}/dicom-web", running.address);
    tokio::task::spawn_blocking(move || python(&[&path, &url])).await.expect("no panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn dicomweb_client_does_all_that_it_can() {
    let running = start().await;
    running.put(&frames("1.1", "1.1.2", "1.1.2.1", 4), &TransferSyntax::EXPLICIT).await;
    let Some(printed) = script(&running, "client.py").await else { return };
    assert!(printed.trim_end().ends_with("all done"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_are_those_of_pydicom() {
    let running = start().await;
    let Some(printed) = script(&running, "metadata.py").await else { return };
    let compared: usize =
        printed.lines().last().and_then(|line| line.split(' ').next()?.parse().ok()).expect(&printed);
    assert!(compared >= 20, "{printed}");
}
