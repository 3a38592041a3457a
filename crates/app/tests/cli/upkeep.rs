//! `klinke backup`, `restore`, `verify` and `prune`.

use crate::support::partner::{Line, Sink};
use crate::support::{Site, adt, klinke, wait_for};

/// Lets a site deliver so many messages.
fn fill(site: &Site, sink: &Sink, count: usize) {
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    let before = sink.arrivals().len();
    for number in 0..count {
        line.send(&adt(&format!("MSG{number}"), "4711")).expect("an answer");
    }
    sink.wait_for(before + count);
    assert_eq!(serve.stop(), 0);
}

fn count(site: &Site) -> u64 {
    site.json("status", &[])["store"]["envelopes"].as_u64().expect("a number")
}

#[test]
fn a_backup_of_a_running_site_is_restored() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    for number in 0..10 {
        line.send(&adt(&format!("MSG{number}"), "4711")).expect("an answer");
    }
    sink.wait_for(10);
    wait_for("the books", || site.json("status", &[])["channels"][0]["destinations"][0]["delivered"] == 10);
    let folder = site.folder().join("backup");
    let backup = folder.to_str().expect("UTF-8");
    let run = site.klinke("backup", &[backup]).ended(0);
    assert_eq!(run.out, format!("the store is copied to {backup}\n"));
    site.klinke("backup", &[backup]).ended(2);
    line.send(&adt("LATER", "4711")).expect("an answer");
    let run = site.klinke("restore", &[backup]).ended(2);
    assert!(run.err.contains("the site runs; stop `klinke serve` first"), "{}", run.err);
    sink.wait_for(11);
    assert_eq!(serve.stop(), 0);
    let run = site.klinke("restore", &[backup]).ended(2);
    assert!(run.err.contains("was not restored"), "a store that is there is not written over: {}", run.err);
    std::fs::rename(site.folder().join("data"), site.folder().join("old")).expect("moved");
    site.klinke("restore", &[backup]).ended(0);
    assert_eq!(count(&site), 10);
    site.klinke("verify", &[]).ended(0);
    let out = site.klinke("messages", &["export", "7"]).ended(0).out;
    assert_eq!(out.as_bytes(), adt("MSG6", "4711"));
    // It runs, and nothing that was delivered goes out again.
    fill(&site, &sink, 1);
    assert_eq!(sink.arrivals().len(), 12);
    assert_eq!(count(&site), 11);
}

#[test]
fn verify_counts_and_finds_a_spoiled_store() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    fill(&site, &sink, 20);
    let run = site.klinke("verify", &[]).ended(0);
    assert!(run.out.starts_with("20 envelopes, ") && run.out.ends_with("0 faults\n"), "{}", run.out);
    let german = klinke(&["--lang", "de", "verify", site.path()]).ended(0);
    assert!(german.out.starts_with("20 Sendungen"), "{}", german.out);
    // A byte of each page of the journal is lost, there where SQLite keeps the newest rows.
    let journal = site.folder().join("data/journal.db");
    let mut bytes = std::fs::read(&journal).expect("read");
    for page in bytes.chunks_mut(4096).skip(2) {
        let end = page.len();
        page[end - 40] ^= 0xFF;
    }
    std::fs::write(&journal, bytes).expect("written");
    let run = site.klinke("verify", &[]);
    assert_ne!(run.code, 0, "{}", run.out);
    assert!(!(run.out + &run.err).contains("Beispiel"));
}

#[test]
fn prune_removes_what_the_site_lets_go_and_nothing_else() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    fill(&site, &sink, 5);
    let run = site.klinke("prune", &[]).ended(0);
    assert_eq!(run.out, "the site names no retention: nothing is ever removed\n");
    site.write("klinke.toml", "name = \"Test\"\n[store]\nreserve = \"1MB\"\n[retention]\nage = \"1h\"\n");
    let run = site.klinke("prune", &[]).ended(0);
    assert!(run.out.starts_with("0 envelopes removed"), "{}", run.out);
    site.write("klinke.toml", "name = \"Test\"\n[store]\nreserve = \"1MB\"\n[retention]\nage = \"1s\"\n");
    std::thread::sleep(std::time::Duration::from_millis(1_200));
    let run = site.klinke("prune", &[]).ended(0);
    assert!(run.out.starts_with("5 envelopes removed"), "{}", run.out);
    site.klinke("messages", &[]).ended(1);
    site.klinke("verify", &[]).ended(0);
    let status = site.json("status", &[]);
    assert_eq!(status["channels"][0]["balances"], true);
}

#[test]
fn prune_never_removes_what_is_not_delivered() {
    let site = Site::to_partner(1, "");
    site.write("klinke.toml", "name = \"Test\"\n[store]\nreserve = \"1MB\"\n[retention]\nage = \"1s\"\n");
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    line.send(&adt("MSG1", "4711")).expect("an answer");
    std::thread::sleep(std::time::Duration::from_millis(1_200));
    let run = site.klinke("prune", &[]).ended(0);
    assert!(run.out.starts_with("0 envelopes removed"), "{}", run.out);
    assert_eq!(count(&site), 1);
    assert_eq!(serve.stop(), 0);
}
