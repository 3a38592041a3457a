//! The JSON API of a running site: every call is described, every answer is as it is described, and nothing
//! else is taken.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use klinke_hl7v2::ack::Code;
use serde_json::{Value, json};

use crate::support::browser::{Answer, Browser, http, with_console};
use crate::support::partner::{Line, Sink};
use crate::support::{Serve, Site, adt, klinke, wait_for};

/// A program with a token.
struct Program {
    address: String,
    token: String,
    document: Value,
    called: std::cell::RefCell<BTreeSet<String>>,
}

impl Program {
    fn new(browser: &mut Browser, rights: &[&str]) -> Program {
        let token = browser.token(rights);
        let mut program = Program {
            address: browser.address.clone(),
            token,
            document: Value::Null,
            called: Default::default(),
        };
        program.document = program.send("GET", "/api/openapi.json", None).ended(200).json();
        program
    }

    fn send(&self, method: &str, path: &str, body: Option<&str>) -> Answer {
        let token = format!("Bearer {}", self.token);
        let mut heads = vec![("Authorization", token.as_str())];
        if body.is_some() {
            heads.push(("Content-Type", "application/json"));
        }
        http(&self.address, method, path, &heads, body.unwrap_or_default().as_bytes())
    }

    /// Calls, and holds the answer against its description.
    #[track_caller]
    fn call(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let body = body.map(|body| body.to_string());
        let answer = self.send(method, &format!("/api/v1{path}"), body.as_deref()).ended(200);
        assert_eq!(answer.head("content-type"), "application/json");
        let value = answer.json();
        let operation = self.operation(method, path);
        self.called.borrow_mut().insert(operation["operationId"].as_str().unwrap().to_owned());
        self.hold(&value, &operation["responses"]["200"]["content"]["application/json"]["schema"], path);
        value
    }

