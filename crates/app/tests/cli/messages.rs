//! `klinke messages` and `klinke trace`: what came, what became of it, and sending it again.

use serde_json::Value;

use crate::support::partner::{Line, Sink};
use crate::support::{Serve, Site, adt, klinke, klinke_with, wait_for};
use klinke_hl7v2::ack::Code;

const STEPS: &str =
    "\n[[step]]\nonly = { \"MSH-9.1\" = [\"ADT\"] }\n[[step]]\nset = { \"MSH-5\" = \"RADIO\" }\n";

/// A site that has handled three messages: one delivered, one filtered, one dead.
fn busy<'a>(site: &'a Site, sink: &Sink) -> Serve<'a> {
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    line.send(&adt("MSG1", "4711")).expect("an answer");
    let order = String::from_utf8(adt("MSG2", "4712")).expect("UTF-8").replace("ADT^A08^ADT_A01", "ORM^O01");
    line.send(order.as_bytes()).expect("an answer");
    sink.wait_for(1);
    sink.answer(Some(Code::ApplicationReject));
    line.send(&adt("MSG3", "4713")).expect("an answer");
    wait_for("the third to be dead", || {
        site.json("status", &[])["channels"][0]["destinations"][0]["dead"] == 1
    });
    sink.answer(Some(Code::ApplicationAccept));
    serve
}

fn site(sink: &Sink) -> Site {
    Site::to_partner(sink.port, &format!("on = {{ AR = \"dead\" }}\n{STEPS}"))
}

fn states(list: &Value) -> Vec<(u64, &str)> {
    let lines = list.as_array().expect("a list");
    lines
        .iter()
        .map(|line| (line["id"].as_u64().expect("a number"), line["state"].as_str().expect("a state")))
        .collect()
}

#[test]
fn messages_are_listed_and_found() {
    let sink = Sink::open();
    let site = site(&sink);
    let serve = busy(&site, &sink);
    assert_eq!(states(&site.json("messages", &[])), [(3, "dead"), (2, "filtered"), (1, "delivered")]);
    assert_eq!(states(&site.json("messages", &["list", "--limit", "1"])), [(3, "dead")]);
    let find = |more: &[&str]| {
        let mut arguments = vec!["search"];
        arguments.extend(more);
        states(&site.json("messages", &arguments)).into_iter().map(|(id, _)| id).collect::<Vec<_>>()
    };
    wait_for("the index", || find(&["--patient", "4713"]) == [3]);
    assert_eq!(find(&["--patient", "471*"]), [3, 2, 1]);
    assert_eq!(find(&["--patient", "471*", "--oldest-first"]), [1, 2, 3]);
    assert_eq!(find(&["--case", "F4711"]), [1]);
    assert_eq!(find(&["--control", "MSG2"]), [2]);
    assert_eq!(find(&["--event", "ORM^O01"]), [2]);
    assert_eq!(find(&["--state", "dead"]), [3]);
    assert_eq!(find(&["--channel", "adt", "--state", "filtered"]), [2]);
    assert_eq!(find(&["--system", "kis", "--from", "2020-01-01", "--until", "2100-01-01"]), [3, 2, 1]);
    assert_eq!(find(&["--until", "2020-01-01"]), [0u64; 0]);
    let run = site.klinke("messages", &["search", "--patient", "nobody"]).ended(1);
    assert_eq!(run.out, "no message found\n");
    let run = site.klinke("messages", &["search", "--channel", "adtt"]).ended(2);
    assert!(run.err.contains("there is no channel `adtt`"), "{}", run.err);
    let run = site.klinke("messages", &["search", "--state", "lost"]).ended(2);
    assert!(run.err.contains("none of unrouted"), "{}", run.err);
    site.klinke("messages", &["search", "--from", "yesterday"]).ended(2);
    let table = site.klinke("messages", &[]).ended(0).out;
    assert!(table.contains("4711") && table.contains("filtered"), "{table}");
    let table = klinke(&["--lang", "de", "messages", site.path()]).ended(0).out;
    assert!(table.contains("gefiltert") && table.contains("aufgegeben"), "{table}");
    // The same without a running site.
    assert_eq!(serve.stop(), 0);
    assert_eq!(find(&["--patient", "4713"]), [3]);
}

