//! `klinke diagnose`: what is wrong, whose fault it is, whom to call; served and not, in both languages, and
//! without a patient's name in any of it.

use serde_json::Value;

use crate::support::partner::{Line, Sink};
use crate::support::{Serve, Site, adt, klinke, wait_for};
use klinke_hl7v2::ack::Code;

const NODE: &str = "name = \"Test\"\n[store]\nreserve = \"1MB\"\n[stop]\nlimit = \"5s\"\n\
    [diagnosis]\nevery = \"200ms\"\nprobe-every = \"500ms\"\nlimit = \"1s\"\n";

/// A site whose radiology has a person to call.
fn site(port: u16, more: &str) -> Site {
    let site = Site::to_partner(port, "");
    site.write("klinke.toml", NODE);
    site.write(
        "systems.toml",
        &format!(
            "[kis]\ntitle = \"KIS\"\n[ris]\ntitle = \"Radiology\"\ncontact = \"Tel. 4713\"\n\
             mllp = {{ address = \"127.0.0.1:{port}\", answer_timeout = \"1s\" }}\n{more}"
        ),
    );
    site
}

fn send(serve: &Serve<'_>, count: usize) {
    let mut line = Line::open(&serve.address("adt"));
    for number in 0..count {
        line.send(&adt(&format!("MSG{number}"), "70011223")).expect("an answer");
    }
}

fn finding(site: &Site) -> Value {
    site.json("diagnose", &["ris"])
}

#[test]
fn all_is_well_and_says_so_by_its_exit_status() {
    let sink = Sink::open();
    let site = site(sink.port, "");
    let serve = site.serve();
    send(&serve, 3);
    sink.wait_for(3);
    let text = site.klinke("diagnose", &[]).ended(0).out;
    for name in ["kis", "ris", "klinke"] {
        assert!(text.contains(name), "{text}");
    }
    assert!(text.contains("All is well."), "{text}");
    assert_eq!(finding(&site)["verdict"], "none");
    assert_eq!(serve.stop(), 0);
}

#[test]
fn a_service_that_is_not_there_is_told_with_whom_to_call_and_what_to_say() {
    let site = site(klinke_testkit::free_port(), "");
    let serve = site.serve();
    send(&serve, 2);
    wait_for("the fault to be seen", || finding(&site)["layer"] == "tcp");
    let found = finding(&site);
    assert_eq!((&found["system"], &found["verdict"]), (&"ris".into(), &"setup".into()));
    assert_eq!(found["call"], "Radiology: Tel. 4713");
    for key in ["confidence", "summary", "proof", "next", "say", "either", "rungs"] {
        assert!(!found[key].is_null(), "{key}: {found}");
    }
    // Times in sentences are those of the site's clock.
    let say = found["say"].as_str().expect("words");
    assert!(say.contains(" CET") || say.contains(" CEST"), "{say}");
    assert!(!found.to_string().contains("UTC"), "{found}");
    let layers: Vec<&str> =
        found["rungs"].as_array().expect("rungs").iter().filter_map(|rung| rung["layer"].as_str()).collect();
    assert_eq!(layers, ["name", "route", "tcp", "answer"]);
    // The running site sees it by itself, and says so in the status and once in its log.
    wait_for("the site to see it", || site.json("status", &[])["findings"][0]["system"] == "ris");
    assert!(serve.log().contains("wrong-port"), "{}", serve.log());
    let english = site.klinke("diagnose", &["ris"]).ended(1).out;
    let german = site.klinke("diagnose", &["ris", "--lang", "de"]).ended(1).out;
    assert!(english.contains("call: Radiology: Tel. 4713") && english.contains("what decides:"), "{english}");
    assert!(german.contains("anrufen: Radiology: Tel. 4713") && german.contains("Guten Tag"), "{german}");
    for text in [&english, &german, &serve.log(), &found.to_string()] {
        assert!(!text.contains("Beispiel") && !text.contains("70011223"), "patient data: {text}");
    }
    assert_eq!(serve.stop(), 0);
    // Nothing serves any more: the store and the partner still tell it.
    let alone = site.json("diagnose", &[]);
    assert_eq!(alone["serving"], false);
    let all = alone["findings"].as_array().expect("findings");
    assert!(all.iter().any(|one| one["system"] == "ris" && one["layer"] == "tcp"), "{alone}");
    let unknown = site.klinke("diagnose", &["pacs"]).ended(2);
    assert!(unknown.err.contains("there is no system `pacs`; there are kis, ris, klinke"), "{}", unknown.err);
}

#[test]
fn no_probe_is_made_where_the_site_forbids_it() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("set");
    let port = listener.local_addr().expect("an address").port();
    let site = site(port, "probe = \"off\"\n");
    let serve = site.serve();
    for _ in 0..3 {
        finding(&site);
        std::thread::sleep(std::time::Duration::from_millis(150));
    }
    assert!(listener.accept().is_err(), "nobody may connect");
    assert_eq!(serve.stop(), 0);
    let site = self::site(port, "");
    let serve = site.serve();
    finding(&site);
    assert!(listener.accept().is_ok(), "the probe was to connect");
    assert_eq!(serve.stop(), 0);
}

#[test]
fn a_test_message_is_sent_where_the_site_allows_it_and_only_there() {
    for (word, expected) in [("echo", true), ("on", false)] {
        let sink = Sink::answering(Some(Code::ApplicationReject));
        let site = site(sink.port, &format!("probe = \"{word}\"\n"));
        let serve = site.serve();
        let found = finding(&site);
        let arrivals = sink.arrivals();
        assert_eq!(arrivals.len(), usize::from(expected), "{word}: {found}");
        assert!(arrivals.iter().all(|one| one.starts_with(b"MSH") && !one.windows(3).any(|w| w == b"PID")));
        let echoed =
            found["rungs"].as_array().expect("rungs").iter().any(|rung| rung["saw"] == "answered AR");
        assert_eq!(echoed, expected, "{found}");
        assert_eq!(serve.stop(), 0);
    }
}

#[test]
fn files_with_faults_are_our_own_fault() {
    let sink = Sink::open();
    let site = site(sink.port, "");
    let serve = site.serve();
    assert_eq!(serve.stop(), 0);
    site.write("channels/adt.toml", "[[destination]]\nto = \"nobody\"\n");
    let found = site.json("diagnose", &["klinke"]);
    assert_eq!((&found["layer"], &found["cause"]), (&"self".into(), &"site-faults".into()), "{found}");
    site.klinke("diagnose", &[]).ended(1);
}

#[test]
fn faults_can_be_played_and_are_listed() {
    let list = klinke(&["--json", "demo", "--fault", "list"]).json();
    assert!(list.as_array().expect("a list").len() >= 40);
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("site");
    let place = place.to_str().expect("UTF-8");
    let run = klinke(&["demo", "--fault", "tls-expired", "--site", place, "--lang", "de"]).ended(0);
    assert!(run.out.contains("abgelaufen") && run.out.contains("TLS"), "{}", run.out);
    let unknown = klinke(&["demo", "--fault", "tls-expird"]).ended(2);
    assert!(unknown.err.contains("did you mean `tls-expired`?"), "{}", unknown.err);
}
