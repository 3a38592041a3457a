//! `klinke shadow`: a changed channel runs along, and is taken over or thrown away.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::deploy;
use crate::support::partner::{Line, Sink};
use crate::support::{Serve, Site, adt, klinke};

fn steps(mark: &str) -> String {
    format!("\n[[step]]\nset = {{ \"MSH-6\" = \"{mark}\" }}\n")
}

/// A site, and a copy of it whose channel does something else.
fn pair(sink: &Sink, changed: &str) -> (Site, Site) {
    let site = Site::to_partner(sink.port, &steps("OLD"));
    let other = Site::to_partner(sink.port, changed);
    (site, other)
}

fn shadows(site: &Site) -> Value {
    let run = site.klinke("shadow", &["--status", "--json"]);
    assert!(run.code < 2, "{}", run.err);
    run.json()
}

/// Waits until so many went through both.
fn wait_through(serve: &Serve<'_>, site: &Site, count: u64) -> Value {
    serve.wait_for("the shadow to follow", || shadows(site)[0]["differences"]["envelopes"] == count);
    shadows(site)[0].clone()
}

fn mark(arrival: &[u8]) -> String {
    String::from_utf8_lossy(arrival).split('|').nth(5).unwrap_or_default().to_owned()
}

#[test]
fn differences_are_collected_and_nothing_is_delivered_twice() {
    let sink = Sink::open();
    let (site, other) = pair(&sink, &steps("NEW"));
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    line.send(&adt("BEFORE", "1")).expect("an answer");
    site.klinke("shadow", &["--channel", "adt", "--against", other.path()]).ended(0);
    for number in 1..=5 {
        line.send(&adt(&format!("MSG{number}"), "4711")).expect("an answer");
    }
    let shadow = wait_through(&serve, &site, 5);
    let (differences, field) = (&shadow["differences"], &shadow["differences"]["fields"][0]);
    assert_eq!(
        (&differences["differ"], &field["path"], &field["count"]),
        (&5.into(), &"MSH-6".into(), &5.into())
    );
    assert_eq!(
        (&field["examples"][0]["before"], &field["examples"][0]["after"]),
        (&"OLD".into(), &"NEW".into())
    );
    assert_eq!((&shadow["behind"], &shadow["restarts"]), (&0.into(), &false.into()));
    let said = site.klinke("shadow", &["--status", "--lang", "de"]).ended(1).out;
    assert!(said.contains("läuft mit") && said.contains("MSH-6 an ris ändert sich in 5 von 5"), "{said}");

    // It outlives a restart, also one without a farewell, and counts nothing twice.
    drop(line);
    serve.kill();
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    line.send(&adt("MSG6", "4711")).expect("an answer");
    assert_eq!(wait_through(&serve, &site, 6)["differences"]["fields"][0]["count"], 6);
    assert_eq!(sink.wait_for(7).iter().map(|one| mark(one)).collect::<Vec<_>>(), ["OLD"; 7]);
    let opened = klinke(&["--json", "audit", "list", site.path(), "--action", "open-payload"]).ended(0).out;
    assert!(opened.contains("4711"), "whose fields were shown is known");

    site.klinke("shadow", &["--channel", "adt", "--drop"]).ended(0);
    assert_eq!(shadows(&site), serde_json::json!([]));
    let left = std::fs::read_dir(site.folder().join("data/deploy")).expect("a folder");
    assert_eq!(left.flatten().filter(|one| one.path().is_dir()).count(), 0, "its files are gone");
    line.send(&adt("MSG7", "4711")).expect("an answer");
    sink.wait_for(8);
    serve.stop();
    assert_eq!(sink.arrivals().len(), 8);
}

