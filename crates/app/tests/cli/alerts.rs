//! Alerts from end to end: a partner that goes down, a mail that arrives at a real server, somebody who
//! acknowledges, and all is well again. What receivers get names no patient, and no name of a system breaks a head.

use std::io::{Read, Write};
use std::net::TcpStream;

use klinke_testkit::free_port;

use crate::support::browser::{Browser, encoded};
use crate::support::partner::{Line, Sink};
use crate::support::receivers::{self, Kept};
use crate::support::secure;
use crate::support::{Serve, Site, adt};

const NODE: &str = "name = \"Test\\r\\nBcc: all@kh.example\"\n[store]\nreserve = \"1MB\"\n[stop]\nlimit = \"5s\"\n\
    [diagnosis]\nevery = \"200ms\"\nprobe-every = \"500ms\"\nlimit = \"1s\"\n";

/// A site whose radiology has an evil name and an address where somebody may listen later.
fn site(port: u16, node: &str, alerts: &str) -> Site {
    let site = Site::to_partner(port, "");
    site.write("klinke.toml", &format!("{NODE}{node}"));
    site.write(
        "systems.toml",
        &format!(
            "[kis]\ntitle = \"KIS\"\n[ris]\ntitle = \"RIS\\r\\nBcc: evil@kh.example\\r\\n\\r\\nhello\"\ncontact = \"Tel. 4713\"\n\
             mllp = {{ address = \"127.0.0.1:{port}\", answer_timeout = \"1s\" }}\n"
        ),
    );
    site.write("alerts.toml", alerts);
    site
}

fn send(serve: &Serve<'_>, count: usize) {
    let mut line = Line::open(&serve.address("adt"));
    for number in 0..count {
        line.send(&adt(&format!("MSG{number}"), "70011223")).expect("an answer");
    }
}

fn alerts(mail: u16, more: &str) -> String {
    format!(
        "settle = \"500ms\"\ncalm = \"1s\"\n\
         [way.mail]\nsmtp = {{ address = \"127.0.0.1:{mail}\", from = \"klinke@kh.example\", security = \"none\" }}\n\
         [person.anna]\ntitle = \"Anna\"\nlang = \"en\"\nways = [{{ way = \"mail\", to = \"anna@kh.example\" }}]\n\
         [rota.it]\npeople = [\"anna\"]\nsince = \"2026-01-05 08:00\"\n\
         [[rule]]\nrank = \"warning\"\nstep = [{{ to = [\"it\"] }}]\n{more}"
    )
}

fn no_patient_in(all: &[String]) {
    for one in all {
        for name in ["Beispiel", "Berta", "70011223", "19640812"] {
            assert!(!one.contains(name), "a patient is named: {one}");
        }
    }
}

#[test]
fn a_partner_goes_down_a_mail_arrives_is_acknowledged_and_all_is_well_again() {
    let (mail, kept) = receivers::mail();
    let port = free_port();
    let site = site(port, "", &alerts(mail, ""));
    let serve = site.serve();
    send(&serve, 3);
    serve.wait_for("the mail", || !kept.with("[URGENT]").is_empty());
    let got = kept.with("[URGENT]").remove(0);
    assert!(got.contains("RCPT TO:<anna@kh.example>"), "{got}");
    assert!(got.contains("Tel. 4713") && got.contains("Auto-Submitted: auto-generated"), "{got}");
    // The names of site and system are text, and begin no head and no line.
    let heads = got.split("\r\n\r\n").next().unwrap_or_default();
    assert!(!heads.lines().any(|line| line.starts_with("Bcc")), "{heads}");
    assert_eq!(got.matches("RCPT TO").count(), 1, "{got}");
    // The mail is there before it is written down that it was sent.
    serve.wait_for("the line of who was told", || {
        let lines = site.json("alerts", &[])["open"][0]["lines"].clone();
        lines.as_array().is_some_and(|lines| lines.iter().any(|line| line["who"] == "anna"))
    });
    let list = site.json("alerts", &[]);
    let id = list["open"][0]["id"].as_u64().expect("an alert").to_string();
    assert_eq!(list["open"][0]["kind"], "partner-down");
    assert_eq!(list["on_call"][0]["person"], "anna");
    site.klinke("alerts", &["ack", &id]).ended(0);
    site.klinke("alerts", &["ack", "9999"]).ended(2);
    assert!(site.json("alerts", &[])["open"][0]["acknowledged"][0].as_str().expect("who").contains("uid"));
    let sink = Sink::at(port);
    sink.wait_for(3);
    serve.wait_for("the end of it", || !kept.with("[well again]").is_empty());
    serve.wait_for("nothing to be open", || site.klinke("alerts", &[]).code == 0);
    let german = site.klinke("alerts", &["--lang", "de"]).ended(0).out;
    assert!(german.contains("nichts ist offen") && german.contains("Bereitschaft it: Anna"), "{german}");
    no_patient_in(&kept.all());
    no_patient_in(&[serve.log(), site.json("alerts", &[]).to_string()]);
    let audit = crate::support::klinke(&["--json", "audit", "list", site.path()]).ended(0).out;
    assert!(audit.contains("\"acknowledge\"") && audit.contains(&format!("alert {id}")), "{audit}");
    assert_eq!(serve.stop(), 0);
}

