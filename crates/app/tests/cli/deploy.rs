//! Revisions of a site: which one handled a message, and how another goes live.

use std::process::Command;

use crate::support::partner::{Line, Sink};
use crate::support::{Site, adt, klinke};

/// Steps that say which revision wrote them.
pub fn steps(mark: &str) -> String {
    format!("\n[[step]]\nset = {{ \"MSH-6\" = \"{mark}\" }}\n")
}

/// Runs git in a site's folder; gives what it says.
pub fn git(site: &Site, arguments: &[&str]) -> String {
    let author = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-C", site.path()];
    let done = Command::new("git").args(author).args(arguments).output().expect("git is there");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

/// Commits all of a site but what serve writes; gives the commit.
pub fn commit(site: &Site, subject: &str) -> String {
    site.write(".gitignore", "data/\nserve.log\n");
    git(site, &["add", "--all"]);
    git(site, &["commit", "--quiet", "-m", subject]);
    git(site, &["rev-parse", "HEAD"])
}

fn write_channel(site: &Site, mark: &str) {
    let channel = crate::support::channel(&steps(mark));
    site.write("channels/adt.toml", &channel);
}

#[test]
fn a_message_names_the_revision_that_handled_it() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, &steps("ONE"));
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    let mut send = |number: u64| {
        line.send(&adt(&format!("MSG{number}"), "4711")).expect("an answer");
        sink.wait_for(usize::try_from(number).expect("a few"));
        let shown = site.json("messages", &["show", &number.to_string()]);
        shown["revision"].as_str().map(str::to_owned).unwrap_or_default()
    };
    let without_git = send(1);
    assert!(without_git.starts_with("files-"), "{without_git}");
    git(&site, &["init", "--quiet", "--initial-branch", "main"]);
    let first = commit(&site, "one");
    site.klinke("status", &[]).ended(0);
    serve.signal("HUP");
    serve.wait_for("the commit to be known", || {
        site.json("status", &[])["deployed"]["revision"] == first.as_str()
    });
    assert_eq!(send(2), first, "the same version of the channel under another revision");
    write_channel(&site, "TWO");
    serve.signal("HUP");
    let changed = format!("{first}+");
    serve.wait_for("the change", || site.json("status", &[])["deployed"]["revision"] == changed.as_str());
    assert_eq!(send(3), changed);
    let second = commit(&site, "two");
    serve.signal("HUP");
    serve.wait_for("the commit", || site.json("status", &[])["deployed"]["revision"] == second.as_str());
    assert_eq!(send(4), second);
    let shown = site.klinke("messages", &["show", "4"]).ended(0).out;
    assert!(shown.contains(&format!("revision {}", &second[..12])), "{shown}");
    let said = site.klinke("status", &[]).ended(0).out;
    assert!(said.contains(&format!("revision {}", &second[..12])), "{said}");
    serve.stop();
    // What was handled then is told as it was.
    let serve = site.serve();
    let shown = |id: &str| site.json("messages", &["show", id])["revision"].clone();
    assert_eq!([shown("1"), shown("2"), shown("3")], [without_git.as_str(), &first, &changed]);
    serve.stop();
}

/// A site that follows `main`, with one channel and an example of it.
pub fn followed(sink: &Sink) -> (Site, String) {
    let site = Site::to_partner(sink.port, "");
    write_channel(&site, "ONE");
    site.write(
        "klinke.toml",
        "name = \"Test\"\n[store]\nreserve = \"1MB\"\n[stop]\nlimit = \"5s\"\n[deploy]\nfollow = \"main\"\nevery = \"100ms\"\n",
    );
    let example = String::from_utf8(adt("EX1", "1")).expect("text");
    site.write("examples/adt/a.hl7", &example);
    // The one example looks at no field that the marks change.
    site.write("examples/adt/a.ris.hl7", &example.replace("|RIS|KH|", "|RIS|ONE|"));
    git(&site, &["init", "--quiet", "--initial-branch", "main"]);
    let first = commit(&site, "one");
    (site, first)
}

/// Changes the mark and the example that goes with it.
pub fn mark(site: &Site, mark: &str) -> String {
    write_channel(site, mark);
    let example = String::from_utf8(adt("EX1", "1")).expect("text");
    site.write("examples/adt/a.ris.hl7", &example.replace("|RIS|KH|", &format!("|RIS|{mark}|")));
    commit(site, mark)
}

pub fn deployed(site: &Site) -> serde_json::Value {
    site.json("status", &[])["deployed"].clone()
}

#[track_caller]
pub fn wait_live(serve: &crate::support::Serve<'_>, site: &Site, revision: &str) {
    serve.wait_for(&format!("{revision} to be live"), || deployed(site)["revision"] == revision);
}

