//! A crawler of our own: it walks every link and every form of a running site whose every field, name and title is
//! hostile, and looks for answers that break, heads that are missing, and text that became markup.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeSet, VecDeque};

use klinke_hl7v2::ack::Code;

use crate::support::Site;
use crate::support::browser::{Answer, Browser, encoded, with_console};
use crate::support::partner::{Line, Sink};

/// What would become a script, an element or an attribute if it were not escaped.
const EVIL: &str = r#""'><script>xss()</script></textarea></title><img src=x onerror=xss()>"#;
/// Pages that are looked at before the walk ends.
const PAGES_MAX: usize = 400;

/// A message whose every field is hostile.
fn hostile(control: &str) -> Vec<u8> {
    let segment = |name: &str, fields: usize| format!("{name}|{}", vec![EVIL; fields].join("|"));
    let mut all = vec![format!(
        "MSH|^~\\&|{EVIL}|{EVIL}|{EVIL}|{EVIL}|20261124081500|{EVIL}|ADT^A08^ADT_A01|{control}|P|2.5"
    )];
    all.push(format!("EVN|A08|20261124081500|{EVIL}"));
    all.push(format!(
        "PID|1|{EVIL}|{EVIL}^^^{EVIL}^PI|{EVIL}|{EVIL}^{EVIL}|{EVIL}|19640812|F|{}",
        vec![EVIL; 20].join("|")
    ));
    all.push(format!("PV1|1|I|{EVIL}^12^2^KH|{}", vec![EVIL; 40].join("|")));
    all.extend(["NK1", "OBX", "ZXX", "AL1", "DG1"].map(|name| segment(name, 20)));
    all.join("\r").into_bytes().into_iter().chain([b'\r']).collect()
}

fn site(sink: &Sink) -> Site {
    let site = Site::to_partner(sink.port, "");
    with_console(&site);
    let toml = EVIL.replace('"', "\\\"");
    site.write("systems.toml", &format!(
        "[kis]\ntitle = \"{toml}\"\ncontact = \"{toml}\"\n[ris]\ntitle = \"{toml}\"\ncontact = \"{toml}\"\nmllp = \"127.0.0.1:{}\"\n",
        sink.port,
    ));
    let channel = std::fs::read_to_string(site.folder().join("channels/adt.toml")).unwrap();
    site.write("channels/adt.toml", &format!("title = \"{toml}\"\n{channel}"));
    let name = EVIL.replace('/', "");
    site.write(&format!("examples/{name}.hl7"), "MSH|^~\\&|A\r");
    site.write(&format!("tables/{name}.csv"), &format!("key,value\n{},x\n", "a"));
    site
}

/// A start tag: its name and attributes.
type Tag = (String, Vec<(String, String)>);

/// The start tags of a page, as a browser would read them.
fn tags(page: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let (attributes, after) = attributes(after);
        tags.push((name.to_lowercase(), attributes));
        rest = after;
    }
    tags
}

fn attributes(mut rest: &str) -> (Vec<(String, String)>, &str) {
    let mut all = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() || rest.starts_with('>') {
            return (all, rest.strip_prefix('>').unwrap_or(rest));
        }
        let end = rest.find(|c: char| c.is_whitespace() || "=>".contains(c)).unwrap_or(rest.len()).max(1);
        let (name, after) = rest.split_at(end);
        rest = after;
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let quoted = after.strip_prefix('"').and_then(|text| text.split_once('"'));
            let bare = after.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(after.len());
            (value, rest) = quoted.unwrap_or_else(|| after.split_at(bare));
        }
        let plain =
            value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        all.push((name.to_lowercase(), plain));
    }
}

fn value<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    tag.1.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// What a page has that it should not.
fn faults(path: &str, answer: &Answer) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |text: String| faults.push(format!("{path}: {text}"));
    if answer.status >= 500 {
        fault(format!("status {}: {}", answer.status, answer.body));
    }
    for (name, wanted) in [
        ("content-security-policy", "default-src 'none'"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", ""),
    ] {
        if !answer.head(name).contains(wanted) || answer.head(name).is_empty() {
            fault(format!("the head {name} is missing"));
        }
    }
    if !answer.head("content-type").starts_with("text/html") {
        return faults;
    }
    for text in ["<script>xss", "<img src=x", "</textarea></title>", "</title><img"] {
        if answer.body.contains(text) {
            fault(format!("{text} stands unescaped"));
        }
    }
    for tag in tags(&answer.body) {
        let inline = tag.1.iter().find(|(name, _)| name.starts_with("on") || name == "style");
        if let Some((name, _)) = inline {
            fault(format!("<{}> has the attribute {name}", tag.0));
        }
        let leads = ["href", "src", "action"].iter().filter_map(|name| value(&tag, name));
        for place in leads.filter(|place| {
            !place.starts_with('/') && !place.starts_with('#') && !place.starts_with("otpauth:")
        }) {
            fault(format!("<{}> leads to {place}", tag.0));
        }
        if tag.0 == "script" && value(&tag, "src").is_none() {
            fault("a script within the page".to_owned());
        }
    }
    faults
}