#[test]
fn a_message_is_shown_with_every_stage() {
    let sink = Sink::open();
    let site = site(&sink);
    let serve = busy(&site, &sink);
    let shown = site.klinke("messages", &["show", "1"]).ended(0).out;
    for part in
        ["received", "step 1", "step 2", "(unchanged)", "|RADIO|", "MSA|AA|MSG1", "→ adt/ris", "delivered"]
    {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    let filtered = site.klinke("messages", &["show", "2"]).ended(0).out;
    assert!(filtered.contains("step 1"), "{filtered}");
    let json = site.json("messages", &["show", "2"]);
    assert_eq!(json["ended"]["failed"], false);
    let dead = site.json("messages", &["show", "3"]);
    assert_eq!(dead["deliveries"][0]["state"], "dead");
    assert_eq!(dead["deliveries"][0]["attempts"][0]["code"], "AR");
    let run = site.klinke("messages", &["show", "99"]).ended(2);
    assert_eq!(run.err, "klinke: there is no envelope 99\n");
    drop(serve);
}

#[test]
fn stages_are_exported_byte_for_byte() {
    let sink = Sink::open();
    let site = site(&sink);
    let serve = busy(&site, &sink);
    let file = site.folder().join("one.hl7");
    let name = file.to_str().expect("UTF-8");
    site.klinke("messages", &["export", "1", "--to", name]).ended(0);
    assert_eq!(std::fs::read(&file).expect("written"), adt("MSG1", "4711"));
    let out = site.klinke("messages", &["export", "1", "--stage", "part 0"]).ended(0).out;
    assert_eq!(out.as_bytes(), sink.arrivals()[0]);
    let out = site.klinke("messages", &["export", "1", "--stage", "step 2"]).ended(0).out;
    assert_eq!(out.as_bytes(), sink.arrivals()[0]);
    let out = site.klinke("messages", &["export", "1", "--stage", "answer"]).ended(0).out;
    assert!(out.starts_with("MSH|") && out.contains("MSA|AA|MSG1"), "{out}");
    let run = site.klinke("messages", &["export", "1", "--stage", "step 9"]).ended(2);
    assert!(run.err.contains("there is no stage `step 9`"), "{}", run.err);
    drop(serve);
}

#[test]
fn messages_are_sent_again_as_new_ones() {
    let sink = Sink::open();
    let site = site(&sink);
    let serve = busy(&site, &sink);
    let before = sink.arrivals().len();
    let run = site.klinke("messages", &["resend", "1", "3"]).ended(0);
    assert_eq!(run.out, "sent as 4, 5\n");
    let arrivals = sink.wait_for(before + 2);
    assert_eq!(arrivals[before], arrivals[0], "the same bytes");
    let json = site.json("messages", &["show", "4"]);
    assert_eq!((&json["origin"], &json["parent"]), (&"resent".into(), &1.into()));
    assert_eq!(site.json("messages", &["show", "1"])["children"], serde_json::json!([4]));
    let changed = String::from_utf8(adt("MSG3", "4799")).expect("UTF-8");
    let run =
        klinke_with(&["messages", site.path(), "edit", "3", "--with", "-"], changed.as_bytes()).ended(0);
    assert_eq!(run.out, "sent as 6\n");
    let arrivals = sink.wait_for(before + 3);
    assert!(String::from_utf8_lossy(&arrivals[before + 2]).contains("4799"));
    let old = site.klinke("messages", &["export", "3"]).ended(0).out;
    assert_eq!(old.as_bytes(), adt("MSG3", "4713"), "the old one stays as it is");
    let run = site.klinke("messages", &["resend", "99"]).ended(2);
    assert!(run.err.contains("there is no envelope 99"), "{}", run.err);
    assert_eq!(serve.stop(), 0);
    let run = site.klinke("messages", &["resend", "1"]).ended(2);
    assert!(run.err.contains("start `klinke serve`"), "{}", run.err);
}

#[test]
fn a_case_is_followed_through_all_channels() {
    let sink = Sink::open();
    let site = site(&sink);
    site.write("channels/copy.toml", "[[destination]]\nfile = { folder = \"out\", name = \"{id}.hl7\" }\n");
    let channel = std::fs::read_to_string(site.folder().join("channels/adt.toml")).expect("written");
    site.write("channels/adt.toml", &format!("{channel}[[destination]]\nchannel = \"copy\"\n"));
    std::fs::create_dir(site.folder().join("out")).expect("a folder");
    let serve = busy(&site, &sink);
    let ids = |id: &str| {
        let list = site.json("trace", &[id]);
        let lines = list.as_array().expect("a list").iter();
        lines.map(|line| line["channel"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    wait_for("both channels", || ids("4711") == ["adt", "copy"]);
    assert_eq!(ids("F4711"), ["adt", "copy"], "by its case number too");
    site.klinke("trace", &["nobody"]).ended(1);
    let text = site.klinke("trace", &["4711"]).ended(0).out;
    assert!(text.contains("adt") && text.contains("copy"), "{text}");
    wait_for("the copies", || {
        std::fs::read_dir(site.folder().join("out")).is_ok_and(|files| files.count() == 2)
    });
    assert_eq!(serve.stop(), 0);
}