/// The receiving facility of the last of so many arrivals: the mark of who handled it.
pub fn marked(sink: &Sink, count: usize) -> String {
    let arrivals = sink.wait_for(count);
    let text = String::from_utf8_lossy(&arrivals[count - 1]).into_owned();
    text.split('|').nth(5).unwrap_or_default().to_owned()
}

#[test]
fn what_passes_goes_live_and_what_does_not_says_why() {
    let sink = Sink::open();
    let (site, first) = followed(&sink);
    let serve = site.serve();
    wait_live(&serve, &site, &first);
    let mut line = Line::open(&serve.address("adt"));
    line.send(&adt("MSG1", "4711")).expect("an answer");
    assert_eq!(marked(&sink, 1), "ONE");
    // What lies in the folder and is not committed does not count.
    write_channel(&site, "UNCOMMITTED");
    serve.signal("HUP");
    let second = mark(&site, "TWO");
    wait_live(&serve, &site, &second);
    line.send(&adt("MSG2", "4711")).expect("the connection lives");
    assert_eq!(marked(&sink, 2), "TWO");

    // A commit that breaks the check.
    site.write("channels/adt.toml", "titel = \"?\"\n");
    let broken = commit(&site, "broken");
    serve.wait_for("the refusal", || deployed(&site)["refused"]["revision"] == broken.as_str());
    let said = site.klinke("status", &[]).ended(1).out;
    assert!(said.contains("did not go live") && said.contains("channels/adt.toml:1"), "{said}");
    assert!(serve.log().contains("a revision does not go live"));
    line.send(&adt("MSG3", "4711")).expect("the connection lives");
    assert_eq!(marked(&sink, 3), "TWO");

    // A commit that breaks an example: the values of the message are not told.
    write_channel(&site, "THREE");
    let wrong = commit(&site, "without its example");
    serve.wait_for("the refusal", || deployed(&site)["refused"]["revision"] == wrong.as_str());
    let faults = deployed(&site)["refused"]["faults"].to_string();
    assert!(faults.contains("examples/adt/a.hl7: ris: MSH-6"), "{faults}");
    assert!(!faults.contains("THREE"), "{faults}");

    // A restart while the ref is broken starts what was good last.
    drop(line);
    serve.stop();
    let serve = site.serve();
    assert_eq!(deployed(&site)["revision"], second.as_str());
    let mut line = Line::open(&serve.address("adt"));
    line.send(&adt("MSG4", "4711")).expect("an answer");
    assert_eq!(marked(&sink, 4), "TWO");

    // Mended, it goes live.
    let mended = mark(&site, "THREE");
    wait_live(&serve, &site, &mended);
    serve.wait_for("the refusal to be over", || deployed(&site)["refused"].is_null());
    line.send(&adt("MSG5", "4711")).expect("the connection lives");
    assert_eq!(marked(&sink, 5), "THREE");
    assert_eq!(site.json("messages", &["show", "4"])["revision"], second.as_str());
    assert_eq!(site.json("messages", &["show", "5"])["revision"], mended.as_str());
    serve.stop();
}

#[test]
fn rolling_back_is_one_command_and_holds_until_the_next_deploy() {
    let sink = Sink::open();
    let (site, first) = followed(&sink);
    let serve = site.serve();
    let second = mark(&site, "TWO");
    wait_live(&serve, &site, &second);
    let mut line = Line::open(&serve.address("adt"));
    let back = site.klinke("rollback", &["--reason", "wrong ward"]).ended(0).out;
    assert!(back.contains(&format!("{} is live", &first[..12])) && back.contains("adt"), "{back}");
    line.send(&adt("MSG1", "4711")).expect("the connection lives");
    assert_eq!(marked(&sink, 1), "ONE");
    // The ref moves on, and nothing follows it.
    let third = mark(&site, "THREE");
    let said = site.klinke("status", &[]).ended(0).out;
    assert!(said.contains("stays there since") && said.contains("wrong ward"), "{said}");
    drop(line);
    serve.stop();
    let serve = site.serve();
    std::thread::sleep(std::time::Duration::from_millis(400));
    assert_eq!(deployed(&site)["revision"], first.as_str());
    let audit = klinke(&["--json", "audit", "list", site.path(), "--action", "rollback"]).ended(0).out;
    assert!(audit.contains("wrong ward"), "{audit}");

    let plan = site.json("deploy", &["--dry"]);
    assert_eq!((&plan["changed"], &plan["live"]), (&serde_json::json!(["adt"]), &false.into()));
    assert_eq!(
        (plan["examples"].as_u64(), plan["subject"].as_str().map(|one| one.ends_with("Test: THREE"))),
        (Some(1), Some(true))
    );
    assert_eq!(deployed(&site)["revision"], first.as_str());
    site.klinke("deploy", &[]).ended(0);
    assert_eq!(deployed(&site)["revision"], third.as_str());
    assert!(deployed(&site)["pinned"].is_null());
    site.klinke("deploy", &[&second]).ended(0);
    std::thread::sleep(std::time::Duration::from_millis(400));
    assert_eq!(deployed(&site)["revision"], second.as_str(), "named, it stays");
    serve.stop();
}