    /// Calls in vain; gives the detail of the problem.
    #[track_caller]
    fn refused(&self, method: &str, path: &str, body: Option<&str>, status: u16) -> String {
        let answer = self.send(method, &format!("/api/v1{path}"), body).ended(status);
        assert_eq!(answer.head("content-type"), "application/problem+json");
        let problem = answer.json();
        self.hold(&problem, &json!({ "$ref": "#/components/schemas/Problem" }), path);
        assert_eq!(problem["status"], status);
        problem["detail"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    fn hold(&self, value: &Value, schema: &Value, path: &str) {
        let mut schema = schema.clone();
        schema["components"] = self.document["components"].clone();
        let schema = jsonschema::draft202012::new(&schema).expect("a schema");
        let faults: Vec<String> =
            schema.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(faults.is_empty(), "{path}: {faults:#?}\n{value:#}");
    }

    fn operation(&self, method: &str, path: &str) -> Value {
        let path = path.split('?').next().unwrap();
        let is_meant = |template: &str| {
            let (parts, own): (Vec<_>, Vec<_>) =
                (template["/api/v1".len()..].split('/').collect(), path.split('/').collect());
            parts.len() == own.len()
                && parts.iter().zip(&own).all(|(one, other)| one.starts_with('{') || one == other)
        };
        let paths = self.document["paths"].as_object().unwrap();
        let mut found: Vec<_> = paths
            .iter()
            .filter(|(template, item)| is_meant(template) && item.get(method.to_lowercase()).is_some())
            .collect();
        found.sort_by_key(|(template, _)| template.matches('{').count());
        let (_, item) = found.first().unwrap_or_else(|| panic!("{method} {path} is not described"));
        item[method.to_lowercase()].clone()
    }
}

const ALL: [&str; 5] = ["view-state", "view-payload", "act", "audit", "administer"];

fn site(sink: &Sink) -> Site {
    let site = Site::to_partner(sink.port, "");
    with_console(&site);
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    let node = node.replace("[store]\n", "[store]\ncopies = \"copies\"\n");
    site.write("klinke.toml", &format!("{node}\n[diagnosis]\nevery = \"500ms\"\n"));
    site.write("alerts.toml", "settle = \"0s\"\n[way.hook]\nwebhook = { url = \"http://127.0.0.1:9/\" }\n[person.anna]\ntitle = \"Anna\"\nways = [{ way = \"hook\" }]\n");
    site
}

fn send(serve: &Serve<'_>, controls: &[&str]) {
    let mut line = Line::open(&serve.address("adt"));
    for control in controls {
        line.send(&adt(control, "4711")).unwrap();
    }
}

#[test]
fn every_call_answers_as_it_is_described() {
    let sink = Sink::open();
    let site = site(&sink);
    let port = klinke_testkit::free_port();
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    let table =
        format!("[archive]\nae_title = \"KLINKE\"\nlisten = \"127.0.0.1:{port}\"\naccept = \"any\"\n");
    site.write("klinke.toml", &format!("{node}\n{table}"));
    let old = tempfile::tempdir().unwrap();
    let migration = format!("system = \"kis\"\nway = \"files\"\nfolder = \"{}\"\n", old.path().display());
    site.write("migrations/old.toml", &migration);
    crate::support::old::Lot { studies: 3, instances: 2, days: 3 }.write(old.path());
    let serve = site.serve();
    for pixel in 0..2 {
        let files = tempfile::tempdir().unwrap();
        crate::dicom::instance_with(files.path(), "1", 1, pixel);
        let partner = format!("KLINKE@127.0.0.1:{port}");
        klinke(&["dicom", "store", &partner, files.path().to_str().unwrap(), "--from", "CT1"]).ended(0);
    }
    send(&serve, &["M1", "M2"]);
    sink.wait_for(2);
    let mut boss = Browser::enter(&serve, &site, "boss", "administrator");
    let api = Program::new(&mut boss, &ALL);
    let get = |path: &str| api.call("GET", path, None);
    let post = |path: &str, body: Value| api.call("POST", path, Some(body));

    assert_eq!(get("/me")["rights"], json!(ALL));
    assert_eq!(get("/status")["channels"][0]["received"], 2);
    get("/systems");
    get("/channels/adt");
    serve.wait_for("the rhythm to be heard", || get("/systems/kis/rhythm")["hours"][167]["weeks"] == 0);
    get("/systems/ris/rhythm");
    get("/history?channel=adt");
    get("/diagnosis?lang=de");
    get("/drift");
    wait_for("the index", || get("/messages?value=4711")["items"].as_array().unwrap().len() == 2);
    assert_eq!(get("/messages?limit=1")["next"], 2);
    assert_eq!(get("/messages?limit=1&before=2")["items"][0]["id"], 1);
    assert_eq!(get("/messages?channel=adt&state=delivered&from=2020-01-01T00:00:00Z")["next"], Value::Null);
    assert_eq!(get("/trace?id=4711").as_array().unwrap().len(), 2);
    get("/messages/1");
    get("/messages/1/reading?lang=de");
    assert_eq!(get("/messages/1/payload")["name"], "received");
    let text = get("/messages/1/text")["text"].as_str().unwrap().replace("Berta", "Bertha");
    let altered = post("/messages/1/text", json!({ "text": text }));
    assert_eq!(altered["changes"][0]["path"], "PID-5.2");
    let sent = post("/messages/1/edit", json!({ "payload": altered["payload"], "reason": "name" }));
    assert_eq!(sent, json!({ "envelopes": [3] }));
    assert!(String::from_utf8_lossy(&sink.wait_for(3)[2]).contains("Bertha"));
    post("/messages/resend", json!({ "envelopes": [1, 2], "reason": "RIS lost them" }));
    sink.wait_for(5);

    sink.answer(Some(Code::ApplicationReject));
    send(&serve, &["M3"]);
    serve.wait_for("one to be given up", || !get("/dead").as_array().unwrap().is_empty());
    let settle = json!({ "what": "drop", "place": "adt/ris", "envelopes": [6], "reason": "a test" });
    assert_eq!(post("/deliveries/settle", settle)["touched"], 1);
    assert_eq!(post("/queues/hold", json!({ "place": "adt/ris", "reason": "update" }))["touched"], 1);
    send(&serve, &["M4"]);
    serve.wait_for("one to wait", || get("/queues?place=adt/ris")[0]["waiting"] == 1);
    sink.answer(Some(Code::ApplicationAccept));
    assert_eq!(post("/queues/release", json!({ "place": "adt/ris" }))["touched"], 1);
    sink.wait_for(7);

    assert!(!get("/site")["files"].as_array().unwrap().is_empty());
    let file = get("/site/file?path=channels/adt.toml")["text"].as_str().unwrap().to_owned();
    let check = |text: String| post("/site/check", json!({ "path": "channels/adt.toml", "text": text }));
    assert_eq!(check(file.clone())["faults"], json!([]));
    assert!(check(file.replace("[source]", "[sauce]"))["faults"][0].as_str().unwrap().contains("sauce"));
    api.call("POST", "/site/reload", None);
    assert_eq!(post("/site/deploy", json!({ "dry": true }))["live"], false);
    assert_eq!(post("/site/deploy", json!({}))["faults"], json!([]));
    site.write("channels/adt.toml", &file.replace("[source]", "[sauce]"));
    let kept = post("/site/deploy", json!({}));
    assert!(kept["live"] == false && kept["faults"][0].as_str().unwrap().contains("sauce"), "{kept}");
    site.write("channels/adt.toml", &file);
    // Going back needs a site that follows a ref: that has a test of its own.
    api.refused("POST", "/site/rollback", Some(r#"{"revision":"nowhere","reason":"try"}"#), 409);
    api.called.borrow_mut().insert("rollback".to_owned());
    assert_eq!(post("/replay", json!({ "channel": "adt", "limit": 10 }))["differ"], 0);

    try_upkeep(&site, &api);
    try_archive(&api);
    try_migration(&serve, &api);
    try_trials(&site, &api);
    try_alerts(&serve, &site, &api);
    assert_eq!(post("/channels/adt/stop", json!({ "reason": "moving" }))["runs"], false);
    api.refused("POST", "/channels/adt/stop", Some(r#"{"reason":"again"}"#), 409);
    assert_eq!(get("/status")["channels"][0]["halted"]["who"], "boss");
    assert_eq!(api.call("POST", "/channels/adt/start", None)["runs"], true);

    api.call("PUT", "/searches/stuck", Some(json!({ "query": "state=waiting" })));
    assert_eq!(get("/searches")[0]["name"], "stuck");
    api.call("DELETE", "/searches/stuck", None);
    let added = post("/accounts", json!({ "name": "cora", "title": "Cora", "roles": ["viewer"] }));
    assert_eq!(added["code"].as_str().unwrap().len(), 14);
    api.call("PUT", "/accounts/cora/roles", Some(json!({ "roles": ["auditor"] })));
    api.call("PUT", "/accounts/cora/lock", Some(json!({ "locked": true })));
    api.call("POST", "/accounts/cora/reset", None);
    assert_eq!(get("/accounts").as_array().unwrap().len(), 2);
    api.call("DELETE", "/accounts/cora", None);
    get("/roles");
    let other = boss.token(&["view-state"]);
    let id = other.split('_').nth(1).unwrap();
    assert_eq!(get("/tokens").as_array().unwrap().len(), 2);
    api.call("DELETE", &format!("/tokens/{id}"), None);
    assert_eq!(get("/audit?action=resend")["items"][0]["entry"]["who"]["kind"], "token");
    assert!(!get("/audit/patient?patient=4711").as_array().unwrap().is_empty());
    assert_eq!(get("/audit/verify")["faults"], json!([]));
    get("/arrivals?after=0");

    let described: BTreeSet<String> = api.document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .map(|operation| operation["operationId"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(*api.called.borrow(), described, "each call is tried here");
    let printed = klinke(&["schema", "--openapi"]).ended(0).json();
    assert_eq!(printed, api.document);
}

/// Alerts: one is there as soon as a channel is stopped.
fn try_alerts(serve: &Serve<'_>, site: &Site, api: &Program) {
    let post = |path: &str, body: Option<Value>| api.call("POST", path, body);
    site.klinke("channel", &["stop", "adt", "--reason", "moving"]).ended(0);
    let open = || api.call("GET", "/alerts", None)["open"].clone();
    serve.wait_for("an alert", || !open().as_array().unwrap().is_empty());
    let path = format!("/alerts/{}", open()[0]["id"]);
    post(&format!("{path}/acknowledge"), None);
    let ahead = json!({ "until": in_seconds(3_600) });
    assert_eq!(post(&format!("{path}/snooze"), Some(ahead))["snoozed"], open()[0]["id"]);
    api.refused("POST", &format!("{path}/snooze"), Some(r#"{"until":"2001-01-01T00:00:00Z"}"#), 422);
    api.refused("POST", &format!("{path}/hand-over"), Some(r#"{"to":"nobody"}"#), 409);
    post(&format!("{path}/hand-over"), Some(json!({ "to": "anna" })));
    assert_eq!(open()[0]["handed"][1], "anna");
    let mute = json!({ "systems": ["kis"], "minutes": 5, "reason": "a test" });
    let id = post("/mutes", Some(mute))["mute"].clone();
    api.call("DELETE", &format!("/mutes/{id}"), None);
    site.klinke("channel", &["start", "adt"]).ended(0);
}

/// So many seconds from now, as the API takes a time.
fn in_seconds(seconds: i64) -> String {
    klinke_model::Timestamp(klinke_model::Timestamp::now().0 + seconds * 1_000_000).to_string()
}

/// The store, and what is learned from it.
fn try_upkeep(site: &Site, api: &Program) {
    let post = |path: &str, body: Option<Value>| api.call("POST", path, body);
    assert_eq!(post("/store/verify", None)["faults"], json!([]));
    assert_eq!(post("/store/prune", None)["envelopes"], 0);
    post("/store/copies", Some(json!({ "name": "before-the-move" })));
    assert!(site.folder().join("copies/before-the-move/journal.db").exists());
    api.refused("POST", "/store/copies", Some(r#"{"name":"before-the-move"}"#), 409);
    for name in ["../x", "/tmp/x", ".x", "a/b", ".."] {
        api.refused("POST", "/store/copies", Some(&json!({ "name": name }).to_string()), 422);
    }
    let learned = post("/systems/kis/dialect", Some(json!({})));
    assert!(learned.to_string().contains("ADT") && !learned.to_string().contains("Berta"), "{learned}");
}

/// The archive, with one study and one instance that lies beside.
fn try_archive(api: &Program) {
    let post = |path: &str, mut body: Value| {
        body["reason"] = json!("a test");
        api.call("POST", &format!("/archive{path}"), Some(body))
    };
    let get = |path: &str| api.call("GET", &format!("/archive{path}"), None);
    let status = get("");
    assert_eq!((&status["studies"], &status["beside"]), (&json!(1), &json!(1)));
    assert_eq!(api.call("POST", "/archive/verify", None)["sound"], 1);
    assert_eq!(post("/merge", json!({ "old": "1", "new": "2" }))["number"], 1);
    assert_eq!(post("/correct", json!({ "patient": "2", "attributes": { "sex": "F" } }))["number"], 2);
    assert_eq!(post("/move", json!({ "study": "1.2.1", "to": "3" }))["number"], 3);
    post("/changes/3/undo", json!({}));
    let changes = get("/changes?limit=2");
    assert_eq!((&changes[0]["undoes"], &changes[1]["undone"]), (&json!(3), &json!(true)));
    let number = get("/clashes")[0]["number"].to_string();
    post(&format!("/clashes/{number}/decide"), json!({ "take": "both" }));
    assert_eq!(get("")["instances"], 2);
    api.call("PUT", "/archive/holds/1.2.1", Some(json!({ "reason": "a test" })));
    assert_eq!(get("/holds")[0]["why"], "a test");
    assert_eq!(get("/inbox"), json!([]));
    api.refused("POST", "/archive/throw", Some(r#"{"study":"1.2.1","reason":"a test"}"#), 409);
    post("/holds/1.2.1/release", json!({}));
    assert_eq!(api.call("POST", "/archive/retention", Some(json!({ "dry": true }))), json!([]));
    assert_eq!(
        (get("/priors"), api.call("POST", "/archive/priors/again", None)["steps"].clone()),
        (json!([]), json!(0))
    );
    assert_eq!(post("/throw", json!({ "study": "1.2.1" }))["instances"], 2);
    assert_eq!(get("/trash?study=1.2.1").as_array().unwrap().len(), 3, "and what was decided against");
    let restored = post("/restore", json!({ "study": "1.2.1" }));
    assert_eq!((&restored["instances"], &restored["beside"]), (&json!(2), &json!(1)));
}

/// An old archive of files.
fn try_migration(serve: &Serve<'_>, api: &Program) {
    let post = |path: &str, body: Value| api.call("POST", &format!("/migrations/old{path}"), Some(body));
    let get = |path: &str| api.call("GET", &format!("/migrations{path}"), None);
    let why = || json!({ "reason": "a test" });
    assert_eq!((&get("")[0]["name"], &get("")[0]["does"]), (&json!("old"), &json!("stands")));
    assert_eq!(post("/run", why()), json!({ "name": "old", "began": true, "again": 0 }));
    serve.wait_for("the studies", || get("/old")["line"]["studies"]["taken"] == 3);
    serve.wait_for("the end", || get("/old")["line"]["does"] == "done");
    assert_eq!(
        get("/old")["years"],
        json!([{ "year": "2020", "studies": { "planned": 0, "running": 0, "taken": 3, "partly": 0, "failed": 0, "verified": 0 } }])
    );
    post("/verify", json!({ "compare": 1000, "reason": "a test" }));
    serve.wait_for("the check", || get("/old")["line"]["studies"]["verified"] == 3);
    assert_eq!(post("/first", json!({ "of": "OLDPAT0001" })), json!({ "moved": 0 }));
    assert_eq!(post("/stop", why())["stopped"], false);
    let report = get("/old/report?lang=de");
    assert!(report["complete"] == true && report.to_string().contains("Übernahme von"), "{report}");
    api.refused("GET", "/migrations/other", None, 404);
    api.refused("POST", "/migrations/old/run", Some("{}"), 400);
}

/// Shadows and canaries: the changed channel lies on branches of git.
fn try_trials(site: &Site, api: &Program) {
    let post = |path: &str, body: Value| api.call("POST", path, Some(body));
    let why = || json!({ "reason": "a test" });
    let branch = |name: &str| {
        crate::deploy::git(site, &["checkout", "--quiet", "-b", name]);
        let step = format!("\n[[step]]\nset = {{ \"MSH-6\" = \"{name}\" }}\n");
        site.write("channels/adt.toml", &crate::support::channel(&step));
        crate::deploy::commit(site, name);
        crate::deploy::git(site, &["checkout", "--quiet", "main"]);
    };
    crate::deploy::git(site, &["init", "--quiet", "--initial-branch", "main"]);
    crate::deploy::commit(site, "as it is");
    branch("one");
    branch("two");
    let replayed = post("/replay", json!({ "channel": "adt", "revision": "one", "limit": 1 }));
    assert_eq!(replayed["fields"][0]["examples"][0]["after"], "one");
    let outlook = post("/channels/adt/outlook", json!({ "against": "one" }));
    assert_eq!((&outlook["restarts"], outlook["changed"] == outlook["live"]), (&json!(false), false));
    api.refused("POST", "/channels/adt/outlook", Some(r#"{"against":"/etc"}"#), 422);
    let shadow = |name: &str| Some(json!({ "against": name, "reason": "a test" }));
    assert_eq!(api.call("PUT", "/channels/adt/shadow", shadow("one"))[0]["channel"], "adt");
    assert_eq!(api.call("GET", "/shadows", None)[0]["restarts"], false);
    assert_eq!(post("/channels/adt/shadow/drop", why()), json!([]));
    let canary = |share: u32| json!({ "against": "one", "terms": { "share": share }, "reason": "a test" });
    api.refused("PUT", "/channels/adt/canary", Some(&canary(10_001).to_string()), 400);
    assert_eq!(api.call("PUT", "/channels/adt/canary", Some(canary(500)))["live"], true);
    let other = json!({ "terms": { "key": "\"PID-3.1\" = [\"1\"]" }, "reason": "a test" });
    assert_eq!(post("/channels/adt/canary/terms", other)["live"], true);
    assert_eq!(api.call("GET", "/canaries?channel=adt", None)[0]["terms"], "\"PID-3.1\" = [\"1\"]");
    assert_eq!(post("/channels/adt/canary/drop", why())["live"], true);
    api.call("PUT", "/channels/adt/canary", Some(canary(500)));
    assert_eq!(post("/channels/adt/canary/take", why())["live"], true);
    api.call("PUT", "/channels/adt/shadow", shadow("two"));
    assert_eq!(post("/channels/adt/shadow/take", why())["live"], true);
}

#[test]
fn a_revision_goes_live_and_back_by_calls() {
    let sink = Sink::open();
    let (site, _) = crate::deploy::followed(&sink);
    with_console(&site);
    let first = crate::deploy::commit(&site, "with a console");
    let serve = site.serve();
    crate::deploy::wait_live(&serve, &site, &first);
    let mut boss = Browser::enter(&serve, &site, "boss", "administrator");
    let api = Program::new(&mut boss, &ALL);
    let second = crate::deploy::mark(&site, "TWO");
    let plan = api.call("POST", "/site/deploy", Some(json!({})));
    // The ref is looked at often: it may have been taken already.
    assert_eq!((&plan["revision"], &plan["faults"]), (&json!(second), &json!([])));
    let back = api.call("POST", "/site/rollback", Some(json!({ "reason": "wrong ward" })));
    assert_eq!(
        (&back["live"], &back["revision"], &back["changed"]),
        (&json!(true), &json!(first), &json!(["adt"]))
    );
    let only = Program::new(&mut boss, &["view-state", "act"]);
    only.refused("POST", "/site/rollback", Some(r#"{"reason":"x"}"#), 403);
}

#[test]
fn arrivals_are_read_by_a_cursor_without_a_gap() {
    let sink = Sink::open();
    let site = site(&sink);
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    site.write("klinke.toml", &format!("{node}\n[roles.lab]\nstate = [\"other\"]\n"));
    let serve = site.serve();
    send(&serve, &["M1", "M2", "M3"]);
    let mut boss = Browser::enter(&serve, &site, "boss", "administrator");
    let api = Program::new(&mut boss, &["view-state"]);
    let page = |after: &Value| api.call("GET", &format!("/arrivals?after={after}&limit=2"), None);
    let ids = |page: &Value| -> Vec<u64> {
        page["items"].as_array().unwrap().iter().map(|line| line["id"].as_u64().unwrap()).collect()
    };
    let first = page(&json!(0));
    assert_eq!((ids(&first), &first["next"]), (vec![1, 2], &json!(2)));
    // A token that may not open messages sees no identifier of a patient.
    assert!(!first.to_string().contains("4711"), "{first}");
    let second = page(&first["next"]);
    assert_eq!((ids(&second), &second["next"]), (vec![3], &json!(3)));
    assert_eq!(page(&second["next"]), json!({ "items": [], "next": 3 }));
    send(&serve, &["M4"]);
    assert_eq!(ids(&page(&json!(3))), [4]);
    // Who sees nothing of a page still comes behind it.
    let mut lena = Browser::enter(&serve, &site, "lena", "lab");
    let api = Program::new(&mut lena, &["view-state"]);
    assert_eq!(api.call("GET", "/arrivals?limit=2", None), json!({ "items": [], "next": 2 }));
}

#[test]
fn what_is_not_described_is_not_taken_and_problems_repeat_nothing() {
    let sink = Sink::open();
    let site = site(&sink);
    let serve = site.serve();
    send(&serve, &["M1"]);
    let mut boss = Browser::enter(&serve, &site, "boss", "administrator");
    let api = Program::new(&mut boss, &ALL);
    let refused = |method: &str, path: &str, body: &str, status: u16| {
        let body = Some(body).filter(|body| !body.is_empty());
        let detail = api.refused(method, path, body, status);
        assert!(!detail.contains("Geheim"), "{detail}");
        detail
    };
    // Mass assignment: fields that nobody asked for.
    let account = r#"{"name":"cora","roles":["viewer"],"is_locked":false,"password":"Geheim","Geheim":1}"#;
    refused("POST", "/accounts", account, 400);
    refused("PUT", "/accounts/boss/lock", r#"{"locked":false,"name":"Geheim"}"#, 400);
    refused("PUT", "/accounts/boss/roles", r#"{"roles":["viewer"],"administer":true}"#, 400);
    assert_eq!(api.call("GET", "/accounts", None).as_array().unwrap().len(), 1);
    for query in [
        "limit=0",
        "limit=1001",
        "limit=Geheim",
        "limit=1.5",
        "limit=",
        "Geheim=1",
        "state=Geheim",
        "limit=1&limit=2",
        "before=-1",
        "value=",
        "admin=true",
    ] {
        refused("GET", &format!("/messages?{query}"), "", 400);
    }
    refused("GET", "/messages/Geheim", "", 400);
    refused("GET", "/messages/0", "", 400);
    refused("GET", "/messages/99999", "", 404);
    refused("GET", "/channels/nothing", "", 404);
    refused("POST", "/replay", r#"{"channel":"adt","limit":1,"changed":"[source]"}"#, 400);
    refused("POST", "/messages/resend", r#"{"envelopes":[1]}"#, 400);
    refused("POST", "/messages/resend?reason=x", r#"{"envelopes":[1],"reason":"x"}"#, 400);
    refused("POST", "/messages/resend", r#"{"envelopes":[1],"reason":null}"#, 400);
    refused("POST", "/messages/1/edit", r#"{"payload":"Geheim!","reason":"x"}"#, 422);
    refused("POST", "/accounts", r#"{"name":"Geheim","roles":["viewer"]}"#, 422);
    refused("GET", "/messages?from=Geheim", "", 422);
    assert_eq!(
        refused("POST", "/messages/resend", "{\n \"Geheim", 400),
        "the body is no JSON at line 2, column 8"
    );
    refused("POST", "/messages/resend", "[]", 400);
    refused("POST", "/messages/resend", &"[".repeat(100_000), 400);
    refused("POST", "/messages/resend", &format!("{{\"envelopes\":{}", "[".repeat(100_000)), 400);
    refused("POST", "/messages/resend", &format!("{{\"reason\":\"{}\"}}", "x".repeat(600_000)), 413);
    refused("DELETE", "/messages/1", "", 405);
    refused("GET", "/nothing", "", 404);
    let token = format!("Bearer {}", api.token);
    let heads = [("Authorization", token.as_str()), ("Content-Type", "text/plain")];
    let plain =
        http(&api.address, "POST", "/api/v1/queues/hold", &heads, br#"{"place":"adt/ris","reason":"x"}"#);
    assert_eq!(plain.status, 415, "a form of another site can't send JSON");
    assert_eq!(sink.wait_for(1).len(), 1, "nothing was sent");
    assert_eq!(site.json("status", &[])["channels"][0]["destinations"][0]["held"], false);
}

#[test]
fn tokens_do_what_they_are_for_and_sessions_only_look() {
    let sink = Sink::open();
    let site = site(&sink);
    let serve = site.serve();
    send(&serve, &["M1"]);
    let mut anna = Browser::enter(&serve, &site, "anna", "operator");
    let watch = Program::new(&mut anna, &["view-state"]);
    watch.call("GET", "/status", None);
    for path in [
        "/messages?value=4711",
        "/messages/1/text",
        "/messages/1/payload",
        "/trace?id=4711",
        "/audit",
        "/accounts",
    ] {
        let detail = watch.refused("GET", path, None, 403);
        assert!(detail.contains("it needs the right"), "{detail}");
    }
    let shown = watch.call("GET", "/messages/1", None).to_string();
    assert!(!shown.contains("4711") && !shown.contains("TVNI"), "{shown}");
    watch.refused("POST", "/queues/hold", Some(r#"{"place":"adt/ris","reason":"x"}"#), 403);
    let metrics = watch.send("GET", "/metrics", None).ended(200);
    assert!(metrics.body.contains("klinke_received_total{channel=\"adt\"} 1\n"), "{}", metrics.body);
    let act = Program::new(&mut anna, &["act"]);
    act.send("GET", "/metrics", None).ended(403);
    act.call("POST", "/queues/hold", Some(json!({ "place": "adt/ris", "reason": "x" })));
    // A browser's cookie looks, and does nothing: whoever made the page that sent it.
    anna.get("/api/v1/status").ended(200);
    let told = anna.post("/api/v1/accounts/anna/reset", &[]).ended(403);
    assert_eq!(told.json()["detail"], "a session may only look: come with a token");
    // Who is not known is told the same whatever they ask.
    let bad = [("Authorization", "Bearer klinke_0_0")];
    for path in ["/api/v1/status", "/api/v1/nothing", "/api/openapi.json", "/metrics"] {
        let answer = http(&act.address, "GET", path, &bad, b"").ended(401);
        assert_eq!(answer.body, "not logged in\n");
    }
    assert_eq!(http(&act.address, "GET", "/health/ready", &[], b"").body, "ready\n");
}
