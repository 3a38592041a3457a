//! What people do on the console, by forms alone: a message resent and edited, lanes held and skipped, a group
//! of what was given up revived and dropped.

#![allow(clippy::unwrap_used, reason = "tests")]

use klinke_hl7v2::ack::Code;
use serde_json::Value;

use crate::support::browser::{Browser, with_console};
use crate::support::partner::{Line, Sink};
use crate::support::{Serve, Site, adt, wait_for};

fn site(sink: &Sink, more: &str) -> Site {
    let site = Site::to_partner(sink.port, more);
    with_console(&site);
    site
}

fn send(serve: &Serve<'_>, controls: &[&str]) {
    let mut line = Line::open(&serve.address("adt"));
    for control in controls {
        line.send(&adt(control, "4711")).unwrap();
    }
}

fn dead(site: &Site) -> Vec<u64> {
    let list = site.json("queue", &["list", "--dead"]);
    list.as_array().unwrap().iter().map(|one| one["envelope"].as_u64().unwrap()).collect()
}

/// The newest entry of an action.
fn entry(site: &Site, action: &str) -> Value {
    let list = crate::support::klinke(&["--json", "audit", "list", site.path(), "--action", action]).json();
    list[0]["entry"].clone()
}

#[test]
fn a_message_is_sent_again_as_it_came_and_changed() {
    let sink = Sink::open();
    let site = site(&sink, "");
    let serve = site.serve();
    send(&serve, &["M1"]);
    sink.wait_for(1);
    let mut anna = Browser::enter(&serve, &site, "anna", "operator");
    let page = anna.get("/messages/1").ended(200);
    assert!(page.body.contains("href=\"/messages/1/act\""), "{}", page.body);
    let reason = [("reason", "RIS had lost it")];
    let sent = anna.submit("/messages/1/act", "/messages/1/resend", &reason).ended(303);
    assert_eq!(sent.head("location"), "/messages/2");
    assert_eq!(sink.wait_for(2)[1], adt("M1", "4711"));
    let note = entry(&site, "resend");
    assert_eq!((&note["note"], &note["who"]["name"]), (&"RIS had lost it".into(), &"anna".into()));
    // The new one keeps who sent it.
    let peers = [1, 2].map(|id| site.json("messages", &["show", &id.to_string()])["peer"].clone());
    assert_eq!(peers[0], peers[1]);

    let page = anna.get("/messages/1/act").ended(200);
    let text = page.body.split("wrap=\"off\">\n").nth(1).unwrap().split("</textarea>").next().unwrap();
    let text = text.replace("&amp;", "&");
    assert!(text.starts_with("MSH|^~\\&|KIS") && text.lines().count() == 4, "{text}");
    let changed = text.replace("Beispiel^Berta", "Beispiel^Bertha").replace('\n', "\r\n");
    let shown = anna.submit("/messages/1/act", "/messages/1/edit", &[("what", "show"), ("text", &changed)]);
    let shown = shown.ended(200);
    assert!(shown.body.contains("PID-5.2") && shown.body.contains("<ins>Bertha</ins>"), "{}", shown.body);
    assert_eq!(sink.arrivals().len(), 2, "nothing is sent by looking");
    let payload = shown.field("payload");
    let fields = [("what", "send"), ("payload", payload.as_str()), ("reason", "name was wrong")];
    anna.submit("/messages/1/act", "/messages/1/edit", &[("what", "send"), ("payload", &payload)]).ended(400);
    anna.submit("/messages/1/act", "/messages/1/edit", &fields).ended(303);
    let expected = String::from_utf8(adt("M1", "4711")).unwrap().replace("Berta", "Bertha").into_bytes();
    assert_eq!(sink.wait_for(3)[2], expected);
    assert_eq!(entry(&site, "edit")["note"], "name was wrong");
}

