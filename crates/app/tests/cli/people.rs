//! `klinke audit`, `klinke people` and the console's door, from outside: who does something leaves an entry,
//! whichever way they come.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::support::browser::{self, Browser};
use crate::support::partner::{Line, Sink};
use crate::support::{Serve, Site, adt, klinke, wait_for};

const GOOD: &str = "vier+Pferde+im+Regen";

/// Runs a verb whose site stands behind what is done.
fn run(site: &Site, words: &[&str], more: &[&str]) -> crate::support::Run {
    let mut arguments: Vec<&str> = words.to_vec();
    arguments.push(site.path());
    arguments.extend(more);
    klinke(&arguments)
}

fn json(site: &Site, words: &[&str], more: &[&str]) -> Value {
    let mut arguments = vec!["--json"];
    arguments.extend(words);
    run(site, &arguments, more).json()
}

/// Actions and outcomes of all entries, the oldest first.
fn actions(site: &Site) -> Vec<String> {
    let lines = json(site, &["audit", "list"], &["--limit", "500"]);
    let one = |line: &Value| {
        format!(
            "{} {}",
            line["entry"]["action"].as_str().unwrap(),
            line["entry"]["outcome"].as_str().unwrap()
        )
    };
    let mut all: Vec<String> = lines.as_array().unwrap().iter().map(one).collect();
    all.reverse();
    all.retain(|action| !action.starts_with("read-audit"));
    all
}

fn send_one(serve: &Serve<'_>, sink: &Sink) {
    Line::open(&serve.address("adt")).send(&adt("MSG1", "4711")).expect("an answer");
    sink.wait_for(1);
}

#[test]
fn what_the_tools_do_leaves_entries_also_when_nothing_serves() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    let serve = site.serve();
    send_one(&serve, &sink);
    site.klinke("messages", &["show", "1", "--purpose", "Rückfrage der Station"]).ended(0);
    wait_for("the index", || site.klinke("messages", &["search", "--patient", "4711"]).code == 0);
    site.klinke("messages", &["export", "1", "--purpose", "für den Hersteller"]).ended(0);
    site.klinke("queue", &["hold", "adt/ris", "--reason", "Umbau"]).ended(0);
    site.klinke("queue", &["release", "adt/ris"]).ended(0);
    site.klinke("messages", &["resend", "1"]).ended(0);
    site.klinke("messages", &["show", "999"]).ended(2);
    site.klinke("status", &[]);
    let mut seen = actions(&site);
    seen.dedup();
    assert_eq!(
        seen,
        [
            "start done",
            "open-payload done",
            "search done",
            "export done",
            "hold done",
            "release done",
            "resend done",
            "open-payload failed"
        ]
    );
    let entries = json(&site, &["audit", "list"], &["--action", "open-payload"]);
    let opened = &entries[1]["entry"];
    let who = opened["who"]["name"].as_str().unwrap();
    assert!(opened["who"]["kind"] == "user" && who.contains("(uid "), "{opened}");
    assert_eq!(opened["purpose"], "Rückfrage der Station");
    assert_eq!(opened["object"]["patients"], serde_json::json!(["4711"]));
    assert_eq!(opened["object"]["envelopes"], serde_json::json!([1]));
    assert_eq!(serve.stop(), 0);
    site.klinke("messages", &["show", "1"]).ended(0);
    let all = actions(&site);
    assert_eq!(all[all.len() - 2..], ["stop done", "open-payload done"]);
}

#[test]
fn the_report_names_who_saw_a_patient() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    let serve = site.serve();
    send_one(&serve, &sink);
    assert_eq!(
        run(&site, &["audit", "who-saw"], &["4711"]).ended(1).out,
        "nobody has opened or searched for this patient's messages\n"
    );
    site.klinke("messages", &["show", "1"]).ended(0);
    site.klinke("messages", &["search", "--patient", "47*"]);
    site.klinke("messages", &["search", "--patient", "12"]);
    let seen = json(&site, &["audit", "who-saw"], &["4711"]);
    let actions: Vec<_> =
        seen.as_array().unwrap().iter().map(|one| one["line"]["entry"]["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        ["read-audit", "open-payload", "search",],
        "the first report asked for this patient, too"
    );
    let table = run(&site, &["--lang", "de", "audit", "who-saw"], &["4711"]).ended(0).out;
    assert!(table.contains("Nachricht geöffnet") && table.contains("angezeigt"), "{table}");
}