#[test]
fn every_way_carries_and_where_one_fails_the_next_is_taken() {
    let (mail, mails) = receivers::mail();
    let (hook, hooks) = receivers::web("200 OK");
    let (broken, refused) = receivers::web("500 Internal Server Error");
    let (udp, datagrams) = receivers::syslog_udp();
    let (tcp, lines) = receivers::syslog_tcp();
    let (heart, beats) = receivers::web("200 OK");
    let more = format!(
        "[way.hook]\nwebhook = {{ url = \"http://127.0.0.1:{hook}/hook\", secret = \"{{secret}}\" }}\n\
         [way.ntfy]\nntfy = {{ url = \"http://127.0.0.1:{hook}/\", token = \"tk_1\" }}\n\
         [way.gotify]\ngotify = {{ url = \"http://127.0.0.1:{hook}\", token = \"gt_1\" }}\n\
         [way.sms]\nsms = {{ url = \"http://127.0.0.1:{hook}/sms?to={{to}}\", body = \"text={{title}}\" }}\n\
         [way.broken]\nwebhook = {{ url = \"http://127.0.0.1:{broken}/?key=verysecret\" }}\n\
         [way.udp]\nsyslog = {{ address = \"127.0.0.1:{udp}\" }}\n\
         [way.tcp]\nsyslog = {{ address = \"127.0.0.1:{tcp}\", transport = \"tcp\" }}\n\
         [person.bert]\nways = [{{ way = \"broken\" }}, {{ way = \"mail\", to = \"bert@kh.example\" }}]\n\
         [person.all1]\nways = [{{ way = \"hook\" }}]\n[person.all2]\nways = [{{ way = \"ntfy\", to = \"kh\" }}]\n\
         [person.all3]\nways = [{{ way = \"gotify\" }}]\n[person.all4]\nways = [{{ way = \"sms\", to = \"+49 30 1\" }}]\n\
         [person.all5]\nways = [{{ way = \"udp\" }}]\n[person.all6]\nways = [{{ way = \"tcp\" }}]\n\
         [heartbeat]\nurl = \"http://127.0.0.1:{heart}/beat\"\nevery = \"1s\"\n"
    );
    let people = "[[rule]]\nrank = \"warning\"\nstep = [{ to = [\"bert\", \"all1\", \"all2\", \"all3\", \"all4\", \"all5\", \"all6\"] }]\n";
    let file =
        alerts(mail, &more).replacen("[[rule]]\nrank = \"warning\"\nstep = [{ to = [\"it\"] }]\n", people, 1);
    let site = site(free_port(), "", &file);
    let serve = site.serve();
    send(&serve, 2);
    serve.wait_for("the mail by the second way", || !mails.with("bert@kh.example").is_empty());
    let came = |kept: &Kept, text: &str| !kept.with(text).is_empty();
    serve.wait_for("all ways", || {
        let web =
            ["POST /hook", "authorization: Bearer tk_1", "x-gotify-key: gt_1", "POST /sms?to=%2B49%2030%201"];
        web.iter().all(|text| came(&hooks, text))
            && came(&datagrams, "partner-down")
            && came(&lines, "partner-down")
    });
    let signed = hooks.with("POST /hook").remove(0);
    let (head, body) = signed.split_once("\r\n\r\n").expect("a request");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"{secret}");
    let right: String =
        ring::hmac::sign(&key, body.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(head.contains(&format!("x-klinke-signature: sha256={right}")), "{head}");
    let parsed: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((&parsed["kind"], &parsed["rank"]), (&"partner-down".into(), &"urgent".into()));
    assert!(hooks.with("POST /sms")[0].contains("text=%5BDRINGEND%5D"), "{:?}", hooks.with("POST /sms"));
    let datagram = datagrams.with("partner-down").remove(0);
    assert!(datagram.starts_with("<130>1 ") && datagram.lines().count() == 1, "{datagram}");
    let framed = lines.with("partner-down").remove(0);
    let (length, line) = framed.split_once(' ').expect("a length");
    assert_eq!(length.parse::<usize>().expect("a number"), line.len());
    // The way that fails is an alert of its own, which names no secret.
    serve.wait_for("the way's own alert", || site.json("alerts", &[]).to_string().contains("way-failed"));
    assert!(!refused.all().is_empty() && !site.json("alerts", &[]).to_string().contains("verysecret"));
    assert!(!serve.log().contains("verysecret"), "{}", serve.log());
    serve.wait_for("the heartbeat", || came(&beats, "not ok: 1 urgent"));
    for kept in [&mails, &hooks, &datagrams, &lines, &beats] {
        no_patient_in(&kept.all());
        assert!(kept.all().iter().all(|one| !one.lines().any(|line| line.starts_with("Bcc"))));
    }
    let tried = site.klinke("alerts", &["test", "--way", "udp"]).ended(0).out;
    assert!(tried.contains("all5  udp  sent"), "{tried}");
    serve.wait_for("the test alert", || came(&datagrams, "PROBEALARM") || came(&datagrams, "Probealarm"));
    let failed = site.klinke("alerts", &["test", "--way", "broken"]).ended(1).out;
    assert!(failed.contains("answered 500") && !failed.contains("verysecret"), "{failed}");
    assert_eq!(serve.stop(), 0);
}