#[test]
fn what_somebody_may_not_do_is_not_offered_and_not_done() {
    let sink = Sink::open();
    let site = site(&sink, "");
    let serve = site.serve();
    send(&serve, &["M1"]);
    sink.wait_for(1);
    let mut vera = Browser::enter(&serve, &site, "vera", "viewer");
    for path in ["/messages/1", "/queues", "/dead", "/channels/adt", "/site"] {
        let page = vera.get(path).ended(200);
        assert!(!page.body.contains("/act") && !page.body.contains("/site/reload"), "{path}: {}", page.body);
    }
    for path in ["/messages/1/act", "/queues/act?place=adt/ris", "/dead/act?place=adt/ris&cause=AR"] {
        vera.get(path).ended(403);
    }
    let reason = ("reason", "because");
    let place = ("place", "adt/ris");
    vera.submit("/account", "/messages/1/resend", &[reason]).ended(403);
    vera.submit("/account", "/messages/1/edit", &[reason, ("what", "send"), ("payload", "TVNI")]).ended(403);
    vera.submit("/account", "/queues/act", &[reason, place, ("what", "hold")]).ended(403);
    vera.submit("/account", "/dead/act", &[reason, place, ("what", "revive"), ("shown", "3-0")]).ended(403);
    vera.submit("/account", "/site/reload", &[]).ended(403);
    assert_eq!(sink.arrivals().len(), 1);
}

#[test]
fn a_lane_is_held_released_and_its_first_skipped() {
    let sink = Sink::open();
    let site = site(&sink, "");
    let serve = site.serve();
    let mut anna = Browser::enter(&serve, &site, "anna", "operator");
    let here = "/queues/act?place=adt%2Fris";
    let (place, hold) = (("place", "adt/ris"), ("what", "hold"));
    anna.submit(here, "/queues/act", &[place, hold, ("reason", "RIS is being updated")]).ended(303);
    send(&serve, &["M1", "M2"]);
    serve.wait_for("both to wait", || site.json("queue", &["list"])[0]["waiting"] == 2);
    assert!(anna.get("/queues").body.contains("RIS is being updated"));
    let lane = "/queues/act?place=adt%2Fris&lane=";
    let page = anna.get(lane).ended(200);
    assert!(page.body.contains("Skip the first") && page.body.contains("href=\"/messages/1\""));
    let skip = [place, ("lane", ""), ("what", "skip"), ("envelope", "1"), ("reason", "test patient")];
    anna.submit(lane, "/queues/act", &skip).ended(303);
    anna.submit(here, "/queues/act", &[place, ("what", "release")]).ended(303);
    assert_eq!(sink.wait_for(1), [adt("M2", "4711")]);
    assert_eq!(entry(&site, "hold")["note"], "all lanes: RIS is being updated");
}

#[test]
fn a_group_of_what_was_given_up_is_revived_or_dropped_at_once() {
    let sink = Sink::answering(Some(Code::ApplicationReject));
    let site = site(&sink, "");
    let serve = site.serve();
    send(&serve, &["M1", "M2", "M3"]);
    serve.wait_for("all to be given up", || dead(&site).len() == 3);
    let mut anna = Browser::enter(&serve, &site, "anna", "operator");
    let page = anna.get("/dead").ended(200);
    let link = page.body.split("href=\"/dead/act?").nth(1).expect("a group").split('"').next().unwrap();
    let link = format!("/dead/act?{}", link.replace("&amp;", "&"));
    let preview = anna.get(&link).ended(200);
    assert!(preview.body.contains("Revive all (3)") && preview.body.contains("href=\"/messages/3\""));
    let (place, cause) = (preview.field("place"), preview.field("cause"));
    let cause = cause.replace("&quot;", "\"").replace("&amp;", "&");
    let with = |shown: String, what: &'static str| {
        [
            ("place", place.clone()),
            ("cause", cause.clone()),
            ("shown", shown),
            ("what", what.to_owned()),
            ("reason", "RIS is mended".to_owned()),
            ("sure", "yes".to_owned()),
        ]
    };
    fn fields<'a>(all: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
        all.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }
    // What came to the group after the preview was seen by nobody: it is shown first.
    let stale = preview.field("shown");
    send(&serve, &["M4"]);
    serve.wait_for("another to be given up", || dead(&site).len() == 4);
    let shown = anna.submit(&link, "/dead/act", &fields(&with(stale, "drop"))).ended(303);
    assert!(format!("{:?}", shown.heads).contains("/dead/act?place="), "{:?}", shown.heads);
    assert_eq!(dead(&site).len(), 4);
    sink.answer(Some(Code::ApplicationAccept));
    let now = anna.get(&link).field("shown");
    anna.submit(&link, "/dead/act", &fields(&with(now, "revive"))).ended(303);
    wait_for("all to arrive", || sink.arrivals().len() == 8);
    assert_eq!(sink.arrivals()[4..], ["M1", "M2", "M3", "M4"].map(|id| adt(id, "4711")));
    sink.answer(Some(Code::ApplicationReject));
    send(&serve, &["M5"]);
    serve.wait_for("one more to be given up", || dead(&site) == [5]);
    let drop = with(anna.get(&link).field("shown"), "drop");
    let unsure: Vec<_> = fields(&drop).into_iter().filter(|(name, _)| *name != "sure").collect();
    anna.submit(&link, "/dead/act", &unsure).ended(400);
    anna.submit(&link, "/dead/act", &fields(&drop)).ended(303);
    assert!(dead(&site).is_empty());
    let shown = site.json("messages", &["show", "5"]);
    assert_eq!(
        (&shown["deliveries"][0]["state"], &shown["deliveries"][0]["reason"]),
        (&"dropped".into(), &"RIS is mended".into())
    );
    assert_eq!(site.json("status", &[])["channels"][0]["balances"], true);
    assert_eq!(entry(&site, "drop")["note"], "RIS is mended");
    assert_eq!(serve.stop(), 0);
    site.klinke("verify", &[]).ended(0);
}

