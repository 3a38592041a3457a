//! `klinke canary`: a changed channel handles some of the messages.

use klinke_hl7v2::ack::Code;
use serde_json::Value;

use crate::support::partner::{Line, Sink};
use crate::support::{Serve, Site, adt, klinke};

fn steps(mark: &str) -> String {
    format!("lane = \"PID-3.1\"\n\n[[step]]\nset = {{ \"MSH-6\" = \"{mark}\" }}\n")
}

/// The steps stand before the destination's keys end: the lane belongs to the destination.
fn pair(sink: &Sink, changed: &str) -> (Site, Site) {
    (Site::to_partner(sink.port, &steps("OLD")), Site::to_partner(sink.port, changed))
}

fn canary(site: &Site) -> Value {
    site.klinke("canary", &["--status", "--json"]).json()[0].clone()
}

fn send(line: &mut Line, numbers: std::ops::Range<usize>) {
    for number in numbers {
        line.send(&adt(&format!("MSG{number}"), &format!("p{}", number % 20))).expect("an answer");
    }
}

fn mark(arrival: &[u8]) -> String {
    String::from_utf8_lossy(arrival).split('|').nth(5).unwrap_or_default().to_owned()
}

fn counted(serve: &Serve<'_>, site: &Site, count: u64) -> (u64, u64) {
    let sides = || {
        let one = canary(site);
        let side = |name: &str| one[name]["handled"].as_u64().unwrap_or(0);
        (side("live"), side("changed"))
    };
    serve.wait_for("all to be counted", || sides().0 + sides().1 == count);
    sides()
}

#[test]
fn a_share_goes_the_changed_way_over_a_restart_and_is_taken_over() {
    let sink = Sink::open();
    let (site, other) = pair(&sink, &steps("NEW"));
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    site.klinke("canary", &["--channel", "adt", "--against", other.path(), "--share", "50%"]).ended(0);
    send(&mut line, 0..40);
    let arrivals = sink.wait_for(40);
    let side = |patient: usize| {
        let own = |one: &&Vec<u8>| String::from_utf8_lossy(one).contains(&format!("||p{patient}^^^"));
        let marks: Vec<String> = arrivals.iter().filter(own).map(|one| mark(one)).collect();
        assert!(marks.len() == 2 && marks[0] == marks[1], "{marks:?}");
        marks[0].clone()
    };
    let before: Vec<String> = (0..20).map(side).collect();
    let changed = before.iter().filter(|one| *one == "NEW").count() as u64;
    assert!((3..=17).contains(&changed), "{changed} of 20");
    assert_eq!(counted(&serve, &site, 40), (40 - 2 * changed, 2 * changed));
    let revision =
        |number: usize| site.json("messages", &["show", &(number + 1).to_string()])["revision"].clone();
    let new = before.iter().position(|one| one == "NEW").expect("one");
    let old = before.iter().position(|one| one == "OLD").expect("one");
    assert_eq!(revision(new), canary(&site)["revision"]);
    assert_ne!(revision(old), revision(new));

    // A restart makes the same choice.
    drop(line);
    serve.stop();
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    send(&mut line, 40..60);
    let marks: Vec<String> = sink.wait_for(60)[40..].iter().map(|one| mark(one)).collect();
    let mut expected = before.clone();
    let mut marks = marks;
    expected.sort();
    marks.sort();
    assert_eq!(marks, expected);
    site.klinke("canary", &["--channel", "adt", "--take"]).ended(0);
    send(&mut line, 60..70);
    assert!(sink.wait_for(70)[60..].iter().all(|one| mark(one) == "NEW"));
    assert_eq!(site.json("status", &[])["deployed"]["taken"][0]["channel"], "adt");
    assert_eq!(site.json("status", &[])["deployed"]["canaries"], serde_json::json!([]));
    serve.stop();
}

#[test]
fn one_that_fares_worse_is_stopped_by_itself_and_says_so() {
    let sink = Sink::open();
    let broken = "lane = \"PID-3.1\"\n\n[[step]]\nlookup = { field = \"PV1-3.1\", table = \"wards\", missing = \"fail\" }\n";
    let (site, other) = pair(&sink, broken);
    other.write("tables/wards.csv", "from,to\nX,Y\n");
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    let key = "\"PID-3.1\" = [\"p1\", \"p2\", \"p3\", \"p4\"]";
    site.klinke("canary", &["--channel", "adt", "--against", other.path(), "--key", key]).ended(0);
    send(&mut line, 0..20);
    serve.wait_for("the end of it", || canary(&site)["stopped"].is_string());
    let said = site.klinke("canary", &["--status", "--lang", "de"]).ended(1).out;
    assert!(said.contains("angehalten") && said.contains("gescheitert"), "{said}");
    assert!(site.klinke("status", &[]).ended(1).out.contains("the canary"), "told by the status, too");
    let entry = klinke(&["--json", "audit", "list", site.path(), "--action", "rollback"]).ended(0).out;
    assert!(entry.contains("the canary of adt was stopped"), "{entry}");
    send(&mut line, 20..40);
    let failed = site.json("status", &[])["channels"][0]["failed"].as_u64().expect("a count");
    assert!((3..=4).contains(&failed), "{failed}");
    let arrivals = sink.wait_for(40 - usize::try_from(failed).expect("a few"));
    assert!(arrivals.iter().all(|one| mark(one) == "OLD"));
    site.klinke("canary", &["--channel", "adt", "--drop"]).ended(0);
    assert!(canary(&site).is_null());
    serve.stop();
}

#[test]
fn a_partner_that_refuses_both_stops_nothing_and_what_differs_in_its_ways_is_no_canary() {
    let sink = Sink::answering(Some(Code::ApplicationReject));
    let dead = "on = { AR = \"dead\" }\n";
    let site = Site::to_partner(sink.port, &format!("{dead}{}", steps("OLD")));
    let other = Site::to_partner(sink.port, &format!("{dead}{}", steps("NEW")));
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    site.klinke("canary", &["--channel", "adt", "--against", other.path(), "--share", "50%"]).ended(0);
    send(&mut line, 0..40);
    sink.wait_for(40);
    counted(&serve, &site, 40);
    serve.wait_for("the answers to be counted", || {
        let one = canary(&site);
        one["live"]["dead"].as_u64().unwrap_or(0) + one["changed"]["dead"].as_u64().unwrap_or(0) == 40
    });
    std::thread::sleep(std::time::Duration::from_millis(1_200));
    assert!(canary(&site)["stopped"].is_null(), "{}", canary(&site));
    let start = |more: &[&str]| {
        let mut arguments = vec!["--channel", "adt", "--against", other.path()];
        arguments.extend(more);
        site.klinke("canary", &arguments).ended(2).err
    };
    assert!(start(&["--share", "0%"]).contains("between"));
    assert!(start(&[]).contains("which messages"));
    assert!(start(&["--key", "\"PID-3.1\" = "]).contains("key"));
    other.write("channels/adt.toml", &crate::support::channel(&steps("NEW")).replace("50ms", "60ms"));
    assert!(start(&["--share", "5%"]).contains("other steps alone"));
    serve.stop();
}