#[test]
fn a_link_acknowledges_only_by_post_and_once_and_all_survives_a_restart() {
    let (mail, kept) = receivers::mail();
    let console = free_port();
    let node = format!("[console]\nlisten = \"127.0.0.1:{console}\"\n");
    let base = format!("console = \"http://127.0.0.1:{console}\"\n");
    let site = site(free_port(), &node, &(base + &alerts(mail, "")));
    let serve = site.serve();
    send(&serve, 2);
    serve.wait_for("the mail", || !kept.with("[URGENT]").is_empty());
    let got = kept.with("[URGENT]").remove(0).replace("=\r\n", "").replace("=3D", "=");
    let link = got.split_whitespace().find(|word| word.contains("/a/")).expect("a link").to_owned();
    let path = link.split_once(&console.to_string()).expect("a path").1.to_owned();
    let ask = |method: &str, path: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", console)).expect("the console");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: k\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
        .expect("sent");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    };
    let page = ask("GET", &path);
    assert!(page.contains("I take it") && !page.contains("RIS"), "{page}");
    let open = || site.json("alerts", &[])["open"][0].clone();
    assert!(open()["acknowledged"].is_null(), "a look acknowledges nothing");
    let wrong = format!("{}0", &path[..path.len() - 1]);
    let other = if wrong == path { format!("{}1", &path[..path.len() - 1]) } else { wrong };
    assert!(ask("POST", &other).contains("worth nothing") && open()["acknowledged"].is_null());
    assert!(ask("POST", &path).contains("is yours"));
    assert_eq!(open()["acknowledged"][0], "anna");
    assert!(ask("POST", &path).contains("worth nothing"), "a link is good for once");
    let id = open()["id"].clone();
    serve.kill();
    let serve = site.serve();
    serve.wait_for("the alert to be known", || open()["id"] == id);
    assert_eq!(open()["acknowledged"][0], "anna", "after a restart");
    assert_eq!(kept.with("[URGENT]").len(), 1, "nobody is told again");
    serve.wait_for("the restart to be told", || site.json("alerts", &[]).to_string().contains("restarted"));
    site.klinke("alerts", &["mute", "--system", "ris", "--for", "1h", "--reason", "update"]).ended(0);
    assert_eq!(site.json("alerts", &[])["mutes"][0]["reason"], "update");
    site.klinke("alerts", &["mute", "--system", "nowhere", "--for", "1h", "--reason", "x"]).ended(2);
    assert_eq!(serve.stop(), 0);
}