#[test]
fn searches_are_kept_with_the_account_and_times_are_the_sites() {
    let sink = Sink::open();
    let site = site(&sink, "");
    let serve = site.serve();
    send(&serve, &["M1"]);
    sink.wait_for(1);
    let mut anna = Browser::enter(&serve, &site, "anna", "operator");
    let page = anna.get("/messages?state=delivered&channel=adt").ended(200);
    let query = page.field("query");
    assert_eq!(query, "channel=adt&amp;state=delivered");
    let keep = [("what", "keep"), ("name", "<b>done"), ("query", "channel=adt&state=delivered")];
    let kept = anna.submit("/messages", "/messages/searches", &keep).ended(303);
    assert_eq!(kept.head("location"), "/messages?channel=adt&state=delivered");
    let link = "href=\"/messages?channel=adt&amp;state=delivered\">&lt;b&gt;done</a>";
    assert!(anna.get("/messages").body.contains(link));
    assert!(!Browser::enter(&serve, &site, "bert", "operator").get("/messages").body.contains("done</a>"));
    anna.submit("/messages", "/messages/searches", &[("what", "keep"), ("name", " ")]).ended(400);
    anna.submit("/messages", "/messages/searches", &[("what", "forget"), ("name", "<b>done")]).ended(303);
    assert!(!anna.get("/messages").body.contains(link));
    // The zone is named, and the time of the tooltip is the same moment in UTC.
    let received = site.json("messages", &["show", "1"])["line"]["received"].as_str().unwrap().to_owned();
    let utc = format!("{} {} UTC", &received[..10], &received[11..19]);
    assert!(page.body.contains("received (Europe/Berlin)") && page.body.contains(&utc), "{}", page.body);
    assert!(!page.body.contains(&format!(">{} {}<", &received[..10], &received[11..19])), "{}", page.body);
}