#[test]
fn a_plan_names_what_changes_and_secrets_stay_beside() {
    let sink = Sink::open();
    let (site, _) = followed(&sink);
    let serve = site.serve();
    site.write("secrets/token", "Geheim");
    site.write(".gitignore", "data/\nserve.log\nsecrets/\n");
    let more = "[source]\nhttp = { listen = \"127.0.0.1:0\", bearer = { kis = \"${file:secrets/token}\" } }\n\n[[destination]]\nto = \"ris\"\n";
    site.write("channels/more.toml", more);
    site.write("channels/adt.toml", &crate::support::channel("connectoins = 2\n"));
    site.write("klinke.toml", "name = \"Other\"\nzone = \"UTC\"\n[store]\nreserve = \"1MB\"\n[deploy]\nfollow = \"main\"\nevery = \"1h\"\n");
    git(&site, &["checkout", "--quiet", "-b", "later"]);
    git(&site, &["add", "--all"]);
    git(&site, &["commit", "--quiet", "-m", "later"]);
    let plan = site.json("deploy", &["later", "--dry"]);
    assert!(plan["faults"].to_string().contains("channels/adt.toml"), "{plan}");
    let channel = crate::support::channel(&steps("ONE")).replace("50ms", "60ms");
    site.write("channels/adt.toml", &channel);
    git(&site, &["commit", "--quiet", "--all", "-m", "later, mended"]);
    let plan = site.json("deploy", &["later", "--dry"]);
    assert_eq!(plan["faults"], serde_json::json!([]));
    assert_eq!(
        (&plan["added"], &plan["restarted"]),
        (&serde_json::json!(["more"]), &serde_json::json!(["adt"]))
    );
    assert_eq!(plan["restart"], serde_json::json!(["deploy", "stop", "zone"]));
    site.klinke("deploy", &["later"]).ended(0);
    assert!(serve.address("more").starts_with("127.0.0.1:"));
    // A link in the tree refuses it whole.
    std::os::unix::fs::symlink("/etc/passwd", site.folder().join("tables.csv")).expect("a link");
    git(&site, &["add", "--all"]);
    git(&site, &["commit", "--quiet", "-m", "a link"]);
    let plan = site.klinke("deploy", &["later"]).ended(1).out;
    assert!(plan.contains("tables.csv is a link"), "{plan}");
    site.klinke("deploy", &["--", "--upload-pack=x"]).ended(2);
    serve.stop();
}

#[test]
fn a_channel_that_can_not_start_brings_the_old_revision_back() {
    let sink = Sink::open();
    let (site, first) = followed(&sink);
    let serve = site.serve();
    wait_live(&serve, &site, &first);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let channel = crate::support::channel(&steps("ONE")).replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
    site.write("channels/adt.toml", &channel);
    let busy = commit(&site, "a port that is taken");
    serve.wait_for("the refusal", || deployed(&site)["refused"]["revision"] == busy.as_str());
    assert!(deployed(&site)["refused"]["faults"].to_string().contains("adt does not start"));
    assert_eq!(deployed(&site)["revision"], first.as_str());
    Line::open(&serve.address("adt")).send(&adt("MSG1", "4711")).expect("an answer");
    assert_eq!(marked(&sink, 1), "ONE");
    serve.stop();
}

#[test]
fn a_folder_is_checked_and_its_examples_are_run() {
    let sink = Sink::open();
    let (site, _) = followed(&sink);
    site.write("klinke.toml", "name = \"Test\"\n[store]\nreserve = \"1MB\"\n[stop]\nlimit = \"5s\"\n");
    let serve = site.serve();
    write_channel(&site, "WRONG");
    let plan = site.klinke("deploy", &[]).ended(1).out;
    assert!(plan.contains("examples/adt/a.hl7: ris: MSH-6"), "{plan}");
    serve.signal("HUP");
    serve.wait_for("the refusal", || serve.log().contains("all runs as before"));
    mark(&site, "RIGHT");
    let plan = site.json("deploy", &[]);
    assert_eq!((&plan["changed"], &plan["live"]), (&serde_json::json!(["adt"]), &true.into()));
    let refused = site.klinke("rollback", &["--reason", "x"]).ended(2).err;
    assert!(refused.contains("[deploy]") || refused.contains("no other revision"), "{refused}");
    serve.stop();
}
