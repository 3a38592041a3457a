//! `klinke queue` and `klinke status`: what waits, since when and why; and what people decide about it.

use crate::support::partner::{Line, Sink};
use crate::support::{Serve, Site, adt, wait_for};
use klinke_hl7v2::ack::Code;

/// Sends messages for these patients, and waits until all are in their lanes.
fn send(serve: &Serve<'_>, site: &Site, patients: &[&str]) {
    let mut line = Line::open(&serve.address("adt"));
    for (number, patient) in patients.iter().enumerate() {
        line.send(&adt(&format!("MSG{number}"), patient)).expect("an answer");
    }
    wait_for("all to be routed", || site.json("status", &[])["channels"][0]["unrouted"] == 0);
}

fn waiting(site: &Site) -> u64 {
    site.json("status", &[])["channels"][0]["destinations"][0]["waiting"].as_u64().expect("a number")
}

#[test]
fn nothing_waits_at_a_quiet_site() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    let serve = site.serve();
    assert_eq!(site.klinke("queue", &[]).ended(0).out, "nothing waits\n");
    assert_eq!(site.klinke("queue", &["list", "--dead"]).ended(0).out, "nothing is dead\n");
    site.klinke("status", &[]).ended(0);
    assert_eq!(serve.stop(), 0);
}

#[test]
fn a_partner_that_is_down_is_seen_with_its_reason() {
    let site = Site::to_partner(1, "");
    let serve = site.serve();
    send(&serve, &site, &["1", "2", "3"]);
    wait_for("an attempt", || {
        !site.json("queue", &[])[0]["first"]["attempts_made"].is_null()
            && site.json("queue", &[])[0]["first"]["attempts_made"] != 0
    });
    let lanes = site.json("queue", &[]);
    assert_eq!((&lanes[0]["destination"], &lanes[0]["waiting"]), (&"adt/ris".into(), &3.into()));
    let text = site.klinke("queue", &[]).ended(1).out;
    assert!(text.contains("adt/ris") && text.contains("refused"), "{text}");
    wait_for("the partner to count as down", || {
        site.json("status", &[])["channels"][0]["destinations"][0]["down"] == true
    });
    let text = site.klinke("status", &[]).ended(1).out;
    assert!(text.contains("3 waiting") && text.contains("the partner is down"), "{text}");
    assert_eq!(serve.stop(), 0);
    // Without a running site the queue is read from the store.
    assert_eq!(site.json("queue", &["list", "--place", "adt/ris"])[0]["waiting"], 3);
}

#[test]
fn a_held_destination_waits_until_it_is_released() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    let serve = site.serve();
    let run = site.klinke("queue", &["hold", "adt/ris", "--reason", "RIS is being updated"]).ended(0);
    assert_eq!(run.out, "adt/ris: 1 changed\n");
    send(&serve, &site, &["1", "2"]);
    let text = site.klinke("queue", &[]).ended(1).out;
    assert!(text.contains("RIS is being updated"), "{text}");
    assert!(site.klinke("status", &[]).ended(1).out.contains("held"));
    assert!(sink.arrivals().is_empty());
    site.klinke("queue", &["release", "adt/ris"]).ended(0);
    site.klinke("queue", &["release", "adt/ris"]).ended(1);
    sink.wait_for(2);
    wait_for("the books", || waiting(&site) == 0);
    assert_eq!(serve.stop(), 0);
}

#[test]
fn a_held_lane_holds_no_other() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "lane = \"PID-3.1\"\nconnections = 2\n");
    let serve = site.serve();
    site.klinke("queue", &["hold", "adt/ris", "--lane", "1", "--reason", "a question to the ward"]).ended(0);
    send(&serve, &site, &["1", "2", "1", "3"]);
    sink.wait_for(2);
    wait_for("two to wait", || waiting(&site) == 2);
    let lanes = site.json("queue", &[]);
    assert_eq!(lanes.as_array().map(Vec::len), Some(1));
    assert_eq!((&lanes[0]["lane"], &lanes[0]["held"][1]), (&"1".into(), &"a question to the ward".into()));
    site.klinke("queue", &["release", "adt/ris", "--lane", "1"]).ended(0);
    let arrivals = sink.wait_for(4);
    assert_eq!(arrivals[2..], [adt("MSG0", "1"), adt("MSG2", "1")], "in their order");
    assert_eq!(serve.stop(), 0);
}