#[test]
fn the_log_is_whole_until_somebody_touches_it() {
    let site = Site::to_partner(1, "");
    assert_eq!(site.serve().stop(), 0);
    let report = json(&site, &["audit", "verify"], &[]);
    let head = report["head"].as_str().unwrap().to_owned();
    assert!(head.starts_with("2:") && head.len() == 66, "{head}");
    let log = std::fs::read_to_string(site.folder().join("serve.log")).unwrap();
    assert!(log.contains(&head), "the seal is told to the log: {log}");
    run(&site, &["audit", "verify"], &["--seal", &head]).ended(0);
    run(&site, &["audit", "verify"], &["--seal", "x"]).ended(2);
    let forged = format!("1:{}", "0".repeat(64));
    let out = run(&site, &["audit", "verify"], &["--seal", &forged]).ended(1).out;
    assert!(out.contains("entry 1 has not the seal that was noted of it"), "{out}");
    // One letter of an entry is changed behind the store's back.
    let journal = site.folder().join("data/journal.db");
    let mut bytes = std::fs::read(&journal).unwrap();
    let text = br#""action":"start""#;
    let at = bytes.windows(text.len()).position(|window| window == text).expect("the entry") + 12;
    bytes[at] = b'S';
    std::fs::write(&journal, bytes).unwrap();
    let out = run(&site, &["audit", "verify"], &[]).ended(1).out;
    assert!(out.contains("the chain breaks at entry 1"), "{out}");
    assert!(site.klinke("verify", &[]).ended(1).out.contains("the audit log: the chain breaks at entry 1"));
}

#[test]
fn exports_are_lines_for_other_programs() {
    let site = Site::to_partner(1, "");
    assert_eq!(site.serve().stop(), 0);
    let lines = run(&site, &["audit", "export"], &[]).ended(0).out;
    let first = lines.lines().next().unwrap();
    assert!(
        first.starts_with("<85>1 20") && first.contains("klinke - DICOM+RFC3881 - \u{feff}<?xml"),
        "{first}"
    );
    assert!(first.contains("csd-code=\"110120\"") && first.ends_with("</AuditMessage>"), "{first}");
    let file = site.folder().join("audit.csv");
    run(&site, &["audit", "export"], &["--format", "csv", "--to", file.to_str().unwrap()]).ended(0);
    let table = std::fs::read_to_string(&file).unwrap();
    assert!(table.starts_with("\u{feff}number,time,kind,who") && table.lines().count() >= 3, "{table}");
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let line: Value = serde_json::from_str(
        run(&site, &["audit", "export"], &["--format", "json"]).out.lines().next().unwrap(),
    )
    .unwrap();
    assert_eq!(line["entry"]["action"], "start");
}

/// A site with the console on, and where it listens.
fn with_console() -> Site {
    let site = Site::to_partner(1, "");
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    site.write("klinke.toml", &format!("{node}\n[console]\nlisten = \"127.0.0.1:0\"\n"));
    site
}