/// A form of a method: where it goes, and one list of fields for each of its buttons.
fn forms(page: &str, method: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut forms = Vec::new();
    for part in page.split("<form").skip(1) {
        let part = format!("<form{}", part.split("</form>").next().unwrap());
        let tags = tags(&part);
        if value(&tags[0], "method").unwrap_or("get") != method {
            continue;
        }
        let action = value(&tags[0], "action").unwrap_or_default().to_owned();
        let mut fields = Vec::new();
        for tag in tags.iter().filter(|tag| ["input", "textarea", "select"].contains(&tag.0.as_str())) {
            let Some(name) = value(tag, "name") else { continue };
            let own = value(tag, "value").filter(|_| value(tag, "type") == Some("hidden"));
            fields.push((name.to_owned(), own.unwrap_or(EVIL).to_owned()));
        }
        let buttons: Vec<_> =
            tags.iter().filter(|tag| tag.0 == "button" && value(tag, "name").is_some()).collect();
        if buttons.is_empty() {
            forms.push((action.clone(), fields.clone()));
        }
        for button in buttons {
            let mut fields = fields.clone();
            fields.push((
                value(button, "name").unwrap().to_owned(),
                value(button, "value").unwrap_or_default().to_owned(),
            ));
            forms.push((action.clone(), fields));
        }
    }
    forms
}

#[test]
fn no_page_breaks_and_none_shows_hostile_text_as_markup() {
    let sink = Sink::answering(Some(Code::ApplicationReject));
    let site = site(&sink);
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    line.send(&hostile("M1")).unwrap();
    line.send(b"MSH|^~\\&|\"><script>xss()</script>\rno message <img src=x onerror=xss()>").unwrap();
    serve.wait_for("what is given up", || {
        site.json("queue", &["list", "--dead"]).as_array().unwrap().len() >= 2
    });
    site.klinke("queue", &["hold", "adt/ris", "--reason", EVIL]).ended(0);
    line.send(&hostile("M2")).unwrap();
    serve.wait_for("what waits", || !site.json("queue", &["list"]).as_array().unwrap().is_empty());
    let mut boss = Browser::enter(&serve, &site, "boss", "administrator");
    site.klinke("people", &[]);
    let add = ["people", "add", site.path(), "anna", "--role", "viewer", "--title", EVIL];
    crate::support::klinke(&add).ended(0);

    let mut open: VecDeque<String> =
        ["/", "/wall", "/messages/1?lang=de", "/api/v1/status", "/metrics"].map(String::from).into();
    let (mut seen, mut sent, mut wrong) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    while let Some(path) = open.pop_front() {
        // The way out is not taken, and streams have no end.
        let is_kept = !path.starts_with("/live") && !path.starts_with("/language");
        if seen.len() >= PAGES_MAX || !is_kept || !seen.insert(path.clone()) {
            continue;
        }
        let page = boss.get(&path);
        wrong.extend(faults(&path, &page));
        if !page.head("content-type").starts_with("text/html") {
            continue;
        }
        let tags = tags(&page.body);
        let links = tags.iter().filter(|tag| tag.0 == "a").filter_map(|tag| value(tag, "href"));
        open.extend(links.filter(|link| link.starts_with('/')).map(str::to_owned));
        for (action, fields) in forms(&page.body, "get") {
            let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            open.push_back(format!("{action}?{}", encoded(&fields)));
            // With one field alone, others can't keep it from being looked at.
            open.extend(fields.iter().map(|field| format!("{action}?{}", encoded(&[*field]))));
        }
        for (action, fields) in forms(&page.body, "post") {
            let is_own = fields.iter().any(|(name, value)| name == "name" && value == "boss");
            let key: Vec<_> = fields.iter().filter(|(name, _)| name != "form").collect();
            if action == "/logout" || is_own || !sent.insert(format!("{action} {key:?}")) {
                continue;
            }
            let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let without: Vec<_> = fields.iter().filter(|(name, _)| *name != "form").copied().collect();
            assert_eq!(
                boss.post(&action, &without).status,
                403,
                "{action} goes without the token of the form"
            );
            wrong.extend(faults(&format!("POST {action}"), &boss.post(&action, &fields)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let wanted = [
        "/messages/1",
        "/messages/1/act",
        "/queues",
        "/dead",
        "/channels/adt",
        "/channels/adt/versions",
        "/channels/adt/trial",
        "/channels/adt/stop",
        "/trials",
        "/systems",
        "/site",
        "/audit",
        "/users",
        "/account",
        "/diagnosis",
    ];
    for path in wanted {
        assert!(
            seen.iter().any(|one| one.split('?').next() == Some(path)),
            "{path} was not reached: {seen:#?}"
        );
    }
    for start in ["/queues/act?", "/dead/act?", "/trace?id=", "/site/file?path=", "/audit/patient"] {
        assert!(seen.iter().any(|one| one.starts_with(start)), "{start} was not reached: {seen:#?}");
    }
    for action in [
        "/messages/1/edit",
        "/messages/1/resend",
        "/queues/act",
        "/dead/act",
        "/site/file",
        "/messages/searches",
    ] {
        assert!(sent.iter().any(|one| one.starts_with(action)), "{action} was not sent: {sent:#?}");
    }
}