#[test]
fn a_check_finds_who_is_unknown_and_where_nobody_is_on_call() {
    let hole = alerts(25, "").replace("since =", "hours = [\"Mon-Fri 08:00-16:00\"]\nsince =");
    let site = site(1, "", &hole);
    let found = site.klinke("check", &[]).ended(1).out;
    assert!(found.contains("alerts.toml:") && found.contains("nobody is on call at"), "{found}");
    for (from, to, said) in [
        ("people = [\"anna\"]", "people = [\"anne\"]", "there is no person `anne`"),
        ("to = [\"it\"]", "to = [\"id\"]", "there is no person and no rota `id`"),
        ("way = \"mail\"", "way = \"male\"", "there is no way `male`"),
        ("to = \"anna@kh.example\"", "to = \"anna\"", "is no mail address"),
        ("2026-01-05 08:00", "5.1.2026", "is no local time"),
        ("rank = \"warning\"", "rank = \"warning\"\nkinds = [\"silense\"]", "did you mean `silence`?"),
        ("rank = \"warning\"", "rank = \"warning\"\nsystems = [\"pacs\"]", "systems.toml has no `pacs`"),
        ("rank = \"warning\"", "rank = \"loud\"", "`loud` is none of"),
    ] {
        site.write("alerts.toml", &alerts(25, "").replacen(from, to, 1));
        let found = site.klinke("check", &[]).ended(1).out;
        assert!(found.contains(said), "{said}: {found}");
    }
    site.write("alerts.toml", &alerts(25, ""));
    site.klinke("check", &[]).ended(0);
}