/// Asks the console; gives the whole answer.
fn http(address: &str, request: &str, cookies: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(
        stream,
        "{request} HTTP/1.1\r\nHost: {address}\r\nCookie: {cookies}\r\nAccept: text/html\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn cookies(answer: &str) -> String {
    let heads = answer.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
    let pairs = heads.filter_map(|head| head.split(';').next()).filter(|pair| !pair.ends_with('='));
    pairs.collect::<Vec<_>>().join("; ")
}

fn token(answer: &str) -> &str {
    answer.split("name=\"form\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a token")
}

/// What stands after a word in the log of `serve`.
fn told(serve: &Serve<'_>, before: &str) -> String {
    let log = serve.log();
    let rest = log.split(before).last().unwrap_or_else(|| panic!("{log}"));
    rest.split(|c: char| c.is_whitespace() || c == '"').next().unwrap().to_owned()
}

#[test]
fn the_first_account_is_made_with_the_code_in_the_log() {
    let site = with_console();
    let serve = site.serve();
    serve.wait_for("the console", || serve.log().contains("the console listens"));
    let code = told(&serve, "code=");
    let address = told(&serve, "http://");
    let address = address.split('/').next().unwrap();
    let page = http(address, "GET /welcome", "", "");
    let body =
        |code: &str| format!("form={}&name=anna&code={code}&password={GOOD}&again={GOOD}", token(&page));
    assert!(
        http(address, "POST /welcome", &cookies(&page), &body("aaaa-bbbb-cccc")).starts_with("HTTP/1.1 401")
    );
    let entered = http(address, "POST /welcome", &cookies(&page), &body(&code));
    assert!(entered.starts_with("HTTP/1.1 303"), "{entered}");
    assert!(http(address, "GET /users", &cookies(&entered), "").contains("anna"));
    let list = json(&site, &["people", "list"], &[]);
    assert_eq!(
        (&list[0]["name"], &list[0]["roles"]),
        (&"anna".into(), &serde_json::json!(["administrator"]))
    );
    // What is typed at the log-in reaches no log: people type passwords into the wrong field.
    let page = http(address, "GET /login", "", "");
    let typed = "geheim%0Aforged%20line";
    let body = format!("form={}&name={typed}&password={typed}", token(&page));
    assert!(http(address, "POST /login", &cookies(&page), &body).starts_with("HTTP/1.1 401"));
    assert_eq!(serve.stop(), 0);
    let log = std::fs::read_to_string(site.folder().join("serve.log")).unwrap();
    assert!(!log.contains("geheim") && !log.contains("forged") && !log.contains("Pferde"), "{log}");
    let refused = json(&site, &["audit", "list"], &["--action", "log-in"]);
    assert!(
        refused[0]["entry"]["outcome"] == "refused" && refused[0]["entry"]["who"]["name"] == "",
        "{refused}"
    );
    assert!(!refused.to_string().contains("geheim"));
    let serve = site.serve();
    let since = |serve: &Serve<'_>| serve.log().split("the site has stopped").last().unwrap().to_owned();
    serve.wait_for("the console", || since(&serve).contains("the console listens"));
    assert!(!since(&serve).contains("code="), "there is an account now");
    let address = told(&serve, "http://").split('/').next().unwrap().to_owned();
    let page = http(&address, "GET /users", &cookies(&entered), "");
    assert!(page.contains("anna"), "a session outlives a restart: {page}");
}

#[test]
fn accounts_are_made_without_a_password_on_the_command_line() {
    let site = with_console();
    assert_eq!(site.serve().stop(), 0);
    let made = json(&site, &["people", "add"], &["anna", "--role", "viewer", "--title", "Anna M."]);
    assert_eq!(made["code"].as_str().unwrap().len(), 14);
    assert!(run(&site, &["people", "add"], &["anna", "--role", "viewer"]).ended(2).err.contains("already"));
    assert!(
        run(&site, &["people", "add"], &["bert", "--role", "god"]).ended(2).err.contains("no role `god`")
    );
    run(&site, &["people", "role"], &["anna", "operator", "auditor"]).ended(0);
    let list = json(&site, &["people", "list"], &[]);
    assert_eq!(
        (&list[0]["roles"], &list[0]["invited"]),
        (&serde_json::json!(["auditor", "operator"]), &true.into())
    );
    run(&site, &["people", "lock"], &["anna"]).ended(0);
    assert!(run(&site, &["--lang", "de", "people", "list"], &[]).ended(0).out.contains("gesperrt"));
    let reset = run(&site, &["people", "reset"], &["anna"]).ended(0).out;
    assert!(reset.contains("/welcome"), "{reset}");
    run(&site, &["people", "remove"], &["anna"]).ended(0);
    assert!(run(&site, &["people", "remove"], &["anna"]).ended(2).err.contains("no account `anna`"));
    assert_eq!(run(&site, &["people", "list"], &[]).ended(1).out, "there is no account\n");
    let changes = actions(&site).iter().filter(|action| *action == "account done").count();
    assert_eq!(changes, 5);
}

#[test]
fn the_console_does_not_listen_elsewhere_without_tls() {
    let site = Site::to_partner(1, "");
    site.write(
        "klinke.toml",
        "name = \"Test\"\n[store]\nreserve = \"1MB\"\n[console]\nlisten = \"0.0.0.0:0\"\n",
    );
    let run = klinke(&["serve", site.path()]).ended(2);
    assert!(run.err.contains("needs `tls"), "{}", run.err);
}

#[test]
fn who_comes_goes_and_changes_accounts_leaves_an_entry_of_each_kind() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    browser::with_console(&site);
    let serve = site.serve();
    let mut boss = Browser::enter(&serve, &site, "boss", "administrator");
    let token = boss.token(&["view-state"]);
    let id = token.split('_').nth(1).expect("an id").to_owned();
    boss.submit("/account", "/account/tokens", &[("what", "end"), ("id", &id)]).ended(303);
    boss.submit("/site", "/site/reload", &[]).ended(303);
    let mut nina = Browser::enter(&serve, &site, "nina", "viewer");
    nina.submit("/account", "/account/emergency", &[("reason", "nobody else is here")]).ended(303);
    nina.submit("/account", "/logout", &[]).ended(303);
    assert_ne!(nina.get("/account").status, 200, "out is out");
    serve.stop();
    let count = |action: &str| {
        let list = klinke(&["--json", "audit", "list", site.path(), "--action", action]).json();
        list.as_array().expect("entries").len()
    };
    let wanted = [
        ("start", 1),
        ("stop", 1),
        ("log-in", 2),
        ("log-out", 1),
        ("account", 2),
        ("token", 2),
        ("reload", 1),
        ("emergency", 1),
    ];
    for (action, least) in wanted {
        assert!(count(action) >= least, "{action}: {}", count(action));
    }
}