#[test]
fn taken_over_under_traffic_every_message_is_handled_once_by_one_of_both() {
    let sink = Sink::open();
    let (site, other) = pair(&sink, &steps("NEW"));
    let serve = site.serve();
    let address = serve.address("adt");
    site.klinke("shadow", &["--channel", "adt", "--against", other.path()]).ended(0);
    let is_over = AtomicBool::new(false);
    let sent = std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            // One connection, that is never cut.
            let mut line = Line::open(&address);
            let mut sent = 0;
            while !is_over.load(Ordering::Relaxed) {
                sent += 1;
                line.send(&adt(&format!("MSG{sent}"), "4711")).expect("an answer");
            }
            sent
        });
        sink.wait_for(20);
        let taken = site.klinke("shadow", &["--channel", "adt", "--take"]).ended(0).out;
        assert!(taken.contains("adt") && taken.contains("is live"), "{taken}");
        let count = sink.arrivals().len();
        sink.wait_for(count + 20);
        is_over.store(true, Ordering::Relaxed);
        sender.join().expect("sent")
    });
    let arrivals = sink.wait_for(sent);
    assert_eq!(arrivals.len(), sent);
    let marks: Vec<String> = arrivals.iter().map(|one| mark(one)).collect();
    let old = marks.iter().take_while(|one| *one == "OLD").count();
    assert!(
        old > 0 && old < sent && marks[old..].iter().all(|one| one == "NEW"),
        "first the one, then the other"
    );
    for (number, arrival) in (1..).zip(&arrivals) {
        let control = format!("|MSG{number}|");
        assert!(String::from_utf8_lossy(arrival).contains(&control), "in order");
    }
    // Each names the revision of the files that handled it.
    let shown = |id: usize| site.json("messages", &["show", &id.to_string()])["revision"].clone();
    assert_ne!(shown(old), shown(old + 1));
    let taken = site.json("status", &[])["deployed"]["taken"].clone();
    assert_eq!((&taken[0]["channel"], &taken[0]["revision"]), (&"adt".into(), &shown(sent)));
    assert_eq!(shadows(&site), serde_json::json!([]));

    // It stays over a reload and a restart, until the site's own files say something else.
    serve.signal("HUP");
    serve.wait_for("the reload", || serve.log().contains("the site's files were read again"));
    serve.stop();
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    line.send(&adt("AFTER", "4711")).expect("an answer");
    assert_eq!(mark(&sink.wait_for(sent + 1)[sent]), "NEW");
    site.write("channels/adt.toml", &crate::support::channel(&steps("OWN")));
    site.klinke("deploy", &[]).ended(0);
    line.send(&adt("OWN", "4711")).expect("the connection lives");
    assert_eq!(mark(&sink.wait_for(sent + 2)[sent + 1]), "OWN");
    assert_eq!(site.json("status", &[])["deployed"]["taken"], serde_json::json!([]));
    serve.stop();
}

#[test]
fn what_can_not_run_along_says_why() {
    let sink = Sink::open();
    let (site, other) = pair(&sink, &steps("OLD"));
    let serve = site.serve();
    let start =
        |against: &str| site.klinke("shadow", &["--channel", "adt", "--against", against]).ended(2).err;
    assert!(start(other.path()).contains("what runs already"));
    assert!(start("nowhere").contains("neither a folder nor a revision"));
    other.write("channels/adt.toml", "titel = 1\n");
    assert!(start(other.path()).contains("channels/adt.toml:1"));
    assert!(site.klinke("shadow", &["--channel", "adr", "--drop"]).ended(2).err.contains("`adr`"));
    assert!(site.klinke("shadow", &["--channel", "adt", "--take"]).ended(2).err.contains("no shadow"));
    serve.stop();
}

#[test]
fn a_branch_runs_along_is_taken_over_and_gives_way_to_the_ref() {
    let sink = Sink::open();
    let (site, first) = deploy::followed(&sink);
    let serve = site.serve();
    deploy::wait_live(&serve, &site, &first);
    let mut line = Line::open(&serve.address("adt"));
    deploy::git(&site, &["checkout", "--quiet", "-b", "feature"]);
    let feature = deploy::mark(&site, "TWO");
    site.klinke("shadow", &["--channel", "adt", "--against", "feature"]).ended(0);
    line.send(&adt("MSG1", "4711")).expect("an answer");
    assert_eq!(wait_through(&serve, &site, 1)["revision"], feature.as_str());
    assert_eq!(deploy::marked(&sink, 1), "ONE");
    site.klinke("shadow", &["--channel", "adt", "--take"]).ended(0);
    line.send(&adt("MSG2", "4711")).expect("the connection lives");
    assert_eq!(deploy::marked(&sink, 2), "TWO");
    let shown = |id: &str| site.json("messages", &["show", id])["revision"].clone();
    assert_eq!([shown("1"), shown("2")], [first.as_str(), feature.as_str()]);
    assert_eq!(deploy::deployed(&site)["revision"], first.as_str());

    // Another commit of the ref, which says nothing of this channel, does not undo it; nor does a restart.
    deploy::git(&site, &["checkout", "--quiet", "main"]);
    site.write("tables/other.csv", "from,to\n");
    let second = deploy::commit(&site, "a table");
    deploy::wait_live(&serve, &site, &second);
    line.send(&adt("MSG3", "4711")).expect("the connection lives");
    assert_eq!(deploy::marked(&sink, 3), "TWO");
    drop(line);
    serve.stop();
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    line.send(&adt("MSG4", "4711")).expect("an answer");
    assert_eq!(deploy::marked(&sink, 4), "TWO");

    // Merged, the ref's own files count again. The channel goes on without a cut.
    deploy::git(&site, &["merge", "--quiet", "--no-edit", "feature"]);
    let merged = deploy::git(&site, &["rev-parse", "HEAD"]);
    deploy::wait_live(&serve, &site, &merged);
    serve.wait_for("the branch to be merged", || deploy::deployed(&site)["taken"] == serde_json::json!([]));
    line.send(&adt("MSG5", "4711")).expect("the connection lives");
    assert_eq!(deploy::marked(&sink, 5), "TWO");
    assert_eq!(shown("5"), merged.as_str());

    // Rolled back, nothing of a shadow stays.
    site.klinke("rollback", &[&first, "--reason", "as before"]).ended(0);
    line.send(&adt("MSG6", "4711")).expect("the connection lives");
    assert_eq!(deploy::marked(&sink, 6), "ONE");
    serve.stop();
}