#[test]
fn ways_over_tls_carry_and_send_nothing_to_who_is_another_or_vouched_for_by_nobody() {
    let (own, strange) = (secure::authority("Hospital CA"), secure::authority("Somebody CA"));
    let good = secure::server(&own, "localhost");
    let other_name = secure::server(&own, "elsewhere.example");
    let unknown = secure::server(&strange, "localhost");
    let mut file = String::from("settle = \"1s\"\n");
    let mut expected: Vec<(String, bool, Vec<Kept>)> = Vec::new();
    let mut add = |name: &str, way: String, carries: bool, kept: Vec<Kept>| {
        file.push_str(&format!(
            "[way.{name}]\n{way}\n[person.p-{name}]\ntitle = \"P\"\nways = [{{ way = \"{name}\", to = \"p@kh.example\" }}]\n"
        ));
        expected.push((name.to_owned(), carries, kept));
    };
    let smtp = |port: u16, security: &str| {
        format!(
            "smtp = {{ address = \"localhost:{port}\", from = \"klinke@kh.example\", security = \"{security}\", authorities = \"ca.pem\" }}"
        )
    };
    let tls = "tls = { authorities = \"ca.pem\" }";
    for (case, config) in [("good", &good), ("name", &other_name), ("unknown", &unknown)] {
        let carries = case == "good";
        let (port, kept) = secure::mail(config.clone());
        add(&format!("smtps-{case}"), smtp(port, "tls"), carries, vec![kept]);
        let (port, plain, kept) = secure::mail_from_within(config.clone());
        add(&format!("starttls-{case}"), smtp(port, "starttls"), carries, vec![kept, plain]);
        let (port, kept) = secure::web(config.clone());
        let hook = format!("webhook = {{ url = \"https://localhost:{port}/hook\", {tls} }}");
        add(&format!("hook-{case}"), hook, carries, vec![kept]);
        let (port, kept) = secure::syslog(config.clone());
        let line = format!("syslog = {{ address = \"localhost:{port}\", transport = \"tls\", {tls} }}");
        add(&format!("syslog-{case}"), line, carries, vec![kept]);
    }
    // A server that offers no TLS gets nothing in the clear.
    let (port, kept) = receivers::mail();
    add("starttls-absent", smtp(port, "starttls"), false, vec![kept]);
    // Without a file of authorities those of the machine count, which do not know ours.
    let (port, kept) = secure::web(good.clone());
    add(
        "hook-machine",
        format!("webhook = {{ url = \"https://localhost:{port}/hook\" }}"),
        false,
        vec![kept],
    );
    let names: Vec<String> = expected.iter().map(|(name, ..)| format!("\"p-{name}\"")).collect();
    file.push_str(&format!("[[rule]]\nrank = \"urgent\"\nstep = [{{ to = [{}] }}]\n", names.join(", ")));
    let site = site(free_port(), "", &file);
    site.write("ca.pem", &own.pem());
    let serve = site.serve();
    for (name, carries, kept) in &expected {
        let tried = site.klinke("alerts", &["test", "--way", name]).ended(i32::from(!carries)).out;
        if *carries {
            assert!(tried.contains("sent"), "{name}: {tried}");
            serve.wait_for(&format!("what {name} got"), || !kept[0].all().is_empty());
            assert!(kept[0].all()[0].to_lowercase().contains("probealarm"), "{name}: {:?}", kept[0].all());
            assert!(kept.iter().skip(1).all(|plain| plain.all().is_empty()), "{name}: nothing in the clear");
        } else {
            assert!(kept.iter().all(|one| one.all().is_empty()), "{name} got {:?}", kept[0].all());
        }
    }
    assert_eq!(serve.stop(), 0);
}

