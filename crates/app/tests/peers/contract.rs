//! The JSON API against programs of others: schemathesis, which makes requests out of the description, good and
//! bad ones, and the examples of the handbook with curl.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::browser::{Browser, with_console};
use crate::support::partner::{Line, Sink};
use crate::support::{Serve, Site, adt};
use crate::{has_python, is_there, python, script};

/// How long schemathesis goes on, in seconds.
const TIME: &str = "90";
const RIGHTS: [&str; 5] = ["view-state", "view-payload", "act", "audit", "administer"];

fn site(sink: &Sink) -> Site {
    let site = Site::to_partner(sink.port, "");
    with_console(&site);
    site
}

fn send(serve: &Serve<'_>) {
    let mut line = Line::open(&serve.address("adt"));
    for number in 0..5 {
        line.send(&adt(&format!("M{number}"), "4711")).expect("an answer");
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn schemathesis_finds_nothing() {
    if !has_python("schemathesis") {
        return;
    }
    let sink = Sink::open();
    let site = site(&sink);
    let serve = site.serve();
    send(&serve);
    sink.wait_for(5);
    let mut boss = Browser::enter(&serve, &site, "boss", "administrator");
    let token = boss.token(&RIGHTS);
    // Calls by which it could take its own token away have a token of their own, and come last.
    let [taking, rest] = ["--include-operation-id", "--exclude-operation-id"];
    let all = klinke_console::api::calls::all().len();
    let (own, last) = (token.clone(), boss.token(&RIGHTS));
    for (which, token, time, count) in [(rest, &own, TIME, all - 2), (taking, &last, "10", 2)] {
        let output = schemathesis(&boss.address, token, which, time);
        let text = said(&output);
        assert!(output.status.success(), "{text}\n{}", serve.log());
        assert!(text.contains(&format!("Tested: {count}")), "not all calls were tried: {text}");
    }
    // The token was good until the end: what was tried was not just turned away.
    let bearer = format!("Bearer {token}");
    let heads = [("Authorization", bearer.as_str())];
    crate::support::browser::http(&boss.address, "GET", "/api/v1/me", &heads, b"").ended(200);
    let log = serve.log();
    assert!(!log.contains("panicked"), "{log}");
    assert_eq!(serve.stop(), 0);
    site.klinke("verify", &[]).ended(0);
}

fn schemathesis(address: &str, token: &str, which: &str, time: &str) -> Output {
    let mut run = python();
    let settings = script("schemathesis.toml");
    run.args(["-m", "schemathesis.cli", "--config-file", &settings, "run", "--no-color", "--seed", "7"]);
    // One worker: CPython 3.11 breaks off where two threads compile code at a time.
    run.args(["--max-time", time, "--workers", "1", "--request-timeout", "20"]);
    run.args([which, "resetAccount", which, "endToken"]);
    run.args(["--header", &format!("Authorization: Bearer {token}")]);
    run.arg(format!("http://{address}/api/openapi.json")).output().expect("it runs")
}

#[test]
fn the_examples_of_the_handbook_work() {
    let mut trial = Command::new("curl");
    trial.arg("--version");
    if !is_there("curl", trial) {
        return;
    }
    let sink = Sink::open();
    let site = site(&sink);
    let serve = site.serve();
    send(&serve);
    sink.wait_for(5);
    let mut boss = Browser::enter(&serve, &site, "boss", "administrator");
    let token = boss.token(&RIGHTS);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md");
    let page = std::fs::read_to_string(page).expect("docs/api.md");
    let examples: Vec<&str> =
        page.split("```sh\n").skip(1).filter_map(|part| part.split("```").next()).collect();
    assert!(examples.len() >= 3, "{examples:?}");
    for example in examples {
        let mut shell = Command::new("sh");
        shell.args(["-euc", example]).env("TOKEN", &token).env("KLINKE", format!("http://{}", boss.address));
        let output = shell.output().expect("a shell");
        let text = said(&output);
        assert!(output.status.success(), "{example}\n{text}");
        let answer: Result<serde_json::Value, _> = serde_json::from_slice(&output.stdout);
        assert!(
            answer.is_ok_and(|answer| answer.get("status").is_none_or(|one| !one.is_number())),
            "{example}\n{text}"
        );
    }
}