#[test]
fn a_change_of_a_file_is_checked_and_given_back_as_a_patch() {
    let sink = Sink::open();
    let site = site(&sink, "");
    let serve = site.serve();
    let mut boss = Browser::enter(&serve, &site, "boss", "administrator");
    let here = "/site/file?path=channels%2Fadt.toml";
    let old = std::fs::read_to_string(site.folder().join("channels/adt.toml")).unwrap();
    let new = old.replace("first = \"50ms\"", "first = \"70ms\"").replace('\n', "\r\n");
    let fields = |what: &'static str, text: &str| {
        [("path", "channels/adt.toml".to_owned()), ("what", what.to_owned()), ("text", text.to_owned())]
    };
    let mut send = |what, text: &str| {
        let fields = fields(what, text);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        boss.submit(here, "/site/file", &fields)
    };
    let patch = send("patch", &new).ended(200);
    assert_eq!(patch.head("content-disposition"), "attachment; filename=\"change.patch\"");
    let file = site.write("change.patch", &patch.body);
    let git = |arguments: &[&str]| {
        let done = std::process::Command::new("git").current_dir(site.folder()).args(arguments).output();
        assert!(done.unwrap().status.success(), "{arguments:?}: {}", patch.body);
    };
    git(&["init", "--quiet"]);
    git(&["apply", file.to_str().unwrap()]);
    let changed = std::fs::read_to_string(site.folder().join("channels/adt.toml")).unwrap();
    assert_eq!(changed, new.replace("\r\n", "\n"));
    // What does not pass the check is shown with what is wrong, and is no download.
    let wrong = send("patch", &changed.replace("[source]", "[sauce]")).ended(200);
    assert!(
        wrong.head("content-type").starts_with("text/html") && wrong.body.contains("sauce"),
        "{}",
        wrong.body
    );
    assert_eq!(std::fs::read_to_string(site.folder().join("channels/adt.toml")).unwrap(), changed);
    let mut vera = Browser::enter(&serve, &site, "vera", "viewer");
    assert!(!vera.get(here).ended(200).body.contains("<textarea"));
    vera.submit("/account", "/site/file", &[("path", "channels/adt.toml"), ("text", "x")]).ended(403);
    boss.submit(here, "/site/file", &[("path", "../x"), ("text", "x")]).ended(404);
}

#[test]
fn a_proposed_file_keeps_its_references_and_brings_no_new_ones_along() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    with_console(&site);
    let systems = "[kis]\ntitle = \"${KLINKE_TEST_TITLE}\"\n[ris]\ntitle = \"RIS\"\nmllp = \"127.0.0.1:1\"\n";
    site.write("systems.toml", systems);
    site.write("secrets/other", "what nobody may read");
    let serve =
        site.serve_with(&[("KLINKE_TEST_TITLE", "Geheimhaus"), ("KLINKE_TEST_OTHER", "Fremdwort")], &[]);
    let mut boss = Browser::enter(&serve, &site, "boss", "administrator");
    let page = "/site/file?path=systems.toml";
    let shown = boss.get(page).ended(200).body;
    assert!(shown.contains("${KLINKE_TEST_TITLE}") && !shown.contains("Geheimhaus"), "as it is written");
    let mut propose = |what: &str, text: &str| {
        boss.submit(page, "/site/file", &[("path", "systems.toml"), ("what", what), ("text", text)])
    };
    // As a browser sends it: line ends of two characters. The reference stays what it is, in the patch, too.
    let changed = systems.replace("\"RIS\"", "\"Radiologie\"");
    let patch = propose("patch", &changed.replace('\n', "\r\n")).ended(200);
    assert!(patch.head("content-type").starts_with("text/x-diff"), "{}", patch.body);
    assert_eq!(
        patch.body,
        "--- a/systems.toml\n+++ b/systems.toml\n@@ -1,5 +1,5 @@\n [kis]\n title = \"${KLINKE_TEST_TITLE}\"\n [ris]\n-title = \"RIS\"\n+title = \"Radiologie\"\n mllp = \"127.0.0.1:1\"\n"
    );
    // A fault in a value that was put in does not show the value.
    let faulty = "mllp = { address = \"127.0.0.1:1\", connections = \"${KLINKE_TEST_TITLE}\" }";
    let faulty = systems.replace("mllp = \"127.0.0.1:1\"", faulty);
    let told = propose("patch", &faulty).ended(200).body;
    assert!(told.contains("does not go live") && !told.contains("Geheimhaus"), "{told}");
    // Nobody learns by a proposal what else the machine holds.
    for reference in ["${KLINKE_TEST_OTHER}", "${HOME}", "${file:secrets/other}", "${file:/etc/passwd}"] {
        let text = systems.replace("\"RIS\"", &format!("\"{reference}\""));
        let told = propose("show", &text).ended(409).body;
        assert!(
            !told.contains("Fremdwort") && !told.contains("nobody may read") && !told.contains("root:x"),
            "{told}"
        );
    }
    let on_disk = std::fs::read_to_string(site.folder().join("systems.toml")).expect("systems.toml");
    assert_eq!(on_disk, systems, "nothing is written");
    serve.stop();
}
