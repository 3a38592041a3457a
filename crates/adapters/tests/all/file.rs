//! Drop folders, and folders that files are laid into.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use klinke_adapters::file::{Destination, Source};
use klinke_engine::link::{Destination as _, ReplyKind};
use klinke_engine::source::{End, Refusal};
use klinke_model::Disposition;
use serde_json::{Value, json};

use crate::mllp_destination::{LIMIT, parcel};
use crate::support::*;

async fn drop_folder(folder: &Path, desk: &Arc<Desk>, more: Value) -> Running {
    let mut settings = json!({ "folder": folder, "every": "10ms", "stable": "20ms" });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    run(Source::new(config(settings)).unwrap(), desk).await
}

/// All names in a folder, sorted.
fn names(folder: impl AsRef<Path>) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !["done", "failed", ".taken"].contains(&name.as_str()))
        .collect();
    names.sort();
    names
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let begin = std::time::Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < SOON, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_file_is_done_only_when_its_envelope_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("b.hl7"), "second").unwrap();
    fs::write(folder.join("a.hl7"), "first").unwrap();
    fs::write(folder.join("c.txt"), "not mine").unwrap();
    fs::write(folder.join(".hidden.hl7"), "not mine").unwrap();
    let desk = Desk::gated(0, |_| Ok(End::Stored));
    let source = drop_folder(folder, &desk, json!({ "pattern": "*.hl7" })).await;
    desk.has(1).await;
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert!(names(folder.join("done")).is_empty(), "nothing is done before it is kept");
    assert_eq!(names(folder.join(".taken")), ["a.hl7"]);
    desk.gate.add_permits(2);
    until("both are done", || names(folder.join("done")) == ["a.hl7", "b.hl7"]).await;
    assert_eq!(desk.payloads(), ["first", "second"]);
    assert_eq!(&*desk.arrivals.lock().unwrap()[0].peer, "a.hl7");
    assert_eq!(names(folder), [".hidden.hl7", "c.txt"]);
    source.end().await;
}

#[tokio::test]
async fn a_file_that_still_grows_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.hl7");
    let desk = Desk::open();
    let source = drop_folder(folder.path(), &desk, json!({ "stable": "150ms" })).await;
    for length in 1..=10 {
        fs::write(&file, "x".repeat(length)).unwrap();
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert_eq!(desk.count(), 0);
    }
    desk.has(1).await;
    assert_eq!(desk.payloads(), ["x".repeat(10)]);
    source.end().await;
}

#[tokio::test]
async fn what_was_being_taken_when_the_program_ended_is_taken_again_and_marked() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("a.hl7"), "first").unwrap();
    let desk = Desk::gated(0, |_| Ok(End::Stored));
    let source = drop_folder(folder, &desk, json!({})).await;
    desk.has(1).await;
    // Killed: the envelope may have been kept, and nobody moved the file.
    source.task.abort();
    assert!(source.task.await.unwrap_err().is_cancelled());

    fs::write(folder.join("0.hl7"), "new").unwrap();
    let desk = Desk::open();
    let source = drop_folder(folder, &desk, json!({})).await;
    until("both are done", || names(folder.join("done")) == ["0.hl7", "a.hl7"]).await;
    assert_eq!(desk.payloads(), ["first", "new"], "it keeps its place");
    let peers: Vec<String> = desk.arrivals.lock().unwrap().iter().map(|one| one.peer.to_string()).collect();
    assert_eq!(peers, ["a.hl7 (perhaps again)", "0.hl7"]);
    source.end().await;
}

