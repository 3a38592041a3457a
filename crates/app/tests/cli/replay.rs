//! `klinke replay`: kept messages through a changed channel.

use serde_json::Value;

use crate::support::partner::{Line, Sink};
use crate::support::{Site, adt, klinke};

const STEPS: &str =
    "[[step]]\nonly = { \"MSH-9.1\" = [\"ADT\"] }\n[[step]]\nset = { \"MSH-5\" = \"RADIO\" }\n";

/// A site that has delivered four messages, and does not serve any more.
fn kept() -> (Site, Sink) {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, &format!("\n{STEPS}"));
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    for number in 1..=4 {
        line.send(&adt(&format!("MSG{number}"), &format!("471{number}"))).expect("an answer");
    }
    sink.wait_for(4);
    drop(line);
    serve.stop();
    (site, sink)
}

fn change(site: &Site, from: &str, to: &str) {
    let path = site.folder().join("channels/adt.toml");
    let text = std::fs::read_to_string(&path).expect("the channel's file");
    assert!(text.contains(from), "{text}");
    site.write("channels/adt.toml", &text.replace(from, to));
}

fn replay(site: &Site, more: &[&str], code: i32) -> Value {
    let mut arguments = vec!["--json", "--channel", "adt"];
    arguments.extend(more);
    site.klinke("replay", &arguments).ended(code).json()
}

#[test]
fn what_is_not_changed_comes_out_as_before() {
    let (site, _sink) = kept();
    let done = replay(&site, &["--last", "1d"], 0);
    assert_eq!((done["envelopes"].as_u64(), done["same"].as_u64()), (Some(4), Some(4)));
    assert_eq!(replay(&site, &["--limit", "3"], 0)["envelopes"], 3);
    assert_eq!(replay(&site, &["--until", "2020-01-01"], 0)["envelopes"], 0);
}

#[test]
fn a_changed_field_is_named_counted_and_shown_and_may_be_allowed() {
    let (site, _sink) = kept();
    change(&site, "\"MSH-5\" = \"RADIO\"", "\"MSH-5\" = \"RADIO\", \"PID-3.1\" = \"X{PID-3.1}\"");
    let done = replay(&site, &[], 1);
    assert_eq!(done["differ"], 4);
    let fields = done["fields"].as_array().expect("a list");
    assert_eq!(fields.len(), 1, "{fields:?}");
    assert_eq!((fields[0]["path"].as_str(), fields[0]["count"].as_u64()), (Some("PID-3.1"), Some(4)));
    assert_eq!(fields[0]["destination"], "ris");
    assert_eq!(fields[0]["examples"][0]["envelope"], 1);
    assert_eq!(
        (&fields[0]["examples"][0]["before"], &fields[0]["examples"][0]["after"]),
        (&"4711".into(), &"X4711".into())
    );
    assert_eq!(replay(&site, &["--allow", "PID-3"], 0)["differ"], 4);
    replay(&site, &["--allow", "PID-33"], 1);
    let shown = site.klinke("replay", &["--channel", "adt", "--lang", "de"]).ended(1).out;
    assert!(shown.contains("PID-3.1 an ris ändert sich in 4 von 4"), "{shown}");
    assert!(shown.contains("4 von 4 Nachrichten kommen anders heraus"), "{shown}");
}

#[test]
fn envelopes_that_end_otherwise_are_told() {
    let (site, _sink) = kept();
    change(&site, "[\"ADT\"]", "[\"ORU\"]");
    let done = replay(&site, &[], 1);
    assert_eq!(
        (done["endings"][0]["before"].as_str(), done["endings"][0]["count"].as_u64()),
        (Some("ris"), Some(4))
    );
    let after = done["endings"][0]["after"].as_str().expect("a text");
    assert!(after.starts_with("filtered by step 1"), "{after}");
}

#[test]
fn a_running_site_replays_without_sending_anything() {
    let (site, sink) = kept();
    let serve = site.serve();
    change(&site, "RADIO", "OTHER");
    assert_eq!(replay(&site, &[], 1)["fields"][0]["path"], "MSH-5");
    assert_eq!(site.json("status", &[])["channels"][0]["received"], 4);
    serve.stop();
    assert_eq!(sink.arrivals().len(), 4);
}

#[test]
fn a_folder_and_a_revision_of_git_can_be_held_against() {
    let (site, _sink) = kept();
    let git = |arguments: &[&str]| {
        let author = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-C", site.path()];
        let done = std::process::Command::new("git").args(author).args(arguments).output();
        let done = done.expect("git is there");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    git(&["init", "--quiet"]);
    git(&["add", "klinke.toml", "systems.toml", "channels"]);
    git(&["commit", "--quiet", "-m", "as it was"]);
    change(&site, "RADIO", "OTHER");
    assert_eq!(replay(&site, &["--against", "HEAD"], 1)["fields"][0]["path"], "MSH-5");
    let path = site.path().to_owned();
    assert_eq!(replay(&site, &["--against", &path], 0)["differ"], 0);
    let run = klinke(&["replay", &path, "--channel", "adt", "--against", "nowhere"]).ended(2);
    assert!(run.err.contains("neither a folder nor a revision"), "{}", run.err);
    // The repository's own index is as it was.
    git(&["diff", "--cached", "--quiet"]);
}

#[test]
fn a_channel_that_is_not_there_is_named() {
    let (site, _sink) = kept();
    let run = site.klinke("replay", &["--channel", "adr"]).ended(2);
    assert!(run.err.contains("`adr`"), "{}", run.err);
}