#[test]
fn an_alert_is_put_off_and_handed_over_by_page_tool_and_link() {
    let (mail, kept) = receivers::mail();
    let console = free_port();
    let node = format!("[console]\nlisten = \"127.0.0.1:{console}\"\n");
    let base = format!("console = \"http://127.0.0.1:{console}\"\n");
    let person = |name: &str| {
        format!(
            "[person.{name}]\ntitle = \"{name}\"\nlang = \"en\"\nways = [{{ way = \"mail\", to = \"{name}@kh.example\" }}]\n"
        )
    };
    let more = person("bert") + &person("carl");
    let file = (base + &alerts(mail, &more))
        .replace("to = [\"it\"] }", "to = [\"it\"] }, { to = [\"bert\"], after = \"1h\" }");
    let site = site(free_port(), &node, &file);
    let serve = site.serve();
    send(&serve, 2);
    serve.wait_for("the mail", || !kept.with("[URGENT]").is_empty());
    let open = || site.json("alerts", &[])["open"][0].clone();
    let id = open()["id"].as_u64().expect("an alert").to_string();
    let link_of = |mail: &str| {
        let text = mail.replace("=\r\n", "").replace("=3D", "=");
        let link = text.split_whitespace().find(|word| word.contains("/a/")).expect("a link").to_owned();
        link.split_once(&console.to_string()).expect("a path").1.to_owned()
    };
    let ask = |method: &str, path: &str, fields: &[(&str, &str)]| {
        let address = format!("127.0.0.1:{console}");
        let heads = [("Content-Type", "application/x-www-form-urlencoded")];
        crate::support::browser::http(&address, method, path, &heads, encoded(fields).as_bytes())
    };

    // By the link: put off; who is not told of such an alert is neither shown nor taken.
    let link = link_of(&kept.with("[URGENT]")[0]);
    let page = ask("GET", &link, &[]).ended(200).body;
    assert!(page.contains("bert") && !page.contains("carl") && page.contains("Put it off"), "{page}");
    ask("POST", &link, &[("what", "hand-over"), ("to", "carl")]).ended(400);
    ask("POST", &link, &[("what", "snooze"), ("minutes", "100000")]).ended(400);
    ask("POST", &link, &[("what", "dance")]).ended(400);
    assert!(open()["snoozed"].is_null() && open()["handed"].is_null());
    let said = ask("POST", &link, &[("what", "snooze"), ("minutes", "60")]).ended(200).body;
    assert!(said.contains("is put off for 60 minutes"), "{said}");
    assert_eq!(open()["snoozed"][0], "anna");
    // By the tool: handed over, and the one it is handed to is told at once.
    site.klinke("alerts", &["hand", &id, "--to", "nobody"]).ended(2);
    site.klinke("alerts", &["hand", &id, "--to", "bert"]).ended(0);
    serve.wait_for("Bert's mail", || !kept.with("RCPT TO:<bert@kh.example>").is_empty());
    let to_bert = kept.with("RCPT TO:<bert@kh.example>").remove(0);
    assert!(to_bert.replace("\r\n ", " ").contains("handed over to you"), "{to_bert}");
    assert!(ask("GET", &link, &[]).body.contains("worth nothing"), "Anna's link is worth nothing any more");
    // By Bert's link: back to the rota, where Anna has the turn.
    let link = link_of(&to_bert);
    ask("POST", &link, &[("what", "hand-over"), ("to", "it")]).ended(200);
    serve.wait_for("Anna's second mail", || kept.with("RCPT TO:<anna@kh.example>").len() == 2);
    assert_eq!((&open()["handed"][0], &open()["handed"][1]), (&"bert".into(), &"it".into()));
    // By page: until a time of the site's clock.
    let mut boss = Browser::enter(&serve, &site, "boss", "administrator");
    assert!(boss.get("/alerts").ended(200).body.contains("Put off or hand over"));
    boss.submit("/alerts", "/alerts", &[("what", "snooze"), ("id", &id), ("until", "2001-01-01T00:00")])
        .ended(409);
    boss.submit("/alerts", "/alerts", &[("what", "snooze"), ("id", &id), ("minutes", "15"), ("until", "")])
        .ended(303);
    assert_eq!(open()["snoozed"][0], "boss");
    let page = boss.get("/alerts").ended(200).body;
    assert!(page.contains("put off by"));
    // Every time on it is the site's, and says so: somebody reads it at three in the morning.
    let read: String =
        page.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect();
    assert!(read.contains("when (Europe/Berlin)") && !read.contains("UTC"), "{read}");
    let until = open()["snoozed"][1].as_str().expect("a time").to_owned();
    let shown = page.split(&format!("datetime=\"{until}\"")).nth(1).expect("when it ends");
    let shown = shown.split_once('>').and_then(|(_, text)| text.split_once('<')).expect("a time").0;
    assert!(shown.ends_with(" CET") || shown.ends_with(" CEST"), "{shown}");
    boss.submit("/alerts", "/alerts", &[("what", "hand-over"), ("id", &id), ("to", "carl")]).ended(303);
    serve.wait_for("Carl's mail", || !kept.with("RCPT TO:<carl@kh.example>").is_empty());
    let mut lena = Browser::enter(&serve, &site, "lena", "viewer");
    lena.submit("/account", "/alerts", &[("what", "snooze"), ("id", &id), ("minutes", "15")]).ended(403);
    let list = |action: &str| {
        crate::support::klinke(&["--json", "audit", "list", site.path(), "--action", action]).ended(0).out
    };
    assert!(list("snooze").contains("for 60 min") && list("snooze").contains("boss"), "{}", list("snooze"));
    assert!(list("hand-over").contains(&format!("alert {id} to bert")), "{}", list("hand-over"));
    assert_eq!(serve.stop(), 0);
}