#[tokio::test]
async fn what_is_refused_waits_in_its_order_or_goes_to_failed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let room = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let has_room = Arc::clone(&room);
    let desk = Desk::deciding(move |one| match &one.payload[..] {
        b"forbidden" => Err(Refusal::Forbidden("not this kind".to_owned())),
        b"fails" => Ok(End::Failed("step 3".to_owned())),
        _ if has_room.load(std::sync::atomic::Ordering::Relaxed) => Ok(End::Stored),
        _ => Err(Refusal::Full("disk".to_owned())),
    });
    for (name, text) in [("1", "waits"), ("2", "forbidden"), ("3", "fails"), ("4", "is much too large")] {
        fs::write(folder.join(name), text).unwrap();
    }
    let source = drop_folder(folder, &desk, json!({ "size_max": "10B" })).await;
    desk.has(3).await;
    assert!(desk.payloads().iter().all(|text| text == "waits"), "those behind it wait, too");
    room.store(true, std::sync::atomic::Ordering::Relaxed);
    let failed = folder.join("failed");
    until("all are settled", || names(&failed).len() == 6 && names(folder.join("done")) == ["1"]).await;
    let marked = desk.arrivals.lock().unwrap().iter().any(|one| one.peer.contains("again"));
    assert!(!marked, "nothing of it was kept before");
    for (name, why) in [("2", "not this kind"), ("3", "step 3"), ("4", "10B")] {
        let reason = fs::read_to_string(failed.join(format!("{name}.reason.txt"))).unwrap();
        assert!(reason.contains(why), "{reason}");
    }
    source.end().await;
}

#[tokio::test]
async fn links_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (inside, outside) = (folder.path().join("in"), folder.path().join("secret"));
    fs::create_dir(&inside).unwrap();
    fs::write(&outside, "secret").unwrap();
    std::os::unix::fs::symlink(&outside, inside.join("a.hl7")).unwrap();
    fs::write(inside.join("b.hl7"), "plain").unwrap();
    let desk = Desk::open();
    let source = drop_folder(&inside, &desk, json!({ "after": "delete" })).await;
    until("the plain one is taken", || names(&inside) == ["a.hl7"]).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(desk.payloads(), ["plain"]);
    assert!(names(inside.join("done")).is_empty(), "the site wants it deleted");
    source.end().await;
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let source = Source::new(config(json!("/no/such/folder"))).unwrap();
    let intake = Arc::new(Handle(Desk::open()));
    let error = klinke_engine::source::Source::open(Box::new(source), intake).await.err().unwrap();
    assert!(error.to_string().contains("/no/such/folder"), "{error}");
    assert!(Source::new(config(json!({ "folder": "x", "pattern": "../*" }))).is_err());
}

#[tokio::test]
async fn files_are_laid_down_under_their_final_names_only() {
    let folder = tempfile::tempdir().unwrap();
    let settings = json!({ "folder": folder.path(), "name": "{channel}-{id}-{part}.hl7" });
    let mut link = Destination::new(config(settings), "adt").unwrap().link();
    let reply = link.deliver(&parcel("one"), LIMIT).await;
    assert_eq!(reply.kind, ReplyKind::Accepted);
    assert_eq!(names(folder.path()), ["adt-000000000007-0.hl7"]);
    assert_eq!(fs::read_to_string(folder.path().join("adt-000000000007-0.hl7")).unwrap(), "one");
    let again = link.deliver(&parcel("one"), LIMIT).await;
    assert_eq!((again.kind, &*again.code), (ReplyKind::Accepted, "same"), "a repeat makes no second file");
    let other = link.deliver(&parcel("two"), LIMIT).await;
    assert_eq!((other.kind, &*other.code, other.custom), (ReplyKind::Refused, "exists", Disposition::Dead));
    assert_eq!(names(folder.path()).len(), 1);
}

#[tokio::test]
async fn payloads_are_appended_where_the_site_wants_it() {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        json!({ "folder": folder.path(), "name": "all.txt", "exists": "append", "separator": ";" });
    let mut link = Destination::new(config(settings), "adt").unwrap().link();
    for text in ["one", "two"] {
        assert_eq!(link.deliver(&parcel(text), LIMIT).await.kind, ReplyKind::Accepted);
    }
    assert_eq!(fs::read_to_string(folder.path().join("all.txt")).unwrap(), "one;two;");
    let replace = json!({ "folder": "x", "name": "all.txt", "exists": "replace" });
    assert!(Destination::new(config(replace), "adt").is_err(), "files would replace each other");
}

#[tokio::test]
async fn a_folder_that_has_gone_is_a_matter_of_the_line() {
    let mut link = Destination::new(config(json!("/no/such/folder")), "adt").unwrap().link();
    let reply = link.deliver(&parcel("one"), LIMIT).await;
    assert_eq!((reply.kind, &*reply.code), (ReplyKind::Unreachable, "no-folder"));
}