#[test]
fn deliveries_are_skipped_given_up_and_revived() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    let serve = site.serve();
    site.klinke("queue", &["hold", "adt/ris", "--reason", "a look"]).ended(0);
    send(&serve, &site, &["1", "2", "3", "4"]);
    site.klinke("queue", &["skip", "adt/ris", "1", "--reason", "test patient"]).ended(0);
    site.klinke("queue", &["dead", "adt/ris", "2", "3", "--reason", "wrong ward"]).ended(0);
    let dead = site.json("queue", &["list", "--dead"]);
    let dead: Vec<_> = dead
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (one["envelope"].clone(), one["reason"].clone()))
        .collect();
    assert_eq!(dead, [(3.into(), "wrong ward".into()), (2.into(), "wrong ward".into())]);
    assert!(site.klinke("queue", &["list", "--dead"]).ended(1).out.contains("wrong ward"));
    site.klinke("queue", &["skip", "adt/ris", "1", "--reason", "again"]).ended(1);
    let run = site.klinke("queue", &["skip", "adt/rsi", "1", "--reason", "?"]).ended(2);
    assert!(run.err.contains("there is no channel or destination `adt/rsi`"), "{}", run.err);
    site.klinke("queue", &["release", "adt/ris"]).ended(0);
    sink.wait_for(1);
    assert_eq!(site.klinke("queue", &["revive", "adt/ris"]).ended(0).out, "adt/ris: 2 changed\n");
    let arrivals = sink.wait_for(3);
    assert_eq!(arrivals, [adt("MSG3", "4"), adt("MSG1", "2"), adt("MSG2", "3")]);
    wait_for("the books", || {
        let books = &site.json("status", &[])["channels"][0];
        let ris = &books["destinations"][0];
        books["balances"] == true && ris["delivered"] == 3 && ris["dropped"] == 1 && ris["dead"] == 0
    });
    assert_eq!(serve.stop(), 0);
}

#[test]
fn an_answer_that_means_hold_stops_the_lane_until_a_person_decides() {
    let sink = Sink::answering(Some(Code::ApplicationError));
    let site = Site::to_partner(sink.port, "on = { AE = \"hold\" }\n");
    let serve = site.serve();
    send(&serve, &site, &["1", "2"]);
    sink.wait_for(1);
    wait_for("the lane to be held", || site.json("queue", &[])[0]["held"].is_array());
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(sink.arrivals().len(), 1, "it is not tried again");
    sink.answer(Some(Code::ApplicationAccept));
    site.klinke("queue", &["release", "adt/ris", "--lane", ""]).ended(0);
    sink.wait_for(3);
    wait_for("the books", || waiting(&site) == 0);
    assert_eq!(serve.stop(), 0);
}

#[test]
fn holds_outlast_a_kill() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    let serve = site.serve();
    site.klinke("queue", &["hold", "adt/ris", "--reason", "RIS is being updated"]).ended(0);
    send(&serve, &site, &["1"]);
    serve.kill();
    let destination = &site.json("status", &[])["channels"][0]["destinations"][0];
    assert_eq!(destination["held"], true, "also while nothing serves");
    let serve = site.serve();
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(sink.arrivals().is_empty());
    assert!(site.klinke("queue", &[]).ended(1).out.contains("RIS is being updated"));
    site.klinke("queue", &["release", "adt/ris"]).ended(0);
    sink.wait_for(1);
    assert_eq!(serve.stop(), 0);
}
